//! The summaries of all blocks, held in memory: which keys a block spans and, as bitmaps, which of its
//! mentions are in the inbox, snoozed, done, assigned or gone. A page of a sparse state reads only blocks that
//! hold it; counts are sums of bits. About 100 bytes a block, 16 MB at ten million mentions.

use super::block::{Block, flag, state_bits};
use super::codec::Bytes;
use super::error::Result;
use crate::model::{Counts, Id, Key, State};
use std::collections::BTreeSet;

/// Blocks in one stored summary.
pub const GROUP: u32 = 32;
const META: usize = 16 + 8 + 4 + 6 * 8;

/// The summary of one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    pub max: Key,
    pub min_time: u64,
    pub n: u32,
    pub inbox: u64,
    pub snoozed: u64,
    pub done: u64,
    pub assigned: u64,
    pub gone: u64,
    pub matched: u64,
}

impl Meta {
    pub fn of(b: &Block) -> Meta {
        let mut m = Meta {
            max: b.max(),
            min_time: b.rows.first().map_or(0, |r| r.key.time),
            n: b.rows.len() as u32,
            ..Meta::default()
        };
        for (i, r) in b.rows.iter().enumerate() {
            let bit = 1u64 << i;
            match r.flags & flag::STATE {
                s if s == state_bits(State::Inbox) => m.inbox |= bit,
                s if s == state_bits(State::Snoozed) => m.snoozed |= bit,
                s if s == state_bits(State::Done) => m.done |= bit,
                _ => {}
            }
            for (f, map) in [
                (flag::ASSIGNED, &mut m.assigned),
                (flag::GONE, &mut m.gone),
                (flag::MATCHED, &mut m.matched),
            ] {
                if r.has(f) {
                    *map |= bit;
                }
            }
        }
        m
    }

    fn all(&self) -> u64 {
        if self.n >= 64 { u64::MAX } else { (1 << self.n) - 1 }
    }

    /// The mentions in one of the states of `mask` (bit n = state n).
    pub fn in_states(&self, mask: u8) -> u64 {
        let mut out = 0;
        if mask & 1 != 0 {
            out |= self.all() & !(self.inbox | self.snoozed | self.done);
        }
        if mask & 2 != 0 {
            out |= self.inbox;
        }
        if mask & 4 != 0 {
            out |= self.snoozed;
        }
        if mask & 8 != 0 {
            out |= self.done;
        }
        out
    }

    /// Those in some states that are there, among what was found.
    pub fn among(&self, states: u8, found: Option<&super::Found>, no: u32) -> u64 {
        self.in_states(states) & !self.gone & found.map_or(u64::MAX, |f| f.at(no))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.max.time.to_le_bytes());
        out.extend_from_slice(&self.max.id.0.to_le_bytes());
        out.extend_from_slice(&self.min_time.to_le_bytes());
        out.extend_from_slice(&self.n.to_le_bytes());
        for m in [self.inbox, self.snoozed, self.done, self.assigned, self.gone, self.matched] {
            out.extend_from_slice(&m.to_le_bytes());
        }
    }

    fn read(b: &mut Bytes<'_>) -> Result<Meta> {
        Ok(Meta {
            max: Key { time: b.u64()?, id: Id(b.u64()?) },
            min_time: b.u64()?,
            n: b.u32()?,
            inbox: b.u64()?,
            snoozed: b.u64()?,
            done: b.u64()?,
            assigned: b.u64()?,
            gone: b.u64()?,
            matched: b.u64()?,
        })
    }
}

/// All summaries.
#[derive(Default)]
pub struct Index {
    /// By block number; `n == 0` for blocks that are gone.
    metas: Vec<Meta>,
    order: BTreeSet<(Key, u32)>,
    counts: Counts,
    /// Changes with every change: for caches.
    pub version: u64,
}

impl Index {
    pub fn len(&self) -> u32 {
        self.metas.len() as u32
    }

    pub fn meta(&self, no: u32) -> Option<&Meta> {
        self.metas.get(no as usize).filter(|m| m.n > 0)
    }

    pub fn metas(&self) -> impl Iterator<Item = (u32, &Meta)> {
        self.metas.iter().enumerate().map(|(i, m)| (i as u32, m)).filter(|(_, m)| m.n > 0)
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Sets the summary of a block, new or changed; `n == 0` takes it out.
    pub fn set(&mut self, no: u32, m: Meta) {
        let at = no as usize;
        if self.metas.len() <= at {
            self.metas.resize(at + 1, Meta::default());
        }
        let old = self.metas[at];
        if old.n > 0 && (old.max != m.max || m.n == 0) {
            self.order.remove(&(old.max, no));
        }
        if m.n > 0 && (old.n == 0 || old.max != m.max) {
            self.order.insert((m.max, no));
        }
        let c = &mut self.counts;
        for (mask, count) in [(1, &mut c.heard), (2, &mut c.inbox), (4, &mut c.snoozed), (8, &mut c.done)] {
            let alive = |m: &Meta| u64::from((m.in_states(mask) & !m.gone).count_ones());
            *count = *count + alive(&m) - alive(&old);
        }
        self.metas[at] = m;
        self.version += 1;
    }

    /// The stored form of the group that holds block `no`.
    pub fn group_bytes(&self, group: u32, changed: &std::collections::BTreeMap<u32, Meta>) -> Vec<u8> {
        let mut out = Vec::with_capacity(GROUP as usize * META);
        let first = group * GROUP;
        let last_known = self.len().max(changed.keys().next_back().map_or(0, |n| n + 1));
        for no in first..(first + GROUP).min(last_known) {
            let m = changed.get(&no).copied();
            m.unwrap_or_else(|| self.metas.get(no as usize).copied().unwrap_or_default()).write(&mut out);
        }
        out
    }

    /// Takes in a stored group.
    pub fn load(&mut self, group: u32, bytes: &[u8]) -> Result<()> {
        let mut b = Bytes(bytes);
        let mut no = group * GROUP;
        while !b.0.is_empty() {
            let m = Meta::read(&mut b)?;
            if self.metas.len() <= no as usize {
                self.metas.resize(no as usize + 1, Meta::default());
            }
            if m.n > 0 {
                self.set(no, m);
            }
            no += 1;
        }
        Ok(())
    }

    /// Blocks whose greatest key is below `key`, or that may hold keys below it: newest first. Gives
    /// `(greatest key, number)`.
    pub fn below(&self, key: Key) -> impl Iterator<Item = (Key, u32)> + '_ {
        // A block spans at most SPAN, so one that reaches below `key` has its greatest key below key + SPAN.
        let reach = Key { time: key.time.saturating_add(super::SPAN_US), id: Id(u64::MAX) };
        self.order
            .range(..=(reach, u32::MAX))
            .rev()
            .filter(move |(_, no)| self.metas[*no as usize].min_time <= key.time)
            .copied()
    }

    /// Blocks by their greatest key, from `key` downwards, newest first.
    pub fn upto(&self, key: Key) -> impl Iterator<Item = (Key, u32)> + '_ {
        self.order.range(..=(key, u32::MAX)).rev().copied()
    }

    /// Blocks that may hold keys above `key`, by their greatest key, oldest first.
    pub fn above(&self, key: Key) -> impl Iterator<Item = (Key, u32)> + '_ {
        self.order.range((key, 0)..).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(max: u64, n: u32, inbox: u64) -> Meta {
        Meta { max: Key { time: max, id: Id(max) }, min_time: max - 1, n, inbox, ..Meta::default() }
    }

    #[test]
    fn counts_follow_every_change() {
        let mut i = Index::default();
        i.set(0, meta(10, 4, 0b0011));
        i.set(1, meta(20, 2, 0));
        assert_eq!((i.counts().inbox, i.counts().heard), (2, 4));
        i.set(0, Meta { done: 0b1, inbox: 0b10, ..meta(10, 4, 0) });
        assert_eq!((i.counts().inbox, i.counts().done, i.counts().heard), (1, 1, 4));
        i.set(0, Meta { max: Key::default(), ..Meta::default() });
        assert_eq!((i.counts().inbox, i.counts().heard), (0, 2));
    }

    #[test]
    fn groups_come_back_as_they_were() {
        let mut i = Index::default();
        for no in 0..40 {
            i.set(no, meta(100 - u64::from(no), 64, u64::from(no)));
        }
        let none = std::collections::BTreeMap::new();
        let mut j = Index::default();
        for g in 0..2 {
            j.load(g, &i.group_bytes(g, &none)).unwrap();
        }
        assert_eq!(j.counts(), i.counts());
        assert!(j.below(Key::MAX).eq(i.below(Key::MAX)));
        assert_eq!(j.below(Key::MAX).next().unwrap().1, 0);
    }
}
