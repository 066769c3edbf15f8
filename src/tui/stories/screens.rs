//! Every pane and every page as it looks at four sizes, word for word. `HEARKEN_BLESS=1 cargo test screens` writes the
//! files anew, to be read before they are committed.

use super::*;
use crate::model::Role;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const SIZES: [(u16, u16); 4] = [(20, 5), (80, 24), (140, 45), (300, 100)];

/// Blanks in a row that are counted instead.
const GAP: usize = 12;

fn file(size: (u16, u16)) -> PathBuf {
    let name = format!("src/tui/stories/screens/{}x{}.txt", size.0, size.1);
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Five mentions on which everything happened that shows.
fn rich(size: (u16, u16)) -> Story {
    let mut s = Story::five(size);
    let all = &mut s.world.items;
    all[0].vip = true;
    all[0].assignee = Some("ana".into());
    all[0].notes = vec![("bo".into(), NOW.plus(-600_000), text("@ana the lids again"))];
    all[0].mention.thread = text("https://blog.example/thread");
    all[1].read = true;
    all[1].answered = Some(text("https://blog.example/answer"));
    all[2].tags = vec!["urgent".into(), "lids".into()];
    all[2].edited = true;
    all[2].revisions = vec![(NOW, text("Rain"), text("The whole text of rain."))];
    all[3].mention.title = text("缶が開かない、猫が待っている 🐈");
    all[3].has_draft = true;
    let draft = |who: &str, n: u64, stage: Stage, item: &Item| Draft {
        id: Id(n),
        mention: item.key,
        about: item.mention.title.clone(),
        who: who.into(),
        text: text("Dear Mirabel,\nplease pull the ring to the side."),
        saved_at: NOW.plus(-300_000),
        stage,
        ..Draft::default()
    };
    s.world.drafts = vec![
        draft("bo", 11, Stage::Waiting { edited_by: None }, &s.world.items[3]),
        draft("cy", 12, Stage::Writing, &s.world.items[3]),
        draft("ana", 13, Stage::Returned { by: "bo".into(), note: Id(1) }, &s.world.items[4]),
    ];
    let id = s.world.items[1].id;
    s.app.role = Some(Role::Send);
    s.world.present = vec![
        crate::door::Present { who: "bo".into(), reading: Some(id), writing: None },
        crate::door::Present { who: "cy".into(), reading: None, writing: Some(id) },
    ];
    s.tell(Msg::Event(Event::Presence(s.world.present.clone())));
    s.tell(Msg::Event(Event::DraftsChanged));
    s.press(".");
    s.tell(Msg::Event(Event::Arrived { inbox: 3, heard: 0 }));
    s
}

/// Keys to a screen, by its name; `type:` types.
const SCREENS: &[(&str, &str)] = &[
    ("the stream", ""),
    ("the reader", "enter"),
    ("marked, and one done", "x x j e"),
    ("a chord begun", "s"),
    ("the filter", "/ type:tins"),
    ("what the filter leaves", "/ type:tins enter"),
    ("mark by query", "* type:tins"),
    ("a note", "n"),
    ("a tag", "t"),
    ("assign", "A"),
    ("snooze until", "s s"),
    ("posted at", "P"),
    ("the palette", ": type:sno"),
    ("help", "?"),
    ("help searched", "? type:draft"),
    ("writing a reply", "r type:Dear"),
    ("a chord while writing", "r ctrl-x"),
    ("handed off", "r type:Dear ctrl-x p enter"),
    ("preflight", "r type:Dear ctrl-x p"),
    ("people", "g P"),
    ("a person", "p"),
    ("drafts", "g D"),
    ("a colleague's draft", "g D enter"),
    ("approving it", "g D enter enter"),
    ("returning it", "g D enter N"),
    ("sources", "g S"),
    ("a source", "g S enter"),
    ("adding a source", "g S +"),
    ("removing a source", "g S D"),
    ("topics", "g T"),
    ("a new topic", "g T + type:lids tab tab type:("),
    ("rules", "g Q"),
    ("a new rule", "g Q + type:noise tab type:rain tab"),
    ("log of an item", "L"),
    ("log of everything", "g L"),
    ("my undo list", "g U"),
    ("health", "g ?"),
    ("mentions of me", "g M"),
    ("hand-over", "g H"),
    ("why", "w"),
    ("what changed", "j j d"),
    ("the link", "o"),
    ("the people's pane", "tab tab"),
    ("the drafts' pane", "tab tab tab"),
    ("fewer panes", "v"),
];

/// Clocks are local: their digits are left out.
fn without_clock(l: &str) -> String {
    let c: Vec<char> = l.chars().collect();
    let digit = |i: usize| c.get(i).is_some_and(char::is_ascii_digit);
    let clock =
        |i: usize| digit(i) && digit(i + 1) && c.get(i + 2) == Some(&':') && digit(i + 3) && digit(i + 4);
    let date = |i: usize| {
        [0, 1, 2, 3, 5, 6, 8, 9].iter().all(|k| digit(i + k))
            && c.get(i + 4) == Some(&'-')
            && c.get(i + 7) == Some(&'-')
    };
    let within =
        |i: usize, long: usize, begins: &dyn Fn(usize) -> bool| (i.saturating_sub(long - 1)..=i).any(begins);
    let masked = |i: usize| digit(i) && (within(i, 5, &clock) || within(i, 10, &date));
    (0..c.len()).map(|i| if masked(i) { '#' } else { c[i] }).collect()
}

/// A wide gap as its width.
fn folded(l: &str) -> String {
    let mut out = String::new();
    for part in l.split_inclusive(|c| c != ' ') {
        let gap = part.chars().take_while(|c| *c == ' ').count();
        if gap < GAP { out += part } else { out += &format!("⟨{gap}⟩{}", &part[gap..]) }
    }
    out
}

/// The lines of a screen; the same one several times over is counted.
fn tell(out: &mut String, lines: &[String]) {
    let lines: Vec<String> = lines.iter().map(|l| folded(&without_clock(l))).collect();
    for same in lines.chunk_by(|a, b| a == b) {
        let _ = match same.len() {
            1 => writeln!(out, "|{}", same[0]),
            n => writeln!(out, "|{} ×{n}", same[0]),
        };
    }
}

fn walk(s: &mut Story, keys: &str) {
    for k in keys.split(' ').filter(|k| !k.is_empty()) {
        match k.strip_prefix("type:") {
            Some(words) => s.type_in(words),
            None => s.press(k),
        };
    }
}

#[test]
fn every_pane_and_page_looks_as_it_did_at_four_sizes() {
    let bless = std::env::var_os("HEARKEN_BLESS").is_some();
    for size in SIZES {
        let mut seen = String::new();
        for (name, keys) in SCREENS {
            let mut s = rich(size);
            walk(&mut s, keys);
            s.rest();
            let lines = s.lines();
            assert_eq!(lines.len(), usize::from(size.1));
            let _ = writeln!(seen, "== {name}: {keys}");
            tell(&mut seen, &lines);
        }
        let mut empty = Story::new(size, vec![]);
        let _ = writeln!(seen, "== an empty inbox");
        tell(&mut seen, &empty.lines());
        let path = file(size);
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &seen).unwrap();
        }
        let was = std::fs::read_to_string(&path).unwrap_or_default();
        for (a, b) in was.lines().zip(seen.lines()) {
            assert_eq!(a, b, "{}; HEARKEN_BLESS=1 takes it as it is now", path.display());
        }
        assert_eq!(was.lines().count(), seen.lines().count(), "{}", path.display());
    }
}
