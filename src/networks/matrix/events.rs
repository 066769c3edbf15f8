//! Events of a room, and what they are: messages, answers, edits, redactions; and what a room says of itself.

use super::super::call::{set_plain, set_time};
use super::super::{Call, Spot, Told, Trouble};
use super::{esc, original};
use crate::clean;
use crate::model::place::Place;
use crate::model::{Author, Kind, Mention, Stamp, Text};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub struct Event {
    #[serde(default)]
    pub event_id: String,
    #[serde(default)]
    pub sender: String,
    #[serde(default)]
    pub origin_server_ts: i64,
    #[serde(default)]
    pub r#type: String,
    #[serde(default)]
    pub content: Value,
    #[serde(default)]
    pub redacts: Option<String>,
    #[serde(default)]
    pub unsigned: Value,
}

impl Event {
    pub fn of(v: &Value) -> Option<Event> {
        serde_json::from_value(v.clone()).ok().filter(|e: &Event| !e.event_id.is_empty())
    }
}

/// What a room is called, as people name it.
pub fn room_name(p: &Place, room: &str) -> Text {
    let known = |k: &str| p.get(&format!("{k}:{room}")).filter(|s| !s.is_empty());
    clean::line(known("alias").or_else(|| known("name")).unwrap_or(room))
}

/// A sync that tells something new of a room itself.
pub fn says_of_itself(r: &Value) -> bool {
    let told =
        |v: &Value| v["events"].as_array().is_some_and(|a| a.iter().any(|e| e.get("state_key").is_some()));
    told(&r["state"]) || told(&r["timeline"]) || r["summary"]["m.joined_member_count"].is_u64()
}

/// Keeps what a room says of itself, and the names of who speaks in it.
pub fn learn(mut p: Place, room: &str, r: &Value) -> Place {
    let all = [&r["state"]["events"], &r["state_after"]["events"], &r["timeline"]["events"]];
    for e in all.into_iter().filter_map(Value::as_array).flatten() {
        if e.get("state_key").is_none() {
            continue;
        }
        let c = &e["content"];
        let mut put = |k: &str, v: &Value| match v.as_str().map(str::trim).filter(|s| !s.is_empty()) {
            Some(s) => p.set(&format!("{k}:{room}"), s.chars().take(200).collect::<String>()),
            None => p.forget(&format!("{k}:{room}")),
        };
        match e["type"].as_str().unwrap_or("") {
            "m.room.name" => put("name", &c["name"]),
            "m.room.topic" => put("topic", &c["topic"]),
            "m.room.canonical_alias" => put("alias", &c["alias"]),
            "m.room.encryption" => put("shut", &Value::from("is encrypted and cannot be read")),
            "m.room.tombstone" => put("shut", &Value::from("has moved to another room")),
            "m.room.member" => {
                if let Some(user) = e["state_key"].as_str() {
                    // Names are few where members are loaded lazily; each has its own word.
                    let name = c["displayname"].as_str().unwrap_or("").chars().take(80).collect::<String>();
                    let key = format!("who:{user}");
                    if name.is_empty() { p.forget(&key) } else { p.set(&key, name) }
                }
            }
            _ => {}
        }
    }
    p
}

/// What an event tells.
pub fn tell(at: &Spot<'_>, room: &str, e: &Event, told: &mut Told) {
    match e.r#type.as_str() {
        "m.room.redaction" => {
            let id = e.content["redacts"].as_str().or(e.redacts.as_deref());
            told.gone.extend(id.map(|i| at.id(i)));
        }
        "m.room.message" => {
            told.seen += 1;
            let relation = &e.content["m.relates_to"];
            if relation["rel_type"] == "m.replace" {
                let Some(of) = relation["event_id"].as_str() else { return };
                let new = e.content["m.new_content"]["body"].as_str().unwrap_or("");
                // What it was is asked for: its discussion stands there.
                if at.sieve.knows(at.id(of)) || at.sieve.wants(&[&clean::text(new).0]) {
                    told.then.push(original(at, room, of));
                }
                return;
            }
            // Taken back before we came.
            if e.unsigned.get("redacted_because").is_some() || e.content.get("body").is_none() {
                return;
            }
            let item = at.item(mention_of(at, room, e, &e.content));
            let to_us = speaks_to_us(at, e);
            let wanted = to_us || at.sieve.wants(&[&item.mention.text]) || at.sieve.knows(item.identity);
            if wanted {
                told.weighed += 1;
                told.items.push(if to_us { item.to_us() } else { item });
            }
        }
        _ => {}
    }
}

fn speaks_to_us(at: &Spot<'_>, e: &Event) -> bool {
    let Some(me) = at.account.map(|m| m.native.as_str()).filter(|n| !n.is_empty()) else { return false };
    let named = e.content["m.mentions"]["user_ids"].as_array().into_iter().flatten().any(|u| u == me);
    e.sender != me && (named || e.content["body"].as_str().is_some_and(|b| b.contains(me)))
}

/// The mention that a message is; `content` may be a later one.
pub fn mention_of(at: &Spot<'_>, room: &str, e: &Event, content: &Value) -> Mention {
    let mut m = at.mention(&e.event_id);
    m.kind = Kind::Chat;
    m.community = room_name(at.place, room);
    m.url = link(room, &e.event_id);
    let body = without_quote(content["body"].as_str().unwrap_or(""));
    let text = match content["msgtype"].as_str().unwrap_or("") {
        "m.image" => format!("[image: {body}]"),
        "m.video" => format!("[video: {body}]"),
        "m.audio" => format!("[audio: {body}]"),
        "m.file" => format!("[file: {body}]"),
        "m.emote" => format!("* {body}"),
        _ => body.to_owned(),
    };
    set_plain(&mut m, &text);
    let name = at.place.get(&format!("who:{}", e.sender));
    let shown = name.map_or_else(|| e.sender.clone(), |n| format!("{n} ({})", e.sender));
    m.author = Author {
        name: clean::line_capped(&shown, 256),
        scope: Text::ours("matrix"),
        native: clean::line_capped(&e.sender, 256),
    };
    set_time(&mut m, Some(Stamp(e.origin_server_ts)));
    // The relation is the original's, whatever an edit says.
    let relation = &e.content["m.relates_to"];
    let answers = relation["m.in_reply_to"]["event_id"].as_str();
    let root = (relation["rel_type"] == "m.thread").then(|| relation["event_id"].as_str()).flatten();
    let falls_back = relation["is_falling_back"] == true;
    m.parent = clean::line_capped(answers.filter(|_| !falls_back).or(root).unwrap_or(""), 512);
    // An answer to what stands in a thread belongs there; to what stands in the room, it stands in the room.
    m.visibility = root.map(|_| "thread".to_owned());
    m.thread = root.or(answers).map(|id| link(room, id)).unwrap_or_default();
    m
}

fn link(room: &str, id: &str) -> Text {
    clean::url(&format!("https://matrix.to/#/{}/{}", esc(room), esc(id)), None)
}

/// Without the quote that older programs put before an answer.
fn without_quote(body: &str) -> &str {
    if !body.starts_with("> ") {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        rest = rest.split_once('\n').map_or("", |x| x.1);
    }
    let rest = rest.trim_start_matches('\n');
    if rest.is_empty() { body } else { rest }
}

/// The original of an edit, with its latest content, as the server has put both together.
pub fn edited(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let Some(e) = Event::of(v).filter(|e| e.r#type == "m.room.message") else {
        return Err(Trouble::Garbled(Text::ours("a message was expected")));
    };
    let latest = &e.unsigned["m.relations"]["m.replace"];
    let same = latest["sender"].as_str().is_none_or(|s| s == e.sender);
    let content =
        Some(&latest["content"]["m.new_content"]).filter(|c| c.is_object() && same).unwrap_or(&e.content);
    if content.get("body").is_none() {
        return Ok(Told::default());
    }
    let item = at.item(mention_of(at, &call.with, &e, content));
    Ok(Told { items: vec![item], ..Told::default() })
}
