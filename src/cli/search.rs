//! `hearken search`: everything that was heard, by the query language; newest or best first; or just how many.

use super::Out;
use super::args::{SortArg, StateArg};
use super::lists::{row, states};
use super::out::on_terminal;
use crate::door::{Door, ListQuery, Reply, Request, Total};
use crate::model::{Key, Stamp, line_of};
use crate::query::Query;
use serde_json::json;

/// Mentions asked for at once.
const PAGE: usize = 200;

/// What is asked for, with what stood behind `|` in the query.
struct Wish {
    query: ListQuery,
    best_first: bool,
    limit: usize,
}

fn wish(query: &str, state: StateArg, sort: SortArg, limit: usize) -> Result<Wish, String> {
    let (rest, tail) = Query::cut_tail(query);
    let mut w = Wish {
        query: ListQuery::newest(&states(state), rest, PAGE),
        best_first: sort == SortArg::Score,
        limit,
    };
    for t in tail {
        let words: Vec<&str> = t.split(' ').collect();
        match words.as_slice() {
            ["limit", n] => w.limit = n.parse().map_err(|_| format!("{n} is too large a limit"))?,
            ["sort", "score"] | ["sort", "score", "desc"] => w.best_first = true,
            ["sort", "time" | "date", order @ ..] => {
                w.best_first = false;
                w.query.older = *order != ["asc"];
                w.query.from = if w.query.older { Key::MAX } else { Key::default() };
            }
            _ => return Err(format!("“{t}”: mentions are sorted by time (or time asc) or by score")),
        }
    }
    Ok(w)
}

pub async fn search(
    door: &dyn Door,
    query: &str,
    (state, sort): (StateArg, SortArg),
    limit: usize,
    count: bool,
    out: &Out,
) -> i32 {
    let w = match wish(query, state, sort, limit) {
        Ok(w) => w,
        Err(why) => {
            out.complain(&why);
            return 2;
        }
    };
    if count {
        return match door.ask(Request::Count(w.query)).await {
            Reply::Counted(t) => {
                out.either(&json!({"n": t.n, "exact": t.exact}), || t.to_string());
                if t.n == 0 && t.exact { 3 } else { 0 }
            }
            other => out.unexpected(&other),
        };
    }
    let told = if w.best_first { best(door, w, out).await } else { newest(door, w, out).await };
    let (shown, total) = match told {
        Ok(t) => t,
        Err(code) => return code,
    };
    if let Some(t) = total.filter(|t| !out.json && on_terminal() && shown > 0 && t.n > shown as u64) {
        out.line(&format!("{shown} of {t}; more with --limit"));
    }
    if shown == 0 { 3 } else { 0 }
}

/// Prints as it comes; gives how many were shown, of how many.
async fn newest(door: &dyn Door, w: Wish, out: &Out) -> Result<(usize, Option<Total>), i32> {
    let (mut q, now) = (w.query, Stamp::now());
    let (mut shown, mut total) = (0, None);
    while shown < w.limit {
        q.limit = PAGE.min(w.limit - shown);
        match door.ask(Request::List(q.clone())).await {
            Reply::List { items, next, total: t, .. } => {
                total = total.or(t);
                for i in &items {
                    out.either(&line_of(i), || row(i, now));
                }
                shown += items.len();
                match next {
                    Some(k) => q.from = k,
                    None => break,
                }
            }
            other => return Err(out.unexpected(&other)),
        }
    }
    Ok((shown, total))
}

async fn best(door: &dyn Door, w: Wish, out: &Out) -> Result<(usize, Option<Total>), i32> {
    let (mut q, now) = (w.query, Stamp::now());
    let (mut shown, mut skip, mut total) = (0, 0, None);
    while shown < w.limit {
        q.limit = PAGE.min(w.limit - shown);
        match door.ask(Request::Ranked { query: q.clone(), skip }).await {
            Reply::Ranked { items, next, total: t } => {
                total = Some(t);
                for (score, i) in &items {
                    let mut line = line_of(i);
                    line["score"] = json!(score);
                    out.either(&line, || row(i, now));
                }
                shown += items.len();
                match next {
                    Some(n) => skip = n,
                    None => break,
                }
            }
            other => return Err(out.unexpected(&other)),
        }
    }
    Ok((shown, total))
}
