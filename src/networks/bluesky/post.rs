//! A post of Bluesky, as the stream has it (a record) and as XRPC shows it (a view), and the mention that it is.

use super::super::call::{add_lines, lang, set_plain, set_time};
use super::super::{Item, Spot};
use crate::clean;
use crate::model::{Author, Kind, Mention, Stamp, Text};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Record {
    pub text: String,
    pub created_at: String,
    pub langs: Vec<String>,
    pub tags: Vec<String>,
    pub facets: Vec<Facet>,
    pub reply: Option<Answered>,
    pub embed: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Facet {
    pub index: Index,
    pub features: Vec<Feature>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Index {
    pub byte_start: usize,
    pub byte_end: usize,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Feature {
    pub uri: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Answered {
    pub root: Ref,
    pub parent: Ref,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Ref {
    pub uri: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Profile {
    pub did: String,
    pub handle: String,
    pub display_name: Option<String>,
    pub followers_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    pub uri: String,
    #[serde(default)]
    pub author: Profile,
    #[serde(default)]
    pub record: Value,
    #[serde(default)]
    pub indexed_at: String,
}

/// The parts of `at://DID/COLLECTION/RKEY`.
pub fn parts(uri: &str) -> Option<(&str, &str, &str)> {
    let mut p = uri.strip_prefix("at://")?.split('/');
    let (did, collection, rkey) = (p.next()?, p.next()?, p.next()?);
    (did.starts_with("did:") && !rkey.is_empty() && p.next().is_none()).then_some((did, collection, rkey))
}

/// Where people read a post.
pub fn page_of(uri: &str) -> Text {
    parts(uri).map_or_else(Text::default, |(did, _, rkey)| {
        clean::url(&format!("https://bsky.app/profile/{did}/post/{rkey}"), None)
    })
}

/// The text with whole addresses where it shows them cut short. Facets are in bytes; one that does not lie on the
/// bounds of characters is left alone.
pub fn whole_text(r: &Record) -> String {
    let mut facets: Vec<&Facet> = r.facets.iter().collect();
    facets.sort_by_key(|f| f.index.byte_start);
    let (mut out, mut done) = (String::with_capacity(r.text.len()), 0);
    for f in facets {
        let (a, b) = (f.index.byte_start, f.index.byte_end);
        let Some(uri) = f.features.iter().find_map(|x| x.uri.as_deref()) else { continue };
        let Some(shown) = r.text.get(a..b).filter(|_| a >= done) else { continue };
        if !(shown.ends_with("...") || shown.ends_with('…')) {
            continue;
        }
        out.push_str(r.text.get(done..a).unwrap_or(""));
        out.push_str(uri);
        done = b;
    }
    out.push_str(r.text.get(done..).unwrap_or(""));
    out
}

/// What is embedded, in lines, with the addresses in it.
fn embedded(v: &Value, lines: &mut Vec<String>, links: &mut Vec<String>) {
    let text = |v: &Value| v.as_str().map(str::to_owned).filter(|s| !s.trim().is_empty());
    for i in v["images"].as_array().into_iter().flatten() {
        lines.extend(text(&i["alt"]).map(|alt| format!("[image: {alt}]")));
    }
    lines.extend(text(&v["alt"]).map(|alt| format!("[video: {alt}]")));
    let x = &v["external"];
    if let Some(uri) = text(&x["uri"]) {
        let title = text(&x["title"]).map_or(String::new(), |t| format!("{t} "));
        lines.push(format!("[link: {title}{uri}]"));
        links.push(uri);
    }
    let quoted = v["record"]["uri"].as_str().or_else(|| v["record"]["record"]["uri"].as_str());
    if let Some(page) = quoted.map(page_of).filter(|p| !p.is_empty()) {
        lines.push(format!("[quotes {page}]"));
        links.push(page.into_string());
    }
    if v["media"].is_object() {
        embedded(&v["media"], lines, links);
    }
}

/// The mention that a record is.
pub fn mention_of(at: &Spot<'_>, uri: &str, r: &Record, who: &Profile) -> Mention {
    let mut m = at.mention(uri);
    m.community = Text::ours("bsky.app");
    m.url = page_of(uri);
    set_plain(&mut m, &whole_text(r));
    let (mut lines, mut links) = (Vec::new(), Vec::new());
    if let Some(e) = &r.embed {
        embedded(e, &mut lines, &mut links);
    }
    // Tags beside the text are a part of what is said.
    if !r.tags.is_empty() {
        lines.push(r.tags.iter().map(|t| format!("#{t}")).collect::<Vec<_>>().join(" "));
    }
    add_lines(&mut m, &lines);
    links.extend(r.facets.iter().flat_map(|f| &f.features).filter_map(|f| f.uri.clone()));
    for l in links {
        let l = clean::url(&l, None);
        if !l.is_empty() && !m.links.contains(&l) && m.links.len() < 32 {
            m.links.push(l);
        }
    }
    set_time(&mut m, Stamp::parse_rfc3339(&r.created_at).ok());
    m.lang = r.langs.first().map(|l| lang(l)).unwrap_or_default();
    if let Some(a) = &r.reply {
        m.kind = Kind::Comment;
        m.parent = clean::line_capped(&a.parent.uri, 512);
        m.thread = page_of(if a.root.uri.is_empty() { &a.parent.uri } else { &a.root.uri });
    }
    let did = parts(uri).map_or("", |p| p.0);
    let handle = if who.handle.is_empty() { did } else { &who.handle };
    let shown = who.display_name.as_deref().map(str::trim).filter(|d| !d.is_empty());
    let name = shown.map_or_else(|| format!("@{handle}"), |d| format!("{d} (@{handle})"));
    m.author = Author {
        name: clean::line_capped(if who.handle.is_empty() { did } else { &name }, 256),
        scope: Text::ours("bluesky"),
        native: clean::line_capped(did, 256),
    };
    m.reach = who.followers_count;
    m
}

/// The item that a view is; nothing for a record that is no post.
pub fn item_of_view(at: &Spot<'_>, v: &View) -> Option<Item> {
    parts(&v.uri)?;
    let r: Record = serde_json::from_value(v.record.clone()).ok()?;
    let mut m = mention_of(at, &v.uri, &r, &v.author);
    // The author's clock may lie; the server saw it then at the latest.
    if let Ok(seen) = Stamp::parse_rfc3339(&v.indexed_at)
        && (seen < m.at || m.time_note != crate::model::TimeNote::Given)
    {
        set_time(&mut m, Some(seen));
    }
    Some(at.item(m))
}
