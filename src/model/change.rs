//! What the log holds: one entry per verb, with what changed from what to what. Undo is the entry read
//! backwards; a rebuild is all entries read forwards. Free text is only pointed at, so that it can be erased.

use super::{Id, Key, Mood, Mute, MuteKey, Stage, Stamp, State, Text};
use serde::{Deserialize, Serialize};

/// What a change is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Target {
    Mention(Key),
    Person(Id),
    Draft(Id),
    Source(String),
    /// Something of the team's files: `topic NAME`, `view NAME`.
    Team(String),
    Mute(MuteKey),
}

/// A value of one field; `from` and `to` of a change are of the same form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Value {
    State(State, Option<Stamp>),
    Assignee(Option<String>),
    /// A tag is on or off.
    Tag(String, bool),
    /// The note with this text id stands or not.
    Note(Id, bool),
    /// Read by the person of the entry.
    Read(bool),
    Vip(bool),
    /// Where our answer stands.
    Answered(Option<Text>),
    /// A draft was put aside.
    Discarded(bool),
    Paused(bool),
    /// The text was wiped. Never undone.
    Wiped,
    /// The story it is counted to; `None` after it was split off.
    Story(Option<Id>),
    /// How far a draft is.
    Stage(Stage),
    /// What stands in a file of the team's; `None` for nothing.
    Words(Option<String>),
    Muted(Option<Mute>),
    /// What one of us said of the mood; `None` for what the words suggest.
    Mood(Option<Mood>),
    /// More or less of such.
    Liked(Option<bool>),
    /// Whether a topic counts it as its own, and the spans that make it so: `(in title?, start, end)` in characters.
    Topic(String, Option<Vec<(bool, u32, u32)>>),
}

impl Value {
    /// As the log prints it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Value::State(State::Snoozed, None) => "snoozed until they reply".into(),
            Value::State(s, None) => s.word().into(),
            Value::State(s, Some(t)) => format!("{} until {}", s.word(), t.rfc3339()),
            Value::Assignee(a) => a.clone().unwrap_or_else(|| "nobody".into()),
            Value::Tag(t, on) => format!("{}{t}", if *on { "+" } else { "-" }),
            Value::Note(id, on) => format!("{}note {id}", if *on { "+" } else { "-" }),
            Value::Read(r) => if *r { "read" } else { "unread" }.into(),
            Value::Vip(v) => if *v { "VIP" } else { "not VIP" }.into(),
            Value::Answered(u) => u.as_ref().map_or("not answered".into(), |u| format!("answered at {u}")),
            Value::Discarded(d) => if *d { "put aside" } else { "kept" }.into(),
            Value::Paused(p) => if *p { "paused" } else { "running" }.into(),
            Value::Wiped => "wiped".into(),
            Value::Story(Some(id)) => format!("in story {id}"),
            Value::Story(None) => "on its own".into(),
            Value::Stage(s) => s.words(),
            Value::Muted(None) => "not muted".into(),
            Value::Muted(Some(m)) => m.words(m.at),
            Value::Mood(m) => m.map_or("mood as the words suggest".into(), |m| format!("mood {}", m.said())),
            Value::Liked(None) => "neither more nor less of it".into(),
            Value::Liked(Some(m)) => if *m { "more like this" } else { "less like this" }.into(),
            Value::Topic(t, on) => format!("{}topic {t}", if on.is_some() { "+" } else { "-" }),
            Value::Words(w) => w.clone().unwrap_or_else(|| "nothing".into()),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    pub target: Target,
    pub from: Value,
    pub to: Value,
}

/// Why an entry was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// A person asked for it.
    Asked,
    /// An undo of the entry with this number.
    Undo(u64),
    /// A redo of the entry with this number.
    Redo(u64),
    /// The clock: a snooze ended.
    Clock,
    /// The source removed it, or a rule did something.
    Source,
    /// It came along with something else, as reading does with opening: no step of anybody's undo.
    Along,
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 without a hole.
    pub seq: u64,
    pub at: Stamp,
    /// The Unix user, or `hearken` for the clock.
    pub who: String,
    pub uid: u32,
    pub verb: String,
    pub changes: Vec<Change>,
    pub cause: Cause,
}

impl Entry {
    /// What an undo of this entry has to do; `None` if it holds something that cannot be undone.
    #[must_use]
    pub fn inverse(&self) -> Option<Vec<Change>> {
        let back = |c: &Change| {
            (c.to != Value::Wiped).then(|| Change {
                target: c.target.clone(),
                from: c.to.clone(),
                to: c.from.clone(),
            })
        };
        self.changes.iter().rev().map(back).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wipe_has_no_inverse_and_others_turn_round() {
        let t = Target::Person(Id(1));
        let mut e = Entry {
            seq: 1,
            at: Stamp(0),
            who: "ana".into(),
            uid: 0,
            verb: "vip".into(),
            changes: vec![Change { target: t.clone(), from: Value::Vip(false), to: Value::Vip(true) }],
            cause: Cause::Asked,
        };
        let back = e.inverse().unwrap();
        assert_eq!((&back[0].from, &back[0].to), (&Value::Vip(true), &Value::Vip(false)));
        e.changes.push(Change { target: t, from: Value::Wiped, to: Value::Wiped });
        assert_eq!(e.inverse(), None);
    }
}
