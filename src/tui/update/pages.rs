//! Pages over the main screen: sources, drafts, people, logs, health, why, revisions. The same verbs work on
//! the mentions in them.

use super::{draft, finish, sources, texts};
use crate::clean::width::pad;
use crate::door::{LogRow, Reply, Request};
use crate::model::{Cause, Entry, Id, Item, Key, PersonCard, Stage, Stamp, State, Target, Value, time};
use crate::tui::action::Action;
use crate::tui::app::{App, Behind, Page, PageKind, Pane};
use crate::tui::msg::{Effect, For};

/// Mentions that a hand-over looks at.
const OPEN: usize = 5000;

/// Shows the hand-over.
pub fn handover(app: &mut App, items: &[Item]) {
    let text = crate::model::handover(items, &app.drafts, app.now);
    let mut p = Page::new(PageKind::Text, "hand-over · y copies it as Markdown");
    p.rows = text.lines().map(|l| (l.to_owned(), Behind::Nothing)).collect();
    app.pages.push(p);
}

/// What cannot be heard, as it is known here.
fn unheard(app: &mut App) {
    use crate::model::network::{coverage, share};
    let topics: Vec<String> = app.topics.iter().filter(|t| !t.set).map(|t| t.name.clone()).collect();
    let all = coverage(&app.sources, &topics);
    let mut p = Page::new(PageKind::Text, "what is not heard: a silence is no zero");
    let line = |u: &crate::model::network::Unheard| {
        let since = u.since.map_or(String::new(), |t| format!(" since {}", t.local_minute()));
        let (n, of) = u.topics;
        format!("{} {}{since}: {} ({n} of {of} topics)", pad(&u.source, 18), u.what, u.words)
    };
    p.rows = all.iter().map(|u| (line(u), Behind::Nothing)).collect();
    p.head = vec![match share(&all) {
        Some((n, of)) => format!("{n} of {of} topics depend on what is not heard whole"),
        None => "everything that is listened to is heard, as far as its networks tell".into(),
    }];
    app.pages.push(p);
}

/// A community's card; several in a list.
pub fn communities(app: &mut App, all: &[crate::model::CommunityView]) {
    let mut p = Page::new(PageKind::Text, "community");
    match all {
        [] => {
            app.say("no network told anything of this community");
            return;
        }
        [one] => {
            p.rows = crate::model::network::card(one).into_iter().map(|l| (l, Behind::Nothing)).collect();
        }
        many => {
            p.title = "communities".into();
            for c in many {
                let k = &c.community;
                let members = k.members.as_ref().map_or(String::new(), |(n, w)| format!(" · {n} {w}"));
                let line = format!(
                    "{} {} heard {} · ours {}{members}",
                    pad(&k.name, 28),
                    pad(&k.network, 10),
                    c.heard,
                    c.ours
                );
                p.rows.push((line, Behind::Nothing));
            }
        }
    }
    app.pages.push(p);
}

/// What a page does with an action itself; `None` leaves it to the main screen's rules.
pub fn act(app: &mut App, a: Action) -> Option<Vec<Effect>> {
    if let Some(done) = finish::act(app, a).or_else(|| super::flight::act(app, a)) {
        return Some(done);
    }
    let half = (app.list_height() / 2).max(1);
    let page = app.pages.last_mut()?;
    let n = page.rows.len().saturating_sub(1);
    match a {
        _ if page.kind == PageKind::Text && scrolls(a) => {
            let n = crate::tui::view::text_lines(page, app.size.0).saturating_sub(app.list_height() - 1);
            let page = app.pages.last_mut()?;
            page.selected = match a {
                Action::Down => page.selected + 1,
                Action::Up => page.selected.saturating_sub(1),
                Action::HalfDown => page.selected + half,
                Action::HalfUp => page.selected.saturating_sub(half),
                Action::First => 0,
                _ => n,
            }
            .min(n);
        }
        Action::Down => page.selected = (page.selected + 1).min(n),
        Action::Up => page.selected = page.selected.saturating_sub(1),
        Action::HalfDown => page.selected = (page.selected + half).min(n),
        Action::HalfUp => page.selected = page.selected.saturating_sub(half),
        Action::First => page.selected = 0,
        Action::Last => page.selected = n,
        Action::Open => return Some(enter(app)),
        Action::Reply => return Some(draft::open(app)),
        Action::SourceEdit | Action::SourceTest | Action::SourcePause | Action::SourceRemove => {
            return Some(sources::act(app, a));
        }
        Action::PollNow => {
            if let Some(id) = sources::subject(page) {
                app.say(format!("asking {id}"));
                return Some(vec![sources::ask_now(app, id)]);
            }
            return None;
        }
        Action::Person => {
            if let Behind::Person(id) = page.behind().clone() {
                return Some(person(app, id));
            }
            return None;
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn scrolls(a: Action) -> bool {
    matches!(a, Action::Down | Action::Up | Action::HalfDown | Action::HalfUp | Action::First | Action::Last)
}

fn enter(app: &mut App) -> Vec<Effect> {
    let Some(page) = app.pages.last() else { return Vec::new() };
    match page.behind().clone() {
        Behind::Mention(i) => show_over(app, *i),
        Behind::Person(id) => person(app, id),
        Behind::Draft(d) if d.posted.is_some() => {
            let mut p = Page::new(PageKind::Text, format!("posted · {}", d.about));
            p.head = vec![format!("at {}", d.posted.clone().unwrap_or_default())];
            p.rows = d.text.lines().map(|l| (l.to_owned(), Behind::Nothing)).collect();
            app.pages.push(p);
            Vec::new()
        }
        Behind::Draft(d) => finish::visit(app, &d),
        Behind::Sending(o) => {
            let mut p = Page::new(PageKind::Text, format!("{} · {}", o.words(app.now), o.about));
            let whom = format!("as {}", o.account);
            let head = [whom.as_str(), &o.network, &o.visibility, &o.posted.url];
            p.head = vec![head.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ")];
            p.rows = o.text.lines().map(|l| (l.to_owned(), Behind::Nothing)).collect();
            app.pages.push(p);
            Vec::new()
        }
        Behind::Check(_) | Behind::Snippet(_) => Vec::new(),
        Behind::Account(a) => super::compose::begin(app, *a),
        Behind::Macro(key) => {
            app.pages.pop();
            super::macros::run(app, &key)
        }
        Behind::Source(id) => sources::open(app, id),
        Behind::Mute(key) => match app.mutes.iter().find(|m| m.key == key).map(|m| m.mute.about.id) {
            Some(id) => vec![Effect::Ask(For::Page, Request::Items(vec![id]))],
            None => Vec::new(),
        },
        Behind::Topic(_) | Behind::Rule(_) => super::team::act(app, Action::EntryEdit),
        Behind::View(v) => {
            app.pages.pop();
            super::team::show(app, v)
        }
        Behind::Key(key) => vec![Effect::Ask(For::Page, Request::Items(vec![key.id]))],
        Behind::Action(a) => {
            app.pages.pop();
            super::act(app, a)
        }
        Behind::Nothing => Vec::new(),
    }
}

/// Asks anew for what the open page shows of changes: a list of them, a person.
pub fn again(app: &App) -> Vec<Effect> {
    let Some(p) = app.pages.last() else { return Vec::new() };
    match (p.kind, p.person) {
        (PageKind::Mutes, _) => vec![Effect::Ask(For::Told, Request::Mutes)],
        (PageKind::Undo, _) => vec![Effect::Ask(For::Page, Request::UndoList(200))],
        (PageKind::Person, Some(id)) => vec![Effect::Ask(For::People, Request::People(vec![id]))],
        (PageKind::People, _) => vec![Effect::Ask(For::People, Request::KnownPeople)],
        _ => Vec::new(),
    }
}

/// Shows a mention over the page it was on; closing it comes back to that page.
fn show_over(app: &mut App, i: Item) -> Vec<Effect> {
    app.below = std::mem::take(&mut app.pages);
    show_item(app, i)
}

/// Shows a mention that may not be in the list.
pub fn show_item(app: &mut App, i: Item) -> Vec<Effect> {
    if app.stream.rows.iter().any(|r| r.key == i.key) {
        app.stream.cursor = Some(i.key);
        super::list::keep_visible(app);
    }
    app.reader.scroll = 0;
    app.reader.open = app.columns() == 1;
    app.pane = Pane::Reader;
    let (key, unread) = (i.key, !i.read);
    app.reader.item = Some(i);
    app.draw_now = true;
    if unread { super::verbs::read_quietly(key) } else { Vec::new() }
}

pub fn one_item(app: &mut App, items: Vec<Item>) -> Vec<Effect> {
    match items.into_iter().next() {
        Some(i) => show_over(app, i),
        None => {
            app.say("it is not there any more");
            Vec::new()
        }
    }
}

pub fn open(app: &mut App, a: Action) -> Vec<Effect> {
    let kind = match a {
        Action::GoSources => Some(PageKind::Sources),
        Action::GoDrafts => Some(PageKind::Drafts),
        Action::GoOutbox => Some(PageKind::Outbox),
        Action::GoPeople => Some(PageKind::People),
        Action::GoUndo => Some(PageKind::Undo),
        Action::GoHealth => Some(PageKind::Health),
        Action::GoCalls => Some(PageKind::Calls),
        Action::GoMutes => Some(PageKind::Mutes),
        _ => None,
    };
    // A page that is open already comes to the top instead of lying there twice.
    app.pages.retain(|p| Some(p.kind) != kind);
    match a {
        Action::GoSources => {
            app.pages.push(Page::new(PageKind::Sources, "sources"));
            refresh(app);
            vec![Effect::Ask(For::Sources, Request::Sources)]
        }
        Action::GoDrafts => {
            app.pages.push(Page::new(PageKind::Drafts, "drafts · Enter writes on"));
            refresh(app);
            vec![Effect::Ask(For::Drafts, Request::Drafts)]
        }
        Action::GoOutbox => {
            app.pages.push(Page::new(PageKind::Outbox, "what leaves, and what left"));
            vec![Effect::Ask(For::Outbox, Request::Outbox)]
        }
        Action::GoPeople => {
            app.pages.push(Page::new(PageKind::People, "people on the screen and on the watch list"));
            refresh(app);
            let mut ids = super::list::authors(app);
            ids.retain(|i| !app.people.contains_key(i));
            vec![
                Effect::Ask(For::People, Request::People(ids)),
                Effect::Ask(For::People, Request::KnownPeople),
            ]
        }
        Action::GoLog => {
            app.pages.push(Page::new(PageKind::Log, "log of everything, newest first"));
            vec![Effect::Ask(For::Page, Request::Log { about: None, limit: 500 })]
        }
        Action::GoUndo => {
            app.pages.push(Page::new(PageKind::Undo, "my undo list, newest first · u takes back the newest"));
            vec![Effect::Ask(For::Page, Request::UndoList(200))]
        }
        Action::GoHealth => {
            app.pages.push(Page::new(PageKind::Health, "health"));
            vec![Effect::Ask(For::Sources, Request::Sources), Effect::Ask(For::Page, Request::Status)]
        }
        Action::GoCalls => {
            app.pages.push(Page::new(PageKind::Calls, "mentions of me, the newest call first"));
            vec![Effect::Ask(For::Calls, Request::Calls)]
        }
        Action::GoMutes => {
            app.pages.push(Page::new(PageKind::Mutes, "what is muted or always let in · D lifts one"));
            refresh(app);
            vec![Effect::Ask(For::Told, Request::Mutes)]
        }
        Action::GoCommunity => {
            let name = app.subject().map(|i| i.mention.community.to_string()).filter(|c| !c.is_empty());
            vec![Effect::Ask(For::Communities, Request::Communities(name))]
        }
        Action::GoCoverage => {
            unheard(app);
            vec![Effect::Ask(For::Sources, Request::Sources)]
        }
        Action::GoHandover => {
            let q = crate::door::ListQuery::newest(&[State::Inbox, State::Snoozed], "", OPEN);
            vec![Effect::Ask(For::Handover, Request::List(q)), Effect::Ask(For::Drafts, Request::Drafts)]
        }
        Action::Log => match app.subject() {
            Some(i) => {
                let (id, title) = (i.id, format!("log of “{}”", i.mention.headline()));
                let mut p = Page::new(PageKind::Log, title);
                p.about = Some(Box::new(i.clone()));
                app.pages.push(p);
                vec![Effect::Ask(For::Page, Request::Log { about: Some(id), limit: 500 })]
            }
            None => nothing(app),
        },
        Action::Person => match app.subject().map(|i| Id(i.mention.author.key())).filter(|i| i.0 != 0) {
            Some(id) => person(app, id),
            None => {
                app.say("the source names no author");
                Vec::new()
            }
        },
        Action::Why | Action::Diff | Action::ShowLink => match app.subject().cloned() {
            Some(i) => {
                let (title, head) = match a {
                    Action::Why => {
                        let mut lines = texts::why(&i);
                        let names = crate::config::names_of(&app.topics, &app.team_views);
                        lines.extend(texts::topics(&i, &app.topics, &names, &app.who, app.ascii));
                        ("why it is here", lines)
                    }
                    Action::Diff => ("what changed", texts::diff(&i)),
                    _ => {
                        let mut lines = texts::link(&i);
                        if !app.ascii && !app.calm && !i.mention.url.is_empty() {
                            lines.push(String::new());
                            lines.extend(crate::tui::qr::lines(&i.mention.url));
                        }
                        ("link", lines)
                    }
                };
                let mut p = Page::new(PageKind::Text, title);
                p.about = Some(Box::new(i.clone()));
                p.rows = head.into_iter().map(|l| (l, Behind::Nothing)).collect();
                app.pages.push(p);
                let why = a == Action::Why;
                why.then_some(Effect::Ask(For::Standing(i.id), Request::Standing(i.id))).into_iter().collect()
            }
            None => nothing(app),
        },
        _ => Vec::new(),
    }
}

fn nothing(app: &mut App) -> Vec<Effect> {
    app.say("nothing is selected");
    Vec::new()
}

pub fn person(app: &mut App, id: Id) -> Vec<Effect> {
    let mut p = Page::new(PageKind::Person, "person");
    p.person = Some(id);
    app.pages.push(p);
    refresh(app);
    vec![
        Effect::Ask(For::People, Request::People(vec![id])),
        Effect::Ask(For::Timeline, Request::Timeline { person: id, before: Key::MAX, limit: 200 }),
    ]
}

/// Fills the page of calls.
pub fn calls(app: &mut App, items: Vec<Item>) {
    let now = app.now;
    let Some(p) = app.pages.last_mut().filter(|p| p.kind == PageKind::Calls) else { return };
    if items.is_empty() {
        p.head = vec![format!("Nobody calls you. A note with @{} does.", app.who)];
    }
    let row = |i: &Item| {
        let note = i.notes.iter().rev().find(|(_, _, t)| t.contains('@'));
        let said = note.map_or(String::new(), |(who, _, t)| format!(" | {who}: {}", t.replace('\n', " ")));
        format!("{}{said}", mention_row(i, now))
    };
    p.rows = items.into_iter().map(|i| (row(&i), Behind::Mention(Box::new(i)))).collect();
}

pub fn timeline(app: &mut App, items: Vec<Item>) {
    let now = app.now;
    if let Some(p) = app.pages.last_mut().filter(|p| p.kind == PageKind::Person) {
        p.rows = mention_rows(items, now);
    }
}

/// Rows behind which mentions stand.
pub fn mention_rows(items: Vec<Item>, now: Stamp) -> Vec<(String, Behind)> {
    items.into_iter().map(|i| (mention_row(&i, now), Behind::Mention(Box::new(i)))).collect()
}

pub fn mention_row(i: &Item, now: Stamp) -> String {
    let mark = if i.read { ' ' } else { '*' };
    format!("{mark} {:>4}  {:<8} {}", time::ago(i.mention.at, now), i.state.word(), i.mention.headline())
}

/// Fills the open page with what is known by now.
pub fn refresh(app: &mut App) {
    let now = app.now;
    let wide = app.size.0 >= 100;
    let on_screen = super::list::authors(app);
    let Some(page) = app.pages.last_mut() else { return };
    // What is selected stays selected, wherever it goes.
    let mut here = page.behind().clone();
    if let Some(name) = &app.written {
        here = match page.kind {
            PageKind::Topics => Behind::Topic(name.clone()),
            PageKind::Rules => Behind::Rule(name.clone()),
            _ => here,
        };
    }
    match page.kind {
        PageKind::Sources => {
            page.rows = app
                .sources
                .iter()
                .map(|s| (sources::row(s, now, wide), Behind::Source(s.id.clone())))
                .collect();
            page.head = vec![if page.rows.is_empty() {
                "No source yet. + adds one: the address of a feed or of a page is enough.".into()
            } else {
                sources::columns(wide)
            }];
        }
        PageKind::Source => sources::fill(page, &app.sources, now, usize::from(app.size.0)),
        PageKind::Drafts => {
            page.rows = app
                .drafts
                .iter()
                .map(|d| {
                    let mark = if d.posted.is_some() {
                        "posted"
                    } else if d.discarded {
                        "aside"
                    } else {
                        match d.stage {
                            Stage::Writing => "",
                            Stage::Waiting { .. } => "waits",
                            Stage::Approved { .. } => "may go",
                            Stage::Returned { .. } => "back",
                            Stage::Going(_) => "goes",
                        }
                    };
                    let begin = d.text.lines().next().unwrap_or("");
                    let text = format!(
                        "{mark:<6} {:>4}  {} {} | {}{begin}",
                        time::ago(d.saved_at, now),
                        pad(&d.who, 8),
                        pad(&d.about, 30),
                        d.sign()
                    );
                    (text, Behind::Draft(Box::new(d.clone())))
                })
                .collect();
            page.head = if page.rows.is_empty() {
                vec!["No drafts. r on a mention begins one.".into()]
            } else {
                Vec::new()
            };
        }
        PageKind::People => {
            let mut all: Vec<&PersonCard> = app
                .people
                .values()
                .filter(|p| p.vip || !p.notes.is_empty() || on_screen.contains(&p.id))
                .collect();
            all.sort_by_key(|p| {
                (!p.vip, std::cmp::Reverse(p.recent), std::cmp::Reverse(p.mentions), p.name.clone(), p.id)
            });
            page.rows = all.into_iter().map(|p| (person_row(p, now), Behind::Person(p.id))).collect();
        }
        PageKind::Approval => finish::refresh(page, &app.drafts),
        PageKind::Mutes => super::team::fill_mutes(page, &app.mutes, now),
        PageKind::Topics => super::team::fill(page, &app.topics),
        PageKind::Rules => super::team::fill_rules(page, &app.rules),
        PageKind::Person => {
            if let Some(p) = page.person.and_then(|id| app.people.get(&id)) {
                page.title = format!("{} · {}", p.name, p.scope);
                page.head = person_head(p);
            }
        }
        PageKind::Health => {
            page.rows = app
                .sources
                .iter()
                .filter(|s| s.health.is_red() || !s.health.gaps.is_empty())
                .flat_map(|s| {
                    let mut rows = vec![(sources::row(s, now, wide), Behind::Source(s.id.clone()))];
                    for (from, to) in &s.health.gaps {
                        let to = to.map_or("still open".into(), |t| format!("closed {}", t.local_minute()));
                        rows.push((
                            format!("      gap from {} · {to}", from.local_minute()),
                            Behind::Nothing,
                        ));
                    }
                    rows
                })
                .collect();
            if page.rows.is_empty() {
                page.rows.push(("Every source is well, and there is no gap.".into(), Behind::Nothing));
            }
        }
        _ => {}
    }
    if page.kind == PageKind::Approval {
        return;
    }
    let again = page.rows.iter().position(|r| r.1 == here && here != Behind::Nothing);
    if again.is_some() && matches!(here, Behind::Topic(_) | Behind::Rule(_)) {
        app.written = None;
    }
    page.selected = again.unwrap_or(page.selected).min(page.rows.len().saturating_sub(1));
}

/// An answer for the open page.
pub fn filled(app: &mut App, r: Reply) -> Vec<Effect> {
    let Some(page) = app.pages.last_mut() else { return Vec::new() };
    match r {
        Reply::Log(all) => {
            page.rows =
                all.iter().map(|r| (entry_row(r, page.about.is_some()), entry_behind(&r.entry))).collect();
            page.selected = page.selected.min(page.rows.len().saturating_sub(1));
        }
        Reply::Status(s) => {
            page.head = vec![
                format!("Hearken {} · {} · {} MB on the disk", s.version, s.data, s.disk_bytes >> 20),
                format!("configuration {}", s.config),
            ];
            page.head
                .extend(s.notices.iter().rev().take(8).map(|(at, t)| format!("{} {t}", at.local_minute())));
            if s.cleaned_at_sink > 0 {
                page.head.push(format!(
                    "{} unsafe characters were stopped at the last moment: please report this",
                    s.cleaned_at_sink
                ));
            }
        }
        _ => {}
    }
    if page.rows.is_empty() && page.kind != PageKind::Health {
        page.rows.push(("nothing yet".into(), Behind::Nothing));
    }
    Vec::new()
}

/// One entry; `one` says that all are about the same thing, which then is not repeated.
fn entry_row(r: &LogRow, one: bool) -> String {
    let e = &r.entry;
    let what = match e.changes.as_slice() {
        [c] => match &c.to {
            Value::Note(_, on) => if *on { "a note" } else { "no note" }.to_owned(),
            Value::State(s, Some(t)) => {
                format!("{} -> {} until {}", c.from.words(), s.word(), t.local_minute())
            }
            to => format!("{} -> {}", c.from.words(), to.words()),
        },
        many => format!("{} items", many.len()),
    };
    let cause = match e.cause {
        _ if !r.stands => " (taken back)",
        Cause::Undo(_) => " (undo)",
        Cause::Redo(_) => " (redo)",
        Cause::Clock => " (by the clock)",
        _ => "",
    };
    let about = if one || r.about.is_empty() { String::new() } else { format!(" · {}", r.about) };
    format!("{} {} {}{cause} {what}{about}", e.at.local_minute(), pad(&e.who, 8), e.verb)
}

fn entry_behind(e: &Entry) -> Behind {
    match e.changes.first().map(|c| &c.target) {
        Some(Target::Mention(k)) => Behind::Key(*k),
        Some(Target::Person(id)) => Behind::Person(*id),
        Some(Target::Source(s)) => Behind::Source(s.clone()),
        _ => Behind::Nothing,
    }
}

pub fn person_row(p: &PersonCard, now: Stamp) -> String {
    let vip = if p.vip { "VIP" } else { "   " };
    let last = p.last_seen.map_or(String::new(), |t| time::ago(t, now));
    format!("{vip} {:>3} {last:>4} {} {}", p.recent, pad(&p.name, 20), p.scope)
}

fn person_head(p: &PersonCard) -> Vec<String> {
    let date = |t: Option<Stamp>| t.map_or("?".into(), Stamp::local_minute);
    let mut out = vec![format!(
        "{}{} mention{}, {} in 30 days · first {} · last {}",
        if p.vip { "VIP · " } else { "" },
        p.mentions,
        if p.mentions == 1 { "" } else { "s" },
        p.recent,
        date(p.first_seen),
        date(p.last_seen)
    )];
    if !p.tags.is_empty() {
        out.push(format!("#{}", p.tags.join(" #")));
    }
    out.extend(p.notes.iter().map(|(who, at, t)| format!("note, {who} {}: {t}", at.local_minute())));
    out
}
