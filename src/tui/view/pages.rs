//! A page: its head, its rows, one of them selected.

use super::put;
use crate::clean::width::{fit, wrap};
use crate::tui::app::{App, Behind, PageKind};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let Some(p) = app.pages.last() else { return };
    let width = usize::from(area.width);
    put(f, area, 0, Line::from(Span::styled(fit(&p.title, width), t.title)));
    let mut y = 1u16;
    for h in p.head.iter().flat_map(|h| wrap(h, width)) {
        put(f, area, y, Line::from(Span::styled(h, t.dim)));
        y += 1;
    }
    let height = usize::from(area.height.saturating_sub(y)).max(1);
    let plain = matches!(p.kind, PageKind::Text);
    // Half a page at a time, like the stream.
    let top = if p.selected < height {
        0
    } else {
        (p.selected - height / 2).min(p.rows.len().saturating_sub(height))
    };
    for (i, (text, behind)) in p.rows.iter().enumerate().skip(top).take(height) {
        let here = i == p.selected && !plain;
        let vip = matches!(behind, Behind::Mention(m) if m.vip);
        let style = if text.starts_with('!') {
            t.urgent
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
