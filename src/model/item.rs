//! A mention with everything that people did to it: what the list and the reader show.

use super::{Id, Key, Mention, Mood, Stamp, Text};
use serde::{Deserialize, Serialize};

/// Where a mention stands in our work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Kept, but it matched nothing (or is old): never in the inbox.
    #[default]
    Heard,
    Inbox,
    Snoozed,
    Done,
}

impl State {
    pub const ALL: [State; 4] = [State::Heard, State::Inbox, State::Snoozed, State::Done];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Heard => "heard",
            State::Inbox => "inbox",
            State::Snoozed => "snoozed",
            State::Done => "done",
        }
    }
}

/// A mention and its state of work, for one reader.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Item {
    pub id: Id,
    pub key: Key,
    pub mention: Mention,
    pub state: State,
    /// Read by the person who asked.
    pub read: bool,
    pub snoozed_until: Option<Stamp>,
    pub assignee: Option<String>,
    pub tags: Vec<String>,
    /// Private notes, oldest first: who, when, text.
    pub notes: Vec<(String, Stamp, Text)>,
    /// The author is on the watch list.
    pub vip: bool,
    /// The source changed it; earlier texts, newest first.
    pub edited: bool,
    pub revisions: Vec<(Stamp, Text, Text)>,
    /// Removed at the source, wiped or forgotten: the text is gone.
    pub deleted: bool,
    /// Where our answer stands.
    pub answered: Option<Text>,
    /// What came of our answer, as its network told: "3 likes · thanked"; empty where nobody looked, or nothing came.
    #[serde(default)]
    pub outcome: Text,
    /// Until when it should be answered; `None` where nobody waits, or where nobody reckoned it.
    #[serde(default)]
    pub due: Option<Stamp>,
    pub has_draft: bool,
    /// Other sources that carry the same mention.
    pub heard_via: Vec<String>,
    /// The story it belongs to and how many tellings that has; 1 if alone.
    pub story: Option<Id>,
    pub tellings: u32,
    /// What one of us said of its mood; it holds, whatever the words suggest.
    pub marked_mood: Option<Mood>,
    /// Whether one of us wants more of such mentions, or less.
    pub liked: Option<bool>,
}

impl Item {
    /// Its mood: what one of us said, else what the words suggest.
    #[must_use]
    pub fn mood(&self) -> Mood {
        self.marked_mood.unwrap_or(self.mention.mood)
    }
}

/// How many mentions there are in each state, and how many of the inbox one person has not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    pub heard: u64,
    pub inbox: u64,
    pub snoozed: u64,
    pub done: u64,
    pub unread: u64,
}

impl Counts {
    #[must_use]
    pub fn of(&self, s: State) -> u64 {
        match s {
            State::Heard => self.heard,
            State::Inbox => self.inbox,
            State::Snoozed => self.snoozed,
            State::Done => self.done,
        }
    }
}

/// What we know of one author.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PersonCard {
    pub id: Id,
    pub name: Text,
    pub scope: Text,
    pub mentions: u64,
    /// Posts in the last 30 days.
    pub recent: u64,
    pub first_seen: Option<Stamp>,
    pub last_seen: Option<Stamp>,
    pub vip: bool,
    pub tags: Vec<String>,
    pub notes: Vec<(String, Stamp, Text)>,
}
