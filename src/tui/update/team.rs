//! What the team shares: topics on a page of their own, views in the palette and on the number keys.

use super::list;
use crate::door::Request;
use crate::model::{TopicView, View};
use crate::query::{Query, Scope};
use crate::tui::action::Action;
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For};

/// Asks for both anew.
pub fn ask() -> Vec<Effect> {
    vec![Effect::Ask(For::Told, Request::Topics), Effect::Ask(For::Told, Request::Views)]
}

pub fn open(app: &mut App) -> Vec<Effect> {
    app.pages.retain(|p| p.kind != PageKind::Topics);
    app.pages.push(Page::new(PageKind::Topics, "topics: what is listened for"));
    super::pages::refresh(app);
    ask()
}

/// Fills the page of topics.
pub fn fill(page: &mut Page, topics: &[TopicView]) {
    let wide = topics.iter().map(|t| crate::clean::width::width(&t.name)).max().unwrap_or(0).min(24);
    let row = |t: &TopicView| {
        let own = if t.team { "" } else { "  (config.toml)" };
        format!("{}  {}{own}", crate::clean::width::pad(&t.name, wide), t.query)
    };
    page.rows = topics.iter().map(|t| (row(t), Behind::Topic(t.name.clone()))).collect();
    page.head = if topics.is_empty() {
        vec!["No topic yet: everything that is heard enters the inbox.".into()]
    } else {
        Vec::new()
    };
}

fn selected(app: &App) -> Option<TopicView> {
    let Behind::Topic(name) = app.pages.last()?.behind() else { return None };
    app.topics.iter().find(|t| t.name == *name).cloned()
}

/// What the page of topics does with an action.
pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    if app.role.is_some_and(|r| r < crate::model::Role::Send) {
        app.say("changing topics needs the role send");
        return Vec::new();
    }
    if a == Action::TopicAdd {
        let label = "new topic: its name, a colon, its query (tins: tins OR lids)";
        app.prompt = Some(Prompt::new(Asking::TopicNew, label, ""));
        return Vec::new();
    }
    let Some(t) = selected(app) else {
        app.say("no topic is selected");
        return Vec::new();
    };
    if !t.team {
        app.say(format!(
            "{} stands in config.toml, which is the operator's; + adds one of the team's",
            t.name
        ));
        return Vec::new();
    }
    let (asking, label, text) = if a == Action::TopicRemove {
        (
            Asking::TopicRemove,
            format!("yes and Enter take {} out of topics.toml · Esc keeps it", t.name),
            String::new(),
        )
    } else {
        (Asking::TopicEdit, format!("query of {}", t.name), t.query.clone())
    };
    app.prompt = Some(Prompt { source: t.name, was: t.query, ..Prompt::new(asking, label, &text) });
    Vec::new()
}

/// What is wrong with a query that is being typed, or may not mean what it says.
pub fn hint(asking: Asking, text: &str) -> String {
    let query = if asking == Asking::TopicNew { text.split_once(':').map_or("", |(_, q)| q) } else { text };
    match Query::parse(query, Scope::Listen) {
        _ if query.trim().is_empty() => String::new(),
        Err(e) => e.to_string(),
        Ok(q) => q.lint().first().map(|l| l.message.clone()).unwrap_or_default(),
    }
}

/// What was typed is accepted; `Err` says why it is not.
pub fn accept(app: &mut App, p: &Prompt, text: &str) -> Result<Vec<Effect>, String> {
    Ok(match p.asking {
        Asking::TopicNew | Asking::TopicEdit => {
            let (name, query, was) = if p.asking == Asking::TopicNew {
                let (name, query) = text.split_once(':').ok_or("write a name, a colon and a query")?;
                (name.trim().to_owned(), query.trim().to_owned(), None)
            } else {
                (p.source.clone(), text.to_owned(), Some(p.was.clone()))
            };
            Query::parse(&query, Scope::Listen).map_err(|e| e.to_string())?;
            vec![Effect::Ask(For::Edited, Request::PutTopic { name, query, was })]
        }
        Asking::TopicRemove if !matches!(text.to_lowercase().as_str(), "y" | "yes") => {
            app.say(format!("{} stays", p.source));
            Vec::new()
        }
        Asking::TopicRemove => vec![Effect::Ask(
            For::Edited,
            Request::RemoveTopic { name: p.source.clone(), was: p.was.clone() },
        )],
        Asking::ViewName if text.is_empty() => return Err("give it a name".into()),
        Asking::ViewName => {
            let (filter, states) = (app.stream.filter.clone(), app.stream.states.clone());
            let view = View { name: text.into(), filter, states };
            vec![Effect::Ask(For::Edited, Request::PutView { view, replace: false })]
        }
        _ => match app.team_views.iter().find(|v| v.name == text) {
            Some(v) => vec![Effect::Ask(For::Edited, Request::RemoveView(v.name.clone()))],
            None => {
                let names: Vec<&str> = app.team_views.iter().map(|v| v.name.as_str()).collect();
                return Err(format!("the team has the views {}", names.join(", ")));
            }
        },
    })
}

/// The view of a number: mine, else the team's of that number.
pub fn numbered(app: &mut App, n: u8) -> Vec<Effect> {
    let team = app.team_views.get(usize::from(n).saturating_sub(1));
    let Some(v) = app.views.get(&n).or(team).cloned() else {
        app.say(format!("there is no view {n}: “: save view” keeps what you look at, ui.toml has your own"));
        return Vec::new();
    };
    show(app, v)
}

/// Shows a view; `q` leads back from it to the inbox.
pub fn show(app: &mut App, v: View) -> Vec<Effect> {
    app.before_filter = None;
    app.stream.filter = v.filter;
    let out = list::show(app, &v.states);
    app.stream.title = Some(v.name);
    out
}
