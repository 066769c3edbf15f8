//! The store as the engine uses it: what is put in is there, in order, also after a restart.

mod keeping;
mod noise;
mod power;
mod team;

use super::*;
use crate::model::{Author, Item, Mention, Stamp, State, Targets, Text, Verb, Writes};

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
        thread: 0,
        like: crate::model::Likeness::default(),
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
    Arrivals::of("blog", "feed", "main", items)
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
    s.act(&ana(), &Verb::Snooze(Some(Stamp(NOW + 1000))), &m, Stamp(NOW), false).unwrap();
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
    let id = s.save_draft(&ana(), key, Writes::Own, None, &text("Dear"), Stamp(NOW)).unwrap().id;
    s.save_draft(&ana(), key, Writes::Own, None, &text("Dear Ana"), Stamp(NOW + 1)).unwrap();
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
    let n = search::RUN as u64 * 9 / 8;
    for start in (0..n).step_by(4096) {
        let items = (start..(start + 4096).min(n))
            .map(|i| incoming(i, NOW - (n - i) as i64, "x", State::Heard))
            .collect();
        s.ingest(vec![arrivals(items)]).unwrap();
        while s.tend().unwrap() {}
    }
    assert!(!s.inner.search.files().is_empty());
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

/// True if any file below `dir` holds the words.
fn on_disk(dir: &Path, words: &str) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|e| {
        let p = e.path();
        if p.is_dir() {
            return on_disk(&p, words);
        }
        let raw = std::fs::read(&p).unwrap_or_default();
        if raw.windows(words.len()).any(|w| w == words.as_bytes()) {
            return true;
        }
        // Texts are compressed: look into every frame too.
        let mut at = 0;
        while let Some(rest) = raw.get(at..) {
            let Some(i) = rest.windows(4).position(|w| w == [0x28, 0xb5, 0x2f, 0xfd]) else { return false };
            let plain = zstd::stream::decode_all(&rest[i..]).or_else(|_| {
                let n = zstd::zstd_safe::find_frame_compressed_size(&rest[i..]).unwrap_or(0);
                zstd::stream::decode_all(&rest[i..i + n])
            });
            if plain.is_ok_and(|p| p.windows(words.len()).any(|w| w == words.as_bytes())) {
                return true;
            }
            at += i + 4;
        }
        false
    })
}

const PLANTED: &str = "a sentence that nobody may ever find again";

#[test]
fn what_is_wiped_leaves_no_byte_and_its_neighbours_stay() {
    let t = Temp::new("wipe");
    let s = Store::open(&t.0, 16).unwrap();
    let mut all: Vec<Incoming> =
        (0..200).map(|i| incoming(i, NOW - i as i64 * 1000, &format!("text {i}"), State::Inbox)).collect();
    all[77].mention.text = text(PLANTED);
    s.ingest(vec![arrivals(all.clone())]).unwrap();
    // An edit: the words are in the first text and in a revision.
    s.ingest(vec![arrivals(vec![incoming(77, NOW, &format!("{PLANTED}, edited"), State::Inbox)])]).unwrap();
    assert!(on_disk(&t.0, PLANTED), "the search itself must work");
    let key = s.reader().item(all[77].identity, "ana").unwrap().unwrap().key;
    s.act(&ana(), &Verb::Note("kept".into()), &Targets::Mentions(vec![key]), Stamp(NOW), false).unwrap();
    s.wipe(&ana(), &Targets::Mentions(vec![key]), Stamp(NOW)).unwrap();
    assert!(!on_disk(&t.0, PLANTED));
    let gone = s.reader().item(all[77].identity, "ana").unwrap().unwrap();
    assert!(gone.deleted && gone.mention.text.is_empty() && gone.revisions.is_empty());
    assert_eq!(inbox(&s).len(), 199);
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(inbox(&s).len(), 199);
    assert_eq!(s.reader().item(all[3].identity, "ana").unwrap().unwrap().mention.text.as_str(), "text 3");
    assert_eq!(s.check(false).unwrap().1, []);
    // Heard again, it stays gone; and a wipe is no step of undo.
    s.ingest(vec![arrivals(vec![incoming(77, NOW, PLANTED, State::Inbox)])]).unwrap();
    assert!(!on_disk(&t.0, PLANTED));
    assert_eq!(s.undo(&ana(), Stamp(NOW)).unwrap().verb, "note");
}

#[test]
fn a_forgotten_person_leaves_only_counts() {
    let t = Temp::new("forget");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals((0..14).map(|i| incoming(i, NOW - i as i64, PLANTED, State::Inbox)).collect())])
        .unwrap();
    let person = Id(incoming(3, NOW, "", State::Inbox).mention.author.key());
    s.act(
        &ana(),
        &Verb::Note("a private remark about her".into()),
        &Targets::People(vec![person]),
        Stamp(NOW),
        false,
    )
    .unwrap();
    assert_eq!(s.reader().person(person, Stamp(NOW)).unwrap().unwrap().notes.len(), 1);
    let done = s.forget(&ana(), &[person], Stamp(NOW)).unwrap();
    assert_eq!(done.changed, 2);
    assert!(!on_disk(&t.0, "a private remark"));
    let card = s.reader().person(person, Stamp(NOW)).unwrap().unwrap();
    assert_eq!((card.mentions, card.notes.len(), card.name.as_str()), (2, 0, ""));
    assert_eq!(inbox(&s).len(), 12);
}

#[test]
fn the_copy_of_live_keys_takes_the_place_of_the_old_ones_while_work_goes_on() {
    let t = Temp::new("vacuum");
    let s = std::sync::Arc::new(Store::open(&t.0, 16).unwrap());
    s.ingest(vec![arrivals(
        (0..3000).map(|i| incoming(i, NOW - i as i64 * 1000, "x", State::Inbox)).collect(),
    )])
    .unwrap();
    let (s2, stop) = (s.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let stop2 = stop.clone();
    let worker = std::thread::spawn(move || {
        let mut n = 3000;
        while !stop2.load(std::sync::atomic::Ordering::Relaxed) {
            s2.ingest(vec![arrivals(vec![incoming(n, NOW, "y", State::Inbox)])]).unwrap();
            n += 1;
        }
        n
    });
    for _ in 0..3 {
        s.vacuum().unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let n = worker.join().unwrap();
    assert_eq!(s.reader().counts("ana").unwrap().inbox, n);
    assert_eq!(s.check(false).unwrap(), (n, vec![]));
    drop(s);
    assert_eq!(std::fs::read_to_string(t.0.join("CURRENT")).unwrap(), "index-3");
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(s.check(false).unwrap(), (n, vec![]));
    assert_eq!(
        std::fs::read_dir(&t.0)
            .unwrap()
            .flatten()
            .filter(|e| e.file_name().to_string_lossy().starts_with("index-"))
            .count(),
        1
    );
}

#[test]
fn a_backup_is_a_whole_store_and_a_broken_one_is_refused() {
    let t = Temp::new("backup");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(
        (0..500).map(|i| incoming(i, NOW - i as i64 * 1000, "x", State::Inbox)).collect(),
    )])
    .unwrap();
    let keys: Vec<Key> = inbox(&s).iter().take(9).map(|i| i.key).collect();
    s.act(&ana(), &Verb::Done, &Targets::Mentions(keys.clone()), Stamp(NOW), false).unwrap();
    s.save_draft(&ana(), keys[0], Writes::Own, None, &text("Dear"), Stamp(NOW)).unwrap();
    let mut file = Vec::new();
    s.backup(&mut file).unwrap();
    let into = Temp::new("restored");
    restore(&mut file.as_slice(), &into.0).unwrap();
    let r = Store::open(&into.0, 16).unwrap();
    assert_eq!(r.check(false).unwrap(), (500, vec![]));
    assert_eq!(inbox(&r), inbox(&s));
    assert_eq!(r.reader().drafts().unwrap(), s.reader().drafts().unwrap());
    assert_eq!(r.undo(&ana(), Stamp(NOW)).unwrap().changed, 9);
    for cut in [0, 7, 100, file.len() - 1] {
        let half = Temp::new("half");
        assert!(restore(&mut &file[..cut], &half.0).is_err(), "{cut}");
    }
    let mut bent = file.clone();
    let at = bent.len() / 2;
    bent[at] ^= 1;
    let half = Temp::new("bent");
    assert!(restore(&mut bent.as_slice(), &half.0).is_err());
    assert!(restore(&mut file.as_slice(), &into.0).unwrap_err().to_string().contains("not empty"));
}

#[test]
fn retention_drops_what_was_merely_heard_and_keeps_what_was_taken_up() {
    let t = Temp::new("retain");
    let s = Store::open(&t.0, 16).unwrap();
    let old = NOW - 200 * 86_400_000;
    let mut items: Vec<Incoming> =
        (0..100).map(|i| incoming(i, old - i as i64 * 1000, PLANTED, State::Heard)).collect();
    items.iter_mut().for_each(|i| i.mention.heard_at = Stamp(old));
    let id = items[5].identity;
    s.ingest(vec![arrivals(items)]).unwrap();
    s.ingest(vec![arrivals((200..230).map(|i| incoming(i, NOW, "new", State::Heard)).collect())]).unwrap();
    let key = s.reader().item(id, "ana").unwrap().unwrap().key;
    s.act(&ana(), &Verb::Inbox, &Targets::Mentions(vec![key]), Stamp(NOW), false).unwrap();
    let classes = [("heard".to_owned(), Some(30 * 86_400_000)), ("main".to_owned(), None)].into();
    assert_eq!(s.retain(&classes, Stamp(NOW)).unwrap(), 99);
    assert_eq!((s.reader().counts("ana").unwrap().heard, inbox(&s).len()), (30, 1));
    assert_eq!(inbox(&s)[0].mention.text.as_str(), PLANTED);
    assert_eq!(s.check(false).unwrap(), (31, vec![]));
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(s.check(false).unwrap(), (31, vec![]));
}

#[test]
fn check_finds_a_wrong_summary_and_puts_it_right() {
    let t = Temp::new("check");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals((0..100).map(|i| incoming(i, NOW - i as i64, "x", State::Inbox)).collect())])
        .unwrap();
    let none =
        std::collections::BTreeMap::from([(0, Meta { inbox: 1, ..*s.inner.index().meta(0).unwrap() })]);
    let bytes = s.inner.index().group_bytes(0, &none);
    let mut b = Batch::default();
    b.put(keys::group(0), bytes);
    s.inner.write(&b).unwrap();
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    assert_ne!(s.reader().counts("ana").unwrap().inbox, 100);
    let found = s.check(true).unwrap().1;
    assert!(found.len() == 1 && found[0].repaired, "{found:?}");
    assert_eq!(s.reader().counts("ana").unwrap().inbox, 100);
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(s.check(false).unwrap(), (100, vec![]));
}

#[test]
fn a_log_entry_that_the_tree_missed_is_applied_at_open() {
    let t = Temp::new("replay");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    // The log is synced first: a crash right after leaves an entry without its batch, and half an entry.
    let entry = crate::model::Entry {
        seq: 1,
        at: Stamp(NOW),
        who: "ana".into(),
        uid: 1,
        verb: "done".into(),
        changes: vec![crate::model::Change {
            target: crate::model::Target::Mention(key),
            from: crate::model::Value::State(State::Inbox, None),
            to: crate::model::Value::State(State::Done, None),
        }],
        cause: crate::model::Cause::Asked,
    };
    s.core().log.append(&entry).unwrap();
    drop(s);
    let log = t.0.join("log/00000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let whole = bytes.len();
    bytes.extend_from_slice(&bytes.clone()[..20]);
    std::fs::write(&log, &bytes).unwrap();
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(std::fs::metadata(&log).unwrap().len() as usize, whole);
    assert_eq!((inbox(&s).len(), s.reader().counts("ana").unwrap().done), (0, 1));
    assert_eq!(s.undo(&ana(), Stamp(NOW)).unwrap().changed, 1);
    assert_eq!(inbox(&s).len(), 1);
}
