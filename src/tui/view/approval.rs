//! A colleague's draft: what it answers above, the drafts about it side by side below.

use super::{put, reader};
use crate::clean::width::{fit, pad, wrap};
use crate::model::{Draft, time};
use crate::tui::app::{App, Behind, Page};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What answers to what stands where: the mention above, the drafts below, so many of them beside each other.
struct Places {
    above: u16,
    beside: usize,
    width: u16,
}

fn places(p: &Page, area: (u16, u16)) -> Places {
    let above = (area.1 * 2 / 5).min(area.1.saturating_sub(2));
    // As many as can be read, the one that is looked at among them.
    let beside = usize::from(area.0 / 36).clamp(1, 3).min(p.rows.len().max(1));
    let width = area.0 / u16::try_from(beside).unwrap_or(1) - u16::from(beside > 1);
    Places { above, beside, width }
}

fn lines_of(app: &App, d: &Draft, width: u16) -> Vec<String> {
    let width = usize::from(width);
    let mut lines: Vec<String> = Vec::new();
    if !d.reason.is_empty() {
        lines.extend(wrap(&format!("because: {}", d.reason), width));
        lines.push(String::new());
    }
    lines.extend(d.text.lines().flat_map(|l| wrap(l, width)));
    if let Some((_, checks)) = app.checked.as_ref().filter(|(id, _)| *id == d.id) {
        lines.push(String::new());
        lines.extend(checks.iter().flat_map(|l| wrap(l, width)));
    }
    lines
}

/// How far the draft that is looked at, and what it answers, can be scrolled on this screen.
pub fn scroll_ends(app: &App, p: &Page) -> (usize, usize) {
    let body = (app.size.0, app.size.1.saturating_sub(3));
    let at = places(p, body);
    let room = usize::from(body.1 - at.above).saturating_sub(1);
    let draft = match p.behind() {
        Behind::Draft(d) => lines_of(app, d, at.width).len().saturating_sub(room),
        _ => 0,
    };
    let mention = p.about.as_ref().map_or(0, |i| {
        reader::lines(app, &Theme::default(), i, usize::from(body.0))
            .len()
            .saturating_sub(usize::from(at.above))
    });
    (draft, mention)
}

pub fn draw(app: &App, t: &Theme, p: &Page, f: &mut Frame<'_>, area: Rect) {
    let at = places(p, (area.width, area.height));
    if let Some(i) = &p.about {
        let lines = reader::lines(app, t, i, usize::from(area.width));
        let most = lines.len().saturating_sub(usize::from(at.above));
        for (y, l) in (0..at.above).zip(lines.into_iter().skip(p.mention_scroll.min(most))) {
            put(f, area, y, l);
        }
        if p.mention_scroll < most && at.above > 1 {
            let more = format!("… {} more lines (J)", most - p.mention_scroll);
            put(f, area, at.above - 1, Line::from(Span::styled(pad(&more, usize::from(area.width)), t.key)));
        }
    }
    let below = Rect { y: area.y + at.above, height: area.height - at.above, ..area };
    let drafts: Vec<&Draft> =
        p.rows.iter().filter_map(|(_, b)| if let Behind::Draft(d) = b { Some(&**d) } else { None }).collect();
    let from = p.selected.min(drafts.len().saturating_sub(at.beside));
    for (i, d) in drafts.iter().enumerate().skip(from).take(at.beside) {
        let gap = u16::from(at.beside > 1);
        let x = area.x + (at.width + gap) * u16::try_from(i - from).unwrap_or(0);
        draft(app, t, d, i == p.selected, p.scroll, f, Rect { x, width: at.width, ..below });
    }
}

fn draft(app: &App, t: &Theme, d: &Draft, focus: bool, scroll: usize, f: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let lines = lines_of(app, d, area.width);
    let room = usize::from(area.height.saturating_sub(1));
    let scroll = if focus { scroll.min(lines.len().saturating_sub(room)) } else { 0 };
    let part = if lines.len() > room {
        format!(" · lines {} to {} of {}", scroll + 1, (scroll + room).min(lines.len()), lines.len())
    } else {
        String::new()
    };
    let mine = if d.who == app.who { " (mine)" } else { "" };
    let mark = if focus { ">" } else { " " };
    let head = format!("{mark}{}{mine} · {}{part} · {}", d.who, d.words(), time::ago(d.saved_at, app.now));
    put(f, area, 0, Line::from(Span::styled(fit(&head, width), if focus { t.focus } else { t.dim })));
    for (y, l) in (1..area.height).zip(lines.into_iter().skip(scroll)) {
        put(f, area, y, Line::from(Span::styled(l, t.text)));
    }
}
