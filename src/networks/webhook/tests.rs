//! What other programs push to us: signatures, shapes, what is refused.

use super::super::Value as V;
use super::super::testing::Here;
use super::*;
use serde_json::{Value, json};

const SECRET: &str = "correct horse";

fn hook(shape: &str) -> Here {
    Here::new(&Webhook).option("shape", V::Text(shape.into()))
}

fn hex(secret: &str, bytes: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), bytes);
    tag.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn headers(all: &[(&str, &str)]) -> HashMap<String, String> {
    all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn send(h: &mut Here, all: &[(&str, &str)], body: &str) -> Result<Taken, Refused> {
    let t = receive(&h.spot(), &headers(all), body.as_bytes(), SECRET)?;
    if let Some(p) = &t.told.place {
        h.place = p.clone();
    }
    Ok(t)
}

#[test]
fn only_who_knows_the_secret_is_heard_and_each_delivery_once() {
    let mut h = hook("github");
    let body = json!({"action": "created", "comment": {"id": 5, "body": "acme leaks", "html_url": "https://github.com/a/b/issues/1#c5",
        "user": {"login": "ana", "id": 9}, "created_at": "2026-09-21T14:00:00Z"},
        "issue": {"title": "Leak", "html_url": "https://github.com/a/b/issues/1"}, "repository": {"full_name": "a/b"}})
    .to_string();
    let good = format!("sha256={}", hex(SECRET, body.as_bytes()));
    let with = |sig: &str, id: &str| {
        vec![
            ("x-hub-signature-256".to_owned(), sig.to_owned()),
            ("x-github-event".into(), "issue_comment".into()),
            ("x-github-delivery".into(), id.to_owned()),
        ]
    };
    let go = |h: &mut Here, all: Vec<(String, String)>, body: &str| {
        let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        send(h, &all, body)
    };
    for bad in [
        "",
        "sha256=",
        "sha256=00",
        &format!("sha256={}", hex("other", body.as_bytes())),
        &good[..70],
        &good.replace("sha256=", "sha1="),
    ] {
        let e = go(&mut h, with(bad, "d0"), &body).unwrap_err();
        assert_eq!((e.status, e.words.as_str()), (401, WRONG), "{bad}");
    }
    assert_eq!(go(&mut h, with(&good, "d1"), &format!("{body} ")).unwrap_err().status, 401, "other bytes");
    let t = go(&mut h, with(&good, "d1"), &body).unwrap();
    let m = &t.told.items[0].mention;
    assert_eq!((m.title.as_str(), m.text.as_str(), m.community.as_str()), ("Re: Leak", "acme leaks", "a/b"));
    assert_eq!((m.thread.as_str(), m.author.native.as_str()), ("https://github.com/a/b/issues/1", "9"));
    // The number is not signed: with another one it is the same delivery.
    for id in ["d1", "d2"] {
        let again = go(&mut h, with(&good, id), &body).unwrap();
        assert!(again.told.items.is_empty() && again.answer == "known");
    }
    let other = go(&mut h, with(&good.to_uppercase().replace("SHA256", "sha256"), "d1"), &body);
    assert_eq!(other.unwrap_err().status, 401, "one spelling of a signature");
    let short = receive(&h.spot(), &headers(&[]), b"{}", "short").unwrap_err();
    assert_eq!(short.status, 503);
}

#[test]
fn what_is_signed_with_a_time_is_taken_within_five_minutes() {
    let mut h = hook("slack");
    let body = json!({"event": {"type": "message", "text": "acme &lt;3 <https://a.example|here>", "user": "U1", "channel": "C1", "ts": "1789999990.000100", "thread_ts": "1789999900.0"}}).to_string();
    let try_at = |h: &mut Here, t: i64| {
        let t = t.to_string();
        let sig = format!("v0={}", hex(SECRET, format!("v0:{t}:{body}").as_bytes()));
        send(h, &[("x-slack-signature", &sig), ("x-slack-request-timestamp", &t)], &body)
    };
    let now = h.now.0 / 1000;
    for bad in [now - 301, now + 301, 0, i64::MAX] {
        assert_eq!(try_at(&mut h, bad).unwrap_err().status, 401);
    }
    let t = try_at(&mut h, now - 299).unwrap();
    let m = &t.told.items[0].mention;
    assert_eq!((m.text.as_str(), m.community.as_str()), ("acme <3 here (https://a.example)", "#C1"));
    assert_eq!(m.parent.as_str(), "test C1 1789999900.0");
    assert!(try_at(&mut h, now - 299).unwrap().told.items.is_empty(), "replayed");
    let challenge = json!({"type": "url_verification", "challenge": "abc"}).to_string();
    let t = send(&mut h, &[("authorization", &format!("Bearer {SECRET}"))], &challenge).unwrap();
    assert_eq!(t.answer, "abc");
}

#[test]
fn plain_json_is_read_by_a_mapping() {
    let map = [("items", "data"), ("text", "msg.body"), ("author", "by.0.name"), ("at", "when"), ("id", "n")];
    let map = map.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let mut h = hook("json").option("map", V::Table(map));
    let own = |body: &str, h: &Here| {
        let t = h.now.0 / 1000;
        format!("t={t},v1={}", hex(SECRET, format!("{t}.{body}").as_bytes()))
    };
    let body = json!({"data": [{"msg": {"body": "<b>acme</b> leaks"}, "by": [{"name": "Ana"}], "when": 1_789_999_000, "n": 7}]}).to_string();
    let sig = own(&body, &h);
    let t = send(&mut h, &[("x-hearken-signature", &sig)], &body).unwrap();
    let m = &t.told.items[0].mention;
    assert_eq!((m.text.as_str(), m.author.name.as_str(), m.at.0), ("acme leaks", "Ana", 1_789_999_000_000));
    assert_eq!(m.native_id.as_str(), "test 7", "its own namespace");
    for (bad, status) in [
        ("{}", 422),
        ("[", 400),
        (r#"{"data":[{"msg":1}]}"#, 422),
        (&format!("{}1{}", "[".repeat(60), "]".repeat(60)), 400),
    ] {
        let sig = own(bad, &h);
        assert_eq!(send(&mut h, &[("x-hearken-signature", &sig)], bad).unwrap_err().status, status, "{bad}");
    }
    let o = Options::default().with("map", V::Table([("txt".to_owned(), "x".to_owned())].into()));
    assert!(Webhook.check(&o).unwrap_err().contains("map has txt"));
}

#[test]
fn edits_and_deletions_are_followed_and_a_forum_s_post_is_the_same_thing_everywhere() {
    let mut h = hook("discourse");
    h.server = "https://forum.example".into();
    let mut go = |event: &str, id: &str, v: &Value| {
        let body = v.to_string();
        let sig = format!("sha256={}", hex(SECRET, body.as_bytes()));
        let all = [
            ("x-discourse-event-signature", sig.as_str()),
            ("x-discourse-event", event),
            ("x-discourse-event-id", id),
            ("x-discourse-instance", "https://forum.example"),
        ];
        send(&mut h, &all, &body).unwrap().told
    };
    let post = json!({"post": {"id": 33, "username": "ana", "created_at": "2026-09-21T14:00:00Z", "cooked": "<p>x</p>", "post_number": 1, "topic_id": 2, "topic_slug": "t"}});
    let told = go("post_created", "1", &post);
    let id = told.items[0].identity;
    let polled = Here::new(super::super::named("discourse").unwrap());
    let polled = Here { server: "https://forum.example".into(), ..polled };
    assert_eq!(id, polled.spot().id("33"));
    assert_eq!(told.items[0].mention.network, "discourse");
    assert_eq!(go("post_destroyed", "2", &post).gone, [id]);
    // A forum speaks of itself alone.
    h.server = "https://other.example".into();
    let body = json!({"post": {"id": 33}, "again": true}).to_string();
    let sig = format!("sha256={}", hex(SECRET, body.as_bytes()));
    let all = [
        ("x-discourse-event-signature", sig.as_str()),
        ("x-discourse-event", "post_destroyed"),
        ("x-discourse-instance", "https://forum.example"),
    ];
    assert_eq!(send(&mut h, &all, &body).unwrap_err().status, 403);
}

#[test]
fn deliveries_are_remembered_for_as_long_as_a_signature_counts() {
    let mut p = Place::default();
    for n in 0..3_000 {
        p = remember(&p, n).unwrap();
    }
    assert!((0..3_000).all(|n| remember(&p, n).is_none()));
    for n in 3_000..10_000 {
        p = remember(&p, n).unwrap();
    }
    assert!(remember(&p, 7_500).is_none() && remember(&p, 0).is_some());
}

#[test]
fn a_github_delivery_of_any_kind_is_read_or_left() {
    let h = hook("github");
    for event in ["ping", "issues", "star", "release", "pull_request_review", "discussion", "x"] {
        for v in [
            json!({}),
            json!([]),
            json!({"issue": {"id": 1}}),
            json!({"release": {"id": 2, "name": "2.0", "body": "x", "author": {"login": "a"}}}),
        ] {
            let body = v.to_string();
            let all = headers(&[("x-github-event", event)]);
            let t = shapes::read(&h.spot(), "github", &all, body.as_bytes()).unwrap();
            assert!(t.told.items.iter().all(|i| !i.mention.native_id.is_empty()));
        }
    }
    let gone = json!({"action": "deleted", "issue": {"id": 1}}).to_string();
    let t = shapes::read(&h.spot(), "github", &headers(&[("x-github-event", "issues")]), gone.as_bytes())
        .unwrap();
    assert_eq!(t.told.gone, [h.spot().id("test issue 1")]);
}
