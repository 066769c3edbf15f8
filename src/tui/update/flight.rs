//! Before a draft leaves, and while it does: the header that says where it goes as whom, the page with everything that is
//! looked at, and the page of what leaves.

use super::{draft, finish};
use crate::clean::width::pad;
use crate::door::{Request, Settle};
use crate::model::outgoing::{Class, Fate, Level, Outgoing, Preflight, SendAs};
use crate::model::{Key, Stamp, Targets, Verb, time};
use crate::tui::action::Action;
use crate::tui::app::{App, Asking, Behind, Editor, Flight, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For};

fn request(e: &Editor) -> Request {
    let draft = e.id.filter(|_| e.of.is_none());
    Request::Preflight { draft, mention: e.mention.id, how: Box::new(e.how.clone()) }
}

/// Asks where what is written goes, as whom, and how much of it.
pub fn header(app: &App) -> Vec<Effect> {
    match &app.editor {
        Some(e) if e.of.is_none() => vec![Effect::Ask(For::Header(e.mention.key), request(e))],
        _ => Vec::new(),
    }
}

pub fn header_came(app: &mut App, about: Key, p: Preflight) {
    if let Some(e) = app.editor.as_mut().filter(|e| e.mention.key == about) {
        e.header = Some(p);
    }
}

/// Everything is looked at; what it says comes as a page.
pub fn open(app: &App) -> Vec<Effect> {
    match &app.editor {
        Some(e) => vec![Effect::Ask(For::Flight(e.mention.key), request(e))],
        None => Vec::new(),
    }
}

/// What was looked at is here: a new page, or the open one as it stands now.
pub fn came(app: &mut App, about: Key, p: Preflight) -> Vec<Effect> {
    let Some(e) = app.editor.as_mut().filter(|e| e.mention.key == about) else { return Vec::new() };
    let Some(draft) = e.id else {
        app.say("nothing is changed yet");
        return Vec::new();
    };
    // What leaves is what this terminal shows.
    if p.saved_at != e.saved_at && e.changed == e.saved {
        app.warn("the draft was changed elsewhere since you opened it: Esc, then r shows it");
        return Vec::new();
    }
    e.header = Some(p.clone());
    let again = app.pages.last().is_some_and(|p| p.kind == PageKind::Preflight);
    app.flight = Some(Flight { about, draft, seen: p });
    if !again {
        app.pages.push(Page::new(PageKind::Preflight, ""));
    }
    fill(app);
    Vec::new()
}

fn fill(app: &mut App) {
    let Some(f) = &app.flight else { return };
    let p = &f.seen;
    let changes = app.editor.as_ref().is_some_and(|e| e.how.changes.is_some());
    let enter = match (p.by_hand.is_empty(), p.level()) {
        _ if p.stops() => "it does not leave like this",
        _ if !p.approval.is_empty() => "Enter gives it for approval",
        (false, Level::Amber) => "Enter copies it, with a reason",
        (false, _) => "Enter copies it",
        (true, Level::Amber) if changes => "Enter changes it there, with a reason",
        (true, _) if changes => "Enter changes it there",
        (true, Level::Amber) => "Enter sends it, with a reason",
        (true, _) => "Enter sends it",
    };
    let head = [
        p.header.to_string(),
        format!("{} · {} · {}", p.class.word(), p.readiness, p.promo),
        p.by_hand.to_string(),
    ];
    let rows = p
        .checks
        .iter()
        .map(|c| {
            let text = format!("{} {} {}", pad(c.level.word(), 5), pad(&c.name, 10), c.words);
            (text, Behind::Check(Box::new(c.clone())))
        })
        .collect();
    if let Some(page) = app.pages.last_mut().filter(|p| p.kind == PageKind::Preflight) {
        page.title = format!("{enter} · r back to the draft · w source · = what it is for");
        page.head = head.into_iter().filter(|l| !l.is_empty()).collect();
        page.rows = rows;
        page.selected = page.selected.min(page.rows.len().saturating_sub(1));
    }
}

/// Something changed: what is shown is asked for again.
pub fn again(app: &App) -> Vec<Effect> {
    match app.pages.last().map(|p| p.kind) {
        Some(PageKind::Preflight) => open(app),
        Some(PageKind::Outbox) => vec![Effect::Ask(For::Outbox, Request::Outbox)],
        Some(PageKind::Approval) => finish::check(app),
        _ => Vec::new(),
    }
}

/// What the pages of a preflight and of the outbox do with an action; `None` leaves it to others.
pub fn act(app: &mut App, a: Action) -> Option<Vec<Effect>> {
    let page = app.pages.last()?;
    match (page.kind, a) {
        (PageKind::Preflight, Action::FlightSource) => {
            if let Behind::Check(c) = page.behind() {
                let mut p = Page::new(PageKind::Text, format!("{}: {}", c.name, c.level.word()));
                p.rows = vec![
                    (c.words.to_string(), Behind::Nothing),
                    (format!("source: {}", c.source), Behind::Nothing),
                    (
                        format!("config.toml: [preflight] {} = \"off\" | \"amber\" | \"red\"", c.name),
                        Behind::Nothing,
                    ),
                ];
                app.pages.push(p);
            }
            Some(Vec::new())
        }
        (PageKind::Preflight, Action::FlightBack) => {
            app.pages.pop();
            Some(Vec::new())
        }
        (PageKind::Preflight, Action::FlightClass) => {
            let class = app.flight.as_ref().map_or(Class::Talk, |f| f.seen.class);
            let at = Class::ALL.iter().position(|c| *c == class).unwrap_or(0);
            if let Some(e) = &mut app.editor {
                e.how.class = Class::ALL.get((at + 1) % Class::ALL.len()).copied();
            }
            Some(open(app))
        }
        (PageKind::Preflight, Action::FlightGo) => Some(go(app)),
        (
            PageKind::Outbox,
            Action::SendingBack
            | Action::SendingPosted
            | Action::SendingAgain
            | Action::SendingChange
            | Action::SendingLook
            | Action::SendingRemove,
        ) => {
            let Behind::Sending(o) = page.behind().clone() else { return Some(Vec::new()) };
            Some(if a == Action::SendingChange {
                super::compose::change(app, &o)
            } else {
                settle(app, a, &o)
            })
        }
        _ => None,
    }
}

fn go(app: &mut App) -> Vec<Effect> {
    let Some(f) = &app.flight else { return Vec::new() };
    let named = |level: Level| f.seen.named(level).join(", ");
    match f.seen.level() {
        Level::Red if f.seen.stops() => {
            let which = named(Level::Red);
            let jumps = which.split(", ").any(|n| n == "variables");
            let hint = if jumps { ": here" } else { " (w shows why)" };
            app.warn(format!("it does not leave: {which}{hint}"));
            // What is to be filled in is where one writes.
            if jumps {
                app.pages.retain(|p| p.kind != PageKind::Preflight);
                super::snippets::jump(app);
            }
            Vec::new()
        }
        Level::Amber if f.seen.approval.is_empty() => {
            let label = format!("why it goes all the same ({})", named(Level::Amber));
            app.prompt = Some(Prompt::new(Asking::SendReason, label, ""));
            Vec::new()
        }
        _ => leave(app, ""),
    }
}

/// It goes: to its network, to a colleague, or by hand.
pub fn leave(app: &mut App, reason: &str) -> Vec<Effect> {
    let Some(f) = app.flight.take() else { return Vec::new() };
    if !f.seen.approval.is_empty() {
        return finish::submit_for_approval(app, &f.seen.approval);
    }
    let about = f.about;
    if !f.seen.by_hand.is_empty() {
        let mut out = Vec::new();
        if !reason.is_empty() {
            // It is kept beside the mention, where a colleague reads it.
            let text = format!("handed off although {}: {reason}", f.seen.named(Level::Amber).join(", "));
            let (verb, targets) = (Verb::Note(text), Targets::Mentions(vec![about]));
            out.push(Effect::Ask(For::Verb("noted".into()), Request::Act { verb, targets, quiet: true }));
        }
        out.extend(finish::hand_off(app));
        return out;
    }
    let Some(e) = &app.editor else { return Vec::new() };
    let how = SendAs { saved_at: f.seen.saved_at, reason: reason.to_owned(), ..e.how.clone() };
    if how.changes.is_some() {
        let ask = Request::Change { draft: f.draft, how: Box::new(how) };
        app.sending = Some(f);
        return vec![Effect::Ask(For::Changed(about), ask)];
    }
    let (verb, targets) = (Verb::Send(Box::new(how)), Targets::Drafts(vec![f.draft]));
    app.sending = Some(f);
    vec![Effect::Ask(For::LetGo(about), Request::Act { verb, targets, quiet: false })]
}

/// What was sent says other words now.
pub fn changed(app: &mut App, about: Key) -> Vec<Effect> {
    let out = let_go(app, about, app.now);
    app.recall = None;
    app.say("changed where it stands");
    out
}

/// It is on its way.
pub fn let_go(app: &mut App, about: Key, due: Stamp) -> Vec<Effect> {
    app.sending = None;
    app.editor = None;
    app.pages.clear();
    app.recall = Some(about);
    if app.stream.rows.iter().any(|r| r.key == about) {
        app.stream.cursor = Some(about);
    }
    app.say(match due <= app.now {
        true => "it leaves now · g O shows it".to_owned(),
        false => format!("goes {} · u recalls", due.local_clock(app.now)),
    });
    vec![Effect::Ask(For::Drafts, Request::Drafts)]
}

/// It was refused: the page stays, as it is now.
pub fn refused(app: &mut App, why: &str) -> Vec<Effect> {
    app.flight = app.sending.take();
    app.warn(why.to_owned());
    open(app)
}

/// A send was taken back: this draft is open again.
pub fn recalled(app: &mut App) -> Vec<Effect> {
    match app.recall.take() {
        Some(key) => {
            app.ahead = Some(Vec::new());
            draft::open_of(key)
        }
        None => Vec::new(),
    }
}

/// `Ctrl-x w` and `Ctrl-x d`.
pub fn ask(app: &mut App, a: Action) -> Vec<Effect> {
    let Some(e) = &app.editor else { return Vec::new() };
    let (asking, label, text) = match (a, &e.header) {
        (Action::DraftAs, Some(p)) if p.by_hand.is_empty() => {
            let both = format!("{} {}", p.account.clone().unwrap_or_default(), p.visibility);
            let label = format!(
                "as whom, and who sees it · {} · {}",
                p.accounts.join(" | "),
                if p.visibilities.is_empty() { "as it is".to_owned() } else { p.visibilities.join(" | ") }
            );
            (Asking::SendAs, label, both.trim().to_owned())
        }
        (Action::DraftWhen, Some(p)) if p.by_hand.is_empty() => {
            let at = e.how.at.map_or(String::new(), |t| t.local_short(app.now));
            let usual = time::span(p.delay_ms);
            (Asking::SendWhen, format!("when it goes (2h, tomorrow, fri 9; empty: {usual} after Enter)"), at)
        }
        (_, Some(_)) => {
            app.say("this one goes by hand");
            return Vec::new();
        }
        (_, None) => return Vec::new(),
    };
    app.prompt = Some(Prompt::new(asking, label, &text));
    Vec::new()
}

/// What was asked about how it is sent.
///
/// # Errors
/// What is wrong with it.
pub fn answer(app: &mut App, asking: Asking, text: &str) -> Result<Vec<Effect>, String> {
    if asking == Asking::SendReason {
        if text.is_empty() {
            return Err("say why, in a few words: it is logged".into());
        }
        return Ok(leave(app, text));
    }
    let now = Stamp::now();
    let Some(e) = &mut app.editor else { return Ok(Vec::new()) };
    if asking == Asking::SendWhen {
        e.how.at = if text.is_empty() {
            None
        } else {
            Some(
                time::parse_when(text, now)
                    .map_err(|_| format!("“{text}” is no time: 2h, tomorrow, fri 9, 17:00"))?,
            )
        };
        let said = e.how.at.map_or("after the usual delay".to_owned(), |t| t.local_short(now));
        app.say(format!("it goes {said}"));
        return Ok(chosen(app));
    }
    let p = e.header.clone().unwrap_or_default();
    let (mut account, mut visibility) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if p.accounts.iter().any(|a| a == word) {
            account = word.to_owned();
        } else if p.visibilities.iter().any(|v| v == word) {
            visibility = word.to_owned();
        } else {
            return Err(format!("“{word}” is none of {}", [p.accounts, p.visibilities].concat().join(", ")));
        }
    }
    (e.how.account, e.how.visibility) = (account, visibility);
    Ok(chosen(app))
}

/// As whom it goes, and when, is kept with it at once.
fn chosen(app: &mut App) -> Vec<Effect> {
    if let Some(e) = &mut app.editor {
        e.changed += 1;
    }
    let mut out = draft::save(app);
    out.extend(header(app));
    out
}

/// The page of what leaves.
pub fn outbox(app: &mut App, all: Vec<Outgoing>) {
    let now = app.now;
    let Some(page) = app.pages.last_mut().filter(|p| p.kind == PageKind::Outbox) else { return };
    let here = page.behind().clone();
    page.head = vec![if all.is_empty() {
        "Nothing leaves, and nothing left. Ctrl-x p in a draft lets it go.".to_owned()
    } else {
        "E back to its writer · P it is there · + once more · w what came of it · r change · D delete there"
            .to_owned()
    }];
    page.rows = all
        .into_iter()
        .map(|o| {
            let mark = if o.fate == Some(Fate::Asks) { "!" } else { "" };
            let at = if o.posted.url.is_empty() { String::new() } else { format!(" · {}", o.posted.url) };
            let text = format!("{mark}{} {} {}{at}", pad(&o.who, 8), pad(&o.about, 24), o.words(now));
            (text, Behind::Sending(Box::new(o)))
        })
        .collect();
    let same = |b: &Behind| match (b, &here) {
        (Behind::Sending(a), Behind::Sending(b)) => a.draft == b.draft,
        _ => false,
    };
    page.selected = page.rows.iter().position(|r| same(&r.1)).unwrap_or(0);
}

fn settle(app: &mut App, a: Action, o: &Outgoing) -> Vec<Effect> {
    let waits = o.fate.is_none();
    let open = o.fate.is_none_or(Fate::is_open);
    match a {
        Action::SendingRemove if o.fate == Some(Fate::Sent) => {
            let label = format!("yes and Enter delete it at {} · Esc keeps it", o.posted.url);
            app.prompt = Some(Prompt::new(Asking::SendingRemove, label, ""));
            app.settling = Some(o.draft);
            Vec::new()
        }
        Action::SendingLook if o.fate == Some(Fate::Sent) => vec![ask_settle(o.draft, Settle::Look)],
        Action::SendingRemove | Action::SendingLook => {
            app.say("it was not sent");
            Vec::new()
        }
        _ if !open => {
            app.say("it came to its end");
            Vec::new()
        }
        Action::SendingBack if waits => {
            let (verb, targets) = (Verb::Recall, Targets::Drafts(vec![o.draft]));
            vec![Effect::Ask(For::Verb("called back".into()), Request::Act { verb, targets, quiet: false })]
        }
        _ if waits => {
            app.say("it has not left yet");
            Vec::new()
        }
        Action::SendingPosted => {
            app.prompt = Some(Prompt::new(Asking::SendingAt, "it is there; its address", ""));
            app.settling = Some(o.draft);
            Vec::new()
        }
        Action::SendingBack => vec![ask_settle(o.draft, Settle::Drop)],
        _ => vec![ask_settle(o.draft, Settle::Again)],
    }
}

fn ask_settle(draft: crate::model::Id, how: Settle) -> Effect {
    Effect::Ask(For::Settled(draft, how.clone()), Request::Settle { draft, how })
}

/// What a person said of a sending is done.
pub fn settled(app: &mut App, draft: crate::model::Id, how: &Settle) -> Vec<Effect> {
    app.say(match how {
        Settle::Posted(_) => "it stands there: this is answered",
        Settle::Drop => "its draft is with its writer again",
        Settle::Again => "it goes once more",
        Settle::Remove => "deleted there; what it answered waits in the inbox",
        Settle::Look => return vec![Effect::Ask(For::CameOf(draft), Request::Outbox)],
    });
    again(app)
}

/// What came of one, asked just now.
pub fn came_of(app: &mut App, draft: crate::model::Id, all: Vec<Outgoing>) {
    let words = all.iter().find(|o| o.draft == draft).map(|o| o.outcome.words()).unwrap_or_default();
    outbox(app, all);
    app.say(if words.is_empty() { "it stands there; no reaction is known".to_owned() } else { words });
}

/// It is deleted there, if a person says yes.
pub fn removed(app: &mut App, text: &str) -> Vec<Effect> {
    match (app.settling.take(), text.to_lowercase().as_str()) {
        (Some(d), "y" | "yes") => vec![ask_settle(d, Settle::Remove)],
        _ => {
            app.say("it stays");
            Vec::new()
        }
    }
}

/// A person says where it stands.
///
/// # Errors
/// If that is no address.
pub fn stands_at(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    if crate::clean::url(text, None).is_empty() {
        return Err("that is no http or https address".into());
    }
    Ok(app.settling.take().map(|d| ask_settle(d, Settle::Posted(text.to_owned()))).into_iter().collect())
}

/// The line of the state of what is on its way: "goes 14:02:30 · u recalls".
pub fn going(app: &App) -> Option<String> {
    let mine = app.drafts.iter().filter(|d| d.who == app.who);
    let next = mine.filter_map(|d| d.going()).filter(|g| !g.asked).map(|g| g.due).min()?;
    (next > app.now).then(|| format!("goes {} · u recalls", next.local_clock(app.now)))
}
