//! A text made ready for matching, once for all queries: words, folds, and where each form stands; and what is known
//! of the item beside its texts.

use super::facts::Facts;
use super::term::Form;
use super::words::{Word, words};
use crate::model::{Item, Mention};
use std::sync::OnceLock;
use twox_hash::XxHash3_64;

/// One of the two texts of an item.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub text: Box<str>,
    pub words: Vec<Word>,
    /// `(hash of a form, position)`, sorted.
    index: Vec<(u64, u32)>,
    /// The text as raw terms see it, made when one asks.
    plain: OnceLock<Vec<(char, u32, u32)>>,
}

impl Side {
    fn new(text: &str) -> Side {
        let words = words(text);
        let mut index = Vec::with_capacity(words.len() + 4);
        for (p, w) in words.iter().enumerate() {
            let p = u32::try_from(p).unwrap_or(u32::MAX);
            index.push((hash(&w.fold), p));
            if w.is_signed() {
                index.extend(w.signed().iter().map(|f| (hash(f), p)));
            }
        }
        index.sort_unstable();
        Side { text: text.into(), words, index, plain: OnceLock::new() }
    }

    /// Positions at which a form stands, ascending.
    pub fn positions(&self, form: &str) -> impl Iterator<Item = u32> + '_ {
        let h = hash(form);
        let from = self.index.partition_point(|e| e.0 < h);
        self.index[from..].iter().take_while(move |e| e.0 == h).map(|e| e.1)
    }

    /// True if the word at a position has this form.
    pub fn fits(&self, form: &Form, position: u32) -> bool {
        let Some(w) = self.words.get(position as usize) else { return false };
        match form {
            Form::Exact(f) => self.index.binary_search(&(hash(f), position)).is_ok(),
            f => f.fits(&w.fold) || (w.is_signed() && w.signed().iter().any(|s| f.fits(s))),
        }
    }

    /// Hashes of all forms.
    pub fn forms(&self) -> impl Iterator<Item = u64> + '_ {
        self.index.iter().map(|e| e.0)
    }

    /// The characters as raw terms compare them, a run of blanks as one, each with its place.
    pub fn plain(&self) -> &[(char, u32, u32)] {
        self.plain.get_or_init(|| super::pattern::plain(&self.text))
    }

    /// The words that a stretch of characters overlaps; none is the empty range before the next one.
    pub fn words_over(&self, start: u32, end: u32) -> (u32, u32) {
        let first = self.words.partition_point(|w| w.end <= start);
        let last = self.words.partition_point(|w| w.start < end);
        (first as u32, last.max(first) as u32)
    }
}

/// Title and body of an item, ready for matching, with what else is known of it.
#[derive(Debug, Default)]
pub struct Doc {
    pub(crate) title: Side,
    pub(crate) body: Side,
    pub(crate) facts: Facts,
}

impl Doc {
    /// Of texts alone: every field is unknown.
    #[must_use]
    pub fn new(title: &str, body: &str) -> Doc {
        Doc::with(title, body, Facts::default())
    }

    #[must_use]
    pub fn with(title: &str, body: &str, facts: Facts) -> Doc {
        Doc { title: Side::new(title), body: Side::new(body), facts }
    }

    /// Of what was published.
    #[must_use]
    pub fn of_mention(m: &Mention) -> Doc {
        Doc::with(&m.title, &m.text, Facts::of_mention(m))
    }

    /// Of what was published and of the work on it, as this person sees it.
    #[must_use]
    pub fn of_item(i: &Item, me: &str) -> Doc {
        Doc::with(&i.mention.title, &i.mention.text, Facts::of_item(i, me))
    }

    /// The words of both texts as they are compared, in order.
    pub fn folds(&self) -> impl Iterator<Item = &str> + '_ {
        self.title.words.iter().chain(&self.body.words).map(|w| w.fold.as_str())
    }

    /// What language it is in, once that is known.
    pub fn set_lang(&mut self, code: &str) {
        self.facts.texts.retain(|(name, _)| *name != "lang");
        self.facts.texts.push(("lang", code.to_owned()));
    }

    /// Hashes of all forms of both texts, with repetitions.
    pub(crate) fn forms(&self) -> impl Iterator<Item = u64> + '_ {
        self.title.forms().chain(self.body.forms())
    }

    /// Folds and signed forms of all words, for what is looked up by its beginning.
    pub(crate) fn each_form(&self, mut visit: impl FnMut(&str)) {
        for w in self.title.words.iter().chain(&self.body.words) {
            visit(&w.fold);
            if w.is_signed() {
                w.signed().iter().for_each(|f| visit(f));
            }
        }
    }
}

/// Every form of every word of a text.
pub(crate) fn each_form_of(text: &str, visit: &mut dyn FnMut(&str)) {
    for w in words(text) {
        visit(&w.fold);
        if w.is_signed() {
            w.signed().iter().for_each(|f| visit(f));
        }
    }
}

/// As forms are filed.
pub(crate) fn hash(form: &str) -> u64 {
    XxHash3_64::oneshot(form.as_bytes())
}
