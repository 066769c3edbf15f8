//! Answers in a forum's topics. A repeated answer is a second post or is refused as too similar: where it is not known,
//! the end of the topic is looked through. Facts: docs.discourse.org (posts.json, `enqueued`); discourse/discourse,
//! app/controllers/posts_controller.rs and lib/new_post_manager.rs (32,000 characters by default).

use super::super::posts::{
    Begins, Desk, File, Length, Once, POST, Post, Posting, REACT, Reaction, Said, Seen, Takes, form,
    same_words,
};
use super::super::{Answer, Call, Method, Trouble};
use crate::clean;
use crate::model::outgoing::{Outcome, Posted};
use crate::model::time::HOUR;
use crate::model::{Mention, Stamp, Text};
use serde_json::{Value, json};

pub struct Publish;

const MOST: usize = 32_000;

/// Topic and number of a post, from its address: `/t/SLUG/TOPIC/NUMBER`.
fn place_of(url: &str) -> Option<(i64, i64)> {
    let path = url.split_once("/t/")?.1.split(['?', '#']).next()?;
    let mut numbers = path.split('/').filter_map(|p| p.parse::<i64>().ok());
    let topic = numbers.next()?;
    Some((topic, numbers.next().unwrap_or(1)))
}

/// Our name in the forum, as its addresses have it.
fn our_name<'a>(d: &Desk<'a>) -> Option<&'a str> {
    [d.me.user.as_str(), d.me.handle.trim_start_matches('@')].into_iter().find(|m| !m.is_empty())
}

/// The number of the category that is named by its address; below different ones the same name may stand again.
fn category_of(v: &Value, community: &str) -> Result<i64, Trouble> {
    let wanted = community.rsplit('/').next().unwrap_or("");
    let all: Vec<(&str, i64)> = v["categories"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| Some((c["slug"].as_str().filter(|s| !s.is_empty())?, c["id"].as_i64()?)))
        .collect();
    let found: Vec<i64> = all.iter().filter(|c| c.0.eq_ignore_ascii_case(wanted)).map(|c| c.1).collect();
    let why = match found.as_slice() {
        [one] => return Ok(*one),
        [] => {
            let names: Vec<&str> = all.iter().take(20).map(|c| c.0).collect();
            format!("the forum has no category “{wanted}”; it has {}", names.join(", "))
        }
        many => {
            let numbers: Vec<String> = many.iter().map(i64::to_string).collect();
            format!("several categories are called “{wanted}”: say its number, {}", numbers.join(" or "))
        }
    };
    Err(Trouble::Refused(clean::line_capped(&why, 300)))
}

/// Begins a topic in this category.
fn topic(d: &Desk<'_>, p: &Post<'_>, category: i64) -> Call {
    let body = json!({"raw": raw_of(p), "title": p.to.title.as_str(), "category": category});
    Call::json(POST, d.at("/posts.json"), &body)
}

/// The words, and the pictures below them.
fn raw_of(p: &Post<'_>) -> String {
    let mut raw = p.text.to_owned();
    for f in p.files {
        raw.push_str(&format!("\n\n![{}]({})", f.alt.replace(['[', ']', '|'], " "), f.there));
    }
    raw
}

fn without_pictures(raw: &str) -> String {
    raw.lines().filter(|l| !(l.starts_with("![") && l.contains("](upload://"))).collect::<Vec<_>>().join("\n")
}

fn there(d: &Desk<'_>, v: &Value) -> Option<Posted> {
    let (id, topic, number) = (v["id"].as_i64()?, v["topic_id"].as_i64()?, v["post_number"].as_i64()?);
    let slug = v["topic_slug"].as_str().filter(|s| !s.is_empty()).unwrap_or("-");
    let url = clean::url(&d.at(&format!("/t/{slug}/{topic}/{number}")), None);
    Some(Posted { native: clean::line(&id.to_string()), url })
}

impl Posting for Publish {
    /// Topics are numbered in each forum anew: only the one that the address names knows it.
    fn server_of(&self, m: &Mention, _heard_at: &str) -> Option<String> {
        Some(clean::host_of(&m.url).into_string())
    }

    fn once(&self) -> Once {
        Once::Found
    }

    fn length(&self, _d: &Desk<'_>, p: &Post<'_>) -> Length {
        Length { used: p.text.chars().count(), most: Some(MOST), unit: "characters" }
    }

    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text> {
        if p.is_new() {
            return Ok(match p.to.community.trim().parse::<i64>() {
                Ok(n) => topic(d, p, n),
                Err(_) => Call::get("site", d.at("/site.json")),
            });
        }
        let Some((topic, number)) = place_of(&p.to.url) else {
            return Err(Text::ours("it is not known which topic this answers"));
        };
        let mut body = json!({"raw": raw_of(p), "topic_id": topic});
        // The first post is answered by the topic itself.
        if number > 1 {
            body["reply_to_post_number"] = number.into();
        }
        Ok(Call::json(POST, d.at("/posts.json"), &body))
    }

    fn said(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Said, Trouble> {
        if call.what == "site" {
            return category_of(&a.json()?, &p.to.community).map(|n| Said::Then(topic(d, p, n)));
        }
        let v: Value = serde_json::from_slice(&a.body).unwrap_or_default();
        if v["action"] == "enqueued" || v["pending_post"].is_object() || a.status == 202 {
            return Ok(Said::Held(Text::ours("the forum's moderators look at it first")));
        }
        if v["success"] == false {
            let why = v["errors"][0].as_str().unwrap_or("it does not say why");
            return Err(Trouble::Refused(clean::line_capped(&format!("the forum refuses it: {why}"), 300)));
        }
        let post = if v["post"].is_object() { &v["post"] } else { &v };
        Ok(there(d, post).map_or_else(
            || Said::Unsure(Text::ours("the forum took it and did not say where it stands")),
            Said::Posted,
        ))
    }

    fn takes(&self) -> Option<Takes> {
        Some(Takes { files: 10, bytes: 4 << 20 })
    }

    fn upload(&self, d: &Desk<'_>, f: &File) -> Option<Call> {
        let fields = [("type", "composer"), ("synchronous", "true")];
        Some(form("upload", d.at("/uploads.json"), &fields, ("file", f)))
    }

    fn uploaded(&self, a: &Answer) -> Result<String, Trouble> {
        let v = a.json()?;
        match v["short_url"].as_str().filter(|u| u.starts_with("upload://")) {
            Some(u) => Ok(u.to_owned()),
            None => Err(Trouble::Garbled(Text::ours("the forum does not say how it names the picture"))),
        }
    }

    fn begins(&self) -> Option<Begins> {
        Some(Begins {
            place: "category (its name in addresses, or its number)",
            title: "title",
            titled: true,
        })
    }

    /// Named as what is heard there is: its rules and what we said there before are found by that.
    fn place(&self, d: &Desk<'_>, place: &str) -> String {
        let last = place.trim_end_matches('/').rsplit('/').next().unwrap_or("");
        match (last.is_empty(), last.parse::<i64>()) {
            (true, _) => place.to_owned(),
            // The last part of a category's address is its number.
            (_, Ok(n)) => n.to_string(),
            (_, Err(_)) => format!("{}/{}", clean::host_of(d.server), last.to_lowercase()),
        }
    }

    fn change(&self, d: &Desk<'_>, p: &Post<'_>, posted: &Posted) -> Option<Call> {
        let url = d.at(&format!("/posts/{}.json", posted.native));
        let body = json!({"post": {"raw": raw_of(p)}});
        (!posted.native.is_empty()).then(|| Call { method: Method::Put, ..Call::json(POST, url, &body) })
    }

    fn reactions(&self) -> &'static [&'static str] {
        &["like"]
    }

    fn react(&self, d: &Desk<'_>, r: Reaction<'_>) -> Result<Call, Text> {
        if r.with != "like" {
            return Err(Text::ours("a post is reacted to with like there"));
        }
        match r.to.native_id.parse::<i64>() {
            // Action 2 is a like.
            Ok(id) if r.back => {
                let url = d.at(&format!("/post_actions/{id}.json?post_action_type_id=2"));
                Ok(Call { method: Method::Delete, ..Call::get(REACT, url) })
            }
            Ok(id) => {
                let body = json!({"id": id, "post_action_type_id": 2});
                Ok(Call::json(REACT, d.at("/post_actions.json"), &body))
            }
            Err(_) => Err(Text::ours("it is not known which post this is")),
        }
    }

    fn remove(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        let url = d.at(&format!("/posts/{}.json", posted.native));
        (!posted.native.is_empty()).then(|| Call { method: Method::Delete, ..Call::get("remove", url) })
    }

    fn after(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        (!posted.native.is_empty())
            .then(|| Call::get("after", d.at(&format!("/posts/{}.json", posted.native))))
    }

    fn became(&self, _d: &Desk<'_>, _posted: &Posted, a: &Answer) -> Result<Outcome, Trouble> {
        let v = a.json()?;
        // Action 2 is a like.
        let actions = v["actions_summary"].as_array().into_iter().flatten();
        let likes = actions.filter(|x| x["id"] == 2).find_map(|x| x["count"].as_u64()).unwrap_or(0);
        let gone = v["hidden"] == true || v["user_deleted"] == true || v["deleted_at"].is_string();
        let replies = v["reply_count"].as_u64().unwrap_or(0);
        Ok(Outcome { likes, replies, removed: gone, ..Outcome::default() })
    }

    /// "Body is too similar to what you recently posted": that may be this very post.
    fn perhaps(&self, t: &Trouble) -> bool {
        matches!(t, Trouble::Refused(w) if w.contains("similar"))
            || matches!(t, Trouble::Refused(w) if w.contains("(409)"))
    }

    fn look(&self, d: &Desk<'_>, p: &Post<'_>) -> Option<Call> {
        if p.is_new() {
            let me = super::esc(our_name(d)?);
            return Some(Call::get("begun", d.at(&format!("/topics/created-by/{me}.json"))));
        }
        let (topic, _) = place_of(&p.to.url)?;
        // A number beyond the last one gives the end of the topic.
        // Of ours alone, where we know who we are: the topic may be a busy one.
        let me = [d.me.native.as_str(), d.me.user.as_str()].into_iter().find(|m| !m.is_empty());
        let ours = me.map_or(String::new(), |m| format!("&username_filters={}", super::esc(m)));
        Some(Call::get("own", d.at(&format!("/t/{topic}/1000000.json?include_raw=1{ours}"))))
    }

    fn seen(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Seen, Trouble> {
        let v = a.json()?;
        if call.what == "begun" {
            let Some(list) = v["topic_list"]["topics"].as_array() else {
                return Err(Trouble::Garbled(Text::ours("a list of our topics was expected")));
            };
            let young = |t: &Value| {
                let at = t["created_at"].as_str().and_then(|t| Stamp::parse_rfc3339(t).ok());
                at.is_none_or(|at| at > p.begun.plus(-HOUR))
            };
            let ours = |t: &&Value| young(t) && same_words(t["title"].as_str().unwrap_or(""), &p.to.title);
            // Its first post says where it stands, and whether the words are these.
            return Ok(match list.iter().find(ours).and_then(|t| t["id"].as_i64()) {
                Some(id) => Seen::Then(Call::get("own", d.at(&format!("/t/{id}.json?include_raw=1")))),
                // Perhaps its moderators have it.
                None => {
                    let me = super::esc(our_name(d).unwrap_or_default());
                    Seen::Then(Call::get("pending", d.at(&format!("/posts/{me}/pending.json"))))
                }
            });
        }
        if call.what == "pending" {
            let waits = v["pending_posts"].as_array().into_iter().flatten();
            let words = |x: &Value| without_pictures(x["raw"].as_str().unwrap_or("")).trim().to_owned();
            return Ok(match waits.map(words).any(|w| w == without_pictures(p.text).trim()) {
                true => Seen::Held(Text::ours("the forum's moderators look at it first")),
                false => Seen::These(Vec::new()),
            });
        }
        let Some(list) = v["post_stream"]["posts"].as_array() else {
            return Err(Trouble::Garbled(Text::ours("the posts of a topic were expected")));
        };
        let me = [d.me.handle.trim_start_matches('@'), &d.me.user, &d.me.native];
        // The forum shows us what of ours waits for its moderators.
        let waits = v["pending_posts"].as_array().into_iter().flatten();
        if waits
            .filter_map(|x| x["raw"].as_str())
            .any(|raw| without_pictures(raw).trim() == without_pictures(p.text).trim())
        {
            return Ok(Seen::Held(Text::ours("the forum's moderators look at it first")));
        }
        // To this post, and not to another of the same topic.
        let to = place_of(&p.to.url).map_or(1, |(_, n)| n);
        let here = |x: &Value| match x["reply_to_post_number"].as_i64() {
            Some(n) => n == to,
            None => to <= 1,
        };
        let ours = |x: &&Value| {
            let by = x["username"].as_str().unwrap_or("");
            let mine = x["yours"] == true || me.iter().any(|m| !m.is_empty() && m.eq_ignore_ascii_case(by));
            let words = match x["raw"].as_str() {
                Some(raw) => {
                    let words = without_pictures(raw);
                    let ours = without_pictures(p.text);
                    words.trim() == ours.trim() || same_words(&words, &ours)
                }
                None => {
                    same_words(&clean::html(x["cooked"].as_str().unwrap_or(""), Some(d.server)).text, p.text)
                }
            };
            mine && words && here(x)
        };
        Ok(Seen::These(list.iter().filter(ours).filter_map(|x| there(d, x)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_read() {
        let me = super::super::super::Me::default();
        let d = Desk { server: "https://f.example", me: &me, now: crate::model::Stamp(0) };
        let posted = Posted { native: Text::ours("7"), ..Posted::default() };
        let mut v = json!({"actions_summary": [{"id": 2, "count": 4}], "reply_count": 1});
        let of = |v: &Value| {
            let a = Answer { status: 200, body: v.to_string().into_bytes(), ..Answer::default() };
            Publish.became(&d, &posted, &a).unwrap().words()
        };
        assert_eq!(of(&v), "4 likes · 1 reply");
        v["hidden"] = true.into();
        assert_eq!(of(&v), "removed");
    }

    #[test]
    fn a_topic_of_ours_is_found_by_its_title_and_first_post() {
        let me = super::super::super::Me { user: "us".into(), ..Default::default() };
        let d = Desk { server: "https://f.example", me: &me, now: Stamp(0) };
        let to = Mention {
            kind: crate::model::Kind::Own,
            community: Text::ours("5"),
            title: Text::ours("News of tins"),
            ..Mention::default()
        };
        let begun = Stamp::parse_rfc3339("2026-05-01T12:00:00Z").unwrap();
        let p = Post { text: "We are here.", to: &to, visibility: "", lang: "", files: &[], mark: 1, begun };
        let call = Publish.begin(&d, &p).unwrap();
        let body: Value = serde_json::from_slice(&call.body.unwrap().1).unwrap();
        assert_eq!(body, json!({"raw": "We are here.", "title": "News of tins", "category": 5}));
        // A category by its name: asked for its number; what it is called is what is heard there.
        assert_eq!(Publish.place(&d, "https://f.example/c/tins/support/7"), "7");
        assert_eq!(
            (Publish.place(&d, "7"), Publish.place(&d, "Support")),
            ("7".into(), "f.example/support".into())
        );
        let named = Mention { community: Text::ours("f.example/support"), ..to.clone() };
        let by_name = Post { to: &named, ..p };
        let ask = Publish.begin(&d, &by_name).unwrap();
        let site = |slug: &str| {
            let v = json!({"categories": [{"id": 3, "slug": "off"}, {"id": 7, "slug": slug}]});
            let a = Answer { status: 200, body: v.to_string().into_bytes(), ..Answer::default() };
            Publish.said(&d, &by_name, &ask, &a)
        };
        let Ok(Said::Then(call)) = site("support") else { panic!() };
        let body: Value = serde_json::from_slice(&call.body.unwrap().1).unwrap();
        assert_eq!((call.what, &body["category"]), (POST, &json!(7)));
        assert!(site("off").is_err());
        let twice = json!({"categories": [{"id": 3, "slug": "support"}, {"id": 7, "slug": "support"}]});
        let why = category_of(&twice, "f.example/support").unwrap_err();
        assert!(why.text().ends_with("say its number, 3 or 7"), "{}", why.text());
        assert!(site("x").unwrap_err().text().contains("no category “support”; it has off, x"));
        let file = File {
            name: "tin.png".into(),
            alt: "a tin".into(),
            there: "upload://x.png".into(),
            ..File::default()
        };
        let with = Post { files: std::slice::from_ref(&file), ..p };
        let raw = raw_of(&with);
        assert_eq!(raw, "We are here.\n\n![a tin](upload://x.png)");
        assert_eq!(without_pictures(&raw).trim(), "We are here.");
        let up = Publish.upload(&d, &file).unwrap().body.unwrap();
        assert!(up.0.starts_with("multipart/form-data; boundary=hearken-"));
        let look = Publish.look(&d, &p).unwrap();
        assert_eq!(look.url, "https://f.example/topics/created-by/us.json");
        let seen = |call: &Call, v: &Value| {
            let a = Answer { status: 200, body: v.to_string().into_bytes(), ..Answer::default() };
            Publish.seen(&d, &p, call, &a).unwrap()
        };
        let topics = |at: &str| json!({"topic_list": {"topics": [{"id": 9, "title": "News of tins", "created_at": at}]}});
        // An older one of that name is another one; then its moderators may have it.
        let Seen::Then(next) = seen(&look, &topics("2026-04-01T12:00:00Z")) else { panic!() };
        assert_eq!(next.url, "https://f.example/posts/us/pending.json");
        assert_eq!(seen(&next, &json!({"pending_posts": []})), Seen::These(Vec::new()));
        let waits = json!({"pending_posts": [{"raw": "We are here."}]});
        assert!(matches!(seen(&next, &waits), Seen::Held(_)));
        let Seen::Then(next) = seen(&look, &topics("2026-05-01T12:00:05Z")) else { panic!() };
        let post = json!({"id": 70, "topic_id": 9, "topic_slug": "news", "post_number": 1, "username": "us",
            "raw": "We are here."});
        let Seen::These(found) = seen(&next, &json!({"post_stream": {"posts": [post]}})) else { panic!() };
        assert_eq!((found[0].native.as_str(), found[0].url.as_str()), ("70", "https://f.example/t/news/9/1"));
        let change = Publish.change(&d, &p, &found[0]).unwrap();
        assert_eq!((change.method, change.url.as_str()), (Method::Put, "https://f.example/posts/70.json"));
        let theirs = Mention { native_id: Text::ours("71"), ..Mention::default() };
        let r = |with, back| Publish.react(&d, Reaction { to: &theirs, with, back });
        let like = r("like", false).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&like.body.unwrap().1).unwrap()["id"], 71);
        assert!(r("boost", false).is_err());
        let back = r("like", true).unwrap();
        assert_eq!((back.method, back.url.ends_with("?post_action_type_id=2")), (Method::Delete, true));
    }

    #[test]
    fn a_place_is_read_from_an_address() {
        assert_eq!(place_of("https://f.example/t/slow-sync/12/3"), Some((12, 3)));
        assert_eq!(place_of("https://f.example/forum/t/-/12"), Some((12, 1)));
        assert_eq!(place_of("https://f.example/u/ana"), None);
    }
}
