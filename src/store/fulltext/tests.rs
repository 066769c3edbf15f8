//! The index answers as a full scan does, however far it is behind; nothing that is gone is left in it.

use crate::model::{
    Author, Id, Item, Key, Mention, Mood, Stamp, State, Targets, Text, TopicHit, Verb, hash64,
};
use crate::query::{Context, Doc, Names, Query, Scope};
use crate::store::{Arrivals, Asker, Incoming, PageQuery, Reheard, Store, Wanted};
use std::path::{Path, PathBuf};

const NOW: i64 = 1_790_000_000_000;
const WORDS: [&str; 14] = [
    "acme",
    "Acme",
    "pump",
    "pumps",
    "pumping",
    "leak",
    "café",
    "cafe",
    "C++",
    "#launch",
    "東京都",
    "don't",
    "v1.2",
    "x",
];
const TAGS: [&str; 3] = ["bug", "Praise", "none"];

struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Temp {
        let p = std::env::temp_dir().join(format!("hearken-fulltext-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&p);
        Temp(p)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 = hash64(&["dice", &self.0.to_string()]);
        self.0 % n
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len() as u64) as usize]
    }

    fn words(&mut self, most: u64) -> String {
        let n = self.roll(most + 1);
        (0..n).map(|_| self.pick(&WORDS)).collect::<Vec<_>>().join(" ")
    }
}

fn incoming(d: &mut Dice, n: u64) -> Incoming {
    let clean = |s: String| Text::already_clean(s);
    Incoming {
        identity: Id(hash64(&["t", &n.to_string()])),
        link: d.roll(4) * d.roll(40),
        thread: 0,
        like: crate::model::Likeness::default(),
        state: if d.roll(3) == 0 { State::Heard } else { State::Inbox },
        mention: Mention {
            source: ["blog", "forum"][d.roll(2) as usize].into(),
            network: "feed".into(),
            title: clean(d.words(3)),
            text: clean(d.words(12)),
            community: clean(["r/pumps", "r/tools"][d.roll(2) as usize].to_owned()),
            url: clean(format!("https://{}.example/{n}", ["a", "b.a", "c"][d.roll(3) as usize])),
            lang: ["en", "de", ""][d.roll(3) as usize].into(),
            author: Author {
                name: clean("Ana Bell".into()),
                scope: clean("blog.example".into()),
                native: clean(format!("ana{}", d.roll(5))),
            },
            at: Stamp(NOW - d.roll(86_400_000 * 3) as i64),
            heard_at: Stamp(NOW),
            mood: Mood::ALL[d.roll(5) as usize],
            topics: ["out", "need", "fail"]
                .into_iter()
                .filter(|_| d.roll(3) == 0)
                .map(|t| TopicHit { topic: t.into(), spans: vec![(true, 0, 1)] })
                .collect(),
            ..Mention::default()
        },
    }
}

fn leaf(d: &mut Dice) -> String {
    let (a, b) = (d.pick(&WORDS), d.pick(&WORDS));
    match d.roll(28) {
        0..=6 => format!("\"{a}\""),
        7 => format!("\"{a} {b}\""),
        8 => "pum*".into(),
        9 => "p?mp".into(),
        10 => format!("\"{a}\" NEAR/2 \"{b}\""),
        11 => match d.roll(4) {
            0 => format!("title:(\"{a}\" -\"{b}\")"),
            1 => format!("body:(\"{a}\" OR -\"{b}\")"),
            _ => format!("title:\"{a}\""),
        },
        12 => "/lea[kf]/".into(),
        13 => format!("tag:{}", d.pick(&TAGS)),
        14 => format!(
            "is:{}",
            d.pick(&[
                "inbox",
                "done",
                "open",
                "unread",
                "read",
                "mine",
                "unassigned",
                "vip",
                "edited",
                "story",
                "answered",
                "heard",
                "snoozed",
                "deleted"
            ])
        ),
        15 => match d.roll(4) {
            0 => "author:bell".into(),
            1 => format!("author:@ana{}", d.roll(6)),
            _ => format!("author:ana{}", d.roll(6)),
        },
        16 => format!("site:{}", d.pick(&["a.example", "b.a.example", "example", "nowhere.example"])),
        17 => format!("lang:{}", d.pick(&["en", "de", "?"])),
        18 => format!("age:<{}h", d.roll(80)),
        19 => format!("assignee:{}", d.pick(&["ana", "bo", "none", "me"])),
        20 => format!("community:{}", d.pick(&["r/pumps", "r/t*", "pumps"])),
        21 => format!("source:{}", d.pick(&["blog", "forum", "none"])),
        22 => format!("has:{}", d.pick(&["link", "number", "question"])),
        23 => format!("sentiment:{}", d.pick(&["pos", "neg", "neutral", "mixed", "unknown"])),
        24 => format!("objective:{}", d.pick(&["launch", "research", "improve"])),
        25 => format!("{}set:{}", d.pick(&["", "-"]), d.pick(&["without", "either", "deep"])),
        26 => format!("set:{} NEAR/3 \"{}\"", d.pick(&["without", "either"]), d.pick(&WORDS)),
        _ => d.pick(&["`C++`", "view:done", "set:either NEAR/3 pump", "view:mine"]).into(),
    }
}

/// What the team named: sets with exclusions, sets of sets, views of states.
fn names() -> Names {
    let read = |text: String, scope| Query::parse(&text, scope).unwrap_or_else(|e| panic!("{text}: {e}"));
    let set = |name: &str, text: String| (name.to_owned(), read(text, Scope::Listen));
    let view = |name: &str, text: &str| (name.to_owned(), read(text.into(), Scope::View));
    let (a, b, c) = (WORDS[0], WORDS[2], WORDS[5]);
    let sets = [
        set("without", format!("\"{a}\" -\"{b}\"")),
        set("either", format!("\"{b}\" OR \"{c}\"")),
        set("deep", format!("set:either -set:without \"{a}\"")),
    ];
    let topic = |name: &str, objective| (name.to_owned(), read(format!("\"{a}\""), Scope::Listen), objective);
    let topics = [topic("out", "launch"), topic("need", "research"), topic("fail", "improve")];
    Names::new(sets, [view("done", "is:done"), view("mine", "assignee:me OR sentiment:neg")], topics)
}

fn query(d: &mut Dice, deep: u64) -> String {
    if deep == 0 || d.roll(3) == 0 {
        return leaf(d);
    }
    let (a, b) = (query(d, deep - 1), query(d, deep - 1));
    match d.roll(5) {
        0 | 1 => format!("({a}) AND ({b})"),
        2 | 3 => format!("({a}) OR ({b})"),
        _ => format!("NOT ({a})"),
    }
}

/// What a query finds, by reading everything or with the index; and how many it says.
fn answer(s: &Store, text: &str, states: &[State], with_index: bool) -> (Vec<Key>, u64) {
    let q = Query::parse(text, Scope::View).unwrap_or_else(|e| panic!("{text}: {e}"));
    let names = names();
    let cx = Context { now: Stamp(NOW), zone: 0, me: Some("ana"), names: Some(&names) };
    let fits = |i: &Item| q.matches_in(&Doc::of_item(i, "ana"), &cx).is_some();
    let r = s.reader();
    let found = with_index.then(|| r.find(&q.plan(&cx), "ana").unwrap()).flatten();
    let page = PageQuery::newest(states, "ana", usize::MAX);
    let items = r.page_of(&page, Some(Wanted::Item(&fits)), found.as_ref()).unwrap().items;
    let (n, exact) =
        r.count(page.states, "ana", Some(Wanted::Item(&fits)), found.as_ref(), &mut |_| true).unwrap();
    assert!(exact);
    (items.iter().map(|i| i.key).collect(), n)
}

fn same(s: &Store, d: &mut Dice, times: usize, when: &str) {
    for _ in 0..times {
        let q = query(d, 3);
        let states: &[State] = if d.roll(2) == 0 { &State::ALL } else { &[State::Inbox] };
        let (a, n) = answer(s, &q, states, false);
        let (b, m) = answer(s, &q, states, true);
        assert_eq!((a.len() as u64, n), (n, m), "{when}: {q}");
        assert_eq!(a, b, "{when}: {q}");
    }
}

fn asker(who: &str) -> Asker {
    Asker { who: who.into(), uid: 1 }
}

/// Something that people or sources do.
fn happen(s: &Store, d: &mut Dice, known: u64) {
    let id = Id(hash64(&["t", &d.roll(known).to_string()]));
    let Some(item) = s.reader().item(id, "ana").unwrap() else { return };
    let on = Targets::Mentions(vec![item.key]);
    let person = Targets::People(vec![Id(item.mention.author.key())]);
    let moods = [Some(Mood::Pos), Some(Mood::Neg), Some(Mood::Unknown), None];
    let verb = match d.roll(12) {
        0 => Verb::Done,
        1 => Verb::Tag { tag: d.pick(&TAGS).into(), on: d.roll(3) > 0 },
        2 => Verb::Assign(Some(d.pick(&["ana", "bo"]).into())),
        3 => Verb::Assign(None),
        4 => Verb::Read(true),
        5 => Verb::Vip(d.roll(2) == 0),
        6 => Verb::Inbox,
        8 => Verb::Mood(moods[d.roll(4) as usize]),
        9 => Verb::Like(Some(d.roll(2) == 0)),
        10 => {
            let spans = (d.roll(2) == 0).then(|| vec![(true, 0, 1)]);
            let one = Reheard { key: item.key, spans, was: item.state, state: None };
            s.rehear(&asker("ana"), d.pick(&["out", "need", "fail"]), &[one], Stamp(NOW)).unwrap();
            return;
        }
        7 => {
            let n = (0..known).find(|n| Id(hash64(&["t", &n.to_string()])) == id).unwrap();
            let mut edit = incoming(d, n);
            edit.mention.at = item.mention.at;
            edit.mention.author = item.mention.author.clone();
            s.ingest(vec![Arrivals::of(&item.mention.source, "feed", "main", vec![edit])]).unwrap();
            return;
        }
        _ => {
            s.wipe(&asker("ana"), &on, Stamp(NOW)).unwrap();
            return;
        }
    };
    let on = if matches!(verb, Verb::Vip(_)) { person } else { on };
    s.act(&asker("ana"), &verb, &on, Stamp(NOW), false).unwrap();
}

fn arrive(s: &Store, d: &mut Dice, from: u64, n: u64) {
    let items: Vec<Incoming> = (from..from + n).map(|i| incoming(d, i)).collect();
    for (source, all) in [("blog", 0), ("forum", 1)] {
        let of = items.iter().enumerate().filter(|(i, _)| i % 2 == all).map(|(_, i)| i.clone());
        s.ingest(vec![Arrivals::of(source, "feed", "main", of.collect())]).unwrap();
    }
}

#[test]
fn the_index_answers_as_a_full_scan_does_however_far_behind() {
    let t = Temp::new("same");
    let mut d = Dice(11);
    let mut s = Store::open(&t.0, 16).unwrap();
    arrive(&s, &mut d, 0, 150);
    same(&s, &mut d, 60, "nothing is filed");
    while s.index(true).unwrap() {}
    s.file_work().unwrap();
    assert_eq!(s.inner.fulltext.state().map(|f| f.0), Some(150));
    same(&s, &mut d, 120, "all is filed");
    for round in 0..6u64 {
        let known = 150 + round * 30;
        for _ in 0..15 {
            happen(&s, &mut d, known);
        }
        arrive(&s, &mut d, known, 30);
        same(&s, &mut d, 40, "some changed, some came");
        match round % 3 {
            0 => while s.index(true).unwrap() {},
            1 => {
                drop(s);
                s = Store::open(&t.0, 16).unwrap();
                same(&s, &mut d, 30, "opened again");
                s.file_work().unwrap();
            }
            _ => {}
        }
        same(&s, &mut d, 40, "after that");
    }
    while s.index(true).unwrap() {}
    same(&s, &mut d, 150, "all is filed at the end");
    assert_eq!(s.check(false).unwrap().1, []);
}

#[test]
fn what_is_filed_stays_so_and_another_tree_or_make_begins_anew() {
    let t = Temp::new("again");
    let mut d = Dice(5);
    let s = Store::open(&t.0, 16).unwrap();
    arrive(&s, &mut d, 0, 64);
    while s.index(true).unwrap() {}
    arrive(&s, &mut d, 64, 64);
    drop(s);
    // Killed between the store and the index: the rest is filed at the next start, once.
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(s.inner.fulltext.state().unwrap().0, 64);
    while s.index(true).unwrap() {}
    assert_eq!(s.inner.fulltext.state().unwrap().0, 128);
    assert_eq!(s.check(false).unwrap().1, []);
    drop(s);
    // Damage is found, said, and put right by making it anew.
    let folder = t.0.join(super::FOLDER);
    let postings = files(&folder).into_iter().find(|p| p.extension().is_some_and(|e| e == "idx")).unwrap();
    let mut b = std::fs::read(&postings).unwrap();
    let middle = b.len() / 2;
    b[middle] ^= 0x55;
    std::fs::write(&postings, b).unwrap();
    let s = Store::open(&t.0, 16).unwrap();
    let found = s.check(false).unwrap().1;
    assert!(found.len() == 1 && found[0].text.starts_with("the search index: 1 of its files"), "{found:?}");
    assert!(s.check(true).unwrap().1[0].repaired);
    assert_eq!(s.inner.fulltext.state().unwrap().0, 0);
    while s.index(true).unwrap() {}
    assert_eq!(s.check(false).unwrap().1, []);
    same(&s, &mut d, 20, "made anew");
    drop(s);
    // Half of it is lost.
    std::fs::remove_file(folder.join("meta.json")).unwrap();
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(s.inner.fulltext.state().unwrap().0, 0);
    same(&s, &mut d, 20, "lost");
    while s.index(true).unwrap() {}
    drop(s);
    // Of a tree that was.
    let other = Temp::new("other");
    drop(Store::open(&other.0, 16).unwrap());
    let _ = std::fs::remove_dir_all(other.0.join(super::FOLDER));
    std::fs::rename(&folder, other.0.join(super::FOLDER)).unwrap();
    let s = Store::open(&other.0, 16).unwrap();
    assert_eq!(s.inner.fulltext.state().unwrap().0, 0);
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

/// True if a dictionary of the files has a word, whether or not a mention has it still. Every file must be of a part
/// that is in use.
fn in_a_dictionary(dir: &Path, word: &str) -> bool {
    let index = tantivy::Index::open_in_dir(dir).unwrap();
    let parts: Vec<String> =
        index.searchable_segment_ids().unwrap().iter().map(|s| s.uuid_string()).collect();
    for f in files(dir) {
        let name = f.file_name().unwrap().to_string_lossy().into_owned();
        let own = name.starts_with('.') || name == "meta.json";
        assert!(own || parts.iter().any(|p| name.starts_with(p)), "{name} is of no part");
    }
    let searcher = index.reader().unwrap().searcher();
    let words = index.schema().get_field("w").unwrap();
    searcher.segment_readers().iter().any(|s| {
        let all = s.inverted_index(words).unwrap();
        all.terms().get(word).unwrap().is_some()
    })
}

#[test]
fn no_word_of_what_was_wiped_is_left_in_the_index() {
    let t = Temp::new("wipe");
    let mut d = Dice(3);
    let s = Store::open(&t.0, 16).unwrap();
    let holds = |word: &str| in_a_dictionary(&t.0.join(super::FOLDER), word);
    let mut planted = incoming(&mut d, 900);
    planted.mention.text = Text::already_clean("kwyjiboplanted in the middle".into());
    arrive(&s, &mut d, 0, 100);
    s.ingest(vec![Arrivals::of("blog", "feed", "main", vec![planted.clone()])]).unwrap();
    arrive(&s, &mut d, 100, 100);
    while s.index(true).unwrap() {}
    assert!(holds("kwyjiboplanted"));
    let on = Targets::Mentions(vec![s.reader().item(planted.identity, "ana").unwrap().unwrap().key]);
    s.wipe(&asker("ana"), &on, Stamp(NOW)).unwrap();
    assert!(!holds("kwyjiboplanted"));
    assert_eq!(s.inner.fulltext.state().unwrap().0, 200);
    assert_eq!(s.check(false).unwrap().1, []);
    // What retention drops is gone with the next round.
    let mut old = incoming(&mut d, 901);
    old.state = State::Heard;
    old.link = 0;
    old.mention.text = Text::already_clean("zzolduranium".into());
    old.mention.heard_at = Stamp(NOW - 90 * crate::model::time::DAY);
    old.mention.at = old.mention.heard_at;
    s.ingest(vec![Arrivals::of("blog", "feed", "main", vec![old])]).unwrap();
    while s.index(true).unwrap() {}
    assert!(holds("zzolduranium"));
    let classes = [("heard".to_owned(), Some(crate::model::time::DAY * 30))].into();
    assert!(s.retain(&classes, Stamp(NOW)).unwrap() > 0);
    s.purge().unwrap();
    assert!(!holds("zzolduranium"));
}

#[test]
fn the_best_come_first_also_those_that_are_not_filed_yet() {
    let t = Temp::new("rank");
    let s = Store::open(&t.0, 16).unwrap();
    let mut d = Dice(1);
    let say = |d: &mut Dice, n: u64, text: &str| {
        let mut i = incoming(d, n);
        i.link = 0;
        i.state = State::Inbox;
        i.mention.title = Text::default();
        i.mention.text = Text::already_clean(text.into());
        i
    };
    let first: Vec<Incoming> = [
        "a pump and a great many other words about the garden and the weather of last week",
        "pump pump pump",
        "a valve",
    ]
    .iter()
    .enumerate()
    .map(|(n, text)| say(&mut d, n as u64, text))
    .collect();
    let later = vec![say(&mut d, 7, "pump pump"), say(&mut d, 8, "pump valve")];
    s.ingest(vec![Arrivals::of("blog", "feed", "main", first)]).unwrap();
    while s.index(true).unwrap() {}
    let ranked = |s: &Store| -> Vec<String> {
        let q = Query::parse("pump OR valve", Scope::View).unwrap();
        let r = s.reader();
        let found = r.find(&q.plan(&Context::default()), "ana").unwrap();
        let best = r.rank(found.as_ref(), &q.forms(), 0b10, 100).unwrap();
        best.iter().map(|b| r.item(b.key.id, "ana").unwrap().unwrap().mention.text.to_string()).collect()
    };
    assert_eq!(ranked(&s)[..2], ["a valve", "pump pump pump"]);
    s.ingest(vec![Arrivals::of("blog", "feed", "main", later)]).unwrap();
    let before = ranked(&s);
    assert_eq!(before.len(), 5);
    assert_eq!(before[0], "pump valve");
    assert!(before[4].starts_with("a pump and"));
    while s.index(true).unwrap() {}
    assert_eq!(ranked(&s)[0], "pump valve");
}

#[test]
fn what_retention_moves_is_found_by_what_people_did_to_it() {
    let t = Temp::new("moved");
    let s = Store::open(&t.0, 16).unwrap();
    let mut d = Dice(9);
    s.file_work().unwrap();
    let long_ago = Stamp(NOW - 90 * crate::model::time::DAY);
    let old = |d: &mut Dice, n: u64| {
        let mut i = incoming(d, n);
        (i.state, i.link) = (State::Heard, 0);
        (i.mention.heard_at, i.mention.at) = (long_ago, long_ago);
        i
    };
    s.ingest(vec![Arrivals::of("blog", "feed", "main", (0..20).map(|n| old(&mut d, n)).collect())]).unwrap();
    let kept = s.reader().item(Id(hash64(&["t", "3"])), "ana").unwrap().unwrap().key;
    let tag = Verb::Tag { tag: "bug".into(), on: true };
    s.act(&asker("ana"), &tag, &Targets::Mentions(vec![kept]), Stamp(NOW), false).unwrap();
    while s.index(true).unwrap() {}
    let classes = [("heard".to_owned(), Some(crate::model::time::DAY * 30))].into();
    assert_eq!(s.retain(&classes, Stamp(NOW)).unwrap(), 19);
    while s.index(true).unwrap() {}
    for (q, n) in [("tag:bug", 1), ("-tag:bug", 0), ("tag:none", 0)] {
        assert_eq!(answer(&s, q, &State::ALL, true), answer(&s, q, &State::ALL, false), "{q}");
        assert_eq!(answer(&s, q, &State::ALL, true).1, n, "{q}");
    }
}

#[test]
fn filing_checking_and_writing_never_wait_for_each_other_for_good() {
    let t = Temp::new("locks");
    let s = std::sync::Arc::new(Store::open(&t.0, 16).unwrap());
    let mut d = Dice(4);
    arrive(&s, &mut d, 0, 60);
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let run = |what: fn(&Store)| {
        let (s, done) = (s.clone(), done.clone());
        std::thread::spawn(move || {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                what(&s);
            }
        })
    };
    let others = [
        run(|s| assert!(s.index(false).is_ok() && s.index(true).is_ok())),
        run(|s| assert_eq!(s.check(false).unwrap().1, [])),
        run(|s| assert!(s.purge().is_ok())),
    ];
    for round in 0..60 {
        happen(&s, &mut d, 60);
        arrive(&s, &mut d, 60 + round * 4, 4);
    }
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    others.into_iter().for_each(|o| o.join().unwrap());
    while s.index(true).unwrap() {}
    assert_eq!(s.check(false).unwrap().1, []);
}
