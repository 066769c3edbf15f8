//! Items as JSON objects: the one form that lists, exports and scripts share. `null` where something is unknown.

use super::{Item, Stamp};
use serde_json::{Value, json};

/// An item as one JSON object; `null` where something is unknown.
#[must_use]
pub fn line_of(i: &Item) -> Value {
    let m = &i.mention;
    let text = |s: &str| if s.is_empty() { Value::Null } else { Value::from(s) };
    let mut via = vec![m.source.clone()];
    via.extend(i.heard_via.iter().cloned());
    json!({
        "id": i.id.to_string(),
        "native_id": text(&m.native_id),
        "source": m.source,
        "heard_via": via,
        "network": m.network,
        "community": text(&m.community),
        "type": m.kind,
        "url": text(&m.url),
        "title": text(&m.title),
        "text": m.text.as_str(),
        "author": text(&m.author.name),
        "author_id": text(&m.author.native),
        "person": if m.author.key() == 0 { Value::Null } else { Value::from(super::Id(m.author.key()).to_string()) },
        "at": m.at.rfc3339(),
        "heard_at": m.heard_at.rfc3339(),
        "time": m.time_note,
        "lang": text(&m.lang),
        "parent": text(&m.parent),
        "thread": text(&m.thread),
        "reach": m.reach,
        "topics": m.topics.iter().map(|t| t.topic.as_str()).collect::<Vec<_>>(),
        "state": i.state.word(),
        "snoozed_until": i.snoozed_until.map(Stamp::rfc3339),
        "tags": i.tags,
        "assignee": i.assignee,
        "notes": i.notes.iter().map(|(who, at, t)| json!({"who": who, "at": at.rfc3339(), "text": t.as_str()})).collect::<Vec<_>>(),
        "read": i.read,
        "vip": i.vip,
        "cut": m.cut,
        "edited": i.edited,
        "deleted": i.deleted,
        "visibility": m.visibility,
        "answered": i.answered.as_ref().map(|t| t.as_str().to_owned()),
        "story": i.story.map(|s| s.to_string()),
        "tellings": i.tellings,
        "mood": i.mood().word(),
        "mood_marked": i.marked_mood.is_some(),
        "liked": i.liked,
    })
}
