//! What sleeps and what wakes it: a time that comes, or a reply in the discussion.

use super::error::Result;
use super::fields;
use super::records::Links;
use super::runs::Family;
use super::tx::Tx;
use super::verbs::{Asker, Line};
use super::{Awaits, Core, Inner, Sleeper, Store, codec, keys, kv};
use crate::model::{Cause, Change, Id, Key, Mention, Stamp, State, Target, Value};
use std::sync::{Arc, PoisonError};

/// Replies of one discussion that are looked at for one that somebody waits for.
const LOOKED_AT: usize = 16;

impl Sleeper {
    /// Neither our own answer nor what was said before is the reply that somebody waits for.
    pub fn is_answered_by(&self, m: &Mention) -> bool {
        m.at >= self.since && self.answered.as_ref() != Some(&m.url)
    }
}

impl Store {
    /// Wakes every snooze that is due; gives the keys.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn wake(&self, now: Stamp) -> Result<Vec<Key>> {
        let mut due = Vec::new();
        self.inner.kv().range(b"z", &keys::snooze(now.0 + 1, Id(0)), false, &mut |_, v| {
            due.extend(Key::from_bytes(v));
            due.len() < 10_000
        })?;
        if due.is_empty() {
            return Ok(due);
        }
        let mut core = self.urgently()?;
        self.bring_back(&mut core, &due, now, Cause::Clock)
    }

    /// Brings back what waited for a reply that came while nobody looked.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn wake_answered(&self, now: Stamp) -> Result<Vec<Key>> {
        let mut core = self.urgently()?;
        let mut due = Vec::new();
        for (hash, waiting) in self.inner.awaits()?.iter() {
            let oldest = waiting.iter().map(|s| s.since).min().unwrap_or_default();
            let newest = self.inner.search.newest(Family::Thread, *hash, u64::MAX, LOOKED_AT)?;
            for p in newest.iter().take_while(|p| p.time >= oldest.0.unsigned_abs() * 1000) {
                let Some(at) = self.inner.alive(p) else { continue };
                let Ok(said) = self.inner.stored(self.inner.block(at.block)?.place, at.slot) else {
                    continue;
                };
                due.extend(waiting.iter().filter(|s| s.is_answered_by(&said.mention)).map(|s| s.key));
            }
        }
        due.sort_unstable();
        due.dedup();
        self.bring_back(&mut core, &due, now, Cause::Source)
    }

    /// What sleeps is in the inbox again.
    pub(super) fn bring_back(
        &self,
        core: &mut Core,
        due: &[Key],
        now: Stamp,
        cause: Cause,
    ) -> Result<Vec<Key>> {
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let asker = Asker { who: "hearken".into(), uid: 0 };
        let mut tx = Tx::new(&self.inner);
        let mut changes = Vec::new();
        for key in due {
            // A key that no snooze stands behind any more would come due for ever.
            let until = tx.side(*key)?.snoozed_until;
            if cause == Cause::Clock && until.is_none_or(|t| t > now) {
                for stale in self.snoozes_of(key.id, now)? {
                    tx.batch.delete(stale);
                }
            }
            let target = Target::Mention(*key);
            let to = Value::State(State::Inbox, None);
            if let Some(from @ Value::State(State::Snoozed, _)) =
                fields::get(&mut tx, &asker.who, &target, &to)?
            {
                fields::set(&mut tx, &asker.who, &target, &to, None)?;
                changes.push(Change { target, from, to });
            }
        }
        let entry = ("inbox".to_owned(), changes, cause);
        Ok(self.log_and_commit(core, tx, &asker, now, entry, Line::None)?.keys)
    }

    /// The keys under which a mention is due by now.
    fn snoozes_of(&self, id: Id, now: Stamp) -> Result<Vec<Vec<u8>>> {
        let mut out = Vec::new();
        self.inner.kv().range(b"z", &keys::snooze(now.0 + 1, Id(0)), false, &mut |k, v| {
            if Key::from_bytes(v).is_some_and(|x| x.id == id) {
                out.push(k.to_vec());
            }
            true
        })?;
        Ok(out)
    }

    /// When the next snooze ends.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn next_wake(&self) -> Result<Option<Stamp>> {
        let mut out = None;
        kv::scan(&*self.inner.kv(), b"z", &mut |k, _| {
            out = k.get(1..9).and_then(|b| b.try_into().ok()).map(|b| Stamp(i64::from_be_bytes(b)));
            false
        })?;
        Ok(out)
    }
}

impl Inner {
    /// What waits for a reply.
    pub fn awaits(&self) -> Result<Arc<Awaits>> {
        let mut held = self.awaits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(a) = &*held {
            return Ok(a.clone());
        }
        let mut all: Vec<(Key, Stamp)> = Vec::new();
        kv::scan(&*self.kv(), b"a", &mut |_, v| {
            all.extend(codec::decode::<(Key, Stamp)>(v));
            true
        })?;
        let mut out = Awaits::new();
        for (key, since) in all {
            let Some(at) = self.locate(key.id)? else { continue };
            let answered = self.side(key.id)?.and_then(|s| s.answered);
            // A text that cannot be read waits for nothing that could be told.
            let links = self
                .stored(self.block(at.block)?.place, at.slot)
                .map_or_else(|_| Links::default(), |s| s.links());
            for hash in [links.own, links.thread] {
                if hash != 0 {
                    let answered = answered.clone();
                    out.entry(hash).or_default().push(Sleeper { key, since, answered });
                }
            }
        }
        let out = Arc::new(out);
        *held = Some(out.clone());
        Ok(out)
    }
}
