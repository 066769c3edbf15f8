//! What is said unasked: something new, a reaction, other words for what was sent.

use super::answer::flight;
use super::*;
use crate::model::outgoing::{Fate, Posted};
use crate::model::{AccountView, NewPost};

fn account(name: &str, network: &str, place: &str, title: &str, titled: bool) -> AccountView {
    let begins = Some(NewPost { place: place.into(), title: title.into(), titled });
    AccountView { name: name.into(), network: network.into(), mine: true, begins, ..AccountView::default() }
}

#[test]
fn something_new_is_begun_as_somebody_somewhere() {
    let mut s = Story::five((80, 24));
    s.press("C").shows("no account of yours can begin something");
    s.world.accounts = vec![
        account("us", "mastodon", "", "content warning", false),
        account("forum", "discourse", "category (its number)", "title", true),
    ];
    s.world.flight = Some(flight(Vec::new()));
    s.press("C").shows("us").shows("discourse").press("j").press("enter");
    s.shows("where: its category").type_in("5").press("enter").shows("title").type_in("News").press("enter");
    assert!(
        matches!(s.world.asked.iter().rev().find(|r| matches!(r, Request::Compose { .. })), Some(Request::Compose { account, place, title }) if account == "forum" && place == "5" && title == "News")
    );
    s.shows("News").type_in("We are here.").press("ctrl-x p").shows("Enter sends it").press("enter");
    s.shows("u recalls");
    assert!(matches!(s.world.acts.last().unwrap().0, Verb::Send(_)));
}

#[test]
fn a_reaction_is_one_line() {
    let mut s = Story::five((80, 24));
    s.press("R").shows("react with").press("esc");
    s.press("R").type_in("boost").press("enter").shows("reacted there");
    let boosts = |r: &&Request, back| matches!(r, Request::React { with, back: b, .. } if with == "boost" && *b == back);
    assert_eq!(s.world.asked.iter().filter(|r| boosts(r, false)).count(), 1);
    // A word that is none there is not lost, and what is typed next is no verb.
    s.press("R").type_in("hurray").press("enter").shows("favourite or boost there").shows("hurray");
    s.press("esc");
    s.press("R").shows("-boost takes it back").type_in("-boost").press("enter");
    assert_eq!(s.world.asked.iter().filter(|r| boosts(r, true)).count(), 1);
}

#[test]
fn what_was_sent_gets_other_words_where_it_stands() {
    let mut s = Story::five((100, 24));
    s.world.flight = Some(flight(Vec::new()));
    let about = s.world.items[0].key;
    s.world.drafts.push(Draft {
        id: Id(77),
        mention: about,
        who: "ana".into(),
        text: text("Fixed in 2.1"),
        posted: Some(text("https://social.example/1")),
        ..Draft::default()
    });
    let posted = Posted { url: text("https://social.example/1"), ..Posted::default() };
    s.world.outbox = vec![Outgoing {
        draft: Id(77),
        mention: about,
        who: "ana".into(),
        fate: Some(Fate::Sent),
        posted,
        ..Outgoing::default()
    }];
    s.tell(Msg::Event(Event::DraftsChanged));
    s.press("g O").press("r").shows("Fixed in 2.1").type_in("!").rest();
    // It goes on being a change, whenever it is opened again.
    s.press("esc").press("g D").shows("changes what was sent").press("q").press("r").shows("Fixed in 2.1");
    s.press("ctrl-x p");
    s.shows("Enter changes it there").press("enter").shows("changed where it stands");
    let Some(Request::Change { draft, how }) =
        s.world.asked.iter().rev().find(|r| matches!(r, Request::Change { .. }))
    else {
        panic!("{:?}", s.world.asked)
    };
    assert_eq!((how.changes, *draft != Id(77)), (Some(Id(77)), true));
    assert!(s.world.drafts.iter().any(|d| d.text.contains("Fixed in 2.1") && d.text.contains('!')));
}

#[test]
fn a_picture_is_a_line_of_the_draft_with_what_it_shows() {
    let mut s = Story::five((100, 24));
    s.press("r").type_in("Look:").press("ctrl-x a").shows("its path").type_in("/tmp/tin.png").press("enter");
    s.shows("what it shows").type_in("A tin with a ring").press("enter");
    let text = s.shows("![A tin with a ring]").app.editor.as_ref().unwrap().text();
    assert_eq!(text, "Look:\n![A tin with a ring](attached:tin-0123456789abcdef.png)\n");
    s.press("ctrl-x u").hides("attached:").shows("Look:");
}
