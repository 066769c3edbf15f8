//! Does everything agree? Every block, summary, posting, side record, note and draft is held against the
//! records, and on request made again from them.

use super::error::{Result, StoreError};
use super::index::{GROUP, Index, Meta};
use super::records::{DraftRec, NoteRec, Side, Stored};
use super::runs::Family;
use super::{Store, codec, keys, kv};
use crate::model::Id;
use std::collections::{BTreeMap, HashMap};

/// Something that does not agree, as a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub text: String,
    /// It was put right.
    pub repaired: bool,
}

/// The postings of one block, added up: each place once, and which keys stand there.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Seen {
    slots: u64,
    sum: u64,
}

impl Seen {
    fn add(&mut self, key: u64, slot: u8) {
        // A posting that was written twice, as after a kill, counts once.
        let bit = 1u64 << (slot % 64);
        if self.slots & bit == 0 {
            self.slots |= bit;
            self.sum = self.sum.wrapping_add(key.rotate_left(u32::from(slot)));
        }
    }
}

/// Times that the search index is looked at before what differs is said.
const LOOKS: usize = 3;

/// How a finding begins that a rebuild of the index puts right.
pub const POSTINGS: &str = "the postings";

impl Store {
    /// Verifies the whole store; with `repair`, summaries are made anew and records that lead nowhere taken
    /// out. Gives the number of mentions and what was found.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn check(&self, repair: bool) -> Result<(u64, Vec<Finding>)> {
        let _core = self.writing()?;
        let mut found: Vec<Finding> = Vec::new();
        let mut mentions = 0u64;
        let mut metas: BTreeMap<u32, Meta> = BTreeMap::new();
        let mut blocks = Vec::new();
        let mut wanted: HashMap<(Family, u32), Seen> = HashMap::new();
        let mut add = |text: String, repaired: bool| found.push(Finding { text, repaired });
        kv::scan(&*self.inner.kv(), b"b", &mut |k, v| {
            blocks.push((k.to_vec(), super::Block::decode(v)));
            true
        })?;
        let mut batch = super::Batch::default();
        for (k, b) in blocks {
            let b = match b {
                Ok(b) => b,
                Err(e) => {
                    add(format!("a block cannot be read: {e}"), false);
                    continue;
                }
            };
            if k != keys::block(b.max(), b.no) || metas.insert(b.no, Meta::of(&b)).is_some() {
                add(format!("block {} stands under a wrong key", b.no), false);
            }
            mentions += b.rows.len() as u64;
            let frame = match self.inner.segs.raw(b.place).and_then(|raw| super::segs::Frame::unpack(&raw)) {
                Ok(f) if f.len() == b.rows.len() => f,
                Ok(_) => {
                    add(format!("the texts of block {} are not as many as its mentions", b.no), false);
                    continue;
                }
                Err(e) => {
                    add(format!("the texts of block {}: {e}", b.no), false);
                    continue;
                }
            };
            for (slot, r) in b.rows.iter().enumerate() {
                match frame.record(slot).map(Stored::decode) {
                    Some(Ok(s)) if s.key == r.key => {}
                    _ => add(format!("the text of {} is not where it should be", r.key.id), false),
                }
                for (family, key) in [
                    (Family::Id, r.key.id.0),
                    (Family::Author, r.author),
                    (Family::Source, u64::from(r.source)),
                ] {
                    if key != 0 {
                        wanted.entry((family, b.no)).or_default().add(key, slot as u8);
                    }
                }
            }
        }
        self.check_postings(&wanted, &metas, &mut add)?;
        self.check_summaries(&metas, repair, &mut batch, &mut add);
        self.check_records(repair, &mut batch, &mut add)?;
        self.check_log(repair, &mut batch, &mut add)?;
        if repair && !batch.ops.is_empty() {
            self.inner.write(&batch)?;
            let mut index = Index::default();
            for (no, m) in &metas {
                index.set(*no, *m);
            }
            *self.inner.index_mut() = index;
        }
        // The index of words has a lock of its own, under which it waits for this one.
        drop(_core);
        self.check_search(repair, &mut |text, repaired| found.push(Finding { text, repaired }))?;
        Ok((mentions, found))
    }

    /// Every posting is read once and added up by block, as the blocks themselves were.
    fn check_postings(
        &self,
        wanted: &HashMap<(Family, u32), Seen>,
        metas: &BTreeMap<u32, Meta>,
        add: &mut impl FnMut(String, bool),
    ) -> Result<()> {
        for family in [Family::Id, Family::Author, Family::Source] {
            let mut found: HashMap<u32, Seen> = HashMap::new();
            self.inner.search.every(family, &mut |p| {
                if metas.contains_key(&p.block) {
                    found.entry(p.block).or_default().add(p.key, p.slot);
                }
            })?;
            for no in metas.keys() {
                if wanted.get(&(family, *no)).copied().unwrap_or_default()
                    != found.get(no).copied().unwrap_or_default()
                {
                    add(format!("{POSTINGS} of block {no} are wrong ({family:?})"), false);
                }
            }
        }
        Ok(())
    }

    /// What is filed for searching is what is there: each mention once, and nothing that is gone.
    fn check_search(&self, repair: bool, add: &mut impl FnMut(String, bool)) -> Result<()> {
        let f = &self.inner.fulltext;
        let wrong = match f.damaged() {
            Ok(0) => self.search_stays_different().unwrap_or_else(|e| Some(e.to_string())),
            Ok(n) => Some(format!("{n} of its files are damaged")),
            Err(e) => Some(e.to_string()),
        };
        let Some(why) = wrong else { return Ok(()) };
        let repaired = repair && f.reset().is_ok();
        let then = if repaired { "; it was thrown away and is made anew while Hearken runs" } else { "" };
        add(format!("the search index: {why}{then}"), repaired);
        Ok(())
    }

    /// How the search index differs for good: what is filed and changed meanwhile looks wrong for a moment.
    fn search_stays_different(&self) -> Result<Option<String>> {
        for _ in 0..LOOKS {
            let Some(first) = self.search_differs()? else { break };
            std::thread::sleep(std::time::Duration::from_millis(100));
            let second = self.search_differs()?;
            if second.as_ref() == Some(&first) {
                return Ok(second);
            }
        }
        Ok(None)
    }

    /// How the search index differs from what is there, in words.
    fn search_differs(&self) -> Result<Option<String>> {
        let f = &self.inner.fulltext;
        let Some((_, upto, stale)) = f.state() else { return Ok(None) };
        let blocks = self.inner.index().len() as usize;
        let Some((held, twice)) = f.places(blocks)? else { return Ok(None) };
        let (mut lost, mut gone) = (0u64, 0u64);
        let index = self.inner.index();
        for no in (0..upto.min(blocks as u32)).filter(|no| !stale.contains(no)) {
            let is = held.0.get(no as usize).copied().unwrap_or(0);
            let should = index.meta(no).map_or(0, |m| m.in_states(0b1111) & !m.gone);
            lost += u64::from((should & !is).count_ones());
            gone += u64::from((is & !should).count_ones());
        }
        Ok((lost + gone + twice > 0).then(|| {
            format!("{lost} mentions are not in it, {gone} are that should not be, {twice} are twice")
        }))
    }

    /// Every entry that the tree names must be in the log.
    fn check_log(
        &self,
        repair: bool,
        batch: &mut super::Batch,
        add: &mut impl FnMut(String, bool),
    ) -> Result<()> {
        let mut seqs = Vec::new();
        kv::scan(&*self.inner.kv(), b"l", &mut |k, _| {
            seqs.extend(k.get(1..9).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes));
            true
        })?;
        for seq in seqs {
            match self.entry(seq) {
                Ok(e) if e.seq == seq => {}
                Ok(e) => add(format!("log entry {seq} says that it is entry {}", e.seq), false),
                Err(e) => {
                    if repair {
                        batch.delete(keys::log(seq));
                    }
                    add(format!("entry {seq} of the log is lost: {e}"), repair);
                }
            }
        }
        Ok(())
    }

    fn check_summaries(
        &self,
        metas: &BTreeMap<u32, Meta>,
        repair: bool,
        batch: &mut super::Batch,
        add: &mut impl FnMut(String, bool),
    ) {
        let index = self.inner.index();
        let mut groups = std::collections::BTreeSet::new();
        for (no, m) in metas {
            if index.meta(*no) != Some(m) {
                add(format!("the summary of block {no} is wrong"), repair);
                groups.insert(no / GROUP);
            }
        }
        for (no, _) in index.metas() {
            if !metas.contains_key(&no) {
                add(format!("there is a summary of block {no}, but no block"), repair);
                groups.insert(no / GROUP);
            }
        }
        let mut right = Index::default();
        for (no, m) in metas {
            right.set(*no, *m);
        }
        for g in groups {
            batch.put(keys::group(g), right.group_bytes(g, &BTreeMap::new()));
        }
    }

    /// Side records, notes and drafts must lead somewhere.
    fn check_records(
        &self,
        repair: bool,
        batch: &mut super::Batch,
        add: &mut impl FnMut(String, bool),
    ) -> Result<()> {
        let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for letter in [b"x", b"n", b"d", b"z"] {
            kv::scan(&*self.inner.kv(), letter, &mut |k, v| {
                all.push((k.to_vec(), v.to_vec()));
                true
            })?;
        }
        for (k, v) in all {
            let wrong = match k.first() {
                Some(b'x') => match codec::decode::<Side>(&v) {
                    Ok(s) if self.inner.locate(s.key.id)?.is_some() => {
                        // Only a text that is lost is taken out of the record, never what people did.
                        let lost = |p: &super::Place| {
                            matches!(self.inner.stored(*p, 0), Err(StoreError::Corrupt(_)))
                        };
                        let bad = s.revisions.iter().filter(|p| lost(p)).count();
                        if bad > 0 {
                            if repair {
                                let mut right = s.clone();
                                right.revisions.retain(|p| !lost(p));
                                batch.put(k.clone(), codec::encode(&right)?);
                            }
                            add(format!("{bad} later texts of {} are lost", s.key.id), repair);
                        }
                        None
                    }
                    Ok(s) => Some(format!("what was done to {} has no mention", s.key.id)),
                    Err(e) => Some(e.to_string()),
                },
                Some(b'n') => match codec::decode::<NoteRec>(&v) {
                    Ok(n) if n.erased => None,
                    Ok(n) => self.inner.segs.frame(n.place).err().map(|e| format!("a note: {e}")),
                    Err(e) => Some(e.to_string()),
                },
                Some(b'd') => match codec::decode::<DraftRec>(&v) {
                    Ok(d) => self.inner.segs.frame(d.place).err().map(|e| format!("a draft: {e}")),
                    Err(e) => Some(e.to_string()),
                },
                _ => {
                    let id = k.get(9..17).and_then(|b| b.try_into().ok()).map(|b| Id(u64::from_be_bytes(b)));
                    let side = id.map(|i| self.inner.side(i)).transpose()?.flatten();
                    let due = k.get(1..9).and_then(|b| b.try_into().ok()).map(i64::from_be_bytes);
                    (side.and_then(|s| s.snoozed_until).map(|t| t.0) != due)
                        .then(|| "a snooze without a mention".into())
                }
            };
            if let Some(text) = wrong {
                // Only what leads nowhere is taken out; a text is never thrown away.
                let lost = matches!(k.first(), Some(b'x' | b'z')) && repair;
                if lost {
                    batch.delete(k);
                }
                add(text, lost);
            }
        }
        Ok(())
    }
}
