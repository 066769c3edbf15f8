//! A text made ready for matching, once for all queries: words, folds, and where each form stands.

use super::words::{Word, words};
use twox_hash::XxHash3_64;

/// One of the two texts of an item.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub words: Vec<Word>,
    /// `(hash of a form, position)`, sorted.
    index: Vec<(u64, u32)>,
}

impl Side {
    fn new(text: &str) -> Side {
        let words = words(text);
        let mut index = Vec::with_capacity(words.len() + 4);
        for (p, w) in words.iter().enumerate() {
            let p = u32::try_from(p).unwrap_or(u32::MAX);
            index.push((hash(&w.fold), p));
            if w.left.is_some() || !w.right.is_empty() || w.pair.is_some() {
                index.extend(w.signed().iter().map(|f| (hash(f), p)));
            }
        }
        index.sort_unstable();
        Side { words, index }
    }

    /// Positions at which a form stands, ascending.
    pub fn positions(&self, form: &str) -> impl Iterator<Item = u32> + '_ {
        let h = hash(form);
        let from = self.index.partition_point(|e| e.0 < h);
        self.index[from..].iter().take_while(move |e| e.0 == h).map(|e| e.1)
    }

    pub fn has(&self, form: &str, position: u32) -> bool {
        self.index.binary_search(&(hash(form), position)).is_ok()
    }
}

/// Title and body of an item, ready for matching.
#[derive(Debug, Default)]
pub struct Doc {
    pub(crate) title: Side,
    pub(crate) body: Side,
}

impl Doc {
    #[must_use]
    pub fn new(title: &str, body: &str) -> Doc {
        Doc { title: Side::new(title), body: Side::new(body) }
    }
}

fn hash(form: &str) -> u64 {
    XxHash3_64::oneshot(form.as_bytes())
}
