//! Stories: keys in, lines of the screen out, on ratatui's TestBackend, with a small world behind the door that
//! answers at once.

mod answer;
mod bytes;
mod compose;
mod first;
mod macros;
mod screens;
mod search;
mod sources;
mod team;
mod triage;
mod world;

use world::World;

use super::app::App;
use super::msg::{Effect, For, Msg, Timer};
use super::theme::Theme;
use super::update::update;
use super::view;
use crate::door::{Event, Reply, Request, Terms};
use crate::model::outgoing::{Going, Outgoing, Preflight};
use crate::model::{
    Applied, Author, Counts, Draft, Health, Id, Item, Key, Mention, Mute, MuteKey, MuteView, PersonCard,
    RuleView, SourceView, Stage, Stamp, State, Targets, Text, TopicHit, TopicView, Value, Verb, View,
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

fn blog() -> SourceView {
    let health = Health {
        last_error: Some((NOW.plus(-60_000), text("the server said 503"))),
        gaps: vec![(NOW.plus(-7_200_000), Some(NOW.plus(-3_600_000)))],
        ..Health::default()
    };
    SourceView {
        id: "blog".into(),
        network: "feed".into(),
        url: "https://blog.example/feed.xml".into(),
        every_ms: 600_000,
        configured: true,
        health,
        ..SourceView::default()
    }
}

struct Story {
    app: App,
    world: World,
    screen: Terminal<TestBackend>,
}

impl Story {
    fn new(size: (u16, u16), items: Vec<Item>) -> Story {
        let app = App::new("ana", NOW, size);
        let world = World {
            items,
            undo: vec![],
            drafts: vec![],
            acts: vec![],
            asked: vec![],
            copied: vec![],
            timers: vec![],
            full: None,
            terms: Terms::default(),
            flight: None,
            flight_saved_at: None,
            outbox: Vec::new(),
            snippets: Vec::new(),
            accounts: Vec::new(),
            macros: Vec::new(),
            settled: Vec::new(),
            present: vec![],
            topics: vec![],
            views: vec![],
            mutes: vec![],
            would: vec![],
            rules: vec![],
        };
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
                Effect::Attach { about, alt, .. } => {
                    let name = Reply::Attached("tin-0123456789abcdef.png".into());
                    todo.extend(update(&mut self.app, Msg::Reply(For::Attached(about, alt), Box::new(name))));
                }
                Effect::Macro(m) => self.world.macros.push(m),
                Effect::Quit(code) => self.app.quit = Some(code),
                Effect::Edit { .. }
                | Effect::Suspend
                | Effect::Bell(_)
                | Effect::Settings
                | Effect::Backup(_) => {}
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
