//! The draft being written, below the mention that it answers.

use super::put;
use crate::clean::width::{fit, width};
use crate::tui::app::App;
use crate::tui::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
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
    let inner = Rect { y: area.y + head_rows, height: area.height - head_rows, ..area };
    f.render_widget(&e.area, inner);
}
