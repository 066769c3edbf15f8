//! Topics: every mention keeps which of them matched, and the spans.

use crate::model::TopicHit;
use crate::query::{Doc, Query};

/// All topics, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    list: Vec<(String, Query)>,
}

impl Topics {
    #[must_use]
    pub fn new(list: Vec<(String, Query)>) -> Topics {
        Topics { list }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The topics that match; `only` names some by number, empty means all.
    #[must_use]
    pub fn hits(&self, title: &str, text: &str, only: &[usize]) -> Vec<TopicHit> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let doc = Doc::new(title, text);
        self.list
            .iter()
            .enumerate()
            .filter(|(i, _)| only.is_empty() || only.contains(i))
            .filter_map(|(_, (name, q))| {
                let spans = q.matches(&doc)?;
                let spans = spans.into_iter().map(|s| (!s.in_body, s.start, s.end)).collect();
                Some(TopicHit { topic: name.clone(), spans })
            })
            .collect()
    }
}
