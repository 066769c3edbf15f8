//! The panes beside the stream: the people of what is on the screen, and the open drafts. With the focus there,
//! moving and Enter are about them.

use super::{finish, list, pages};
use crate::model::{Draft, Id, PersonCard};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::msg::Effect;

/// VIP first, then the most active.
pub fn ranked(app: &App) -> Vec<&PersonCard> {
    let ids = list::authors(app);
    let mut all: Vec<&PersonCard> = ids.iter().filter_map(|i| app.people.get(i)).collect();
    all.sort_by_key(|p| (!p.vip, std::cmp::Reverse(p.recent), std::cmp::Reverse(p.mentions)));
    all
}

/// Drafts that are neither posted nor put aside.
pub fn open_drafts(app: &App) -> Vec<&Draft> {
    // Mine first; each newest first.
    let mut all: Vec<&Draft> = app.drafts.iter().filter(|d| d.is_open()).collect();
    all.sort_by_key(|d| d.who != app.who);
    all
}

/// Something is selected in the pane that has the focus now.
pub fn begin(app: &mut App) {
    move_by(app, 0);
}

/// What a pane does with an action; `None` leaves it to the stream.
pub fn act(app: &mut App, a: Action) -> Option<Vec<Effect>> {
    if !matches!(app.pane, Pane::People | Pane::Drafts) {
        return None;
    }
    let half = isize::try_from(app.list_height() / 2).unwrap_or(10).max(1);
    match a {
        Action::Down => move_by(app, 1),
        Action::Up => move_by(app, -1),
        Action::HalfDown => move_by(app, half),
        Action::HalfUp => move_by(app, -half),
        Action::First => move_by(app, isize::MIN / 2),
        Action::Last => move_by(app, isize::MAX / 2),
        Action::Open | Action::Person | Action::Reply => return enter(app, a),
        _ => return None,
    }
    Some(Vec::new())
}

fn move_by(app: &mut App, by: isize) {
    let step = |all: &[Id], at: Option<Id>| {
        let i = at.and_then(|a| all.iter().position(|x| *x == a)).unwrap_or(0);
        all.get(i.saturating_add_signed(by).min(all.len().saturating_sub(1))).copied()
    };
    match app.pane {
        Pane::People => {
            let all: Vec<Id> = ranked(app).iter().map(|p| p.id).collect();
            app.person_at = step(&all, app.person_at);
        }
        Pane::Drafts => {
            let all: Vec<Id> = open_drafts(app).iter().map(|d| d.id).collect();
            app.draft_at = step(&all, app.draft_at);
        }
        _ => {}
    }
}

fn enter(app: &mut App, a: Action) -> Option<Vec<Effect>> {
    match app.pane {
        Pane::People if a != Action::Reply => {
            let id = app.person_at.or_else(|| ranked(app).first().map(|p| p.id));
            let Some(id) = id else {
                app.say("nobody is here yet");
                return Some(Vec::new());
            };
            Some(pages::person(app, id))
        }
        Pane::Drafts if a != Action::Person => {
            let all = open_drafts(app);
            let chosen = all.iter().find(|d| Some(d.id) == app.draft_at).or(all.first());
            let Some(d) = chosen.map(|d| (*d).clone()) else {
                app.say("no drafts; r on a mention begins one");
                return Some(Vec::new());
            };
            Some(finish::visit(app, &d))
        }
        _ => None,
    }
}
