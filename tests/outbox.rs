//! What leaves is there once: the real program, killed at random moments, against servers that fail in every way and keep
//! what was really posted. One class of network each: an id of ours, our own posts can be looked through, neither.
//! `HEARKEN_SENDS=10000` makes it long; the table is printed (`--nocapture`).

mod common;
use common::http::{Asked, answer, read, serve};
use common::*;
use hearken::config::Config;
use hearken::door::{Door, Refusal, Reply, Request};
use hearken::engine::{Engine, Here, Listen};
use hearken::model::outgoing::SendAs;
use hearken::model::{Id, Key, Mention, Stamp, State, Targets, Verb, hash64};
use hearken::store::{Arrivals, Asker, Incoming, Store};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Accounts that send at once.
const ACCOUNTS: usize = 8;
/// The server shows what it took after this time (ms) at the latest.
const SEEN_MS: u64 = 700;

fn sends() -> usize {
    std::env::var("HEARKEN_SENDS").ok().and_then(|n| n.parse().ok()).unwrap_or(160)
}

/// Numbers that look random.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, n: u64) -> u64 {
        let x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let mut z = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What a server really holds.
struct Posted {
    id: String,
    account: String,
    words: String,
    to: String,
    seen: Instant,
}

#[derive(Default)]
struct Book {
    posts: Mutex<Vec<Posted>>,
    txns: Mutex<HashMap<String, String>>,
    failures: Mutex<HashMap<&'static str, u64>>,
    /// It fails no more.
    well: AtomicBool,
}

impl Book {
    fn post(&self, account: &str, words: &str, to: &str, late: u64) -> String {
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

    fn failed(&self, how: &'static str) {
        *self.failures.lock().unwrap().entry(how).or_default() += 1;
    }

    fn times(&self, words: &str) -> usize {
        self.posts.lock().unwrap().iter().filter(|p| p.words.contains(words)).count()
    }
}

/// How a server treats a call of posting.
#[derive(Clone, Copy, PartialEq)]
enum How {
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

fn how(d: &Dice, b: &Book) -> How {
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

fn limited(s: &TcpStream, form: u64) {
    let headers = match form {
        0 => "retry-after: 1\r\n".to_owned(),
        1 => {
            let at = chrono_like(Stamp::now().plus(1_000));
            format!("retry-after: {at}\r\n")
        }
        _ => format!("x-ratelimit-reset: {}\r\n", Stamp::now().plus(1_000).rfc3339()),
    };
    let body = json!({"error": "slow down", "errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 700});
    answer(s, 429, &headers, &body.to_string());
}

/// A time as HTTP writes it.
fn chrono_like(t: Stamp) -> String {
    chrono::DateTime::from_timestamp_millis(t.0).unwrap().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn account_of(a: &Asked) -> String {
    a.headers.get("authorization").map_or("", |v| v.trim_start_matches("Bearer ")).to_owned()
}

fn status(p: &Posted) -> Value {
    json!({"id": p.id, "created_at": Stamp::now().rfc3339(), "url": format!("https://social.example/{}", p.id),
        "uri": "", "content": format!("<p>{}</p>", p.words), "in_reply_to_id": p.to, "visibility": "unlisted",
        "account": {"id": p.account, "acct": "us", "display_name": "us"}})
}

/// A server of Mastodon's kind that ignores Idempotency-Key and shows our posts after a while.
fn mastodon(b: Arc<Book>, d: Arc<Dice>) -> u16 {
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
fn treat(s: &TcpStream, how: How, post: &dyn Fn() -> String) {
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
fn matrix(b: Arc<Book>, d: Arc<Dice>) -> u16 {
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
fn smtp(b: Arc<Book>, d: Arc<Dice>) -> u16 {
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

fn base64(s: &str) -> Vec<u8> {
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

fn words(n: usize) -> String {
    format!("Thank you, number {n}, it is fixed in the next one.")
}

/// Mentions, a draft for each, and each of them let go: all of it on the disk, nothing has left.
fn prepare(t: &Temp, n: usize, mention: &dyn Fn(usize, &mut Mention)) {
    let data = t.path("data");
    {
        let store = Store::open(&data, 16).unwrap();
        for first in (0..n).step_by(500) {
            let items = (first..n.min(first + 500)).map(|i| {
                let now = Stamp::now();
                let mut m = Mention {
                    source: "m".into(),
                    at: now,
                    heard_at: now,
                    text: hearken::clean::line(&format!("Question {i} about acme")),
                    ..Mention::default()
                };
                mention(i, &mut m);
                let identity = Id(hash64(&["outbox", &i.to_string()]));
                Incoming {
                    identity,
                    mention: m,
                    state: State::Inbox,
                    link: 0,
                    thread: 0,
                    like: Default::default(),
                }
            });
            store.ingest(vec![Arrivals::of("m", "mastodon", "main", items.collect())]).unwrap();
        }
    }
    let config = Config::read(&t.path("config.toml")).unwrap_or_else(|p| panic!("{p:?}"));
    let own = Asker { who: "owner".into(), uid: rustix::process::getuid().as_raw() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::start(config, &data, own, Listen::Never).unwrap();
        let door = Here::own(engine.clone());
        for i in 0..n {
            let id = Id(hash64(&["outbox", &i.to_string()]));
            let Reply::Items(items) = door.ask(Request::Items(vec![id])).await else { panic!() };
            let mention: Key = items[0].key;
            let text = hearken::clean::draft(&words(i));
            let save = Request::SaveDraft { mention, of: None, seen: None, text };
            let Reply::Saved { id: draft, at, .. } = door.ask(save).await else { panic!() };
            let how = SendAs {
                saved_at: at,
                account: format!("a{}", i % ACCOUNTS),
                reason: "a test".into(),
                ..SendAs::default()
            };
            let (verb, targets) = (Verb::Send(Box::new(how)), Targets::Drafts(vec![draft]));
            match door.ask(Request::Act { verb, targets, quiet: true }).await {
                Reply::LetGo { .. } => {}
                Reply::Refused(Refusal { text, .. }) => panic!("{text}"),
                other => panic!("{other:?}"),
            }
        }
        engine.stop();
    });
}

fn outbox(t: &Temp) -> Vec<Value> {
    json_lines(&text(&run(t, &["outbox", "--json"]).stdout))
}

/// Everything leaves while the engine is killed again and again; gives how often a person was asked.
fn hostile(name: &str, t: &Temp, b: &Book, d: &Dice, n: usize) -> u32 {
    assert_eq!(outbox(t).len(), n, "all are on their way");
    let begun = Instant::now();
    let kills = 6 + n / 50;
    for _ in 0..kills {
        let e = Serving::start(t);
        std::thread::sleep(Duration::from_millis(250 + d.roll(1_500)));
        e.kill();
    }
    let e = Serving::start(t);
    let (mut asked, mut seen) = (0, std::collections::HashSet::new());
    let deadline = Instant::now() + Duration::from_secs(180 + n as u64);
    loop {
        let all = outbox(t);
        assert_eq!(all.len(), n, "each has its record");
        let count = |f: &str| all.iter().filter(|o| o["fate"] == f).count();
        if count("sent") == n {
            break;
        }
        assert_eq!(count("failed"), 0, "{:?}", all.iter().find(|o| o["fate"] == "failed"));
        assert!(Instant::now() < deadline, "{:?}", all.iter().find(|o| o["fate"] != "sent"));
        for o in all.iter().filter(|o| o["fate"] == "asks") {
            // The person looks where it should be, and says what is so.
            let (draft, text) = (o["draft"].as_str().unwrap(), o["text"].as_str().unwrap());
            let there = b.times(text) > 0;
            seen.insert(draft.to_owned());
            asked += 1;
            if there {
                ok(t, &["outbox", "posted", draft, "https://lists.example/archive"]);
            } else {
                ok(t, &["outbox", "again", draft]);
            }
        }
        std::thread::sleep(Duration::from_millis(if n > 1_000 { 3_000 } else { 200 }));
    }
    e.kill();
    let doubles = (0..n).filter(|i| b.times(&words(*i)) > 1).count();
    let lost = (0..n).filter(|i| b.times(&words(*i)) == 0).count();
    let mut failures: Vec<_> = b.failures.lock().unwrap().clone().into_iter().collect();
    failures.sort_unstable();
    println!(
        "| {name} | {n} sends | {kills} kills | doubles {doubles} | lost {lost} | asked of a person {asked} | {} s | {failures:?} |",
        begun.elapsed().as_secs()
    );
    assert_eq!((doubles, lost), (0, 0));
    // In the same batch the mention is answered.
    let limit = n.to_string();
    let answered = run(t, &["list", "--json", "--state", "all", "--limit", &limit, "is:answered"]);
    assert_eq!(json_lines(&text(&answered.stdout)).len(), n);
    asked
}

fn configure(t: &Temp, account: &dyn Fn(usize) -> String, source: &str) {
    let mut text = "[brand]\nname = 'Acme'\n[[topic]]\nname = 'brand'\nquery = 'acme'\n\
        [http]\nfirst_byte = '1s'\nwhole = '1s'\n[send]\nsettle = '2s'\n\
        [send.delay]\nmastodon = '0'\nmail = '0'\n"
        .to_owned();
    for i in 0..ACCOUNTS {
        text += &account(i);
        t.write(&format!("token{i}"), &format!("us{i}"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(t.path(&format!("token{i}")), mode).unwrap();
    }
    text += source;
    t.write("config.toml", &text);
}

fn configure_matrix(t: &Temp, port: u16) {
    let account = |i: usize| {
        format!(
            "[account.a{i}]\nnetwork = 'matrix'\nserver = 'http://127.0.0.1:{port}'\nuser = '@us:hs.example'\ntoken_file = 'token{i}'\n"
        )
    };
    let source = format!(
        "[[source]]\nid = 'm'\nnetwork = 'matrix'\nserver = 'http://127.0.0.1:{port}'\naccount = 'a0'\nevery = '1d'\n"
    );
    configure(t, &account, &source);
}

fn dice() -> Arc<Dice> {
    Arc::new(Dice(AtomicU64::new(0x0123_4567_89ab_cdef)))
}

#[test]
fn our_own_posts_are_looked_through_and_nothing_is_there_twice() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = mastodon(b.clone(), d.clone());
    let account = |i: usize| {
        format!(
            "[account.a{i}]\nnetwork = 'mastodon'\nserver = 'http://127.0.0.1:{port}'\ntoken_file = 'token{i}'\n"
        )
    };
    let source = format!(
        "[[source]]\nid = 'm'\nnetwork = 'mastodon'\nserver = 'http://127.0.0.1:{port}'\ntags = ['acme']\nevery = '1d'\n"
    );
    configure(&t, &account, &source);
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "mastodon".into();
        m.native_id = hearken::clean::line(&format!("{i}"));
        m.url = hearken::clean::url(&format!("https://social.example/@ana/{i}"), None);
    });
    assert_eq!(hostile("our own posts can be looked through", &t, &b, &d, n), 0, "nobody is asked");
}

#[test]
fn an_id_of_ours_makes_one_post_of_many_attempts() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = matrix(b.clone(), d.clone());
    configure_matrix(&t, port);
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "matrix".into();
        m.native_id = hearken::clean::line(&format!("$e{i}"));
        m.url = hearken::clean::url(&format!("https://matrix.to/#/%21a%3Ahs.example/%24e{i}"), None);
    });
    assert_eq!(hostile("an id of ours", &t, &b, &d, n), 0, "nobody is asked");
}

#[test]
fn what_nobody_can_know_is_asked_of_a_person_and_never_guessed() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = smtp(b.clone(), d.clone());
    let account = |i: usize| {
        format!(
            "[account.a{i}]\nnetwork = 'mail'\nserver = 'imap://127.0.0.1:1'\nsmtp = 'smtp://127.0.0.1:{port}'\n\
             user = 'us{i}@acme.example'\npassword_file = 'token{i}'\n"
        )
    };
    let source = "[[source]]\nid = 'm'\nnetwork = 'mail'\nmaildir = 'nowhere'\nevery = '1d'\n";
    configure(&t, &account, source);
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "mail".into();
        m.native_id = hearken::clean::line(&format!("q{i}@home.example"));
        m.title = hearken::clean::line("Question");
        m.author.native = hearken::clean::line("ana@home.example");
        m.author.name = hearken::clean::line("Ana");
    });
    assert!(hostile("neither", &t, &b, &d, n) > 0, "some cannot be known");
}

/// What a draft's header says of promotion is what the log says: who let what go, as what, and that it left.
#[test]
fn the_promo_ledger_is_what_the_log_says() {
    use hearken::model::outgoing::Class;
    use hearken::model::{Entry, Stage, Target, Value as V};
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    b.well.store(true, Ordering::SeqCst);
    let port = matrix(b.clone(), d.clone());
    configure_matrix(&t, port);
    let n = 40;
    {
        let store = Store::open(&t.path("data"), 16).unwrap();
        let items = (0..n + 3).map(|i| {
            let now = Stamp::now();
            let m = Mention {
                source: "m".into(),
                network: "matrix".into(),
                community: hearken::clean::line(&format!("#room{}:hs.example", i % 3)),
                native_id: hearken::clean::line(&format!("$e{i}")),
                url: hearken::clean::url(&format!("https://matrix.to/#/%21a%3Ahs.example/%24e{i}"), None),
                at: now,
                heard_at: now,
                text: hearken::clean::line(&format!("Question {i} about acme")),
                ..Mention::default()
            };
            let identity = Id(hash64(&["outbox", &i.to_string()]));
            Incoming {
                identity,
                mention: m,
                state: State::Inbox,
                link: 0,
                thread: 0,
                like: Default::default(),
            }
        });
        store.ingest(vec![Arrivals::of("m", "matrix", "main", items.collect())]).unwrap();
    }
    let config = Config::read(&t.path("config.toml")).unwrap_or_else(|p| panic!("{p:?}"));
    let own = Asker { who: "owner".into(), uid: rustix::process::getuid().as_raw() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::start(config, &t.path("data"), own, Listen::Soon).unwrap();
        let door = Here::own(engine.clone());
        let id = |i: usize| Id(hash64(&["outbox", &i.to_string()]));
        for i in 0..n {
            let Reply::Items(items) = door.ask(Request::Items(vec![id(i)])).await else { panic!() };
            let save = Request::SaveDraft {
                mention: items[0].key,
                of: None,
                seen: None,
                text: hearken::clean::draft(&words(i)),
            };
            let Reply::Saved { id: draft, at, .. } = door.ask(save).await else { panic!() };
            let how = SendAs {
                saved_at: at,
                account: format!("a{}", i % 2),
                reason: "a test".into(),
                class: Some(Class::ALL[d.roll(4) as usize]),
                ..SendAs::default()
            };
            let (verb, targets) = (Verb::Send(Box::new(how)), Targets::Drafts(vec![draft]));
            let reply = door.ask(Request::Act { verb, targets, quiet: false }).await;
            assert!(matches!(reply, Reply::LetGo { .. }), "{reply:?}");
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let Reply::Outbox(all) = door.ask(Request::Outbox).await else { panic!() };
            if all.iter().filter(|o| o.fate == Some(hearken::model::outgoing::Fate::Sent)).count() == n {
                break;
            }
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // The log alone: the last word of what each was for, of those that left.
        let Reply::Log(rows) = door.ask(Request::Log { about: None, limit: 10_000 }).await else { panic!() };
        let mut entries: Vec<Entry> = rows.into_iter().map(|r| r.entry).collect();
        entries.sort_by_key(|e| e.seq);
        let (mut class, mut left) = (HashMap::new(), HashMap::new());
        for e in &entries {
            for c in &e.changes {
                match (&c.target, &c.to, e.verb.as_str()) {
                    (Target::Draft(d), V::Stage(Stage::Going(g)), "send") => {
                        class.insert(*d, (g.class, g.account.clone()));
                    }
                    (Target::Draft(d), V::Answered(Some(_)), "sent") => {
                        let about = e.changes.iter().find_map(|c| match c.target {
                            Target::Mention(k) => Some(k.id),
                            _ => None,
                        });
                        left.insert(*d, about.unwrap());
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(left.len(), n);
        for room in 0..3 {
            let here = |about: &Id| (0..n).any(|i| i % 3 == room && id(i) == *about);
            let mine: Vec<Class> =
                left.iter().filter(|(_, about)| here(about)).map(|(d, _)| class[d].0).collect();
            let promo = mine.iter().filter(|c| c.is_promo()).count();
            // What the header of a new draft in that room says.
            let next = Request::Preflight {
                draft: None,
                mention: id(n + (room + 3 - n % 3) % 3),
                how: Box::default(),
            };
            let Reply::Preflight(p) = door.ask(next).await else { panic!() };
            assert!(
                p.promo.starts_with(&format!("promo {promo}/{}", mine.len())),
                "{room}: {} {mine:?}",
                p.promo
            );
        }
        engine.stop();
    });
}
