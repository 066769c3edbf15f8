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
    // Whether it is kept is said first of all: what does not fit goes from the middle.
    let wide = usize::from(area.width);
    let count = fit(&format!("{chars} character{} {saved}", if chars == 1 { "" } else { "s" }), wide);
    let how = match (&e.of, &e.stage, &e.terms.approval) {
        (Some(d), ..) => format!("the draft of {}", d.who),
        (_, crate::model::Stage::Writing, Some(_)) => "to be approved".to_owned(),
        (_, crate::model::Stage::Writing, None) => "by hand".to_owned(),
        (_, stage, _) => stage.words(),
    };
    let to = format!("reply · {} · {} · as {} · {how}", m.network, m.community, app.who);
    let room = wide.saturating_sub(width(&count) + 3);
    let head = if room > 8 { format!("{} · {count}", fit(&to, room)) } else { count };
    // On a tiny screen the text itself comes first.
    let head_rows = u16::from(area.height > 1);
    if head_rows > 0 {
        put(f, area, 0, Line::from(Span::styled(head, t.focus)));
    }
    // Why it came back stands there as long as it is written on.
    let why: Vec<String> = if e.reason.is_empty() || area.height < 6 {
        Vec::new()
    } else {
        wrap(&format!("because: {}", e.reason), wide).into_iter().take(2).collect()
    };
    for (y, l) in (1..).zip(&why) {
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
