//! The sections of `config.toml`, one function each.

use super::problem::Problem;
use super::reader::{Report, Section};
use super::source::read_source;
use super::{Config, HostLimit, Http, Objective, Set, TeamFiles, Topic};
use crate::model::time::parse_span;
use crate::query::{Query, Scope};
use std::path::Path;
use toml_edit::{Document, Item, TableLike};

pub fn read(text: &str, path: &Path, team: &TeamFiles) -> Result<Config, Vec<Problem>> {
    let mut r = Report::new(path, text);
    let doc = match Document::parse(text) {
        Ok(d) => d,
        Err(e) => {
            let what = e.message().lines().collect::<Vec<_>>().join("; ");
            r.add(&e.span().or(Some(0..0)), format!("this is not TOML: {what}"));
            return Err(r.problems);
        }
    };
    let mut c = Config::empty(path);
    let mut top = Section::new(doc.as_table(), "the file", None);
    brand(&mut top, &mut r, &mut c);
    topics(&mut top, &mut r, &mut c, false);
    super::alerts::read(&mut top, &mut r, &mut c);
    sets(&mut top, &mut r, &mut c, false);
    let mut theirs = super::team::read(team, &mut c);
    theirs.extend(c.unresolved());
    http(&mut top, &mut r, &mut c);
    retention(&mut top, &mut r, &mut c);
    super::hooks::read(&mut top, &mut r, &mut c);
    super::network::accounts(&mut top, &mut r, &mut c);
    for (i, (table, span)) in tables(&mut top, &mut r, "source").into_iter().enumerate() {
        if let Some(s) = read_source(table, span, i, &mut r, &c) {
            c.sources.push(s);
        }
    }
    hosts(&mut top, &mut r, &mut c);
    if let Some(mut s) = top.table(&mut r, "inbox") {
        if let Some(ms) = s.span_ms(&mut r, "since") {
            c.inbox_since_ms = ms;
        }
        s.finish(&mut r);
    }
    if let Some(mut s) = top.table(&mut r, "store") {
        if let Some(n) = s.number(&mut r, "cache_mb", 8..=65_536) {
            c.cache_mb = n.unsigned_abs();
        }
        s.finish(&mut r);
    }
    super::shared::read(&mut top, &mut r, &mut c);
    super::send::read(&mut top, &mut r, &mut c);
    top.finish(&mut r);
    if r.problems.is_empty() && theirs.is_empty() {
        return Ok(c);
    }
    r.problems.sort_by_key(|p| (p.line, p.column));
    r.problems.extend(theirs);
    Err(r.problems)
}

/// The topics of a file, the operator's or the team's.
pub(super) fn topics(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config, team: bool) {
    for (i, (table, span)) in tables(top, r, "topic").into_iter().enumerate() {
        topic(table, span, i, team, r, c);
    }
}

/// The named parts of queries of a file: `[[set]]` with `name` and `query`.
pub(super) fn sets(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config, team: bool) {
    for (i, (table, span)) in tables(top, r, "set").into_iter().enumerate() {
        let mut s = Section::new(table, format!("set {}", i + 1), span);
        let name = s.needed(r, "name", "give it a short name").unwrap_or_default();
        s.name = format!("set \"{name}\"");
        if c.sets.iter().any(|o| o.name == name) || c.topics.iter().any(|o| o.name == name) {
            let what =
                format!("\"{name}\" is the name of another set or topic; set:{name} must mean one thing");
            r.add(&s.value_span("name"), what);
        }
        let text = s.needed(r, "query", "write the words that it stands for");
        if let Some(query) = text.as_ref().and_then(|q| read_query(q, Scope::Listen, &s, r)) {
            c.note_names(
                r.make(&s.value_span("query"), format!("query of {}", s.name)),
                &query,
                Some(("set", &name)),
            );
            c.sets.push(Set { name, query, text: text.unwrap_or_default(), team });
        }
        s.finish(r);
    }
}

/// A query under the key `query`; what is wrong is told at its column.
fn read_query(q: &str, scope: Scope, s: &Section<'_>, r: &mut Report<'_>) -> Option<Query> {
    match Query::parse(q, scope) {
        Ok(q) => Some(q),
        Err(e) => {
            // The column of the value: the opening quote, then the characters of the query.
            let at = s.value_span("query").map(|v| query_place(&v, e.column));
            r.add(&at, format!("query of {}: {} (character {} of the query)", s.name, e.message, e.column));
            None
        }
    }
}

pub(super) type Placed<'t> = (&'t dyn TableLike, Option<std::ops::Range<usize>>);

/// The tables of `[[key]]`.
pub(super) fn tables<'t>(top: &mut Section<'t>, r: &mut Report<'_>, key: &'static str) -> Vec<Placed<'t>> {
    match top.item(key) {
        None => Vec::new(),
        Some(Item::ArrayOfTables(a)) => a.iter().map(|t| (t as &dyn TableLike, t.span())).collect(),
        Some(_) => {
            r.add(&top.value_span(key), format!("{key} is written [[{key}]], once for each"));
            Vec::new()
        }
    }
}

fn brand(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(mut s) = top.table(r, "brand") else {
        if top.get("brand").is_none() {
            r.add(&Some(0..0), "there is no [brand] section; write [brand] and name = \"…\"");
        }
        return;
    };
    s.name = "[brand]".into();
    c.brand = s.needed(r, "name", "write the name people use for you").unwrap_or_default();
    c.contact = s.text(r, "contact");
    let staff = s.texts(r, "staff").unwrap_or_default();
    c.staff = staff.iter().map(|n| n.trim().trim_start_matches('@').to_lowercase()).collect();
    if c.staff.iter().any(String::is_empty) {
        r.add(
            &s.value_span("staff"),
            "staff in [brand] holds an empty name; write handles such as \"@acme_help\"",
        );
    }
    super::send::ours(&mut s, r, c);
    if c.contact.as_ref().is_some_and(|x| x.chars().any(char::is_control)) {
        r.add(
            &s.value_span("contact"),
            "contact in [brand] holds a control character; write a mail address or a page",
        );
    }
    s.finish(r);
}

fn topic(
    t: &dyn TableLike,
    span: Option<std::ops::Range<usize>>,
    i: usize,
    team: bool,
    r: &mut Report<'_>,
    c: &mut Config,
) {
    let mut s = Section::new(t, format!("topic {}", i + 1), span);
    let name = s.needed(r, "name", "give it a short name");
    if let Some(n) = &name {
        s.name = format!("topic \"{n}\"");
        if c.topics.iter().any(|o| o.name == *n) {
            r.add(
                &s.value_span("name"),
                format!("there are two topics named \"{n}\"; give one another name"),
            );
        }
    }
    let objectives = Objective::ALL.map(|o| (o.word(), o));
    let objective = s.choice(r, "objective", &objectives).unwrap_or_default();
    let about = s.text(r, "about").unwrap_or_else(|| "us".into());
    if !(about == "us"
        || about == "market"
        || about.strip_prefix("competitor:").is_some_and(|n| !n.is_empty()))
    {
        r.add(
            &s.value_span("about"),
            format!("about in {} is \"{about}\"; expected us | market | competitor:NAME", s.name),
        );
    }
    let text = s.needed(r, "query", "write the words to listen for");
    let parsed = text.as_ref().and_then(|q| read_query(q, Scope::Listen, &s, r));
    if let (Some(q), Some(n)) = (&parsed, &name) {
        c.note_names(r.make(&s.value_span("query"), format!("query of {}", s.name)), q, Some(("set", n)));
    }
    if let Some(q) = &parsed {
        for l in q.lint() {
            let p = r.make(&s.value_span("query"), format!("query of {}: {}", s.name, l.message));
            c.hints.push(p);
        }
    }
    if let (Some(name), Some(query), Some(text)) = (name, parsed, text) {
        c.topics.push(Topic { name, objective, about, query, text, team });
    }
    s.finish(r);
}

/// The place inside a quoted value; near enough where the value holds escapes.
fn query_place(value: &std::ops::Range<usize>, column: usize) -> std::ops::Range<usize> {
    let at = (value.start + column).min(value.end.saturating_sub(1));
    at..at
}

fn http(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(mut s) = top.table(r, "http") else { return };
    s.name = "[http]".into();
    let d = Http::default();
    let size = |n: Option<i64>, d: u64| n.map_or(d, |n| n.unsigned_abs() << 20);
    let count = |n: Option<i64>, d: usize| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(d);
    c.http = Http {
        connect_ms: s.span_ms(r, "connect").unwrap_or(d.connect_ms),
        first_byte_ms: s.span_ms(r, "first_byte").unwrap_or(d.first_byte_ms),
        whole_ms: s.span_ms(r, "whole").unwrap_or(d.whole_ms),
        max_bytes: size(s.number(r, "max_mb", 1..=1024), d.max_bytes),
        max_expanded: size(s.number(r, "max_expanded_mb", 1..=1024), d.max_expanded),
        at_once: count(s.number(r, "at_once", 1..=1024), d.at_once),
        at_once_per_host: count(s.number(r, "at_once_per_host", 1..=64), d.at_once_per_host),
        proxy: s.text(r, "proxy"),
        ca: s.text(r, "ca").map(|f| super::source::beside(&c.file, &f)),
    };
    if let Some(p) = &c.http.proxy {
        super::source::check_proxy(p, &s, r);
    }
    s.finish(r);
}

fn hosts(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(s) = top.table(r, "host") else { return };
    for name in s.keys() {
        let Some(t) = s.get(&name).and_then(Item::as_table_like) else {
            r.add(
                &s.value_span(&name),
                format!("host is written [host.\"{name}\"] with at_once and per_minute"),
            );
            continue;
        };
        let mut h = Section::new(t, format!("[host.\"{name}\"]"), s.value_span(&name));
        let limit = HostLimit {
            at_once: h.number(r, "at_once", 1..=64).and_then(|n| usize::try_from(n).ok()),
            per_minute: h.number(r, "per_minute", 1..=100_000).and_then(|n| u32::try_from(n).ok()),
        };
        h.finish(r);
        c.hosts.insert(name.to_lowercase(), limit);
    }
}

fn retention(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(s) = top.table(r, "retention") else { return };
    for name in s.keys() {
        let ok_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let value = s.get(&name).and_then(Item::as_str);
        let span = match value {
            Some("forever") => Some(None),
            Some(v) => parse_span(v).ok().filter(|ms| *ms > 0).map(Some),
            None => None,
        };
        match span {
            Some(span) if ok_name => {
                c.retention.classes.insert(name, span);
            }
            Some(_) => r.add(
                &s.key_span(&name),
                format!("the class of retention \"{name}\" may hold letters, digits and - only"),
            ),
            None => r.add(
                &s.value_span(&name),
                format!("{name} in [retention] must be a span such as \"90d\", or \"forever\""),
            ),
        }
    }
}
