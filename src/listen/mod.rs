//! Listening: when a source is asked, what its answer means, which topics a thing matches, how the source is.
//! Returns arrivals for the store and says nothing to it itself.

mod ask;
mod full;
mod health;
mod lang;
mod lines;
mod mood;
mod poll;
mod schedule;
mod topics;

pub use ask::header_of;
pub use health::{Said, note_failure, note_success, note_time_passed, rhythm};
pub use lang::detect as language;
pub use lines::{Done, LineError, ParsedLine, parse_done, parse_line};
pub use mood::of as mood;
pub use poll::{Polled, Report, incoming, longest, poll};
pub use schedule::{Wish, next_poll};
pub use topics::Topics;

use crate::net::{Limits, Origin, SecretFrom};
use std::path::PathBuf;

/// A source, as the engine hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub id: String,
    pub kind: SourceKind,
    pub every_ms: i64,
    /// Ask exactly so often, whatever it publishes.
    pub exact: bool,
    /// Store only what matches.
    pub matches_only: bool,
    /// Topics by number; empty means all.
    pub topics: Vec<usize>,
    pub full: bool,
    pub login: Option<Login>,
    pub ca: Option<PathBuf>,
    pub proxy: Option<String>,
    pub allow: Vec<Origin>,
    pub class: String,
    pub limits: Limits,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Feed { url: String },
    Command { argv: Vec<String> },
}

/// A login by configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    Basic { user: String, password: SecretFrom },
    Header { name: String, value: SecretFrom },
}

impl Login {
    /// Where its secret lies.
    #[must_use]
    pub fn secret(&self) -> &SecretFrom {
        match self {
            Login::Basic { password: s, .. } | Login::Header { value: s, .. } => s,
        }
    }
}

impl Source {
    #[must_use]
    pub fn network(&self) -> &'static str {
        match self.kind {
            SourceKind::Feed { .. } => "feed",
            SourceKind::Command { .. } => "command",
        }
    }

    /// What is asked: an address or a program.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.kind {
            SourceKind::Feed { url } => url.clone(),
            SourceKind::Command { argv } => argv.join(" "),
        }
    }
}
