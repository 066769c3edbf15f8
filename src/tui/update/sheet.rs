//! The sheets of topics, sets, rules and views: while one is typed into, what it would find stands below; Ctrl-x p saves it,
//! and what is left unsaved is there again when it is opened the next time.

use super::draft;
use crate::door::{ListQuery, Reply, Request, Trial};
use crate::model::{Item, Stamp, State, TopicEdit};
use crate::query::{Query, Scope};
use crate::tui::app::App;
use crate::tui::msg::{Effect, For, Timer};
use crate::tui::sheet::{Entry, Kind, Sheet};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// It is tried when no key was pressed for so long, in ms.
const PAUSE: u64 = 250;
/// Days that a topic and a rule are tried on, and mentions that are shown.
const DAYS: u32 = 7;
const RULE_DAYS: u32 = 30;
const SHOWN: usize = 20;

/// Opens a sheet, or the same one as it was left.
pub fn open(app: &mut App, sheet: Sheet) -> Vec<Effect> {
    let same = |s: &Sheet| (s.kind, &s.old) == (sheet.kind, &sheet.old);
    let left = app.aside.iter().position(same).map(|i| app.aside.remove(i));
    let mut changed = None;
    if let Some(l) = &left {
        app.say("here is what you had written and not saved");
        changed = (l.was != sheet.was).then(|| sheet.was.clone());
    }
    let mut sheet = left.unwrap_or(sheet);
    if let Some(was) = &changed {
        sheet.was.clone_from(was);
    }
    app.sheet = Some(sheet);
    app.chord.clear();
    judge(app);
    if let (Some(s), Some(was)) = (&mut app.sheet, changed) {
        s.hint = format!("it was changed meanwhile; saving takes the place of: {was}");
    }
    soon(app)
}

/// Tries it in a moment, unless it is typed on.
fn soon(app: &mut App) -> Vec<Effect> {
    app.trial += 1;
    vec![Effect::After(PAUSE, Timer::Try(app.trial))]
}

/// Says what is wrong with it, or may not mean what it says.
fn judge(app: &mut App) {
    let names = crate::config::names_of(&app.topics, &app.team_views);
    let Some(s) = &mut app.sheet else { return };
    let (query, listens) = (s.query(), matches!(s.kind, Kind::Topic | Kind::Set));
    let scope = if listens { Scope::Listen } else { Scope::View };
    s.hint = match Query::parse(&query, scope) {
        _ if query.is_empty() => String::new(),
        Err(e) => e.to_string(),
        Ok(q) => {
            let name = s.name();
            let own = match s.kind {
                Kind::Topic | Kind::Set => Some(("set", name.as_str())),
                Kind::View => Some(("view", name.as_str())),
                Kind::Rule => None,
            };
            let wrong = names.resolve(&q, own.filter(|(_, n)| !n.is_empty())).err();
            wrong.or_else(|| q.lint().first().map(|l| l.message.clone())).unwrap_or_default()
        }
    };
}

/// Asks what it would find, as it stands.
pub fn ask(app: &mut App, n: u64) -> Vec<Effect> {
    let Some(s) = app.sheet.as_ref().filter(|_| n == app.trial) else { return Vec::new() };
    let query = s.query();
    let zone = Stamp::zone_here();
    let list = |states: &[State], filter: String| {
        Request::List(ListQuery { fold: true, ..ListQuery::newest(states, &filter, SHOWN) })
    };
    let request = match s.kind {
        Kind::Topic | Kind::Set => match Query::parse(&query, Scope::Listen) {
            Ok(q) => Request::Try { query: q.canonical(), days: DAYS, zone },
            Err(_) => return Vec::new(),
        },
        Kind::Rule | Kind::View => match Query::parse(&query, Scope::View) {
            Ok(q) if s.kind == Kind::Rule && q.is_everything() => return Vec::new(),
            Ok(q) if s.kind == Kind::Rule => {
                let lately = format!("({}) age:<{RULE_DAYS}d", q.canonical());
                list(&[State::Inbox, State::Snoozed, State::Done], lately)
            }
            Ok(q) => list(&states(&s.text_of("state")), q.canonical()),
            Err(_) => return Vec::new(),
        },
    };
    vec![Effect::Ask(For::Tried(n), request)]
}

fn states(word: &str) -> Vec<State> {
    State::ALL.into_iter().filter(|s| word == "all" || s.word() == word).collect()
}

/// Shows what a topic would have heard.
pub fn tried(app: &mut App, n: u64, t: Trial) {
    let mut lines = vec![t.line()];
    lines.extend(t.hints.iter().map(|h| format!("  {h}")));
    below(app, n, lines, t.newest);
}

/// Shows what a rule fits, or a view shows.
pub fn listed(app: &mut App, n: u64, reply: Reply) {
    let Reply::List { items, total, .. } = reply else { return };
    let number = total.map_or_else(|| items.len().to_string(), |t| t.to_string());
    let rule = app.sheet.as_ref().is_some_and(|s| s.kind == Kind::Rule);
    let line = match rule {
        true => format!("it fits {number} of what entered the inbox in {RULE_DAYS} days"),
        false => format!("it shows {number}"),
    };
    below(app, n, vec![line], items);
}

fn below(app: &mut App, n: u64, mut lines: Vec<String>, items: Vec<Item>) {
    let now = app.now;
    lines.extend(items.iter().map(|i| super::pages::mention_row(i, now)));
    if let Some(s) = app.sheet.as_mut().filter(|_| n == app.trial) {
        s.below = lines;
        s.top = 0;
    }
}

/// It is put aside, not lost.
fn leave(app: &mut App) -> Vec<Effect> {
    if let Some(s) = app.sheet.take().filter(|s| s.touched) {
        let kind = s.kind.word();
        app.say(format!("not saved; what you wrote is here when you open this {kind} again, until you quit"));
        app.aside.push(s);
    }
    Vec::new()
}

pub fn key(app: &mut App, k: &KeyEvent) -> Vec<Effect> {
    let ctrl = k.modifiers.contains(KeyModifiers::CONTROL);
    app.notice = None;
    if !std::mem::take(&mut app.chord).is_empty() {
        return match k.code {
            KeyCode::Char('p') => save(app),
            KeyCode::Char('u') => take_back(app),
            _ => {
                app.say("Ctrl-x: p saves it, u takes back the last change");
                Vec::new()
            }
        };
    }
    let Some(s) = &mut app.sheet else { return Vec::new() };
    let last = s.fields.len().saturating_sub(1);
    let multi = matches!(s.fields.get(s.at).map(|f| &f.entry), Some(Entry::Text(_)));
    match k.code {
        KeyCode::Esc => return leave(app),
        KeyCode::Char('g' | 'c') if ctrl => return leave(app),
        KeyCode::Char('z') if ctrl => return vec![Effect::Suspend],
        KeyCode::Char('x') if ctrl => app.chord = "ctrl-x".into(),
        KeyCode::Tab => s.at = if s.at == last { 0 } else { s.at + 1 },
        KeyCode::BackTab => s.at = s.at.checked_sub(1).unwrap_or(last),
        KeyCode::PageDown => s.top = (s.top + 5).min(s.below.len().saturating_sub(1)),
        KeyCode::PageUp => s.top = s.top.saturating_sub(5),
        KeyCode::Enter | KeyCode::Down if !multi => s.at = (s.at + 1).min(last),
        KeyCode::Up if !multi => s.at = s.at.saturating_sub(1),
        _ => return typed(app, k),
    }
    Vec::new()
}

/// A key that goes into the field.
fn typed(app: &mut App, k: &KeyEvent) -> Vec<Effect> {
    let Some(s) = &mut app.sheet else { return Vec::new() };
    let (at, last) = (s.at, s.fields.len().saturating_sub(1));
    let Some(f) = s.fields.get_mut(at) else { return Vec::new() };
    let changed = match &mut f.entry {
        Entry::Line(l) => l.key(k),
        Entry::Choice(all, i) => {
            let n = all.len();
            match k.code {
                KeyCode::Left => *i = (*i + n - 1) % n,
                KeyCode::Right | KeyCode::Char(' ') => *i = (*i + 1) % n,
                KeyCode::Char(c) => match all.iter().position(|w| w.starts_with(c)) {
                    Some(w) => *i = w,
                    None => return Vec::new(),
                },
                _ => return Vec::new(),
            }
            true
        }
        Entry::Text(area) => {
            let before = area.cursor();
            let changed = draft::type_into(area, k);
            // Beyond its first and its last line lie the other fields.
            if area.cursor() == before && k.code == KeyCode::Up {
                s.at = at.saturating_sub(1);
            } else if area.cursor() == before && k.code == KeyCode::Down {
                s.at = (at + 1).min(last);
            }
            changed
        }
    };
    if changed { touched(app) } else { Vec::new() }
}

fn touched(app: &mut App) -> Vec<Effect> {
    if let Some(s) = &mut app.sheet {
        s.touched = true;
    }
    judge(app);
    soon(app)
}

fn take_back(app: &mut App) -> Vec<Effect> {
    let undone = match app.sheet.as_mut().and_then(|s| s.fields.get_mut(s.at)).map(|f| &mut f.entry) {
        Some(Entry::Text(a)) => a.undo(),
        _ => false,
    };
    if undone { touched(app) } else { Vec::new() }
}

/// Pasted text; it is all one line but in a query.
pub fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    if let Some(f) = app.sheet.as_mut().and_then(|s| s.fields.get_mut(s.at)) {
        match &mut f.entry {
            Entry::Line(l) => l.insert(&text.replace('\n', " ")),
            Entry::Text(a) => drop(a.insert_str(text)),
            Entry::Choice(..) => return Vec::new(),
        }
    }
    touched(app)
}

/// Gives it to the engine; it stays open until that has taken it.
fn save(app: &mut App) -> Vec<Effect> {
    let Some(s) = &mut app.sheet else { return Vec::new() };
    match request(s) {
        Ok(r) => {
            s.sent = Some((s.texts(), s.stands_for()));
            vec![Effect::Ask(For::Edited, r)]
        }
        Err(why) => {
            s.hint = why;
            Vec::new()
        }
    }
}

fn request(s: &Sheet) -> Result<Request, String> {
    let (name, query) = (s.name(), s.query());
    if name.is_empty() {
        return Err(format!("give the {} a name", s.kind.word()));
    }
    let was = s.old.is_some().then(|| s.was.clone());
    Ok(match s.kind {
        Kind::Topic | Kind::Set => {
            Query::parse(&query, Scope::Listen).map_err(|e| e.to_string())?;
            let objective = crate::model::Objective::of(&s.text_of("objective"));
            Request::PutTopic { edit: TopicEdit { name, query, objective, set: s.kind == Kind::Set }, was }
        }
        Kind::Rule => {
            let acts = s.text_of("do");
            let acts: Vec<String> =
                acts.split(',').map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect();
            crate::config::rule_of(&name, &query, &acts).map_err(|(_, why)| why)?;
            Request::PutRule { name, when: query, acts, was }
        }
        Kind::View => {
            let view = crate::config::view_of(&name, &query, Some(&s.text_of("state"))).map_err(|e| e.1)?;
            Request::PutView { view, replace: s.old.is_some() }
        }
    })
}

/// The engine has taken something of this name. A sheet of it goes, unless it was typed on since. Gives the topic that may
/// hear anew what is stored.
pub fn taken(app: &mut App, name: &str) -> Option<String> {
    let given = |s: &Sheet| s.sent.is_some() && s.name() == name;
    let heard = |s: &Sheet| (s.kind == Kind::Topic && s.query() != s.was).then(|| s.name());
    if let Some(i) = app.aside.iter().position(given) {
        return heard(&app.aside.remove(i));
    }
    let s = app.sheet.as_mut().filter(|s| given(s))?;
    let topic = heard(s);
    match s.sent.take() {
        // What was given stands there; what was typed on is still to be saved.
        Some((texts, was)) if texts != s.texts() => s.saved(was),
        _ => app.sheet = None,
    }
    topic
}

/// The engine did not take what was given last: why stands in its sheet.
pub fn refused(app: &mut App, why: &str) -> bool {
    match app.sheet.as_mut().filter(|s| s.sent.is_some()) {
        Some(s) => {
            s.sent = None;
            s.hint = why.to_owned();
            true
        }
        None => false,
    }
}
