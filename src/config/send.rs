//! `[send]`, `[preflight]`, `[readiness]` and what communities ask of us: how answers leave and what is looked at before.

use super::Config;
use super::reader::{Report, Section};
use super::source::{Secret, secret};
use crate::model::hours::{Hours, ResponseTarget, WEEK};
use crate::model::outgoing::{CHECKS, Level};
use crate::model::time::DAY;
use std::collections::BTreeMap;
use toml_edit::Item;

/// How answers leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendConf {
    /// Time to call an answer back, by network, in ms.
    pub delay_ms: BTreeMap<String, i64>,
    /// What a server took is seen after this time (ms) at the latest.
    pub settle_ms: i64,
    /// What does not leave is tried for so long (ms).
    pub tries_ms: i64,
    /// Levels of checks that do not hold, by name.
    pub levels: BTreeMap<String, Level>,
    /// Hosts that are ours, names of what we make, words that say who we are.
    pub domains: Vec<String>,
    pub products: Vec<String>,
    pub disclosure: Vec<String>,
    /// What is asked of us before we speak: days, items read, people known, examples of each kind.
    pub ready: [u32; 4],
    pub communities: BTreeMap<String, CommunityConf>,
}

impl Default for SendConf {
    fn default() -> SendConf {
        SendConf {
            delay_ms: BTreeMap::new(),
            settle_ms: 30_000,
            tries_ms: DAY,
            levels: BTreeMap::new(),
            domains: Vec::new(),
            products: Vec::new(),
            disclosure: Vec::new(),
            ready: [7, 50, 3, 3],
            communities: BTreeMap::new(),
        }
    }
}

/// What is known of a community that its network does not tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CommunityConf {
    /// Its rules, pasted.
    pub rules: String,
    /// One of so many of our messages may speak for us; 0: no bound.
    pub promo: Option<u32>,
    /// Who may speak there for us, and whom to call.
    pub speaks: Vec<String>,
    pub escalate: String,
    /// How long something may wait there.
    pub target: Option<ResponseTarget>,
}

/// `[words]`: help with words; nothing is asked of anybody where it is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Words {
    /// Programs by task.
    pub commands: BTreeMap<String, Vec<String>>,
    /// An endpoint that speaks as OpenAI's does, as `http://127.0.0.1:8080/v1`; empty for none.
    pub endpoint: String,
    pub model: String,
    pub key: Option<Secret>,
    /// Into what is translated where nobody says it: two letters.
    pub lang: String,
    /// Also what was written in private.
    pub private: bool,
}

impl Words {
    #[must_use]
    pub fn command(&self, task: &str) -> Option<&[String]> {
        self.commands.get(task).map(Vec::as_slice)
    }
}

fn words(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(mut s) = top.table(r, "words") else { return };
    s.name = "[words]".into();
    for task in ["draft", "shorten", "translate"] {
        match s.texts(r, task) {
            Some(argv) if argv.first().is_some_and(|a| !a.is_empty()) => {
                c.words.commands.insert(task.to_owned(), argv);
            }
            Some(_) => r.add(&s.value_span(task), format!("{task} in [words] names no program")),
            None => {}
        }
    }
    c.words.endpoint = s.text(r, "endpoint").unwrap_or_default();
    let url = url::Url::parse(&c.words.endpoint).ok();
    if !c.words.endpoint.is_empty()
        && !url.is_some_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
    {
        r.add(&s.value_span("endpoint"), "endpoint in [words] is no address; expected https://…/v1");
    }
    c.words.model = s.text(r, "model").unwrap_or_default();
    if ["key_env", "key_file", "key_command"].iter().any(|k| s.get(k).is_some()) {
        c.words.key = secret(&mut s, r, c, ["key_env", "key_file", "key_command"]);
    }
    c.words.lang = s.text(r, "lang").unwrap_or_else(|| "en".into());
    c.words.private = s.flag(r, "private").unwrap_or(false);
    s.finish(r);
}

const LEVELS: [(&str, Level); 3] = [("off", Level::Off), ("amber", Level::Amber), ("red", Level::Red)];

pub(super) fn read(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    clocks(top, r, c);
    words(top, r, c);
    if let Some(mut s) = top.table(r, "send") {
        s.name = "[send]".into();
        if let Some(ms) = s.span_ms(r, "settle") {
            c.send.settle_ms = ms.clamp(100, DAY);
        }
        if let Some(ms) = s.span_ms(r, "tries") {
            c.send.tries_ms = ms;
        }
        if let Some(t) = s.table(r, "delay") {
            for name in t.keys() {
                let ms = t
                    .get(&name)
                    .and_then(Item::as_str)
                    .and_then(|x| if x == "0" { Some(0) } else { crate::model::time::parse_span(x).ok() });
                match ms.filter(|_| crate::networks::named(&name).is_some()) {
                    Some(ms) => {
                        c.send.delay_ms.insert(name, ms.min(DAY));
                    }
                    None => {
                        let what = format!(
                            "delay in [send] holds {name}; expected a network and a time, as mastodon = \"30s\""
                        );
                        r.add(&t.value_span(&name), what);
                    }
                }
            }
        }
        s.finish(r);
    }
    if let Some(mut s) = top.table(r, "preflight") {
        s.name = "[preflight]".into();
        for (name, ..) in CHECKS {
            if let Some(level) = s.choice(r, name, &LEVELS) {
                c.send.levels.insert(name.to_owned(), level);
            }
        }
        s.finish(r);
    }
    if let Some(mut s) = top.table(r, "readiness") {
        s.name = "[readiness]".into();
        for (i, key) in ["days", "read", "people", "examples"].into_iter().enumerate() {
            if let Some(n) = s.number(r, key, 0..=100_000) {
                c.send.ready[i] = u32::try_from(n).unwrap_or(0);
            }
        }
        s.finish(r);
    }
}

const TARGET: &str = "\"4h\", in business hours, or \"1h+\", day and night";

/// `4h` in business hours, `1h+` day and night.
fn target(t: &str) -> Option<ResponseTarget> {
    let (span, always) = t.trim().strip_suffix('+').map_or((t, false), |s| (s, true));
    let ms = crate::model::time::parse_span(span).ok().filter(|ms| *ms > 0)?;
    Some(ResponseTarget { ms, always })
}

fn clocks(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    if let Some(s) = top.table(r, "targets") {
        for name in s.keys() {
            let found = s.get(&name).and_then(Item::as_str).and_then(target);
            match found.filter(|_| crate::networks::declarations().any(|d| d.name == name)) {
                Some(t) => {
                    c.targets.insert(name, t);
                }
                None => r.add(
                    &s.value_span(&name),
                    format!("targets holds {name}; expected a network and a time: {TARGET}"),
                ),
            }
        }
    }
    if let Some(mut s) = top.table(r, "hours") {
        s.name = "[hours]".into();
        let zone = s.text(r, "zone").unwrap_or_else(|| "UTC".into());
        let mut hours = Hours { zone: chrono_tz::Tz::UTC, week: Default::default(), holidays: Vec::new() };
        match zone.parse() {
            Ok(z) => hours.zone = z,
            Err(_) => r.add(
                &s.value_span("zone"),
                format!("zone in [hours] is \"{zone}\"; expected a name such as \"Europe/Berlin\""),
            ),
        }
        for (i, (key, _)) in WEEK.into_iter().enumerate() {
            match Hours::blocks(&s.texts(r, key).unwrap_or_default()) {
                Ok(b) => hours.week[i] = b,
                Err(why) => r.add(&s.value_span(key), format!("{key} in [hours] {why}")),
            }
        }
        for day in s.texts(r, "holidays").unwrap_or_default() {
            match Hours::holiday(&day) {
                Some(d) => hours.holidays.push(d),
                None => r.add(
                    &s.value_span("holidays"),
                    format!("holidays in [hours] holds \"{day}\"; expected \"2026-12-25\" or \"12-25\""),
                ),
            }
        }
        c.hours = Some(hours);
        s.finish(r);
    }
}

/// The part of `[brand]` that says what is ours.
pub(super) fn ours(s: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    c.send.domains = s.texts(r, "domains").unwrap_or_default();
    for d in &mut c.send.domains {
        *d = d.trim().trim_start_matches("*.").to_lowercase();
    }
    if c.send.domains.iter().any(|d| d.is_empty() || d.contains('/') || d.contains(char::is_whitespace)) {
        r.add(&s.value_span("domains"), "domains in [brand] holds no host; write \"acme.example\"");
    }
    c.send.products = s.texts(r, "products").unwrap_or_default();
    c.send.disclosure = s.texts(r, "disclosure").unwrap_or_default();
}

/// The part of `[community."NAME"]` that says how we speak there.
pub(super) fn community(one: &mut Section<'_>, r: &mut Report<'_>) -> CommunityConf {
    let promo = one.text(r, "promo").and_then(|t| {
        let n = t
            .trim()
            .strip_prefix("1/")
            .and_then(|n| n.parse::<u32>().ok())
            .filter(|n| (1..=1000).contains(n));
        let n = n.or((t == "any").then_some(0));
        if n.is_none() {
            r.add(
                &one.value_span("promo"),
                format!("promo in {} is \"{t}\"; expected \"1/10\" or \"any\"", one.name),
            );
        }
        n
    });
    CommunityConf {
        rules: one.text(r, "rules").unwrap_or_default(),
        promo,
        speaks: one.texts(r, "speaks").unwrap_or_default(),
        escalate: one.text(r, "escalate").unwrap_or_default(),
        target: one.text(r, "target").and_then(|t| {
            let read = target(&t);
            if read.is_none() {
                r.add(
                    &one.value_span("target"),
                    format!("target in {} is \"{t}\"; expected {TARGET}", one.name),
                );
            }
            read
        }),
    }
}

impl SendConf {
    /// What is known of a community.
    #[must_use]
    pub fn community(&self, name: &str) -> CommunityConf {
        self.communities.get(&name.to_lowercase()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_answers_leave_is_read_and_mistakes_are_said() {
        let text = "[brand]\nname='x'\ndomains=['*.Acme.example']\ndisclosure=['I work for Acme']\n\
            [send]\nsettle='2m'\n[send.delay]\nmastodon='45s'\nmatrix='0'\n[preflight]\nlinks='red'\nreadiness='off'\n\
            [readiness]\ndays=3\n[community.\"a.example\"]\npromo='1/4'\ntarget='1h+'\nspeaks=['ana']\nescalate='bo'\nrules='Be kind.'\n";
        let c = Config::parse(text, std::path::Path::new("c.toml")).unwrap().send;
        assert_eq!((c.settle_ms, c.delay_ms["mastodon"], c.delay_ms["matrix"]), (120_000, 45_000, 0));
        assert_eq!((c.levels["links"], c.levels["readiness"], c.ready[0]), (Level::Red, Level::Off, 3));
        assert_eq!(
            (c.domains.as_slice(), c.community("A.example").promo),
            (&["acme.example".to_owned()][..], Some(4))
        );
        let text = "[brand]\nname='x'\n[targets]\ndiscourse='4h'\n[hours]\nzone='Europe/Berlin'\nmon=['09:00-12:00']\nholidays=['12-25']\n";
        let both = Config::parse(text, std::path::Path::new("c.toml")).unwrap();
        assert_eq!(
            (both.targets["discourse"], both.hours.unwrap().week[0].len()),
            (ResponseTarget { ms: 14_400_000, always: false }, 1)
        );
        assert_eq!(c.community("a.example").target, Some(ResponseTarget { ms: 3_600_000, always: true }));
        let bad = "[brand]\nname='x'\n[targets]\ndiscorse='4h'\n[hours]\nzone='Berlin'\nmon=['9-12']\nholidays=['x']\n";
        assert_eq!(Config::parse(bad, std::path::Path::new("c.toml")).unwrap_err().len(), 4);
        let bad = "[brand]\nname='x'\n[send.delay]\nmastadon='45s'\n[preflight]\nlink='red'\n[community.a]\npromo='4'\n";
        let all = Config::parse(bad, std::path::Path::new("c.toml")).unwrap_err();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert!(all.len() == 3 && all[1].contains("did you mean"), "{all:?}");
    }
}
