//! One file (or folder) per network, and one row in [`ALL`]: what it is, as data; how it is asked, what its answers
//! and its streams mean, as pure functions. Bytes in, items out. Nothing here waits: what is asked and when is
//! decided in `listen`, with whose keys in `account`, and how in `net`.
#![doc = include_str!("ADDING.md")]

mod bluesky;
pub mod call;
pub mod declare;
mod discourse;
pub mod feed;
mod hackernews;
mod keys;
pub mod login;
mod mail;
mod mastodon;
mod matrix;
pub mod options;
pub mod posts;
#[cfg(test)]
mod testing;
mod watch;
pub mod webhook;
mod wikimedia;

pub use call::{Answer, Call, Fact, Frame, Me, Method, Reading, Sieve, Spot, Stream, Told, Trouble};
pub use declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
pub use keys::Keys;
pub use mail::of_mbox;
pub use options::{Options, Value};
pub use posts::{
    Begins, Desk, File, Length, Once, POST, Post, Posting, REACT, Reaction, Said as PostSaid,
    Seen as PostSeen, Takes, core_of, same_words,
};

use crate::model::place::Narrowing;
#[cfg(test)]
use crate::model::place::Place;
use crate::model::{Id, Mention, Stamp, Text};

/// One thing that a network told, with its identity.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    /// A hash of what makes it this thing and no other: never of its content.
    pub identity: Id,
    pub mention: Mention,
    /// It speaks to us: a mention of our account, an answer to our post. It enters the inbox whatever topics say.
    pub to_us: bool,
}

impl Item {
    #[must_use]
    pub fn to_us(mut self) -> Item {
        self.to_us = true;
        self
    }
}

/// A network, as its file has it. Every function is pure.
pub trait Network: Sync {
    fn declared(&self) -> &'static Declaration;

    /// How something is posted there; `None` where it is handed off.
    fn posting(&self) -> Option<&'static dyn posts::Posting> {
        None
    }

    /// What is wrong with the settings of a source, beyond the form of each.
    ///
    /// # Errors
    /// A sentence that names the setting.
    fn check(&self, _o: &Options) -> Result<(), String> {
        Ok(())
    }

    /// What a source with these settings cannot hear by its nature.
    fn narrow(&self, _o: &Options) -> Vec<(Narrowing, Text)> {
        Vec::new()
    }

    /// What a poll asks first.
    fn begin(&self, at: &Spot<'_>) -> Vec<Call>;

    /// What an answer means. Called only for good answers, see [`Network::refused`].
    ///
    /// # Errors
    /// If it cannot be read, or says no in its own way.
    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble>;

    /// What is done where a call came to nothing and the poll can go on all the same; `None` where it cannot.
    fn instead(&self, _at: &Spot<'_>, _call: &Call, _t: &Trouble) -> Option<Told> {
        None
    }

    /// The stream of a source, if it has one.
    fn stream(&self, _at: &Spot<'_>) -> Option<Stream> {
        None
    }

    /// What a piece of a stream means; what no topic can want is dropped early.
    ///
    /// # Errors
    /// If the stream has to be begun anew.
    fn frame(&self, _at: &Spot<'_>, _f: Frame<'_>) -> Result<Told, Trouble> {
        Ok(Told::default())
    }

    /// Why an answer is none; `None` for a good one.
    fn refused(&self, a: &Answer, now: Stamp) -> Option<Trouble> {
        call::by_status(a, now, None)
    }

    /// The keys that a configured secret stands for: a token, or a password.
    fn keys_of(&self, _user: &str, secret: &str, _password: bool) -> Keys {
        Keys::default().with("token", secret)
    }

    /// The headers that show who we are.
    fn sign(&self, keys: &Keys, _call: &Call) -> Vec<(&'static str, String)> {
        keys.get("token").map(|t| ("authorization", format!("Bearer {t}"))).into_iter().collect()
    }

    /// How somebody gets keys.
    fn form(&self) -> login::Form {
        login::Form::Own
    }

    /// The next step of getting keys, where it has steps of its own; `None` for the usual ones.
    fn login(&self, _l: &mut login::Login, _said: login::Said<'_>) -> Option<Result<login::Step, Trouble>> {
        None
    }

    /// True if our keys for `server` may be shown at this other address, too (a stream on a host of its own).
    fn trusts(&self, _server: &str, _url: &str) -> bool {
        false
    }

    /// What has to be asked before these keys open anything; `expired`: a session was refused as over.
    fn session(&self, _server: &str, _keys: &Keys, _expired: bool) -> Option<Call> {
        None
    }

    /// What the answer to [`Network::session`] gave: better keys, and a further call where that is not all.
    ///
    /// # Errors
    /// If it refuses us.
    fn opened(&self, _keys: &Keys, _call: &Call, _a: &Answer) -> Result<(Keys, Option<Call>), Trouble> {
        Err(Trouble::Refused(Text::ours("this network has no sessions")))
    }

    /// What an answer's headers say of budgets.
    fn budgets(&self, _a: &Answer, _now: Stamp) -> Vec<Reading> {
        Vec::new()
    }
}

impl std::fmt::Debug for dyn Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.declared().name)
    }
}

impl PartialEq for dyn Network {
    fn eq(&self, other: &dyn Network) -> bool {
        self.declared().name == other.declared().name
    }
}

impl Eq for dyn Network {}

/// Every network that is asked by calls and streams.
pub const ALL: &[&dyn Network] = &[
    &hackernews::HackerNews,
    &mastodon::Mastodon,
    &bluesky::Bluesky,
    &wikimedia::Wikimedia,
    &matrix::Matrix,
    &discourse::Discourse,
    &mail::Mail,
    &webhook::Webhook,
];

/// By the name that the configuration uses.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Network> {
    ALL.iter().copied().find(|n| n.declared().name == name)
}

/// The networks that are heard in ways of their own, so that every one has a policy: feeds and programs.
pub static OTHERS: &[Declaration] = &[
    Declaration {
        name: "feed",
        title: "Feeds (RSS, Atom, JSON Feed)",
        heard: &[Way::Poll],
        servers: Servers::None,
        contact: false,
        can: Can { threads: true, ..Can::NOTHING },
        limits: &[],
        identity: "the name of the author within the site",
        policy: Policy {
            store: Leave::Yes,
            keep_days: None,
            link_identities: Leave::Yes,
            private_messages: Leave::No,
            delete_with_source: false,
            machine_posts: Leave::No,
            link: "https://www.rssboard.org/rss-specification",
            read_on: "2026-11-21",
        },
        door: Door::Optional,
        reach: "",
        settings: &[],
        hand_off: true,
    },
    Declaration {
        name: "command",
        title: "A program of your own",
        heard: &[Way::Poll],
        servers: Servers::None,
        contact: false,
        can: Can { threads: true, ..Can::NOTHING },
        limits: &[],
        identity: "what the program says",
        policy: Policy {
            store: Leave::If("what it reads from allows it"),
            keep_days: None,
            link_identities: Leave::If("what it reads from allows it"),
            private_messages: Leave::No,
            delete_with_source: false,
            machine_posts: Leave::No,
            link: "",
            read_on: "2026-11-21",
        },
        door: Door::Open,
        reach: "",
        settings: &[],
        hand_off: true,
    },
];

/// What every network is, of whatever kind.
pub fn declarations() -> impl Iterator<Item = &'static Declaration> {
    OTHERS.iter().chain(ALL.iter().map(|n| n.declared()))
}

#[cfg(test)]
mod table {
    use super::*;

    /// What a network declares is whole, and the table has each once.
    #[test]
    fn every_declaration_is_whole() {
        let mut names = Vec::new();
        for d in declarations() {
            assert!(!names.contains(&d.name), "{} twice", d.name);
            names.push(d.name);
            assert!(!d.title.is_empty() && !d.identity.is_empty() && !d.heard.is_empty(), "{}", d.name);
            assert!(d.policy.link.starts_with("https://") || d.name == "command", "{}", d.name);
            assert!(Stamp::parse_rfc3339(&format!("{}T00:00:00Z", d.policy.read_on)).is_ok(), "{}", d.name);
            assert!(d.settings.iter().all(|s| !s.help.is_empty()), "{}", d.name);
            assert!(!d.can.reply || !d.hand_off, "{}: it answers, and does not", d.name);
        }
        assert_eq!(names.len(), 10);
        for n in ALL {
            let d = n.declared();
            assert_eq!(n.posting().is_some(), d.can.reply, "{}: it answers, and nothing posts", d.name);
        }
    }
}
