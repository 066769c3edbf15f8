//! The engine's own commands: a line for a status bar, stop, check.

use super::Out;
use crate::door::{Brief, Door, ListQuery, Reply, Request};
use crate::model::{Stamp, State};
use serde_json::json;

pub async fn status(door: &dyn Door, format: &str, out: &Out) -> i32 {
    match door.ask(Request::Brief).await {
        Reply::Brief(b) => {
            let c = b.counts;
            let v = json!({
                "inbox": c.inbox, "unread": c.unread, "snoozed": c.snoozed, "done": c.done, "heard": c.heard,
                "sources": b.sources, "broken": b.broken, "terminals": b.terminals,
            });
            out.either(&v, || line(format, &b));
            0
        }
        other => out.unexpected(&other),
    }
}

/// Fills in the numbers. Nothing from outside is ever in it: tmux expands the line once more, so a `#` of the
/// format is doubled, and `{!broken}` is empty or ` !3`.
fn line(format: &str, b: &Brief) -> String {
    let broken = if b.broken > 0 { format!(" !{}", b.broken) } else { String::new() };
    let mut out = format.replace('#', "##");
    for (name, n) in [
        ("inbox", b.counts.inbox),
        ("unread", b.counts.unread),
        ("snoozed", b.counts.snoozed),
        ("done", b.counts.done),
        ("heard", b.counts.heard),
        ("sources", u64::from(b.sources)),
        ("broken", u64::from(b.broken)),
        ("terminals", u64::from(b.terminals)),
    ] {
        out = out.replace(&format!("{{{name}}}"), &n.to_string());
    }
    out.replace("{!broken}", &broken)
}

pub async fn stop(door: &dyn Door, out: &Out) -> i32 {
    match door.ask(Request::Stop).await {
        Reply::Stopping => {
            out.either(&json!({"stopped": true}), || "the engine ends".to_owned());
            0
        }
        other => out.unexpected(&other),
    }
}

/// What a colleague should know who takes over.
pub async fn handover(door: &dyn Door, out: &Out) -> i32 {
    let open = ListQuery::newest(&[State::Inbox, State::Snoozed], "", 5000);
    match (door.ask(Request::List(open)).await, door.ask(Request::Drafts).await) {
        (Reply::List { items, .. }, Reply::Drafts(drafts)) => {
            let text = crate::model::handover(&items, &drafts, Stamp::now());
            out.either(&json!({"markdown": text}), || text.trim_end().to_owned());
            0
        }
        (Reply::List { .. }, other) | (other, _) => out.unexpected(&other),
    }
}

/// By the engine that runs; it repairs nothing.
pub async fn check(door: &dyn Door, out: &Out) -> i32 {
    match door.ask(Request::Check).await {
        Reply::Checked(n, found) => {
            for f in &found {
                out.either(&json!({"finding": f.as_str(), "repaired": false}), || f.to_string());
            }
            out.either(&json!({"mentions": n, "findings": found.len()}), || {
                format!("{n} mentions, {} findings", found.len())
            });
            i32::from(!found.is_empty())
        }
        other => out.unexpected(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_numbers_and_no_sign_that_tmux_would_obey() {
        let mut b = Brief { broken: 2, ..Brief::default() };
        b.counts.unread = 7;
        b.counts.inbox = 9;
        assert_eq!(line("#(reboot) {unread}/{inbox}{!broken}", &b), "##(reboot) 7/9 !2");
        b.broken = 0;
        assert_eq!(line("{unread}{!broken} {nothing}", &b), "7 {nothing}");
    }
}
