//! A mention: one thing that somebody published and that we heard. What people do with it is not in here
//! (see `item`); what its source later changed in it is a revision.

use super::{Mood, Stamp, Text};
use serde::{Deserialize, Serialize};

/// The class of what was taken up, where a source names none.
pub const MAIN_CLASS: &str = "main";
/// The class of retention of what was kept but matched nothing.
pub const HEARD_CLASS: &str = "heard";

/// What kind of thing was published.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Post,
    Comment,
    Review,
    Video,
    Edit,
    Chat,
    Mail,
    /// Something new of ours: it answers nothing.
    Own,
}

impl Kind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Post => "post",
            Kind::Comment => "comment",
            Kind::Review => "review",
            Kind::Video => "video",
            Kind::Edit => "edit",
            Kind::Chat => "chat",
            Kind::Mail => "mail",
            Kind::Own => "own",
        }
    }
}

/// How far the time of a mention can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeNote {
    /// The source gave a time that makes sense.
    #[default]
    Given,
    /// The source gave none: the time of hearing stands in.
    Missing,
    /// The source gave a future time: the time of hearing stands in.
    Future,
    /// The source gave something that is no time.
    Impossible,
}

/// Who published it, as the network names them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Author {
    /// The name to show; empty if the source names nobody.
    pub name: Text,
    /// The scope in which the name is unique: the site for feeds, network and instance elsewhere.
    pub scope: Text,
    /// Stable within the scope: a handle, an account number, else the folded name.
    pub native: Text,
}

impl Author {
    /// The person's key: a hash of scope and native id. 0 if nobody is named.
    #[must_use]
    pub fn key(&self) -> u64 {
        if self.native.is_empty() { 0 } else { super::hash64(&["person", &self.scope, &self.native]) }
    }
}

/// A topic that matched, with the spans that made it match.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TopicHit {
    pub topic: String,
    /// `(in title?, start, end)` in characters, half open.
    pub spans: Vec<(bool, u32, u32)>,
}

/// What was heard. Every field that came from outside is clean.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Mention {
    /// The id that the network gave it (a feed's guid), else empty.
    pub native_id: Text,
    /// The id of the source in the configuration, or `import:NAME`, or `added`.
    pub source: String,
    pub network: String,
    /// Where on the network: for feeds the host of the site.
    pub community: Text,
    pub kind: Kind,
    /// http or https only; empty if there is none.
    pub url: Text,
    pub title: Text,
    pub text: Text,
    /// The text was longer than what is kept.
    pub cut: bool,
    pub author: Author,
    /// When it was published, as far as known; see `time_note`.
    pub at: Stamp,
    pub time_note: TimeNote,
    pub heard_at: Stamp,
    /// Two letters, or empty where unknown.
    pub lang: String,
    /// The native id or address of what it answers; empty if nothing.
    pub parent: Text,
    /// The address of the discussion it belongs to; empty if unknown.
    pub thread: Text,
    /// Readers, followers, views: the raw number of the network.
    pub reach: Option<u64>,
    pub visibility: Option<String>,
    /// Addresses that the text links to (at most 32).
    pub links: Vec<Text>,
    pub topics: Vec<TopicHit>,
    /// What its words suggest.
    #[serde(default)]
    pub mood: Mood,
}

impl Mention {
    /// One line that stands for it: the title, else the beginning of the text.
    #[must_use]
    pub fn headline(&self) -> &str {
        if self.title.is_empty() { self.text.lines().next().unwrap_or("") } else { &self.title }
    }

    /// A hash of what an edit would change: title and text.
    #[must_use]
    pub fn content_hash(&self) -> u32 {
        (super::hash64(&[&self.title, &self.text]) & 0xffff_ffff) as u32
    }
}
