//! What one terminal shows. Changed only by `update`; selection is an id, never an index.

use super::keymap::Keymap;
pub use super::prompt::{Asking, Prompt};
use crate::door::{ListQuery, Terms, Total};
use crate::model::{
    Counts, Draft, Id, Item, Key, PersonCard, Role, RuleView, SourceView, Stage, Stamp, State, TopicView,
    View,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use tui_textarea::TextArea;

/// Which pane has the focus.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pane {
    #[default]
    Stream,
    Reader,
    People,
    Drafts,
}

/// The stream: a window of rows, newest first.
#[derive(Default, Debug)]
pub struct Stream {
    pub states: Vec<State>,
    pub filter: String,
    /// What a view is called.
    pub title: Option<String>,
    pub rows: Vec<Item>,
    /// The selected mention.
    pub cursor: Option<Key>,
    /// First row on the screen.
    pub top: usize,
    /// Where older rows go on; none at the end.
    pub older: Option<Key>,
    /// Where newer rows go on; none if the window begins at the newest.
    pub newer: Option<Key>,
    pub asked: bool,
    /// Number of the list; answers to an older one are dropped.
    pub generation: u64,
    /// The first answer has come.
    pub loaded: bool,
    pub marks: Vec<Key>,
    /// A verb on the marks is under way: they are kept until it was done.
    pub marks_asked: bool,
    /// Rows that belong here no more: they stay, dimmed, until the list is read anew.
    pub acted: HashSet<Key>,
    /// What a verb of mine is about to take from here: the cursor leaves it then, and not when a colleague does it.
    pub acting: Vec<Key>,
    /// Tellings of unfolded stories.
    pub unfolded: HashMap<Id, Vec<Item>>,
    /// It was empty and no key was pressed since: nothing can jump under anybody's hand.
    pub calm: bool,
    /// New items that the list does not show yet.
    pub waiting: u32,
    /// Mentions looked at by a filter so far.
    pub scanned: u64,
    /// How many there are in all, where a filter is on.
    pub total: Option<Total>,
}

impl Stream {
    pub fn at(&self) -> Option<usize> {
        self.cursor.and_then(|c| self.rows.iter().position(|r| r.key == c))
    }

    pub fn current(&self) -> Option<&Item> {
        self.at().and_then(|i| self.rows.get(i))
    }

    pub fn query(&self, limit: usize) -> ListQuery {
        ListQuery { fold: true, ..ListQuery::newest(&self.states, &self.filter, limit) }
    }

    /// What the header calls it.
    pub fn name(&self) -> String {
        if let Some(t) = &self.title {
            return t.clone();
        }
        let states = match self.states.as_slice() {
            [one] => one.word().to_owned(),
            _ => "all".to_owned(),
        };
        if self.filter.is_empty() { states } else { format!("{states} / {}", self.filter) }
    }
}

/// Where the cursor goes after a verb that ends work on a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum After {
    #[default]
    Down,
    Up,
    Stay,
}

/// The reader.
#[derive(Default, Debug)]
pub struct Reader {
    pub item: Option<Item>,
    pub scroll: usize,
    /// Opened over the stream on a narrow screen.
    pub open: bool,
}

/// What stands behind a row of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Behind {
    Nothing,
    Mention(Box<Item>),
    Person(Id),
    Draft(Box<Draft>),
    Source(String),
    Action(super::action::Action),
    /// A topic or a rule by its name.
    Topic(String),
    Rule(String),
    Mute(crate::model::MuteKey),
    View(View),
    /// A mention by its key.
    Key(Key),
    /// Something that was looked at before a draft leaves.
    Check(Box<crate::model::outgoing::Check>),
    Sending(Box<crate::model::outgoing::Outgoing>),
    Snippet(Box<crate::model::snippet::Snippet>),
    /// A macro by its key.
    Macro(String),
    Account(Box<crate::model::AccountView>),
}

/// A draft that is about to leave, as it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    /// The mention that it answers.
    pub about: Key,
    pub draft: Id,
    pub seen: crate::model::outgoing::Preflight,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageKind {
    Help,
    Palette,
    Sources,
    /// One source in full.
    Source,
    Drafts,
    People,
    Person,
    Log,
    Undo,
    Health,
    /// What a search found, the best first.
    Best,
    /// Where colleagues call me.
    Calls,
    /// Words that were handed off just now.
    Handed,
    /// A colleague's draft, and its rivals.
    Approval,
    /// What is looked at before a draft leaves.
    Preflight,
    /// What leaves and what left.
    Outbox,
    /// Pieces of answers.
    Snippets,
    /// What a macro does, before its first run; and all of them.
    Macro,
    Macros,
    /// As whom something new is said.
    Compose,
    Topics,
    Rules,
    /// What is muted or always let in.
    Mutes,
    Text,
}

/// A page over the main screen: a head and rows.
#[derive(Debug)]
pub struct Page {
    pub kind: PageKind,
    pub title: String,
    pub head: Vec<String>,
    pub rows: Vec<(String, Behind)>,
    pub selected: usize,
    /// The person of a person's page.
    pub person: Option<Id>,
    /// The source of a source's page.
    pub source: Option<String>,
    /// The mention that a page is about.
    pub about: Option<Box<Item>>,
    /// Lines of a draft, and of what it answers, that are above their part of the screen.
    pub scroll: usize,
    pub mention_scroll: usize,
}

impl Page {
    pub fn new(kind: PageKind, title: impl Into<String>) -> Page {
        Page {
            kind,
            title: title.into(),
            head: Vec::new(),
            rows: Vec::new(),
            selected: 0,
            person: None,
            source: None,
            about: None,
            scroll: 0,
            mention_scroll: 0,
        }
    }

    pub fn behind(&self) -> &Behind {
        self.rows.get(self.selected).map_or(&Behind::Nothing, |r| &r.1)
    }
}

/// A draft being written.
pub struct Editor {
    pub mention: Item,
    pub area: TextArea<'static>,
    /// Number of the last change, of the last one that the engine was given, and of the last one that it has
    /// on the disk.
    pub changed: u64,
    pub given: u64,
    pub saved: u64,
    /// It is left as soon as it is kept.
    pub leaving: bool,
    /// A save is under way: the next one waits for it. And the last one was refused.
    pub under_way: bool,
    pub refused: bool,
    /// It is finished as soon as it is kept.
    pub finishing: bool,
    /// Its id, once it has one; how far it is, and what holds for it.
    pub id: Option<Id>,
    /// When what the engine has was saved; 0 for nothing.
    pub saved_at: Stamp,
    pub stage: Stage,
    /// Why it was returned.
    pub reason: String,
    pub terms: Terms,
    /// A colleague's draft that is being changed.
    pub of: Option<Draft>,
    /// What the discussion held when it was looked at last.
    pub seen: Option<HashSet<Id>>,
    /// How it is to be sent, and what that means there.
    pub how: crate::model::outgoing::SendAs,
    pub header: Option<crate::model::outgoing::Preflight>,
}

impl Editor {
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }
}

/// Everything one terminal shows.
pub struct App {
    pub who: String,
    pub brand: String,
    pub now: Stamp,
    pub size: (u16, u16),
    pub opened: bool,
    /// Why the engine could not be opened.
    pub failed: Option<String>,
    pub stream: Stream,
    pub reader: Reader,
    pub pane: Pane,
    /// 0: by width; else fewer panes.
    pub layout: u8,
    pub people: HashMap<Id, PersonCard>,
    pub people_asked: HashSet<Id>,
    pub drafts: Vec<Draft>,
    /// A draft that is looked at before it leaves; the same while it is let go; what was let go last; a sending that
    /// somebody tells the address of.
    pub flight: Option<Flight>,
    pub sending: Option<Flight>,
    pub recall: Option<Key>,
    pub settling: Option<Id>,
    pub snippets: Vec<crate::model::snippet::Snippet>,
    /// The snippet that goes into the reply that is being opened.
    pub piece: Option<(Key, String)>,
    pub macros: super::macros::Macros,
    /// As whom something new is begun; and the draft that was sent and is to be changed, with its words.
    pub composing: Option<crate::model::AccountView>,
    pub changing: Option<(Key, Id, String)>,
    /// A mention in another language, as long as it is looked at so.
    pub translated: Option<(Id, crate::model::Text)>,
    pub counts: Counts,
    pub sources: Vec<SourceView>,
    pub pages: Vec<Page>,
    pub prompt: Option<Prompt>,
    pub editor: Option<Editor>,
    pub keymap: Keymap,
    pub views: BTreeMap<u8, View>,
    /// The team's.
    pub team_views: Vec<View>,
    /// How many mentions the views have, by number.
    pub tallies: BTreeMap<u8, Total>,
    /// What is muted or always let in.
    pub mutes: Vec<crate::model::MuteView>,
    /// Counts the changes of a query that is being written.
    pub trial: u64,
    /// What the page of the best was asked for.
    pub best: Option<(crate::door::ListQuery, crate::model::By)>,
    /// They are about to be asked for.
    pub tally_due: bool,
    pub topics: Vec<TopicView>,
    pub rules: Vec<RuleView>,
    /// Why changed settings could not be taken in.
    pub trouble: Option<String>,
    /// Keys typed so far of a chord.
    pub chord: String,
    /// The line at the bottom: urgent or not.
    pub notice: Option<(bool, String)>,
    /// Who is reading and writing what, and what of ours the engine was told.
    pub present: Vec<crate::door::Present>,
    pub here: (Option<Id>, Option<Id>),
    pub here_due: bool,
    /// Keys typed since `r`, for the draft that is being opened.
    pub ahead: Option<Vec<crossterm::event::KeyEvent>>,
    /// A warning stands there: what would quit only takes it away.
    pub warned: bool,
    /// What was typed for the team's files, until it is known to be written.
    pub sent: Option<Prompt>,
    /// What of the team's is being written, and what was left unsaved.
    pub sheet: Option<super::sheet::Sheet>,
    pub aside: Vec<super::sheet::Sheet>,
    /// The entry of the team's that was written last: its row is selected when it is there.
    pub written: Option<String>,
    /// The engine is away.
    pub lost: bool,
    /// Who ended the engine, until there is one again.
    pub stopped_by: Option<String>,
    /// The source that was asked by hand, until it answers.
    pub asking: Option<String>,
    /// The draft whose mention is being fetched.
    pub opening: Option<Box<Draft>>,
    /// What holds for the draft that is being opened.
    pub terms: Terms,
    /// The colleague's draft whose mention is being fetched.
    pub approving: Option<Box<Draft>>,
    /// The colleague's draft that is read, with what does not hold of it.
    pub checked: Option<(Id, Vec<String>)>,
    /// What this person may do.
    pub role: Option<Role>,
    /// Where the cursor goes after a verb that ends work on a row.
    pub after: After,
    /// What was taken back, until the mention that it was about has a name here.
    pub undone: Option<String>,
    /// Where the cursor was before a filter was set.
    pub before_filter: Option<Key>,
    /// Pages below the mention that was opened from one of them.
    pub below: Vec<Page>,
    /// What is selected in the panes beside the stream.
    pub person_at: Option<Id>,
    pub draft_at: Option<Id>,
    /// Where I was, and how far I went back.
    pub trail: Vec<Key>,
    pub trail_at: usize,
    pub follow: u64,
    /// What is looked at for so long is read.
    pub dwell_ms: Option<u64>,
    /// How often each action was taken from the palette.
    pub used: HashMap<super::action::Action, usize>,
    /// Half a page at a time, or line by line.
    pub scroll_lines: bool,
    pub ascii: bool,
    /// One pane, no lines, the terminal's cursor on what is selected.
    pub calm: bool,
    pub quit: Option<i32>,
    /// A verb of mine is under way: what it changed is drawn at once.
    pub expecting: bool,
    /// Something on the screen changed; at once or when the slot comes.
    pub draw_now: bool,
    pub draw_later: bool,
}

impl App {
    #[must_use]
    pub fn new(who: &str, now: Stamp, size: (u16, u16)) -> App {
        App {
            present: Vec::new(),
            here: (None, None),
            here_due: false,
            ahead: None,
            warned: false,
            sent: None,
            sheet: None,
            aside: Vec::new(),
            written: None,
            lost: false,
            stopped_by: None,
            who: who.into(),
            brand: String::new(),
            now,
            size,
            opened: false,
            failed: None,
            stream: Stream { states: vec![State::Inbox], ..Stream::default() },
            reader: Reader::default(),
            pane: Pane::Stream,
            layout: 0,
            people: HashMap::new(),
            people_asked: HashSet::new(),
            drafts: Vec::new(),
            flight: None,
            sending: None,
            recall: None,
            settling: None,
            snippets: Vec::new(),
            piece: None,
            macros: super::macros::Macros::default(),
            composing: None,
            changing: None,
            translated: None,
            counts: Counts::default(),
            sources: Vec::new(),
            pages: Vec::new(),
            prompt: None,
            editor: None,
            keymap: Keymap::default(),
            views: BTreeMap::new(),
            team_views: Vec::new(),
            tallies: BTreeMap::new(),
            mutes: Vec::new(),
            trial: 0,
            best: None,
            tally_due: false,
            topics: Vec::new(),
            rules: Vec::new(),
            trouble: None,
            chord: String::new(),
            notice: None,
            asking: None,
            opening: None,
            terms: Terms::default(),
            approving: None,
            checked: None,
            role: None,
            after: After::Down,
            undone: None,
            before_filter: None,
            below: Vec::new(),
            person_at: None,
            draft_at: None,
            trail: Vec::new(),
            trail_at: 0,
            follow: 0,
            dwell_ms: None,
            used: HashMap::new(),
            scroll_lines: false,
            ascii: false,
            calm: false,
            quit: None,
            expecting: false,
            draw_now: true,
            draw_later: false,
        }
    }

    /// Panes that fit: 1 the stream or the reader, 2 both, 3 with people and drafts.
    #[must_use]
    pub fn columns(&self) -> u8 {
        let by_width = match self.size.0 {
            140.. => 3,
            100.. => 2,
            _ => 1,
        };
        if self.calm {
            return 1;
        }
        match self.layout {
            0 => by_width,
            n => by_width.min(4 - n.min(3)),
        }
    }

    /// Rows of the stream on the screen.
    #[must_use]
    pub fn list_height(&self) -> usize {
        usize::from(self.size.1.saturating_sub(3)).max(1)
    }

    /// What this person is reading and writing a reply to.
    #[must_use]
    pub fn here_now(&self) -> (Option<Id>, Option<Id>) {
        let reads = self.reader.open || self.pane == Pane::Reader || self.columns() > 1;
        let reading = self.reader.item.as_ref().filter(|_| reads && self.pages.is_empty()).map(|i| i.id);
        (reading, self.editor.as_ref().map(|e| e.mention.id))
    }

    /// Colleagues who are at a mention: reading it, or writing a reply.
    pub fn others_at(&self, id: Id) -> impl Iterator<Item = (&str, bool)> {
        let at = move |p: &&crate::door::Present| p.reading == Some(id) || p.writing == Some(id);
        let others = self.present.iter().filter(|p| p.who != self.who).filter(at);
        others.map(move |p| (p.who.as_str(), p.writing == Some(id)))
    }

    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some((false, text.into()));
        self.draw_now = true;
    }

    pub fn warn(&mut self, text: impl Into<String>) {
        self.notice = Some((true, text.into()));
        self.draw_now = true;
    }

    /// The mention that a verb is about: of the page, else of the stream.
    #[must_use]
    pub fn subject(&self) -> Option<&Item> {
        match self.pages.last() {
            Some(p) => match p.behind() {
                Behind::Mention(i) => Some(i),
                _ => p.about.as_deref(),
            },
            None if self.pane == Pane::Reader || self.reader.open => {
                self.reader.item.as_ref().or_else(|| self.stream.current())
            }
            None => self.stream.current(),
        }
    }
}
