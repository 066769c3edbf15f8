//! What the team named: sets, views, and which topic has which objective. Names are told apart as fields compare them;
//! one that nobody gave, and a set that holds itself, are told when a query comes to be used.

use super::field::{Ask, name_key};
use super::{Key, Query};
use std::collections::HashMap;

/// See the room's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    sets: HashMap<String, Query>,
    views: HashMap<String, Query>,
    /// Topics by name, with the word of their objective.
    topics: Vec<(String, &'static str)>,
}

impl Names {
    /// Topics are sets of their name too, unless a set has it.
    #[must_use]
    pub fn new(
        sets: impl IntoIterator<Item = (String, Query)>,
        views: impl IntoIterator<Item = (String, Query)>,
        topics: impl IntoIterator<Item = (String, Query, &'static str)>,
    ) -> Names {
        let mut names = Names::default();
        for (name, q, objective) in topics {
            names.sets.insert(name_key("set", &name), q);
            names.topics.push((name, objective));
        }
        names.sets.extend(sets.into_iter().map(|(n, q)| (name_key("set", &n), q)));
        names.views.extend(views.into_iter().map(|(n, q)| (name_key("view", &n), q)));
        names
    }

    fn of(&self, field: &str) -> &HashMap<String, Query> {
        if field == "set" { &self.sets } else { &self.views }
    }

    pub(super) fn get(&self, field: &str, name: &str) -> Option<&Query> {
        self.of(field).get(name)
    }

    /// Topics of an objective.
    pub(super) fn topics_for<'a>(&'a self, objective: &'a str) -> impl Iterator<Item = &'a str> {
        self.topics.iter().filter(move |(_, o)| *o == objective).map(|(t, _)| t.as_str())
    }

    /// Looks up every name in a query, and in what those stand for. `own`: the field and the name that the query itself
    /// is going to have.
    ///
    /// # Errors
    /// The name that nobody gave, with the nearest one; or how something comes to hold itself.
    pub fn resolve(&self, q: &Query, own: Option<(&str, &str)>) -> Result<(), String> {
        let own = own.map(|(field, name)| (field.to_owned(), name_key(field, name)));
        let mut path: Vec<(String, String)> = own.into_iter().collect();
        self.walk(q, &mut path)
    }

    fn walk(&self, q: &Query, path: &mut Vec<(String, String)>) -> Result<(), String> {
        for (field, name) in references(q) {
            let kind = if field == "set" { "a set" } else { "a view" };
            let step = (field.to_owned(), name.clone());
            if let Some(at) = path.iter().position(|p| *p == step) {
                let way: Vec<&str> = path[at..].iter().chain([&step]).map(|p| p.1.as_str()).collect();
                // "set brand uses noise, which uses brand"
                let words = format!("{field} {} uses {}", way[0], way[1..].join(", which uses "));
                return Err(format!("{words}: {kind} cannot contain itself"));
            }
            let Some(inner) = self.of(field).get(&name) else {
                let known: Vec<&str> = self.of(field).keys().map(String::as_str).collect();
                let near = super::parse::nearest(&name, &known);
                let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
                return Err(format!("there is no {field} named {name}{hint}"));
            };
            if path.len() > super::matching::DEEP {
                return Err(format!(
                    "{field}:{name} leads through more than {} others",
                    super::matching::DEEP
                ));
            }
            path.push(step);
            self.walk(inner, path)?;
            path.pop();
        }
        Ok(())
    }

    /// The cover of a query, with what its sets stand for.
    #[must_use]
    pub fn cover(&self, q: &Query) -> Option<Vec<Key>> {
        self.cover_of(q, 0)
    }

    fn cover_of(&self, q: &Query, deep: usize) -> Option<Vec<Key>> {
        let mut all = Vec::new();
        for k in q.cover()? {
            match k {
                Key::Field("set", name) => {
                    if deep >= super::matching::DEEP {
                        return None;
                    }
                    all.extend(self.cover_of(self.sets.get(&name)?, deep + 1)?);
                }
                k => all.push(k),
            }
        }
        all.sort();
        all.dedup();
        Some(all)
    }
}

/// The sets and views that a query names, in order.
fn references(q: &Query) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for f in q.fields() {
        all.extend(f.values.iter().filter_map(|v| match &v.ask {
            Ask::Ref(name) => Some((f.spec.name, name.clone())),
            _ => None,
        }));
    }
    all
}
