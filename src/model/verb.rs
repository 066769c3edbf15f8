//! THE table of what people do. Each verb has one name, which the terminal, the command line, the log and
//! the documents share; the engine checks every one of them in one place.

use super::outgoing::SendAs;
use super::{Id, Key, Mood, MuteKey, MuteKind, Stamp};
use serde::{Deserialize, Serialize};

/// What somebody may do; each role includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Read,
    Draft,
    Send,
    Moderate,
    Admin,
}

impl Role {
    /// From the least to the most.
    pub const ALL: [Role; 5] = [Role::Read, Role::Draft, Role::Send, Role::Moderate, Role::Admin];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Draft => "draft",
            Role::Send => "send",
            Role::Moderate => "moderate",
            Role::Admin => "admin",
        }
    }
}

/// A row of the table.
pub struct VerbSpec {
    pub name: &'static str,
    /// For the status line: "37 marked: done".
    pub past: &'static str,
    pub help: &'static str,
    pub role: Role,
    pub undoable: bool,
}

const fn row(
    name: &'static str,
    past: &'static str,
    help: &'static str,
    role: Role,
    undoable: bool,
) -> VerbSpec {
    VerbSpec { name, past, help, role, undoable }
}

/// All verbs.
pub const VERBS: &[VerbSpec] = &[
    row("done", "done", "it needs nothing more", Role::Draft, true),
    row("inbox", "back in the inbox", "put it back into the inbox", Role::Draft, true),
    row("snooze", "snoozed", "away until a time, or until they reply", Role::Draft, true),
    row("claim", "claimed", "it is mine to answer, if nobody was quicker", Role::Draft, true),
    row("assign", "assigned", "give it to somebody, or to nobody", Role::Draft, true),
    row("tag", "tagged", "add or remove a tag", Role::Draft, true),
    row("note", "noted", "add a private note", Role::Draft, true),
    row("read", "read", "read or unread, for me alone", Role::Read, true),
    row("vip", "VIP", "put the author on the watch list, or off it", Role::Draft, true),
    row("answered", "answered", "record where the answer was posted", Role::Send, true),
    row("discard", "put aside", "put a draft aside, or bring it back", Role::Draft, true),
    row(
        "submit",
        "given for approval",
        "finish a draft: somebody with the role send looks at it",
        Role::Draft,
        true,
    ),
    row("approve", "approved", "a colleague's draft may be posted as it stands", Role::Send, true),
    row("return", "returned", "give a draft back to its writer, with a reason", Role::Send, true),
    row(
        "send",
        "let go",
        "let a draft go to its network; u calls it back before it leaves",
        Role::Draft,
        true,
    ),
    row("recall", "called back", "call a draft back before it leaves", Role::Draft, false),
    row("split", "split off", "take it out of a story that it is no part of", Role::Draft, true),
    row("pause", "paused", "stop asking a source for a while, or go on", Role::Admin, true),
    row(
        "mute",
        "muted",
        "keep it, or what its author, site or community says, out of the inbox",
        Role::Draft,
        true,
    ),
    row("unmute", "lifted: what comes next is let in", "let in again what was muted", Role::Draft, true),
    row("mood", "mood corrected", "say what its mood is, or leave that to its words", Role::Draft, true),
    row("like", "marked", "more or less of such mentions: it teaches what is put first", Role::Draft, true),
    row("wipe", "wiped", "erase the text for good", Role::Moderate, false),
    row("forget", "forgotten", "erase all texts and notes of a person", Role::Admin, false),
];

/// What a person asks to be done to mentions, people or drafts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verb {
    Done,
    Inbox,
    /// Until a time, or until they reply.
    Snooze(Option<Stamp>),
    /// Mine, where it still is whose this terminal showed it to be.
    Claim(Option<String>),
    Assign(Option<String>),
    Tag {
        tag: String,
        on: bool,
    },
    Note(String),
    Read(bool),
    Vip(bool),
    Answered(String),
    Discard(bool),
    Submit,
    /// Of the text that was saved at this time and no later one.
    Approve(Stamp),
    /// With a reason.
    Return(String),
    /// To its network, as somebody and to whom.
    Send(Box<SendAs>),
    /// Back from its way, before it leaves.
    Recall,
    Pause(bool),
    Wipe,
    Forget,
    /// Out of the story that it was counted to, for good.
    Split,
    /// What the mention belongs to stays out of the inbox, or always enters it.
    Mute {
        kind: MuteKind,
        until: Option<Stamp>,
        allow: bool,
    },
    Unmute(MuteKey),
    /// What its mood is; `None` leaves that to its words.
    Mood(Option<Mood>),
    /// More of such, less of such, or neither.
    Like(Option<bool>),
}

impl Verb {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Verb::Done => "done",
            Verb::Inbox => "inbox",
            Verb::Snooze(_) => "snooze",
            Verb::Claim(_) => "claim",
            Verb::Submit => "submit",
            Verb::Approve(_) => "approve",
            Verb::Return(_) => "return",
            Verb::Send(_) => "send",
            Verb::Recall => "recall",
            Verb::Assign(_) => "assign",
            Verb::Tag { .. } => "tag",
            Verb::Note(_) => "note",
            Verb::Read(_) => "read",
            Verb::Vip(_) => "vip",
            Verb::Answered(_) => "answered",
            Verb::Discard(_) => "discard",
            Verb::Pause(_) => "pause",
            Verb::Wipe => "wipe",
            Verb::Forget => "forget",
            Verb::Split => "split",
            Verb::Mute { .. } => "mute",
            Verb::Unmute(_) => "unmute",
            Verb::Mood(_) => "mood",
            Verb::Like(_) => "like",
        }
    }

    /// A snooze in words: "tomorrow", "fri 9", or "reply" for until they reply.
    ///
    /// # Errors
    /// If that is no time to come.
    pub fn snooze(words: &str, now: Stamp) -> Result<Verb, String> {
        match words.trim() {
            "r" | "reply" => Ok(Verb::Snooze(None)),
            t => super::time::parse_when(t, now).map(|t| Verb::Snooze(Some(t))),
        }
    }

    /// What is said when it was done: "snoozed until fri 09:00", "released".
    #[must_use]
    pub fn said(&self, now: Stamp) -> String {
        match self {
            Verb::Snooze(None) => "snoozed until they reply".into(),
            Verb::Claim(Some(from)) => format!("taken over from {from}"),
            Verb::Snooze(Some(t)) => format!("snoozed until {}", t.local_short(now)),
            Verb::Assign(None) => "released".into(),
            Verb::Assign(Some(w)) => format!("assigned to {w}"),
            Verb::Tag { tag, on } => format!("{} #{tag}", if *on { "tagged" } else { "untagged" }),
            Verb::Read(false) => "unread".into(),
            Verb::Vip(false) => "off the watch list".into(),
            Verb::Vip(true) => "on the watch list".into(),
            Verb::Discard(false) => "brought back".into(),
            Verb::Pause(false) => "asked again from now on".into(),
            Verb::Mute { kind, until, allow } => {
                let what = if *allow { "always let in" } else { "muted" };
                let until = until.map_or("for ever".into(), |t| format!("until {}", t.local_short(now)));
                format!("{} {what} {until}", kind.word())
            }
            Verb::Mood(Some(super::Mood::Unknown)) => "mood: unclear".into(),
            Verb::Mood(Some(m)) => format!("mood: {}", m.said()),
            Verb::Mood(None) => "mood: as its words suggest".into(),
            Verb::Like(Some(true)) => "more like this".into(),
            Verb::Like(Some(false)) => "less like this".into(),
            Verb::Like(None) => "neither more nor less like this".into(),
            v => v.spec().past.into(),
        }
    }

    /// The row of the table; every variant has one (tested).
    #[must_use]
    pub fn spec(&self) -> &'static VerbSpec {
        VERBS.iter().find(|v| v.name == self.name()).unwrap_or(&VERBS[0])
    }
}

/// What a verb is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Targets {
    Mentions(Vec<Key>),
    /// All tellings of a story.
    Story(Id),
    /// Mentions, and all tellings of stories.
    Rows(Vec<Key>, Vec<Id>),
    People(Vec<Id>),
    Drafts(Vec<Id>),
    Source(String),
}

/// What a verb did.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Applied {
    /// The log entry; 0 if nothing changed.
    pub seq: u64,
    pub verb: String,
    /// Targets that changed.
    pub changed: u32,
    /// Targets that were so already, or that somebody changed since.
    pub skipped: u32,
    /// The mentions that changed.
    pub keys: Vec<Key>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_its_own_row() {
        let all = [
            Verb::Done,
            Verb::Inbox,
            Verb::Snooze(None),
            Verb::Claim(None),
            Verb::Submit,
            Verb::Approve(Stamp(0)),
            Verb::Return(String::new()),
            Verb::Send(Box::default()),
            Verb::Recall,
            Verb::Assign(None),
            Verb::Tag { tag: String::new(), on: true },
            Verb::Note(String::new()),
            Verb::Read(true),
            Verb::Vip(true),
            Verb::Answered(String::new()),
            Verb::Discard(true),
            Verb::Pause(true),
            Verb::Wipe,
            Verb::Forget,
            Verb::Split,
            Verb::Mute { kind: MuteKind::Author, until: None, allow: false },
            Verb::Unmute(MuteKey { kind: MuteKind::Author, hash: 1 }),
            Verb::Mood(None),
            Verb::Like(None),
        ];
        assert_eq!(all.len(), VERBS.len());
        for v in all {
            assert_eq!(v.spec().name, v.name());
        }
    }
}
