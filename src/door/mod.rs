//! The one door: requests, replies and events as data with names. A front end knows this and nothing behind
//! it; the engine stands behind it in this process or at the other end of a socket.

mod files;
mod login;
mod numbers;
mod told;

pub use crate::model::draft::Help;
pub use files::{backup_to, picture};
pub use login::{LoginAsk, LoginSay};
pub use numbers::{Placed, Standing, Total, Trial};
pub use told::{LogRow, Present, SINCE_MAX, Settle, Since, Terms, Want};

use crate::model::outgoing::{Goes, Outgoing, Preflight, SendAs};
use crate::model::snippet::Snippet;
use crate::model::{
    AccountView, AlertView, Applied, By, CommunityView, Counts, Draft, Id, Item, Key, MuteView, NetworkView,
    PersonCard, Role, RuleView, SourceView, Stage, Stamp, State, Targets, Text, TopicEdit, TopicView, Verb,
    View, Writes,
};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use tokio::sync::broadcast;

/// Which part of the stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListQuery {
    pub states: Vec<State>,
    /// In the query language; empty for all.
    pub filter: String,
    /// Beyond this key, itself left out.
    pub from: Key,
    pub older: bool,
    pub limit: usize,
    /// Show a story once.
    pub fold: bool,
    /// Seconds that the asker's clock is ahead of UTC, for dates in the filter.
    #[serde(default)]
    pub zone: i32,
}

impl ListQuery {
    /// The newest page.
    #[must_use]
    pub fn newest(states: &[State], filter: &str, limit: usize) -> ListQuery {
        ListQuery {
            states: states.to_vec(),
            filter: filter.into(),
            from: Key::MAX,
            older: true,
            limit,
            fold: false,
            zone: Stamp::zone_here(),
        }
    }
}

/// A source to be added or changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceEdit {
    pub id: Option<String>,
    pub url: String,
    pub every: Option<String>,
}

/// What a front end may ask.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Request {
    List(ListQuery),
    /// How many mentions a list has; it takes some seconds at most.
    Count(ListQuery),
    /// How many mentions some lists have, as far as that is known without much reading; answered from memory while
    /// that is not old.
    Tallies(Vec<ListQuery>),
    /// What comes first in a list, in an order; `skip`: so many were shown.
    Ranked {
        query: ListQuery,
        skip: u32,
        by: By,
    },
    /// Where a mention stands in the orders that concern it, and why.
    Standing(Id),
    Items(Vec<Id>),
    Story(Id),
    /// A typed prefix of an id.
    Find(String),
    Act {
        verb: Verb,
        targets: Targets,
        quiet: bool,
    },
    /// A picture for drafts: its name, and its bytes (8 MB at most).
    Attach {
        file: String,
        bytes: Vec<u8>,
    },
    /// Something new of ours is begun, as an account: where, and under which title, as its network asks. The mention of
    /// ours that a draft is written about comes back.
    Compose {
        account: String,
        place: String,
        title: String,
    },
    /// What was sent is changed where it stands, to the words of this draft.
    Change {
        draft: Id,
        how: Box<SendAs>,
    },
    /// We react to a mention; `with`: as its network calls it, empty for its usual one; `account`: empty for the first that can.
    React {
        /// Take it back.
        back: bool,
        mention: Id,
        with: String,
        account: String,
    },
    /// Several verbs after one another, as one step of undo.
    ActMany {
        verbs: Vec<Verb>,
        targets: Targets,
    },
    Undo,
    Redo,
    UndoList(usize),
    /// The first mention of a list, beyond `query.from`, that is what somebody looks for.
    Seek {
        query: ListQuery,
        want: Want,
    },
    Counts,
    Sources,
    /// What each network is.
    Networks,
    /// Who we are on networks.
    Accounts,
    /// Communities of which networks told something; one by its name.
    Communities(Option<String>),
    /// Getting the keys of an account, step by step.
    Login(LoginAsk),
    People(Vec<Id>),
    /// Everybody on the watch list or with notes.
    KnownPeople,
    Timeline {
        person: Id,
        before: Key,
        limit: usize,
    },
    /// All that is open, and the newest of those that were posted or put aside.
    Drafts,
    /// Every draft.
    AllDrafts,
    /// My draft about this mention.
    Draft(Id),
    /// My draft about a mention, or a colleague's that waits for approval.
    SaveDraft {
        mention: Key,
        which: Writes,
        /// When what its writer has before them was saved, 0 for nothing yet; refused if it is another one by now.
        seen: Option<Stamp>,
        text: Text,
        /// As whom it is to go; `None` leaves that as it is.
        goes: Option<Goes>,
    },
    /// What is looked at before a draft leaves, and who may send it as whom.
    Preflight {
        /// `None`: the one that is to be begun.
        draft: Option<Id>,
        mention: Id,
        how: Box<SendAs>,
    },
    /// Help with words about a mention, by what the operator configured; `lang`: two letters, or empty.
    Help {
        how: Help,
        mention: Id,
        draft: String,
        lang: String,
    },
    /// What leaves and what left.
    Outbox,
    /// What became of a sending that nobody but a person can know.
    Settle {
        draft: Id,
        how: Settle,
    },
    /// The discussion that a mention belongs to, oldest first.
    Thread(Id),
    Log {
        about: Option<Id>,
        limit: usize,
    },
    /// Poll these sources now (all if empty); one `Event::Polled` each, then the reply.
    Poll {
        sources: Vec<String>,
        ticket: u64,
    },
    /// Try a configured source by its id, or any address, without keeping anything.
    TestSource(String),
    AddSource(SourceEdit),
    /// Addresses from somebody else's list, all in one change of the file; none of them may name a private place.
    AddSources(Vec<String>),
    RemoveSource(String),
    Topics,
    /// What is muted, or always let in.
    Mutes,
    /// What a topic with this query would have heard in the last days.
    Try {
        query: String,
        days: u32,
        /// As in a list.
        zone: i32,
    },
    /// The rules, or one of them, at work on what came into the inbox in these days.
    ApplyRules {
        name: Option<String>,
        days: u32,
        dry_run: bool,
    },
    /// How people are reached who are not attached, and what waits to be told.
    Alerts,
    /// Tries one of these ways with a word of ours.
    TestAlert(String),
    /// A topic, at work on what was heard in these days already.
    Rehear {
        topic: String,
        days: u32,
        dry_run: bool,
    },
    /// A topic or a set of the team's; `was` is the query that was seen, `None` for a new one.
    PutTopic {
        edit: TopicEdit,
        was: Option<String>,
    },
    RemoveTopic {
        name: String,
        was: String,
    },
    /// The team's rules; with a number of days, what each would have done in them.
    Rules(Option<u32>),
    /// `was` is the line that was seen, `None` for a new one.
    PutRule {
        name: String,
        when: String,
        acts: Vec<String>,
        was: Option<String>,
    },
    RemoveRule {
        name: String,
        was: String,
    },
    /// The team's pieces of answers.
    Snippets,
    PutSnippet(Snippet),
    RemoveSnippet(String),
    /// The team's views.
    Views,
    /// A view of that name that is there already stays, unless it is to be replaced.
    PutView {
        view: View,
        replace: bool,
    },
    RemoveView(String),
    /// Read the configuration again; a bad one leaves the old one in force.
    Reload,
    /// JSON lines for the source `import:NAME`.
    Import {
        name: String,
        lines: Vec<String>,
        first_line: u64,
        dry_run: bool,
        /// The lines are an export of ours: ids, sources, states, tags, notes are taken as they stand.
        restore: bool,
    },
    /// What a page is, keeping nothing: why a topic hears it, or not.
    LookAt(String),
    /// Put a page into the inbox by hand.
    AddPage(String),
    Status,
    /// The numbers of a status line.
    Brief,
    /// The engine ends; terminals start another one when they need it.
    Stop,
    /// Verify every index against the records.
    Check,
    /// What this terminal's person is reading, and writing a reply to.
    Here {
        reading: Option<Id>,
        writing: Option<Id>,
    },
    /// Who is reading and writing what.
    Presence,
    /// Mentions with a note in which a colleague calls me (@name), newest call first.
    Calls,
    /// What happened since this person's last terminal went; a terminal asks it once.
    Since,
}

/// What comes back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The name by which a draft speaks of a picture.
    Attached(String),
    List {
        items: Vec<Item>,
        next: Option<Key>,
        scanned: u64,
        /// With the first page: how many there are.
        total: Option<Total>,
    },
    /// The first of a list; how many to skip for the next page; how they were put in order.
    Ranked {
        items: Vec<Placed>,
        next: Option<u32>,
        total: Total,
        how: Text,
    },
    /// Its points in each order, with the reasons.
    Standing(Vec<Standing>),
    Counted(Total),
    Tried(Box<Trial>),
    /// What rules or a topic would do: to how many of how many, and to which (the first of them), with the names of the
    /// rules or what becomes of it.
    WouldDo {
        n: u64,
        of: u64,
        rows: Vec<(String, Item)>,
    },
    Mutes(Vec<MuteView>),
    Alerts(Vec<AlertView>),
    /// The way of this name works.
    AlertWorks(String),
    /// One for each list, in order; `None` for a filter that is none. `later`: some are of some moments ago.
    Tallies {
        totals: Vec<Option<Total>>,
        later: bool,
    },
    Items(Vec<Item>),
    Keys(Vec<Key>),
    Applied(Applied),
    Counts(Counts),
    Sources(Vec<SourceView>),
    Networks(Vec<NetworkView>),
    Accounts(Vec<AccountView>),
    Communities(Vec<CommunityView>),
    Login(LoginSay),
    People(Vec<PersonCard>),
    Drafts(Vec<Draft>),
    /// Mine about the mention, and what holds for an answer to it.
    Draft(Option<Draft>, Box<Terms>),
    Saved {
        id: Id,
        at: Stamp,
        stage: Stage,
    },
    Preflight(Box<Preflight>),
    Outbox(Vec<Outgoing>),
    /// Words of a machine: marked as such where they are for a draft.
    Helped {
        mention: Id,
        text: Text,
    },
    /// A draft was let go: it leaves then.
    LetGo {
        applied: Applied,
        due: Stamp,
    },
    Log(Vec<LogRow>),
    Polled {
        failed: u32,
    },
    Tested {
        title: Text,
        entries: u64,
        matched: u64,
        feed: Text,
    },
    /// The id of a source.
    Added(String),
    /// The id of a mention that was put in by hand.
    AddedPage {
        id: Id,
        /// Why only its address could be kept; empty if all is well.
        trouble: Text,
    },
    /// The id of each address, or why it was not added.
    AddedAll(Vec<Result<String, Text>>),
    Removed(String),
    Topics(Vec<TopicView>),
    Views(Vec<View>),
    Snippets(Vec<Snippet>),
    Rules(Vec<RuleView>),
    /// Something of the team's files was written, or taken out.
    Edited {
        name: String,
        gone: bool,
    },
    Reloaded,
    Imported {
        new: u64,
        known: u64,
        revised: u64,
        bad: Vec<(u64, Text)>,
    },
    Status(Status),
    Brief(Brief),
    Stopping,
    Presence(Vec<Present>),
    Since(Option<Since>),
    /// The number of mentions, and what is wrong.
    Checked(u64, Vec<Text>),
    Refused(Refusal),
}

/// Numbers for a status line, as somebody sees them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Brief {
    pub counts: Counts,
    pub sources: u32,
    /// Sources that are red.
    pub broken: u32,
    /// Terminals that are attached.
    pub terminals: u32,
}

/// How the engine is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub config: String,
    pub data: String,
    /// Unix modes of the configuration and the data folder, and whether others can look into them.
    pub config_mode: Option<u32>,
    pub data_mode: Option<u32>,
    pub brand: String,
    pub topics: Vec<(String, String)>,
    pub who: String,
    /// What the one who asked may do.
    pub role: Option<Role>,
    pub log_end: u64,
    pub disk_bytes: u64,
    /// Mentions in the search index, and those that are found by reading until they are; `None` without an index.
    pub searchable: Option<(u64, u64)>,
    pub notices: Vec<(Stamp, Text)>,
    pub cleaned_at_sink: u64,
}

/// Why not; the kind decides the exit code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub text: Text,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RefusalKind {
    /// The request makes no sense: a query with a fault, a bad address.
    Usage,
    NotFound,
    /// The store or the disk failed.
    Failed,
    /// The role does not allow it.
    Role,
    /// No engine answers.
    Unreachable,
}

/// What happened, told to everybody.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Event {
    Arrived {
        inbox: u32,
        heard: u32,
    },
    Changed(Vec<Key>),
    /// One source was polled: for the status line and for who waits with this ticket.
    Polled {
        ticket: u64,
        source: String,
        ok: bool,
        new: u32,
        inbox: u32,
        words: Text,
    },
    SourcesChanged,
    DraftsChanged,
    Notice {
        urgent: bool,
        text: Text,
    },
    /// Events were lost: ask again for what you show.
    Resync,
    /// A word for one person, or for everybody who has this role: a call in a note, a take-over, a draft that waits.
    Told {
        to: To,
        by: String,
        about: Key,
        text: Text,
    },
    /// Who is reading and writing what, all of them.
    Presence(Vec<Present>),
    /// Somebody ends the engine.
    Stopping(Text),
    /// The engine went away; it is being looked for.
    Lost,
    /// It is there again, or another one in its place.
    Back,
}

/// Whom a word is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum To {
    Person(String),
    /// And every higher one.
    Role(Role),
}

/// A reply to come.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// All that a front end may know.
pub trait Door: Send + Sync {
    fn ask(&self, request: Request) -> Answering<'_>;
    fn events(&self) -> broadcast::Receiver<Event>;
    /// Who we are at the other end, where that says so.
    fn who(&self) -> Option<String> {
        None
    }
    /// Writes a backup to a file that the client opened, as the person; gives the bytes or a sentence.
    fn backup(
        &self,
        out: Box<dyn std::io::Write + Send>,
    ) -> Pin<Box<dyn Future<Output = Result<u64, Text>> + Send>>;
}

/// The next event; those that were missed are one. For ever, where there is nobody to tell.
pub async fn next_event(events: &mut Option<broadcast::Receiver<Event>>) -> Event {
    match events {
        Some(r) => match r.recv().await {
            Ok(e) => e,
            Err(broadcast::error::RecvError::Lagged(_)) => Event::Resync,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

impl Refusal {
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self.kind {
            RefusalKind::Usage => 2,
            RefusalKind::NotFound => 3,
            RefusalKind::Failed => 1,
            RefusalKind::Role => 5,
            RefusalKind::Unreachable => 4,
        }
    }
}
