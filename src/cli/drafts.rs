//! Drafts from the command line: written, finished, looked at by whoever may.

use super::args::Command;
use super::{Out, exact_id, find};
use crate::clean;
use crate::clean::width::{fit, pad};
use crate::door::{Door, Reply, Request};
use crate::model::{Draft, Id, Key, Stage, Stamp, Targets, Verb, Writes};
use serde_json::{Value, json};
use std::io::{IsTerminal, Read};

/// Longest draft that is read from a pipe, in bytes.
const LONGEST: u64 = 1 << 20;

fn object(d: &Draft) -> Value {
    json!({
        "id": d.id.to_string(), "mention": d.mention.id.to_string(), "about": d.about.as_str(), "who": d.who,
        "text": d.text.as_str(), "saved_at": d.saved_at.rfc3339(), "discarded": d.discarded,
        "posted": d.posted.as_ref().map(|u| u.as_str().to_owned()), "stage": d.stage.words(),
        "reason": d.reason.as_str(), "changes": d.changes.map(|id| id.to_string()),
    })
}

fn row(d: &Draft) -> String {
    let mark = match (&d.posted, d.discarded, &d.stage) {
        (Some(_), ..) => "posted",
        (_, true, _) => "aside",
        (.., Stage::Writing) => "draft",
        (.., Stage::Waiting { .. }) => "waits",
        (.., Stage::Approved { .. }) => "may go",
        (.., Stage::Returned { .. }) => "back",
        (.., Stage::Going(_)) => "goes",
    };
    let begin = d.text.lines().next().unwrap_or("");
    format!("{mark:<6} {} {} {}: {}{}", d.id, pad(&d.who, 10), fit(&d.about, 40), d.sign(), fit(begin, 60))
}

async fn drafts(door: &dyn Door, which: Request, out: &Out) -> Result<Vec<Draft>, i32> {
    match door.ask(which).await {
        Reply::Drafts(all) => Ok(all),
        other => Err(out.unexpected(&other)),
    }
}

pub async fn list(door: &dyn Door, out: &Out) -> i32 {
    match drafts(door, Request::AllDrafts, out).await {
        Ok(all) => {
            for d in &all {
                out.either(&object(d), || row(d));
            }
            if all.is_empty() { 3 } else { 0 }
        }
        Err(code) => code,
    }
}

/// Writes, submits, approves, returns.
pub async fn run(door: &dyn Door, command: Command, out: &Out) -> i32 {
    match command {
        Command::Draft { id, text, replace } => write(door, &id, &text.join(" "), replace, out).await,
        Command::Submit { draft } => on(door, &draft, Verb::Submit, out).await,
        Command::Approve { draft, saved_at } => approve(door, &draft, saved_at, out).await,
        Command::Return { draft, reason } => on(door, &draft, Verb::Return(reason.join(" ")), out).await,
        _ => {
            out.complain("this command is not about drafts");
            2
        }
    }
}

async fn write(door: &dyn Door, id: &str, text: &str, replace: bool, out: &Out) -> i32 {
    let mention = match find(door, id, out).await {
        Ok(k) => k,
        Err(code) => return code,
    };
    let words = match words(text, out) {
        Ok(w) => w,
        Err(code) => return code,
    };
    // Without being told to, nothing that is there is written over.
    let seen = (!replace).then_some(Stamp(0));
    match save(door, mention, Writes::Own, seen, &words, out).await {
        Ok((id, _)) => {
            out.either(&json!({"did": "draft", "id": id.to_string()}), || format!("draft {id}"));
            0
        }
        Err(code) => code,
    }
}

/// The words of a draft; `-` reads them from standard input.
pub(super) fn words(text: &str, out: &Out) -> Result<String, i32> {
    let mut words = text.to_owned();
    if words == "-" {
        words.clear();
        if let Err(e) = std::io::stdin().lock().take(LONGEST).read_to_string(&mut words) {
            out.complain(&format!("the draft cannot be read: {e}"));
            return Err(2);
        }
    }
    Ok(words)
}

/// Keeps a draft about a mention, if what stands there is what was `seen` (0: nothing; `None`: whatever it is); gives its
/// id, and when it was kept.
pub(super) async fn save(
    door: &dyn Door,
    mention: Key,
    which: Writes,
    seen: Option<Stamp>,
    text: &str,
    out: &Out,
) -> Result<(Id, Stamp), i32> {
    match door.ask(Request::SaveDraft { mention, which, seen, text: clean::draft(text), goes: None }).await {
        Reply::Saved { id, at, .. } => Ok((id, at)),
        other => Err(out.unexpected(&other)),
    }
}

/// What is approved is what was read: its time is named, or it is shown and asked about.
async fn approve(door: &dyn Door, id: &str, saved_at: Option<String>, out: &Out) -> i32 {
    let at = match saved_at.as_deref().map(Stamp::parse_rfc3339) {
        Some(Ok(at)) => at,
        Some(Err(why)) => {
            out.complain(&why);
            return 2;
        }
        None if !std::io::stdin().is_terminal() => {
            out.complain("say which text was read: --saved-at, as hearken drafts --json shows it");
            return 2;
        }
        None => {
            let d = match one(door, id, out).await {
                Ok(d) => d,
                Err(code) => return code,
            };
            out.line(&format!(
                "{} about “{}” ({}):\n\n{}\n\napprove it as it stands? (yes)",
                d.who,
                d.about,
                d.words(),
                d.text
            ));
            let mut said = String::new();
            let heard = std::io::stdin().read_line(&mut said);
            if heard.is_err() || !matches!(said.trim().to_lowercase().as_str(), "y" | "yes") {
                out.line("not approved");
                return 3;
            }
            d.saved_at
        }
    };
    on(door, id, Verb::Approve(at), out).await
}

/// One open draft by its id or the beginning of it.
pub(super) async fn one(door: &dyn Door, id: &str, out: &Out) -> Result<Draft, i32> {
    let named = |d: &Draft| exact_id(id).is_some_and(|e| d.id == e) || d.id.to_string().starts_with(id);
    let all = drafts(door, Request::Drafts, out).await?;
    let mut found = all.into_iter().filter(|d| d.is_open() && named(d));
    match (found.next(), found.next()) {
        (Some(d), None) => Ok(d),
        (None, _) => {
            out.complain(&format!("no open draft has the id {id}; hearken drafts lists them"));
            Err(3)
        }
        _ => {
            out.complain(&format!("{id} is the beginning of several ids"));
            Err(2)
        }
    }
}

/// About one draft, named by its id or the beginning of it.
async fn on(door: &dyn Door, id: &str, verb: Verb, out: &Out) -> i32 {
    let d = match one(door, id, out).await {
        Ok(d) => d,
        Err(code) => return code,
    };
    let name = verb.name();
    let targets = Targets::Drafts(vec![d.id]);
    super::verbs::said(door.ask(Request::Act { verb, targets, quiet: false }).await, name, out)
}
