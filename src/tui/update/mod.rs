//! `update`: the only place where what a terminal shows is changed. Messages in, effects out, nothing waits.

mod compose;
mod draft;
mod finish;
pub mod flight;
mod list;
mod macros;
mod pages;
mod panes;
mod prompt;
mod replies;
mod search;
mod sheet;
mod snippets;
mod sources;
mod team;
pub use team::view_of;
mod texts;
mod verbs;
mod words;

pub use panes::{open_drafts, ranked};
pub use verbs::URGENT;

use super::action::Action;
use super::action::bitflags::Where;
use super::app::{App, PageKind, Pane};
use super::keymap::Found;
use super::msg::{Effect, For, Msg, Rings, Timer};
use crate::door::{Event, Request, To};
use crate::model::Stamp;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Between a change of what is read or written and telling colleagues, in ms.
const HERE: u64 = 300;

/// Takes one message in.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut out = take(app, msg);
    if app.lost {
        away(app, &mut out);
    }
    app.expecting |= out.iter().any(|e| matches!(e, Effect::Ask(For::Verb(_) | For::Undo { .. }, _)));
    if app.opened && !app.here_due && app.here_now() != app.here {
        app.here_due = true;
        out.push(Effect::After(HERE, Timer::Here));
    }
    out
}

/// While the engine is away nothing is begun that would be done behind somebody's back later; words are kept for it.
fn away(app: &mut App, out: &mut Vec<Effect>) {
    let before = out.len();
    out.retain(|e| match e {
        Effect::Ask(For::Told, _) => true,
        Effect::Ask(_, Request::SaveDraft { .. }) => true,
        Effect::Ask(_, r) => {
            let more = matches!(r, Request::Draft(_) | Request::AddPage(_) | Request::Poll { .. });
            !more && !super::msg::changes_something(r)
        }
        _ => true,
    });
    if out.len() < before {
        app.ahead = None;
        app.stream.marks_asked = false;
        app.warn("not done: the engine is away");
    }
}

fn take(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(k) => key(app, &k),
        Msg::Paste(s) => paste(app, &s),
        Msg::Resize(w, h) => {
            app.size = (w, h);
            app.draw_now = true;
            // A reader beside the stream and a reader over it are two things: the focus follows what is seen.
            if app.columns() == 1 {
                app.reader.open = app.pane == Pane::Reader && app.reader.item.is_some();
            } else {
                app.reader.open = false;
            }
            draft::resized(app);
            list::keep_visible(app);
            pages::refresh(app);
            let mut out = list::look_ahead(app);
            out.extend(list::people_of_screen(app));
            out
        }
        Msg::Event(e) => event(app, e),
        Msg::Reply(what, reply) => replies::reply(app, what, *reply),
        Msg::Timer(Timer::SaveDraft(n)) => draft::timer(app, n),
        Msg::Timer(Timer::Follow(n)) => {
            if n == app.follow && app.columns() > 1 {
                list::follow(app);
                return app.dwell_ms.map(|ms| Effect::After(ms, Timer::Dwell(n))).into_iter().collect();
            }
            Vec::new()
        }
        Msg::Timer(Timer::Dwell(n)) => {
            match app.reader.item.as_ref().filter(|i| n == app.follow && !i.read) {
                Some(i) => verbs::read_quietly(i.key),
                None => Vec::new(),
            }
        }
        Msg::Timer(Timer::Try(n)) => sheet::ask(app, n),
        Msg::Timer(Timer::Tally) => team::ask_tallies(app),
        Msg::Timer(Timer::Here) => {
            app.here_due = false;
            let (reading, writing) = app.here_now();
            if app.here == (reading, writing) {
                return Vec::new();
            }
            app.here = (reading, writing);
            vec![Effect::Ask(For::Told, Request::Here { reading, writing })]
        }
        Msg::Minute => {
            app.now = Stamp::now();
            app.draw_later = true;
            pages::refresh(app);
            Vec::new()
        }
        Msg::Edited(r) => draft::edited(app, r),
        Msg::Said(s) => {
            app.say(s);
            Vec::new()
        }
        Msg::Opened => {
            app.opened = true;
            app.draw_now = true;
            let mut out = list::reload(app);
            out.push(Effect::Ask(For::Sources, Request::Sources));
            out.push(Effect::Ask(For::Drafts, Request::Drafts));
            out.push(Effect::Ask(For::Told, Request::Status));
            out.push(Effect::Ask(For::Told, Request::Presence));
            out.push(Effect::Ask(For::Told, Request::Since));
            out.extend(team::ask(app));
            out
        }
        Msg::OpenFailed(why) => {
            app.failed = Some(why.clone());
            app.warn(why);
            Vec::new()
        }
        Msg::Gone => leave(app, 129),
        Msg::Terminate => leave(app, 143),
    }
}

/// Saves what is being written, then ends.
fn leave(app: &mut App, code: i32) -> Vec<Effect> {
    let mut out = draft::save_last(app);
    out.push(Effect::Quit(code));
    out
}

/// The name of a key as the table writes it.
#[must_use]
pub fn key_name(k: &KeyEvent) -> Option<String> {
    let ctrl = k.modifiers.contains(KeyModifiers::CONTROL);
    Some(match k.code {
        KeyCode::Char(' ') => "space".into(),
        KeyCode::Char(c) if ctrl => format!("ctrl-{}", c.to_ascii_lowercase()),
        KeyCode::Char(c) if !k.modifiers.contains(KeyModifiers::ALT) => c.to_string(),
        KeyCode::Enter => "enter".into(),
        KeyCode::Esc => "esc".into(),
        KeyCode::Tab => "tab".into(),
        KeyCode::Up => "up".into(),
        KeyCode::Down => "down".into(),
        KeyCode::Left => "left".into(),
        KeyCode::Right => "right".into(),
        KeyCode::PageUp => "pgup".into(),
        KeyCode::PageDown => "pgdn".into(),
        KeyCode::Home => "home".into(),
        KeyCode::End => "end".into(),
        _ => return None,
    })
}

/// Where keys go now.
pub fn place(app: &App) -> Where {
    place_on(app.pages.last().map(|p| p.kind))
}

/// Where keys go once the palette or the help is closed.
fn place_below(app: &App) -> Where {
    let mut below = app.pages.iter().rev().map(|p| p.kind);
    place_on(below.find(|k| !matches!(k, PageKind::Palette | PageKind::Help)))
}

fn place_on(page: Option<PageKind>) -> Where {
    match page {
        Some(PageKind::Sources | PageKind::Source) => Where::SOURCES,
        Some(PageKind::Approval) => Where::APPROVAL,
        Some(PageKind::Preflight) => Where::PREFLIGHT,
        Some(PageKind::Outbox) => Where::OUTBOX,
        Some(PageKind::Topics | PageKind::Rules | PageKind::Mutes | PageKind::Macros) => Where::TEAM,
        Some(_) => Where::PAGE,
        None => Where::MAIN,
    }
}

fn key(app: &mut App, k: &KeyEvent) -> Vec<Effect> {
    app.draw_now = true;
    app.stream.calm = false;
    if app.prompt.is_some() {
        return prompt::key(app, k);
    }
    if app.sheet.is_some() {
        return sheet::key(app, k);
    }
    if app.editor.is_some() && app.pages.is_empty() {
        return draft::key(app, k);
    }
    if let Some(done) = draft::key_before(app, k) {
        return done;
    }
    let Some(name) = key_name(k) else { return Vec::new() };
    let chord = if app.chord.is_empty() { name.clone() } else { format!("{} {name}", app.chord) };
    let pending = !app.chord.is_empty();
    app.chord.clear();
    match app.keymap.look_up(&chord, place(app)) {
        Found::Action(a) => {
            app.warned = matches!(app.notice, Some((true, _)));
            app.notice = None;
            act(app, a)
        }
        Found::Prefix => {
            app.notice = None;
            app.chord = chord;
            Vec::new()
        }
        // Esc and its twins only give up a chord that was begun.
        Found::Nothing if pending && matches!(name.as_str(), "esc" | "ctrl-g" | "ctrl-c" | "q") => Vec::new(),
        Found::Nothing if chord.starts_with("@ ") => macros::run(app, &name),
        Found::Nothing if pending => {
            app.say(format!("{chord} does nothing here"));
            Vec::new()
        }
        Found::Nothing => {
            app.say(format!("{name} does nothing here; ? shows the keys"));
            Vec::new()
        }
    }
}

/// Pasted text is text where text is typed, and nothing elsewhere.
fn paste(app: &mut App, s: &str) -> Vec<Effect> {
    let clean = crate::clean::draft(s);
    app.draw_now = true;
    if s.chars().count() > clean.chars().count() + 1_000 && clean.len() >= 60_000 {
        app.warn(format!("the paste was too long: its first {} characters are here", clean.chars().count()));
    }
    if let Some(p) = &mut app.prompt {
        p.line.insert(&clean.replace('\n', " "));
        return Vec::new();
    }
    if app.sheet.is_some() {
        return sheet::paste(app, &clean);
    }
    if app.editor.is_some() && app.pages.is_empty() {
        return draft::insert(app, &clean);
    }
    if let Some(ahead) = &mut app.ahead {
        let key = |c| KeyEvent::from(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        ahead.extend(clean.chars().map(key));
        return Vec::new();
    }
    app.say("pasted text goes only where text is typed");
    Vec::new()
}

fn event(app: &mut App, e: Event) -> Vec<Effect> {
    match e {
        Event::Arrived { inbox, .. } => {
            app.draw_later = true;
            let mut out = vec![Effect::Ask(For::Counts, Request::Counts)];
            out.extend(team::tally_soon(app));
            let shows = app.stream.states.contains(&crate::model::State::Inbox);
            if inbox > 0 {
                out.push(Effect::Bell(Rings::News));
            }
            if shows && inbox > 0 {
                app.stream.calm |= app.stream.rows.is_empty();
                if app.stream.calm && app.stream.loaded {
                    out.extend(list::reload(app));
                } else {
                    app.stream.waiting += inbox;
                }
            }
            out
        }
        Event::Changed(keys) => {
            let ids = list::shown(app, &keys);
            let mut out = vec![Effect::Ask(For::Counts, Request::Counts)];
            out.extend(team::tally_soon(app));
            if !ids.is_empty() {
                out.push(Effect::Ask(For::Items, Request::Items(ids)));
            }
            out
        }
        Event::Polled { source, words, ok, .. } if app.asking.as_ref() == Some(&source) => {
            app.asking = None;
            app.notice = Some((!ok, format!("{source}: {words}")));
            app.draw_later = true;
            vec![Effect::Ask(For::Sources, Request::Sources)]
        }
        Event::Polled { .. } | Event::SourcesChanged => {
            app.draw_later = true;
            let mut out = vec![Effect::Ask(For::Sources, Request::Sources)];
            if matches!(e, Event::SourcesChanged) {
                out.extend(team::ask(app));
            }
            out
        }
        Event::DraftsChanged => {
            let mut out = vec![Effect::Ask(For::Drafts, Request::Drafts)];
            out.extend(flight::again(app));
            out
        }
        Event::Notice { urgent, text } => {
            app.notice = Some((urgent, text.into_string()));
            app.draw_later = true;
            Vec::new()
        }
        Event::Told { to, by, text, .. } => {
            let mine = match to {
                To::Person(who) => who == app.who,
                To::Role(role) => app.role.is_some_and(|r| r >= role),
            };
            if !mine || by == app.who {
                return Vec::new();
            }
            app.notice = Some((true, text.into_string()));
            app.draw_later = true;
            vec![Effect::Bell(Rings::Call)]
        }
        Event::Presence(all) => {
            presence(app, all);
            Vec::new()
        }
        Event::Stopping(who) => {
            app.stopped_by = Some(who.into_string());
            Vec::new()
        }
        Event::Lost => {
            app.lost = true;
            app.ahead = None;
            match &app.stopped_by {
                Some(who) => {
                    app.warn(format!("{who} stopped the engine; what you see stays, and it is looked for…"))
                }
                None => app.warn("the engine went away; what you see stays, and it is looked for…"),
            }
            Vec::new()
        }
        Event::Back => {
            app.lost = false;
            app.stopped_by = None;
            app.say("the engine is there again; nothing of yours was lost");
            let mut out = draft::save(app);
            out.push(Effect::Ask(For::Drafts, Request::Drafts));
            // The new engine knows nobody yet.
            app.here = (None, None);
            app.present.clear();
            out.push(Effect::Ask(For::Told, Request::Presence));
            out.push(Effect::Ask(For::Back, Request::Since));
            out.extend(event(app, Event::Resync));
            out
        }
        Event::Resync => {
            let ids: Vec<_> = app.stream.rows.iter().map(|r| r.id).collect();
            app.people_asked.clear();
            let mut out = list::people_of_screen(app);
            out.extend(pages::again(app));
            out.extend(team::tally_soon(app));
            out.extend([
                Effect::Ask(For::Items, Request::Items(ids)),
                Effect::Ask(For::Counts, Request::Counts),
                Effect::Ask(For::Sources, Request::Sources),
            ]);
            out
        }
    }
}

/// Takes in who is here; drawn only where it can be seen.
pub fn presence(app: &mut App, all: Vec<crate::door::Present>) {
    if app.present != all {
        app.present = all;
        app.draw_later = true;
    }
}

/// Does an action.
pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    app.draw_now = true;
    if !app.pages.is_empty()
        && let Some(done) = pages::act(app, a)
    {
        return done;
    }
    if app.pages.is_empty()
        && let Some(done) = panes::act(app, a)
    {
        return done;
    }
    match a {
        Action::Close | Action::Interrupt => close(app),
        Action::Suspend => {
            let mut out = draft::save(app);
            out.push(Effect::Suspend);
            out
        }
        Action::NextPane => {
            let all: &[Pane] = match app.columns() {
                3 => &[Pane::Stream, Pane::Reader, Pane::People, Pane::Drafts],
                2 => &[Pane::Stream, Pane::Reader],
                _ => &[Pane::Stream, Pane::Reader, Pane::People, Pane::Drafts],
            };
            let i = all.iter().position(|p| *p == app.pane).unwrap_or(0);
            app.pane = all[(i + 1) % all.len()];
            app.reader.open = app.columns() == 1 && app.pane == Pane::Reader;
            if app.pane == Pane::Reader && app.reader.item.is_none() {
                list::follow(app);
            }
            panes::begin(app);
            list::people_of_screen(app)
        }
        Action::Layout => {
            app.layout = (app.layout + 1) % 3;
            if app.size.0 < 100 {
                app.say("one pane fits here; two from 100 columns, all from 140");
            }
            list::keep_visible(app);
            Vec::new()
        }
        Action::Help
        | Action::Palette
        | Action::Filter
        | Action::MarkQuery
        | Action::Tag
        | Action::Note
        | Action::Assign
        | Action::SnoozeTyped
        | Action::Posted
        | Action::AddPage
        | Action::Backup
        | Action::SaveView
        | Action::RemoveView
        | Action::SourceAdd => prompt::open(app, a),
        Action::Compose => vec![Effect::Ask(For::Compose, Request::Accounts)],
        Action::React => compose::react(app),
        Action::MacroRecord => macros::record(app),
        Action::MacroAgain => macros::run(app, "@"),
        Action::Macros => macros::list(app),
        Action::Translate => words::translate(app),
        Action::GoTopics => team::open(app),
        Action::GoRules => team::open_rules(app),
        Action::ApplyRules => team::ask_apply(),
        Action::Objective => search::objective(app),
        Action::EditView => team::edit_view(app),
        Action::WhyNot => team::ask_why(app),
        Action::EntryAdd
        | Action::SetAdd
        | Action::EntryEdit
        | Action::EntryRemove
        | Action::TopicObjective => team::act(app, a),
        Action::Reload => vec![Effect::Settings, Effect::Ask(For::Reload, Request::Reload)],
        Action::GoSources
        | Action::GoDrafts
        | Action::GoOutbox
        | Action::GoPeople
        | Action::GoLog
        | Action::GoUndo
        | Action::GoHealth
        | Action::GoHandover
        | Action::GoMutes
        | Action::GoCommunity
        | Action::GoCoverage
        | Action::GoCalls
        | Action::Person
        | Action::Why
        | Action::Log
        | Action::Diff
        | Action::ShowLink => pages::open(app, a),
        Action::Reply => draft::open(app),
        // From the page that shows what is new since it was begun.
        Action::DraftSubmit if app.editor.is_some() => finish::submit(app),
        Action::PollNow => {
            app.say("asking all sources");
            vec![Effect::Ask(For::Told, Request::Poll { sources: Vec::new(), ticket: 0 })]
        }
        Action::SourceEdit
        | Action::SourceTest
        | Action::SourcePause
        | Action::SourceRemove
        | Action::DraftEditor
        | Action::Approve
        | Action::ReturnDraft
        | Action::EditDraft
        | Action::NextDraft
        | Action::MentionDown
        | Action::MentionUp
        | Action::DraftUndo
        | Action::DraftSubmit
        | Action::DraftAside => {
            app.say("that is for another screen");
            Vec::new()
        }
        a if verbs::is_verb(a) => verbs::act(app, a),
        a => list::act(app, a),
    }
}

/// `q`: closes the top thing; at the root it quits, and nothing is lost.
fn close(app: &mut App) -> Vec<Effect> {
    if app.pages.pop().is_some() {
        // What lies below may have changed meanwhile; and what is selected may have gone.
        pages::refresh(app);
        let out = pages::again(app);
        if app.stream.at().is_none() {
            app.stream.cursor = app.stream.rows.first().map(|r| r.key);
        }
        return out;
    }
    if !app.below.is_empty() && (app.reader.open || app.pane == Pane::Reader) {
        app.pages = std::mem::take(&mut app.below);
        app.reader.open = false;
        app.pane = Pane::Stream;
        pages::refresh(app);
        return pages::again(app);
    }
    if app.reader.open {
        app.reader.open = false;
        app.pane = Pane::Stream;
        return Vec::new();
    }
    if app.pane != Pane::Stream {
        app.pane = Pane::Stream;
        return Vec::new();
    }
    if !app.stream.marks.is_empty() {
        app.stream.marks.clear();
        app.say("nothing is marked now");
        return Vec::new();
    }
    if !app.stream.filter.is_empty() {
        app.stream.filter.clear();
        app.stream.title = None;
        app.stream.cursor = app.before_filter.take().or(app.stream.cursor);
        return list::reload(app);
    }
    if app.stream.states != [crate::model::State::Inbox] {
        return list::show(app, &[crate::model::State::Inbox]);
    }
    // Who takes a warning away with the key at hand does not mean the program.
    if std::mem::take(&mut app.warned) && app.failed.is_none() {
        return Vec::new();
    }
    let mut out = draft::save(app);
    out.push(Effect::Quit(if app.failed.is_some() { 4 } else { 0 }));
    out
}
