//! Manners towards a host: four requests at once and no fixed pace, until it asks for one; then one at a time
//! at that pace. Loopback has no limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What the configuration says of hosts.
#[derive(Clone, Debug)]
pub struct HostLimits {
    pub at_once: usize,
    /// By host: at once, per minute.
    pub hosts: HashMap<String, (Option<usize>, Option<u32>)>,
}

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits { at_once: 4, hosts: HashMap::new() }
    }
}

struct Host {
    gate: Arc<Semaphore>,
    /// Earliest time of the next request, and the pace between two.
    pace: Mutex<(Option<Instant>, Duration)>,
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
                    gate: Arc::new(Semaphore::new(at_once.unwrap_or(self.limits.at_once))),
                    pace: Mutex::new((None, gap)),
                })
            })
            .clone()
    }

    /// Waits for a turn. `Err` says how long the host wants to be left alone, if that is too long to wait.
    pub async fn turn(&self, name: &str, loopback: bool) -> Result<Option<OwnedSemaphorePermit>, Duration> {
        if loopback && !self.limits.hosts.contains_key(name) {
            return Ok(None);
        }
        let host = self.host(name);
        let permit = host.gate.clone().acquire_owned().await.ok();
        let wait = {
            let mut p = host.pace.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let at = p.0.filter(|t| *t > now).unwrap_or(now);
            let wait = at - now;
            if wait > PATIENCE {
                return Err(wait);
            }
            p.0 = Some(at + p.1);
            wait
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(permit)
    }

    /// The host asked for a pause (429, 503, `Retry-After`): from now on one at a time, at its pace.
    pub fn slow_down(&self, name: &str, pause: Duration) {
        let host = self.host(name);
        let mut p = host.pace.lock().unwrap_or_else(PoisonError::into_inner);
        p.0 = Some(Instant::now() + pause);
        p.1 = p.1.max(Duration::from_secs(1));
    }
}
