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
    /// What is done, as it is written: `tag bug`, `assign bo`, `snooze 2d`, `urgent`, `done`.
    pub acts: Vec<String>,
}

/// The verb of an action at some time.
///
/// # Errors
/// If it is none.
pub fn act_of(words: &str, now: Stamp) -> Result<Verb, String> {
    let (verb, rest) = words.trim().split_once(' ').map_or((words.trim(), ""), |(v, r)| (v, r.trim()));
    match (verb, rest) {
        ("done", "") => Ok(Verb::Done),
        ("urgent", "") | ("priority", "urgent") => Ok(Verb::Tag { tag: "urgent".into(), on: true }),
        ("tag", t) if !t.is_empty() && !t.contains([' ', ',']) => {
            Ok(Verb::Tag { tag: t.to_lowercase(), on: true })
        }
        ("assign", who) if !who.is_empty() && !who.contains(' ') => Ok(Verb::Assign(Some(who.into()))),
        ("snooze", t) if !t.is_empty() => Verb::snooze(t, now),
        _ => Err(format!(
            "“{words}” is no action; expected tag WORD | assign NAME | snooze 2d | urgent | done"
        )),
    }
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
