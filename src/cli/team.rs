//! Topics and views of the team from the command line.

use super::Out;
use super::args::{self, AlertAction, RuleAction, SnippetAction, TopicAction, ViewAction};
use crate::config;
use crate::door::{Door, Reply, Request};
use crate::model::{Stamp, TopicEdit};
use serde_json::json;

pub async fn topics(door: &dyn Door, action: Option<TopicAction>, out: &Out) -> i32 {
    let Reply::Topics(all) = door.ask(Request::Topics).await else {
        out.complain("the engine does not tell its topics");
        return 1;
    };
    match action {
        None => {
            for t in &all {
                let kind = if t.set { "set" } else { "topic" };
                let objective = (!t.set).then(|| t.objective.word());
                let v = json!({"name": t.name, "kind": kind, "query": t.query, "about": t.about,
                    "objective": objective, "team": t.team});
                out.either(&v, || match t.set {
                    true => format!("set:{}: {}", t.name, t.query),
                    false => format!("{} ({}): {}", t.name, t.objective.word(), t.query),
                });
            }
            if all.is_empty() { 3 } else { 0 }
        }
        Some(TopicAction::Try { query, days }) => attempt(door, &query.join(" "), days, out).await,
        Some(TopicAction::Set { name, query, objective, part }) => {
            let was = all.iter().find(|t| t.name == name).map(|t| t.query.clone());
            let objective = objective.map(args::ObjectiveArg::objective);
            let edit = TopicEdit { name, query: query.join(" "), objective, set: part };
            said(door.ask(Request::PutTopic { edit, was }).await, out)
        }
        Some(TopicAction::Apply { name, days, dry_run }) => {
            would(door.ask(Request::Rehear { topic: name, days, dry_run }).await, "topic", out)
        }
        Some(TopicAction::Remove { name }) => {
            let was = all.iter().find(|t| t.name == name).map(|t| t.query.clone()).unwrap_or_default();
            said(door.ask(Request::RemoveTopic { name, was }).await, out)
        }
    }
}

pub async fn alerts(door: &dyn Door, action: Option<AlertAction>, out: &Out) -> i32 {
    if let Some(AlertAction::Test { name }) = action {
        return match door.ask(Request::TestAlert(name)).await {
            Reply::AlertWorks(name) => {
                out.either(&json!({"did": "test", "name": name}), || format!("{name}: sent"));
                0
            }
            other => out.unexpected(&other),
        };
    }
    match door.ask(Request::Alerts).await {
        Reply::Alerts(all) => {
            for a in &all {
                let next = a.next.map(Stamp::rfc3339);
                let v =
                    json!({"name": a.name, "by": a.by, "waiting": a.waiting, "next": next, "error": a.error});
                out.either(&v, || {
                    let at = a.next.map_or(String::new(), |t| {
                        format!("; {} wait until {}", a.waiting, t.local_minute())
                    });
                    let error = a.error.as_ref().map_or(String::new(), |e| format!("; it failed: {e}"));
                    format!("{}: {}{at}{error}", a.name, a.by)
                });
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

pub async fn views(door: &dyn Door, action: Option<ViewAction>, out: &Out) -> i32 {
    match action {
        None => match door.ask(Request::Views).await {
            Reply::Views(all) => {
                for v in &all {
                    let o = json!({"name": v.name, "filter": v.filter, "state": v.state_word()});
                    out.either(&o, || format!("{}: {} ({})", v.name, v.filter, v.state_word()));
                }
                if all.is_empty() { 3 } else { 0 }
            }
            other => out.unexpected(&other),
        },
        Some(ViewAction::Set { name, filter, state }) => {
            match config::view_of(&name, &filter.join(" "), Some(&state)) {
                Ok(view) => said(door.ask(Request::PutView { view, replace: true }).await, out),
                Err((_, why)) => {
                    out.complain(&why);
                    2
                }
            }
        }
        Some(ViewAction::Remove { name }) => said(door.ask(Request::RemoveView(name)).await, out),
    }
}

pub async fn rules(door: &dyn Door, action: Option<RuleAction>, out: &Out) -> i32 {
    let days = match &action {
        Some(RuleAction::Test { days }) => Some(*days),
        _ => None,
    };
    if let Some(RuleAction::Apply { name, days, dry_run }) = action {
        return apply(door, name, days, dry_run, out).await;
    }
    let all = match door.ask(Request::Rules(days)).await {
        Reply::Rules(all) => all,
        other => return out.unexpected(&other),
    };
    match action {
        None | Some(RuleAction::Test { .. }) => {
            for r in &all {
                let v = json!({"name": r.name, "when": r.when, "do": r.acts, "fits": r.fits, "of": r.of, "error": r.error});
                out.either(&v, || {
                    let fits = r.fits.map_or(String::new(), |n| format!("{n} of {}: ", r.of));
                    let never = if r.fits == Some(0) { " (it fitted nothing)" } else { "" };
                    let error = r.error.as_ref().map_or(String::new(), |e| format!(" (not applied: {e})"));
                    format!("{}: {fits}{}{never}{error}", r.name, r.line())
                });
            }
            if all.is_empty() { 3 } else { 0 }
        }
        Some(RuleAction::Apply { .. }) => 2,
        Some(RuleAction::Set { name, when, acts }) => {
            let was = all.iter().find(|r| r.name == name).map(crate::model::RuleView::line);
            said(door.ask(Request::PutRule { name, when, acts, was }).await, out)
        }
        Some(RuleAction::Remove { name }) => {
            let was =
                all.iter().find(|r| r.name == name).map(crate::model::RuleView::line).unwrap_or_default();
            said(door.ask(Request::RemoveRule { name, was }).await, out)
        }
    }
}

fn said(reply: Reply, out: &Out) -> i32 {
    match reply {
        Reply::Edited { name, gone } => {
            let what = if gone { "taken out" } else { "written, and in force" };
            out.either(&json!({"did": "edit", "name": name, "gone": gone}), || format!("{name}: {what}"));
            0
        }
        other => out.unexpected(&other),
    }
}

/// Rules at work on what is there already.
async fn apply(door: &dyn Door, name: Option<String>, days: u32, dry_run: bool, out: &Out) -> i32 {
    would(door.ask(Request::ApplyRules { name, days, dry_run }).await, "rules", out)
}

/// What was done to what is there already, or would be.
fn would(reply: Reply, what: &str, out: &Out) -> i32 {
    match reply {
        Reply::WouldDo { n, of, rows } => {
            for (rules, i) in &rows {
                let v = json!({"id": i.id.to_string(), (what): rules, "title": i.mention.headline()});
                out.either(&v, || format!("{}  {rules}: {}", i.id, i.mention.headline()));
            }
            if !out.json {
                out.line(&format!("{n} of {of} would be changed"));
            }
            if n == 0 { 3 } else { 0 }
        }
        other => super::verbs::said(other, what, out),
    }
}

/// What a topic would have heard.
async fn attempt(door: &dyn Door, query: &str, days: u32, out: &Out) -> i32 {
    let zone = crate::model::Stamp::zone_here();
    match door.ask(Request::Try { query: query.to_owned(), days, zone }).await {
        Reply::Tried(t) => {
            if out.json {
                let newest: Vec<_> = t.newest.iter().map(crate::model::line_of).collect();
                let hints: Vec<&str> = t.hints.iter().map(|h| h.as_str()).collect();
                out.object(&json!({
                    "days": t.days, "n": t.total.n, "exact": t.total.exact, "of": t.base.n, "of_exact": t.base.exact,
                    "counted": t.counted, "stories": t.stories, "authors": t.authors,
                    "loudest": t.loudest.as_ref().map(|(site, share)| json!({"site": site.as_str(), "percent": share})),
                    "hints": hints, "newest": newest,
                }));
            } else {
                out.line(&t.line());
                t.hints.iter().for_each(|h| out.line(h));
                let now = crate::model::Stamp::now();
                t.newest.iter().for_each(|i| out.line(&super::lists::row(i, now)));
            }
            if t.total.n == 0 { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

pub async fn snippets(door: &dyn Door, action: Option<SnippetAction>, out: &Out) -> i32 {
    match action {
        None => match door.ask(Request::Snippets).await {
            Reply::Snippets(all) => {
                for s in &all {
                    let o = json!({"name": s.name, "text": s.text, "lang": s.lang});
                    out.either(&o, || format!("{} {:<2} {}", s.name, s.lang, s.text.replace('\n', " ")));
                }
                if all.is_empty() { 3 } else { 0 }
            }
            other => out.unexpected(&other),
        },
        Some(SnippetAction::Set { name, text, lang }) => {
            let mut text = text.join(" ");
            if text == "-" {
                text.clear();
                if let Err(e) = std::io::Read::read_to_string(&mut std::io::stdin().lock(), &mut text) {
                    out.complain(&format!("the snippet cannot be read: {e}"));
                    return 2;
                }
            }
            let s = crate::model::snippet::Snippet { name, text, lang };
            said(door.ask(Request::PutSnippet(s)).await, out)
        }
        Some(SnippetAction::Remove { name }) => said(door.ask(Request::RemoveSnippet(name)).await, out),
    }
}
