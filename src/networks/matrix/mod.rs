//! Matrix: the rooms that our account is in, heard by one long poll after the other. Threads, answers, edits and
//! redactions are followed; encrypted rooms are not read, and said so. Facts: spec.matrix.org, client-server API 1.19.

mod events;
mod publish;
#[cfg(test)]
mod tests;

use super::call::{Call, Fact, Stream, by_status};
use super::declare::{Can, Declaration, Door, Leave, Policy, Servers, Setting, SettingKind, Way};
use super::posts::Posting;
use super::{Answer, Keys, Method, Network, Spot, Told, Trouble, login};
use crate::clean;
use crate::model::place::{Community, Lost, Narrowing, Place, Standing};
use crate::model::time::{DAY, HOUR};
use crate::model::{Stamp, Text};
use events::Event;
use serde_json::{Value, json};

pub struct Matrix;

static DECLARED: Declaration = Declaration {
    name: "matrix",
    title: "Matrix",
    heard: &[Way::LongPoll],
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
    limits: &[],
    identity: "the user's id with its server, as @ana:server.example",
    policy: Policy {
        store: Leave::If("the people of the room know that we listen"),
        keep_days: None,
        link_identities: Leave::If("the person says so"),
        private_messages: Leave::If("they invited us"),
        delete_with_source: true,
        machine_posts: Leave::If("what a program writes is marked as a notice"),
        link: "https://matrix.org/legal/code-of-conduct/",
        read_on: "2026-11-21",
    },
    door: Door::Needed,
    reach: "",
    settings: &[
        Setting {
            key: "rooms",
            kind: SettingKind::Texts,
            help: "ids or addresses of rooms; else all that we are in",
        },
        Setting {
            key: "directory",
            kind: SettingKind::Texts,
            help: "words to look for in the directory of rooms",
        },
    ],
    hand_off: false,
};

/// The server waits so long (ms) for something to happen.
const WAIT: i64 = 30_000;
/// Pages of a room that was missed, at most, and events of a page.
const PAGES: i64 = 30;
const PAGE: &str = "100";
/// Rooms of one sync whose missed middle is read.
const ROOMS: usize = 50;
/// The word of the place that holds them.
const TODO: &str = "missed";

fn esc(s: &str) -> String {
    url::form_urlencoded::byte_serialize(s.as_bytes()).collect::<String>().replace('+', "%20")
}

fn api(at: &Spot<'_>, path: &str) -> String {
    at.at(&format!("/_matrix/client/v3/{path}"))
}

/// What the sync leaves out, and how much of a room it gives at once.
fn filter(first: bool) -> String {
    let types = [
        "m.room.message",
        "m.room.encrypted",
        "m.room.redaction",
        "m.room.member",
        "m.room.name",
        "m.room.topic",
        "m.room.canonical_alias",
        "m.room.encryption",
        "m.room.tombstone",
        "m.room.create",
    ];
    let none = json!({"not_types": ["*"]});
    json!({
        "room": {
            "timeline": {"limit": if first { 30 } else { 100 }, "types": types, "lazy_load_members": true},
            "state": {"types": types, "lazy_load_members": true},
            "ephemeral": none, "account_data": none, "include_leave": false,
        },
        "presence": none, "account_data": none,
    })
    .to_string()
}

impl Network for Matrix {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn posting(&self) -> Option<&'static dyn Posting> {
        Some(&publish::Publish)
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        let mut calls = Vec::new();
        if at.is_due("card", DAY) {
            calls.push(Call::get("me", api(at, "account/whoami")));
            for words in at.options.texts("directory") {
                let body = json!({"limit": 50, "filter": {"generic_search_term": words}});
                calls.push(Call::json("directory", api(at, "publicRooms"), &body).extra());
            }
        }
        calls
    }

    fn stream(&self, at: &Spot<'_>) -> Option<Stream> {
        // Who we are is known first: what speaks to us is known by it.
        at.account.filter(|me| !me.native.is_empty())?;
        let long_poll = |call| Stream {
            way: Way::LongPoll,
            call,
            silence_ms: WAIT,
            refill: true,
            say: Vec::new(),
            dictionary: None,
        };
        // What the last sync left out comes first.
        if let Some(call) = Todo::of(at).and_then(|t| t.call(at)) {
            return Some(long_poll(call));
        }
        let since = at.place.get("sync").unwrap_or("");
        let wait = if since.is_empty() { 0 } else { WAIT };
        let mut url = api(
            at,
            &format!("sync?timeout={wait}&set_presence=offline&filter={}", esc(&filter(since.is_empty()))),
        );
        if !since.is_empty() {
            url.push_str(&format!("&since={}", esc(since)));
        }
        Some(long_poll(Call { patience_ms: wait, ..Call::get("sync", url) }))
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        let v = a.json()?;
        match call.what {
            "sync" => sync(at, &v),
            "missed" => missed(at, &v),
            "original" => events::edited(at, call, &v),
            "directory" => Ok(directory(at, &v)),
            _ => standing(at, &v),
        }
    }

    fn instead(&self, at: &Spot<'_>, call: &Call, t: &Trouble) -> Option<Told> {
        match (call.what, t) {
            // The original cannot be seen: its edit is not either.
            ("original", Trouble::Missing(_) | Trouble::Forbidden(_) | Trouble::Gone(_)) => {
                Some(Told::default())
            }
            ("original", t) => {
                let words = clean::line_capped(&format!("an edit could not be read: {}", t.text()), 300);
                let lost = Some(Lost { from: at.now, to: at.now, why: words });
                Some(Told { lost, ..Told::default() })
            }
            ("missed", Trouble::Wait(..) | Trouble::Login(_) | Trouble::Expired(_)) => None,
            ("missed", t) => {
                let todo = Todo::of(at)?;
                // A fault may pass; what is refused stays so.
                let passes = matches!(t, Trouble::Fault(_) | Trouble::Garbled(_));
                if passes && at.now.0 - todo.since_ms < HOUR {
                    return None;
                }
                let why = clean::line(&format!("what was said in {} cannot be read", todo.room_name(at)));
                let lost = Lost { from: Stamp(todo.from_ms), to: Stamp(todo.since_ms), why };
                Some(todo.go_on(at, Told { lost: Some(lost), ..Told::default() }))
            }
            // A place that the server does not know any more.
            ("sync", Trouble::Refused(t)) if at.place.get("sync").is_some() => {
                let words = clean::line_capped(&format!("the server forgot where we were: {t}"), 300);
                let mut place = at.place.clone();
                place.forget("sync");
                let lost = Lost { from: Stamp(at.place.number("sync_at")), to: at.now, why: words.clone() };
                Some(Told { lost: Some(lost), place: Some(place), remark: Some(words), ..Told::default() })
            }
            _ => None,
        }
    }

    fn refused(&self, a: &Answer, now: Stamp) -> Option<Trouble> {
        let v: Value =
            if a.status >= 400 { serde_json::from_slice(&a.body).unwrap_or_default() } else { Value::Null };
        let said = v["error"].as_str().map(|s| clean::line_capped(s, 200));
        let t = by_status(a, now, said)?;
        Some(match (v["errcode"].as_str().unwrap_or(""), t) {
            ("M_UNKNOWN_TOKEN", t) => Trouble::Expired(t.text().clone()),
            ("M_MISSING_TOKEN" | "M_USER_DEACTIVATED", t) => Trouble::Login(t.text().clone()),
            ("M_LIMIT_EXCEEDED", t) => {
                let told = a.header("retry-after").and_then(|r| super::call::after(r, now));
                let ms = told.or_else(|| v["retry_after_ms"].as_i64()).unwrap_or(5_000);
                Trouble::Wait(ms.max(100), t.text().clone())
            }
            // Servers say it in words of their own.
            ("M_DUPLICATE_ANNOTATION", t) => {
                Trouble::Refused(clean::line_capped(&format!("a duplicate: {}", t.text()), 300))
            }
            // Login answers a wrong password with this.
            ("M_FORBIDDEN", t) if said_password(&v) => Trouble::Login(t.text().clone()),
            (_, t) => t,
        })
    }

    fn form(&self) -> login::Form {
        login::Form::Password(
            "the password makes a device of its own, which your other programs list as Hearken",
        )
    }

    fn keys_of(&self, user: &str, secret: &str, password: bool) -> Keys {
        if password {
            Keys::default().with("user", user).with("password", secret)
        } else {
            Keys::default().with("token", secret)
        }
    }

    fn session(&self, server: &str, keys: &Keys, expired: bool) -> Option<Call> {
        match (keys.get("token"), keys.get("refresh"), keys.get("password")) {
            (Some(_), ..) if !expired => None,
            (_, Some(refresh), _) => {
                let body = json!({ "refresh_token": refresh });
                Some(Call::json("refresh", format!("{server}/_matrix/client/v3/refresh"), &body))
            }
            (.., Some(_)) => Some(log_in(server, keys)),
            _ => None,
        }
    }

    fn opened(&self, keys: &Keys, call: &Call, a: &Answer) -> Result<(Keys, Option<Call>), Trouble> {
        if let Some(t) = self.refused(a, Stamp::now()) {
            if call.what == "refresh"
                && keys.get("password").is_some()
                && !matches!(t, Trouble::Wait(..) | Trouble::Fault(_))
            {
                let server = call.url.split("/_matrix/").next().unwrap_or("");
                let mut bare = keys.clone();
                bare.forget("token");
                bare.forget("refresh");
                return Ok((bare.clone(), Some(log_in(server, &bare))));
            }
            return Err(t);
        }
        let v = a.json()?;
        let token = v["access_token"].as_str().unwrap_or("");
        if token.is_empty() {
            return Err(Trouble::Garbled(Text::ours("the login gave no token")));
        }
        let mut better = keys.clone().with("token", token);
        // A token that is renewed comes with the next one to renew it with.
        if let Some(r) = v["refresh_token"].as_str() {
            better = better.with("refresh", r);
        }
        Ok((better, None))
    }
}

fn said_password(v: &Value) -> bool {
    v["error"].as_str().is_some_and(|e| e.to_lowercase().contains("password"))
}

/// With one device for ever: what it sent twice counts once.
fn log_in(server: &str, keys: &Keys) -> Call {
    let user = keys.text("user");
    let device = format!("HEARKEN{:08X}", crate::model::hash64(&["device", server, user]) >> 32);
    let body = json!({
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": keys.text("password"),
        "device_id": device,
        "initial_device_display_name": "Hearken",
        "refresh_token": true,
    });
    Call::json("login", format!("{server}/_matrix/client/v3/login"), &body)
}

/// Rooms whose middle was left out of a sync: they are read before the next one. It is a word of the place.
#[derive(serde::Serialize, serde::Deserialize, Default)]
struct Todo {
    /// Where the sync began that left them out.
    since: String,
    /// When that was, and when it was found out, in ms.
    from_ms: i64,
    since_ms: i64,
    /// Room, and the token before which it was left out.
    rooms: Vec<(String, String)>,
    pages: i64,
}

impl Todo {
    fn of(at: &Spot<'_>) -> Option<Todo> {
        serde_json::from_str(at.place.get(TODO)?).ok()
    }

    fn put(&self, place: &mut Place) {
        place.set(TODO, serde_json::to_string(self).unwrap_or_default());
    }

    fn room_name(&self, at: &Spot<'_>) -> String {
        self.rooms.first().map_or_else(String::new, |(r, _)| events::room_name(at.place, r).into_string())
    }

    fn call(&self, at: &Spot<'_>) -> Option<Call> {
        let (room, from) = self.rooms.first()?;
        let query = format!(
            "rooms/{}/messages?dir=b&limit={PAGE}&from={}&to={}",
            esc(room),
            esc(from),
            esc(&self.since)
        );
        Some(Call::get("missed", api(at, &query)))
    }

    /// The room is done: the next one, if there is one.
    fn go_on(mut self, at: &Spot<'_>, mut told: Told) -> Told {
        if !self.rooms.is_empty() {
            self.rooms.remove(0);
        }
        self.pages = 0;
        let mut place = told.place.take().unwrap_or_else(|| at.place.clone());
        match self.call(at) {
            Some(c) => {
                told.then.push(c);
                self.put(&mut place);
            }
            None => place.forget(TODO),
        }
        told.place = Some(place);
        told
    }
}

fn moved(place: Place, next: &str, now: Stamp) -> Place {
    place.with("sync", next).with("sync_at", now.0.to_string())
}

fn wanted(at: &Spot<'_>, room: &str) -> bool {
    let rooms = at.options.texts("rooms");
    let alias = at.place.get(&format!("alias:{room}")).unwrap_or("");
    rooms.is_empty() || rooms.iter().any(|r| r == room || r == alias)
}

fn sync(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let Some(next) = v["next_batch"].as_str() else {
        return Err(Trouble::Garbled(Text::ours("the sync does not say where it goes on")));
    };
    let first = at.place.get("sync").is_none();
    let mut told = Told::default();
    let mut place = at.place.clone();
    let mut todo = Todo {
        since: at.place.get("sync").unwrap_or("").to_owned(),
        from_ms: at.place.number("sync_at"),
        since_ms: at.now.0,
        ..Todo::default()
    };
    for (room, r) in v["rooms"]["join"].as_object().into_iter().flatten() {
        place = events::learn(place, room, r);
        let here = Spot { place: &place, ..*at };
        if !wanted(&here, room) {
            continue;
        }
        if events::says_of_itself(r) {
            told.facts.push(Fact::Community(Box::new(card(&here, room, r))));
        }
        let list = r["timeline"]["events"].as_array().into_iter().flatten();
        for e in list.filter_map(Event::of) {
            events::tell(&here, room, &e, &mut told);
        }
        if r["timeline"]["limited"] == true && !first {
            todo.rooms.extend(r["timeline"]["prev_batch"].as_str().map(|p| (room.clone(), p.to_owned())));
        }
    }
    for (room, _) in v["rooms"]["leave"].as_object().into_iter().flatten() {
        if wanted(at, room) {
            let words = format!("we are not in {} any more", events::room_name(at.place, room));
            told.limits.push((Narrowing::Closed, clean::line(&words)));
        }
    }
    let invited = v["rooms"]["invite"].as_object().map_or(0, serde_json::Map::len);
    if invited > 0 {
        told.remark = Some(clean::line(&format!("{invited} rooms invite us")));
    }
    // What is shut stays said, sync after sync.
    for (name, room) in
        place.each().filter_map(|(k, v)| Some((k.strip_prefix("shut:")?, v))).map(|(r, why)| (why, r))
    {
        let here = Spot { place: &place, ..*at };
        if wanted(&here, room) {
            told.limits.push((
                Narrowing::Closed,
                clean::line(&format!("{} {name}", events::room_name(&place, room))),
            ));
        }
    }
    place = moved(place, next, at.now);
    if todo.rooms.len() > ROOMS {
        let why = clean::line(&format!("what was missed in {} rooms at once", todo.rooms.len() - ROOMS));
        told.lost = Some(Lost { from: Stamp(todo.from_ms), to: at.now, why });
        todo.rooms.truncate(ROOMS);
    }
    if let Some(c) = todo.call(at) {
        told.then.insert(0, c);
        todo.put(&mut place);
    }
    told.place = Some(place);
    Ok(told)
}

/// A page of what a sync left out, newest first.
fn missed(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let Some(mut todo) = Todo::of(at).filter(|t| !t.rooms.is_empty()) else {
        return Err(Trouble::Garbled(Text::ours("nobody knows what was asked")));
    };
    let Some(chunk) = v["chunk"].as_array() else {
        return Err(Trouble::Garbled(Text::ours("the events of a room were expected")));
    };
    let mut told = Told::default();
    let room = todo.rooms[0].0.clone();
    for e in chunk.iter().filter_map(Event::of) {
        events::tell(at, &room, &e, &mut told);
    }
    // An empty page is not the end; only a missing token is.
    match v["end"].as_str().filter(|e| *e != todo.rooms[0].1) {
        Some(end) if todo.pages < PAGES => {
            todo.pages += 1;
            todo.rooms[0].1 = end.to_owned();
            told.then.extend(todo.call(at));
            let mut place = at.place.clone();
            todo.put(&mut place);
            told.place = Some(place);
            Ok(told)
        }
        Some(_) => {
            let why = clean::line(&format!("more than {} messages in {}", PAGES * 100, todo.room_name(at)));
            told.lost = Some(Lost { from: Stamp(todo.from_ms), to: Stamp(todo.since_ms), why });
            Ok(todo.go_on(at, told))
        }
        None => Ok(todo.go_on(at, told)),
    }
}

fn card(at: &Spot<'_>, room: &str, r: &Value) -> Community {
    let p = at.place;
    let members = r["summary"]["m.joined_member_count"].as_u64();
    Community {
        network: DECLARED.name.into(),
        name: events::room_name(p, room),
        title: clean::line(p.get(&format!("name:{room}")).unwrap_or("")),
        url: clean::url(&format!("https://matrix.to/#/{}", esc(room)), None),
        about: clean::line(p.get(&format!("topic:{room}")).unwrap_or("")),
        members: members.map(|n| (n, "members".to_owned())),
        told_at: at.now,
        ..Community::default()
    }
}

fn directory(at: &Spot<'_>, v: &Value) -> Told {
    let text = |v: &Value| clean::line(v.as_str().unwrap_or(""));
    let card = |r: &Value| {
        let id = r["room_id"].as_str()?;
        let alias = text(&r["canonical_alias"]);
        Some(Fact::Community(Box::new(Community {
            network: DECLARED.name.into(),
            name: if alias.is_empty() { clean::line(id) } else { alias },
            title: text(&r["name"]),
            url: clean::url(&format!("https://matrix.to/#/{}", esc(id)), None),
            about: text(&r["topic"]),
            members: r["num_joined_members"].as_u64().map(|n| (n, "members".to_owned())),
            told_at: at.now,
            ..Community::default()
        })))
    };
    Told { facts: v["chunk"].as_array().into_iter().flatten().filter_map(card).collect(), ..Told::default() }
}

fn standing(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let Some(user) = v["user_id"].as_str() else {
        return Err(Trouble::Garbled(Text::ours("the server does not say who we are")));
    };
    let rooms = at.place.each().filter(|(k, _)| k.starts_with("name:") || k.starts_with("alias:")).count();
    let s = Standing {
        native: clean::line(user),
        handle: clean::line(user),
        words: clean::line(&format!(
            "device {} · {rooms} rooms known",
            v["device_id"].as_str().unwrap_or("?")
        )),
        wrong: false,
        told_at: at.now,
        ..Standing::default()
    };
    let facts = vec![Fact::Standing(Box::new(s))];
    Ok(Told { facts, place: Some(at.did("card")), ..Told::default() })
}

/// An edit is told with its original: asked for by its id.
fn original(at: &Spot<'_>, room: &str, id: &str) -> Call {
    Call {
        method: Method::Get,
        ..Call::get("original", api(at, &format!("rooms/{}/event/{}", esc(room), esc(id))))
    }
    .with(room)
    .extra()
}
