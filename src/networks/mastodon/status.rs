//! A post as these servers tell it, and the mention that it is.

use super::super::call::{add_lines, lang, set_html, set_time};
use super::super::{Item, Spot};
use crate::clean;
use crate::model::{Author, Kind, Stamp};
use serde::{Deserialize, Deserializer, Serialize};

/// Numbers are texts here; some servers give numbers all the same.
fn id<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Text(String),
        Number(i64),
    }
    Ok(match Any::deserialize(d)? {
        Any::Text(s) => s,
        Any::Number(n) => n.to_string(),
    })
}

fn maybe_id<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Text(String),
        Number(i64),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Any>::deserialize(d)? {
        Some(Any::Text(s)) => Some(s),
        Some(Any::Number(n)) => Some(n.to_string()),
        _ => None,
    })
}

fn text<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(d)?.unwrap_or_default())
}

#[derive(Deserialize, Serialize, Default, Clone)]
#[serde(default)]
pub struct Account {
    #[serde(deserialize_with = "id")]
    pub id: String,
    #[serde(deserialize_with = "text")]
    pub acct: String,
    #[serde(deserialize_with = "text")]
    pub display_name: String,
    #[serde(deserialize_with = "text")]
    pub created_at: String,
    pub bot: bool,
    pub followers_count: i64,
    pub suspended: Option<bool>,
    pub limited: Option<bool>,
    pub moved: Option<serde_json::Value>,
    #[serde(deserialize_with = "text")]
    pub note: String,
    pub fields: Vec<Field>,
}

/// A line of a profile.
#[derive(Deserialize, Serialize, Default, Clone)]
#[serde(default)]
pub struct Field {
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub value: String,
}

#[derive(Deserialize, Serialize, Default, Clone)]
#[serde(default)]
pub struct Attached {
    pub r#type: Option<String>,
    pub description: Option<String>,
}

#[derive(Deserialize, Serialize, Default, Clone)]
#[serde(default)]
pub struct Card {
    pub url: Option<String>,
}

#[derive(Deserialize, Serialize, Clone)]
pub struct Status {
    #[serde(deserialize_with = "id")]
    pub id: String,
    #[serde(default)]
    pub account: Account,
    #[serde(default, deserialize_with = "text")]
    pub created_at: String,
    #[serde(default, deserialize_with = "text")]
    pub content: String,
    #[serde(default, deserialize_with = "text")]
    pub spoiler_text: String,
    #[serde(default, deserialize_with = "text")]
    pub url: String,
    #[serde(default, deserialize_with = "text")]
    pub uri: String,
    #[serde(default, deserialize_with = "maybe_id")]
    pub in_reply_to_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub visibility: String,
    #[serde(default, deserialize_with = "text")]
    pub language: String,
    #[serde(default)]
    pub media_attachments: Vec<Attached>,
    #[serde(default)]
    pub card: Option<Card>,
    #[serde(default)]
    pub reblog: Option<Box<Status>>,
}

impl Status {
    /// What is told: a boost tells somebody else's post.
    pub fn told(&self) -> &Status {
        self.reblog.as_deref().unwrap_or(self)
    }
}

/// The mention that a post is.
pub fn item_of(at: &Spot<'_>, s: &Status) -> Item {
    let s = s.told();
    let mut m = at.mention(&s.id);
    let a = &s.account;
    // An account of the server itself is named without it.
    let home = clean::host_of(at.server);
    let place = a.acct.split_once('@').map_or(home.as_str(), |(_, h)| h);
    m.community = clean::line_capped(place, 256);
    m.kind = if s.in_reply_to_id.is_some() { Kind::Comment } else { Kind::Post };
    m.url = clean::url(if s.url.is_empty() { &s.uri } else { &s.url }, None);
    m.title = clean::line(&s.spoiler_text);
    set_html(&mut m, &s.content, at.server);
    let shown = s.media_attachments.iter().filter_map(|x| {
        let words = x.description.as_deref().filter(|d| !d.trim().is_empty())?;
        Some(format!("[{}: {words}]", x.r#type.as_deref().unwrap_or("image")))
    });
    add_lines(&mut m, &shown.collect::<Vec<_>>());
    let card = s.card.as_ref().and_then(|c| c.url.as_deref()).map(|u| clean::url(u, None));
    if let Some(u) = card.filter(|u| !u.is_empty() && !m.links.contains(u)) {
        m.links.push(u);
    }
    let name = if a.display_name.trim().is_empty() { &a.acct } else { &a.display_name };
    m.author = Author {
        // The name is theirs to choose, the account is not: it is never what falls off at the end.
        name: clean::line_capped(
            &format!("{} (@{})", clean::line_capped(name, 100), clean::line_capped(&a.acct, 140)),
            256,
        ),
        scope: clean::line_capped(&format!("mastodon {}", at.instance()), 256),
        native: clean::line_capped(&a.id, 128),
    };
    set_time(&mut m, Stamp::parse_rfc3339(&s.created_at).ok());
    m.lang = lang(&s.language);
    m.parent = s.in_reply_to_id.as_deref().map(|p| clean::line_capped(p, 256)).unwrap_or_default();
    m.reach = u64::try_from(a.followers_count).ok().filter(|n| *n > 0);
    m.visibility =
        Some(s.visibility.clone()).filter(|v| !v.is_empty()).map(|v| clean::line(&v).into_string());
    at.item(m)
}
