//! How many: numbers that may be a beginning, and what a topic would have heard.

use crate::model::{By, Item, Text};
use serde::{Deserialize, Serialize};

/// A mention's place in an order, and why: in words and points, the strongest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Placed {
    pub score: f32,
    pub reasons: Vec<(Text, f32)>,
    pub item: Item,
}

impl Placed {
    /// "7.3: reaches 12000 +2.1, 3 hours ago +1.9".
    #[must_use]
    pub fn why(&self) -> String {
        let all: Vec<String> = self.reasons.iter().map(|(w, n)| format!("{w} {n:+.1}")).collect();
        format!("{:.1}: {}", self.score, all.join(", "))
    }
}

/// Where a mention stands in an order, and why, as [`Placed`] has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Standing {
    pub by: By,
    pub score: f32,
    pub reasons: Vec<(Text, f32)>,
}

/// What a topic would have heard.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Trial {
    pub days: u32,
    /// All that was heard in these days.
    pub base: Total,
    pub total: Total,
    /// Stories, authors and sites are those of the newest so many.
    pub counted: u64,
    pub stories: u64,
    pub authors: u64,
    /// The site that most of them are from, and its share in percent.
    pub loudest: Option<(Text, u64)>,
    pub hints: Vec<Text>,
    pub newest: Vec<Item>,
}

impl Trial {
    /// In one line: "214 of 2103 heard in 7 days; 31 stories, 9 authors; 63 % from blog.example".
    #[must_use]
    pub fn line(&self) -> String {
        let mut s = format!("{} of {} heard in {} days", self.total, self.base, self.days);
        if self.counted > 0 {
            let of = if self.total.n > self.counted {
                format!("of the newest {}: ", self.counted)
            } else {
                String::new()
            };
            let word = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
            s += &format!(
                "; {of}{}, {}",
                word(self.stories, "story", "stories"),
                word(self.authors, "author", "authors")
            );
        }
        if let Some((site, share)) = &self.loudest {
            s += &format!("; {share} % from {site}");
        }
        s
    }
}

/// How many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Total {
    pub n: u64,
    /// False: there are at least so many.
    pub exact: bool,
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.exact { "" } else { "≥ " }, self.n)
    }
}
