//! `compose`, `react` and `outbox change`: what is said unasked.

use super::args::Command;
use super::drafts::{save, words};
use super::out::Out;
use super::{exact_id, find};
use crate::door::{Door, Reply, Request};
use crate::model::attach::{self, Attached};
use crate::model::outgoing::SendAs;
use crate::model::{Id, Key, Stamp, Writes};
use serde_json::json;

pub async fn run(door: &dyn Door, command: Command, out: &Out) -> i32 {
    match command {
        Command::Compose { account, to, title, text } => {
            let text = match words(&text.join(" "), out) {
                Ok(t) => t,
                Err(code) => return code,
            };
            let (place, title) = (to.unwrap_or_default(), title.unwrap_or_default());
            let about = match door.ask(Request::Compose { account, place, title }).await {
                Reply::Items(items) if !items.is_empty() => items[0].key,
                other => return out.unexpected(&other),
            };
            match save(door, about, Writes::Own, Some(Stamp(0)), &text, out).await {
                Ok((id, _)) => {
                    let v =
                        json!({"did": "compose", "draft": id.to_string(), "mention": about.id.to_string()});
                    out.either(&v, || format!("draft {id} · hearken send {id}"));
                    0
                }
                Err(code) => code,
            }
        }
        Command::Attach { file, alt } => {
            let (file, bytes) = match crate::door::picture(&file) {
                Ok(x) => x,
                Err(why) => {
                    out.complain(&why);
                    return 2;
                }
            };
            match door.ask(Request::Attach { file, bytes }).await {
                Reply::Attached(name) => {
                    let line = attach::line(&Attached { name, alt });
                    out.either(&json!({"did": "attach", "line": line}), || line.clone());
                    0
                }
                other => out.unexpected(&other),
            }
        }
        Command::React { id, with, back, account } => {
            let mention = match find(door, &id, out).await {
                Ok(k) => k.id,
                Err(code) => return code,
            };
            let (with, account) = (with.unwrap_or_default(), account.unwrap_or_default());
            let done = door.ask(Request::React { back, mention, with, account }).await;
            super::verbs::said(done, "react", out)
        }
        _ => {
            out.complain("this command says nothing");
            2
        }
    }
}

/// What was sent from a draft says other words from now on.
pub(super) async fn change(
    door: &dyn Door,
    draft: &str,
    text: &str,
    reason: Option<String>,
    out: &Out,
) -> i32 {
    let Some(old) = exact_id(draft) else {
        out.complain("name it by its whole id, as hearken outbox shows it");
        return 2;
    };
    let text = match words(text, out) {
        Ok(t) => t,
        Err(code) => return code,
    };
    let about = match mention_of(door, old, out).await {
        Ok(k) => k,
        Err(code) => return code,
    };
    // A change that did not go through may be tried with other words.
    let again = match door.ask(Request::Draft(about.id)).await {
        Reply::Draft(d, _) => d.is_some_and(|d| d.is_open() && d.changes == Some(old)),
        other => return out.unexpected(&other),
    };
    let seen = (!again).then_some(Stamp(0));
    let (draft, saved_at) = match save(door, about, Writes::Changing(old), seen, &text, out).await {
        Ok(saved) => saved,
        Err(code) => return code,
    };
    let reason = reason.unwrap_or_default();
    let how = Box::new(SendAs { saved_at, changes: Some(old), reason, ..SendAs::default() });
    super::verbs::said(door.ask(Request::Change { draft, how }).await, "change", out)
}

async fn mention_of(door: &dyn Door, draft: Id, out: &Out) -> Result<Key, i32> {
    match door.ask(Request::Outbox).await {
        Reply::Outbox(all) => match all.into_iter().find(|o| o.draft == draft) {
            Some(o) => Ok(o.mention),
            None => {
                out.complain("that was not sent from here; hearken outbox lists what was");
                Err(3)
            }
        },
        other => Err(out.unexpected(&other)),
    }
}
