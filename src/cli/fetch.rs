//! `hearken fetch`: one line a source, a bar on a terminal, an exit code that tells.

use super::Out;
use super::out::on_terminal;
use crate::door::{Door, Event, Reply, Request};
use serde_json::json;
use std::io::Write;

pub async fn fetch(door: &dyn Door, sources: Vec<String>, out: &Out) -> i32 {
    let mut events = door.events();
    let ticket = u64::from(std::process::id()).max(1);
    let total = match door.ask(Request::Sources).await {
        Reply::Sources(s) => {
            s.iter().filter(|s| s.configured && (sources.is_empty() || sources.contains(&s.id))).count()
        }
        other => return out.unexpected(&other),
    };
    if total == 0 && sources.is_empty() {
        out.complain("there are no sources; add one with hearken source add URL");
        return 3;
    }
    let mut told = std::collections::HashSet::new();
    let mine = sources.clone();
    let wanted = |s: &String| mine.is_empty() || mine.contains(s);
    let asked = door.ask(Request::Poll { sources, ticket });
    tokio::pin!(asked);
    let mut seen = 0;
    let bar = !out.json && on_terminal();
    let (mut new, mut inbox) = (0u64, 0u64);
    let reply = loop {
        tokio::select! {
            biased;
            e = events.recv() => {
                if let Ok(Event::Polled { ticket: t, source, ok, new: n, inbox: i, words }) = e
                    && (t == ticket || t == 0) && wanted(&source) && told.insert(source.clone())
                {
                    // A poll that was under way already counts as ours.
                    seen += 1;
                    new += u64::from(n);
                    inbox += u64::from(i);
                    clear(bar);
                    let v = json!({"source": source, "ok": ok, "new": n, "inbox": i, "words": words.as_str()});
                    out.either(&v, || format!("{} {source}: {words}", if ok { "ok  " } else { "FAIL" }));
                    draw(bar, seen, total);
                }
            }
            r = &mut asked => break r,
        }
    };
    // What was announced before the reply is still in the channel.
    while let Ok(e) = events.try_recv() {
        if let Event::Polled { ticket: t, source, ok, new: n, inbox: i, words } = e
            && (t == ticket || t == 0)
            && wanted(&source)
            && told.insert(source.clone())
        {
            new += u64::from(n);
            inbox += u64::from(i);
            clear(bar);
            let v = json!({"source": source, "ok": ok, "new": n, "inbox": i, "words": words.as_str()});
            out.either(&v, || format!("{} {source}: {words}", if ok { "ok  " } else { "FAIL" }));
        }
    }
    clear(bar);
    match reply {
        Reply::Polled { failed } => {
            if !out.json {
                out.line(&format!("{total} sources, {failed} failed; {new} new, {inbox} for the inbox"));
            }
            i32::from(failed > 0)
        }
        other => out.unexpected(&other),
    }
}

fn draw(bar: bool, seen: usize, total: usize) {
    if bar && seen < total {
        let filled = seen * 30 / total.max(1);
        let mut err = std::io::stderr();
        let _ = write!(err, "\r[{}{}] {seen}/{total}", "#".repeat(filled), ".".repeat(30 - filled));
        let _ = err.flush();
    }
}

fn clear(bar: bool) {
    if bar {
        let mut err = std::io::stderr();
        let _ = write!(err, "\r\x1b[K");
        let _ = err.flush();
    }
}
