//! kill -9 in the middle of everything: what was acknowledged is there, nothing is half there, and `check` finds
//! nothing. The child ingests, does verbs and copies its keys; it is killed at a random moment, again and again.

mod common;
use common::*;
use hearken::model::{Id, Key, Mention, Stamp, State, Targets, Text, Verb, hash64};
use hearken::store::{Arrivals, Asker, Incoming, PageQuery, Store};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const ROUNDS: u64 = 50;
const NOW: i64 = 1_790_000_000_000;

fn incoming(n: u64) -> Incoming {
    let text = Text::ours("the same text for all, it is the number that counts");
    let mention = Mention {
        source: "crash".into(),
        network: "feed".into(),
        title: text.clone(),
        text,
        at: Stamp(NOW + n as i64),
        heard_at: Stamp(NOW + n as i64),
        ..Mention::default()
    };
    Incoming {
        identity: Id(hash64(&["crash", &n.to_string()])),
        mention,
        state: State::Inbox,
        link: n / 3 + 1,
        thread: 0,
        like: hearken::model::Likeness::default(),
    }
}

/// Runs in a process of its own, named by a variable: prints what is acknowledged.
#[test]
fn child() {
    let Some(dir) = std::env::var_os("HEARKEN_CRASH_DIR") else { return };
    let s = std::sync::Arc::new(Store::open(std::path::Path::new(&dir), 16).unwrap());
    let first: u64 = std::env::var("HEARKEN_CRASH_FROM").unwrap().parse().unwrap();
    let tending = s.clone();
    std::thread::spawn(move || {
        loop {
            tending.tend().unwrap();
            tending.vacuum().unwrap();
        }
    });
    let asker = Asker { who: "ana".into(), uid: 1 };
    let mut out = std::io::stdout();
    let mut n = first;
    loop {
        let items = (n..n + 40).map(incoming).collect();
        let a = Arrivals::of("crash", "feed", "main", items);
        s.ingest(vec![a]).unwrap();
        writeln!(out, "\nheard {n}").unwrap();
        let key = Key { time: (NOW as u64 + n) * 1000, id: Id(hash64(&["crash", &n.to_string()])) };
        s.act(&asker, &Verb::Done, &Targets::Mentions(vec![key]), Stamp(NOW), false).unwrap();
        writeln!(out, "\ndone {n}").unwrap();
        out.flush().unwrap();
        n += 40;
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_fifty_kills() {
    let t = Temp::new();
    let data = t.path("data");
    let mut from = 0u64;
    let mut done: Vec<u64> = Vec::new();
    let mut seed = 42u64;
    for round in 0..ROUNDS {
        let mut c = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env("HEARKEN_CRASH_DIR", &data)
            .env("HEARKEN_CRASH_FROM", from.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // At a random moment after the first acknowledgement, or (each fifth round) while it opens.
        let lines = if round % 5 == 4 { 0 } else { 1 + (seed >> 33) % 20 };
        let mut read = BufReader::new(c.stdout.take().unwrap()).lines();
        let mut heard = None;
        let mut take = |l: &str, done: &mut Vec<u64>| {
            if let Some(n) = l.strip_prefix("heard ").and_then(|n| n.parse::<u64>().ok()) {
                heard = Some(n);
            } else if let Some(n) = l.strip_prefix("done ").and_then(|n| n.parse().ok()) {
                done.push(n);
            }
        };
        let mut seen = 0;
        while seen < lines {
            let l = read.next().expect("the child lives until it is killed").unwrap();
            if l.starts_with("heard") || l.starts_with("done") {
                seen += 1;
            }
            take(&l, &mut done);
        }
        if lines == 0 {
            std::thread::sleep(std::time::Duration::from_micros((seed >> 40) % 30_000));
        }
        c.kill().unwrap();
        c.wait().unwrap();
        read.map_while(Result::ok).for_each(|l| take(&l, &mut done));
        let s = Store::open(&data, 16).unwrap_or_else(|e| panic!("round {round}: {e}"));
        let (n, found) = s.check(false).unwrap();
        assert!(found.is_empty(), "round {round}: {found:?}");
        if let Some(h) = heard {
            assert!(n >= h + 40, "round {round}: {n} mentions, {} were acknowledged", h + 40);
        }
        // All or nothing of each batch.
        assert_eq!(n % 40, 0, "round {round}");
        from = n;
        let is_done: Vec<Id> = s
            .reader()
            .page(&PageQuery::newest(&[State::Done], "ana", 1_000_000), None)
            .unwrap()
            .items
            .iter()
            .map(|i| i.id)
            .collect();
        for d in &done {
            assert!(
                is_done.contains(&Id(hash64(&["crash", &d.to_string()]))),
                "round {round}: the verb on {d} is lost"
            );
        }
    }
    println!("{ROUNDS} kills, {from} mentions, {} verbs, nothing lost", done.len());
    assert!(from > 1000);
}
