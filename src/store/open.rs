//! Opening: the lock, the schema, the summaries, the postings, and what the log has beyond the tree.

use super::blobs::{Blob, Blobs, Folder};
use super::codec;
use super::disk;
use super::error::{Result, StoreError};
use super::fulltext::{self, Fulltext};
use super::index::Index;
use super::kv::{Kv, Sled, scan};
use super::log::{Log, LogEnd};
use super::records::{Links, PersonRec, SourceRec, Stored};
use super::runs::postings_of;
use super::search::{Postings, Search};
use super::segs::{Segment, Segs};
use super::{Core, Inner, Sources, Store, keys};
use crate::model::Id;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Version of the layout of folders and keys; records have versions of their own.
pub const SCHEMA: u32 = 10;

/// The name of the live Db is in the file CURRENT, so that a copy can take its place in one rename.
pub fn current(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("CURRENT")).map_or_else(|_| "index-0".into(), |s| s.trim().to_owned())
}

pub fn open(dir: &Path, cache_mb: u64) -> Result<Store> {
    disk::folder(dir)?;
    disk::check_owner(dir)?;
    let name = current(dir);
    if !name.starts_with("index-") || name.contains('/') {
        return Err(StoreError::corrupt(format!("{} names no index", dir.join("CURRENT").display())));
    }
    if !dir.join(&name).exists() && (dir.join("bodies").exists() || dir.join("CURRENT").exists()) {
        return Err(StoreError::corrupt(format!("the index {} is not there", dir.join(&name).display())));
    }
    let kv: Arc<dyn Kv> = Arc::new(Sled::open(&dir.join(&name), cache_mb)?);
    let store = over(dir, kv, Arc::new(Folder::new(dir)), cache_mb, None)?;
    // Only the holder of the lock, and of a store that is whole, may clear up what a kill left behind.
    clear_leftovers(dir, &name);
    store.clear_blobs();
    Ok(store)
}

/// A store over an open tree. `segments`: those of a tree that is being built, which knows none of its own.
pub fn over(
    dir: &Path,
    kv: Arc<dyn Kv>,
    blobs: Arc<dyn Blobs>,
    cache_mb: u64,
    segments: Option<&BTreeMap<u32, Segment>>,
) -> Result<Store> {
    schema(&*kv)?;
    let building = segments.is_some();
    let commits_file = blobs.make("COMMITS")?;
    let commits = whole(&*kv, &*commits_file, building)?;
    let search = Box::new(Postings::new(blobs.clone()));
    let mut loaded = load(&blobs, &*kv, &*search, building)?;
    let fulltext = if building {
        Fulltext::off()
    } else {
        Fulltext::open(blobs.root().map(|r| r.join(fulltext::FOLDER)), &*kv)?
    };
    if let Some(s) = segments {
        loaded.core.next_segment = s.keys().next_back().map_or(1, |n| n + 1);
        loaded.segments = s.clone();
        loaded.tail.clear();
    }
    let inner = Arc::new(Inner {
        root: dir.to_owned(),
        kv: RwLock::new(kv),
        copy: Mutex::default(),
        sick: false.into(),
        cache_mb,
        index: RwLock::new(loaded.index),
        search,
        fulltext,
        recent: super::stories::Recent::default(),
        segs: Segs::new(blobs.clone(), loaded.segments),
        blobs,
        commits: commits.into(),
        commits_file,
        building,
        unsure: false.into(),
        sources: RwLock::new(loaded.sources),
        vips: RwLock::new(loaded.vips),
        marks: Mutex::default(),
        awaits: Mutex::default(),
        mutes: Mutex::default(),
    });
    // Since the last copy, not since this opening: many short sessions log as much as a long one.
    let size = inner.kv().size()?;
    let copied: Option<u64> = meta(&*inner.kv(), "copied")?;
    let store = Store {
        inner,
        core: Mutex::new(loaded.core),
        sweeping: Mutex::default(),
        copying: Mutex::default(),
        sealing: Mutex::default(),
        urgent: 0.into(),
        vacuumed: copied.unwrap_or(0).min(size).into(),
    };
    store.refill(loaded.sealed_to)?;
    let end = store.core().log.end();
    store.replay(end, loaded.tail)?;
    Ok(store)
}

/// How many batches the tree took in. The number beside it, written after each of them, can only be the same or
/// smaller: if the tree knows of fewer, it lost some (sled cuts its log at the first damage, and says nothing).
fn whole(kv: &dyn Kv, file: &dyn Blob, building: bool) -> Result<u64> {
    let mut b = [0; 8];
    let outside = if file.read_at(&mut b, 0).is_ok() { u64::from_le_bytes(b) } else { 0 };
    let inside = meta::<u64>(kv, "commits")?.unwrap_or(0);
    if building {
        return Ok(outside);
    }
    if outside > inside {
        return Err(StoreError::corrupt(format!("the index lost the last {} changes", outside - inside)));
    }
    Ok(inside)
}

/// Everything that is held in memory, as the tree tells it.
struct Loaded {
    index: Index,
    segments: BTreeMap<u32, Segment>,
    sources: Sources,
    vips: HashSet<Id>,
    sealed_to: u32,
    tail: Vec<(crate::model::Entry, super::log::LogPlace)>,
    core: Core,
}

fn load(blobs: &Arc<dyn Blobs>, kv: &dyn Kv, search: &dyn Search, building: bool) -> Result<Loaded> {
    let mut index = Index::default();
    let mut failed = None;
    scan(kv, b"g", &mut |k, v| {
        let g = k.get(1..5).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
        failed = index.load(g, v).err();
        failed.is_none()
    })?;
    if let Some(e) = failed {
        return Err(e);
    }
    let segments: BTreeMap<u32, Segment> = numbered(kv, b"e")?;
    let source_recs: BTreeMap<u32, SourceRec> = numbered(kv, b"s")?;
    let mut sources = Sources::default();
    for (no, rec) in source_recs {
        sources.by_id.insert(rec.id.clone(), no);
        sources.by_no.insert(no, rec.id);
    }
    search.load(kv.get(&keys::meta("runs"))?.as_deref())?;
    let log_end: LogEnd = meta(kv, "log")?.unwrap_or_default();
    let (log, tail) = Log::open(blobs.clone(), log_end, building)?;
    let core = Core {
        next_block: index.len().max(meta(kv, "next_block")?.unwrap_or(0)),
        next_segment: segments.keys().next_back().map_or(1, |n| n + 1),
        log,
        active: HashMap::new(),
    };
    Ok(Loaded {
        index,
        segments,
        sources,
        vips: vips(kv)?,
        sealed_to: meta(kv, "sealed")?.unwrap_or(0),
        tail,
        core,
    })
}

/// Room that must be there before a full disk is tried again, in bytes.
const ROOM: u64 = 8 << 20;

impl Store {
    /// After a failed write: opens the Db anew and reads again what it holds. sled refuses every write after
    /// one that failed, so there is no other way back.
    pub(super) fn revive(&self, core: &mut Core) -> Result<()> {
        let dir = &self.inner.root;
        let free = rustix::fs::statvfs(dir).map_or(u64::MAX, |s| s.f_bavail * s.f_frsize);
        if free < ROOM {
            return Err(StoreError::Full(format!(
                "{} MB are free on the disk of {}",
                free >> 20,
                dir.display()
            )));
        }
        *self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let live = dir.join(current(dir));
        // Readers wait here until the new Db is there: sled allows one opener at a time.
        let mut place = self.inner.kv.write().unwrap_or_else(PoisonError::into_inner);
        let_go(&mut place, std::time::Duration::from_secs(5));
        let kv: Arc<dyn Kv> = Arc::new(Sled::open(&live, self.inner.cache_mb)?);
        *place = kv.clone();
        drop(place);
        let mut loaded = load(&self.inner.blobs, &*kv, &*self.inner.search, false)?;
        // Numbers that were given out before are not given out again: their files may still be written.
        loaded.core.next_block = loaded.core.next_block.max(core.next_block);
        loaded.core.next_segment = loaded.core.next_segment.max(core.next_segment);
        *self.inner.index_mut() = loaded.index;
        self.inner.segs.reset(loaded.segments);
        *self.inner.sources.write().unwrap_or_else(PoisonError::into_inner) = loaded.sources;
        *self.inner.vips.write().unwrap_or_else(PoisonError::into_inner) = loaded.vips;
        self.inner.marks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.inner.mutes.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.awaits.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // What the last batch changed may be in the tree and was never shown.
        self.inner.fulltext.changed(fulltext::marked(&*kv)?.into_iter());
        self.inner.fulltext.filed.forget();
        *core = loaded.core;
        self.refill_from(loaded.sealed_to, core.next_block)?;
        let end = core.log.end();
        self.replay(end, loaded.tail)?;
        self.inner.sick.store(false, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    fn refill(&self, from: u32) -> Result<()> {
        let to = self.core().next_block;
        self.refill_from(from, to)
    }

    fn refill_from(&self, from: u32, to: u32) -> Result<()> {
        refill(&self.inner, from, to)
    }
}

/// Closes a Db once its last reader is done with it, or after `patience` leaves that to the reader.
pub fn let_go(place: &mut Arc<dyn Kv>, patience: std::time::Duration) {
    let old = std::mem::replace(place, Arc::new(super::kv::Closed));
    let until = std::time::Instant::now() + patience;
    while Arc::strong_count(&old) > 1 && std::time::Instant::now() < until {
        std::thread::yield_now();
    }
}

fn schema(kv: &dyn Kv) -> Result<()> {
    match meta::<u32>(kv, "schema")? {
        Some(SCHEMA) => Ok(()),
        Some(v) if v > SCHEMA => Err(StoreError::Newer(format!(
            "this store has schema {v}, this Hearken knows {SCHEMA}; use the newer Hearken that wrote it"
        ))),
        Some(v) => super::migrate::migrate(kv, v),
        None => {
            let mut b = super::Batch::default();
            b.put(keys::meta("schema"), codec::encode(&SCHEMA)?);
            kv.apply(&b)?;
            kv.sync()
        }
    }
}

pub fn meta<T: serde::de::DeserializeOwned>(kv: &dyn Kv, name: &str) -> Result<Option<T>> {
    kv.get(&keys::meta(name))?.map(|b| codec::decode(&b)).transpose()
}

/// All records under a letter and a number.
fn numbered<T: serde::de::DeserializeOwned>(kv: &dyn Kv, letter: &[u8]) -> Result<BTreeMap<u32, T>> {
    let mut out = BTreeMap::new();
    let mut failed = None;
    scan(kv, letter, &mut |k, v| {
        let no = k.get(1..5).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
        match codec::decode(v) {
            Ok(r) => {
                out.insert(no, r);
            }
            Err(e) => failed = Some(e),
        }
        failed.is_none()
    })?;
    failed.map_or(Ok(out), Err)
}

fn vips(kv: &dyn Kv) -> Result<HashSet<Id>> {
    let mut out = HashSet::new();
    scan(kv, b"p", &mut |k, v| {
        let id = k.get(1..9).and_then(|b| b.try_into().ok()).map_or(0, u64::from_be_bytes);
        if codec::decode::<PersonRec>(v).is_ok_and(|p| p.vip) {
            out.insert(Id(id));
        }
        true
    })?;
    Ok(out)
}

/// Fills the open run from the blocks that no sealed run covers.
fn refill(inner: &Inner, from: u32, to: u32) -> Result<()> {
    for no in from..to {
        if inner.index().meta(no).is_none() {
            continue;
        }
        let b = inner.block(no)?;
        // A frame that cannot be read loses its texts and the stories they tell, and nothing else.
        let frame = inner.segs.frame(b.place).ok();
        let mut all = Vec::new();
        for (slot, r) in b.rows.iter().enumerate() {
            let links = frame
                .as_ref()
                .and_then(|f| f.record(slot))
                .and_then(|bytes| Stored::decode(bytes).ok())
                .map_or_else(Links::default, |s| s.links());
            all.extend(postings_of(r, links, no, slot));
        }
        inner.search.add(all);
    }
    Ok(())
}

/// Index folders that are not the live one.
fn clear_leftovers(dir: &Path, live: &str) {
    for e in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = e.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("index-") && name != live {
            let _ = std::fs::remove_dir_all(e.path());
        }
    }
}

impl Store {
    /// What a kill left beside the tree: segments that it does not name (half of a rewrite, or the old half of a whole
    /// one, in which a wiped text may stand), bytes behind the committed end of the others, and unnamed runs.
    pub(super) fn clear_blobs(&self) {
        let blobs = &self.inner.blobs;
        let named: HashMap<String, u64> =
            self.inner.segs.all().iter().map(|(no, s)| (s.name(*no), u64::from(s.len))).collect();
        for file in blobs.list(super::segs::FOLDER).into_iter().filter(|f| f.ends_with(".seg")) {
            let _ = match named.get(&file) {
                None => blobs.remove(&file),
                Some(end) => {
                    blobs.make(&file).and_then(|b| if b.size() > *end { b.cut(*end) } else { Ok(()) })
                }
            };
        }
        let named: HashSet<String> = self.inner.search.files().into_iter().collect();
        for file in blobs.list(super::runs::FOLDER).into_iter().filter(|f| !named.contains(f)) {
            let _ = blobs.remove(&file);
        }
    }
}
