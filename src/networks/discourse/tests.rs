//! Discourse as its documents and recorded answers have it: what is heard, and what is posted.

use super::super::testing::{Here, answer, keeps_the_contract, recorded};
use super::super::{Fact, Me, Value as V};
use super::*;
use serde_json::json;

fn here() -> Here {
    let mut h = Here::new(&Discourse).option("posts", V::Flag(true));
    h.server = "https://forum.example".into();
    h.me = Some(Me::default());
    h
}

fn post(id: i64) -> Value {
    json!({"id": id, "username": "ana", "name": "Ana", "created_at": "2026-09-21T14:00:00Z", "cooked": "<p>acme leaks</p>",
        "post_number": 2, "post_type": 1, "topic_id": 7, "topic_slug": "tins", "topic_title": "Tins", "category_id": 3,
        "reply_to_post_number": 1, "reads": 12})
}

fn hear(h: &mut Here, call: &Call, v: &Value) -> Told {
    let told = Discourse.hear(&h.spot(), call, &answer(200, v)).unwrap();
    if let Some(p) = &told.place {
        h.place = p.clone();
    }
    told
}

#[test]
fn the_contract_is_kept() {
    let mut h = here()
        .option("search", V::Texts(vec!["acme".into()]))
        .option("mentions", V::Flag(true))
        .option("review", V::Flag(true));
    h.place = watch::with(h.place.clone(), "5", h.now);
    h.place.set("card", h.now.0.to_string());
    let mut calls = Discourse.begin(&h.spot());
    calls.extend([
        one(&h.spot(), "one", "5"),
        Call::get("me", ""),
        Call::get("profile", ""),
        Call::get("site", ""),
        Call::get("about", ""),
    ]);
    keeps_the_contract(&h, &calls);
}

#[test]
fn every_recorded_answer_is_read() {
    let (mut n, mut people) = (0, 0);
    for (name, v) in recorded("discourse") {
        let mut h = here();
        let ours = name.contains("latest_posts") || name.contains("posts_before");
        if v["latest_posts"].is_array() {
            assert!(ours || !name.is_empty());
            let told = hear(&mut h, &posts(&here().spot(), 0, 0, 0), &v);
            assert_eq!(told.seen as usize, v["latest_posts"].as_array().unwrap().len(), "{name}");
            n += told.items.len();
        } else if v["post_stream"]["posts"].is_array() {
            for p in v["post_stream"]["posts"].as_array().unwrap() {
                let m = mention_of(&h.spot(), &serde_json::from_value(p.clone()).unwrap());
                assert!(!m.author.native.is_empty() && m.time_note == TimeNote::Given, "{name}");
                n += 1;
            }
        } else if v["cooked"].is_string() && v["post_number"].is_i64() {
            n += hear(&mut h, &one(&here().spot(), "one", "1"), &v).items.len();
        } else if v["user"]["trust_level"].is_i64() {
            let told = hear(&mut h, &Call::get("me", ""), &v);
            people += told.facts.len();
        } else if name.contains("notifications") && v.is_array() {
            hear(&mut h, &Call::get("mentions", ""), &v);
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        assert!(n > 0, "{n} {people}");
    }
}

#[test]
fn posts_are_followed_down_to_what_is_known() {
    let mut h = here();
    h.place.set("post", "100");
    let page = |ids: &[i64]| json!({"latest_posts": ids.iter().map(|i| post(*i)).collect::<Vec<_>>()});
    let first = Discourse.begin(&h.spot()).into_iter().find(|c| c.what == "posts").unwrap();
    let told = hear(&mut h, &first, &page(&[150, 149]));
    assert_eq!(
        (told.then[0].url.as_str(), h.place.number("post")),
        ("https://forum.example/posts.json?before=149", 100)
    );
    let told = hear(&mut h, &told.then[0].clone(), &page(&[101, 100]));
    assert!(told.then.is_empty() && told.lost.is_none());
    assert_eq!(h.place.number("post"), 150);
    let mut last = first;
    last.with = format!("150 {}", PAGES - 1);
    assert!(hear(&mut h, &last, &page(&[400, 399])).lost.is_some());
}

#[test]
fn who_we_are_is_told_and_what_our_profile_says_behind_it() {
    let mut h = here();
    let me = json!({"current_user": {"username": "acme", "trust_level": 2}});
    let told = hear(&mut h, &Call::get("me", ""), &me);
    assert_eq!(told.then[0].url, "https://forum.example/u/acme.json");
    let user = json!({"user": {"username": "acme", "trust_level": 2, "bio_raw": "We make tins."}});
    let told = hear(&mut h, &told.then[0].clone(), &user);
    let Some(Fact::Standing(s)) = told.facts.first() else { panic!() };
    assert_eq!((s.profile.as_deref(), told.then.len()), (Some("We make tins."), 0));
}

#[test]
fn a_post_is_told_whole_and_its_category_is_its_community() {
    let mut h = here().option("categories", V::Texts(vec!["support".into()]));
    let site = json!({"categories": [{"id": 3, "slug": "support", "name": "Support"}, {"id": 4, "slug": "off", "name": "Off"}]});
    assert_eq!(hear(&mut h, &Call::get("site", ""), &site).facts.len(), 2);
    let mut other = post(2);
    other["category_id"] = json!(4);
    let told = hear(&mut h, &posts(&here().spot(), 0, 0, 0), &json!({"latest_posts": [post(3), other]}));
    assert_eq!(told.items.len(), 1);
    let m = &told.items[0].mention;
    assert_eq!((m.community.as_str(), m.title.as_str()), ("forum.example/support", "Re: Tins"));
    assert_eq!((m.thread.as_str(), m.parent.as_str()), ("https://forum.example/t/tins/7/1", "7/1"));
    assert_eq!((m.url.as_str(), m.reach), ("https://forum.example/t/tins/7/2", Some(12)));
}

#[test]
fn what_is_not_found_any_more_is_gone_and_a_gate_is_said() {
    let mut h = here();
    h.place = watch::with(h.place.clone(), "5", h.now);
    let call = Discourse.begin(&h.spot()).into_iter().find(|c| c.what == "watched").unwrap();
    let told = Discourse.instead(&h.spot(), &call, &Trouble::Missing(Text::ours("x"))).unwrap();
    assert_eq!((told.gone.len(), watch::all(&told.place.unwrap()).count()), (1, 0));
    assert_eq!(hear(&mut h, &call, &post(5)).items.len(), 1);
    assert_eq!(watch::all(&h.place).count(), 1, "it is looked at again later");
    let gate = Answer { status: 403, body: b"<!DOCTYPE html>".to_vec(), ..Answer::default() };
    assert!(Discourse.refused(&gate, h.now).unwrap().text().contains("a gate in front"));
    let slow =
        answer(429, &json!({"errors": ["slow"], "error_type": "rate_limit", "extras": {"wait_seconds": 7}}));
    assert!(matches!(Discourse.refused(&slow, h.now), Some(Trouble::Wait(7000, _))));
    for (words, ms) in [("Too fast: please wait 10 seconds.", 10_000), ("Wait 2 minutes, please", 120_000)] {
        let slow = answer(400, &json!({"errors": [words]}));
        assert!(matches!(Discourse.refused(&slow, h.now), Some(Trouble::Wait(n, _)) if n == ms), "{words}");
    }
    let no = answer(422, &json!({"errors": ["Please wait for an answer"]}));
    assert!(matches!(Discourse.refused(&no, h.now), Some(Trouble::Refused(_))));
}

#[test]
fn keys_of_staff_and_of_a_user_differ() {
    let call = Call::default();
    let staff = Discourse.keys_of("ana", "k", false);
    assert_eq!(
        Discourse.sign(&staff, &call),
        [("api-key", "k".to_owned()), ("api-username", "ana".to_owned())]
    );
    let own = Discourse.keys_of("", "k", false);
    assert_eq!(Discourse.sign(&own, &call), [("user-api-key", "k".to_owned())]);
}

#[test]
fn what_speaks_to_us_and_what_waits_for_review_enter_the_inbox() {
    let mut h = here();
    let list = json!({"notifications": [
        {"notification_type": 1, "created_at": "2026-09-21T13:00:00Z", "topic_id": 7, "post_number": 2},
        {"notification_type": 5, "created_at": "2026-09-21T13:01:00Z", "topic_id": 7, "post_number": 3}]});
    let told = hear(&mut h, &Call::get("mentions", ""), &list);
    assert_eq!(told.then.len(), 1);
    assert!(hear(&mut h, &told.then[0].clone(), &post(9)).items[0].to_us);
    assert!(hear(&mut h, &Call::get("mentions", ""), &list).then.is_empty(), "once");
    let queue = json!({"reviewables": [{"id": 4, "type": "ReviewableQueuedPost", "score": 2.5, "payload": {"raw": "buy"},
        "created_by": {"username": "spam"}, "created_at": "2026-09-21T13:00:00Z"}]});
    let i = hear(&mut h, &Call::get("review", ""), &queue).items.remove(0);
    assert_eq!((i.mention.title.as_str(), i.to_us), ("to review: QueuedPost · score 2.5", true));
}
