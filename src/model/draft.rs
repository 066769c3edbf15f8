//! A reply that is being written. A draft is never deleted without an undo.

use super::outgoing::{Goes, Going};
use super::{Id, Key, Stamp, Text};
use serde::{Deserialize, Serialize};

/// How far a draft is. Who may not send alone gives it to somebody who may.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Stage {
    #[default]
    Writing,
    /// Finished: somebody has to look at it. Whoever looked may have changed it.
    Waiting {
        edited_by: Option<String>,
    },
    Approved {
        by: String,
    },
    /// The reason is a private note on the mention.
    Returned {
        by: String,
        note: Id,
    },
    /// Somebody let it go: it leaves when it is due.
    Going(Going),
}

impl Stage {
    /// True if a draft may come from the one to the other.
    #[must_use]
    pub fn leads_to(&self, to: &Stage) -> bool {
        use Stage::{Approved, Going, Returned, Waiting, Writing};
        match to {
            // What the network was asked for is not taken back by people.
            Writing => !matches!(self, Going(g) if g.asked),
            Going(_) => !matches!(self, Going(_)),
            Waiting { edited_by: None } => matches!(self, Writing | Returned { .. }),
            Waiting { edited_by: Some(_) } | Approved { .. } => matches!(self, Waiting { .. }),
            Returned { .. } => matches!(self, Waiting { .. } | Approved { .. }),
        }
    }

    /// In a word or three: "waits", "approved by ana".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Stage::Writing => "writing".into(),
            Stage::Waiting { edited_by: None } => "waits for approval".into(),
            Stage::Waiting { edited_by: Some(who) } => format!("waits, edited by {who}"),
            Stage::Approved { by } => format!("approved by {by}"),
            Stage::Returned { by, .. } => format!("returned by {by}"),
            Stage::Going(g) if g.asked => "being sent".into(),
            Stage::Going(g) => format!("on its way, let go by {}", g.by),
        }
    }
}

/// A draft and what it answers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Draft {
    pub id: Id,
    /// The mention that it answers.
    pub mention: Key,
    /// A copy of the mention's headline, so that the list needs no second look.
    pub about: Text,
    pub who: String,
    pub text: Text,
    pub saved_at: Stamp,
    /// Put aside by its writer; it can be brought back.
    pub discarded: bool,
    /// The address at which it was posted.
    pub posted: Option<Text>,
    pub stage: Stage,
    /// Why it was returned.
    pub reason: Text,
    /// What it changes where that stands: the sent draft.
    pub changes: Option<Id>,
    pub goes: Goes,
}

/// Which draft about a mention is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Writes {
    /// One's own, as what it is.
    #[default]
    Own,
    /// A colleague's that waits for approval: it stays theirs.
    Of(Id),
    /// One's own, which is to change this sent one where it stands.
    Changing(Id),
}

impl Draft {
    /// Neither posted nor put aside.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.discarded && self.posted.is_none()
    }

    /// How far it is, and whether it changes what was sent.
    #[must_use]
    pub fn words(&self) -> String {
        let changes = if self.changes.is_some() { ", changes what was sent" } else { "" };
        format!("{}{changes}", self.stage.words())
    }

    /// What stands before its words in lists: that it is to change what was sent.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        if self.is_open() && self.changes.is_some() { "changes what was sent: " } else { "" }
    }

    /// On its way, where it is.
    #[must_use]
    pub fn going(&self) -> Option<&Going> {
        match &self.stage {
            Stage::Going(g) if self.is_open() => Some(g),
            _ => None,
        }
    }

    /// The id of a person's draft about a mention. One person has one open draft about it; what was posted keeps
    /// its text, and the next one has the next number.
    #[must_use]
    pub fn id_of(who: &str, mention: Id, number: u32) -> Id {
        let mention = mention.to_string();
        Id(match number {
            0 => super::hash64(&["draft", who, &mention]),
            n => super::hash64(&["draft", who, &mention, &n.to_string()]),
        })
    }
}

/// What a program or a model is asked to do with words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Help {
    Draft,
    Shorten,
    Translate,
}

impl Help {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Help::Draft => "draft",
            Help::Shorten => "shorten",
            Help::Translate => "translate",
        }
    }
}
