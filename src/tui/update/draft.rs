//! Writing a reply: saved half a second after a pause, on leaving, and when the terminal goes.

use super::super::action::Action;
use super::super::action::bitflags::Where;
use super::super::keymap::Found;
use super::finish;
use crate::clean;
use crate::door::{Request, Terms};
use crate::model::outgoing::{Goes, SendAs};
use crate::model::{Draft, Id, Item, Key, Stage, Stamp, Targets, Verb, Writes};
use crate::tui::app::{App, Asking, Behind, Editor, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For, Timer};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_textarea::{CursorMove, Input, Key as AreaKey, TextArea, WrapMode};

/// Bytes from which on a draft may have been cut, and characters that cleaning alone takes from one.
const LONG: usize = 60_000;
const SHRINKS: usize = 1_000;
/// So many keys are saved without a pause.
const KEYS: u64 = 30;
/// Pause after which a draft is saved, in ms.
const PAUSE: u64 = 500;

/// `r`: my draft about the selected mention, fresh or as I left it.
pub fn open(app: &mut App) -> Vec<Effect> {
    if let Some(Behind::Draft(d)) = app.pages.last().map(|p| p.behind().clone())
        && d.posted.is_none()
    {
        return finish::visit(app, &d);
    }
    if let Some(Behind::Draft(d)) = app.pages.last().map(|p| p.behind().clone()) {
        app.say("that one is posted; this is the next one");
        return vec![Effect::Ask(For::OpenDraft(d.mention), Request::Draft(d.mention.id))];
    }
    if let Some(who) = busy(app) {
        let about = app.subject().map(|i| i.key);
        let label = format!("{who} is writing a reply to this now · Enter opens yours all the same");
        app.prompt = Some(Prompt { about, ..Prompt::new(Asking::Busy, label, "") });
        return Vec::new();
    }
    open_all_the_same(app)
}

/// Opens mine, whoever else writes one.
pub fn open_all_the_same(app: &mut App) -> Vec<Effect> {
    match app.subject().map(|i| (i.key, i.id)) {
        Some((key, id)) => {
            // What is typed before it is there is meant for it, and is no verb.
            app.ahead = Some(Vec::new());
            vec![Effect::Ask(For::OpenDraft(key), Request::Draft(id))]
        }
        None => {
            app.say("nothing is selected");
            Vec::new()
        }
    }
}

/// Who is writing a reply to what is selected already: a colleague, or I at another terminal, where it is the same
/// draft and the last one to save would win.
fn busy(app: &App) -> Option<String> {
    let id = app.subject()?.id;
    let there = |p: &&crate::door::Present| p.who == app.who && p.writing == Some(id);
    if app.here.1 != Some(id) && app.present.iter().any(|p| there(&p)) {
        return Some("another terminal of yours".into());
    }
    app.others_at(id).find(|(_, writes)| *writes).map(|(who, _)| who.to_owned())
}

/// A key while the draft is being opened. `None` if none is.
pub fn key_before(app: &mut App, k: &KeyEvent) -> Option<Vec<Effect>> {
    let name = super::key_name(k).unwrap_or_default();
    let leaves = matches!(name.as_str(), "esc" | "ctrl-g" | "ctrl-c");
    let ahead = app.ahead.as_mut()?;
    if leaves {
        app.ahead = None;
        app.say("no reply was begun");
    } else {
        ahead.push(*k);
    }
    Some(Vec::new())
}

/// It is mine now, whosever it was: then it can be written.
pub fn claim_and_open(app: &App, about: Key) -> Vec<Effect> {
    let item =
        app.subject().filter(|i| i.key == about).or_else(|| app.stream.rows.iter().find(|r| r.key == about));
    let verb = Verb::Claim(item.and_then(|i| i.assignee.clone()));
    let targets = Targets::Mentions(vec![about]);
    vec![Effect::Ask(For::ClaimToWrite(about), Request::Act { verb, targets, quiet: false })]
}

/// The draft about a mention.
pub fn open_of(mention: Key) -> Vec<Effect> {
    vec![Effect::Ask(For::OpenDraft(mention), Request::Draft(mention.id))]
}

pub fn opened(app: &mut App, key: Key, d: Option<Draft>, terms: Terms) -> Vec<Effect> {
    // What is begun already is read and kept, also where somebody else has the claim by now.
    if let Some(why) = terms.barred.clone().filter(|_| !d.as_ref().is_some_and(Draft::is_open)) {
        app.ahead = None;
        let label = format!("Enter claims it and writes · Esc does not: {why}");
        app.prompt = Some(Prompt { about: Some(key), ..Prompt::new(Asking::ClaimFirst, label, "") });
        return Vec::new();
    }
    app.terms = terms;
    let item = app
        .subject()
        .filter(|i| i.key == key)
        .cloned()
        .or_else(|| app.stream.rows.iter().find(|r| r.key == key).cloned())
        .or_else(|| app.reader.item.clone().filter(|i| i.key == key));
    let Some(mention) = item else {
        // The mention is not on this terminal: fetch it, then open.
        app.opening = d.map(Box::new);
        return vec![Effect::Ask(For::DraftItem(key), Request::Items(vec![key.id]))];
    };
    begin(app, mention, d)
}

/// The mention of a draft came after the draft.
pub fn item_came(app: &mut App, items: Vec<Item>) -> Vec<Effect> {
    let d = app.opening.take().map(|d| *d);
    match items.into_iter().next() {
        Some(i) => begin(app, i, d),
        None => {
            app.ahead = None;
            app.say("the mention that it answers is not there any more");
            Vec::new()
        }
    }
}

pub(super) fn area_of(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

fn begin(app: &mut App, mention: Item, d: Option<Draft>) -> Vec<Effect> {
    let terms = std::mem::take(&mut app.terms);
    if let Some(g) = d.as_ref().and_then(Draft::going) {
        let how = if g.asked { "is being sent: g O" } else { "waits: u or E in g O calls it back" };
        app.say(format!("your answer goes {} and {how}", g.due.local_clock(app.now)));
        app.ahead = None;
        app.changing = None;
        return Vec::new();
    }
    let said = match (&d, terms.rivals.as_slice()) {
        (Some(d), _) if d.discarded => Some("taken up again: it had been put aside".to_owned()),
        _ if terms.barred.is_some() => terms.barred.as_ref().map(|why| why.to_string()),
        (Some(d), _) if !d.reason.is_empty() => Some(format!("{}: {}", d.stage.words(), d.reason)),
        (_, [one, ..]) => Some(format!("{} has a draft about this too: g D", one.who)),
        _ => None,
    };
    let mut out = start(app, mention, d, terms, None);
    if let Some(said) = said {
        app.say(said);
    }
    let typed = app.ahead.take().unwrap_or_default();
    out.extend(typed.iter().flat_map(|k| if app.editor.is_some() { key(app, k) } else { Vec::new() }));
    out
}

/// Begins to change a colleague's draft that waits.
pub fn begin_of(app: &mut App, mention: Item, d: Draft) -> Vec<Effect> {
    start(app, mention, Some(d.clone()), Terms::default(), Some(d))
}

fn start(app: &mut App, mention: Item, d: Option<Draft>, terms: Terms, of: Option<Draft>) -> Vec<Effect> {
    let reason = d.as_ref().map(|d| d.reason.to_string()).unwrap_or_default();
    let (id, stage) = d.as_ref().map_or((None, Stage::Writing), |d| (Some(d.id), d.stage.clone()));
    let stands = d.as_ref().filter(|d| !d.discarded);
    let saved_at = stands.map_or(Stamp(0), |d| d.saved_at);
    let changes = stands.and_then(|d| d.changes);
    let goes = stands.map(|d| d.goes.clone()).unwrap_or_default();
    let aside = d.as_ref().is_some_and(|d| d.discarded);
    let area = area_of(&d.map(|d| d.text.into_string()).unwrap_or_default());
    app.pages.clear();
    if let Some(r) = &mut app.macros.recording {
        r.hear_reply(None);
    }
    app.editor = Some(Editor {
        mention,
        area,
        changed: 0,
        given: 0,
        saved: 0,
        leaving: false,
        under_way: false,
        refused: false,
        finishing: false,
        id,
        saved_at,
        stage,
        reason,
        terms,
        of,
        seen: None,
        how: SendAs {
            changes,
            account: goes.account,
            visibility: goes.visibility,
            at: goes.at.filter(|t| *t > app.now),
            ..SendAs::default()
        },
        header: None,
    });
    if let (true, Some(e)) = (aside, &mut app.editor) {
        // It is taken up again, whatever is typed.
        e.changed += 1;
    }
    // What was asked of another draft, which could not be opened, is not asked of this one.
    let changing = app.changing.take().filter(|c| app.editor.as_ref().is_some_and(|e| e.mention.key == c.0));
    if let (Some((_, old, text)), Some(e)) = (changing, &mut app.editor) {
        e.how.changes = Some(old);
        if e.text().trim().is_empty() {
            e.area = area_of(&text);
        } else if changes != Some(old) {
            // What was begun as something else is kept as this.
            e.changed += 1;
        }
    }
    app.draw_now = true;
    let mut out = if aside { save(app) } else { Vec::new() };
    out.extend(finish::look(app));
    out.extend(super::flight::header(app));
    out.push(Effect::Ask(For::Told, Request::Snippets));
    out
}

/// Saves what was written since the last time, one save after the other.
pub fn save(app: &mut App) -> Vec<Effect> {
    give(app, false)
}

/// Saves for the last time, whatever was said to the save before.
pub fn save_last(app: &mut App) -> Vec<Effect> {
    give(app, true)
}

fn give(app: &mut App, last: bool) -> Vec<Effect> {
    let Some(e) = &mut app.editor else { return Vec::new() };
    if e.changed == e.given || (e.under_way && !last) {
        return Vec::new();
    }
    e.given = e.changed;
    e.under_way = true;
    let number = e.changed;
    let whole = e.text();
    let text = clean::draft(&whole);
    // What is too long is not cut in silence.
    let cut = whole.chars().count() > text.chars().count() + SHRINKS && text.len() >= LONG;
    let which = match (&e.of, e.how.changes) {
        (Some(d), _) => Writes::Of(d.id),
        (None, Some(what)) => Writes::Changing(what),
        (None, None) => Writes::Own,
    };
    let seen = (!last).then_some(e.saved_at);
    let key = e.mention.key;
    let goes = Goes { account: e.how.account.clone(), visibility: e.how.visibility.clone(), at: e.how.at };
    let goes = Some(goes).filter(|_| e.of.is_none());
    if cut {
        app.warn(format!("only the first {} characters of the draft are kept", text.chars().count()));
    }
    vec![Effect::Ask(For::SaveDraft(number), Request::SaveDraft { mention: key, which, seen, text, goes })]
}

pub fn timer(app: &mut App, n: u64) -> Vec<Effect> {
    if app.editor.as_ref().is_some_and(|e| e.changed == n) { save(app) } else { Vec::new() }
}

pub(super) fn touched(app: &mut App) -> Vec<Effect> {
    let Some(e) = &mut app.editor else { return Vec::new() };
    e.changed += 1;
    e.refused = false;
    // Who types without a pause loses little, too.
    let (many, timer) = (e.changed - e.given >= KEYS, Timer::SaveDraft(e.changed));
    let mut out = if many { save(app) } else { Vec::new() };
    out.push(Effect::After(PAUSE, timer));
    out
}

pub fn insert(app: &mut App, text: &str) -> Vec<Effect> {
    if let Some(e) = &mut app.editor {
        e.area.insert_str(text);
    }
    touched(app)
}

pub fn key(app: &mut App, k: &KeyEvent) -> Vec<Effect> {
    let ctrl = k.modifiers.contains(KeyModifiers::CONTROL);
    // What was said before is not about what is being written now.
    app.notice = None;
    if let Some(e) = &mut app.editor {
        e.leaving = false;
        e.finishing = false;
    }
    let name = super::key_name(k).unwrap_or_default();
    if !app.chord.is_empty() {
        let chord = format!("{} {name}", app.chord);
        app.chord.clear();
        return match app.keymap.look_up(&chord, Where::DRAFT) {
            Found::Action(Action::DraftEditor) => {
                let mut out = save(app);
                if let Some(e) = &app.editor {
                    let m = &e.mention.mention;
                    let quoted = format!("{}\n{}", m.title, m.text);
                    out.push(Effect::Edit { draft: e.text(), quoted });
                }
                out
            }
            Found::Action(Action::DraftSubmit) => finish::submit(app),
            Found::Action(a @ (Action::DraftMachine | Action::DraftTranslate | Action::DraftShorten)) => {
                super::words::ask(app, a)
            }
            Found::Action(Action::DraftSnippet) => super::snippets::open(app),
            Found::Action(Action::DraftAttach) => {
                let label = "picture: its path (PNG, JPEG, GIF, WebP)";
                app.prompt = Some(Prompt::new(Asking::AttachFile, label, ""));
                Vec::new()
            }
            Found::Action(a @ (Action::DraftAs | Action::DraftWhen)) => super::flight::ask(app, a),
            Found::Action(Action::DraftUndo) => {
                let undone = app.editor.as_mut().is_some_and(|e| e.area.undo());
                if !undone {
                    app.say("nothing was changed before");
                    return Vec::new();
                }
                touched(app)
            }
            Found::Action(Action::DraftAside) => aside(app),
            _ => {
                app.say(format!("{chord} does nothing here"));
                Vec::new()
            }
        };
    }
    match k.code {
        KeyCode::Esc => close(app),
        KeyCode::Char('g') if ctrl => close(app),
        KeyCode::Char('c') if ctrl => close(app),
        KeyCode::Char('z') if ctrl => {
            let mut out = save(app);
            out.push(Effect::Suspend);
            out
        }
        KeyCode::Char('x') if ctrl => {
            app.chord = "ctrl-x".into();
            Vec::new()
        }
        KeyCode::Char(';') if !ctrl && super::snippets::begins_word(app) => super::snippets::open(app),
        _ => {
            let Some(e) = &mut app.editor else { return Vec::new() };
            if type_into(&mut e.area, k) { touched(app) } else { Vec::new() }
        }
    }
}

/// A key that moves in a text or changes it; true if it changed. The table of keys is the truth, not the widget's own
/// shortcuts.
pub(super) fn type_into(area: &mut TextArea<'static>, k: &KeyEvent) -> bool {
    const HALF: usize = 8;
    let ctrl = k.modifiers.contains(KeyModifiers::CONTROL);
    let alt = k.modifiers.contains(KeyModifiers::ALT);
    match k.code {
        KeyCode::PageDown => (0..HALF).for_each(|_| area.move_cursor(CursorMove::Down)),
        KeyCode::PageUp => (0..HALF).for_each(|_| area.move_cursor(CursorMove::Up)),
        KeyCode::Left => area.move_cursor(CursorMove::Back),
        KeyCode::Right => area.move_cursor(CursorMove::Forward),
        KeyCode::Up => area.move_cursor(CursorMove::Up),
        KeyCode::Down => area.move_cursor(CursorMove::Down),
        KeyCode::Home => area.move_cursor(CursorMove::Head),
        KeyCode::End => area.move_cursor(CursorMove::End),
        KeyCode::Char('w') if ctrl => {
            area.delete_word();
            return true;
        }
        KeyCode::Char('u') if ctrl => {
            area.delete_line_by_head();
            return true;
        }
        KeyCode::Char(_) if ctrl => {}
        KeyCode::Char('b') if alt => area.move_cursor(CursorMove::WordBack),
        KeyCode::Char('f') if alt => area.move_cursor(CursorMove::WordForward),
        KeyCode::Char(_) if alt => {}
        _ => return area.input_without_shortcuts(input(k)),
    }
    false
}

fn input(k: &KeyEvent) -> Input {
    let key = match k.code {
        KeyCode::Char(c) => AreaKey::Char(c),
        KeyCode::Enter => AreaKey::Enter,
        KeyCode::Backspace => AreaKey::Backspace,
        KeyCode::Delete => AreaKey::Delete,
        KeyCode::Tab => AreaKey::Tab,
        _ => AreaKey::Null,
    };
    Input { key, ctrl: false, alt: false, shift: k.modifiers.contains(KeyModifiers::SHIFT) }
}

/// Leaves the draft once it is kept: at once, if it is.
fn close(app: &mut App) -> Vec<Effect> {
    let out = save(app);
    match &mut app.editor {
        Some(e) if e.changed != e.saved => {
            e.leaving = true;
            app.say("saving…");
        }
        _ => left(app),
    }
    out
}

/// What cannot be kept is left on the screen, to be copied.
fn left_unkept(app: &mut App) {
    let words = app.editor.take().map(|e| e.text()).unwrap_or_default();
    let mut p =
        Page::new(PageKind::Text, "your words, which are kept nowhere · y copies them · q leaves them");
    p.rows = words.lines().map(|l| (l.to_owned(), Behind::Nothing)).collect();
    app.pages.push(p);
}

fn left(app: &mut App) {
    let written = app.editor.take().is_some_and(|e| e.changed > 0 || e.id.is_some());
    app.say(if written { "draft kept · g D lists drafts" } else { "nothing was written" });
}

/// The engine has it on the disk.
pub fn kept(app: &mut App, number: u64, id: Id, at: Stamp, stage: Stage) -> Vec<Effect> {
    let Some(e) = &mut app.editor else { return Vec::new() };
    e.saved = e.saved.max(number);
    e.under_way = false;
    (e.id, e.saved_at, e.stage) = (Some(id), at, stage);
    if e.changed != e.given {
        return save(app);
    }
    if e.finishing && e.saved == e.changed {
        return finish::look(app);
    }
    if e.leaving && e.saved == e.changed {
        left(app);
        return Vec::new();
    }
    super::flight::header(app)
}

/// It could not be kept: the words stay here, and are given again with the next change or on leaving.
pub fn not_kept(app: &mut App, why: &str) {
    let Some(e) = &mut app.editor else { return };
    e.given = e.saved;
    e.under_way = false;
    e.finishing = false;
    // Whoever wanted to leave twice in vain leaves.
    let again = std::mem::replace(&mut e.refused, e.leaving) && e.leaving;
    let wanted = std::mem::take(&mut e.leaving);
    app.warn(format!("not kept: {why}{}", if wanted && !again { " · Esc again leaves" } else { "" }));
    if again {
        left_unkept(app);
    }
}

/// The window has another size: what was scrolled out of a small one comes back.
pub fn resized(app: &mut App) {
    if let Some(e) = &mut app.editor {
        let at = e.area.cursor();
        e.area.scroll((-10_000, 0));
        e.area.move_cursor(CursorMove::Jump(at.0 as u16, at.1 as u16));
    }
}

/// Puts the draft aside; undo brings it back.
fn aside(app: &mut App) -> Vec<Effect> {
    if let Some(d) = app.editor.as_ref().and_then(|e| e.of.as_ref()) {
        let who = d.who.clone();
        app.say(format!("this is the draft of {who}; N on its page returns it"));
        return Vec::new();
    }
    let mut out = save(app);
    if let Some(e) = app.editor.take() {
        let targets = Targets::Mentions(vec![e.mention.key]);
        let what = For::Verb("put aside".into());
        out.push(Effect::Ask(what, Request::Act { verb: Verb::Discard(true), targets, quiet: false }));
    }
    out
}

/// What came back from `$EDITOR`.
pub fn edited(app: &mut App, r: Result<String, String>) -> Vec<Effect> {
    match r {
        Ok(text) => {
            if let Some(e) = &mut app.editor {
                e.area = area_of(&clean::draft(&text));
            }
            let mut out = touched(app);
            out.extend(save(app));
            out
        }
        Err(why) => {
            app.warn(why);
            Vec::new()
        }
    }
}
