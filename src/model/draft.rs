//! A reply that is being written. A draft is never deleted without an undo.

use super::{Id, Key, Stamp, Text};
use serde::{Deserialize, Serialize};

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
}

impl Draft {
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
