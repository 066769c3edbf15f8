//! The words that options take, and what they mean.

use crate::model::{By, Mood, Objective};
use clap::ValueEnum;

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum StateArg {
    Inbox,
    Snoozed,
    Done,
    Heard,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum MuteArg {
    Thread,
    Author,
    Story,
    Site,
    Community,
}

impl MuteArg {
    #[must_use]
    pub fn kind(self) -> crate::model::MuteKind {
        use crate::model::MuteKind as K;
        match self {
            MuteArg::Thread => K::Thread,
            MuteArg::Author => K::Author,
            MuteArg::Story => K::Story,
            MuteArg::Site => K::Site,
            MuteArg::Community => K::Community,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum SortArg {
    /// Newest first
    Time,
    /// What says most of the words first
    Score,
    /// What the team's marks want more of first
    Relevance,
    /// What should be answered first
    Due,
    /// Who is heard by many, and what is fresh
    Launch,
    /// What has substance, and what is asked
    Research,
    /// What goes wrong, and is told by many
    Improve,
}

impl SortArg {
    /// `None` for by time.
    pub fn by(self) -> Option<By> {
        match self {
            SortArg::Time => None,
            SortArg::Score => Some(By::Words),
            SortArg::Relevance => Some(By::Relevance),
            SortArg::Due => Some(By::Due),
            SortArg::Launch => Some(By::Objective(Objective::Launch)),
            SortArg::Research => Some(By::Objective(Objective::Research)),
            SortArg::Improve => Some(By::Objective(Objective::Improve)),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum MoodArg {
    Positive,
    Neutral,
    Negative,
    Mixed,
    /// Nobody can tell
    Unclear,
    /// What its words suggest
    Words,
}

impl MoodArg {
    pub fn mood(self) -> Option<Mood> {
        match self {
            MoodArg::Positive => Some(Mood::Pos),
            MoodArg::Neutral => Some(Mood::Neutral),
            MoodArg::Negative => Some(Mood::Neg),
            MoodArg::Mixed => Some(Mood::Mixed),
            MoodArg::Unclear => Some(Mood::Unknown),
            MoodArg::Words => None,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ObjectiveArg {
    Launch,
    Research,
    Improve,
}

impl ObjectiveArg {
    pub fn objective(self) -> Objective {
        match self {
            ObjectiveArg::Launch => Objective::Launch,
            ObjectiveArg::Research => Objective::Research,
            ObjectiveArg::Improve => Objective::Improve,
        }
    }
}
