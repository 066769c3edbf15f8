//! `rules.toml`: what happens by itself to a mention that enters the inbox, in the order of the file.

use super::Config;
use super::reader::{Report, Section};
use super::sections;
use crate::model::{Stamp, Verb};
use crate::query::{Query, Scope};
use toml_edit::Item;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub query: Query,
    /// As it is written.
    pub when: String,
    /// What is done, as it is written: `tag bug`, `assign bo`, `snooze 2d`, `urgent`, `done`, `alert team`.
    pub acts: Vec<String>,
}

impl Rule {
    /// The alerts that it raises.
    pub fn alerts(&self) -> impl Iterator<Item = &str> {
        self.acts.iter().filter_map(|a| a.trim().strip_prefix("alert ")).map(str::trim)
    }
}

/// What an action does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    Verb(Verb),
    /// Tells people who are not attached, by `[alert.NAME]`.
    Alert(String),
}

/// What an action does at some time.
///
/// # Errors
/// If it is none.
pub fn act_of(words: &str, now: Stamp) -> Result<Act, String> {
    let (verb, rest) = words.trim().split_once(' ').map_or((words.trim(), ""), |(v, r)| (v, r.trim()));
    let verb = match (verb, rest) {
        ("done", "") => Verb::Done,
        ("urgent", "") | ("priority", "urgent") => Verb::Tag { tag: "urgent".into(), on: true },
        ("tag", t) if !t.is_empty() && !t.contains([' ', ',']) => {
            Verb::Tag { tag: t.to_lowercase(), on: true }
        }
        ("assign", who) if !who.is_empty() && !who.contains(' ') => Verb::Assign(Some(who.into())),
        ("snooze", t) if !t.is_empty() => Verb::snooze(t, now)?,
        ("alert", name) if !name.is_empty() && !name.contains(' ') => return Ok(Act::Alert(name.into())),
        _ => {
            return Err(format!(
                "“{words}” is no action; expected tag WORD | assign NAME | snooze 2d | urgent | done | alert NAME"
            ));
        }
    };
    Ok(Act::Verb(verb))
}

/// Reads `when` and `do` of a rule.
///
/// # Errors
/// The key that is wrong, and why.
pub fn rule_of(name: &str, when: &str, acts: &[String]) -> Result<Rule, (&'static str, String)> {
    let query = Query::parse(when, Scope::View).map_err(|e| ("when", e.to_string()))?;
    if query.is_everything() {
        return Err(("when", "it would be about everything; write at least one word".into()));
    }
    if acts.is_empty() {
        return Err(("do", "it does nothing; write do = [\"tag bug\"]".into()));
    }
    for a in acts {
        act_of(a, Stamp::now()).map_err(|why| ("do", why))?;
    }
    Ok(Rule { name: name.into(), query, when: when.into(), acts: acts.to_vec() })
}

/// Reads the file.
pub(super) fn read(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    for (i, (table, span)) in sections::tables(top, r, "rule").into_iter().enumerate() {
        let mut s = Section::new(table, format!("rule {}", i + 1), span.clone());
        let name = s.needed(r, "name", "give it a short name").unwrap_or_default();
        s.name = format!("rule \"{name}\"");
        if c.rules.iter().any(|o| o.name == name) {
            r.add(&s.value_span("name"), format!("there are two rules named \"{name}\""));
        }
        let when = s.needed(r, "when", "write the query that it is about");
        let acts = match s.item("do") {
            Some(Item::Value(v)) if v.as_str().is_some() => v.as_str().map(|a| vec![a.to_owned()]),
            _ => s.texts(r, "do"),
        };
        if let (Some(when), false) = (when, name.is_empty()) {
            match rule_of(&name, &when, &acts.unwrap_or_default()) {
                Ok(rule) => {
                    let place = r.make(&s.value_span("when"), format!("when of {}", s.name));
                    c.note_names(place, &rule.query, None);
                    let names: Vec<&str> = c.alerts.iter().map(|a| a.name.as_str()).collect();
                    for name in rule.alerts().filter(|n| !names.contains(n)) {
                        let near = super::nearest(name, &names);
                        let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
                        let why = format!("do of {}: config.toml has no [alert.{name}]{hint}", s.name);
                        r.add(&s.value_span("do"), why);
                    }
                    c.rules.push(rule);
                }
                Err((key, why)) => {
                    let place = s.value_span(key).or(span);
                    r.add(&place, format!("{key} of {}: {why}", s.name));
                }
            }
        }
        s.finish(r);
    }
}
