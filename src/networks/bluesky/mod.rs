//! Bluesky. What is said is heard on Jetstream, the stream of all posts, and sifted here; what concerns us (mentions,
//! answers, quotes) and searches come by XRPC with an app password. Facts: docs.bsky.app; bluesky-social/jetstream
//! (its dictionary for zstd stands beside this file, MIT or Apache-2.0); bluesky-social/atproto.

mod jetstream;
mod post;
mod publish;
#[cfg(test)]
mod tests;

use super::call::{Call, Fact, Frame, Reading, Stream, by_status};
use super::declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
use super::posts::Posting;
use super::{Answer, Keys, Network, Options, Spot, Told, Trouble, login, watch};
use crate::clean;
use crate::model::place::{Narrowing, Standing};
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{Stamp, Text};
use post::{View, item_of_view};
use serde_json::{Value, json};

pub struct Bluesky;

static DECLARED: Declaration = Declaration {
    name: "bluesky",
    title: "Bluesky",
    heard: &[Way::Socket, Way::Poll],
    servers: Servers::Usually("https://bsky.social"),
    contact: false,
    can: Can {
        reply: true,
        post: true,
        edit: false,
        delete: true,
        react: true,
        hide: true,
        report: true,
        threads: true,
        reactions: true,
        members: false,
    },
    limits: &[
        Limit { unit: "requests", n: 3000, per_ms: 5 * MINUTE, of: Of::Account },
        Limit { unit: "requests", n: 3000, per_ms: 5 * MINUTE, of: Of::Machine },
        Limit { unit: "points", n: 5000, per_ms: HOUR, of: Of::Account },
    ],
    identity: "the account's DID, which stays when the handle changes",
    policy: Policy {
        store: Leave::Yes,
        keep_days: None,
        link_identities: Leave::Yes,
        private_messages: Leave::No,
        delete_with_source: true,
        machine_posts: Leave::If("a person wrote it, or the account asked for it and is marked as a bot"),
        link: "https://docs.bsky.app/docs/starter-templates/bots",
        read_on: "2026-11-21",
    },
    door: Door::Optional,
    reach: "followers",
    settings: &[
        Setting {
            key: "stream",
            kind: SettingKind::Flag,
            help: "hear every post and keep what topics match",
        },
        Setting {
            key: "mentions",
            kind: SettingKind::Flag,
            help: "mentions of us, answers to us, quotes of us",
        },
        Setting { key: "search", kind: SettingKind::Texts, help: "words to search for, with an account" },
        Setting { key: "jetstream", kind: SettingKind::Address, help: "another address of the stream" },
        Setting {
            key: "view",
            kind: SettingKind::Address,
            help: "another address that tells who somebody is",
        },
    ],
    hand_off: false,
};

const JETSTREAM: &str = "wss://jetstream2.us-east.bsky.network/subscribe";
const VIEW: &str = "https://public.api.bsky.app";
/// Posts of one page, and pages of one poll.
const PAGE: usize = 100;
const PAGES: i64 = 20;

fn esc(s: &str) -> String {
    url::form_urlencoded::byte_serialize(s.as_bytes()).collect()
}

fn xrpc(at: &Spot<'_>, method: &str) -> String {
    at.at(&format!("/xrpc/{method}"))
}

/// Where anybody may ask who somebody is.
fn view(at: &Spot<'_>, method: &str) -> String {
    let own = Some(at.options.text("view")).filter(|s| !s.is_empty());
    format!("{}/xrpc/{method}", own.unwrap_or(VIEW).trim_end_matches('/'))
}

impl Network for Bluesky {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn posting(&self) -> Option<&'static dyn Posting> {
        Some(&publish::Publish)
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        if !o.flag("stream") && !o.flag("mentions") && o.texts("search").is_empty() {
            return Err("it needs stream = true, mentions = true or search = [\"…\"]".into());
        }
        Ok(())
    }

    fn narrow(&self, o: &Options) -> Vec<(Narrowing, Text)> {
        let mut out = Vec::new();
        if o.flag("stream") {
            out.push((Narrowing::Partial, Text::ours("the stream repeats 36 hours and no more")));
        }
        if !o.texts("search").is_empty() {
            out.push((Narrowing::Sampled, Text::ours("search is the network's own choice of what fits")));
        }
        out
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        let mut calls = Vec::new();
        if let Some(me) = at.account {
            if at.is_due("card", DAY) {
                let who = if me.native.is_empty() { &me.user } else { &me.native };
                let url = xrpc(at, &format!("app.bsky.actor.getProfile?actor={}", esc(who)));
                calls.push(Call::get("me", url).extra());
            }
            if at.options.flag("mentions") {
                calls.push(mentions(at, "", 0, ""));
            }
            calls.extend(at.options.texts("search").iter().map(|q| search(at, q, "", 0, "")));
            let due: Vec<&str> = watch::due(at.place, at.now).take(25).collect();
            let ids: Vec<String> = due.iter().map(|id| format!("uris={}", esc(id))).collect();
            // The stream tells what becomes of posts; without it they are looked at.
            if !at.options.flag("stream") && at.is_due("watched_at", watch::EVERY) && !ids.is_empty() {
                let url = xrpc(at, &format!("app.bsky.feed.getPosts?{}", ids.join("&")));
                calls.push(Call::get("watch", url).with(due.join(" ")).extra());
            }
        }
        calls
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        match call.what {
            "mentions" => mentioned(at, call, a),
            "search" => found(at, call, a),
            "watch" => {
                let v = a.json()?;
                let Some(list) = v["posts"].as_array() else {
                    return Err(Trouble::Garbled(Text::ours("a list of posts was expected")));
                };
                let asked: Vec<&str> = call.with.split(' ').collect();
                let missing = asked.iter().filter(|id| !list.iter().any(|p| p["uri"] == ***id));
                // One that is left out may be hidden from us alone: its own record tells.
                let then = missing.filter_map(|id| record(at, id)).collect();
                let items = views(&v["posts"]).iter().filter_map(|p| item_of_view(at, p)).collect();
                let place = watch::rotate(&at.did("watched_at"), &asked, at.now);
                Ok(Told { items, then, place: Some(place), ..Told::default() })
            }
            "record" => Ok(Told::default()),
            "profile" => jetstream::named(at, call, &a.json()?),
            _ => standing(at, &a.json()?),
        }
    }

    fn instead(&self, at: &Spot<'_>, call: &Call, t: &Trouble) -> Option<Told> {
        match (call.what, t) {
            ("search", Trouble::Forbidden(_) | Trouble::Login(_)) => {
                let words = Text::ours("the search is closed to programs; the stream hears all");
                Some(Told { limits: vec![(Narrowing::Closed, words)], ..Told::default() })
            }
            ("watch", t) if !matches!(t, Trouble::Wait(..)) => {
                Some(Told { place: Some(at.did("watched_at")), ..Told::default() })
            }
            ("record", Trouble::Missing(_)) => {
                let place = watch::without(at.place, &call.with);
                Some(Told { gone: vec![at.id(&call.with)], place: Some(place), ..Told::default() })
            }
            ("record", t) if !matches!(t, Trouble::Wait(..)) => Some(Told::default()),
            // An app view that does not know us is done without.
            ("me", _) => Some(Told { place: Some(at.did("card")), ..Told::default() }),
            _ => None,
        }
    }

    fn stream(&self, at: &Spot<'_>) -> Option<Stream> {
        at.options.flag("stream").then(|| jetstream::stream(at))
    }

    fn frame(&self, at: &Spot<'_>, f: Frame<'_>) -> Result<Told, Trouble> {
        match f {
            Frame::Text(text) => Ok(jetstream::frame(at, text)),
            _ => Ok(Told::default()),
        }
    }

    fn refused(&self, a: &Answer, now: Stamp) -> Option<Trouble> {
        let v: Value = serde_json::from_slice(&a.body).unwrap_or_default();
        let word = v["error"].as_str().unwrap_or("");
        let said = v["message"].as_str().or(v["error"].as_str()).map(clean::line);
        let t = by_status(a, now, said)?;
        let reset = || {
            let s = a.header("ratelimit-reset")?.trim().parse::<i64>().ok()?;
            Some((s.saturating_mul(1000) - now.0).clamp(1000, DAY))
        };
        Some(match (word, t) {
            ("ExpiredToken" | "InvalidToken", t) => Trouble::Expired(t.text().clone()),
            ("AuthMissing" | "AuthenticationRequired" | "AccountTakedown", t) => {
                Trouble::Login(t.text().clone())
            }
            ("RecordNotFound", t) => Trouble::Missing(t.text().clone()),
            (_, Trouble::Wait(ms, t)) => Trouble::Wait(reset().unwrap_or(ms), t),
            (_, t) => t,
        })
    }

    fn budgets(&self, a: &Answer, _now: Stamp) -> Vec<Reading> {
        let number = |n: &str| a.header(n).and_then(|v| v.trim().parse::<u64>().ok());
        let reading = || {
            let (of, left) = (number("ratelimit-limit")?, number("ratelimit-remaining")?);
            let reset = i64::try_from(number("ratelimit-reset")?).ok()?.checked_mul(1000)?;
            Some(Reading { unit: "requests", left, of, resets: Stamp(reset) })
        };
        // A login has a budget of its own, far below that of requests.
        reading().filter(|r| r.of >= 1000).into_iter().collect()
    }

    fn form(&self) -> login::Form {
        login::Form::Password(
            "make an app password at bsky.app, Settings, Privacy and security, App passwords",
        )
    }

    fn keys_of(&self, user: &str, secret: &str, _password: bool) -> Keys {
        Keys::default().with("user", user).with("password", secret)
    }

    fn sign(&self, keys: &Keys, _call: &Call) -> Vec<(&'static str, String)> {
        keys.get("access").map(|t| ("authorization", format!("Bearer {t}"))).into_iter().collect()
    }

    fn session(&self, server: &str, keys: &Keys, expired: bool) -> Option<Call> {
        match (keys.get("access"), keys.get("refresh")) {
            (Some(_), _) if !expired => None,
            (_, Some(refresh)) => {
                let url = format!("{server}/xrpc/com.atproto.server.refreshSession");
                let mut call = Call { method: super::Method::Post, ..Call::get("refresh", url) };
                call.headers.push(("authorization", format!("Bearer {refresh}")));
                Some(call)
            }
            _ => Some(log_in(server, keys)),
        }
    }

    fn opened(&self, keys: &Keys, call: &Call, a: &Answer) -> Result<(Keys, Option<Call>), Trouble> {
        if let Some(t) = self.refused(a, Stamp::now()) {
            // A session that is too old to be renewed: the app password opens another one.
            if call.what == "refresh"
                && keys.get("password").is_some()
                && !matches!(t, Trouble::Wait(..) | Trouble::Fault(_))
            {
                let server = call.url.split("/xrpc/").next().unwrap_or("");
                let mut bare = keys.clone();
                bare.forget("access");
                bare.forget("refresh");
                return Ok((bare.clone(), Some(log_in(server, &bare))));
            }
            return Err(t);
        }
        let v = a.json()?;
        let text = |k: &str| v[k].as_str().unwrap_or("").to_owned();
        if text("accessJwt").is_empty() || text("refreshJwt").is_empty() {
            return Err(Trouble::Garbled(Text::ours("the login gave no session")));
        }
        let better = keys
            .clone()
            .with("access", text("accessJwt"))
            .with("refresh", text("refreshJwt"))
            .with("did", text("did"))
            .with("handle", text("handle"));
        Ok((better, None))
    }
}

fn log_in(server: &str, keys: &Keys) -> Call {
    let body = json!({ "identifier": keys.text("user"), "password": keys.text("password") });
    Call::json("login", format!("{server}/xrpc/com.atproto.server.createSession"), &body)
}

/// `newest`: the newest time so far; `n`: pages so far.
fn mentions(at: &Spot<'_>, cursor: &str, n: i64, newest: &str) -> Call {
    let mut url = xrpc(at, "app.bsky.notification.listNotifications");
    url.push_str(&format!("?limit={PAGE}&reasons=mention&reasons=reply&reasons=quote"));
    if !cursor.is_empty() {
        url.push_str(&format!("&cursor={}", esc(cursor)));
    }
    Call::get("mentions", url).with(format!("{n}\n{newest}"))
}

fn search(at: &Spot<'_>, q: &str, cursor: &str, n: i64, newest: &str) -> Call {
    let since = at.place.get(&format!("since:{q}")).map_or_else(|| at.beginning().rfc3339(), str::to_owned);
    let mut url = xrpc(at, "app.bsky.feed.searchPosts");
    url.push_str(&format!("?q={}&sort=latest&limit={PAGE}&since={}", esc(q), esc(&since)));
    if !cursor.is_empty() {
        url.push_str(&format!("&cursor={}", esc(cursor)));
    }
    Call::get("search", url).with(format!("{n}\n{newest}\n{q}")).costs(1, "searches")
}

/// Asks for the record of a post where its author keeps it.
fn record(at: &Spot<'_>, uri: &str) -> Option<Call> {
    let (repo, rest) = uri.strip_prefix("at://")?.split_once('/')?;
    let (collection, rkey) = rest.split_once('/')?;
    let query = format!(
        "com.atproto.repo.getRecord?repo={}&collection={}&rkey={}",
        esc(repo),
        esc(collection),
        esc(rkey)
    );
    Some(Call::get("record", xrpc(at, &query)).with(uri).extra())
}

fn views(v: &Value) -> Vec<View> {
    v.as_array().into_iter().flatten().filter_map(|p| serde_json::from_value(p.clone()).ok()).collect()
}

/// Notifications come newest first; the place moves when all of them are heard.
fn mentioned(at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
    let v = a.json()?;
    let Some(list) = v["notifications"].as_array() else {
        return Err(Trouble::Garbled(Text::ours("a list of notifications was expected")));
    };
    let (n, mut newest) = call.with.split_once('\n').unwrap_or(("0", ""));
    let n: i64 = n.parse().unwrap_or(0);
    let mark = at.place.get("mentions").unwrap_or("");
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    let mut known = false;
    for x in list {
        let time = x["indexedAt"].as_str().unwrap_or("");
        newest = newest.max(time);
        known |= !mark.is_empty() && time < mark;
        if !matches!(x["reason"].as_str(), Some("mention" | "reply" | "quote")) {
            continue;
        }
        if let Some(i) = serde_json::from_value::<View>(x.clone()).ok().and_then(|p| item_of_view(at, &p)) {
            told.items.push(i.to_us());
        }
    }
    let old = told.items.last().is_some_and(|i| i.mention.at < at.beginning());
    match v["cursor"].as_str().filter(|c| !c.is_empty() && !list.is_empty()) {
        Some(c) if !known && !old && n < PAGES => told.then.push(mentions(at, c, n + 1, newest)),
        _ if !newest.is_empty() => told.place = Some(at.place.clone().with("mentions", newest)),
        _ => {}
    }
    Ok(told)
}

fn found(at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
    let v = a.json()?;
    if !v["posts"].is_array() {
        return Err(Trouble::Garbled(Text::ours("a list of posts was expected")));
    }
    let mut parts = call.with.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or("");
    let (n, newest, q) = (next().parse::<i64>().unwrap_or(0), next().to_owned(), next());
    let posts = views(&v["posts"]);
    let mut told = Told { seen: posts.len() as u64, ..Told::default() };
    told.items = posts.iter().filter_map(|p| item_of_view(at, p)).collect();
    let newest = posts.iter().map(|p| p.indexed_at.as_str()).max().unwrap_or("").max(&newest).to_owned();
    let mut place = at.place.clone();
    for i in &told.items {
        if at.sieve.wants(&[&i.mention.text]) {
            place = watch::with(place, &i.mention.native_id, at.now);
        }
    }
    match v["cursor"].as_str().filter(|c| !c.is_empty() && !posts.is_empty()) {
        Some(c) if n < PAGES => told.then.push(search(at, q, c, n + 1, &newest)),
        Some(_) => {
            told.limits.push((Narrowing::Capped, Text::ours("a search gives 2,000 posts at once")));
            place.set(&format!("since:{q}"), newest);
        }
        None if !newest.is_empty() => place.set(&format!("since:{q}"), newest),
        None => {}
    }
    told.place = Some(place);
    Ok(told)
}

fn standing(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let did = v["did"].as_str().unwrap_or("");
    if did.is_empty() {
        return Err(Trouble::Garbled(Text::ours("the server does not say who we are")));
    }
    let since: String = v["createdAt"].as_str().unwrap_or("").chars().take(10).collect();
    let mut words = format!("since {since} · {} followers", v["followersCount"].as_u64().unwrap_or(0));
    let labels: Vec<&str> =
        v["labels"].as_array().into_iter().flatten().filter_map(|l| l["val"].as_str()).collect();
    if !labels.is_empty() {
        words.push_str(&format!(" · labelled {}", labels.join(", ")));
    }
    let s = Standing {
        native: clean::line(did),
        handle: clean::line(&format!("@{}", v["handle"].as_str().unwrap_or(did))),
        words: clean::line(&words),
        wrong: labels.iter().any(|l| !matches!(*l, "bot" | "!no-unauthenticated")),
        told_at: at.now,
        profile: Some(clean::text(v["description"].as_str().unwrap_or("")).0),
        ..Standing::default()
    };
    let facts = vec![Fact::Standing(Box::new(s))];
    Ok(Told { facts, place: Some(at.did("card")), ..Told::default() })
}
