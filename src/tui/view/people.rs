//! The stakeholders of what is on the screen, and my drafts.

use super::{put, title};
use crate::clean::width::fit;
use crate::model::{Stage, time};
use crate::tui::app::{App, Pane};
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    put(f, area, 0, title(app, t, Pane::People, "people on the screen · Tab, Enter"));
    let width = usize::from(area.width);
    let rows = area.height.saturating_sub(1);
    if rows > 0 && crate::tui::update::ranked(app).is_empty() {
        put(f, area, 1, Line::from(Span::styled("nobody yet", t.dim)));
    }
    let all = crate::tui::update::ranked(app);
    // Nobody was chosen yet, or whoever was is not here any more: Enter opens the first.
    let chosen = app.person_at.filter(|id| all.iter().any(|p| p.id == *id)).or(all.first().map(|p| p.id));
    for (i, p) in all.into_iter().take(usize::from(rows)).enumerate() {
        let here = app.pane == Pane::People && chosen == Some(p.id);
        let mark = if here {
            ">"
        } else if p.vip {
            "V"
        } else {
            " "
        };
        let last = p.last_seen.map_or(String::new(), |at| time::ago(at, app.now));
        let line = Line::from(vec![
            Span::styled(mark, t.vip),
            Span::styled(format!("{:>3} {last:>4} ", p.recent), t.dim),
            Span::styled(fit(&p.name, width.saturating_sub(11)), if p.vip { t.vip } else { t.text }),
        ]);
        put(f, area, u16::try_from(i + 1).unwrap_or(u16::MAX), line);
    }
}

pub fn drafts(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    put(f, area, 0, title(app, t, Pane::Drafts, "drafts · Tab, Enter · g D all"));
    let width = usize::from(area.width);
    let open = crate::tui::update::open_drafts(app);
    for (i, d) in open.into_iter().take(usize::from(area.height.saturating_sub(1))).enumerate() {
        let here = app.pane == Pane::Drafts && app.draft_at == Some(d.id);
        let whose = match &d.stage {
            Stage::Waiting { .. } => format!("{} waits · ", d.who),
            _ if d.who != app.who => format!("{} · ", d.who),
            Stage::Approved { .. } => "may go · ".into(),
            Stage::Returned { .. } => "back · ".into(),
            Stage::Going(_) => "goes · ".into(),
            Stage::Writing => String::new(),
        };
        let text = format!(
            "{}{:>4} {whose}{}: {}",
            if here { ">" } else { " " },
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
