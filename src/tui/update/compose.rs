//! `C`: something new of ours: as whom, where and under which title as its network asks, then a draft as any other. `R`: a
//! reaction. `r` in `g O`: other words for what was sent.

use super::{draft, verbs};
use crate::clean::width::pad;
use crate::door::Request;
use crate::model::outgoing::{Fate, Outgoing};
use crate::model::{AccountView, Item};
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For};

/// Our accounts are here: one begins, of several one is chosen.
pub fn accounts_came(app: &mut App, all: Vec<AccountView>) -> Vec<Effect> {
    let mut can: Vec<AccountView> = all.into_iter().filter(|a| a.mine && a.begins.is_some()).collect();
    match can.len() {
        0 => {
            app.say("no account of yours can begin something: [account.NAME] in config.toml, may_send");
            Vec::new()
        }
        1 => can.pop().map_or_else(Vec::new, |a| begin(app, a)),
        _ => {
            let mut page = Page::new(PageKind::Compose, "something new · Enter chooses as whom");
            let row = |a: AccountView| {
                let text = format!("{} {} {}", pad(&a.name, 14), pad(&a.network, 10), a.user);
                (text, Behind::Account(Box::new(a)))
            };
            page.rows = can.into_iter().map(row).collect();
            app.pages.push(page);
            Vec::new()
        }
    }
}

/// As this account.
pub fn begin(app: &mut App, a: AccountView) -> Vec<Effect> {
    app.pages.retain(|p| p.kind != PageKind::Compose);
    let place = a.begins.as_ref().map(|b| b.place.clone()).unwrap_or_default();
    app.composing = Some(a);
    if place.is_empty() {
        return placed(app, "");
    }
    app.prompt = Some(Prompt::new(Asking::ComposePlace, format!("where: its {place}"), ""));
    Vec::new()
}

/// The place is named.
pub fn placed(app: &mut App, place: &str) -> Vec<Effect> {
    let Some(new) = app.composing.as_ref().and_then(|a| a.begins.clone()) else { return Vec::new() };
    if new.title.is_empty() {
        return titled(app, place, "");
    }
    let label = if new.titled { new.title } else { format!("{} (empty: none)", new.title) };
    app.prompt = Some(Prompt { was: place.to_owned(), ..Prompt::new(Asking::ComposeTitle, label, "") });
    Vec::new()
}

/// All is said but the words.
pub fn titled(app: &mut App, place: &str, title: &str) -> Vec<Effect> {
    let Some(a) = app.composing.take() else { return Vec::new() };
    let (account, place, title) = (a.name, place.to_owned(), title.to_owned());
    // What is typed before it is there is meant for it, and is no verb.
    app.ahead = Some(Vec::new());
    vec![Effect::Ask(For::Composed, Request::Compose { account, place, title })]
}

/// It waits for its words.
pub fn composed(app: &mut App, items: Vec<Item>) -> Vec<Effect> {
    app.opening = None;
    draft::item_came(app, items)
}

/// Asks what we react with.
pub fn react(app: &mut App) -> Vec<Effect> {
    let Some(i) = app.subject().map(|i| i.key) else {
        app.say("nothing is selected");
        return Vec::new();
    };
    let label = "react with (empty: its like; boost, an emoji; -boost takes it back)";
    app.prompt = Some(Prompt { about: Some(i), ..Prompt::new(Asking::React, label, "") });
    Vec::new()
}

/// It is said.
pub fn reacted(app: &App, p: &Prompt, with: &str) -> Vec<Effect> {
    let Some(key) = p.about.or_else(|| verbs::targets(app).first().copied()) else { return Vec::new() };
    let back = with.starts_with('-');
    let with = with.trim_start_matches('-').trim().to_owned();
    let ask = Request::React { back, mention: key.id, with, account: String::new() };
    vec![Effect::Ask(For::Reacted, ask)]
}

/// Other words for what was sent: its text in a draft, which changes it where it stands.
pub fn change(app: &mut App, o: &Outgoing) -> Vec<Effect> {
    if o.fate != Some(Fate::Sent) {
        app.say("it is not there yet: E gives it back to its writer");
        return Vec::new();
    }
    let Some(text) = app.drafts.iter().find(|d| d.id == o.draft).map(|d| d.text.to_string()) else {
        app.say("it is too long ago for this list: hearken outbox change gives it other words");
        return Vec::new();
    };
    app.changing = Some((o.mention, o.draft, text));
    app.ahead = Some(Vec::new());
    draft::open_of(o.mention)
}
