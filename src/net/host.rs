//! Manners towards a host: four requests at once and no fixed pace, until it asks for one; then one at a time
//! at that pace. Loopback has no limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// What the configuration says of hosts.
#[derive(Clone, Debug)]
pub struct HostLimits {
    /// To one host, and all together.
    pub at_once: usize,
    pub all_at_once: usize,
    /// By host: at once, per minute.
    pub hosts: HashMap<String, (Option<usize>, Option<u32>)>,
}

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits { at_once: 4, all_at_once: 64, hosts: HashMap::new() }
    }
}

struct Host {
    gate: Arc<Semaphore>,
    /// Held beside the gate by a host that asked for a pause: one at a time.
    single: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

#[derive(Default)]
struct Pace {
    /// Earliest time of the next request.
    next: Option<Instant>,
    /// Between two requests, now and by configuration.
    gap: Duration,
    configured: Duration,
    /// It asked for a pause, and so many answers since then were good.
    slowed: bool,
    good: u32,
}

/// Good answers after which a host that asked for a pause is asked twice as fast again.
const FORGIVEN: u32 = 16;

/// A turn at a host; over when dropped.
pub struct Turn {
    _gate: Option<OwnedSemaphorePermit>,
    _single: Option<OwnedSemaphorePermit>,
}

/// All hosts that were asked so far.
pub struct Hosts {
    limits: HostLimits,
    all: Mutex<HashMap<String, Arc<Host>>>,
}

/// The longest a request waits for its turn; what must wait longer is told so.
const PATIENCE: Duration = Duration::from_secs(30);

impl Hosts {
    pub fn new(limits: HostLimits) -> Hosts {
        Hosts { limits, all: Mutex::default() }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned())
            .or_insert_with(|| {
                let (at_once, per_minute) = self.limits.hosts.get(name).copied().unwrap_or((None, None));
                let gap = per_minute.map_or(Duration::ZERO, |n| Duration::from_secs(60) / n.max(1));
                Arc::new(Host {
                    gate: Arc::new(Semaphore::new(at_once.unwrap_or(self.limits.at_once).max(1))),
                    single: Arc::new(Semaphore::new(1)),
                    pace: Mutex::new(Pace { gap, configured: gap, ..Pace::default() }),
                })
            })
            .clone()
    }

    /// Waits for a turn. `Err` says how long the host wants to be left alone, if that is too long to wait.
    pub async fn turn(&self, name: &str, loopback: bool) -> Result<Turn, Duration> {
        if loopback && !self.limits.hosts.contains_key(name) {
            return Ok(Turn { _gate: None, _single: None });
        }
        let host = self.host(name);
        let gate = host.gate.clone().acquire_owned().await.ok();
        let slowed = host.pace.lock().unwrap_or_else(PoisonError::into_inner).slowed;
        let single = if slowed { host.single.clone().acquire_owned().await.ok() } else { None };
        let wait = {
            let mut p = host.pace.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let at = p.next.filter(|t| *t > now).unwrap_or(now);
            let wait = at - now;
            if wait > PATIENCE {
                return Err(wait);
            }
            p.next = Some(at + p.gap);
            wait
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(Turn { _gate: gate, _single: single })
    }

    /// The host asked for a pause (429, 503, `Retry-After`): from now on one at a time, at its pace.
    pub fn slow_down(&self, name: &str, pause: Duration) {
        let host = self.host(name);
        let mut p = host.pace.lock().unwrap_or_else(PoisonError::into_inner);
        p.next = p.next.max(Some(Instant::now() + pause));
        p.gap = p.gap.max(Duration::from_secs(1));
        (p.slowed, p.good) = (true, 0);
    }

    /// It answered well: a pause is forgotten by and by.
    pub fn answered(&self, name: &str) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(host) = all.get(name).cloned() else { return };
        drop(all);
        let mut p = host.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if !p.slowed {
            return;
        }
        p.good += 1;
        if p.good >= FORGIVEN {
            p.good = 0;
            p.gap = (p.gap / 2).max(p.configured);
            if p.gap <= p.configured || p.gap < Duration::from_millis(100) {
                (p.gap, p.slowed) = (p.configured, false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asked_for_a_pause_is_asked_one_at_a_time_and_forgiven_later() {
        let hosts = Hosts::new(HostLimits::default());
        let four: Vec<Turn> = [
            hosts.turn("h", false).await,
            hosts.turn("h", false).await,
            hosts.turn("h", false).await,
            hosts.turn("h", false).await,
        ]
        .into_iter()
        .map(|t| t.ok().unwrap())
        .collect();
        drop(four);
        // A shorter pause does not end a longer one.
        hosts.slow_down("h", Duration::from_secs(20));
        hosts.slow_down("h", Duration::from_secs(5));
        let before = tokio::time::Instant::now();
        let turn = hosts.turn("h", false).await.ok().unwrap();
        assert!(before.elapsed() >= Duration::from_secs(19));
        let second = tokio::time::timeout(Duration::from_secs(3600), hosts.turn("h", false)).await;
        assert!(second.is_err(), "two at once");
        drop(turn);
        for _ in 0..FORGIVEN * 4 {
            hosts.answered("h");
        }
        assert!(!hosts.host("h").pace.lock().unwrap().slowed);
        hosts.slow_down("h", Duration::from_secs(90_000));
        assert!(hosts.turn("h", false).await.err().unwrap() > PATIENCE);
    }
}
