//! Sources that are heard by streams: one task each opens its stream, goes on where it was, and begins anew after a
//! cut, with growing pauses where that does not help. What it hears goes the way of every poll, through the committer.

use super::Engine;
use super::polls::{Arrived, Listen, jitter, record, rests};
use crate::door::Event;
use crate::listen::{Polled, Poller, Source, Streamer};
use crate::model::{Stamp, Text};
use crate::networks::Trouble;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// A stream that went on for so long was a good one: it is opened again at once.
const GOOD: Duration = Duration::from_secs(20);
/// The first pause, the longest one, and the one where a login is refused or the stream is not for us.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(300);
const REFUSED: Duration = Duration::from_secs(900);
/// Between two looks at what is configured, where nobody says that it changed.
const LOOK: Duration = Duration::from_secs(30);
/// A stream may be short so often in a row before somebody should look.
const SHORT: u32 = 3;

/// Streams that are open.
#[derive(Default)]
pub struct Streams(Mutex<HashSet<String>>);

impl Streams {
    pub fn is_open(&self, source: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(source)
    }

    fn set(&self, source: &str, open: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open {
            all.insert(source.to_owned());
        } else {
            all.remove(source);
        }
    }
}

/// Runs until the engine is gone: a task for each source that may have a stream.
pub async fn run(
    engine: Weak<Engine>,
    arrived: mpsc::Sender<Arrived>,
    mut stop: watch::Receiver<bool>,
    listen: Listen,
) {
    if listen == Listen::Never {
        return;
    }
    if listen == Listen::Soon {
        let begin = engine.upgrade().map(|e| e.begin.clone());
        let grace = tokio::time::sleep(super::polls::GRACE);
        match begin {
            Some(b) => {
                tokio::select! { () = b.notified() => {}, () = grace => {}, _ = stop.changed() => return }
            }
            None => return,
        }
    }
    let mut tasks: HashMap<String, (Source, u64, tokio::task::JoinHandle<()>)> = HashMap::new();
    loop {
        let Some(e) = engine.upgrade() else { return };
        let sources = e.setup().sources;
        let mut events = e.events.subscribe();
        let wanted = |s: &&Source| s.way().is_some() && !rests(&record(&e, &s.id), s);
        let now: HashMap<&str, &Source> = sources.iter().filter(wanted).map(|s| (s.id.as_str(), s)).collect();
        let logins = |s: &Source| s.way().and_then(|w| w.account).map_or(0, |a| e.accounts.logins(&a));
        // A source that is configured otherwise begins anew, and so does one whose keys are others now.
        tasks.retain(|id, (was, keys, task)| {
            let stays = now.get(id.as_str()).is_some_and(|s| **s == *was && logins(s) == *keys)
                && !task.is_finished();
            if !stays {
                task.abort();
                e.streams.set(id, false);
            }
            stays
        });
        for (id, s) in now {
            if !tasks.contains_key(id) {
                let work = hear(engine.clone(), s.clone(), arrived.clone());
                tasks.insert(id.to_owned(), (s.clone(), logins(s), tokio::spawn(work)));
            }
        }
        drop(e);
        tokio::select! {
            _ = stop.changed() => break,
            () = super::happens(&mut events, |e| matches!(e, Event::SourcesChanged)) => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    tasks.values().for_each(|(_, _, t)| t.abort());
}

/// One source, for as long as it is configured.
async fn hear(engine: Weak<Engine>, source: Source, arrived: mpsc::Sender<Arrived>) {
    let mut failures = 0u32;
    loop {
        let Some(e) = engine.upgrade() else { return };
        let mut events = e.events.subscribe();
        let mut s = Streamer::new(record(&e, &source.id));
        let begun = Instant::now();
        let end = once(&e, &source, &mut s, &arrived).await;
        let was_open = e.streams.is_open(&source.id);
        e.streams.set(&source.id, false);
        let Some(end) = end else {
            // No stream, as things are: a poll may tell where there is one.
            drop(e);
            tokio::select! {
                () = super::happens(&mut events, |e| matches!(e, Event::Polled { source: s, .. } if *s == source.id)) => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            continue;
        };
        let good = was_open && begun.elapsed() >= GOOD;
        failures = if good { 0 } else { failures.saturating_add(1) };
        let asked = match &end {
            Trouble::Wait(ms, _) => Duration::from_millis(ms.max(&0).unsigned_abs()).min(LONGEST * 12),
            Trouble::Login(_) | Trouble::Forbidden(_) | Trouble::Missing(_) | Trouble::Refused(_) => REFUSED,
            _ => Duration::ZERO,
        };
        // A cut of a good stream is how such servers are; what fails again and again is told.
        let said = asked == REFUSED || failures >= SHORT || (failures > 0 && !was_open);
        s.refresh(record(&e, &source.id));
        keep(&arrived, s.ended(&source, &end, said)).await;
        drop(e);
        let growing =
            if failures == 0 { Duration::ZERO } else { PAUSE * 2u32.saturating_pow(failures.min(10) - 1) };
        let spread = 0.5 + jitter(&source.id);
        let pause = growing.min(LONGEST).mul_f64(spread) + PAUSE.mul_f64(jitter(&source.id));
        tokio::time::sleep(pause.max(asked)).await;
    }
}

/// One stream, from its opening to its end; `None` where the source has none now.
async fn once(
    e: &Arc<Engine>,
    source: &Source,
    s: &mut Streamer,
    arrived: &mpsc::Sender<Arrived>,
) -> Option<Trouble> {
    let reader = e.store.reader();
    let mut open = {
        let setup = e.setup();
        let p = poller(e, &setup, &reader);
        let stream = s.stream(&p, source)?;
        match s.open(&p, source, &stream).await {
            Ok(o) => o,
            Err(t) => {
                // What was heard before it failed is kept, and the place with it.
                if s.holds() {
                    let batch = s.greet();
                    if let Some(polled) = s.polled(&p, source, batch).await
                        && !keep(arrived, polled).await
                    {
                        s.not_stored();
                    }
                }
                return Some(t);
            }
        }
    };
    e.streams.set(&source.id, true);
    let mut first = true;
    loop {
        let setup = e.setup();
        let p = poller(e, &setup, &reader);
        let mut batch =
            if std::mem::take(&mut first) { s.greet() } else { s.fill(&p, source, &mut open).await };
        let end = batch.end.take();
        let news = s.polled(&p, source, batch).await;
        if let Some(polled) = news {
            if keep(arrived, polled).await {
                s.stored();
            } else {
                s.not_stored();
                return Some(Trouble::Fault(Text::ours(
                    "what came could not be stored; it is asked for again",
                )));
            }
        }
        if end.is_some() {
            return end;
        }
    }
}

fn poller<'a>(e: &'a Engine, setup: &'a super::Setup, reader: &'a crate::store::Reader) -> Poller<'a> {
    let now = Stamp::now();
    Poller {
        net: &setup.net,
        accounts: &e.accounts,
        reader,
        topics: &setup.topics,
        since_ms: setup.config.inbox_since_ms,
        now,
        last_ok: now,
    }
}

/// Hands over to the committer; true once it is on the disk.
async fn keep(arrived: &mpsc::Sender<Arrived>, polled: Polled) -> bool {
    let (done, stored) = oneshot::channel();
    arrived.send(Arrived { polled, tickets: Vec::new(), done }).await.is_ok() && stored.await.unwrap_or(false)
}
