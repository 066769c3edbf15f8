//! `[engine]` and `[roles]`: how an engine is shared, and who may do what in it.

use super::Config;
use super::reader::{Report, Section};
use crate::model::Role;
use crate::model::time::MINUTE;

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

pub(super) fn read(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
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
}
