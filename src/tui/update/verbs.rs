//! Verbs: on what is marked, else on what is selected; then the next one is already there.

use super::list;
use crate::door::Request;
use crate::model::{Item, Key, MuteKind, Targets, Verb};
use crate::tui::action::Action;
use crate::tui::app::{After, App, Behind, PageKind, Pane};
use crate::tui::msg::{Effect, For};

/// The tag that `!` sets.
pub const URGENT: &str = "urgent";
/// Above this number a verb would want a second look; all of them can be undone.
const MANY: usize = 500;

pub fn is_verb(a: Action) -> bool {
    matches!(
        a,
        Action::Done
            | Action::Inbox
            | Action::SnoozeHour
            | Action::SnoozeTomorrow
            | Action::SnoozeWeek
            | Action::SnoozeMonth
            | Action::SnoozeReply
            | Action::Urgent
            | Action::ToggleRead
            | Action::Claim
            | Action::Vip
            | Action::Split
            | Action::LikeMore
            | Action::LikeLess
            | Action::Mood(_)
            | Action::Mute(..)
            | Action::Allow(_)
            | Action::CopyLink
            | Action::CopyText
            | Action::Undo
            | Action::Redo
    )
}

pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    match a {
        Action::Undo => return vec![Effect::Ask(For::Undo { redo: false }, Request::Undo)],
        Action::Redo => return vec![Effect::Ask(For::Undo { redo: true }, Request::Redo)],
        // A page of text that is about no mention is copied whole.
        Action::CopyLink | Action::CopyText if text_page(app).is_some() => {
            return text_page(app).map(Effect::Copy).into_iter().collect();
        }
        Action::CopyLink => return copy(app, |i| i.mention.url.to_string(), "it has no link"),
        Action::CopyText => return copy(app, |i| i.mention.text.to_string(), "it has no text"),
        _ => {}
    }
    // In the list of people the row is the person.
    let listed = app.pages.last().and_then(|p| match p.behind() {
        Behind::Person(id) => Some(*id),
        _ => None,
    });
    if let (Some(id), Action::Vip) = (listed, a) {
        let verb = Verb::Vip(!app.people.get(&id).is_some_and(|p| p.vip));
        let what = For::Verb(verb.said(app.now));
        return vec![Effect::Ask(
            what,
            Request::Act { verb, targets: Targets::People(vec![id]), quiet: false },
        )];
    }
    if let Some(id) = app.pages.last().filter(|p| p.kind == PageKind::Person).and_then(|p| p.person)
        && a == Action::Vip
    {
        let vip = app.people.get(&id).is_some_and(|p| p.vip);
        return run(app, Verb::Vip(!vip));
    }
    let Some(subject) = app.subject().cloned() else {
        app.say("nothing is selected");
        return Vec::new();
    };
    let verb = match a {
        Action::Done => Verb::Done,
        Action::Inbox => Verb::Inbox,
        Action::Split if subject.tellings < 2 => {
            app.say("it is the only telling");
            return Vec::new();
        }
        Action::Split => Verb::Split,
        Action::Mute(kind, long) => {
            use crate::model::time::{DAY, HOUR};
            let ms = [None, Some(HOUR), Some(DAY), Some(7 * DAY)].get(usize::from(long)).copied().flatten();
            if let Some(r) = &mut app.macros.recording {
                let long = ["ever", "1h", "1d", "1w"].get(usize::from(long)).unwrap_or(&"ever");
                r.said = Some(format!("mute {} {long}", kind.word()));
            }
            Verb::Mute { kind, until: ms.map(|ms| app.now.plus(ms)), allow: false }
        }
        Action::Allow(kind) => Verb::Mute { kind, until: None, allow: true },
        // The same key once more takes the mark back.
        Action::LikeMore => Verb::Like(Some(true).filter(|_| subject.liked != Some(true))),
        Action::LikeLess => Verb::Like(Some(false).filter(|_| subject.liked != Some(false))),
        Action::Mood(m) => Verb::Mood(m),
        Action::ToggleRead => Verb::Read(!subject.read),
        Action::Vip => Verb::Vip(!subject.vip),
        Action::Urgent => Verb::Tag { tag: URGENT.into(), on: !subject.tags.iter().any(|t| t == URGENT) },
        // Several at once: those that are nobody's. One: also from whom this terminal shows to have it.
        Action::Claim if app.pages.is_empty() && !app.stream.marks.is_empty() => Verb::Claim(None),
        Action::Claim if subject.assignee.as_deref() == Some(&app.who) => Verb::Assign(None),
        Action::Claim => Verb::Claim(subject.assignee.clone()),
        _ => {
            let word = match a {
                Action::SnoozeHour => "h",
                Action::SnoozeTomorrow => "t",
                Action::SnoozeWeek => "w",
                Action::SnoozeReply => "reply",
                _ => "m",
            };
            if let Some(r) = &mut app.macros.recording {
                r.said = Some(format!("snooze {word}"));
            }
            match Verb::snooze(word, app.now) {
                Ok(v) => v,
                Err(e) => {
                    app.warn(e);
                    return Vec::new();
                }
            }
        }
    };
    run(app, verb)
}

fn text_page(app: &App) -> Option<String> {
    let p = app.pages.last().filter(|p| p.kind == PageKind::Text && p.about.is_none())?;
    Some(p.rows.iter().map(|(l, _)| format!("{l}\n")).collect())
}

/// The mentions that a verb is about; a story is all its tellings.
pub fn targets(app: &App) -> Vec<Key> {
    if app.pages.is_empty() && !app.stream.marks.is_empty() {
        return app.stream.marks.clone();
    }
    app.subject().map(|i| i.key).into_iter().collect()
}

/// Asks the engine about what is marked, or selected, or open.
pub fn run(app: &mut App, verb: Verb) -> Vec<Effect> {
    // On a person's page what is written about is the person, and so is the watch list.
    let person = app.pages.last().filter(|p| p.kind == PageKind::Person).and_then(|p| p.person);
    if let (Some(id), Verb::Note(_) | Verb::Tag { .. } | Verb::Vip(_)) = (person, &verb) {
        let what = For::Verb(verb.said(app.now));
        let targets = Targets::People(vec![id]);
        return vec![Effect::Ask(what, Request::Act { verb, targets, quiet: false })];
    }
    if let Some(r) = &mut app.macros.recording {
        r.hear(&verb);
    }
    let closing = closes(&verb);
    let Some(targets) = aim(app, closing) else { return Vec::new() };
    let mut said = verb.said(app.now);
    if closing {
        let writes =
            app.subject().and_then(|i| app.others_at(i.id).find(|(_, w)| *w).map(|(who, _)| who.to_owned()));
        if let Some(who) = writes.filter(|_| !app.stream.marks_asked) {
            said += &format!(", though {who} is writing a reply to it");
        }
    }
    vec![Effect::Ask(For::Verb(said), Request::Act { verb, targets, quiet: false })]
}

/// True for what ends work on a row: a folded one stands for all its tellings then.
pub fn closes(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Done | Verb::Snooze(_) | Verb::Inbox | Verb::Mute { allow: false, kind: MuteKind::Story, .. }
    )
}

/// What a verb is about that is asked for now; says so if it is nothing.
pub fn aim(app: &mut App, closing: bool) -> Option<Targets> {
    let keys = targets(app);
    if keys.is_empty() {
        app.say("nothing is selected");
        return None;
    }
    if keys.len() > MANY {
        app.say(format!("{} are marked; undo takes all of it back", keys.len()));
    }
    let story = app
        .subject()
        .filter(|i| closing && i.tellings > 1 && app.stream.marks.is_empty() && app.pages.is_empty())
        .and_then(|i| i.story);
    app.stream.marks_asked = !app.stream.marks.is_empty() && app.pages.is_empty();
    let targets = match story.filter(|s| !app.stream.unfolded.contains_key(s)) {
        Some(s) => Targets::Story(s),
        None if closing && app.stream.marks_asked => {
            // A marked row that is folded stands for all its tellings too.
            let s = &app.stream;
            let folded = |k: &Key| {
                let row = s.rows.iter().find(|r| r.key == *k && r.tellings > 1)?;
                row.story.filter(|x| !s.unfolded.contains_key(x))
            };
            let stories: Vec<_> = keys.iter().filter_map(folded).collect();
            if stories.is_empty() { Targets::Mentions(keys) } else { Targets::Rows(keys, stories) }
        }
        None => Targets::Mentions(keys),
    };
    if closing {
        app.stream.acting = match &targets {
            Targets::Mentions(k) | Targets::Rows(k, _) => k.clone(),
            _ => app.subject().map(|i| i.key).into_iter().collect(),
        };
    }
    Some(targets)
}

/// About one mention, whatever is marked or selected.
pub fn run_on(app: &App, key: Key, verb: Verb) -> Vec<Effect> {
    let targets = Targets::Mentions(vec![key]);
    vec![Effect::Ask(For::Verb(verb.said(app.now)), Request::Act { verb, targets, quiet: false })]
}

/// Reading by opening: for me alone, and no step of undo.
pub fn read_quietly(key: Key) -> Vec<Effect> {
    vec![Effect::Ask(
        For::Told,
        Request::Act { verb: Verb::Read(true), targets: Targets::Mentions(vec![key]), quiet: true },
    )]
}

fn copy(app: &mut App, what: impl Fn(&Item) -> String, none: &str) -> Vec<Effect> {
    match app.subject().map(what).filter(|s| !s.is_empty()) {
        Some(s) => vec![Effect::Copy(s)],
        None => {
            app.say(none);
            Vec::new()
        }
    }
}

/// Rows that do not belong here any more stay, dimmed, until the list is read anew. After a verb of mine the cursor
/// is on the next one; what a colleague does moves nothing under anybody's hand.
pub fn take_out(app: &mut App, gone: &[Key]) -> Vec<Effect> {
    let s = &mut app.stream;
    s.acted.extend(gone.iter().filter(|k| s.rows.iter().any(|r| r.key == **k)));
    let here = s.cursor.filter(|c| gone.contains(c) && s.acting.contains(c));
    s.acting.retain(|k| !gone.contains(k));
    if here.is_none() || app.after == After::Stay {
        return Vec::new();
    }
    let Some(i) = s.at() else { return Vec::new() };
    let open = |j: &usize| !s.acted.contains(&s.rows[*j].key);
    let (below, above) = ((i + 1..s.rows.len()).find(open), (0..i).rev().find(open));
    let next = if app.after == After::Up { above.or(below) } else { below.or(above) };
    let Some(next) = next else {
        // Nothing is left to be done here.
        if app.reader.open && app.pages.is_empty() {
            app.reader.open = false;
            app.pane = Pane::Stream;
        }
        return list::look_ahead(app);
    };
    let reading = (app.reader.open || app.pane == Pane::Reader) && app.pages.is_empty();
    let was_here = app.reader.item.as_ref().is_some_and(|r| Some(r.key) == here);
    let mut out = list::go(app, next);
    if was_here && app.pages.is_empty() {
        list::follow(app);
        // What stands in front of the eyes now was opened.
        if reading && let Some(i) = app.reader.item.as_ref().filter(|i| !i.read) {
            out.extend(read_quietly(i.key));
        }
    }
    out
}
