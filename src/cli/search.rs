//! `hearken search`: everything that was heard, by the query language; newest or best first; or just how many.

use super::Out;
use super::args::{SortArg, StateArg};
use super::lists::{PAGE, print, row, states};
use super::out::on_terminal;
use crate::door::{Door, ListQuery, Reply, Request, Total};
use crate::model::{Key, Stamp, line_of};
use crate::query::{Query, Tail};
use serde_json::json;

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
        match Tail::read(&t) {
            Some(Tail::Limit(n)) => {
                w.limit =
                    n.ok_or_else(|| format!("{} is too large a limit", t.trim_start_matches("limit ")))?;
            }
            Some(Tail::BestFirst) => w.best_first = true,
            Some(Tail::NewestFirst) => (w.best_first, w.query.older, w.query.from) = (false, true, Key::MAX),
            Some(Tail::OldestFirst) => {
                (w.best_first, w.query.older, w.query.from) = (false, false, Key::default());
            }
            None => return Err(format!("“{t}”: mentions are sorted by time (or time asc) or by score")),
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
    let told = if w.best_first { best(door, w, out).await } else { print(door, w.query, w.limit, out).await };
    let (shown, total) = match told {
        Ok(t) => t,
        Err(code) => return code,
    };
    if let Some(t) = total.filter(|t| !out.json && on_terminal() && shown > 0 && t.n > shown as u64) {
        out.line(&format!("{shown} of {t}; more with --limit"));
    }
    if shown == 0 { 3 } else { 0 }
}

/// As `print`, the best first.
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
