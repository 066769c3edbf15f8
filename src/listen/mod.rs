//! Listening: when a source is asked, what its answer means, which topics a thing matches, how the source is.
//! Returns arrivals for the store and says nothing to it itself.

mod ask;
mod files;
mod full;
mod health;
mod lang;
mod lines;
mod mood;
mod network;
mod poll;
mod schedule;
mod sieve;
mod stream;
mod topics;

pub use ask::header_of;
pub use health::{Said, note_failure, note_success, note_time_passed, rhythm};
pub use lang::detect as language;
pub use lines::{Done, LineError, ParsedLine, parse_done, parse_line};
pub use mood::of as mood;
pub use network::received;
pub use poll::{Polled, Poller, Report, incoming, longest, poll};
pub use schedule::{Wish, next_poll};
pub use stream::{Batch, Opened, Streamer};
pub use topics::Topics;

use crate::account::Way;
use crate::net::{Limits, Origin, SecretFrom};
use crate::networks::{Network, Options, SettingKind};
use std::path::PathBuf;
use std::sync::Arc;

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
    Feed {
        url: String,
    },
    Command {
        argv: Vec<String>,
    },
    /// A network with a file of its own.
    Network {
        network: &'static dyn Network,
        server: String,
        options: Arc<Options>,
        account: Option<String>,
    },
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
    /// How its calls go out, where it is one of a network.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        let SourceKind::Network { network, server, options, account } = &self.kind else { return None };
        let mut allow = self.allow.clone();
        // Addresses among the settings are the operator's word, as the server is.
        let settings = network.declared().settings.iter().filter(|s| s.kind == SettingKind::Address);
        let named = settings.map(|s| options.text(s.key)).filter(|u| crate::net::names_private(u));
        allow.extend(
            named.filter_map(|u| Origin::of(&u.replacen("ws", "http", usize::from(u.starts_with("ws"))))),
        );
        Some(Way {
            network: *network,
            server: server.clone(),
            account: account.clone(),
            allow,
            ca: self.ca.clone(),
            proxy: self.proxy.clone(),
            limits: self.limits,
            answering: false,
        })
    }

    #[must_use]
    pub fn network(&self) -> &'static str {
        match self.kind {
            SourceKind::Feed { .. } => "feed",
            SourceKind::Command { .. } => "command",
            SourceKind::Network { network, .. } => network.declared().name,
        }
    }

    /// What is asked: an address or a program.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.kind {
            SourceKind::Feed { url } => url.clone(),
            SourceKind::Command { argv } => argv.join(" "),
            SourceKind::Network { server, options, .. } => {
                let words = options.words();
                match (server.is_empty(), words.is_empty()) {
                    (true, _) => words,
                    (_, true) => server.clone(),
                    _ => format!("{server} · {words}"),
                }
            }
        }
    }
}
