//! A source's health is data: what was heard, what went wrong, when it is asked again.

use super::place::{Budget, Ledger};
use super::{Stamp, Text};
use serde::{Deserialize, Serialize};

/// What is wrong with a source, if anything.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Trouble {
    #[default]
    None,
    /// It failed and is tried again.
    Failing(Text),
    /// It answered, but with nothing where it usually has something.
    Empty,
    /// It answers, but has published nothing for far longer than usual.
    Silent,
    /// It is gone for good (410) or was paused by a person.
    Retired(Text),
    Paused,
}

/// The life of a source so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Health {
    /// Last time that it answered, with news or with "nothing new".
    pub last_ok: Option<Stamp>,
    /// Last time that it told something new.
    pub last_new: Option<Stamp>,
    pub last_error: Option<(Stamp, Text)>,
    pub failures: u32,
    pub next_poll: Option<Stamp>,
    /// Usual time between new entries, in ms; 0 if not known yet.
    pub usual_ms: i64,
    pub heard: u64,
    pub matched: u64,
    pub polls: u64,
    /// Entries in the last full answer.
    pub last_count: u32,
    /// Time of the newest entry that was seen.
    pub newest: Option<Stamp>,
    /// The host asked to be left alone until then.
    pub pause_until: Option<Stamp>,
    pub trouble: Trouble,
    /// Times during which nothing could be heard: from, to (open if none).
    pub gaps: Vec<(Stamp, Option<Stamp>)>,
}

impl Health {
    /// Red: somebody should look.
    #[must_use]
    pub fn is_red(&self) -> bool {
        !matches!(self.trouble, Trouble::None | Trouble::Paused)
    }

    /// One short sentence for tables and the status line.
    #[must_use]
    pub fn word(&self) -> String {
        match &self.trouble {
            Trouble::None if self.polls == 0 => "not asked yet".into(),
            Trouble::None if self.last_ok.is_none() => "never answered yet".into(),
            Trouble::None => "ok".into(),
            Trouble::Failing(why) => format!("failing ({}×): {why}", self.failures),
            Trouble::Empty => "answers, but is empty where it usually is not".into(),
            Trouble::Silent => "silent for much longer than usual".into(),
            Trouble::Retired(why) => format!("retired: {why}"),
            Trouble::Paused => "paused".into(),
        }
    }
}

/// A source as lists show it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SourceView {
    pub id: String,
    pub network: String,
    pub url: String,
    pub every_ms: i64,
    pub health: Health,
    /// Written in the configuration (else only met in the store).
    pub configured: bool,
    /// Topics that listen there; empty means all.
    #[serde(default)]
    pub topics: Vec<String>,
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub ledger: Ledger,
    /// What is left of what it spends from.
    #[serde(default)]
    pub budgets: Vec<Budget>,
}

/// Where we stand with a polled source: what to send with the next request.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// The address to ask, if it differs from the configured one (a feed found on a page, a permanent
    /// redirect that has worked more than once).
    pub url: Option<String>,
    /// A permanent redirect that was seen, and how often in a row.
    pub moved: Option<(String, u32)>,
    /// The configured address for which `url` was found.
    pub configured: String,
    /// A hash of the last body, so that an unchanged one is not parsed again.
    pub body_hash: u64,
    /// What the last document asked for; a "nothing new" repeats none of it.
    pub asked: Asked,
    /// Guids and links (hashed) that several entries of this source were seen to share.
    pub shared_ids: Vec<u64>,
    /// Failures in a row at `url`: an address that we found ourselves is given up after some.
    pub misses: u32,
}

/// When a document wants to be asked again.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Asked {
    pub ttl_ms: Option<i64>,
    /// Hours of the day (UTC) and days of the week (Monday is 0) in which nothing new comes.
    pub skip_hours: Vec<u8>,
    pub skip_days: Vec<u8>,
}
