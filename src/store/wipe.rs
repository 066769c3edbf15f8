//! Erasing for good. A wipe takes effect at once on every way of reading; then the segments that hold the text
//! are written anew without it and the old files removed, so that no byte of it is left.

use super::block::{Place, flag};
use super::error::Result;
use super::records::{DraftRec, NoteRec, Side, Stored};
use super::runs::Family;
use super::segs::{Frame, FrameKind, SEGMENT, Segment, pack};
use super::tx::Tx;
use super::verbs::Asker;
use super::{Store, codec, keys, kv};
use crate::model::{Applied, Id, Key, Mention, Stamp, Targets, Verb};
use std::collections::{BTreeSet, HashMap, HashSet};

impl Store {
    /// Wipes mentions: their texts are gone for every reader when this returns, and off the disk too.
    ///
    /// # Errors
    /// If the disk fails; what is pending is wiped by the next `scrub`.
    pub fn wipe(&self, asker: &Asker, targets: &Targets, now: Stamp) -> Result<Applied> {
        let done = self.act(asker, &Verb::Wipe, targets, now, true)?;
        self.scrub()?;
        Ok(done)
    }

    /// Forgets people: everything they published that we hold, and every note about them. Counts stay.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn forget(&self, asker: &Asker, people: &[Id], now: Stamp) -> Result<Applied> {
        let mut all: Vec<Key> = Vec::new();
        for p in people {
            for posting in self.inner.search.newest(Family::Author, p.0, u64::MAX, usize::MAX)? {
                let at = super::Located { block: posting.block, slot: usize::from(posting.slot) };
                if self.inner.index().meta(at.block).is_none() {
                    continue;
                }
                all.extend(
                    self.inner.block(at.block)?.rows.get(at.slot).filter(|r| r.author == p.0).map(|r| r.key),
                );
            }
        }
        let done = self.act(asker, &Verb::Forget, &Targets::Mentions(all.clone()), now, true)?;
        {
            let _core = self.writing()?;
            let mut tx = Tx::new(&self.inner);
            for p in people {
                let rec = tx.person(*p)?;
                let notes = std::mem::take(&mut rec.notes);
                rec.tags.clear();
                rec.vip = false;
                rec.forgotten = true;
                for n in notes {
                    erase_note(&mut tx, self, n.id)?;
                }
            }
            // Also of what was wiped before: what we wrote about it and to it.
            for key in &all {
                for n in tx.side(*key)?.notes.clone() {
                    erase_note(&mut tx, self, n.id)?;
                }
            }
            let about: HashSet<Id> = all.iter().map(|k| k.id).collect();
            let mut drafts: Vec<DraftRec> = Vec::new();
            kv::scan(&*self.inner.kv(), b"d", &mut |_, v| {
                drafts.extend(codec::decode::<DraftRec>(v).ok().filter(|d| about.contains(&d.mention.id)));
                true
            })?;
            for d in drafts {
                tx.batch.delete(keys::draft(d.id));
                tx.batch.delete(keys::going(d.id));
                tx.batch.delete(keys::open(d.mention.id, d.id));
                tx.batch.delete(keys::sending(d.id));
                tx.batch.delete(keys::begun(d.id));
                tx.batch.put(keys::wipe(d.id), codec::encode(&vec![d.place.seg])?);
                if let Some(at) = tx.locate(d.mention.id)? {
                    tx.set_flag(at, flag::DRAFT, false)?;
                }
            }
            tx.commit()?;
        }
        self.scrub()?;
        Ok(done)
    }

    /// Writes anew every segment that holds a wiped text. Gives the number of segments.
    ///
    /// # Errors
    /// If the disk fails; it can be tried again.
    pub fn scrub(&self) -> Result<usize> {
        let _sweeping = self.sweeping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut pending: Vec<Id> = Vec::new();
        let mut segments = BTreeSet::new();
        kv::scan(&*self.inner.kv(), b"w", &mut |k, v| {
            pending.extend(k.get(1..9).and_then(|b| b.try_into().ok()).map(|b| Id(u64::from_be_bytes(b))));
            segments.extend(codec::decode::<Vec<u32>>(v).unwrap_or_default());
            true
        })?;
        if pending.is_empty() {
            return Ok(0);
        }
        for id in &pending {
            if let Some(n) = self.inner.note(*id)? {
                segments.insert(n.place.seg);
            }
            if let Some(at) = self.inner.locate(*id)? {
                let b = self.inner.block(at.block)?;
                segments.insert(b.place.seg);
                // Later texts beyond those that are kept are named by nobody: they lie somewhere in its month.
                let edited = b.rows.get(at.slot).is_some_and(|r| r.has(flag::EDITED));
                if let Some(own) = self.inner.segs.get(b.place.seg).filter(|_| edited) {
                    let same = |s: &Segment| s.class == own.class && s.month == own.month;
                    segments.extend(self.inner.segs.all().iter().filter(|(_, s)| same(s)).map(|(n, _)| *n));
                }
            } else if self.inner.draft_rec(*id)?.is_none() && self.inner.note(*id)?.is_none() {
                // A draft that is gone: each time that it was saved left a text.
                let all = self.inner.segs.all();
                segments.extend(all.iter().filter(|(_, s)| s.class == super::notes::NOTES).map(|(n, _)| *n));
            }
        }
        for no in &segments {
            self.rewrite(*no)?;
        }
        let _core = self.writing()?;
        let mut batch = super::Batch::default();
        for id in pending {
            batch.delete(keys::wipe(id));
            if self.inner.note(id)?.is_some_and(|n| n.erased) {
                batch.delete(keys::note(id));
            }
        }
        self.inner.write(&batch)?;
        drop(_core);
        self.purge()?;
        Ok(segments.len())
    }

    /// Writes the living frames of a segment into a new one and removes the old file.
    pub(super) fn rewrite(&self, old: u32) -> Result<()> {
        let (new, seg) = {
            let mut core = self.writing()?;
            let Some(mut seg) = self.inner.segs.get(old) else { return Ok(()) };
            seg.closed = true;
            core.active.retain(|_, a| a.no != old);
            let mut batch = super::Batch::default();
            batch.put(keys::segment(old), codec::encode(&seg)?);
            self.inner.write(&batch)?;
            self.inner.segs.set(old, seg.clone());
            let new = core.next_segment;
            core.next_segment += 1;
            (new, Segment { len: 0, ..seg })
        };
        // Nothing is appended to the old segment any more: it is read without holding anybody up.
        let out = self.inner.segs.open_for_append(new, &seg)?;
        let mut at = 0;
        let mut moved: Vec<(Place, Place, u8, u64)> = Vec::new();
        for place in self.inner.segs.places(old)? {
            let raw = self.inner.segs.raw(place)?;
            let frame = Frame::unpack(&raw)?;
            let Some(bytes) = self.living(place, &frame, raw)? else { continue };
            let len = bytes.len() as u32;
            out.write_at(&bytes, u64::from(at))?;
            moved.push((place, Place { seg: new, off: at, len }, frame.kind, frame.owner));
            at += len;
        }
        out.sync()?;
        let seg = Segment { len: at, closed: at >= SEGMENT, ..seg };
        let _core = self.writing()?;
        let mut tx = Tx::new(&self.inner);
        for (from, to, kind, owner) in moved {
            self.repoint(&mut tx, from, to, kind, owner)?;
        }
        tx.batch.put(keys::segment(new), codec::encode(&seg)?);
        tx.batch.delete(keys::segment(old));
        self.inner.segs.set(new, seg);
        tx.commit()?;
        self.inner.segs.remove(old)
    }

    /// The bytes of a frame without what was wiped; `None` if nothing in it lives.
    fn living(&self, place: Place, frame: &Frame, raw: Vec<u8>) -> Result<Option<Vec<u8>>> {
        let owner = frame.owner;
        if frame.kind == FrameKind::Block as u8 {
            let no = owner as u32;
            if self.inner.index().meta(no).is_none() {
                return Ok(None);
            }
            let b = self.inner.block(no)?;
            if b.place != place {
                return Ok(None);
            }
            if !b.rows.iter().any(|r| r.has(flag::GONE)) {
                return Ok(Some(raw));
            }
            let records = b
                .rows
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    if r.has(flag::GONE) {
                        let stub = Stored {
                            key: r.key,
                            state: r.state(),
                            link: 0,
                            mention: Mention::default(),
                            thread: 0,
                            told: Id::default(),
                            passed: 0,
                        };
                        codec::encode(&stub)
                    } else {
                        Ok(frame.record(i).unwrap_or_default().to_vec())
                    }
                })
                .collect::<Result<Vec<_>>>()?;
            return pack(FrameKind::Block, owner, &records).map(Some);
        }
        if frame.kind == FrameKind::Revision as u8 {
            let Some(at) = self.inner.locate(Id(owner))? else { return Ok(None) };
            let gone = self.inner.block(at.block)?.rows.get(at.slot).is_none_or(|r| r.has(flag::GONE));
            let named = self.inner.side(Id(owner))?.is_some_and(|s| s.revisions.contains(&place));
            return Ok((named && !gone).then_some(raw));
        }
        let note = self.inner.note(Id(owner))?.is_some_and(|n| n.place == place && !n.erased);
        let draft = self.inner.draft_rec(Id(owner))?.is_some_and(|d| d.place == place);
        Ok((note || draft).then_some(raw))
    }

    /// Points whatever named `from` to `to`, if it still does.
    fn repoint(&self, tx: &mut Tx<'_>, from: Place, to: Place, kind: u8, owner: u64) -> Result<()> {
        if kind == FrameKind::Block as u8 {
            let b = tx.block(owner as u32)?;
            if b.place == from {
                b.place = to;
            }
        } else if kind == FrameKind::Revision as u8 {
            let Some(key) = self.inner.side(Id(owner))?.map(|s: Side| s.key) else { return Ok(()) };
            for p in tx.side(key)?.revisions.iter_mut().filter(|p| **p == from) {
                *p = to;
            }
        } else {
            if let Some(n) = self.inner.note(Id(owner))?.filter(|n| n.place == from) {
                tx.batch.put(keys::note(Id(owner)), codec::encode(&NoteRec { place: to, ..n })?);
            }
            if let Some(mut d) = tx.draft(Id(owner))?.filter(|d| d.place == from) {
                d.place = to;
                tx.put_draft(&d)?;
            }
        }
        Ok(())
    }
}

pub(super) fn erase_note(tx: &mut Tx<'_>, store: &Store, id: Id) -> Result<()> {
    if let Some(n) = store.inner.note(id)? {
        tx.batch.put(keys::note(id), codec::encode(&NoteRec { erased: true, ..n })?);
        tx.batch.put(keys::wipe(id), Vec::new());
    }
    Ok(())
}

/// Segments by class, with how old their month is: for retention.
pub(super) fn by_class(store: &Store) -> HashMap<String, Vec<(u32, Segment)>> {
    let mut out: HashMap<String, Vec<(u32, Segment)>> = HashMap::new();
    for (no, s) in store.inner.segs.all() {
        out.entry(s.class.clone()).or_default().push((no, s));
    }
    out
}
