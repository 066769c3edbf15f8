//! The open mention: who, where, when, the text with the matched words lit, notes, what was answered.

use super::{put, title};
use crate::clean::width::{fit, shown, wrap};
use crate::model::{Item, TimeNote, time};
use crate::tui::app::{App, Pane};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let item = app.editor.as_ref().map(|e| &e.mention).or(app.reader.item.as_ref());
    let Some(item) = item else {
        put(f, area, 0, title(app, t, Pane::Reader, "nothing is open · Enter opens"));
        return;
    };
    let lines = lines(app, t, item, usize::from(area.width));
    let height = usize::from(area.height);
    let scroll = app.reader.scroll.min(lines.len().saturating_sub(height));
    for (i, l) in lines.into_iter().skip(scroll).take(height).enumerate() {
        put(f, area, u16::try_from(i).unwrap_or(u16::MAX), l);
    }
}

/// How many lines the open mention has on this screen, for paging.
pub fn reader_lines(app: &App) -> usize {
    let width = match app.columns() {
        3 => app.size.0 - app.size.0 * 2 / 5 - 38,
        2 => app.size.0 / 2,
        _ => app.size.0,
    };
    app.reader.item.as_ref().map_or(0, |i| lines(app, &Theme::default(), i, usize::from(width)).len())
}

pub(super) fn lines(app: &App, t: &Theme, i: &Item, width: usize) -> Vec<Line<'static>> {
    let width = width.max(10);
    let m = &i.mention;
    let mut out: Vec<Line<'static>> = Vec::new();
    let title_spans: Vec<(u32, u32)> =
        m.topics.iter().flat_map(|h| &h.spans).filter(|s| s.0).map(|s| (s.1, s.2)).collect();
    out.extend(lit_text(&m.title, width, &title_spans, t.title, t.matched));
    let mut who = m.author.name.to_string();
    if i.vip {
        who += " (VIP)";
    }
    let note = match m.time_note {
        TimeNote::Given => "",
        TimeNote::Missing => " (no time given)",
        TimeNote::Future => " (said to be in the future)",
        TimeNote::Impossible => " (its time is none)",
    };
    let when = format!("{}, {}{note}", time::since(m.at, app.now), m.at.local_minute());
    let known = [who.as_str(), m.community.as_str(), when.as_str()].into_iter().filter(|p| !p.is_empty());
    let place = known.collect::<Vec<_>>().join(" · ");
    out.extend(wrap(&place, width).into_iter().map(|l| Line::from(Span::styled(l, t.dim))));
    let mut facts = vec![i.state.word().to_owned()];
    facts.extend(i.snoozed_until.map(|u| format!("until {}", u.local_minute())));
    if i.state == crate::model::State::Snoozed && i.snoozed_until.is_none() {
        facts.push("until they reply".into());
    }
    let lang = if m.lang.is_empty() { "?" } else { m.lang.as_str() };
    let mood = format!("{lang} {}", i.mood().said());
    facts.push(match i.marked_mood {
        Some(_) => format!("{mood} (marked)"),
        None if mood == "? ?" => "?".into(),
        None => mood,
    });
    facts.extend(i.liked.map(|more| if more { "more like this" } else { "less like this" }.to_owned()));
    facts.extend(i.assignee.as_ref().map(|a| format!("@{a}")));
    facts.extend(i.tags.iter().map(|x| format!("#{x}")));
    facts.extend((i.tellings > 1).then(|| format!("{} tellings", i.tellings)));
    facts.extend(i.edited.then(|| "edited (d)".to_owned()));
    let whose: Vec<&str> =
        app.drafts.iter().filter(|d| d.mention == i.key && d.is_open()).map(|d| d.who.as_str()).collect();
    facts.extend(
        whose
            .iter()
            .map(|w| if *w == app.who { "my draft (r)".to_owned() } else { format!("draft of {w} (g D)") }),
    );
    facts.extend(app.others_at(i.id).map(|(who, writes)| {
        if writes { format!("{who} is writing a reply") } else { format!("{who} is reading it") }
    }));
    facts.extend(m.cut.then(|| "text cut".to_owned()));
    out.push(Line::from(Span::styled(fit(&facts.join(" · "), width), t.key)));
    if let Some(u) = &i.answered {
        out.push(Line::from(Span::styled(fit(&format!("answered at {u}"), width), t.notice)));
        if !i.outcome.is_empty() {
            out.push(Line::from(Span::styled(fit(&format!("since then: {}", i.outcome), width), t.notice)));
        }
    }
    out.push(Line::default());
    match app.translated.as_ref().filter(|(of, _)| *of == i.id) {
        Some((_, text)) => {
            out.push(Line::from(Span::styled("translated by a machine · T shows the original", t.notice)));
            out.extend(lit_text(text, width, &[], t.text, t.matched));
        }
        None => out.extend(body(i, t, width)),
    }
    if !m.url.is_empty() {
        out.push(Line::default());
        out.push(Line::from(Span::styled(fit(&m.url, width), t.key)));
    }
    if !m.thread.is_empty() {
        out.push(Line::from(Span::styled(fit(&format!("discussion {}", m.thread), width), t.dim)));
    }
    for (who, at, text) in &i.notes {
        out.push(Line::default());
        out.push(Line::from(Span::styled(format!("note · {who} · {}", at.local_minute()), t.mark)));
        out.extend(wrap(text, width).into_iter().map(|l| Line::from(Span::styled(l, t.mark))));
    }
    out
}

/// The text, wrapped; spans are counted in characters of the whole text.
fn body(i: &Item, t: &Theme, width: usize) -> Vec<Line<'static>> {
    let m = &i.mention;
    let spans: Vec<(u32, u32)> =
        m.topics.iter().flat_map(|h| &h.spans).filter(|s| !s.0).map(|s| (s.1, s.2)).collect();
    lit_text(&m.text, width, &spans, t.text, t.matched)
}

/// A text, wrapped, with the spans lit; they are counted in characters of the whole text.
fn lit_text(text: &str, width: usize, spans: &[(u32, u32)], plain: Style, lit: Style) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let mut at = 0;
    for para in text.split('\n') {
        let places = places(para, at);
        let mut k = 0;
        for l in wrap(para, width) {
            // Blanks at a cut are dropped by the wrapping: find where this line goes on.
            while k < places.len() && l.chars().next().is_some_and(|c| c != places[k].1) {
                k += 1;
            }
            out.push(Line::from(lit_line(&l, places.get(k..).unwrap_or_default(), spans, plain, lit)));
            k += l.chars().count();
        }
        at += para.chars().count() + 1;
    }
    out
}

/// The characters that are drawn, each with its number in the text, the first of which is number `from`.
pub fn places(text: &str, from: usize) -> Vec<(u32, char)> {
    let number = |i: usize| u32::try_from(from + i).unwrap_or(u32::MAX);
    text.chars().enumerate().filter_map(|(i, c)| Some((number(i), shown(c)?))).collect()
}

/// A line of characters that stand in these places, with the spans lit.
pub fn lit_line(
    line: &str,
    places: &[(u32, char)],
    spans: &[(u32, u32)],
    plain: Style,
    lit: Style,
) -> Vec<Span<'static>> {
    if spans.is_empty() {
        return vec![Span::styled(line.to_owned(), plain)];
    }
    let mut out: Vec<Span<'static>> = Vec::new();
    let mut cur = String::new();
    let mut on = false;
    for (k, c) in line.chars().enumerate() {
        let p = places.get(k).map_or(u32::MAX, |p| p.0);
        let now = spans.iter().any(|(a, b)| *a <= p && p < *b);
        if now != on && !cur.is_empty() {
            out.push(Span::styled(std::mem::take(&mut cur), if on { lit } else { plain }));
        }
        on = now;
        cur.push(c);
    }
    if !cur.is_empty() {
        out.push(Span::styled(cur, if on { lit } else { plain }));
    }
    out
}
