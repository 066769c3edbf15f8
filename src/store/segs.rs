//! Texts in append-only segment files, `bodies/CLASS/MONTH/N.seg`: frames of up to 64 records, compressed
//! together and checksummed. A frame is written and synced before the batch that names it; what lies behind
//! the committed length of a segment is the rest of a crash and is cut off at open.

use super::blobs::{Blob, Blobs, read_all};
use super::block::Place;
use super::codec::{Bytes, checksum};
use super::error::{Result, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A new segment is begun when one has this many bytes.
pub const SEGMENT: u32 = 32 << 20;
/// The folder of all segments.
pub const FOLDER: &str = "bodies";
const MAGIC: u32 = 0x314b_4e48;
const HEADER: usize = 24;
const LEVEL: i32 = 3;

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// The mentions of a block, in its order.
    Block = 1,
    /// One later text of one mention.
    Revision = 2,
    /// A note or a draft.
    Note = 3,
}

/// A segment as the tree knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segment {
    pub class: String,
    pub month: String,
    /// Bytes that are committed.
    pub len: u32,
    /// Nothing is appended any more.
    pub closed: bool,
}

impl Segment {
    pub(super) fn name(&self, no: u32) -> String {
        format!("{FOLDER}/{}/{}/{no:08}.seg", self.class, self.month)
    }
}

/// Packs records into the bytes of a frame. `owner` is the block number or the id.
pub fn pack(kind: FrameKind, owner: u64, records: &[Vec<u8>]) -> Result<Vec<u8>> {
    pack_numbered(kind, owner, 0, records)
}

/// The same with a number, by which frames of one owner stand in order wherever they lie.
pub fn pack_numbered(kind: FrameKind, owner: u64, number: u16, records: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(records.iter().map(|r| r.len() + 4).sum());
    for r in records {
        plain.extend_from_slice(&(r.len() as u32).to_le_bytes());
        plain.extend_from_slice(r);
    }
    let packed = zstd::bulk::compress(&plain, LEVEL)
        .map_err(|e| StoreError::Io(format!("cannot compress a frame: {e}")))?;
    let mut out = Vec::with_capacity(HEADER + packed.len());
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.push(kind as u8);
    out.push(records.len() as u8);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&owner.to_le_bytes());
    out.extend_from_slice(&(plain.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum(&packed).to_le_bytes());
    out.extend_from_slice(&packed);
    Ok(out)
}

/// A frame, unpacked.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub owner: u64,
    /// Place among the frames of its owner; 0 where nobody counted.
    pub number: u16,
    plain: Vec<u8>,
    /// Start and end of each record in `plain`.
    records: Vec<(u32, u32)>,
}

impl Frame {
    pub fn record(&self, i: usize) -> Option<&[u8]> {
        let (a, b) = *self.records.get(i)?;
        self.plain.get(a as usize..b as usize)
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn unpack(bytes: &[u8]) -> Result<Frame> {
        let mut b = Bytes(bytes);
        if b.u32()? != MAGIC {
            return Err(StoreError::corrupt("a frame does not begin as frames do"));
        }
        let kind = b.u8()?;
        let n = usize::from(b.u8()?);
        let number = b.u16()?;
        let owner = b.u64()?;
        let plain_len = b.u32()? as usize;
        let sum = b.u32()?;
        if checksum(b.0) != sum {
            return Err(StoreError::corrupt(format!("the checksum of frame {owner} is wrong")));
        }
        if plain_len > 64 << 20 {
            return Err(StoreError::corrupt("a frame is larger than any can be"));
        }
        let plain = zstd::bulk::decompress(b.0, plain_len)
            .map_err(|e| StoreError::corrupt(format!("frame {owner} cannot be unpacked: {e}")))?;
        let mut records = Vec::with_capacity(n);
        let mut at = 0usize;
        for _ in 0..n {
            let len = plain
                .get(at..at + 4)
                .and_then(|b| b.try_into().ok())
                .map(|b| u32::from_le_bytes(b) as usize)
                .ok_or_else(|| StoreError::corrupt(format!("frame {owner} is cut short")))?;
            at += 4;
            if at + len > plain.len() {
                return Err(StoreError::corrupt(format!("frame {owner} is cut short")));
            }
            records.push((at as u32, (at + len) as u32));
            at += len;
        }
        Ok(Frame { kind, owner, number, plain, records })
    }
}

/// Kind and owner of a frame by its header alone.
pub fn head_of(bytes: &[u8]) -> Option<(u8, u64)> {
    let owner = bytes.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes)?;
    Some((*bytes.get(4)?, owner))
}

/// All segments: appended to by the writer, read by everybody.
pub struct Segs {
    blobs: Arc<dyn Blobs>,
    table: RwLock<BTreeMap<u32, Segment>>,
    files: Mutex<HashMap<u32, Arc<dyn Blob>>>,
    frames: Mutex<FrameCache>,
}

/// The last frames read; a page of a sparse list touches as many frames as it has rows.
#[derive(Default)]
struct FrameCache {
    frames: HashMap<(u32, u32), (u64, Arc<Frame>)>,
    bytes: usize,
    tick: u64,
}

const CACHE_BYTES: usize = 8 << 20;
/// Segment files held open at once.
const FILES: usize = 8;

impl Segs {
    pub fn new(blobs: Arc<dyn Blobs>, table: BTreeMap<u32, Segment>) -> Segs {
        Segs { blobs, table: RwLock::new(table), files: Mutex::default(), frames: Mutex::default() }
    }

    /// Forgets everything in memory and takes another table.
    pub fn reset(&self, table: BTreeMap<u32, Segment>) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.frames.lock().unwrap_or_else(PoisonError::into_inner) = FrameCache::default();
    }

    pub fn get(&self, no: u32) -> Option<Segment> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).get(&no).cloned()
    }

    pub fn all(&self) -> BTreeMap<u32, Segment> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, no: u32, s: Segment) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).insert(no, s);
    }

    /// Forgets a segment and removes its file.
    pub fn remove(&self, no: u32) -> Result<()> {
        let gone = self.table.write().unwrap_or_else(PoisonError::into_inner).remove(&no);
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&no);
        let mut cache = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        cache.frames.retain(|(seg, _), _| *seg != no);
        cache.bytes = cache.frames.values().map(|(_, f)| f.plain.len()).sum();
        drop(cache);
        gone.map_or(Ok(()), |s| self.blobs.remove(&s.name(no)))
    }

    pub fn name(&self, no: u32) -> Option<String> {
        self.get(no).map(|s| s.name(no))
    }

    fn file(&self, no: u32) -> Result<Arc<dyn Blob>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(f) = files.get(&no) {
            return Ok(f.clone());
        }
        let name = self.name(no).ok_or_else(|| StoreError::corrupt(format!("segment {no} is not known")))?;
        let f = self.blobs.open(&name)?;
        if files.len() >= FILES {
            files.clear();
        }
        files.insert(no, f.clone());
        Ok(f)
    }

    /// Makes (or opens, cutting off what was not committed) the file of a segment for appending.
    pub fn open_for_append(&self, no: u32, s: &Segment) -> Result<Arc<dyn Blob>> {
        let f = self.blobs.make(&s.name(no))?;
        f.cut(u64::from(s.len))?;
        Ok(f)
    }

    /// The raw bytes of a frame.
    pub fn raw(&self, p: Place) -> Result<Vec<u8>> {
        let mut bytes = vec![0; p.len as usize];
        self.file(p.seg)?.read_at(&mut bytes, u64::from(p.off))?;
        Ok(bytes)
    }

    pub fn frame(&self, p: Place) -> Result<Arc<Frame>> {
        let id = (p.seg, p.off);
        {
            let mut c = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
            c.tick += 1;
            let tick = c.tick;
            if let Some((used, f)) = c.frames.get_mut(&id) {
                *used = tick;
                return Ok(f.clone());
            }
        }
        let f = Arc::new(Frame::unpack(&self.raw(p)?)?);
        let mut c = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if c.bytes + f.plain.len() > CACHE_BYTES {
            // The older half goes.
            let mut ticks: Vec<u64> = c.frames.values().map(|(t, _)| *t).collect();
            ticks.sort_unstable();
            let middle = ticks.get(ticks.len() / 2).copied().unwrap_or(0);
            c.frames.retain(|_, (t, _)| *t > middle);
            c.bytes = c.frames.values().map(|(_, f)| f.plain.len()).sum();
        }
        c.bytes += f.plain.len();
        let tick = c.tick;
        c.frames.insert(id, (tick, f.clone()));
        Ok(f)
    }

    /// Places of all frames in the committed part of a segment, in order.
    pub fn places(&self, no: u32) -> Result<Vec<Place>> {
        let seg = self.get(no).ok_or_else(|| StoreError::corrupt(format!("segment {no} is not known")))?;
        let bytes = read_all(&*self.blobs.open(&seg.name(no))?, u64::from(seg.len))?;
        // Also those behind a damaged one: a segment is written anew from this list, and what it lacks is gone.
        Ok(frames_of(no, &bytes).0)
    }
}

/// Places of all whole frames in the bytes of a segment: frames carry no length of their own on disk but the
/// one that zstd finds, so they are walked by their headers.
fn frame_places(no: u32, bytes: &[u8]) -> Vec<Place> {
    let mut out = Vec::new();
    let mut at = 0usize;
    while let Some(rest) = bytes.get(at + HEADER..) {
        if bytes.get(at..at + 4) != Some(&MAGIC.to_le_bytes()[..]) {
            break;
        }
        let Ok(n) = zstd_len(rest) else { break };
        let len = HEADER + n;
        out.push(Place { seg: no, off: at as u32, len: len as u32 });
        at += len;
    }
    out
}

/// Places of all frames that can be found in the bytes of a segment, also behind damage; and how many stretches of
/// it are no frames.
pub fn frames_of(no: u32, bytes: &[u8]) -> (Vec<Place>, u64) {
    let (mut out, mut skipped, mut from) = (Vec::new(), 0, 0);
    while from < bytes.len() {
        let found = frame_places(no, &bytes[from..]);
        let base = from as u32;
        from += found.last().map_or(0, |p| (p.off + p.len) as usize);
        out.extend(found.into_iter().map(|p| Place { off: p.off + base, ..p }));
        if from >= bytes.len() {
            break;
        }
        // The next beginning of a frame, behind this one's.
        skipped += 1;
        let next = bytes[from + 1..].windows(4).position(|w| w == MAGIC.to_le_bytes());
        match next {
            Some(i) => from += 1 + i,
            None => break,
        }
    }
    (out, skipped)
}

fn zstd_len(b: &[u8]) -> std::result::Result<usize, ()> {
    zstd::zstd_safe::find_frame_compressed_size(b).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_and_damage_is_seen() {
        let records: Vec<Vec<u8>> = (0..64u8).map(|i| vec![i; usize::from(i) * 10]).collect();
        let bytes = pack(FrameKind::Block, 7, &records).unwrap();
        let f = Frame::unpack(&bytes).unwrap();
        assert_eq!((f.owner, f.len()), (7, 64));
        for (i, r) in records.iter().enumerate() {
            assert_eq!(f.record(i), Some(r.as_slice()));
        }
        for i in [0, 5, 21, 30, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[i] ^= 0x55;
            let seen = Frame::unpack(&bad);
            assert!(seen.is_err() || (4..8).contains(&i), "byte {i}");
        }
        let mut two = bytes.clone();
        two.extend(pack(FrameKind::Note, 8, &[vec![1]]).unwrap());
        let places = frame_places(3, &two);
        assert_eq!(places.len(), 2);
        assert_eq!(places[1].off as usize, bytes.len());
    }
}
