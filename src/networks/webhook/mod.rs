//! Pushes: what other programs post to us. Nothing is taken without a secret, for every user of this machine reaches
//! loopback. Signatures are checked as the sender makes them, over the bytes as they came; what is signed with a time is
//! taken within five minutes; a delivery counts once. Facts: docs.github.com webhooks; api.slack.com request signing;
//! discourse emit_web_hook_event.

mod shapes;
#[cfg(test)]
mod tests;

use super::call::Call;
use super::declare::{Can, Declaration, Door, Leave, Policy, Servers, Setting, SettingKind, Way};
use super::{Answer, Keys, Network, Options, Spot, Told, Trouble, login};
use crate::clean;
use crate::model::place::Place;
use crate::model::time::MINUTE;
use crate::model::{Stamp, Text, hash64};
use ring::hmac;
use std::collections::HashMap;

pub struct Webhook;

static DECLARED: Declaration = Declaration {
    name: "webhook",
    title: "Webhooks: what others push",
    heard: &[Way::Push],
    servers: Servers::None,
    contact: false,
    can: Can { threads: true, ..Can::NOTHING },
    limits: &[],
    identity: "what the sender says, within the source",
    policy: Policy {
        store: Leave::If("the sender's rules allow it"),
        keep_days: None,
        link_identities: Leave::If("the sender's rules allow it"),
        private_messages: Leave::No,
        delete_with_source: true,
        machine_posts: Leave::No,
        link: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        read_on: "2026-11-21",
    },
    door: Door::Needed,
    reach: "",
    settings: &[
        Setting {
            key: "shape",
            kind: SettingKind::Choice(&["github", "discourse", "slack", "json"]),
            help: "how the sender writes and signs; discourse wants the forum's address in server as well",
        },
        Setting { key: "map", kind: SettingKind::Table, help: "for json: where text, url, author … stand" },
    ],
    hand_off: true,
};

/// What is signed with a time counts within so many ms.
const WINDOW: i64 = 5 * MINUTE;
/// Deliveries that are remembered, so that none counts twice: all that one window can hold at the pace that is taken,
/// in words that a place can hold.
const WORDS: usize = 5;
const A_WORD: usize = 700;
/// How these words begin, and which of them is being filled.
pub const DELIVERIES: &str = "deliveries";
const FILLING: &str = "deliveries at";
/// Brackets within brackets at most.
const DEPTH: usize = 40;

/// Fields that a mapping may name.
pub const FIELDS: [&str; 11] =
    ["items", "text", "title", "url", "author", "author_id", "at", "id", "community", "parent", "thread"];

/// What the sender is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    pub status: u16,
    pub words: Text,
}

fn no(status: u16, words: &str) -> Refused {
    Refused { status, words: clean::line(words) }
}

/// A delivery that was taken: what it tells, and what is answered.
#[derive(Debug, Default)]
pub struct Taken {
    pub told: Told,
    pub answer: String,
}

impl Network for Webhook {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        let Some(map) = o.table("map") else { return Ok(()) };
        if !matches!(o.text("shape"), "" | "json") {
            return Err("map is for shape = \"json\"".into());
        }
        if let Some(k) = map.keys().find(|k| !FIELDS.contains(&k.as_str())) {
            return Err(format!("map has {k}; known are {}", FIELDS.join(", ")));
        }
        Ok(())
    }

    fn begin(&self, _at: &Spot<'_>) -> Vec<Call> {
        Vec::new()
    }

    fn hear(&self, _at: &Spot<'_>, _call: &Call, _a: &Answer) -> Result<Told, Trouble> {
        Err(Trouble::Refused(Text::ours("a webhook is not asked")))
    }

    fn form(&self) -> login::Form {
        login::Form::Token("the secret that the sender signs with, of 8 characters or more")
    }

    fn sign(&self, _keys: &Keys, _call: &Call) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Takes a delivery. `headers` have names in lower case.
///
/// # Errors
/// Why not, for the sender; it never says which part of a signature was wrong.
pub fn receive(
    at: &Spot<'_>,
    headers: &HashMap<String, String>,
    body: &[u8],
    secret: &str,
) -> Result<Taken, Refused> {
    let mark = authentic(at.options, at.now, headers, body, secret)?;
    let Some(place) = remember(at.place, mark) else {
        return Ok(Taken { answer: "known".into(), ..Taken::default() });
    };
    let mut taken = shapes::read(at, shape(at.options), headers, body)?;
    taken.told.place = Some(place);
    Ok(taken)
}

fn shape(o: &Options) -> &str {
    Some(o.text("shape")).filter(|s| !s.is_empty()).unwrap_or("json")
}

/// True of who knows the secret: the mark of the delivery. It is made of what was signed, not of numbers in headers
/// that nobody signed: they may be others when the same bytes are sent again.
///
/// # Errors
/// As [`receive`].
pub fn authentic(
    options: &Options,
    now: Stamp,
    headers: &HashMap<String, String>,
    body: &[u8],
    secret: &str,
) -> Result<u64, Refused> {
    if secret.len() < 8 {
        return Err(no(503, "the secret of this hook is shorter than 8 characters; nothing is taken"));
    }
    let h = |n: &str| headers.get(n).map_or("", |v| v.trim());
    match shape(options) {
        "github" => {
            let sent = h("x-hub-signature-256").strip_prefix("sha256=").unwrap_or("");
            signed(secret, &[body], sent)
        }
        "discourse" => {
            let sent = h("x-discourse-event-signature").strip_prefix("sha256=").unwrap_or("");
            // What happened stands in a header alone, and a post that goes may look as it did when it came.
            let mark = signed(secret, &[body], sent)?;
            Ok(hash64(&[&mark.to_string(), h("x-discourse-event")]))
        }
        "slack" if !h("x-slack-signature").is_empty() => {
            let time = h("x-slack-request-timestamp");
            in_time(now, time)?;
            let sent = h("x-slack-signature").strip_prefix("v0=").unwrap_or("");
            signed(secret, &[b"v0:", time.as_bytes(), b":", body], sent)
        }
        _ => own_signature(now, headers, body, secret),
    }
}

/// `x-hearken-signature: t=SECONDS,v1=HEX` over `SECONDS.BODY`, or the secret itself as a bearer.
fn own_signature(
    now: Stamp,
    headers: &HashMap<String, String>,
    body: &[u8],
    secret: &str,
) -> Result<u64, Refused> {
    let h = |n: &str| headers.get(n).map_or("", |v| v.trim());
    let own = h("x-hearken-signature");
    if own.is_empty() {
        let sent = h("authorization").strip_prefix("Bearer ").unwrap_or_else(|| h("x-hearken-secret"));
        same(secret, sent)?;
        // Who says the secret itself is believed about the rest: its number, or the bytes.
        let id = h("x-delivery-id");
        Ok(if id.is_empty() {
            hash64(&["body", &crate::model::hash_bytes(body).to_string()])
        } else {
            hash64(&["delivery", id])
        })
    } else {
        let part = |n: &str| own.split(',').find_map(|p| p.trim().strip_prefix(n)).unwrap_or("");
        let time = part("t=");
        in_time(now, time)?;
        signed(secret, &[time.as_bytes(), b".", body], part("v1="))
    }
}

fn in_time(now: Stamp, seconds: &str) -> Result<(), Refused> {
    let t: i64 = seconds.parse().map_err(|_| no(401, "the signature has no time"))?;
    let off = (now.0 - t.saturating_mul(1000)).saturating_abs();
    if off <= WINDOW {
        Ok(())
    } else {
        Err(no(401, "the signature is older than five minutes, or of the future"))
    }
}

const WRONG: &str = "the signature or secret is not the right one";

/// Compares in the same time wherever they differ; the mark of what was signed.
fn signed(secret: &str, parts: &[&[u8]], hex: &str) -> Result<u64, Refused> {
    let digits = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let bytes: Option<Vec<u8>> = (hex.len() == 64 && digits)
        .then(|| (0..32).map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect())
        .flatten();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let all: Vec<u8> = parts.concat();
    let ok = bytes.is_some_and(|b| hmac::verify(&key, &all, &b).is_ok());
    if ok { Ok(hash64(&["signed", hex])) } else { Err(no(401, WRONG)) }
}

fn same(secret: &str, sent: &str) -> Result<(), Refused> {
    // Tags of equal length, made with a key of the moment: their comparison tells nothing of the texts.
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, secret.as_bytes());
    let ok = hmac::verify(&key, sent.as_bytes(), tag.as_ref()).is_ok();
    if ok { Ok(()) } else { Err(no(401, WRONG)) }
}

/// The place with one more delivery; `None` for one that is known. The words are filled in turn.
fn remember(p: &Place, mark: u64) -> Option<Place> {
    let mark = format!("{mark:016x}");
    let names: Vec<String> = (0..WORDS).map(|n| format!("{DELIVERIES}{n}")).collect();
    if names.iter().any(|n| p.get(n).is_some_and(|all| all.split(' ').any(|m| m == mark))) {
        return None;
    }
    let now = usize::try_from(p.number(FILLING)).unwrap_or(0) % WORDS;
    let here = p.get(&names[now]).unwrap_or("");
    Some(if here.len() / 17 < A_WORD {
        p.clone().with(&names[now], format!("{here}{mark} "))
    } else {
        let next = (now + 1) % WORDS;
        p.clone().with(FILLING, next.to_string()).with(&names[next], format!("{mark} "))
    })
}

/// How deep brackets stand in brackets, outside of texts.
fn depth(body: &[u8]) -> usize {
    let (mut now, mut most, mut text, mut escaped) = (0usize, 0, false, false);
    for b in body {
        match (text, escaped, b) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (true, false, b'"') => text = false,
            (true, false, _) => {}
            (false, _, b'"') => text = true,
            (false, _, b'{' | b'[') => {
                now += 1;
                most = most.max(now);
            }
            (false, _, b'}' | b']') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}
