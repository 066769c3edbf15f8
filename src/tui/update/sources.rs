//! The page of sources and the page of one: how each is, and what can be done about it from here.

use super::prompt;
use crate::clean::width::{fit, pad};
use crate::door::Request;
use crate::model::{SourceView, Stamp, Targets, Trouble, Verb, time};
use crate::tui::action::Action;
use crate::tui::app::{App, Behind, Page, PageKind};
use crate::tui::msg::{Effect, For};

/// The source that a page is about: of the selected row, else of the page.
pub fn subject(page: &Page) -> Option<String> {
    match page.behind() {
        Behind::Source(id) => Some(id.clone()),
        _ => page.source.clone(),
    }
}

pub fn open(app: &mut App, id: String) -> Vec<Effect> {
    let mut p = Page::new(PageKind::Source, format!("source {id}"));
    p.source = Some(id);
    app.pages.push(p);
    super::pages::refresh(app);
    vec![Effect::Ask(For::Sources, Request::Sources)]
}

pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    let Some(id) = app.pages.last().and_then(subject) else {
        app.say("no source is selected");
        return Vec::new();
    };
    let view = app.sources.iter().find(|s| s.id == id).cloned().unwrap_or_default();
    if !view.configured {
        app.say(format!("{id} is not in the configuration: it was only met in the store"));
        return Vec::new();
    }
    match a {
        Action::SourceTest => {
            app.say(format!("trying {id}; nothing of it is kept"));
            vec![Effect::Ask(For::Told, Request::TestSource(id))]
        }
        Action::SourcePause => {
            let on = view.health.trouble != Trouble::Paused;
            let targets = Targets::Source(id);
            vec![Effect::Ask(
                For::Verb(Verb::Pause(on).said(app.now)),
                Request::Act { verb: Verb::Pause(on), targets, quiet: false },
            )]
        }
        Action::SourceEdit if view.network != "feed" => {
            app.say(format!("{id} is a program: it is named in config.toml alone; edit it there"));
            Vec::new()
        }
        Action::SourceEdit => {
            prompt::change_source(app, &view);
            Vec::new()
        }
        _ => {
            prompt::confirm_remove(app, &id);
            Vec::new()
        }
    }
}

/// Asks one source now; what comes of it is told when it answers.
pub fn ask_now(app: &mut App, id: String) -> Effect {
    app.asking = Some(id.clone());
    Effect::Ask(For::Asked, Request::Poll { sources: vec![id], ticket: 0 })
}

/// What the columns of a row are.
pub fn columns(wide: bool) -> String {
    if wide {
        format!(
            "  {} {:>5} {:>6} {:>7} {:>6}/{:<5} how it is",
            pad("source", 20),
            "heard",
            "usual",
            "next",
            "new",
            "match"
        )
    } else {
        format!("  {} {:>5} {:>7} how it is", pad("source", 18), "heard", "next")
    }
}

/// A source in one row; why it is in trouble comes before how often it publishes.
pub fn row(s: &SourceView, now: Stamp, wide: bool) -> String {
    let h = &s.health;
    let mark = if h.is_red() { '!' } else { ' ' };
    let heard = h.last_ok.map_or("never".into(), |t| time::ago(t, now));
    let usual = if h.usual_ms > 0 { time::span(h.usual_ms) } else { "?".into() };
    let word = if s.configured { h.word() } else { "not configured any more".into() };
    if wide {
        let id = pad(&fit(&s.id, 20), 20);
        format!(
            "{mark} {id} {heard:>5} {usual:>6} {:>7} {:>6}/{:<5} {word}",
            next(s, now),
            h.heard,
            h.matched
        )
    } else {
        format!("{mark} {} {heard:>5} {:>7} {word}", pad(&fit(&s.id, 18), 18), next(s, now))
    }
}

fn next(s: &SourceView, now: Stamp) -> String {
    match s.health.next_poll {
        _ if matches!(s.health.trouble, Trouble::Paused | Trouble::Retired(_)) || !s.configured => "-".into(),
        // To the minute: the page is drawn anew only once in it.
        Some(t) if t.0 - now.0 >= time::MINUTE => time::span((t.0 - now.0) / time::MINUTE * time::MINUTE),
        Some(t) if t > now => "soon".into(),
        Some(_) => "now".into(),
        None => "-".into(),
    }
}

/// What a network adds: its stream, its budgets before they are spent, what it does not tell.
fn network_lines(s: &SourceView, now: Stamp) -> Vec<String> {
    let l = &s.ledger;
    let mut rows = Vec::new();
    if let Some(a) = &s.account {
        rows.push(format!("as              {a}"));
    }
    if let Some(t) = l.open_since {
        rows.push(format!("stream          open since {}, opened {} times", t.local_minute(), l.connected));
    }
    if l.seen > 0 {
        rows.push(format!("went by         {}, {} looked at closely", l.seen, l.weighed));
    }
    for (n, b) in s.budgets.iter().enumerate() {
        let cost =
            if n == 0 && l.calls > 0 { format!("; a poll takes about {}", l.calls) } else { String::new() };
        let by = if b.told { "" } else { " (by its documents)" };
        rows.push(format!("left            {}{by}{cost}", b.words(now)));
    }
    for x in &l.limits {
        rows.push(format!("{} since {}: {}", pad(x.kind.word(), 15), x.since.local_minute(), x.words));
    }
    for x in l.lost.iter().rev() {
        rows.push(format!("lost            {} to {}: {}", x.from.local_minute(), x.to.local_minute(), x.why));
    }
    rows
}

fn below(row: &str, width: usize) -> Vec<String> {
    const INDENT: usize = 16;
    if crate::clean::width::width(row) < width || width < 2 * INDENT {
        return vec![row.to_owned()];
    }
    let (head, rest) = row.split_at(row.char_indices().nth(INDENT).map_or(row.len(), |(i, _)| i));
    let mut lines = crate::clean::width::wrap(rest, width - INDENT - 1).into_iter();
    let mut out = vec![format!("{head}{}", lines.next().unwrap_or_default())];
    out.extend(lines.map(|l| format!("{}{l}", " ".repeat(INDENT))));
    out
}

/// Everything that is known about one source, in words.
pub fn fill(page: &mut Page, all: &[SourceView], now: Stamp, width: usize) {
    let Some(s) = page.source.as_ref().and_then(|id| all.iter().find(|s| s.id == *id)) else {
        page.rows = vec![("it is not there any more".into(), Behind::Nothing)];
        return;
    };
    let h = &s.health;
    if !s.configured {
        let said =
            format!("{} is not in config.toml any more; what was heard from it stays ({}).", s.id, h.heard);
        page.rows = vec![(said, Behind::Nothing)];
        return;
    }
    let when = |t: Option<Stamp>| {
        t.map_or("never".into(), |t| format!("{} ({})", t.local_minute(), time::since(t, now)))
    };
    let mut rows = vec![
        format!("{}how it is      {}", if h.is_red() { "! " } else { "" }, h.word()),
        format!("what it is      {} {}", s.network, s.url),
        format!(
            "asked at most   every {}; publishes usually every {}",
            time::span(s.every_ms),
            if h.usual_ms > 0 { time::span(h.usual_ms) } else { "?".into() }
        ),
        format!(
            "next            {}",
            h.next_poll.filter(|_| s.configured).map_or("-".into(), Stamp::local_minute)
        ),
        format!("last answer     {}", when(h.last_ok)),
        format!("last news       {}", when(h.last_new)),
        format!(
            "heard           {}, {} for the inbox; {} polls, the last of {} entries",
            h.heard, h.matched, h.polls, h.last_count
        ),
    ];
    rows.extend(network_lines(s, now));
    if let Some((t, why)) = &h.last_error {
        rows.push(format!("last error      {}: {why}", t.local_minute()));
    }
    for (from, to) in h.gaps.iter().rev() {
        let to = to.map_or("still open".into(), |t| format!("closed {}", t.local_minute()));
        rows.push(format!("not heard       from {} · {to}", from.local_minute()));
    }
    // A long reason goes on below, set in.
    page.rows = rows.iter().flat_map(|r| below(r, width)).map(|r| (r, Behind::Nothing)).collect();
}
