//! Answers in rooms. The transaction's id is ours: a server that remembers it makes one event of it; where it may have
//! forgotten, our own events are looked through first. Facts: spec.matrix.org, client-server API 1.19, sending events
//! (an event has 65,536 bytes at most) and rich replies.

use super::super::posts::{
    Begins, Desk, File, Length, Once, POST, Post, Posting, REACT, Reaction, Said, Seen, Takes,
};
use super::super::{Answer, Call, Method, Trouble};
use super::esc;
use crate::clean;
use crate::model::outgoing::{Outcome, Posted};
use crate::model::time::HOUR;
use crate::model::{Text, hash64};
use serde_json::{Value, json};

pub struct Publish;

/// Pages of a room that are looked through.
const PAGES: usize = 10;
/// What is left of an event for its text.
const MOST: usize = 60_000;
/// Reactions to one post that are looked through for ours.
const REACTIONS: usize = 100;

/// The room and the event behind an address of one: `https://matrix.to/#/ROOM/EVENT`.
fn room_of(url: &str) -> Option<(String, String)> {
    let (_, rest) = url.split_once("/#/")?;
    let mut parts = rest.split('?').next()?.split('/').map(|p| {
        url::form_urlencoded::parse(format!("x={}", p.replace('+', "%2B")).as_bytes())
            .next()
            .map_or_else(String::new, |(_, v)| v.into_owned())
    });
    Some((parts.next().filter(|r| r.starts_with('!'))?, parts.next()?))
}

fn txn(p: &Post<'_>) -> String {
    format!("hearken{:016x}", p.mark)
}

fn there(room: &str, event: &str) -> Posted {
    let url = clean::url(&format!("https://matrix.to/#/{}/{}", esc(room), esc(event)), None);
    Posted { native: clean::line_capped(event, 512), url }
}

/// The words, or a picture with the words as its caption (specification 1.10, media captions).
fn content(p: &Post<'_>) -> Value {
    match p.files.first() {
        None => json!({"msgtype": "m.text", "body": p.text}),
        Some(f) => json!({
            "msgtype": "m.image",
            "body": caption(p.text, &f.alt),
            "filename": f.name,
            "url": f.there,
            "info": {"mimetype": f.mime, "size": f.bytes.len()},
        }),
    }
}

/// There is no place of its own for what a picture shows.
fn caption(text: &str, alt: &str) -> String {
    if alt.is_empty() { text.to_owned() } else { format!("{text}\n({alt})") }
}

/// Asks which room has a name.
fn room_call(d: &Desk<'_>, alias: &str) -> Call {
    Call::get("room", d.at(&format!("/_matrix/client/v3/directory/room/{}", esc(alias))))
}

fn send(d: &Desk<'_>, room: &str, txn: &str, content: &Value) -> Call {
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{txn}", esc(room));
    Call { method: Method::Put, ..Call::json(POST, d.at(&path), content).with(room) }
}

/// The room that something is said in, where its id is known.
fn where_to(p: &Post<'_>) -> Option<String> {
    match p.is_new() {
        true => Some(p.to.community.to_string()).filter(|r| r.starts_with('!')),
        false => room_of(&p.to.url).map(|r| r.0),
    }
}

/// Takes an event away; the same one again is the same one.
fn redact(what: &'static str, d: &Desk<'_>, room: &str, event: &str) -> Call {
    let txn = hash64(&["redact", event]);
    let path = format!("/_matrix/client/v3/rooms/{}/redact/{}/hearken{txn:016x}", esc(room), esc(event));
    Call { method: Method::Put, ..Call::json(what, d.at(&path), &json!({})) }
}

impl Posting for Publish {
    fn once(&self) -> Once {
        Once::Own
    }

    fn length(&self, _d: &Desk<'_>, p: &Post<'_>) -> Length {
        Length { used: p.text.len(), most: Some(MOST), unit: "bytes" }
    }

    /// A chat does not wait.
    fn delay_ms(&self) -> i64 {
        0
    }

    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text> {
        if p.is_new() {
            let room = p.to.community.as_str();
            if room.starts_with('#') {
                return Ok(room_call(d, room));
            }
            if !room.starts_with('!') {
                return Err(Text::ours("a room is named as #name:server or by its id, !…"));
            }
            return Ok(send(d, room, &txn(p), &content(p)));
        }
        let Some((room, event)) = room_of(&p.to.url) else {
            return Err(Text::ours("it is not known in which room this was said"));
        };
        let mut relation = json!({"m.in_reply_to": {"event_id": event}});
        // Where a thread is, the answer is in it.
        let in_thread = p.to.visibility.as_deref() == Some("thread");
        let root = room_of(&p.to.thread).map(|r| r.1).filter(|r| *r != event && in_thread);
        if let Some(root) = root {
            relation["rel_type"] = "m.thread".into();
            relation["event_id"] = root.into();
            relation["is_falling_back"] = false.into();
        }
        let mut content = content(p);
        content["m.relates_to"] = relation;
        let author = p.to.author.native.as_str();
        if author.starts_with('@') {
            content["m.mentions"] = json!({"user_ids": [author]});
        }
        Ok(send(d, &room, &txn(p), &content))
    }

    fn said(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Said, Trouble> {
        let v: Value = serde_json::from_slice(&a.body).unwrap_or_default();
        if call.what == "room" {
            let Some(room) = v["room_id"].as_str().filter(|r| r.starts_with('!')) else {
                return Err(Trouble::Garbled(Text::ours("the server does not say which room that is")));
            };
            return Ok(Said::Then(send(d, room, &txn(p), &content(p))));
        }
        Ok(match v["event_id"].as_str() {
            Some(e) => Said::Posted(there(&call.with, e)),
            None => Said::Unsure(Text::ours("the server took it and did not say which event it is")),
        })
    }

    fn takes(&self) -> Option<Takes> {
        Some(Takes { files: 1, bytes: 8 << 20 })
    }

    fn upload(&self, d: &Desk<'_>, f: &File) -> Option<Call> {
        let url = d.at(&format!("/_matrix/media/v3/upload?filename={}", esc(&f.name)));
        Some(Call { method: Method::Post, body: Some((f.mime, f.bytes.clone())), ..Call::get("media", url) })
    }

    fn uploaded(&self, a: &Answer) -> Result<String, Trouble> {
        let v = a.json()?;
        match v["content_uri"].as_str().filter(|u| u.starts_with("mxc://")) {
            Some(u) => Ok(u.to_owned()),
            None => Err(Trouble::Garbled(Text::ours("the server does not say how it names the picture"))),
        }
    }

    fn begins(&self) -> Option<Begins> {
        Some(Begins { place: "room (#name:server)", ..Begins::default() })
    }

    fn change(&self, d: &Desk<'_>, p: &Post<'_>, posted: &Posted) -> Option<Call> {
        let (room, event) = room_of(&posted.url)?;
        let new = content(p);
        let mut all = new.clone();
        all["body"] = format!("* {}", new["body"].as_str().unwrap_or(p.text)).into();
        all["m.new_content"] = new;
        all["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": event});
        Some(send(d, &room, &txn(p), &all))
    }

    fn reactions(&self) -> &'static [&'static str] {
        &["\u{1f44d}\u{fe0f}", "\u{2764}\u{fe0f}", "\u{1f389}"]
    }

    fn react(&self, d: &Desk<'_>, r: Reaction<'_>) -> Result<Call, Text> {
        let with = r.with;
        if with.chars().any(char::is_alphanumeric) {
            return Err(Text::ours("an emoji reacts there, and no words"));
        }
        let Some((room, event)) = room_of(&r.to.url) else {
            return Err(Text::ours("it is not known in which room this was said"));
        };
        if r.back {
            let path = format!(
                "/_matrix/client/v1/rooms/{}/relations/{}/m.annotation/m.reaction?limit={REACTIONS}",
                esc(&room),
                esc(&event)
            );
            return Ok(Call::get("mine", d.at(&path)));
        }
        // A second one is refused as a duplicate; one that was taken back is made anew.
        let txn = format!("hearken{:016x}", hash64(&["react", &event, with, &d.now.0.to_string()]));
        let content = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": with}});
        let path = format!("/_matrix/client/v3/rooms/{}/send/m.reaction/{txn}", esc(&room));
        Ok(Call { method: Method::Put, ..Call::json(REACT, d.at(&path), &content) })
    }

    fn reacting(&self, d: &Desk<'_>, r: Reaction<'_>, _call: &Call, a: &Answer) -> Result<Call, Trouble> {
        let v = a.json()?;
        let me = [d.me.native.as_str(), d.me.user.as_str()];
        let mine = |e: &&Value| {
            let by = e["sender"].as_str().unwrap_or("");
            !by.is_empty() && me.contains(&by) && e["content"]["m.relates_to"]["key"] == r.with
        };
        let found = v["chunk"].as_array().into_iter().flatten().find(mine);
        match (room_of(&r.to.url), found.and_then(|e| e["event_id"].as_str())) {
            (Some((room, _)), Some(event)) => Ok(redact(REACT, d, &room, event)),
            _ => Err(Trouble::Missing(Text::ours("no such reaction of ours stands there"))),
        }
    }

    fn remove(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        let (room, event) = room_of(&posted.url)?;
        Some(redact("remove", d, &room, &event))
    }

    fn after(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        let (room, event) = room_of(&posted.url)?;
        Some(Call::get(
            "after",
            d.at(&format!("/_matrix/client/v3/rooms/{}/event/{}", esc(&room), esc(&event))),
        ))
    }

    /// Of answers it tells those in threads alone.
    fn tells(&self) -> bool {
        false
    }

    fn became(&self, _d: &Desk<'_>, _posted: &Posted, a: &Answer) -> Result<Outcome, Trouble> {
        let v = a.json()?;
        let removed = v["unsigned"]["redacted_because"].is_object() || v["content"].get("body").is_none();
        let thread = v["unsigned"]["m.relations"]["m.thread"]["count"].as_u64().unwrap_or(0);
        Ok(Outcome { removed, replies: thread, ..Outcome::default() })
    }

    fn look(&self, d: &Desk<'_>, p: &Post<'_>) -> Option<Call> {
        if p.is_new() && p.to.community.starts_with('#') {
            return Some(room_call(d, &p.to.community));
        }
        let room = where_to(p)?;
        let path = format!("/_matrix/client/v3/rooms/{}/messages?dir=b&limit=100", esc(&room));
        Some(Call::get("own", d.at(&path)).with(room))
    }

    fn seen(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Seen, Trouble> {
        let v = a.json()?;
        if call.what == "room" {
            let Some(room) = v["room_id"].as_str().filter(|r| r.starts_with('!')) else {
                return Err(Trouble::Garbled(Text::ours("the server does not say which room that is")));
            };
            let path = format!("/_matrix/client/v3/rooms/{}/messages?dir=b&limit=100", esc(room));
            return Ok(Seen::Then(Call::get("own", d.at(&path)).with(room)));
        }
        let Some(list) = v["chunk"].as_array() else {
            return Err(Trouble::Garbled(Text::ours("a list of events was expected")));
        };
        let event = room_of(&p.to.url).map(|r| r.1).unwrap_or_default();
        // What we said with the same words before is another event.
        let young = |e: &Value| e["origin_server_ts"].as_i64().is_none_or(|t| t > p.begun.0 - HOUR);
        let ours = |e: &&Value| {
            let by_txn = e["unsigned"]["transaction_id"] == txn(p);
            let by_words = !d.me.native.is_empty()
                && young(e)
                && e["sender"] == d.me.native
                && e["content"]["body"].as_str() == content(p)["body"].as_str()
                && e["content"]["m.relates_to"]["m.in_reply_to"]["event_id"].as_str().unwrap_or("") == event;
            by_txn || by_words
        };
        let (room, pages) = call.with.split_once(' ').unwrap_or((&call.with, "0"));
        let ids = list.iter().filter(ours).filter_map(|e| e["event_id"].as_str());
        let found: Vec<Posted> = ids.map(|e| there(room, e)).collect();
        let pages: usize = pages.parse().unwrap_or(0);
        match v["end"].as_str().filter(|_| found.is_empty() && pages < PAGES) {
            // Further back, as long as it may have been said since.
            Some(end) if list.last().is_some_and(young) => {
                let path = format!("/_matrix/client/v3/rooms/{}/messages?dir=b&limit=100", esc(room));
                let next = Call::get("own", d.at(&format!("{path}&from={}", esc(end))));
                Ok(Seen::Then(next.with(format!("{room} {}", pages + 1))))
            }
            _ => Ok(Seen::These(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mention, Stamp};

    #[test]
    fn a_room_is_read_from_its_address() {
        let url = "https://matrix.to/#/%21a%3Ahs.example/%24e1";
        assert_eq!(room_of(url), Some(("!a:hs.example".into(), "$e1".into())));
        assert_eq!(room_of("https://matrix.to/#/%40ana%3Ahs.example"), None);
    }

    #[test]
    fn a_reaction_of_ours_alone_is_taken_back() {
        let me = super::super::super::Me { native: "@us:hs.example".into(), ..Default::default() };
        let d = Desk { server: "https://hs.example", me: &me, now: Stamp(0) };
        let url = clean::url("https://matrix.to/#/%21a%3Ahs.example/%24e1", None);
        let to = Mention { url, ..Mention::default() };
        let r = Reaction { to: &to, with: "👍", back: true };
        let ask = Publish.react(&d, r).unwrap();
        assert!(ask.what != REACT && ask.url.contains("/relations/%24e1/m.annotation/m.reaction"));
        let event = |by: &str, key: &str, id: &str| json!({"sender": by, "event_id": id, "content": {"m.relates_to": {"key": key}}});
        let all = [
            event("@ana:hs.example", "👍", "$1"),
            event("@us:hs.example", "🎉", "$2"),
            event("@us:hs.example", "👍", "$3"),
        ];
        let with = |all: &[Value]| {
            let a = Answer {
                status: 200,
                body: json!({"chunk": all}).to_string().into_bytes(),
                ..Answer::default()
            };
            Publish.reacting(&d, r, &ask, &a)
        };
        let call = with(&all).unwrap();
        assert!(call.what == REACT && call.url.contains("/redact/%243/"), "{}", call.url);
        assert!(with(&all[..2]).unwrap_err().text().contains("no such reaction"));
    }
}
