//! What the team wants more of, and less of, learned from the marks `+` and `-` alone: for each word, author, site and
//! topic how often it stood in the ones and in the others. It ranks and never hides.

use crate::model::{Item, mute};
use crate::query::folds;
use std::collections::HashMap;

/// Words of a mention that are looked at.
const WORDS: usize = 300;
/// The strongest so many features of a mention decide: long texts do not outweigh short ones.
const DECIDE: usize = 12;
/// What one feature may weigh at most, in nats.
const STRONGEST: f32 = 1.5;
/// Shorter words say nothing.
const SHORT: usize = 3;

/// See the room's words.
#[derive(Clone, Debug, Default)]
pub struct Relevance {
    /// Of each feature: in how many that are wanted, in how many that are not.
    seen: HashMap<String, (u32, u32)>,
    wanted: u32,
    unwanted: u32,
}

/// What a mention is known by, each once, as people read it.
fn features(i: &Item) -> Vec<String> {
    let m = &i.mention;
    let text = format!("{} {}", m.title, m.text);
    let mut all: Vec<String> = folds(&text)
        .into_iter()
        .take(WORDS)
        .filter(|w| w.chars().count() >= SHORT)
        .map(|w| format!("“{w}”"))
        .collect();
    let mut add = |what: &str, v: &str| {
        if !v.is_empty() {
            all.push(format!("{what} {v}"));
        }
    };
    add("author", &m.author.name);
    add("community", &m.community);
    add("source", &m.source);
    add("language", &m.lang);
    add("kind", m.kind.word());
    // A feed's community is its site.
    let site = mute::host(&m.url).unwrap_or_default();
    add("site", if site == m.community.as_str() { "" } else { &site });
    m.topics.iter().for_each(|t| add("topic", &t.topic));
    all.sort_unstable();
    all.dedup();
    all
}

impl Relevance {
    /// Learns from what was marked.
    #[must_use]
    pub fn of<'i>(marked: impl IntoIterator<Item = &'i Item>) -> Relevance {
        let mut r = Relevance::default();
        for i in marked {
            let Some(wanted) = i.liked else { continue };
            *(if wanted { &mut r.wanted } else { &mut r.unwanted }) += 1;
            for f in features(i) {
                let n = r.seen.entry(f).or_default();
                *(if wanted { &mut n.0 } else { &mut n.1 }) += 1;
            }
        }
        r
    }

    /// Marks that it was learned from: wanted, unwanted.
    #[must_use]
    pub fn marks(&self) -> (u32, u32) {
        (self.wanted, self.unwanted)
    }

    /// How much a feature speaks for a mention, in nats: the logarithm of how much more often it stands in what is
    /// wanted. Each side has two marks more, on which the feature stands as often as on all: what was met once weighs
    /// little, and marks of one kind alone weigh nothing.
    fn weight(&self, f: &str) -> Option<f32> {
        let (w, u) = *self.seen.get(f)?;
        let usual = (w + u) as f32 / (self.wanted + self.unwanted).max(1) as f32;
        let share = |n: u32, of: u32| (n as f32 + 2.0 * usual) / (of as f32 + 2.0);
        let odds = (share(w, self.wanted) / share(u, self.unwanted)).ln();
        Some(odds.clamp(-STRONGEST, STRONGEST))
    }

    /// From 0 (less of it) to 1 (more), 0.5 where nothing speaks for either; with what speaks most, strongest first.
    #[must_use]
    pub fn score(&self, i: &Item) -> (f32, Vec<(String, f32)>) {
        let mut all: Vec<(String, f32)> =
            features(i).into_iter().filter_map(|f| self.weight(&f).map(|n| (f, n))).collect();
        all.retain(|(_, n)| n.abs() > 0.05);
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
        all.truncate(DECIDE);
        let sum: f32 = all.iter().map(|(_, n)| n).sum();
        (1.0 / (1.0 + (-sum).exp()), all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Author, Mention};

    fn item(title: &str, author: &str, liked: Option<bool>) -> Item {
        let author = Author { name: crate::clean::line(author), ..Author::default() };
        let mention = Mention { title: crate::clean::line(title), author, ..Mention::default() };
        Item { mention, liked, ..Item::default() }
    }

    #[test]
    fn it_learns_from_marks_and_says_what_speaks_for_it() {
        let marked = [
            item("The lid leaks", "bo", Some(true)),
            item("Another lid that leaks", "cy", Some(true)),
            item("Win a free pump", "spam", Some(false)),
            item("Free pumps for all", "spam", Some(false)),
            item("no mark", "bo", None),
        ];
        let r = Relevance::of(&marked);
        assert_eq!(r.marks(), (2, 2));
        let (good, why) = r.score(&item("My lid!", "di", None));
        assert!(good > 0.6 && why[0].0 == "“lid”" && why[0].1 > 0.0, "{good} {why:?}");
        let (bad, why) = r.score(&item("Something free", "spam", None));
        assert!(bad < 0.3 && why[0].1 < 0.0, "{bad} {why:?}");
        assert!(why.iter().any(|(w, _)| w == "author spam"), "{why:?}");
        let (none, why) = r.score(&item("Hello", "ed", None));
        assert!((none - 0.5).abs() < 0.1 && why.len() <= 1, "{none} {why:?}");
        assert_eq!(Relevance::default().score(&marked[0]), (0.5, Vec::new()));
        // Marks of one kind alone say nothing of what the other kind would be.
        assert_eq!(Relevance::of(&marked[..2]).score(&marked[0]), (0.5, Vec::new()));
    }
}
