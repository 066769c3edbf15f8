//! What stays and what goes: drafts that were posted, undo lines, a source's past, retention, the rests of kills.

use super::*;

#[test]
fn what_was_posted_keeps_its_text_and_the_next_reply_is_another_draft() {
    let t = Temp::new("posted");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    let on = Targets::Mentions(vec![key]);
    s.save_draft(&ana(), key, Writes::Own, None, &text("first"), Stamp(NOW)).unwrap();
    let a = s.act(&ana(), &Verb::Answered("https://x.example/1".into()), &on, Stamp(NOW), false).unwrap();
    assert_eq!((a.changed, a.skipped), (1, 0));
    assert_eq!(s.reader().draft("ana", key.id).unwrap(), None);
    s.save_draft(&ana(), key, Writes::Own, None, &text("second"), Stamp(NOW + 1)).unwrap();
    let texts = || -> Vec<(String, bool)> {
        let all = s.reader().drafts().unwrap();
        all.iter().map(|d| (d.text.to_string(), d.posted.is_some())).collect()
    };
    assert_eq!(texts(), [("second".into(), false), ("first".into(), true)]);
    // Undo opens the first one again; the second is still there.
    s.undo(&ana(), Stamp(NOW)).unwrap();
    assert_eq!(texts(), [("second".into(), false), ("first".into(), false)]);
    assert_eq!(s.reader().draft("ana", key.id).unwrap().unwrap().text.as_str(), "first");
}

#[test]
fn a_new_verb_ends_what_could_be_done_again() {
    let t = Temp::new("redo");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals((1..4).map(|n| incoming(n, NOW, "x", State::Inbox)).collect())]).unwrap();
    let keys: Vec<Key> = inbox(&s).iter().map(|i| i.key).collect();
    let tag = Verb::Tag { tag: "a".into(), on: true };
    s.act(&ana(), &tag, &Targets::Mentions(vec![keys[0]]), Stamp(NOW), false).unwrap();
    s.undo(&ana(), Stamp(NOW)).unwrap();
    s.act(&ana(), &Verb::Done, &Targets::Mentions(vec![keys[1]]), Stamp(NOW), false).unwrap();
    s.undo(&ana(), Stamp(NOW)).unwrap();
    let again = s.redo(&ana(), Stamp(NOW)).unwrap();
    assert_eq!((again.verb.as_str(), again.keys), ("done", vec![keys[1]]));
    assert_eq!(s.redo(&ana(), Stamp(NOW)).unwrap().seq, 0);
}

#[test]
fn what_a_source_had_before_stands_in_the_order_of_its_own_times() {
    let t = Temp::new("late");
    let s = Store::open(&t.0, 16).unwrap();
    let day = crate::model::time::DAY;
    let items =
        (0..700).map(|i| incoming(i, NOW - 3 * day - ((i as i64 * 7919) % 700) * 60_000, "x", State::Inbox));
    s.ingest(vec![arrivals(items.collect())]).unwrap();
    let all = inbox(&s);
    assert_eq!(all.len(), 700);
    assert!(all.windows(2).all(|w| w[0].mention.at > w[1].mention.at));
}

#[test]
fn retention_carries_all_of_what_was_taken_up_and_nothing_that_only_the_store_noted() {
    let t = Temp::new("carry");
    let s = Store::open(&t.0, 16).unwrap();
    let old = NOW - 90 * crate::model::time::DAY;
    let heard = |n: u64, body: &str| {
        let mut i = incoming(n, old, body, State::Heard);
        i.mention.heard_at = Stamp(old);
        i.link = 77;
        i
    };
    s.ingest(vec![arrivals(vec![heard(1, "first"), heard(2, "first"), heard(3, "first")])]).unwrap();
    s.ingest(vec![arrivals(vec![heard(1, "second"), heard(2, "second")])]).unwrap();
    let id = |n: u64| Id(crate::model::hash64(&["t", &n.to_string()]));
    let key = s.reader().item(id(1), "ana").unwrap().unwrap().key;
    let on = Targets::Mentions(vec![key]);
    s.act(&ana(), &Verb::Tag { tag: "keep".into(), on: true }, &on, Stamp(NOW), false).unwrap();
    s.act(&ana(), &Verb::Read(true), &on, Stamp(NOW), false).unwrap();
    let classes = [("heard".to_owned(), Some(crate::model::time::DAY * 30))].into();
    assert_eq!(s.retain(&classes, Stamp(NOW)).unwrap(), 2);
    for again in [false, true] {
        let i = s.reader().item(id(1), "ana").unwrap().unwrap();
        assert_eq!((i.mention.text.as_str(), i.revisions.len(), i.read), ("second", 1, true), "{again}");
        assert_eq!(i.tags, ["keep"]);
        assert_eq!(s.reader().ids(id(1), id(1), 10).unwrap(), vec![key]);
        assert_eq!(s.reader().item(id(2), "ana").unwrap(), None);
    }
    // The edit goes on from there.
    let out = s.ingest(vec![arrivals(vec![heard(1, "third")])]).unwrap();
    assert_eq!(out[0].revised, [key]);
    assert_eq!(s.check(false).unwrap().1, []);
}

#[test]
fn what_a_kill_leaves_in_the_segments_is_cleared_at_the_next_start() {
    let t = Temp::new("rest");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let (no, seg) = s.inner.segs.all().into_iter().next().unwrap();
    let path = s.inner.root.join(s.inner.segs.name(no).unwrap());
    drop(s);
    // The old half of a segment that was written anew, and bytes that no batch ever named.
    let orphan = path.with_file_name("00000099.seg");
    std::fs::copy(&path, &orphan).unwrap();
    let mut b = std::fs::read(&path).unwrap();
    b.extend_from_slice(b"PLANTED AND NEVER COMMITTED");
    std::fs::write(&path, b).unwrap();
    let s = Store::open(&t.0, 16).unwrap();
    assert!(!orphan.exists());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), u64::from(seg.len));
    assert_eq!(inbox(&s).len(), 1);
}

#[test]
fn a_snooze_that_nothing_stands_behind_comes_due_once_and_is_gone() {
    let t = Temp::new("stale");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    let mut b = Batch::default();
    b.put(keys::snooze(NOW + 5, key.id), key.to_bytes().to_vec());
    s.inner.write(&b).unwrap();
    assert_eq!(s.next_wake().unwrap(), Some(Stamp(NOW + 5)));
    assert_eq!(s.wake(Stamp(NOW + 10)).unwrap(), []);
    assert_eq!(s.next_wake().unwrap(), None);
}

#[test]
fn a_verb_is_taken_back_for_thirty_days() {
    let t = Temp::new("old-undo");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    let day = |n: i64| Stamp(NOW + n * crate::model::time::DAY);
    let act = |v: Verb, at| s.act(&ana(), &v, &Targets::Mentions(vec![key]), at, false).unwrap();
    act(Verb::Done, day(0));
    assert_eq!(s.undo_list("ana", 9, day(29)).unwrap().len(), 1);
    assert_eq!(s.undo_list("ana", 9, day(31)).unwrap().len(), 0);
    assert_eq!(s.undo(&ana(), day(31)).unwrap().changed, 0);
    // The next verb clears it away; the log keeps it.
    act(Verb::Inbox, day(31));
    assert_eq!((s.undo_list("ana", 9, day(0)).unwrap().len(), s.log(None, 9).unwrap().len()), (1, 2));
}

#[test]
fn what_was_split_off_stays_so_and_comes_back_by_undo() {
    let t = Temp::new("split");
    let s = Store::open(&t.0, 16).unwrap();
    let telling = |n: u64| Incoming { link: 77, ..incoming(n, NOW - 9000 + n as i64, "x", State::Inbox) };
    s.ingest(vec![arrivals((1..4).map(telling).collect())]).unwrap();
    let folded = |s: &Store| {
        let q = PageQuery { fold: true, ..PageQuery::newest(&[State::Inbox], "ana", 10) };
        let items = s.reader().page(&q, None).unwrap().items;
        items.iter().map(|i| (i.mention.title.to_string(), i.tellings)).collect::<Vec<_>>()
    };
    assert_eq!(folded(&s), [("title 1".into(), 3)]);
    // The face goes; the next one stands for the others.
    let face = incoming(1, 0, "", State::Inbox).identity;
    let key = s.reader().item(face, "ana").unwrap().unwrap().key;
    let split = |s: &Store, key| {
        s.act(&ana(), &Verb::Split, &Targets::Mentions(vec![key]), Stamp(NOW), false).unwrap()
    };
    assert_eq!(split(&s, key).changed, 1);
    assert_eq!(folded(&s), [("title 2".into(), 2), ("title 1".into(), 1)]);
    assert_eq!(split(&s, key).skipped, 1);
    // What comes later joins the others, however new the one that was split off.
    let new = incoming(3, 0, "", State::Inbox).identity;
    split(&s, s.reader().item(new, "ana").unwrap().unwrap().key);
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![telling(4)])]).unwrap();
    assert_eq!(folded(&s), [("title 3".into(), 1), ("title 2".into(), 2), ("title 1".into(), 1)]);
    s.undo(&ana(), Stamp(NOW)).unwrap();
    s.undo(&ana(), Stamp(NOW)).unwrap();
    assert_eq!(folded(&s), [("title 1".into(), 4)]);
    assert_eq!(s.check(false).unwrap(), (4, vec![]));
}
