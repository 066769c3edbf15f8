//! A sheet: its fields, what is wrong with them, and what it would find.

use super::put;
use crate::clean::width::{fit, wrap};
use crate::tui::app::App;
use crate::tui::sheet::{Entry, Sheet};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Columns of the labels.
const LABEL: u16 = 11;
/// Rows of a query at most.
const ROWS: u16 = 6;

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let Some(s) = &app.sheet else { return };
    let wide = usize::from(area.width);
    let title = match &s.old {
        Some(name) => format!("{} {name}", s.kind.word()),
        None => format!("a new {} of the team's", s.kind.word()),
    };
    put(f, area, 0, Line::from(Span::styled(fit(&title, wide), t.title)));
    let mut y = 1;
    for (i, field) in s.fields.iter().enumerate() {
        let left = area.height.saturating_sub(y);
        if left == 0 {
            return;
        }
        y += draw_field(s, i, t, f, Rect { y: area.y + y, height: left, ..area });
        let _ = field;
    }
    for l in wrap(&s.hint, wide).into_iter().take(3).filter(|l| !l.is_empty()) {
        put(f, area, y, Line::from(Span::styled(l, t.urgent)));
        y += 1;
    }
    if s.hint.is_empty() {
        y += 1;
    }
    for (n, l) in s.below.iter().skip(s.top).enumerate() {
        let row = y + u16::try_from(n).unwrap_or(u16::MAX - y);
        let style = if n + s.top == 0 { t.key } else { t.text };
        put(f, area, row, Line::from(Span::styled(fit(l, wide), style)));
    }
}

/// Draws one field and gives its rows.
fn draw_field(s: &Sheet, i: usize, t: &Theme, f: &mut Frame<'_>, area: Rect) -> u16 {
    let Some(field) = s.fields.get(i) else { return 0 };
    let here = s.at == i;
    let mark = if here { '>' } else { ' ' };
    let style = if here { t.focus } else { t.dim };
    let inner = Rect { x: area.x + LABEL, width: area.width.saturating_sub(LABEL), ..area };
    let room = usize::from(inner.width);
    let mut rows = 1;
    match &field.entry {
        Entry::Line(l) => {
            let (text, at) = l.window(room.max(8));
            let (text, style) = match text.is_empty() && field.label == "do" {
                true => ("tag WORD, assign NAME, snooze 2d, urgent, done, alert NAME".to_owned(), t.dim),
                false => (text, t.text),
            };
            put(f, inner, 0, Line::from(Span::styled(fit(&text, room), style)));
            if here {
                let x = u16::try_from(at).unwrap_or(0).min(inner.width.saturating_sub(1));
                f.set_cursor_position(Position { x: inner.x + x, y: inner.y });
            }
        }
        Entry::Choice(all, at) => {
            let word = all.get(*at).copied().unwrap_or_default();
            let text = if here { format!("{word}   (space: the next one)") } else { word.to_owned() };
            put(f, inner, 0, Line::from(Span::styled(fit(&text, room), t.text)));
            if here {
                f.set_cursor_position(Position { x: inner.x, y: inner.y });
            }
        }
        Entry::Text(a) => {
            let long: usize = a.lines().iter().map(|l| 1 + crate::clean::width::width(l) / room.max(1)).sum();
            rows = u16::try_from(long).unwrap_or(ROWS).clamp(1, ROWS).min(area.height);
            let inner = Rect { height: rows, ..inner };
            f.render_widget(&**a, inner);
            if here {
                let (at, top) = (a.screen_cursor(), a.scroll_offset());
                let place = |at: usize, from: u16, most: u16| {
                    u16::try_from(at.saturating_sub(usize::from(from)))
                        .unwrap_or(0)
                        .min(most.saturating_sub(1))
                };
                let (x, y) = (place(at.col, top.1, inner.width), place(at.row, top.0, inner.height));
                f.set_cursor_position(Position { x: inner.x + x, y: inner.y + y });
            }
        }
    }
    put(
        f,
        Rect { width: LABEL, ..area },
        0,
        Line::from(Span::styled(format!("{mark}{}", field.label), style)),
    );
    rows
}
