//! Topics: every mention keeps which of them matched, and the spans.

use crate::model::{Mention, Stamp, TopicHit};
use crate::query::{Context, Doc, Facts, Prefilter, Query};

/// All topics, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    list: Vec<(String, Query)>,
    prefilter: Prefilter,
    /// One of them asks of more than the texts.
    fields: bool,
}

impl Topics {
    #[must_use]
    pub fn new(list: Vec<(String, Query)>) -> Topics {
        let prefilter = Prefilter::new(list.iter().map(|(_, q)| q));
        let fields = list.iter().any(|(_, q)| q.asks_fields());
        Topics { list, prefilter, fields }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The topics that match; `only` names some by number, empty means all.
    #[must_use]
    pub fn hits(&self, m: &Mention, only: &[usize]) -> Vec<TopicHit> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let facts = if self.fields { Facts::of_mention(m) } else { Facts::default() };
        let doc = Doc::with(&m.title, &m.text, facts);
        let cx = Context { now: Stamp::now(), zone: Stamp::zone_here(), ..Context::default() };
        let candidates = self.prefilter.candidates(&doc).into_iter().map(|n| n as usize);
        candidates
            .filter(|i| only.is_empty() || only.contains(i))
            .filter_map(|i| {
                let (name, q) = self.list.get(i)?;
                let spans = q.matches_in(&doc, &cx)?;
                let spans = spans.into_iter().map(|s| (!s.in_body, s.start, s.end)).collect();
                Some(TopicHit { topic: name.clone(), spans })
            })
            .collect()
    }
}
