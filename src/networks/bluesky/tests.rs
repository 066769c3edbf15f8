//! Bluesky as its documents and recorded answers have it: what is heard, and what is posted.

use super::super::testing::{Here, answer, files, keeps_the_contract, recorded};
use super::super::{Me, Value as V};
use super::post::{Record, whole_text};
use super::*;
use crate::model::TimeNote;

fn here() -> Here {
    let mut h = Here::new(&Bluesky).option("stream", V::Flag(true)).option("mentions", V::Flag(true));
    h.me = Some(Me { name: "acme".into(), user: "acme.example".into(), ..Me::default() });
    h
}

fn post(text: &str, n: i64) -> Value {
    json!({
        "did": "did:plc:ana", "time_us": 1_790_000_000_000_000i64 + n, "kind": "commit",
        "commit": {"rev": "r", "operation": "create", "collection": "app.bsky.feed.post", "rkey": format!("k{n}"),
            "record": {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-09-21T14:13:20Z", "langs": ["en"]}}
    })
}

fn frame(h: &mut Here, v: &Value) -> Told {
    let told = Bluesky.frame(&h.spot(), Frame::Text(&v.to_string())).unwrap();
    if let Some(p) = &told.place {
        h.place = p.clone();
    }
    told
}

#[test]
fn the_contract_is_kept() {
    let h = here().option("search", V::Texts(vec!["acme".into()]));
    let mut calls = Bluesky.begin(&h.spot());
    calls.push(Call::get("watch", "").with("at://did:plc:a/app.bsky.feed.post/1"));
    calls.push(Call::get("profile", "").with("at://did:plc:a/app.bsky.feed.post/1\n{\"text\":\"x\"}"));
    keeps_the_contract(&h, &calls);
}

#[test]
fn every_recorded_answer_is_read() {
    let h = here();
    let at = h.spot();
    let (mut posts, mut notes, mut sessions) = (0, 0, 0);
    for (file, v) in recorded("bluesky") {
        for e in v.as_array().into_iter().flatten().filter(|e| e.get("request").is_some()) {
            let (url, body) = (e["request"]["url"].as_str().unwrap(), &e["response"]["body"]);
            let mut a = answer(u16::try_from(e["response"]["status"].as_u64().unwrap()).unwrap(), body);
            for (k, v) in e["response"]["headers"].as_object().into_iter().flatten() {
                a.headers.insert(k.to_lowercase(), v.as_str().unwrap_or("").to_owned());
            }
            if url.contains("createSession") {
                let call = log_in("https://bsky.social", &Keys::default());
                match Bluesky.opened(&Keys::default(), &call, &a) {
                    Ok((keys, None)) => assert!(keys.get("access").is_some() && keys.get("did").is_some()),
                    Err(Trouble::Login(_)) => assert_eq!(a.status, 401),
                    // Whoever recorded it took the keys out.
                    Err(Trouble::Garbled(_)) => {
                        assert!(body["accessJwt"].as_str().is_none_or(str::is_empty), "{file}")
                    }
                    other => panic!("{file}: {other:?}"),
                }
                sessions += 1;
                continue;
            }
            assert_eq!(Bluesky.refused(&a, h.now), None, "{file}");
            if a.header("ratelimit-limit").is_some() && url.contains("search") {
                assert_eq!(Bluesky.budgets(&a, h.now)[0].of, 3000, "{file}");
            }
            if url.contains("searchPosts") {
                let told = Bluesky.hear(&at, &search(&at, "x", "", 0, ""), &a).unwrap();
                assert_eq!(told.items.len(), body["posts"].as_array().unwrap().len(), "{file}");
                assert!(told.items.iter().all(|i| i.mention.time_note == TimeNote::Given));
                assert!(
                    told.items.iter().all(|i| i.mention.url.starts_with("https://bsky.app/profile/did:"))
                );
                posts += told.items.len();
            } else if url.contains("listNotifications") {
                let told = Bluesky.hear(&at, &mentions(&at, "", 0, ""), &a).unwrap();
                let ours = |n: &&Value| matches!(n["reason"].as_str(), Some("mention" | "reply" | "quote"));
                let want = body["notifications"].as_array().unwrap().iter().filter(ours).count();
                assert_eq!(told.items.len(), want, "{file}");
                notes += body["notifications"].as_array().unwrap().len();
            } else if url.contains("getTimeline") {
                let list: Vec<Value> =
                    body["feed"].as_array().unwrap().iter().map(|f| f["post"].clone()).collect();
                let read = views(&Value::Array(list.clone()));
                assert!(read.len() == list.len() && read.iter().all(|v| item_of_view(&at, v).is_some()));
                posts += read.len();
            }
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        assert!(posts + notes + sessions > 0, "{posts} {notes} {sessions}");
    }
}

#[test]
fn every_recorded_event_is_read() {
    let mut h = here();
    let (mut items, mut gone, mut left, mut seen) = (0, 0, 0, 0);
    let known = h.spot().id("at://did:plc:abc/app.bsky.feed.post/3l3qo2vuowo2b");
    h.known.insert(known);
    for (name, bytes) in files("corpus/api/bluesky").into_iter().filter(|(n, _)| n.ends_with(".ndjson")) {
        for line in String::from_utf8(bytes).unwrap().lines() {
            h.place.forget("time_us");
            let told = Bluesky.frame(&h.spot(), Frame::Text(line)).unwrap();
            assert_eq!(told.remark, None, "{name}");
            (items, gone, left) = (items + told.items.len(), gone + told.gone.len(), left + told.left.len());
            seen += told.seen;
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        assert!(items + gone + left > 0, "{items} {gone} {left} {seen}");
    }
}

#[test]
fn a_message_is_dropped_before_it_is_read_whole_and_none_that_a_topic_wants() {
    let mut h = here();
    h.words = vec!["acme", "caf\u{e9} \"x\""];
    // Escaped in the message, plain in the text.
    for (text, wanted) in [("nothing", false), ("an acme tin", true), ("a caf\u{e9} \"x\" here", true)] {
        let mut raw = post(text, 1).to_string().replace('\u{e9}', "\\u00e9");
        let told = Bluesky.frame(&h.spot(), Frame::Text(&raw)).unwrap();
        assert_eq!((told.items.len(), told.weighed), (usize::from(wanted), u64::from(wanted)), "{text}");
        raw = raw.replace("\"text\":", "\"text\" :");
        let told = Bluesky.frame(&h.spot(), Frame::Text(&raw)).unwrap();
        assert_eq!(told.items.len(), usize::from(wanted), "with blanks: {text}");
    }
    // What stands beside the text is a part of it.
    let mut v = post("look", 2);
    v["commit"]["record"]["embed"] = json!({"images": [{"alt": "an acme tin"}]});
    let told = frame(&mut h, &v);
    assert_eq!(told.items[0].mention.text.as_str(), "look\n[image: an acme tin]");
    v["commit"]["record"]["embed"] = json!({"external": {"uri": "https://acme.example", "title": "Tins"}});
    assert_eq!(frame(&mut h, &v).items[0].mention.links[0].as_str(), "https://acme.example/");
    let mut v = post("look", 3);
    v["commit"]["record"]["tags"] = json!(["acme"]);
    assert_eq!(frame(&mut h, &v).items[0].mention.text.as_str(), "look\n#acme");
}

#[test]
fn the_place_never_falls_and_a_leap_is_told() {
    let mut h = here();
    assert_eq!(frame(&mut h, &post("a", 10)).seen, 1);
    assert_eq!(frame(&mut h, &post("a", 10)).seen, 0, "again");
    assert_eq!(frame(&mut h, &post("b", 5)).seen, 0, "out of order");
    assert_eq!(h.place.number("time_us"), 1_790_000_000_000_010);
    let s = Bluesky.stream(&h.spot()).unwrap();
    assert!(s.call.url.ends_with("&cursor=1789999995000010"), "{}", s.call.url);
    let told = frame(&mut h, &post("c", 700_000_000));
    assert_eq!(told.lost.unwrap().from, Stamp(1_790_000_000_000));
    // A clock of the far future is no place to go on from.
    frame(&mut h, &post("d", 10_000_000_000_000));
    assert_eq!(h.place.number("time_us"), 1_790_000_700_000_000);
}

#[test]
fn what_is_deleted_or_changed_is_followed_and_an_account_that_left_takes_its_posts_along() {
    let mut h = here();
    h.words = vec!["acme"];
    let uri = "at://did:plc:ana/app.bsky.feed.post/k1";
    let mut v = post("an edit without the word", 1);
    v["commit"]["operation"] = json!("update");
    assert!(frame(&mut h, &v).items.is_empty());
    let id = h.spot().id(uri);
    h.known.insert(id);
    assert_eq!(frame(&mut h, &v).items.len(), 1, "we hold it");
    v["commit"]["operation"] = json!("delete");
    v["commit"].as_object_mut().unwrap().remove("record");
    assert_eq!(frame(&mut h, &v).gone, [id]);
    let v = json!({"did": "did:plc:ana", "time_us": 1_790_000_000_000_009i64, "kind": "account",
        "account": {"active": false, "did": "did:plc:ana", "seq": 1, "status": "takendown"}});
    let left = frame(&mut h, &v).left;
    let item = frame(&mut h, &post("acme", 50)).items.remove(0);
    assert_eq!(left, [item.mention.author.key()]);
}

#[test]
fn an_author_is_named_once_a_topic_wants_the_post() {
    let mut h = here();
    let told = frame(&mut h, &post("acme", 1));
    let call = &told.then[0];
    assert!(call.url.starts_with("https://public.api.bsky.app/xrpc/app.bsky.actor.getProfile?actor=did"));
    let who =
        json!({"did": "did:plc:ana", "handle": "ana.example", "displayName": "Ana", "followersCount": 12});
    let named = Bluesky.hear(&h.spot(), call, &answer(200, &who)).unwrap();
    assert_eq!(named.items[0].identity, told.items[0].identity);
    let m = &named.items[0].mention;
    assert_eq!((m.author.name.as_str(), m.reach, m.lang.as_str()), ("Ana (@ana.example)", Some(12), "en"));
}

#[test]
fn facets_are_counted_in_bytes() {
    let text = "ü see acme.example/lo... and ü";
    let (a, b) = (text.find("acme").unwrap(), text.find(" and").unwrap());
    let r = |a: usize, b: usize| -> Record {
        serde_json::from_value(json!({"text": text, "facets": [{"index": {"byteStart": a, "byteEnd": b},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://acme.example/long"}]}]}))
        .unwrap()
    };
    assert_eq!(whole_text(&r(a, b)), "ü see https://acme.example/long and ü");
    // Inside of a character, backwards, beyond the end: left alone.
    for (a, b) in [(1, 5), (9, 3), (5, 500)] {
        assert_eq!(whole_text(&r(a, b)), text);
    }
}

#[test]
fn a_session_is_renewed_and_begun_anew_when_it_is_too_old() {
    let keys = Bluesky.keys_of("acme.example", "app-pass", true);
    let login = Bluesky.session("https://pds.example", &keys, false).unwrap();
    assert!(login.url.ends_with("createSession") && login.body.is_some());
    let ok = answer(
        200,
        &json!({"accessJwt": "a1", "refreshJwt": "r1", "did": "did:plc:x", "handle": "acme.example"}),
    );
    let (keys, _) = Bluesky.opened(&keys, &login, &ok).unwrap();
    assert_eq!(Bluesky.session("https://pds.example", &keys, false), None);
    assert_eq!(Bluesky.sign(&keys, &login), [("authorization", "Bearer a1".to_owned())]);
    let expired = answer(400, &json!({"error": "ExpiredToken", "message": "Token has expired"}));
    assert!(matches!(Bluesky.refused(&expired, Stamp(0)), Some(Trouble::Expired(_))));
    let renew = Bluesky.session("https://pds.example", &keys, true).unwrap();
    assert!(renew.url.ends_with("refreshSession") && renew.headers[0].1 == "Bearer r1");
    let (bare, then) = Bluesky.opened(&keys, &renew, &expired).unwrap();
    assert!(then.unwrap().url.ends_with("createSession") && bare.get("access").is_none());
}
