//! Preflight: all that is looked at before something of ours leaves, in one function. The facts come from `engine`; each
//! check says how it came out and where that comes from. What does not hold stops it or asks for a reason, as configured.

use super::promo::{Promo, own_links};
use super::readiness::{Ready, State};
use crate::clean;
use crate::model::attach::Attached;
use crate::model::outgoing::{CHECKS, Check, Class, Level};
use crate::model::{Stamp, Text};
use crate::networks::{Length, Takes};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a look at a link gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Alive {
    /// It is being looked at.
    Asking,
    Yes,
    No(Text),
}

/// All that is known of a draft and of where it goes.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub text: String,
    pub now: Stamp,
    /// Title of the network; where its facts come from.
    pub network: String,
    pub by_hand: bool,
    /// Why no account can be used.
    pub no_account: Option<String>,
    pub account: String,
    /// The account's state as the network told, and when; true for one that should be looked at.
    pub standing: Option<(Text, bool, Stamp)>,
    /// Ours and theirs, the widest first in `order`.
    pub visibility: String,
    pub theirs: Option<String>,
    pub order: Vec<String>,
    /// Rules as the community publishes them, where from, since when.
    pub rules: String,
    pub rules_url: String,
    pub rules_since: Stamp,
    /// Hosts that are ours, names of what we make, words that say who we are.
    pub domains: Vec<String>,
    pub products: Vec<String>,
    pub disclosure: Vec<String>,
    pub links: Vec<(String, Alive)>,
    /// Two letters each; empty where it is not known.
    pub lang: String,
    pub thread_lang: String,
    /// Told in the thread since: how many, and by whom the last.
    pub since: usize,
    pub since_by: String,
    pub edited_since: bool,
    pub deleted: bool,
    /// Others who write about it, in words.
    pub others: Vec<String>,
    pub length: Option<Length>,
    /// The pictures that go along: how many bytes each has, none if it is not there; and whether it says where it was taken.
    pub pictures: Vec<(Attached, Option<usize>, bool)>,
    pub takes: Option<Takes>,
    /// Where it was answered already; and other tellings of its story.
    pub answered: Option<String>,
    pub answered_near: Vec<String>,
    pub promo: Promo,
    pub class: Class,
    pub ready: Ready,
    /// A colleague approved it; and who could, where there is anybody.
    pub approved: bool,
    pub approvers: Option<String>,
    /// What the configuration says of checks, by name.
    pub levels: BTreeMap<String, Level>,
}

static VARIABLES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{[^{}]{0,80}\}\}").ok());
static SECRETS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let all = [
        ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
        ("a key of AWS", r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("a token of GitHub", r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
        ("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("a token of Slack", r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
        ("an API key", r"\b(sk|pk|rk)[-_](live|test|proj|ant)?[-_]?[A-Za-z0-9]{20,}"),
        ("a token", r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"),
        ("a password", r"(?i)\b(password|passwd|passwort|secret|api[_-]?key|token)\s*[:=]\s*\S{6,}"),
        ("a login in an address", r"(?i)\bhttps?://[^/\s:@]+:[^/\s@]+@"),
        ("a card number", r"\b(?:\d[ -]?){15}\d\b"),
        ("a mail address", r"(?i)\b[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}\b"),
    ];
    all.into_iter().filter_map(|(n, r)| Regex::new(r).ok().map(|r| (n, r))).collect()
});

/// Variables of a text that are not filled in.
#[must_use]
pub fn unresolved(text: &str) -> Vec<String> {
    VARIABLES.as_ref().map_or_else(Vec::new, |r| r.find_iter(text).map(|m| m.as_str().to_owned()).collect())
}

/// Kinds of secrets that stand in a text.
#[must_use]
pub fn secrets(text: &str) -> Vec<&'static str> {
    // `@name@host` is how people are called on some networks, and no mail address.
    let called: String = text
        .split_inclusive(char::is_whitespace)
        .filter(|w| !(w.starts_with('@') && w.matches('@').count() == 2))
        .collect();
    SECRETS
        .iter()
        .filter(|(what, r)| match *what {
            "a card number" => r.find_iter(&called).any(|m| luhn(m.as_str())),
            _ => r.is_match(&called),
        })
        .map(|(n, _)| *n)
        .collect()
}

/// The check digit of card numbers.
fn luhn(s: &str) -> bool {
    let digits: Vec<u32> = s.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { if d * 2 > 9 { d * 2 - 9 } else { d * 2 } } else { *d })
        .sum();
    digits.len() == 16 && sum.is_multiple_of(10)
}

/// Words of rules that are about speaking of oneself.
const PROMO_WORDS: [&str; 9] =
    ["promot", "advert", "spam", "commerc", "market", "affiliat", "self-prom", "solicit", "werbung"];
/// Words that are in every text.
const COMMON: [&str; 12] = [
    "about", "there", "their", "please", "should", "would", "could", "other", "these", "which", "where",
    "being",
];

/// The lines of rules that a text touches.
#[must_use]
pub fn touched(rules: &str, f: &Facts) -> Vec<String> {
    let has_link = !f.links.is_empty();
    let words: std::collections::BTreeSet<String> = long_words(&f.text).collect();
    let line_touches = |line: &&str| {
        let low = line.to_lowercase();
        let promo = f.class.is_promo() && PROMO_WORDS.iter().any(|w| low.contains(w));
        let link = has_link
            && low
                .split(|c: char| !c.is_alphanumeric())
                .any(|w| matches!(w, "link" | "links" | "url" | "urls"));
        promo || link || long_words(&low).filter(|w| words.contains(w)).count() >= 2
    };
    let lines = rules.lines().map(str::trim).filter(|l| !l.is_empty());
    lines.filter(line_touches).take(4).map(str::to_owned).collect()
}

fn long_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| w.chars().count() >= 5)
        .map(str::to_lowercase)
        .filter(|w| !COMMON.contains(&w.as_str()))
        .collect::<std::collections::BTreeSet<String>>()
        .into_iter()
}

/// Looks at everything. In the order of [`CHECKS`]; a check that holds says so, too.
#[must_use]
pub fn preflight(f: &Facts) -> Vec<Check> {
    let mut out = Vec::new();
    let mut say = |name: &str, wrong: bool, words: String, source: String| {
        let usual = CHECKS.iter().find(|c| c.0 == name).map_or(Level::Amber, |c| c.1);
        let level = f.levels.get(name).copied().unwrap_or(usual);
        let level = match (level, wrong) {
            (Level::Off, _) => Level::Off,
            (_, false) => Level::Green,
            (l, true) => l,
        };
        let words = clean::line_capped(if level == Level::Off { "not looked at" } else { &words }, 400);
        let source = clean::line_capped(&source, 300);
        out.push(Check { name: name.to_owned(), level, words, source, approval: false });
    };
    let config = |key: &str| format!("config.toml: {key}");
    let rank = |v: &str| f.order.iter().position(|o| o == v);

    match (&f.no_account, &f.standing) {
        _ if f.by_hand => say("account", false, "by hand: whoever posts it".into(), f.network.clone()),
        (Some(why), _) => say("account", true, why.clone(), config("[account.NAME]")),
        (None, Some((words, wrong, at))) => {
            let told = format!("{}, told {}", f.network, at.local_short(f.now));
            say("account", *wrong, format!("{}: {words}", f.account), told);
        }
        (None, None) => say("account", false, f.account.clone(), config("[account.NAME]")),
    }
    let wider = match (rank(&f.visibility), f.theirs.as_deref().and_then(rank)) {
        (Some(ours), Some(theirs)) => ours < theirs,
        _ => false,
    };
    let theirs = f.theirs.as_deref().unwrap_or("public");
    let shown = if f.visibility.is_empty() { "as what is answered" } else { &f.visibility };
    let words = match wider {
        true => format!("{shown} is wider than {theirs}, which it answers"),
        false => format!("{shown}; it answers {theirs}"),
    };
    say("visibility", wider, words, f.network.clone());

    let lines = touched(&f.rules, f);
    let dated = if f.rules_since.0 > 0 {
        format!(" (as of {})", f.rules_since.local_short(f.now))
    } else {
        String::new()
    };
    match (f.rules.is_empty(), lines.is_empty()) {
        (true, _) => say("rules", false, "none are known".into(), "the community's card: g C".into()),
        (_, true) => say("rules", false, format!("none that it touches{dated}"), f.rules_url.clone()),
        _ => say("rules", true, format!("{}{dated}", lines.join(" · ")), f.rules_url.clone()),
    }

    let low = f.text.to_lowercase();
    let owed = f.class.is_promo() || f.products.iter().any(|p| names(&low, p));
    let said = f.disclosure.iter().any(|d| low.contains(&d.to_lowercase()));
    let words = match (owed, said, f.disclosure.is_empty()) {
        (false, ..) => "not owed: it does not speak of what is ours".into(),
        (_, true, _) => "it says who we are".into(),
        (_, _, true) => "it speaks of what is ours; no words are configured that say who we are".into(),
        _ => format!("it speaks of what is ours and does not say “{}”", f.disclosure.join("” or “")),
    };
    say("disclosure", owed && !said, words, config("[brand] disclosure"));

    let open = unresolved(&f.text);
    let words = if open.is_empty() { "all filled in".into() } else { open.join(" ") };
    say("variables", !open.is_empty(), words, "the draft".into());

    let dead: Vec<String> = f
        .links
        .iter()
        .filter_map(|(u, a)| match a {
            // Why comes first: it is what a narrow screen shows.
            Alive::No(why) => {
                let why = why.strip_prefix(u.as_str()).unwrap_or(why).trim_start_matches([':', ' ']);
                Some(format!("{why}: {u}"))
            }
            _ => None,
        })
        .collect();
    let asking = f.links.iter().filter(|(_, a)| *a == Alive::Asking).count();
    let ours = own_links(f.links.iter().map(|l| l.0.as_str()), &f.domains).count();
    let words = match (f.links.len(), dead.is_empty()) {
        (0, _) => "none".to_owned(),
        (n, true) if asking > 0 => format!("{n}, {ours} of them ours; {asking} are being looked at"),
        (n, true) => format!("{n} answer, {ours} of them ours"),
        _ => dead.join(" · "),
    };
    say("links", !dead.is_empty(), words, "each was asked".into());

    let found = secrets(&f.text);
    let words =
        if found.is_empty() { "none seen".into() } else { format!("{} stands in it", found.join(", ")) };
    say("secrets", !found.is_empty(), words, "the draft".into());

    let other = !f.lang.is_empty() && !f.thread_lang.is_empty() && f.lang != f.thread_lang;
    let words = match other {
        true => format!("it is in “{}”, the thread in “{}”", f.lang, f.thread_lang),
        false if f.lang.is_empty() => "too short to tell".into(),
        false => f.lang.clone(),
    };
    say("language", other, words, "recognised here".into());

    let changed = f.since > 0 || f.edited_since || f.deleted;
    let words = match (f.deleted, f.edited_since, f.since) {
        (true, ..) => "what it answers was deleted".into(),
        (_, true, _) => "what it answers was edited since: d shows how".into(),
        (.., 0) => "as it was when you began".into(),
        (.., n) => format!("{n} new since you began, the last by {}", f.since_by),
    };
    say("thread", changed, words, "the thread, as it is heard".into());

    let words = if f.others.is_empty() { "nobody".into() } else { f.others.join(" · ") };
    say("others", !f.others.is_empty(), words, "drafts: g D".into());

    match &f.length {
        Some(l) => {
            let over = l.most.is_some_and(|m| l.used > m);
            let words = match l.most {
                Some(m) if over => format!("{} of {m} {}: {} too many", l.used, l.unit, l.used - m),
                Some(m) => format!("{} of {m} {}", l.used, l.unit),
                None => format!("{} {}", l.used, l.unit),
            };
            let empty = f.text.trim().is_empty();
            let words = if empty { "nothing is said".to_owned() } else { words };
            say("length", over || empty, words, format!("as {} counts", f.network));
        }
        None => say(
            "length",
            f.text.trim().is_empty(),
            format!("{} characters", f.text.chars().count()),
            f.network.clone(),
        ),
    }

    let (words, wrong) = pictures(f);
    say("pictures", wrong, words, f.network.clone());

    let (words, wrong) = match (&f.answered, f.answered_near.is_empty()) {
        (Some(at), _) => (format!("it is answered already, at {at}"), true),
        (None, false) => (format!("elsewhere in this story: {}", f.answered_near.join(" · ")), true),
        (None, true) => ("not yet".into(), false),
    };
    say("answered", wrong, words, "the story's other tellings".into());

    // Where it is too much already a colleague has a say, unless the configuration wants a reason alone.
    let again = f.promo.would_break(f.class) && f.promo.is_over() && !f.levels.contains_key("promo");
    let asks = f.approvers.as_ref().filter(|_| again && !f.approved);
    let words = f.promo.words(f.class, f.now);
    let words = asks.map_or(words.clone(), |who| format!("{who} has to approve it: {words}"));
    say("promo", f.promo.would_break(f.class), words, f.promo.source.clone());

    let listening = f.ready.state() == State::Listening;
    say("readiness", listening, f.ready.words(), "the community's card: g C".into());
    if let Some(c) = out.iter_mut().find(|c| c.name == "promo" && c.level == Level::Amber && asks.is_some()) {
        (c.level, c.approval) = (Level::Red, true);
    }
    out
}

/// What is to be said of pictures, and whether that stops them.
fn pictures(f: &Facts) -> (String, bool) {
    let n = f.pictures.len();
    if n == 0 {
        return ("none".into(), false);
    }
    let most = match (&f.takes, f.by_hand) {
        (_, true) => return (format!("{n}: put them in by hand"), false),
        (None, _) => return (format!("{n}: {} takes none from here", f.network), true),
        (Some(t), _) => t,
    };
    if n > most.files {
        return (format!("{n}: {} takes {} at most", f.network, most.files), true);
    }
    for (a, bytes, place) in &f.pictures {
        let why = match bytes {
            None => "is not here any more: attach it again".to_owned(),
            Some(b) if *b > most.bytes => format!("is too large: {b} of {} bytes", most.bytes),
            _ if a.alt.is_empty() => {
                "says nothing to people who do not see it: write what it shows".to_owned()
            }
            _ if *place => "tells where it was taken (EXIF): take that out".to_owned(),
            _ => continue,
        };
        return (format!("{} {why}", a.name), true);
    }
    (format!("{n}, each with what it shows"), false)
}

/// True if a text in small letters speaks of something by its name, as a word.
#[must_use]
pub fn names(low: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    !name.is_empty()
        && low.match_indices(&name).any(|(i, m)| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            edge(low[..i].chars().next_back()) && edge(low[i + m.len()..].chars().next())
        })
}

#[cfg(test)]
mod tests;
