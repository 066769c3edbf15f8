//! The stream and the reader: moving, paging, marks, stories, the trail.

use crate::door::{ListQuery, Request, Want};
use crate::model::{Id, Key, State};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Stream};
use crate::tui::msg::{Effect, For, Timer};

/// Rows asked for at once, and how near to an end more are asked for.
pub const PAGE: usize = 120;
const NEAR: usize = 40;
/// Rows held at most.
pub const WINDOW: usize = 2_000;
/// The cursor rests this long before the reader follows, in ms.
const REST: u64 = 80;
const TRAIL: usize = 100;

/// Reads the list anew from the top.
pub fn reload(app: &mut App) -> Vec<Effect> {
    let s = &mut app.stream;
    s.generation += 1;
    s.waiting = 0;
    s.scanned = 0;
    s.total = None;
    s.asked = true;
    let q = s.query(PAGE);
    vec![Effect::Ask(For::Top(s.generation), Request::List(q)), Effect::Ask(For::Counts, Request::Counts)]
}

/// Shows other states.
pub fn show(app: &mut App, states: &[State]) -> Vec<Effect> {
    let s = &mut app.stream;
    *s = Stream {
        states: states.to_vec(),
        filter: std::mem::take(&mut s.filter),
        generation: s.generation,
        ..Stream::default()
    };
    app.reader.item = None;
    reload(app)
}

/// The ids of what is on this terminal among the keys.
pub fn shown(app: &App, keys: &[Key]) -> Vec<Id> {
    let mut all: Vec<Id> = app.stream.rows.iter().filter(|r| keys.contains(&r.key)).map(|r| r.id).collect();
    if let Some(i) = app.reader.item.as_ref().filter(|i| keys.contains(&i.key) && !all.contains(&i.id)) {
        all.push(i.id);
    }
    for p in &app.pages {
        for (_, b) in &p.rows {
            if let crate::tui::app::Behind::Mention(i) = b
                && keys.contains(&i.key)
                && !all.contains(&i.id)
            {
                all.push(i.id);
            }
        }
    }
    all
}

/// The cursor stays on the screen.
pub fn keep_visible(app: &mut App) {
    let h = app.list_height();
    let at = app.stream.at().unwrap_or(0);
    let n = app.stream.rows.len();
    let s = &mut app.stream;
    if at < s.top {
        s.top = if app.scroll_lines { at } else { at.saturating_sub(h / 2) };
    } else if at >= s.top + h {
        s.top = if app.scroll_lines { at + 1 - h } else { at.saturating_sub(h / 2) };
    }
    s.top = s.top.min(n.saturating_sub(1));
}

/// Asks for more rows when the cursor comes near an end of the window.
pub fn look_ahead(app: &mut App) -> Vec<Effect> {
    let s = &mut app.stream;
    let (Some(at), false) = (s.at(), s.asked) else { return Vec::new() };
    let far_end = s.rows.len().saturating_sub(at) < NEAR + usize::from(app.size.1);
    if far_end && let Some(from) = s.older {
        s.asked = true;
        let q = ListQuery { from, ..s.query(PAGE) };
        return vec![Effect::Ask(For::Older(s.generation), Request::List(q))];
    }
    if at < NEAR
        && let Some(from) = s.newer
    {
        s.asked = true;
        let q = ListQuery { from, older: false, ..s.query(PAGE) };
        return vec![Effect::Ask(For::Newer(s.generation), Request::List(q))];
    }
    Vec::new()
}

/// Moves the cursor to a row.
pub fn go(app: &mut App, to: usize) -> Vec<Effect> {
    let to = to.min(app.stream.rows.len().saturating_sub(1));
    app.stream.cursor = app.stream.rows.get(to).map(|r| r.key);
    keep_visible(app);
    app.follow += 1;
    let mut out = look_ahead(app);
    if app.columns() > 1 {
        out.push(Effect::After(REST, Timer::Follow(app.follow)));
    }
    out.extend(people_of_screen(app));
    out
}

/// Asks for the people on the screen that are not known yet.
pub fn people_of_screen(app: &mut App) -> Vec<Effect> {
    if app.columns() < 3 && app.pane != Pane::People {
        return Vec::new();
    }
    let ids: Vec<Id> =
        authors(app).into_iter().filter(|id| !app.people_asked.contains(id)).take(60).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    app.people_asked.extend(ids.iter().copied());
    vec![Effect::Ask(For::People, Request::People(ids))]
}

/// The authors of what is on the screen, once each.
pub fn authors(app: &App) -> Vec<Id> {
    let mut out = Vec::new();
    for r in app.stream.rows.iter().skip(app.stream.top).take(app.list_height()) {
        let id = Id(r.mention.author.key());
        if id.0 != 0 && !out.contains(&id) {
            out.push(id);
        }
    }
    out
}

/// The reader shows what the cursor is on.
pub fn follow(app: &mut App) {
    let current = app.stream.current().cloned();
    if app.reader.item.as_ref().map(|i| i.key) != current.as_ref().map(|i| i.key) {
        app.reader.scroll = 0;
    }
    app.reader.item = current;
    app.draw_now = true;
}

fn step(app: &mut App, by: isize) -> Vec<Effect> {
    let reading = app.pane == Pane::Reader && (app.reader.open || app.columns() > 1);
    if reading {
        app.reader.scroll = app.reader.scroll.saturating_add_signed(by);
        return Vec::new();
    }
    let at = app.stream.at().unwrap_or(0);
    go(app, at.saturating_add_signed(by))
}

pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    let half = isize::try_from(app.list_height() / 2).unwrap_or(10).max(1);
    match a {
        Action::Down => step(app, 1),
        Action::Up => step(app, -1),
        Action::HalfDown => step(app, half),
        Action::HalfUp => step(app, -half),
        Action::First if app.stream.newer.is_some() => {
            app.stream.cursor = None;
            reload(app)
        }
        Action::First if app.pane == Pane::Reader => {
            app.reader.scroll = 0;
            Vec::new()
        }
        Action::First => go(app, 0),
        Action::Last => last(app),
        Action::Open => open(app),
        Action::Space => space(app),
        Action::Unfold => unfold(app),
        Action::Fold => {
            match app.stream.current().and_then(|i| i.story) {
                Some(s) if app.stream.unfolded.contains_key(&s) => fold(app, s),
                _ => app.say("no unfolded story here"),
            }
            Vec::new()
        }
        Action::NextUnread => seek(app, true, Want::Unread),
        Action::PrevUnread => seek(app, false, Want::Unread),
        Action::NextMine => seek(app, true, Want::Mine),
        Action::PrevMine => seek(app, false, Want::Mine),
        Action::NextVip => seek(app, true, Want::Vip),
        Action::PrevVip => seek(app, false, Want::Vip),
        Action::NextInThread => thread(app, true),
        Action::PrevInThread => thread(app, false),
        Action::Back | Action::Forward => trail(app, a == Action::Back),
        Action::TakeIn => {
            app.people_asked.clear();
            reload(app)
        }
        Action::Mark if app.stream.cursor.is_none() => {
            app.say("nothing is selected");
            Vec::new()
        }
        Action::Mark => {
            if let Some(k) = app.stream.cursor {
                let m = &mut app.stream.marks;
                match m.iter().position(|x| *x == k) {
                    Some(i) => drop(m.remove(i)),
                    None => m.push(k),
                }
            }
            step(app, 1)
        }
        Action::MarkRange => {
            let s = &mut app.stream;
            let from = s.marks.last().and_then(|m| s.rows.iter().position(|r| r.key == *m));
            if let (Some(a), Some(b)) = (from, s.at()) {
                for r in &s.rows[a.min(b)..=a.max(b)] {
                    if !s.marks.contains(&r.key) && !s.acted.contains(&r.key) {
                        s.marks.push(r.key);
                    }
                }
            } else {
                app.say("mark one with x first, then X marks from there to here");
            }
            Vec::new()
        }
        Action::View(n) => super::team::numbered(app, n),
        Action::WholeInbox => {
            app.stream.filter.clear();
            show(app, &[State::Inbox])
        }
        Action::ShowSnoozed => show(app, &[State::Snoozed]),
        Action::ShowDone => show(app, &[State::Done]),
        Action::ShowHeard => show(app, &[State::Heard]),
        Action::ShowAll => show(app, &State::ALL),
        _ => Vec::new(),
    }
}

/// The very end: read from the oldest upwards, unless it is here already.
fn last(app: &mut App) -> Vec<Effect> {
    if app.pane == Pane::Reader {
        app.reader.scroll = usize::MAX / 2;
        return Vec::new();
    }
    if app.stream.older.is_none() {
        return go(app, usize::MAX / 2);
    }
    let s = &mut app.stream;
    s.generation += 1;
    s.asked = true;
    let q = ListQuery { from: Key::default(), older: false, ..s.query(PAGE) };
    vec![Effect::Ask(For::Bottom(s.generation), Request::List(q))]
}

/// Enter: opens, which marks read.
fn open(app: &mut App) -> Vec<Effect> {
    let Some(item) = app.stream.current().cloned() else { return Vec::new() };
    app.reader.scroll = 0;
    app.reader.open = app.columns() == 1;
    app.pane = Pane::Reader;
    if app.trail.last() != Some(&item.key) {
        app.trail.push(item.key);
        if app.trail.len() > TRAIL {
            app.trail.remove(0);
        }
    }
    app.trail_at = app.trail.len();
    let unread = !item.read;
    let key = item.key;
    app.reader.item = Some(item);
    if unread { super::verbs::read_quietly(key) } else { Vec::new() }
}

fn space(app: &mut App) -> Vec<Effect> {
    let h = app.list_height().saturating_sub(2).max(1);
    if app.reader.item.is_some() && (app.reader.open || app.pane == Pane::Reader) {
        let lines = crate::tui::view::reader_lines(app);
        if app.reader.scroll + h < lines {
            app.reader.scroll += h;
            return Vec::new();
        }
        return seek(app, true, Want::Unread);
    }
    open(app)
}

/// The next or previous one of a kind: among the rows that are here, else the engine is asked for it.
fn seek(app: &mut App, forward: bool, want: Want) -> Vec<Effect> {
    let at = app.stream.at().unwrap_or(0);
    let rows = &app.stream.rows;
    let fits = |i: usize| want.fits(&rows[i], &app.who) && !app.stream.acted.contains(&rows[i].key);
    let found =
        if forward { (at + 1..rows.len()).find(|i| fits(*i)) } else { (0..at).rev().find(|i| fits(*i)) };
    if let Some(i) = found {
        return arrive(app, i);
    }
    let s = &app.stream;
    let edge = if forward { s.older.and(s.rows.last()) } else { s.newer.and(s.rows.first()) };
    match edge.map(|r| r.key) {
        Some(from) => {
            let query = ListQuery { from, older: forward, ..s.query(1) };
            vec![Effect::Ask(For::Seek, Request::Seek { query, want })]
        }
        None => {
            app.say(if forward { "none further on" } else { "none before" });
            Vec::new()
        }
    }
}

/// The engine found one beyond the rows that are here: the window goes there.
pub fn found(app: &mut App, keys: &[Key]) -> Vec<Effect> {
    let Some(key) = keys.first().copied() else {
        app.say("none that way");
        return Vec::new();
    };
    if let Some(i) = app.stream.rows.iter().position(|r| r.key == key) {
        return arrive(app, i);
    }
    around(app, key)
}

/// Reads the list again from a mention on.
pub fn around(app: &mut App, key: Key) -> Vec<Effect> {
    let s = &mut app.stream;
    s.generation += 1;
    s.asked = true;
    // The first row is the one that was found.
    let from = Key { time: key.time, id: Id(key.id.0.saturating_add(1)) };
    let q = ListQuery { from, ..s.query(PAGE) };
    vec![Effect::Ask(For::Around(s.generation, key), Request::List(q))]
}

/// Moves to a row; if a mention is being read, that one is opened.
pub fn arrive(app: &mut App, row: usize) -> Vec<Effect> {
    let mut out = go(app, row);
    if app.reader.open || app.pane == Pane::Reader {
        out.extend(open(app));
    }
    out
}

/// Mentions that an undo brought back go to their places in the list, as far as it reaches; the cursor goes along.
pub fn put_back(app: &mut App, items: Vec<crate::model::Item>) -> Vec<Effect> {
    let filter = crate::query::Query::parse(&app.stream.filter, crate::query::Scope::View).ok();
    let s = &mut app.stream;
    let mut first: Option<Key> = None;
    for i in items {
        let doc = crate::query::Doc::of_item(&i, &app.who);
        let fits = s.states.contains(&i.state) && filter.as_ref().is_none_or(|f| f.matches(&doc).is_some());
        if fits && s.rows.iter().any(|r| r.key == i.key) {
            first = first.max(Some(i.key));
        }
        if !fits || s.rows.iter().any(|r| r.key == i.key) {
            continue;
        }
        // A folded story has one face, the newest of its tellings.
        let folded = i.story.filter(|x| i.tellings > 1 && !s.unfolded.contains_key(x));
        if let Some(at) = folded.and_then(|x| s.rows.iter().position(|r| r.story == Some(x))) {
            if s.rows[at].key > i.key {
                continue;
            }
            s.rows.remove(at);
        }
        let at = s.rows.partition_point(|r| r.key > i.key);
        // Beyond either end of the window it will be read when one goes there.
        if (at == s.rows.len() && s.older.is_some()) || (at == 0 && s.newer.is_some()) {
            continue;
        }
        first = first.max(Some(i.key));
        s.rows.insert(at, i);
    }
    if s.at().is_none() {
        s.cursor = first.or(s.cursor);
    }
    if app.pages.is_empty()
        && let Some(key) = first
        && let Some(row) = app.stream.rows.iter().position(|r| r.key == key)
    {
        let reading = app.reader.open || app.pane == Pane::Reader;
        let out = go(app, row);
        if reading {
            follow(app);
        }
        return out;
    }
    Vec::new()
}

/// Asks for the discussion of what is selected.
fn thread(app: &mut App, forward: bool) -> Vec<Effect> {
    match app.subject() {
        Some(i) => vec![Effect::Ask(For::Thread { forward }, Request::Thread(i.id))],
        None => {
            app.say("nothing is selected");
            Vec::new()
        }
    }
}

/// Opens the next or the previous one of a discussion, wherever it stands.
pub fn in_thread(app: &mut App, forward: bool, items: Vec<crate::model::Item>) -> Vec<Effect> {
    let here = app.subject().map(|i| i.id);
    let Some(at) = items.iter().position(|i| Some(i.id) == here) else { return Vec::new() };
    let to = if forward { Some(at + 1) } else { at.checked_sub(1) };
    let Some(item) = to.and_then(|i| items.get(i)).cloned() else {
        app.say(match (items.len(), forward) {
            (1, _) => "no more of this discussion was heard",
            (_, true) => "that is the newest of the discussion",
            (_, false) => "that is where the discussion began",
        });
        return Vec::new();
    };
    app.say(format!("{} of {} in the discussion", to.unwrap_or(0) + 1, items.len()));
    super::pages::show_item(app, item)
}

fn trail(app: &mut App, back: bool) -> Vec<Effect> {
    let to = if back {
        app.trail_at.checked_sub(if app.trail_at == app.trail.len() { 2 } else { 1 })
    } else {
        Some(app.trail_at + 1)
    };
    let Some(key) = to.and_then(|i| app.trail.get(i)).copied() else {
        app.say(if back { "that is where it began" } else { "that is the newest place" });
        return Vec::new();
    };
    app.trail_at = to.unwrap_or(0);
    if let Some(i) = app.stream.rows.iter().position(|r| r.key == key) {
        let out = go(app, i);
        follow(app);
        return out;
    }
    vec![Effect::Ask(For::Page, Request::Items(vec![key.id]))]
}

fn unfold(app: &mut App) -> Vec<Effect> {
    match app.stream.current() {
        Some(i) if i.tellings > 1 => match i.story {
            Some(s) if !app.stream.unfolded.contains_key(&s) => {
                vec![Effect::Ask(For::Story(s), Request::Story(s))]
            }
            _ => Vec::new(),
        },
        Some(_) => {
            app.say("this is the only telling");
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Takes the further tellings of a story out of the list again.
pub fn fold(app: &mut App, story: Id) {
    if let Some(members) = app.stream.unfolded.remove(&story) {
        let face = app.stream.rows.iter().find(|r| r.story == Some(story)).map(|r| r.key);
        let keep = face;
        app.stream.rows.retain(|r| {
            r.story != Some(story) || Some(r.key) == keep || !members.iter().any(|m| m.key == r.key)
        });
        if app.stream.at().is_none() {
            app.stream.cursor = keep;
        }
        keep_visible(app);
    }
}
