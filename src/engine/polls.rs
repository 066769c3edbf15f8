//! The poller: knows when each source is due, polls many at once, and lets a slow one delay nobody.

use super::Engine;
use crate::listen::{Polled, Poller, Report, Source, poll};
use crate::model::{Stamp, Trouble};
use crate::store::SourceRec;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Somebody wants sources polled now; answered when all are stored.
pub struct Wanted {
    /// Empty means all.
    pub sources: Vec<String>,
    pub ticket: u64,
    /// The number of those that failed.
    pub done: oneshot::Sender<u32>,
}

/// A poll that has an answer, for the committer.
pub struct Arrived {
    pub polled: Polled,
    /// Tickets that wait for this source.
    pub tickets: Vec<u64>,
    /// True once it is stored.
    pub done: oneshot::Sender<bool>,
}

/// Longest sleep: clocks are set, configurations change.
const NAP: Duration = Duration::from_secs(30);

/// When an engine asks sources of its own accord.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listen {
    Never,
    Now,
    /// Once a terminal is there, else after three seconds: a command for which the engine was started comes first.
    Soon,
}

pub(super) const GRACE: Duration = Duration::from_secs(3);

/// The time has come, or a terminal.
async fn begins(engine: &Weak<Engine>, at: tokio::time::Instant) {
    let begin = engine.upgrade().map(|e| e.begin.clone());
    match begin {
        Some(b) => tokio::select! { () = b.notified() => {}, () = tokio::time::sleep_until(at) => {} },
        None => tokio::time::sleep_until(at).await,
    }
}

struct Ended {
    id: String,
    ok: bool,
    next: Option<Stamp>,
}

/// Runs until the engine is gone.
pub async fn run(
    engine: Weak<Engine>,
    mut wanted: mpsc::Receiver<Wanted>,
    arrived: mpsc::Sender<Arrived>,
    mut stop: watch::Receiver<bool>,
    listen: Listen,
) {
    let (ended_tx, mut ended) = mpsc::unbounded_channel::<Ended>();
    let mut due: BinaryHeap<std::cmp::Reverse<(Stamp, String)>> = BinaryHeap::new();
    let mut at: HashMap<String, Stamp> = HashMap::new();
    let mut flying: HashMap<String, Vec<u64>> = HashMap::new();
    let mut waiting: Vec<(HashSet<String>, u32, u64, oneshot::Sender<u32>)> = Vec::new();
    let mut known: Option<Arc<Vec<Source>>> = None;
    let mut last = Stamp::now();
    let mut listening = listen == Listen::Now;
    let begin_at = tokio::time::Instant::now() + GRACE;
    loop {
        let Some(e) = engine.upgrade() else { return };
        let sources = e.setup().sources;
        if listening && known.as_ref().is_none_or(|k| !Arc::ptr_eq(k, &sources)) {
            plan(&e, &sources, &mut due, &mut at);
            known = Some(sources.clone());
        }
        let now = Stamp::now();
        // A clock that was set back would leave everything due far ahead.
        if now.0 < last.0 - 60_000 {
            known = None;
            last = now;
            continue;
        }
        last = now;
        while let Some(std::cmp::Reverse((t, _))) = due.peek() {
            if *t > now {
                break;
            }
            let Some(std::cmp::Reverse((t, id))) = due.pop() else { break };
            // A source that was planned anew since, or is gone, or is on its way.
            if at.get(&id) != Some(&t) || flying.contains_key(&id) {
                continue;
            }
            if let Some(s) = sources.iter().find(|s| s.id == id) {
                flying.insert(id, Vec::new());
                start(&e, s.clone(), &arrived, &ended_tx, Vec::new(), false);
            }
        }
        let nap = due
            .peek()
            .map_or(NAP, |d| Duration::from_millis((d.0.0.0 - now.0).max(0).unsigned_abs()).min(NAP));
        drop(e);
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            Some(done) = ended.recv() => {
                flying.remove(&done.id);
                waiting.retain_mut(|(left, failed, _, _)| {
                    if left.remove(&done.id) && !done.ok { *failed += 1; }
                    true
                });
                let (over, left): (Vec<_>, Vec<_>) = std::mem::take(&mut waiting).into_iter().partition(|w| w.0.is_empty());
                waiting = left;
                for (_, failed, _, tx) in over {
                    let _ = tx.send(failed);
                }
                if let (Some(t), true) = (done.next, listening) {
                    at.insert(done.id.clone(), t);
                    due.push(std::cmp::Reverse((t, done.id)));
                }
            }
            w = wanted.recv() => {
                let (Some(w), Some(e)) = (w, engine.upgrade()) else { return };
                // Asking for all leaves out what somebody paused and what is gone; its name asks for it all the same.
                let all: Vec<Source> = e.setup().sources.iter()
                    .filter(|s| if w.sources.is_empty() { !rests(&record(&e, &s.id), s) } else { w.sources.contains(&s.id) })
                    .cloned().collect();
                let ids: HashSet<String> = all.iter().map(|s| s.id.clone()).collect();
                for s in all {
                    // A poll in flight is joined.
                    if !flying.contains_key(&s.id) {
                        flying.insert(s.id.clone(), vec![w.ticket]);
                        start(&e, s, &arrived, &ended_tx, vec![w.ticket], !w.sources.is_empty());
                    }
                }
                if ids.is_empty() {
                    let _ = w.done.send(0);
                } else {
                    waiting.push((ids, 0, w.ticket, w.done));
                }
            }
            () = begins(&engine, begin_at), if !listening && listen == Listen::Soon => listening = true,
            () = tokio::time::sleep(nap) => {}
        }
    }
}

/// When each source is due; those that are due already are spread a little.
fn plan(
    e: &Engine,
    sources: &[Source],
    due: &mut BinaryHeap<std::cmp::Reverse<(Stamp, String)>>,
    at: &mut HashMap<String, Stamp>,
) {
    let now = Stamp::now();
    at.retain(|id, _| sources.iter().any(|s| s.id == *id));
    for s in sources {
        let rec = record(e, &s.id);
        if rests(&rec, s) {
            at.remove(&s.id);
            continue;
        }
        let t = rec.health.next_poll.unwrap_or(now).max(now).min(now.plus(crate::model::time::DAY));
        let t = if rec.cursor.configured == s.what() { t } else { now };
        at.insert(s.id.clone(), t);
        due.push(std::cmp::Reverse((t, s.id.clone())));
    }
}

/// What the store knows of a source; nothing, if it was never met.
pub(super) fn record(e: &Engine, id: &str) -> SourceRec {
    e.store.reader().source(id).ok().flatten().unwrap_or_default()
}

/// Paused by a person, or gone for good, at the address that is configured now.
pub(super) fn rests(rec: &SourceRec, s: &Source) -> bool {
    match rec.health.trouble {
        Trouble::Paused => true,
        Trouble::Retired(_) => rec.cursor.configured == s.what(),
        _ => false,
    }
}

/// Tells the poller that a poll is over, also if it ended in a panic.
struct Landing {
    id: String,
    ok: bool,
    next: Option<Stamp>,
    ended: mpsc::UnboundedSender<Ended>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let _ = self.ended.send(Ended { id: std::mem::take(&mut self.id), ok: self.ok, next: self.next });
    }
}

/// A source that is heard by a stream is asked so often, in ms.
const BESIDE_A_STREAM: i64 = 15 * 60_000;

/// After a poll that ended in a panic of ours.
const AFTER_A_FAULT: i64 = 3_600_000;

fn start(
    e: &Arc<Engine>,
    source: Source,
    arrived: &mpsc::Sender<Arrived>,
    ended: &mpsc::UnboundedSender<Ended>,
    tickets: Vec<u64>,
    by_name: bool,
) {
    let (e, arrived) = (e.clone(), arrived.clone());
    let next = Some(Stamp::now().plus(AFTER_A_FAULT));
    let landing = Landing { id: source.id.clone(), ok: false, next, ended: ended.clone() };
    tokio::spawn(async move {
        // Taken in whole: it tells of the landing wherever this ends.
        let mut landing = landing;
        let setup = e.setup();
        let reader = e.store.reader();
        let rec = reader.source(&source.id).ok().flatten().unwrap_or_else(|| SourceRec {
            id: source.id.clone(),
            network: source.network().into(),
            ..SourceRec::default()
        });
        let now = Stamp::now();
        // A host that asked to be left alone is, across restarts, unless somebody names the source.
        if !by_name && let Some(until) = rec.health.pause_until.filter(|t| *t > now) {
            let words = format!("it asked to be left alone until {}", until.local_minute());
            for ticket in tickets {
                e.announce(crate::door::Event::Polled {
                    ticket,
                    source: source.id.clone(),
                    ok: true,
                    new: 0,
                    inbox: 0,
                    words: crate::clean::line(&words),
                });
            }
            (landing.ok, landing.next) = (true, Some(until));
            return;
        }
        let streaming = e.streams.is_open(&source.id);
        let poller = Poller {
            net: &setup.net,
            accounts: &e.accounts,
            reader: &reader,
            topics: &setup.topics,
            since_ms: setup.config.inbox_since_ms,
            now,
            last_ok: rec.health.last_ok.unwrap_or(now),
        };
        let mut source = source;
        if streaming {
            // What the stream tells is not asked for; a look now and then is for what it may have missed.
            source.every_ms = source.every_ms.max(BESIDE_A_STREAM);
        }
        let polled = poll(&poller, &source, rec, jitter(&source.id), streaming).await;
        landing.ok = !matches!(polled.report, Report::Failed(_) | Report::Retired(_));
        landing.next = polled.health.next_poll;
        let (done, stored) = oneshot::channel();
        if arrived.send(Arrived { polled, tickets, done }).await.is_ok() {
            landing.ok &= stored.await.unwrap_or(false);
        }
        if rests(&record(&e, &source.id), &source) {
            landing.next = None;
        }
    });
}

/// A number from 0 to 1 that differs between sources and polls.
pub(super) fn jitter(id: &str) -> f64 {
    let h = crate::model::hash64(&[id, &Stamp::now().0.to_string()]);
    (h >> 11) as f64 / (1u64 << 53) as f64
}
