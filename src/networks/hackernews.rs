//! Hacker News. What is searched comes from the search of Algolia, in slices of time, because one question gives a
//! thousand hits at most; what is new without a search, edits and deletions come from the official API, item by item.
//! There is no way to write: an answer is handed off. Facts: github.com/HackerNews/API, hn.algolia.com/api.

use super::call::{Call, add_lines, set_html, set_time};
use super::declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
use super::{Answer, Fact, Network, Options, Spot, Told, Trouble};
use crate::clean;
use crate::model::place::{Community, Lost, Place, Standing};
use crate::model::time::{DAY, HOUR};
use crate::model::{Author, Kind, Mention, Stamp, Text};
use serde::Deserialize;
use std::fmt::Write as _;

pub struct HackerNews;

static DECLARED: Declaration = Declaration {
    name: "hackernews",
    title: "Hacker News",
    heard: &[Way::Poll],
    servers: Servers::One(SITE),
    contact: false,
    can: Can { threads: true, ..Can::NOTHING },
    limits: &[Limit { unit: "searches", n: 10_000, per_ms: HOUR, of: Of::Machine }],
    identity: "the user's name, which never changes",
    policy: Policy {
        store: Leave::Yes,
        keep_days: None,
        link_identities: Leave::Yes,
        private_messages: Leave::No,
        delete_with_source: true,
        machine_posts: Leave::No,
        link: "https://news.ycombinator.com/newsguidelines.html",
        read_on: "2026-11-21",
    },
    door: Door::Open,
    reach: "points",
    settings: &[
        Setting { key: "search", kind: SettingKind::Texts, help: "words or \"phrases\" to search for" },
        Setting { key: "live", kind: SettingKind::Flag, help: "hear every new item, without a search" },
        Setting { key: "algolia", kind: SettingKind::Address, help: "another address of the search" },
        Setting { key: "firebase", kind: SettingKind::Address, help: "another address of the items" },
    ],
    hand_off: true,
};

const SITE: &str = "https://news.ycombinator.com";
/// Hits of one answer, and answers to one search in one poll.
const HITS: usize = 1000;
const SLICES: i64 = 20;
/// The index lags behind: so much is asked for again (s).
const LAG_S: i64 = 3600;
/// Items that one poll walks, and how far behind it still walks and does not jump.
const WALK: i64 = 200;
const BEHIND: i64 = 20_000;
/// An item that is not visible yet is asked for again for so long (ms).
const PATIENCE: i64 = HOUR;

/// A hit of the search.
#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "objectID")]
    id: String,
    author: Option<String>,
    created_at_i: Option<i64>,
    title: Option<String>,
    url: Option<String>,
    story_text: Option<String>,
    comment_text: Option<String>,
    story_id: Option<i64>,
    story_title: Option<String>,
    parent_id: Option<i64>,
    points: Option<i64>,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
    #[serde(rename = "nbHits", default)]
    total: u64,
}

/// An item of the official API.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Thing {
    id: i64,
    r#type: String,
    by: String,
    time: i64,
    text: String,
    title: String,
    parent: Option<i64>,
    poll: Option<i64>,
    url: String,
    score: Option<i64>,
    deleted: bool,
}

impl Network for HackerNews {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        if o.texts("search").is_empty() && !o.flag("live") {
            return Err("it needs search = [\"…\"] or live = true".into());
        }
        if o.texts("search").iter().any(|s| s.trim().len() < 2) {
            return Err("search holds an empty word".into());
        }
        Ok(())
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        let mut calls: Vec<Call> = at.options.texts("search").iter().map(|q| first_slice(at, q)).collect();
        if at.options.flag("live") {
            calls.extend(holes(at.place).map(|(id, _)| item(at, "again", id)));
            calls.push(Call::get("newest", firebase(at, "maxitem.json")));
        }
        // Edits and deletions of what we hold.
        calls.push(Call::get("changed", firebase(at, "updates.json")).extra());
        if at.is_due("card", DAY) {
            calls.push(Call::get("rules", format!("{SITE}/newsguidelines.html")).extra());
            if let Some(me) = at.account.filter(|m| !m.user.is_empty()) {
                calls.push(Call::get("me", algolia(at, &format!("users/{}", me.user))).extra());
            }
        }
        calls
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        match call.what {
            "slice" => slice(at, call, a.read()?),
            "newest" => Ok(walk(at, a.read()?)),
            "item" | "again" => heard_item(at, call, a.read()?),
            "root" => {
                let root = a.json()?["story_id"].as_i64();
                let thing = serde_json::from_str(&call.with).unwrap_or_default();
                Ok(Told { items: vec![at.item(of_thing(at, &thing, root))], ..Told::default() })
            }
            "changed" => {
                let v = a.json()?;
                let ids = v["items"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64);
                let held = ids.filter(|id| at.sieve.knows(at.id(&id.to_string())));
                Ok(Told { then: held.map(|id| item(at, "item", id).extra()).collect(), ..Told::default() })
            }
            "rules" => {
                let page = clean::html(&String::from_utf8_lossy(&a.body), Some(&call.url));
                let card = Community {
                    network: DECLARED.name.into(),
                    name: Text::ours("news.ycombinator.com"),
                    title: Text::ours("Hacker News"),
                    url: Text::ours(SITE),
                    rules: page.text,
                    rules_url: clean::url(&call.url, None),
                    told_at: at.now,
                    ..Community::default()
                };
                let facts = vec![Fact::Community(Box::new(card))];
                Ok(Told { facts, place: Some(at.did("card")), ..Told::default() })
            }
            _ => Ok(Told { facts: vec![standing(at, &a.json()?)], ..Told::default() }),
        }
    }
}

fn algolia(at: &Spot<'_>, path: &str) -> String {
    let base = Some(at.options.text("algolia")).filter(|s| !s.is_empty());
    format!("{}/{path}", base.unwrap_or("https://hn.algolia.com/api/v1").trim_end_matches('/'))
}

fn firebase(at: &Spot<'_>, path: &str) -> String {
    let base = Some(at.options.text("firebase")).filter(|s| !s.is_empty());
    format!("{}/{path}", base.unwrap_or("https://hacker-news.firebaseio.com/v0").trim_end_matches('/'))
}

fn item(at: &Spot<'_>, what: &'static str, id: i64) -> Call {
    Call::get(what, firebase(at, &format!("item/{id}.json"))).with(id.to_string())
}

fn page_of(id: impl std::fmt::Display) -> Text {
    clean::url(&format!("{SITE}/item?id={id}"), None)
}

/// Where a search stands, under its own words.
fn mark(query: &str) -> String {
    format!("since:{query}")
}

fn first_slice(at: &Spot<'_>, query: &str) -> Call {
    let from = match at.place.number(&mark(query)) {
        0 => at.beginning().0 / 1000,
        last => last - LAG_S,
    };
    slice_call(at, query, from, at.now.0 / 1000 + 60, 0, 0)
}

/// `newest`: the newest hit so far (s); `n`: slices so far.
fn slice_call(at: &Spot<'_>, query: &str, from: i64, to: i64, newest: i64, n: i64) -> Call {
    let mut url = algolia(at, "search_by_date");
    let pairs = [
        ("query", query.to_owned()),
        ("tags", "(story,comment,poll)".to_owned()),
        ("numericFilters", format!("created_at_i>{from},created_at_i<={to}")),
        ("hitsPerPage", HITS.to_string()),
        ("typoTolerance", "false".to_owned()),
        ("attributesToHighlight", String::new()),
        ("analytics", "false".to_owned()),
    ];
    let query_string = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let _ = write!(url, "?{query_string}");
    Call::get("slice", url).with(format!("{from} {to} {newest} {n} {query}")).costs(1, "searches")
}

/// Hits come newest first. Only when the last slice is here is all of it heard, and the place moves.
fn slice(at: &Spot<'_>, call: &Call, hits: Hits) -> Result<Told, Trouble> {
    let mut parts = call.with.splitn(5, ' ');
    let mut number = || parts.next().and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
    let (from, to, newest, n) = (number(), number(), number(), number());
    let query = parts.next().unwrap_or("").to_owned();
    let times = hits.hits.iter().filter_map(|h| h.created_at_i);
    let (low, high) = times.fold((i64::MAX, newest), |(l, h), t| (l.min(t), h.max(t)));
    let many = hits.hits.len();
    let mut told = Told {
        seen: many as u64,
        items: hits.hits.into_iter().map(|h| at.item(of_hit(at, h))).collect(),
        ..Told::default()
    };
    if many >= HITS {
        // All in one second: the next slice begins before it, and the rest of that second is not given by anybody.
        let next = if low >= to { to - 1 } else { low };
        if n + 1 < SLICES && next > from {
            told.then.push(slice_call(at, &query, from, next, high, n + 1));
            return Ok(told);
        }
        told.lost = Some(Lost {
            from: Stamp(from * 1000),
            to: Stamp(low * 1000),
            why: clean::line(&format!(
                "more than {} hits for {query} (of {})",
                HITS as i64 * (n + 1),
                hits.total
            )),
        });
    }
    let was = at.place.number(&mark(&query));
    told.place = Some(at.place.clone().with(&mark(&query), was.max(high).max(from).to_string()));
    Ok(told)
}

/// Items that were not visible yet: id, since when (ms).
fn holes(p: &Place) -> impl Iterator<Item = (i64, i64)> {
    let pair = |s: &str| s.split_once('@').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    p.get("holes").unwrap_or("").split(',').filter_map(pair).collect::<Vec<_>>().into_iter()
}

fn with_holes(p: Place, all: impl Iterator<Item = (i64, i64)>) -> Place {
    let words: Vec<String> = all.map(|(id, t)| format!("{id}@{t}")).collect();
    p.with("holes", words.join(","))
}

/// From the newest that is known to the newest there is.
fn walk(at: &Spot<'_>, newest: i64) -> Told {
    let last = match at.place.number("item") {
        0 => {
            return Told {
                place: Some(at.place.clone().with("item", newest.to_string())),
                ..Told::default()
            };
        }
        last => last,
    };
    let mut told = Told::default();
    let from = if newest - last > BEHIND {
        told.lost = Some(Lost {
            from: Stamp(at.place.number("item_at")),
            to: at.now,
            why: clean::line(&format!("{} items behind: these were skipped", newest - last - WALK)),
        });
        newest - WALK
    } else {
        last
    };
    told.then = (from + 1..=newest.min(from + WALK)).map(|id| item(at, "item", id)).collect();
    if from + WALK < newest {
        told.again_ms = Some(1_000);
    }
    told
}

fn heard_item(at: &Spot<'_>, call: &Call, thing: Option<Thing>) -> Result<Told, Trouble> {
    let id: i64 = call.with.parse().unwrap_or(0);
    // What changed lies behind us; only the walk moves the place.
    let ahead = call.what == "item" && !call.optional && id > at.place.number("item");
    let mut place = at.place.clone();
    if ahead {
        place = place.with("item", id.to_string()).with("item_at", at.now.0.to_string());
    }
    let mut told = Told { seen: u64::from(!call.optional), ..Told::default() };
    match thing {
        None if ahead => place = with_holes(place, holes(at.place).chain([(id, at.now.0)])),
        None if call.what == "again" => {
            place = with_holes(place, holes(at.place).filter(|(i, t)| *i != id || t + PATIENCE > at.now.0));
        }
        None => {}
        Some(thing) if thing.id != id => {
            return Err(Trouble::Garbled(Text::ours("another item came than was asked for")));
        }
        Some(thing) => {
            if call.what == "again" {
                place = with_holes(place, holes(at.place).filter(|(i, _)| *i != id));
            }
            if thing.deleted {
                told.gone.push(at.id(&id.to_string()));
            } else if thing.r#type != "pollopt" && thing.poll.is_none() {
                let root = (thing.parent.is_some()
                    && at.sieve.wants(&[thing.title.as_str(), thing.text.as_str()]))
                .then(|| {
                    let with = serde_json::json!({
                        "id": thing.id, "type": thing.r#type, "by": thing.by, "time": thing.time,
                        "text": thing.text, "parent": thing.parent,
                    });
                    Call::get("root", algolia(at, &format!("items/{id}"))).with(with.to_string()).extra()
                });
                told.then.extend(root);
                told.items.push(at.item(of_thing(at, &thing, None)));
            }
        }
    }
    told.place = Some(place);
    Ok(told)
}

fn author(name: &str) -> Author {
    let name = clean::line_capped(name, 128);
    Author { native: name.clone(), name, scope: Text::ours("news.ycombinator.com") }
}

fn common(at: &Spot<'_>, id: &str, by: &str, time_s: Option<i64>) -> Mention {
    let mut m = at.mention(id);
    m.community = Text::ours("news.ycombinator.com");
    m.url = page_of(id);
    m.author = author(by);
    set_time(&mut m, time_s.map(|t| Stamp(t.saturating_mul(1000))));
    m
}

fn plain(html: &str) -> Text {
    clean::line(&clean::html(html, None).text)
}

fn of_hit(at: &Spot<'_>, h: Hit) -> Mention {
    let mut m = common(at, &h.id, h.author.as_deref().unwrap_or(""), h.created_at_i);
    let is_comment = h.comment_text.is_some();
    m.kind = if is_comment { Kind::Comment } else { Kind::Post };
    m.title = h.title.as_deref().map(plain).unwrap_or_default();
    set_html(&mut m, h.comment_text.or(h.story_text).as_deref().unwrap_or(""), SITE);
    m.reach = h.points.and_then(|p| u64::try_from(p).ok()).filter(|_| !is_comment);
    if is_comment {
        m.parent = h.parent_id.map(|p| clean::line(&p.to_string())).unwrap_or_default();
        m.thread = h.story_id.map(page_of).unwrap_or_default();
        m.title = h.story_title.map(|t| clean::line(&format!("Re: {}", plain(&t)))).unwrap_or_default();
    }
    link(&mut m, h.url.as_deref().unwrap_or(""));
    m
}

fn of_thing(at: &Spot<'_>, t: &Thing, root: Option<i64>) -> Mention {
    let mut m = common(at, &t.id.to_string(), &t.by, Some(t.time));
    m.kind = if t.r#type == "comment" { Kind::Comment } else { Kind::Post };
    m.title = plain(&t.title);
    set_html(&mut m, &t.text, SITE);
    m.reach = t.score.and_then(|p| u64::try_from(p).ok());
    m.parent = t.parent.map(|p| clean::line(&p.to_string())).unwrap_or_default();
    m.thread = root.map(page_of).unwrap_or_default();
    link(&mut m, &t.url);
    m
}

/// What a story is about.
fn link(m: &mut Mention, url: &str) {
    let url = clean::url(url, None);
    if !url.is_empty() {
        add_lines(m, &[url.to_string()]);
        m.links.push(url);
    }
}

fn standing(at: &Spot<'_>, v: &serde_json::Value) -> Fact {
    let name = clean::line_capped(v["username"].as_str().unwrap_or(""), 128);
    let since = v["created_at"].as_str().unwrap_or("").chars().take(10).collect::<String>();
    let words = format!("karma {} · since {since}", v["karma"].as_i64().unwrap_or(0));
    Fact::Standing(Box::new(Standing {
        native: name.clone(),
        handle: name,
        words: clean::line(&words),
        wrong: false,
        told_at: at.now,
        profile: Some(clean::html(v["about"].as_str().unwrap_or(""), Some(SITE)).text),
        ..Standing::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Here, answer, keeps_the_contract, recorded};
    use super::*;

    #[test]
    fn the_contract_is_kept() {
        let mut here = Here::new(&HackerNews)
            .option("search", super::super::Value::Texts(vec!["acme".into()]))
            .option("live", super::super::Value::Flag(true));
        here.place.set("item", "10");
        let mut calls = HackerNews.begin(&here.spot());
        calls.extend([
            item(&here.spot(), "item", 11),
            Call::get("root", "").with(r#"{"id":5}"#),
            Call::get("me", ""),
        ]);
        keeps_the_contract(&here, &calls);
    }

    #[test]
    fn every_recorded_answer_is_read() {
        for (name, v) in recorded("hackernews") {
            let body = if v.get("reply").is_some() { v["reply"].clone() } else { v.clone() };
            let here = Here::new(&HackerNews);
            let at = here.spot();
            if name.contains("search") {
                let call = slice_call(&at, "apple", 0, 2_000_000_000, 0, 0);
                let told = HackerNews.hear(&at, &call, &answer(200, &body)).unwrap();
                assert_eq!(told.items.len(), body["hits"].as_array().unwrap().len(), "{name}");
                let m = &told.items[0].mention;
                assert!(
                    !m.author.native.is_empty()
                        && m.url.starts_with(SITE)
                        && m.time_note == Default::default(),
                    "{name}"
                );
                assert!(
                    !m.title.is_empty() && (m.kind != Kind::Comment || !m.thread.is_empty()),
                    "{name}: {m:?}"
                );
            } else if name.contains("_item_") {
                let call = item(&at, "item", body["id"].as_i64().unwrap());
                let told = HackerNews.hear(&at, &call, &answer(200, &body)).unwrap();
                assert_eq!(told.items.len(), 1, "{name}");
                let call = Call::get("item", "").with("7");
                let gone = serde_json::json!({"id": 7, "deleted": true, "type": "comment", "time": 5});
                assert_eq!(HackerNews.hear(&at, &call, &answer(200, &gone)).unwrap().gone, [at.id("7")]);
            } else if name.contains("maxitem") {
                let told = HackerNews.hear(&at, &Call::get("newest", ""), &answer(200, &body)).unwrap();
                assert_eq!(told.place.unwrap().number("item"), 9_130_260);
            } else if name.contains("updates") {
                let mut here = Here::new(&HackerNews);
                here.known.insert(at.id("8423305"));
                let told =
                    HackerNews.hear(&here.spot(), &Call::get("changed", ""), &answer(200, &body)).unwrap();
                assert_eq!(told.then.len(), 1, "only what we hold is asked for");
            } else {
                let told = HackerNews.hear(&at, &Call::get("me", ""), &answer(200, &body)).unwrap();
                let Some(Fact::Standing(s)) = told.facts.first() else { panic!("{name}") };
                assert_eq!((s.handle.as_str(), s.words.contains("154666")), ("pg", true));
            }
        }
    }

    fn hits(times: &[i64]) -> serde_json::Value {
        let hits: Vec<_> = times
            .iter()
            .enumerate()
            .map(
                |(i, t)| serde_json::json!({"objectID": format!("{t}{i}"), "created_at_i": t, "author": "a"}),
            )
            .collect();
        serde_json::json!({"hits": hits, "nbHits": times.len()})
    }

    #[test]
    fn a_search_goes_on_in_slices_and_moves_its_place_when_all_is_heard() {
        let here = Here::new(&HackerNews).option("search", super::super::Value::Texts(vec!["acme".into()]));
        let at = here.spot();
        let first = HackerNews.begin(&at).remove(0);
        let full: Vec<i64> = (0..1000).map(|i| 1_789_999_000 - i / 2).collect();
        let told = HackerNews.hear(&at, &first, &answer(200, &hits(&full))).unwrap();
        assert!(told.place.is_none() && told.items.len() == 1000);
        assert!(told.then[0].url.contains("created_at_i%3C%3D1789998501"), "{}", told.then[0].url);
        let last = HackerNews.hear(&at, &told.then[0], &answer(200, &hits(&[1_789_998_000]))).unwrap();
        assert!(last.then.is_empty());
        assert_eq!(last.place.unwrap().number("since:acme"), 1_789_999_000);
    }

    #[test]
    fn a_thousand_hits_in_one_second_do_not_stop_the_search() {
        let here = Here::new(&HackerNews).option("search", super::super::Value::Texts(vec!["acme".into()]));
        let at = here.spot();
        let call = slice_call(&at, "acme", 100, 5000, 0, 0);
        let told = HackerNews.hear(&at, &call, &answer(200, &hits(&[5000; 1000]))).unwrap();
        assert!(told.then[0].with.starts_with("100 4999 5000 1"));
        let call = slice_call(&at, "acme", 100, 5000, 0, SLICES - 1);
        let told = HackerNews.hear(&at, &call, &answer(200, &hits(&[4000; 1000]))).unwrap();
        assert!(told.then.is_empty() && told.lost.is_some() && told.place.is_some());
    }

    #[test]
    fn items_that_are_not_there_yet_are_asked_for_again() {
        let mut here = Here::new(&HackerNews).option("live", super::super::Value::Flag(true));
        here.place.set("item", "10");
        let told = HackerNews.hear(&here.spot(), &Call::get("newest", ""), &answer(200, &12.into())).unwrap();
        assert_eq!(told.then.iter().map(|c| c.with.as_str()).collect::<Vec<_>>(), ["11", "12"]);
        let none = answer(200, &serde_json::Value::Null);
        here.place = HackerNews.hear(&here.spot(), &told.then[0], &none).unwrap().place.unwrap();
        assert_eq!((here.place.number("item"), holes(&here.place).count()), (11, 1));
        assert!(HackerNews.begin(&here.spot()).iter().any(|c| c.what == "again" && c.with == "11"));
        let there =
            serde_json::json!({"id": 11, "type": "story", "by": "a", "time": 1_789_999_999, "title": "T"});
        let told =
            HackerNews.hear(&here.spot(), &item(&here.spot(), "again", 11), &answer(200, &there)).unwrap();
        assert_eq!((told.items.len(), holes(&told.place.unwrap()).count()), (1, 0));
        // Far behind: it jumps, and says so.
        let told =
            HackerNews.hear(&here.spot(), &Call::get("newest", ""), &answer(200, &900_000.into())).unwrap();
        assert!(told.lost.unwrap().why.contains("items behind") && told.then.len() == 200);
    }
}
