//! Mails of alert services (Google Alerts, Talkwalker Alerts) unpacked: each thing they tell of is a mention of its own,
//! at its own address. What they find is theirs to choose; it is no measure of what there is.

use super::super::{Item, Spot};
use crate::clean;
use crate::model::{Author, Id, Kind, Mention, Text, hash64};

/// Senders, and what the service is called.
const SERVICES: [(&str, &str); 2] =
    [("googlealerts-noreply@google.com", "Google Alerts"), ("talkwalker.com", "Talkwalker Alerts")];
/// Things of one mail at most.
const THINGS: usize = 200;
/// Under these names redirects carry the address.
const CARRIED: [&str; 5] = ["url", "u", "q", "target", "redirect"];

/// A link of a page, and the text behind it up to the next one.
struct Link {
    href: String,
    words: String,
    after: String,
}

pub fn unpack(at: &Spot<'_>, from: &str, html: &str, mail: &Mention) -> Vec<Item> {
    let service =
        SERVICES.iter().find(|(sender, _)| from == *sender || from.ends_with(&format!("@{sender}")));
    let Some((_, service)) = service else { return Vec::new() };
    let mut seen = std::collections::HashSet::new();
    let mut out = Vec::new();
    for l in links(html) {
        let Some(url) = carried(&l.href) else { continue };
        let title = clean::line(&clean::html(&l.words, None).text);
        if title.is_empty() || !seen.insert(clean::canonical(&url)) || out.len() >= THINGS {
            continue;
        }
        let mut m = at.mention(&url);
        m.kind = Kind::Post;
        m.community = clean::host_of(&url);
        m.title = title;
        let after = clean::html(&l.after, None).text;
        super::super::call::set_plain(&mut m, &format!("{after}\n[told by {service}]"));
        m.author =
            Author { name: clean::host_of(&url), scope: Text::ours("site"), native: clean::host_of(&url) };
        (m.at, m.time_note) = (mail.at, mail.time_note);
        m.parent = mail.native_id.clone();
        m.url = url.clone();
        let identity = Id(hash64(&["mail alert", &clean::canonical(&url)]));
        out.push(Item { identity, mention: m, to_us: false });
    }
    out
}

/// The address that a redirect of the service leads to; nothing for its own pages.
fn carried(href: &str) -> Option<Text> {
    let u = url::Url::parse(&html_escape::decode_html_entities(href)).ok()?;
    let (_, to) = u.query_pairs().find(|(k, v)| CARRIED.contains(&&**k) && v.starts_with("http"))?;
    let url = clean::url(&to, None);
    let host = clean::host_of(&url);
    let own = host.ends_with("google.com") || host.ends_with("talkwalker.com");
    (!url.is_empty() && !own).then_some(url)
}

fn links(html: &str) -> Vec<Link> {
    let low = html.to_ascii_lowercase();
    let mut out: Vec<Link> = Vec::new();
    let mut at = 0;
    while let Some(i) = low[at..].find("<a ").map(|i| at + i) {
        let Some(open) = low[i..].find('>').map(|e| i + e) else { break };
        let close = low[open..].find("</a").map_or(low.len(), |e| open + e);
        let next = low[close..].find("<a ").map_or(low.len(), |e| close + e);
        let tag = &html[i..open];
        let href = tag.to_ascii_lowercase().find("href=").map(|h| &tag[h + 5..]).map(|v| {
            let quote = v.chars().next().filter(|c| matches!(c, '"' | '\''));
            match quote {
                Some(q) => v[1..].split(q).next().unwrap_or("").to_owned(),
                None => v.split_whitespace().next().unwrap_or("").to_owned(),
            }
        });
        out.push(Link {
            href: href.unwrap_or_default(),
            words: html.get(open + 1..close).unwrap_or("").to_owned(),
            after: html.get(close..next).unwrap_or("").to_owned(),
        });
        if out.len() > 2_000 {
            break;
        }
        at = close.max(open + 1);
    }
    out
}
