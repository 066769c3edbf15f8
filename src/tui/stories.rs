//! Stories: keys in, lines of the screen out, on ratatui's TestBackend, with a small world behind the door that
//! answers at once.

use super::app::App;
use super::msg::{Effect, For, Msg, Timer};
use super::theme::Theme;
use super::update::update;
use super::view;
use crate::door::{Event, Reply, Request};
use crate::model::{
    Applied, Author, Counts, Draft, Id, Item, Key, Mention, PersonCard, SourceView, Stamp, State, Targets,
    Text, TopicHit, Verb,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const NOW: Stamp = Stamp(1_790_000_000_000);

fn text(s: &str) -> Text {
    crate::clean::text(s).0
}

fn item(n: u64, title: &str, author: &str) -> Item {
    Item {
        id: Id(n << 40),
        key: Key { time: 1000 - n, id: Id(n << 40) },
        state: State::Inbox,
        tellings: 1,
        mention: Mention {
            source: "blog".into(),
            network: "feed".into(),
            community: text("blog.example"),
            url: text("https://blog.example/1"),
            title: text(title),
            text: text(&format!("The whole text of {title}.")),
            author: Author { name: text(author), scope: text("blog.example"), native: text(author) },
            at: NOW.plus(-3_600_000),
            heard_at: NOW,
            topics: vec![TopicHit { topic: "brand".into(), spans: vec![(true, 0, 4)] }],
            ..Mention::default()
        },
        ..Item::default()
    }
}

/// The world behind the door.
struct World {
    items: Vec<Item>,
    undo: Vec<Vec<Item>>,
    drafts: Vec<Draft>,
    acts: Vec<(Verb, Targets)>,
    copied: Vec<String>,
    timers: Vec<Timer>,
}

struct Story {
    app: App,
    world: World,
    screen: Terminal<TestBackend>,
}

impl Story {
    fn new(size: (u16, u16), items: Vec<Item>) -> Story {
        let app = App::new("ana", NOW, size);
        let world =
            World { items, undo: vec![], drafts: vec![], acts: vec![], copied: vec![], timers: vec![] };
        let screen = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let mut s = Story { app, world, screen };
        s.tell(Msg::Opened);
        s
    }

    fn five(size: (u16, u16)) -> Story {
        let titles =
            ["Tins will not open", "Thanks for the food", "Rain again", "Recipe changed?", "A kidney diet"];
        let who = ["mirabel", "bo", "cy", "mirabel", "ida"];
        Story::new(size, (0..5).map(|i| item(i as u64 + 1, titles[i], who[i])).collect())
    }

    fn tell(&mut self, m: Msg) {
        let mut todo = update(&mut self.app, m);
        while !todo.is_empty() {
            let e = todo.remove(0);
            match e {
                Effect::Ask(what, request) => {
                    let (reply, events) = self.world.answer(request, &what);
                    todo.extend(update(&mut self.app, Msg::Reply(what, Box::new(reply))));
                    for e in events {
                        todo.extend(update(&mut self.app, Msg::Event(e)));
                    }
                }
                Effect::After(_, t) => self.world.timers.push(t),
                Effect::Copy(s) => self.world.copied.push(s),
                Effect::Quit(code) => self.app.quit = Some(code),
                Effect::Edit { .. } | Effect::Suspend => {}
            }
        }
    }

    /// Presses keys, written as the table writes them, separated by blanks.
    fn press(&mut self, keys: &str) -> &mut Self {
        for k in keys.split(' ') {
            let (code, mods) = match k {
                "enter" => (KeyCode::Enter, KeyModifiers::NONE),
                "esc" => (KeyCode::Esc, KeyModifiers::NONE),
                "tab" => (KeyCode::Tab, KeyModifiers::NONE),
                "space" => (KeyCode::Char(' '), KeyModifiers::NONE),
                "end" => (KeyCode::End, KeyModifiers::NONE),
                k if k.starts_with("ctrl-") => {
                    (KeyCode::Char(k.chars().last().unwrap()), KeyModifiers::CONTROL)
                }
                k => (KeyCode::Char(k.chars().next().unwrap()), KeyModifiers::NONE),
            };
            self.tell(Msg::Key(KeyEvent::new(code, mods)));
        }
        self
    }

    fn type_in(&mut self, s: &str) -> &mut Self {
        for c in s.chars() {
            self.tell(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
        self
    }

    /// All timers go off.
    fn rest(&mut self) -> &mut Self {
        for t in std::mem::take(&mut self.world.timers) {
            self.tell(Msg::Timer(t));
        }
        self
    }

    fn lines(&mut self) -> Vec<String> {
        let theme = Theme::named("sixteen").unwrap();
        let app = &self.app;
        self.screen.draw(|f| view::draw(app, &theme, f)).unwrap();
        let b = self.screen.backend().buffer();
        (0..b.area.height)
            .map(|y| (0..b.area.width).map(|x| b[(x, y)].symbol()).collect::<String>().trim_end().to_owned())
            .collect()
    }

    fn shows(&mut self, words: &str) -> &mut Self {
        let all = self.lines().join("\n");
        assert!(all.contains(words), "no “{words}” in\n{all}");
        self
    }

    fn hides(&mut self, words: &str) -> &mut Self {
        let all = self.lines().join("\n");
        assert!(!all.contains(words), "“{words}” in\n{all}");
        self
    }

    /// The row that the cursor is on.
    fn at(&mut self, words: &str) -> &mut Self {
        let all = self.lines();
        let row = all.iter().find(|l| l.starts_with('>')).cloned().unwrap_or_default();
        assert!(row.contains(words), "the cursor is on “{row}”, not on “{words}”\n{}", all.join("\n"));
        self
    }
}

impl World {
    fn answer(&mut self, r: Request, what: &For) -> (Reply, Vec<Event>) {
        let reply = match r {
            Request::List(q) => {
                let parsed = crate::query::Query::parse(&q.filter, crate::query::Scope::View).unwrap();
                let mut items: Vec<Item> =
                    self.items.iter().filter(|i| q.states.contains(&i.state)).cloned().collect();
                items.retain(|i| {
                    parsed.matches(&crate::query::Doc::new(&i.mention.title, &i.mention.text)).is_some()
                });
                items.sort_by_key(|i| std::cmp::Reverse(i.key));
                items.retain(|i| if q.older { i.key < q.from } else { i.key > q.from });
                if !q.older {
                    items.reverse();
                }
                let more = items.len() > q.limit;
                items.truncate(q.limit);
                let next = if more { items.last().map(|i| i.key) } else { None };
                Reply::List { scanned: items.len() as u64, items, next }
            }
            Request::Items(ids) => {
                Reply::Items(self.items.iter().filter(|i| ids.contains(&i.id)).cloned().collect())
            }
            Request::Act { verb, targets, .. } => return self.act(verb, targets),
            Request::Undo => {
                let Some(old) = self.undo.pop() else { return (Reply::Applied(Applied::default()), vec![]) };
                let keys: Vec<Key> = old.iter().map(|i| i.key).collect();
                for o in old {
                    if let Some(i) = self.items.iter_mut().find(|i| i.key == o.key) {
                        *i = o;
                    }
                }
                let a = Applied {
                    seq: 9,
                    verb: "done".into(),
                    changed: keys.len() as u32,
                    skipped: 0,
                    keys: keys.clone(),
                };
                return (Reply::Applied(a), vec![Event::Changed(keys)]);
            }
            Request::Counts => {
                let n = |s| self.items.iter().filter(|i| i.state == s).count() as u64;
                let unread = self.items.iter().filter(|i| i.state == State::Inbox && !i.read).count() as u64;
                Reply::Counts(Counts {
                    heard: 3,
                    inbox: n(State::Inbox),
                    snoozed: n(State::Snoozed),
                    done: n(State::Done),
                    unread,
                })
            }
            Request::Sources => Reply::Sources(vec![SourceView {
                id: "blog".into(),
                network: "feed".into(),
                ..SourceView::default()
            }]),
            Request::People(ids) => Reply::People(
                self.items
                    .iter()
                    .filter(|i| ids.contains(&Id(i.mention.author.key())))
                    .map(|i| PersonCard {
                        id: Id(i.mention.author.key()),
                        name: i.mention.author.name.clone(),
                        recent: 2,
                        ..PersonCard::default()
                    })
                    .collect(),
            ),
            Request::KnownPeople => Reply::People(vec![]),
            Request::Timeline { person, .. } => Reply::Items(
                self.items.iter().filter(|i| i.mention.author.key() == person.0).cloned().collect(),
            ),
            Request::Drafts => Reply::Drafts(self.drafts.clone()),
            Request::Draft(m) => Reply::Draft(self.drafts.iter().find(|d| d.mention.id == m).cloned()),
            Request::SaveDraft { mention, text } => {
                self.drafts.retain(|d| d.mention != mention);
                self.drafts.push(Draft {
                    mention,
                    text,
                    who: "ana".into(),
                    saved_at: NOW,
                    ..Draft::default()
                });
                return (Reply::Saved(Id(1)), vec![Event::DraftsChanged]);
            }
            Request::Log { .. } => Reply::Log(vec![]),
            Request::Status => {
                Reply::Status(crate::door::Status { brand: "Acme".into(), ..Default::default() })
            }
            other => panic!("{other:?} for {what:?}"),
        };
        (reply, vec![])
    }

    fn act(&mut self, verb: Verb, targets: Targets) -> (Reply, Vec<Event>) {
        self.acts.push((verb.clone(), targets.clone()));
        let Targets::Mentions(keys) = targets else { return (Reply::Applied(Applied::default()), vec![]) };
        let mut before = Vec::new();
        for i in self.items.iter_mut().filter(|i| keys.contains(&i.key)) {
            before.push(i.clone());
            match &verb {
                Verb::Done => i.state = State::Done,
                Verb::Inbox => i.state = State::Inbox,
                Verb::Snooze(t) => (i.state, i.snoozed_until) = (State::Snoozed, Some(*t)),
                Verb::Tag { tag, on: true } => i.tags.push(tag.clone()),
                Verb::Assign(a) => i.assignee.clone_from(a),
                Verb::Read(r) => i.read = *r,
                Verb::Vip(v) => i.vip = *v,
                Verb::Note(n) => i.notes.push(("ana".into(), NOW, text(n))),
                Verb::Answered(u) => i.answered = Some(text(u)),
                _ => {}
            }
        }
        if !matches!(verb, Verb::Read(_)) {
            self.undo.push(before);
        }
        let a = Applied {
            seq: 1,
            verb: verb.name().into(),
            changed: keys.len() as u32,
            skipped: 0,
            keys: keys.clone(),
        };
        (Reply::Applied(a), vec![Event::Changed(keys)])
    }
}

#[test]
fn done_moves_on_and_undo_brings_it_back() {
    let mut s = Story::five((80, 24));
    s.shows("inbox 5 · unread 5")
        .at("Tins will not open")
        .press("j")
        .at("Thanks")
        .press("e")
        .at("Rain again");
    s.hides("Thanks for the food")
        .shows("1 done · u undo")
        .shows("inbox 4")
        .press("u")
        .shows("Thanks for the food")
        .at("Rain again");
}

#[test]
fn the_same_keys_work_in_the_reader_and_enter_marks_read() {
    let mut s = Story::five((80, 24));
    s.press("enter")
        .shows("The whole text of Tins")
        .shows("unread 4")
        .press("e")
        .shows("The whole text of Thanks")
        .press("q");
    s.at("Thanks").hides("Tins will not");
}

#[test]
fn looking_does_not_mark_read() {
    let mut s = Story::five((120, 30));
    s.press("j j").rest().shows("The whole text of Rain").shows("unread 5");
}

#[test]
fn marks_make_one_step() {
    let mut s = Story::five((80, 24));
    s.press("x j X")
        .shows("3 marked")
        .press("e")
        .shows("3 done")
        .shows("inbox 2")
        .press("u")
        .shows("inbox 5");
    s.press("*")
        .type_in("kidney OR recipe")
        .press("enter")
        .shows("2 marked")
        .press("* enter")
        .hides("marked ·");
}

#[test]
fn snooze_by_one_letter_and_by_words() {
    let mut s = Story::five((80, 24));
    s.press("s").shows("h snooze for an hour").press("t").shows("1 snoozed").shows("snoozed 1");
    s.press("s s")
        .type_in("yesterday")
        .press("enter")
        .shows("no time to come back")
        .press("ctrl-u")
        .type_in("2h")
        .press("enter")
        .shows("snoozed 2");
}

#[test]
fn an_escape_gives_up_a_chord_and_a_split_arrow_key_does_nothing() {
    let mut s = Story::five((80, 24));
    s.press("s esc").at("Tins");
    // ESC and [B in two packets: Esc, then a prefix, then nothing.
    s.press("[ B").at("Tins").shows("inbox 5");
    assert!(s.world.acts.is_empty());
}

#[test]
fn new_items_wait_until_they_are_taken_in() {
    let mut s = Story::five((80, 24));
    s.press("j");
    s.world.items.push(item(0, "Brand new", "zoe"));
    s.tell(Msg::Event(Event::Arrived { inbox: 1, heard: 0 }));
    s.hides("Brand new")
        .shows("▲ 1 new (.)")
        .at("Thanks")
        .press(".")
        .shows("Brand new")
        .at("Thanks")
        .hides("▲");
}

#[test]
fn an_empty_inbox_says_why_and_fills_by_itself() {
    let mut s = Story::new((80, 24), vec![]);
    s.shows("The inbox is empty.").shows("Nothing was heard yet.");
    s.world.items.push(item(1, "Hello", "bo"));
    s.tell(Msg::Event(Event::Arrived { inbox: 1, heard: 0 }));
    s.shows("Hello").hides("▲");
}

#[test]
fn a_store_that_cannot_be_opened_says_why_on_the_screen() {
    let mut s = Story::five((80, 24));
    s.app = App::new("ana", NOW, (80, 24));
    s.shows("opening…");
    s.tell(Msg::OpenFailed("another Hearken is using /srv/hearken; close it".into()));
    s.hides("opening…").shows("cannot open its store").shows("another Hearken is using").press("q");
    assert_eq!(s.app.quit, Some(0));
}

#[test]
fn text_fields_swallow_every_printable_key() {
    let mut s = Story::five((80, 24));
    s.press("r").type_in("e x q u ? : / . jJ").shows("e x q u ? : / . jJ");
    assert!(s.world.acts.is_empty());
    s.rest().shows("· saved").press("esc").shows("draft kept");
    assert_eq!(s.world.drafts[0].text.as_str(), "e x q u ? : / . jJ");
    s.press("r")
        .shows("jJ")
        .press("ctrl-x p")
        .shows("post it at https://blog.example/1")
        .type_in("ftp://x")
        .press("enter")
        .shows("no http or https");
    s.press("ctrl-u").type_in("https://blog.example/1#c2").press("enter").shows("1 answered");
    assert_eq!(s.world.copied, ["e x q u ? : / . jJ"]);
}

#[test]
fn a_draft_is_saved_when_the_terminal_goes() {
    for (msg, code) in [(Msg::Gone, 129), (Msg::Terminate, 143)] {
        let mut s = Story::five((80, 24));
        s.press("r").type_in("half a sen");
        s.tell(msg);
        assert_eq!((s.world.drafts[0].text.as_str(), s.app.quit), ("half a sen", Some(code)));
    }
}

#[test]
fn pastes_are_cleaned_in_text_and_dropped_elsewhere() {
    let mut s = Story::five((80, 24));
    s.tell(Msg::Paste("eeee".into()));
    s.shows("inbox 5").shows("pasted text goes only");
    s.press("r");
    s.tell(Msg::Paste("one\x1b[31m two\u{202e}".into()));
    s.shows("one two").rest();
    assert_eq!(s.world.drafts[0].text.as_str(), "one two");
}

#[test]
fn filters_tags_notes_and_vips() {
    let mut s = Story::five((80, 24));
    s.press("/")
        .type_in("tins OR")
        .shows("OR needs a term")
        .type_in(" rain")
        .press("enter")
        .shows("inbox / tins OR rain");
    s.at("Tins")
        .hides("Thanks")
        .press("t")
        .type_in("bug")
        .press("enter")
        .shows("#bug")
        .press("n")
        .type_in("call her")
        .press("enter");
    s.press("enter").shows("note · ana").shows("call her").press("q q").shows("Thanks");
    s.press("V a").shows("@ana").press("g P").shows("people on the screen");
}

#[test]
fn pages_open_and_their_mentions_take_verbs() {
    let mut s = Story::five((80, 24));
    s.press("p")
        .shows("mirabel")
        .shows("Recipe changed?")
        .press("j e")
        .shows("1 done")
        .press("q")
        .hides("Recipe changed?");
    s.press("w")
        .shows("topic “brand” matched")
        .shows("“Tins”")
        .press("q g S")
        .shows("blog")
        .press("q ?")
        .type_in("snooze")
        .shows("snooze for a week")
        .hides("half a page");
    s.press("esc :").type_in("show done").press("enter").shows("Recipe changed?");
}

#[test]
fn last_goes_to_the_very_end_of_a_long_list_and_home_back() {
    let items = (1..1000).map(|n| item(n, &format!("Number {n}."), "bo")).collect();
    let mut s = Story::new((80, 24), items);
    s.at("Number 1.").press("G").at("Number 999.").press("g g").at("Number 1.");
    for _ in 0..30 {
        s.press("ctrl-d");
    }
    s.at("Number 301.");
    assert!(s.app.stream.rows.len() < 600);
}

#[test]
fn every_size_draws() {
    for (w, h) in [(20, 5), (8, 3), (5, 2), (1, 1), (80, 24), (100, 30), (140, 45), (160, 45), (300, 100)] {
        let mut s = Story::five((w, h));
        s.press("enter q r").type_in("x").press("esc ? esc g S q p q w q v v v tab tab tab q").lines();
    }
}

#[test]
fn random_keys_never_break_anything_and_the_cursor_is_on_a_row() {
    let pool = [
        "j", "k", "e", "E", "u", "x", "X", "enter", "q", "esc", "tab", "v", ".", "g", "G", "s", "h", "t",
        "a", "i", "V", "[", "]", "space", "/", ":", "?", "r", "ctrl-x", "p", "w", "d", "o", "L", "D", "S",
    ];
    let mut seed = 11u64;
    for _ in 0..60 {
        let mut s = Story::five((100, 30));
        for _ in 0..60 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            s.press(pool[(seed >> 33) as usize % pool.len()]);
            let rows = &s.app.stream.rows;
            assert!(rows.is_empty() || s.app.stream.at().is_some());
        }
        s.lines();
    }
}
