//! Answers on their way: looked at, let go, called back, and what nobody but a person can know.

use super::*;
use crate::model::outgoing::{Check, Fate, Level, Outgoing, Preflight};

fn check(name: &str, level: Level, words: &str) -> Check {
    Check {
        name: name.into(),
        level,
        words: text(words),
        source: text("where it comes from"),
        approval: false,
    }
}

/// What is said where no program can write.
pub fn by_hand() -> Preflight {
    Preflight {
        header: text("feed · blog.example · by hand · 12 characters"),
        readiness: text("listening"),
        promo: text("promo 0/0 (limit 1/10)"),
        by_hand: text("Feeds takes no answers from programs: copy it, post it, and say where (P)"),
        ..Preflight::default()
    }
}

pub fn flight(checks: Vec<Check>) -> Preflight {
    Preflight {
        header: text("Mastodon · social.example · as @acme · unlisted · 488 characters left"),
        account: Some("us".into()),
        accounts: vec!["us".into(), "them".into()],
        visibility: "unlisted".into(),
        visibilities: vec!["public".into(), "unlisted".into(), "private".into()],
        delay_ms: 15_000,
        readiness: text("ready"),
        promo: text("promo 1/12 (limit 1/10)"),
        checks,
        ..Preflight::default()
    }
}

#[test]
fn what_is_too_much_already_goes_to_a_colleague_first() {
    let mut s = Story::five((80, 24));
    let stop = Check { approval: true, ..check("promo", Level::Red, "it was before: bo has to approve it") };
    s.world.flight = Some(Preflight { approval: text("bo"), ..flight(vec![stop.clone()]) });
    s.press("r").type_in("Try our new tins").press("ctrl-x p").shows("Enter gives it for approval");
    s.shows("bo has to approve it").press("enter").shows("given for approval, to bo");
    assert!(s.world.acts.iter().any(|(v, _)| matches!(v, Verb::Submit)));
    // What nobody's approval lifts stops it all the same.
    let secret = check("secrets", Level::Red, "a password stands in it");
    s.world.flight = Some(Preflight { approval: text("bo"), ..flight(vec![stop, secret]) });
    s.press("r").type_in(".").rest().press("ctrl-x p").shows("it does not leave like this").press("enter");
    s.shows("it does not leave: promo, secrets");
}

#[test]
fn a_reply_leaves_after_one_look_and_u_gives_this_draft_back() {
    let mut s = Story::five((80, 24));
    s.world.flight = Some(flight(vec![check("links", Level::Green, "none")]));
    s.press("r").shows("as @acme").shows("488 characters left").type_in("Fixed").press("ctrl-x p");
    s.shows("Enter sends it").shows("ok    links").press("enter").shows("goes").shows("u recalls");
    assert!(matches!(&s.world.acts[0].0, Verb::Send(how) if how.reason.is_empty() && how.saved_at == NOW));
    assert!(s.app.editor.is_none());
    // Undo is the recall, and it opens what was recalled.
    s.world.drafts[0].stage = Stage::Writing;
    let a = Applied { seq: 2, changed: 1, verb: "send".into(), ..Applied::default() };
    s.tell(Msg::Reply(For::Undo { redo: false }, Box::new(Reply::Applied(a))));
    s.rest().shows("Fixed");
    assert!(s.app.editor.is_some());
}

#[test]
fn red_stops_and_amber_asks_for_a_reason() {
    let mut s = Story::five((80, 24));
    let red = check("variables", Level::Red, "{{name}}");
    let amber = check("readiness", Level::Amber, "listening: 3 of 7; missing rules");
    s.world.flight = Some(flight(vec![red, amber.clone()]));
    s.press("r").type_in("Hi {{name}}").press("ctrl-x p").shows("stops variables").press("enter");
    s.shows("it does not leave: variables").shows("Hi {{name}}");
    assert!(s.world.acts.is_empty());
    // It jumped to what is to be filled in. The whole check with its source, and back to the draft.
    assert_eq!(s.app.editor.as_ref().unwrap().area.cursor().1, 3);
    s.press("ctrl-x p");
    s.press("w")
        .shows("where it comes from")
        .shows("[preflight] variables")
        .press("q")
        .press("r")
        .shows("Hi {{name}}");
    s.world.flight = Some(flight(vec![amber]));
    s.press("ctrl-x p").shows("Enter sends it, with a reason").press("enter").press("enter").shows("say why");
    s.type_in("they asked us by name").press("enter").shows("u recalls");
    assert!(matches!(&s.world.acts[0].0, Verb::Send(how) if how.reason == "they asked us by name"));
}

#[test]
fn as_whom_when_and_what_it_is_for_are_chosen() {
    let mut s = Story::five((80, 24));
    s.world.flight = Some(flight(vec![check("links", Level::Green, "none")]));
    s.press("r").type_in("Fixed").rest().press("ctrl-x w").shows("us | them").press("ctrl-u");
    s.type_in("they private")
        .press("enter")
        .shows("“they” is none of")
        .press("ctrl-u")
        .type_in("them private");
    s.press("enter").press("ctrl-x d").type_in("2h").press("enter").shows("it goes");
    s.press("ctrl-x p").press("=").press("enter");
    let Verb::Send(how) = &s.world.acts[0].0 else { panic!() };
    assert_eq!((how.account.as_str(), how.visibility.as_str()), ("them", "private"));
    assert!(how.at.is_some() && how.class.is_some());
}

#[test]
fn what_leaves_is_listed_and_what_nobody_knows_is_settled_there() {
    let mut s = Story::five((80, 24));
    let one = |n: u64, fate: Option<Fate>| Outgoing {
        draft: Id(n),
        about: text("Recipe for cat food"),
        who: "ana".into(),
        fate,
        due: NOW.plus(10_000),
        why: text("no answer in time"),
        ..Outgoing::default()
    };
    s.world.outbox = vec![one(1, None), one(2, Some(Fate::Asks)), one(3, Some(Fate::Sent))];
    s.press("g O").shows("goes").shows("is it there? look, and say").shows("sent");
    s.press("j").press("P").type_in("nonsense").press("enter").shows("no http or https");
    s.press("ctrl-u").type_in("https://x.example/1").press("enter");
    assert_eq!(s.world.settled, [(Id(2), crate::door::Settle::Posted("https://x.example/1".into()))]);
    s.press("+");
    assert_eq!(s.world.settled.last().unwrap().1, crate::door::Settle::Again);
    s.press("G D")
        .shows("Esc keeps it")
        .press("enter")
        .shows("it stays")
        .press("D")
        .type_in("yes")
        .press("enter");
    assert_eq!(s.world.settled.last().unwrap(), &(Id(3), crate::door::Settle::Remove));
    s.press("G w").shows("it stands there; no reaction is known");
    assert_eq!(s.world.settled.last().unwrap(), &(Id(3), crate::door::Settle::Look));
    s.press("G E").shows("it came to its end").press("g g E");
    assert!(matches!(s.world.acts.last().unwrap().0, Verb::Recall));
}

pub fn snippets() -> Vec<crate::model::snippet::Snippet> {
    let s = |name: &str, body: &str, lang: &str| crate::model::snippet::Snippet {
        name: name.into(),
        text: body.into(),
        lang: lang.into(),
    };
    vec![
        s("thanks", "Thank you, {{author|friend}}! It is fixed in {{?version|2.1}}.", "en"),
        s("tins", "The tins open with the ring, {{author|friend}}.", ""),
    ]
}

#[test]
fn from_r_to_a_sent_reply_on_a_template_are_six_keys() {
    let mut s = Story::five((80, 24));
    s.world.flight = Some(flight(Vec::new()));
    s.world.snippets = snippets();
    let keys = ["r", ";", "enter", "ctrl-x", "p", "enter"];
    assert!(keys.len() <= 6);
    for k in keys {
        s.press(k).rest();
    }
    s.shows("u recalls");
    assert!(matches!(s.world.acts[0].0, Verb::Send(_)));
    // Ranked for this thread, with who is answered in it.
    assert_eq!(s.world.drafts[0].text.as_str(), "The tins open with the ring, mirabel.");
}

#[test]
fn a_snippet_is_found_by_its_words_and_asks_what_it_does_not_know() {
    let mut s = Story::five((80, 24));
    s.world.snippets = snippets();
    s.press("r").type_in("a;b ").rest().press(";").shows("thanks").type_in("fixed").press("enter");
    s.shows("version").press("ctrl-u").type_in("3.0").press("enter");
    s.shows("a;b Thank you, mirabel! It is fixed in 3.0.");
    // A second one is a semicolon.
    s.press("space")
        .press(";")
        .press(";")
        .shows("3.0. ;")
        .press("space")
        .press(";")
        .press("esc")
        .shows("3.0. ;");
}

#[test]
fn a_machine_drafts_and_translates_and_one_change_takes_it_back() {
    let mut s = Story::five((80, 24));
    s.press("enter").rest().press("T").shows("translated by a machine").shows("Translate");
    s.press("T").hides("translated by a machine").shows("The whole text of");
    s.press("r").type_in("Mine").rest().press("ctrl-x m").rest().shows("Draft Mine").hides("Mine Mine");
    s.press("ctrl-x u").press("ctrl-x u").rest().shows("Mine");
}

#[test]
fn what_leaves_is_what_this_terminal_shows() {
    let mut s = Story::five((80, 24));
    s.world.flight = Some(flight(Vec::new()));
    s.press("r").type_in("Fixed").rest();
    // Another terminal of the same person wrote on.
    s.world.flight_saved_at = Some(NOW.plus(5_000));
    s.press("ctrl-x p").shows("changed elsewhere since you opened it").hides("Enter sends it");
}

#[test]
fn what_waits_to_leave_is_not_written_in() {
    let mut s = Story::five((80, 24));
    let how = crate::model::outgoing::Going::default();
    let going = crate::model::outgoing::Going { due: NOW.plus(60_000), ..how };
    s.world.drafts.push(Draft {
        id: Id(5),
        mention: s.world.items[0].key,
        who: "ana".into(),
        text: text("Fixed"),
        stage: Stage::Going(going),
        ..Draft::default()
    });
    s.tell(Msg::Event(Event::DraftsChanged));
    s.press("r").shows("u or E in g O calls it back");
    assert!(s.app.editor.is_none());
}

#[test]
fn what_was_put_aside_is_taken_up_again_whole() {
    let mut s = Story::five((80, 24));
    s.world.flight = Some(flight(Vec::new()));
    s.world.drafts.push(Draft {
        id: Id(5),
        mention: s.world.items[0].key,
        who: "ana".into(),
        text: text("Fixed"),
        saved_at: NOW,
        discarded: true,
        ..Draft::default()
    });
    s.press("r").shows("taken up again").shows("Fixed").shows("as @acme");
    let saved = |r: &&Request| matches!(r, Request::SaveDraft { text, .. } if text.as_str() == "Fixed");
    assert!(s.world.asked.iter().any(|r| saved(&r)), "it is open before a key is typed");
}
