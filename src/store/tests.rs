use super::*;
use crate::model::{Author, Item, Mention, Stamp, State, Targets, Text, Verb};

fn text(s: &str) -> Text {
    Text::already_clean(s.to_owned())
}

/// A folder that goes with the test.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Temp {
        let p = std::env::temp_dir().join(format!(
            "hearken-{name}-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let _ = std::fs::remove_dir_all(&p);
        Temp(p)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const NOW: i64 = 1_790_000_000_000;

fn incoming(n: u64, at: i64, body: &str, state: State) -> Incoming {
    Incoming {
        identity: Id(crate::model::hash64(&["t", &n.to_string()])),
        link: 0,
        state,
        mention: Mention {
            source: "blog".into(),
            network: "feed".into(),
            title: text(&format!("title {n}")),
            text: text(body),
            author: Author {
                name: text("Ana"),
                scope: text("blog.example"),
                native: text(&format!("a{}", n % 7)),
            },
            at: Stamp(at),
            heard_at: Stamp(NOW),
            ..Mention::default()
        },
    }
}

fn arrivals(items: Vec<Incoming>) -> Arrivals {
    Arrivals {
        source: "blog".into(),
        network: "feed".into(),
        class: "main".into(),
        items,
        document: false,
        cursor: None,
        health: None,
    }
}

fn ana() -> Asker {
    Asker { who: "ana".into(), uid: 1 }
}

fn inbox(s: &Store) -> Vec<Item> {
    s.reader().page(&PageQuery::newest(&[State::Inbox], "ana", 1000), None).unwrap().items
}

#[test]
fn what_was_stored_is_there_after_a_restart_in_order() {
    let t = Temp::new("order");
    let s = Store::open(&t.0, 16).unwrap();
    let items = (0..300)
        .map(|i| incoming(i, NOW - 1000 * ((i as i64 * 7919) % 300), "hello", State::Inbox))
        .collect();
    let out = s.ingest(vec![arrivals(items)]).unwrap();
    assert_eq!((out[0].new.len(), out[0].inbox), (300, 300));
    let first = inbox(&s);
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    let again = inbox(&s);
    assert_eq!(first, again);
    assert_eq!(again.len(), 300);
    assert!(again.windows(2).all(|w| w[0].key > w[1].key));
    assert_eq!(s.reader().counts("ana").unwrap().inbox, 300);
    // The other direction gives the same, turned round; in pages of any size.
    let mut up = Vec::new();
    let mut from = Key::default();
    loop {
        let q = PageQuery { from, older: false, ..PageQuery::newest(&[State::Inbox], "ana", 7) };
        let p = s.reader().page(&q, None).unwrap();
        up.extend(p.items);
        match p.next {
            Some(n) => from = n,
            None => break,
        }
    }
    up.reverse();
    assert_eq!(up, again);
}

#[test]
fn the_same_thing_is_never_stored_twice_and_an_edit_is_a_revision() {
    let t = Temp::new("dup");
    let s = Store::open(&t.0, 16).unwrap();
    let a = incoming(1, NOW, "first text", State::Inbox);
    s.ingest(vec![arrivals(vec![a.clone(), a.clone()])]).unwrap();
    let out = s.ingest(vec![arrivals(vec![a])]).unwrap();
    assert_eq!((out[0].new.len(), out[0].known), (0, 1));
    let out = s.ingest(vec![arrivals(vec![incoming(1, NOW + 5000, "second text", State::Inbox)])]).unwrap();
    assert_eq!(out[0].revised.len(), 1);
    let all = inbox(&s);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].mention.text.as_str(), "second text");
    assert!(all[0].edited);
    assert_eq!(all[0].revisions[0].2.as_str(), "first text");
}

#[test]
fn verbs_are_undone_and_redone_across_restarts_each_person_alone() {
    let t = Temp::new("undo");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals((0..5).map(|i| incoming(i, NOW - i as i64, "x", State::Inbox)).collect())])
        .unwrap();
    let keys: Vec<Key> = inbox(&s).iter().map(|i| i.key).collect();
    let bo = Asker { who: "bo".into(), uid: 2 };
    let now = Stamp(NOW);
    let done = s.act(&ana(), &Verb::Done, &Targets::Mentions(keys[..3].to_vec()), now, false).unwrap();
    assert_eq!((done.changed, inbox(&s).len()), (3, 2));
    s.act(&bo, &Verb::Inbox, &Targets::Mentions(vec![keys[0]]), now, false).unwrap();
    s.act(&ana(), &Verb::Tag { tag: "bug".into(), on: true }, &Targets::Mentions(vec![keys[4]]), now, false)
        .unwrap();
    s.act(&ana(), &Verb::Note("call her".into()), &Targets::Mentions(vec![keys[4]]), now, false).unwrap();
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    let item = s.reader().item(keys[4].id, "ana").unwrap().unwrap();
    assert_eq!((item.tags.len(), item.notes[0].2.as_str()), (1, "call her"));
    assert_eq!(s.undo(&ana(), now).unwrap().verb, "note");
    assert_eq!(s.undo(&ana(), now).unwrap().verb, "tag");
    let u = s.undo(&ana(), now).unwrap();
    assert_eq!((u.changed, u.skipped), (2, 1), "bo changed one since");
    assert_eq!(inbox(&s).len(), 5);
    assert_eq!(s.undo(&ana(), now).unwrap().seq, 0);
    assert_eq!(s.redo(&ana(), now).unwrap().verb, "done");
    assert_eq!(s.redo(&ana(), now).unwrap().verb, "tag");
    assert_eq!(s.redo(&ana(), now).unwrap().verb, "note");
    let item = s.reader().item(keys[4].id, "ana").unwrap().unwrap();
    assert_eq!((item.tags.len(), item.notes.len()), (1, 1));
    assert_eq!(s.redo(&ana(), now).unwrap().seq, 0);
    assert_eq!(s.log(Some(keys[4].id), 10).unwrap().len(), 6);
}

#[test]
fn snoozes_end_by_the_clock_and_read_is_personal() {
    let t = Temp::new("snooze");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    let m = Targets::Mentions(vec![key]);
    s.act(&ana(), &Verb::Snooze(Stamp(NOW + 1000)), &m, Stamp(NOW), false).unwrap();
    assert_eq!(s.reader().counts("ana").unwrap().snoozed, 1);
    assert_eq!(s.next_wake().unwrap(), Some(Stamp(NOW + 1000)));
    assert!(s.wake(Stamp(NOW + 999)).unwrap().is_empty());
    assert_eq!(s.wake(Stamp(NOW + 1000)).unwrap(), vec![key]);
    assert_eq!(s.next_wake().unwrap(), None);
    assert_eq!(s.reader().counts("ana").unwrap().unread, 1);
    s.act(&ana(), &Verb::Read(true), &m, Stamp(NOW), true).unwrap();
    assert_eq!((s.reader().counts("ana").unwrap().unread, s.reader().counts("bo").unwrap().unread), (0, 1));
    assert_eq!(s.undo(&ana(), Stamp(NOW)).unwrap().verb, "snooze", "reading by opening is no step");
}

#[test]
fn stories_fold_and_people_are_derived() {
    let t = Temp::new("story");
    let s = Store::open(&t.0, 16).unwrap();
    let mut a = incoming(1, NOW - 5000, "x", State::Inbox);
    let mut b = incoming(2, NOW - 3000, "y", State::Inbox);
    (a.link, b.link) = (77, 77);
    s.ingest(vec![arrivals(vec![a])]).unwrap();
    s.ingest(vec![arrivals(vec![b, incoming(9, NOW, "z", State::Inbox)])]).unwrap();
    let q = PageQuery { fold: true, ..PageQuery::newest(&[State::Inbox], "ana", 10) };
    let page = s.reader().page(&q, None).unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!((page.items[1].tellings, page.items[1].mention.title.as_str()), (2, "title 1"));
    assert_eq!(s.reader().story(page.items[1].story.unwrap(), "ana").unwrap().len(), 2);
    let author = Id(page.items[0].mention.author.key());
    let card = s.reader().person(author, Stamp(NOW)).unwrap().unwrap();
    assert_eq!((card.mentions, card.name.as_str()), (2, "Ana"));
    s.act(&ana(), &Verb::Vip(true), &Targets::Mentions(vec![page.items[0].key]), Stamp(NOW), false).unwrap();
    assert!(inbox(&s).iter().filter(|i| i.vip).count() == 2);
}

#[test]
fn drafts_survive_and_are_put_aside_with_undo() {
    let t = Temp::new("draft");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    let id = s.save_draft(&ana(), key, &text("Dear"), Stamp(NOW)).unwrap();
    s.save_draft(&ana(), key, &text("Dear Ana"), Stamp(NOW + 1)).unwrap();
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    let d = s.reader().drafts().unwrap();
    assert_eq!((d.len(), d[0].text.as_str(), d[0].about.as_str()), (1, "Dear Ana", "title 1"));
    s.act(&ana(), &Verb::Discard(true), &Targets::Drafts(vec![id]), Stamp(NOW), false).unwrap();
    assert!(s.reader().drafts().unwrap()[0].discarded);
    s.undo(&ana(), Stamp(NOW)).unwrap();
    assert!(!s.reader().drafts().unwrap()[0].discarded);
}

#[test]
fn sealed_and_merged_postings_find_everything() {
    let t = Temp::new("runs");
    let s = Store::open(&t.0, 16).unwrap();
    let n = runs::RUN as u64 * 9 / 8;
    for start in (0..n).step_by(4096) {
        let items = (start..(start + 4096).min(n))
            .map(|i| incoming(i, NOW - (n - i) as i64, "x", State::Heard))
            .collect();
        s.ingest(vec![arrivals(items)]).unwrap();
        while s.tend().unwrap() {}
    }
    assert!(!s.inner.runs().names().is_empty());
    let all = |s: &Store| {
        for i in (0..n).step_by(997) {
            let id = Id(crate::model::hash64(&["t", &i.to_string()]));
            assert_eq!(
                s.reader().item(id, "ana").unwrap().unwrap().mention.title.as_str(),
                format!("title {i}")
            );
        }
    };
    all(&s);
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    all(&s);
    let out =
        s.ingest(vec![arrivals((0..500).map(|i| incoming(i, NOW, "x", State::Heard)).collect())]).unwrap();
    assert_eq!(out[0].known, 500);
    let author = incoming(3, NOW, "", State::Heard).mention.author.key();
    assert_eq!(
        s.reader().person(Id(author), Stamp(NOW)).unwrap().unwrap().mentions,
        n.div_ceil(7) - u64::from(n % 7 <= 3 && !n.is_multiple_of(7))
    );
}

#[test]
fn a_second_opener_gets_a_sentence() {
    let t = Temp::new("lock");
    let _s = Store::open(&t.0, 16).unwrap();
    let e = Store::open(&t.0, 16).err().unwrap();
    assert!(matches!(e, StoreError::Locked(_)) && e.to_string().contains("another Hearken"), "{e}");
}

#[test]
fn a_torn_snapshot_does_not_block_the_next_open() {
    let t = Temp::new("snap");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals((0..100).map(|i| incoming(i, NOW, "x", State::Inbox)).collect())]).unwrap();
    drop(s);
    for (name, bytes) in
        [("snap.00000000000000FF.generating", &b"torn"[..]), ("snap.00000000000000FE", &b""[..])]
    {
        std::fs::write(t.0.join("index-0").join(name), bytes).unwrap();
        let s = Store::open(&t.0, 16).unwrap();
        assert_eq!(inbox(&s).len(), 100);
    }
}
