//! What comes first for an objective: stated weights, each on a measure between 0 and 1, so that every place in the
//! order can be explained.

use super::Relevance;
use crate::model::time::{self, DAY, HOUR};
use crate::model::{By, Item, Mood, Objective, Stamp};
use crate::query::folds;

/// How much each measure counts. All measures lie between 0 and 1, relevance between -1 and 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weights {
    /// Who hears the author: the logarithm of the reach, whole at ten million.
    pub reach: f32,
    /// Halved with every `half_life_ms` of age.
    pub fresh: f32,
    pub half_life_ms: i64,
    /// In how many places the story is told, whole at 32.
    pub told: f32,
    /// What goes wrong: negative, half for mixed.
    pub trouble: f32,
    /// Length up to 150 words, numbers, code.
    pub substance: f32,
    pub question: f32,
    /// Of somebody on the watch list.
    pub vip: f32,
    /// As learned from the team's marks.
    pub relevance: f32,
}

/// The weights of an order.
#[must_use]
pub fn weights(by: By) -> Weights {
    let none = Weights {
        reach: 0.0,
        fresh: 0.0,
        half_life_ms: DAY,
        told: 0.0,
        trouble: 0.0,
        substance: 0.0,
        question: 0.0,
        vip: 0.0,
        relevance: 1.0,
    };
    match by {
        By::Words | By::Relevance | By::Due => none,
        By::Objective(Objective::Launch) => Weights {
            reach: 3.0,
            fresh: 3.0,
            half_life_ms: 6 * HOUR,
            told: 2.0,
            trouble: 1.0,
            vip: 2.0,
            ..none
        },
        By::Objective(Objective::Research) => Weights {
            substance: 3.0,
            question: 2.0,
            fresh: 0.5,
            half_life_ms: 30 * DAY,
            relevance: 2.0,
            ..none
        },
        By::Objective(Objective::Improve) => Weights {
            trouble: 3.0,
            told: 2.0,
            question: 1.0,
            fresh: 1.0,
            half_life_ms: 3 * DAY,
            reach: 0.5,
            vip: 1.0,
            ..none
        },
    }
}

impl Weights {
    /// As people read them: "reach 3 · fresh 3 (half in 6 h) · told 2".
    #[must_use]
    pub fn words(&self) -> String {
        let fresh = format!("fresh (half in {})", time::span(self.half_life_ms));
        let all = [
            ("reach", self.reach),
            (fresh.as_str(), self.fresh),
            ("told in many places", self.told),
            ("trouble", self.trouble),
            ("substance", self.substance),
            ("question", self.question),
            ("VIP", self.vip),
            ("relevance", self.relevance),
        ];
        let mut all: Vec<_> = all.into_iter().filter(|(_, w)| *w > 0.0).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.iter().map(|(name, w)| format!("{name} ×{w}")).collect::<Vec<_>>().join(" · ")
    }
}

/// Why a mention stands where it stands: in words, and how many points that gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Reason {
    pub words: String,
    pub points: f32,
}

/// A mention's place in an order.
#[derive(Clone, PartialEq, Debug)]
pub struct Placed {
    pub score: f32,
    /// The strongest first.
    pub reasons: Vec<Reason>,
}

/// Places a mention in an order.
#[must_use]
pub fn place(i: &Item, by: By, learned: &Relevance, now: Stamp) -> Placed {
    let w = weights(by);
    let m = &i.mention;
    let mut reasons = Vec::new();
    let mut add = |weight: f32, measure: f32, words: &dyn Fn() -> String| {
        if weight > 0.0 && measure.abs() > 0.005 {
            reasons.push(Reason { words: words(), points: weight * measure });
        }
    };
    if let Some(n) = m.reach {
        let measure = ((n as f32 + 1.0).log10() / 7.0).min(1.0);
        add(w.reach, measure, &|| format!("reaches {n}"));
    }
    let age = (now.0 - m.at.0).max(0);
    add(w.fresh, 0.5f32.powf(age as f32 / w.half_life_ms as f32), &|| time::since(m.at, now));
    let told = (i.tellings.max(1) as f32).log2() / 5.0;
    add(w.told, told.min(1.0), &|| format!("told in {} places", i.tellings));
    let trouble = match i.mood() {
        Mood::Neg => 1.0,
        Mood::Mixed => 0.5,
        _ => 0.0,
    };
    add(w.trouble, trouble, &|| format!("its mood is {}", i.mood().said()));
    if w.substance > 0.0 {
        let n = folds(&m.text).len();
        let number = m.text.chars().any(char::is_numeric);
        let code = m.text.contains('`');
        let measure = 0.7 * (n as f32 / 150.0).min(1.0) + 0.15 * f32::from(number) + 0.15 * f32::from(code);
        let more = [(number, ", numbers"), (code, ", code")].into_iter().filter(|(yes, _)| *yes);
        let more: String = more.map(|(_, word)| word).collect();
        add(w.substance, measure, &|| format!("{n} words{more}"));
    }
    let asks = m.title.contains('?') || m.text.contains('?');
    add(w.question, f32::from(asks), &|| "asks something".into());
    add(w.vip, f32::from(i.vip), &|| "on the watch list".into());
    let (relevance, why) = learned.score(i);
    let three: Vec<String> =
        why.iter().take(3).map(|(f, n)| format!("{}{f}", if *n > 0.0 { '+' } else { '-' })).collect();
    add(w.relevance, (relevance - 0.5) * 2.0, &|| {
        format!("relevance {:.0} % ({})", relevance * 100.0, three.join(", "))
    });
    reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
    Placed { score: reasons.iter().map(|r| r.points).sum(), reasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mention;

    fn item(text: &str, reach: Option<u64>, hours: i64, mood: Mood, tellings: u32) -> Item {
        let now = Stamp(1_790_000_000_000);
        let at = now.plus(-hours * HOUR);
        let mention = Mention { text: crate::clean::line(text), reach, at, mood, ..Mention::default() };
        Item { mention, tellings, ..Item::default() }
    }

    /// The same mentions give three first screens, each for stated reasons.
    #[test]
    fn each_objective_has_another_first() {
        let now = Stamp(1_790_000_000_000);
        let long = "When I write long words about what I need, with 12 numbers, does it help? ".repeat(12);
        let all = [
            item("It is out today, look at this", Some(2_000_000), 1, Mood::Pos, 9),
            item(&long, Some(30), 24 * 20, Mood::Neutral, 1),
            item("It broke again", Some(100), 40, Mood::Neg, 3),
        ];
        let first = |o: Objective| {
            let learned = Relevance::default();
            let placed = all.iter().map(|i| place(i, By::Objective(o), &learned, now)).enumerate();
            placed.max_by(|a, b| a.1.score.total_cmp(&b.1.score)).unwrap()
        };
        for (o, n, reason) in [
            (Objective::Launch, 0, "1h ago"),
            (Objective::Research, 1, "words, numbers"),
            (Objective::Improve, 2, "its mood is negative"),
        ] {
            let (at, p) = first(o);
            assert_eq!(at, n, "{o:?}");
            assert!(p.reasons.iter().take(2).any(|r| r.words.contains(reason)), "{:?}", p.reasons);
            let sum: f32 = p.reasons.iter().map(|r| r.points).sum();
            assert!((sum - p.score).abs() < 1e-5);
            assert!(!weights(By::Objective(o)).words().is_empty());
        }
    }
}
