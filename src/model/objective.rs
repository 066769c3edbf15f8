//! What a topic is listened to for, and the orders that follow from it: what comes first, what is looked at, which
//! columns matter.

use super::View;
use serde::{Deserialize, Serialize};

/// See the room's words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Something comes out: who is heard by many, and what is fresh, comes first.
    Launch,
    /// What people need and how they talk: substance comes first.
    Research,
    /// What fails: what is broken, and told by many, comes first.
    #[default]
    Improve,
}

impl Objective {
    pub const ALL: [Objective; 3] = [Objective::Launch, Objective::Research, Objective::Improve];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Objective::Launch => "launch",
            Objective::Research => "research",
            Objective::Improve => "improve",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Objective> {
        Objective::ALL.into_iter().find(|o| o.word() == word)
    }

    /// What is looked at for it, unless somebody says otherwise: a filter and states.
    #[must_use]
    pub fn view(self) -> View {
        use super::State::{Heard, Inbox, Snoozed};
        let states = match self {
            Objective::Launch => vec![Inbox],
            // Nobody answers these: what was merely heard counts as well.
            Objective::Research => vec![Heard, Inbox, Snoozed],
            Objective::Improve => vec![Inbox, Snoozed],
        };
        View { name: self.word().into(), filter: format!("objective:{}", self.word()), states }
    }

    /// The next one, in a ring.
    #[must_use]
    pub fn next(self) -> Objective {
        match self {
            Objective::Launch => Objective::Research,
            Objective::Research => Objective::Improve,
            Objective::Improve => Objective::Launch,
        }
    }
}

/// In which order the first of a list stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum By {
    /// How much the words of the query say of it.
    Words,
    /// What the team wants more of, learned from its marks.
    Relevance,
    /// What should be answered first.
    Due,
    /// What matters for an objective.
    Objective(Objective),
}

impl By {
    /// As it is written behind `| sort`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            By::Words => "score",
            By::Relevance => "relevance",
            By::Due => "due",
            By::Objective(o) => o.word(),
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<By> {
        let orders = Objective::ALL.map(By::Objective);
        [By::Words, By::Relevance, By::Due].into_iter().chain(orders).find(|b| b.word() == word)
    }
}
