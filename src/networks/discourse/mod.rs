//! Discourse forums: every public post as it comes, searches, what speaks to us, and the queue of what waits for
//! review where we moderate. Categories are communities; the forum's rules page is fetched. Facts: docs.discourse.org
//! and the source of discourse/discourse; no forum stood here to try it on.

mod cards;
mod publish;
#[cfg(test)]
mod tests;

use super::call::{Call, Reading, by_status, set_html, set_time};
use super::declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
use super::posts::Posting;
use super::{Answer, Keys, Network, Options, Spot, Told, Trouble, login, watch};
use crate::clean;
use crate::model::place::{Lost, Narrowing, Place};
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{Author, Kind, Mention, Stamp, Text, TimeNote};
use serde::Deserialize;
use serde_json::Value;

pub struct Discourse;

static DECLARED: Declaration = Declaration {
    name: "discourse",
    title: "Discourse forums",
    heard: &[Way::Poll],
    servers: Servers::Many,
    contact: false,
    can: Can {
        reply: true,
        post: true,
        edit: true,
        delete: true,
        react: true,
        hide: false,
        report: true,
        threads: true,
        reactions: true,
        members: true,
    },
    limits: &[
        Limit { unit: "requests", n: 20, per_ms: MINUTE, of: Of::Account },
        Limit { unit: "requests today", n: 2880, per_ms: DAY, of: Of::Account },
        Limit { unit: "requests", n: 200, per_ms: MINUTE, of: Of::Machine },
        Limit { unit: "searches", n: 30, per_ms: MINUTE, of: Of::Account },
        Limit { unit: "searches", n: 15, per_ms: MINUTE, of: Of::Machine },
    ],
    identity: "the user's name within the forum, which staff may change",
    policy: Policy {
        store: Leave::If("the forum's terms allow it"),
        keep_days: None,
        link_identities: Leave::Yes,
        private_messages: Leave::If("they wrote to us in private"),
        delete_with_source: true,
        machine_posts: Leave::If("the forum's staff agrees"),
        link: "https://meta.discourse.org/t/-/78612",
        read_on: "2026-11-21",
    },
    door: Door::Optional,
    reach: "reads",
    settings: &[
        Setting { key: "posts", kind: SettingKind::Flag, help: "every public post" },
        Setting { key: "categories", kind: SettingKind::Texts, help: "of the posts, these categories alone" },
        Setting { key: "search", kind: SettingKind::Texts, help: "words to search for" },
        Setting { key: "mentions", kind: SettingKind::Flag, help: "mentions of us and answers to us" },
        Setting { key: "review", kind: SettingKind::Flag, help: "what waits for review, where we moderate" },
    ],
    hand_off: false,
};

/// Pages of posts (50 each) that one poll goes back.
const PAGES: i64 = 20;
/// Posts of a search, and of those that are looked at again, that are fetched in one poll.
const FETCHED: usize = 8;
const AGAIN: usize = 4;
/// There is more: the next poll comes so soon (ms).
const SOON: i64 = 1_000;

#[derive(Deserialize)]
struct Post {
    id: i64,
    #[serde(default)]
    username: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    cooked: String,
    #[serde(default)]
    raw: Option<String>,
    #[serde(default)]
    post_number: i64,
    #[serde(default = "regular")]
    post_type: i64,
    #[serde(default)]
    reply_to_post_number: Option<i64>,
    #[serde(default)]
    topic_id: i64,
    #[serde(default)]
    topic_slug: String,
    #[serde(default)]
    topic_title: Option<String>,
    #[serde(default)]
    category_id: Option<i64>,
    #[serde(default)]
    reads: Option<u64>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    user_deleted: bool,
    #[serde(default)]
    deleted_at: Option<String>,
}

fn regular() -> i64 {
    1
}

impl Network for Discourse {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn posting(&self) -> Option<&'static dyn Posting> {
        Some(&publish::Publish)
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        let any = o.flag("posts") || o.flag("mentions") || o.flag("review") || !o.texts("search").is_empty();
        if !any {
            return Err("it needs one of posts, search, mentions, review".into());
        }
        if o.texts("search").iter().any(|s| s.trim().chars().count() < 3) {
            return Err("a forum searches for words of three letters or more".into());
        }
        Ok(())
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        let mut calls = Vec::new();
        if at.is_due("card", DAY) {
            calls.push(Call::get("site", at.at("/site.json")).extra());
            calls.push(Call::get("about", at.at("/about.json")).extra());
            let mut rules = Call::get("rules", at.at("/guidelines")).extra();
            rules.headers.push(("accept", "text/html".into()));
            calls.push(rules);
            if at.account.is_some() {
                calls.push(Call::get("me", at.at("/session/current.json")).extra());
            }
        }
        // What speaks to us first: a long catching-up does not hold it up.
        if at.options.flag("mentions") && at.account.is_some() {
            calls.push(Call::get("mentions", at.at("/notifications.json")));
        }
        if at.options.flag("posts") {
            calls.push(goes_on(at));
        }
        calls.extend(at.options.texts("search").iter().map(|q| search(at, q)));
        if at.options.flag("review") {
            calls.push(Call::get("review", at.at("/review.json?status=pending")));
        }
        if at.is_due("watched_at", watch::EVERY) {
            // Turn by turn: what was looked at goes to the end of the row.
            calls.extend(watch::due(at.place, at.now).take(AGAIN).map(|id| one(at, "watched", id)));
        }
        calls
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        match call.what {
            "posts" => latest(at, call, &a.json()?),
            "search" => found(at, call, &a.json()?),
            "mentions" => mentions(at, &a.json()?),
            "review" => review(at, &a.json()?),
            "site" => Ok(cards::site(at, &a.json()?)),
            "about" => Ok(cards::about(at, &a.json()?)),
            "rules" => Ok(cards::rules(at, call, &a.body)),
            "me" | "profile" => cards::standing(at, &a.json()?),
            what => {
                let p: Post = a.read()?;
                let gone = p.user_deleted || p.deleted_at.is_some();
                let mut told = Told::default();
                match what {
                    "watched" if gone => {
                        told.place = Some(watch::without(&at.did("watched_at"), &call.with));
                    }
                    "watched" => told.place = Some(looked_at(at, &call.with)),
                    "to-us" => told.place = Some(noticed(at, call)),
                    _ => {}
                }
                if gone {
                    told.gone.push(at.id(&p.id.to_string()));
                } else if !p.hidden {
                    // A hidden one shows other words until somebody looked at it: that is no edit.
                    let i = at.item(mention_of(at, &p));
                    told.items.push(if what == "to-us" { i.to_us() } else { i });
                }
                Ok(told)
            }
        }
    }

    fn instead(&self, at: &Spot<'_>, call: &Call, t: &Trouble) -> Option<Told> {
        let missing = matches!(t, Trouble::Missing(_) | Trouble::Gone(_));
        match call.what {
            // Deleted and hidden posts are not found.
            "watched" if missing => {
                let place = watch::without(&at.did("watched_at"), &call.with);
                Some(Told { gone: vec![at.id(&call.with)], place: Some(place), ..Told::default() })
            }
            // One that cannot be seen now does not keep the others from their turn.
            "watched" if !matches!(t, Trouble::Wait(..)) => {
                Some(Told { place: Some(looked_at(at, &call.with)), ..Told::default() })
            }
            "to-us" if missing || matches!(t, Trouble::Forbidden(_)) => {
                Some(Told { place: Some(noticed(at, call)), ..Told::default() })
            }
            "one" if missing || matches!(t, Trouble::Forbidden(_)) => Some(Told::default()),
            "search" if matches!(t, Trouble::Refused(_) | Trouble::Forbidden(_)) => {
                let limits = vec![(Narrowing::Closed, clean::line(&format!("the search: {}", t.text())))];
                Some(Told { limits, ..Told::default() })
            }
            "review" if missing || matches!(t, Trouble::Forbidden(_) | Trouble::Login(_)) => {
                let limits =
                    vec![(Narrowing::Closed, Text::ours("the review queue is not open to this account"))];
                Some(Told { limits, ..Told::default() })
            }
            "site" if missing => Some(Told { place: Some(at.did("card")), ..Told::default() }),
            "me" | "profile" | "about" | "rules" if missing => Some(Told::default()),
            _ => None,
        }
    }

    fn refused(&self, a: &Answer, now: Stamp) -> Option<Trouble> {
        if a.status < 300 {
            return None;
        }
        let v: Value = serde_json::from_slice(&a.body).unwrap_or_default();
        let said = v["errors"][0].as_str().or(v["message"].as_str()).map(|s| clean::line_capped(s, 200));
        let page = a.body.trim_ascii_start().starts_with(b"<");
        let t = by_status(a, now, said)?;
        let kind = v["error_type"].as_str().unwrap_or("");
        Some(match t {
            Trouble::Forbidden(t) if kind == "not_logged_in" => Trouble::Login(t),
            Trouble::Forbidden(t) if page => Trouble::Forbidden(clean::line(&format!(
                "a gate in front of the forum keeps programs out: {t}"
            ))),
            Trouble::Wait(ms, t) => {
                let told = v["extras"]["wait_seconds"].as_i64().filter(|_| a.header("retry-after").is_none());
                Trouble::Wait(told.map_or(ms, |s| s.saturating_mul(1000)).max(1000), t)
            }
            // "wait 10 seconds" may come as a request that is refused.
            Trouble::Refused(t) => match wait_of(&t) {
                Some(ms) => Trouble::Wait(ms, t),
                None if kind == "rate_limit" => Trouble::Wait(10_000, t),
                None => Trouble::Refused(t),
            },
            t => t,
        })
    }

    fn budgets(&self, _a: &Answer, _now: Stamp) -> Vec<Reading> {
        // It says nothing until it is too late.
        Vec::new()
    }

    fn form(&self) -> login::Form {
        login::Form::Token("a key that the forum's staff made for you (Admin, API), or a user API key")
    }

    /// With a user it is a key of the forum's staff, for that user; else a key that the user made.
    fn keys_of(&self, user: &str, secret: &str, _password: bool) -> Keys {
        Keys::default().with("user", user).with("token", secret)
    }

    fn sign(&self, keys: &Keys, _call: &Call) -> Vec<(&'static str, String)> {
        match (keys.get("token"), keys.get("user")) {
            (Some(t), Some(user)) => vec![("api-key", t.to_owned()), ("api-username", user.to_owned())],
            (Some(t), None) => vec![("user-api-key", t.to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The ms of "please wait 10 seconds".
fn wait_of(said: &str) -> Option<i64> {
    let low = said.to_lowercase();
    let (_, rest) = low.split_once("wait ")?;
    let mut words = rest.split_whitespace();
    let n: i64 = words.next()?.parse().ok()?;
    let unit = match words.next()?.trim_end_matches(|c: char| !c.is_alphabetic()) {
        "second" | "seconds" => 1_000,
        "minute" | "minutes" => MINUTE,
        "hour" | "hours" => HOUR,
        _ => return None,
    };
    Some(n.clamp(1, 1_000) * unit)
}

fn esc(s: &str) -> String {
    url::form_urlencoded::byte_serialize(s.as_bytes()).collect()
}

fn looked_at(at: &Spot<'_>, id: &str) -> Place {
    watch::rotate(&at.did("watched_at"), &[id], at.now)
}

/// What speaks to us is heard up to this notification.
fn noticed(at: &Spot<'_>, call: &Call) -> Place {
    let known = at.place.get("notice").unwrap_or("");
    at.place.clone().with("notice", known.max(call.with.as_str()))
}

fn one(at: &Spot<'_>, what: &'static str, id: &str) -> Call {
    Call::get(what, at.at(&format!("/posts/{}.json", esc(id)))).with(id).extra()
}

/// Newest first, below a number; `high`: the highest so far; `n`: pages so far.
fn posts(at: &Spot<'_>, before: i64, high: i64, n: i64) -> Call {
    let from = if before > 0 { format!("?before={before}") } else { String::new() };
    Call::get("posts", at.at(&format!("/posts.json{from}"))).with(format!("{high} {n}"))
}

/// The newest posts; or, where a poll was cut short in a long catching-up, those below the last that it saw.
fn goes_on(at: &Spot<'_>) -> Call {
    let mut word = at.place.get("down").unwrap_or("").split(' ').map(|n| n.parse::<i64>().unwrap_or(0));
    let mut next = || word.next().unwrap_or(0);
    let (low, high, n) = (next(), next(), next());
    posts(at, low, high, n)
}

fn search(at: &Spot<'_>, q: &str) -> Call {
    // By the day alone; what is known already is not fetched again.
    let since = at.place.get(&format!("since:{q}")).map_or_else(|| at.beginning().rfc3339(), str::to_owned);
    let day: String = Stamp::parse_rfc3339(&since)
        .map_or(at.beginning(), |t| t.plus(-DAY))
        .rfc3339()
        .chars()
        .take(10)
        .collect();
    let url = at.at(&format!("/search.json?q={}", esc(&format!("{q} order:latest after:{day}"))));
    Call::get("search", url).with(q).costs(1, "searches")
}

fn community(at: &Spot<'_>, category: Option<i64>) -> Text {
    let host = clean::host_of(at.server);
    let slug = category.and_then(|c| at.place.get(&format!("cat:{c}")));
    slug.map_or(host.clone(), |s| clean::line(&format!("{host}/{s}")))
}

fn mention_of(at: &Spot<'_>, p: &Post) -> Mention {
    let mut m = at.mention(&p.id.to_string());
    let slug = if p.topic_slug.is_empty() { "-" } else { &p.topic_slug };
    let topic = at.at(&format!("/t/{slug}/{}", p.topic_id));
    m.url = clean::url(&format!("{topic}/{}", p.post_number), None);
    m.community = community(at, p.category_id);
    let title = clean::line(p.topic_title.as_deref().unwrap_or(""));
    let first = p.post_number <= 1;
    m.kind = if first { Kind::Post } else { Kind::Comment };
    m.title = if first || title.is_empty() { title } else { clean::line(&format!("Re: {title}")) };
    if p.cooked.is_empty() {
        super::call::set_plain(&mut m, p.raw.as_deref().unwrap_or(""));
    } else {
        set_html(&mut m, &p.cooked, at.server);
    }
    m.author = author(at, &p.username, p.name.as_deref());
    set_time(&mut m, Stamp::parse_rfc3339(&p.created_at).ok());
    m.reach = p.reads;
    if !first {
        m.thread = clean::url(&format!("{topic}/1"), None);
        let number = p.reply_to_post_number.unwrap_or(1);
        m.parent = clean::line(&format!("{}/{number}", p.topic_id));
    }
    if p.post_type == 4 {
        m.visibility = Some("staff".into());
    }
    m
}

/// A post as a webhook of the forum sends it; nothing for one that people did not write.
pub fn pushed(at: &Spot<'_>, v: &Value) -> Option<super::Item> {
    let p: Post = serde_json::from_value(v.clone()).ok()?;
    (p.id > 0 && matches!(p.post_type, 1 | 4)).then(|| at.item(mention_of(at, &p)))
}

fn author(at: &Spot<'_>, username: &str, name: Option<&str>) -> Author {
    let shown = name.map(str::trim).filter(|n| !n.is_empty() && *n != username);
    let shown = shown.map_or_else(|| username.to_owned(), |n| format!("{n} (@{username})"));
    Author {
        name: clean::line_capped(&shown, 256),
        scope: clean::line_capped(&format!("discourse {}", at.instance()), 256),
        native: clean::line_capped(username, 128),
    }
}

fn in_categories(at: &Spot<'_>, category: Option<i64>) -> bool {
    let only = at.options.texts("categories");
    let Some(c) = category else { return only.is_empty() };
    // One that is new and not known by its name yet is heard rather than missed.
    let Some(slug) = at.place.get(&format!("cat:{c}")) else { return true };
    only.is_empty() || only.iter().any(|o| *o == c.to_string() || o.eq_ignore_ascii_case(slug))
}

fn latest(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let Some(list) = v["latest_posts"].as_array() else {
        return Err(Trouble::Garbled(Text::ours("a list of posts was expected")));
    };
    let (high, n) = call.with.split_once(' ').unwrap_or(("0", "0"));
    let (mut high, n): (i64, i64) = (high.parse().unwrap_or(0), n.parse().unwrap_or(0));
    let known = at.place.number("post");
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    let (mut low, mut oldest) = (i64::MAX, at.now);
    let mut place = at.place.clone();
    for p in list.iter().filter_map(|p| serde_json::from_value::<Post>(p.clone()).ok()) {
        (low, high) = (low.min(p.id), high.max(p.id));
        if !matches!(p.post_type, 1 | 4) || p.hidden || !in_categories(at, p.category_id) {
            continue;
        }
        let unnamed = p.category_id.filter(|c| at.place.get(&format!("cat:{c}")).is_none());
        if unnamed.is_some() && !at.options.texts("categories").is_empty() {
            // Their names are asked for again soon, and no more than once an hour.
            place.set("card", (at.now.0 - DAY + HOUR).min(at.place.number("card")).to_string());
        }
        let m = mention_of(at, &p);
        oldest = oldest.min(m.at);
        if p.id > known && m.time_note == TimeNote::Given && at.sieve.wants(&[&m.title, &m.text]) {
            place = watch::with(place, &m.native_id, at.now);
        }
        told.items.push(at.item(m));
    }
    let reached = list.is_empty() || if known > 0 { low <= known } else { oldest < at.beginning() };
    if !reached && n + 1 < PAGES {
        told.then.push(posts(at, low, high, n + 1));
        place.set("down", format!("{low} {high} {}", n + 1));
        told.place = Some(place);
        return Ok(told);
    }
    if !reached {
        let from = if known > 0 { Stamp(at.place.number("post_at")) } else { at.beginning() };
        let why = clean::line(&format!("more than {} posts at once", PAGES * 50));
        told.lost = Some(Lost { from, to: oldest, why });
    }
    place.forget("down");
    if high > 0 {
        place.set("post", high.to_string());
        place.set("post_at", at.now.0.to_string());
    }
    told.place = Some(place);
    Ok(told)
}

/// A search gives the beginning of each post; those that are not known are fetched.
fn found(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    if !v.is_object() || !(v["posts"].is_array() || v["grouped_search_result"].is_object()) {
        return Err(Trouble::Garbled(Text::ours("what a search found was expected")));
    }
    let list = v["posts"].as_array().cloned().unwrap_or_default();
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    let name = format!("since:{}", call.with);
    let mut newest = at.place.get(&name).unwrap_or("").to_owned();
    let fresh: Vec<&Value> = list
        .iter()
        .filter(|p| {
            let id = p["id"].as_i64().map(|id| id.to_string()).unwrap_or_default();
            // What no topic wants is not kept, but it was looked at.
            !id.is_empty() && !at.sieve.knows(at.id(&id)) && watch::all(at.place).all(|(w, _)| w != id)
        })
        .filter(|p| {
            let time = p["created_at"].as_str().and_then(|t| Stamp::parse_rfc3339(t).ok());
            time.is_some_and(|t| t >= at.beginning())
        })
        .collect();
    // Oldest first, so that what is left is newer and comes with the next poll.
    let mut place = at.place.clone();
    for p in fresh.iter().rev().take(FETCHED) {
        let id = p["id"].as_i64().unwrap_or(0).to_string();
        newest = newest.max(p["created_at"].as_str().unwrap_or("").to_owned());
        place = watch::with(place, &id, at.now);
        told.then.push(one(at, "one", &id));
    }
    if !newest.is_empty() {
        place.set(&name, newest);
    }
    told.place = Some(place);
    if fresh.len() > FETCHED {
        told.again_ms = Some(MINUTE);
    }
    if v["grouped_search_result"]["more_full_page_results"] == true {
        told.limits.push((Narrowing::Capped, Text::ours("a search gives its newest 50 posts")));
    }
    Ok(told)
}

/// Kinds of notifications that speak to us: mentioned, replied, quoted, our group mentioned.
const TO_US: [i64; 4] = [1, 2, 3, 15];

fn mentions(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let list = v["notifications"].as_array().or_else(|| v.as_array());
    let Some(list) = list else {
        return Err(Trouble::Garbled(Text::ours("a list of notifications was expected")));
    };
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    let known = at.place.get("notice").unwrap_or("");
    let mut fresh: Vec<(String, Call)> = Vec::new();
    for n in list.iter().filter(|n| TO_US.contains(&n["notification_type"].as_i64().unwrap_or(0))) {
        let time = n["created_at"].as_str().and_then(|t| Stamp::parse_rfc3339(t).ok());
        let Some(time) = time.filter(|t| *t >= at.beginning()) else { continue };
        let text = time.rfc3339();
        if let (Some(t), Some(p)) = (n["topic_id"].as_i64(), n["post_number"].as_i64())
            && text.as_str() > known
        {
            let url = at.at(&format!("/posts/by_number/{t}/{p}.json"));
            fresh.push((text.clone(), Call::get("to-us", url).with(text)));
        }
    }
    // Oldest first: the place moves with each that is heard, and those of one moment are heard together.
    fresh.sort_by(|a, b| a.0.cmp(&b.0));
    let end = fresh.get(FETCHED - 1).map(|last| last.0.clone());
    let all = fresh.len();
    told.then = fresh.into_iter().filter(|(t, _)| end.as_ref().is_none_or(|e| t <= e)).map(|f| f.1).collect();
    if told.then.len() < all {
        told.again_ms = Some(SOON);
    }
    Ok(told)
}

/// What waits for a moderator. Each thing once; what becomes of it there is not a deletion here.
fn review(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let Some(list) = v["reviewables"].as_array() else {
        return Err(Trouble::Garbled(Text::ours("the review queue was expected")));
    };
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    for r in list {
        let Some(id) = r["id"].as_i64() else { continue };
        let mut m = at.mention(&format!("review {id}"));
        m.kind = Kind::Review;
        m.url = clean::url(&at.at(&format!("/review/{id}")), None);
        m.community = community(at, r["category_id"].as_i64());
        let kind = r["type"].as_str().unwrap_or("").trim_start_matches("Reviewable");
        let score = r["score"].as_f64().unwrap_or(0.0);
        m.title = clean::line(&format!("to review: {kind} · score {score:.1}"));
        let text =
            ["raw", "cooked"].iter().find_map(|k| r[*k].as_str().or_else(|| r["payload"][*k].as_str()));
        set_html(&mut m, text.unwrap_or(""), at.server);
        let name = ["target_created_by", "created_by"].iter().find_map(|k| r[*k]["username"].as_str());
        m.author = author(at, name.unwrap_or(""), None);
        set_time(&mut m, r["created_at"].as_str().and_then(|t| Stamp::parse_rfc3339(t).ok()));
        m.visibility = Some("staff".into());
        told.items.push(at.item(m).to_us());
    }
    Ok(told)
}
