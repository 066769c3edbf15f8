//! Jetstream, version 1: every post of the network as JSON over a WebSocket. Of each message the frame is read, then the
//! texts in it are looked at by the topics; only what one may want is read whole.

use super::super::call::{Call, Stream};
use super::super::{Spot, Told, Trouble, Way};
use super::post::{Profile, Record, mention_of};
use super::{JETSTREAM, esc, view};
use crate::clean;
use crate::model::place::Lost;
use crate::model::{Author, Id, Stamp, Text};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Made by the network for its messages; id 1612007021.
static DICTIONARY: &[u8] = include_bytes!("jetstream.zdict");
const POSTS: &str = "app.bsky.feed.post";
/// It goes back a little at each beginning: what comes twice is known.
const AGAIN_US: i64 = 5_000_000;
/// Such a leap of time at a beginning means that something in between is not told any more.
const LEAP_US: i64 = 10 * 60 * 1_000_000;
/// It tells some posts each second; a server that says nothing for so long (ms) is dead.
const SILENCE: i64 = 60_000;
/// Longer messages are not sent to us: one that our socket refuses would end the stream again and again.
const MESSAGE_MAX: usize = 1_000_000;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    did: Cow<'a, str>,
    time_us: i64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    commit: Option<Commit<'a>>,
    #[serde(default)]
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Commit<'a> {
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    collection: Cow<'a, str>,
    #[serde(borrow)]
    rkey: Cow<'a, str>,
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Account {
    active: bool,
    #[serde(default)]
    status: String,
}

pub fn stream(at: &Spot<'_>) -> Stream {
    let own = Some(at.options.text("jetstream")).filter(|s| !s.is_empty());
    let mut url = format!(
        "{}?wantedCollections={POSTS}&compress=true&maxMessageSizeBytes={MESSAGE_MAX}",
        own.unwrap_or(JETSTREAM)
    );
    let last = at.place.number("time_us");
    if last > 0 {
        url.push_str(&format!("&cursor={}", last - AGAIN_US));
    }
    let call = Call { anonymous: true, ..Call::get("stream", url) };
    Stream {
        way: Way::Socket,
        call,
        silence_ms: SILENCE,
        refill: false,
        say: Vec::new(),
        dictionary: Some(DICTIONARY),
    }
}

/// A message of the stream. What cannot be read is counted and left.
pub fn frame(at: &Spot<'_>, text: &str) -> Told {
    let Ok(e) = serde_json::from_str::<Event<'_>>(text) else {
        return Told {
            seen: 1,
            remark: Some(Text::ours("a message of the stream cannot be read")),
            ..Told::default()
        };
    };
    let before = at.place.number("time_us");
    let mut told = Told { seen: u64::from(e.time_us > before), ..Told::default() };
    if e.time_us > before {
        // Their clock, but for a far future: that would be a place behind which nothing ever comes.
        let ahead = e.time_us > (at.now.0 + 3_600_000) * 1000;
        if !ahead {
            told.place = Some(at.place.clone().with("time_us", e.time_us.to_string()));
        }
        if before > 0 && !ahead && e.time_us - before > LEAP_US {
            let why = Text::ours("the stream does not go back so far");
            told.lost = Some(Lost { from: Stamp(before / 1000), to: Stamp(e.time_us / 1000), why });
        }
    }
    match &*e.kind {
        "commit" => {
            if let Some(c) = e.commit.filter(|c| c.collection == POSTS) {
                commit(at, &e.did, &c, &mut told);
            }
        }
        "account" => {
            let left = |a: &Account| !a.active && matches!(a.status.as_str(), "deleted" | "takendown");
            told.left.extend(e.account.filter(left).map(|_| author(&e.did).key()));
        }
        _ => {}
    }
    told
}

fn author(did: &str) -> Author {
    Author { native: clean::line_capped(did, 256), scope: Text::ours("bluesky"), name: Text::default() }
}

fn commit(at: &Spot<'_>, did: &str, c: &Commit<'_>, told: &mut Told) {
    let uri = format!("at://{did}/{POSTS}/{}", c.rkey);
    let id = || -> Id { at.id(&clean::line_capped(&uri, 1024)) };
    match (&*c.operation, c.record) {
        ("delete", _) => {
            let id = id();
            if at.sieve.knows(id) {
                told.gone.push(id);
            } else {
                told.taken_back.push(id);
            }
        }
        ("create" | "update", Some(raw)) => {
            let held = || c.operation == "update" && at.sieve.knows(id());
            if !may_want(at, raw.get()) && !held() {
                return;
            }
            told.weighed = 1;
            let Ok(r) = serde_json::from_str::<Record>(raw.get()) else { return };
            let m = mention_of(at, &uri, &r, &Profile::default());
            if at.sieve.wants(&[&m.text]) || held() {
                let url = view(at, &format!("app.bsky.actor.getProfile?actor={}", esc(did)));
                let call = Call { anonymous: true, optional: true, ..Call::get("profile", url) };
                told.then.push(call.with(format!("{uri}\n{}", raw.get())));
                told.items.push(at.item(m));
            }
        }
        _ => {}
    }
}

/// The names of what holds texts that we read. A text under such a name elsewhere in the record only makes us look.
const TEXTS: [&str; 4] = ["\"text\"", "\"alt\"", "\"title\"", "\"uri\""];

/// Judges the texts of a record before it is read: each string under one of these names, unescaped and cleaned as it
/// would be, and the tags.
fn may_want(at: &Spot<'_>, raw: &str) -> bool {
    for name in TEXTS {
        for (i, _) in raw.match_indices(name) {
            let Some(s) = string_at(raw, i + name.len()) else { return true };
            if s.is_empty() || (s.starts_with("at://") && name == "\"uri\"") {
                continue;
            }
            if at.sieve.wants(&[&clean::text(&s).0]) {
                return true;
            }
        }
    }
    // Tags stand in lists, and a shown text that is cut short is not what is matched: these are read whole.
    raw.contains("\"tags\":") || raw.contains("…") || raw.contains("...") || raw.contains("\\u2026")
}

/// The string that a name at a place of JSON stands for, unescaped; empty if it stands for something else.
fn string_at(raw: &str, from: usize) -> Option<Cow<'_, str>> {
    let Some(rest) = raw.get(from..)?.trim_start().strip_prefix(':') else { return Some(Cow::Borrowed("")) };
    let rest = rest.trim_start();
    let bytes = rest.as_bytes();
    if bytes.first() != Some(&b'"') {
        return Some(Cow::Borrowed(""));
    }
    let mut end = 1;
    let mut escaped = false;
    loop {
        end += memchr::memchr2(b'"', b'\\', bytes.get(end..)?)?;
        if bytes[end] == b'"' {
            break;
        }
        escaped = true;
        end += 2;
    }
    if !escaped {
        return rest.get(1..end).map(Cow::Borrowed);
    }
    serde_json::from_str::<String>(rest.get(..=end)?).ok().map(Cow::Owned)
}

/// A post of the stream again, with who wrote it.
pub fn named(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let (uri, raw) = call.with.split_once('\n').unwrap_or(("", ""));
    let (Ok(r), Ok(who)) =
        (serde_json::from_str::<Record>(raw), serde_json::from_value::<Profile>(v.clone()))
    else {
        return Err(Trouble::Garbled(Text::ours("the profile of an author cannot be read")));
    };
    if who.did.is_empty() || uri.is_empty() {
        return Err(Trouble::Garbled(Text::ours("the profile of an author cannot be read")));
    }
    Ok(Told { items: vec![at.item(mention_of(at, uri, &r, &who))], ..Told::default() })
}
