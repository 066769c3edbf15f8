//! EventStreams: every change of every wiki as server-sent events. A place is what the server calls it, and goes back
//! to it unchanged.

use super::super::call::{Call, Stream};
use super::super::{Spot, Told, Way};
use super::{Edit, id_of, mention_of, words_call};
use crate::clean;
use crate::model::place::Lost;
use crate::model::{Stamp, Text};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// Some edits come each second; a server that says nothing for so long (ms) is dead.
const SILENCE: i64 = 60_000;
/// Such a leap of time (ms) means that something in between is not told any more.
const LEAP: i64 = 60 * 60_000;

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default)]
    domain: Cow<'a, str>,
    #[serde(borrow, default)]
    dt: Cow<'a, str>,
    #[serde(borrow, default)]
    topic: Cow<'a, str>,
    #[serde(default)]
    partition: i64,
    #[serde(default)]
    offset: Option<i64>,
}

#[derive(Deserialize, Default)]
struct Pair {
    #[serde(default)]
    new: Option<i64>,
    #[serde(default)]
    old: Option<i64>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    meta: Option<Meta<'a>>,
    #[serde(borrow, default)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    title: Cow<'a, str>,
    #[serde(borrow, default)]
    comment: Cow<'a, str>,
    #[serde(borrow, default)]
    user: Option<Cow<'a, str>>,
    #[serde(default)]
    bot: bool,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    revision: Option<Pair>,
    #[serde(borrow, default)]
    server_url: Cow<'a, str>,
    #[serde(borrow, default)]
    server_name: Cow<'a, str>,
    #[serde(borrow, default)]
    server_script_path: Cow<'a, str>,
    #[serde(borrow, default)]
    wiki: Cow<'a, str>,
    #[serde(borrow, default)]
    log_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    log_action: Option<Cow<'a, str>>,
    #[serde(default)]
    log_params: Option<Value>,
}

pub fn stream(at: &Spot<'_>) -> Stream {
    let mut call = Call { anonymous: true, ..Call::get("stream", at.at("/v2/stream/recentchange")) };
    if let Some(place) = at.place.get("event") {
        call.headers.push(("last-event-id", place.to_owned()));
    }
    Stream { way: Way::Events, call, silence_ms: SILENCE, refill: false, say: Vec::new(), dictionary: None }
}

/// A change. The place moves with each, whatever becomes of it.
pub fn frame(at: &Spot<'_>, data: &str, id: &str) -> Told {
    let mut told = Told::default();
    let Ok(c) = serde_json::from_str::<Change<'_>>(data) else {
        told.seen = 1;
        told.remark = Some(Text::ours("a message of the stream cannot be read"));
        return told;
    };
    let mut place = at.place.clone();
    if !id.is_empty() {
        place.set("event", id);
    }
    told.seen = 1;
    if let Some(m) = &c.meta {
        if let Some(offset) = m.offset.filter(|_| !m.topic.is_empty()) {
            // The last ones come again after a cut; they are counted once.
            let name = format!("{}/{}", m.topic, m.partition);
            let last = at.place.get(&name).and_then(|o| o.parse::<i64>().ok());
            told.seen = u64::from(last.is_none_or(|l| offset > l));
            if told.seen == 1 {
                place.set(&name, offset.to_string());
            }
        }
        // They come out of order after a cut: the place's time never falls.
        if let Ok(dt) = Stamp::parse_rfc3339(&m.dt) {
            let last = Stamp(at.place.number("dt"));
            if dt > last && dt.0 < at.now.0 + LEAP {
                if last.0 > 0 && dt.0 - last.0 > LEAP {
                    let why = Text::ours("the stream does not go back so far");
                    told.lost = Some(Lost { from: last, to: dt, why });
                }
                place.set("dt", dt.0.to_string());
            }
        }
        // What tests the stream itself.
        if m.domain == "canary" {
            told.seen = 0;
            told.place = Some(place);
            return told;
        }
    }
    told.place = Some(place);
    if !of_a_wiki(at, &c) {
        return told;
    }
    if c.r#type == "log" {
        hidden(&c, &mut told);
        return told;
    }
    if !matches!(&*c.r#type, "edit" | "new") || (c.bot && !at.options.flag("bots")) {
        return told;
    }
    let user = c.user.as_deref().unwrap_or("");
    let clean_texts = [clean::line(&c.title), clean::line(&c.comment), clean::line(user)];
    let texts: Vec<&str> = clean_texts.iter().map(|t| t.as_str()).collect();
    // One that is told again after a cut is there already, perhaps with the words that it changed.
    let revision = c.revision.unwrap_or_default();
    let known = || at.sieve.knows(id_of(&c.server_name, revision.new.unwrap_or(0)));
    if !at.sieve.wants(&texts) || known() {
        return told;
    }
    told.weighed = 1;
    let scripts = format!("{}{}", c.server_url, c.server_script_path.trim_end_matches('/'));
    let e = Edit {
        host: &c.server_name,
        scripts: &scripts,
        title: &c.title,
        comment: &c.comment,
        user,
        rev: revision.new.unwrap_or(0),
        old: revision.old.unwrap_or(0),
        at: c.timestamp.map(|t| Stamp(t.saturating_mul(1000))),
    };
    if e.rev > 0 && !c.server_name.is_empty() {
        told.then.push(words_call(&scripts, &c.server_name, &[(e.rev, e.old)]));
        told.items.push(mention_of(at, &e, ""));
    }
    told
}

fn of_a_wiki(at: &Spot<'_>, c: &Change<'_>) -> bool {
    let wikis = at.options.texts("wikis");
    wikis.is_empty() || wikis.iter().any(|w| *w == c.wiki || *w == c.server_name)
}

/// Revisions whose text or user was taken out of sight are taken out here, too.
fn hidden(c: &Change<'_>, told: &mut Told) {
    if c.log_type.as_deref() != Some("delete") || c.log_action.as_deref() != Some("revision") {
        return;
    }
    let Some(p) = &c.log_params else { return };
    let bits = p["nfield"].as_i64().or_else(|| p["nfield"].as_str()?.parse().ok()).unwrap_or(1);
    // Of the bits, 1 is the text, 4 is the user.
    if bits & 5 != 0 {
        let ids = p["ids"].as_array().into_iter().flatten();
        let revs = ids.filter_map(|i| i.as_i64().or_else(|| i.as_str()?.parse().ok()));
        told.gone.extend(revs.map(|r| id_of(&c.server_name, r)));
    }
}
