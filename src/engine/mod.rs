//! Implements the door: owns the writing half of the store, the tasks that listen, and the one gate through
//! which every verb passes. Every change that people share happens here and is announced from here.

mod alerts;
pub mod alone;
mod answers;
mod clock;
mod committer;
mod compose;
mod convert;
mod gate;
mod hooks;
mod imports;
mod keeper;
mod login;
mod mutes;
mod networks;
mod outbox;
mod outcome;
mod permalink;
mod polls;
mod poster;
mod preflight;
mod presence;
mod rank;
mod retopic;
mod roles;
mod rules;
mod search;
mod settle;
mod sources;
mod standing;
mod streams;
mod team;
mod terms;
mod trial;
mod words;

pub use crate::net::enter_session;
pub use polls::Listen;
pub use roles::Caller;

use crate::account::Accounts;
use crate::clean;
use crate::config::Config;
use crate::door::{Answering, Door, Event, Refusal, RefusalKind, Reply, Request};
use crate::listen::{Source, Topics};
use crate::model::{Stamp, Text};
use crate::net::Net;
use crate::query::{Context, Names};
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
    /// The user who runs the engine.
    asker: Asker,
    data: PathBuf,
    polls: mpsc::Sender<polls::Wanted>,
    notices: Mutex<VecDeque<(Stamp, Text)>>,
    /// Numbers of lists that were counted last.
    tallies: search::Tallies,
    /// Who we are on networks, over all changes of the configuration.
    accounts: Arc<Accounts>,
    streams: streams::Streams,
    sends: Arc<outbox::Sends>,
    looks: preflight::Looks,
    logins: login::Logins,
    /// Pushes are taken one after the other.
    hook_turns: hooks::Turns,
    erring: rules::Erring,
    learned: rank::Learned,
    /// Something is to be told to people who are not attached.
    raised: Arc<tokio::sync::Notify>,
    /// A changed configuration that could not be taken in: its hash, and why.
    refused: Mutex<Option<(u64, String)>>,
    presence: presence::Presence,
    /// Held while the configuration is changed from here.
    editing: Mutex<()>,
    /// Terminals that are attached, as the door counts them.
    pub terminals: std::sync::atomic::AtomicU32,
    /// A terminal is there: listening begins.
    begin: Arc<tokio::sync::Notify>,
    stop: tokio::sync::watch::Sender<bool>,
}

/// What the configuration says, as the engine uses it.
#[derive(Clone)]
struct Setup {
    config: Arc<Config>,
    topics: Arc<Topics>,
    names: Arc<Names>,
    sources: Arc<Vec<Source>>,
    targets: Arc<crate::answer::clock::Targets>,
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
        let names = Arc::new(config.names());
        let topics = Arc::new(convert::topics(&config, &names));
        let sources = Arc::new(convert::sources(&config));
        let targets = Arc::new(clock::targets(&config));
        let hash = config.hash;
        Setup { config: Arc::new(config), topics, names, sources, targets, net, hash }
    }
}

impl Setup {
    /// Who asks a query, and when; with what the team named.
    fn cx<'a>(&'a self, now: Stamp, zone: i32, me: Option<&'a str>) -> Context<'a> {
        Context { now, zone, me, names: Some(&self.names) }
    }
}

/// Waits until an event that is waited for, or until some were missed; for ever once the engine is gone.
async fn happens(events: &mut broadcast::Receiver<Event>, waited_for: impl Fn(&Event) -> bool) {
    use broadcast::error::RecvError;
    loop {
        match events.recv().await {
            Ok(e) if !waited_for(&e) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Engine {
    /// Opens the store and starts the tasks. `listen` says when sources are asked without being told to.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub fn start(config: Config, data: &Path, who: Asker, listen: Listen) -> Result<Arc<Engine>, StoreError> {
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
            tallies: search::Tallies::default(),
            accounts: Arc::new(Accounts::new(data.join("secrets"))),
            streams: streams::Streams::default(),
            sends: Arc::default(),
            looks: preflight::Looks::default(),
            logins: login::Logins::default(),
            hook_turns: hooks::Turns::default(),
            erring: rules::Erring::default(),
            learned: rank::Learned::default(),
            raised: Arc::default(),
            refused: Mutex::default(),
            terminals: 0.into(),
            presence: presence::Presence::default(),
            editing: Mutex::default(),
            begin: Arc::default(),
            stop,
        });
        engine.put_accounts();
        if listen != Listen::Never {
            engine.note_time_off();
        }
        // What was due while nobody ran is back before the first question is answered.
        let _ = engine.store.wake(Stamp::now());
        let _ = engine.store.wake_answered(Stamp::now());
        let (arrived_tx, arrived_rx) = mpsc::channel(256);
        if listen != Listen::Never {
            tokio::spawn(hooks::run(Arc::downgrade(&engine), arrived_tx.clone(), stopped.clone()));
        }
        tokio::spawn(streams::run(Arc::downgrade(&engine), arrived_tx.clone(), stopped.clone(), listen));
        tokio::spawn(polls::run(Arc::downgrade(&engine), polls_rx, arrived_tx, stopped.clone(), listen));
        // Where nobody asks anything, nothing leaves either: a check, an export.
        if listen != Listen::Never {
            tokio::spawn(outbox::run(Arc::downgrade(&engine), stopped.clone()));
            tokio::spawn(outcome::run(Arc::downgrade(&engine), stopped.clone()));
            tokio::spawn(clock::run(Arc::downgrade(&engine), stopped.clone()));
        }
        tokio::spawn(committer::run(Arc::downgrade(&engine), arrived_rx));
        tokio::spawn(alerts::run(Arc::downgrade(&engine), stopped.clone()));
        keeper::start(&engine, stopped);
        Ok(engine)
    }

    /// Tells terminals that somebody ends this engine: they leave the store alone for a while.
    pub fn announce_end(&self) {
        self.announce(Event::Stopping(clean::line(&self.asker.who)));
    }

    /// The folder of the store.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Told when the engine ends.
    #[must_use]
    pub fn stopped(&self) -> tokio::sync::watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// So many terminals are attached now.
    pub fn attached(&self, terminals: u32) {
        self.terminals.store(terminals, std::sync::atomic::Ordering::Relaxed);
        if terminals > 0 {
            self.begin.notify_waiters();
            self.begin.notify_one();
        }
    }

    /// Looks who somebody is here; `config`: the file that they asked for by name. With it comes what is wrong with a
    /// changed configuration.
    ///
    /// # Errors
    /// Why they may not come in, as a sentence.
    pub fn admit(
        &self,
        uid: u32,
        name: &str,
        groups: &[String],
        config: Option<&str>,
    ) -> Result<(Caller, Option<String>), String> {
        if self.role_of(uid, name, groups).is_none() {
            let admins = self.setup().config.roles.who_has(crate::model::Role::Admin);
            return Err(format!(
                "{name} has no role here; {admins} may give one, under [roles] in config.toml"
            ));
        }
        // Whoever changed the file and comes wants it to be so.
        let trouble = self.take_config();
        let setup = self.setup();
        let mine = &setup.config.file;
        let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => a == b,
        };
        if let Some(theirs) = config.map(Path::new).filter(|c| !same(c, mine)) {
            return Err(format!(
                "the engine of {} runs with {}, not with {}; stop it with hearken stop, or give another --data",
                self.data.display(),
                mine.display(),
                theirs.display()
            ));
        }
        let asker = Asker { who: name.to_owned(), uid };
        Ok((Caller { asker, groups: groups.to_vec(), fixed: None }, trouble))
    }

    /// Does what a service manager wants to know: answers a question of the store.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.store.reader().counts("").is_ok()
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
        self.put_accounts();
        self.looks.forget_words();
        self.tallies.forget();
        self.announce(Event::SourcesChanged);
    }

    /// Takes the accounts of the configuration in, with what the store knows of them.
    fn put_accounts(&self) {
        let all = convert::accounts(&self.setup().config);
        for a in &all {
            if let Ok(Some(s)) = self.store.reader().standing(&a.name) {
                self.accounts.learn_me(&a.name, &s);
            }
        }
        self.accounts.put(all);
    }

    fn announce(&self, e: Event) {
        if matches!(e, Event::Changed(_)) {
            self.learned.forget();
        }
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

/// The door of an engine, for one caller.
pub struct Here {
    engine: Arc<Engine>,
    caller: Caller,
    seat: presence::Seat,
}

impl Here {
    /// For the engine's own user.
    #[must_use]
    pub fn own(engine: Arc<Engine>) -> Here {
        let caller = Caller {
            asker: engine.asker.clone(),
            groups: Vec::new(),
            fixed: Some(crate::model::Role::Admin),
        };
        Here::of(engine, caller)
    }

    /// For somebody who was let in.
    #[must_use]
    pub fn of(engine: Arc<Engine>, caller: Caller) -> Here {
        let seat = presence::Seat::take(engine.clone());
        Here { engine, caller, seat }
    }
}

impl Door for Here {
    fn ask(&self, request: Request) -> Answering<'_> {
        if let Request::Here { reading, writing } = request {
            self.seat.sits(&self.caller.asker.who, reading, writing);
            return Box::pin(async move { Reply::Presence(self.engine.present()) });
        }
        if request == Request::Since {
            self.seat.since(&self.caller.asker.who);
        }
        let (engine, caller) = (self.engine.clone(), self.caller.clone());
        Box::pin(async move { answers::answer(engine, caller, request).await })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.engine.events.subscribe()
    }

    fn backup(
        &self,
        mut out: Box<dyn std::io::Write + Send>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<u64, Text>> + Send>> {
        let store = self.engine.store.clone();
        let may = self.engine.has(&self.caller, crate::model::Role::Admin, "a backup");
        Box::pin(async move {
            may.map_err(|why| clean::line(&why))?;
            match tokio::task::spawn_blocking(move || store.backup(&mut *out)).await {
                Ok(Ok(n)) => Ok(n),
                Ok(Err(e)) => Err(clean::line(&e.to_string())),
                Err(_) => Err(Text::ours("the backup failed")),
            }
        })
    }
}
