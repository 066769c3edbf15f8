//! MediaWiki as its documents and recorded answers have it: what is heard, and what is written on talk pages.

use super::super::testing::{Here, answer, files, keeps_the_contract, recorded};
use super::super::{Fact, Value as V};
use super::*;
use serde_json::{Value, json};

fn stream() -> Here {
    Here::new(&Wikimedia).option("stream", V::Flag(true))
}

fn wiki() -> Here {
    let mut h = Here::new(&Wikimedia)
        .option("changes", V::Flag(true))
        .option("pages", V::Texts(vec!["Talk:Acme Reader".into()]))
        .option("categories", V::Texts(vec!["Readers".into()]));
    h.server = "https://wiki.example/w".into();
    h
}

fn change(n: i64, title: &str, comment: &str) -> Value {
    json!({
        "meta": {"domain": "en.wikipedia.org", "dt": "2026-09-21T14:10:00Z", "topic": "eqiad.mediawiki.recentchange",
            "partition": 0, "offset": n, "id": "x"},
        "type": "edit", "namespace": 0, "title": title, "comment": comment, "timestamp": 1_789_999_800, "user": "Ana",
        "bot": false, "revision": {"old": n - 1, "new": n}, "server_url": "https://en.wikipedia.org",
        "server_name": "en.wikipedia.org", "server_script_path": "/w", "wiki": "enwiki"
    })
}

fn frame(h: &mut Here, v: &Value, id: &str) -> Told {
    let told =
        Wikimedia.frame(&h.spot(), Frame::Event { name: "message", data: &v.to_string(), id }).unwrap();
    if let Some(p) = &told.place {
        h.place = p.clone();
    }
    told
}

#[test]
fn the_contract_is_kept() {
    let h = wiki();
    let mut calls = Wikimedia.begin(&h.spot());
    calls.push(words_call("https://wiki.example/w", "wiki.example", &[(5, 4)]));
    keeps_the_contract(&h, &calls);
}

#[test]
fn every_recorded_event_and_answer_is_read() {
    let mut h = stream();
    let (mut items, mut pages) = (0, 0);
    for (name, v) in recorded("wikimedia") {
        if name.contains("recentchange__") || name.starts_with("recorded") {
            let told = frame(&mut h, &v, "");
            assert_eq!(told.remark, None, "{name}");
            items += told.items.len();
        } else if name.contains("recent_changes") || name.contains("pages_") {
            let at = wiki();
            let told = api::hear(&at.spot(), &Call::get("changes", ""), &answer(200, &v));
            pages += usize::from(told.is_ok());
        }
    }
    for (name, bytes) in files("peers/samples/mediawiki") {
        let v: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let at = wiki();
        let hear = |what: &'static str, with: &str| {
            let a = answer(200, &v);
            match Wikimedia.refused(&a, at.now) {
                Some(t) => Err(t),
                None => Wikimedia.hear(&at.spot(), &Call::get(what, "").with(with), &a),
            }
        };
        match name.as_str() {
            "recentchanges.json" => {
                let told = hear("changes", "0").unwrap();
                assert_eq!(told.items.len(), 5, "{name}");
                assert!(told.then.iter().any(|c| c.url.contains("rccontinue=20261120232247%7C6")));
                assert_eq!(told.items[1].mention.title.as_str(), "Talk:Acme Reader");
            }
            "revisions.json" => {
                let told = hear("page", "Talk:Acme_Reader").unwrap();
                let m = &told.items[0].mention;
                assert!(m.text.contains("::Fixed in 2.1.1"), "{}", m.text);
                assert!(!m.text.contains("Sync is slow"), "only what changed: {}", m.text);
            }
            "siteinfo.json" => assert!(!hear("site", "").unwrap().facts.is_empty()),
            "userinfo.json" => {
                let told = hear("me", "").unwrap();
                let Fact::Standing(s) = &told.facts[0] else { panic!() };
                // It was recorded without our own page.
                assert_eq!(s.profile, None);
            }
            "edit_badtoken.json" => assert!(matches!(hear("site", ""), Err(Trouble::Expired(_)))),
            "edit_anon_assert.json" => assert!(matches!(hear("site", ""), Err(Trouble::Expired(_)))),
            "edit_conflict.json" => assert!(matches!(hear("site", ""), Err(Trouble::Refused(_)))),
            "rcfeed_recentchange.jsonl" => {
                let line = String::from_utf8(bytes).unwrap();
                let v: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
                assert_eq!(frame(&mut h, &v, "").items.len(), 1);
            }
            _ => {}
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        assert!(items + pages > 0, "{items} {pages}");
    }
}

#[test]
fn what_is_not_wanted_is_dropped_and_counted_once() {
    let mut h = stream();
    h.words = vec!["acme"];
    let told = frame(&mut h, &change(10, "Cats", "typo"), "[1]");
    assert_eq!((told.items.len(), told.seen, told.weighed), (0, 1, 0));
    assert_eq!(h.place.get("event"), Some("[1]"));
    let told = frame(&mut h, &change(11, "Tins", "/* Makers */ acme added"), "[2]");
    let m = &told.items[0].mention;
    assert_eq!((m.title.as_str(), m.text.as_str()), ("Tins", "§ Makers: acme added\nby Ana"));
    assert_eq!(m.thread.as_str(), "https://en.wikipedia.org/w/index.php?title=Tins#Makers");
    assert!(m.url.ends_with("&diff=11&oldid=10"), "{}", m.url);
    assert!(
        told.then[0]
            .url
            .starts_with("https://en.wikipedia.org/w/api.php?action=query&prop=revisions&revids=10%7C11")
    );
    // It comes again after a cut.
    assert_eq!(frame(&mut h, &change(11, "Tins", "acme"), "[2]").seen, 0);
    let s = Wikimedia.stream(&h.spot()).unwrap();
    assert_eq!(s.call.headers, [("last-event-id", "[2]".to_owned())]);
    let mut canary = change(12, "acme", "acme");
    canary["meta"]["domain"] = json!("canary");
    assert_eq!(
        (frame(&mut h, &canary, "").items.len(), h.place.number("eqiad.mediawiki.recentchange/0")),
        (0, 12)
    );
    let mut later = change(13, "x", "x");
    later["meta"]["dt"] = json!("2026-09-21T14:12:00Z");
    h.place.set("dt", "1789000000000");
    assert!(frame(&mut h, &later, "").lost.is_some());
}

#[test]
fn only_what_the_source_names_is_heard_and_what_is_hidden_goes() {
    let mut h = stream().option("wikis", V::Texts(vec!["dewiki".into(), "en.wikipedia.org".into()]));
    assert_eq!(frame(&mut h, &change(1, "a", ""), "").items.len(), 1);
    let mut other = change(2, "a", "");
    other["server_name"] = json!("fr.wikipedia.org");
    other["wiki"] = json!("frwiki");
    assert_eq!(frame(&mut h, &other, "").items.len(), 0);
    let mut bot = change(3, "a", "");
    bot["bot"] = json!(true);
    assert_eq!(frame(&mut h, &bot, "").items.len(), 0);
    let mut log = change(4, "a", "");
    log["type"] = json!("log");
    log["log_type"] = json!("delete");
    log["log_action"] = json!("revision");
    log["log_params"] = json!({"type": "revision", "ids": ["1"], "ofield": 0, "nfield": 1});
    assert_eq!(frame(&mut h, &log, "").gone, [id_of("en.wikipedia.org", 1)]);
    // Users may be missing, parameters may be a text.
    log["user"] = Value::Null;
    log["log_params"] = json!("");
    assert!(frame(&mut h, &log, "").gone.is_empty());
}

#[test]
fn the_words_of_an_edit_are_its_text() {
    let h = wiki();
    let call = words_call("https://wiki.example/w", "wiki.example", &[(5, 4)]);
    let rev = |n: i64, parent: i64, text: &str| {
        json!({"revid": n, "parentid": parent, "user": "Ana", "comment": "fix",
        "timestamp": "2026-09-21T14:10:00Z", "slots": {"main": {"content": text}}})
    };
    let v = json!({"query": {"pages": [{"title": "Tins", "revisions": [rev(4, 3, "a bad tin"), rev(5, 4, "a good tin")]}]}});
    let told = Wikimedia.hear(&h.spot(), &call, &answer(200, &v)).unwrap();
    assert_eq!(told.items[0].mention.text.as_str(), "fix\na [-bad-] {+good+} tin\nby Ana");
    assert_eq!(told.items[0].identity, id_of("wiki.example", 5));
}

#[test]
fn lag_and_refusals_with_a_good_status_are_seen() {
    let mut lag =
        answer(200, &json!({"error": {"code": "maxlag", "info": "Waiting for 10.0.0.1: 6 seconds lagged"}}));
    lag.headers.insert("retry-after".into(), "7".into());
    let t = Wikimedia.refused(&lag, Stamp(0)).unwrap();
    assert!(matches!(t, Trouble::Wait(7000, _)), "{t:?}");
    let page = Answer { status: 403, body: b"Please set a user-agent".to_vec(), ..Answer::default() };
    assert!(matches!(Wikimedia.refused(&page, Stamp(0)), Some(Trouble::Forbidden(_))));
    assert_eq!(Wikimedia.refused(&answer(200, &json!({"query": {"error": 1}})), Stamp(0)), None);
}

#[test]
fn a_bot_password_opens_a_session() {
    let keys = Wikimedia.keys_of("Ana@hearken", "pw", true);
    let first = Wikimedia.session("https://wiki.example/w", &keys, false).unwrap();
    let mut a = answer(200, &json!({"query": {"tokens": {"logintoken": "t+\\"}}}));
    a.headers.insert("set-cookie".into(), "s=1; Path=/\nx=2; HttpOnly".into());
    let (keys, next) = Wikimedia.opened(&keys, &first, &a).unwrap();
    let next = next.unwrap();
    assert_eq!(
        (next.url.as_str(), next.headers[0].1.as_str()),
        ("https://wiki.example/w/api.php", "s=1; x=2")
    );
    let mut a = answer(200, &json!({"login": {"result": "Success"}}));
    a.headers.insert("set-cookie".into(), "s=3\nx=deleted; expires=0".into());
    let (keys, _) = Wikimedia.opened(&keys, &next, &a).unwrap();
    assert_eq!(Wikimedia.sign(&keys, &next), [("cookie", "s=3".to_owned())]);
    assert_eq!(Wikimedia.session("https://wiki.example/w", &keys, false), None);
    let no = answer(200, &json!({"login": {"result": "Failed", "reason": "Incorrect password"}}));
    assert!(matches!(Wikimedia.opened(&keys, &next, &no), Err(Trouble::Login(_))));
}

#[test]
fn our_own_page_is_our_profile() {
    let h = wiki();
    let v = json!({"query": {"userinfo": {"name": "Acme"}, "pages": [{"ns": 2, "revisions": [
        {"slots": {"main": {"content": "I am paid by Acme."}}}]}]}});
    let told = api::hear(&h.spot(), &Call::get("me", ""), &answer(200, &v)).unwrap();
    let Fact::Standing(s) = &told.facts[0] else { panic!() };
    assert_eq!(s.profile.as_deref(), Some("I am paid by Acme."));
}

#[test]
fn the_words_of_many_edits_come_with_few_answers() {
    let h = wiki();
    let change = |n: i64| {
        json!({"type": "edit", "title": "Tins", "comment": format!("c{n}"), "user": "Ana", "revid": n,
        "old_revid": n - 1, "timestamp": "2026-09-21T14:10:00Z"})
    };
    let all: Vec<Value> = (100..123).map(change).collect();
    let v = json!({"query": {"recentchanges": all}});
    let told = api::hear(&h.spot(), &Call::get("changes", "").with("0"), &answer(200, &v)).unwrap();
    assert_eq!((told.items.len(), told.then.len()), (23, 3));
    let rev = |n: i64, words: &str| {
        json!({"revid": n, "user": "Ana", "comment": "", "timestamp": "2026-09-21T14:10:00Z",
        "slots": {"main": {"content": words}}})
    };
    let mut v = json!({"query": {"pages": [{"title": "Tins", "revisions": [rev(99, "a b"), rev(100, "a c"), rev(101, "a d")]}]}});
    let hear = |v: &Value| api::hear(&h.spot(), &told.then[0], &answer(200, v)).unwrap();
    let heard = hear(&v);
    let words: Vec<&str> = heard.items.iter().map(|i| i.mention.text.as_str()).collect();
    assert!(
        words.len() == 2 && words[0].contains("[-b-] {+c+}") && words[1].contains("[-c-] {+d+}"),
        "{words:?}"
    );
    assert!(heard.then.is_empty(), "what was deleted is not asked for again");
    v["continue"] = json!({"rvcontinue": "x"});
    assert_eq!(hear(&v).then.len(), 8, "what did not fit is");
}
