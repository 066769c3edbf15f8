//! What is to be told to people who are not attached, until it was: kept over restarts, by the name of the alert.

use super::error::Result;
use super::{Store, codec, keys, kv};
use crate::model::{Key, Stamp};
use serde::{Deserialize, Serialize};

/// Mentions of one alert that are named; the others are counted.
const NAMED: usize = 500;

/// What waits to be told.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// When the first of them came.
    pub since: Stamp,
    /// By which rule, and which mention.
    pub told: Vec<(String, Key)>,
    /// So many more.
    pub more: u32,
    /// Attempts that failed, since when, and when it is tried again.
    pub tries: u32,
    pub failing: Option<Stamp>,
    pub next: Option<Stamp>,
}

impl Store {
    /// Adds to what an alert is to tell.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn await_alert(&self, alert: &str, rule: &str, all: &[Key], now: Stamp) -> Result<()> {
        let _core = self.urgently()?;
        let mut w = self.waiting(alert)?.unwrap_or_else(|| Waiting { since: now, ..Waiting::default() });
        for k in all {
            if w.told.len() < NAMED {
                w.told.push((rule.to_owned(), *k));
            } else {
                w.more += 1;
            }
        }
        self.put_waiting(alert, &w)
    }

    /// All alerts that wait, by name.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn alerts(&self) -> Result<Vec<(String, Waiting)>> {
        let mut all = Vec::new();
        kv::scan(&*self.inner.kv(), b"t", &mut |k, v| {
            let name = String::from_utf8_lossy(&k[1..]).into_owned();
            all.push(codec::decode(v).map(|w| (name, w)));
            true
        })?;
        all.into_iter().collect()
    }

    /// It was told, up to there: what came meanwhile waits on.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn alert_told(&self, alert: &str, told: &Waiting, now: Stamp) -> Result<()> {
        let _core = self.urgently()?;
        let Some(mut w) = self.waiting(alert)? else { return Ok(()) };
        w.told.drain(..told.told.len().min(w.told.len()));
        w.more -= told.more.min(w.more);
        if w.told.is_empty() && w.more == 0 {
            let mut batch = super::Batch::default();
            batch.delete(keys::alert(alert));
            return self.inner.write(&batch);
        }
        (w.since, w.tries, w.failing, w.next) = (now, 0, None, None);
        self.put_waiting(alert, &w)
    }

    /// It could not be told; it is tried again then.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn alert_failed(&self, alert: &str, now: Stamp, again: Stamp) -> Result<()> {
        let _core = self.urgently()?;
        let Some(mut w) = self.waiting(alert)? else { return Ok(()) };
        w.tries += 1;
        w.failing = w.failing.or(Some(now));
        w.next = Some(again);
        self.put_waiting(alert, &w)
    }

    fn waiting(&self, alert: &str) -> Result<Option<Waiting>> {
        self.inner.kv().get(&keys::alert(alert))?.map(|b| codec::decode(&b)).transpose()
    }

    fn put_waiting(&self, alert: &str, w: &Waiting) -> Result<()> {
        let mut batch = super::Batch::default();
        batch.put(keys::alert(alert), codec::encode(w)?);
        self.inner.write(&batch)
    }
}
