//! Mood of what somebody wrote: what the words suggest, or what one of us said it is.

use serde::{Deserialize, Serialize};

/// How it is meant, as far as that can be told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// Not sure enough.
    #[default]
    Unknown,
    Pos,
    Neutral,
    Neg,
    /// Good and bad at once.
    Mixed,
}

impl Mood {
    pub const ALL: [Mood; 5] = [Mood::Pos, Mood::Neutral, Mood::Neg, Mood::Mixed, Mood::Unknown];

    /// As the query language names it: `sentiment:neg`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mood::Unknown => "unknown",
            Mood::Pos => "pos",
            Mood::Neutral => "neutral",
            Mood::Neg => "neg",
            Mood::Mixed => "mixed",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn said(self) -> &'static str {
        match self {
            Mood::Unknown => "?",
            Mood::Pos => "positive",
            Mood::Neutral => "neutral",
            Mood::Neg => "negative",
            Mood::Mixed => "mixed",
        }
    }

    /// One column.
    #[must_use]
    pub fn mark(self) -> char {
        match self {
            Mood::Unknown => '?',
            Mood::Pos => '+',
            Mood::Neutral => '·',
            Mood::Neg => '-',
            Mood::Mixed => '±',
        }
    }

    /// From either word.
    #[must_use]
    pub fn of(word: &str) -> Option<Mood> {
        Mood::ALL.into_iter().find(|m| m.word() == word || m.said() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_words_name_it() {
        for m in Mood::ALL {
            assert_eq!((Mood::of(m.word()), Mood::of(m.said())), (Some(m), Some(m)));
        }
        assert_eq!(Mood::of("sad"), None);
    }
}
