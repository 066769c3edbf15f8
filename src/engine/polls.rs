//! The poller: knows when each source is due, polls many at once, and lets a slow one delay nobody.

use super::Engine;
use crate::listen::{Polled, Source, poll};
use crate::model::{Stamp, Trouble};
use crate::store::SourceRec;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

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
    pub done: oneshot::Sender<()>,
}

/// Longest sleep: clocks are set, configurations change.
const NAP: Duration = Duration::from_secs(30);

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
    at_once: usize,
    listen: bool,
) {
    let gate = Arc::new(Semaphore::new(at_once));
    let (ended_tx, mut ended) = mpsc::channel::<Ended>(256);
    let mut due: BinaryHeap<std::cmp::Reverse<(Stamp, String)>> = BinaryHeap::new();
    let mut at: HashMap<String, Stamp> = HashMap::new();
    let mut flying: HashMap<String, Vec<u64>> = HashMap::new();
    let mut waiting: Vec<(HashSet<String>, u32, u64, oneshot::Sender<u32>)> = Vec::new();
    let mut known: Option<Arc<Vec<Source>>> = None;
    loop {
        let Some(e) = engine.upgrade() else { return };
        let sources = e.setup().sources;
        if listen && known.as_ref().is_none_or(|k| !Arc::ptr_eq(k, &sources)) {
            plan(&e, &sources, &mut due, &mut at);
            known = Some(sources.clone());
        }
        let now = Stamp::now();
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
                start(&e, s.clone(), &gate, &arrived, &ended_tx, Vec::new());
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
                if let (Some(t), true) = (done.next, listen) {
                    at.insert(done.id.clone(), t);
                    due.push(std::cmp::Reverse((t, done.id)));
                }
            }
            w = wanted.recv() => {
                let (Some(w), Some(e)) = (w, engine.upgrade()) else { return };
                let all: Vec<Source> = e.setup().sources.iter()
                    .filter(|s| w.sources.is_empty() || w.sources.contains(&s.id)).cloned().collect();
                let ids: HashSet<String> = all.iter().map(|s| s.id.clone()).collect();
                for s in all {
                    // A poll in flight is joined.
                    if !flying.contains_key(&s.id) {
                        flying.insert(s.id.clone(), vec![w.ticket]);
                        start(&e, s, &gate, &arrived, &ended_tx, vec![w.ticket]);
                    }
                }
                if ids.is_empty() {
                    let _ = w.done.send(0);
                } else {
                    waiting.push((ids, 0, w.ticket, w.done));
                }
            }
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
        let rec = e.store.reader().source(&s.id).ok().flatten().unwrap_or_default();
        if matches!(rec.health.trouble, Trouble::Retired(_) | Trouble::Paused)
            && rec.cursor.configured == s.what()
        {
            at.remove(&s.id);
            continue;
        }
        let t = rec.health.next_poll.unwrap_or(now).max(now).min(now.plus(crate::model::time::DAY));
        let t = if rec.cursor.configured == s.what() { t } else { now };
        at.insert(s.id.clone(), t);
        due.push(std::cmp::Reverse((t, s.id.clone())));
    }
}

fn start(
    e: &Arc<Engine>,
    source: Source,
    gate: &Arc<Semaphore>,
    arrived: &mpsc::Sender<Arrived>,
    ended: &mpsc::Sender<Ended>,
    tickets: Vec<u64>,
) {
    let (e, gate, arrived, ended) = (e.clone(), gate.clone(), arrived.clone(), ended.clone());
    tokio::spawn(async move {
        let _permit = gate.acquire_owned().await.ok();
        let setup = e.setup();
        let reader = e.store.reader();
        let rec = reader.source(&source.id).ok().flatten().unwrap_or_else(|| SourceRec {
            id: source.id.clone(),
            network: source.network().into(),
            ..SourceRec::default()
        });
        let when = (setup.config.inbox_since_ms, Stamp::now(), jitter(&source.id));
        let polled = poll(&setup.net, &reader, &setup.topics, &source, rec, when).await;
        let ok =
            !matches!(polled.report, crate::listen::Report::Failed(_) | crate::listen::Report::Retired(_));
        let retired = matches!(polled.report, crate::listen::Report::Retired(_));
        let next = polled.health.next_poll.filter(|_| !retired);
        let (done, stored) = oneshot::channel();
        let id = source.id.clone();
        if arrived.send(Arrived { polled, tickets, done }).await.is_ok() {
            let _ = stored.await;
        }
        let _ = ended.send(Ended { id, ok, next }).await;
    });
}

/// A number from 0 to 1 that differs between sources and polls.
fn jitter(id: &str) -> f64 {
    let h = crate::model::hash64(&[id, &Stamp::now().0.to_string()]);
    (h >> 11) as f64 / (1u64 << 53) as f64
}
