//! The words of the team's work (tags, assignees, answered, edited, told in a story) and which mentions they stand
//! at, in memory. Made in the background from the side records, then kept with every commit.

use super::bits::Bits;
use crate::query;
use crate::store::Located;
use crate::store::records::{Side, Story};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The words of one mention.
pub type Change = (Located, Vec<String>);

#[derive(Default)]
pub struct Filed(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Unknown,
    /// The records are being read; meanwhile changes wait here.
    Reading(Vec<Change>),
    Known(Known),
}

#[derive(Default)]
struct Known {
    numbers: HashMap<String, u32>,
    /// By the number of a word: slots by block.
    at: Vec<HashMap<u32, u64>>,
    /// By block: which slot has which word.
    of: HashMap<u32, Vec<(u8, u32)>>,
}

impl Known {
    fn set(&mut self, (at, words): Change) {
        let slot = at.slot as u8;
        if let Some(of) = self.of.get_mut(&at.block) {
            for (_, w) in of.iter().filter(|(s, _)| *s == slot) {
                if let Some(bits) = self.at.get_mut(*w as usize).and_then(|m| m.get_mut(&at.block)) {
                    *bits &= !(1 << slot);
                }
            }
            of.retain(|(s, _)| *s != slot);
        }
        for w in words {
            let next = self.at.len() as u32;
            let no = *self.numbers.entry(w).or_insert(next);
            if no == next {
                self.at.push(HashMap::new());
            }
            *self.at[no as usize].entry(at.block).or_default() |= 1 << slot;
            self.of.entry(at.block).or_default().push((slot, no));
        }
    }
}

/// Under which words a mention is filed.
pub fn words_of(side: &Side) -> Vec<String> {
    let answered = side.answered.is_some();
    let mut all = query::filed(side.assignee.as_deref(), side.tags.iter(), answered, side.mood);
    all.extend(side.liked.map(|_| query::LIKED.to_owned()));
    all.extend((!side.revisions.is_empty()).then(|| "edited".to_owned()));
    all.extend(side.story.filter(|s| *s != Story::alone(side.key.id)).map(|_| "story".to_owned()));
    all
}

impl Filed {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to remember changes; then the records are read. `false` if that was done before.
    pub fn begin(&self) -> bool {
        let mut s = self.state();
        let fresh = matches!(*s, State::Unknown);
        if fresh {
            *s = State::Reading(Vec::new());
        }
        fresh
    }

    /// The records were read.
    pub fn ready(&self, read: Vec<Change>) {
        let mut known = Known::default();
        read.into_iter().for_each(|c| known.set(c));
        let mut s = self.state();
        if let State::Reading(later) = &mut *s {
            std::mem::take(later).into_iter().for_each(|c| known.set(c));
        }
        *s = State::Known(known);
    }

    /// They could not be read: nothing is known.
    pub fn forget(&self) {
        *self.state() = State::Unknown;
    }

    pub fn change(&self, changes: Vec<Change>) {
        match &mut *self.state() {
            State::Unknown => {}
            State::Reading(later) => later.extend(changes),
            State::Known(k) => changes.into_iter().for_each(|c| k.set(c)),
        }
    }

    /// What stands under a word, or under all words that begin so; `None` while that is not known.
    pub fn under(&self, word: &str, prefix: bool, blocks: usize) -> Option<Bits> {
        let state = self.state();
        let State::Known(k) = &*state else { return None };
        let mut out = Bits::none(blocks);
        let mut add = |no: u32| {
            for (block, bits) in k.at.get(no as usize).into_iter().flatten() {
                if let Some(w) = out.0.get_mut(*block as usize) {
                    *w |= bits;
                }
            }
        };
        if prefix {
            k.numbers.iter().filter(|(w, _)| w.starts_with(word)).for_each(|(_, no)| add(*no));
        } else if let Some(no) = k.numbers.get(word) {
            add(*no);
        }
        Some(out)
    }
}
