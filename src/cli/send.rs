//! `preflight`, `send`, `recall` and `outbox`: what is looked at before a draft leaves, and what leaves.

use super::args::{Command, Left};
use super::drafts::one;
use super::out::Out;
use crate::clean::width::{fit, pad};
use crate::door::{Door, Reply, Request, Settle};
use crate::model::outgoing::{Check, Class, Level, Outgoing, Preflight, SendAs};
use crate::model::{Id, Stamp, Targets, Verb, time};
use serde_json::{Value, json};

fn check(c: &Check) -> Value {
    json!({
        "check": c.name, "level": c.level.word(), "words": c.words.as_str(), "source": c.source.as_str(),
        "approval": c.approval,
    })
}

fn show(p: &Preflight, out: &Out) {
    let whole = json!({
        "header": p.header.as_str(), "account": p.account, "accounts": p.accounts, "visibility": p.visibility,
        "visibilities": p.visibilities, "delay_ms": p.delay_ms, "class": p.class.word(), "readiness": p.readiness.as_str(),
        "promo": p.promo.as_str(), "approval": p.approval.as_str(), "by_hand": p.by_hand.as_str(), "level": p.level().word(),
        "checks": p.checks.iter().map(check).collect::<Vec<_>>(),
    });
    out.either(&whole, || {
        let mut lines = vec![p.header.to_string(), format!("{} · {}", p.readiness, p.promo)];
        if !p.by_hand.is_empty() {
            lines.push(p.by_hand.to_string());
        }
        if !p.approval.is_empty() {
            lines.push(format!("it has to be approved first, by {}", p.approval));
        }
        for c in &p.checks {
            lines.push(format!("{} {} {}", pad(c.level.word(), 5), pad(&c.name, 11), c.words));
        }
        lines.join("\n")
    });
}

pub async fn run(door: &dyn Door, command: Command, out: &Out) -> i32 {
    match command {
        Command::Preflight { draft, account, visibility } => {
            let d = match one(door, &draft, out).await {
                Ok(d) => d,
                Err(code) => return code,
            };
            let how = SendAs {
                account: account.unwrap_or_default(),
                visibility: visibility.unwrap_or_default(),
                ..SendAs::default()
            };
            let request = Request::Preflight { draft: Some(d.id), mention: d.mention.id, how: Box::new(how) };
            match door.ask(request).await {
                Reply::Preflight(p) => {
                    show(&p, out);
                    i32::from(p.level() == Level::Red || !p.approval.is_empty())
                }
                other => out.unexpected(&other),
            }
        }
        Command::Send { draft, account, visibility, at, class, reason } => {
            let d = match one(door, &draft, out).await {
                Ok(d) => d,
                Err(code) => return code,
            };
            let at = match at.map(|t| time::parse_when(&t, Stamp::now())).transpose() {
                Ok(t) => t,
                Err(why) => {
                    out.complain(&why);
                    return 2;
                }
            };
            let class = match class.as_deref().map(|w| Class::ALL.into_iter().find(|c| c.word() == w)) {
                Some(None) => {
                    out.complain("--class is help, talk, own-link or promotion");
                    return 2;
                }
                known => known.flatten(),
            };
            let how = SendAs {
                saved_at: d.saved_at,
                account: account.unwrap_or_default(),
                visibility: visibility.unwrap_or_default(),
                at,
                reason: reason.unwrap_or_default(),
                class,
                changes: d.changes,
            };
            // Other words for what stands there go to that place.
            if how.changes.is_some() {
                if how.at.is_some() {
                    out.complain("a change is made at once: leave --at out");
                    return 2;
                }
                let ask = Request::Change { draft: d.id, how: Box::new(how) };
                return super::verbs::said(door.ask(ask).await, "change", out);
            }
            let verb = Verb::Send(Box::new(how));
            let targets = Targets::Drafts(vec![d.id]);
            match door.ask(Request::Act { verb, targets, quiet: false }).await {
                Reply::LetGo { due, .. } => {
                    let v = json!({"did": "send", "draft": d.id.to_string(), "due": due.rfc3339()});
                    out.either(&v, || {
                        format!("goes {} · hearken recall {}", due.local_clock(Stamp::now()), d.id)
                    });
                    0
                }
                other => out.unexpected(&other),
            }
        }
        Command::Recall { draft } => {
            let d = match one(door, &draft, out).await {
                Ok(d) => d,
                Err(code) => return code,
            };
            let (verb, targets) = (Verb::Recall, Targets::Drafts(vec![d.id]));
            super::verbs::said(door.ask(Request::Act { verb, targets, quiet: false }).await, "recall", out)
        }
        Command::Outbox { action } => outbox(door, action, out).await,
        _ => {
            out.complain("this command sends nothing");
            2
        }
    }
}

fn object(o: &Outgoing) -> Value {
    let fate = o.fate.map_or("waits".to_owned(), |f| format!("{f:?}").to_lowercase());
    json!({
        "draft": o.draft.to_string(), "mention": o.mention.id.to_string(), "about": o.about.as_str(), "text": o.text.as_str(),
        "who": o.who, "by": o.by, "account": o.account, "network": o.network, "visibility": o.visibility,
        "due": o.due.rfc3339(), "fate": fate, "attempts": o.attempts, "why": o.why.as_str(),
        "url": o.posted.url.as_str(), "native": o.posted.native.as_str(),
        "outcome": {"likes": o.outcome.likes, "shares": o.outcome.shares, "replies": o.outcome.replies, "removed": o.outcome.removed},
    })
}

fn row(o: &Outgoing) -> String {
    let words = o.words(Stamp::now());
    format!("{} {} {} {words} {}", o.draft, pad(&o.who, 10), fit(&o.about, 40), o.posted.url)
}

async fn outbox(door: &dyn Door, action: Option<Left>, out: &Out) -> i32 {
    let (draft, how) = match action {
        None => {
            return match door.ask(Request::Outbox).await {
                Reply::Outbox(all) => {
                    for o in &all {
                        out.either(&object(o), || row(o));
                    }
                    if all.is_empty() { 3 } else { 0 }
                }
                other => out.unexpected(&other),
            };
        }
        Some(Left::Posted { draft, url }) => (draft, Settle::Posted(url)),
        Some(Left::Drop { draft }) => (draft, Settle::Drop),
        Some(Left::Again { draft }) => (draft, Settle::Again),
        Some(Left::Remove { draft }) => (draft, Settle::Remove),
        Some(Left::Look { draft }) => (draft, Settle::Look),
        Some(Left::Change { draft, text, reason }) => {
            return super::compose::change(door, &draft, &text.join(" "), reason, out).await;
        }
    };
    let id: Id = match (&how, super::exact_id(&draft)) {
        // What was sent is no open draft any more.
        (Settle::Remove | Settle::Look, Some(id)) => id,
        (Settle::Remove | Settle::Look, None) => {
            out.complain("name it by its whole id, as hearken outbox shows it");
            return 2;
        }
        // Named whole, it is not looked for among all drafts.
        (_, Some(id)) => id,
        (_, None) => match one(door, &draft, out).await {
            Ok(d) => d.id,
            Err(code) => return code,
        },
    };
    let (name, look) = (how.word(), how == Settle::Look);
    let done = door.ask(Request::Settle { draft: id, how }).await;
    if !look || !matches!(done, Reply::Applied(_)) {
        return super::verbs::said(done, name, out);
    }
    match door.ask(Request::Outbox).await {
        Reply::Outbox(all) => {
            for o in all.iter().filter(|o| o.draft == id) {
                out.either(&object(o), || row(o));
            }
            0
        }
        other => out.unexpected(&other),
    }
}
