//! Sendings by the thousand in a world that fails: each is there once, and only what nobody can know is asked.

use super::*;
use crate::model::Id;
use std::collections::{HashMap, HashSet};

/// Numbers that look random, and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What a server really holds: each post with the time from which it is seen.
#[derive(Default)]
struct Server {
    posts: Vec<(String, u64, Stamp)>,
    by_own_id: HashSet<u64>,
}

impl Server {
    fn post(&mut self, what: u64, once: Once, seen: Stamp) -> Posted {
        if once == Once::Own && !self.by_own_id.insert(what) {
            let old = self.posts.iter().find(|p| p.1 == what).map_or("", |p| &p.0);
            return Posted { native: Text::already_clean(old.to_owned()), ..Posted::default() };
        }
        let native = format!("p{}", self.posts.len());
        self.posts.push((native.clone(), what, seen));
        Posted { native: Text::already_clean(native), ..Posted::default() }
    }
}

const SETTLE: i64 = 30_000;

/// One sending against a server that fails in every way, and an engine that is killed in between. Gives how often a
/// person was asked.
fn one(server: &mut Server, what: u64, once: Once, d: &mut Dice) -> (Sending, u32) {
    let p = Patience { settle_ms: SETTLE, tries_ms: DAY };
    let looks = once != Once::Neither;
    let mut now = Stamp(1_790_000_000_000 + (what as i64) * 1000);
    let mut s = Sending { draft: Id(what), begun: now, fate: Fate::Again, ..Sending::default() };
    let mut asked = 0;
    for _ in 0..2_000 {
        match plan(&s, once, looks, now) {
            Do::Wait(t) => now = t,
            Do::Baseline | Do::Look => {
                now = now.plus(20);
                let seen = || {
                    let mine = server.posts.iter().filter(|x| x.1 == what && x.2 <= now);
                    mine.map(|x| Posted { native: Text::already_clean(x.0.clone()), ..Posted::default() })
                        .collect()
                };
                let c = match d.roll(8) {
                    0 => Came::Blind(Trouble::Fault(Text::ours("500"))),
                    1 => Came::Blind(Trouble::Wait(d.roll(5000) as i64, Text::ours("429"))),
                    _ => Came::Seen(seen()),
                };
                s = came(s, c, once, looks, p, now);
            }
            Do::Attempt => {
                // The record is on the disk.
                s = Sending {
                    fate: Fate::Asking,
                    asked: now,
                    looks: 0,
                    doubted: false,
                    attempts: s.attempts + 1,
                    ..s
                };
                let seen_at = now.plus(d.roll(SETTLE as u64 - 1) as i64);
                let c = match d.roll(12) {
                    0 => Some(Came::Never(Trouble::Fault(Text::ours("nobody answers")))),
                    1 => Some(Came::Never(Trouble::Wait(d.roll(60_000) as i64, Text::ours("429")))),
                    2 => Some(Came::Unknown(Text::ours("cut before"))),
                    3 => {
                        server.post(what, once, seen_at);
                        Some(Came::Unknown(Text::ours("cut after")))
                    }
                    4 => {
                        server.post(what, once, seen_at);
                        now = now.plus(31_000);
                        Some(Came::Unknown(Text::ours("no answer in time")))
                    }
                    // Killed before it was asked, and after.
                    5 => None,
                    6 => {
                        server.post(what, once, seen_at);
                        None
                    }
                    7 if once == Once::Found => {
                        server.post(what, once, seen_at);
                        Some(Came::Held(Text::ours("moderated")))
                    }
                    _ => Some(Came::Posted(server.post(what, once, seen_at))),
                };
                s = match c {
                    Some(c) => came(s, c, once, looks, p, now),
                    None => {
                        now = now.plus(d.roll(10_000) as i64);
                        crashed(s, now)
                    }
                };
            }
            Do::Person => s.fate = Fate::Asks,
            Do::Rest if s.fate == Fate::Asks => {
                asked += 1;
                // The person looks, and says what is so.
                let there = server.posts.iter().find(|x| x.1 == what);
                s = match there {
                    Some(x) => {
                        let native = Text::already_clean(x.0.clone());
                        Sending { fate: Fate::Sent, posted: Posted { native, ..Posted::default() }, ..s }
                    }
                    None => Sending { fate: Fate::Again, next: now, ..s },
                };
            }
            Do::Rest => return (s, asked),
        }
    }
    panic!("it never ends: {s:?}");
}

#[test]
fn ten_thousand_of_each_class_are_there_once() {
    let mut table = HashMap::new();
    for once in [Once::Own, Once::Found, Once::Neither] {
        let (mut server, mut d, mut asked) = (Server::default(), Dice(0x9e37_79b9_7f4a_7c15), 0);
        for what in 0..10_000u64 {
            let (s, n) = one(&mut server, what, once, &mut d);
            assert_eq!(s.fate, Fate::Sent, "{s:?}");
            asked += n;
        }
        let mut there: HashMap<u64, u32> = HashMap::new();
        server.posts.iter().for_each(|p| *there.entry(p.1).or_default() += 1);
        let doubles = there.values().filter(|n| **n > 1).count();
        let lost = 10_000 - there.len();
        assert_eq!((doubles, lost), (0, 0), "{once:?}");
        assert_eq!(asked > 0, once == Once::Neither, "{once:?}: {asked}");
        table.insert(format!("{once:?}"), asked);
    }
    println!("asked of a person: {table:?}");
}

#[test]
fn what_was_there_before_is_not_taken_for_it() {
    let (p, now) = (Patience::default(), Stamp(1_790_000_000_000));
    let old = Posted { native: Text::ours("old"), ..Posted::default() };
    let s = Sending { fate: Fate::Again, begun: now, ..Sending::default() };
    assert_eq!(plan(&s, Once::Found, true, now), Do::Baseline);
    let s = came(s, Came::Seen(vec![old.clone()]), Once::Found, true, p, now);
    assert_eq!(plan(&s, Once::Found, true, now), Do::Attempt);
    let s = Sending { fate: Fate::Asking, asked: now, attempts: 1, ..s };
    let s = came(s, Came::Unknown(Text::ours("cut")), Once::Found, true, p, now);
    let s = came(s, Came::Seen(vec![old]), Once::Found, true, p, now.plus(1000));
    assert_eq!(s.fate, Fate::Unsure, "the old one is not it");
    // It is asked again only when all that was posted must be seen, and it was looked for twice.
    let s = came(s, Came::Seen(Vec::new()), Once::Found, true, p, now.plus(p.settle_ms));
    assert_eq!(s.fate, Fate::Again);
}

#[test]
fn a_refusal_after_an_unknown_attempt_is_asked_of_a_person() {
    let (p, now) = (Patience::default(), Stamp(1_790_000_000_000));
    let s = Sending { fate: Fate::Asking, begun: now, asked: now, attempts: 1, ..Sending::default() };
    // An id of ours, and nobody can look: the same one again; it is refused, and the first may stand there.
    let s = came(s, Came::Unknown(Text::ours("cut")), Once::Own, false, p, now);
    assert_eq!(plan(&s, Once::Own, false, s.next), Do::Attempt);
    let s = came(s, Came::Never(Trouble::Forbidden(Text::ours("not in the room"))), Once::Own, false, p, now);
    assert_eq!(s.fate, Fate::Asks);
}

#[test]
fn the_time_to_settle_begins_when_the_attempt_is_given_up() {
    let (p, now) = (Patience::default(), Stamp(1_790_000_000_000));
    let s = Sending { fate: Fate::Asking, begun: now, asked: now, attempts: 1, ..Sending::default() };
    // A time-out as long as the time to settle.
    let late = now.plus(p.settle_ms);
    let mut s = came(s, Came::Unknown(Text::ours("no answer in time")), Once::Found, true, p, late);
    let mut t = s.next;
    while s.fate == Fate::Unsure {
        t = s.next.max(t);
        s = came(s, Came::Seen(Vec::new()), Once::Found, true, p, t);
    }
    assert!(s.fate == Fate::Again && t >= late.plus(p.settle_ms), "{t:?}");
}

#[test]
fn a_refusal_ends_it_and_a_doubtful_one_is_looked_for() {
    let (p, now) = (Patience::default(), Stamp(1_790_000_000_000));
    let s = Sending { fate: Fate::Asking, begun: now, asked: now, attempts: 1, ..Sending::default() };
    let no = Came::Never(Trouble::Refused(Text::ours("too long")));
    let f = came(s.clone(), no, Once::Found, true, p, now);
    assert_eq!((f.fate, f.why.as_str()), (Fate::Failed, "too long"));
    // What never leaves for a day fails.
    let late = came(
        s.clone(),
        Came::Never(Trouble::Fault(Text::ours("down"))),
        Once::Found,
        true,
        p,
        now.plus(DAY + 1),
    );
    assert_eq!(late.fate, Fate::Failed);
    let mut d = came(s, Came::Doubted(Text::ours("too similar")), Once::Found, true, p, now);
    assert_eq!(d.fate, Fate::Unsure);
    for i in 1..20 {
        d = came(d, Came::Seen(Vec::new()), Once::Found, true, p, now.plus(i * 3_000));
        if d.fate != Fate::Unsure {
            break;
        }
    }
    assert_eq!((d.fate, d.why.as_str()), (Fate::Failed, "too similar"));
}
