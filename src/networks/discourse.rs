//! Discourse forums: every public post as it comes, searches, what speaks to us, and the queue of what waits for
//! review where we moderate. Categories are communities; the forum's rules page is fetched. Facts: docs.discourse.org
//! and the source of discourse/discourse; no forum stood here to try it on.

use super::call::{Call, Fact, Reading, by_status, set_html, set_time};
use super::declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
use super::{Answer, Keys, Network, Options, Spot, Told, Trouble, login, watch};
use crate::clean;
use crate::model::place::{Community, Lost, Narrowing, Standing};
use crate::model::time::{DAY, MINUTE};
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
        if at.options.flag("posts") {
            calls.push(posts(at, 0, 0, 0));
        }
        calls.extend(at.options.texts("search").iter().map(|q| search(at, q)));
        if at.options.flag("mentions") && at.account.is_some() {
            calls.push(Call::get("mentions", at.at("/notifications.json")));
        }
        if at.options.flag("review") {
            calls.push(Call::get("review", at.at("/review.json?status=pending")));
        }
        if at.is_due("watched_at", watch::EVERY) {
            // Turn by turn: what was looked at goes to the end of the row.
            calls.extend(watch::all(at.place).take(AGAIN).map(|(id, _)| one(at, "watched", id)));
        }
        calls
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        match call.what {
            "posts" => latest(at, call, &a.json()?),
            "search" => found(at, call, &a.json()?),
            "mentions" => mentions(at, &a.json()?),
            "review" => review(at, &a.json()?),
            "site" => Ok(site(at, &a.json()?)),
            "about" => Ok(about(at, &a.json()?)),
            "rules" => Ok(rules(at, call, &a.body)),
            "me" => standing(at, &a.json()?),
            what => {
                let p: Post = a.read()?;
                let gone = p.user_deleted || p.deleted_at.is_some() || p.hidden;
                let mut told = Told::default();
                if what == "watched" {
                    let until = watch::all(at.place).find(|(id, _)| *id == call.with).map(|w| w.1);
                    let mut place = watch::without(&at.did("watched_at"), &call.with);
                    if let Some(until) = until.filter(|_| !gone) {
                        let row = place.get("watch").unwrap_or("").to_owned();
                        place.set("watch", format!("{row} {}@{until}", call.with).trim().to_owned());
                    }
                    told.place = Some(place);
                }
                if gone {
                    told.gone.push(at.id(&p.id.to_string()));
                } else {
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
            "one" | "to-us" if missing || matches!(t, Trouble::Forbidden(_)) => Some(Told::default()),
            "search" if matches!(t, Trouble::Refused(_) | Trouble::Forbidden(_)) => {
                let limits = vec![(Narrowing::Closed, clean::line(&format!("the search: {}", t.text())))];
                Some(Told { limits, ..Told::default() })
            }
            "review" if missing || matches!(t, Trouble::Forbidden(_) | Trouble::Login(_)) => {
                let limits =
                    vec![(Narrowing::Closed, Text::ours("the review queue is not open to this account"))];
                Some(Told { limits, ..Told::default() })
            }
            "me" | "about" | "rules" if missing => {
                Some(Told { place: Some(at.did("card")), ..Told::default() })
            }
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
            Trouble::Refused(t) if kind == "rate_limit" => Trouble::Wait(10_000, t),
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

fn esc(s: &str) -> String {
    url::form_urlencoded::byte_serialize(s.as_bytes()).collect()
}

fn one(at: &Spot<'_>, what: &'static str, id: &str) -> Call {
    Call::get(what, at.at(&format!("/posts/{}.json", esc(id)))).with(id).extra()
}

/// Newest first, below a number; `high`: the highest so far; `n`: pages so far.
fn posts(at: &Spot<'_>, before: i64, high: i64, n: i64) -> Call {
    let from = if before > 0 { format!("?before={before}") } else { String::new() };
    Call::get("posts", at.at(&format!("/posts.json{from}"))).with(format!("{high} {n}"))
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
    let slug = at.place.get(&format!("cat:{c}")).unwrap_or("");
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
        if !matches!(p.post_type, 1 | 4) || !in_categories(at, p.category_id) {
            continue;
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
        told.place = Some(place);
        return Ok(told);
    }
    if !reached {
        let from = if known > 0 { Stamp(at.place.number("post_at")) } else { at.beginning() };
        let why = clean::line(&format!("more than {} posts at once", PAGES * 50));
        told.lost = Some(Lost { from, to: oldest, why });
    }
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
        .filter(|p| p["id"].as_i64().is_some_and(|id| !at.sieve.knows(at.id(&id.to_string()))))
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
    let known = at.place.get("notice").unwrap_or("").to_owned();
    let mut newest = known.clone();
    for n in list {
        let time = n["created_at"].as_str().and_then(|t| Stamp::parse_rfc3339(t).ok());
        let Some(time) = time.filter(|t| *t >= at.beginning()) else { continue };
        let text = time.rfc3339();
        if text <= known || !TO_US.contains(&n["notification_type"].as_i64().unwrap_or(0)) {
            continue;
        }
        newest = newest.max(text);
        if let (Some(t), Some(p)) = (n["topic_id"].as_i64(), n["post_number"].as_i64())
            && told.then.len() < FETCHED
        {
            let url = at.at(&format!("/posts/by_number/{t}/{p}.json"));
            told.then.push(Call::get("to-us", url).with(format!("{t}/{p}")));
        }
    }
    if !newest.is_empty() {
        told.place = Some(at.place.clone().with("notice", newest));
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

fn site(at: &Spot<'_>, v: &Value) -> Told {
    let mut place = at.place.clone();
    let mut told = Told::default();
    for c in v["categories"].as_array().into_iter().flatten() {
        let (Some(id), Some(slug)) = (c["id"].as_i64(), c["slug"].as_str()) else { continue };
        place.set(&format!("cat:{id}"), slug.chars().take(100).collect::<String>());
        let here = Spot { place: &place, ..*at };
        let about = c["description_text"].as_str().or(c["description"].as_str()).unwrap_or("");
        told.facts.push(Fact::Community(Box::new(Community {
            network: DECLARED.name.into(),
            name: community(&here, Some(id)),
            title: clean::line(c["name"].as_str().unwrap_or(slug)),
            url: clean::url(&at.at(&format!("/c/{slug}/{id}")), None),
            about: clean::line(&clean::html(about, None).text),
            told_at: at.now,
            ..Community::default()
        })));
    }
    told.place = Some(place);
    told
}

fn about(at: &Spot<'_>, v: &Value) -> Told {
    let a = &v["about"];
    let users = ["user_count", "users_count"].iter().find_map(|k| a["stats"][*k].as_u64());
    let card = Community {
        network: DECLARED.name.into(),
        name: clean::host_of(at.server),
        title: clean::line(a["title"].as_str().unwrap_or("")),
        url: clean::url(at.server, None),
        about: clean::line(a["description"].as_str().unwrap_or("")),
        members: users.map(|n| (n, "members".to_owned())),
        told_at: at.now,
        ..Community::default()
    };
    Told { facts: vec![Fact::Community(Box::new(card))], place: Some(at.did("card")), ..Told::default() }
}

fn rules(at: &Spot<'_>, call: &Call, body: &[u8]) -> Told {
    let page = clean::html(&String::from_utf8_lossy(body), Some(at.server));
    let card = Community {
        network: DECLARED.name.into(),
        name: clean::host_of(at.server),
        title: page.title.clone(),
        url: clean::url(at.server, None),
        rules: page.text,
        rules_url: clean::url(&call.url, None),
        told_at: at.now,
        ..Community::default()
    };
    Told { facts: vec![Fact::Community(Box::new(card))], ..Told::default() }
}

fn standing(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let u = if v["current_user"].is_object() { &v["current_user"] } else { &v["user"] };
    let Some(name) = u["username"].as_str() else {
        return Err(Trouble::Garbled(Text::ours("the forum does not say who we are")));
    };
    let mut words = vec![format!("trust level {}", u["trust_level"].as_i64().unwrap_or(0))];
    let until = |k: &str| u[k].as_str().filter(|t| !t.is_empty());
    let mut wrong = false;
    for (k, w) in [("silenced_till", "silenced until"), ("suspended_till", "suspended until")] {
        if let Some(t) = until(k) {
            wrong = true;
            words.insert(0, format!("{w} {}", t.chars().take(10).collect::<String>()));
        }
    }
    for k in ["admin", "moderator"] {
        if u[k] == true {
            words.push(k.to_owned());
        }
    }
    let s = Standing {
        native: clean::line(name),
        handle: clean::line(&format!("@{name}")),
        words: clean::line(&words.join(" · ")),
        wrong,
        told_at: at.now,
    };
    Ok(Told { facts: vec![Fact::Standing(Box::new(s))], ..Told::default() })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Here, answer, keeps_the_contract, recorded};
    use super::super::{Me, Value as V};
    use super::*;
    use serde_json::json;

    fn here() -> Here {
        let mut h = Here::new(&Discourse).option("posts", V::Flag(true));
        h.server = "https://forum.example".into();
        h.me = Some(Me::default());
        h
    }

    fn post(id: i64) -> Value {
        json!({"id": id, "username": "ana", "name": "Ana", "created_at": "2026-09-21T14:00:00Z", "cooked": "<p>acme leaks</p>",
            "post_number": 2, "post_type": 1, "topic_id": 7, "topic_slug": "tins", "topic_title": "Tins", "category_id": 3,
            "reply_to_post_number": 1, "reads": 12})
    }

    fn hear(h: &mut Here, call: &Call, v: &Value) -> Told {
        let told = Discourse.hear(&h.spot(), call, &answer(200, v)).unwrap();
        if let Some(p) = &told.place {
            h.place = p.clone();
        }
        told
    }

    #[test]
    fn the_contract_is_kept() {
        let mut h = here()
            .option("search", V::Texts(vec!["acme".into()]))
            .option("mentions", V::Flag(true))
            .option("review", V::Flag(true));
        h.place = watch::with(h.place.clone(), "5", h.now);
        h.place.set("card", h.now.0.to_string());
        let mut calls = Discourse.begin(&h.spot());
        calls.extend([
            one(&h.spot(), "one", "5"),
            Call::get("me", ""),
            Call::get("site", ""),
            Call::get("about", ""),
        ]);
        keeps_the_contract(&h, &calls);
    }

    #[test]
    fn every_recorded_answer_is_read() {
        let (mut n, mut people) = (0, 0);
        for (name, v) in recorded("discourse") {
            let mut h = here();
            let ours = name.contains("latest_posts") || name.contains("posts_before");
            if v["latest_posts"].is_array() {
                assert!(ours || !name.is_empty());
                let told = hear(&mut h, &posts(&here().spot(), 0, 0, 0), &v);
                assert_eq!(told.seen as usize, v["latest_posts"].as_array().unwrap().len(), "{name}");
                n += told.items.len();
            } else if v["post_stream"]["posts"].is_array() {
                for p in v["post_stream"]["posts"].as_array().unwrap() {
                    let m = mention_of(&h.spot(), &serde_json::from_value(p.clone()).unwrap());
                    assert!(!m.author.native.is_empty() && m.time_note == TimeNote::Given, "{name}");
                    n += 1;
                }
            } else if v["cooked"].is_string() && v["post_number"].is_i64() {
                n += hear(&mut h, &one(&here().spot(), "one", "1"), &v).items.len();
            } else if v["user"]["trust_level"].is_i64() {
                let told = hear(&mut h, &Call::get("me", ""), &v);
                people += told.facts.len();
            } else if name.contains("notifications") && v.is_array() {
                hear(&mut h, &Call::get("mentions", ""), &v);
            }
        }
        if std::env::var_os("HEARKEN_SHARED").is_some() {
            assert!(n > 0, "{n} {people}");
        }
    }

    #[test]
    fn posts_are_followed_down_to_what_is_known() {
        let mut h = here();
        h.place.set("post", "100");
        let page = |ids: &[i64]| json!({"latest_posts": ids.iter().map(|i| post(*i)).collect::<Vec<_>>()});
        let first = Discourse.begin(&h.spot()).into_iter().find(|c| c.what == "posts").unwrap();
        let told = hear(&mut h, &first, &page(&[150, 149]));
        assert_eq!(
            (told.then[0].url.as_str(), h.place.number("post")),
            ("https://forum.example/posts.json?before=149", 100)
        );
        let told = hear(&mut h, &told.then[0].clone(), &page(&[101, 100]));
        assert!(told.then.is_empty() && told.lost.is_none());
        assert_eq!(h.place.number("post"), 150);
        let mut last = first;
        last.with = format!("150 {}", PAGES - 1);
        assert!(hear(&mut h, &last, &page(&[400, 399])).lost.is_some());
    }

    #[test]
    fn a_post_is_told_whole_and_its_category_is_its_community() {
        let mut h = here().option("categories", V::Texts(vec!["support".into()]));
        let site = json!({"categories": [{"id": 3, "slug": "support", "name": "Support"}, {"id": 4, "slug": "off", "name": "Off"}]});
        assert_eq!(hear(&mut h, &Call::get("site", ""), &site).facts.len(), 2);
        let mut other = post(2);
        other["category_id"] = json!(4);
        let told = hear(&mut h, &posts(&here().spot(), 0, 0, 0), &json!({"latest_posts": [post(3), other]}));
        assert_eq!(told.items.len(), 1);
        let m = &told.items[0].mention;
        assert_eq!((m.community.as_str(), m.title.as_str()), ("forum.example/support", "Re: Tins"));
        assert_eq!((m.thread.as_str(), m.parent.as_str()), ("https://forum.example/t/tins/7/1", "7/1"));
        assert_eq!((m.url.as_str(), m.reach), ("https://forum.example/t/tins/7/2", Some(12)));
    }

    #[test]
    fn what_is_not_found_any_more_is_gone_and_a_gate_is_said() {
        let mut h = here();
        h.place = watch::with(h.place.clone(), "5", h.now);
        let call = Discourse.begin(&h.spot()).into_iter().find(|c| c.what == "watched").unwrap();
        let told = Discourse.instead(&h.spot(), &call, &Trouble::Missing(Text::ours("x"))).unwrap();
        assert_eq!((told.gone.len(), watch::all(&told.place.unwrap()).count()), (1, 0));
        assert_eq!(hear(&mut h, &call, &post(5)).items.len(), 1);
        assert_eq!(watch::all(&h.place).count(), 1, "it is looked at again later");
        let gate = Answer { status: 403, body: b"<!DOCTYPE html>".to_vec(), ..Answer::default() };
        assert!(Discourse.refused(&gate, h.now).unwrap().text().contains("a gate in front"));
        let slow = answer(
            429,
            &json!({"errors": ["slow"], "error_type": "rate_limit", "extras": {"wait_seconds": 7}}),
        );
        assert!(matches!(Discourse.refused(&slow, h.now), Some(Trouble::Wait(7000, _))));
    }

    #[test]
    fn keys_of_staff_and_of_a_user_differ() {
        let call = Call::default();
        let staff = Discourse.keys_of("ana", "k", false);
        assert_eq!(
            Discourse.sign(&staff, &call),
            [("api-key", "k".to_owned()), ("api-username", "ana".to_owned())]
        );
        let own = Discourse.keys_of("", "k", false);
        assert_eq!(Discourse.sign(&own, &call), [("user-api-key", "k".to_owned())]);
    }

    #[test]
    fn what_speaks_to_us_and_what_waits_for_review_enter_the_inbox() {
        let mut h = here();
        let list = json!({"notifications": [
            {"notification_type": 1, "created_at": "2026-09-21T13:00:00Z", "topic_id": 7, "post_number": 2},
            {"notification_type": 5, "created_at": "2026-09-21T13:01:00Z", "topic_id": 7, "post_number": 3}]});
        let told = hear(&mut h, &Call::get("mentions", ""), &list);
        assert_eq!(told.then.len(), 1);
        assert!(hear(&mut h, &told.then[0].clone(), &post(9)).items[0].to_us);
        assert!(hear(&mut h, &Call::get("mentions", ""), &list).then.is_empty(), "once");
        let queue = json!({"reviewables": [{"id": 4, "type": "ReviewableQueuedPost", "score": 2.5, "payload": {"raw": "buy"},
            "created_by": {"username": "spam"}, "created_at": "2026-09-21T13:00:00Z"}]});
        let i = hear(&mut h, &Call::get("review", ""), &queue).items.remove(0);
        assert_eq!((i.mention.title.as_str(), i.to_us), ("to review: QueuedPost · score 2.5", true));
    }
}
