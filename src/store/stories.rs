//! Which mentions tell one story: those with the same canonical address, those that pass the same address on, and those
//! whose words are alike. The last two are looked for among what came lately, which is held in memory.

use super::block::{Row, flag};
use super::error::Result;
use super::ingest::Work;
use super::records::{Stored, Story};
use super::runs::{Family, Posting};
use super::{Located, Store};
use crate::model::{Id, Key, Likeness, Signature, State};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tellings of a story that are joined.
const STORY_MAX: usize = 500;
/// Mentions that are remembered, some 20 MB of them: of what entered the inbox, not of all that is heard.
const MOST: usize = 32_768;
/// Entries with one band that are remembered: the newest may have been split off.
const EACH: usize = 3;
/// A story is told on for so long, in µs: three days.
const NEWS_US: u64 = 3 * 24 * 3600 * 1_000_000;
/// Mentions that are read again at the start.
const AGAIN: usize = 16_384;

/// What came lately.
#[derive(Default)]
pub struct Recent(Mutex<Window>);

#[derive(Default)]
struct Window {
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    first: u64,
    /// The newest entries with a band of a signature, with an address that is passed on; 0 for none.
    bands: HashMap<(u8, u32), Newest>,
    passed: HashMap<u64, Newest>,
}

/// Numbers of entries, counted from 1, the newest first.
type Newest = [u32; EACH];

struct Entry {
    key: Key,
    /// Its address and its discussion.
    link: u64,
    thread: u64,
    like: Likeness,
}

impl Window {
    fn add(&mut self, e: Entry) {
        if e.like.passed == 0 && e.like.signature.is_none() {
            return;
        }
        let no = (self.first + self.entries.len() as u64 + 1) as u32;
        let put = |at: &mut Newest| {
            at.rotate_right(1);
            at[0] = no;
        };
        for (i, b) in e.like.bands() {
            put(self.bands.entry((i, b)).or_default());
        }
        if e.like.passed != 0 {
            put(self.passed.entry(e.like.passed).or_default());
        }
        self.entries.push_back(e);
        while self.entries.len() > MOST {
            let Some(old) = self.entries.pop_front() else { break };
            self.first += 1;
            let gone = self.first as u32;
            // What has only older ones is known no more.
            for k in old.like.bands() {
                if self.bands.get(&k).is_some_and(|n| n[0] == gone) {
                    self.bands.remove(&k);
                }
            }
            if self.passed.get(&old.like.passed).is_some_and(|n| n[0] == gone) {
                self.passed.remove(&old.like.passed);
            }
        }
    }

    fn entry(&self, no: u32) -> Option<&Entry> {
        // Numbers are cut to 32 bits: the distance from the first tells which one is meant.
        let at = no.wrapping_sub(self.first as u32).checked_sub(1)?;
        if no == 0 { None } else { self.entries.get(at as usize) }
    }

    /// What may tell the same, the likest first.
    fn alike(&self, new: &Entry) -> Vec<Key> {
        let passed = self.passed.get(&new.like.passed).filter(|_| new.like.passed != 0);
        let mut found: Vec<(usize, Key)> = Vec::new();
        let fresh = |e: &Entry| e.key.time.abs_diff(new.key.time) <= NEWS_US && !e.answers(new);
        let nos = passed.into_iter().flatten().filter_map(|no| self.entry(*no));
        found.extend(nos.filter(|e| fresh(e)).map(|e| (usize::MAX, e.key)));
        if let Some(s) = &new.like.signature {
            let mut nos: Vec<u32> =
                new.like.bands().filter_map(|k| self.bands.get(&k)).flatten().copied().collect();
            nos.sort_unstable();
            nos.dedup();
            let like = |e: &&Entry| e.like.signature.as_ref().is_some_and(|o| o.is_like(s));
            let all = nos.into_iter().filter_map(|no| self.entry(no)).filter(|e| fresh(e)).filter(like);
            found.extend(all.map(|e| (e.like.signature.as_ref().map_or(0, |o| o.shared(s)), e.key)));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.into_iter().map(|f| f.1).collect()
    }
}

impl Entry {
    /// True if one answers the other, or both stand in one discussion: who quotes does not tell on.
    fn answers(&self, o: &Entry) -> bool {
        let same = |a: u64, b: u64| a != 0 && a == b;
        same(self.thread, o.thread) || same(self.thread, o.link) || same(self.link, o.thread)
    }
}

impl Recent {
    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work<'_> {
    /// Joins a new mention to the story that it tells, if one is known. Gives how it was found: nothing for its own
    /// address, the mention that it is like else.
    pub(super) fn join_any(
        &mut self,
        (link, thread): (u64, u64),
        like: Likeness,
        (key, state): (Key, State),
    ) -> Result<Option<Option<Id>>> {
        let mut joined = (link != 0 && self.join_story(link, key)?).then_some(None);
        // A story is a row of the inbox; what is merely heard is not looked through for likenesses.
        if state != State::Inbox {
            return Ok(joined);
        }
        let entry = Entry { key, link, thread, like };
        let mut answers = false;
        if joined.is_none() {
            let told;
            (told, answers) = self.join_alike(&entry)?;
            joined = told.map(Some);
        }
        // What is never committed is not found again: it stands nowhere.
        if !answers {
            self.store.inner.recent.window().add(entry);
        }
        Ok(joined)
    }

    /// Joins it to what it is like. Gives that mention, and whether it is an answer to a telling and none itself.
    fn join_alike(&mut self, new: &Entry) -> Result<(Option<Id>, bool)> {
        let page = self.first_with(new.like.passed)?;
        let others = self.store.inner.recent.window().alike(new);
        if page.is_none() && others.is_empty() {
            return Ok((None, false));
        }
        // Who answers a telling is no telling, whichever of them it is like.
        let answered = match self.first_with(new.thread)? {
            Some(k) => Some(self.tx.story_of(k.id)?.unwrap_or(k.id)),
            None => None,
        };
        for first in page.into_iter().chain(others).filter(|k| k.id != new.key.id) {
            if !self.seen.contains_key(&first.id) && self.tx.locate(first.id)?.is_none() {
                continue;
            }
            let of = self.tx.story_of(first.id)?.unwrap_or(first.id);
            if Some(of) == answered {
                return Ok((None, true));
            }
            if of != Story::alone(first.id) && self.join_to(first, new.key)? {
                return Ok((Some(first.id), false));
            }
        }
        Ok((None, false))
    }

    /// The first mention with a link that was not split off, of this change or stored; 0 is no link.
    fn first_with(&mut self, link: u64) -> Result<Option<Key>> {
        match self.links.get(&link) {
            _ if link == 0 => Ok(None),
            Some(k) => Ok(Some(*k)),
            None => self.telling(link),
        }
    }

    /// Joins a mention to the story of the first mention with the same link; `false` if it is the first.
    pub(super) fn join_story(&mut self, link: u64, key: Key) -> Result<bool> {
        let first = self.first_with(link)?;
        self.links.entry(link).or_insert(key);
        match first.filter(|f| f.id != key.id) {
            Some(first) => self.join_to(first, key),
            None => Ok(false),
        }
    }

    /// The key of a mention that is there.
    pub(super) fn key_of(&mut self, id: Id) -> Result<Option<Key>> {
        let Some(at) = self.tx.locate(id)? else { return Ok(None) };
        Ok(self.tx.block(at.block)?.rows.get(at.slot).map(|r| r.key))
    }

    /// Joins a mention to the story that another one tells; `false` if that is long enough.
    pub(super) fn join_to(&mut self, first: Key, key: Key) -> Result<bool> {
        let id = self.tx.side(first)?.story.unwrap_or(first.id);
        let story = self.tx.story(id)?;
        if story.members.is_empty() {
            story.members.push(first);
        }
        if story.members.len() >= STORY_MAX {
            return Ok(false);
        }
        story.members.push(key);
        self.tx.side(first)?.story = Some(id);
        self.tx.side(key)?.story = Some(id);
        if let Some(at) = self.tx.locate(first.id)? {
            self.tx.set_flag(at, flag::STORY | flag::SIDE, true)?;
        } else {
            // The first one is new in this piece.
            let row = self.fresh.values_mut().flatten().find(|f| f.row.key.id == first.id);
            if let Some(f) = row {
                f.row.flags |= flag::STORY | flag::SIDE;
            }
        }
        Ok(true)
    }

    /// A mention with this link that was not split off.
    fn telling(&mut self, link: u64) -> Result<Option<Key>> {
        let search = &self.store.inner.search;
        let Some(newest) = search.find(Family::Link, link)? else { return Ok(None) };
        match self.joinable(newest)? {
            Some(Ok(key)) => return Ok(Some(key)),
            Some(Err(_)) => {}
            None => return Ok(None),
        }
        for p in search.newest(Family::Link, link, u64::MAX, STORY_MAX)? {
            if let Some(Ok(key)) = self.joinable(p)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// What stands at a posting: `Err` if it was split off, `None` if it is gone.
    fn joinable(&mut self, p: Posting) -> Result<Option<std::result::Result<Key, Key>>> {
        if self.store.inner.index().meta(p.block).is_none() {
            return Ok(None);
        }
        let key = self.store.inner.key_at(Located { block: p.block, slot: usize::from(p.slot) })?;
        let split = self.tx.story_of(key.id)? == Some(Story::alone(key.id));
        Ok(Some(if split { Err(key) } else { Ok(key) }))
    }
}

impl Store {
    /// Reads what came lately once more, so that it is known again after a start. What arrives meanwhile is known
    /// anyhow.
    ///
    /// # Errors
    /// If the disk fails; then only what arrives from now on is known again.
    pub fn remember_recent(&self) -> Result<()> {
        let newest: Vec<u32> = {
            let index = self.inner.index();
            let mut left = AGAIN;
            let all = index.upto(Key::MAX).map_while(|(_, no)| {
                let n = index.meta(no).map_or(0, |m| m.in_states(0b1110).count_ones() as usize);
                left = left.checked_sub(n)?;
                Some((no, n))
            });
            all.filter(|(_, n)| *n > 0).map(|(no, _)| no).collect()
        };
        let mut old: Vec<Entry> = Vec::new();
        for no in newest {
            let Ok(block) = self.inner.block(no) else { continue };
            let open = |r: &Row| !r.has(flag::GONE) && r.state() != State::Heard;
            for (slot, row) in block.rows.iter().enumerate().filter(|(_, r)| open(r)) {
                let Ok(s) = self.inner.stored(block.place, slot) else { continue };
                let Stored { key, link, thread, passed, mention: m, .. } = s;
                let signature = Signature::of(&m.title, &m.text).map(Box::new);
                // What stands in a discussion and in no story may be an answer to a telling.
                if row.key == key && (thread == 0 || row.has(flag::STORY)) {
                    old.push(Entry { key, link, thread, like: Likeness { passed, signature } });
                }
            }
        }
        old.sort_by_key(|e| e.key);
        let mut w = self.inner.recent.window();
        // In front of what came since the start.
        let fresh: Vec<Entry> = std::mem::take(&mut *w).entries.into_iter().collect();
        old.into_iter().chain(fresh).for_each(|e| w.add(e));
        Ok(())
    }
}
