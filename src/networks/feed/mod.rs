//! RSS 0.9x to 2.0, RDF, Atom and JSON Feed, by the library feed-rs, with a decoder of charsets in front of it
//! and a second chance for broken XML. A page gives the feeds that it declares.

mod charset;
mod dates;
mod entry;
mod extras;
mod lenient;
mod repair;

pub use charset::decode;
pub use extras::Wishes;

use super::Item;
use crate::clean;
use crate::model::{Stamp, Text};
use feed_rs::parser::Builder;

/// A document that was heard.
#[derive(Debug, Default)]
pub struct Document {
    pub title: Text,
    pub items: Vec<Item>,
    pub wishes: Wishes,
    /// Hashed guids and links that several entries shared, now or ever.
    pub shared_ids: Vec<u64>,
    /// It was not well-formed, or broke off, and was repaired.
    pub repaired: bool,
    /// It broke off in the middle: absence says nothing.
    pub cut: bool,
}

/// What a body turned out to be.
#[derive(Debug)]
pub enum Heard {
    Feed(Box<Document>),
    /// A page; the feeds that it declares, best first.
    Page {
        feeds: Vec<Text>,
        title: Text,
    },
}

/// From where and when a body came.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The source's id.
    pub source: &'a str,
    /// The address that answered.
    pub url: &'a str,
    pub content_type: &'a str,
    pub now: Stamp,
    /// Guids and links that several entries of this source were seen to share, as [`Document::shared_ids`] told.
    pub shared_ids: &'a [u64],
}

/// Reads a body.
///
/// # Errors
/// A sentence: what is wrong with it, for the source's health.
pub fn parse(bytes: &[u8], cx: &Context<'_>) -> Result<Heard, Text> {
    let text = charset::decode(bytes, cx.content_type);
    let body = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if body.is_empty() {
        return Err(Text::ours("the answer is empty"));
    }
    if is_html(body) {
        return Ok(page(body, cx));
    }
    let json = body.starts_with('{');
    let body = if json { body } else { without_declaration(body) };
    let spoken = if json { lenient::json(body) } else { dialect(body) };
    let (fixed, mut repaired, mut cut) = (version_fixed(&spoken), false, false);
    let first = read(&fixed, cx).or_else(|e| match e {
        // What made the library stumble is written in a way that does not.
        Unread::Panicked => read(&lenient::without_stumbling(&fixed), cx),
        e => Err(e),
    });
    let feed = match first {
        Ok(f) => f,
        Err(Unread::Refused(why)) if !json && fixed.len() <= repair::MAX => {
            let (whole, broke_off) = repair::repair(&fixed);
            (repaired, cut) = (true, broke_off);
            let again = read(&whole, cx).or_else(|_| read(&lenient::without_stumbling(&whole), cx));
            again.map_err(|_| clean::line_capped(&why, 200))?
        }
        Err(Unread::Refused(why)) => return Err(clean::line_capped(&why, 200)),
        Err(Unread::Panicked) => return Err(Text::ours("this is no feed that can be read")),
    };
    let (wishes, threads) = if json { Default::default() } else { extras::read(&fixed) };
    let wishes = Wishes { ttl_min: wishes.ttl_min.or(feed.ttl), ..wishes };
    let title = feed.title.as_ref().map(|t| clean::line(&t.content)).unwrap_or_default();
    let (items, shared_ids) = entry::items(feed, &threads, cx);
    Ok(Heard::Feed(Box::new(Document { title, items, wishes, shared_ids, repaired, cut })))
}

enum Unread {
    Refused(String),
    Panicked,
}

fn read(text: &str, cx: &Context<'_>) -> Result<feed_rs::model::Feed, Unread> {
    let parser = Builder::new()
        .base_uri(Some(cx.url))
        .sanitize_content(false)
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|s| Some(dates::parse(s).unwrap_or_else(dates::impossible)))
        .build();
    // The library is not ours and the text is not either: a panic in it is one more way of being unreadable.
    match clean::quietly(|| parser.parse(text.as_bytes())) {
        Some(Ok(f)) => Ok(f),
        Some(Err(e)) => Err(Unread::Refused(format!("this is no feed that can be read: {e}"))),
        None => Err(Unread::Panicked),
    }
}

/// The text is UTF-8 by now: a declaration that says otherwise would mislead the parser.
fn without_declaration(s: &str) -> &str {
    match s.strip_prefix("<?xml") {
        Some(rest) => rest.find("?>").map_or(s, |i| rest[i + 2..].trim_start()),
        None => s,
    }
}

/// Names of old dialects (Atom 0.3, RSS 0.90, namespaced RSS 2.0), and what the library calls the same.
const DIALECTS: &[(&str, &str)] = &[
    ("http://purl.org/atom/ns#", "http://www.w3.org/2005/Atom"),
    ("http://my.netscape.com/rdf/simple/0.9/", "http://purl.org/rss/1.0/"),
    ("http://channel.netscape.com/rdf/simple/0.9/", "http://purl.org/rss/1.0/"),
    ("http://backend.userland.com/rss2", ""),
    ("http://backend.userland.com/RSS2", ""),
    ("http://blogs.law.harvard.edu/tech/rss", ""),
];

/// Rewrites an old dialect into the one that the library speaks.
fn dialect(s: &str) -> std::borrow::Cow<'_, str> {
    let mut out = std::borrow::Cow::Borrowed(s);
    for (old, new) in DIALECTS {
        let mut head = s.len().min(4096);
        while !s.is_char_boundary(head) {
            head -= 1;
        }
        if !s[..head].contains(old) {
            continue;
        }
        let mut text = if new.is_empty() {
            out.replacen(&format!("xmlns=\"{old}\""), "", 1).replacen(&format!("xmlns='{old}'"), "", 1)
        } else {
            out.replace(old, new)
        };
        if old.contains("atom") {
            // Atom 0.3 said the same in other words.
            for (a, b) in [
                ("<issued", "<published"),
                ("</issued>", "</published>"),
                ("<modified", "<updated"),
                ("</modified>", "</updated>"),
                ("type=\"text/html\"", "type=\"html\""),
                ("type='text/html'", "type='html'"),
                ("type=\"text/plain\"", "type=\"text\""),
                ("type=\"application/xhtml+xml\"", "type=\"xhtml\""),
            ] {
                if text.contains(a) {
                    text = text.replace(a, b);
                }
            }
        }
        out = text.into();
    }
    out
}

/// The library knows RSS 0.91, 0.92 and 2.0 by their version; the others are read like 2.0.
fn version_fixed(s: &str) -> std::borrow::Cow<'_, str> {
    let Some(at) = s.find("<rss").filter(|at| *at < 4096) else { return s.into() };
    let Some(end) = s[at..].find('>').map(|i| at + i) else { return s.into() };
    let tag = &s[at..end];
    let version = tag.find("version").map(|i| &tag[i..]).and_then(|v| v.split(['"', '\'']).nth(1));
    match version {
        Some("2.0" | "0.91" | "0.92" | "") => s.into(),
        Some(v) => {
            let fixed =
                tag.replacen(&format!("\"{v}\""), "\"2.0\"", 1).replacen(&format!("'{v}'"), "'2.0'", 1);
            format!("{}{fixed}{}", &s[..at], &s[end..]).into()
        }
        None => format!("{} version=\"2.0\"{}", &s[..at + 4], &s[at + 4..]).into(),
    }
}

fn is_html(s: &str) -> bool {
    let mut cut = s.len().min(1024);
    while !s.is_char_boundary(cut) {
        cut -= 1;
    }
    let low = s[..cut].to_ascii_lowercase();
    let feed = ["<rss", "<feed", "<rdf:rdf", "<rdf "].iter().any(|w| low.contains(w));
    !feed && ["<!doctype html", "<html", "<head", "<body"].iter().any(|w| low.contains(w))
}

fn page(s: &str, cx: &Context<'_>) -> Heard {
    let p = clean::html(s, Some(cx.url));
    // Comment feeds come after the feed of the page itself.
    let mut feeds: Vec<Text> = p.feeds.iter().map(|(_, u)| u.clone()).collect();
    feeds.sort_by_key(|u| u.contains("comments"));
    Heard::Page { feeds, title: p.title }
}

#[cfg(test)]
mod tests;
