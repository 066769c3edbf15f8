//! What others push: the endpoint of the daemon. A post is checked by the network's file, kept by the committer, and
//! acknowledged when it is on the disk. Each source has its own address, its own secret and its own pace.

use super::Engine;
use super::polls::{Arrived, record};
use crate::clean;
use crate::door::Event;
use crate::listen::{Poller, Report, Source, SourceKind, received};
use crate::model::{Stamp, Trouble};
use crate::net::{Answered, Hook, HookStanding, Posted, Taker, listen_hook};
use crate::networks::webhook;
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

    /// True if it was counted in this minute.
    fn has(&self, who: &str, now: Stamp) -> bool {
        let p = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        p.0 == now.0 / 60_000 && p.1.contains_key(who)
    }
}

/// One delivery of a source after the other: each sees what those before it were.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default().clone()
    }
}

/// Runs until the engine is gone; the endpoint stands as the configuration says.
pub async fn run(engine: Weak<Engine>, arrived: mpsc::Sender<Arrived>, mut stop: watch::Receiver<bool>) {
    let mut standing: Vec<(Hook, HookStanding)> = Vec::new();
    let (mut hosts, mut said) = (Vec::new(), Vec::new());
    loop {
        let Some(e) = engine.upgrade() else { return };
        let mut events = e.events.subscribe();
        let wanted = e.setup().config.hooks.clone();
        let any = e.setup().sources.iter().any(pushed);
        let hooks: Vec<Hook> = if any { wanted.at.iter().map(hook_of).collect() } else { Vec::new() };
        let keep = wanted.hosts == hosts;
        for (h, s) in std::mem::take(&mut standing) {
            if keep && hooks.contains(&h) {
                standing.push((h, s));
            } else {
                s.end().await;
            }
        }
        hosts = wanted.hosts;
        // One place that cannot be had takes no other with it; it is tried again, and told once.
        for h in hooks {
            if standing.iter().any(|(x, _)| *x == h) {
                continue;
            }
            match listen_hook(&h, hosts.clone(), taker(&engine, &arrived)).await {
                Ok(s) => {
                    said.retain(|x| *x != h);
                    standing.push((h, s));
                }
                Err(why) => {
                    let place = match &h {
                        Hook::Tcp(a) => a.to_string(),
                        Hook::Unix(p) => p.display().to_string(),
                    };
                    if !said.contains(&h) {
                        e.notice(true, clean::line(&format!("no hook can be had at {place}: {why}")));
                        said.push(h);
                    }
                }
            }
        }
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            () = super::happens(&mut events, |e| matches!(e, Event::SourcesChanged)) => {}
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
        // To its end, even if the sender does not wait for it: what is stored must be remembered as delivered.
        let work = tokio::spawn(take(engine, arrived, pace, p));
        Box::pin(async move { work.await.unwrap_or_else(|_| no(500, "it came to nothing; send it again")) })
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
    let Some(way) = source.way() else { return no(404, "there is no such hook") };
    let SourceKind::Network { options, .. } = &source.kind else { return no(404, "there is no such hook") };
    let Some(account) = &way.account else { return no(503, "this hook has no secret") };
    // A secret that cannot be read is not asked for by every stranger who comes by.
    let unread = format!("unread {id}");
    if pace.has(&unread, now) {
        return no(503, "the secret of this hook cannot be read");
    }
    let secret = match e.accounts.keys(&setup.net, &way, account, false).await {
        Ok(k) => k.text("token").to_owned(),
        Err(_) => {
            pace.allows(&unread, 0, now);
            return no(503, "the secret of this hook cannot be read");
        }
    };
    // Who does not know the secret uses up nothing of what the sender may send.
    if let Err(r) = webhook::authentic(options, now, &p.headers, &p.body, &secret) {
        if r.status == 401 && pace.allows(&format!("said {id}"), 1, now) {
            let words = format!("{id}: somebody posted with a wrong secret or signature");
            e.notice(true, clean::line(&words));
        }
        return no(r.status, &r.words);
    }
    if !pace.allows(&id, A_MINUTE, now) {
        return slow();
    }
    let turn = e.hook_turns.of(&id);
    let _turn = turn.lock().await;
    let rec = record(&e, &id);
    if rec.health.trouble == Trouble::Paused {
        return no(503, "this hook is paused");
    }
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
        Err(r) => no(r.status, &r.words),
    }
}
