//! Commands that show: mentions, one mention, sources, people, drafts, the log, the doctor's view.

use super::args::StateArg;
use super::{Out, exact_id, find};
use crate::clean::width::{fit, pad};
use crate::door::{Door, ListQuery, Reply, Request, Total};
use crate::model::{Entry, Item, Key, PersonCard, SourceView, Stamp, State, line_of, time};
use serde_json::{Value, json};

/// Mentions asked for at once; a list of any length is read page by page.
pub const PAGE: usize = 200;

pub fn states(s: StateArg) -> Vec<State> {
    match s {
        StateArg::Inbox => vec![State::Inbox],
        StateArg::Snoozed => vec![State::Snoozed],
        StateArg::Done => vec![State::Done],
        StateArg::Heard => vec![State::Heard],
        StateArg::All => State::ALL.to_vec(),
    }
}

pub async fn list(door: &dyn Door, query: &str, state: StateArg, limit: usize, out: &Out) -> i32 {
    match print(door, ListQuery::newest(&states(state), query, 0), limit, out).await {
        Ok((0, _)) => 3,
        Ok(_) => 0,
        Err(code) => code,
    }
}

/// Prints a list as it comes, page by page; gives how many were shown, of how many. `Err` is the exit code; it was
/// explained.
pub async fn print(
    door: &dyn Door,
    mut q: ListQuery,
    limit: usize,
    out: &Out,
) -> Result<(usize, Option<Total>), i32> {
    let now = Stamp::now();
    let (mut shown, mut total) = (0, None);
    while shown < limit {
        q.limit = PAGE.min(limit - shown);
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

pub fn row(i: &Item, now: Stamp) -> String {
    let m = &i.mention;
    let who = if m.author.name.is_empty() { m.community.as_str() } else { m.author.name.as_str() };
    let mark = if i.read { ' ' } else { '*' };
    format!("{mark} {}  {:>4}  {}  {}", i.id, time::ago(m.at, now), pad(who, 18), fit(m.headline(), 90))
}

pub async fn show(door: &dyn Door, id: &str, out: &Out) -> i32 {
    let key = match find(door, id, out).await {
        Ok(k) => k,
        Err(code) => return code,
    };
    match door.ask(Request::Items(vec![key.id])).await {
        Reply::Items(items) => match items.first() {
            Some(i) => {
                out.either(&line_of(i), || whole(i));
                0
            }
            None => 3,
        },
        other => out.unexpected(&other),
    }
}

fn whole(i: &Item) -> String {
    let m = &i.mention;
    let mut s = String::new();
    let mut add = |k: &str, v: &str| {
        if !v.is_empty() {
            s += &format!("{k:<9} {v}\n");
        }
    };
    add("title", &m.title);
    add("author", &m.author.name);
    add("where", &format!("{} · {} · {}", m.network, m.source, m.community));
    add("at", &format!("{} ({:?})", m.at.local_minute(), m.time_note).to_lowercase());
    add("url", &m.url);
    add("state", i.state.word());
    add("until", &i.snoozed_until.map(Stamp::local_minute).unwrap_or_default());
    add("assignee", i.assignee.as_deref().unwrap_or(""));
    add("tags", &i.tags.join(" "));
    add("topics", &m.topics.iter().map(|t| t.topic.as_str()).collect::<Vec<_>>().join(" "));
    add("answered", i.answered.as_deref().unwrap_or(""));
    add("thread", &m.thread);
    for (who, at, text) in &i.notes {
        add("note", &format!("{who}, {}: {text}", at.local_minute()));
    }
    s += "\n";
    s += &m.text;
    for (at, title, text) in &i.revisions {
        s += &format!("\n\n--- earlier, heard {} ---\n{title}\n{text}", at.local_minute());
    }
    s
}

pub async fn sources(door: &dyn Door, out: &Out) -> i32 {
    match door.ask(Request::Sources).await {
        Reply::Sources(all) => {
            let now = Stamp::now();
            for s in &all {
                out.either(&source_json(s), || source_row(s, now));
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

pub fn source_json(s: &SourceView) -> Value {
    let h = &s.health;
    json!({
        "id": s.id, "network": s.network, "url": s.url, "every_s": s.every_ms / 1000, "configured": s.configured,
        "red": h.is_red(), "health": h.word(), "last_ok": h.last_ok.map(Stamp::rfc3339),
        "last_new": h.last_new.map(Stamp::rfc3339),
        "last_error": h.last_error.as_ref().map(|(at, why)| json!({"at": at.rfc3339(), "text": why.as_str()})),
        "next_poll": h.next_poll.map(Stamp::rfc3339), "usual_s": h.usual_ms / 1000, "heard": h.heard,
        "matched": h.matched, "failures": h.failures,
        "account": s.account, "topics": s.topics,
        "ledger": {
            "seen": s.ledger.seen, "weighed": s.ledger.weighed, "connected": s.ledger.connected,
            "open_since": s.ledger.open_since.map(Stamp::rfc3339),
            "limits": s.ledger.limits.iter().map(|l| json!({"what": l.kind.word(), "words": l.words.as_str(), "since": l.since.rfc3339()})).collect::<Vec<_>>(),
            "lost": s.ledger.lost.iter().map(|l| json!({"from": l.from.rfc3339(), "to": l.to.rfc3339(), "why": l.why.as_str()})).collect::<Vec<_>>(),
        },
        "budgets": s.budgets.iter().map(|b| json!({"unit": b.unit, "left": b.left, "of": b.of, "resets": b.resets.rfc3339(), "told": b.told})).collect::<Vec<_>>(),
        "calls": s.ledger.calls,
        "gaps": h.gaps.iter().map(|(a, b)| json!({"from": a.rfc3339(), "to": b.map(Stamp::rfc3339)})).collect::<Vec<_>>(),
    })
}

fn source_row(s: &SourceView, now: Stamp) -> String {
    let h = &s.health;
    let mark = if h.is_red() { '!' } else { ' ' };
    let heard = h.last_ok.map_or("never".into(), |t| time::ago(t, now));
    let next = h.next_poll.map_or("-".into(), |t| t.local_short(now));
    format!(
        "{mark} {} {:>6} {:>6}/{:<5} next {:<10} {}",
        pad(&s.id, 22),
        heard,
        h.heard,
        h.matched,
        next,
        h.word()
    )
}

pub async fn people(door: &dyn Door, id: Option<String>, out: &Out) -> i32 {
    let ask = match &id {
        None => Request::KnownPeople,
        Some(id) => match exact_id(id) {
            Some(id) => Request::People(vec![id]),
            None => {
                out.complain(&format!("“{id}” is no id of a person"));
                return 2;
            }
        },
    };
    match door.ask(ask).await {
        Reply::People(all) => {
            for p in &all {
                out.either(&person_json(p), || person_row(p));
            }
            if let (Some(_), Some(p), false) = (&id, all.first(), out.json)
                && let Reply::Items(items) =
                    door.ask(Request::Timeline { person: p.id, before: Key::MAX, limit: 20 }).await
            {
                let now = Stamp::now();
                items.iter().for_each(|i| out.line(&row(i, now)));
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

pub fn person_json(p: &PersonCard) -> Value {
    json!({
        "id": p.id.to_string(), "name": p.name.as_str(), "scope": p.scope.as_str(), "mentions": p.mentions,
        "recent": p.recent, "first_seen": p.first_seen.map(Stamp::rfc3339), "last_seen": p.last_seen.map(Stamp::rfc3339),
        "vip": p.vip, "tags": p.tags,
        "notes": p.notes.iter().map(|(w, at, t)| json!({"who": w, "at": at.rfc3339(), "text": t.as_str()})).collect::<Vec<_>>(),
    })
}

fn person_row(p: &PersonCard) -> String {
    let vip = if p.vip { "VIP" } else { "   " };
    format!(
        "{} {vip} {} {} · {} mentions, {} in 30 days",
        p.id,
        pad(&p.name, 24),
        p.scope,
        p.mentions,
        p.recent
    )
}

/// The discussion that a mention belongs to, oldest first.
pub async fn thread(door: &dyn Door, id: &str, out: &Out) -> i32 {
    let key = match find(door, id, out).await {
        Ok(k) => k,
        Err(code) => return code,
    };
    match door.ask(Request::Thread(key.id)).await {
        Reply::Items(items) => {
            let now = Stamp::now();
            for i in &items {
                out.either(&line_of(i), || row(i, now));
            }
            0
        }
        other => out.unexpected(&other),
    }
}

pub async fn log(door: &dyn Door, id: Option<String>, limit: usize, out: &Out) -> i32 {
    let about = match id {
        None => None,
        Some(id) => match find(door, &id, out).await {
            Ok(k) => Some(k.id),
            Err(code) => return code,
        },
    };
    match door.ask(Request::Log { about, limit }).await {
        Reply::Log(all) => {
            for r in &all {
                out.either(&entry_json(&r.entry), || {
                    let about = if r.about.is_empty() { String::new() } else { format!(" · {}", r.about) };
                    format!("{}{about}", entry_row(&r.entry))
                });
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

pub fn entry_json(e: &Entry) -> Value {
    let target = |c: &crate::model::Change| match &c.target {
        crate::model::Target::Mention(k) => format!("m:{}", k.id),
        crate::model::Target::Person(p) => format!("p:{p}"),
        crate::model::Target::Draft(d) => format!("d:{d}"),
        crate::model::Target::Source(s) | crate::model::Target::Team(s) => format!("s:{s}"),
        crate::model::Target::Mute(k) => k.to_string(),
    };
    json!({
        "seq": e.seq, "at": e.at.rfc3339(), "who": e.who, "uid": e.uid, "verb": e.verb,
        "cause": format!("{:?}", e.cause).to_lowercase(),
        "changes": e.changes.iter().map(|c| json!({"target": target(c), "from": c.from.words(), "to": c.to.words()})).collect::<Vec<_>>(),
    })
}

pub fn entry_row(e: &Entry) -> String {
    let what = match e.changes.as_slice() {
        [one] => format!("{} -> {}", one.from.words(), one.to.words()),
        many => format!("{} items", many.len()),
    };
    let cause = match e.cause {
        crate::model::Cause::Undo(n) => format!(" (undo of {n})"),
        crate::model::Cause::Redo(n) => format!(" (redo of {n})"),
        crate::model::Cause::Clock => " (the clock)".into(),
        _ => String::new(),
    };
    format!("{:>6}  {}  {}  {}  {what}{cause}", e.seq, e.at.local_minute(), pad(&e.who, 10), pad(&e.verb, 9))
}

/// A mode in words; what should be private and is not is said to be so.
fn modes(m: Option<u32>, private: bool) -> String {
    match m {
        Some(m) if private && m & 0o077 != 0 => format!(" {m:04o}, open to others: chmod go= it"),
        Some(m) => format!(" {m:04o}"),
        None => String::new(),
    }
}

pub async fn doctor(door: &dyn Door, out: &Out) -> i32 {
    let (status, sources) = match (door.ask(Request::Status).await, door.ask(Request::Sources).await) {
        (Reply::Status(s), Reply::Sources(r)) => (s, r),
        (Reply::Status(_), other) | (other, _) => return out.unexpected(&other),
    };
    let red: Vec<&SourceView> = sources.iter().filter(|s| s.health.is_red()).collect();
    let v = json!({
        "version": status.version, "config": status.config, "data": status.data, "who": status.who,
        "config_mode": status.config_mode.map(|m| format!("{m:04o}")),
        "data_mode": status.data_mode.map(|m| format!("{m:04o}")), "disk_bytes": status.disk_bytes, "log_end": status.log_end, "red": red.iter().map(|s| &s.id).collect::<Vec<_>>(),
        "cleaned_at_sink": status.cleaned_at_sink,
        "search": status.searchable.map(|(n, waiting)| json!({"filed": n, "waiting": waiting})),
    });
    out.either(&v, || {
        let mut s = format!(
            "hearken {}\nconfig    {}{}\ndata      {}{} ({} MB)\nyou are   {}\nlog       {} entries\nsearch    {}\nsources   {}, {} red\n",
            status.version,
            status.config,
            modes(status.config_mode, false),
            status.data,
            modes(status.data_mode, true),
            status.disk_bytes >> 20,
            status.who,
            status.log_end,
            searchable(status.searchable),
            sources.len(),
            red.len()
        );
        for r in &red {
            s += &format!("  ! {}: {}\n", r.id, r.health.word());
        }
        for (at, t) in &status.notices {
            s += &format!("  {} {t}\n", at.local_minute());
        }
        s.trim_end().to_owned()
    });
    i32::from(!red.is_empty())
}

/// How the search index is, in words.
fn searchable(state: Option<(u64, u64)>) -> String {
    match state {
        None => "no index: lists with a filter are read whole".into(),
        Some((n, 0)) => format!("{n} mentions in the index"),
        Some((n, waiting)) => format!("{n} mentions in the index, {waiting} found by reading"),
    }
}
