//! The small records of the tree. None of them holds a text from outside: those lie in segments, where a wipe
//! can reach them.

use super::block::Place;
use super::codec;
use super::error::{Result, StoreError};
use crate::model::source::Cursor;
use crate::model::{Health, Id, Key, Mention, Mute, MuteKey, Stage, Stamp, State, Text};
use serde::{Deserialize, Serialize};

/// A mention as it lies in a frame: enough to build the tree again without the tree.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub key: Key,
    /// The state at arrival; later ones are in the log.
    pub state: State,
    /// Hash of the canonical address; 0 if there is none.
    pub link: u64,
    pub mention: Mention,
    /// Hash of the discussion that it belongs to; 0 if it begins one or stands alone.
    pub thread: u64,
    /// The mention that it was found to be like when it came; 0 for none.
    pub told: Id,
    /// Hash of the address that it passes on; 0 for none.
    pub passed: u64,
}

/// As it was before it was known by what it is like.
#[derive(Serialize, Deserialize)]
struct Stored2 {
    key: Key,
    state: State,
    link: u64,
    mention: Mention,
    thread: u64,
}

/// As it was before discussions were filed.
#[derive(Serialize, Deserialize)]
struct Stored1 {
    key: Key,
    state: State,
    link: u64,
    mention: Mention,
}

impl Stored {
    /// # Errors
    /// If these bytes are no mention.
    pub fn decode(bytes: &[u8]) -> Result<Stored> {
        let older = || -> Result<Stored2> {
            let two = codec::decode::<Stored2>(bytes);
            two.or_else(|_| {
                let o = codec::decode::<Stored1>(bytes)?;
                Ok(Stored2 { key: o.key, state: o.state, link: o.link, mention: o.mention, thread: 0 })
            })
        };
        codec::decode(bytes).or_else(|e: StoreError| {
            let o = older().map_err(|_| e)?;
            let (told, passed) = (Id::default(), 0);
            Ok(Stored {
                key: o.key,
                state: o.state,
                link: o.link,
                mention: o.mention,
                thread: o.thread,
                told,
                passed,
            })
        })
    }

    /// What it is filed under.
    pub fn links(&self) -> Links {
        Links { own: self.link, thread: self.thread }
    }
}

/// What a mention is filed under beside its id, author and source: hashes of addresses, 0 for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Links {
    /// Its own.
    pub own: u64,
    /// Of the discussion.
    pub thread: u64,
}

/// What people did to a mention, where they did something; and its later texts.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Side {
    pub key: Key,
    pub tags: Vec<String>,
    pub assignee: Option<String>,
    pub snoozed_until: Option<Stamp>,
    pub notes: Vec<NoteRef>,
    pub answered: Option<Text>,
    /// Later texts, oldest first; the last one is the mention as it stands.
    pub revisions: Vec<Place>,
    pub story: Option<Id>,
    /// Other sources that carry it.
    pub via: Vec<String>,
}

impl Side {
    pub fn is_empty(&self) -> bool {
        *self == Side { key: self.key, ..Side::default() }
    }
}

/// A note, as the record of what it is about names it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NoteRef {
    pub id: Id,
    pub who: String,
    pub at: Stamp,
}

/// Where the text of a note lies. An erased one stays until its segment has been written anew.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NoteRec {
    pub note: NoteRef,
    pub place: Place,
    pub erased: bool,
}

/// The text of a note or a draft, as it lies in a frame.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StoredNote {
    pub id: Id,
    /// The mention or the person that it is about.
    pub about: Id,
    pub who: String,
    pub at: Stamp,
    pub text: Text,
    pub draft: bool,
}

/// The tellings of one story, oldest first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Story {
    pub members: Vec<Key>,
}

impl Story {
    /// The story of a mention that was split off: it has no record, and nothing joins it.
    pub fn alone(id: Id) -> Id {
        Id(!id.0)
    }
}

/// A source as the store knows it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SourceRec {
    pub id: String,
    pub network: String,
    pub cursor: Cursor,
    pub health: Health,
    /// Chunks of known ids.
    pub chunks: u16,
}

/// A person whom somebody of us touched.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PersonRec {
    pub vip: bool,
    pub tags: Vec<String>,
    pub notes: Vec<NoteRef>,
    pub forgotten: bool,
}

/// A draft; its text lies in a segment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DraftRec {
    pub id: Id,
    pub mention: Key,
    pub who: String,
    pub saved_at: Stamp,
    pub place: Place,
    pub discarded: bool,
    pub posted: Option<Text>,
    pub stage: Stage,
}

/// Something that is muted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MuteRec {
    pub key: MuteKey,
    pub mute: Mute,
}
