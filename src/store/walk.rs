//! A walk over the rows of some states, in order of their keys, in either direction: it opens only blocks that hold one.

use super::block::{Block, Row};
use super::error::Result;
use super::read::PageQuery;
use super::{Inner, Located};
use crate::model::Key;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

/// A row in a walk, ordered by its place in the direction of walking.
pub struct Head {
    pub key: Key,
    pub at: Located,
    pub row: Row,
    older: bool,
}

impl PartialEq for Head {
    fn eq(&self, o: &Self) -> bool {
        self.key == o.key
    }
}
impl Eq for Head {}
impl PartialOrd for Head {
    fn partial_cmp(&self, o: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(o))
    }
}
impl Ord for Head {
    fn cmp(&self, o: &Self) -> std::cmp::Ordering {
        if self.older { self.key.cmp(&o.key) } else { o.key.cmp(&self.key) }
    }
}

/// A walk over rows in order of their keys.
pub struct Walk<'a> {
    inner: &'a Inner,
    q: &'a PageQuery,
    within: Option<&'a super::Found>,
    heap: BinaryHeap<Head>,
    /// Blocks not opened yet, the next one last: `(bound, number)`.
    waiting: Vec<(u64, u32)>,
    /// Where the search for further blocks goes on.
    edge: Option<Key>,
}

/// Summaries looked at in one go.
const STRIDE: usize = 4096;

impl<'a> Walk<'a> {
    pub fn new(inner: &'a Inner, q: &'a PageQuery, within: Option<&'a super::Found>) -> Walk<'a> {
        Walk { inner, q, within, heap: BinaryHeap::new(), waiting: Vec::new(), edge: Some(q.from) }
    }

    /// The next row of the wanted states.
    pub fn next(&mut self, blocks: &mut HashMap<u32, Arc<Block>>) -> Result<Option<Head>> {
        loop {
            if self.waiting.is_empty() && self.edge.is_some() {
                self.more();
            }
            // A waiting block may hold a row that comes before the best one in hand.
            let open_first = match (self.waiting.last(), self.heap.peek()) {
                (Some((bound, _)), Some(h)) if self.q.older => *bound >= h.key.time,
                (Some((bound, _)), Some(h)) => *bound <= h.key.time,
                (Some(_), None) => true,
                (None, Some(_)) => self.edge.is_some(),
                (None, None) => self.edge.is_some(),
            };
            if !open_first {
                return Ok(self.heap.pop());
            }
            if let Some((_, no)) = self.waiting.pop() {
                self.open(no, blocks)?;
            } else if self.edge.is_none() {
                return Ok(self.heap.pop());
            }
        }
    }

    /// The slots of a block that are walked over.
    fn wanted(&self, no: u32, m: &super::Meta) -> u64 {
        m.in_states(self.q.states) & !m.gone & self.within.map_or(u64::MAX, |w| w.at(no))
    }

    fn open(&mut self, no: u32, blocks: &mut HashMap<u32, Arc<Block>>) -> Result<()> {
        let Some(meta) = self.inner.index().meta(no).copied() else { return Ok(()) };
        let alive = self.wanted(no, &meta);
        let b = match blocks.get(&no) {
            Some(b) => b.clone(),
            None => {
                let b = Arc::new(self.inner.block(no)?);
                blocks.insert(no, b.clone());
                b
            }
        };
        for (slot, row) in b.rows.iter().enumerate() {
            let beyond = if self.q.older { row.key < self.q.from } else { row.key > self.q.from };
            if beyond && alive & (1 << slot) != 0 {
                self.heap.push(Head {
                    key: row.key,
                    at: Located { block: no, slot },
                    row: *row,
                    older: self.q.older,
                });
            }
        }
        Ok(())
    }

    /// Finds further blocks that hold a wanted state.
    fn more(&mut self) {
        let Some(edge) = self.edge.take() else { return };
        let index = self.inner.index();
        let wanted = |no: u32| index.meta(no).is_some_and(|m| self.wanted(no, m) != 0);
        let mut looked = 0;
        let mut found: Vec<(u64, u32)> = Vec::new();
        if self.q.older {
            let first = edge == self.q.from;
            let blocks: Box<dyn Iterator<Item = (Key, u32)>> =
                if first { Box::new(index.below(edge)) } else { Box::new(index.upto(edge)) };
            for (max, no) in blocks {
                if looked >= STRIDE && !found.is_empty() {
                    self.edge = Some(max);
                    break;
                }
                looked += 1;
                // Behind the first stride only blocks that the first did not give.
                let in_first = first || index.meta(no).is_some_and(|m| m.min_time <= self.q.from.time);
                if in_first && wanted(no) {
                    found.push((max.time, no));
                }
            }
            // The greatest key last, so that it is popped first.
            found.reverse();
        } else {
            let mut end = None;
            let mut lowest: Option<u64> = found.iter().map(|f| f.0).min();
            for (max, no) in index.above(edge) {
                // A block reaches back by SPAN at most: the ones beyond it cannot come before those in hand.
                let far = lowest.is_some_and(|low| max.time > low.saturating_add(super::SPAN_US));
                if looked >= STRIDE && far {
                    end = Some(max);
                    break;
                }
                looked += 1;
                if wanted(no) {
                    let min = index.meta(no).map_or(0, |m| m.min_time);
                    lowest = Some(lowest.map_or(min, |l: u64| l.min(min)));
                    found.push((min, no));
                }
            }
            self.edge = end;
            found.sort_unstable_by(|a, b| b.cmp(a));
        }
        self.waiting = found;
    }
}
