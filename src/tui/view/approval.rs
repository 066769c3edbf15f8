//! A colleague's draft: what it answers above, the drafts about it side by side below.

use super::{put, reader};
use crate::clean::width::{fit, wrap};
use crate::model::{Draft, time};
use crate::tui::app::{App, Behind, Page};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, p: &Page, f: &mut Frame<'_>, area: Rect) {
    let above = (area.height * 2 / 5).min(area.height.saturating_sub(2));
    if let Some(i) = &p.about {
        let lines = reader::lines(app, t, i, usize::from(area.width));
        for (y, l) in (0..above).zip(lines) {
            put(f, area, y, l);
        }
    }
    let below = Rect { y: area.y + above, height: area.height - above, ..area };
    let drafts: Vec<&Draft> =
        p.rows.iter().filter_map(|(_, b)| if let Behind::Draft(d) = b { Some(&**d) } else { None }).collect();
    // As many as can be read, the one that is looked at among them.
    let fit_in = usize::from(area.width / 36).clamp(1, 3).min(drafts.len().max(1));
    let from = p.selected.min(drafts.len().saturating_sub(fit_in));
    let wide = area.width / u16::try_from(fit_in).unwrap_or(1);
    for (i, d) in drafts.iter().enumerate().skip(from).take(fit_in) {
        let x = area.x + wide * u16::try_from(i - from).unwrap_or(0);
        let column = Rect { x, width: wide.saturating_sub(u16::from(fit_in > 1)), ..below };
        draft(app, t, d, i == p.selected, p.scroll, f, column);
    }
}

fn draft(app: &App, t: &Theme, d: &Draft, focus: bool, scroll: usize, f: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let mine = if d.who == app.who { " (mine)" } else { "" };
    let mark = if focus { ">" } else { " " };
    let head = format!("{mark}{}{mine} · {} · {}", d.who, d.stage.words(), time::ago(d.saved_at, app.now));
    put(f, area, 0, Line::from(Span::styled(fit(&head, width), if focus { t.focus } else { t.dim })));
    let mut lines: Vec<String> = Vec::new();
    if !d.reason.is_empty() {
        lines.extend(wrap(&format!("because: {}", d.reason), width));
        lines.push(String::new());
    }
    lines.extend(d.text.lines().flat_map(|l| wrap(l, width)));
    let scroll = if focus { scroll.min(lines.len().saturating_sub(1)) } else { 0 };
    for (y, l) in (1..area.height).zip(lines.into_iter().skip(scroll)) {
        put(f, area, y, Line::from(Span::styled(l, t.text)));
    }
}
