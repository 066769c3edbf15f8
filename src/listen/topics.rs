//! Topics: every mention keeps which of them matched, and the spans.

use crate::model::{Mention, Stamp, TopicHit};
use crate::query::{Context, Doc, Facts, Names, Prefilter, Query, Span};
use std::sync::Arc;

/// All topics, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    list: Vec<(String, Query)>,
    prefilter: Prefilter,
    /// One of them asks of more than the texts.
    fields: bool,
    names: Arc<Names>,
}

impl Topics {
    #[must_use]
    pub fn new(list: Vec<(String, Query)>, names: Arc<Names>) -> Topics {
        let prefilter = Prefilter::new(list.iter().map(|(_, q)| q), &names);
        let fields = list.iter().any(|(_, q)| q.asks_fields());
        Topics { list, prefilter, fields, names }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What a new mention is: its language, its topics, its mood. `only` as in [`Topics::hits`].
    pub fn judge(&self, m: &mut Mention, only: &[usize]) {
        let mut doc = self.doc(m);
        let words: Vec<&str> = doc.folds().collect();
        if let Some(code) = super::lang::of_mention(m, &words) {
            code.clone_into(&mut m.lang);
        }
        m.mood = super::mood::of_mention(m, &words);
        doc.set_lang(&m.lang);
        m.topics = self.hits_of(&doc, only);
    }

    /// True if a topic may match something with these texts, whatever else it is; false only if none can. `only` as
    /// in [`Topics::hits`].
    #[must_use]
    pub fn may_want(&self, texts: &[&str], only: &[usize]) -> bool {
        self.prefilter.may_want(texts, &|n| only.is_empty() || only.contains(&(n as usize)))
    }

    fn doc(&self, m: &Mention) -> Doc {
        let facts = if self.fields { Facts::of_mention(m) } else { Facts::default() };
        Doc::with(&m.title, &m.text, facts)
    }

    /// The topics that match; `only` names some by number, empty means all.
    #[must_use]
    pub fn hits(&self, m: &Mention, only: &[usize]) -> Vec<TopicHit> {
        if self.list.is_empty() { Vec::new() } else { self.hits_of(&self.doc(m), only) }
    }

    fn hits_of(&self, doc: &Doc, only: &[usize]) -> Vec<TopicHit> {
        let cx = Context {
            now: Stamp::now(),
            zone: Stamp::zone_here(),
            names: Some(&self.names),
            ..Context::default()
        };
        let candidates = self.prefilter.candidates(doc).into_iter().map(|n| n as usize);
        candidates
            .filter(|i| only.is_empty() || only.contains(i))
            .filter_map(|i| {
                let (name, q) = self.list.get(i)?;
                let spans = q.matches_in(doc, &cx)?;
                let spans = spans.into_iter().map(Span::kept).collect();
                Some(TopicHit { topic: name.clone(), spans })
            })
            .collect()
    }
}
