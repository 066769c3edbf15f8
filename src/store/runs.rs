//! A run: postings in order in one file, immutable, synced before the tree names it. It carries a Bloom filter,
//! so that a look-up of an unknown id reads nothing; a key is found by interpolation. Eight runs are merged
//! into one.

use super::blobs::{Blob, Blobs};
use super::block::Row;
use super::codec::{Bytes, checksum};
use super::error::{Result, StoreError};
use super::records::Links;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The folder of the files.
pub const FOLDER: &str = "runs";
const MAGIC: u32 = 0x3152_4b48;
/// Bytes of an entry.
pub const ENTRY: usize = 24;
const HEADER: usize = 24;
/// Bloom bits per entry and probes: about 1 % false hits.
const BITS: usize = 10;
const PROBES: u32 = 7;

/// Words of the filter of a run. Only arrivals ask for what is mostly not there, and they ask for ids and links.
fn bloom_words(name: &RunName) -> usize {
    match name.family {
        Family::Id | Family::Link => (name.count as usize * BITS).div_ceil(64).max(1),
        Family::Author | Family::Source | Family::Thread => 0,
    }
}

/// What a posting is filed under.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    Id,
    Author,
    Source,
    Link,
    /// Of a discussion: what belongs to it, without what began it.
    Thread,
}

impl Family {
    pub const ALL: [Family; 5] = [Family::Id, Family::Author, Family::Source, Family::Link, Family::Thread];

    fn word(self) -> &'static str {
        match self {
            Family::Id => "id",
            Family::Author => "author",
            Family::Source => "source",
            Family::Link => "link",
            Family::Thread => "thread",
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
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&((u64::from(self.block) << 8) | u64::from(self.slot)).to_le_bytes());
    }

    pub fn read(b: &[u8]) -> Result<Posting> {
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
    pub fn file(&self) -> String {
        format!("{FOLDER}/{}-{:08}.run", self.family.word(), self.no)
    }
}

/// A sealed run, open for reading.
pub struct Run {
    pub name: RunName,
    file: Arc<dyn Blob>,
    bloom: Vec<u64>,
}

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 16;
/// Bytes after which what is written is synced.
const STRETCH: u64 = 1536 << 10;

impl Run {
    /// Writes and syncs a run from sorted entries.
    pub fn write(
        blobs: &dyn Blobs,
        name: RunName,
        entries: impl Iterator<Item = Result<Posting>>,
    ) -> Result<Run> {
        let file = blobs.make(&name.file())?;
        file.cut(0)?;
        let words = bloom_words(&name);
        let mut bloom = vec![0u64; words];
        let mut out = Vec::with_capacity(BUFFER + ENTRY);
        out.extend_from_slice(&header(&name, words));
        let (mut at, mut synced, mut n) = (0u64, 0u64, 0);
        let mut write = |out: &mut Vec<u8>| -> Result<()> {
            file.write_at(out, at)?;
            at += out.len() as u64;
            out.clear();
            if at - synced >= STRETCH {
                // Little by little: the file system would make others wait for all of it at their next sync.
                file.sync()?;
                synced = at;
            }
            Ok(())
        };
        for e in entries {
            let e = e?;
            for bit in probes(e.key, words).filter(|_| words > 0) {
                bloom[bit / 64] |= 1 << (bit % 64);
            }
            e.write(&mut out);
            n += 1;
            if out.len() >= BUFFER {
                write(&mut out)?;
            }
        }
        for w in &bloom {
            out.extend_from_slice(&w.to_le_bytes());
            if out.len() >= BUFFER {
                write(&mut out)?;
            }
        }
        write(&mut out)?;
        if n != name.count {
            return Err(StoreError::corrupt(format!("a run of {} entries got {n}", name.count)));
        }
        file.sync()?;
        Ok(Run { name, file, bloom })
    }

    pub fn open(blobs: &dyn Blobs, name: RunName) -> Result<Run> {
        let file = blobs.open(&name.file())?;
        let mut head = [0; HEADER];
        file.read_at(&mut head, 0)?;
        let words = bloom_words(&name);
        if head != header(&name, words) {
            return Err(StoreError::corrupt(format!("{} is not the run that it should be", name.file())));
        }
        let mut raw = vec![0; words * 8];
        file.read_at(&mut raw, (HEADER + name.count as usize * ENTRY) as u64)?;
        let bloom =
            raw.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().unwrap_or_default())).collect();
        Ok(Run { name, file, bloom })
    }

    fn may_have(&self, key: u64) -> bool {
        self.bloom.is_empty()
            || probes(key, self.bloom.len()).all(|bit| self.bloom[bit / 64] & (1 << (bit % 64)) != 0)
    }

    pub fn read_many(&self, from: u64, n: usize) -> Result<Vec<u8>> {
        let mut raw = vec![0; n * ENTRY];
        self.file.read_at(&mut raw, HEADER as u64 + from * ENTRY as u64)?;
        Ok(raw)
    }

    /// The first entry at or behind `key`. Keys are hashes, so interpolation comes near in a step or two.
    pub fn lower_bound(&self, key: u64) -> Result<u64> {
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

    pub fn entries(self: Arc<Self>) -> Entries {
        Entries { run: self, at: 0, buffer: Vec::new().into_iter() }
    }
}

/// All entries of a run in order.
pub struct Entries {
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
    blobs: &dyn Blobs,
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
    Run::write(blobs, name, merged)
}

/// The postings of a row of a block; what has no author, source or link (0) has none under it.
pub fn postings_of(
    row: &Row,
    links: Links,
    block: u32,
    slot: usize,
) -> impl Iterator<Item = (Family, Posting)> {
    let time = row.key.time;
    [
        (Family::Id, row.key.id.0),
        (Family::Author, row.author),
        (Family::Source, u64::from(row.source)),
        (Family::Link, links.own),
        (Family::Thread, links.thread),
    ]
    .into_iter()
    .filter(|(_, key)| *key != 0)
    .map(move |(family, key)| (family, Posting { key, time, block, slot: slot as u8 }))
}
