//! `[engine]`, `[roles]`, `[answers]` and `[community."NAME"]`: how an engine is shared, who may do what in it, and
//! what holds for answers.

use super::Config;
use super::reader::{Report, Section};
use crate::model::Role;
use crate::model::time::MINUTE;
use std::collections::BTreeMap;
use toml_edit::Item;

/// How the engine runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EngineConf {
    /// An engine that was started by a terminal leaves so long after the last one, in ms.
    pub linger_ms: i64,
    /// The Unix group that may connect to a shared engine.
    pub group: Option<String>,
}

impl Default for EngineConf {
    fn default() -> Self {
        EngineConf { linger_ms: 10 * MINUTE, group: None }
    }
}

/// Whether a mention is claimed before it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Claim {
    Off,
    #[default]
    Optional,
    /// Only whoever claimed it may write an answer.
    Required,
}

/// Whose answers a second person looks at; the strictest is the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Approval {
    /// Nobody's: who has the role draft may write, and somebody else has to post it as their own.
    Off,
    /// Of those who may not send.
    #[default]
    Drafts,
    Everybody,
}

/// What holds for answers, everywhere or in one community; `None` is what holds everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AnswerRules {
    pub claim: Option<Claim>,
    pub approval: Option<Approval>,
}

/// `[answers]` and what communities have instead of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answers {
    pub everywhere: AnswerRules,
    pub communities: BTreeMap<String, AnswerRules>,
}

impl Answers {
    #[must_use]
    pub fn claim(&self, community: &str) -> Claim {
        self.rule(community, |r| r.claim)
    }

    #[must_use]
    pub fn approval(&self, community: &str) -> Approval {
        self.rule(community, |r| r.approval)
    }

    fn rule<T: Default>(&self, community: &str, of: impl Fn(&AnswerRules) -> Option<T>) -> T {
        let own = self.communities.get(&community.to_lowercase()).and_then(&of);
        own.or_else(|| of(&self.everywhere)).unwrap_or_default()
    }
}

/// Names of users, `@GROUP`s and `*` by role. Without any, the engine's own user is admin and others read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roles {
    pub given: Vec<(Role, Vec<String>)>,
}

impl Roles {
    /// The highest role of a user with these groups; `None` if nobody gave any.
    #[must_use]
    pub fn of(&self, user: &str, groups: &[String]) -> Option<Role> {
        if self.given.is_empty() {
            return Some(Role::Read);
        }
        let means = |name: &String| {
            name == "*"
                || name == user
                || name.strip_prefix('@').is_some_and(|g| groups.iter().any(|mine| mine == g))
        };
        self.given.iter().filter(|(_, names)| names.iter().any(means)).map(|(role, _)| *role).max()
    }

    /// False if this user has no such role for certain: neither by name nor by any group, whoever is in it now.
    #[must_use]
    pub fn could(&self, user: &str, role: Role) -> bool {
        let all = self.given.iter().filter(|(r, _)| *r >= role).flat_map(|(_, names)| names);
        all.into_iter().any(|n| n == user || n == "*" || n.starts_with('@'))
    }

    /// Who but this user has a role or a higher one; `None` if nobody is named. Whoever is in a group may be nobody else.
    #[must_use]
    pub fn somebody_else(&self, role: Role, user: &str) -> Option<String> {
        let others = |(r, names): &(Role, Vec<String>)| {
            (*r, names.iter().filter(|n| *n != user).cloned().collect::<Vec<_>>())
        };
        let rest = Roles { given: self.given.iter().map(others).collect() };
        rest.given.iter().any(|(r, n)| *r >= role && !n.is_empty()).then(|| rest.who_has(role))
    }

    /// Who has a role or a higher one, for a refusal: "ana, @ops".
    #[must_use]
    pub fn who_has(&self, role: Role) -> String {
        let mut all: Vec<&str> = self
            .given
            .iter()
            .filter(|(r, _)| *r >= role)
            .flat_map(|(_, names)| names)
            .map(String::as_str)
            .collect();
        all.dedup();
        if all.is_empty() { "the engine's own user".into() } else { all.join(", ") }
    }
}

fn answer_rules(s: &mut Section<'_>, r: &mut Report<'_>) -> AnswerRules {
    let claims = [("off", Claim::Off), ("optional", Claim::Optional), ("required", Claim::Required)];
    let approvals =
        [("off", Approval::Off), ("drafts", Approval::Drafts), ("everybody", Approval::Everybody)];
    AnswerRules { claim: s.choice(r, "claim", &claims), approval: s.choice(r, "approval", &approvals) }
}

pub(super) fn read(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    if let Some(mut s) = top.table(r, "answers") {
        s.name = "[answers]".into();
        c.answers.everywhere = answer_rules(&mut s, r);
        s.finish(r);
    }
    if let Some(s) = top.table(r, "community") {
        for name in s.keys() {
            let Some(t) = s.get(&name).and_then(Item::as_table_like) else {
                let what = format!("community is written [community.\"{name}\"] with claim and approval");
                r.add(&s.value_span(&name), what);
                continue;
            };
            let mut one = Section::new(t, format!("[community.\"{name}\"]"), s.value_span(&name));
            let rules = answer_rules(&mut one, r);
            let conf = super::send::community(&mut one, r);
            one.finish(r);
            c.send.communities.insert(name.to_lowercase(), conf);
            c.answers.communities.insert(name.to_lowercase(), rules);
        }
    }
    if let Some(mut s) = top.table(r, "engine") {
        s.name = "[engine]".into();
        if let Some(ms) = s.span_ms(r, "linger") {
            c.engine.linger_ms = ms;
        }
        c.engine.group = s.text(r, "group");
        s.finish(r);
    }
    if let Some(mut s) = top.table(r, "roles") {
        s.name = "[roles]".into();
        for role in Role::ALL {
            for (i, name) in s.texts(r, role.word()).unwrap_or_default().into_iter().enumerate() {
                if name.trim_start_matches('@').is_empty() || name.contains(char::is_whitespace) {
                    let what = format!(
                        "{} in [roles] has \"{name}\" as name {}; expected a user, an @group or *",
                        role.word(),
                        i + 1
                    );
                    r.add(&s.value_span(role.word()), what);
                } else if let Some((_, names)) = c.roles.given.iter_mut().find(|(x, _)| *x == role) {
                    names.push(name);
                } else {
                    c.roles.given.push((role, vec![name]));
                }
            }
        }
        s.finish(r);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_role_counts_and_strangers_have_none() {
        let text = "[brand]\nname='x'\n[roles]\nread=['*']\nsend=['bo','@team']\nadmin=['ana']\n";
        let c = Config::parse(text, std::path::Path::new("c.toml")).unwrap();
        let of = |u: &str, g: &[&str]| c.roles.of(u, &g.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(of("ana", &["team"]), Some(Role::Admin));
        assert_eq!(of("cy", &["team"]), Some(Role::Send));
        assert_eq!(of("team", &[]), Some(Role::Read));
        assert_eq!(c.roles.who_has(Role::Send), "bo, @team, ana");
        let closed = Config::parse("[brand]\nname='x'\n[roles]\nadmin=['ana']\n", std::path::Path::new("c"));
        assert_eq!(closed.unwrap().roles.of("bo", &[]), None);
        assert_eq!(Roles::default().of("bo", &[]), Some(Role::Read));
    }

    #[test]
    fn a_community_has_its_own_rules_of_answering() {
        let text = "[brand]\nname='x'\n[answers]\napproval='everybody'\n\
            [community.\"Forum.example\"]\nclaim='required'\n";
        let c = Config::parse(text, std::path::Path::new("c.toml")).unwrap();
        assert_eq!(c.answers.claim("forum.example"), Claim::Required);
        assert_eq!(c.answers.approval("forum.example"), Approval::Everybody);
        assert_eq!(c.answers.claim("blog.example"), Claim::Optional);
        let bad = "[brand]\nname='x'\n[community.a]\nclaim='requird'\nclame='off'\n";
        let all = Config::parse(bad, std::path::Path::new("c.toml")).unwrap_err();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert!(all[0].contains("did you mean \"required\"?") && all[1].contains("clame"), "{all:?}");
    }
}
