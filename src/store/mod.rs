//! The only room that knows sled. One Db with one tree of small packed keys; texts in compressed segments
//! beside it; postings in sorted files; one synced log of verbs. Everything that is acknowledged is on the
//! disk. [`Reader`] is for everybody below the engine, [`Store`]'s writing half for the engine alone.
//!
//! A mention costs 30 bytes of a block's descriptor (64 mentions under one key), its share of a compressed
//! frame, and four postings (five in a discussion). State is a column of the descriptor, summed up in bitmaps that are held in memory.

mod alerts;
mod attach;
mod backup;
mod blobs;
mod block;
mod check;
mod codec;
mod disk;
mod error;
mod fields;
mod fulltext;
mod index;
mod ingest;
mod keys;
mod kv;
mod log;
mod migrate;
mod mutes;
mod notes;
mod open;
mod outbox;
mod place;
mod read;
mod rebuild;
mod records;
mod retopic;
mod runs;
mod search;
mod segs;
mod sleep;
mod space;
mod stories;
mod tend;
mod tx;
mod verbs;
mod walk;
mod wanted;
mod wipe;

pub use alerts::Waiting;
pub use backup::restore;
pub use check::{Finding, POSTINGS};
pub use error::StoreError;
pub use fulltext::Found;
pub use ingest::{Arrivals, Incoming, Outcome};
pub use notes::Saved;
pub use read::{Page, PageQuery, Wanted};
pub use rebuild::{Rebuilt, rebuild};
pub use records::SourceRec;
pub use retopic::{Reheard, TOPICS};
pub use tend::background;
pub use verbs::{Asker, MACRO, RULES};

use crate::model::{Health, Id, Key, Stamp, Text};
use blobs::{Blob, Blobs};
use block::{Block, Place};
use error::Result;
use fulltext::Fulltext;
use index::{Index, Meta};
use kv::{Batch, Kv};
use records::{NoteRec, PersonRec, Side, Stored, Story};
use runs::{Family, Posting};
use search::Search;
use segs::Segs;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tx::Marks;

/// The longest time a mention may lie behind its hearing in the stream, in µs: two days. No block spans more.
pub const SPAN_US: u64 = 2 * 24 * 3600 * 1_000_000;

/// Where a mention stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Located {
    pub block: u32,
    pub slot: usize,
}

/// What readers and the writer share.
pub(crate) struct Inner {
    pub root: PathBuf,
    /// The files beside the tree.
    pub blobs: Arc<dyn Blobs>,
    kv: RwLock<Arc<dyn Kv>>,
    /// A Db into which live keys are being copied.
    copy: Mutex<Option<Arc<dyn Kv>>>,
    /// A write failed: nothing is written before the Db was opened anew.
    sick: std::sync::atomic::AtomicBool,
    cache_mb: u64,
    index: RwLock<Index>,
    pub search: Box<dyn Search>,
    pub fulltext: Fulltext,
    /// By what stories are known.
    recent: stories::Recent,
    pub segs: Segs,
    /// Batches that the tree has taken in; the file `COMMITS` says the same from outside of it.
    commits: std::sync::atomic::AtomicU64,
    commits_file: Arc<dyn Blob>,
    /// The tree is being built anew: nothing beside it is told yet.
    building: bool,
    /// The last batch may be in the tree although its writing failed.
    unsure: std::sync::atomic::AtomicBool,
    /// Source ids by number and back.
    sources: RwLock<Sources>,
    vips: RwLock<HashSet<Id>>,
    /// What waits for a reply, by the hash of its discussion; unknown until somebody asks, and after every change.
    awaits: Mutex<Option<Arc<Awaits>>>,
    /// What is muted; unknown until somebody asks, and after every change.
    mutes: Mutex<Option<Arc<mutes::Mutes>>>,
    /// Read marks of people who are here: person, then group.
    marks: Mutex<HashMap<u64, HashMap<u32, Marks>>>,
}

/// By the hash of a discussion: what waits for a reply in it.
type Awaits = HashMap<u64, Vec<Sleeper>>;

/// What waits for a reply, since when, and where our own answer stands, which is none.
#[derive(Clone, Debug)]
pub(crate) struct Sleeper {
    key: Key,
    since: Stamp,
    answered: Option<Text>,
}

#[derive(Default)]
pub(crate) struct Sources {
    pub by_id: HashMap<String, u32>,
    pub by_no: HashMap<u32, String>,
}

/// What only the writer has.
pub(crate) struct Core {
    next_block: u32,
    next_segment: u32,
    log: log::Log,
    /// The segment that is being appended to, by class.
    active: HashMap<String, ActiveSegment>,
}

struct ActiveSegment {
    no: u32,
    file: Arc<dyn Blob>,
}

/// The store, opened by one process.
pub struct Store {
    inner: Arc<Inner>,
    core: Mutex<Core>,
    /// Held by whoever writes segments anew or takes them away, so that none is written anew under another's feet.
    sweeping: Mutex<()>,
    /// Held by whoever has the keys copied.
    copying: Mutex<()>,
    /// Held by whoever seals postings.
    sealing: Mutex<()>,
    /// Verbs that wait for the lock: arrivals let them pass.
    urgent: std::sync::atomic::AtomicU32,
    /// Size of the Db after it was opened or copied last.
    vacuumed: std::sync::atomic::AtomicU64,
}

/// The reading half; cheap to copy, usable from any thread.
#[derive(Clone)]
pub struct Reader {
    inner: Arc<Inner>,
}

impl Store {
    /// Opens or makes a store in `dir` with a cache of `cache_mb` MB.
    ///
    /// # Errors
    /// `Locked` if another process has it, `Corrupt` or `Newer` if it cannot be read, else what the disk says.
    pub fn open(dir: &Path, cache_mb: u64) -> Result<Store> {
        open::open(dir, cache_mb)
    }

    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { inner: self.inner.clone() }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing half for a person's verb: in front of every arrival.
    fn urgently(&self) -> Result<MutexGuard<'_, Core>> {
        use std::sync::atomic::Ordering::SeqCst;
        self.urgent.fetch_add(1, SeqCst);
        let core = self.writing();
        self.urgent.fetch_sub(1, SeqCst);
        core
    }

    /// The writing half for arrivals, which can wait. A mutex is not fair: without this a busy poller would
    /// take it again before a waiting verb wakes up.
    fn patiently(&self) -> Result<MutexGuard<'_, Core>> {
        while self.urgent.load(std::sync::atomic::Ordering::SeqCst) > 0 {
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
        self.writing()
    }

    /// The writing half, after a failed write only once the Db was opened anew.
    fn writing(&self) -> Result<MutexGuard<'_, Core>> {
        let mut core = self.core();
        if self.inner.sick.load(std::sync::atomic::Ordering::SeqCst) {
            self.revive(&mut core)?;
        }
        Ok(core)
    }

    /// The health of many sources that are known already, in one batch.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn put_healths(&self, all: &[(String, Health)]) -> Result<()> {
        let _core = self.writing()?;
        let mut batch = Batch::default();
        for (id, health) in all {
            if let Some(no) = self.inner.source_no(id)
                && let Some(rec) = self.inner.source_rec(no)?
            {
                batch.put(keys::source(no), codec::encode(&SourceRec { health: health.clone(), ..rec })?);
            }
        }
        if batch.ops.is_empty() { Ok(()) } else { self.inner.write(&batch) }
    }
}

impl Inner {
    pub fn kv(&self) -> Arc<dyn Kv> {
        self.kv.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies and syncs; a copy in the making gets the batch too.
    pub fn write(&self, batch: &Batch) -> Result<()> {
        if batch.ops.iter().any(|(k, _)| k.first() == Some(&b'a')) {
            *self.awaits.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        let kv = self.kv();
        let applied = kv.apply(batch);
        let written = applied.clone().and_then(|()| kv.sync());
        // Afterwards: what is read again then is what stands there.
        if batch.ops.iter().any(|(k, _)| k.first() == Some(&b'q')) {
            *self.mutes.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        if written.is_err() {
            self.unsure.store(applied.is_ok(), std::sync::atomic::Ordering::SeqCst);
            // What sled holds in memory after a failed write is not known: only a fresh open tells.
            self.sick.store(true, std::sync::atomic::Ordering::SeqCst);
            return written;
        }
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(c) = copy.as_ref()
            && c.apply(batch).is_err()
        {
            *copy = None;
        }
        Ok(())
    }

    fn next_commit(&self) -> u64 {
        self.commits.load(std::sync::atomic::Ordering::SeqCst) + 1
    }

    /// Notes beside the tree how many batches it has. Not synced: after a loss of power it may only be smaller.
    fn committed(&self, n: u64) {
        self.commits.store(n, std::sync::atomic::Ordering::SeqCst);
        if self.building {
            return;
        }
        // A full disk takes no harm here: a smaller number is never wrong.
        let _ = self.commits_file.write_at(&n.to_le_bytes(), 0);
    }

    /// Shows what was committed to readers.
    pub fn show(
        &self,
        metas: BTreeMap<u32, Meta>,
        postings: Vec<(Family, Posting)>,
        people: &HashMap<Id, PersonRec>,
        marks: HashMap<(u64, u32), Marks>,
        (stale, filed): (BTreeSet<u32>, Vec<fulltext::Change>),
    ) {
        if !stale.is_empty() {
            self.fulltext.changed(stale.into_iter());
        }
        if !filed.is_empty() {
            self.fulltext.filed.change(filed);
        }
        if !postings.is_empty() {
            self.search.add(postings);
        }
        let mut index = self.index_mut();
        for (no, m) in metas {
            index.set(no, m);
        }
        drop(index);
        if !people.is_empty() {
            let mut vips = self.vips.write().unwrap_or_else(PoisonError::into_inner);
            for (id, p) in people {
                if p.vip {
                    vips.insert(*id)
                } else {
                    vips.remove(id)
                };
            }
        }
        if !marks.is_empty() {
            let mut all = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            for ((person, group), m) in marks {
                if let Some(p) = all.get_mut(&person) {
                    p.insert(group, m);
                }
            }
        }
    }

    /// A block as it stands. While one is taken away, the tree and the summaries differ for a moment: then it is
    /// looked for again before anybody hears of damage.
    pub fn block(&self, no: u32) -> Result<Block> {
        let mut last = self.block_now(no);
        for _ in 0..5 {
            if !matches!(last, Err(StoreError::Corrupt(_))) || self.index().meta(no).is_none() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
            last = self.block_now(no);
        }
        last
    }

    fn block_now(&self, no: u32) -> Result<Block> {
        let max = self.index().meta(no).map(|m| m.max);
        let max = max.ok_or_else(|| StoreError::corrupt(format!("block {no} is not in the index")))?;
        let bytes = self
            .kv()
            .get(&keys::block(max, no))?
            .ok_or_else(|| StoreError::corrupt(format!("block {no} is not in the tree")))?;
        Block::decode(&bytes)
    }

    pub fn locate(&self, id: Id) -> Result<Option<Located>> {
        let Some(p) = self.search.find(Family::Id, id.0)? else { return Ok(None) };
        // A block that retention took away leaves its postings until the next merge.
        if self.index().meta(p.block).is_none() {
            return Ok(None);
        }
        Ok(Some(Located { block: p.block, slot: usize::from(p.slot) }))
    }

    pub fn side(&self, id: Id) -> Result<Option<Side>> {
        self.kv().get(&keys::side(id))?.map(|b| codec::decode(&b)).transpose()
    }

    pub fn story(&self, id: Id) -> Result<Option<Story>> {
        self.kv().get(&keys::story(id))?.map(|b| codec::decode(&b)).transpose()
    }

    pub fn person(&self, id: Id) -> Result<Option<PersonRec>> {
        self.kv().get(&keys::person(id))?.map(|b| codec::decode(&b)).transpose()
    }

    pub fn note(&self, id: Id) -> Result<Option<NoteRec>> {
        self.kv().get(&keys::note(id))?.map(|b| codec::decode(&b)).transpose()
    }

    pub fn is_vip(&self, id: Id) -> bool {
        self.vips.read().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// The read marks of a person for a group of blocks.
    pub fn marks(&self, person: u64, group: u32) -> Result<Marks> {
        let mut all = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if let std::collections::hash_map::Entry::Vacant(v) = all.entry(person) {
            let mut loaded = HashMap::new();
            let prefix = &keys::read_marks(person, 0)[..9];
            kv::scan(&*self.kv(), prefix, &mut |k, bytes| {
                let group = k.get(9..13).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
                let mut m: Marks = [0; 32];
                for (w, c) in m.iter_mut().zip(bytes.chunks_exact(8)) {
                    *w = u64::from_le_bytes(c.try_into().unwrap_or_default());
                }
                if let Some(g) = group {
                    loaded.insert(g, m);
                }
                true
            })?;
            v.insert(loaded);
        }
        Ok(all.get(&person).and_then(|p| p.get(&group)).copied().unwrap_or([0; 32]))
    }

    /// Everybody's read marks, by group of blocks.
    pub fn all_marks(&self) -> Result<HashMap<u32, Vec<(u64, Marks)>>> {
        let mut out: HashMap<u32, Vec<(u64, Marks)>> = HashMap::new();
        kv::scan(&*self.kv(), b"r", &mut |k, bytes| {
            let person = k.get(1..9).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes);
            let group = k.get(9..13).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
            let mut m: Marks = [0; 32];
            for (w, c) in m.iter_mut().zip(bytes.chunks_exact(8)) {
                *w = u64::from_le_bytes(c.try_into().unwrap_or_default());
            }
            if let (Some(p), Some(g)) = (person, group) {
                out.entry(g).or_default().push((p, m));
            }
            true
        })?;
        Ok(out)
    }

    pub fn source_no(&self, id: &str) -> Option<u32> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).by_id.get(id).copied()
    }

    pub fn source_rec(&self, no: u32) -> Result<Option<SourceRec>> {
        self.kv().get(&keys::source(no))?.map(|b| codec::decode(&b)).transpose()
    }

    /// The record of a source, with a fresh number if it is new (which only a commit makes true).
    fn source_or_new(&self, id: &str, network: &str) -> Result<(u32, SourceRec)> {
        if let Some(no) = self.source_no(id)
            && let Some(rec) = self.source_rec(no)?
        {
            return Ok((no, rec));
        }
        let next = self
            .sources
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_no
            .keys()
            .max()
            .map_or(1, |n| n + 1);
        Ok((next, SourceRec { id: id.into(), network: network.into(), ..SourceRec::default() }))
    }

    fn name_source(&self, no: u32, id: &str) {
        let mut s = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        s.by_id.insert(id.into(), no);
        s.by_no.insert(no, id.into());
    }

    pub fn is_building(&self) -> bool {
        self.building
    }

    pub fn draft_rec(&self, id: Id) -> Result<Option<records::DraftRec>> {
        self.kv().get(&keys::draft(id))?.map(|b| codec::decode(&b)).transpose()
    }

    fn record<T: serde::de::DeserializeOwned>(&self, place: Place, i: usize) -> Result<T> {
        let f = self.segs.frame(place)?;
        let bytes =
            f.record(i).ok_or_else(|| StoreError::corrupt(format!("frame {} has no record {i}", f.owner)))?;
        codec::decode(bytes)
    }

    /// Where a posting points to, if its block is there still.
    fn alive(&self, p: &Posting) -> Option<Located> {
        self.index().meta(p.block).map(|_| Located { block: p.block, slot: usize::from(p.slot) })
    }

    /// A mention as it lies in a frame.
    fn stored(&self, place: Place, i: usize) -> Result<Stored> {
        let f = self.segs.frame(place)?;
        let bytes =
            f.record(i).ok_or_else(|| StoreError::corrupt(format!("frame {} has no record {i}", f.owner)))?;
        Stored::decode(bytes)
    }

    /// The key of a mention, from its block.
    pub fn key_at(&self, at: Located) -> Result<Key> {
        let b = self.block(at.block)?;
        b.rows.get(at.slot).map(|r| r.key).ok_or_else(|| StoreError::corrupt("a slot is not there"))
    }
}

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// If the disk fails.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    disk::write_atomic(path, bytes)
}

/// Makes a folder that only its owner may enter, with its parents.
///
/// # Errors
/// If the disk fails.
pub fn private_folder(path: &Path) -> Result<()> {
    disk::folder(path)
}

#[cfg(test)]
mod tests;
