//! Postings: "which mentions have this id, this author, this source, this link?". Entries gather in memory
//! (the open run), are sealed into sorted files of 32,768, and eight files of one size are merged into one.
//! A file is immutable, synced before the tree names it, and carries a Bloom filter, so that a look-up of an
//! unknown id reads nothing. The open run is made again from the newest blocks at open.

use super::block::Row;
use super::codec::{Bytes, checksum};
use super::disk;
use super::error::{Result, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries of a fresh run.
pub const RUN: usize = 32_768;
/// Runs of one level that are merged into one of the next.
pub const FANIN: usize = 8;
const MAGIC: u32 = 0x3152_4b48;
const ENTRY: usize = 24;
const HEADER: usize = 24;
/// Bloom bits per entry and probes: about 1 % false hits.
const BITS: usize = 10;
const PROBES: u32 = 7;

/// Words of the filter of a run. Only arrivals ask for what is mostly not there, and they ask for ids and links.
fn bloom_words(name: &RunName) -> usize {
    match name.family {
        Family::Id | Family::Link => (name.count as usize * BITS).div_ceil(64).max(1),
        Family::Author | Family::Source => 0,
    }
}

/// What a posting is filed under.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    Id,
    Author,
    Source,
    Link,
}

impl Family {
    pub const ALL: [Family; 4] = [Family::Id, Family::Author, Family::Source, Family::Link];

    fn word(self) -> &'static str {
        match self {
            Family::Id => "id",
            Family::Author => "author",
            Family::Source => "source",
            Family::Link => "link",
        }
    }
}

/// One posting: what it is filed under, the stream time, block and slot of the mention.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Posting {
    pub key: u64,
    pub time: u64,
    pub block: u32,
    pub slot: u8,
}

impl Posting {
    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        out.write_all(&self.key.to_le_bytes())?;
        out.write_all(&self.time.to_le_bytes())?;
        out.write_all(&((u64::from(self.block) << 8) | u64::from(self.slot)).to_le_bytes())
    }

    fn read(b: &[u8]) -> Result<Posting> {
        let mut b = Bytes(b);
        let (key, time, at) = (b.u64()?, b.u64()?, b.u64()?);
        Ok(Posting { key, time, block: (at >> 8) as u32, slot: (at & 255) as u8 })
    }
}

/// A sealed run as the tree names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunName {
    pub family: Family,
    pub no: u32,
    pub level: u8,
    pub count: u64,
}

impl RunName {
    pub fn path(&self, root: &Path) -> PathBuf {
        root.join("runs").join(format!("{}-{:08}.run", self.family.word(), self.no))
    }
}

/// A sealed run, open for reading.
pub struct Run {
    pub name: RunName,
    file: File,
    bloom: Vec<u64>,
    path: PathBuf,
}

impl Run {
    /// Writes and syncs a run from sorted entries.
    pub fn write(root: &Path, name: RunName, entries: impl Iterator<Item = Result<Posting>>) -> Result<Run> {
        let path = name.path(root);
        disk::folder(path.parent().unwrap_or(root))?;
        let file = disk::open_rw(&path)?;
        let io = |e: std::io::Error| StoreError::io("cannot write", &path, &e);
        file.set_len(0).map_err(io)?;
        let words = bloom_words(&name);
        let mut bloom = vec![0u64; words];
        let mut out = BufWriter::with_capacity(1 << 16, &file);
        out.write_all(&header(&name, words)).map_err(io)?;
        let mut n = 0;
        for e in entries {
            let e = e?;
            for bit in probes(e.key, words).filter(|_| words > 0) {
                bloom[bit / 64] |= 1 << (bit % 64);
            }
            e.write(&mut out).map_err(io)?;
            n += 1;
            if n % 65_536 == 0 {
                // Little by little: the file system would make others wait for all of it at their next sync.
                out.flush().map_err(io)?;
                disk::sync(&file, &path)?;
            }
        }
        for w in &bloom {
            out.write_all(&w.to_le_bytes()).map_err(io)?;
        }
        out.flush().map_err(io)?;
        drop(out);
        if n != name.count {
            return Err(StoreError::corrupt(format!("a run of {} entries got {n}", name.count)));
        }
        disk::sync(&file, &path)?;
        disk::sync_dir(path.parent().unwrap_or(root))?;
        Ok(Run { name, file, bloom, path })
    }

    pub fn open(root: &Path, name: RunName) -> Result<Run> {
        let path = name.path(root);
        let file = File::open(&path).map_err(|e| StoreError::io("cannot open", &path, &e))?;
        let mut head = [0; HEADER];
        let io = |e: std::io::Error| StoreError::io("cannot read", &path, &e);
        file.read_exact_at(&mut head, 0).map_err(io)?;
        let words = bloom_words(&name);
        if head != header(&name, words) {
            return Err(StoreError::corrupt(format!("{} is not the run that it should be", path.display())));
        }
        let mut raw = vec![0; words * 8];
        file.read_exact_at(&mut raw, (HEADER + name.count as usize * ENTRY) as u64).map_err(io)?;
        let bloom =
            raw.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().unwrap_or_default())).collect();
        Ok(Run { name, file, bloom, path })
    }

    fn may_have(&self, key: u64) -> bool {
        self.bloom.is_empty()
            || probes(key, self.bloom.len()).all(|bit| self.bloom[bit / 64] & (1 << (bit % 64)) != 0)
    }

    fn read_many(&self, from: u64, n: usize) -> Result<Vec<u8>> {
        let mut raw = vec![0; n * ENTRY];
        self.file
            .read_exact_at(&mut raw, HEADER as u64 + from * ENTRY as u64)
            .map_err(|e| StoreError::io("cannot read", &self.path, &e))?;
        Ok(raw)
    }

    /// The first entry at or behind `key`. Keys are hashes, so interpolation comes near in a step or two.
    fn lower_bound(&self, key: u64) -> Result<u64> {
        let (mut lo, mut hi) = (0u64, self.name.count);
        let (mut key_lo, mut key_hi) = (0u64, u64::MAX);
        let mut step = 0;
        while hi - lo > 128 {
            let width = u128::from(hi - lo);
            let guess = if step < 8 && key_hi > key_lo {
                (u128::from(key.saturating_sub(key_lo)) * width / (u128::from(key_hi - key_lo) + 1)) as u64
            } else {
                (hi - lo) / 2
            };
            step += 1;
            let at = (lo + guess).clamp(lo + 1, hi - 1);
            let found = Posting::read(&self.read_many(at, 1)?)?.key;
            if found < key {
                (lo, key_lo) = (at, found);
            } else {
                (hi, key_hi) = (at, found);
            }
        }
        let raw = self.read_many(lo, (hi - lo) as usize)?;
        for (i, e) in raw.chunks_exact(ENTRY).enumerate() {
            if Posting::read(e)?.key >= key {
                return Ok(lo + i as u64);
            }
        }
        Ok(hi)
    }

    /// All entries of a key; `false` from `visit` ends the walk.
    pub fn each(&self, key: u64, visit: &mut dyn FnMut(Posting) -> bool) -> Result<()> {
        if !self.may_have(key) {
            return Ok(());
        }
        let mut at = self.lower_bound(key)?;
        while at < self.name.count {
            let n = (self.name.count - at).min(64) as usize;
            for e in self.read_many(at, n)?.chunks_exact(ENTRY) {
                let p = Posting::read(e)?;
                if p.key != key || !visit(p) {
                    return Ok(());
                }
            }
            at += n as u64;
        }
        Ok(())
    }

    /// The newest entries of a key: entries of one key are sorted by time, so they are its last ones.
    pub fn newest(&self, key: u64, before: u64, limit: usize, out: &mut Vec<Posting>) -> Result<()> {
        if !self.may_have(key) {
            return Ok(());
        }
        let from = self.lower_bound(key)?;
        let to = match key.checked_add(1) {
            Some(next) => self.lower_bound(next)?,
            None => self.name.count,
        };
        // Entries of one key stand by time: what is not before the time is skipped in a few steps.
        let (mut lo, mut hi) = (from, to);
        while before != u64::MAX && lo < hi {
            let mid = lo + (hi - lo) / 2;
            if Posting::read(&self.read_many(mid, 1)?)?.time < before { lo = mid + 1 } else { hi = mid }
        }
        let mut end = if before == u64::MAX { to } else { lo };
        let mut found = 0;
        while end > from && found < limit {
            let n = (end - from).min(256);
            for e in self.read_many(end - n, n as usize)?.chunks_exact(ENTRY).rev() {
                let p = Posting::read(e)?;
                if p.time < before && found < limit {
                    out.push(p);
                    found += 1;
                }
            }
            end -= n;
        }
        Ok(())
    }

    /// How many entries a key has, and how many of them are not older than `since`.
    pub fn count(&self, key: u64, since: u64) -> Result<(u64, u64, Option<u64>)> {
        if !self.may_have(key) {
            return Ok((0, 0, None));
        }
        let from = self.lower_bound(key)?;
        let to = match key.checked_add(1) {
            Some(next) => self.lower_bound(next)?,
            None => self.name.count,
        };
        if from == to {
            return Ok((0, 0, None));
        }
        let first = Posting::read(&self.read_many(from, 1)?)?.time;
        let (mut lo, mut hi) = (from, to);
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if Posting::read(&self.read_many(mid, 1)?)?.time < since { lo = mid + 1 } else { hi = mid }
        }
        Ok((to - from, to - lo, Some(first)))
    }

    fn entries(self: Arc<Self>) -> Entries {
        Entries { run: self, at: 0, buffer: Vec::new().into_iter() }
    }
}

/// All entries of a run in order.
struct Entries {
    run: Arc<Run>,
    at: u64,
    buffer: std::vec::IntoIter<Posting>,
}

impl Iterator for Entries {
    type Item = Result<Posting>;
    fn next(&mut self) -> Option<Result<Posting>> {
        if let Some(p) = self.buffer.next() {
            return Some(Ok(p));
        }
        let n = (self.run.name.count - self.at).min(4096);
        if n == 0 {
            return None;
        }
        let read = self
            .run
            .read_many(self.at, n as usize)
            .and_then(|raw| raw.chunks_exact(ENTRY).map(Posting::read).collect::<Result<Vec<_>>>());
        self.at += n;
        match read {
            Ok(v) => {
                self.buffer = v.into_iter();
                self.buffer.next().map(Ok)
            }
            Err(e) => {
                self.at = self.run.name.count;
                Some(Err(e))
            }
        }
    }
}

fn header(name: &RunName, words: usize) -> [u8; HEADER] {
    let mut h = [0; HEADER];
    h[..4].copy_from_slice(&MAGIC.to_le_bytes());
    h[4] = name.family as u8;
    h[5] = name.level;
    h[8..16].copy_from_slice(&name.count.to_le_bytes());
    h[16..20].copy_from_slice(&(words as u32).to_le_bytes());
    let sum = checksum(&h[..20]);
    h[20..24].copy_from_slice(&sum.to_le_bytes());
    h
}

fn probes(key: u64, words: usize) -> impl Iterator<Item = usize> {
    // Keys are hashes, but ids and authors may be equal numbers in several families: mix once more.
    let a = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let b = (key ^ (key >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
    let bits = (words as u64 * 64).max(1);
    (0..PROBES).map(move |i| (a.wrapping_add(b.wrapping_mul(u64::from(i))) % bits) as usize)
}

/// Merges runs of one family into one; the newest of two entries for one id wins by coming last.
pub fn merge(
    root: &Path,
    no: u32,
    runs: &[Arc<Run>],
    between: &mut dyn FnMut() -> Result<()>,
) -> Result<Run> {
    let first = runs.first().ok_or_else(|| StoreError::corrupt("nothing to merge"))?;
    let name = RunName {
        family: first.name.family,
        no,
        level: first.name.level + 1,
        count: runs.iter().map(|r| r.name.count).sum(),
    };
    let mut heads: Vec<std::iter::Peekable<Entries>> =
        runs.iter().map(|r| r.clone().entries().peekable()).collect();
    let mut n = 0u32;
    let merged = std::iter::from_fn(move || {
        n = n.wrapping_add(1);
        if n.is_multiple_of(65_536)
            && let Err(e) = between()
        {
            return Some(Err(e));
        }
        let mut best: Option<(Posting, usize)> = None;
        for (i, h) in heads.iter_mut().enumerate() {
            match h.peek() {
                Some(Ok(p)) if best.is_none_or(|(b, _)| *p < b) => best = Some((*p, i)),
                Some(Err(_)) => return h.next(),
                _ => {}
            }
        }
        best.and_then(|(_, i)| heads[i].next())
    });
    Run::write(root, name, merged)
}

/// The postings of a row of a block; what has no author, source or link (0) has none under it.
pub fn postings_of(row: &Row, link: u64, block: u32, slot: usize) -> impl Iterator<Item = (Family, Posting)> {
    let time = row.key.time;
    [
        (Family::Id, row.key.id.0),
        (Family::Author, row.author),
        (Family::Source, u64::from(row.source)),
        (Family::Link, link),
    ]
    .into_iter()
    .filter(|(_, key)| *key != 0)
    .map(move |(family, key)| (family, Posting { key, time, block, slot: slot as u8 }))
}

/// The entries of one family in order, for sealing.
pub fn sorted(open: &Open, family: Family) -> Vec<Posting> {
    let mut all: Vec<Posting> =
        open.get(&family).into_iter().flat_map(|m| m.list.iter().map(|(p, _)| *p)).collect();
    all.sort_unstable();
    all
}

/// All runs of all families, and the open one.
#[derive(Default)]
pub struct Runs {
    pub sealed: HashMap<Family, Vec<Arc<Run>>>,
    open: Open,
    open_count: usize,
    /// The open run that is being sealed; still looked into.
    frozen: Arc<Open>,
}

/// Postings in memory, by family.
pub type Open = HashMap<Family, OpenFamily>;

/// Postings of one family in the order of their coming, those of one key chained from the last to the first:
/// two allocations instead of one for each key.
#[derive(Default)]
pub struct OpenFamily {
    list: Vec<(Posting, u32)>,
    last: HashMap<u64, u32>,
}

const NONE: u32 = u32::MAX;

impl OpenFamily {
    fn add(&mut self, p: Posting) {
        let at = self.list.len() as u32;
        let before = self.last.insert(p.key, at).unwrap_or(NONE);
        self.list.push((p, before));
    }

    /// The postings of a key, the last one first.
    fn of(&self, key: u64) -> impl Iterator<Item = &Posting> {
        let mut at = self.last.get(&key).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let (p, before) = self.list.get(at as usize)?;
            at = *before;
            Some(p)
        })
    }
}

impl Runs {
    pub fn add(&mut self, family: Family, p: Posting) {
        self.open.entry(family).or_default().add(p);
        if family == Family::Id {
            self.open_count += 1;
        }
    }

    /// Mentions in the open run.
    pub fn open_count(&self) -> usize {
        self.open_count
    }

    /// Sets the open run aside for sealing and gives it. One that could not be sealed before is sealed with it.
    pub fn freeze(&mut self) -> Arc<Open> {
        let mut all = std::mem::take(&mut self.open);
        self.open_count = 0;
        if !self.frozen.is_empty() {
            let newer = std::mem::take(&mut all);
            for (f, m) in self.frozen.iter().chain(&newer) {
                let into = all.entry(*f).or_default();
                m.list.iter().for_each(|(p, _)| into.add(*p));
            }
        }
        self.frozen = Arc::new(all);
        self.frozen.clone()
    }

    /// Takes the frozen run out. Freeing so many small pieces takes long: the caller drops it without a lock.
    pub fn take_frozen(&mut self) -> Arc<Open> {
        std::mem::take(&mut self.frozen)
    }

    /// What is not sealed yet under a key, newest part first.
    fn unsealed(&self, family: Family, key: u64) -> impl Iterator<Item = &Posting> {
        [&self.open, &*self.frozen]
            .into_iter()
            .filter_map(move |m| m.get(&family))
            .flat_map(move |m| m.of(key))
    }

    /// The newest posting of a key, looked for from the newest run to the oldest.
    pub fn find(&self, family: Family, key: u64) -> Result<Option<Posting>> {
        if let Some(p) = self.unsealed(family, key).next() {
            return Ok(Some(*p));
        }
        for run in self.sealed.get(&family).into_iter().flatten().rev() {
            let mut found = None;
            run.each(key, &mut |p| {
                found = Some(p);
                true
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The newest postings of a key below a time, newest first.
    pub fn newest(&self, family: Family, key: u64, before: u64, limit: usize) -> Result<Vec<Posting>> {
        let mut out: Vec<Posting> = self.unsealed(family, key).filter(|p| p.time < before).copied().collect();
        for run in self.sealed.get(&family).into_iter().flatten() {
            run.newest(key, before, limit, &mut out)?;
        }
        out.sort_unstable_by(|a, b| b.cmp(a));
        out.dedup();
        out.truncate(limit);
        Ok(out)
    }

    /// Count of a key, count since a time, and the oldest time.
    pub fn count(&self, family: Family, key: u64, since: u64) -> Result<(u64, u64, Option<u64>)> {
        let mut total = self.unsealed(family, key).count() as u64;
        let mut recent = self.unsealed(family, key).filter(|p| p.time >= since).count() as u64;
        let mut first = self.unsealed(family, key).map(|p| p.time).min();
        for run in self.sealed.get(&family).into_iter().flatten() {
            let (a, b, f) = run.count(key, since)?;
            total += a;
            recent += b;
            first = match (first, f) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            };
        }
        Ok((total, recent, first))
    }

    /// The newest entry of each key in a range of keys (for a typed prefix of an id) whose block is `alive`, about
    /// `limit` of them at most.
    pub fn in_range(
        &self,
        family: Family,
        from: u64,
        to: u64,
        limit: usize,
        alive: impl Fn(u32) -> bool,
    ) -> Result<Vec<Posting>> {
        let mut out: Vec<Posting> = [&*self.frozen, &self.open]
            .into_iter()
            .filter_map(|m| m.get(&family))
            .flat_map(|m| m.last.values().filter_map(|at| m.list.get(*at as usize)).map(|(p, _)| *p))
            .filter(|p| (from..=to).contains(&p.key) && alive(p.block))
            .take(limit)
            .collect();
        for run in self.sealed.get(&family).into_iter().flatten() {
            let at = run.lower_bound(from)?;
            let n = (run.name.count - at).min(limit as u64 + 16) as usize;
            for e in run.read_many(at, n)?.chunks_exact(ENTRY) {
                let p = Posting::read(e)?;
                if p.key > to {
                    break;
                }
                if alive(p.block) {
                    out.push(p);
                }
            }
        }
        out.sort_unstable();
        out.dedup_by_key(|p| p.key);
        out.truncate(limit);
        Ok(out)
    }

    /// Every posting of a family, in no order.
    pub fn every(&self, family: Family, mut visit: impl FnMut(&Posting)) -> Result<()> {
        for m in [&*self.frozen, &self.open].into_iter().filter_map(|m| m.get(&family)) {
            m.list.iter().for_each(|(p, _)| visit(p));
        }
        for run in self.sealed.get(&family).into_iter().flatten() {
            for p in run.clone().entries() {
                visit(&p?);
            }
        }
        Ok(())
    }

    /// The names of all sealed runs, oldest first within a family.
    pub fn names(&self) -> Vec<RunName> {
        Family::ALL.iter().flat_map(|f| self.sealed.get(f).into_iter().flatten()).map(|r| r.name).collect()
    }

    /// The first runs that should be merged: eight neighbours of one level.
    pub fn due_merge(&self) -> Option<Vec<Arc<Run>>> {
        for f in Family::ALL {
            let Some(all) = self.sealed.get(&f) else { continue };
            let Some(level) = all.last().map(|r| r.name.level) else { continue };
            for l in level..=8 {
                let same: Vec<_> = all.iter().filter(|r| r.name.level == l).cloned().collect();
                if same.len() >= FANIN {
                    return Some(same.into_iter().take(FANIN).collect());
                }
            }
        }
        None
    }
}
