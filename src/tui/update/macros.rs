//! `Q` records a macro, `@` and its key runs it: its verbs are one step of undo, and where it opens a reply a snippet stands
//! in it. Before its first run its steps are shown.

use super::{draft, verbs};
use crate::clean::width::pad;
use crate::door::Request;
use crate::model::Verb;
use crate::tui::action::Action;
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::macros::{Macro, Recording, Step, check, is_key, step_of};
use crate::tui::msg::{Effect, For};

/// `Q`: begins; again: ends, and asks for a key.
pub fn record(app: &mut App) -> Vec<Effect> {
    let Some(r) = app.macros.recording.take() else {
        app.macros.recording = Some(Recording::default());
        app.say("recording: what you do to this mention becomes a macro · Q ends it");
        return Vec::new();
    };
    let steps = r.end();
    if steps.is_empty() {
        app.say("nothing was done meanwhile: no macro");
        return Vec::new();
    }
    let label = format!("its key after @ and a name (b to dev), for: {}", steps.join(" · "));
    app.prompt = Some(Prompt { was: steps.join("\n"), ..Prompt::new(Asking::MacroKey, label, "") });
    Vec::new()
}

/// The key and the name of what was recorded.
///
/// # Errors
/// Why it cannot be kept so.
pub fn keep(app: &mut App, typed: &str, steps: &str) -> Result<Vec<Effect>, String> {
    if typed.is_empty() {
        app.say("not kept");
        return Ok(Vec::new());
    }
    let (key, name) = typed.split_once(' ').map_or((typed, ""), |(k, n)| (k, n.trim()));
    if !is_key(key) {
        return Err("one letter or digit, then its name: b bug to dev".into());
    }
    if let Some(is) = app.macros.all.iter().find(|m| m.key == key) {
        return Err(format!("@{key} is “{}” already; remove it first (: macros, D)", is.name));
    }
    let m = Macro {
        key: key.to_owned(),
        name: if name.is_empty() { "macro".into() } else { name.to_owned() },
        steps: steps.lines().map(str::to_owned).collect(),
    };
    check(&m.steps)?;
    // Who did the steps has seen them.
    app.macros.seen.insert(m.clone());
    app.macros.all.push(m.clone());
    app.say(format!("@{key} runs it · : macros lists them"));
    Ok(vec![Effect::Macro(m)])
}

/// `@` and a key; `@@` runs the last one again.
pub fn run(app: &mut App, key: &str) -> Vec<Effect> {
    let key = if key == "@" { app.macros.last.clone().unwrap_or_default() } else { key.to_owned() };
    if key.is_empty() {
        app.say("no macro was run yet: @ and its key; Q records one");
        return Vec::new();
    }
    let Some(m) = app.macros.all.iter().find(|m| m.key == key).cloned() else {
        app.say(format!("there is no macro @{key}; Q records one"));
        return Vec::new();
    };
    let n = verbs::targets(app).len();
    if n == 0 {
        app.say("nothing is selected");
        return Vec::new();
    }
    if app.macros.seen.contains(&m) {
        return go(app, &m);
    }
    let mut page = Page::new(PageKind::Macro, format!("@{} {}", m.key, m.name));
    page.head = vec!["What it does, one step of undo:".into()];
    page.rows =
        m.steps.iter().enumerate().map(|(i, s)| (format!("{}. {s}", i + 1), Behind::Nothing)).collect();
    page.about = app.subject().cloned().map(Box::new);
    app.pages.push(page);
    let whom = if n == 1 { "this mention".into() } else { format!("{n} marked") };
    let p = Prompt::new(Asking::MacroFirst, format!("Enter runs @{} on {whom} · Esc does not", m.key), "");
    app.prompt = Some(Prompt { source: m.key, ..p });
    Vec::new()
}

/// Its steps were read.
pub fn go_first(app: &mut App, key: &str) -> Vec<Effect> {
    app.pages.retain(|p| p.kind != PageKind::Macro);
    let Some(m) = app.macros.all.iter().find(|m| m.key == key).cloned() else { return Vec::new() };
    app.macros.seen.insert(m.clone());
    go(app, &m)
}

fn go(app: &mut App, m: &Macro) -> Vec<Effect> {
    let mut steps: Vec<Verb> = Vec::new();
    let mut reply = None;
    for s in &m.steps {
        match step_of(s, app.now) {
            Ok(Step::Verb(v)) => steps.push(v),
            Ok(Step::Reply(name)) => reply = Some(name),
            Err(why) => {
                app.warn(format!("@{}: {why}", m.key));
                return Vec::new();
            }
        }
    }
    if reply.is_some() && !app.stream.marks.is_empty() {
        app.say("it opens a reply: that is about one mention; * and Enter unmark all");
        return Vec::new();
    }
    app.macros.last = Some(m.key.clone());
    if let Some(r) = &mut app.macros.recording {
        r.steps.extend(m.steps.iter().cloned());
    }
    let mut out = Vec::new();
    if !steps.is_empty() {
        let closing = steps.iter().any(verbs::closes);
        let Some(targets) = verbs::aim(app, closing) else { return Vec::new() };
        let said = For::Verb(format!("@{} {}", m.key, m.name));
        out.push(Effect::Ask(said, Request::ActMany { verbs: steps, targets }));
    }
    if let Some(name) = reply {
        app.piece = name.and_then(|n| Some((app.subject()?.key, n)));
        out.extend(draft::open(app));
    }
    out
}

/// All macros of this person.
pub fn list(app: &mut App) -> Vec<Effect> {
    let mut page = Page::new(PageKind::Macros, "macros");
    page.head = vec!["@ and the key runs one · @@ the last again · Q records · D removes".into()];
    fill(&mut page, &app.macros.all);
    app.pages.push(page);
    Vec::new()
}

fn fill(page: &mut Page, all: &[Macro]) {
    page.rows = all
        .iter()
        .map(|m| {
            (format!("@{} {} {}", m.key, pad(&m.name, 20), m.steps.join(" · ")), Behind::Macro(m.key.clone()))
        })
        .collect();
    if page.rows.is_empty() {
        page.rows.push(("none yet: Q begins to record, Q ends".into(), Behind::Nothing));
    }
    page.selected = page.selected.min(page.rows.len() - 1);
}

/// A key in the list.
pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    let (Action::EntryRemove, Some(Behind::Macro(key))) = (a, app.pages.last().map(|p| p.behind().clone()))
    else {
        app.say("D removes a macro; macros.toml beside ui.toml holds them");
        return Vec::new();
    };
    app.macros.all.retain(|m| m.key != key);
    let all = app.macros.all.clone();
    if let Some(p) = app.pages.last_mut() {
        fill(p, &all);
    }
    app.say(format!("@{key} is gone"));
    vec![Effect::Macro(Macro { key, ..Macro::default() })]
}
