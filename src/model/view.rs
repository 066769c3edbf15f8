//! A part of the stream that somebody wants at hand: a filter and the states it looks at.

use super::{Objective, Stamp, State};
use serde::{Deserialize, Serialize};

/// A saved look at the stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    pub name: String,
    /// In the query language; empty for all.
    pub filter: String,
    pub states: Vec<State>,
}

impl View {
    /// How files and people name what it looks at.
    #[must_use]
    pub fn state_word(&self) -> &'static str {
        match self.states.as_slice() {
            [one] => one.word(),
            _ => "all",
        }
    }
}

/// A rule, as front ends show it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RuleView {
    pub name: String,
    /// The query that it is about.
    pub when: String,
    /// `tag bug`, `done` …
    pub acts: Vec<String>,
    /// How many of those that were looked at it fits; `None` if none were.
    pub fits: Option<u64>,
    pub of: u64,
    /// Why it was not applied last, if it was not.
    pub error: Option<String>,
}

impl RuleView {
    /// In one line, as it can be typed: `query -> tag bug, done`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} -> {}", self.when, self.acts.join(", "))
    }
}

/// A topic, as front ends show it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TopicView {
    pub name: String,
    /// As it is written.
    pub query: String,
    /// `us`, `market` or `competitor:NAME`.
    pub about: String,
    /// It stands in the team's file, and may be changed from a terminal.
    pub team: bool,
    pub objective: Objective,
    /// A part of queries, `set:NAME`, that is not listened for by itself.
    pub set: bool,
}

/// A topic or a set, as somebody wants it to be.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TopicEdit {
    pub name: String,
    pub query: String,
    /// `None` leaves it as it is.
    pub objective: Option<Objective>,
    pub set: bool,
}

/// A way to reach people who are not attached, as front ends show it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AlertView {
    pub name: String,
    /// How and whom: "mail to ana@acme.example".
    pub by: String,
    /// Mentions that are to be told, and when.
    pub waiting: u64,
    pub next: Option<Stamp>,
    /// Why it failed last, if it did.
    pub error: Option<String>,
}
