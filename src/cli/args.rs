//! The command line as data: help, completions and the man page all come from here.

mod team;
mod values;

pub use team::{AlertAction, RuleAction, SnippetAction, TopicAction, ViewAction};
pub use values::{MoodArg, MuteArg, ObjectiveArg, SortArg, StateArg};

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A community manager's inbox in the terminal.
#[derive(Parser, Debug)]
#[command(name = "hearken", version, about, after_help = AFTER, args_override_self = true)]
pub struct Args {
    /// The configuration [default: $XDG_CONFIG_HOME/hearken/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of the store [default: $XDG_DATA_HOME/hearken]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The socket of the engine [default: what ui.toml says, /run/hearken/default.sock, your own]
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Another workspace: its own configuration, data and engine
    #[arg(long, global = true, value_name = "NAME")]
    pub workspace: Option<String>,
    /// One JSON object a line instead of words
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER: &str = "Without a command the inbox opens in the terminal.\n\
Exit codes: 0 ok, 1 partly failed, 2 usage or configuration, 3 nothing found, 4 engine unreachable, \
5 refused by role, 129 and 143 after a signal.";

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Ask all sources once (or some) and store what is new
    Fetch {
        /// Only this source; may be given several times
        #[arg(long = "source", value_name = "ID")]
        sources: Vec<String>,
    },
    /// List mentions, newest first
    List {
        /// Words, "phrases", OR, -not, brackets; one that begins with - after --
        query: Vec<String>,
        #[arg(long, value_enum, default_value = "inbox")]
        state: StateArg,
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Search all that was heard, by words and fields, newest or best first
    Search {
        /// As for list; at its end | sort score, | sort time asc, | limit 20
        #[arg(required = true)]
        query: Vec<String>,
        #[arg(long, value_enum, default_value = "all")]
        state: StateArg,
        #[arg(long, value_enum, default_value = "time")]
        sort: SortArg,
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Only how many there are
        #[arg(long)]
        count: bool,
    },
    /// Show one mention whole
    Show { id: String },
    /// It needs nothing more
    Done {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Back into the inbox
    Inbox {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Away until a time (2h, tomorrow, "fri 9", 2026-05-01), or until they reply (reply)
    Snooze {
        when: String,
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// It is mine to answer, if nobody has it
    Claim {
        #[arg(required = true)]
        ids: Vec<String>,
        /// Also from whom this colleague has it
        #[arg(long, value_name = "WHO")]
        from: Option<String>,
    },
    /// Give it to a colleague, or to nobody with -
    Assign {
        who: String,
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Add a tag, or remove it with a leading -
    Tag {
        #[arg(allow_hyphen_values = true)]
        tag: String,
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Add a private note
    Note {
        id: String,
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Read, or unread with --not, for me alone
    Read {
        #[arg(required = true)]
        ids: Vec<String>,
        #[arg(long)]
        not: bool,
    },
    /// Put the author on the watch list, or off it with --not
    Vip {
        #[arg(required = true)]
        ids: Vec<String>,
        #[arg(long)]
        not: bool,
    },
    /// Say what its mood is, or leave that to its words
    Mood {
        #[arg(value_enum)]
        mood: MoodArg,
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// More like these: it teaches what comes first
    Like {
        #[arg(required = true)]
        ids: Vec<String>,
        /// Less like these
        #[arg(long)]
        less: bool,
        /// Neither: take the mark back
        #[arg(long, conflicts_with = "less")]
        not: bool,
    },
    /// Record where the answer to a mention was posted
    Answered { id: String, url: String },
    /// Take it out of a story that it is no part of
    Split {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Take back my last verb
    Undo,
    /// Do again what was taken back
    Redo,
    /// The sources and how they are
    Sources,
    /// What each network is: how it is heard, what it can do, its limits and rules
    Networks { name: Option<String> },
    /// Who we are on networks: standing, keys, what is left of budgets
    Accounts,
    /// Communities: members, rules, our posts there; one by its name
    Community { name: Option<String> },
    /// What cannot be heard: silent, capped, sampled, closed, lost, and since when
    Coverage,
    /// Get the keys of an account, step by step; what is typed is not shown
    Login {
        network: String,
        /// Its name in the configuration [default: the first of the network, else the network's name]
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        #[arg(long)]
        user: Option<String>,
    },
    /// Throw the stored keys of an account away
    Logout { account: String },
    /// Authors: the watch list and those with notes, or one by id
    People { id: Option<String> },
    /// Drafts, and how far they are
    Drafts,
    /// Write my draft about a mention; - reads it from stdin
    Draft {
        id: String,
        /// Write over the draft that is there
        #[arg(long)]
        replace: bool,
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// My draft is finished: somebody who may send looks at it
    Submit { draft: String },
    /// A colleague's draft may be posted as it stands
    Approve {
        draft: String,
        /// When the text that was read was saved; without it the text is shown and asked about
        #[arg(long, value_name = "TIME")]
        saved_at: Option<String>,
    },
    /// What is looked at before a draft leaves: each check, with its source; 1 if one stops it
    Preflight {
        draft: String,
        /// Which account of ours it goes by
        #[arg(long)]
        account: Option<String>,
        /// As the network calls it: public, unlisted, private, direct
        #[arg(long)]
        visibility: Option<String>,
    },
    /// Let a draft go to its network; until it is due it can be called back
    Send {
        draft: String,
        /// Which account of ours it goes by
        #[arg(long)]
        account: Option<String>,
        /// As the network calls it; never wider than what it answers
        #[arg(long)]
        visibility: Option<String>,
        /// Not before then: 2h, tomorrow, fri 9
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// What it is for: help, talk, own-link, promotion
        #[arg(long)]
        class: Option<String>,
        /// Why it goes although some checks ask; it is logged
        #[arg(long)]
        reason: Option<String>,
    },
    /// Begin something new of ours: a draft that answers nothing, to be looked at and sent like any other
    Compose {
        /// As which account of ours
        #[arg(long)]
        account: String,
        /// Where, as its network asks: a room, a category, an address, a page
        #[arg(long, value_name = "PLACE")]
        to: Option<String>,
        /// Its title, subject or heading, where its network has one
        #[arg(long)]
        title: Option<String>,
        /// The words; - reads them from standard input
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Keep a picture for a draft; prints the line that puts it into one
    Attach {
        file: PathBuf,
        /// What it shows, for people who do not see it
        #[arg(long)]
        alt: String,
    },
    /// React to a mention as one of our accounts
    React {
        id: String,
        /// As its network calls it: favourite, boost, like, an emoji [default: its usual one]
        with: Option<String>,
        /// Take it back
        #[arg(long)]
        back: bool,
        #[arg(long)]
        account: Option<String>,
    },
    /// Call a draft back before it leaves
    Recall { draft: String },
    /// What leaves and what left; what nobody can know is settled here
    Outbox {
        #[command(subcommand)]
        action: Option<Left>,
    },
    /// Give a colleague's draft back, with a reason
    Return {
        draft: String,
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// The discussion that a mention belongs to, oldest first
    Thread { id: String },
    /// Who did what, newest first
    Log {
        /// Of one mention
        id: Option<String>,
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Take in a file of JSON lines or OPML
    Import {
        file: PathBuf,
        /// Mentions become import:NAME [default: the file's name]
        #[arg(long)]
        name: Option<String>,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
        /// The file is an export of Hearken: ids, sources, states, tags and notes are taken as they stand
        #[arg(long)]
        restore: bool,
    },
    /// Print everything: mentions as JSON lines, or sources as OPML
    Export {
        #[arg(value_enum, default_value = "mentions")]
        what: ExportWhat,
    },
    /// Add, remove, pause, resume or test a source
    Source {
        #[command(subcommand)]
        action: SourceAction,
    },
    /// Check a query, print it as it is read, or say why it matches
    Query {
        #[command(subcommand)]
        action: QueryAction,
    },
    /// What is listened for: list, write or take out a topic of the team's
    Topics {
        #[command(subcommand)]
        action: Option<TopicAction>,
    },
    /// What happens by itself: list, try, write or take out a rule of the team's
    Rules {
        #[command(subcommand)]
        action: Option<RuleAction>,
    },
    /// The team's views: list, write or take out one
    Views {
        #[command(subcommand)]
        action: Option<ViewAction>,
    },
    /// The team's pieces of answers: list, write or take out one
    Snippets {
        #[command(subcommand)]
        action: Option<SnippetAction>,
    },
    /// Put a page or a post into the inbox by hand
    Add { url: String },
    /// Keep what a mention belongs to out of the inbox, or always let it in
    Mute {
        /// Its discussion, author, story, site or community
        #[arg(value_enum)]
        what: MuteArg,
        /// A mention, or the name of the author, site or community
        id: String,
        /// Until a time (7d, "fri 9", 2026-05-01); without it for ever
        #[arg(long = "for", value_name = "WHEN")]
        until: Option<String>,
        /// It always enters the inbox instead
        #[arg(long)]
        allow: bool,
    },
    /// Let in again what was muted, by its name in hearken mutes
    Unmute { name: String },
    /// What is muted or always let in
    Mutes,
    /// How rules reach people who are not attached, and what waits to be told
    Alerts {
        #[command(subcommand)]
        action: Option<AlertAction>,
    },
    /// Erase the text of mentions for good
    Wipe {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Erase everything of a person for good (by id, or by one of their mentions)
    Forget { id: String },
    /// Write a backup while everything goes on
    Backup { file: PathBuf },
    /// Make a store of a backup, in a new folder given by --data
    Restore { file: PathBuf },
    /// Verify every index against the records
    Check {
        /// Put right what can be put right
        #[arg(long)]
        repair: bool,
    },
    /// Versions, paths, modes, the last troubles
    Doctor,
    /// A living sample community, without a network and without a trace
    Demo {
        /// The same sample for the same number
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Keep the sample's posts coming every so many seconds
        #[arg(long, default_value_t = 8)]
        pace: u64,
    },
    /// Write a first configuration
    Init {
        #[arg(long)]
        brand: String,
        /// What to listen for [default: the brand's name]
        #[arg(long)]
        listen: Option<String>,
        /// A feed or a page; may be given several times
        #[arg(long = "feed", value_name = "URL")]
        feeds: Vec<String>,
    },
    /// What is open, promised and waiting, by person, as Markdown
    Handover,
    /// Run the engine alone, for terminals to attach to
    Serve {
        /// In a session of its own, until a while after the last terminal went
        #[arg(long)]
        auto: bool,
    },
    /// End the engine that runs
    Stop,
    /// One line for a status bar, from the engine that runs
    Status {
        /// {inbox} {unread} {snoozed} {done} {heard} {sources} {broken} {terminals}
        #[arg(long, default_value = "{unread}/{inbox}{!broken}")]
        format: String,
    },
    /// Completions for a shell
    Completions { shell: clap_complete::Shell },
    /// The man page, with every command: hearken man | man -l -
    Man,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ExportWhat {
    /// Mentions with states, tags and notes
    Mentions,
    /// The feeds as OPML
    Opml,
    Drafts,
    People,
    Log,
}

/// Tools whose queries are understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum FromArg {
    /// Google Alerts
    Google,
    Talkwalker,
    Brandwatch,
    Meltwater,
    Syften,
    /// F5Bot: the keyword, its flags behind it
    F5bot,
    Freshrss,
    Miniflux,
}

impl FromArg {
    #[must_use]
    pub fn dialect(self) -> crate::query::Dialect {
        use crate::query::Dialect as D;
        match self {
            FromArg::Google => D::Google,
            FromArg::Talkwalker => D::Talkwalker,
            FromArg::Brandwatch => D::Brandwatch,
            FromArg::Meltwater => D::Meltwater,
            FromArg::Syften => D::Syften,
            FromArg::F5bot => D::F5Bot,
            FromArg::Freshrss => D::FreshRss,
            FromArg::Miniflux => D::Miniflux,
        }
    }
}

#[derive(Subcommand, Debug)]
pub enum QueryAction {
    /// Read it: what is wrong and where, and what may not mean what it says
    Check {
        #[arg(required = true)]
        query: Vec<String>,
        /// As a topic, of which something must be present
        #[arg(long)]
        topic: bool,
    },
    /// The one way to write it
    Print {
        #[arg(required = true)]
        query: Vec<String>,
    },
    /// A query of another tool in this language, with what is different or was left out
    Import {
        /// Whose it is
        #[arg(long, value_enum)]
        from: FromArg,
        /// As it stands there (of miniflux one rule a line); one that begins with - after --
        #[arg(required = true)]
        query: Vec<String>,
    },
    /// Why it matches, or why not, part by part
    Explain {
        #[arg(required = true)]
        query: Vec<String>,
        /// A mention; without it a text
        #[arg(long)]
        id: Option<String>,
        /// A page, which is fetched and not kept
        #[arg(long, conflicts_with = "id")]
        url: Option<String>,
        #[arg(long, default_value = "")]
        title: String,
        #[arg(long, default_value = "")]
        text: String,
    },
}

#[derive(Subcommand, Debug)]
pub enum SourceAction {
    /// A URL is enough: the feed is found
    Add {
        url: String,
        #[arg(long)]
        id: Option<String>,
        #[arg(long)]
        every: Option<String>,
    },
    /// Take it out of the configuration; what was heard from it stays
    Remove { id: String },
    /// Ask it no more until it is resumed
    Pause { id: String },
    /// Ask it again
    Resume { id: String },
    /// Ask a source, by its id, or any address once and say what is there
    Test { url: String },
}

/// What a person says of a sending.
#[derive(Debug, Subcommand)]
pub enum Left {
    /// It is there, at this address
    Posted { draft: String, url: String },
    /// It is not there: the draft is with its writer again
    Drop { draft: String },
    /// It is not there: send it again
    Again { draft: String },
    /// It was sent: delete it where it stands
    Remove { draft: String },
    /// It was sent: ask now what came of it
    Look { draft: String },
    /// It was sent: change its words where it stands
    Change {
        draft: String,
        /// The words; - reads them from standard input
        #[arg(required = true)]
        text: Vec<String>,
        /// Why it goes although some checks ask; it is logged
        #[arg(long)]
        reason: Option<String>,
    },
}
