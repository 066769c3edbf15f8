//! From a draft to what leaves: what changed meanwhile is shown first, who may not send gives it to somebody who may,
//! the rest is handed off. And the other side of it: a colleague's draft is read, approved, changed or returned.

use super::{draft, pages, prompt};
use crate::door::{Request, Terms};
use crate::model::outgoing::{Check, Level, Preflight, SendAs};
use crate::model::{Draft, Id, Item, Key, Role, Stage, State, Targets, Verb, time};
use crate::tui::action::Action;
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For};

/// `Ctrl-x p`: what is written is kept, then looked at.
pub fn submit(app: &mut App) -> Vec<Effect> {
    let mut out = draft::save(app);
    let Some(e) = &mut app.editor else { return out };
    if e.text().trim().is_empty() {
        app.say("the draft is empty");
        return out;
    }
    e.finishing = true;
    if e.changed == e.saved {
        out.extend(look(app));
    }
    out
}

/// Asks how the discussion stands now.
pub fn look(app: &App) -> Vec<Effect> {
    let Some(e) = &app.editor else { return Vec::new() };
    vec![Effect::Ask(For::Meanwhile(e.mention.key), Request::Thread(e.mention.id))]
}

/// How the discussion stands: at the beginning it is remembered, at the end it is compared.
pub fn meanwhile(app: &mut App, about: Key, items: Vec<Item>) -> Vec<Effect> {
    let now = app.now;
    let me = app.who.clone();
    let Some(e) = app.editor.as_mut().filter(|e| e.mention.key == about) else { return Vec::new() };
    let seen = e.seen.replace(items.iter().map(|i| i.id).collect());
    if !e.finishing {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let fresh = items.iter().filter(|i| seen.as_ref().is_some_and(|s| !s.contains(&i.id)));
    for i in fresh {
        lines.push(format!("{} · {}", i.mention.author.name, time::since(i.mention.at, now)));
        lines.extend(i.mention.text.lines().take(12).map(str::to_owned));
        lines.push(String::new());
    }
    if let Some(is) = items.into_iter().find(|i| i.id == e.mention.id) {
        let was = &e.mention;
        if (&is.mention.title, &is.mention.text) != (&was.mention.title, &was.mention.text) {
            lines.push("its author changed it since you began:".into());
            lines.extend(super::texts::diff(&is));
            lines.push(String::new());
        }
        if is.answered != was.answered
            && let Some(at) = &is.answered
        {
            lines.push(format!("it was answered meanwhile, at {at}"));
        }
        if is.state == State::Done && was.state != State::Done {
            lines.push("a colleague marked it done meanwhile".into());
        }
        if is.assignee != was.assignee
            && let Some(who) = is.assignee.as_ref().filter(|w| **w != me)
        {
            lines.push(format!("{who} has claimed it meanwhile"));
        }
        e.mention = is;
    }
    if lines.is_empty() {
        // How far it is may have changed too: it may have been returned, or approved.
        return vec![Effect::Ask(For::Ready(about), Request::Draft(about.id))];
    }
    e.finishing = false;
    let mut p =
        Page::new(PageKind::Text, "since you began · Enter finishes all the same · q back to the draft");
    p.rows = lines.into_iter().map(|l| (l, Behind::Action(Action::DraftSubmit))).collect();
    app.pages.push(p);
    app.warn("this is new since you began");
    Vec::new()
}

/// What holds now is known: on it goes, unless that forbids it.
pub fn ready(app: &mut App, about: Key, d: Option<Draft>, terms: Terms) -> Vec<Effect> {
    let Some(e) = app.editor.as_mut().filter(|e| e.mention.key == about && e.finishing) else {
        return Vec::new();
    };
    if e.of.is_none() {
        if let Some(d) = d {
            let returned = matches!(d.stage, Stage::Returned { .. }) && e.stage != d.stage;
            (e.id, e.stage) = (Some(d.id), d.stage.clone());
            if returned {
                e.finishing = false;
                app.warn(format!("{}: {}", d.stage.words(), d.reason));
                return Vec::new();
            }
        }
        if let Some(why) = &terms.barred {
            let why = why.to_string();
            e.finishing = false;
            e.terms = terms;
            app.warn(why);
            return Vec::new();
        }
        e.terms = terms;
    }
    go_on(app)
}

fn go_on(app: &mut App) -> Vec<Effect> {
    let Some(e) = &mut app.editor else { return Vec::new() };
    e.finishing = false;
    if let Some(d) = e.of.take() {
        let about = e.mention.clone();
        app.editor = None;
        app.say("kept as you changed it · Enter approves it");
        return show(app, d, about);
    }
    super::flight::open(app)
}

/// Somebody else looks at it.
pub fn submit_for_approval(app: &mut App, who: &str) -> Vec<Effect> {
    let Some(id) = app.editor.as_ref().and_then(|e| e.id) else { return Vec::new() };
    let verb = Verb::Submit;
    let said = For::Verb(format!("given for approval, to {who}"));
    let targets = Targets::Drafts(vec![id]);
    app.editor = None;
    app.pages.clear();
    vec![Effect::Ask(said, Request::Act { verb, targets, quiet: false })]
}

/// There is no way to send: copy, show the link, ask where it was posted.
pub fn hand_off(app: &mut App) -> Vec<Effect> {
    let Some(e) = app.editor.take() else { return Vec::new() };
    let (text, url, key) = (e.text(), e.mention.mention.url.to_string(), e.mention.key);
    if app.stream.rows.iter().any(|r| r.key == key) {
        app.stream.cursor = Some(key);
    }
    app.pages.clear();
    // To be selected by hand, where no clipboard took it.
    let mut p = Page::new(PageKind::Handed, "to be posted by hand");
    p.rows = text.lines().map(|l| (l.to_owned(), Behind::Nothing)).collect();
    app.pages.push(p);
    let label = if url.is_empty() {
        "copied · post it, then give its address here".into()
    } else {
        format!("copied · post it at {url} · then give its address here")
    };
    prompt::posted(app, key, label);
    vec![Effect::Copy(text)]
}

/// Opens a draft: mine to write on, a colleague's to be read.
pub fn visit(app: &mut App, d: &Draft) -> Vec<Effect> {
    if d.who == app.who {
        return draft::open_of(d.mention);
    }
    app.approving = Some(Box::new(d.clone()));
    vec![Effect::Ask(For::Approval, Request::Items(vec![d.mention.id]))]
}

/// The mention of a colleague's draft is here.
pub fn mention_came(app: &mut App, items: Vec<Item>) -> Vec<Effect> {
    let Some(d) = app.approving.take() else { return Vec::new() };
    match items.into_iter().next() {
        // Another one was asked for meanwhile: its own mention comes.
        Some(i) if i.id != d.mention.id => {
            app.approving = Some(d);
            Vec::new()
        }
        Some(i) => show(app, *d, i),
        None => {
            app.say("the mention that it answers is not there any more");
            Vec::new()
        }
    }
}

fn show(app: &mut App, d: Draft, about: Item) -> Vec<Effect> {
    let mut p = Page::new(PageKind::Approval, format!("answer to “{}”", about.mention.headline()));
    p.rows = vec![(d.who.clone(), Behind::Draft(Box::new(d)))];
    p.about = Some(Box::new(about));
    app.pages.retain(|p| p.kind != PageKind::Approval);
    app.pages.push(p);
    pages::refresh(app);
    let mut out = vec![Effect::Ask(For::Drafts, Request::Drafts)];
    out.extend(check(app));
    out
}

/// Asks what is looked at before the draft that is read leaves.
pub fn check(app: &App) -> Vec<Effect> {
    let Some(d) = focused(app).filter(Draft::is_open) else { return Vec::new() };
    let how = Box::new(SendAs { changes: d.changes, ..SendAs::default() });
    vec![Effect::Ask(
        For::Checked(d.id),
        Request::Preflight { draft: Some(d.id), mention: d.mention.id, how },
    )]
}

/// What does not hold of it stands below its words. As whom it goes, and who writes, is the matter of who sends it.
pub fn checked(app: &mut App, draft: Id, p: &Preflight) {
    let wrong = |c: &&Check| {
        matches!(c.level, Level::Amber | Level::Red) && !matches!(c.name.as_str(), "account" | "others")
    };
    let mut lines: Vec<String> =
        p.checks.iter().filter(wrong).map(|c| format!("{}: {}", c.name, c.words)).collect();
    if lines.is_empty() {
        lines.push("all that is looked at before it leaves holds".into());
    }
    lines.insert(0, format!("{} · {} · {}", p.class.word(), p.readiness, p.promo));
    app.checked = Some((draft, lines));
}

/// The drafts about the mention of the page as they stand now, the one that is looked at in its place.
pub fn refresh(page: &mut Page, drafts: &[Draft]) {
    let Some(about) = page.about.as_ref().map(|i| i.id) else { return };
    let focus = match page.behind() {
        Behind::Draft(d) => Some(d.id),
        _ => None,
    };
    let order: Vec<_> = page
        .rows
        .iter()
        .filter_map(|(_, b)| if let Behind::Draft(d) = b { Some(d.id) } else { None })
        .collect();
    let mut all: Vec<&Draft> = drafts.iter().filter(|d| d.mention.id == about && d.is_open()).collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|d| (order.iter().position(|o| *o == d.id).unwrap_or(usize::MAX), d.saved_at));
    page.rows = all.iter().map(|d| (d.who.clone(), Behind::Draft(Box::new((*d).clone())))).collect();
    page.selected = all.iter().position(|d| Some(d.id) == focus).unwrap_or(0);
}

fn focused(app: &App) -> Option<Draft> {
    match app.pages.last().filter(|p| p.kind == PageKind::Approval)?.behind() {
        Behind::Draft(d) => Some((**d).clone()),
        _ => None,
    }
}

/// What the page of a colleague's draft does with an action; `None` leaves it to others.
pub fn act(app: &mut App, a: Action) -> Option<Vec<Effect>> {
    let d = focused(app)?;
    let half = (app.list_height() / 3).max(1);
    let (end, mention_end) = app.pages.last().map(|p| crate::tui::view::scroll_ends(app, p))?;
    let page = app.pages.last_mut()?;
    let waits = matches!(d.stage, Stage::Waiting { .. });
    match a {
        Action::Down => page.scroll = (page.scroll + 1).min(end),
        Action::Up => page.scroll = page.scroll.min(end).saturating_sub(1),
        Action::HalfDown | Action::Space => page.scroll = (page.scroll + half).min(end),
        Action::HalfUp => page.scroll = page.scroll.min(end).saturating_sub(half),
        Action::First => page.scroll = 0,
        Action::Last => page.scroll = end,
        Action::MentionDown => page.mention_scroll = (page.mention_scroll + 1).min(mention_end),
        Action::MentionUp => page.mention_scroll = page.mention_scroll.min(mention_end).saturating_sub(1),
        Action::NextDraft => {
            let n = page.rows.len();
            page.selected = (page.selected + 1) % n.max(1);
            page.scroll = 0;
            if n < 2 {
                app.say("nobody else answers this");
            }
            return Some(check(app));
        }
        Action::Approve | Action::ReturnDraft | Action::EditDraft if d.who == app.who => {
            if a == Action::EditDraft {
                return Some(draft::open_of(d.mention));
            }
            app.say("this one is yours: somebody else looks at it");
        }
        Action::Approve | Action::ReturnDraft | Action::EditDraft
            if app.role.is_some_and(|r| r < Role::Send) =>
        {
            app.say("approving needs the role send");
        }
        Action::Approve | Action::EditDraft if !waits => {
            app.say(format!("{}: {}", d.who, d.stage.words()));
        }
        Action::ReturnDraft if !waits && !matches!(d.stage, Stage::Approved { .. }) => {
            app.say(format!("{}: {}", d.who, d.stage.words()));
        }
        Action::Approve => {
            let label = format!("Enter approves the answer of {} as it stands · Esc does not", d.who);
            ask(app, Asking::Approve, label, d);
        }
        Action::ReturnDraft => ask(app, Asking::Return, format!("return it to {}, because", d.who), d),
        Action::EditDraft => {
            let writes = app.others_at(d.mention.id).any(|(who, writes)| writes && who == d.who);
            if writes {
                app.say(format!("{} is writing at it now", d.who));
                return Some(Vec::new());
            }
            let about = app.pages.last().and_then(|p| p.about.clone())?;
            return Some(draft::begin_of(app, *about, d));
        }
        _ => return None,
    }
    app.draw_now = true;
    Some(Vec::new())
}

/// What is answered is about the draft as it stood when it was asked, whatever stands there by then.
fn ask(app: &mut App, asking: Asking, label: String, d: Draft) {
    app.prompt = Some(Prompt { draft: Some(Box::new(d)), ..Prompt::new(asking, label, "") });
}

/// What was asked about the draft that is looked at is answered: approve it, or return it with a reason.
pub fn decide(d: &Draft, reason: Option<String>) -> Vec<Effect> {
    let (verb, said) = match reason {
        None => (Verb::Approve(d.saved_at), format!("approved: {} hears of it and hands it off", d.who)),
        Some(why) => (Verb::Return(why), format!("returned to {}", d.who)),
    };
    let targets = Targets::Drafts(vec![d.id]);
    vec![Effect::Ask(For::Verb(said), Request::Act { verb, targets, quiet: false })]
}
