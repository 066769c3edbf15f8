//! A change in the making: the values that one batch will write, read through so that later steps see the
//! earlier ones. Nothing is visible, in the tree or in memory, before `commit`.

use super::block::{Block, flag};
use super::codec;
use super::error::{Result, StoreError};
use super::index::Meta;
use super::kv::Batch;
use super::records::{PersonRec, Side, Story};
use super::runs::{Family, Posting};
use super::{Inner, Located, fulltext, keys};
use crate::model::{Id, Key, Stamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Read marks of one person for one group of 32 blocks.
pub type Marks = [u64; 32];

/// See the room's words.
pub struct Tx<'a> {
    inner: &'a Inner,
    pub batch: Batch,
    blocks: BTreeMap<u32, Block>,
    sides: HashMap<Id, Side>,
    stories: HashMap<Id, Story>,
    people: HashMap<Id, PersonRec>,
    pub marks: HashMap<(u64, u32), Marks>,
    pub postings: Vec<(Family, Posting)>,
    removed: Vec<u32>,
    /// Blocks whose words change: they are filed again for searching.
    stale: BTreeSet<u32>,
    /// When what is changed here was asked for.
    pub now: Stamp,
}

impl<'a> Tx<'a> {
    pub fn new(inner: &'a Inner) -> Tx<'a> {
        Tx {
            inner,
            batch: Batch::default(),
            blocks: BTreeMap::new(),
            sides: HashMap::new(),
            stories: HashMap::new(),
            people: HashMap::new(),
            marks: HashMap::new(),
            postings: Vec::new(),
            removed: Vec::new(),
            stale: BTreeSet::new(),
            now: Stamp::now(),
        }
    }

    pub fn inner(&self) -> &Inner {
        self.inner
    }

    pub fn kv(&self) -> std::sync::Arc<dyn super::kv::Kv> {
        self.inner.kv()
    }

    pub fn new_block(&mut self, b: Block) {
        self.blocks.insert(b.no, b);
    }

    pub fn source(&self, id: &str) -> Result<Option<(u32, super::SourceRec)>> {
        let Some(no) = self.inner.source_no(id) else { return Ok(None) };
        Ok(self.inner.source_rec(no)?.map(|r| (no, r)))
    }

    /// Takes a block out of the tree and of the summaries.
    pub fn remove_block(&mut self, b: &Block) {
        self.batch.delete(keys::block(b.max(), b.no));
        self.blocks.remove(&b.no);
        self.removed.push(b.no);
        self.stale.insert(b.no);
    }

    /// Notes that what was published at a place is another now, or gone.
    pub fn reword(&mut self, at: Located) {
        self.stale.insert(at.block);
    }

    pub fn block(&mut self, no: u32) -> Result<&mut Block> {
        if !self.blocks.contains_key(&no) {
            let b = self.inner.block(no)?;
            self.blocks.insert(no, b);
        }
        self.blocks.get_mut(&no).ok_or_else(|| StoreError::corrupt(format!("block {no} is not there")))
    }

    /// Where a mention stands, also if it was added by this change.
    pub fn locate(&self, id: Id) -> Result<Option<Located>> {
        // What this change takes away is not there any more; it may stand in a new block already.
        if let Some(at) = self.inner.locate(id)?.filter(|at| !self.removed.contains(&at.block)) {
            return Ok(Some(at));
        }
        Ok(self.blocks.iter().find_map(|(no, b)| b.slot(id).map(|slot| Located { block: *no, slot })))
    }

    /// The spans for which a topic counted a mention as its own when its text, as it stands, came.
    pub fn topic_spans(
        &mut self,
        at: Located,
        key: Key,
        topic: &str,
    ) -> Result<Option<Vec<(bool, u32, u32)>>> {
        let block = self.block(at.block)?;
        if block.rows.get(at.slot).is_none_or(|r| r.has(flag::GONE)) {
            return Ok(None);
        }
        let first = (block.place, at.slot);
        let (place, slot) = self.side(key)?.revisions.last().map_or(first, |p| (*p, 0));
        let topics = self.inner.stored(place, slot)?.mention.topics;
        Ok(topics.into_iter().find(|t| t.topic == topic).map(|t| t.spans))
    }

    pub fn set_flag(&mut self, at: Located, bit: u16, on: bool) -> Result<()> {
        let b = self.block(at.block)?;
        let row = b.rows.get_mut(at.slot).ok_or_else(|| StoreError::corrupt("a slot is not there"))?;
        if on {
            row.flags |= bit
        } else {
            row.flags &= !bit
        }
        Ok(())
    }

    pub fn side(&mut self, key: Key) -> Result<&mut Side> {
        if !self.sides.contains_key(&key.id) {
            let s = self.inner.side(key.id)?.unwrap_or_else(|| Side { key, ..Side::default() });
            self.sides.insert(key.id, s);
        }
        self.sides.get_mut(&key.id).ok_or_else(|| StoreError::corrupt("a side record is not there"))
    }

    /// The story that a mention is counted to, as this change sees it; asking changes nothing.
    pub fn story_of(&self, id: Id) -> Result<Option<Id>> {
        match self.sides.get(&id) {
            Some(s) => Ok(s.story),
            None => Ok(self.inner.side(id)?.and_then(|s| s.story)),
        }
    }

    pub fn story(&mut self, id: Id) -> Result<&mut Story> {
        if !self.stories.contains_key(&id) {
            let s = self.inner.story(id)?.unwrap_or_default();
            self.stories.insert(id, s);
        }
        self.stories.get_mut(&id).ok_or_else(|| StoreError::corrupt("a story is not there"))
    }

    pub fn person(&mut self, id: Id) -> Result<&mut PersonRec> {
        if !self.people.contains_key(&id) {
            let p = self.inner.person(id)?.unwrap_or_default();
            self.people.insert(id, p);
        }
        self.people.get_mut(&id).ok_or_else(|| StoreError::corrupt("a person is not there"))
    }

    pub fn marks(&mut self, person: u64, group: u32) -> Result<&mut Marks> {
        let k = (person, group);
        if let std::collections::hash_map::Entry::Vacant(v) = self.marks.entry(k) {
            v.insert(self.inner.marks(person, group)?);
        }
        self.marks.get_mut(&k).ok_or_else(|| StoreError::corrupt("read marks are not there"))
    }

    /// Writes everything as one batch, syncs it, and only then shows it to readers.
    pub fn commit(mut self) -> Result<()> {
        let mut metas = BTreeMap::new();
        let mut filed = Vec::new();
        for (id, side) in &self.sides {
            let empty = side.is_empty();
            match self.locate(*id)? {
                Some(at) => {
                    filed.push((at, fulltext::words_of(side)));
                    if !self.blocks.contains_key(&at.block) {
                        let b = self.inner.block(at.block)?;
                        self.blocks.insert(at.block, b);
                    }
                    if let Some(row) = self.blocks.get_mut(&at.block).and_then(|b| b.rows.get_mut(at.slot)) {
                        if empty { row.flags &= !flag::SIDE } else { row.flags |= flag::SIDE }
                    }
                }
                None => return Err(StoreError::corrupt(format!("mention {id} has no block"))),
            }
            if empty {
                self.batch.delete(keys::side(*id));
            } else {
                self.batch.put(keys::side(*id), codec::encode(side)?);
            }
        }
        for no in &self.stale {
            self.batch.put(keys::stale(*no), Vec::new());
        }
        for (no, b) in &self.blocks {
            self.batch.put(keys::block(b.max(), *no), b.encode());
            metas.insert(*no, Meta::of(b));
        }
        for no in &self.removed {
            metas.insert(*no, Meta::default());
        }
        for (id, s) in &self.stories {
            self.batch.put(keys::story(*id), codec::encode(s)?);
        }
        for (id, p) in &self.people {
            self.batch.put(keys::person(*id), codec::encode(p)?);
        }
        for ((person, group), m) in &self.marks {
            let bytes: Vec<u8> = m.iter().flat_map(|w| w.to_le_bytes()).collect();
            self.batch.put(keys::read_marks(*person, *group), bytes);
        }
        {
            let index = self.inner.index();
            let mut last = None;
            for no in metas.keys() {
                let g = no / super::index::GROUP;
                if last != Some(g) {
                    self.batch.put(keys::group(g), index.group_bytes(g, &metas));
                    last = Some(g);
                }
            }
        }
        let commits = self.inner.next_commit();
        self.batch.put(keys::meta("commits"), codec::encode(&commits)?);
        self.inner.write(&self.batch)?;
        self.inner.committed(commits);
        self.inner.show(metas, self.postings, &self.people, self.marks, (self.stale, filed));
        Ok(())
    }
}
