//! THE action table: name, keys, help, where it is valid. Help, palette, hints and the README's table all come
//! from these rows. Only plain VT keys; a printable key never does what cannot be undone.

use bitflags::Where;

/// Where an action is valid.
pub mod bitflags {
    /// A set of places.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Where(pub u8);

    impl Where {
        /// The stream and the reader.
        pub const MAIN: Where = Where(1);
        /// Pages over the main screen: sources, people, drafts, logs.
        pub const PAGE: Where = Where(2);
        pub const BOTH: Where = Where(3);
        /// Only in the page of sources.
        pub const SOURCES: Where = Where(4);
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
    Back,
    Forward,
    TakeIn,
    Mark,
    MarkRange,
    MarkQuery,
    WholeInbox,
    ShowSnoozed,
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
    SourceAdd,
    SourcePause,
    SourceRemove,
    AddPage,
    DraftEditor,
    DraftSubmit,
    DraftAside,
}

/// A row of the table.
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
    row(A::Down, "down", &["j", "down"], "next", W::BOTH),
    row(A::Up, "up", &["k", "up"], "previous", W::BOTH),
    row(A::HalfDown, "half page down", &["ctrl-d", "pgdn"], "half a page down", W::BOTH),
    row(A::HalfUp, "half page up", &["ctrl-u", "pgup"], "half a page up", W::BOTH),
    row(A::First, "first", &["g g", "home"], "first", W::BOTH),
    row(A::Last, "last", &["G", "end"], "last", W::BOTH),
    row(A::Open, "open", &["enter"], "open (marks read)", W::BOTH),
    row(A::Close, "close", &["q", "esc", "ctrl-g"], "close the top thing; at the root: quit", W::BOTH),
    row(A::Unfold, "unfold", &["l", "right"], "unfold a story", W::MAIN),
    row(A::Fold, "fold", &["h", "left"], "fold a story", W::MAIN),
    row(A::NextPane, "next pane", &["tab"], "next pane", W::MAIN),
    row(A::Layout, "layout", &["v"], "cycle layouts", W::MAIN),
    row(A::Space, "page", &["space"], "page the reader, at its end the next unread", W::MAIN),
    row(A::NextUnread, "next unread", &["] u"], "next unread", W::MAIN),
    row(A::PrevUnread, "previous unread", &["[ u"], "previous unread", W::MAIN),
    row(A::NextMine, "next mine", &["] m"], "next of mine", W::MAIN),
    row(A::PrevMine, "previous mine", &["[ m"], "previous of mine", W::MAIN),
    row(A::NextVip, "next vip", &["] v"], "next VIP", W::MAIN),
    row(A::PrevVip, "previous vip", &["[ v"], "previous VIP", W::MAIN),
    row(A::Back, "back", &["{", "ctrl-o"], "back through where I was", W::MAIN),
    row(A::Forward, "forward", &["}"], "forward through where I was", W::MAIN),
    row(A::TakeIn, "take in", &["."], "take in new items", W::MAIN),
    row(A::Mark, "mark", &["x"], "mark, move on", W::MAIN),
    row(A::MarkRange, "mark range", &["X"], "mark from the last mark to here", W::MAIN),
    row(A::MarkQuery, "mark by query", &["*"], "mark by query (empty: unmark all)", W::MAIN),
    row(A::WholeInbox, "show inbox", &["0"], "the whole inbox", W::MAIN),
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
    row(A::SnoozeTyped, "snooze", &["s s"], "snooze until a typed time (fri 9)", W::BOTH),
    row(A::ToggleRead, "read", &["i"], "read / unread for me", W::BOTH),
    row(A::Claim, "claim", &["a"], "claim (take over, logged)", W::BOTH),
    row(A::Assign, "assign", &["A"], "assign to somebody / release", W::BOTH),
    row(A::Tag, "tag", &["t"], "tag (-tag removes)", W::BOTH),
    row(A::Note, "note", &["n"], "private note", W::BOTH),
    row(A::Reply, "reply", &["r"], "reply: open my draft", W::BOTH),
    row(A::Posted, "answered", &["P"], "I posted it: permalink", W::BOTH),
    row(A::CopyLink, "copy link", &["y"], "copy the link", W::BOTH),
    row(A::CopyText, "copy text", &["Y"], "copy the text", W::BOTH),
    row(A::ShowLink, "link", &["o"], "show the link", W::BOTH),
    row(A::Person, "person", &["p"], "the person", W::BOTH),
    row(A::Vip, "vip", &["V"], "VIP on/off", W::BOTH),
    row(A::Why, "why", &["w"], "why it is here", W::BOTH),
    row(A::Log, "log", &["L"], "log of this item", W::BOTH),
    row(A::Diff, "what changed", &["d"], "what changed (revisions)", W::BOTH),
    row(A::Undo, "undo", &["u"], "undo", W::BOTH),
    row(A::Redo, "redo", &["U"], "redo", W::BOTH),
    row(A::Filter, "filter", &["/"], "filter by a query", W::MAIN),
    row(A::Palette, "palette", &[":"], "palette", W::BOTH),
    row(A::Help, "help", &["?"], "keys of this screen", W::BOTH),
    row(A::PollNow, "poll now", &["ctrl-r"], "poll all sources now", W::BOTH),
    row(A::Suspend, "suspend", &["ctrl-z"], "suspend", W::BOTH),
    row(A::Interrupt, "quit", &["ctrl-c"], "like q; never loses text", W::BOTH),
    row(A::GoSources, "sources", &["g S"], "sources", W::BOTH),
    row(A::GoDrafts, "drafts", &["g D"], "drafts", W::BOTH),
    row(A::GoPeople, "people", &["g P"], "people", W::BOTH),
    row(A::GoLog, "whole log", &["g L"], "log of everything", W::BOTH),
    row(A::GoUndo, "undo list", &["g U"], "undo list", W::BOTH),
    row(A::GoHealth, "health", &["g ?"], "health", W::BOTH),
    row(A::SourceAdd, "add source", &["+"], "add a source by its address", W::SOURCES),
    row(A::SourcePause, "pause", &["Z"], "pause / resume the source", W::SOURCES),
    row(A::SourceRemove, "remove source", &[], "remove the selected source", W::SOURCES),
    row(A::AddPage, "add page", &[], "put a page into the inbox by hand", W::BOTH),
    row(A::DraftEditor, "editor", &["ctrl-x e"], "write in $EDITOR", W::DRAFT),
    row(A::DraftSubmit, "hand off", &["ctrl-x p"], "copy, show the link, record the permalink", W::DRAFT),
    row(A::DraftAside, "put aside", &["ctrl-x k"], "put the draft aside (undo brings it back)", W::DRAFT),
];

/// The row of an action.
#[must_use]
pub fn row_of(a: Action) -> Option<&'static ActionRow> {
    ACTIONS.iter().find(|r| r.action == a)
}

/// What a chord leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Action(Action),
    /// More keys follow.
    Prefix,
    Nothing,
}

/// Looks a chord up in a place.
#[must_use]
pub fn look_up(chord: &str, place: Where) -> Found {
    let mut prefix = false;
    for r in ACTIONS.iter().filter(|r| r.place.has(place)) {
        for k in r.keys {
            if *k == chord {
                return Found::Action(r.action);
            }
            prefix |= k.strip_prefix(chord).is_some_and(|rest| rest.starts_with(' '));
        }
    }
    if prefix { Found::Prefix } else { Found::Nothing }
}

/// The choices behind a prefix: next key and help.
#[must_use]
pub fn choices(prefix: &str, place: Where) -> Vec<(&'static str, &'static str)> {
    let mut out = Vec::new();
    for r in ACTIONS.iter().filter(|r| r.place.has(place)) {
        for k in r.keys {
            if let Some(rest) = k.strip_prefix(prefix).and_then(|x| x.strip_prefix(' ')) {
                out.push((rest, r.help));
            }
        }
    }
    out
}

/// The table of keys as the README shows it.
#[must_use]
pub fn markdown() -> String {
    let mut s = String::from("| key | what it does |\n|---|---|\n");
    for r in ACTIONS.iter().filter(|r| !r.keys.is_empty()) {
        let keys: Vec<String> = r.keys.iter().map(|k| format!("`{k}`")).collect();
        s += &format!("| {} | {} |\n", keys.join(" "), r.help);
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_twice_in_a_place_and_no_forbidden_key() {
        for place in [W::MAIN, W::PAGE, W(W::PAGE.0 | W::SOURCES.0), W::DRAFT] {
            let mut seen = std::collections::HashSet::new();
            for r in ACTIONS.iter().filter(|r| r.place.has(place)) {
                for k in r.keys {
                    assert!(seen.insert(*k), "{k} twice");
                    // A key that acts must not be the prefix of another.
                    assert!(
                        !ACTIONS
                            .iter()
                            .any(|o| o.place.has(place)
                                && o.keys.iter().any(|x| x.starts_with(&format!("{k} ")))),
                        "{k}"
                    );
                    for part in k.split(' ') {
                        let bad = [
                            "ctrl-a", "ctrl-b", "ctrl-h", "ctrl-i", "ctrl-j", "ctrl-k", "ctrl-l", "ctrl-m",
                            "ctrl-q", "ctrl-s", "~", "@",
                        ];
                        assert!(!bad.contains(&part) && !part.starts_with("alt-"), "{k}");
                    }
                }
            }
        }
        // These stay free for the user.
        for free in ["b", "f", "z", "F", "H", "I", "M", "W"] {
            assert_eq!(look_up(free, W::BOTH), Found::Nothing, "{free}");
        }
    }

    #[test]
    fn every_verb_has_a_row_here() {
        for v in crate::model::VERBS {
            let elsewhere = ["discard", "wipe", "forget"];
            assert!(elsewhere.contains(&v.name) || ACTIONS.iter().any(|r| r.name == v.name), "{}", v.name);
        }
    }
}
