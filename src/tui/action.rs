//! THE action table: name, keys, help, where it is valid. Help, palette, hints and the README's table all come
//! from these rows. Only plain VT keys; a printable key never does what cannot be undone.

use crate::model::{Mood as M, MuteKind as K};
use bitflags::Where;

/// Where an action is valid.
pub mod bitflags {
    /// A set of places.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Where(pub u8);

    impl Where {
        /// The stream and the reader.
        pub const MAIN: Where = Where(1);
        /// Pages over the main screen: people, drafts, logs.
        pub const PAGE: Where = Where(2);
        /// What is done to mentions, wherever one stands.
        pub const BOTH: Where = Where(3);
        /// The page of sources, where the keys of verbs do to a source what they do to a mention.
        pub const SOURCES: Where = Where(4);
        /// Everywhere that nothing is typed.
        pub const ALL: Where = Where(247);
        /// Where there are rows to be opened.
        pub const ROWS: Where = Where(167);
        /// The page of a colleague's draft.
        pub const APPROVAL: Where = Where(16);
        /// Where a long text is paged.
        pub const PAGED: Where = Where(17);
        /// The pages of topics and of rules.
        pub const TEAM: Where = Where(32);
        /// The page of what is looked at before something leaves.
        pub const PREFLIGHT: Where = Where(64);
        /// The page of what leaves.
        pub const OUTBOX: Where = Where(128);
        /// While a draft is written, after Ctrl-x.
        pub const DRAFT: Where = Where(8);

        #[must_use]
        pub fn has(self, o: Where) -> bool {
            self.0 & o.0 != 0
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Action {
    Down,
    Up,
    HalfDown,
    HalfUp,
    First,
    Last,
    Open,
    Close,
    Unfold,
    Fold,
    NextPane,
    Layout,
    Space,
    NextUnread,
    PrevUnread,
    NextMine,
    PrevMine,
    NextVip,
    PrevVip,
    NextInThread,
    PrevInThread,
    Back,
    Forward,
    TakeIn,
    Mark,
    MarkRange,
    MarkQuery,
    WholeInbox,
    ShowSnoozed,
    Split,
    /// My view of this number, 1 to 9.
    View(u8),
    ShowDone,
    ShowHeard,
    ShowAll,
    Done,
    Inbox,
    SnoozeHour,
    SnoozeTomorrow,
    SnoozeWeek,
    SnoozeMonth,
    SnoozeTyped,
    SnoozeReply,
    Urgent,
    ToggleRead,
    Claim,
    Assign,
    Tag,
    Note,
    Reply,
    Posted,
    CopyLink,
    CopyText,
    ShowLink,
    Person,
    Vip,
    LikeMore,
    LikeLess,
    Mood(Option<M>),
    /// What comes first for an objective.
    Objective,
    /// The next objective of the selected topic.
    TopicObjective,
    /// A new part of queries.
    SetAdd,
    /// Why the topics hear something that is typed, or not.
    WhyNot,
    EditView,
    Why,
    Log,
    Diff,
    Undo,
    Redo,
    Filter,
    Palette,
    Help,
    PollNow,
    Suspend,
    Interrupt,
    GoSources,
    GoDrafts,
    GoPeople,
    GoLog,
    GoUndo,
    GoHealth,
    GoHandover,
    GoCalls,
    SourceAdd,
    SourceEdit,
    SourceTest,
    SourcePause,
    SourceRemove,
    Reload,
    Backup,
    AddPage,
    DraftEditor,
    DraftSubmit,
    DraftAside,
    DraftUndo,
    /// As whom, and who sees it; and when it goes.
    DraftAs,
    DraftWhen,
    DraftAttach,
    DraftSnippet,
    DraftMachine,
    DraftShorten,
    DraftTranslate,
    Translate,
    /// Out of the preflight: it goes.
    FlightGo,
    FlightSource,
    FlightBack,
    FlightClass,
    GoOutbox,
    SendingBack,
    SendingPosted,
    SendingAgain,
    SendingRemove,
    SendingLook,
    Approve,
    ReturnDraft,
    EditDraft,
    NextDraft,
    MentionDown,
    MentionUp,
    GoTopics,
    EntryAdd,
    EntryEdit,
    EntryRemove,
    GoRules,
    SaveView,
    RemoveView,
    /// For so long: 1 an hour, 2 a day, 3 a week, 0 for ever.
    Mute(K, u8),
    Allow(K),
    GoMutes,
    /// Something new of ours; a reaction; other words for what was sent.
    Compose,
    React,
    SendingChange,
    /// Records a macro, and ends that; the last one again; all of them.
    MacroRecord,
    MacroAgain,
    Macros,
    GoCommunity,
    GoCoverage,
    ApplyRules,
}

/// A row of the table.
#[derive(Debug, PartialEq)]
pub struct ActionRow {
    pub action: Action,
    /// What people type in the palette; verbs have the name of the verb table.
    pub name: &'static str,
    /// Several keys after one another are separated by a blank. None: palette only.
    pub keys: &'static [&'static str],
    pub help: &'static str,
    pub place: Where,
}

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    place: Where,
) -> ActionRow {
    ActionRow { action, name, keys, help, place }
}

use Action as A;
use Where as W;

/// All actions, in the order of the help.
pub const ACTIONS: &[ActionRow] = &[
    row(A::Down, "down", &["j", "down"], "next", W::ALL),
    row(A::Up, "up", &["k", "up"], "previous", W::ALL),
    row(A::HalfDown, "half page down", &["ctrl-d", "pgdn"], "half a page down", W::ALL),
    row(A::HalfUp, "half page up", &["ctrl-u", "pgup"], "half a page up", W::ALL),
    row(A::First, "first", &["g g", "home"], "first", W::ALL),
    row(A::Last, "last", &["G", "end"], "last", W::ALL),
    row(A::Open, "open", &["enter"], "open (marks read)", W::ROWS),
    row(A::Close, "close", &["q", "esc", "ctrl-g"], "close the top thing; at the root: quit", W::ALL),
    row(A::Unfold, "unfold", &["l", "right"], "unfold a story", W::MAIN),
    row(A::Fold, "fold", &["h", "left"], "fold a story", W::MAIN),
    row(A::Split, "split", &["S"], "split a wrong merge", W::MAIN),
    row(A::NextPane, "next pane", &["tab"], "next pane", W::MAIN),
    row(A::Layout, "layout", &["v"], "cycle layouts", W::MAIN),
    row(A::Space, "page", &["space"], "page the reader, at its end the next unread", W::PAGED),
    row(A::NextUnread, "next unread", &["] u"], "next unread", W::MAIN),
    row(A::PrevUnread, "previous unread", &["[ u"], "previous unread", W::MAIN),
    row(A::NextMine, "next mine", &["] m"], "next of mine", W::MAIN),
    row(A::PrevMine, "previous mine", &["[ m"], "previous of mine", W::MAIN),
    row(A::NextVip, "next vip", &["] v"], "next VIP", W::MAIN),
    row(A::PrevVip, "previous vip", &["[ v"], "previous VIP", W::MAIN),
    row(A::NextInThread, "next in the discussion", &["J"], "next in the discussion", W::MAIN),
    row(A::PrevInThread, "previous in the discussion", &["K"], "previous in the discussion", W::MAIN),
    row(A::Back, "back", &["{", "ctrl-o"], "back through where I was", W::MAIN),
    row(A::Forward, "forward", &["}"], "forward through where I was", W::MAIN),
    row(A::TakeIn, "take in", &["."], "take in new items", W::MAIN),
    row(A::Mark, "mark", &["x"], "mark, move on", W::MAIN),
    row(A::MarkRange, "mark range", &["X"], "mark from the last mark to here", W::MAIN),
    row(A::MarkQuery, "mark by query", &["*"], "mark by query (empty: unmark all)", W::MAIN),
    row(A::WholeInbox, "show inbox", &["0"], "the whole inbox", W::MAIN),
    row(A::View(1), "view 1", &["1"], "view 1: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(2), "view 2", &["2"], "view 2: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(3), "view 3", &["3"], "view 3: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(4), "view 4", &["4"], "view 4: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(5), "view 5", &["5"], "view 5: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(6), "view 6", &["6"], "view 6: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(7), "view 7", &["7"], "view 7: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(8), "view 8", &["8"], "view 8: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::View(9), "view 9", &["9"], "view 9: mine (ui.toml), else the team\'s", W::MAIN),
    row(A::ShowSnoozed, "show snoozed", &[], "what is snoozed", W::MAIN),
    row(A::ShowDone, "show done", &[], "what is done", W::MAIN),
    row(A::ShowHeard, "show heard", &[], "what was heard and matched nothing", W::MAIN),
    row(A::ShowAll, "show all", &[], "everything", W::MAIN),
    row(A::Done, "done", &["e"], "done", W::BOTH),
    row(A::Inbox, "inbox", &["E"], "back to the inbox", W::BOTH),
    row(A::SnoozeHour, "snooze an hour", &["s h"], "snooze for an hour", W::BOTH),
    row(A::SnoozeTomorrow, "snooze to tomorrow", &["s t"], "snooze until tomorrow", W::BOTH),
    row(A::SnoozeWeek, "snooze a week", &["s w"], "snooze for a week", W::BOTH),
    row(A::SnoozeMonth, "snooze a month", &["s m"], "snooze for a month", W::BOTH),
    row(A::SnoozeReply, "snooze until a reply", &["s r"], "snooze until they reply", W::BOTH),
    row(A::SnoozeTyped, "snooze", &["s s"], "snooze until a typed time (fri 9)", W::BOTH),
    row(A::Mute(K::Thread, 1), "mute thread 1h", &["m t 1"], "mute the discussion for an hour", W::BOTH),
    row(A::Mute(K::Thread, 2), "mute thread 1d", &["m t 2"], "mute the discussion for a day", W::BOTH),
    row(A::Mute(K::Thread, 3), "mute thread 1w", &["m t 3"], "mute the discussion for a week", W::BOTH),
    row(A::Mute(K::Thread, 0), "mute thread ever", &["m t 0"], "mute the discussion for ever", W::BOTH),
    row(A::Mute(K::Author, 1), "mute author 1h", &["m a 1"], "mute the author for an hour", W::BOTH),
    row(A::Mute(K::Author, 2), "mute author 1d", &["m a 2"], "mute the author for a day", W::BOTH),
    row(A::Mute(K::Author, 3), "mute author 1w", &["m a 3"], "mute the author for a week", W::BOTH),
    row(A::Mute(K::Author, 0), "mute author ever", &["m a 0"], "mute the author for ever", W::BOTH),
    row(A::Mute(K::Story, 1), "mute story 1h", &["m y 1"], "mute the story for an hour", W::BOTH),
    row(A::Mute(K::Story, 2), "mute story 1d", &["m y 2"], "mute the story for a day", W::BOTH),
    row(A::Mute(K::Story, 3), "mute story 1w", &["m y 3"], "mute the story for a week", W::BOTH),
    row(A::Mute(K::Story, 0), "mute story ever", &["m y 0"], "mute the story for ever", W::BOTH),
    row(A::Mute(K::Site, 1), "mute site 1h", &["m d 1"], "mute the site for an hour", W::BOTH),
    row(A::Mute(K::Site, 2), "mute site 1d", &["m d 2"], "mute the site for a day", W::BOTH),
    row(A::Mute(K::Site, 3), "mute site 1w", &["m d 3"], "mute the site for a week", W::BOTH),
    row(A::Mute(K::Site, 0), "mute site ever", &["m d 0"], "mute the site for ever", W::BOTH),
    row(A::Mute(K::Community, 1), "mute community 1h", &["m c 1"], "mute the community for an hour", W::BOTH),
    row(A::Mute(K::Community, 2), "mute community 1d", &["m c 2"], "mute the community for a day", W::BOTH),
    row(A::Mute(K::Community, 3), "mute community 1w", &["m c 3"], "mute the community for a week", W::BOTH),
    row(A::Mute(K::Community, 0), "mute community ever", &["m c 0"], "mute the community for ever", W::BOTH),
    row(
        A::Allow(K::Author),
        "always let in author",
        &[],
        "what this author says always enters the inbox",
        W::BOTH,
    ),
    row(A::Allow(K::Site), "always let in site", &[], "what this site says always enters the inbox", W::BOTH),
    row(
        A::Allow(K::Community),
        "always let in community",
        &[],
        "what this community says always enters the inbox",
        W::BOTH,
    ),
    row(A::ToggleRead, "read", &["i"], "read / unread for me", W::BOTH),
    row(A::Urgent, "urgent", &["!"], "urgent on/off", W::BOTH),
    row(A::Claim, "claim", &["a"], "claim (take over, logged)", W::BOTH),
    row(A::Assign, "assign", &["A"], "assign to somebody / release", W::BOTH),
    row(A::Tag, "tag", &["t"], "tag (-tag removes)", W::BOTH),
    row(A::Note, "note", &["n"], "private note", W::BOTH),
    row(A::Reply, "reply", &["r"], "reply: open my draft", W::BOTH),
    row(A::Compose, "compose", &["C"], "something new of ours, then a draft", W::BOTH),
    row(A::React, "react", &["R"], "react: like, boost, an emoji", W::BOTH),
    row(A::Posted, "answered", &["P"], "I posted it: permalink", W::BOTH),
    row(A::CopyLink, "copy link", &["y"], "copy the link", W::BOTH),
    row(A::CopyText, "copy text", &["Y"], "copy the text", W::BOTH),
    row(A::ShowLink, "link", &["o"], "show the link, and as a QR code", W::BOTH),
    row(A::Person, "person", &["p"], "the person", W::BOTH),
    row(A::Vip, "vip", &["V"], "VIP on/off", W::BOTH),
    row(A::LikeMore, "like more", &["+"], "more like this: it teaches what comes first", W::BOTH),
    row(A::LikeLess, "like less", &["-"], "less like this", W::BOTH),
    row(A::Mood(Some(M::Pos)), "mood positive", &["= +"], "its mood is positive", W::BOTH),
    row(A::Mood(Some(M::Neg)), "mood negative", &["= -"], "its mood is negative", W::BOTH),
    row(A::Mood(Some(M::Neutral)), "mood neutral", &["= 0"], "its mood is neutral", W::BOTH),
    row(A::Mood(Some(M::Mixed)), "mood mixed", &["= m"], "its mood is mixed", W::BOTH),
    row(A::Mood(Some(M::Unknown)), "mood unclear", &["= ?"], "nobody can tell its mood", W::BOTH),
    row(A::Mood(None), "mood by its words", &["= ="], "its mood is what its words suggest", W::BOTH),
    row(
        A::Objective,
        "objective",
        &["O"],
        "what comes first for the topic's objective; again: the next one",
        W::BOTH,
    ),
    row(A::TopicObjective, "topic's objective", &["O"], "the topic's next objective", W::TEAM),
    row(A::Why, "why", &["w"], "why it is here", W::BOTH),
    row(A::Log, "log", &["L"], "log of this item", W::BOTH),
    row(A::Diff, "what changed", &["d"], "what changed (revisions)", W::BOTH),
    row(A::Translate, "translate", &["T"], "translate on/off", W::MAIN),
    row(A::MacroRecord, "record a macro", &["Q"], "record a macro; Q again ends it", W::BOTH),
    row(A::MacroAgain, "macro again", &["@ @"], "the last macro again (@ and a key: that one)", W::BOTH),
    row(A::Macros, "macros", &[], "my macros and their keys (D removes one)", W::ALL),
    row(A::Undo, "undo", &["u"], "undo", W::ALL),
    row(A::Redo, "redo", &["U"], "redo", W::ALL),
    row(A::Filter, "filter", &["/"], "filter by a query", W::BOTH),
    row(A::Palette, "palette", &[":"], "palette", W::ALL),
    row(A::Help, "help", &["?"], "keys of this screen", W::ALL),
    row(A::PollNow, "poll now", &["ctrl-r"], "poll all sources now", W::ALL),
    row(A::Suspend, "suspend", &["ctrl-z"], "suspend", W::ALL),
    row(A::Interrupt, "quit", &["ctrl-c"], "like q; never loses text", W::ALL),
    row(A::GoSources, "sources", &["g S"], "sources", W::ALL),
    row(A::GoDrafts, "drafts", &["g D"], "drafts", W::ALL),
    row(A::GoOutbox, "outbox", &["g O"], "what leaves, and what left", W::ALL),
    row(A::GoPeople, "people", &["g P"], "people", W::ALL),
    row(A::GoLog, "whole log", &["g L"], "log of everything", W::ALL),
    row(A::GoUndo, "undo list", &["g U"], "undo list", W::ALL),
    row(A::GoCalls, "mentions of me", &["g M"], "mentions of me: where a colleague's note calls @me", W::ALL),
    row(A::GoHandover, "hand-over", &["g H"], "hand-over: what is open, by person (y copies it)", W::ALL),
    row(A::GoTopics, "topics", &["g T"], "topics: what is listened for", W::ALL),
    row(A::GoRules, "rules", &["g Q"], "rules: what happens by itself", W::ALL),
    row(
        A::GoCommunity,
        "community",
        &["g C"],
        "the community's card: rules, members, our posts there",
        W::ALL,
    ),
    row(A::GoCoverage, "not heard", &[], "what cannot be heard, and since when", W::ALL),
    row(A::GoMutes, "mutes", &[], "what is muted or always let in (D lifts one)", W::ALL),
    row(A::GoHealth, "health", &["g ?"], "health", W::ALL),
    row(A::SourceAdd, "add source", &["+"], "add a source by its address", W::SOURCES),
    row(A::SourceEdit, "edit source", &["r"], "change the source's address and interval", W::SOURCES),
    row(A::SourceTest, "test source", &["t"], "try the source without keeping anything", W::SOURCES),
    row(A::SourcePause, "pause", &["m"], "mute the source: pause / resume", W::SOURCES),
    row(A::SourceRemove, "remove source", &["D"], "remove the source (asks)", W::SOURCES),
    row(A::EntryAdd, "add entry", &["+"], "a new topic or rule of the team's, a mute by its name", W::TEAM),
    row(A::WhyNot, "why not", &["w"], "why the topics hear a text or a page, or not", W::TEAM),
    row(A::SetAdd, "add set", &["P"], "a new part of queries: set:NAME", W::TEAM),
    row(A::EntryEdit, "edit entry", &["r"], "change the topic or the rule", W::TEAM),
    row(A::EntryRemove, "remove entry", &["D"], "take the topic or the rule out (asks)", W::TEAM),
    row(
        A::ApplyRules,
        "apply rules",
        &[],
        "the rules, to what is in the inbox already (shows it first)",
        W::ALL,
    ),
    row(A::SaveView, "save view", &[], "keep this filter as a view of the team's", W::MAIN),
    row(A::EditView, "edit view", &[], "change the team's view that is shown", W::MAIN),
    row(A::RemoveView, "remove view", &[], "take a view of the team's out", W::MAIN),
    row(A::Backup, "backup", &[], "write a backup to a file", W::ALL),
    row(A::Reload, "reload configuration", &[], "read config.toml again", W::ALL),
    row(A::AddPage, "add page", &[], "put a page into the inbox by hand", W::ALL),
    row(A::DraftEditor, "editor", &["ctrl-x e"], "write in $EDITOR", W::DRAFT),
    row(
        A::DraftSubmit,
        "submit",
        &["ctrl-x p"],
        "look at everything, then send it or give it for approval",
        W::DRAFT,
    ),
    row(A::DraftAs, "as whom", &["ctrl-x w"], "as whom it goes, and who sees it", W::DRAFT),
    row(A::DraftWhen, "when", &["ctrl-x d"], "when it goes", W::DRAFT),
    row(A::DraftAttach, "attach", &["ctrl-x a"], "attach a picture", W::DRAFT),
    row(
        A::DraftMachine,
        "machine draft",
        &["ctrl-x m"],
        "a draft by the configured helper, marked as one",
        W::DRAFT,
    ),
    row(A::DraftTranslate, "translate draft", &["ctrl-x t"], "the draft in the thread's language", W::DRAFT),
    row(A::DraftShorten, "shorten draft", &[], "a shorter draft by the configured helper", W::DRAFT),
    row(A::DraftSnippet, "snippets", &["ctrl-x i"], "pieces of answers (also ; at a word's start)", W::DRAFT),
    row(
        A::FlightGo,
        "send",
        &["enter"],
        "send, submit or copy (amber asks a reason, red refuses)",
        W::PREFLIGHT,
    ),
    row(A::FlightBack, "back to the draft", &["r"], "back to the draft", W::PREFLIGHT),
    row(A::FlightSource, "source of the check", &["w"], "the whole check, and its source", W::PREFLIGHT),
    row(A::FlightClass, "what it is for", &["="], "help, talk, own-link or promotion", W::PREFLIGHT),
    row(A::SendingBack, "recall", &["E"], "back to its writer: called back, or not there", W::OUTBOX),
    row(A::SendingPosted, "it is there", &["P"], "it is there: its address", W::OUTBOX),
    row(
        A::SendingChange,
        "change what was sent",
        &["r"],
        "other words for what was sent, where it stands",
        W::OUTBOX,
    ),
    row(A::SendingRemove, "delete there", &["D"], "delete what was sent, where it stands (asks)", W::OUTBOX),
    row(A::SendingLook, "what came of it", &["w"], "ask now what came of what was sent", W::OUTBOX),
    row(A::SendingAgain, "once more", &["+"], "it is not there: send it once more", W::OUTBOX),
    row(A::DraftUndo, "undo writing", &["ctrl-x u"], "take back the last change of the text", W::DRAFT),
    row(A::DraftAside, "put aside", &["ctrl-x k"], "put the draft aside (undo brings it back)", W::DRAFT),
    row(A::Approve, "approve", &["enter"], "approve it as it stands (asks)", W::APPROVAL),
    row(A::EditDraft, "edit draft", &["r"], "change it, then approve it", W::APPROVAL),
    row(A::ReturnDraft, "return", &["N"], "return it with a reason", W::APPROVAL),
    row(A::MentionDown, "scroll the mention", &["J"], "scroll what it answers", W::APPROVAL),
    row(A::MentionUp, "scroll the mention back", &["K"], "scroll what it answers back", W::APPROVAL),
    row(A::NextDraft, "rival draft", &["tab"], "the rival draft", W::APPROVAL),
];

/// The row of an action.
#[must_use]
pub fn row_of(a: Action) -> Option<&'static ActionRow> {
    ACTIONS.iter().find(|r| r.action == a)
}

/// The table of keys as the README shows it.
#[must_use]
pub fn markdown() -> String {
    let mut s = String::from("| key | what it does |\n|---|---|\n");
    for r in ACTIONS.iter().filter(|r| !r.keys.is_empty()) {
        let mut keys: Vec<String> = r.keys.iter().map(|k| format!("`{k}`")).collect();
        // One row for each thing that can be muted.
        let mut help = r.help.to_owned();
        if let A::Mute(kind, long) = r.action {
            if long != 1 {
                continue;
            }
            let others = ACTIONS.iter().filter(|o| matches!(o.action, A::Mute(k, n) if k == kind && n != 1));
            keys.extend(others.flat_map(|o| o.keys).map(|k| format!("`{k}`")));
            help += ", a day, a week, for ever";
        }
        let place = match r.place {
            Where::SOURCES => "in `g S`: ",
            Where::DRAFT => "while writing: ",
            Where::TEAM => "in `g T`, `g Q`: ",
            Where::APPROVAL => "a colleague's draft: ",
            Where::PREFLIGHT => "before it leaves: ",
            Where::OUTBOX => "in `g O`: ",
            _ => "",
        };
        s += &format!("| {} | {place}{help} |\n", keys.join(" "));
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_row_here() {
        for v in crate::model::VERBS {
            let elsewhere = ["discard", "wipe", "forget", "unmute"];
            let named = |r: &ActionRow| r.name == v.name || r.name.starts_with(&format!("{} ", v.name));
            assert!(elsewhere.contains(&v.name) || ACTIONS.iter().any(named), "{}", v.name);
        }
    }
}
