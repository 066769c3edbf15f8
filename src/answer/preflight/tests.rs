//! Each check alone: what it stops, what it asks, and what it lets through.

use super::*;
use crate::answer::promo::Promo;
use crate::model::outgoing::CHECKS;

fn facts(text: &str) -> Facts {
    Facts {
        text: text.into(),
        now: Stamp(1_790_000_000_000),
        network: "Mastodon".into(),
        account: "acme".into(),
        order: ["public", "unlisted", "private", "direct"].map(str::to_owned).to_vec(),
        domains: vec!["acme.example".into()],
        products: vec!["Acme Tin".into()],
        disclosure: vec!["I work for Acme".into()],
        length: Some(Length { used: text.chars().count(), most: Some(500), unit: "characters" }),
        ..Facts::default()
    }
}

fn level(f: &Facts, name: &str) -> Level {
    preflight(f).into_iter().find(|c| c.name == name).unwrap().level
}

#[test]
fn every_check_is_named_and_has_its_source() {
    let all = preflight(&facts("Hello"));
    let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, CHECKS.map(|c| c.0));
    assert!(all.iter().all(|c| !c.words.is_empty() && (!c.source.is_empty() || c.name == "promo")));
}

#[test]
fn each_check_fails_where_it_should() {
    let f = facts("Hello");
    let red = |f: Facts, name: &str| assert_eq!(level(&f, name), Level::Red, "{name}");
    let amber = |f: Facts, name: &str| assert_eq!(level(&f, name), Level::Amber, "{name}");
    red(Facts { no_account: Some("none".into()), ..f.clone() }, "account");
    red(Facts { standing: Some((Text::ours("limited"), true, f.now)), ..f.clone() }, "account");
    red(Facts { visibility: "public".into(), theirs: Some("direct".into()), ..f.clone() }, "visibility");
    assert_eq!(
        level(
            &Facts { visibility: "direct".into(), theirs: Some("public".into()), ..f.clone() },
            "visibility"
        ),
        Level::Green
    );
    red(facts("Hi {{name}}"), "variables");
    red(facts("mail me: ana@home.example"), "secrets");
    red(facts("password = hunter22"), "secrets");
    assert_eq!(level(&facts("@ana@social.example thanks!"), "secrets"), Level::Green);
    red(facts(&"x".repeat(501)), "length");
    amber(Facts { lang: "de".into(), thread_lang: "en".into(), ..f.clone() }, "language");
    amber(Facts { since: 2, since_by: "bo".into(), ..f.clone() }, "thread");
    amber(Facts { deleted: true, ..f.clone() }, "thread");
    amber(Facts { others: vec!["bo writes".into()], ..f.clone() }, "others");
    amber(Facts { answered_near: vec!["x".into()], ..f.clone() }, "answered");
    amber(
        Facts { links: vec![("https://x.example".into(), Alive::No(Text::ours("404")))], ..f.clone() },
        "links",
    );
    amber(facts("The Acme Tin does that"), "disclosure");
    assert_eq!(level(&facts("I work for Acme: the Acme Tin does that"), "disclosure"), Level::Green);
    let promo = Promo { all: 9, promo: 4, one_of: 10, ..Promo::default() };
    amber(Facts { class: Class::OwnLink, promo: promo.clone(), ..f.clone() }, "promo");
    // Too much already: a colleague has a say, where there is one.
    let again = Facts { class: Class::OwnLink, promo, approvers: Some("bo".into()), ..f.clone() };
    let check = preflight(&again).into_iter().find(|c| c.name == "promo").unwrap();
    assert!(check.approval && check.level == Level::Red && check.words.contains("bo has to approve it"));
    amber(Facts { approved: true, ..again.clone() }, "promo");
    let first = Promo { all: 9, promo: 0, one_of: 20, ..Promo::default() };
    amber(Facts { promo: first, ..again.clone() }, "promo");
    for l in [Level::Off, Level::Amber, Level::Red] {
        let levels = [("promo".to_owned(), l)].into();
        let all = preflight(&Facts { levels, ..again.clone() });
        let c = all.iter().find(|c| c.name == "promo").unwrap();
        assert!(c.level == l && !c.approval && !c.words.contains("approve"), "{c:?}");
    }
    amber(f.clone(), "readiness");
    // Configured otherwise.
    let levels = [("readiness".to_owned(), Level::Off), ("links".to_owned(), Level::Red)].into();
    let f = Facts { levels, links: vec![("https://x.example".into(), Alive::No(Text::ours("404")))], ..f };
    assert_eq!((level(&f, "readiness"), level(&f, "links")), (Level::Off, Level::Red));
}

#[test]
fn rules_that_the_text_touches_are_shown() {
    let rules = "Be kind.\nNo self-promotion or advertising.\nLinks need a summary.\nQuestions about battery chargers go to the sticky thread.";
    let f = Facts { rules: rules.into(), class: Class::OwnLink, ..facts("See here") };
    assert_eq!(touched(rules, &f), ["No self-promotion or advertising."]);
    let f = Facts { links: vec![("https://x".into(), Alive::Yes)], ..facts("See here") };
    assert_eq!(touched(rules, &f), ["Links need a summary."]);
    let f = facts("Our battery works with all chargers");
    assert_eq!(touched(rules, &f), ["Questions about battery chargers go to the sticky thread."]);
    assert!(touched(rules, &facts("Hello")).is_empty());
}

#[test]
fn secrets_are_seen_and_numbers_are_not() {
    assert_eq!(secrets("4111 1111 1111 1111"), ["a card number"]);
    assert!(secrets("order 4111 1111 1111 1112").is_empty());
    assert_eq!(secrets("ghp_abcdefghijklmnopqrstuvwxyz0123456789AB"), ["a token of GitHub"]);
    assert!(secrets("the password is stored hashed; tokens expire").is_empty());
}

#[test]
fn pictures_are_there_taken_and_said_in_words() {
    let tin = |alt: &str| Attached { name: "tin-0123456789abcdef.png".into(), alt: alt.into() };
    let takes = Some(Takes { files: 1, bytes: 100 });
    let f = Facts { takes, pictures: vec![(tin("a tin"), Some(100), false)], ..facts("Look") };
    assert_eq!(level(&f, "pictures"), Level::Green);
    let bad = |f: Facts, words: &str| {
        let c = preflight(&f).into_iter().find(|c| c.name == "pictures").unwrap();
        assert!(c.level == Level::Red && c.words.contains(words), "{c:?}");
    };
    bad(Facts { takes: None, ..f.clone() }, "takes none from here");
    bad(Facts { pictures: vec![(tin("a"), None, false)], ..f.clone() }, "not here any more");
    bad(Facts { pictures: vec![(tin("a"), Some(101), false)], ..f.clone() }, "too large");
    bad(Facts { pictures: vec![(tin(""), Some(9), false)], ..f.clone() }, "write what it shows");
    bad(Facts { pictures: vec![(tin("a"), Some(9), true)], ..f.clone() }, "where it was taken");
    bad(Facts { pictures: vec![f.pictures[0].clone(), f.pictures[0].clone()], ..f.clone() }, "1 at most");
    assert_eq!(level(&Facts { by_hand: true, takes: None, ..f }, "pictures"), Level::Green);
}
