//! Stores with a damaged or missing index, a damaged text, a damaged log: built anew and held against what was.

use super::*;
use crate::model::{Author, Key, Mood, Stamp, State, Targets, Text, Verb, Writes};
use crate::store::{Arrivals, Asker, Incoming, PageQuery, Reheard};

fn text(s: &str) -> Text {
    Text::already_clean(s.to_owned())
}

const NOW: i64 = 1_790_000_000_000;

fn ana() -> Asker {
    Asker { who: "ana".into(), uid: 1 }
}

fn arrivals(from: u64, to: u64, body: &str) -> Arrivals {
    let items = (from..to)
        .map(|n| Incoming {
            identity: Id(crate::model::hash64(&["t", &n.to_string()])),
            link: n % 50,
            thread: 0,
            like: crate::model::Likeness::default(),
            state: if n % 3 == 0 { State::Inbox } else { State::Heard },
            mention: Mention {
                source: format!("s{}", n % 3),
                network: "feed".into(),
                title: text(&format!("title {n}")),
                text: text(body),
                author: Author { name: text("Ana"), scope: text("b"), native: text(&format!("a{}", n % 9)) },
                at: Stamp(NOW - n as i64 * 1000),
                heard_at: Stamp(NOW),
                ..Mention::default()
            },
        })
        .collect();
    Arrivals::of("s0", "feed", "main", items)
}

/// A store with everything in it that people do.
fn full(dir: &Path) -> Vec<Key> {
    let s = Store::open(dir, 16).unwrap();
    s.ingest(vec![arrivals(0, 500, "first")]).unwrap();
    let mut edited = arrivals(3, 4, "edited text");
    edited.items[0].mention.source = "s0".into();
    s.ingest(vec![edited]).unwrap();
    let q = PageQuery::newest(&[State::Inbox], "ana", 1000);
    let keys: Vec<Key> = s.reader().page(&q, None).unwrap().items.iter().map(|i| i.key).collect();
    let on = |i: usize| Targets::Mentions(vec![keys[i]]);
    let now = Stamp(NOW);
    s.act(&ana(), &Verb::Done, &on(0), now, false).unwrap();
    s.act(&ana(), &Verb::Snooze(Some(now.plus(3_600_000))), &on(1), now, false).unwrap();
    s.act(&ana(), &Verb::Tag { tag: "lid".into(), on: true }, &on(2), now, false).unwrap();
    s.act(&ana(), &Verb::Note("call her".into()), &on(3), now, false).unwrap();
    s.act(&ana(), &Verb::Vip(true), &on(4), now, false).unwrap();
    s.save_draft(&ana(), keys[5], Writes::Own, None, &text("Dear"), now).unwrap();
    s.save_draft(&ana(), keys[5], Writes::Own, None, &text("Dear all"), Stamp(NOW + 1)).unwrap();
    s.act(&ana(), &Verb::Done, &on(6), now, false).unwrap();
    s.undo(&ana(), now).unwrap();
    s.wipe(&ana(), &on(7), now).unwrap();
    s.act(&ana(), &Verb::Mood(Some(Mood::Neg)), &on(8), now, false).unwrap();
    s.act(&ana(), &Verb::Like(Some(false)), &on(9), now, false).unwrap();
    let heard = |key, spans, state| Reheard { key, spans, was: State::Inbox, state };
    let all = [heard(keys[10], Some(vec![(true, 0, 4)]), None), heard(keys[11], None, Some(State::Heard))];
    s.rehear(&ana(), "lids", &all, now).unwrap();
    keys
}

/// All that a reader sees, but how many tellings a story has: one that was wiped is counted no more.
fn seen(s: &Store) -> Vec<String> {
    let q = PageQuery::newest(&State::ALL, "ana", 1000);
    let items = s.reader().page(&q, None).unwrap().items;
    items
        .iter()
        .map(|i| {
            format!(
                "{} {:?} {} {} {:?} {:?} {:?} {} {} {:?} {} {} {:?} {:?} {:?}",
                i.id,
                i.state,
                i.mention.title,
                i.mention.text,
                i.tags,
                i.notes,
                i.snoozed_until,
                i.vip,
                i.deleted,
                i.revisions.len(),
                i.has_draft,
                i.mention.source,
                i.marked_mood,
                i.liked,
                i.mention.topics
            )
        })
        .collect()
}

#[test]
fn an_index_that_is_gone_or_damaged_is_noticed_and_built_anew() {
    for damage in ["gone", "cut", "flipped", "renamed"] {
        let dir = tempfile::tempdir().unwrap();
        full(dir.path());
        let s = Store::open(dir.path(), 16).unwrap();
        let before =
            (seen(&s), s.log(None, 100).unwrap().len(), s.undo_list("ana", 50, Stamp(NOW)).unwrap().len());
        let drafts = s.reader().drafts().unwrap();
        drop(s);
        let db = dir.path().join("index-0/db");
        match damage {
            "gone" => std::fs::remove_dir_all(dir.path().join("index-0")).unwrap(),
            "cut" => std::fs::OpenOptions::new().write(true).open(&db).unwrap().set_len(40_000).unwrap(),
            "flipped" => {
                let mut b = std::fs::read(&db).unwrap();
                // Everywhere a little: where sled keeps what is live differs from run to run.
                b.iter_mut().step_by(509).for_each(|x| *x ^= 0x55);
                std::fs::write(&db, b).unwrap();
                for e in std::fs::read_dir(dir.path().join("index-0")).unwrap().flatten() {
                    if e.file_name().to_string_lossy().starts_with("snap") {
                        std::fs::remove_file(e.path()).unwrap();
                    }
                }
            }
            _ => std::fs::write(dir.path().join("CURRENT"), "index-7").unwrap(),
        }
        let e = Store::open(dir.path(), 16).err().unwrap_or_else(|| panic!("{damage} was not noticed"));
        assert!(e.to_string().contains("check --repair"), "{e}");
        let made = rebuild(dir.path(), 16).unwrap();
        assert_eq!((made.mentions, made.lost), (500, 0), "{damage}");
        let s = Store::open(dir.path(), 16).unwrap();
        let after =
            (seen(&s), s.log(None, 100).unwrap().len(), s.undo_list("ana", 50, Stamp(NOW)).unwrap().len());
        for (a, b) in after.0.iter().zip(&before.0) {
            assert_eq!(a, b, "{damage}");
        }
        assert_eq!((after.0.len(), after.1, after.2), (before.0.len(), before.1, before.2), "{damage}");
        assert_eq!(s.reader().drafts().unwrap(), drafts);
        let (n, found) = s.check(false).unwrap();
        assert_eq!((n, found), (500, vec![]), "{damage}");
        // And it goes on: what is known is known, what is new is stored.
        let out = s.ingest(vec![arrivals(490, 510, "first")]).unwrap();
        assert_eq!((out[0].new.len(), out[0].known), (10, 10));
    }
}

#[test]
fn a_damaged_text_is_named_and_hides_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    full(dir.path());
    let seg = segments_of(&Folder::new(dir.path()))
        .iter()
        .find(|(_, s)| s.class == "main")
        .map(|(n, s)| dir.path().join(s.name(*n)));
    let seg = seg.unwrap();
    let mut b = std::fs::read(&seg).unwrap();
    b[200] ^= 0xff;
    std::fs::write(&seg, &b).unwrap();
    let s = Store::open(dir.path(), 16).unwrap();
    let all = seen(&s);
    let damaged = all.iter().filter(|l| l.contains("damaged on the disk")).count();
    assert!(all.len() == 499 && (1..=64).contains(&damaged), "{damaged} of {}", all.len());
    assert!(s.check(false).unwrap().1.iter().any(|f| f.text.contains("checksum")));
    drop(s);
    let made = rebuild(dir.path(), 16).unwrap();
    assert_eq!((made.mentions + damaged as u64, made.lost), (500, 1));
}

#[test]
fn a_store_that_another_one_uses_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    full(dir.path());
    let s = Store::open(dir.path(), 16).unwrap();
    assert!(matches!(rebuild(dir.path(), 16), Err(StoreError::Locked(_))));
    assert_eq!(seen(&s).len(), 499);
}

#[test]
fn a_damaged_entry_of_the_log_takes_no_other_with_it() {
    let dir = tempfile::tempdir().unwrap();
    full(dir.path());
    let log = dir.path().join("log/00000000.log");
    let mut b = std::fs::read(&log).unwrap();
    b[12] ^= 0xff;
    std::fs::write(&log, &b).unwrap();
    let made = rebuild(dir.path(), 16).unwrap();
    assert_eq!((made.entries, made.lost), (10, 1));
    // Nothing was cut off, and the next verb goes behind all of them.
    let s = Store::open(dir.path(), 16).unwrap();
    let before = s.log(None, 100).unwrap();
    let key = s.reader().page(&PageQuery::newest(&[State::Inbox], "ana", 1), None).unwrap().items[0].key;
    s.act(&ana(), &Verb::Done, &Targets::Mentions(vec![key]), Stamp(NOW), false).unwrap();
    drop(s);
    let s = Store::open(dir.path(), 16).unwrap();
    let after = s.log(None, 100).unwrap();
    assert_eq!((after.len(), after[0].seq), (before.len() + 1, before[0].seq + 1));
    assert!(std::fs::read(&log).unwrap().starts_with(&b));
}
