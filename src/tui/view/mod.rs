//! What is drawn: pure functions of the app and the theme. Lists have no right border, and text of any width
//! stands last on its row, so that a terminal with other ideas of width breaks nothing.

mod approval;
mod editor;
mod pages;
mod people;
mod reader;
mod sheet;
mod status;
mod stream;

pub use approval::scroll_ends;
pub use pages::text_lines;
pub use reader::reader_lines;

use super::app::{App, Pane};
use super::theme::Theme;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws everything.
pub fn draw(app: &App, t: &Theme, f: &mut Frame<'_>) {
    let all = f.area();
    if all.width < 8 || all.height < 3 {
        put(f, all, 0, Line::from("too small"));
        return;
    }
    let head = Rect { height: 1, ..all };
    let body = Rect { y: all.y + 1, height: all.height - 3, ..all };
    let foot = Rect { y: all.y + all.height - 2, height: 2, ..all };
    status::header(app, t, f, head);
    if app.sheet.is_some() {
        sheet::draw(app, t, f, body);
    } else if app.pages.is_empty() {
        main(app, t, f, body);
    } else {
        pages::draw(app, t, f, body);
    }
    status::footer(app, t, f, foot);
    if app.calm
        && app.prompt.is_none()
        && app.sheet.is_none()
        && (app.editor.is_none() || !app.pages.is_empty())
    {
        f.set_cursor_position(Position { x: all.x, y: selected(app, body) });
    }
}

/// The row on which what is selected stands: there a screen reader goes on reading.
fn selected(app: &App, body: Rect) -> u16 {
    let row = match app.pages.last() {
        Some(p) => pages::row_of_selected(p, body),
        None if app.reader.open || app.pane != Pane::Stream => 0,
        None => app.stream.at().unwrap_or(0).saturating_sub(app.stream.top),
    };
    body.y + u16::try_from(row).unwrap_or(0).min(body.height.saturating_sub(1))
}

fn main(app: &App, t: &Theme, f: &mut Frame<'_>, body: Rect) {
    let editing = app.editor.is_some();
    match app.columns() {
        3 => {
            let left = body.width * 2 / 5;
            let right = 36.min(body.width / 4);
            let middle = body.width - left - right - 2;
            let a = Rect { width: left, ..body };
            let b = Rect { x: body.x + left + 1, width: middle, ..body };
            let c = Rect { x: body.x + left + middle + 2, width: right, ..body };
            stream::draw(app, t, f, a);
            bar(t, f, b);
            if editing {
                let half = b.height / 2;
                reader::draw(app, t, f, Rect { height: half, ..b });
                editor::draw(app, t, f, Rect { y: b.y + half, height: b.height - half, ..b });
            } else {
                reader::draw(app, t, f, b);
            }
            bar(t, f, c);
            let top = c.height * 2 / 3;
            people::draw(app, t, f, Rect { height: top, ..c });
            people::drafts(app, t, f, Rect { y: c.y + top, height: c.height - top, ..c });
        }
        2 => {
            let left = body.width / 2;
            let a = Rect { width: left, ..body };
            let b = Rect { x: body.x + left + 1, width: body.width - left - 1, ..body };
            stream::draw(app, t, f, a);
            bar(t, f, b);
            if editing {
                let half = b.height / 2;
                reader::draw(app, t, f, Rect { height: half, ..b });
                editor::draw(app, t, f, Rect { y: b.y + half, height: b.height - half, ..b });
            } else {
                reader::draw(app, t, f, b);
            }
        }
        _ if editing => {
            let half = if body.height < 6 { 0 } else { body.height / 2 };
            reader::draw(app, t, f, Rect { height: half, ..body });
            editor::draw(app, t, f, Rect { y: body.y + half, height: body.height - half, ..body });
        }
        _ if app.reader.open => reader::draw(app, t, f, body),
        _ if app.pane == Pane::People => people::draw(app, t, f, body),
        _ if app.pane == Pane::Drafts => people::drafts(app, t, f, body),
        _ => stream::draw(app, t, f, body),
    }
}

/// A thin line to the left of a pane.
fn bar(t: &Theme, f: &mut Frame<'_>, pane: Rect) {
    if pane.x == 0 {
        return;
    }
    for y in pane.y..pane.y + pane.height {
        f.buffer_mut().set_string(pane.x - 1, y, "│", t.dim);
    }
}

/// Writes a line at a row of an area. Every text passes the last check once more.
pub(super) fn put(f: &mut Frame<'_>, area: Rect, row: u16, line: Line<'_>) {
    if row >= area.height {
        return;
    }
    let clean =
        line.spans.iter().any(|s| !matches!(crate::clean::sink(&s.content), std::borrow::Cow::Borrowed(_)));
    let line = if clean {
        Line::from(
            line.spans
                .iter()
                .map(|s| Span::styled(crate::clean::sink(&s.content).into_owned(), s.style))
                .collect::<Vec<_>>(),
        )
    } else {
        line
    };
    f.buffer_mut().set_line(area.x, area.y + row, &line, area.width);
}

/// The title of a pane, lit if it has the focus.
pub(super) fn title(app: &App, t: &Theme, pane: Pane, text: &str) -> Line<'static> {
    let style: Style = if app.pane == pane && app.pages.is_empty() { t.focus } else { t.dim };
    Line::from(Span::styled(text.to_owned(), style))
}
