//! `hearken search`: everything that was heard, by the query language; newest or best first; or just how many.

use super::Out;
use super::args::{SortArg, StateArg};
use super::lists::{PAGE, print, row, states};
use super::out::on_terminal;
use crate::door::{Door, ListQuery, Reply, Request, Total};
use crate::model::{By, Key, Stamp, line_of};
use crate::query::{Query, Tail};
use serde_json::json;

/// What is asked for, with what stood behind `|` in the query.
struct Wish {
    query: ListQuery,
    /// `None`: by time.
    by: Option<By>,
    limit: usize,
}

fn wish(query: &str, state: StateArg, sort: SortArg, limit: usize) -> Result<Wish, String> {
    let (rest, tail) = Query::cut_tail(query);
    let mut w = Wish { query: ListQuery::newest(&states(state), rest, PAGE), by: sort.by(), limit };
    for t in tail {
        match Tail::read(&t) {
            Some(Tail::Limit(n)) => {
                w.limit =
                    n.ok_or_else(|| format!("{} is too large a limit", t.trim_start_matches("limit ")))?;
            }
            Some(Tail::First(by)) => w.by = Some(by),
            Some(Tail::NewestFirst) => (w.by, w.query.older, w.query.from) = (None, true, Key::MAX),
            Some(Tail::OldestFirst) => {
                (w.by, w.query.older, w.query.from) = (None, false, Key::default());
            }
            None => {
                return Err(format!(
                    "“{t}”: mentions are sorted by time (or time asc), score, relevance, launch, research or improve"
                ));
            }
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
    let told = match w.by {
        Some(by) => first(door, w, by, out).await,
        None => print(door, w.query, w.limit, out).await,
    };
    let (shown, total) = match told {
        Ok(t) => t,
        Err(code) => return code,
    };
    if let Some(t) = total.filter(|t| !out.json && on_terminal() && shown > 0 && t.n > shown as u64) {
        out.line(&format!("{shown} of {t}; more with --limit"));
    }
    if shown == 0 { 3 } else { 0 }
}

/// As `print`, in an order.
async fn first(door: &dyn Door, w: Wish, by: By, out: &Out) -> Result<(usize, Option<Total>), i32> {
    let (mut q, now) = (w.query, Stamp::now());
    let (mut shown, mut skip, mut total) = (0, 0, None);
    while shown < w.limit {
        q.limit = PAGE.min(w.limit - shown);
        match door.ask(Request::Ranked { query: q.clone(), skip, by }).await {
            Reply::Ranked { items, next, total: t, how } => {
                if shown == 0 && !how.is_empty() && !out.json {
                    out.complain(&how);
                }
                total = Some(t);
                for p in &items {
                    let mut line = line_of(&p.item);
                    line["score"] = json!(p.score);
                    if !p.reasons.is_empty() {
                        let why = p.reasons.iter().map(|(w, n)| json!({"why": w.as_str(), "points": n}));
                        line["reasons"] = why.collect();
                    }
                    out.either(&line, || match p.reasons.is_empty() {
                        true => row(&p.item, now),
                        false => format!("{}\n    {}", row(&p.item, now), p.why()),
                    });
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
