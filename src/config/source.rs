//! `[[source]]`: where to listen.

use super::network;
use super::reader::{Report, Section};
use super::{Config, MAIN};
use crate::model::time::{DAY, MINUTE, parse_span};
use crate::networks::{self, Network, Options};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::TableLike;
use url::Url;

/// A source as configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceConf {
    pub id: String,
    pub kind: SourceKind,
    pub every: Every,
    pub keep: Keep,
    /// Names of topics; empty means all.
    pub topics: Vec<String>,
    /// Fetch the page behind a short entry.
    pub full: bool,
    pub login: Login,
    pub ca: Option<PathBuf>,
    pub proxy: Option<String>,
    /// Origins with private addresses that this source may reach, besides its own.
    pub allow: Vec<String>,
    /// The class of retention.
    pub retention: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceKind {
    Feed {
        url: String,
    },
    /// A program that prints JSON lines: an argument list, never a shell.
    Command {
        argv: Vec<String>,
    },
    /// A network with a file of its own in `networks`.
    Network {
        name: &'static str,
        /// Without a slash at its end; empty where it is not asked by an address.
        server: String,
        options: Options,
        account: Option<String>,
    },
}

/// How often a source is asked. `exact` (written `=10m`) switches the adaptive interval off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Every {
    pub ms: i64,
    pub exact: bool,
}

/// What is stored of a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Keep {
    /// Everything; what matches nothing is kept as heard.
    #[default]
    All,
    /// Only what a topic matches.
    Matches,
}

/// How a request shows who we are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Login {
    #[default]
    None,
    Basic {
        user: String,
        password: Secret,
    },
    Header {
        name: String,
        value: Secret,
    },
}

/// Where a secret lies. The secret itself is never in the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Secret {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

/// A path of the configuration, relative to its file.
pub fn beside(config: &Path, name: &str) -> PathBuf {
    let p = Path::new(name);
    if p.is_absolute() { p.to_owned() } else { config.parent().unwrap_or(Path::new("")).join(p) }
}

pub fn check_proxy(p: &str, s: &Section<'_>, r: &mut Report<'_>) {
    let ok = Url::parse(p)
        .is_ok_and(|u| matches!(u.scheme(), "http" | "https" | "socks5" | "socks5h") && u.has_host());
    if !ok {
        r.add(
            &s.value_span("proxy"),
            format!("proxy in {} must be an http, https or socks5 address", s.name),
        );
    }
}

pub fn read_source(
    t: &dyn TableLike,
    span: Option<Range<usize>>,
    i: usize,
    r: &mut Report<'_>,
    c: &Config,
) -> Option<SourceConf> {
    let mut s = Section::new(t, format!("source {}", i + 1), span);
    let id = s.needed(r, "id", "give it a short id");
    if let Some(id) = &id {
        s.name = format!("source \"{id}\"");
        if !id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) || id.len() > 64 {
            r.add(
                &s.value_span("id"),
                format!("the id \"{id}\" may hold letters, digits, - _ . only (at most 64)"),
            );
        }
        if r.ids.contains(id) {
            r.add(
                &s.value_span("id"),
                format!("there are two sources with the id \"{id}\"; give one another id"),
            );
        }
        r.ids.push(id.clone());
    }
    let kind = kind(&mut s, r, c);
    let every = every(&mut s, r);
    let keep = s.choice(r, "keep", &[("all", Keep::All), ("matches", Keep::Matches)]).unwrap_or_default();
    let topics = s.texts(r, "topics").unwrap_or_default();
    let names: Vec<&str> = c.topics.iter().map(|t| t.name.as_str()).collect();
    for t in topics.iter().filter(|t| !names.contains(&t.as_str())) {
        let hint = super::nearest(t, &names).map_or(String::new(), |n| format!("; did you mean \"{n}\"?"));
        r.add(
            &s.value_span("topics"),
            format!("{} names the topic \"{t}\", which is not there{hint}", s.name),
        );
    }
    let full = s.flag(r, "full").unwrap_or(false);
    let login = login(&mut s, r, c);
    let ca = s.text(r, "ca").map(|f| beside(&c.file, &f));
    let proxy = s.text(r, "proxy");
    if let Some(p) = &proxy {
        check_proxy(p, &s, r);
    }
    let allow = s.texts(r, "allow").unwrap_or_default();
    for a in &allow {
        if !Url::parse(a).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host()) {
            r.add(
                &s.value_span("allow"),
                format!("allow in {}: \"{a}\" is no origin such as http://10.0.0.5:8080", s.name),
            );
        }
    }
    let policy = networks::declarations().find(|d| Some(d.name) == kind.as_ref().map(SourceKind::network));
    let retention = s.text(r, "retention").unwrap_or_else(|| MAIN.into());
    if !c.retention.classes.contains_key(&retention) {
        r.add(
            &s.value_span("retention"),
            format!("{} names the class \"{retention}\", which [retention] does not have", s.name),
        );
    }
    if let Some(d) = policy {
        network::check_policy(d, &retention, &s, r, c);
    }
    s.finish(r);
    Some(SourceConf { id: id?, kind: kind?, every, keep, topics, full, login, ca, proxy, allow, retention })
}

impl SourceKind {
    /// The network's name.
    #[must_use]
    pub fn network(&self) -> &'static str {
        match self {
            SourceKind::Feed { .. } => "feed",
            SourceKind::Command { .. } => "command",
            SourceKind::Network { name, .. } => name,
        }
    }
}

/// The kinds of sources that have keys of their own here.
#[derive(Clone, Copy)]
enum Asked {
    Feed,
    Command,
    Network(&'static dyn Network),
}

fn kind(s: &mut Section<'_>, r: &mut Report<'_>, c: &Config) -> Option<SourceKind> {
    let mut choices = vec![("feed", Asked::Feed), ("command", Asked::Command)];
    choices.extend(networks::ALL.iter().map(|n| (n.declared().name, Asked::Network(*n))));
    if s.get("network").is_none() {
        let words: Vec<&str> = choices.iter().map(|(w, _)| *w).collect();
        r.add(&s.span.clone(), format!("{} has no network; expected {}", s.name, words.join(" | ")));
    }
    let asked = s.choice(r, "network", &choices);
    if !matches!(asked, Some(Asked::Network(_))) {
        // Known, so that only what matters is said of them.
        s.item("account");
    }
    match asked {
        Some(Asked::Feed) => feed_url(s, r).map(|url| SourceKind::Feed { url }),
        Some(Asked::Command) => command(s, r, "command").map(|argv| SourceKind::Command { argv }),
        Some(Asked::Network(n)) => network::read(s, r, c, n),
        None => {
            s.item("url");
            s.item("command");
            None
        }
    }
}

fn feed_url(s: &mut Section<'_>, r: &mut Report<'_>) -> Option<String> {
    let text = s.needed(r, "url", "write the address of the feed or of its page")?;
    match Url::parse(&text) {
        Ok(u) if !matches!(u.scheme(), "http" | "https") => {
            r.add(
                &s.value_span("url"),
                format!("{} has a {}: address; only http and https are asked", s.name, u.scheme()),
            );
            None
        }
        Ok(u) if !u.username().is_empty() || u.password().is_some() => {
            r.add(&s.value_span("url"), format!("{} has a user or password in its address; write auth = {{ user = \"…\", password_env = \"…\" }}", s.name));
            None
        }
        Ok(u) if u.has_host() => Some(u.into()),
        _ => {
            r.add(&s.value_span("url"), format!("url in {} is no address; expected https://…", s.name));
            None
        }
    }
}

pub(super) fn command(s: &mut Section<'_>, r: &mut Report<'_>, key: &'static str) -> Option<Vec<String>> {
    if s.item(key).is_none() {
        r.add(&s.span.clone(), format!("{} has no {key}; write {key} = [\"program\", \"argument\"]", s.name));
        return None;
    }
    let argv = s.texts(r, key)?;
    if argv.first().is_none_or(String::is_empty) {
        r.add(&s.value_span(key), format!("{key} in {} names no program", s.name));
        return None;
    }
    Some(argv)
}

fn every(s: &mut Section<'_>, r: &mut Report<'_>) -> Every {
    let default = Every { ms: 10 * MINUTE, exact: false };
    let Some(text) = s.text(r, "every") else { return default };
    let (exact, span) = match text.strip_prefix('=') {
        Some(t) => (true, t),
        None => (false, text.as_str()),
    };
    match parse_span(span) {
        Ok(ms) if (1_000..=DAY).contains(&ms) => Every { ms, exact },
        Ok(_) => {
            r.add(&s.value_span("every"), format!("every in {} must be from 1s to 1d", s.name));
            default
        }
        Err(e) => {
            r.add(&s.value_span("every"), format!("every in {}: {e}", s.name));
            default
        }
    }
}

pub(super) fn login(s: &mut Section<'_>, r: &mut Report<'_>, c: &Config) -> Login {
    let auth = s.table(r, "auth");
    let header = s.table(r, "header");
    if auth.is_some() && header.is_some() {
        r.add(&s.value_span("header"), format!("{} has both auth and header; write one of them", s.name));
    }
    if let Some(mut a) = auth {
        let user = a.needed(r, "user", "write the user's name");
        let password = secret(&mut a, r, c, ["password_env", "password_file", "password_command"]);
        a.finish(r);
        if let (Some(user), Some(password)) = (user, password) {
            return Login::Basic { user, password };
        }
    } else if let Some(mut h) = header {
        let name = h.needed(r, "name", "write the header's name, as Authorization");
        let value = secret(&mut h, r, c, ["value_env", "value_file", "value_command"]);
        h.finish(r);
        if let (Some(name), Some(value)) = (name, value) {
            return Login::Header { name, value };
        }
    }
    Login::None
}

pub(super) fn secret(
    s: &mut Section<'_>,
    r: &mut Report<'_>,
    c: &Config,
    keys: [&'static str; 3],
) -> Option<Secret> {
    let env = s.text(r, keys[0]).map(Secret::Env);
    let file = s.text(r, keys[1]).map(|f| Secret::File(beside(&c.file, &f)));
    let program = if s.item(keys[2]).is_some() { command(s, r, keys[2]).map(Secret::Command) } else { None };
    let mut found = [env, file, program].into_iter().flatten();
    let first = found.next();
    if first.is_none() || found.next().is_some() {
        r.add(&s.span.clone(), format!("{} needs exactly one of {}", s.name, keys.join(", ")));
        return None;
    }
    first
}
