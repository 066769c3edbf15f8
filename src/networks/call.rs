//! What goes between a network's file and those who wait: calls, answers, frames of streams, and what was told.
//! All of it is data; nothing here waits.

use super::{Item, Options};
use crate::clean;
use crate::model::place::{Community, Lost, Narrowing, Place, Standing};
use crate::model::{Id, Mention, Stamp, Text, TimeNote};
use std::collections::HashMap;

/// How a call is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Method {
    #[default]
    Get,
    Post,
    Put,
    Delete,
}

/// A request that a network wants made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// What it asks for; tells answers apart in the network's own file.
    pub what: &'static str,
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    /// Its type and its bytes.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// What has to be known again when the answer comes.
    pub with: String,
    /// Without our login, though there is one.
    pub anonymous: bool,
    /// The server may wait so long (ms) before it answers.
    pub patience_ms: i64,
    /// It failing is no failure of the poll: an extra.
    pub optional: bool,
    /// Between two of its kind lie so many ms.
    pub pace_ms: i64,
    /// What it costs, and in which unit; empty for one request.
    pub unit: &'static str,
    pub cost: u64,
}

impl Call {
    #[must_use]
    pub fn get(what: &'static str, url: impl Into<String>) -> Call {
        Call { what, url: url.into(), ..Call::default() }
    }

    /// With a JSON body, as a POST.
    #[must_use]
    pub fn json(what: &'static str, url: impl Into<String>, body: &serde_json::Value) -> Call {
        let body = Some(("application/json", body.to_string().into_bytes()));
        Call { what, method: Method::Post, url: url.into(), body, ..Call::default() }
    }

    /// With a form, as a POST.
    #[must_use]
    pub fn form(what: &'static str, url: impl Into<String>, fields: &[(&str, &str)]) -> Call {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let body = Some(("application/x-www-form-urlencoded", body.into_bytes()));
        Call { what, method: Method::Post, url: url.into(), body, ..Call::default() }
    }

    #[must_use]
    pub fn with(mut self, with: impl Into<String>) -> Call {
        self.with = with.into();
        self
    }

    /// Counted in another unit than requests, beside them.
    #[must_use]
    pub fn costs(mut self, n: u64, unit: &'static str) -> Call {
        (self.cost, self.unit) = (n, unit);
        self
    }

    #[must_use]
    pub fn extra(mut self) -> Call {
        self.optional = true;
        self
    }
}

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// # Errors
    /// A sentence, if it is no JSON.
    pub fn json(&self) -> Result<serde_json::Value, Trouble> {
        serde_json::from_slice(&self.body).map_err(|e| Trouble::garbled(&self.body, &e))
    }

    /// # Errors
    /// A sentence, if it is not of this form.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, Trouble> {
        serde_json::from_slice(&self.body).map_err(|e| Trouble::garbled(&self.body, &e))
    }
}

/// Why a call came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The login is refused, or one is needed.
    Login(Text),
    /// The session is over: it is renewed and the call made again.
    Expired(Text),
    /// Not for us.
    Forbidden(Text),
    /// There is no such thing; 404.
    Missing(Text),
    /// Gone for good; 410.
    Gone(Text),
    /// Too much was asked: leave it alone for so many ms.
    Wait(i64, Text),
    /// The server has a fault.
    Fault(Text),
    /// What was asked makes no sense to it.
    Refused(Text),
    /// The answer cannot be read.
    Garbled(Text),
    /// The place where we were is not known any more: we begin where it is now, and what lies between is lost.
    Stale(Text),
}

impl Trouble {
    fn garbled(body: &[u8], e: &serde_json::Error) -> Trouble {
        let head: String = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let what = if head.trim_start().starts_with('<') {
            "a page came where data was expected (a gate in front of the server?)".to_owned()
        } else if body.is_empty() {
            "the answer is empty".to_owned()
        } else {
            format!("the answer cannot be read: {e}")
        };
        Trouble::Garbled(clean::line_capped(&what, 300))
    }

    /// The same, in other words.
    #[must_use]
    pub fn reworded(self, words: Text) -> Trouble {
        match self {
            Trouble::Login(_) => Trouble::Login(words),
            Trouble::Expired(_) => Trouble::Expired(words),
            Trouble::Forbidden(_) => Trouble::Forbidden(words),
            Trouble::Missing(_) => Trouble::Missing(words),
            Trouble::Gone(_) => Trouble::Gone(words),
            Trouble::Wait(ms, _) => Trouble::Wait(ms, words),
            Trouble::Fault(_) => Trouble::Fault(words),
            Trouble::Refused(_) => Trouble::Refused(words),
            Trouble::Garbled(_) => Trouble::Garbled(words),
            Trouble::Stale(_) => Trouble::Stale(words),
        }
    }

    #[must_use]
    pub fn text(&self) -> &Text {
        match self {
            Trouble::Login(t)
            | Trouble::Expired(t)
            | Trouble::Forbidden(t)
            | Trouble::Missing(t)
            | Trouble::Gone(t)
            | Trouble::Wait(_, t)
            | Trouble::Fault(t)
            | Trouble::Refused(t)
            | Trouble::Garbled(t)
            | Trouble::Stale(t) => t,
        }
    }
}

/// What a status means where a network says no more than that; `None` for a good one. `said`: the server's words.
#[must_use]
pub fn by_status(a: &Answer, now: Stamp, said: Option<Text>) -> Option<Trouble> {
    let tail = said.filter(|s| !s.is_empty()).map_or(String::new(), |s| format!(": {s}"));
    let words = |w: &str| clean::line_capped(&format!("{w} ({}){tail}", a.status), 300);
    // The last two: Mastodon's, Bluesky's (docs.bsky.app/docs/advanced-guides/rate-limits), by the second when it ends.
    let told = ["retry-after", "x-ratelimit-reset", "ratelimit-reset"];
    let wait = || told.into_iter().find_map(|h| after(a.header(h)?, now));
    Some(match a.status {
        200..=299 => return None,
        401 => Trouble::Login(words("it wants a login, or refuses ours")),
        403 => Trouble::Forbidden(words("it refuses us")),
        404 => Trouble::Missing(words("not found")),
        410 => Trouble::Gone(words("gone for good")),
        429 => Trouble::Wait(wait().unwrap_or(60_000), words("too many requests")),
        503 => match wait() {
            Some(ms) => Trouble::Wait(ms, words("it is not available now")),
            None => Trouble::Fault(words("it is not available now")),
        },
        500..=599 => Trouble::Fault(words("the server has a fault")),
        300..=399 => Trouble::Refused(words("it points elsewhere")),
        _ => Trouble::Refused(words("it does not take the request")),
    })
}

/// A `Retry-After`: seconds, the second when it ends, a date by HTTP or a time by ISO; in ms from now.
#[must_use]
pub fn after(v: &str, now: Stamp) -> Option<i64> {
    let v = v.trim();
    if let Ok(s) = v.parse::<f64>() {
        // Some write the second when it ends where others write how long it lasts.
        return (s.is_finite() && s >= 0.0).then(|| match s > 1e9 {
            true => ((s.min(1e11) * 1000.0) as i64 - now.0).max(0),
            false => (s * 1000.0) as i64,
        });
    }
    let at = Stamp::parse_rfc3339(v)
        .ok()
        .map(|t| t.0)
        .or_else(|| chrono::DateTime::parse_from_rfc2822(v).ok().map(|t| t.timestamp_millis()))?;
    Some((at - now.0).max(0))
}

/// A reading of a budget from an answer's headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    pub unit: &'static str,
    pub left: u64,
    pub of: u64,
    pub resets: Stamp,
}

/// One piece of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// A server-sent event: name, data, id.
    Event { name: &'a str, data: &'a str, id: &'a str },
    /// A message of a WebSocket.
    Text(&'a str),
    /// A mail, with its place in the folder.
    Mail { raw: &'a [u8], uid: u32, validity: u32 },
}

/// A stream to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    pub way: super::Way,
    pub call: Call,
    /// Nothing for so long (ms) means that it is dead.
    pub silence_ms: i64,
    /// It does not repeat what was missed: after each beginning the source is asked, too.
    pub refill: bool,
    /// What is said to a WebSocket once it is open.
    pub say: Vec<String>,
    /// Binary messages of a WebSocket are zstd frames made with this dictionary; they come as text.
    pub dictionary: Option<&'static [u8]>,
}

/// What the topics want of a stream, asked before anything costly is done.
pub trait Sieve {
    /// A topic may want a thing with these texts.
    fn wants(&self, texts: &[&str]) -> bool;
    /// We hold it already: what becomes of it concerns us.
    fn knows(&self, id: Id) -> bool;
}

/// Something that a network told beside mentions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    Community(Box<Community>),
    Standing(Box<Standing>),
}

/// What an answer or a frame told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told {
    pub items: Vec<Item>,
    /// Deleted at the source.
    pub gone: Vec<Id>,
    /// Deleted, and not known here: it may have been told a moment ago.
    pub taken_back: Vec<Id>,
    /// Authors (their keys) whose account is gone, with all that they published.
    pub left: Vec<u64>,
    /// Where to go on, once all of this is kept.
    pub place: Option<Place>,
    /// Further calls of the same poll, or for a fuller text of what is in `items`.
    pub then: Vec<Call>,
    pub facts: Vec<Fact>,
    /// Things that went by.
    pub seen: u64,
    /// Of these, looked at closely.
    pub weighed: u64,
    pub lost: Option<Lost>,
    pub limits: Vec<(Narrowing, Text)>,
    pub remark: Option<Text>,
    /// Not to be asked again before so many ms.
    pub again_ms: Option<i64>,
}

/// Where a network's file is when it is asked: the source, its settings, its place, the time, what is wanted.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    /// The source's id.
    pub source: &'a str,
    pub network: &'static str,
    /// Address of the server, without a slash at its end; empty where the network has one for all.
    pub server: &'a str,
    pub options: &'a Options,
    pub place: &'a Place,
    pub now: Stamp,
    /// Younger things are news; older ones are not asked for at a first hearing. In ms.
    pub since_ms: i64,
    /// The account with which it is heard.
    pub account: Option<&'a Me>,
    pub sieve: &'a dyn Sieve,
}

/// Who we are there, as the network or the configuration told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Me {
    pub name: String,
    pub user: String,
    pub native: String,
    pub handle: String,
    /// So long a text may be, and so much of it each address counts, where the server told.
    pub most: Option<u32>,
    pub link: Option<u32>,
}

impl Spot<'_> {
    /// The id of a thing of this network.
    #[must_use]
    pub fn id(&self, native: &str) -> Id {
        Id(crate::model::hash64(&[self.network, self.instance(), native]))
    }

    /// What tells two servers of one network apart.
    #[must_use]
    pub fn instance(&self) -> &str {
        self.server.split_once("://").map_or(self.server, |(_, rest)| rest)
    }

    /// A mention to be filled in.
    #[must_use]
    pub fn mention(&self, native: &str) -> Mention {
        Mention {
            native_id: clean::line_capped(native, 1024),
            source: self.source.to_owned(),
            network: self.network.to_owned(),
            heard_at: self.now,
            at: self.now,
            time_note: TimeNote::Missing,
            ..Mention::default()
        }
    }

    #[must_use]
    pub fn item(&self, m: Mention) -> Item {
        Item { identity: self.id(&m.native_id), mention: m, to_us: false }
    }

    /// The oldest time that is asked for at a first hearing.
    #[must_use]
    pub fn beginning(&self) -> Stamp {
        self.now.plus(-self.since_ms)
    }

    /// True once in so many ms, by a word of the place that [`Spot::did`] sets.
    #[must_use]
    pub fn is_due(&self, what: &str, every_ms: i64) -> bool {
        self.place.number(what) + every_ms <= self.now.0
    }

    /// The place, with the mark that this was done now.
    #[must_use]
    pub fn did(&self, what: &str) -> Place {
        self.place.clone().with(what, self.now.0.to_string())
    }

    /// An address below the server's, from a path that begins with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }
}

/// A time of the future that is still believed, in ms.
const AHEAD_MS: i64 = 5 * 60 * 1000;

/// Puts the time of a thing in, as far as it can be believed.
pub fn set_time(m: &mut Mention, at: Option<Stamp>) {
    (m.at, m.time_note) = match at {
        None => (m.heard_at, TimeNote::Missing),
        Some(t) if t.0 > m.heard_at.0 + AHEAD_MS => (m.heard_at, TimeNote::Future),
        Some(t) if t.0 <= 0 => (m.heard_at, TimeNote::Impossible),
        Some(t) => (Stamp(t.0.min(m.heard_at.0)), TimeNote::Given),
    };
}

/// Puts a text of HTML in.
pub fn set_html(m: &mut Mention, html: &str, base: &str) {
    if clean::looks_like_html(html) {
        let p = clean::html(html, Some(base));
        (m.text, m.cut, m.links) = (p.text, p.cut, p.links);
    } else {
        set_plain(m, html);
    }
}

/// Puts a plain text in.
pub fn set_plain(m: &mut Mention, text: &str) {
    (m.text, m.cut) = clean::text(text);
}

/// Adds lines (what an image shows, what is attached) below the text.
pub fn add_lines(m: &mut Mention, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let all = format!("{}\n{}", m.text, lines.join("\n"));
    let (text, cut) = clean::text(all.trim());
    m.text = text;
    m.cut |= cut;
}

/// Two letters of a language as a network gives it: `en-GB` is `en`; empty for anything else.
#[must_use]
pub fn lang(s: &str) -> String {
    let first = s.trim().split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    if matches!(first.len(), 2 | 3) && first.bytes().all(|b| b.is_ascii_lowercase()) {
        if first == "und" { String::new() } else { first }
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_become_what_is_to_be_done() {
        let now = Stamp(1_790_000_000_000);
        let said = Some(Text::ours("slow down"));
        let a = |status, retry: Option<&str>| Answer {
            status,
            headers: retry.map(|r| ("retry-after".to_owned(), r.to_owned())).into_iter().collect(),
            body: Vec::new(),
        };
        assert_eq!(by_status(&a(204, None), now, None), None);
        let Some(Trouble::Wait(5000, t)) = by_status(&a(429, Some("5")), now, said) else { panic!() };
        assert_eq!(t.as_str(), "too many requests (429): slow down");
        assert!(matches!(by_status(&a(503, None), now, None), Some(Trouble::Fault(_))));
        assert!(
            matches!(by_status(&a(503, Some("Mon, 21 Sep 2026 14:14:00 GMT")), now, None), Some(Trouble::Wait(ms, _)) if ms > 0)
        );
        assert!(matches!(by_status(&a(401, None), now, None), Some(Trouble::Login(_))));
        assert_eq!(after("1790000005", now), Some(5000));
        assert!(matches!(by_status(&a(410, None), now, None), Some(Trouble::Gone(_))));
        assert!(matches!(by_status(&a(422, None), now, None), Some(Trouble::Refused(_))));
    }

    #[test]
    fn languages_are_two_letters_or_nothing() {
        let all = [("en-GB", "en"), ("pt_BR", "pt"), ("und", ""), ("english", ""), ("", ""), ("DE", "de")];
        for (given, want) in all {
            assert_eq!(lang(given), want, "{given}");
        }
    }

    #[test]
    fn a_page_where_data_was_expected_is_said() {
        let a =
            Answer { status: 200, body: b"<!doctype html><title>wait</title>".to_vec(), ..Answer::default() };
        assert!(a.json().unwrap_err().text().contains("a page came"));
        assert!(Answer::default().json().unwrap_err().text().contains("empty"));
    }
}
