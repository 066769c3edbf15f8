//! The team's files changed from inside: topics and views are checked, written with their comments kept, logged with
//! what stood before, and in force at once.

use super::{Caller, Engine, failed, refuse};
use crate::clean;
use crate::config::{Config, RULES, SNIPPETS, TOPICS, TeamFiles, VIEWS, beside};
use crate::door::{RefusalKind, Reply};
use crate::model::snippet::Snippet;
use crate::model::{Change, Objective, Stamp, Target, TopicEdit, TopicView, Value, View};
use crate::query::{Query, Scope};
use std::path::Path;
use std::sync::PoisonError;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// Longest name and longest query, in bytes.
const NAME_MAX: usize = 64;
const QUERY_MAX: usize = 16_384;

/// One file that is changed, and what becomes of it.
pub(super) enum File {
    Config,
    Topics,
    Views,
    Rules,
    Snippets,
}

impl Engine {
    /// Topics, then sets.
    pub(super) fn topic_views(&self) -> Vec<TopicView> {
        let config = self.setup().config;
        let topic = |t: &crate::config::Topic| TopicView {
            name: t.name.clone(),
            query: t.text.clone(),
            about: t.about.clone(),
            team: t.team,
            objective: t.objective,
            set: false,
        };
        let set = |s: &crate::config::Set| TopicView {
            name: s.name.clone(),
            query: s.text.clone(),
            team: s.team,
            set: true,
            ..TopicView::default()
        };
        config.topics.iter().map(topic).chain(config.sets.iter().map(set)).collect()
    }

    /// Writes a topic or a set, a new one or one that is there; `was` is the query that its writer saw.
    pub(super) fn put_topic(&self, caller: &Caller, edit: &TopicEdit, was: Option<&str>) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let name = clean::line_capped(edit.name.trim(), NAME_MAX).into_string();
        let query = clean::line_capped(edit.query.trim(), QUERY_MAX).into_string();
        let kind = if edit.set { "set" } else { "topic" };
        if name.is_empty() {
            return refuse(RefusalKind::Usage, &format!("a {kind} needs a name"));
        }
        let parsed = match Query::parse(&query, Scope::Listen) {
            Ok(q) => q,
            Err(e) => return refuse(RefusalKind::Usage, &format!("the query, {e}")),
        };
        if let Err(why) = self.setup().names.resolve(&parsed, Some(("set", &name))) {
            return refuse(RefusalKind::Usage, &format!("the query: {why}"));
        }
        let there = self.topic_views().into_iter().find(|t| t.name == name);
        if let Some(why) = not_ours(there.as_ref()) {
            return refuse(RefusalKind::Usage, &why);
        }
        let done = self.edit(&File::Topics, |doc| {
            // What counts is what stands in the file: somebody may have written there by hand just now.
            let is = find(doc, kind, &name)
                .map(|t| t.get("query").and_then(Item::as_str).unwrap_or("").to_owned());
            same(&name, is.as_deref(), was)?;
            let t = entry(doc, kind, &name)?;
            put(t, "name", &name);
            put(t, "query", &query);
            let said = t.contains_key("objective");
            let matters = |o: &Objective| !edit.set && (said || *o != Objective::default());
            if let Some(o) = edit.objective.filter(matters) {
                put(t, "objective", o.word());
            }
            Ok(())
        });
        // What it is for is told where that is changed.
        let had = there.as_ref().map_or(Objective::default(), |t| t.objective);
        let objective = edit.objective.unwrap_or(had);
        let worded = |q: String, o: Objective| match !edit.set && had != objective {
            true => format!("{q} ({})", o.word()),
            false => q,
        };
        let before = there.map(|t| worded(t.query, had));
        let after = worded(query, objective);
        self.edited(caller, done, kind, &name, before, Some(after))
    }

    pub(super) fn remove_topic(&self, caller: &Caller, name: &str, was: &str) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(there) = self.topic_views().into_iter().find(|t| t.name == name) else {
            return refuse(RefusalKind::NotFound, &format!("there is no topic or set {name}"));
        };
        if let Some(why) = not_ours(Some(&there)) {
            return refuse(RefusalKind::Usage, &why);
        }
        let kind = if there.set { "set" } else { "topic" };
        let done = self.edit(&File::Topics, |doc| {
            let is =
                find(doc, kind, name).map(|t| t.get("query").and_then(Item::as_str).unwrap_or("").to_owned());
            same(name, is.as_deref(), Some(was))?;
            take_out(doc, kind, name)
        });
        self.edited(caller, done, kind, name, Some(there.query), None)
    }

    pub(super) fn put_view(&self, caller: &Caller, view: &View, replace: bool) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let name = clean::line_capped(view.name.trim(), NAME_MAX).into_string();
        let filter = clean::line_capped(&view.filter, QUERY_MAX).into_string();
        if name.is_empty() {
            return refuse(RefusalKind::Usage, "a view needs a name");
        }
        let before = self.setup().config.views.iter().find(|v| v.name == name).map(words);
        let state = view.state_word();
        let done = self.edit(&File::Views, |doc| {
            if !replace && find(doc, "view", &name).is_some() {
                return Err(format!("the team has a view {name} already; give this one another name"));
            }
            let t = entry(doc, "view", &name)?;
            put(t, "name", &name);
            put(t, "filter", &filter);
            put(t, "state", state);
            Ok(())
        });
        self.edited(caller, done, "view", &name, before, Some(words(view)))
    }

    pub(super) fn remove_view(&self, caller: &Caller, name: &str) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = self.setup().config.views.iter().find(|v| v.name == name).map(words) else {
            return refuse(RefusalKind::NotFound, &format!("there is no view {name}"));
        };
        let done = self.edit(&File::Views, |doc| take_out(doc, "view", name));
        self.edited(caller, done, "view", name, Some(before), None)
    }

    /// Writes a piece of answers, a new one or one that is there.
    pub(super) fn put_snippet(&self, caller: &Caller, s: &Snippet) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let name = clean::line_capped(s.name.trim(), NAME_MAX).into_string();
        let text = clean::draft(s.text.trim()).into_string();
        if name.is_empty() || text.is_empty() {
            return refuse(RefusalKind::Usage, "a snippet needs a name and a text");
        }
        let before = self.setup().config.snippets.iter().find(|o| o.name == name).map(|o| o.text.clone());
        let done = self.edit(&File::Snippets, |doc| {
            let t = entry(doc, "snippet", &name)?;
            put(t, "name", &name);
            put(t, "text", &text);
            if s.lang.is_empty() {
                t.remove("lang");
            } else {
                put(t, "lang", &s.lang);
            }
            Ok(())
        });
        self.edited(caller, done, "snippet", &name, before, Some(text))
    }

    pub(super) fn remove_snippet(&self, caller: &Caller, name: &str) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(there) = self.setup().config.snippets.iter().find(|s| s.name == name).cloned() else {
            return refuse(RefusalKind::NotFound, &format!("there is no snippet {name}"));
        };
        let done = self.edit(&File::Snippets, |doc| take_out(doc, "snippet", name));
        self.edited(caller, done, "snippet", name, Some(there.text), None)
    }

    pub(super) fn write_rule(
        &self,
        caller: &Caller,
        name: &str,
        when: &str,
        acts: &[String],
        was: Option<&str>,
    ) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = None;
        let done = self.edit(&File::Rules, |doc| {
            before = find(doc, "rule", name).map(rule_line);
            same(name, before.as_deref(), was)?;
            let t = entry(doc, "rule", name)?;
            put(t, "name", name);
            put(t, "when", when);
            let list: toml_edit::Array = acts.iter().map(String::as_str).collect();
            t["do"] = value(list);
            Ok(())
        });
        let to = format!("{when} -> {}", acts.join(", "));
        self.edited(caller, done, "rule", name, before, Some(to))
    }

    pub(super) fn remove_rule(&self, caller: &Caller, name: &str, was: &str) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.edit(&File::Rules, |doc| {
            let is = find(doc, "rule", name).map(rule_line);
            same(name, is.as_deref(), Some(was))?;
            take_out(doc, "rule", name)
        });
        self.edited(caller, done, "rule", name, Some(was.to_owned()), None)
    }

    /// Says what came of it, and notes in the log what stood before.
    fn edited(
        &self,
        caller: &Caller,
        done: Result<(), String>,
        verb: &str,
        name: &str,
        from: Option<String>,
        to: Option<String>,
    ) -> Reply {
        if let Err(why) = done {
            return refuse(RefusalKind::Usage, &why);
        }
        let target = Target::Team(format!("{verb} {name}"));
        let gone = to.is_none();
        let change = Change { target, from: Value::Words(from), to: Value::Words(to) };
        match self.store.note_edit(&caller.asker, verb, change, Stamp::now()) {
            Ok(()) => Reply::Edited { name: name.to_owned(), gone },
            Err(e) => failed(&e),
        }
    }

    /// Changes one of the files and takes the result in, or says why not and leaves everything as it was.
    pub(super) fn edit(
        &self,
        which: &File,
        change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
    ) -> Result<(), String> {
        let config = self.setup().config.file.clone();
        let path = match which {
            File::Config => config.clone(),
            File::Topics => beside(&config, TOPICS),
            File::Views => beside(&config, VIEWS),
            File::Rules => beside(&config, RULES),
            File::Snippets => beside(&config, SNIPPETS),
        };
        let before = read(&path)?;
        if before.is_none() && matches!(which, File::Config) {
            return Err(format!("{} is not there any more", path.display()));
        }
        let text = before.clone().unwrap_or_default();
        let mut doc: DocumentMut =
            text.parse().map_err(|e| format!("{} is not TOML any more: {e}", path.display()))?;
        change(&mut doc)?;
        let after = doc.to_string();
        let problems = |all: Vec<crate::config::Problem>| {
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let mut team = TeamFiles::beside(&config).map_err(problems)?;
        let mut own = read(&config)?.unwrap_or_default();
        match which {
            File::Config => own.clone_from(&after),
            File::Topics => team.topics = Some(after.clone()),
            File::Views => team.views = Some(after.clone()),
            File::Rules => team.rules = Some(after.clone()),
            File::Snippets => team.snippets = Some(after.clone()),
        }
        let parsed = Config::parse_with(&own, &config, &team).map_err(problems)?;
        if read(&path)? != before {
            return Err(format!("{} was changed by somebody else meanwhile; try again", path.display()));
        }
        // Who cannot have it written may still write it: these are the lines.
        crate::store::write_private(&path, after.as_bytes())
            .map_err(|e| format!("{e}; to be written there by hand:\n{}", added(&text, &after)))?;
        self.put_setup(parsed);
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(t) => Ok(Some(t)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{} cannot be read: {e}", path.display())),
    }
}

/// The lines that are new.
fn added(before: &str, after: &str) -> String {
    let had: std::collections::HashSet<&str> = before.lines().collect();
    after.lines().filter(|l| !had.contains(l)).collect::<Vec<_>>().join("\n")
}

/// The table of this name, made if it is not there.
fn entry<'d>(doc: &'d mut DocumentMut, key: &str, name: &str) -> Result<&'d mut Table, String> {
    let all = doc.entry(key).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let all = all.as_array_of_tables_mut().ok_or(format!("the file does not write [[{key}]]"))?;
    let at = all.iter().position(|t| t.get("name").and_then(Item::as_str) == Some(name));
    let at = at.unwrap_or_else(|| {
        all.push(Table::new());
        all.len() - 1
    });
    all.get_mut(at).ok_or_else(|| "the entry is not there".into())
}

fn take_out(doc: &mut DocumentMut, key: &str, name: &str) -> Result<(), String> {
    let all = doc.get_mut(key).and_then(Item::as_array_of_tables_mut);
    let at =
        all.as_ref().and_then(|a| a.iter().position(|t| t.get("name").and_then(Item::as_str) == Some(name)));
    match (all, at) {
        (Some(a), Some(i)) => {
            a.remove(i);
            Ok(())
        }
        _ => Err(format!("there is no {key} {name} in the file")),
    }
}

fn not_ours(t: Option<&TopicView>) -> Option<String> {
    let t = t.filter(|t| !t.team)?;
    Some(format!("{} stands in config.toml, which is the operator's; change it there", t.name))
}

/// Refuses what somebody else was at since it was looked at.
fn same(name: &str, is: Option<&str>, was: Option<&str>) -> Result<(), String> {
    match (is, was) {
        (Some(is), None) => Err(format!("{name} is there already: {is}")),
        (Some(is), Some(was)) if is != was => Err(format!("{name} was changed meanwhile; it is now: {is}")),
        (None, Some(_)) => Err(format!("{name} is not there any more")),
        _ => Ok(()),
    }
}

fn find<'d>(doc: &'d DocumentMut, key: &str, name: &str) -> Option<&'d Table> {
    let all = doc.get(key)?.as_array_of_tables()?;
    all.iter().find(|t| t.get("name").and_then(Item::as_str) == Some(name))
}

/// Sets a text where it is another one; what stands behind it on the line stays.
fn put(t: &mut Table, key: &str, text: &str) {
    match t.get_mut(key).and_then(Item::as_value_mut) {
        Some(v) if v.as_str() == Some(text) => {}
        Some(v) => {
            let decor = v.decor().clone();
            *v = toml_edit::Value::from(text);
            *v.decor_mut() = decor;
        }
        None => t[key] = value(text),
    }
}

/// A rule of the file in one line.
fn rule_line(t: &Table) -> String {
    let when = t.get("when").and_then(Item::as_str).unwrap_or("");
    let acts: Vec<&str> = match t.get("do") {
        Some(v) if v.as_str().is_some() => v.as_str().into_iter().collect(),
        Some(v) => v.as_array().into_iter().flatten().filter_map(|a| a.as_str()).collect(),
        None => Vec::new(),
    };
    format!("{when} -> {}", acts.join(", "))
}

fn words(v: &View) -> String {
    format!("{} ({})", v.filter, v.state_word())
}
