//! Who is here: what each terminal's person is reading and writing to, as long as the terminal is there.

use super::Engine;
use crate::door::{Event, Present, SINCE_MAX, Since};
use crate::model::{Cause, Entry, Id, Stamp, State};
use crate::store::{PageQuery, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Changes within so long are told together.
const TOGETHER: std::time::Duration = std::time::Duration::from_millis(150);

/// Everybody, by the number of their seat.
#[derive(Default)]
pub struct Presence {
    here: Mutex<BTreeMap<u64, Present>>,
    seats: std::sync::atomic::AtomicU64,
    /// A word about it is on its way.
    due: std::sync::atomic::AtomicBool,
}

impl Presence {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Present>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place at the door; who leaves it is not here any more.
pub struct Seat {
    engine: Arc<Engine>,
    number: u64,
    /// The name of whoever sits at a terminal here.
    terminal: Mutex<Option<String>>,
}

impl Seat {
    pub fn take(engine: Arc<Engine>) -> Seat {
        let number = engine.presence.seats.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Seat { engine, number, terminal: Mutex::default() }
    }

    /// A terminal asks what happened; from its end on, that is counted anew.
    pub fn since(&self, who: &str) {
        *self.terminal.lock().unwrap_or_else(PoisonError::into_inner) = Some(who.to_owned());
    }

    /// Says what somebody is at; nothing at all takes them off the list.
    pub fn sits(&self, who: &str, reading: Option<Id>, writing: Option<Id>) {
        let now = Present { who: who.to_owned(), reading, writing };
        let mut all = self.engine.presence.all();
        let before = if reading.is_none() && writing.is_none() {
            all.remove(&self.number)
        } else {
            all.insert(self.number, now.clone())
        };
        drop(all);
        let same =
            before.as_ref() == Some(&now) || (before.is_none() && reading.is_none() && writing.is_none());
        if !same {
            self.engine.tell_presence();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let terminal = self.terminal.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(who) = terminal {
            let engine = self.engine.clone();
            // It waits for the disk, which a task must not.
            std::thread::spawn(move || engine.store.set_left(&who, Stamp::now()));
        }
        if self.engine.presence.all().remove(&self.number).is_some() {
            self.engine.tell_presence();
        }
    }
}

impl Engine {
    /// What happened since somebody's last terminal went.
    pub(super) fn since(&self, who: &str) -> Result<Option<Since>, StoreError> {
        let Some(left) = self.store.left(who)? else { return Ok(None) };
        let reader = self.store.reader();
        let q = PageQuery::newest(&[State::Inbox], who, SINCE_MAX as usize);
        // By the time of hearing: a young mention stands in the stream at its own.
        let new = reader.page(&q, None)?.items.iter().filter(|i| i.mention.heard_at > left).count() as u32;
        let mut others: BTreeMap<String, u32> = BTreeMap::new();
        let log = self.store.log(None, 1000)?;
        let theirs = |e: &&Entry| e.who != who && e.cause == Cause::Asked;
        for e in log.iter().take_while(|e| e.at > left).filter(theirs) {
            *others.entry(e.who.clone()).or_default() += 1;
        }
        let broke = self.source_views()?.into_iter().filter(|s| s.configured && s.health.is_red());
        let broke = broke.filter(|s| s.health.last_ok.is_some_and(|t| t > left.plus(-s.every_ms)));
        Ok(Some(Since {
            left,
            new,
            broke: broke.map(|s| s.id).collect(),
            others: others.into_iter().collect(),
        }))
    }

    /// Tells everybody who is here, a little later and once for all that changes until then.
    fn tell_presence(self: &Arc<Self>) {
        use std::sync::atomic::Ordering::SeqCst;
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.presence.due.swap(true, SeqCst) {
            return;
        }
        let engine = self.clone();
        runtime.spawn(async move {
            tokio::time::sleep(TOGETHER).await;
            engine.presence.due.store(false, SeqCst);
            engine.announce(Event::Presence(engine.present()));
        });
    }

    pub(super) fn present(&self) -> Vec<Present> {
        self.presence.all().values().cloned().collect()
    }
}
