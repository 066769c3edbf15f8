//! A single wiki by its Action API: what changed, page by page or all of it, with the words that changed as the text.

use super::super::call::{Call, Fact};
use super::super::{Answer, Spot, Told, Trouble};
use super::{AT_ONCE, DECLARED, Edit, diff, mention_of, words_call};
use crate::clean;
use crate::model::place::{Community, Narrowing, Place, Standing};
use crate::model::time::DAY;
use crate::model::{Stamp, Text};
use serde_json::Value;

/// Rows of one answer, and answers of one listing in one poll.
const ROWS: &str = "50";
const PAGES: i64 = 20;

fn api(at: &Spot<'_>, pairs: &[(&str, &str)]) -> String {
    let usual = [("format", "json"), ("formatversion", "2"), ("maxlag", "5")];
    let all = pairs.iter().chain(&usual);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
    at.at(&format!("/api.php?{query}"))
}

fn host(at: &Spot<'_>) -> Text {
    clean::line(at.instance().split('/').next().unwrap_or(""))
}

pub fn begin(at: &Spot<'_>) -> Vec<Call> {
    let mut calls = Vec::new();
    if at.is_due("card", DAY) {
        let what = [("action", "query"), ("meta", "siteinfo"), ("siprop", "general|statistics")];
        calls.push(Call::get("site", api(at, &what)).extra());
        if at.account.is_some() {
            // Our own page is where a wiki wants us to say whom we speak for.
            let me = at.account.into_iter().flat_map(|m| [m.user.split('@').next(), Some(m.native.as_str())]);
            let name = me.flatten().find(|n| !n.is_empty());
            let ours = format!("User:{}", name.unwrap_or(""));
            let what = [
                ("action", "query"),
                ("meta", "userinfo"),
                ("uiprop", "blockinfo|editcount|registrationdate|groups"),
                ("assert", "user"),
                ("titles", ours.as_str()),
                ("prop", "revisions"),
                ("rvprop", "content"),
                ("rvslots", "main"),
            ];
            // Who we are may be known later: then there is no page to ask for.
            let what = if name.is_some() { &what[..] } else { &what[..4] };
            calls.push(Call::get("me", api(at, what)));
        }
    }
    if at.options.flag("changes") {
        calls.push(changes(at, "", 0));
    }
    calls.extend(at.options.texts("pages").iter().map(|t| page(at, t, at.place.number(&rev(t)))));
    calls.extend(
        at.options
            .texts("categories")
            .iter()
            .map(|c| category(at, c, "", &format!("0\n{c}\n{}\n0", at.place.number(&format!("cat:{c}"))))),
    );
    calls
}

fn rev(title: &str) -> String {
    format!("rev:{}", title.replace('_', " "))
}

/// Every change since the last one that is known; `n`: answers so far.
fn changes(at: &Spot<'_>, goes_on: &str, n: i64) -> Call {
    let from = match at.place.get("changes") {
        Some(t) => t.to_owned(),
        None => at.beginning().rfc3339(),
    };
    let mut pairs = vec![
        ("action", "query"),
        ("list", "recentchanges"),
        ("rcprop", "title|user|comment|ids|timestamp|flags"),
        ("rctype", "edit|new"),
        ("rcdir", "newer"),
        ("rcstart", from.as_str()),
        ("rclimit", ROWS),
    ];
    if !at.options.flag("bots") {
        pairs.push(("rcshow", "!bot"));
    }
    if !goes_on.is_empty() {
        pairs.push(("rccontinue", goes_on));
    }
    Call::get("changes", api(at, &pairs)).with(n.to_string())
}

/// The revisions of a page from one on, with their texts; the newest alone where nothing is known.
fn page(at: &Spot<'_>, title: &str, from: i64) -> Call {
    let from_text = from.to_string();
    let mut pairs = vec![
        ("action", "query"),
        ("prop", "revisions"),
        ("titles", title),
        ("rvslots", "main"),
        ("rvprop", "ids|timestamp|user|comment|content"),
    ];
    if from > 0 {
        pairs.extend([("rvdir", "newer"), ("rvstartid", from_text.as_str()), ("rvlimit", "20")]);
    } else {
        pairs.push(("rvlimit", "2"));
    }
    Call::get("page", api(at, &pairs)).with(title)
}

/// The newest revision of each page of a category.
/// `with`: answers so far, its name, the newest revision known at the beginning, the newest so far.
fn category(at: &Spot<'_>, name: &str, goes_on: &str, with: &str) -> Call {
    let title = if name.contains(':') { name.to_owned() } else { format!("Category:{name}") };
    let mut pairs = vec![
        ("action", "query"),
        ("generator", "categorymembers"),
        ("gcmtitle", title.as_str()),
        ("gcmlimit", ROWS),
        ("prop", "revisions"),
        ("rvprop", "ids|timestamp"),
    ];
    if !goes_on.is_empty() {
        pairs.push(("gcmcontinue", goes_on));
    }
    Call::get("category", api(at, &pairs)).with(with)
}

pub fn hear(at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
    let v = a.json()?;
    match call.what {
        "words" => fuller(at, call, &v),
        "site" => Ok(site(at, &v)),
        "me" => standing(at, &v),
        "changes" => changed(at, call, &v),
        "category" => of_category(at, call, &v),
        _ => revisions(at, call, &v),
    }
}

fn expected(what: &'static str) -> Trouble {
    Trouble::Garbled(Text::ours(what))
}

fn time(v: &Value) -> Option<Stamp> {
    Stamp::parse_rfc3339(v["timestamp"].as_str()?).ok()
}

fn text(v: &Value) -> &str {
    v["slots"]["main"]["content"].as_str().or_else(|| v["content"].as_str()).unwrap_or("")
}

fn changed(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let Some(list) = v["query"]["recentchanges"].as_array() else {
        return Err(expected("a list of changes was expected"));
    };
    let n: i64 = call.with.parse().unwrap_or(0);
    let host = host(at);
    let mut told = Told { seen: list.len() as u64, ..Told::default() };
    let mut last = at.place.get("changes").unwrap_or("").to_owned();
    let mut edits = Vec::new();
    for c in list {
        last = last.max(c["timestamp"].as_str().unwrap_or("").to_owned());
        let e = Edit {
            host: &host,
            scripts: at.server,
            title: c["title"].as_str().unwrap_or(""),
            comment: c["comment"].as_str().unwrap_or(""),
            user: c["user"].as_str().unwrap_or(""),
            rev: c["revid"].as_i64().unwrap_or(0),
            old: c["old_revid"].as_i64().unwrap_or(0),
            at: time(c),
        };
        let id = super::id_of(&host, e.rev);
        if e.rev == 0 || at.sieve.knows(id) {
            continue;
        }
        if at.sieve.wants(&[&clean::line(e.title), &clean::line(e.comment), &clean::line(e.user)]) {
            told.weighed += 1;
            edits.push((e.rev, e.old));
            told.items.push(mention_of(at, &e, ""));
        }
    }
    told.then.extend(edits.chunks(AT_ONCE).map(|some| words_call(at.server, &host, some)));
    // The place moves with each answer: they come oldest first.
    if !last.is_empty() {
        told.place = Some(at.place.clone().with("changes", last));
    }
    if let Some(c) = v["continue"]["rccontinue"].as_str().filter(|_| n < PAGES) {
        told.then.push(changes(at, c, n + 1));
    }
    Ok(told)
}

fn pages(v: &Value) -> impl Iterator<Item = &Value> {
    v["query"]["pages"].as_array().into_iter().flatten()
}

/// Revisions of one page: each is told with what it changed of the one before it.
fn revisions(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    if !v["query"]["pages"].is_array() {
        return Err(expected("pages were expected"));
    }
    let host = host(at);
    let mut told = Told::default();
    let mut place = at.place.clone();
    // The last page of a category brings the category's mark along.
    let mut parts = call.with.split('\n');
    let asked = parts.next().unwrap_or("");
    let mark = parts.next().zip(parts.next());
    for p in pages(v) {
        let title = p["title"].as_str().unwrap_or("");
        let name = rev(asked);
        let known = at.place.number(&name);
        let mut all: Vec<&Value> = p["revisions"].as_array().into_iter().flatten().collect();
        all.sort_by_key(|r| r["revid"].as_i64());
        if all.is_empty() && p["missing"] == true {
            let words = format!("there is no page {asked}");
            told.remark = Some(clean::line(&words));
        }
        let mut before: Option<&Value> = None;
        for r in &all {
            let number = r["revid"].as_i64().unwrap_or(0);
            let parent = r["parentid"].as_i64().unwrap_or(0);
            // Of a page that was never heard the newest alone is news.
            let fresh = if known > 0 {
                number > known
            } else {
                Some(number) == all.last().and_then(|l| l["revid"].as_i64())
            };
            if number > 0 && fresh {
                let old = before.filter(|b| b["revid"].as_i64() == Some(parent)).map_or("", text);
                let words =
                    if parent > 0 && old.is_empty() { String::new() } else { diff::words(old, text(r)) };
                let e = edit(at, &host, title, r);
                told.items.push(mention_of(at, &e, &words));
                told.seen += 1;
            }
            if number > place.number(&name) {
                place.set(&name, number.to_string());
            }
            before = Some(r);
        }
        if v["continue"]["rvcontinue"].is_string() && known > 0 && place.number(&name) > known {
            told.then.push(Call { with: call.with.clone(), ..page(at, asked, place.number(&name)) });
        }
    }
    if let Some((mark, high)) = mark.filter(|_| told.then.is_empty()) {
        place.set(mark, high);
    }
    told.place = Some(place);
    Ok(told)
}

fn edit<'a>(at: &'a Spot<'_>, host: &'a str, title: &'a str, r: &'a Value) -> Edit<'a> {
    Edit {
        host,
        scripts: at.server,
        title,
        comment: r["comment"].as_str().unwrap_or(""),
        user: r["user"].as_str().unwrap_or(""),
        rev: r["revid"].as_i64().unwrap_or(0),
        old: r["parentid"].as_i64().unwrap_or(0),
        at: time(r),
    }
}

fn of_category(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let mut parts = call.with.split('\n');
    let mut next = || parts.next().unwrap_or("");
    let (n, name) = (next().parse::<i64>().unwrap_or(0), next());
    let (known, mut high) = (next().parse::<i64>().unwrap_or(0), next().parse::<i64>().unwrap_or(0));
    let mut told = Told::default();
    // A category without pages has no query.
    if !v.is_object() || (v.get("query").is_none() && v.get("batchcomplete").is_none()) {
        return Err(expected("the pages of a category were expected"));
    }
    for p in pages(v) {
        let Some(title) = p["title"].as_str() else { continue };
        let newest = p["revisions"][0]["revid"].as_i64().unwrap_or(0);
        if newest > known && known > 0 {
            // From the revision before it on, so that what it changed can be told.
            let from = at.place.number(&rev(title)).max(0);
            told.then.push(page(at, title, from));
        }
        high = high.max(newest);
    }
    let mark = format!("cat:{name}");
    match v["continue"]["gcmcontinue"].as_str() {
        // Behind the pages of this answer: the mark moves when all of them were heard.
        Some(c) if n < PAGES => {
            told.then.push(category(at, name, c, &format!("{}\n{name}\n{known}\n{high}", n + 1)));
        }
        more => {
            if more.is_some() {
                let words =
                    clean::line(&format!("the category {name} has more than {} pages", 50 * (PAGES + 1)));
                told.limits.push((Narrowing::Capped, words));
            }
            match told.then.last_mut() {
                _ if high <= known => {}
                Some(last) => last.with = format!("{}\n{mark}\n{high}", last.with),
                None => told.place = Some(at.place.clone().with(&mark, high.to_string())),
            }
        }
    }
    Ok(told)
}

/// An edit again, with the words that it changed.
fn fuller(at: &Spot<'_>, call: &Call, v: &Value) -> Result<Told, Trouble> {
    let mut parts = call.with.split('\n');
    let (host, scripts) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let number = |s: &str| s.parse::<i64>().unwrap_or(0);
    let edits: Vec<(i64, i64)> =
        parts.filter_map(|p| p.split_once(' ')).map(|(new, old)| (number(new), number(old))).collect();
    let mut told = Told::default();
    let mut left = Vec::new();
    for (new, old) in &edits {
        let item = pages(v).find_map(|p| {
            let revisions = || p["revisions"].as_array().into_iter().flatten();
            let find = |n: i64| revisions().find(|r| n > 0 && r["revid"].as_i64() == Some(n));
            let r = find(*new)?;
            let before = find(*old).map_or("", text);
            let words =
                if *old > 0 && before.is_empty() { String::new() } else { diff::words(before, text(r)) };
            let e = Edit { host, scripts, old: *old, ..edit(at, host, p["title"].as_str().unwrap_or(""), r) };
            Some(mention_of(at, &e, &words))
        });
        match item {
            Some(i) => told.items.push(i),
            None => left.push((*new, *old)),
        }
    }
    // What did not fit into one answer is asked for by itself.
    if edits.len() > 1 && v["continue"].is_object() {
        told.then = left.iter().map(|e| words_call(scripts, host, std::slice::from_ref(e))).collect();
    } else if told.items.is_empty() {
        return Err(Trouble::Missing(Text::ours("the words of the edit are not there any more")));
    }
    Ok(told)
}

fn site(at: &Spot<'_>, v: &Value) -> Told {
    let g = &v["query"]["general"];
    let s = &v["query"]["statistics"];
    let card = Community {
        network: DECLARED.name.into(),
        name: host(at),
        title: clean::line(g["sitename"].as_str().unwrap_or("")),
        url: clean::url(g["base"].as_str().unwrap_or(at.server), None),
        about: clean::line(&format!(
            "{} · {} articles",
            g["generator"].as_str().unwrap_or("MediaWiki"),
            s["articles"].as_u64().unwrap_or(0)
        )),
        members: s["activeusers"].as_u64().map(|n| (n, "active users".to_owned())),
        told_at: at.now,
        ..Community::default()
    };
    Told { facts: vec![Fact::Community(Box::new(card))], place: Some(did(at)), ..Told::default() }
}

fn did(at: &Spot<'_>) -> Place {
    at.did("card")
}

/// Where the text of a page is.
const CONTENT: &str = "/revisions/0/slots/main/content";

fn standing(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let u = &v["query"]["userinfo"];
    let Some(name) = u["name"].as_str() else { return Err(expected("the wiki does not say who we are")) };
    let since: String = u["registrationdate"].as_str().unwrap_or("").chars().take(10).collect();
    let mut words = format!("{} edits · since {since}", u["editcount"].as_u64().unwrap_or(0));
    let blocked = u["blockid"].is_u64() || u["blockedby"].is_string();
    if blocked {
        words = format!("blocked: {} · {words}", u["blockreason"].as_str().unwrap_or(""));
    }
    let s = Standing {
        native: clean::line(name),
        handle: clean::line(&format!("User:{name}")),
        words: clean::line(&words),
        wrong: blocked,
        told_at: at.now,
        profile: v["query"]["pages"][0]
            .as_object()
            .map(|_| v["query"]["pages"][0].pointer(CONTENT).and_then(Value::as_str).unwrap_or(""))
            .map(|t| clean::text(t).0),
        ..Standing::default()
    };
    Ok(Told { facts: vec![Fact::Standing(Box::new(s))], place: Some(did(at)), ..Told::default() })
}
