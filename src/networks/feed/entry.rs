//! Entries of a document to mentions: text, author, time, address, identity.

use super::extras::Threads;
use super::{Context, dates};
use crate::clean;
use crate::model::{Author, Id, Kind, Mention, Stamp, Text, TimeNote, hash64};
use crate::networks::Item;
use chrono::{DateTime, Utc};
use feed_rs::model::{Entry, Feed, Link};
use std::collections::HashMap;

/// The most entries of one document that are heard.
const ENTRIES: usize = 100_000;
/// Shared guids and links that are remembered of one source.
const SHARED: usize = 64;
/// A time this far ahead of our clock is still believed.
const AHEAD_MS: i64 = 5 * 60 * 1000;

/// The entries as items; and the guids and links (hashed) that several entries shared, now or ever.
pub fn items(feed: Feed, threads: &Threads, cx: &Context<'_>) -> (Vec<Item>, Vec<u64>) {
    let site = site(&feed, cx);
    let feed_author = feed.authors.first().map(person).unwrap_or_default();
    let lang = feed.language.as_deref().map(lang).unwrap_or_default();
    let mut mentions = Vec::with_capacity(feed.entries.len().min(ENTRIES));
    for e in feed.entries.into_iter().take(ENTRIES) {
        let mut m = mention(&e, cx, &site);
        m.native_id = clean::line_capped(&e.id, 1024);
        m.lang = e.language.as_deref().map_or_else(|| lang.clone(), self::lang);
        m.author = author(&e, &feed_author, &site);
        let thread = threads.of(&e.id, e.links.iter().map(|l| l.href.as_str()));
        m.thread = clean::url(thread.and_then(|t| t.comments.as_deref()).unwrap_or(""), None);
        m.parent = clean::line_capped(thread.and_then(|t| t.in_reply_to.as_deref()).unwrap_or(""), 1024);
        mentions.push(m);
    }
    identify(mentions, cx)
}

/// Gives each mention the identity that survives a changed title, scheme, order of links and tracking: the guid,
/// else the link, else title and time. A guid or a link that several entries of one source share says less: these
/// are told apart by what comes next in that row too, and remain so when only one of them is left.
fn identify(mentions: Vec<Mention>, cx: &Context<'_>) -> (Vec<Item>, Vec<u64>) {
    let keys: Vec<(u64, String)> = mentions
        .iter()
        .map(|m| {
            // A guid that is an address changes its scheme like any other.
            let is_url = m.native_id.starts_with("http://") || m.native_id.starts_with("https://");
            let link = if m.url.is_empty() { String::new() } else { clean::same_thing(&m.url) };
            let key = match (m.native_id.is_empty(), link.is_empty()) {
                (false, _) if is_url => {
                    hash64(&["feed", cx.source, "guid", &clean::same_thing(&m.native_id)])
                }
                (false, _) => hash64(&["feed", cx.source, "guid", &m.native_id]),
                (true, false) => hash64(&["feed", cx.source, "link", &link]),
                (true, true) => hash64(&["feed", cx.source, "title", &titled(m)]),
            };
            // What tells two of one key apart.
            (key, if m.native_id.is_empty() || link.is_empty() { titled(m) } else { link })
        })
        .collect();
    let mut shared: Vec<u64> = cx.shared_ids.to_vec();
    let mut first: HashMap<u64, &str> = HashMap::new();
    for (key, apart) in &keys {
        if *first.entry(*key).or_insert(apart) != apart && !shared.contains(key) && shared.len() < SHARED {
            shared.push(*key);
        }
    }
    let items = keys
        .iter()
        .zip(mentions)
        .map(|((key, apart), mention)| {
            let id = if shared.contains(key) { hash64(&[&key.to_string(), apart]) } else { *key };
            Item { identity: Id(id), mention, to_us: false }
        })
        .collect();
    (items, shared)
}

/// Title (else the beginning of the text) and time.
fn titled(m: &Mention) -> String {
    let at = if m.time_note == TimeNote::Given { m.at.0 } else { 0 };
    let beginning: String =
        if m.title.is_empty() { m.text.chars().take(200).collect() } else { m.title.to_string() };
    format!("{beginning} {at}")
}

fn mention(e: &Entry, cx: &Context<'_>, site: &Text) -> Mention {
    let base = e.base.as_deref().unwrap_or(cx.url);
    let url = address(&e.links, base).unwrap_or_else(|| {
        // RSS: a guid may be the permanent link.
        if e.id.starts_with("http") { clean::url(&e.id, None) } else { Text::default() }
    });
    let body = body(e);
    let html_base = if url.is_empty() { base } else { url.as_str() };
    let (text, cut, links) = plain(&body, html_base);
    let (at, time_note) = time(e, cx.now);
    Mention {
        source: cx.source.to_owned(),
        network: "feed".into(),
        community: site.clone(),
        kind: if e.media.iter().any(|m| !m.content.is_empty()) && cx.url.contains("youtube.com") {
            Kind::Video
        } else {
            Kind::Post
        },
        url,
        title: e.title.as_ref().map(|t| title(&t.content)).unwrap_or_default(),
        text,
        cut,
        at,
        time_note,
        heard_at: cx.now,
        links,
        ..Mention::default()
    }
}

/// The longest of what the entry says: content, then summary, then a media description.
fn body(e: &Entry) -> String {
    let content = e.content.as_ref().and_then(|c| c.body.as_deref()).unwrap_or("");
    if !content.trim().is_empty() {
        return content.to_owned();
    }
    if let Some(s) = e.summary.as_ref().filter(|s| !s.content.trim().is_empty()) {
        return s.content.clone();
    }
    e.media.iter().find_map(|m| m.description.as_ref()).map(|d| d.content.clone()).unwrap_or_default()
}

fn plain(body: &str, base: &str) -> (Text, bool, Vec<Text>) {
    if clean::looks_like_html(body) {
        let p = clean::html(body, Some(base));
        (p.text, p.cut, p.links)
    } else {
        let (t, cut) = clean::text(body);
        (t, cut, Vec::new())
    }
}

fn title(s: &str) -> Text {
    if clean::looks_like_html(s) { clean::line(&clean::html(s, None).text) } else { clean::line(s) }
}

/// The address of the thing itself: not of its discussion, its enclosure or its feed.
fn address(links: &[Link], base: &str) -> Option<Text> {
    let ranked = |rel: Option<&str>| match rel {
        Some("alternate") => 0,
        None | Some("") => 1,
        Some("enclosure" | "self" | "edit" | "replies" | "hub" | "next") => 9,
        Some(_) => 5,
    };
    let mut all: Vec<(u8, bool, usize, Text)> = links
        .iter()
        .filter(|l| l.target.is_none())
        .enumerate()
        .map(|(i, l)| {
            let html = l.media_type.as_deref().is_none_or(|t| t.contains("html"));
            // Links without a rel come from RSS and JSON Feed, which list the entry's own first. Atom lists its
            // alternates in any order, which says nothing: there the address itself breaks ties.
            let place = if l.rel.is_none() { i } else { 0 };
            (ranked(l.rel.as_deref()), !html, place, clean::url(&l.href, Some(base)))
        })
        .filter(|(rank, _, _, u)| *rank < 9 && !u.is_empty())
        .collect();
    all.sort_by(|a, b| (a.0, a.1, a.2, a.3.len(), &a.3).cmp(&(b.0, b.1, b.2, b.3.len(), &b.3)));
    all.into_iter().next().map(|(_, _, _, u)| u)
}

fn time(e: &Entry, now: Stamp) -> (Stamp, TimeNote) {
    let given = |t: &Option<DateTime<Utc>>| t.filter(|t| !dates::is_impossible(t));
    let best = given(&e.published).or_else(|| given(&e.updated));
    let Some(t) = best else {
        let note = if e.published.or(e.updated).is_some() { TimeNote::Impossible } else { TimeNote::Missing };
        return (now, note);
    };
    let at = Stamp(t.timestamp_millis());
    if at.0 > now.0 + AHEAD_MS {
        (now, TimeNote::Future)
    } else if at.0 <= 0 {
        (now, TimeNote::Impossible)
    } else {
        (at, TimeNote::Given)
    }
}

/// The host of the site; the feed's own host if it names no site.
fn site(feed: &Feed, cx: &Context<'_>) -> Text {
    let own = address(&feed.links, cx.url).unwrap_or_default();
    let host = clean::host_of(&own);
    if host.is_empty() { clean::host_of(cx.url) } else { host }
}

fn author(e: &Entry, feed_author: &Text, site: &Text) -> Author {
    let own = e.authors.iter().map(person).find(|n| !n.is_empty());
    let shown = own.unwrap_or_else(|| feed_author.clone());
    let native = clean::line_capped(&shown.to_lowercase(), 200);
    Author { name: shown, scope: site.clone(), native }
}

/// The name, else the part of the mail address before the @.
fn person(p: &feed_rs::model::Person) -> Text {
    let shown = p.name.as_deref().map(name).unwrap_or_default();
    if !shown.is_empty() {
        // `mail (Name)`, of which the library leaves the brackets.
        let bare = shown.strip_prefix('(').and_then(|s| s.strip_suffix(')')).map(clean::line);
        return bare.filter(|b| !b.is_empty()).unwrap_or(shown);
    }
    let mail = p.email.as_deref().unwrap_or("");
    name(if mail.contains('(') { mail } else { mail.split('@').next().unwrap_or("") })
}

/// RSS writes authors as `mail (Name)`, mail alone, or a name.
fn name(s: &str) -> Text {
    let s = s.trim();
    if let Some((mail, rest)) = s.split_once('(')
        && mail.contains('@')
        && let Some(n) = rest.strip_suffix(')').filter(|n| !n.trim().is_empty())
    {
        return clean::line_capped(n, 200);
    }
    title(s)
}

/// Two letters, or nothing.
fn lang(s: &str) -> String {
    let two: String =
        s.trim().chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    if two.len() == 2 { two } else { String::new() }
}
