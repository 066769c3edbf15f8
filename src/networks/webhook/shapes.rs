//! What senders write: GitHub, Discourse, what Slack sends and what is compatible with it, and plain JSON by a mapping
//! of the configuration.

use super::super::call::{Spot, set_html, set_plain, set_time};
use super::super::{Item, discourse};
use super::{DEPTH, Refused, Taken, depth, no};
use crate::clean;
use crate::model::{Author, Kind, Mention, Stamp, Text};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Things of one delivery at most.
const ITEMS: usize = 500;

pub fn read(
    at: &Spot<'_>,
    shape: &str,
    headers: &HashMap<String, String>,
    body: &[u8],
) -> Result<Taken, Refused> {
    let form =
        headers.get("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
    let v: Value = if form {
        // The older way: JSON in a field, or fields alone.
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        match fields.get("payload").map(|p| (depth(p.as_bytes()), serde_json::from_str(p))) {
            Some((d, Ok(v))) if d <= DEPTH => v,
            Some(_) => return Err(no(400, "the payload is no JSON, or nested too deeply")),
            None => serde_json::to_value(fields).unwrap_or_default(),
        }
    } else {
        if depth(body) > DEPTH {
            return Err(no(400, "this is nested too deeply"));
        }
        serde_json::from_slice(body).map_err(|e| no(400, &format!("this is no JSON: {e}")))?
    };
    let h = |n: &str| headers.get(n).map_or("", |v| v.trim());
    match shape {
        "github" => Ok(github(at, h("x-github-event"), &v)),
        "discourse" => discourse_event(at, h("x-discourse-instance"), h("x-discourse-event"), &v),
        "slack" => Ok(slack(at, &v)),
        _ => json(at, &v),
    }
}

fn took(items: Vec<Item>) -> Taken {
    let mut t = Taken { answer: "taken".into(), ..Taken::default() };
    t.told.seen = items.len() as u64;
    t.told.items = items;
    t
}

fn text<'v>(v: &'v Value, key: &str) -> &'v str {
    v[key].as_str().unwrap_or("")
}

fn stamp(v: &Value) -> Option<Stamp> {
    match v {
        Value::String(s) => {
            Stamp::parse_rfc3339(s).ok().or_else(|| seconds(s.split('.').next()?.parse::<i64>().ok()?))
        }
        Value::Number(n) => seconds(n.as_f64()? as i64),
        _ => None,
    }
}

/// Seconds, or ms where the number says so.
fn seconds(n: i64) -> Option<Stamp> {
    (n > 0).then(|| Stamp(if n > 100_000_000_000 { n } else { n * 1000 }))
}

/// Issues, pull requests, discussions, their comments, reviews and releases.
fn github(at: &Spot<'_>, event: &str, v: &Value) -> Taken {
    let (key, kind) = match event {
        "ping" => return Taken { answer: "pong".into(), ..Taken::default() },
        "issues" => ("issue", Kind::Post),
        "pull_request" => ("pull_request", Kind::Post),
        "discussion" => ("discussion", Kind::Post),
        "release" => ("release", Kind::Post),
        "issue_comment" | "discussion_comment" | "commit_comment" | "pull_request_review_comment" => {
            ("comment", Kind::Comment)
        }
        "pull_request_review" => ("review", Kind::Review),
        other => {
            let answer = format!("{} is not listened to", clean::line_capped(other, 64));
            return Taken { answer, ..Taken::default() };
        }
    };
    let x = &v[key];
    let Some(id) = x["id"].as_i64() else { return took(Vec::new()) };
    let native = format!("{} {key} {id}", at.source);
    if text(v, "action") == "deleted" {
        let mut t = took(Vec::new());
        t.told.gone.push(at.id(&native));
        return t;
    }
    let mut m = at.mention(&native);
    m.kind = kind;
    m.url = clean::url(text(x, "html_url"), None);
    m.community = clean::line_capped(text(&v["repository"], "full_name"), 256);
    let parent = ["issue", "pull_request", "discussion"].iter().map(|k| &v[*k]).find(|p| p.is_object());
    let title = [text(x, "title"), text(x, "name")].into_iter().find(|t| !t.is_empty());
    m.title = match (title, parent) {
        (Some(t), _) => clean::line(t),
        (None, Some(p)) => clean::line(&format!("Re: {}", text(p, "title"))),
        _ => Text::default(),
    };
    set_plain(&mut m, text(x, "body"));
    if key == "comment" || key == "review" {
        m.thread = parent.map(|p| clean::url(text(p, "html_url"), None)).unwrap_or_default();
        m.parent = m.thread.clone();
    }
    let user = if x["user"].is_object() { &x["user"] } else { &x["author"] };
    let login = clean::line_capped(text(user, "login"), 128);
    let native = user["id"].as_i64().map_or_else(|| login.clone(), |n| clean::line(&n.to_string()));
    m.author = Author { name: login, scope: Text::ours("github.com"), native };
    let time = ["created_at", "submitted_at", "published_at"].iter().find_map(|k| stamp(&x[*k]));
    set_time(&mut m, time);
    took(vec![at.item(m)])
}

/// A post of a forum is the same thing, whether it is pushed or asked for.
fn discourse_event(at: &Spot<'_>, instance: &str, event: &str, v: &Value) -> Result<Taken, Refused> {
    if v["ping"].is_string() {
        return Ok(Taken { answer: "OK".into(), ..Taken::default() });
    }
    // The header is not signed: a forum speaks of itself alone, and which one it is stands in the configuration.
    let told = clean::url(instance, None);
    if at.server.is_empty() || told.trim_end_matches('/') != at.server {
        return Err(no(
            403,
            "this hook is for another forum; see x-discourse-instance and the source's server",
        ));
    }
    let there = Spot { network: "discourse", ..*at };
    let post = &v["post"];
    let Some(id) = post["id"].as_i64() else { return Ok(took(Vec::new())) };
    let mut t = took(Vec::new());
    if event == "post_destroyed" {
        t.told.gone.push(there.id(&id.to_string()));
    } else if let Some(i) = discourse::pushed(&there, post) {
        t = took(vec![i]);
    }
    Ok(t)
}

/// Events of Slack, outgoing webhooks, and what others send in their form.
fn slack(at: &Spot<'_>, v: &Value) -> Taken {
    if text(v, "type") == "url_verification" {
        let answer = clean::line_capped(text(v, "challenge"), 200).into_string();
        return Taken { answer, ..Taken::default() };
    }
    let e = if v["event"].is_object() { &v["event"] } else { v };
    let channel = [text(e, "channel_name"), text(e, "channel"), text(e, "channel_id")];
    let channel = channel.into_iter().find(|c| !c.is_empty()).unwrap_or("");
    let ts = [text(e, "ts"), text(e, "timestamp")].into_iter().find(|t| !t.is_empty()).unwrap_or("");
    let native = |ts: &str| format!("{} {channel} {ts}", at.source);
    match text(e, "subtype") {
        "message_deleted" => {
            let mut t = took(Vec::new());
            t.told.gone.push(at.id(&native(text(e, "deleted_ts"))));
            return t;
        }
        "message_changed" => {
            let new = &e["message"];
            return said(at, channel, &native(text(new, "ts")), new, text(new, "ts"));
        }
        "" | "bot_message" | "thread_broadcast" | "file_share" => {}
        _ => return took(Vec::new()),
    }
    said(at, channel, &native(ts), e, ts)
}

fn said(at: &Spot<'_>, channel: &str, native: &str, e: &Value, ts: &str) -> Taken {
    let mut lines = vec![text(e, "text").to_owned()];
    for a in e["attachments"].as_array().into_iter().flatten() {
        lines.extend(
            ["pretext", "title", "text", "fallback"].iter().find_map(|k| a[*k].as_str()).map(str::to_owned),
        );
    }
    let body = lines.join("\n");
    if body.trim().is_empty() {
        return took(Vec::new());
    }
    let mut m = at.mention(&if ts.is_empty() {
        format!("{native}{}", crate::model::hash64(&[&body]))
    } else {
        native.to_owned()
    });
    m.kind = Kind::Chat;
    m.community = clean::line_capped(&format!("#{}", channel.trim_start_matches('#')), 256);
    set_plain(&mut m, &unescaped(&body));
    let name =
        [text(e, "user_name"), text(e, "username"), text(e, "user"), text(e, "user_id"), text(e, "bot_id")];
    let name = clean::line_capped(name.into_iter().find(|n| !n.is_empty()).unwrap_or(""), 128);
    let id = [text(e, "user_id"), text(e, "user")].into_iter().find(|n| !n.is_empty());
    let native = id.map_or_else(|| name.clone(), |i| clean::line_capped(i, 128));
    m.author = Author { name, scope: clean::line(&format!("webhook {}", at.source)), native };
    set_time(&mut m, stamp(&Value::from(ts)));
    let thread = text(e, "thread_ts");
    if !thread.is_empty() && thread != ts {
        m.parent = clean::line(&format!("{} {channel} {thread}", at.source));
        m.thread = clean::line(&format!("slack:{}/{channel}/{thread}", at.source));
    }
    took(vec![at.item(m)])
}

/// `<https://x|words>`, `<@U1>` and entities, as Slack writes them.
fn unescaped(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, tail)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        match inside.split_once('|') {
            Some((to, words)) if to.starts_with("http") => out.push_str(&format!("{words} ({to})")),
            Some((_, words)) => out.push_str(words),
            None => out.push_str(inside.trim_start_matches('!')),
        }
        rest = tail;
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// By the configuration's mapping: each field stands at a path such as `message.author.name`; without one the fields
/// have their own names.
fn json(at: &Spot<'_>, v: &Value) -> Result<Taken, Refused> {
    let none = BTreeMap::new();
    let map = at.options.table("map").unwrap_or(&none);
    let path = |f: &str| map.get(f).cloned().unwrap_or_else(|| f.to_owned());
    let list: Vec<&Value> = match map.get("items") {
        Some(p) => match find(v, p) {
            Some(Value::Array(a)) => a.iter().collect(),
            _ => return Err(no(422, &format!("there is no list at {p}"))),
        },
        None => match v {
            Value::Array(a) => a.iter().collect(),
            one => vec![one],
        },
    };
    let mut items = Vec::new();
    for x in list.into_iter().take(ITEMS) {
        let get = |f: &str| match find(x, &path(f)) {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Number(n)) => n.to_string(),
            Some(Value::Bool(b)) => b.to_string(),
            _ => String::new(),
        };
        let (body, title) = (get("text"), get("title"));
        if body.trim().is_empty() && title.trim().is_empty() {
            return Err(no(422, &format!("there is no text at {}", path("text"))));
        }
        let url = clean::url(&get("url"), None);
        let id = Some(get("id")).filter(|i| !i.is_empty());
        // Without an id it is known by its address, else by what it says: an edit of that is another thing.
        let native = id.unwrap_or_else(|| {
            if url.is_empty() {
                format!("{:016x}", crate::model::hash64(&[&title, &body]))
            } else {
                url.to_string()
            }
        });
        // Only ids of its own: two hooks never speak of one thing.
        let mut m: Mention = at.mention(&format!("{} {native}", at.source));
        m.kind = Kind::Post;
        m.title = clean::line(&title);
        set_html(&mut m, &body, if url.is_empty() { "https://hook.invalid/" } else { &url });
        m.community = match get("community") {
            c if c.is_empty() => clean::host_of(&url),
            c => clean::line_capped(&c, 256),
        };
        m.url = url;
        let name = clean::line_capped(&get("author"), 128);
        let own = Some(get("author_id")).filter(|a| !a.is_empty()).map(|a| clean::line_capped(&a, 128));
        m.author = Author {
            native: own.unwrap_or_else(|| name.clone()),
            name,
            scope: clean::line(&format!("webhook {}", at.source)),
        };
        set_time(&mut m, find(x, &path("at")).and_then(stamp));
        m.parent = clean::line_capped(&get("parent"), 512);
        m.thread = clean::url(&get("thread"), None);
        if !m.parent.is_empty() || !m.thread.is_empty() {
            m.kind = Kind::Comment;
        }
        items.push(at.item(m));
    }
    Ok(took(items))
}

/// What stands at `a.b.0.c`.
fn find<'v>(v: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').filter(|p| !p.is_empty()).try_fold(v, |v, p| match v {
        Value::Array(a) => a.get(p.parse::<usize>().ok()?),
        Value::Object(o) => o.get(p),
        _ => None,
    })
}
