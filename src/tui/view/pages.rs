//! A page: its head, its rows, one of them selected.

use super::put;
use crate::clean::width::{fit, wrap};
use crate::tui::app::{App, Behind, Page, PageKind};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The lines of a page of text on a screen of this width.
fn wrapped(p: &Page, width: usize) -> Vec<String> {
    p.rows.iter().flat_map(|(l, _)| wrap(l, width)).collect()
}

/// How many lines a page of text has on the screen.
pub fn text_lines(p: &Page, width: u16) -> usize {
    wrapped(p, usize::from(width)).len() + p.head.len()
}

/// The first row on the screen: half a page at a time, like the stream.
fn top_of(p: &Page, height: usize) -> usize {
    if p.selected < height { 0 } else { (p.selected - height / 2).min(p.rows.len().saturating_sub(height)) }
}

/// Where the selected row stands.
pub fn row_of_selected(p: &Page, area: Rect) -> usize {
    if matches!(p.kind, PageKind::Text | PageKind::Approval) {
        return 0;
    }
    let head = 1 + p.head.iter().flat_map(|h| wrap(h, usize::from(area.width))).count();
    let height = usize::from(area.height).saturating_sub(head).max(1);
    head + p.selected.saturating_sub(top_of(p, height))
}

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let Some(p) = app.pages.last() else { return };
    if p.kind == PageKind::Approval {
        return super::approval::draw(app, t, p, f, area);
    }
    let width = usize::from(area.width);
    put(f, area, 0, Line::from(Span::styled(fit(&p.title, width), t.title)));
    let mut y = 1u16;
    // On a tiny screen the rows come first.
    let head = p.head.iter().flat_map(|h| wrap(h, width)).filter(|_| area.height > 4);
    for h in head {
        put(f, area, y, Line::from(Span::styled(h, t.dim)));
        y += 1;
    }
    let height = usize::from(area.height.saturating_sub(y)).max(1);
    if matches!(p.kind, PageKind::Text | PageKind::Handed) {
        for l in wrapped(p, width).into_iter().skip(p.selected).take(height) {
            let style = match l.as_bytes().first() {
                Some(b'+') => t.notice,
                Some(b'-') => t.urgent,
                _ => t.text,
            };
            put(f, area, y, Line::from(Span::styled(l, style)));
            y += 1;
        }
        return;
    }
    let top = top_of(p, height);
    for (i, (text, behind)) in p.rows.iter().enumerate().skip(top).take(height) {
        let here = i == p.selected;
        let vip = matches!(behind, Behind::Mention(m) if m.vip);
        let style = if text.starts_with('!') || text.starts_with("stops") {
            t.urgent
        } else if text.starts_with("asks ") {
            t.notice
        } else if vip {
            t.vip
        } else {
            t.text
        };
        let line = Line::from(vec![
            Span::styled(if here { ">" } else { " " }, t.cursor),
            Span::styled(fit(text, width.saturating_sub(1)), style),
        ]);
        put(f, area, y, line);
        y += 1;
    }
}
