//! What leaves: a draft on its way to a network, what became of it, and what is looked at before it goes.

use super::{Id, Key, Stamp, Text};
use serde::{Deserialize, Serialize};

/// A draft that is to go out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Going {
    /// Who let it go.
    pub by: String,
    pub account: String,
    /// Not before then; until then it can be called back.
    pub due: Stamp,
    /// As the network calls it; empty for its usual one.
    pub visibility: String,
    /// The network has been asked: it cannot be called back any more.
    pub asked: bool,
    /// Checks that did not hold, by name, and the note that says why it goes all the same.
    pub over: Vec<String>,
    pub note: Option<Id>,
    /// What it is for, as its author sees it.
    pub class: Class,
}

/// What something of ours is for: what a community lets us say about ourselves is counted by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It answers somebody's question.
    Help,
    #[default]
    Talk,
    /// It leads to a page of ours.
    OwnLink,
    Promotion,
}

impl Class {
    pub const ALL: [Class; 4] = [Class::Help, Class::Talk, Class::OwnLink, Class::Promotion];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Help => "help",
            Class::Talk => "talk",
            Class::OwnLink => "own-link",
            Class::Promotion => "promotion",
        }
    }

    /// It speaks for us: what a promo rule limits.
    #[must_use]
    pub fn is_promo(self) -> bool {
        matches!(self, Class::OwnLink | Class::Promotion)
    }
}

impl Going {
    /// What tells this sending from every other one: the same in each attempt, whatever happens in between.
    #[must_use]
    pub fn mark(&self, draft: Id) -> u64 {
        super::hash64(&["sending", &draft.to_string(), &self.due.0.to_string()])
    }
}

/// How far a sending is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// The network is being asked. Found like this after a crash, it may be there or not.
    #[default]
    Asking,
    /// It did not leave, or is not there; it is tried again.
    Again,
    /// It may be there: it is looked for.
    Unsure,
    /// Whether it is there cannot be known: a person has to say so.
    Asks,
    /// The network has it, and its moderators look at it first.
    Held,
    /// It was refused; the draft is with its writer again.
    Failed,
    Sent,
}

impl Fate {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Fate::Asking => "being sent",
            Fate::Again => "did not leave; tried again",
            Fate::Unsure => "may be there: looked for",
            Fate::Asks => "is it there? look, and say",
            Fate::Held => "waits for its moderators",
            Fate::Failed => "not sent",
            Fate::Sent => "sent",
        }
    }

    /// True while it has not come to an end.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Fate::Failed | Fate::Sent)
    }
}

/// Where something of ours stands.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Posted {
    /// As the network names it.
    pub native: Text,
    /// Where people read it; empty if nowhere.
    pub url: Text,
}

/// A sending, from the first question to its end. It is on the disk before the network is asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sending {
    pub draft: Id,
    pub mention: Key,
    pub account: String,
    pub network: String,
    pub mark: u64,
    /// When it was begun: what is posted says so in every attempt.
    pub begun: Stamp,
    pub fate: Fate,
    pub attempts: u32,
    /// When it was asked last.
    pub asked: Stamp,
    /// It was looked for so often since then, and not there.
    pub looks: u32,
    /// What happens next, happens then.
    pub next: Stamp,
    pub why: Text,
    /// The network refused it in words that may mean that it is there: looking decides.
    pub doubted: bool,
    /// An attempt of which nobody knows may stand there.
    pub unknown: bool,
    /// Posts of ours with these words that were there before.
    pub before: Option<Vec<Text>>,
    pub posted: Posted,
    pub outcome: Outcome,
}

/// What came of something of ours, as the network told last.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    pub likes: u64,
    pub shares: u64,
    pub replies: u64,
    /// It is not there any more, and it was not us.
    pub removed: bool,
    /// Looks at it so far, and when it was looked at last.
    pub looks: u32,
    pub at: Stamp,
}

/// Looks at an answer within its first day.
const FIRST_DAY: u32 = 4;

impl Outcome {
    /// True if nobody reacted in a day, as far as the network tells.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let told = self.looks >= FIRST_DAY && self.looks < u32::MAX;
        told && self.likes + self.shares + self.replies == 0
    }

    /// "3 likes · 1 reply"; empty where nothing came of it yet.
    #[must_use]
    pub fn words(&self) -> String {
        if self.removed {
            return "removed".into();
        }
        let mut parts = Vec::new();
        let mut say = |n: u64, one: &str, many: &str| {
            if n > 0 {
                parts.push(format!("{n} {}", if n == 1 { one } else { many }));
            }
        };
        say(self.likes, "like", "likes");
        say(self.shares, "share", "shares");
        say(self.replies, "reply", "replies");
        parts.join(" · ")
    }
}

/// A sending as lists show it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Outgoing {
    pub draft: Id,
    pub mention: Key,
    pub about: Text,
    /// The first words of it.
    pub text: Text,
    pub who: String,
    pub by: String,
    pub account: String,
    pub network: String,
    pub visibility: String,
    pub due: Stamp,
    /// `None` while it waits for its time.
    pub fate: Option<Fate>,
    pub attempts: u32,
    pub next: Stamp,
    pub why: Text,
    pub posted: Posted,
    pub outcome: Outcome,
}

impl Outgoing {
    /// How far it is, in words.
    #[must_use]
    pub fn words(&self, now: Stamp) -> String {
        let mut s = match self.fate {
            None => format!("goes {}", self.due.local_clock(now)),
            Some(f @ (Fate::Again | Fate::Unsure)) => {
                format!("{}, {} · next {}", f.words(), times(self.attempts), self.next.local_clock(now))
            }
            Some(f) => f.words().to_owned(),
        };
        let came = self.outcome.words();
        if !came.is_empty() {
            s = format!("{s} · {came}");
        }
        if !self.why.is_empty() && self.fate != Some(Fate::Sent) {
            s = format!("{s}: {}", self.why);
        }
        s
    }
}

fn times(n: u32) -> String {
    if n == 1 { "once".into() } else { format!("{n} times") }
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It holds.
    Green,
    /// It is not done.
    Off,
    /// It goes with a reason.
    Amber,
    /// It does not go.
    Red,
}

impl Level {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Level::Green => "ok",
            Level::Off => "off",
            Level::Amber => "asks",
            Level::Red => "stops",
        }
    }
}

/// The checks by name: what each is about, and how it comes out where it does not hold and nothing else is configured.
pub const CHECKS: [(&str, Level, &str); 15] = [
    ("account", Level::Red, "who we are there, whether it is open to you, and how it stands"),
    ("visibility", Level::Red, "never wider than what is answered"),
    ("rules", Level::Amber, "rules of the community that the text touches"),
    ("disclosure", Level::Amber, "whose side we are on, where the text speaks for us"),
    ("variables", Level::Red, "{{…}} that were not filled in"),
    ("links", Level::Amber, "links that do not answer; ours are marked"),
    ("secrets", Level::Red, "passwords, keys and mail addresses in the text"),
    ("language", Level::Amber, "another language than the thread's"),
    ("thread", Level::Amber, "what was said since the draft was begun"),
    ("others", Level::Amber, "somebody else who writes about it"),
    ("length", Level::Red, "counted as the network counts"),
    (
        "pictures",
        Level::Red,
        "there, taken by the network, not too large; what they show; where they were taken",
    ),
    ("answered", Level::Amber, "answered by us already, here or elsewhere in the story"),
    ("promo", Level::Amber, "how much we speak of ourselves there"),
    ("readiness", Level::Amber, "whether we know the community well enough to speak"),
];

/// Something that is looked at before a draft leaves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// As the configuration names it.
    pub name: String,
    pub level: Level,
    pub words: Text,
    /// Where that comes from.
    pub source: Text,
    /// It stops, unless a colleague approves.
    pub approval: bool,
}

/// All that is known of a draft that is to leave.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Preflight {
    /// "mastodon · social.example · as @acme · public · 412 characters left".
    pub header: Text,
    /// The account that it goes by; `None` where it is handed off.
    pub account: Option<String>,
    pub visibility: String,
    /// The accounts that it may go by.
    pub accounts: Vec<String>,
    /// The visibilities that it may have, the widest first.
    pub visibilities: Vec<String>,
    /// It waits so long (ms) before it leaves.
    pub delay_ms: i64,
    pub checks: Vec<Check>,
    pub class: Class,
    /// Of the community: "listening", "ready", "speaking".
    pub readiness: Text,
    /// "promo 1/12 (limit 1/10) · last 9 d ago".
    pub promo: Text,
    /// The text as it was looked at: of this time.
    pub saved_at: Stamp,
    /// Why it is handed off, where it is.
    pub by_hand: Text,
    /// Who has to approve it first; empty where nobody has to.
    pub approval: Text,
}

impl Preflight {
    /// The worst of the checks.
    #[must_use]
    pub fn level(&self) -> Level {
        self.checks.iter().map(|c| c.level).max().unwrap_or(Level::Green)
    }

    /// True if it does not leave, whoever approves it.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.checks.iter().any(|c| c.level == Level::Red && !c.approval)
    }

    /// The names of what has that level.
    #[must_use]
    pub fn named(&self, level: Level) -> Vec<String> {
        self.checks.iter().filter(|c| c.level == level).map(|c| c.name.clone()).collect()
    }
}

/// As whom a draft is to go, who sees it, and when, as its writer chose; empty for what is usual.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Goes {
    pub account: String,
    pub visibility: String,
    pub at: Option<Stamp>,
}

/// How somebody wants a draft sent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SendAs {
    /// The text that was read: of this time and no later one.
    pub saved_at: Stamp,
    /// Empty for the usual one.
    pub account: String,
    pub visibility: String,
    /// Later than the usual delay.
    pub at: Option<Stamp>,
    /// Why it goes although some checks ask.
    pub reason: String,
    /// What it is for, where its author says so.
    pub class: Option<Class>,
    /// It changes what was sent from this draft, where that stands.
    pub changes: Option<Id>,
}
