//! A table of the file with its place, read key by key; what is wrong is collected, not thrown.

use super::problem::Problem;
use crate::model::nearest;
use crate::model::time::parse_span;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use toml_edit::{Item, TableLike};

/// The file and everything that is wrong with it.
pub struct Report<'a> {
    pub path: &'a Path,
    text: &'a str,
    pub problems: Vec<Problem>,
    /// Ids of sources met so far, also of those with other faults.
    pub ids: Vec<String>,
}

impl<'a> Report<'a> {
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        Report { path, text, problems: Vec::new(), ids: Vec::new() }
    }

    /// A problem at a place of the file.
    pub fn make(&self, at: &Option<Range<usize>>, message: impl Into<String>) -> Problem {
        let Some(r) = at else { return Problem::file(self.path, message) };
        let before = self.text.get(..r.start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Problem::at(self.path, line, column, message)
    }

    pub fn add(&mut self, at: &Option<Range<usize>>, message: impl Into<String>) {
        let p = self.make(at, message);
        self.problems.push(p);
    }
}

/// A table that is being read.
pub struct Section<'t> {
    table: &'t dyn TableLike,
    /// How messages call it: `[brand]`, `source "cat-blog"`.
    pub name: String,
    pub span: Option<Range<usize>>,
    known: BTreeSet<&'static str>,
}

impl<'t> Section<'t> {
    pub fn new(table: &'t dyn TableLike, name: impl Into<String>, span: Option<Range<usize>>) -> Self {
        Section { table, name: name.into(), span, known: BTreeSet::new() }
    }

    pub fn item(&mut self, key: &'static str) -> Option<&'t Item> {
        self.known.insert(key);
        self.table.get(key).filter(|i| !i.is_none())
    }

    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).and_then(|(k, i)| k.span().or_else(|| i.span()))
    }

    pub fn value_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get(key).and_then(Item::span).or_else(|| self.key_span(key))
    }

    fn wrong(&self, r: &mut Report<'_>, key: &str, expected: &str) {
        let found = self.table.get(key).map_or("nothing", Item::type_name);
        r.add(&self.value_span(key), format!("{key} in {} is {found}; expected {expected}", self.name));
    }

    pub fn text(&mut self, r: &mut Report<'_>, key: &'static str) -> Option<String> {
        let item = self.item(key)?;
        let Some(s) = item.as_str() else {
            self.wrong(r, key, "text in quotes");
            return None;
        };
        Some(s.to_owned())
    }

    /// A text that must be there and must not be blank.
    pub fn needed(&mut self, r: &mut Report<'_>, key: &'static str, why: &str) -> Option<String> {
        if self.item(key).is_none() {
            r.add(&self.span.clone(), format!("{} has no {key}; {why}", self.name));
            return None;
        }
        let s = self.text(r, key)?;
        if s.trim().is_empty() {
            r.add(&self.value_span(key), format!("{key} in {} is empty; {why}", self.name));
            return None;
        }
        Some(s)
    }

    pub fn flag(&mut self, r: &mut Report<'_>, key: &'static str) -> Option<bool> {
        let item = self.item(key)?;
        if item.as_bool().is_none() {
            self.wrong(r, key, "true or false");
        }
        item.as_bool()
    }

    /// A whole number within `range`.
    pub fn number(
        &mut self,
        r: &mut Report<'_>,
        key: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let item = self.item(key)?;
        let n = item.as_integer().filter(|n| range.contains(n));
        if n.is_none() {
            self.wrong(r, key, &format!("a whole number from {} to {}", range.start(), range.end()));
        }
        n
    }

    /// A span of time, in ms.
    pub fn span_ms(&mut self, r: &mut Report<'_>, key: &'static str) -> Option<i64> {
        let s = self.text(r, key)?;
        match parse_span(&s) {
            Ok(ms) if ms > 0 => Some(ms),
            Ok(_) => {
                r.add(&self.value_span(key), format!("{key} in {} must be more than nothing", self.name));
                None
            }
            Err(e) => {
                r.add(&self.value_span(key), format!("{key} in {}: {e}", self.name));
                None
            }
        }
    }

    pub fn texts(&mut self, r: &mut Report<'_>, key: &'static str) -> Option<Vec<String>> {
        let item = self.item(key)?;
        let all = item
            .as_array()
            .and_then(|a| a.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        if all.is_none() {
            self.wrong(r, key, "a list of texts, as [\"one\", \"two\"]");
        }
        all
    }

    /// One of several words.
    pub fn choice<T: Copy>(
        &mut self,
        r: &mut Report<'_>,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let s = self.text(r, key)?;
        if let Some((_, v)) = choices.iter().find(|(w, _)| *w == s) {
            return Some(*v);
        }
        let words: Vec<&str> = choices.iter().map(|(w, _)| *w).collect();
        let hint = nearest(&s, &words).map_or(String::new(), |w| format!("; did you mean \"{w}\"?"));
        r.add(
            &self.value_span(key),
            format!("{key} in {} is \"{s}\"; expected {}{hint}", self.name, words.join(" | ")),
        );
        None
    }

    /// A table inside this one.
    pub fn table(&mut self, r: &mut Report<'_>, key: &'static str) -> Option<Section<'t>> {
        let item = self.item(key)?;
        let Some(t) = item.as_table_like() else {
            self.wrong(r, key, "a table");
            return None;
        };
        Some(Section::new(t, format!("{key} of {}", self.name), self.value_span(key)))
    }

    /// Names every key that nobody asked for.
    pub fn finish(self, r: &mut Report<'_>) {
        let known: Vec<&str> = self.known.iter().copied().collect();
        for (key, item) in self.table.iter() {
            if self.known.contains(key) || item.is_none() {
                continue;
            }
            let hint = match nearest(key, &known) {
                Some(k) => format!("did you mean {k}?"),
                None => format!("known here: {}", known.join(", ")),
            };
            r.add(&self.key_span(key), format!("{} has no key {key}; {hint}", self.name));
        }
    }

    pub fn keys(&self) -> Vec<String> {
        self.table.iter().filter(|(_, i)| !i.is_none()).map(|(k, _)| k.to_owned()).collect()
    }

    pub fn get(&self, key: &str) -> Option<&'t Item> {
        self.table.get(key)
    }
}
