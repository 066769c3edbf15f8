//! Mastodon, and servers that speak its API: tags, the public timeline, lists, mentions of us, search where the server
//! allows it. With a token a stream tells what is new, changed and deleted; without one it is asked. Servers differ
//! widely: ids are opaque, and what one does not know is done without.
//! Facts: docs.joinmastodon.org; mastodon/mastodon, streaming/index.js and rack_attack.rb.

mod door;
mod publish;
mod status;
#[cfg(test)]
mod tests;

use super::call::{Call, Fact, Frame, Reading, Stream, by_status};
use super::declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
use super::login::{Login, Said, Step};
use super::posts::Posting;
use super::{Answer, Item, Network, Options, Spot, Told, Trouble, watch};
use crate::clean;
use crate::model::place::{Community, Lost, Narrowing, Place, Standing};
use crate::model::time::{DAY, MINUTE};
use crate::model::{Stamp, Text};
use serde_json::Value;
use status::{Account, Status, item_of};

pub struct Mastodon;

static DECLARED: Declaration = Declaration {
    name: "mastodon",
    title: "Mastodon and compatible servers",
    heard: &[Way::Events, Way::Poll],
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
        Limit { unit: "requests", n: 300, per_ms: 5 * MINUTE, of: Of::Account },
        Limit { unit: "requests", n: 300, per_ms: 5 * MINUTE, of: Of::Machine },
    ],
    identity: "the account's number at the server where it is heard",
    policy: Policy {
        store: Leave::Yes,
        keep_days: None,
        link_identities: Leave::Yes,
        private_messages: Leave::If("they wrote to us in private"),
        delete_with_source: true,
        machine_posts: Leave::If("the account is marked as automated where nobody presses the key"),
        link: "https://docs.joinmastodon.org/methods/instance/#rules",
        read_on: "2026-11-21",
    },
    door: Door::Optional,
    reach: "followers",
    settings: &[
        Setting { key: "tags", kind: SettingKind::Texts, help: "hashtags, without #" },
        Setting {
            key: "public",
            kind: SettingKind::Choice(&["local", "remote", "all"]),
            help: "the public timeline of the server",
        },
        Setting { key: "list", kind: SettingKind::Text, help: "the number of a list of ours" },
        Setting { key: "mentions", kind: SettingKind::Flag, help: "posts that mention our account" },
        Setting {
            key: "search",
            kind: SettingKind::Texts,
            help: "words to search for, where the server can",
        },
    ],
    hand_off: false,
};

/// Posts of one page, and pages that a first hearing goes back.
const PAGE: usize = 40;
const BACK: i64 = 10;
/// Pages that a catching-up goes on; after that it goes on with the next poll.
const ON: i64 = 50;
/// A server says something each 15 s; three times that is silence.
const SILENCE: i64 = 45_000;
/// Posts that are looked at again in one call: what servers give at once.
const AT_ONCE: usize = 20;

/// Something that a source hears: how its place is called, where it is asked, where it streams.
struct Thing {
    name: String,
    path: String,
    stream: Option<String>,
}

fn things(o: &Options) -> Vec<Thing> {
    let esc = |s: &str| url::form_urlencoded::byte_serialize(s.as_bytes()).collect::<String>();
    let mut out: Vec<Thing> = Vec::new();
    for t in o.texts("tags") {
        let tag = t.trim().trim_start_matches('#');
        let path = format!("/api/v1/timelines/tag/{}?", esc(tag));
        out.push(Thing {
            name: format!("tag:{tag}"),
            path,
            stream: Some(format!("hashtag?tag={}", esc(tag))),
        });
    }
    let public = match o.text("public") {
        "local" => Some(("local=true&", "public/local")),
        "remote" => Some(("remote=true&", "public/remote")),
        "all" => Some(("", "public")),
        _ => None,
    };
    if let Some((query, stream)) = public {
        let path = format!("/api/v1/timelines/public?{query}");
        out.push(Thing { name: "public".into(), path, stream: Some(stream.into()) });
    }
    if o.has("list") {
        let id = esc(o.text("list"));
        let path = format!("/api/v1/timelines/list/{id}?");
        out.push(Thing { name: "list".into(), path, stream: Some(format!("list?list={id}")) });
    }
    if o.flag("mentions") {
        let path = "/api/v1/notifications?types[]=mention&".to_owned();
        out.push(Thing { name: "mentions".into(), path, stream: Some("user/notification".into()) });
    }
    for q in o.texts("search") {
        let path = format!("/api/v2/search?type=statuses&q={}&", esc(q));
        out.push(Thing { name: format!("search:{q}"), path, stream: None });
    }
    out
}

/// Ids are opaque; they are compared by length, then by text.
fn later(a: &str, b: &str) -> bool {
    (a.len(), a) > (b.len(), b)
}

fn min(name: &str) -> String {
    format!("min:{name}")
}

impl Network for Mastodon {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn posting(&self) -> Option<&'static dyn Posting> {
        Some(&publish::Publish)
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        let all = things(o);
        if all.is_empty() {
            return Err("it needs one of tags, public, list, mentions, search".into());
        }
        if o.texts("tags")
            .iter()
            .any(|t| t.trim_matches(['#', ' ']).is_empty() || t.contains(char::is_whitespace))
        {
            return Err("a tag is one word".into());
        }
        Ok(())
    }

    fn narrow(&self, o: &Options) -> Vec<(Narrowing, Text)> {
        let mut out = Vec::new();
        if o.has("public") || o.has("tags") {
            out.push((Narrowing::Partial, Text::ours("of other servers, what this one was sent")));
        }
        if o.has("search") {
            out.push((Narrowing::Partial, Text::ours("search finds posts whose authors allow it")));
        }
        out
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        let mut calls = Vec::new();
        if at.is_due("card", DAY) {
            calls.push(Call::get("instance", at.at("/api/v2/instance")).extra());
            if at.account.is_some() {
                calls.push(Call::get("me", at.at("/api/v1/accounts/verify_credentials")));
            }
        }
        calls.extend(things(at.options).iter().map(|t| first_page(at, t)));
        if at.is_due("watched_at", watch::EVERY) {
            let ids: Vec<&str> = watch::due(at.place, at.now).take(AT_ONCE).collect();
            if !ids.is_empty() {
                let query: Vec<String> = ids.iter().map(|id| format!("id[]={id}")).collect();
                let url = at.at(&format!("/api/v1/statuses?{}", query.join("&")));
                calls.push(Call::get("watch", url).with(ids.join(" ")).extra());
            }
        }
        calls
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        match call.what {
            "page" => page(at, call, a),
            "instance" => Ok(instance(at, &a.json()?)),
            "me" => standing(at, &a.read()?),
            "context" => context(at, call, &a.json()?),
            "watch" => {
                let all: Vec<Status> = a.read()?;
                let asked: Vec<&str> = call.with.split(' ').collect();
                let missing = asked.iter().filter(|id| !all.iter().any(|s| s.id == ***id));
                // One that is left out may be gone, or this server may give fewer at once: each is asked by itself.
                let then = missing.take(10).map(|id| one(at, id)).collect();
                let items = all.iter().map(|s| item_of(at, s)).collect();
                let place = watch::rotate(&at.did("watched_at"), &asked, at.now);
                Ok(Told { items, then, place: Some(place), ..Told::default() })
            }
            _ => {
                let s: Status = a.read()?;
                Ok(Told { items: vec![item_of(at, &s)], ..Told::default() })
            }
        }
    }

    fn instead(&self, at: &Spot<'_>, call: &Call, t: &Trouble) -> Option<Told> {
        let unknown = matches!(t, Trouble::Missing(_) | Trouble::Gone(_));
        match call.what {
            "instance" if unknown && call.url.contains("/v2/") => {
                let then = vec![Call::get("instance", at.at("/api/v1/instance")).extra()];
                Some(Told { then, ..Told::default() })
            }
            // A server that cannot say who it is is done without; it is asked again tomorrow.
            "instance" if unknown => Some(Told { place: Some(at.did("card")), ..Told::default() }),
            "watch" if unknown => {
                let asked: Vec<&str> = call.with.split(' ').take(5).collect();
                let then = asked.iter().map(|id| one(at, id)).collect();
                let place = watch::rotate(&at.did("watched_at"), &asked, at.now);
                Some(Told { then, place: Some(place), ..Told::default() })
            }
            "watch" if !matches!(t, Trouble::Wait(..)) => {
                Some(Told { place: Some(at.did("watched_at")), ..Told::default() })
            }
            // With our keys it is not found where its author keeps us out, too: anybody is asked.
            "status" if unknown && at.account.is_some() && !call.anonymous => {
                let again = Call { anonymous: true, ..call.clone() };
                Some(Told { then: vec![again], ..Told::default() })
            }
            "status" if unknown => {
                let place = watch::without(at.place, &call.with);
                Some(Told { gone: vec![at.id(&call.with)], place: Some(place), ..Told::default() })
            }
            "context" => Some(Told::default()),
            "page" if call.with.starts_with("search:") && (unknown || matches!(t, Trouble::Refused(_))) => {
                let words = Text::ours("this server does not search posts for us");
                Some(Told { limits: vec![(Narrowing::Closed, words)], ..Told::default() })
            }
            _ => None,
        }
    }

    fn stream(&self, at: &Spot<'_>) -> Option<Stream> {
        at.account?;
        let mut all = things(at.options);
        // One stream tells of one thing; a source of several is asked.
        let only = all.pop().filter(|_| all.is_empty())?;
        let base = at.place.get("streaming")?.trim_end_matches('/').to_owned();
        let path = only.stream?;
        let call = Call::get("stream", format!("{base}/api/v1/streaming/{path}")).with(only.name);
        Some(Stream {
            way: Way::Events,
            call,
            silence_ms: SILENCE,
            refill: true,
            say: Vec::new(),
            dictionary: None,
        })
    }

    fn frame(&self, at: &Spot<'_>, f: Frame<'_>) -> Result<Told, Trouble> {
        let Frame::Event { name, data, .. } = f else { return Ok(Told::default()) };
        let read = |s: &str| serde_json::from_str::<Status>(s).ok();
        match name {
            "delete" => {
                let id = data.trim().trim_matches('"');
                Ok(Told { gone: vec![at.id(id)], ..Told::default() })
            }
            // Some servers write it with a low line.
            "update" | "status.update" | "status_update" => {
                Ok(read(data).map_or_else(Told::default, |s| news(at, &s, true)))
            }
            "notification" => {
                let v: Value = serde_json::from_str(data).unwrap_or_default();
                Ok(notified(at, &v).map_or_else(Told::default, |(id, told)| {
                    let place = further(at, at.place.clone(), "mentions", &id);
                    Told { place: Some(place), ..told }
                }))
            }
            _ => Ok(Told::default()),
        }
    }

    fn refused(&self, a: &Answer, now: Stamp) -> Option<Trouble> {
        let v: Value = serde_json::from_slice(&a.body).unwrap_or_default();
        let said = ["error_description", "error"].iter().find_map(|k| v[*k].as_str()).map(clean::line);
        let t = by_status(a, now, said.clone())?;
        let token = said.as_ref().is_some_and(|s| {
            let low = s.to_lowercase();
            low.contains("access token")
                || low.contains("authenticated user")
                || low.contains("token is invalid")
        });
        // Servers refuse a token with 400, 401 or 422.
        Some(match t {
            Trouble::Refused(t) if token => Trouble::Login(t),
            Trouble::Wait(..) => {
                let reset = a.header("x-ratelimit-reset").and_then(|r| super::call::after(r, now));
                let ms = reset.filter(|_| a.header("retry-after").is_none());
                Trouble::Wait(ms.map_or_else(|| wait_of(&t), |ms| ms.max(1000)), t.text().clone())
            }
            t => t,
        })
    }

    fn budgets(&self, a: &Answer, now: Stamp) -> Vec<Reading> {
        let number = |n: &str| a.header(n).and_then(|v| v.trim().parse::<u64>().ok());
        let reading = || {
            let (of, left) = (number("x-ratelimit-limit")?, number("x-ratelimit-remaining")?);
            let ms = super::call::after(a.header("x-ratelimit-reset")?, now)?;
            Some(Reading { unit: "requests", left, of, resets: now.plus(ms) })
        };
        reading().into_iter().collect()
    }

    fn login(&self, l: &mut Login, said: Said<'_>) -> Option<Result<Step, Trouble>> {
        Some(door::step(l, said))
    }

    fn trusts(&self, server: &str, url: &str) -> bool {
        let (ours, theirs) = (clean::host_of(server), clean::host_of(url));
        !ours.is_empty() && theirs.ends_with(&format!(".{ours}")) && url.starts_with("https://")
    }
}

fn wait_of(t: &Trouble) -> i64 {
    if let Trouble::Wait(ms, _) = t { *ms } else { 60_000 }
}

fn one(at: &Spot<'_>, id: &str) -> Call {
    Call::get("status", at.at(&format!("/api/v1/statuses/{id}"))).with(id).extra()
}

fn first_page(at: &Spot<'_>, t: &Thing) -> Call {
    match at.place.get(&min(&t.name)) {
        Some(known) => page_call(at, &t.name, &t.path, &format!("min_id={known}"), "on", 0, known),
        None => page_call(at, &t.name, &t.path, "", "back", 0, ""),
    }
}

/// `way`: `on` from what is known, or `back` from the newest; `n` pages so far; `mark` the newest id so far.
fn page_call(at: &Spot<'_>, name: &str, path: &str, from: &str, way: &str, n: i64, mark: &str) -> Call {
    let url = at.at(&format!("{path}limit={PAGE}{}{from}", if from.is_empty() { "" } else { "&" }));
    Call::get("page", url).with(format!("{name}\n{path}\n{way}\n{n}\n{mark}"))
}

/// Posts of a page: a timeline is a list, a search has them under a name, a notification holds one.
fn page(at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
    let mut parts = call.with.split('\n');
    let mut next = || parts.next().unwrap_or("");
    let (name, path, way, n, mark) = (next(), next(), next(), next().parse::<i64>().unwrap_or(0), next());
    let v = a.json()?;
    let list = if name.starts_with("search:") { &v["statuses"] } else { &v };
    let Some(list) = list.as_array() else {
        return Err(Trouble::Garbled(Text::ours("a list of posts was expected")));
    };
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    let (mut low, mut high, mut oldest, mut fresh) = (String::new(), mark.to_owned(), at.now, 0);
    for entry in list {
        let (id, t) = if name == "mentions" {
            match notified(at, entry) {
                Some(both) => both,
                None => continue,
            }
        } else {
            let Ok(s) = serde_json::from_value::<Status>(entry.clone()) else { continue };
            (s.id.clone(), news(at, &s, false))
        };
        oldest = t.items.iter().map(|i| i.mention.at).min().map_or(oldest, |t| t.min(oldest));
        fresh += usize::from(way != "on" || later(&id, mark));
        if low.is_empty() || later(&low, &id) {
            low.clone_from(&id);
        }
        if high.is_empty() || later(&id, &high) {
            high = id;
        }
        told.items.extend(t.items);
        told.then.extend(t.then);
        if let Some(p) = t.place {
            told.place = Some(watch::join(told.place.take().unwrap_or_else(|| at.place.clone()), &p));
        }
    }
    let mut place = told.place.take().unwrap_or_else(|| at.place.clone());
    let full = list.len() >= PAGE;
    match way {
        // A server that does not know min_id gives the newest again: nothing of it is later.
        "on" => {
            if !high.is_empty() {
                place.set(&min(name), high.clone());
            }
            if full && fresh > 0 && n < ON {
                told.then.push(page_call(at, name, path, &format!("min_id={high}"), "on", n + 1, &high));
            }
        }
        _ => {
            if full && n < BACK && oldest > at.beginning() {
                told.then.push(page_call(at, name, path, &format!("max_id={low}"), "back", n + 1, &high));
            } else if !high.is_empty() {
                if full && oldest > at.beginning() {
                    let why = Text::ours("a first hearing goes back 400 posts");
                    told.lost = Some(Lost { from: at.beginning(), to: oldest, why });
                }
                place.set(&min(name), high);
            }
        }
    }
    told.place = Some(place);
    Ok(told)
}

/// The newest id of a thing, from the stream.
fn further(at: &Spot<'_>, mut place: Place, name: &str, id: &str) -> Place {
    let key = min(name);
    if at.place.get(&key).is_none_or(|known| later(id, known)) {
        place.set(&key, id);
    }
    place
}

/// A post: what a topic may want of it is looked at again later, and its discussion is asked for.
fn news(at: &Spot<'_>, s: &Status, streamed: bool) -> Told {
    let item = item_of(at, s);
    let m = &item.mention;
    let wanted = at.sieve.wants(&[&m.title, &m.text]);
    let mut place = at.place.clone();
    // Of what not all may see nobody can tell whether it is gone or kept from us.
    let open = matches!(s.visibility.as_str(), "" | "public" | "unlisted");
    if wanted && s.reblog.is_none() && open {
        place = watch::with(place, &m.native_id, at.now);
    }
    if streamed {
        // A source with a stream has one thing.
        if let Some(t) = things(at.options).first() {
            place = further(at, place, &t.name, &s.id);
        }
    }
    let answers = wanted && !m.parent.is_empty() && m.thread.is_empty() && !at.sieve.knows(item.identity);
    let then = answers.then(|| {
        let url = at.at(&format!("/api/v1/statuses/{}/context", m.native_id));
        Call::get("context", url).with(serde_json::to_string(s.told()).unwrap_or_default()).extra()
    });
    let keep = wanted || at.sieve.knows(item.identity);
    Told {
        seen: 1,
        weighed: u64::from(wanted),
        items: if keep { vec![item] } else { Vec::new() },
        then: then.into_iter().collect(),
        place: Some(place),
        ..Told::default()
    }
}

/// A notification's id, and its post where it mentions us.
fn notified(at: &Spot<'_>, v: &Value) -> Option<(String, Told)> {
    let id = v["id"].as_str().map(str::to_owned).or_else(|| v["id"].as_i64().map(|n| n.to_string()))?;
    if v["type"].as_str() != Some("mention") {
        return Some((id, Told::default()));
    }
    // Its post may be gone already.
    let Ok(s) = serde_json::from_value::<Status>(v["status"].clone()) else {
        return Some((id, Told::default()));
    };
    let mut told = news(at, &s, false);
    told.items = vec![item_of(at, &s).to_us()];
    Some((id, told))
}

/// The discussion of a post: its beginning, and what was said before it.
fn context(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let s: Status = serde_json::from_str(&call.with)
        .map_err(|_| Trouble::Garbled(Text::ours("the post that was asked about is not known any more")))?;
    let before: Vec<Status> = v["ancestors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|a| serde_json::from_value(a.clone()).ok())
        .collect();
    let root = before.first().map(|r| item_of(at, r).mention.url).unwrap_or_default();
    let threaded = |s: &Status| -> Item {
        let mut i = item_of(at, s);
        if !i.mention.parent.is_empty() {
            i.mention.thread = root.clone();
        }
        i
    };
    Ok(Told { items: before.iter().chain([&s]).map(threaded).collect(), ..Told::default() })
}

/// What a server says of itself, in the newer form or the older one.
fn instance(at: &Spot<'_>, v: &Value) -> Told {
    let text = |v: &Value| clean::html(v.as_str().unwrap_or(""), None).text;
    let new = v["domain"].is_string();
    let rules: Vec<String> = v["rules"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|r| r["text"].as_str())
        .enumerate()
        .map(|(i, r)| format!("{}. {r}", i + 1))
        .collect();
    let members = if new {
        v["usage"]["users"]["active_month"].as_u64().map(|n| (n, "active in a month".to_owned()))
    } else {
        v["stats"]["user_count"].as_u64().map(|n| (n, "accounts".to_owned()))
    };
    let card = Community {
        network: DECLARED.name.into(),
        name: clean::host_of(at.server),
        title: clean::line(v["title"].as_str().unwrap_or("")),
        url: clean::url(at.server, None),
        about: text(if new { &v["description"] } else { &v["short_description"] }),
        rules: clean::text(&rules.join("\n")).0,
        rules_url: clean::url(&at.at("/about"), None),
        members,
        told_at: at.now,
        ..Community::default()
    };
    let mut place = at.did("card");
    let streaming = if new { &v["configuration"]["urls"]["streaming"] } else { &v["urls"]["streaming_api"] };
    match streaming.as_str().filter(|s| !s.is_empty()) {
        // The address is that of a WebSocket; events come from the same place over HTTP.
        Some(s) => place.set("streaming", s.replacen("ws", "http", usize::from(s.starts_with("ws")))),
        None => place.forget("streaming"),
    }
    let configuration = &v["configuration"]["statuses"];
    let length = configuration["max_characters"].as_u64().or_else(|| v["max_toot_chars"].as_u64());
    for (name, n) in
        [("length", length), ("url_length", configuration["characters_reserved_per_url"].as_u64())]
    {
        if let Some(n) = n {
            place.set(name, n.to_string());
        }
    }
    Told { facts: vec![Fact::Community(Box::new(card))], place: Some(place), ..Told::default() }
}

fn standing(at: &Spot<'_>, a: &Account) -> Result<Told, Trouble> {
    if a.id.is_empty() {
        return Err(Trouble::Garbled(Text::ours("the server does not say who we are")));
    }
    let mut words = vec![format!("since {}", a.created_at.chars().take(10).collect::<String>())];
    words.push(format!("{} followers", a.followers_count.max(0)));
    let wrong = a.suspended == Some(true) || a.limited == Some(true) || a.moved.is_some();
    for (yes, w) in [
        (a.suspended == Some(true), "suspended"),
        (a.limited == Some(true), "limited by its moderators"),
        (a.moved.is_some(), "moved to another account"),
        (a.bot, "marked as automated"),
    ] {
        if yes {
            words.push(w.to_owned());
        }
    }
    let lines = a.fields.iter().map(|f| format!("<p>{}: {}</p>", f.name, f.value));
    let profile: Vec<String> = std::iter::once(a.note.clone()).chain(lines).collect();
    let told = |name: &str| u32::try_from(at.place.number(name)).ok().filter(|n| *n > 0);
    let s = Standing {
        native: clean::line(&a.id),
        handle: clean::line(&format!("@{}", a.acct)),
        words: clean::line(&words.join(" · ")),
        wrong,
        told_at: at.now,
        profile: Some(clean::html(&profile.join(" "), Some(at.server)).text),
        most: told("length"),
        link: told("url_length"),
    };
    Ok(Told { facts: vec![Fact::Standing(Box::new(s))], ..Told::default() })
}
