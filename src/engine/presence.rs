//! Who is here: what each terminal's person is reading and writing to, as long as the terminal is there.

use super::Engine;
use crate::door::{Event, Present};
use crate::model::Id;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Everybody, by the number of their seat.
#[derive(Default)]
pub struct Presence {
    here: Mutex<BTreeMap<u64, Present>>,
    seats: std::sync::atomic::AtomicU64,
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
}

impl Seat {
    pub fn take(engine: Arc<Engine>) -> Seat {
        let number = engine.presence.seats.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Seat { engine, number }
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
            self.engine.announce(Event::Presence(self.engine.present()));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.engine.presence.all().remove(&self.number).is_some() {
            self.engine.announce(Event::Presence(self.engine.present()));
        }
    }
}

impl Engine {
    pub(super) fn present(&self) -> Vec<Present> {
        self.presence.all().values().cloned().collect()
    }
}
