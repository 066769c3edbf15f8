//! What is not to enter the inbox for a while, or always is to: a discussion, an author, a story, a site, a community.

use super::{Id, Key, Mention, Stamp, Text, hash64};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum MuteKind {
    Thread,
    Author,
    Story,
    Site,
    Community,
}

impl MuteKind {
    pub const ALL: [MuteKind; 5] =
        [MuteKind::Thread, MuteKind::Author, MuteKind::Story, MuteKind::Site, MuteKind::Community];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MuteKind::Thread => "thread",
            MuteKind::Author => "author",
            MuteKind::Story => "story",
            MuteKind::Site => "site",
            MuteKind::Community => "community",
        }
    }
}

/// What is muted: its kind and a hash; the name of it stands in the mention that it was muted at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MuteKey {
    pub kind: MuteKind,
    pub hash: u64,
}

impl std::fmt::Display for MuteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.kind.word(), Id(self.hash))
    }
}

impl MuteKey {
    /// As it is printed.
    #[must_use]
    pub fn parse(s: &str) -> Option<MuteKey> {
        let (kind, id) = s.split_once('-')?;
        let kind = MuteKind::ALL.into_iter().find(|k| k.word() == kind)?;
        let (a, b) = Id::prefix_range(id)?;
        (a == b).then_some(MuteKey { kind, hash: a.0 })
    }

    /// What of a mention can be told from what was published.
    #[must_use]
    pub fn of_mention(m: &Mention) -> Vec<MuteKey> {
        let author = m.author.key();
        let host = host(&m.url);
        let mut all = Vec::new();
        let mut add = |kind, hash| all.push(MuteKey { kind, hash });
        if author != 0 {
            add(MuteKind::Author, author);
        }
        if let Some(h) = host {
            add(MuteKind::Site, hash64(&["site", &h]));
        }
        if !m.community.is_empty() {
            add(MuteKind::Community, hash64(&["community", &m.network, &m.community.to_lowercase()]));
        }
        all
    }
}

impl MuteKind {
    /// What finds mentions of something that is named: an author, a site or a community; `None` for what has no name.
    #[must_use]
    pub fn filter(self, name: &str) -> Option<String> {
        let quoted = name.replace(['"', '\\'], " ");
        let name = quoted.trim();
        match self {
            _ if name.is_empty() => None,
            MuteKind::Author if name.starts_with('@') => Some(format!("author:\"{name}\"")),
            MuteKind::Author => Some(format!("author:\"@{name}\" OR author:\"{name}\"")),
            MuteKind::Site => Some(format!("site:\"{name}\"")),
            MuteKind::Community => Some(format!("community:\"{name}\"")),
            MuteKind::Thread | MuteKind::Story => None,
        }
    }

    /// True if a mention belongs to what has this name, and not only to something like it.
    #[must_use]
    pub fn names(self, name: &str, m: &Mention) -> bool {
        let low = |s: &str| s.trim().trim_start_matches('@').to_lowercase();
        let name = low(name);
        match self {
            MuteKind::Author => low(&m.author.name) == name || low(&m.author.native) == name,
            MuteKind::Site => host(&m.url).is_some_and(|h| h == name.trim_start_matches("www.")),
            MuteKind::Community => low(&m.community) == name,
            MuteKind::Thread | MuteKind::Story => false,
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<MuteKind> {
        MuteKind::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// The host of an address, without `www.`.
#[must_use]
pub fn host(url: &str) -> Option<String> {
    let h = url.split("://").nth(1)?.split(['/', '?', '#']).next()?.to_lowercase();
    let h = h.strip_prefix("www.").unwrap_or(&h).to_owned();
    (!h.is_empty()).then_some(h)
}

/// A mute, or its opposite.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mute {
    /// `None`: for ever.
    pub until: Option<Stamp>,
    pub by: String,
    pub at: Stamp,
    /// The mention that it was asked at.
    pub about: Key,
    /// It always enters the inbox, rather than never.
    pub allow: bool,
}

impl Mute {
    #[must_use]
    pub fn is_active(&self, now: Stamp) -> bool {
        self.until.is_none_or(|t| t > now)
    }

    /// "muted for ever", "always let in until fri 09:00".
    #[must_use]
    pub fn words(&self, now: Stamp) -> String {
        let what = if self.allow { "always let in" } else { "muted" };
        match self.until {
            None => format!("{what} for ever"),
            Some(t) => format!("{what} until {}", t.local_short(now)),
        }
    }
}

/// A mute as it is listed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MuteView {
    pub key: MuteKey,
    /// The name of what is muted.
    pub label: Text,
    pub mute: Mute,
}
