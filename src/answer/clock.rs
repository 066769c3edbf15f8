//! The clock of a mention: until when it should be answered. It knows what perishes: what a network forgets in an hour is
//! due in an hour, what gathers speed sooner; what is for a launch, from somebody who matters, or angry, sooner still.

use crate::model::hours::{Hours, ResponseTarget};
use crate::model::time::{HOUR, MINUTE, span};
use crate::model::{Mood, Objective, Stamp};
use std::collections::BTreeMap;

/// Never sooner than this after it was published, in ms.
const LEAST: i64 = 10 * MINUTE;

/// Where the configuration says nothing: half of the time in which a network's attention is gone, and hours of work where
/// people wait for each other.
#[must_use]
pub fn usual(network: &str) -> ResponseTarget {
    let (ms, always) = match network {
        "hackernews" => (HOUR, true),
        "matrix" => (HOUR / 2, true),
        "bluesky" => (3 * HOUR, true),
        "mastodon" => (4 * HOUR, true),
        "wikimedia" => (16 * HOUR, false),
        "webhook" => (4 * HOUR, false),
        // A day of work.
        _ => (8 * HOUR, false),
    };
    ResponseTarget { ms, always }
}

/// What a team promises itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Targets {
    /// By network, and by community (small letters), which goes before it.
    pub networks: BTreeMap<String, ResponseTarget>,
    pub communities: BTreeMap<String, ResponseTarget>,
    pub hours: Option<Hours>,
}

/// What is known of a mention.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    pub network: String,
    pub community: String,
    pub at: Stamp,
    pub heard_at: Stamp,
    pub now: Stamp,
    /// Tellings of its story.
    pub tellings: u32,
    pub objectives: Vec<Objective>,
    pub vip: bool,
    pub mood: Mood,
    pub urgent: bool,
}

/// Until when, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    pub at: Stamp,
    pub words: Vec<String>,
}

/// The clock; `None` where there is none: what is heard for research alone.
#[must_use]
pub fn due(k: &Known, t: &Targets) -> Option<Due> {
    if !k.objectives.is_empty() && k.objectives.iter().all(|o| *o == Objective::Research) {
        return None;
    }
    let of_community = t.communities.get(&k.community.to_lowercase());
    let of_network = t.networks.get(&k.network);
    let target = of_community.or(of_network).copied().unwrap_or_else(|| usual(&k.network));
    let whose = match (of_community, of_network) {
        (Some(_), _) => format!("{} (configured)", k.community),
        (None, Some(_)) => format!("{} (configured)", k.network),
        (None, None) => format!("{}, as long as attention lasts there", k.network),
    };
    let mut words = vec![format!("{} on {whose}", span(target.ms))];
    let mut part = 100i64;
    let mut faster = |percent: i64, why: String| {
        part = part * percent / 100;
        words.push(format!("× {}: {why}", f64::from(i32::try_from(percent).unwrap_or(100)) / 100.0));
    };
    // How fast it is told on, in tellings per hour.
    let age = (k.now.0 - k.at.0).max(HOUR / 4);
    let speed = i64::from(k.tellings.saturating_sub(1)) * HOUR / age;
    if speed >= 10 {
        faster(25, format!("{speed} tellings per hour"));
    } else if speed >= 3 {
        faster(50, format!("{speed} tellings per hour"));
    }
    if k.objectives.contains(&Objective::Launch) {
        faster(50, "for a launch".into());
    }
    if k.vip {
        faster(50, "its author is on the watch list".into());
    }
    match k.mood {
        Mood::Neg => faster(50, "its mood is negative".into()),
        Mood::Mixed => faster(75, "its mood is mixed".into()),
        _ => {}
    }
    if k.urgent {
        faster(25, "marked urgent".into());
    }
    let ms = (target.ms * part / 100).max(LEAST);
    // What was heard late is late by that: but nobody is late before it was here.
    let from = if k.at.0 > 0 { k.at.min(k.heard_at) } else { k.heard_at };
    let at = match &t.hours {
        Some(h) if !target.always => {
            words.push(format!("in business hours ({})", h.zone));
            h.add(from, ms)
        }
        _ => from.plus(ms),
    };
    Some(Due { at: at.max(k.heard_at.plus(LEAST)), words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let now = Stamp(1_790_000_000_000);
        Known { network: "hackernews".into(), at: now, heard_at: now, now, tellings: 1, ..Known::default() }
    }

    #[test]
    fn what_perishes_is_due_sooner() {
        let (k, t) = (known(), Targets::default());
        let of = |k: &Known| due(k, &t).map(|d| (d.at.0 - k.at.0) / MINUTE);
        assert_eq!(of(&k), Some(60));
        assert_eq!(of(&Known { network: "discourse".into(), ..k.clone() }), Some(480));
        assert_eq!(of(&Known { mood: Mood::Neg, ..k.clone() }), Some(30));
        assert_eq!(of(&Known { vip: true, mood: Mood::Neg, ..k.clone() }), Some(15));
        assert_eq!(of(&Known { tellings: 4, ..k.clone() }), Some(15), "three in a quarter of an hour");
        assert_eq!(of(&Known { objectives: vec![Objective::Launch], ..k.clone() }), Some(30));
        assert_eq!(of(&Known { objectives: vec![Objective::Research], ..k.clone() }), None);
        assert_eq!(
            of(&Known { vip: true, urgent: true, mood: Mood::Neg, ..k.clone() }),
            Some(10),
            "the least"
        );
        let d = due(&Known { mood: Mood::Neg, ..k.clone() }, &t).unwrap();
        assert_eq!(
            d.words,
            ["1h on hackernews, as long as attention lasts there", "× 0.5: its mood is negative"]
        );
        // Nobody is late before it was heard.
        let late = Known { at: k.at.plus(-10 * HOUR), ..k };
        assert_eq!(due(&late, &t).unwrap().at, late.heard_at.plus(LEAST));
    }

    #[test]
    fn nothing_makes_it_due_later() {
        let (k, t) = (known(), Targets::default());
        let base = due(&k, &t).unwrap().at;
        for vip in [false, true] {
            for urgent in [false, true] {
                for mood in [Mood::Unknown, Mood::Pos, Mood::Mixed, Mood::Neg] {
                    for tellings in [1, 3, 9, 50] {
                        let k = Known { vip, urgent, mood, tellings, ..k.clone() };
                        assert!(due(&k, &t).unwrap().at <= base);
                    }
                }
            }
        }
    }
}
