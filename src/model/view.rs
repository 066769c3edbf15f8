//! A part of the stream that somebody wants at hand: a filter and the states it looks at.

use super::State;
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
}
