//! Mastodon as its documents and recorded answers have it: what is heard, and what is posted.

use super::super::testing::{Here, answer, files, keeps_the_contract, recorded};
use super::super::{Me, Value as V};
use super::*;
use crate::model::{Mention, TimeNote};
use serde_json::json;

fn here() -> Here {
    let mut h = Here::new(&Mastodon).option("tags", V::Texts(vec!["rust".into()]));
    h.server = "https://social.example".into();
    h.me = Some(Me { name: "acme".into(), ..Me::default() });
    h
}

fn post(id: &str, text: &str) -> Value {
    json!({
        "id": id, "content": text, "created_at": "2026-09-20T12:00:00Z", "visibility": "public",
        "url": format!("https://social.example/@ana/{id}"), "spoiler_text": "", "language": "en-GB",
        "account": {"id": "7", "acct": "ana", "display_name": "Ana", "followers_count": 12},
    })
}

#[test]
fn the_contract_is_kept() {
    let h = here().option("search", V::Texts(vec!["x".into()])).option("mentions", V::Flag(true));
    let mut calls = Mastodon.begin(&h.spot());
    calls.push(one(&h.spot(), "5"));
    calls.push(Call::get("context", "").with(post("1", "x").to_string()));
    calls.push(Call::get("watch", "").with("1 2"));
    keeps_the_contract(&h, &calls);
}

/// Every recorded exchange that a source may meet: timelines, notifications, searches, instances, posts.
#[test]
fn every_recorded_answer_is_read() {
    let h = here();
    let at = h.spot();
    let (mut timelines, mut instances, mut notes, mut posts, mut refusals) = (0, 0, 0, 0, 0);
    for (file, v) in recorded("mastodon") {
        for e in v.as_array().into_iter().flatten().filter(|e| e.get("request").is_some()) {
            let (url, body) = (e["request"]["url"].as_str().unwrap(), &e["response"]["body"]);
            let status = u16::try_from(e["response"]["status"].as_u64().unwrap()).unwrap();
            let mut a = answer(status, body);
            for (k, v) in e["response"]["headers"].as_object().into_iter().flatten() {
                a.headers.insert(k.to_lowercase(), v.as_str().unwrap_or("").to_owned());
            }
            if status >= 400 {
                let t = Mastodon.refused(&a, h.now).unwrap();
                refusals += 1;
                assert_eq!(matches!(t, Trouble::Missing(_)), status == 404, "{file} {url}: {t:?}");
                continue;
            }
            assert_eq!(Mastodon.refused(&a, h.now), None);
            if a.header("x-ratelimit-limit").is_some() {
                assert_eq!(Mastodon.budgets(&a, h.now)[0].unit, "requests", "{file}");
            }
            let page = |name: &str| Call::get("page", url).with(format!("{name}\n/x?\nback\n0\n"));
            if url.contains("/timelines/") {
                let told = Mastodon.hear(&at, &page("public"), &a).unwrap();
                assert_eq!(told.seen as usize, body.as_array().unwrap().len(), "{file} {url}");
                assert!(told.items.iter().all(|i| i.mention.time_note == TimeNote::Given), "{file}");
                assert!(told.items.iter().all(|i| !i.mention.author.native.is_empty()), "{file}");
                timelines += told.items.len();
            } else if url.contains("/v2/search") {
                let told = Mastodon.hear(&at, &page("search:x"), &a).unwrap();
                assert_eq!(told.items.len(), body["statuses"].as_array().unwrap().len());
            } else if url.contains("/v1/notifications?") || url.ends_with("/v1/notifications") {
                let told = Mastodon.hear(&at, &page("mentions"), &a).unwrap();
                let mentions = body
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|n| n["type"] == "mention" && n["status"].is_object())
                    .count();
                assert_eq!(told.items.iter().filter(|i| i.to_us).count(), mentions, "{file} {url}");
                notes += mentions;
            } else if url.contains("/instance/") && body.get("version").is_some() {
                let told = Mastodon.hear(&at, &Call::get("instance", url), &a).unwrap();
                let Some(Fact::Community(c)) = told.facts.first() else { panic!("{file}") };
                assert!(!c.title.is_empty() && c.members.is_some(), "{file} {url}");
                assert!(
                    told.place.unwrap().get("streaming").is_some_and(|s| s.starts_with("http")),
                    "{file}"
                );
                instances += 1;
            } else if url.contains("/verify_credentials") && body.get("acct").is_some() {
                let told = Mastodon.hear(&at, &Call::get("me", url), &a).unwrap();
                let Fact::Standing(s) = &told.facts[0] else { panic!("{file}") };
                assert!(s.profile.is_some(), "{file}");
            } else if body.get("spoiler_text").is_some() && e["request"]["method"] == "GET" {
                let told = Mastodon.hear(&at, &Call::get("status", url), &a).unwrap();
                assert!(!told.items[0].mention.native_id.is_empty());
                posts += 1;
            }
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        let read = timelines + instances + notes + posts;
        assert!(read > 0, "{timelines} {instances} {notes} {posts} {refusals}");
    }
}

#[test]
fn every_recorded_event_is_read() {
    let h = here();
    let mut seen = 0;
    for (name, bytes) in files_or_none() {
        let mut r = String::from_utf8(bytes).unwrap();
        r.push_str("\n\n");
        let (mut event, mut data) = (String::new(), String::new());
        for l in r.lines() {
            if let Some(e) = l.strip_prefix("event: ") {
                event = e.to_owned();
            } else if let Some(d) = l.strip_prefix("data: ") {
                data = d.to_owned();
            } else if l.is_empty() && !data.is_empty() {
                let f = Frame::Event { name: &event, data: &data, id: "" };
                let told = Mastodon.frame(&h.spot(), f).unwrap();
                match event.as_str() {
                    "update" | "status.update" if serde_json::from_str::<Value>(&data).is_ok() => {
                        assert_eq!(told.items.len(), 1, "{name}");
                    }
                    "delete" => assert_eq!(told.gone, [h.spot().id(&data)], "{name}"),
                    _ => assert!(told.items.is_empty() && told.gone.is_empty(), "{name}"),
                }
                seen += 1;
                data.clear();
            }
        }
    }
    assert!(seen > 0 || std::env::var_os("HEARKEN_SHARED").is_none());
}

fn files_or_none() -> Vec<(String, Vec<u8>)> {
    files("corpus/api/mastodon").into_iter().filter(|(n, _)| n.contains(".sse")).collect()
}

#[test]
fn a_post_is_told_whole() {
    let h = here();
    let mut s = post("110", "<p>Acme <a href=\"https://a.example/x\">leaks</a></p>");
    s["spoiler_text"] = json!("food");
    s["in_reply_to_id"] = json!("109");
    s["visibility"] = json!("unlisted");
    s["media_attachments"] =
        json!([{"type": "image", "description": "a wet tin"}, {"type": "video", "description": null}]);
    let i = item_of(&h.spot(), &serde_json::from_value(s).unwrap());
    let m = i.mention;
    assert_eq!((m.title.as_str(), m.text.as_str()), ("food", "Acme leaks\n[image: a wet tin]"));
    assert_eq!((m.lang.as_str(), m.parent.as_str(), m.reach), ("en", "109", Some(12)));
    assert_eq!((m.visibility.as_deref(), m.links.len()), (Some("unlisted"), 1));
    assert_eq!((m.author.name.as_str(), m.community.as_str()), ("Ana (@ana)", "social.example"));
    // A boost tells the other's post, under its id.
    let mut boost = post("111", "");
    boost["reblog"] = post("5", "<p>of another</p>");
    boost["reblog"]["account"] = json!({"id": 9, "acct": "bo@other.example"});
    let i = item_of(&h.spot(), &serde_json::from_value(boost).unwrap());
    assert_eq!((i.identity, i.mention.community.as_str()), (h.spot().id("5"), "other.example"));
}

fn pages(h: &mut Here, answers: &[Value]) -> (usize, Vec<String>) {
    let mut calls: Vec<Call> = Mastodon.begin(&h.spot()).into_iter().filter(|c| c.what == "page").collect();
    let (mut n, mut urls) = (0, Vec::new());
    for a in answers {
        let call = calls.remove(0);
        urls.push(call.url.clone());
        let told = Mastodon.hear(&h.spot(), &call, &answer(200, a)).unwrap();
        n += told.items.len();
        calls.extend(told.then.into_iter().filter(|c| c.what == "page"));
        if let Some(p) = told.place {
            h.place = p;
        }
    }
    assert!(calls.is_empty(), "{calls:?}");
    (n, urls)
}

#[test]
fn pages_are_followed_to_where_we_were_and_on_from_there() {
    let mut h = here();
    let list = |ids: std::ops::Range<u64>| {
        Value::Array(ids.rev().map(|i| post(&i.to_string(), "<p>x</p>")).collect())
    };
    let (n, urls) = pages(&mut h, &[list(160..200), list(150..160)]);
    assert_eq!((n, h.place.get("min:tag:rust")), (50, Some("199")));
    assert!(urls[1].ends_with("limit=40&max_id=160"), "{urls:?}");
    let (n, urls) = pages(&mut h, &[list(200..240), list(240..250)]);
    assert_eq!((n, h.place.get("min:tag:rust")), (50, Some("249")));
    assert!(urls[0].ends_with("min_id=199") && urls[1].ends_with("min_id=239"), "{urls:?}");
    // A server that does not know min_id gives the newest for ever: it is not asked for ever.
    let (_, urls) = pages(&mut h, &[list(210..250)]);
    assert_eq!(urls.len(), 1);
}

#[test]
fn what_a_topic_wanted_is_looked_at_again_and_goes_when_it_goes() {
    let mut h = here();
    h.words = vec!["acme"];
    let told = Mastodon
        .hear(
            &h.spot(),
            &first_page(&h.spot(), &things(&h.options)[0]),
            &answer(200, &json!([post("3", "<p>acme</p>"), post("2", "<p>other</p>")])),
        )
        .unwrap();
    assert_eq!((told.items.len(), told.seen), (1, 2));
    h.place = told.place.unwrap();
    assert_eq!(watch::all(&h.place).map(|(id, _)| id).collect::<Vec<_>>(), ["3"]);
    let call = Mastodon.begin(&h.spot()).into_iter().find(|c| c.what == "watch").unwrap();
    assert!(call.url.ends_with("/api/v1/statuses?id[]=3"), "{}", call.url);
    // Left out of the answer: asked by itself; not found: gone.
    let told = Mastodon.hear(&h.spot(), &call, &answer(200, &json!([]))).unwrap();
    h.place = told.place.unwrap();
    let missing = Trouble::Missing(Text::ours("not found"));
    let told = Mastodon.instead(&h.spot(), &told.then[0], &missing).unwrap();
    assert!(told.gone.is_empty() && told.then[0].anonymous, "it may be kept from us alone");
    let told = Mastodon.instead(&h.spot(), &told.then[0], &missing).unwrap();
    assert_eq!(told.gone, [h.spot().id("3")]);
    assert_eq!(watch::all(&told.place.unwrap()).count(), 0);
    // A server that cannot give several at once is asked for each.
    let told = Mastodon.instead(&h.spot(), &call, &missing).unwrap();
    assert!(told.then[0].url.ends_with("/api/v1/statuses/3"));
}

#[test]
fn an_older_server_is_asked_in_the_older_way_and_without_a_stream() {
    let mut h = here();
    let call = Mastodon.begin(&h.spot()).remove(0);
    let missing = Trouble::Missing(Text::ours("x"));
    let v1 = Mastodon.instead(&h.spot(), &call, &missing).unwrap().then.remove(0);
    let body =
        json!({"title": "Old", "stats": {"user_count": 5}, "max_toot_chars": 5000, "short_description": "x"});
    h.place = Mastodon.hear(&h.spot(), &v1, &answer(200, &body)).unwrap().place.unwrap();
    assert_eq!((h.place.number("length"), Mastodon.stream(&h.spot())), (5000, None));
    h.place.set("streaming", "https://stream.social.example");
    let s = Mastodon.stream(&h.spot()).unwrap();
    assert_eq!(s.call.url, "https://stream.social.example/api/v1/streaming/hashtag?tag=rust");
    assert!(Mastodon.trusts("https://social.example", &s.call.url));
    assert!(!Mastodon.trusts("https://social.example", "https://evil.example/api/v1/streaming/user"));
    assert!(!Mastodon.trusts("https://social.example", "http://stream.social.example/x"));
    // Without an account there is none.
    h.me = None;
    assert_eq!(Mastodon.stream(&h.spot()), None);
    for (status, body) in
        [(400, "The access token is invalid"), (422, "The access token was revoked"), (401, "x")]
    {
        let t = Mastodon.refused(&answer(status, &json!({"error": body})), h.now).unwrap();
        assert!(matches!(t, Trouble::Login(_)), "{status}: {t:?}");
    }
}

#[test]
fn an_answer_is_put_into_its_discussion() {
    let h = here();
    let mut s = post("3", "<p>acme</p>");
    s["in_reply_to_id"] = json!("2");
    let told = news(&h.spot(), &serde_json::from_value(s).unwrap(), true);
    let call = &told.then[0];
    assert!(call.url.ends_with("/api/v1/statuses/3/context") && call.optional);
    let around = json!({"ancestors": [post("1", "<p>root</p>")], "descendants": []});
    let told = Mastodon.hear(&h.spot(), call, &answer(200, &around)).unwrap();
    assert_eq!(told.items.len(), 2);
    assert_eq!(told.items[1].mention.thread.as_str(), "https://social.example/@ana/1");
}

#[test]
fn what_the_server_says_of_lengths_is_held_and_counted_with() {
    use super::super::posts::{Desk, Post};
    let mut h = here();
    let v = json!({"domain": "s.example", "title": "S", "configuration": {"urls": {},
        "statuses": {"max_characters": 5000, "characters_reserved_per_url": 30}}});
    let told = Mastodon.hear(&h.spot(), &Call::get("instance", ""), &answer(200, &v)).unwrap();
    h.place = told.place.unwrap();
    let v = json!({"id": "1", "acct": "acme", "note": "<p>We make <b>tins</b>.</p>",
        "fields": [{"name": "Web", "value": "<a href='https://acme.example'>acme.example</a>"}]});
    let told = Mastodon.hear(&h.spot(), &Call::get("me", ""), &answer(200, &v)).unwrap();
    let Fact::Standing(s) = &told.facts[0] else { panic!() };
    let profile = s.profile.as_deref().unwrap();
    assert!(profile.contains("We make tins.") && profile.contains("acme.example"), "{profile}");
    let me = Me { most: s.most, link: s.link, ..Me::default() };
    let (to, now) = (Mention::default(), Stamp(0));
    let p = Post {
        text: "https://a.example",
        to: &to,
        visibility: "",
        lang: "",
        files: &[],
        mark: 0,
        begun: now,
    };
    let length = Mastodon.posting().unwrap().length(&Desk { server: "https://s.example", me: &me, now }, &p);
    assert_eq!((length.used, length.most), (30, Some(5000)));
}
