//! The stakeholders of what is on the screen, and my drafts.

use super::{put, title};
use crate::clean::width::fit;
use crate::model::{PersonCard, time};
use crate::tui::app::{App, Pane};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    put(f, area, 0, title(app, t, Pane::People, "people on the screen · p one"));
    let width = usize::from(area.width);
    let rows = area.height.saturating_sub(1);
    for (i, p) in ranked(app).into_iter().take(usize::from(rows)).enumerate() {
        let mark = if p.vip { "V" } else { " " };
        let last = p.last_seen.map_or(String::new(), |at| time::ago(at, app.now));
        let line = Line::from(vec![
            Span::styled(mark, t.vip),
            Span::styled(format!("{:>3} {last:>4} ", p.recent), t.dim),
            Span::styled(fit(&p.name, width.saturating_sub(11)), if p.vip { t.vip } else { t.text }),
        ]);
        put(f, area, u16::try_from(i + 1).unwrap_or(u16::MAX), line);
    }
}

/// VIP first, then the most active.
fn ranked(app: &App) -> Vec<&PersonCard> {
    let ids = crate::tui::update::authors(app);
    let mut all: Vec<&PersonCard> = ids.iter().filter_map(|i| app.people.get(i)).collect();
    all.sort_by_key(|p| (!p.vip, std::cmp::Reverse(p.recent), std::cmp::Reverse(p.mentions)));
    all
}

pub fn drafts(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    put(f, area, 0, title(app, t, Pane::Drafts, "drafts · g D all"));
    let width = usize::from(area.width);
    let open = app.drafts.iter().filter(|d| !d.discarded && d.posted.is_none());
    for (i, d) in open.take(usize::from(area.height.saturating_sub(1))).enumerate() {
        let text = format!(
            "{:>4} {}: {}",
            time::ago(d.saved_at, app.now),
            d.about,
            d.text.lines().next().unwrap_or("")
        );
        put(
            f,
            area,
            u16::try_from(i + 1).unwrap_or(u16::MAX),
            Line::from(Span::styled(fit(&text, width), t.text)),
        );
    }
}
