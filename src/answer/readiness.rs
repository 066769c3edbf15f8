//! Whether we know a community well enough to speak there: seven checks, each computed from what is there and not ticked
//! by hand. Until all hold we are listening; then ready; and speaking once we have answered there.

use crate::clean;
use crate::model::{Stamp, Text};

/// How far we are in a community.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    #[default]
    Listening,
    Ready,
    Speaking,
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Listening => "listening",
            State::Ready => "ready",
            State::Speaking => "speaking",
        }
    }
}

/// What is asked of us: so many days, items read, people known, examples of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wants {
    pub days: u32,
    pub read: u32,
    pub people: u32,
    pub examples: u32,
}

impl Default for Wants {
    fn default() -> Wants {
        Wants { days: 7, read: 50, people: 3, examples: 3 }
    }
}

/// One of the seven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    pub name: &'static str,
    pub holds: bool,
    /// The evidence.
    pub words: Text,
}

/// What is known of us in a community.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    pub wants: Wants,
    pub now: Stamp,
    /// Its rules were seen, since then.
    pub rules_since: Option<Stamp>,
    /// The first thing heard there.
    pub heard_since: Option<Stamp>,
    pub read: u32,
    /// People of the watch list who speak there, and those of them who moderate.
    pub people: Vec<String>,
    pub moderators: Vec<String>,
    /// The account's state as its network told, and whether that is well.
    pub standing: Option<(Text, bool)>,
    /// Its profile says who we are; `None` where nobody told.
    pub disclosed: Option<bool>,
    pub good: u32,
    pub bad: u32,
    /// Who may speak here, and whom to call.
    pub speaks: Vec<String>,
    pub escalate: String,
    /// The rule about speaking of ourselves, and who says so.
    pub promo: Option<String>,
    /// Answers of ours there.
    pub answered: u32,
}

/// The seven points, and how far we are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ready {
    pub points: Vec<Point>,
    pub answered: u32,
}

/// Looks at all seven.
#[must_use]
pub fn ready(k: &Known) -> Ready {
    let mut points = Vec::new();
    let mut say = |name, holds, words: String| {
        points.push(Point { name, holds, words: clean::line_capped(&words, 300) })
    };
    let w = k.wants;
    match k.rules_since {
        Some(t) => say("rules", true, format!("known, as they are since {}", t.local_short(k.now))),
        None => say("rules", false, "not known: paste them under [community.\"NAME\"] rules".into()),
    }
    let days = k.heard_since.map_or(0, |t| ((k.now.0 - t.0).max(0) / crate::model::time::DAY) as u32);
    say(
        "listened",
        days >= w.days && k.read >= w.read,
        format!("{days} of {} days, {} of {} items read", w.days, k.read, w.read),
    );
    let mods = k.moderators.len();
    say(
        "people",
        k.people.len() as u32 >= w.people && mods > 0,
        format!(
            "{} of {} on the watch list, {mods} with the tag moderator{}",
            k.people.len(),
            w.people,
            if k.people.is_empty() { String::new() } else { format!(": {}", k.people.join(", ")) }
        ),
    );
    match &k.standing {
        Some((words, well)) => {
            let said = match k.disclosed {
                None => "",
                Some(true) => " · its profile says who we are",
                Some(false) => {
                    " · its profile does not say who we are ([brand] disclosure, domains, products)"
                }
            };
            say("account", *well && k.disclosed != Some(false), format!("{words}{said}"));
        }
        None => say("account", false, "nothing is known of our account there".into()),
    }
    say(
        "examples",
        k.good >= w.examples && k.bad >= w.examples,
        format!(
            "{} of {} good and {} bad answers pinned (tags good-answer, bad-answer)",
            k.good, w.examples, k.bad
        ),
    );
    let called = !k.speaks.is_empty() && !k.escalate.is_empty();
    let words = match called {
        true => format!("{} may speak here; {} is called when it burns", k.speaks.join(", "), k.escalate),
        false => "write speaks = […] and escalate = \"…\" under [community.\"NAME\"]".to_owned(),
    };
    say("speakers", called, words);
    match &k.promo {
        Some(rule) => say("promo", true, rule.clone()),
        None => say("promo", false, "no rule is known".into()),
    }
    Ready { points, answered: k.answered }
}

impl Ready {
    #[must_use]
    pub fn state(&self) -> State {
        match self.points.len() == 7 && self.points.iter().all(|p| p.holds) {
            false => State::Listening,
            true if self.answered > 0 => State::Speaking,
            true => State::Ready,
        }
    }

    /// "listening: 3 of 7; missing rules, people".
    #[must_use]
    pub fn words(&self) -> String {
        let missing: Vec<&str> = self.points.iter().filter(|p| !p.holds).map(|p| p.name).collect();
        let n = self.points.len() - missing.len();
        match missing.is_empty() {
            true => self.state().word().to_owned(),
            false => format!("{}: {n} of 7; missing {}", self.state().word(), missing.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything is known.
    pub fn well() -> Known {
        let now = Stamp(1_790_000_000_000);
        Known {
            now,
            rules_since: Some(now),
            heard_since: Some(now.plus(-8 * crate::model::time::DAY)),
            read: 60,
            people: vec!["ana".into(), "bo".into(), "cy".into()],
            moderators: vec!["ana".into()],
            standing: Some((Text::ours("since 2024"), true)),
            disclosed: Some(true),
            good: 3,
            bad: 3,
            speaks: vec!["dee".into()],
            escalate: "eve".into(),
            promo: Some("1/10".into()),
            ..Known::default()
        }
    }

    #[test]
    fn each_of_the_seven_keeps_us_listening() {
        assert_eq!(ready(&well()).state(), State::Ready);
        assert_eq!(ready(&Known { answered: 1, ..well() }).words(), "speaking");
        let without: [(&str, Known); 10] = [
            ("rules", Known { rules_since: None, ..well() }),
            ("listened", Known { read: 49, ..well() }),
            ("listened", Known { heard_since: None, ..well() }),
            ("people", Known { people: vec!["ana".into()], ..well() }),
            ("people", Known { moderators: Vec::new(), ..well() }),
            ("account", Known { standing: Some((Text::ours("limited"), false)), ..well() }),
            ("account", Known { disclosed: Some(false), ..well() }),
            ("examples", Known { bad: 2, ..well() }),
            ("speakers", Known { escalate: String::new(), ..well() }),
            ("promo", Known { promo: None, answered: 5, ..well() }),
        ];
        for (name, k) in without {
            let r = ready(&k);
            assert_eq!(
                (r.state(), r.words()),
                (State::Listening, format!("listening: 6 of 7; missing {name}"))
            );
        }
    }
}
