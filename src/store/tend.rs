//! What the store does for itself, beside the work: sealing and merging postings. It never holds the lock
//! while it writes files.

use super::error::{Result, StoreError};
use super::runs::{Family, RUN, Run, RunName};
use super::{Batch, Store, codec, keys, runs};
use std::sync::Arc;

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

    /// Seals the open run once it holds `from` mentions.
    pub(super) fn seal(&self, from: usize) -> Result<bool> {
        let (frozen, upto, first_no) = {
            let mut core = self.patiently()?;
            if self.inner.runs().open_count() < from {
                return Ok(false);
            }
            let no = core.next_run;
            core.next_run += Family::ALL.len() as u32;
            (self.inner.runs_mut().freeze(), core.next_block, no)
        };
        let mut fresh = Vec::new();
        for (i, family) in Family::ALL.into_iter().enumerate() {
            let all = runs::sorted(&frozen, family);
            if all.is_empty() {
                continue;
            }
            let name = RunName { family, no: first_no + i as u32, level: 0, count: all.len() as u64 };
            fresh.push(Arc::new(Run::write(&self.inner.root, name, all.into_iter().map(Ok))?));
        }
        let core = self.patiently()?;
        let mut names = self.inner.runs().names();
        names.extend(fresh.iter().map(|r| r.name));
        let mut batch = Batch::default();
        batch.put(keys::meta("runs"), codec::encode(&names)?);
        batch.put(keys::meta("sealed"), codec::encode(&upto)?);
        self.inner.write(&batch)?;
        let mut runs = self.inner.runs_mut();
        for r in fresh {
            runs.sealed.entry(r.name.family).or_default().push(r);
        }
        let old = runs.take_frozen();
        drop(runs);
        drop(core);
        drop(old);
        Ok(true)
    }

    /// Merges eight runs of one level into one.
    fn merge(&self) -> Result<bool> {
        let Some(due) = self.inner.runs().due_merge() else { return Ok(false) };
        let no = {
            let mut core = self.patiently()?;
            core.next_run += 1;
            core.next_run - 1
        };
        // A long merge must not let postings pile up: they are sealed in between.
        let merged = Arc::new(runs::merge(&self.inner.root, no, &due, &mut || self.seal(RUN).map(|_| ()))?);
        let _core = self.patiently()?;
        let gone: Vec<u32> = due.iter().map(|r| r.name.no).collect();
        let family = merged.name.family;
        let mut names = self.inner.runs().names();
        // The merged run stands where its first part stood: older than all that follow.
        let at = names
            .iter()
            .position(|n| n.family == family && gone.contains(&n.no))
            .ok_or_else(|| StoreError::corrupt("a merged run is not known"))?;
        names.insert(at, merged.name);
        names.retain(|n| n.family != family || !gone.contains(&n.no));
        let mut batch = Batch::default();
        batch.put(keys::meta("runs"), codec::encode(&names)?);
        self.inner.write(&batch)?;
        let mut all = self.inner.runs_mut();
        let list = all.sealed.entry(family).or_default();
        let at = list.iter().position(|r| gone.contains(&r.name.no)).unwrap_or(0);
        list.insert(at, merged);
        list.retain(|r| !gone.contains(&r.name.no));
        drop(all);
        for r in due {
            super::disk::remove(&r.name.path(&self.inner.root))?;
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
