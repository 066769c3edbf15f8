//! What replies hold beside things of the model: terms of an answer, rows of the log, who is there, what happened since.

use crate::model::{Draft, Entry, Id, Item, Stamp, Text};
use serde::{Deserialize, Serialize};

/// What a person says of a sending.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Settle {
    /// It stands there.
    Posted(String),
    /// It is not there: the draft is with its writer again.
    Drop,
    /// It is not there: it is sent again.
    Again,
    /// It was sent, and is taken away there.
    Remove,
    /// It was sent: what came of it is asked now.
    Look,
}

impl Settle {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Settle::Posted(_) => "posted",
            Settle::Drop => "dropped",
            Settle::Again => "again",
            Settle::Remove => "deleted there",
            Settle::Look => "looked at there",
        }
    }
}

/// What holds for an answer that somebody writes to a mention.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Who may approve it, if somebody has to: "ana, @team".
    pub approval: Option<String>,
    /// Why it cannot be begun: it has to be claimed first.
    pub barred: Option<Text>,
    /// Open drafts of colleagues about the same mention.
    pub rivals: Vec<Draft>,
}

/// An entry of the log, as lists show it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogRow {
    pub entry: Entry,
    /// What it was about: the headline of its (first) mention, a person, a source. Empty if that is erased.
    pub about: Text,
    /// False if it was taken back.
    pub stands: bool,
}

/// What `]` and `[` look for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Want {
    Unread,
    Mine,
    Vip,
}

impl Want {
    /// True for what `who` looks for.
    #[must_use]
    pub fn fits(self, i: &Item, who: &str) -> bool {
        match self {
            Want::Unread => !i.read,
            Want::Mine => i.assignee.as_deref() == Some(who),
            Want::Vip => i.vip,
        }
    }
}

/// What happened while somebody was away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Since {
    pub left: Stamp,
    /// Mentions that entered the inbox and are there still, counted up to a thousand.
    pub new: u32,
    /// Sources that are red and were not then.
    pub broke: Vec<String>,
    /// What colleagues did: name and number of verbs.
    pub others: Vec<(String, u32)>,
}

impl Since {
    /// In one line; `None` if nothing happened.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.new > 0 {
            let more = if self.new >= SINCE_MAX { "+" } else { "" };
            parts.push(format!("{}{more} new", self.new));
        }
        parts.extend(self.others.iter().take(3).map(|(who, n)| format!("{who} did {n}")));
        match self.broke.as_slice() {
            [] => {}
            [one] => parts.push(format!("{one} broke")),
            many => parts.push(format!("{} sources broke", many.len())),
        }
        (!parts.is_empty()).then(|| format!("since {}: {}", self.left.local_minute(), parts.join(" · ")))
    }
}

/// New mentions are counted up to here.
pub const SINCE_MAX: u32 = 1000;

/// Somebody at a terminal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Present {
    pub who: String,
    pub reading: Option<Id>,
    pub writing: Option<Id>,
}
