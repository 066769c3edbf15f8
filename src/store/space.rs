//! Space and time of opening. sled never gives space back and reads its whole log at open, so when it has
//! logged too much its live keys are copied into a new Db, slice by slice beside the work, and that one takes
//! its place in one rename. Retention drops segments whose class has had its time.

use super::block::{Block, Place, flag};
use super::error::{Result, StoreError};
use super::kv::{Batch, Kv, Sled};
use super::runs::{Family, Posting};
use super::segs::{FrameKind, pack};
use super::tx::Tx;
use super::{Core, Store, codec, disk, keys, open};
use crate::model::{HEARD_CLASS, Stamp, State};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Logged bytes after which the live keys are copied.
pub const LOGGED: u64 = 200 << 20;
/// Keys copied while verbs wait.
const SLICE: usize = 128;

impl Store {
    pub(super) fn vacuum_if_due(&self) -> Result<bool> {
        let base: u64 = self.vacuumed.load(std::sync::atomic::Ordering::Relaxed);
        if self.inner.kv().size()? < base + LOGGED {
            return Ok(false);
        }
        self.vacuum()?;
        Ok(true)
    }

    /// Copies the live keys into a new Db, which takes the place of the old one.
    ///
    /// # Errors
    /// If the disk fails; the old Db then goes on.
    pub fn vacuum(&self) -> Result<()> {
        let dir = &self.inner.root;
        let old_name = open::current(dir);
        let n: u32 = old_name.trim_start_matches("index-").parse().unwrap_or(0);
        let name = format!("index-{}", n + 1);
        let path = dir.join(&name);
        let _ = std::fs::remove_dir_all(&path);
        disk::folder(&path)?;
        let copy: Arc<dyn Kv> = Arc::new(Sled::open(&path, 16)?);
        *self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy.clone());
        let done = self.copy_keys(&*copy).and_then(|()| self.swap(copy, &name));
        *self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let gone = if done.is_ok() { old_name } else { name };
        if done.is_err() && open::current(dir) == gone {
            return done;
        }
        let _ = std::fs::remove_dir_all(dir.join(gone));
        done
    }

    fn copy_keys(&self, copy: &dyn Kv) -> Result<()> {
        let mut from = vec![0u8];
        loop {
            // No batch may come between reading a slice and writing it.
            let _core = self.patiently()?;
            let mut batch = Batch::default();
            self.inner.kv().range(&from, &[255; 40], false, &mut |k, v| {
                batch.put(k.to_vec(), v.to_vec());
                batch.ops.len() < SLICE
            })?;
            let Some((last, _)) = batch.ops.last() else { return Ok(()) };
            from.clone_from(last);
            from.push(0);
            copy.apply(&batch)?;
            drop(_core);
            std::thread::yield_now();
        }
    }

    fn swap(&self, copy: Arc<dyn Kv>, name: &str) -> Result<()> {
        let dir = &self.inner.root;
        let _core = self.patiently()?;
        if self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner).take().is_none() {
            return Err(StoreError::Io("a write to the copy of the index failed".into()));
        }
        copy.sync()?;
        drop(copy);
        disk::sync_dir(&dir.join(name))?;
        disk::write_atomic(&dir.join("CURRENT"), name.as_bytes())?;
        // The old Db goes before the new one is opened, so that their caches never stand side by side; readers wait
        // for some milliseconds. Opening also writes a snapshot: the next start is quick.
        let mut place = self.inner.kv.write().unwrap_or_else(PoisonError::into_inner);
        open::let_go(&mut place);
        let fresh: Arc<dyn Kv> = match Sled::open(&dir.join(name), self.inner.cache_mb) {
            Ok(k) => Arc::new(k),
            Err(e) => {
                // The next write opens whatever CURRENT names.
                self.inner.sick.store(true, std::sync::atomic::Ordering::SeqCst);
                return Err(e);
            }
        };
        self.vacuumed.store(fresh.size()?, std::sync::atomic::Ordering::Relaxed);
        *place = fresh;
        Ok(())
    }

    /// Drops what its class no longer keeps. `classes`: how long each keeps, in ms, `None` for ever. Gives the
    /// number of mentions that went.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn retain(&self, classes: &BTreeMap<String, Option<i64>>, now: Stamp) -> Result<u64> {
        let mut gone = 0;
        for (class, segments) in super::wipe::by_class(self) {
            let Some(Some(span)) = classes.get(&class) else { continue };
            let oldest = now.plus(-span).month();
            for (no, _) in segments.into_iter().filter(|(_, s)| s.month < oldest) {
                gone += self.drop_segment(no, class == HEARD_CLASS)?;
            }
        }
        Ok(gone)
    }

    /// Takes a segment and its mentions away. Of the class of what was merely heard, those that somebody took
    /// up since are kept.
    fn drop_segment(&self, no: u32, heard: bool) -> Result<u64> {
        let mut gone = 0;
        let places = self.inner.segs.places(no)?;
        let mut core = self.patiently()?;
        core.active.retain(|_, a| a.no != no);
        let mut tx = Tx::new(&self.inner);
        for place in places {
            let frame = self.inner.segs.frame(place)?;
            if frame.kind != FrameKind::Block as u8 {
                continue;
            }
            let block_no = frame.owner as u32;
            if self.inner.index().meta(block_no).is_none() {
                continue;
            }
            let b = self.inner.block(block_no)?;
            if b.place != place {
                continue;
            }
            let keep = |r: &super::block::Row| heard && (r.state() != State::Heard || r.has(flag::SIDE));
            let kept: Vec<usize> = (0..b.rows.len()).filter(|i| keep(&b.rows[*i])).collect();
            gone += (b.rows.len() - kept.len()) as u64;
            for r in b.rows.iter().filter(|r| !keep(r)) {
                tx.batch.delete(keys::side(r.key.id));
            }
            tx.remove_block(&b);
            if !kept.is_empty() {
                self.move_rows(&mut core, &mut tx, &b, &kept, place)?;
            }
        }
        tx.batch.delete(keys::segment(no));
        tx.batch.put(keys::meta("next_block"), codec::encode(&core.next_block)?);
        tx.commit()?;
        self.inner.segs.remove(no)?;
        Ok(gone)
    }

    /// Puts some rows of a block into a new block of the main class.
    fn move_rows(
        &self,
        core: &mut Core,
        tx: &mut Tx<'_>,
        b: &Block,
        rows: &[usize],
        place: Place,
    ) -> Result<()> {
        let frame = self.inner.segs.frame(place)?;
        let records: Vec<Vec<u8>> =
            rows.iter().map(|i| frame.record(*i).unwrap_or_default().to_vec()).collect();
        let no = core.next_block;
        core.next_block += 1;
        let bytes = pack(FrameKind::Block, u64::from(no), &records)?;
        let month = Stamp::now().month();
        let place = self.append(core, tx, "main", &month, &[bytes])?[0];
        let rows: Vec<_> = rows.iter().map(|i| b.rows[*i]).collect();
        for (slot, r) in rows.iter().enumerate() {
            let at = |key: u64| Posting { key, time: r.key.time, block: no, slot: slot as u8 };
            for (f, key) in
                [(Family::Id, r.key.id.0), (Family::Author, r.author), (Family::Source, u64::from(r.source))]
            {
                if key != 0 {
                    tx.postings.push((f, at(key)));
                }
            }
        }
        tx.new_block(Block { no, place, rows });
        Ok(())
    }

    /// Bytes on the disk, all files together.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn disk_bytes(&self) -> Result<u64> {
        fn walk(dir: &std::path::Path) -> u64 {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            entries
                .map(|e| match e.metadata() {
                    Ok(m) if m.is_dir() => walk(&e.path()),
                    Ok(m) => m.len(),
                    Err(_) => 0,
                })
                .sum()
        }
        Ok(walk(&self.inner.root))
    }
}
