//! What the topics want of a stream, asked before anything costly is done with it.

use super::{Source, Topics};
use crate::model::Id;
use crate::networks::Sieve;
use crate::store::Reader;

/// The topics and the store, for one source.
pub struct Sifter<'a> {
    pub topics: &'a Topics,
    pub reader: &'a Reader,
    pub source: &'a Source,
}

impl Sieve for Sifter<'_> {
    fn wants(&self, texts: &[&str]) -> bool {
        !self.source.matches_only
            || self.topics.is_empty()
            || self.topics.may_want(texts, &self.source.topics)
    }

    fn knows(&self, id: Id) -> bool {
        self.reader.knows(id)
    }
}
