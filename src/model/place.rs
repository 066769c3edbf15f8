//! Where we stand in what a network tells, and what of it we could not hear: plain data that the store keeps.

use super::{Stamp, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where we stand with a network that is asked by cursor: small words under names that the network's file chose.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Place(BTreeMap<String, String>);

/// Bytes of a place at most; a server that hands out more is not believed.
const PLACE_MAX: usize = 16 << 10;

impl Place {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// As a number; 0 if there is none.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    /// Too long a word is left out: then that part begins anew.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if value.len() <= PLACE_MAX {
            self.0.insert(name.to_owned(), value);
        } else {
            self.0.remove(name);
        }
    }

    /// With one more word.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Place {
        self.set(name, value);
        self
    }

    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every word with its name.
    pub fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// Why a source does not tell us everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Narrowing {
    /// The network gives so many and no more.
    Capped,
    /// It gives a part by its own choice.
    Sampled,
    /// It is closed to us, as a whole or in a part.
    Closed,
    /// We hear a part of each thing only.
    Partial,
}

impl Narrowing {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Narrowing::Capped => "capped",
            Narrowing::Sampled => "sampled",
            Narrowing::Closed => "closed",
            Narrowing::Partial => "partial",
        }
    }
}

/// One thing that cannot be heard at a source, and since when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limit {
    pub kind: Narrowing,
    pub words: Text,
    pub since: Stamp,
}

/// A time of which something was not heard and cannot be made up for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lost {
    pub from: Stamp,
    pub to: Stamp,
    pub why: Text,
}

/// What a source told in all, and what it could not.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Things that went by, each counted once.
    pub seen: u64,
    /// Of these, those that were looked at closely because a topic might want them.
    pub weighed: u64,
    pub limits: Vec<Limit>,
    pub lost: Vec<Lost>,
    /// Times that a stream was begun.
    pub connected: u64,
    /// A stream is open now, since then.
    pub open_since: Option<Stamp>,
    /// Calls that the last whole poll took.
    pub calls: u32,
}

/// What a poll or a stream adds to a place and a ledger: two may be under way at one source, and neither takes
/// back what the other said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Words of the place that changed; `None` for one that is gone.
    pub words: Vec<(String, Option<String>)>,
    pub seen: u64,
    pub weighed: u64,
    pub connected: u64,
    /// Calls that a whole poll took.
    pub calls: Option<u32>,
    pub limits: Option<Vec<(Narrowing, Text)>>,
    pub lost: Vec<Lost>,
    /// A stream was opened then, or is not open any more.
    pub open_since: Option<Option<Stamp>>,
}

impl Place {
    /// The words that differ from what was here before.
    #[must_use]
    pub fn changes(&self, before: &Place) -> Vec<(String, Option<String>)> {
        let new = self.0.iter().filter(|(k, v)| before.0.get(*k) != Some(*v));
        let gone = before.0.keys().filter(|k| !self.0.contains_key(*k));
        new.map(|(k, v)| (k.clone(), Some(v.clone()))).chain(gone.map(|k| (k.clone(), None))).collect()
    }

    pub fn apply(&mut self, changes: &[(String, Option<String>)]) {
        for (k, v) in changes {
            match v {
                Some(v) => self.set(k, v.clone()),
                None => self.forget(k),
            }
        }
    }
}

impl Ledger {
    /// Takes in what a poll or a stream added.
    pub fn add(&mut self, p: &Progress, now: Stamp) {
        self.seen += p.seen;
        self.weighed += p.weighed;
        self.connected += p.connected;
        self.calls = p.calls.unwrap_or(self.calls);
        if let Some(l) = &p.limits {
            self.narrow(now, l);
        }
        p.lost.iter().cloned().for_each(|l| self.lose(l));
        self.open_since = p.open_since.unwrap_or(self.open_since);
    }
}

/// Times lost that are remembered.
const LOST_MAX: usize = 20;

impl Ledger {
    /// What cannot be heard, as it stands now; what stood before keeps its beginning.
    pub fn narrow(&mut self, now: Stamp, limits: &[(Narrowing, Text)]) {
        let before = std::mem::take(&mut self.limits);
        self.limits = limits
            .iter()
            .map(|(kind, words)| {
                let was = before.iter().find(|l| l.kind == *kind && l.words == *words);
                Limit { kind: *kind, words: words.clone(), since: was.map_or(now, |l| l.since) }
            })
            .collect();
    }

    /// Something of this time is lost; the same cause right after is the same loss.
    pub fn lose(&mut self, lost: Lost) {
        if let Some(last) = self.lost.last_mut().filter(|l| l.why == lost.why && l.to >= lost.from) {
            last.to = last.to.max(lost.to);
            return;
        }
        self.lost.push(lost);
        if self.lost.len() > LOST_MAX {
            self.lost.remove(0);
        }
    }
}

/// What a network told of one of its communities: an instance, a forum's category, a room, a wiki, a list.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Community {
    pub network: String,
    /// As mentions name it.
    pub name: Text,
    pub title: Text,
    pub url: Text,
    pub about: Text,
    /// Its rules as it publishes them; empty if it publishes none.
    pub rules: Text,
    pub rules_url: Text,
    /// Members, with what the network counts: "12,000 members", "340 monthly active".
    pub members: Option<(u64, String)>,
    /// When it told so.
    pub told_at: Stamp,
    /// When its rules were first seen as they are now.
    pub rules_since: Stamp,
}

/// Who we are on a network, as it told.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Stable there.
    pub native: Text,
    pub handle: Text,
    /// "trust level 1", "limited by its moderators", "since 2024-05-01 · 120 followers".
    pub words: Text,
    /// Something that should be looked at: limited, silenced, suspended.
    pub wrong: bool,
    pub told_at: Stamp,
    /// What our profile says there, which may be nothing; `None` where nobody told.
    pub profile: Option<Text>,
    /// So long a text may be, and so much of it each address counts, where the server told.
    pub most: Option<u32>,
    pub link: Option<u32>,
}

/// What is left of a budget.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    /// "requests", "search requests", "points".
    pub unit: String,
    pub left: u64,
    pub of: u64,
    /// When it is full again.
    pub resets: Stamp,
    /// The network said so; else it is what its documents say.
    pub told: bool,
}

impl Budget {
    /// "287 of 300 requests until 14:05".
    #[must_use]
    pub fn words(&self, now: Stamp) -> String {
        if self.resets <= now {
            return format!("{} of {} {}", self.of, self.of, self.unit);
        }
        format!("{} of {} {} until {}", self.left, self.of, self.unit, self.resets.local_short(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_keeps_the_beginning_of_what_goes_on() {
        let mut l = Ledger::default();
        let capped = (Narrowing::Capped, Text::ours("1,000 hits"));
        l.narrow(Stamp(1), std::slice::from_ref(&capped));
        l.narrow(Stamp(2), &[(Narrowing::Closed, Text::ours("no login")), capped]);
        assert_eq!(l.limits.iter().map(|l| l.since.0).collect::<Vec<_>>(), [2, 1]);
        l.narrow(Stamp(3), &[]);
        assert!(l.limits.is_empty());
        let lost = |from, to| Lost { from: Stamp(from), to: Stamp(to), why: Text::ours("cut") };
        l.lose(lost(1, 5));
        l.lose(lost(5, 9));
        l.lose(lost(20, 30));
        assert_eq!(l.lost, [lost(1, 9), lost(20, 30)]);
    }

    #[test]
    fn a_place_holds_small_words_alone() {
        let mut p = Place::default().with("a", "12");
        assert_eq!((p.get("a"), p.number("a"), p.number("b")), (Some("12"), 12, 0));
        p.set("a", "x".repeat(PLACE_MAX + 1));
        assert!(p.is_empty());
    }
}
