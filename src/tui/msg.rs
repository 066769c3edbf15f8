//! What happened, and what should be done about it. Both are data: tests write the one and read the other.

use crate::door::{Event, Reply, Request};
use crossterm::event::KeyEvent;

/// What happened.
#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    Paste(String),
    Resize(u16, u16),
    Event(Event),
    /// The answer to what was asked for a purpose.
    Reply(For, Box<Reply>),
    /// A timer went off.
    Timer(Timer),
    /// The minute turned.
    Minute,
    /// What `$EDITOR` gave back.
    Edited(Result<String, String>),
    /// What the clipboard, or a backup, said.
    Said(String),
    /// The engine is there.
    Opened,
    OpenFailed(String),
    /// The terminal is gone.
    Gone,
    Terminate,
}

/// What an answer is for. The number tells old answers from new ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum For {
    /// A page of the list from the top, beyond its end, or from the very end.
    Top(u64),
    Older(u64),
    Newer(u64),
    Bottom(u64),
    Items,
    Story(crate::model::Id),
    Counts,
    /// What the topic that is being written would have heard, as it was after so many changes.
    Tried(u64),
    /// What a topic would do to what is stored, else what the rules would do to the inbox.
    WouldDo(Option<String>),
    /// The best first of a filter, behind so many.
    Best(String, crate::model::By, u32),
    /// Mentions of what is muted by a name: what was typed, the name in it.
    MuteNamed(String, String, crate::model::Verb),
    /// A page, for why the topics hear it or not.
    WhyNot,
    /// Where a mention stands in the orders that concern it.
    Standing(crate::model::Id),
    /// Numbers of the list of this generation, if it is asked for, and of the views of these numbers.
    Tallies(Option<u64>, Vec<u8>),
    Sources,
    Communities,
    People,
    Drafts,
    OpenDraft(crate::model::Key),
    /// The number of the change that is saved.
    SaveDraft(u64),
    /// What is said if it is done.
    Verb(String),
    Undo {
        redo: bool,
    },
    /// What an undo brought back.
    Back,
    /// The next unread, mine or VIP beyond the rows that are here.
    Seek,
    /// The list from this mention on, which is beyond the rows that are here.
    Around(u64, crate::model::Key),
    /// The mention of a draft that is to be opened.
    DraftItem(crate::model::Key),
    /// The claim without which no reply is begun.
    ClaimToWrite(crate::model::Key),
    /// How the discussion of the draft about this mention stands.
    Meanwhile(crate::model::Key),
    /// What holds for it now that it is finished.
    Ready(crate::model::Key),
    /// Where what is written goes, for its header; all that is looked at before it leaves; it is let go.
    Header(crate::model::Key),
    /// What is looked at before a colleague's draft leaves.
    Checked(crate::model::Id),
    Flight(crate::model::Key),
    LetGo(crate::model::Key),
    /// A picture, with what it shows.
    Attached(crate::model::Key, String),
    /// We reacted.
    Reacted,
    /// What was sent is changed there.
    Changed(crate::model::Key),
    /// Our accounts, for something new; the mention of ours that it is written about.
    Compose,
    Composed,
    Outbox,
    /// A person said what is so of a sending.
    Settled(crate::model::Id, crate::door::Settle),
    /// What came of this one.
    CameOf(crate::model::Id),
    /// Words of a helper: for the draft as it was after so many changes, or for reading.
    Helped(Option<u64>),
    /// The mention of a colleague's draft.
    Approval,
    /// The discussion that the next one is looked for in.
    Thread {
        forward: bool,
    },
    Page,
    Timeline,
    /// What is open, for the hand-over.
    Handover,
    Calls,
    MarkQuery,
    /// One source is asked now: its own event says what came of it.
    Asked,
    Reload,
    /// Something of the team's files.
    Edited,
    Told,
}

/// What may ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rings {
    Call,
    News,
}

/// Timers that the update asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The draft was not touched for a while; the number is that of its last change.
    SaveDraft(u64),
    /// The cursor rests: the reader follows.
    Follow(u64),
    /// It rests for so long that what is looked at is read.
    Dwell(u64),
    /// Colleagues are told what is being read and written.
    Here,
    /// Something changed a moment ago: the numbers of lists are asked for.
    Tally,
    /// The query was not changed for a moment; the number is that of its last change.
    Try(u64),
}

/// What should be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Ask(For, Request),
    After(u64, Timer),
    Copy(String),
    Edit {
        draft: String,
        quoted: String,
    },
    Suspend,
    /// Rings, if the person wants that, at most once a minute.
    Bell(Rings),
    /// Theme, keys and views are read again; with a mistake in them the old ones stay.
    Settings,
    /// A file of this person's is read and given to the engine, for the draft.
    Attach {
        about: crate::model::Key,
        path: std::path::PathBuf,
        alt: String,
    },
    /// A macro is kept; without steps it is taken out.
    Macro(super::macros::Macro),
    /// A backup into a file that the person names and makes.
    Backup(std::path::PathBuf),
    Quit(i32),
}

/// True for what changes what people share: it is waited for at the end, and not begun while the engine is away.
pub fn changes_something(r: &Request) -> bool {
    matches!(
        r,
        Request::Act { .. }
            | Request::ActMany { .. }
            | Request::Compose { .. }
            | Request::Attach { .. }
            | Request::Change { .. }
            | Request::React { .. }
            | Request::Undo
            | Request::Redo
            | Request::SaveDraft { .. }
            | Request::Settle { .. }
            | Request::AddSource(_)
            | Request::RemoveSource(_)
            | Request::PutTopic { .. }
            | Request::RemoveTopic { .. }
            | Request::Rehear { dry_run: false, .. }
            | Request::PutRule { .. }
            | Request::RemoveRule { .. }
            | Request::ApplyRules { dry_run: false, .. }
            | Request::PutView { .. }
            | Request::RemoveView(_)
    )
}
