//! The index, built anew from what it is an index of: the texts in their segments, which hold each mention as it
//! arrived, and the log, which holds what people did since. For a store whose index is damaged or gone.

use super::blobs::{Blobs, Folder, read_all};
use super::block::{Block, Place, Row, flag, state_bits};
use super::error::{Result, StoreError};
use super::ingest::{Stamps, Work};
use super::kv::{Kv, Sled};
use super::records::{DraftRec, NoteRec, NoteRef, PersonRec, SourceRec, Stored, StoredNote};
use super::runs::postings_of;
use super::segs::{Frame, FrameKind, Segment, frames_of, head_of};
use super::tx::Tx;
use super::{Store, codec, disk, keys, open};
use crate::model::{Id, Key, Mention, Stage, State, Target};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rebuilt {
    pub mentions: u64,
    /// Entries of the log that were applied again.
    pub entries: u64,
    /// Stretches of segments that cannot be read any more.
    pub lost: u64,
}

/// Log entries applied in one batch.
const ENTRIES: usize = 500;

/// Builds the index of a store anew. The old one is kept beside it as `damaged-…`. What only the index knew is
/// learned again: cursors and health of sources, and what each person has read.
///
/// # Errors
/// If another process has the store, or the disk fails; then everything is as it was.
pub fn rebuild(dir: &Path, cache_mb: u64) -> Result<Rebuilt> {
    disk::check_owner(dir)?;
    let old: Vec<(u32, PathBuf)> = indexes(dir);
    let _locks = old.iter().map(|(_, p)| lock(&p.join("db"))).collect::<Result<Vec<_>>>()?;
    let number = old.iter().map(|(n, _)| n + 1).max().unwrap_or(0);
    let name = format!("index-{number}");
    let path = dir.join(&name);
    let made = build(dir, &path, cache_mb);
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&path);
        return made;
    }
    disk::write_atomic(&dir.join("CURRENT"), name.as_bytes())?;
    for (n, p) in old {
        let to = dir.join(format!("damaged-index-{n}"));
        let _ = std::fs::remove_dir_all(&to);
        std::fs::rename(&p, &to).map_err(|e| StoreError::io("cannot move away", &p, &e))?;
    }
    disk::sync_dir(dir)?;
    made
}

fn indexes(dir: &Path) -> Vec<(u32, PathBuf)> {
    let all = std::fs::read_dir(dir).into_iter().flatten().flatten();
    all.filter_map(|e| Some((e.file_name().to_str()?.strip_prefix("index-")?.parse().ok()?, e.path())))
        .collect()
}

/// Holds the lock that sled takes, without opening what is damaged.
fn lock(db: &Path) -> Result<Option<std::fs::File>> {
    let Ok(f) = std::fs::File::open(db) else { return Ok(None) };
    match rustix::fs::flock(&f, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(f)),
        Err(_) => Err(StoreError::Locked(format!("another Hearken is using {}", db.display()))),
    }
}

fn build(dir: &Path, path: &Path, cache_mb: u64) -> Result<Rebuilt> {
    disk::folder(path)?;
    let blobs: Arc<dyn Blobs> = Arc::new(Folder::new(dir));
    let segments = segments_of(&*blobs);
    let kv: Arc<dyn Kv> = Arc::new(Sled::open(path, cache_mb)?);
    let store = open::over(dir, kv, blobs.clone(), cache_mb, Some(&segments))?;
    let mut out = Rebuilt::default();
    // Of two frames of one number the last one counts: the other is the rest of a crash, or was written anew.
    let mut last: HashMap<u64, Place> = HashMap::new();
    for (no, seg) in &segments {
        let bytes = read_segment(&*blobs, *no, seg)?;
        for p in frames_of(*no, &bytes).0 {
            let head = bytes.get(p.off as usize..).and_then(head_of);
            if let Some((_, owner)) = head.filter(|(kind, _)| *kind == FrameKind::Block as u8) {
                last.insert(owner, p);
            }
        }
    }
    let mut revisions: HashMap<Id, Vec<(u16, Place)>> = HashMap::new();
    let mut sources = Numbers::default();
    // What a revision or a note is about may lie in a later segment, if one was written anew: mentions first.
    let mut told: Vec<(Key, Id)> = Vec::new();
    for mentions in [true, false] {
        for (no, seg) in &segments {
            let bytes = read_segment(&*blobs, *no, seg)?;
            let (places, skipped) = frames_of(*no, &bytes);
            out.lost += if mentions { skipped } else { 0 };
            for chunk in places.chunks(4) {
                let mut stamps = Stamps::default();
                let mut w = Work::over(&store, &mut stamps);
                w.tx.batch.put(keys::segment(*no), codec::encode(seg)?);
                for p in chunk {
                    let raw = bytes.get(p.off as usize..(p.off + p.len) as usize).unwrap_or_default();
                    match Frame::unpack(raw) {
                        Err(_) => out.lost += u64::from(mentions),
                        Ok(f) if f.kind == FrameKind::Block as u8 => {
                            if mentions && last.get(&f.owner) == Some(p) {
                                out.mentions += block(&store, &mut w, (&mut sources, &mut told), *p, &f)?;
                            }
                        }
                        Ok(_) if mentions => {}
                        Ok(f) if f.kind == FrameKind::Revision as u8 => {
                            revisions.entry(Id(f.owner)).or_default().push((f.number, *p));
                            revision(&mut w.tx, &f)?;
                        }
                        Ok(f) => note(&mut w.tx, *p, &f)?,
                    }
                }
                w.tx.commit()?;
            }
            while store.tend_postings(false)? {}
        }
    }
    // Blocks came in any order: none of them may be left to the next opening, which reads only the newest.
    while store.tend_postings(true)? {}
    sources.write(&store)?;
    join(&store, told)?;
    let mut tx = Tx::new(&store.inner);
    for (id, mut all) in revisions {
        all.sort_unstable_by_key(|(number, p)| (*number, p.seg, p.off));
        if let Some(at) = tx.locate(id)? {
            let key = tx.block(at.block)?.rows.get(at.slot).map(|r| r.key);
            if let Some(key) = key {
                tx.side(key)?.revisions = all.into_iter().map(|(_, p)| p).collect();
            }
        }
    }
    tx.commit()?;
    let (tail, skipped) = super::log::all(&*blobs)?;
    out.lost += skipped;
    let end = {
        let mut core = store.core();
        core.log.count_from(tail.last().map_or(0, |(e, _)| e.seq));
        core.log.end()
    };
    let forgotten: Vec<Id> = tail
        .iter()
        .filter(|(e, _)| e.verb == "forget")
        .flat_map(|(e, _)| &e.changes)
        .filter_map(|c| if let Target::Mention(k) = &c.target { Some(k.id) } else { None })
        .collect();
    for some in tail.chunks(ENTRIES) {
        out.entries += some.len() as u64;
        store.replay(end, some.to_vec())?;
    }
    // Who was forgotten is on no list, and has neither tags nor notes.
    let mut tx = Tx::new(&store.inner);
    for id in forgotten {
        if let Some(at) = tx.locate(id)?
            && let Some(author) = tx.block(at.block)?.rows.get(at.slot).map(|r| r.author).filter(|a| *a != 0)
        {
            *tx.person(Id(author))? = PersonRec { forgotten: true, ..PersonRec::default() };
        }
    }
    tx.commit()?;
    store.inner.kv().sync()?;
    Ok(out)
}

/// Every segment, as it would be named.
fn segments_of(blobs: &dyn Blobs) -> BTreeMap<u32, Segment> {
    let mut out = BTreeMap::new();
    for file in blobs.list(super::segs::FOLDER) {
        let mut parts = file.split('/').skip(1).map(str::to_owned);
        let (Some(class), Some(month), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let no = name.strip_suffix(".seg").and_then(|n| n.parse().ok());
        let len = blobs.open(&file).map_or(0, |b| b.size());
        if let (Some(no), Ok(len)) = (no, u32::try_from(len)) {
            // Closed: nothing is appended behind what may be the rest of a crash.
            out.insert(no, Segment { class, month, len, closed: true });
        }
    }
    out
}

/// Sources by their names, with numbers given out anew.
#[derive(Default)]
struct Numbers(BTreeMap<String, (u32, SourceRec)>);

impl Numbers {
    fn of(&mut self, store: &Store, id: &str, network: &str) -> u32 {
        let next = self.0.len() as u32 + 1;
        let (no, rec) = self.0.entry(id.to_owned()).or_insert_with(|| {
            store.inner.name_source(next, id);
            (next, SourceRec { id: id.into(), network: network.into(), ..SourceRec::default() })
        });
        rec.health.heard += 1;
        *no
    }

    fn write(self, store: &Store) -> Result<()> {
        let mut tx = Tx::new(&store.inner);
        for (no, rec) in self.0.into_values() {
            tx.batch.put(keys::source(no), codec::encode(&rec)?);
        }
        tx.commit()
    }
}

/// Mentions that were found to be like others, each after the one that it is like: segments come in any order.
fn join(store: &Store, mut told: Vec<(Key, Id)>) -> Result<()> {
    told.sort_unstable();
    for some in told.chunks(200) {
        let mut stamps = Stamps::default();
        let mut w = Work::over(store, &mut stamps);
        for (key, first) in some {
            let (Some(first), Some(at)) = (w.key_of(*first)?, w.tx.locate(key.id)?) else { continue };
            if w.tx.side(*key)?.story.is_none() && w.join_to(first, *key)? {
                w.tx.set_flag(at, flag::STORY | flag::SIDE, true)?;
            }
        }
        w.tx.commit()?;
    }
    Ok(())
}

/// A block of mentions as they arrived.
fn block(
    store: &Store,
    w: &mut Work<'_>,
    (sources, told): (&mut Numbers, &mut Vec<(Key, Id)>),
    place: Place,
    f: &Frame,
) -> Result<u64> {
    let no = f.owner as u32;
    let mut rows = Vec::new();
    let mut links = Vec::new();
    for slot in 0..f.len() {
        let stored = Stored::decode(f.record(slot).unwrap_or_default())?;
        let m = &stored.mention;
        let mut flags = state_bits(stored.state);
        if *m == Mention::default() {
            // What was wiped left a stub.
            flags |= flag::GONE;
        }
        if !m.topics.is_empty() {
            flags |= flag::MATCHED;
        }
        let source = sources.of(store, &m.source, &m.network);
        rows.push(Row { key: stored.key, author: m.author.key(), source, flags });
        links.push(stored.links());
        if stored.told.0 != 0 {
            told.push((stored.key, stored.told));
        }
    }
    for (slot, (r, link)) in rows.iter().zip(&links).enumerate() {
        w.tx.postings.extend(postings_of(r, *link, no, slot));
    }
    let n = rows.len() as u64;
    let keys: Vec<_> = rows.iter().map(|r| r.key).collect();
    w.tx.new_block(Block { no, place, rows });
    for (slot, (key, link)) in keys.into_iter().zip(links).enumerate() {
        if link.own != 0 && w.join_story(link.own, key)? {
            w.tx.set_flag(super::Located { block: no, slot }, flag::STORY | flag::SIDE, true)?;
        }
    }
    let mut core = store.core();
    core.next_block = core.next_block.max(no + 1);
    Ok(n)
}

fn read_segment(blobs: &dyn Blobs, no: u32, seg: &Segment) -> Result<Vec<u8>> {
    read_all(&*blobs.open(&seg.name(no))?, u64::MAX)
}

/// A later text of a mention; one that brought it into the inbox says so.
fn revision(tx: &mut Tx<'_>, f: &Frame) -> Result<()> {
    let stored = Stored::decode(f.record(0).unwrap_or_default())?;
    if let Some(at) = tx.locate(Id(f.owner))? {
        tx.set_flag(at, flag::EDITED, true)?;
        let row = tx.block(at.block)?.rows.get_mut(at.slot);
        if let Some(r) = row.filter(|r| stored.state == State::Inbox && r.state() == State::Heard) {
            r.flags = (r.flags & !flag::STATE) | state_bits(State::Inbox) | flag::MATCHED;
        }
    }
    Ok(())
}

/// A note, or the newest state of a draft.
fn note(tx: &mut Tx<'_>, place: Place, f: &Frame) -> Result<()> {
    let n: StoredNote = codec::decode(f.record(0).unwrap_or_default())?;
    if !n.draft {
        let note = NoteRef { id: n.id, who: n.who, at: n.at };
        tx.batch.put(keys::note(n.id), codec::encode(&NoteRec { note, place, erased: false })?);
        return Ok(());
    }
    let Some(at) = tx.locate(n.about)? else { return Ok(()) };
    let Some(mention) = tx.block(at.block)?.rows.get(at.slot).map(|r| r.key) else { return Ok(()) };
    if tx.draft(n.id)?.is_none_or(|d| d.saved_at <= n.at) {
        let (id, who, saved_at) = (n.id, n.who, n.at);
        let rec = DraftRec {
            id,
            mention,
            who,
            saved_at,
            place,
            discarded: false,
            posted: None,
            stage: Stage::Writing,
            changes: None,
            goes: crate::model::outgoing::Goes::default(),
        };
        tx.put_draft(&rec)?;
        tx.set_flag(at, flag::DRAFT, true)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
