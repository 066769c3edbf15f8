//! The topic editor: while its query is typed, what it would have heard stands above the line.

use crate::door::{Request, Trial};
use crate::model::Stamp;
use crate::query::{Query, Scope};
use crate::tui::app::{App, Asking, Page, PageKind};
use crate::tui::msg::{Effect, For, Timer};

/// The query is tried when no key was pressed for so long, in ms.
const PAUSE: u64 = 250;
const DAYS: u32 = 7;

/// Opens the screen under the line that is typed.
pub fn open(app: &mut App) -> Vec<Effect> {
    app.pages.retain(|p| p.kind != PageKind::Trial);
    let mut page = Page::new(PageKind::Trial, format!("what it would have heard in the last {DAYS} days"));
    page.head = vec!["It is tried while you type; nothing changes before Enter.".into()];
    app.pages.push(page);
    soon(app)
}

/// Tries it in a moment, unless it is typed on.
pub fn soon(app: &mut App) -> Vec<Effect> {
    app.trial += 1;
    vec![Effect::After(PAUSE, Timer::Try(app.trial))]
}

/// The query as it stands in the line.
fn query(app: &App) -> Option<String> {
    let p = app.prompt.as_ref()?;
    let text = p.line.text();
    let q = match p.asking {
        Asking::TopicEdit => text.as_str(),
        Asking::TopicNew => super::team::named(&text)?.1,
        _ => return None,
    };
    Query::parse(q.trim(), Scope::Listen).ok().map(|q| q.canonical())
}

pub fn ask(app: &mut App, n: u64) -> Vec<Effect> {
    if n != app.trial {
        return Vec::new();
    }
    let Some(query) = query(app) else { return Vec::new() };
    let zone = Stamp::zone_here();
    vec![Effect::Ask(For::Tried(n), Request::Try { query, days: DAYS, zone })]
}

pub fn show(app: &mut App, n: u64, t: Trial) {
    let now = app.now;
    if n != app.trial {
        return;
    }
    let Some(p) = app.pages.last_mut().filter(|p| p.kind == PageKind::Trial) else { return };
    p.head = vec![t.line()];
    p.head.extend(t.hints.iter().map(|h| format!("  {h}")));
    p.rows = super::pages::mention_rows(t.newest, now);
}
