//! Servers of networks that fail in every way and keep what was really posted: one for each that is written to.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use super::http::{Asked, answer, read, serve};
use hearken::model::Stamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The server shows what it took after this time (ms) at the latest.
pub const SEEN_MS: u64 = 700;

/// Numbers that look random.
pub struct Dice(pub AtomicU64);

impl Dice {
    pub fn roll(&self, n: u64) -> u64 {
        let x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let mut z = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What a server really holds.
pub struct Posted {
    pub id: String,
    pub account: String,
    pub words: String,
    pub to: String,
    pub seen: Instant,
}

#[derive(Default)]
pub struct Book {
    pub posts: Mutex<Vec<Posted>>,
    pub txns: Mutex<HashMap<String, String>>,
    pub failures: Mutex<HashMap<&'static str, u64>>,
    /// It fails no more.
    pub well: AtomicBool,
}

impl Book {
    pub fn post(&self, account: &str, words: &str, to: &str, late: u64) -> String {
        let mut all = self.posts.lock().unwrap();
        let id = format!("{}", 1000 + all.len());
        let seen = Instant::now() + Duration::from_millis(late);
        all.push(Posted {
            id: id.clone(),
            account: account.into(),
            words: words.into(),
            to: to.into(),
            seen,
        });
        id
    }

    pub fn failed(&self, how: &'static str) {
        *self.failures.lock().unwrap().entry(how).or_default() += 1;
    }

    pub fn times(&self, words: &str) -> usize {
        self.posts.lock().unwrap().iter().filter(|p| p.words.contains(words)).count()
    }
}

/// How a server treats a call of posting.
#[derive(Clone, Copy, PartialEq)]
pub enum How {
    Well,
    Refuse429(u64),
    CutBefore,
    CutAfter,
    HangBefore,
    HangAfter,
    FaultBefore,
    FaultAfter,
    LateAfter,
    Garbage,
}

pub fn how(d: &Dice, b: &Book) -> How {
    if b.well.load(Ordering::SeqCst) {
        return How::Well;
    }
    let h = match d.roll(18) {
        0 => ("429 in seconds", How::Refuse429(0)),
        1 => ("429 by date", How::Refuse429(1)),
        2 => ("429 by its own header", How::Refuse429(2)),
        3 => ("cut before", How::CutBefore),
        4 => ("cut after", How::CutAfter),
        5 => ("hangs before", How::HangBefore),
        6 => ("hangs after", How::HangAfter),
        7 => ("500 before", How::FaultBefore),
        8 => ("500 after", How::FaultAfter),
        9 => ("answers after the time-out", How::LateAfter),
        10 => ("posts and answers garbage", How::Garbage),
        _ => ("well", How::Well),
    };
    b.failed(h.0);
    h.1
}

pub fn limited(s: &TcpStream, form: u64) {
    let headers = match form {
        0 => "retry-after: 1\r\n".to_owned(),
        1 => {
            let at = chrono_like(Stamp::now().plus(1_000));
            format!("retry-after: {at}\r\n")
        }
        // Mastodon's, and Bluesky's; the others say it in the body.
        _ => {
            let at = Stamp::now().plus(1_000);
            format!("x-ratelimit-reset: {}\r\nratelimit-reset: {}\r\n", at.rfc3339(), at.0 / 1000 + 1)
        }
    };
    let body = json!({"error": "slow down", "errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 700,
        "errors": ["slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 1}});
    answer(s, 429, &headers, &body.to_string());
}

/// A time as HTTP writes it.
pub fn chrono_like(t: Stamp) -> String {
    chrono::DateTime::from_timestamp_millis(t.0).unwrap().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub fn account_of(a: &Asked) -> String {
    a.headers.get("authorization").map_or("", |v| v.trim_start_matches("Bearer ")).to_owned()
}

pub fn status(p: &Posted) -> Value {
    json!({"id": p.id, "created_at": Stamp::now().rfc3339(), "url": format!("https://social.example/{}", p.id),
        "uri": "", "content": format!("<p>{}</p>", p.words), "in_reply_to_id": p.to, "visibility": "unlisted",
        "account": {"id": p.account, "acct": "us", "display_name": "us"}})
}

/// A server of Mastodon's kind that ignores Idempotency-Key and shows our posts after a while.
pub fn mastodon(b: Arc<Book>, d: Arc<Dice>) -> u16 {
    serve(0, move |s| {
        let Some(a) = read(&s) else { return };
        let who = account_of(&a);
        if a.path.contains("verify_credentials") {
            return answer(&s, 200, "", &json!({"id": who, "acct": "us", "username": "us"}).to_string());
        }
        if a.method == "GET" && a.path.contains("/statuses") {
            if !b.well.load(Ordering::SeqCst) && d.roll(9) == 0 {
                return answer(&s, 503, "", "{}");
            }
            let below =
                a.path.split("max_id=").nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(u64::MAX);
            let now = Instant::now();
            let all = b.posts.lock().unwrap();
            let mine = all.iter().rev().filter(|p| p.account == who && p.seen <= now);
            let page: Vec<Value> =
                mine.filter(|p| p.id.parse::<u64>().unwrap() < below).take(40).map(status).collect();
            return answer(&s, 200, "", &Value::Array(page).to_string());
        }
        if a.method != "POST" {
            return answer(&s, 404, "", "{}");
        }
        let body: Value = serde_json::from_str(&a.body).unwrap_or_default();
        let (words, to) =
            (body["status"].as_str().unwrap_or(""), body["in_reply_to_id"].as_str().unwrap_or(""));
        let post = || {
            let id = b.post(&who, words, to, d.roll(SEEN_MS));
            let all = b.posts.lock().unwrap();
            status(all.iter().find(|p| p.id == id).unwrap()).to_string()
        };
        treat(&s, how(&d, &b), &post);
    })
}

/// Posts and answers as it was told to.
pub fn treat(s: &TcpStream, how: How, post: &dyn Fn() -> String) {
    let hang = || std::thread::sleep(Duration::from_millis(1_500));
    match how {
        How::Well => answer(s, 200, "", &post()),
        How::Refuse429(form) => limited(s, form),
        How::CutBefore => {}
        How::CutAfter => drop(post()),
        How::HangBefore => hang(),
        How::HangAfter => {
            post();
            hang();
        }
        How::FaultBefore => answer(s, 500, "", "{\"error\":\"x\"}"),
        How::FaultAfter => {
            post();
            answer(s, 502, "", "<html>bad gateway</html>");
        }
        How::LateAfter => {
            let said = post();
            std::thread::sleep(Duration::from_millis(900));
            answer(s, 200, "", &said);
        }
        How::Garbage => {
            post();
            answer(s, 200, "", "{\"id\":");
        }
    }
}

/// A homeserver: the same transaction of the same login is the same event.
pub fn matrix(b: Arc<Book>, d: Arc<Dice>) -> u16 {
    serve(0, move |s| {
        let Some(a) = read(&s) else { return };
        let who = account_of(&a);
        if a.path.contains("/messages") {
            let now = Instant::now();
            let all = b.posts.lock().unwrap();
            let mine = all.iter().rev().filter(|p| p.seen <= now && p.account == who).take(100);
            let chunk: Vec<Value> = mine
                .map(|p| {
                    json!({"event_id": format!("$m{}", p.id), "sender": "@us:hs.example", "type": "m.room.message",
                        "origin_server_ts": 0, "content": {"body": p.words}, "unsigned": {"transaction_id": p.to}})
                })
                .collect();
            return answer(&s, 200, "", &json!({"chunk": chunk}).to_string());
        }
        if a.method != "PUT" {
            return answer(&s, 404, "", "{\"errcode\":\"M_UNRECOGNIZED\"}");
        }
        let txn = a.path.rsplit('/').next().unwrap_or("").to_owned();
        let body: Value = serde_json::from_str(&a.body).unwrap_or_default();
        let words = body["body"].as_str().unwrap_or("");
        let post = || {
            let mut txns = b.txns.lock().unwrap();
            let key = format!("{who} {txn}");
            let id = txns.entry(key).or_insert_with(|| b.post(&who, words, &txn, 0)).clone();
            json!({"event_id": format!("$m{id}")}).to_string()
        };
        treat(&s, how(&d, &b), &post);
    })
}

/// A server that takes mail.
pub fn smtp(b: Arc<Book>, d: Arc<Dice>) -> u16 {
    serve(0, move |s| {
        let how = how(&d, &b);
        let mut r = BufReader::new(s.try_clone().unwrap());
        let mut w = &s;
        let mut say = |line: &str| drop(w.write_all(format!("{line}\r\n").as_bytes()));
        match how {
            How::CutBefore => return,
            How::Refuse429(_) => return say("421 4.3.2 try later"),
            How::HangBefore => std::thread::sleep(Duration::from_millis(1_500)),
            _ => {}
        }
        say("220 mx");
        let (mut line, mut data) = (String::new(), None::<String>);
        while r.read_line(&mut line).is_ok_and(|n| n > 0) {
            let l = line.trim_end().to_owned();
            line.clear();
            if let Some(body) = &mut data {
                if l != "." {
                    body.push_str(&l);
                    body.push('\n');
                    continue;
                }
                let mail = data.take().unwrap_or_default();
                let id = mail.lines().find(|l| l.starts_with("Message-ID")).unwrap_or("").to_owned();
                let coded: String = mail.split_once("\n\n").map_or("", |x| x.1).split_whitespace().collect();
                let words = String::from_utf8(base64(&coded)).unwrap_or_default();
                match how {
                    How::FaultBefore => say("451 4.3.0 full"),
                    How::HangAfter | How::LateAfter | How::CutAfter | How::FaultAfter | How::Garbage => {
                        b.post("us", &words, &id, 0);
                        match how {
                            How::HangAfter => std::thread::sleep(Duration::from_millis(1_500)),
                            How::Garbage => say("banana"),
                            _ => {}
                        }
                        return;
                    }
                    _ => {
                        b.post("us", &words, &id, 0);
                        say("250 2.0.0 ok");
                    }
                }
                continue;
            }
            match l.get(..4).unwrap_or("").to_uppercase().as_str() {
                "EHLO" => say("250-mx\r\n250 AUTH PLAIN LOGIN"),
                "AUTH" => say("235 ok"),
                "DATA" => {
                    data = Some(String::new());
                    say("354 go on");
                }
                "QUIT" => {
                    say("221 bye");
                    return;
                }
                _ => say("250 ok"),
            }
        }
    })
}

pub fn base64(s: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut out = Vec::new();
    for four in s.trim_end_matches('=').as_bytes().chunks(4) {
        let n = four.iter().enumerate().fold(0u32, |n, (i, c)| n | u32::from(value(*c)) << (18 - 6 * i));
        out.extend(&n.to_be_bytes()[1..four.len()]);
    }
    out
}

/// A PDS: a record under the same key is the same record.
pub fn bluesky(b: Arc<Book>, d: Arc<Dice>) -> u16 {
    serve(0, move |s| {
        let Some(a) = read(&s) else { return };
        let who = account_of(&a);
        let body: Value = serde_json::from_str(&a.body).unwrap_or_default();
        if a.path.contains("Session") {
            let name =
                body["identifier"].as_str().map_or(who, |i| i.split('.').next().unwrap_or("").to_owned());
            let v = json!({"accessJwt": name, "refreshJwt": name, "did": format!("did:plc:{name}"), "handle": format!("{name}.test")});
            return answer(&s, 200, "", &v.to_string());
        }
        if a.path.contains("getRecord") {
            return answer(
                &s,
                200,
                "",
                "{\"uri\":\"at://did:plc:ana/app.bsky.feed.post/q\",\"cid\":\"c\",\"value\":{}}",
            );
        }
        if !a.path.contains("putRecord") {
            return answer(&s, 404, "", "{\"error\":\"MethodNotImplemented\"}");
        }
        let (key, words) =
            (body["rkey"].as_str().unwrap_or(""), body["record"]["text"].as_str().unwrap_or(""));
        let post = || {
            let mut keys = b.txns.lock().unwrap();
            let reply = body["record"]["reply"]["parent"]["uri"].as_str().unwrap_or("");
            keys.entry(format!("{who} {key}")).or_insert_with(|| b.post(&who, words, reply, 0));
            json!({"uri": format!("at://did:plc:{who}/app.bsky.feed.post/{key}"), "cid": "c"}).to_string()
        };
        treat(&s, how(&d, &b), &post);
    })
}

/// A forum: the same words once more are refused as too similar.
pub fn discourse(b: Arc<Book>, d: Arc<Dice>) -> u16 {
    serve(0, move |s| {
        let Some(a) = read(&s) else { return };
        let who = a.headers.get("api-username").cloned().unwrap_or_default();
        let post_of = |p: &Posted| {
            json!({"id": p.id.parse::<i64>().unwrap(), "topic_id": p.to.parse::<i64>().unwrap(), "topic_slug": "x",
                "post_number": 2, "username": p.account, "raw": p.words, "yours": true})
        };
        if let Some(topic) = a.path.strip_prefix("/t/").and_then(|p| p.split(['/', '.']).next()) {
            if !b.well.load(Ordering::SeqCst) && d.roll(9) == 0 {
                return answer(&s, 502, "", "<html>bad gateway</html>");
            }
            let now = Instant::now();
            let all = b.posts.lock().unwrap();
            let here = all.iter().filter(|p| p.to == topic && p.account == who && p.seen <= now);
            let posts: Vec<Value> = here.map(post_of).collect();
            return answer(&s, 200, "", &json!({"post_stream": {"posts": posts}}).to_string());
        }
        if a.method != "POST" || !a.path.starts_with("/posts.json") {
            return answer(&s, 404, "", "{\"errors\":[\"not found\"]}");
        }
        let body: Value = serde_json::from_str(&a.body).unwrap_or_default();
        let (raw, topic) =
            (body["raw"].as_str().unwrap_or(""), body["topic_id"].as_i64().unwrap_or(0).to_string());
        if b.posts.lock().unwrap().iter().any(|p| p.account == who && p.words == raw) {
            let why = "{\"errors\":[\"Body is too similar to what you recently posted\"]}";
            return answer(&s, 422, "", why);
        }
        let post = || {
            let id = b.post(&who, raw, &topic, d.roll(SEEN_MS));
            let all = b.posts.lock().unwrap();
            post_of(all.iter().find(|p| p.id == id).unwrap()).to_string()
        };
        treat(&s, how(&d, &b), &post);
    })
}

/// A wiki: each edit is one more revision of its talk page.
pub fn wiki(b: Arc<Book>, d: Arc<Dice>) -> u16 {
    serve(0, move |s| {
        let Some(a) = read(&s) else { return };
        let who = account_of(&a);
        let text = if a.method == "POST" {
            a.body.clone()
        } else {
            a.path.split('?').nth(1).unwrap_or("").to_owned()
        };
        let all: HashMap<String, String> =
            url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let get = |k: &str| all.get(k).map_or("", String::as_str);
        match (get("action"), get("prop"), get("meta")) {
            ("query", "info", _) => {
                let talk = format!("Talk:{}", get("titles"));
                let page = json!({"ns": 0, "associatedpage": talk});
                answer(&s, 200, "", &json!({"query": {"pages": [page]}}).to_string());
            }
            ("parse", ..) => answer(&s, 200, "", "{\"parse\":{\"sections\":[],\"revid\":1}}"),
            ("query", _, "tokens") => {
                answer(&s, 200, "", "{\"query\":{\"tokens\":{\"csrftoken\":\"abc+\\\\\"}}}");
            }
            ("query", "revisions", _) => {
                if !b.well.load(Ordering::SeqCst) && d.roll(9) == 0 {
                    return answer(&s, 503, "", "");
                }
                let now = Instant::now();
                let posts = b.posts.lock().unwrap();
                let here =
                    posts.iter().rev().filter(|p| p.to == get("titles") && p.account == who && p.seen <= now);
                let revs: Vec<Value> = here
                    .map(|p| {
                        json!({"revid": p.id.parse::<i64>().unwrap(), "timestamp": Stamp::now().rfc3339(),
                            "comment": p.words.lines().next().unwrap_or("").chars().take(100).collect::<String>().replace(" ~~~~", ""),
                            "slots": {"main": {"content": p.words}}})
                    })
                    .collect();
                answer(&s, 200, "", &json!({"query": {"pages": [{"revisions": revs}]}}).to_string());
            }
            ("edit", ..) => {
                let post = || {
                    let id = b.post(&who, get("text"), get("title"), d.roll(SEEN_MS));
                    json!({"edit": {"result": "Success", "newrevid": id.parse::<i64>().unwrap()}}).to_string()
                };
                treat(&s, how(&d, &b), &post);
            }
            _ => answer(&s, 404, "", "{}"),
        }
    })
}
