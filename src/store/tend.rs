//! What the store does for itself, beside the work: sealing and merging postings. It never holds the lock
//! while it writes files.

use super::error::Result;
use super::search::{Made, RUN};
use super::{Batch, Store, codec, keys};
use std::sync::PoisonError;

impl Store {
    /// Does what is due; `true` if there may be more. Call it from a thread of its own, again and again.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn tend(&self) -> Result<bool> {
        Ok(self.seal(RUN)? || self.merge()? || self.vacuum_if_due()?)
    }

    /// Seals and merges postings alone; `all` seals what is open, however little.
    pub(super) fn tend_postings(&self, all: bool) -> Result<bool> {
        Ok(self.seal(if all { 1 } else { RUN })? || self.merge()?)
    }

    /// Seals what is in memory once that is of `from` mentions.
    pub(super) fn seal(&self, from: usize) -> Result<bool> {
        let _sealing = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        let upto = {
            let core = self.patiently()?;
            if self.inner.search.unsealed() < from {
                return Ok(false);
            }
            self.inner.search.freeze();
            core.next_block
        };
        let made = self.inner.search.seal()?;
        made.map_or(Ok(false), |m| self.name(m, Some(upto)))
    }

    /// Merges what is due. A long merge must not let postings pile up: they are sealed in between.
    fn merge(&self) -> Result<bool> {
        let made = self.inner.search.merge(&mut || self.seal(RUN).map(|_| ()))?;
        made.map_or(Ok(false), |m| self.name(m, None))
    }

    /// Names new files in the tree; `sealed`: the first block whose postings are in memory alone.
    fn name(&self, made: Made, sealed: Option<u32>) -> Result<bool> {
        let _core = self.patiently()?;
        let Some(state) = self.inner.search.state_with(made)? else { return Ok(false) };
        let mut batch = Batch::default();
        batch.put(keys::meta("runs"), state);
        if let Some(upto) = sealed {
            batch.put(keys::meta("sealed"), codec::encode(&upto)?);
        }
        self.inner.write(&batch)?;
        let gone = self.inner.search.accept(made);
        drop(_core);
        for file in gone {
            self.inner.blobs.remove(&file)?;
        }
        Ok(true)
    }
}

/// Makes the calling thread give way to others: for whoever calls `tend` again and again. Where the system
/// does not allow it, nothing happens.
pub fn background() {
    // On Linux a thread has a priority of its own, named by its id.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 15);
}
