//! The team's files beside the operator's: `topics.toml`, `views.toml` and `rules.toml`. Anybody of the team may change them, from a
//! terminal too; their comments stay.

use super::problem::Problem;
use super::reader::{Report, Section};
use super::{Config, sections};
use crate::model::snippet::Snippet;
use crate::model::{State, View};
use crate::query::{Query, Scope};
use std::path::{Path, PathBuf};
use toml_edit::{Document, Item};

/// Topics, beside `config.toml`.
pub const TOPICS: &str = "topics.toml";
/// Views, beside `config.toml`.
pub const VIEWS: &str = "views.toml";

/// Pieces of answers, beside `config.toml`.
pub const SNIPPETS: &str = "snippets.toml";

/// Rules, beside `config.toml`.
pub const RULES: &str = "rules.toml";

/// The texts of the team's files; `None` for one that is not there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TeamFiles {
    pub topics: Option<String>,
    pub views: Option<String>,
    pub rules: Option<String>,
    pub snippets: Option<String>,
}

impl TeamFiles {
    /// Reads what stands beside a configuration.
    ///
    /// # Errors
    /// A problem for each file that is there and cannot be read.
    pub fn beside(config: &Path) -> Result<TeamFiles, Vec<Problem>> {
        let mut bad = Vec::new();
        let mut read = |name: &str| {
            let path = beside(config, name);
            match std::fs::read_to_string(&path) {
                Ok(text) => Some(text),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
                Err(e) => {
                    bad.push(Problem::file(&path, format!("cannot be read: {e}")));
                    None
                }
            }
        };
        let files = TeamFiles {
            topics: read(TOPICS),
            views: read(VIEWS),
            rules: read(RULES),
            snippets: read(SNIPPETS),
        };
        if bad.is_empty() { Ok(files) } else { Err(bad) }
    }
}

/// The path of one of the team's files.
#[must_use]
pub fn beside(config: &Path, name: &str) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).join(name)
}

/// Reads both into the configuration; what is wrong is named with its own file.
pub(super) fn read(files: &TeamFiles, c: &mut Config) -> Vec<Problem> {
    let mut bad = Vec::new();
    let config = c.file.clone();
    let all =
        [(TOPICS, &files.topics), (VIEWS, &files.views), (RULES, &files.rules), (SNIPPETS, &files.snippets)];
    for (name, text) in all {
        let Some(text) = text else { continue };
        let path = beside(&config, name);
        let mut r = Report::new(&path, text);
        match Document::parse(text.as_str()) {
            Ok(doc) => {
                let mut top = Section::new(doc.as_table(), "the file", None);
                match name {
                    TOPICS => {
                        sections::topics(&mut top, &mut r, c, true);
                        sections::sets(&mut top, &mut r, c, true);
                    }
                    RULES => super::rules::read(&mut top, &mut r, c),
                    SNIPPETS => snippets(&mut top, &mut r, c),
                    _ => views(&mut top, &mut r, c),
                }
                top.finish(&mut r);
            }
            Err(e) => {
                let what = e.message().lines().collect::<Vec<_>>().join("; ");
                r.add(&e.span().or(Some(0..0)), format!("this is not TOML: {what}"));
            }
        }
        bad.append(&mut r.problems);
    }
    bad
}

fn snippets(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    for (i, (table, span)) in sections::tables(top, r, "snippet").into_iter().enumerate() {
        let mut s = Section::new(table, format!("snippet {}", i + 1), span);
        let name = s.needed(r, "name", "give it a short name").unwrap_or_default();
        s.name = format!("snippet \"{name}\"");
        if c.snippets.iter().any(|o| o.name == name) {
            r.add(&s.value_span("name"), format!("there are two snippets named \"{name}\""));
        }
        let text = s.needed(r, "text", "write what it says").unwrap_or_default();
        let lang = s.text(r, "lang").unwrap_or_default();
        if !lang.is_empty() && (lang.len() != 2 || !lang.bytes().all(|b| b.is_ascii_lowercase())) {
            r.add(
                &s.value_span("lang"),
                format!("lang in {} is \"{lang}\"; expected two letters, as \"en\"", s.name),
            );
        }
        c.snippets.push(Snippet { name, text, lang });
        s.finish(r);
    }
}

fn views(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    for (i, (table, span)) in sections::tables(top, r, "view").into_iter().enumerate() {
        let name = table.get("name").and_then(Item::as_str).unwrap_or("").trim().to_owned();
        let called = if name.is_empty() { format!("view {}", i + 1) } else { format!("view \"{name}\"") };
        let place = Section::new(table, called.clone(), span.clone());
        if name.is_empty() {
            r.add(&span, format!("{called} has no name; give it a short one"));
        } else if c.views.iter().any(|v| v.name == name) {
            r.add(&place.value_span("name"), format!("there are two views named \"{name}\""));
        }
        match view(&name, table) {
            Ok(v) => {
                if let Ok(q) = Query::parse(&v.filter, Scope::View) {
                    let own = Some(("view", v.name.as_str()));
                    c.note_names(r.make(&place.value_span("filter"), format!("filter of {called}")), &q, own);
                }
                c.views.push(v);
            }
            Err((key, why)) => r.add(&place.value_span(key).or(span), format!("{called}: {why}")),
        }
    }
}

/// A view from its table: `name`, `filter`, `state`. `name` stands in where the table has none.
///
/// # Errors
/// The key that is wrong, and why.
pub fn view(name: &str, t: &dyn toml_edit::TableLike) -> Result<View, (&'static str, String)> {
    const KEYS: [&str; 3] = ["name", "filter", "state"];
    if let Some((k, _)) = t.iter().find(|(k, _)| !KEYS.contains(k)) {
        return Err(("name", format!("there is no {k}; a view has name, filter and state")));
    }
    let text = |k: &'static str| match t.get(k).map(Item::as_str) {
        None => Ok(None),
        Some(Some(s)) => Ok(Some(s.to_owned())),
        Some(None) => Err((k, format!("{k} must be text in quotes"))),
    };
    view_of(
        text("name")?.as_deref().unwrap_or(name),
        &text("filter")?.unwrap_or_default(),
        text("state")?.as_deref(),
    )
}

/// A view of a filter as it is written, and a state by its word (the inbox, if none is named).
///
/// # Errors
/// What is wrong, and why.
pub fn view_of(name: &str, filter: &str, state: Option<&str>) -> Result<View, (&'static str, String)> {
    let filter = Query::parse(filter, Scope::View).map_err(|e| ("filter", e.to_string()))?.canonical();
    let states = match state {
        None | Some("inbox") => vec![State::Inbox],
        Some("all") => State::ALL.to_vec(),
        Some(word) => match State::ALL.into_iter().find(|s| s.word() == word) {
            Some(one) => vec![one],
            None => {
                let why = format!("state is \"{word}\"; expected inbox | snoozed | done | heard | all");
                return Err(("state", why));
            }
        },
    };
    Ok(View { name: name.chars().filter(|c| !c.is_control()).take(64).collect(), filter, states })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(topics: &str, views: &str) -> Result<Config, Vec<String>> {
        let rules = Some("[[rule]]\nname = 'noise'\nwhen = 'rain'\ndo = ['tag weather', 'done']\n".into());
        let snippets = Some(
            "[[snippet]]\nname = 'thanks'\ntext = 'Thank you, {{author|friend}}!'\nlang = 'en'\n".into(),
        );
        let files = TeamFiles { topics: Some(topics.into()), views: Some(views.into()), rules, snippets };
        let own = "[brand]\nname = 'x'\n[[topic]]\nname = 'brand'\nquery = 'acme'\n\
            [[source]]\nid = 'b'\nnetwork = 'feed'\nurl = 'https://b.example/f'\ntopics = ['tins']\n";
        Config::parse_with(own, Path::new("/etc/h/config.toml"), &files)
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_teams_files_add_to_the_operators_and_each_mistake_names_its_file() {
        let c = parse(
            "# ours\n[[topic]]\nname = 'tins'\nquery = 'tins OR lids'\n",
            "[[view]]\nname = 'late'\nfilter = '-rain'\nstate = 'snoozed'\n",
        )
        .unwrap();
        assert_eq!(
            c.topics.iter().map(|t| (t.name.as_str(), t.team)).collect::<Vec<_>>(),
            [("brand", false), ("tins", true)]
        );
        assert_eq!((c.snippets[0].name.as_str(), c.snippets[0].lang.as_str()), ("thanks", "en"));
        assert_eq!((c.views[0].name.as_str(), c.views[0].states.as_slice()), ("late", &[State::Snoozed][..]));
        let bad = parse("[[topic]]\nname = 'brand'\nquery = 'x'\n", "[[view]]\nname = 'a'\nstate = 'gone'\n")
            .unwrap_err();
        assert!(
            bad.iter().any(|e| e.starts_with("/etc/h/topics.toml:2:8: there are two topics named")),
            "{bad:?}"
        );
        assert!(
            bad.iter().any(|e| e.starts_with("/etc/h/views.toml:3:9: view \"a\": state is \"gone\"")),
            "{bad:?}"
        );
        assert!(
            parse("= 1", "").unwrap_err().iter().any(|e| e.contains("topics.toml:1:1: this is not TOML"))
        );
    }
}
