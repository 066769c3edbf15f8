//! The small records of the tree. None of them holds a text from outside: those lie in segments, where a wipe
//! can reach them.

use super::block::Place;
use super::codec;
use super::error::{Result, StoreError};
use crate::model::outgoing::Goes;
use crate::model::place::{Ledger, Place as Whereabouts};
use crate::model::source::Cursor;
use crate::model::{
    Author, Health, Id, Key, Kind, Mention, Mood, Mute, MuteKey, Stage, Stamp, State, Text, TimeNote,
    TopicHit,
};
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

/// A mention as it was before moods.
#[derive(Serialize, Deserialize)]
struct Mention3 {
    native_id: Text,
    source: String,
    network: String,
    community: Text,
    kind: Kind,
    url: Text,
    title: Text,
    text: Text,
    cut: bool,
    author: Author,
    at: Stamp,
    time_note: TimeNote,
    heard_at: Stamp,
    lang: String,
    parent: Text,
    thread: Text,
    reach: Option<u64>,
    visibility: Option<String>,
    links: Vec<Text>,
    topics: Vec<TopicHit>,
}

impl From<Mention3> for Mention {
    fn from(o: Mention3) -> Mention {
        Mention {
            native_id: o.native_id,
            source: o.source,
            network: o.network,
            community: o.community,
            kind: o.kind,
            url: o.url,
            title: o.title,
            text: o.text,
            cut: o.cut,
            author: o.author,
            at: o.at,
            time_note: o.time_note,
            heard_at: o.heard_at,
            lang: o.lang,
            parent: o.parent,
            thread: o.thread,
            reach: o.reach,
            visibility: o.visibility,
            links: o.links,
            topics: o.topics,
            mood: Mood::Unknown,
        }
    }
}

/// As it was before moods.
#[derive(Serialize, Deserialize)]
struct Stored3 {
    key: Key,
    state: State,
    link: u64,
    mention: Mention3,
    thread: u64,
    told: Id,
    passed: u64,
}

/// As it was before it was known by what it is like.
#[derive(Serialize, Deserialize)]
struct Stored2 {
    key: Key,
    state: State,
    link: u64,
    mention: Mention3,
    thread: u64,
}

/// As it was before discussions were filed.
#[derive(Serialize, Deserialize)]
struct Stored1 {
    key: Key,
    state: State,
    link: u64,
    mention: Mention3,
}

impl Stored {
    /// # Errors
    /// If these bytes are no mention.
    pub fn decode(bytes: &[u8]) -> Result<Stored> {
        codec::decode(bytes).or_else(|e: StoreError| Stored::older(bytes).ok_or(e))
    }

    /// Each shorter than the one after it, so that none is taken for another.
    fn older(bytes: &[u8]) -> Option<Stored> {
        let three = codec::decode::<Stored3>(bytes).or_else(|_| {
            let two = codec::decode::<Stored2>(bytes).or_else(|_| {
                let o = codec::decode::<Stored1>(bytes)?;
                Ok::<_, StoreError>(Stored2 {
                    key: o.key,
                    state: o.state,
                    link: o.link,
                    mention: o.mention,
                    thread: 0,
                })
            })?;
            let Stored2 { key, state, link, mention, thread } = two;
            Ok::<_, StoreError>(Stored3 { key, state, link, mention, thread, told: Id::default(), passed: 0 })
        });
        let o = three.ok()?;
        Some(Stored {
            key: o.key,
            state: o.state,
            link: o.link,
            mention: o.mention.into(),
            thread: o.thread,
            told: o.told,
            passed: o.passed,
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
    /// What one of us said of its mood.
    pub mood: Option<Mood>,
    /// Whether one of us wants more of such, or less.
    pub liked: Option<bool>,
    /// What changed about its topics since it came.
    pub topics: Vec<TopicMark>,
}

/// A topic that counts a mention as its own now, or does not any more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TopicMark {
    pub topic: String,
    /// `None`: it is not its own.
    pub spans: Option<Vec<(bool, u32, u32)>>,
}

/// As it was before moods.
#[derive(Serialize, Deserialize)]
pub(super) struct Side4 {
    key: Key,
    tags: Vec<String>,
    assignee: Option<String>,
    snoozed_until: Option<Stamp>,
    notes: Vec<NoteRef>,
    answered: Option<Text>,
    revisions: Vec<Place>,
    story: Option<Id>,
    via: Vec<String>,
}

#[cfg(test)]
impl Side4 {
    pub fn of(key: Key, tag: &str) -> Side4 {
        Side4 {
            key,
            tags: vec![tag.to_owned()],
            assignee: None,
            snoozed_until: None,
            notes: Vec::new(),
            answered: None,
            revisions: Vec::new(),
            story: None,
            via: Vec::new(),
        }
    }
}

impl From<Side4> for Side {
    fn from(o: Side4) -> Side {
        Side {
            key: o.key,
            tags: o.tags,
            assignee: o.assignee,
            snoozed_until: o.snoozed_until,
            notes: o.notes,
            answered: o.answered,
            revisions: o.revisions,
            story: o.story,
            via: o.via,
            ..Side::default()
        }
    }
}

impl Side {
    /// The topics of a mention as they are now.
    pub fn topics_of(&self, was: &mut Vec<TopicHit>) {
        for mark in &self.topics {
            was.retain(|t| t.topic != mark.topic);
            let hit =
                |spans: &Vec<(bool, u32, u32)>| TopicHit { topic: mark.topic.clone(), spans: spans.clone() };
            was.extend(mark.spans.as_ref().map(hit));
        }
    }

    /// True if somebody did something with it.
    pub fn is_worked_on(&self) -> bool {
        self.assignee.is_some() || !self.tags.is_empty() || !self.notes.is_empty() || self.answered.is_some()
    }

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
    /// Where we stand with a network that is asked by cursor.
    pub place: Whereabouts,
    pub ledger: Ledger,
}

/// As it was before networks were asked by cursor.
#[derive(Serialize, Deserialize)]
pub(super) struct Source5 {
    pub id: String,
    pub network: String,
    pub cursor: Cursor,
    pub health: Health,
    pub chunks: u16,
}

impl From<Source5> for SourceRec {
    fn from(o: Source5) -> SourceRec {
        SourceRec {
            id: o.id,
            network: o.network,
            cursor: o.cursor,
            health: o.health,
            chunks: o.chunks,
            ..SourceRec::default()
        }
    }
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
    pub changes: Option<Id>,
    pub goes: Goes,
}

impl DraftRec {
    /// Neither posted nor put aside.
    pub fn is_open(&self) -> bool {
        !self.discarded && self.posted.is_none()
    }
}

/// Something that is muted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MuteRec {
    pub key: MuteKey,
    pub mute: Mute,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every older form is read as what it was, and never as another one.
    #[test]
    fn mentions_of_older_stores_are_read() {
        let words = |thread: u64| Mention3 {
            native_id: Text::ours("n"),
            source: "blog".into(),
            network: "feed".into(),
            community: Text::ours("c"),
            kind: Kind::Review,
            url: Text::ours("https://a.example/"),
            title: Text::ours("T"),
            text: Text::ours("text"),
            cut: false,
            author: Author::default(),
            at: Stamp(5),
            time_note: TimeNote::Given,
            heard_at: Stamp(6),
            lang: "de".into(),
            parent: Text::default(),
            thread: Text::default(),
            reach: Some(thread),
            visibility: None,
            links: vec![Text::ours("https://b.example/")],
            topics: vec![TopicHit { topic: "brand".into(), spans: vec![(true, 0, 1)] }],
        };
        let (key, state) = (Key { time: 5, id: Id(7) }, State::Inbox);
        for n in [0, 1, 3, 200, u64::MAX] {
            let one = codec::encode(&Stored1 { key, state, link: n, mention: words(n) });
            let two = codec::encode(&Stored2 { key, state, link: n, mention: words(n), thread: n });
            let three = codec::encode(&Stored3 {
                key,
                state,
                link: n,
                mention: words(n),
                thread: n,
                told: Id(n),
                passed: n,
            });
            for (bytes, threads, told) in [(one, 0, 0), (two, n, 0), (three, n, n)] {
                let s = Stored::decode(&bytes.unwrap()).unwrap();
                assert_eq!((s.key, s.link, s.thread, s.told, s.passed), (key, n, threads, Id(told), told));
                assert_eq!((s.mention.lang.as_str(), s.mention.mood), ("de", Mood::Unknown));
                assert_eq!((s.mention.reach, s.mention.topics.len()), (Some(n), 1));
                assert_eq!(Stored::decode(&codec::encode(&s).unwrap()), Ok(s));
            }
        }
    }
}
