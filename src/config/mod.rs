//! `config.toml` to [`Config`]. Every mistake is reported, all at once, each with file, line, column, what is
//! wrong and what was expected. Nothing is read from the network and nothing is started here.

mod alerts;
mod first;
mod hooks;
mod network;
mod problem;
mod reader;
mod rules;
mod sections;
mod send;
mod shared;
mod source;
mod team;

pub use crate::model::{Objective, nearest};
pub use alerts::{Address, AlertConf, Quiet, Reach, SmtpConf, Tls};
pub use first::{init, sample_config};
pub use hooks::{HookAt, HooksConf};
pub use network::{AccountConf, server_address};
pub use problem::Problem;
pub use rules::{Act, Rule, act_of, rule_of};
pub use send::{CommunityConf, SendConf, Words};
pub use shared::{AnswerRules, Answers, Approval, Claim, EngineConf, Roles};
pub use source::{Every, Keep, Login, Secret, SourceConf, SourceKind};
pub use team::{RULES, SNIPPETS, TOPICS, TeamFiles, VIEWS, beside, view, view_of};

use crate::model::time::{DAY, SECOND};
use crate::model::{TopicView, View};
use crate::query::{Names, Query};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The whole configuration of one workspace.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from; sources of errors and relative paths.
    pub file: PathBuf,
    /// Of the text that was read; 0 for none.
    pub hash: u64,
    pub brand: String,
    /// Who answers for our requests: a mail address or a page, sent in the User-Agent.
    pub contact: Option<String>,
    /// Handles and names of our own people, folded: no rule touches what they post.
    pub staff: Vec<String>,
    pub topics: Vec<Topic>,
    /// Named parts of queries.
    pub sets: Vec<Set>,
    /// Where others push to us.
    pub hooks: HooksConf,
    /// Who we are on networks.
    pub accounts: Vec<AccountConf>,
    pub sources: Vec<SourceConf>,
    /// The team's.
    pub views: Vec<View>,
    pub rules: Vec<Rule>,
    /// Pieces of answers, the team's.
    pub snippets: Vec<crate::model::snippet::Snippet>,
    pub alerts: Vec<AlertConf>,
    pub smtp: Option<SmtpConf>,
    pub http: Http,
    pub hosts: BTreeMap<String, HostLimit>,
    pub inbox_since_ms: i64,
    pub retention: Retention,
    pub cache_mb: u64,
    pub engine: EngineConf,
    pub roles: Roles,
    pub answers: Answers,
    pub send: SendConf,
    pub words: Words,
    /// How long something may wait, by network.
    pub targets: BTreeMap<String, crate::model::hours::ResponseTarget>,
    pub hours: Option<crate::model::hours::Hours>,
    /// Queries that name sets and views, where they stand, and the name that they themselves have.
    naming: Vec<Naming>,
    /// Hints that refuse nothing (a query that may not mean what it says).
    pub hints: Vec<Problem>,
}

/// What is listened for.
#[derive(Clone, Debug)]
pub struct Topic {
    pub name: String,
    pub objective: Objective,
    pub about: String,
    pub query: Query,
    /// As it is written.
    pub text: String,
    /// It stands in the team's file.
    pub team: bool,
}

#[derive(Clone, Debug)]
struct Naming {
    place: Problem,
    query: Query,
    own: Option<(&'static str, String)>,
}

/// A named part of queries that is not listened for by itself: `set:NAME`.
#[derive(Clone, Debug)]
pub struct Set {
    pub name: String,
    pub query: Query,
    /// As it is written.
    pub text: String,
    /// It stands in the team's file.
    pub team: bool,
}

/// How requests are made. Times in ms, sizes in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Http {
    pub connect_ms: i64,
    pub first_byte_ms: i64,
    pub whole_ms: i64,
    /// Of the body as it comes over the line.
    pub max_bytes: u64,
    /// Of the body after decompression.
    pub max_expanded: u64,
    /// Requests at once, all hosts together.
    pub at_once: usize,
    /// Requests at once to one host.
    pub at_once_per_host: usize,
    pub proxy: Option<String>,
    pub ca: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Http {
            connect_ms: 10 * SECOND,
            first_byte_ms: 20 * SECOND,
            whole_ms: 60 * SECOND,
            max_bytes: 16 << 20,
            max_expanded: 24 << 20,
            at_once: 64,
            at_once_per_host: 4,
            proxy: None,
            ca: None,
        }
    }
}

/// What one host asks of us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HostLimit {
    pub at_once: Option<usize>,
    pub per_minute: Option<u32>,
}

/// How long texts are kept, by class; `None` is for ever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retention {
    pub classes: BTreeMap<String, Option<i64>>,
}

/// The class of what was kept but matched nothing.
pub const HEARD: &str = crate::model::HEARD_CLASS;
/// The class of everything else, unless its source names another.
pub const MAIN: &str = "main";

impl Default for Retention {
    fn default() -> Self {
        let classes = [(HEARD.to_owned(), Some(30 * DAY)), (MAIN.to_owned(), None)];
        Retention { classes: classes.into() }
    }
}

impl Config {
    /// Reads a file, and the team's files beside it.
    ///
    /// # Errors
    /// Every problem found, in the order of the files.
    pub fn read(path: &Path) -> Result<Config, Vec<Problem>> {
        match std::fs::read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Self::parse_with(&text, path, &TeamFiles::beside(path)?),
                Err(e) => {
                    let line =
                        e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
                    Err(vec![Problem::at(
                        path,
                        line + 1,
                        1,
                        "this line is not UTF-8; save the file as UTF-8",
                    )])
                }
            },
            Err(e) => Err(vec![Problem::file(path, format!("cannot be read: {e}"))]),
        }
    }

    /// Reads the text of a configuration; `path` is for the messages.
    ///
    /// # Errors
    /// Every problem found, in the order of the file.
    pub fn parse(text: &str, path: &Path) -> Result<Config, Vec<Problem>> {
        Self::parse_with(text, path, &TeamFiles::default())
    }

    /// The same, with the texts of the team's files.
    ///
    /// # Errors
    /// Every problem found, in the order of the files.
    pub fn parse_with(text: &str, path: &Path, team: &TeamFiles) -> Result<Config, Vec<Problem>> {
        let hash = hash_of(text, team);
        sections::read(text, path, team).map(|c| Config { hash, ..c })
    }

    /// A hash of the files as they are on the disk now; 0 if they cannot be read.
    #[must_use]
    pub fn hash_now(path: &Path) -> u64 {
        match (std::fs::read_to_string(path), TeamFiles::beside(path)) {
            (Ok(text), Ok(team)) => hash_of(&text, &team),
            _ => 0,
        }
    }

    /// A configuration without a file, for tests and the demo.
    #[must_use]
    pub fn empty(path: &Path) -> Config {
        Config {
            file: path.to_owned(),
            hash: 0,
            brand: String::new(),
            contact: None,
            staff: Vec::new(),
            topics: Vec::new(),
            sets: Vec::new(),
            hooks: HooksConf::default(),
            accounts: Vec::new(),
            sources: Vec::new(),
            views: Vec::new(),
            rules: Vec::new(),
            snippets: Vec::new(),
            alerts: Vec::new(),
            smtp: None,
            http: Http::default(),
            hosts: BTreeMap::new(),
            inbox_since_ms: 7 * DAY,
            retention: Retention::default(),
            cache_mb: 64,
            engine: EngineConf::default(),
            roles: Roles::default(),
            answers: Answers::default(),
            send: SendConf::default(),
            words: Words::default(),
            targets: BTreeMap::new(),
            hours: None,
            naming: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// What the team named, for queries.
    #[must_use]
    pub fn names(&self) -> Names {
        let sets = self.sets.iter().map(|s| (s.name.clone(), s.query.clone()));
        let topics = self.topics.iter().map(|t| (t.name.clone(), t.query.clone(), t.objective.word()));
        let views = self.views.iter().filter_map(|v| Some((v.name.clone(), query_of(v)?)));
        Names::new(sets, views, topics)
    }

    /// Notes a query, to look its names up when all of them are read.
    fn note_names(&mut self, place: Problem, query: &Query, own: Option<(&'static str, &str)>) {
        if query.names_any() {
            let own = own.map(|(field, name)| (field, name.to_owned()));
            self.naming.push(Naming { place, query: query.clone(), own });
        }
    }

    /// Names that nobody gave, and what holds itself.
    fn unresolved(&mut self) -> Vec<Problem> {
        let all = std::mem::take(&mut self.naming);
        if all.is_empty() {
            return Vec::new();
        }
        let names = self.names();
        let why = |n: Naming| {
            let own = n.own.as_ref().map(|(f, o)| (*f, o.as_str()));
            let why = names.resolve(&n.query, own).err()?;
            Some(Problem { message: format!("{}: {why}", n.place.message), ..n.place })
        };
        all.into_iter().filter_map(why).collect()
    }
}

/// What the team named, as front ends know it.
#[must_use]
pub fn names_of(topics: &[TopicView], views: &[View]) -> Names {
    let read =
        |t: &TopicView| Some((t.name.clone(), Query::parse(&t.query, crate::query::Scope::View).ok()?));
    let sets = topics.iter().filter(|t| t.set).filter_map(read);
    let heard = topics.iter().filter(|t| !t.set);
    let topics = heard.filter_map(|t| read(t).map(|(n, q)| (n, q, t.objective.word())));
    Names::new(sets, views.iter().filter_map(|v| Some((v.name.clone(), query_of(v)?))), topics)
}

/// What a view shows, as one query; `None` for a filter that is none.
#[must_use]
pub fn query_of(v: &View) -> Option<Query> {
    let text = match v.states.as_slice() {
        [one] if v.filter.trim().is_empty() => format!("is:{}", one.word()),
        [one] => format!("({}) is:{}", v.filter, one.word()),
        _ => v.filter.clone(),
    };
    Query::parse(&text, crate::query::Scope::View).ok()
}

fn hash_of(text: &str, team: &TeamFiles) -> u64 {
    let part = |t: &Option<String>| t.clone().unwrap_or_default();
    crate::model::hash64(&[
        text,
        &part(&team.topics),
        &part(&team.views),
        &part(&team.rules),
        &part(&team.snippets),
    ])
    .max(1)
}

/// An address as people type it: without a scheme it is https, or http where the host is this machine or a number.
#[must_use]
pub fn with_scheme(typed: &str) -> String {
    if typed.contains("://") {
        return typed.to_owned();
    }
    let host = typed.split(['/', ':', '?']).next().unwrap_or("");
    let near = host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok() || typed.starts_with('[');
    format!("{}://{typed}", if near { "http" } else { "https" })
}

/// Why a typed address cannot be one; `None` if it can.
#[must_use]
pub fn no_address(typed: &str) -> Option<String> {
    let full = with_scheme(typed);
    let u = url::Url::parse(&full).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
    let host = u.as_ref().and_then(|u| u.host());
    let ok = match host {
        Some(url::Host::Domain(d)) => d.contains('.') || d == "localhost" || typed.contains("://"),
        Some(_) => true,
        None => false,
    };
    (!ok).then(|| format!("“{typed}” is no address of a feed or page; write https://blog.example/feed"))
}

#[cfg(test)]
mod tests;
