//! Networks, accounts and communities as front ends show them, and what cannot be heard, in one list.

use super::place::{Budget, Community, Limit, Lost, Standing};
use super::{SourceView, Stamp, Text, Trouble};
use serde::{Deserialize, Serialize};

/// A network, as its file declares it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NetworkView {
    pub name: String,
    pub title: String,
    pub heard: Vec<String>,
    pub can: Vec<String>,
    pub limits: Vec<String>,
    pub identity: String,
    /// What its rules say: question and answer.
    pub policy: Vec<(String, String)>,
    pub link: String,
    pub read_on: String,
    pub account: String,
    /// Settings of its sources, with what they mean.
    pub settings: Vec<(String, String)>,
    pub hand_off: bool,
}

/// What something new needs beside its words, as its network calls it; empty for what it has not.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NewPost {
    pub place: String,
    pub title: String,
    /// It has to have a title.
    pub titled: bool,
}

/// One of our accounts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AccountView {
    pub name: String,
    pub network: String,
    pub server: String,
    pub user: String,
    /// Where its keys come from, in a word: never the keys.
    pub keys: String,
    pub standing: Option<Standing>,
    pub budgets: Vec<Budget>,
    /// Who may answer as it; empty: whoever has the role send.
    pub may_send: Vec<String>,
    /// The one who asked is among them.
    pub mine: bool,
    /// Something new can be said as it from here.
    pub begins: Option<NewPost>,
}

/// A community, with what we did there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CommunityView {
    pub community: Community,
    pub heard: u64,
    /// Posts of our accounts there.
    pub ours: u64,
    pub answered: u64,
    /// How well we know it: each of the seven points with its evidence; of one that is looked at by itself.
    pub ready: Vec<(String, bool, Text)>,
    /// "listening: 3 of 7; missing rules".
    pub readiness: Text,
    /// How much we speak of ourselves there, who says how much we may, and the last things that we said, each with what it
    /// was for.
    pub promo: Text,
    pub promo_source: Text,
    pub said: Vec<(Stamp, String)>,
}

/// Why something was not heard, or not all of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unheard {
    pub source: String,
    pub network: String,
    /// silent, failing, capped, sampled, closed, partial, lost, paused
    pub what: &'static str,
    pub words: String,
    pub since: Option<Stamp>,
    /// Topics that listen there, of all.
    pub topics: (usize, usize),
}

/// What cannot be heard, source by source: a silence is never a zero. `topics`: the names of all.
#[must_use]
pub fn coverage(sources: &[SourceView], topics: &[String]) -> Vec<Unheard> {
    let mut out = Vec::new();
    for s in sources.iter().filter(|s| s.configured) {
        let listening = if s.topics.is_empty() { topics.len() } else { s.topics.len() };
        let mut add = |what, words: String, since| {
            let (source, network) = (s.id.clone(), s.network.clone());
            out.push(Unheard { source, network, what, words, since, topics: (listening, topics.len()) });
        };
        let open = s.health.gaps.iter().find(|g| g.1.is_none()).map(|g| g.0);
        match &s.health.trouble {
            Trouble::None => {}
            Trouble::Paused => add("paused", "nobody listens there".into(), s.health.last_ok),
            Trouble::Silent => add("silent", s.health.word(), s.health.newest),
            Trouble::Empty => add("silent", s.health.word(), s.health.last_new),
            Trouble::Failing(why) => add("failing", why.to_string(), open.or(s.health.last_ok)),
            Trouble::Retired(why) => add("closed", why.to_string(), s.health.last_ok),
        }
        for Limit { kind, words, since } in &s.ledger.limits {
            add(kind.word(), words.to_string(), Some(*since));
        }
        for Lost { from, to, why } in &s.ledger.lost {
            add("lost", format!("until {}: {why}", to.local_minute()), Some(*from));
        }
    }
    out
}

/// Topics that listen at a source with something of the kind, of all: the share that the list concerns.
#[must_use]
pub fn share(rows: &[Unheard]) -> Option<(usize, usize)> {
    rows.iter().filter(|r| r.what != "partial").map(|r| r.topics).max_by_key(|t| t.0)
}

/// A community's card, in lines.
#[must_use]
pub fn card(c: &CommunityView) -> Vec<String> {
    let k = &c.community;
    let mut out =
        vec![format!("{} · {} · {}", k.name, k.network, if k.title.is_empty() { "-" } else { &k.title })];
    if let Some((n, what)) = &k.members {
        out.push(format!("members    {n} {what}"));
    }
    out.push(format!("heard      {} · answered {} · ours {}", c.heard, c.answered, c.ours));
    if !k.url.is_empty() {
        out.push(format!("at         {}", k.url));
    }
    out.push(format!("told       {}", k.told_at.local_minute()));
    if !k.about.is_empty() {
        out.push(format!("about      {}", k.about.lines().next().unwrap_or("")));
    }
    if !c.ready.is_empty() {
        out.push(format!("readiness  {}", c.readiness));
        for (name, holds, words) in &c.ready {
            out.push(format!("  {} {name}: {words}", if *holds { "+" } else { "-" }));
        }
        out.push(format!("promo      {} ({})", c.promo, c.promo_source));
        out.extend(c.said.iter().map(|(at, class)| format!("  {} {class}", at.local_minute())));
    }
    if k.rules.is_empty() {
        out.push("rules      it publishes none that a program can read".into());
    } else {
        out.push(format!(
            "rules      as they stand since {} ({})",
            k.rules_since.local_minute(),
            k.rules_url
        ));
        out.extend(k.rules.lines().map(|l| format!("  {l}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::model::place::{Ledger, Narrowing};

    #[test]
    fn what_is_not_heard_is_told_with_the_topics_that_listen_there() {
        let mut s =
            SourceView { id: "m".into(), configured: true, topics: vec!["a".into()], ..Default::default() };
        s.health.trouble = Trouble::Failing(Text::ours("refused"));
        s.health.gaps.push((Stamp(5), None));
        s.ledger = Ledger::default();
        s.ledger.narrow(Stamp(7), &[(Narrowing::Capped, Text::ours("1,000 hits"))]);
        s.ledger.lose(Lost { from: Stamp(1), to: Stamp(2), why: Text::ours("cut") });
        let gone = SourceView { id: "old".into(), ..Default::default() };
        let all = coverage(&[s, gone], &["a".into(), "b".into()]);
        let rows: Vec<_> = all.iter().map(|u| (u.what, u.since.map(|t| t.0), u.topics)).collect();
        let t = (1, 2);
        assert_eq!(rows, [("failing", Some(5), t), ("capped", Some(7), t), ("lost", Some(1), t)]);
        assert_eq!(share(&all), Some((1, 2)));
    }
}
