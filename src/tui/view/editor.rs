//! The draft being written, below the mention that it answers.

use super::put;
use crate::clean::width::{fit, width, wrap};
use crate::tui::app::App;
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>, area: Rect) {
    let Some(e) = &app.editor else { return };
    let m = &e.mention.mention;
    let saved = match e.changed {
        0 => "",
        n if n == e.saved => "· saved",
        _ => "· …",
    };
    let chars = e.text().chars().count();
    let wide = usize::from(area.width);
    let how = match (&e.of, &e.stage, &e.terms.approval) {
        (Some(d), ..) => format!("the draft of {}", d.who),
        (_, crate::model::Stage::Writing, Some(_)) => "to be approved".to_owned(),
        (_, crate::model::Stage::Writing, None) => String::new(),
        (_, stage, _) => stage.words(),
    };
    // Where it goes, as whom, who sees it and how much is left are always said; what does not fit goes to the next line.
    let (to, count) = match &e.header {
        Some(p) => (p.header.to_string(), saved.to_owned()),
        None => {
            let count = format!("· {chars} character{} {saved}", if chars == 1 { "" } else { "s" });
            (format!("{} · {} · as {}", m.network, m.community, app.who), count)
        }
    };
    let to = if how.is_empty() { to } else { format!("{how} · {to}") };
    let what = match (m.kind == crate::model::Kind::Own, e.how.changes.is_some()) {
        (_, true) => "change",
        (true, _) => "post",
        _ => "reply",
    };
    let whole = format!("{what} · {to} {count}");
    let mut lines = if area.height > 7 {
        wrap(whole.trim_end(), wide)
    } else {
        // Whether it is kept is said first of all: what does not fit goes from the middle.
        let room = wide.saturating_sub(width(&count) + 1);
        vec![if room > 8 { format!("{} {count}", fit(&format!("{what} · {to}"), room)) } else { count }]
    };
    lines.truncate(if area.height > 12 { 3 } else { 2 });
    let named = lines.len();
    if let Some(p) = e.header.as_ref().filter(|p| area.height > 9 && !p.readiness.is_empty()) {
        lines.push(fit(&format!("{} · {} · {}", p.class.word(), p.readiness, p.promo), wide));
    }
    // On a tiny screen the text itself comes first.
    if area.height <= 1 {
        lines.clear();
    }
    let head_rows = u16::try_from(lines.len()).unwrap_or(0);
    for (y, l) in (0..).zip(&lines) {
        put(
            f,
            area,
            y,
            Line::from(Span::styled(l.clone(), if usize::from(y) < named { t.focus } else { t.dim })),
        );
    }
    // Why it came back stands there as long as it is written on.
    let why: Vec<String> = if e.reason.is_empty() || area.height < 6 {
        Vec::new()
    } else {
        wrap(&format!("because: {}", e.reason), wide).into_iter().take(2).collect()
    };
    for (y, l) in (head_rows..).zip(&why) {
        put(f, area, y, Line::from(Span::styled(l.clone(), t.urgent)));
    }
    let above = head_rows + u16::try_from(why.len()).unwrap_or(0);
    let inner = Rect { y: area.y + above, height: area.height - above, ..area };
    f.render_widget(&e.area, inner);
    // The terminal's own cursor too: screen readers and input windows follow that one.
    let (at, top) = (e.area.screen_cursor(), e.area.scroll_offset());
    let place = |at: usize, from: u16, most: u16| {
        u16::try_from(at.saturating_sub(usize::from(from))).unwrap_or(0).min(most.saturating_sub(1))
    };
    let (x, y) = (place(at.col, top.1, inner.width), place(at.row, top.0, inner.height));
    f.set_cursor_position(Position { x: inner.x + x, y: inner.y + y });
}
