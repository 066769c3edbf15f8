//! What others push: the endpoint of the daemon. A post is checked by the network's file, kept by the committer, and
//! acknowledged when it is on the disk. Each source has its own address, its own secret and its own pace.

use super::Engine;
use super::polls::{Arrived, record};
use crate::clean;
use crate::listen::{Poller, Report, Source, SourceKind, received};
use crate::model::{Stamp, Trouble};
use crate::net::{Answered, Hook, HookStanding, Posted, Taker, listen_hook};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Posts of one source in a minute, and of senders that nobody knows.
const A_MINUTE: u32 = 300;
const STRANGERS: u32 = 60;
/// Between two looks at what is configured.
const LOOK: Duration = Duration::from_secs(30);

/// Posts by address since the minute began.
#[derive(Default)]
struct Pace(Mutex<(i64, HashMap<String, u32>)>);

impl Pace {
    /// False if this one is too much.
    fn allows(&self, who: &str, most: u32, now: Stamp) -> bool {
        let mut p = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.0 / 60_000;
        if p.0 != minute {
            *p = (minute, HashMap::new());
        }
        let n = p.1.entry(who.to_owned()).or_default();
        *n += 1;
        *n <= most
    }
}

/// Runs until the engine is gone; the endpoint stands as the configuration says.
pub async fn run(engine: Weak<Engine>, arrived: mpsc::Sender<Arrived>, mut stop: watch::Receiver<bool>) {
    let mut standing: Option<(Vec<Hook>, Vec<String>, Vec<HookStanding>)> = None;
    loop {
        let Some(e) = engine.upgrade() else { return };
        let mut events = e.events.subscribe();
        let wanted = e.setup().config.hooks.clone();
        let any = e.setup().sources.iter().any(pushed);
        let hooks: Vec<Hook> = if any { wanted.at.iter().map(hook_of).collect() } else { Vec::new() };
        if standing.as_ref().is_none_or(|(h, n, _)| *h != hooks || *n != wanted.hosts) {
            drop(standing.take());
            let mut all = Vec::new();
            for h in &hooks {
                match listen_hook(h, wanted.hosts.clone(), taker(&engine, &arrived)).await {
                    Ok(s) => all.push(s),
                    Err(why) => {
                        let place = match h {
                            Hook::Tcp(a) => a.to_string(),
                            Hook::Unix(p) => p.display().to_string(),
                        };
                        e.notice(true, clean::line(&format!("no hook can be had at {place}: {why}")));
                    }
                }
            }
            // What could not be had is tried again.
            let whole = all.len() == hooks.len();
            standing = whole.then_some((hooks, wanted.hosts, all));
        }
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            () = super::streams::changed(&mut events) => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn hook_of(c: &crate::config::HookAt) -> Hook {
    match c {
        crate::config::HookAt::Tcp(a) => Hook::Tcp(*a),
        crate::config::HookAt::Unix(p) => Hook::Unix(p.clone()),
    }
}

fn pushed(s: &Source) -> bool {
    matches!(&s.kind, SourceKind::Network { network, .. } if network.declared().name == "webhook")
}

fn taker(engine: &Weak<Engine>, arrived: &mpsc::Sender<Arrived>) -> Taker {
    let (engine, arrived, pace) = (engine.clone(), arrived.clone(), Arc::new(Pace::default()));
    Arc::new(move |p: Posted| {
        let (engine, arrived, pace) = (engine.clone(), arrived.clone(), pace.clone());
        Box::pin(async move { take(engine, arrived, pace, p).await })
    })
}

fn no(status: u16, words: &str) -> Answered {
    Answered { status, body: format!("{words}\n"), retry_after: None }
}

fn slow() -> Answered {
    Answered { retry_after: Some(60), ..no(429, "too many posts; come again in a minute") }
}

/// Why what came was not taken, in the source's own health: its sender may have lost the secret.
async fn take(engine: Weak<Engine>, arrived: mpsc::Sender<Arrived>, pace: Arc<Pace>, p: Posted) -> Answered {
    let Some(e) = engine.upgrade() else { return no(503, "the engine is stopping") };
    let setup = e.setup();
    let now = Stamp::now();
    let id = p.path.trim_matches('/').strip_prefix("hooks/").unwrap_or("").to_owned();
    let source = setup.sources.iter().find(|s| s.id == id && pushed(s)).cloned();
    let Some(source) = source else {
        return if pace.allows("", STRANGERS, now) { no(404, "there is no such hook") } else { slow() };
    };
    if !pace.allows(&id, A_MINUTE, now) {
        return slow();
    }
    // One delivery after the other: each sees what those before it were.
    let _turn = e.hook_turn.lock().await;
    let rec = record(&e, &id);
    if rec.health.trouble == Trouble::Paused {
        return no(503, "this hook is paused");
    }
    let Some(way) = source.way() else { return no(404, "there is no such hook") };
    let keys = match &way.account {
        Some(a) => e.accounts.keys(&setup.net, &way, a, false).await,
        None => return no(503, "this hook has no secret"),
    };
    let secret = match &keys {
        Ok(k) => k.text("token").to_owned(),
        Err(_) => return no(503, "the secret of this hook cannot be read"),
    };
    let reader = e.store.reader();
    let poller = Poller {
        net: &setup.net,
        accounts: &e.accounts,
        reader: &reader,
        topics: &setup.topics,
        since_ms: setup.config.inbox_since_ms,
        now,
        last_ok: rec.health.last_ok.unwrap_or(now),
    };
    match received(&poller, &source, rec, &p.headers, &p.body, &secret).await {
        Ok((polled, words)) => {
            let (done, stored) = oneshot::channel();
            let fresh = polled.report != Report::NotModified;
            if fresh {
                let sent = arrived.send(Arrived { polled, tickets: Vec::new(), done }).await.is_ok();
                if !sent || !stored.await.unwrap_or(false) {
                    return no(503, "it could not be stored; send it again");
                }
            }
            no(200, &words)
        }
        Err(r) => {
            if r.status == 401 && pace.allows(&format!("said {id}"), 1, now) {
                let words = format!("{id}: somebody posted with a wrong secret or signature");
                e.notice(true, clean::line(&words));
            }
            no(r.status, &r.words)
        }
    }
}
