//! One story told in many places, and what is muted.

use super::*;
use crate::model::{Likeness, Mute, MuteKey, MuteKind, Signature};

const NEWS: &str = "Acme recalls forty thousand pumps after reports that the lid may come off while the pump is running \
    and asks owners to stop using them until a new lid has been sent";

fn told(n: u64, body: &str, thread: u64) -> Incoming {
    let mut i = incoming(n, NOW - 1000 + n as i64, body, State::Inbox);
    i.mention.title = Text::default();
    i.link = 1000 + n;
    i.thread = thread;
    i.like = Likeness { passed: 0, signature: Signature::of(&i.mention.title, body).map(Box::new) };
    i
}

fn id(n: u64) -> Id {
    Id(crate::model::hash64(&["t", &n.to_string()]))
}

fn tellings(s: &Store, n: u64) -> u32 {
    s.reader().item(id(n), "ana").unwrap().unwrap().tellings
}

#[test]
fn what_is_told_on_in_other_places_is_one_story_also_after_a_start_and_a_rebuild() {
    let t = Temp::new("noise-told");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![
        told(1, NEWS, 0),
        told(2, "a quite different thing that somebody wrote about a garden and a dog", 0),
    ])])
    .unwrap();
    s.ingest(vec![arrivals(vec![told(3, &format!("RT @wire: {NEWS} http://t.example/x"), 0)])]).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 2), tellings(&s, 3)), (2, 1, 2));
    // An answer in the same discussion quotes, and is no telling.
    s.ingest(vec![arrivals(vec![told(4, NEWS, 1001)])]).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 4)), (2, 1));
    drop(s);
    // After a start what came lately is read again.
    let s = Store::open(&t.0, 16).unwrap();
    s.remember_recent().unwrap();
    s.ingest(vec![arrivals(vec![told(5, &NEWS.to_uppercase(), 0)])]).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 5)), (3, 3));
    // What was split off stays so, and nothing joins it.
    let key = s.reader().item(id(5), "ana").unwrap().unwrap().key;
    s.act(&ana(), &Verb::Split, &Targets::Mentions(vec![key]), Stamp(NOW), false).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 5)), (2, 1));
    s.ingest(vec![arrivals(vec![told(6, NEWS, 0)])]).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 5), tellings(&s, 6)), (3, 1, 3));
    drop(s);
    crate::store::rebuild(&t.0, 16).unwrap();
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 2), tellings(&s, 5), tellings(&s, 6)), (3, 1, 1, 3));
    assert_eq!(s.check(false).unwrap().1, []);
}

#[test]
fn who_passes_an_address_on_tells_the_story_of_it() {
    let t = Temp::new("noise-passed");
    let s = Store::open(&t.0, 16).unwrap();
    let mut article = told(1, NEWS, 0);
    article.link = 77;
    let pass = |n: u64, to: u64| {
        let mut i = told(n, "look at this", 0);
        i.like.passed = to;
        i
    };
    s.ingest(vec![arrivals(vec![article, pass(2, 77)])]).unwrap();
    assert_eq!((tellings(&s, 1), tellings(&s, 2)), (2, 2));
    // The page itself need not have been heard.
    s.ingest(vec![arrivals(vec![pass(3, 99)])]).unwrap();
    s.ingest(vec![arrivals(vec![pass(4, 99)])]).unwrap();
    assert_eq!((tellings(&s, 3), tellings(&s, 4)), (2, 2));
}

#[test]
fn a_mute_is_logged_undone_and_there_after_a_start() {
    let t = Temp::new("noise-mute");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals((0..4).map(|n| told(n, "x", if n == 3 { 1000 } else { 0 })).collect())]).unwrap();
    let keys: Vec<Key> = (0..4).map(|n| s.reader().item(id(n), "ana").unwrap().unwrap().key).collect();
    let until = Some(Stamp(NOW + 1000));
    let mute = |kind| Verb::Mute { kind, until, allow: false };
    let on = |n: usize| Targets::Mentions(vec![keys[n]]);
    let done = s.act(&ana(), &mute(MuteKind::Author), &on(0), Stamp(NOW), false).unwrap();
    assert_eq!((done.changed, done.keys.clone()), (1, vec![keys[0]]));
    let mutes = s.reader().mutes().unwrap();
    let (key, found) = mutes.iter().next().unwrap();
    assert_eq!(*found, Mute { until, by: "ana".into(), at: Stamp(NOW), about: keys[0], allow: false });
    assert!(found.is_active(Stamp(NOW)) && !found.is_active(Stamp(NOW + 1000)));
    assert_eq!(MuteKey::parse(&key.to_string()), Some(*key));
    let state = |s: &Store, n: u64| s.reader().item(id(n), "ana").unwrap().unwrap().state;
    assert_eq!((state(&s, 0), state(&s, 1)), (State::Done, State::Inbox));
    // Authors of the sample go round by seven: no two of these share one; a discussion is that of its beginning.
    let shares = |a: u64, b: u64, kind: MuteKind| {
        let of = |n| s.reader().mute_keys(id(n)).unwrap().into_iter().find(|k| k.kind == kind);
        of(a).is_some() && of(a) == of(b)
    };
    assert!(
        shares(0, 3, MuteKind::Thread) && !shares(0, 1, MuteKind::Thread) && !shares(0, 1, MuteKind::Story)
    );
    assert_eq!(s.undo(&ana(), Stamp(NOW)).unwrap().changed, 2);
    assert!(s.reader().mutes().unwrap().is_empty());
    assert_eq!(state(&s, 0), State::Inbox);
    s.redo(&ana(), Stamp(NOW)).unwrap();
    drop(s);
    crate::store::rebuild(&t.0, 16).unwrap();
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!((s.reader().mutes().unwrap().len(), state(&s, 0)), (1, State::Done));
    let key = *s.reader().mutes().unwrap().keys().next().unwrap();
    s.act(&ana(), &Verb::Unmute(key), &Targets::Mentions(vec![]), Stamp(NOW), false).unwrap();
    assert!(s.reader().mutes().unwrap().is_empty());
}
