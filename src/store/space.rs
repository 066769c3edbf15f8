//! Space and time of opening. sled never gives space back and reads its whole log at open, so when it has
//! logged too much its live keys are copied into a new Db, slice by slice beside the work, and that one takes
//! its place in one rename. Retention drops segments whose class has had its time.

use super::block::{BLOCK, Block, Row, flag};
use super::error::{Result, StoreError};
use super::kv::{Batch, Kv, Sled};
use super::records::{Links, Side, Stored};
use super::runs::postings_of;
use super::segs::{FrameKind, pack};
use super::tx::Tx;
use super::{Core, Store, codec, disk, keys, open};
use crate::model::{HEARD_CLASS, Stamp, State};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// A row that outlives its segment.
struct Kept {
    row: Row,
    /// Block and slot where it stood.
    at: (u32, usize),
    record: Vec<u8>,
}

/// True if somebody did something about it: what the store noted for itself (a story, another source, a later
/// text) keeps nothing.
fn is_taken_up(r: &Row, side: Option<&Side>) -> bool {
    let by_hand = |s: &Side| {
        !s.tags.is_empty()
            || !s.notes.is_empty()
            || s.assignee.is_some()
            || s.answered.is_some()
            || s.snoozed_until.is_some()
    };
    r.state() != State::Heard || r.has(flag::DRAFT) || side.is_some_and(by_hand)
}

/// Logged bytes after which the live keys are copied.
pub const LOGGED: u64 = 200 << 20;
/// Keys copied while verbs wait.
const SLICE: usize = 128;

impl Store {
    pub(super) fn vacuum_if_due(&self) -> Result<bool> {
        let base: u64 = self.vacuumed.load(std::sync::atomic::Ordering::Relaxed);
        // While a backup is being written it waits for the next time, and nothing for it.
        if self.inner.kv().size()? < base + LOGGED || self.copying.try_lock().is_err() {
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
        let done = self.with_copy(&name, |copy| self.swap(copy, &name));
        if done.is_ok() {
            let _ = std::fs::remove_dir_all(dir.join(old_name));
        }
        done
    }

    /// Copies the live keys into a Db of this name and hands it on; until `take_copy` it gets every batch too.
    /// Afterwards it is removed, unless it became the live one.
    pub(super) fn with_copy<T>(&self, name: &str, then: impl FnOnce(Arc<dyn Kv>) -> Result<T>) -> Result<T> {
        let _copying = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = &self.inner.root;
        let path = dir.join(name);
        let _ = std::fs::remove_dir_all(&path);
        disk::folder(&path)?;
        let copy: Arc<dyn Kv> = Arc::new(Sled::open(&path, 16)?);
        *self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy.clone());
        let done = self.copy_keys(&*copy).and_then(|()| then(copy));
        *self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if open::current(dir) != name {
            let _ = std::fs::remove_dir_all(path);
        }
        done
    }

    /// The copy, which from now on stays as it is.
    pub(super) fn take_copy(&self, _: &Core) -> Result<Arc<dyn Kv>> {
        let copy = self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner).take();
        copy.ok_or_else(|| StoreError::Io("a write to the copy of the index failed".into()))
    }

    fn copy_keys(&self, copy: &dyn Kv) -> Result<()> {
        let mut from = vec![0u8];
        loop {
            // Postings must not pile up meanwhile.
            self.seal(super::search::RUN)?;
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
        let core = self.patiently()?;
        self.take_copy(&core)?;
        let mut batch = Batch::default();
        let size = copy.size()?;
        batch.put(keys::meta("copied"), codec::encode(&size)?);
        copy.apply(&batch)?;
        copy.sync()?;
        drop(copy);
        disk::sync_dir(&dir.join(name))?;
        let named = disk::write_atomic(&dir.join("CURRENT"), name.as_bytes());
        if named.is_err() && open::current(dir) != name {
            return named;
        }
        // From here on the new Db is the live one: whatever fails now, the next write opens it.
        let fail = |e: StoreError| {
            self.inner.sick.store(true, std::sync::atomic::Ordering::SeqCst);
            Err(e)
        };
        if let Err(e) = named {
            return fail(e);
        }
        // The old Db goes before the new one is opened, so that their caches do not stand side by side; a reader that
        // takes long keeps it a little longer. Opening also writes a snapshot: the next start is quick.
        let mut place = self.inner.kv.write().unwrap_or_else(PoisonError::into_inner);
        open::let_go(&mut place, std::time::Duration::from_millis(50));
        let fresh: Arc<dyn Kv> = match Sled::open(&dir.join(name), self.inner.cache_mb) {
            Ok(k) => Arc::new(k),
            Err(e) => return fail(e),
        };
        self.vacuumed.store(fresh.size().unwrap_or(size), std::sync::atomic::Ordering::Relaxed);
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

    /// Takes a segment and its mentions away. Of the class of what was merely heard, those that somebody took up
    /// since are kept, with their later texts; and the stubs of what was wiped, lest it be heard anew.
    fn drop_segment(&self, no: u32, heard: bool) -> Result<u64> {
        let _sweeping = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = 0;
        let places = self.inner.segs.places(no)?;
        let mut core = self.patiently()?;
        core.active.retain(|_, a| a.no != no);
        let mut tx = Tx::new(&self.inner);
        let mut keep: Vec<Kept> = Vec::new();
        for place in places {
            let Ok(frame) = self.inner.segs.frame(place) else { continue };
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
            for (slot, r) in b.rows.iter().enumerate() {
                let side = if r.has(flag::SIDE) { self.inner.side(r.key.id)? } else { None };
                if heard && (r.has(flag::GONE) || is_taken_up(r, side.as_ref())) {
                    let at = (block_no, slot);
                    keep.push(Kept { row: *r, at, record: frame.record(slot).unwrap_or_default().to_vec() });
                    continue;
                }
                gone += 1;
                if let Some(s) = side {
                    if let Some(t) = s.snoozed_until {
                        tx.batch.delete(keys::snooze(t.0, r.key.id));
                    }
                    for n in &s.notes {
                        super::wipe::erase_note(&mut tx, self, n.id)?;
                    }
                }
                tx.batch.delete(keys::side(r.key.id));
                tx.batch.delete(keys::awaits(r.key.id));
            }
            tx.remove_block(&b);
        }
        keep.sort_by_key(|k| k.row.key);
        self.move_rows(&mut core, &mut tx, keep)?;
        tx.batch.delete(keys::segment(no));
        tx.batch.put(keys::meta("next_block"), codec::encode(&core.next_block)?);
        tx.commit()?;
        self.inner.segs.remove(no)?;
        Ok(gone)
    }

    /// Puts rows into new blocks of the main class, with their later texts, read marks and stories.
    fn move_rows(&self, core: &mut Core, tx: &mut Tx<'_>, keep: Vec<Kept>) -> Result<()> {
        if keep.is_empty() {
            return Ok(());
        }
        let month = Stamp::now().month();
        let marks = self.inner.all_marks()?;
        let mut blocks: Vec<Vec<Kept>> = Vec::new();
        for k in keep {
            let fits = blocks.last().is_some_and(|b: &Vec<Kept>| {
                b.len() < BLOCK && k.row.key.time - b[0].row.key.time <= super::SPAN_US
            });
            match blocks.last_mut() {
                Some(b) if fits => b.push(k),
                _ => blocks.push(vec![k]),
            }
        }
        for b in blocks {
            let no = core.next_block;
            core.next_block += 1;
            let records: Vec<Vec<u8>> = b.iter().map(|k| k.record.clone()).collect();
            let mut frames = vec![pack(FrameKind::Block, u64::from(no), &records)?];
            let mut later: Vec<(crate::model::Key, usize)> = Vec::new();
            for k in b.iter().filter(|k| k.row.has(flag::SIDE)) {
                for p in self.inner.side(k.row.key.id)?.unwrap_or_default().revisions {
                    if let Ok(raw) = self.inner.segs.raw(p) {
                        frames.push(raw);
                        later.push((k.row.key, frames.len() - 1));
                    }
                }
            }
            let places = self.append(core, tx, crate::model::MAIN_CLASS, &month, &frames)?;
            for k in b.iter().filter(|k| k.row.has(flag::EDITED)) {
                let mine = later.iter().filter(|(key, _)| *key == k.row.key).map(|(_, i)| places[*i]);
                tx.side(k.row.key)?.revisions = mine.collect();
            }
            // What people did moves along, for whoever looks for it by that.
            for k in b.iter().filter(|k| k.row.has(flag::SIDE)) {
                tx.side(k.row.key)?;
            }
            for (slot, k) in b.iter().enumerate() {
                let links = Stored::decode(&k.record).map_or_else(|_| Links::default(), |s| s.links());
                tx.postings.extend(postings_of(&k.row, links, no, slot));
                let (was, bit) = k.at;
                for (person, m) in marks.get(&(was / 32)).into_iter().flatten() {
                    if m[(was % 32) as usize] & (1 << bit) != 0 {
                        tx.marks(*person, no / 32)?[(no % 32) as usize] |= 1 << slot;
                    }
                }
            }
            tx.new_block(Block { no, place: places[0], rows: b.into_iter().map(|k| k.row).collect() });
        }
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
