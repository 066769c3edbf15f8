//! Implements the door: owns the writing half of the store, the tasks that listen, and the one gate through
//! which every verb passes. Every change that people share happens here and is announced from here.

pub mod alone;
mod answers;
mod committer;
mod convert;
mod gate;
mod imports;
mod keeper;
mod polls;
mod sources;

pub use crate::net::enter_session;

use crate::clean;
use crate::config::Config;
use crate::door::{Answering, Door, Event, Refusal, RefusalKind, Reply, Request};
use crate::listen::{Source, Topics};
use crate::model::{Stamp, Text};
use crate::net::Net;
use crate::store::{Asker, Store, StoreError};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{broadcast, mpsc};

/// Notices that are kept for the health page.
const NOTICES: usize = 50;

/// The engine of one data directory.
pub struct Engine {
    pub(crate) store: Arc<Store>,
    setup: RwLock<Setup>,
    events: broadcast::Sender<Event>,
    asker: Asker,
    data: PathBuf,
    polls: mpsc::Sender<polls::Wanted>,
    notices: Mutex<VecDeque<(Stamp, Text)>>,
    stop: tokio::sync::watch::Sender<bool>,
}

/// What the configuration says, as the engine uses it.
#[derive(Clone)]
struct Setup {
    config: Arc<Config>,
    topics: Arc<Topics>,
    sources: Arc<Vec<Source>>,
    net: Arc<Net>,
    /// Of the text of the file, as it was read.
    hash: u64,
}

impl Setup {
    /// `before` lends its connections and what hosts asked of us, unless the configuration says other things of them.
    fn of(config: Config, before: Option<&Setup>) -> Setup {
        let same = before.filter(|b| {
            let c = &b.config;
            (&c.contact, &c.http, &c.hosts) == (&config.contact, &config.http, &config.hosts)
        });
        let net = same.map_or_else(|| Arc::new(convert::net(&config)), |b| b.net.clone());
        let topics = Arc::new(convert::topics(&config));
        let sources = Arc::new(convert::sources(&config));
        let hash = sources::hash_of(&config.file);
        Setup { config: Arc::new(config), topics, sources, net, hash }
    }
}

impl Engine {
    /// Opens the store and starts the tasks. `listen` is false for one-shot commands: then only what is asked
    /// for is polled.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub fn start(config: Config, data: &Path, who: Asker, listen: bool) -> Result<Arc<Engine>, StoreError> {
        let store = Arc::new(Store::open(data, config.cache_mb)?);
        let (polls_tx, polls_rx) = mpsc::channel(16);
        let (events, _) = broadcast::channel(1024);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let engine = Arc::new(Engine {
            store,
            setup: RwLock::new(Setup::of(config, None)),
            events,
            asker: who,
            data: data.to_owned(),
            polls: polls_tx,
            notices: Mutex::default(),
            stop,
        });
        if listen {
            engine.note_time_off();
        }
        // What was due while nobody ran is back before the first question is answered.
        let _ = engine.store.wake(Stamp::now());
        let (arrived_tx, arrived_rx) = mpsc::channel(256);
        tokio::spawn(polls::run(Arc::downgrade(&engine), polls_rx, arrived_tx, stopped.clone(), listen));
        tokio::spawn(committer::run(Arc::downgrade(&engine), arrived_rx));
        keeper::start(&engine, stopped);
        Ok(engine)
    }

    /// Ends the tasks; what is acknowledged is on the disk already.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }

    fn setup(&self) -> Setup {
        self.setup.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another configuration in force.
    fn put_setup(&self, config: Config) {
        let mut s = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        let next = Setup::of(config, Some(&s));
        *s = next;
        drop(s);
        self.announce(Event::SourcesChanged);
    }

    fn announce(&self, e: Event) {
        // Nobody listening is fine.
        let _ = self.events.send(e);
    }

    /// Tells people something that they did not ask for.
    fn notice(&self, urgent: bool, text: Text) {
        let mut all = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if all.back().is_some_and(|(_, t)| *t == text) {
            return;
        }
        all.push_back((Stamp::now(), text.clone()));
        if all.len() > NOTICES {
            all.pop_front();
        }
        drop(all);
        self.announce(Event::Notice { urgent, text });
    }

    /// At start, what was not heard while nobody ran is a gap.
    fn note_time_off(&self) {
        let now = Stamp::now();
        let mut gaps = Vec::new();
        for s in self.setup().sources.iter() {
            if let Ok(Some(rec)) = self.store.reader().source(&s.id) {
                let mut h = rec.health.clone();
                crate::listen::note_time_passed(&mut h, now, s.every_ms);
                if h != rec.health {
                    gaps.push((s.id.clone(), h));
                }
            }
        }
        let _ = self.store.put_healths(&gaps);
    }
}

/// A failure of the store as a reply.
fn failed(e: &StoreError) -> Reply {
    refuse(RefusalKind::Failed, &e.to_string())
}

fn refuse(kind: RefusalKind, text: &str) -> Reply {
    Reply::Refused(Refusal { kind, text: clean::line(text) })
}

/// An engine in this process, for front ends.
pub struct Here(pub Arc<Engine>);

impl Door for Here {
    fn ask(&self, request: Request) -> Answering<'_> {
        let engine = self.0.clone();
        Box::pin(async move { answers::answer(engine, request).await })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    fn backup(
        &self,
        mut out: Box<dyn std::io::Write + Send>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<u64, Text>> + Send>> {
        let store = self.0.store.clone();
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || store.backup(&mut *out)).await {
                Ok(Ok(n)) => Ok(n),
                Ok(Err(e)) => Err(clean::line(&e.to_string())),
                Err(_) => Err(Text::ours("the backup failed")),
            }
        })
    }
}
