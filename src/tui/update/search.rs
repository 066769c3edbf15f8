//! What comes first: a filter that ends in `| sort score` opens a page on which what says most of its words stands first;
//! other orders put first what matters for an objective, or what the team wants more of.

use super::{list, pages};
use crate::clean::width::fit;
use crate::door::{ListQuery, Placed, Request, Standing, Total};
use crate::model::{By, Id, Objective, Stamp, State, Text};
use crate::query::{Query, Scope, Tail};
use crate::tui::app::{App, Behind, Page, PageKind};
use crate::tui::msg::{Effect, For};

/// Rows asked for at once, and at most.
const AT_ONCE: usize = 100;
const MOST: usize = 1_000;

/// The filter in force, as it would be typed: of what comes first, where that is shown.
pub fn written(app: &App) -> String {
    let page = app.pages.last().filter(|p| p.kind == PageKind::Best);
    match page.and(app.best.as_ref()) {
        Some((q, by)) => format!("{} | sort {}", q.filter, by.word()).trim_start().to_owned(),
        None => app.stream.filter.clone(),
    }
}

/// Names that nobody gave, as far as all of them are known here.
fn unknown_name(app: &App, q: &Query) -> Result<(), String> {
    if !q.names_any() || (app.topics.is_empty() && app.team_views.is_empty()) {
        return Ok(());
    }
    crate::config::names_of(&app.topics, &app.team_views).resolve(q, None)
}

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

/// The order that is asked for; the newest stand first anyhow.
fn order(tail: &[String]) -> Result<Option<By>, String> {
    let mut by = None;
    for t in tail {
        by = match Tail::read(t) {
            Some(Tail::First(by)) => Some(by),
            Some(Tail::NewestFirst) => None,
            _ => {
                return Err(format!(
                    "“| {t}”: a list is sorted by time, or with | sort by score, relevance, launch, research or improve"
                ));
            }
        };
    }
    Ok(by)
}

/// What was typed after `/` is shown: in the stream, or what comes first on a page.
pub fn accept(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    let (rest, tail) = Query::cut_tail(text);
    let by = order(&tail)?;
    let q = Query::parse(rest, Scope::View).map_err(|e| e.to_string())?;
    unknown_name(app, &q)?;
    if let Some(by) = by {
        // What is refined keeps the states that it was looked for in.
        let here = app.pages.last().filter(|p| p.kind == PageKind::Best).and(app.best.clone());
        let from = here.map_or_else(|| app.stream.query(AT_ONCE), |(q, _)| q);
        let query = ListQuery { filter: q.canonical(), ..from };
        return Ok(open(app, query, by));
    }
    app.pages.clear();
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

/// Opens the page of what comes first.
fn open(app: &mut App, query: ListQuery, by: By) -> Vec<Effect> {
    let title = match by {
        By::Words => format!("the best first: {}", query.filter),
        By::Relevance => format!("what we want more of first: {}", query.filter),
        By::Due => format!("what should be answered first: {}", query.filter),
        By::Objective(o) => format!("first for {}: {} · O: the next objective", o.word(), query.filter),
    };
    let mut page = Page::new(PageKind::Best, title);
    page.head = vec!["searching …".into()];
    app.pages.retain(|p| p.kind != PageKind::Best);
    app.pages.push(page);
    app.best = Some((query, by));
    ask(app, 0)
}

/// Shows what comes first for the objective of what is selected; on such a page, for the next objective.
pub fn objective(app: &mut App) -> Vec<Effect> {
    let here = app.pages.last().filter(|p| p.kind == PageKind::Best).and(app.best.as_ref());
    let of = |name: &str| app.topics.iter().find(|t| t.name == name).map(|t| t.objective);
    let own = || app.subject().and_then(|i| i.mention.topics.iter().find_map(|t| of(&t.topic)));
    let objective = match here {
        Some((_, By::Objective(o))) => o.next(),
        _ => own().unwrap_or_default(),
    };
    let view = objective.view();
    // Within what is looked at.
    let filter = match app.stream.filter.as_str() {
        "" => view.filter,
        own => format!("({own}) {}", view.filter),
    };
    let filter = Query::parse(&filter, Scope::View).map_or(filter, |q| q.canonical());
    let query = ListQuery::newest(&view.states, &filter, AT_ONCE);
    open(app, query, By::Objective(objective))
}

fn ask(app: &App, skip: u32) -> Vec<Effect> {
    let Some((query, by)) = app.best.clone() else { return Vec::new() };
    vec![Effect::Ask(For::Best(query.filter.clone(), by, skip), Request::Ranked { query, skip, by })]
}

/// The columns of an order, and what stands above them.
fn columns(by: By) -> &'static str {
    match by {
        By::Words => "",
        By::Relevance => "  score   age",
        By::Due => "  left",
        By::Objective(Objective::Launch) => "  score   age    reach  told",
        By::Objective(Objective::Research) => "  score  words  asks  language",
        By::Objective(Objective::Improve) => "  score  mood      told  where it stands",
    }
}

/// What is shown of a mention that was changed where it stands in an order: what stands there, and what became of it.
pub fn changed(row: &str, i: &crate::model::Item) -> String {
    let mark = match i.state {
        State::Done => 'e',
        State::Snoozed => 's',
        _ if i.read => ' ',
        _ => '*',
    };
    let mut c = row.chars();
    c.next();
    format!("{mark}{}", c.as_str())
}

/// A row with the columns that matter in this order.
fn row(p: &Placed, by: By, now: Stamp) -> String {
    let (i, m) = (&p.item, &p.item.mention);
    let mark = if i.read { ' ' } else { '*' };
    let told = if i.tellings > 1 { i.tellings.to_string() } else { String::new() };
    let age = crate::model::time::ago(m.at, now);
    let columns = match by {
        By::Words => return pages::mention_row(i, now),
        By::Relevance => format!("{age:>4}"),
        By::Due => i.due.map_or("    -".to_owned(), |t| format!("{:>5}", crate::model::time::left(t, now))),
        By::Objective(Objective::Launch) => {
            let reach = m.reach.map_or(String::new(), short);
            format!("{age:>4}  {reach:>7}  {told:>4}")
        }
        By::Objective(Objective::Research) => {
            let asks = if m.title.contains('?') || m.text.contains('?') { "?" } else { "" };
            let lang = if m.lang.is_empty() { "?" } else { m.lang.as_str() };
            format!("{:>5}  {asks:<4}  {lang:<8}", m.text.split_whitespace().count())
        }
        By::Objective(Objective::Improve) => {
            let stands = if i.answered.is_some() { "answered" } else { i.state.word() };
            let stands = i.assignee.as_ref().map_or(stands.to_owned(), |a| format!("@{a}"));
            format!("{:<8}  {told:>4}  {:<9}", i.mood().said(), fit(&stands, 9))
        }
    };
    // The clock says it all.
    if by == By::Due {
        return format!("{mark} {columns}  {}", m.headline());
    }
    // Next to nothing is nothing, and has no sign.
    let score = if p.score.abs() < 0.05 { 0.0 } else { p.score };
    format!("{mark} {score:>5.1}  {columns}  {}", m.headline())
}

/// A large number in few columns: 12k, 3M.
fn short(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..10_000_000 => format!("{}k", n / 1_000),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// Takes in what was found; the rest is asked for.
pub fn found(
    app: &mut App,
    (filter, by, skip): (&str, By, u32),
    items: Vec<Placed>,
    next: Option<u32>,
    (total, how): (Total, Text),
) -> Vec<Effect> {
    let now = app.now;
    if app.best.as_ref().is_none_or(|b| (b.0.filter.as_str(), b.1) != (filter, by)) {
        return Vec::new();
    }
    let Some(p) = app.pages.iter_mut().find(|p| p.kind == PageKind::Best) else { return Vec::new() };
    p.rows.truncate(skip as usize);
    p.rows.extend(items.into_iter().map(|i| (row(&i, by, now), Behind::Mention(Box::new(i.item)))));
    let n = p.rows.len();
    let states = app.best.iter().flat_map(|b| &b.0.states).map(|s| s.word()).collect::<Vec<_>>().join(", ");
    let number = match n {
        0 if matches!(by, By::Objective(o) if !app.topics.iter().any(|t| !t.set && t.objective == o)) => {
            "No topic is there for this; O in g T says what a topic is for.".to_owned()
        }
        0 => format!("Nothing among {states} matches."),
        _ if next.is_some() => format!("{n} of {total}"),
        _ => String::new(),
    };
    let above = [how.to_string(), number, columns(by).to_owned()];
    p.head = above.into_iter().filter(|l| !l.is_empty()).collect();
    match next {
        Some(skip) if n < MOST => ask(app, skip),
        _ => Vec::new(),
    }
}

/// Why a mention stands where it stands in the orders that concern it, below what else is said of it.
pub fn standing(app: &mut App, id: Id, all: Vec<Standing>) {
    let about = |p: &&mut Page| p.kind == PageKind::Text && p.about.as_ref().is_some_and(|i| i.id == id);
    let Some(page) = app.pages.last_mut().filter(about) else { return };
    for Standing { by, score, reasons } in all {
        let of = match by {
            By::Objective(o) => format!("in the order for {} (O shows it)", o.word()),
            By::Due => {
                let left = -score as i64;
                let until = match left {
                    i64::MIN..0 => format!("{} min ago", -left),
                    0..100_000 => format!("within {left} min"),
                    _ => "by nobody".to_owned(),
                };
                page.rows.push((String::new(), Behind::Nothing));
                page.rows.push((format!("to be answered {until}:"), Behind::Nothing));
                page.rows.extend(reasons.iter().map(|(w, _)| (format!("  {w}"), Behind::Nothing)));
                continue;
            }
            _ => "as what we want more of (+ - teach it)".into(),
        };
        page.rows.push((String::new(), Behind::Nothing));
        let points = match reasons.is_empty() {
            true => "nothing is known".to_owned(),
            false => format!("{score:+.1}"),
        };
        page.rows.push((format!("{of}: {points}"), Behind::Nothing));
        let lines = reasons.iter().map(|(w, n)| (format!("  {n:+.1}  {w}"), Behind::Nothing));
        page.rows.extend(lines);
    }
}
