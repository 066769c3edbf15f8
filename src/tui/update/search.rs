//! Searching for the best: a filter that ends in `| sort score` opens a page on which what says most of its words
//! stands first.

use super::{list, pages};
use crate::door::{ListQuery, Request, Total};
use crate::model::Item;
use crate::query::{Query, Scope, Tail};
use crate::tui::app::{App, Page, PageKind};
use crate::tui::msg::{Effect, For};

/// Rows asked for at once, and at most.
const AT_ONCE: usize = 100;
const MOST: usize = 1_000;

/// What is said of a filter while it is typed.
pub fn hint(text: &str) -> String {
    let (rest, tail) = Query::cut_tail(text);
    if let Err(why) = order(&tail) {
        return why;
    }
    match Query::parse(rest, Scope::View) {
        Err(e) => e.to_string(),
        Ok(q) => match q.unknown().first() {
            Some(u) => format!("{u} nothing is known of it yet: no mention has it"),
            None => q.lint().first().map(|l| l.message.clone()).unwrap_or_default(),
        },
    }
}

/// True for the best first; the newest stand first anyhow.
fn order(tail: &[String]) -> Result<bool, String> {
    let mut best = false;
    for t in tail {
        best = match Tail::read(t) {
            Some(Tail::BestFirst) => true,
            Some(Tail::NewestFirst) => false,
            _ => {
                return Err(format!(
                    "“| {t}”: a list is sorted by time, or with | sort score by how well it fits"
                ));
            }
        };
    }
    Ok(best)
}

/// What was typed after `/` is shown: in the stream, or the best first on a page.
pub fn accept(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    let (rest, tail) = Query::cut_tail(text);
    let best = order(&tail)?;
    let q = Query::parse(rest, Scope::View).map_err(|e| e.to_string())?;
    if best {
        let mut page = Page::new(PageKind::Best, format!("the best first: {}", q.canonical()));
        page.head = vec!["searching …".into()];
        app.pages.retain(|p| p.kind != PageKind::Best);
        app.pages.push(page);
        app.best = Some(ListQuery { filter: q.canonical(), ..app.stream.query(AT_ONCE) });
        return Ok(ask(app, 0));
    }
    if app.stream.filter.is_empty() {
        app.before_filter = app.stream.cursor;
    }
    app.stream.title = None;
    app.stream.filter = q.canonical();
    app.stream.cursor = None;
    app.stream.loaded = false;
    app.stream.rows.clear();
    Ok(list::reload(app))
}

fn ask(app: &App, skip: u32) -> Vec<Effect> {
    let Some(query) = app.best.clone() else { return Vec::new() };
    vec![Effect::Ask(For::Best(query.filter.clone(), skip), Request::Ranked { query, skip })]
}

/// Takes in what was found; the rest is asked for.
pub fn found(
    app: &mut App,
    (filter, skip): (&str, u32),
    items: Vec<(f32, Item)>,
    next: Option<u32>,
    total: Total,
) -> Vec<Effect> {
    let now = app.now;
    if app.best.as_ref().is_none_or(|b| b.filter != filter) {
        return Vec::new();
    }
    let Some(p) = app.pages.iter_mut().find(|p| p.kind == PageKind::Best) else { return Vec::new() };
    p.rows.truncate(skip as usize);
    p.rows.extend(pages::mention_rows(items.into_iter().map(|(_, i)| i).collect(), now));
    let n = p.rows.len();
    p.head = match n {
        0 => vec![format!(
            "Nothing among {} matches.",
            app.stream.states.iter().map(|s| s.word()).collect::<Vec<_>>().join(", ")
        )],
        _ if next.is_some() => vec![format!("{n} of {total}")],
        _ => Vec::new(),
    };
    match next {
        Some(skip) if n < MOST => ask(app, skip),
        _ => Vec::new(),
    }
}
