//! What a network is, as data: how it is heard, what it can do, what it asks of us. The core reads and enforces
//! these; a network's own file only states them.

/// How things come from a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Asked again and again.
    Poll,
    /// One answer that goes on: server-sent events.
    Events,
    /// A WebSocket.
    Socket,
    /// Asked again at once; the server waits until there is something.
    LongPoll,
    /// A mailbox that tells when something comes.
    Idle,
    /// It comes to us.
    Push,
    /// Files on this machine.
    Files,
}

impl Way {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Way::Poll => "poll",
            Way::Events => "event stream",
            Way::Socket => "WebSocket",
            Way::LongPoll => "long poll",
            Way::Idle => "idle mailbox",
            Way::Push => "push",
            Way::Files => "files",
        }
    }
}

/// What its API lets us do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that a network can or cannot do")]
pub struct Can {
    pub reply: bool,
    pub post: bool,
    pub edit: bool,
    pub delete: bool,
    pub react: bool,
    /// Hide somebody's answer under our own post.
    pub hide: bool,
    pub report: bool,
    /// It tells what answers what.
    pub threads: bool,
    /// It tells reactions to a post.
    pub reactions: bool,
    /// It tells how many members a community has.
    pub members: bool,
}

impl Can {
    /// Nothing but to be read.
    pub const NOTHING: Can = Can {
        reply: false,
        post: false,
        edit: false,
        delete: false,
        react: false,
        hide: false,
        report: false,
        threads: false,
        reactions: false,
        members: false,
    };

    /// In words, those that are so.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        [
            (self.reply, "reply"),
            (self.post, "new post"),
            (self.edit, "edit"),
            (self.delete, "delete"),
            (self.react, "react"),
            (self.hide, "hide"),
            (self.report, "report"),
            (self.threads, "threads"),
            (self.reactions, "reactions"),
            (self.members, "member counts"),
        ]
        .into_iter()
        .filter(|(yes, _)| *yes)
        .map(|(_, w)| w)
        .collect()
    }
}

/// Whose budget a limit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    /// All sources of one account share it.
    Account,
    /// All that this machine asks of the server without an account.
    Machine,
}

/// A limit as the network's documents say it; what its answers say corrects it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// "requests", "points": what is counted.
    pub unit: &'static str,
    pub n: u64,
    /// Within so many ms.
    pub per_ms: i64,
    pub of: Of,
}

/// What may be done, by the network's own rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    Yes,
    No,
    /// Under this condition.
    If(&'static str),
}

impl Leave {
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Leave::Yes => "yes".into(),
            Leave::No => "no".into(),
            Leave::If(when) => format!("if {when}"),
        }
    }

    /// True unless it is forbidden outright.
    #[must_use]
    pub fn allows(self) -> bool {
        self != Leave::No
    }
}

/// What the network's rules ask of a program like this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// May we keep what we heard?
    pub store: Leave,
    /// For so many days at most.
    pub keep_days: Option<u32>,
    /// May a person there be linked with a person elsewhere?
    pub link_identities: Leave,
    /// May we write to people in private?
    pub private_messages: Leave,
    /// Must our copy go when the source deletes?
    pub delete_with_source: bool,
    /// May a program post, when a person pressed the key?
    pub machine_posts: Leave,
    /// Where it is written, and the day on which it was read there (or in a stored copy).
    pub link: &'static str,
    pub read_on: &'static str,
}

/// How we show who we are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// Nobody is asked.
    Open,
    /// Heard without an account; one opens more.
    Optional,
    /// Nothing without an account.
    Needed,
}

/// A setting of a source of this network, beside those that every source has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    pub key: &'static str,
    pub kind: SettingKind,
    pub help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingKind {
    Text,
    Texts,
    Flag,
    /// An http or https address.
    Address,
    /// From, to.
    Number(i64, i64),
    /// One of these.
    Choice(&'static [&'static str]),
    /// A file or folder on the server, relative to the configuration.
    Path,
    /// A table of texts.
    Table,
}

/// Where a network's servers are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Servers {
    /// One for all, at this address.
    One(&'static str),
    /// Many: a source or its account names one.
    Many,
    /// This address, unless a source or its account names another.
    Usually(&'static str),
    /// It is not asked at all, or by settings of its own.
    None,
}

/// All of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// As the configuration names it.
    pub name: &'static str,
    pub title: &'static str,
    pub heard: &'static [Way],
    pub servers: Servers,
    /// The operator has to say how they are reached (`contact` in `[brand]`): the network asks for it.
    pub contact: bool,
    pub can: Can,
    pub limits: &'static [Limit],
    /// What names a person there for good, and within what.
    pub identity: &'static str,
    pub policy: Policy,
    pub door: Door,
    /// What the number of reach counts; empty if the network gives none.
    pub reach: &'static str,
    pub settings: &'static [Setting],
    /// An answer cannot be sent by a program: it is copied, opened and marked as posted.
    pub hand_off: bool,
}
