//! The language from the command line: check a query, print it as it is read, say why it matches or why not.

use super::args::QueryAction;
use super::{Out, find};
use crate::door::{Door, Reply, Request};
use crate::model::{Item, Stamp};
use crate::query::{Context, Doc, Names, Query, Reason, Scope};
use serde_json::{Value, json};

/// What needs no engine; `None` for the rest.
pub fn alone(action: &QueryAction, out: &Out) -> Option<i32> {
    match action {
        QueryAction::Check { query, topic } => Some(check(&query.join(" "), *topic, out)),
        QueryAction::Print { query } => Some(match read(&query.join(" "), false, out) {
            Ok(q) => {
                out.either(&json!({"query": q.canonical()}), || q.canonical());
                0
            }
            Err(code) => code,
        }),
        QueryAction::Import { from, query } => Some(import(from.dialect(), &query.join(" "), out)),
        QueryAction::Explain { query, id: None, url: None, title, text } => {
            Some(match read(&query.join(" "), false, out) {
                Ok(q) => say(&q, &Doc::new(title, text), &now(), None, out),
                Err(code) => code,
            })
        }
        QueryAction::Explain { .. } => None,
    }
}

/// Why a stored mention or a page matches, or not.
pub async fn explain(door: &dyn Door, action: QueryAction, out: &Out) -> i32 {
    let QueryAction::Explain { query, id, url, .. } = action else { return 2 };
    let q = match read(&query.join(" "), false, out) {
        Ok(q) => q,
        Err(code) => return code,
    };
    let request = match (id, url) {
        (Some(id), _) => match find(door, &id, out).await {
            Ok(k) => Request::Items(vec![k.id]),
            Err(code) => return code,
        },
        (None, url) => Request::LookAt(url.unwrap_or_default()),
    };
    match door.ask(request).await {
        Reply::Items(items) => match items.first() {
            Some(i) => {
                let names = named(door).await;
                if let Err(why) = names.resolve(&q, None) {
                    out.complain(&why);
                    return 2;
                }
                let me = door.who().unwrap_or_default();
                let cx = Context { me: Some(&me), names: Some(&names), ..now() };
                say(&q, &doc_of(i, &me), &cx, Some(i), out)
            }
            None => 3,
        },
        other => out.unexpected(&other),
    }
}

/// What the team named.
async fn named(door: &dyn Door) -> Names {
    let (topics, views) = (door.ask(Request::Topics).await, door.ask(Request::Views).await);
    match (topics, views) {
        (Reply::Topics(t), Reply::Views(v)) => crate::config::names_of(&t, &v),
        _ => Names::default(),
    }
}

fn now() -> Context<'static> {
    Context { now: Stamp::now(), zone: Stamp::zone_here(), ..Context::default() }
}

fn doc_of(i: &Item, me: &str) -> Doc {
    Doc::of_item(i, me)
}

fn read(text: &str, topic: bool, out: &Out) -> Result<Query, i32> {
    Query::parse(text, if topic { Scope::Listen } else { Scope::View }).map_err(|e| {
        let v = json!({"error": e.message, "column": e.column});
        if out.json {
            out.object(&v);
        } else {
            // The place below the query, where it is one line.
            out.complain(&format!("{text}\n         {}^ {e}", " ".repeat(e.column.saturating_sub(1))));
        }
        2
    })
}

/// The query on stdout, ready for `topics set NAME "$(…)"`; what is different on stderr.
fn import(from: crate::query::Dialect, text: &str, out: &Out) -> i32 {
    match crate::query::import(from, text) {
        Ok(i) => {
            out.either(&json!({"query": i.query.canonical(), "notes": i.notes}), || i.query.canonical());
            if !out.json {
                i.notes.iter().for_each(|n| out.complain(n));
            }
            0
        }
        Err(e) => {
            if out.json {
                out.object(&json!({"error": e.message, "column": e.column}));
            } else {
                out.complain(&e.message);
            }
            2
        }
    }
}

fn check(text: &str, topic: bool, out: &Out) -> i32 {
    let q = match read(text, topic, out) {
        Ok(q) => q,
        Err(code) => return code,
    };
    let hints: Vec<Value> =
        q.lint().iter().map(|l| json!({"code": l.code, "column": l.column, "message": l.message})).collect();
    let keys = q.cover().map_or(0, |k| k.len());
    let v = json!({"query": q.canonical(), "hints": hints, "unknown": q.unknown(), "keys": keys});
    out.either(&v, || {
        let mut s = q.canonical();
        for l in q.lint() {
            s += &format!("\n{}: {}", l.code, l.message);
        }
        for u in q.unknown() {
            s += &format!("\n{u} nothing is known of it yet: no mention has it");
        }
        s
    });
    0
}

fn say(q: &Query, doc: &Doc, cx: &Context<'_>, item: Option<&Item>, out: &Out) -> i32 {
    let why = q.explain(doc, cx);
    let holds = why.first().is_some_and(|r| r.holds);
    let rows: Vec<Value> = why
        .iter()
        .map(|r| {
            let spans: Vec<Value> = r
                .spans
                .iter()
                .map(|s| json!([if s.in_body { "body" } else { "title" }, s.start, s.end]))
                .collect();
            json!({"depth": r.depth, "part": r.text, "holds": r.holds, "spans": spans})
        })
        .collect();
    let v = json!({"matches": holds, "why": rows, "id": item.map(|i| i.id.to_string())});
    out.either(&v, || why.iter().map(line).collect::<Vec<_>>().join("\n"));
    if holds { 0 } else { 3 }
}

/// A part of a query, set in, with what is so.
fn line(r: &Reason) -> String {
    format!("{}{} {}", "  ".repeat(r.depth), if r.holds { "✓" } else { "✗" }, r.text)
}
