//! The draft being written, below the mention that it answers.

use super::put;
use crate::clean::width::fit;
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
    let head = format!(
        "reply · {} · {} · as {} · by hand · {chars} characters {saved}",
        m.network, m.community, app.who
    );
    // On a tiny screen the text itself comes first.
    let head_rows = u16::from(area.height > 1);
    if head_rows > 0 {
        put(f, area, 0, Line::from(Span::styled(fit(&head, usize::from(area.width)), t.focus)));
    }
    let inner = Rect { y: area.y + head_rows, height: area.height - head_rows, ..area };
    f.render_widget(&e.area, inner);
}
