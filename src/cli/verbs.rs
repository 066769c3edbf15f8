//! Verbs from the command line.

use super::args::Command;
use super::{Out, exact_id, find};
use crate::door::{Door, ListQuery, Reply, Request};
use crate::model::{Applied, Key, MuteKey, MuteKind, Stamp, State, Targets, Verb, time};
use serde_json::json;

/// Mentions that are looked through for one of the very name.
const NAMED: usize = 200;

pub async fn run(door: &dyn Door, command: Command, out: &Out) -> i32 {
    let (verb, ids) = match command {
        Command::Done { ids } => (Verb::Done, ids),
        Command::Inbox { ids } => (Verb::Inbox, ids),
        Command::Snooze { when, ids } => match Verb::snooze(&when, Stamp::now()) {
            Ok(v) => (v, ids),
            Err(e) => {
                out.complain(&e);
                return 2;
            }
        },
        Command::Claim { ids, from } => (Verb::Claim(from), ids),
        Command::Assign { who, ids } => (Verb::Assign((who != "-").then_some(who)), ids),
        Command::Tag { tag, ids } => {
            let on = !tag.starts_with('-');
            (Verb::Tag { tag: tag.trim_start_matches(['-', '+']).to_owned(), on }, ids)
        }
        Command::Note { id, text } => (Verb::Note(text.join(" ")), vec![id]),
        Command::Read { ids, not } => (Verb::Read(!not), ids),
        Command::Vip { ids, not } => (Verb::Vip(!not), ids),
        Command::Mood { mood, ids } => (Verb::Mood(mood.mood()), ids),
        Command::Like { ids, less, not } => (Verb::Like(Some(!less).filter(|_| !not)), ids),
        Command::Answered { id, url } => (Verb::Answered(url), vec![id]),
        Command::Split { ids } => (Verb::Split, ids),
        Command::Mute { what, id, until, allow } => {
            let until = until.map(|w| time::parse_when(&w, Stamp::now())).transpose();
            match until {
                Ok(until) => {
                    let kind = what.kind();
                    let verb = Verb::Mute { kind, until, allow };
                    match named(door, kind, &id, out).await {
                        Some(Ok(key)) => {
                            let targets = Targets::Mentions(vec![key]);
                            return said(
                                door.ask(Request::Act { verb, targets, quiet: false }).await,
                                "mute",
                                out,
                            );
                        }
                        Some(Err(code)) => return code,
                        None => (verb, vec![id]),
                    }
                }
                Err(e) => {
                    out.complain(&e);
                    return 2;
                }
            }
        }
        Command::Unmute { name } => return unmute(door, &name, out).await,
        Command::Wipe { ids } => (Verb::Wipe, ids),
        Command::Forget { id } => return forget(door, &id, out).await,
        Command::Undo => return said(door.ask(Request::Undo).await, "undo", out),
        Command::Redo => return said(door.ask(Request::Redo).await, "redo", out),
        _ => {
            out.complain("this command is not a verb");
            return 2;
        }
    };
    let mut keys: Vec<Key> = Vec::new();
    for id in &ids {
        match find(door, id, out).await {
            Ok(k) => keys.push(k),
            Err(code) => return code,
        }
    }
    let name = verb.name();
    said(door.ask(Request::Act { verb, targets: Targets::Mentions(keys), quiet: false }).await, name, out)
}

/// The newest mention of an author, a site or a community that is called by its name; `None` for what reads as an id.
async fn named(door: &dyn Door, kind: MuteKind, name: &str, out: &Out) -> Option<Result<Key, i32>> {
    let is_id = crate::model::Id::prefix_range(name).is_some();
    if is_id && matches!(door.ask(Request::Find(name.to_owned())).await, Reply::Keys(k) if !k.is_empty()) {
        return None;
    }
    let filter = kind.filter(name)?;
    match door.ask(Request::List(ListQuery::newest(&State::ALL, &filter, NAMED))).await {
        Reply::List { items, .. } => match items.iter().find(|i| kind.names(name, &i.mention)) {
            Some(i) => Some(Ok(i.key)),
            None => {
                out.complain(&format!("nothing was heard yet of the {} {name}", kind.word()));
                Some(Err(3))
            }
        },
        other => Some(Err(out.unexpected(&other))),
    }
}

async fn unmute(door: &dyn Door, name: &str, out: &Out) -> i32 {
    let Some(key) = MuteKey::parse(name) else {
        out.complain(&format!("“{name}” names no mute; hearken mutes lists them"));
        return 2;
    };
    let targets = Targets::Mentions(Vec::new());
    said(door.ask(Request::Act { verb: Verb::Unmute(key), targets, quiet: false }).await, "unmute", out)
}

/// What is muted or always let in.
pub async fn mutes(door: &dyn Door, out: &Out) -> i32 {
    match door.ask(Request::Mutes).await {
        Reply::Mutes(all) => {
            let now = Stamp::now();
            for m in &all {
                let v = json!({
                    "name": m.key.to_string(), "kind": m.key.kind.word(), "label": m.label.as_str(),
                    "until": m.mute.until.map(Stamp::rfc3339), "allow": m.mute.allow, "by": m.mute.by,
                });
                out.either(&v, || format!("{}  {}: {} ({})", m.key, m.label, m.mute.words(now), m.mute.by));
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

/// By the id of a person, or of one of their mentions.
async fn forget(door: &dyn Door, id: &str, out: &Out) -> i32 {
    let mut person = None;
    if let Some(exact) = exact_id(id)
        && let Reply::People(p) = door.ask(Request::People(vec![exact])).await
    {
        person = p.first().map(|p| p.id);
    }
    if person.is_none() {
        let key = match find(door, id, out).await {
            Ok(k) => k,
            Err(code) => return code,
        };
        if let Reply::Items(items) = door.ask(Request::Items(vec![key.id])).await {
            person = items.first().map(|i| crate::model::Id(i.mention.author.key())).filter(|i| i.0 != 0);
        }
    }
    let Some(person) = person else {
        out.complain(&format!("{id} names nobody"));
        return 3;
    };
    let ask = Request::Act { verb: Verb::Forget, targets: Targets::People(vec![person]), quiet: false };
    said(door.ask(ask).await, "forget", out)
}

pub fn said(reply: Reply, name: &str, out: &Out) -> i32 {
    match reply {
        Reply::Applied(a) => {
            let ids: Vec<String> = a.keys.iter().map(|k| k.id.to_string()).collect();
            let v = json!({"did": name, "verb": a.verb, "changed": a.changed, "skipped": a.skipped, "log": a.seq, "ids": ids});
            out.either(&v, || words(&a, name));
            let in_vain =
                matches!(name, "claim" | "submit" | "approve" | "return" | "recall") && a.skipped > 0;
            match (a.changed, a.skipped) {
                (0, 0) => 3,
                _ if in_vain => 1,
                _ => 0,
            }
        }
        other => out.unexpected(&other),
    }
}

fn words(a: &Applied, name: &str) -> String {
    match (name, a.changed, a.skipped) {
        ("undo" | "redo", 0, 0) => format!("nothing to {name}"),
        ("undo" | "redo", n, 0) => format!("{name}: {} ({n})", a.verb),
        ("undo" | "redo", n, s) => format!("{name}: {} ({n} of {}; {s} changed since)", a.verb, n + s),
        (_, n, 0) => format!("{name}: {n}"),
        ("claim", n, s) => format!("claim: {n}, {s} are somebody's already (--from WHO takes over)"),
        ("recall", 0, _) => "recall: it is not on its way, or it left already".to_owned(),
        ("approve" | "submit" | "return", 0, _) => {
            format!("{name}: not done, the draft was changed or is not that far")
        }
        (_, n, s) => format!("{name}: {n}, {s} were so already"),
    }
}
