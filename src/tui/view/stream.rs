//! The stream: one row a mention, the mark of the cursor in one cell, the text last.

use super::put;
use crate::clean::width::{fit, pad};
use crate::model::{Item, State, time};
use crate::tui::app::App;
use crate::tui::theme::Theme;
use crate::tui::update::URGENT;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let s = &app.stream;
    if s.rows.is_empty() {
        let width = usize::from(area.width);
        let lines = empty(app).into_iter().flat_map(|l| crate::clean::width::wrap(&l, width));
        for (i, l) in lines.enumerate() {
            put(f, area, u16::try_from(i + 1).unwrap_or(u16::MAX), Line::from(Span::styled(l, t.text)));
        }
        return;
    }
    for (i, item) in s.rows.iter().skip(s.top).take(usize::from(area.height)).enumerate() {
        put(f, area, u16::try_from(i).unwrap_or(u16::MAX), row(app, t, item, usize::from(area.width)));
    }
}

fn row(app: &App, t: &Theme, i: &Item, width: usize) -> Line<'static> {
    let here = app.stream.cursor == Some(i.key);
    let marked = app.stream.marks.contains(&i.key);
    let m = &i.mention;
    let acted = app.stream.acted.contains(&i.key);
    let text = match (acted, i.read) {
        (true, _) => t.dim,
        (_, true) => t.text,
        (_, false) => t.unread,
    };
    let mut spans = vec![
        Span::styled(if here { ">" } else { " " }, t.cursor),
        Span::styled(
            if marked {
                "+"
            } else if i.read || acted {
                " "
            } else {
                "*"
            },
            if marked { t.mark } else { text },
        ),
        Span::styled(format!("{:>4} ", time::ago(m.at, app.now)), t.dim),
    ];
    let who = if m.author.name.is_empty() { m.community.as_str() } else { m.author.name.as_str() };
    let who_width = if width >= 60 { 14 } else { 9 };
    spans.push(Span::styled(pad(who, who_width), if i.vip { t.vip } else { text }));
    spans.push(Span::raw(" "));
    let mut used = 7 + who_width + 1;
    let mut badge = |s: String, style| {
        used += crate::clean::width::width(&s);
        spans.push(Span::styled(s, style));
    };
    let open = i.story.and_then(|x| app.stream.unfolded.get(&x));
    match open {
        // A further telling stands below the face of its story, set in.
        Some(more) if more.iter().any(|m| m.key == i.key) => badge("  ".into(), t.key),
        Some(_) => badge(format!("{}{} ", if app.ascii { "v" } else { "▾" }, i.tellings), t.key),
        None if i.tellings > 1 => {
            badge(format!("{}{} ", if app.ascii { ">" } else { "▸" }, i.tellings), t.key);
        }
        None => {}
    }
    if i.vip {
        badge("V ".into(), t.vip);
    }
    // Its clock, where it is near or over, or where there is room.
    if let Some(due) = i.due.filter(|d| width >= 100 || d.0 - app.now.0 < 2 * time::HOUR) {
        let (late, mark) = (due < app.now, if app.ascii { "@" } else { "⏳" });
        badge(format!("{mark}{} ", time::left(due, app.now)), if late { t.urgent } else { t.dim });
    }
    for (who, writes) in app.others_at(i.id).take(2) {
        let who = fit(who, 8);
        match (writes, app.ascii) {
            (true, false) => badge(format!("✎{who} "), t.notice),
            (true, true) => badge(format!("w:{who} "), t.notice),
            (false, _) => badge(format!("({who}) "), t.dim),
        }
    }
    if i.edited {
        badge(if app.ascii { "~ ".into() } else { "± ".into() }, t.dim);
    }
    if i.answered.is_some() {
        let came = if i.outcome.is_empty() { "" } else { "+" };
        badge(format!("{}{came} ", if app.ascii { "A" } else { "✓" }), t.notice);
    } else if i.has_draft {
        // Mine, else a colleague's.
        let mine = app.drafts.iter().any(|d| d.mention == i.key && d.who == app.who && d.is_open());
        badge(if mine { "D " } else { "d " }.into(), t.notice);
    }
    if let Some(a) = &i.assignee {
        badge(format!("@{} ", fit(a, 8)), t.key);
    }
    if i.tags.iter().any(|x| x == URGENT) {
        badge("! ".into(), t.urgent);
    }
    for tag in i.tags.iter().filter(|x| *x != URGENT).take(2) {
        badge(format!("#{} ", fit(tag, 10)), t.key);
    }
    if acted || (i.state != State::Inbox && app.stream.states.len() > 1) {
        badge(format!("{} ", i.state.word()), t.dim);
    }
    if let Some(u) = i.snoozed_until {
        badge(format!("{} ", u.local_short(app.now)), t.dim);
    }
    let left = width.saturating_sub(used);
    spans.extend(lit(app, i, t, left, text));
    Line::from(spans)
}

/// The headline, the matched words lit.
fn lit(app: &App, i: &Item, t: &Theme, width: usize, text: ratatui::style::Style) -> Vec<Span<'static>> {
    let m = &i.mention;
    let headline = m.headline().replace('\n', " ");
    let line = fit(&headline, width);
    let in_title = !m.title.is_empty();
    let spans: Vec<(u32, u32)> =
        m.topics.iter().flat_map(|h| &h.spans).filter(|s| s.0 == in_title).map(|s| (s.1, s.2)).collect();
    let lit = if app.stream.acted.contains(&i.key) { text } else { t.matched };
    super::reader::lit_line(&line, &super::reader::places(&headline, 0), &spans, text, lit)
}

/// Why there is nothing: an inbox that is empty must not look dead.
fn empty(app: &App) -> Vec<String> {
    if let Some(why) = &app.failed {
        return vec!["Hearken cannot open its store:".into(), why.clone(), String::new(), "q leaves.".into()];
    }
    if !app.opened || !app.stream.loaded {
        return vec!["opening…".into()];
    }
    if !app.stream.filter.is_empty() {
        return vec![
            format!("Nothing in “{}” matches.", app.stream.name()),
            format!("{} mentions were looked at. q clears the filter.", app.stream.scanned),
        ];
    }
    if app.stream.states != [State::Inbox] {
        return vec![format!("Nothing is {} here. 0 shows the inbox.", app.stream.name())];
    }
    let (heard, matched) =
        app.sources.iter().fold((0, 0), |(h, m), s| (h + s.health.heard, m + s.health.matched));
    let red = app.sources.iter().filter(|s| s.health.is_red()).count();
    let mut out = vec!["The inbox is empty.".to_owned()];
    if app.sources.is_empty() {
        out.push("There are no sources yet: g S, then + and the address of a feed or page.".into());
    } else if heard == 0 {
        out.push("Nothing was heard yet.".into());
    } else if matched == 0 {
        out.push(format!("Heard {heard}, but none of it is young and matches a topic (: show heard)."));
    } else {
        out.push(format!(
            "Heard {heard}, {matched} came here, {} are done, {} snoozed.",
            app.counts.done, app.counts.snoozed
        ));
    }
    let next = app.sources.iter().filter_map(|s| s.health.next_poll).min();
    if let Some(n) = next {
        let when = if n <= app.now { "now".into() } else { format!("in {}", time::span(n.0 - app.now.0)) };
        out.push(format!("Next poll {when}. Ctrl-r asks now."));
    }
    if red > 0 {
        out.push(format!("{red} of {} sources are in trouble: g S.", app.sources.len()));
    }
    out
}
