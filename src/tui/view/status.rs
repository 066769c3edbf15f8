//! The line above and the two lines below: what this is, how the sources are, what just happened, what can be
//! pressed.

use super::put;
use crate::clean::width::{fit, pad, width, wrap};
use crate::door::Total;
use crate::tui::action::Action;
use crate::tui::action::bitflags::Where;
use crate::tui::app::{App, PageKind, Pane};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

pub fn header(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let s = &app.stream;
    let up = if app.ascii { "^" } else { "▲" };
    let mut left = format!("{} · {}", if app.brand.is_empty() { "Hearken" } else { &app.brand }, s.name());
    // Where one is in it, as far as that is known without reading all of it.
    if let (Some(at), None) = (s.at(), s.newer) {
        let n = s.rows.len();
        let of = match s.total.filter(|_| s.older.is_some()) {
            Some(t) => number(t, app.ascii),
            None => format!("{n}{}", if s.older.is_some() { "+" } else { "" }),
        };
        left += &format!(" · {}/{of}", at + 1);
    }
    if !s.marks.is_empty() {
        left += &format!(" · {} marked", s.marks.len());
    }
    let mut spans = vec![Span::styled(fit(&left, usize::from(area.width)), t.title)];
    if s.waiting > 0 {
        spans.push(Span::styled(format!("  {up} {} new (.)", s.waiting), t.notice));
    }
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    spans.extend(tabs(app, t, usize::from(area.width).saturating_sub(used)));
    put(f, area, 0, Line::from(spans));
}

/// How many, in few cells.
fn number(n: Total, ascii: bool) -> String {
    let least = match (n.exact, ascii) {
        (true, _) => "",
        (false, true) => ">=",
        (false, false) => "≥",
    };
    format!("{least}{}", n.n)
}

/// The views on the number keys with how many mentions they have, at the right, as many as there is room for.
fn tabs(app: &App, t: &Theme, room: usize) -> Vec<Span<'static>> {
    let mut all = Vec::new();
    let mut used = 2;
    for n in 1..=9u8 {
        let Some(v) = crate::tui::update::view_of(app, n) else { continue };
        let count = app.tallies.get(&n).map_or(String::new(), |c| format!(" {}", number(*c, app.ascii)));
        let tab = format!("  {n} {}{count}", fit(&v.name, 12));
        used += width(&tab);
        if used > room {
            break;
        }
        let here = app.stream.title.as_deref() == Some(v.name.as_str());
        all.push(Span::styled(tab, if here { t.key } else { t.dim }));
    }
    let own: usize = all.iter().map(|s: &Span<'_>| width(&s.content)).sum();
    if !all.is_empty() {
        all.insert(0, Span::raw(" ".repeat(room - own)));
    }
    all
}

pub fn footer(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let w = usize::from(area.width);
    if let Some(p) = &app.prompt {
        // Both lines: what is asked (or what is wrong with it), and what is typed.
        let (above, style) = if p.hint.is_empty() { (&p.label, t.key) } else { (&p.hint, t.urgent) };
        // An error that does not fit on its line grows upwards: its end is often what to do.
        let rows = if p.hint.is_empty() || area.y < 10 { 1 } else { 3 };
        let lines: Vec<String> = match rows {
            1 => vec![above.clone()],
            n => wrap(above, w).into_iter().take(n).collect(),
        };
        let more = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(0).min(area.y);
        let tall = Rect { y: area.y - more, height: area.height + more, ..area };
        for (y, l) in (0..).zip(&lines) {
            put(f, tall, y, Line::from(Span::styled(pad(l, w), style)));
        }
        let room = w.saturating_sub(2).max(8);
        let (text, at) = p.line.window(room);
        put(f, area, 1, Line::from(vec![Span::styled("> ", t.key), Span::styled(fit(&text, room), t.text)]));
        let x = u16::try_from(2 + at).unwrap_or(0);
        f.set_cursor_position(Position { x: (area.x + x).min(area.x + area.width - 1), y: area.y + 1 });
        return;
    }
    let c = &app.counts;
    let ours: Vec<_> = app.sources.iter().filter(|s| s.configured).collect();
    let red = ours.iter().filter(|s| s.health.is_red()).count();
    let well = ours.len() - red;
    let mut line = format!(
        " inbox {} · unread {} · snoozed {} · done {} · heard {} | src {well}/{}",
        c.inbox,
        c.unread,
        c.snoozed,
        c.done,
        c.heard,
        ours.len()
    );
    if red > 0 {
        line += &format!(" !{red}");
    }
    if let Some(r) = &app.macros.recording {
        line = format!(" recording {} · Q ends ·{line}", r.steps.len());
    }
    if app.lost {
        line = format!(" the engine is away ·{line}");
    }
    // What is said may need both lines: its end is often what to do.
    let long = app.notice.as_ref().filter(|(_, n)| app.chord.is_empty() && width(n) > w);
    if let Some((urgent, text)) = long {
        let style = if *urgent { t.urgent } else { t.notice };
        for (i, l) in wrap(text, w).into_iter().take(2).enumerate() {
            put(f, area, i as u16, Line::from(Span::styled(pad(&l, w), style)));
        }
        return;
    }
    put(f, area, 0, Line::from(Span::styled(pad(&line, w), t.status)));
    let line = if !app.chord.is_empty() && app.sheet.is_some() {
        Span::styled(fit("ctrl-x … p save · u take back the last change", w), t.key)
    } else if !app.chord.is_empty() {
        let place = if app.editor.is_some() && app.pages.is_empty() {
            Where::DRAFT
        } else {
            crate::tui::update::place(app)
        };
        let mut all = choices(&app.keymap.choices(&app.chord, place));
        if app.chord == "@" {
            all.extend(app.macros.all.iter().map(|m| format!("{} {}", m.key, m.name)));
        }
        Span::styled(fit(&format!("{} … {}", app.chord, all.join(" · ")), w), t.key)
    } else if let Some((urgent, text)) = &app.notice {
        Span::styled(fit(text, w), if *urgent { t.urgent } else { t.notice })
    } else if let Some(going) = crate::tui::update::flight::going(app).filter(|_| app.editor.is_none()) {
        Span::styled(fit(&going, w), t.notice)
    } else {
        Span::styled(fit(&hints(app), w), t.dim)
    };
    put(f, area, 1, Line::from(line));
}

/// What can follow; keys that lead on to several things are shown once, with what these have in common.
fn choices(all: &[(String, String)]) -> Vec<String> {
    let mut out: Vec<(String, String, bool)> = Vec::new();
    for (keys, name) in all {
        let (first, leads) = keys.split_once(' ').map_or((keys.as_str(), false), |(f, _)| (f, true));
        match out.iter_mut().find(|(k, ..)| leads && k == first) {
            Some((_, shown, more)) => {
                let same = |(a, b): &(&str, &str)| a == b;
                let common: Vec<&str> =
                    shown.split(' ').zip(name.split(' ')).take_while(same).map(|(a, _)| a).collect();
                (*shown, *more) = (common.join(" "), true);
            }
            None => out.push((first.to_owned(), name.clone(), leads)),
        }
    }
    out.into_iter().map(|(k, name, more)| format!("{k} {name}{}", if more { " …" } else { "" })).collect()
}

/// What can be pressed here, by the keys in force.
fn hints(app: &App) -> String {
    let main = app.sheet.is_none()
        && app.pages.is_empty()
        && app.editor.is_none()
        && app.pane == Pane::Stream
        && !app.reader.open;
    if !main {
        return others(app).to_owned();
    }
    let words = [
        (Action::Open, "open"),
        (Action::Done, "done"),
        (Action::SnoozeTyped, "snooze"),
        (Action::Reply, "reply"),
        (Action::Filter, "filter"),
        (Action::Undo, "undo"),
        (Action::Help, "keys"),
        (Action::Close, "quit"),
    ];
    let key = |a| app.keymap.keys_of(a).first().map_or("", String::as_str);
    let short = |k: &str| match k {
        "enter" => "Enter".to_owned(),
        // The first key of a chord: its choices are shown then.
        k => k.split(' ').next().unwrap_or("").to_owned(),
    };
    words.iter().map(|(a, w)| format!("{} {w}", short(key(*a)))).collect::<Vec<_>>().join(" · ")
}

fn others(app: &App) -> &'static str {
    if app.sheet.is_some() {
        return "Ctrl-x p saves · Tab next field · PgDn more below · Esc leaves, kept for a while";
    }
    if app.editor.is_some() && app.pages.is_empty() {
        return "Esc leaves, saved · Ctrl-x then p send, w as whom, d when, e $EDITOR, u undo";
    }
    match app.pages.last().map(|p| p.kind) {
        Some(PageKind::Sources) => {
            "Enter more · + add · r edit · t test · m pause · D remove · Ctrl-r ask · q back"
        }
        Some(PageKind::Source) => "r edit · t test · m pause · D remove · Ctrl-r ask now · q back",
        Some(PageKind::Topics) => {
            "Enter edit · + new · P part of queries · O objective · w why · D remove · q back"
        }
        Some(PageKind::Rules) => "Enter edit · + add · D remove · q back",
        Some(PageKind::Mutes) => "Enter opens it · + mute by name · D lifts it · q back",
        Some(PageKind::Macros) => "D removes it · q back",
        Some(PageKind::Approval) => {
            "Enter approve · r edit · N return · Tab the rival draft · j k scroll · q back"
        }
        Some(PageKind::Preflight) => "Enter goes on · r draft · w source · = what it is for · q back",
        Some(PageKind::Outbox) => "Enter whole · E back to its writer · P its address · + once more · q back",
        Some(PageKind::Text) => "j k Ctrl-d Ctrl-u scroll · q back",
        Some(PageKind::Undo) => {
            "j k move · Enter opens it · u takes back the newest · U does it again · q back"
        }
        Some(PageKind::Log | PageKind::Health) => "j k move · Enter opens it · q back",
        Some(PageKind::Person) => {
            "Enter open · n note · t tag · V VIP: the person · e done: the row · q back"
        }
        Some(_) => "j k move · Enter open · q back",
        None if app.pane == Pane::People => "j k move · Enter the person · Tab next pane · q the stream",
        None if app.pane == Pane::Drafts => "j k move · Enter writes on · Tab next pane · q the stream",
        None if app.reader.open => "j k move · Space pages · e done · r reply · q back · ? keys",
        None => "Enter open · e done · s snooze · r reply · / filter · u undo · ? keys · q quit",
    }
}
