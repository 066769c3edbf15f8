//! Networks with the real program and servers of our own: a stream that is cut and killed, pushes that are signed and
//! replayed, answers of every bad kind, and secrets that show nowhere.

#![allow(clippy::result_large_err, reason = "the handshake's own type")]

mod common;
use common::http::{answer, ask, read, serve};
use common::*;
use futures_util::SinkExt;
use ring::hmac;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn configure(t: &Temp, rest: &str) {
    let head =
        "[brand]\nname = 'Acme'\ncontact = 'ops@acme.example'\n[[topic]]\nname = 'brand'\nquery = 'acme'\n";
    t.write("config.toml", &format!("{head}{rest}"));
}

fn secret(t: &Temp, name: &str, text: &str) {
    t.write(name, text);
    std::fs::set_permissions(t.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn all(t: &Temp) -> Vec<Value> {
    json_lines(&text(&run(t, &["list", "--json", "--state", "all", "--limit", "1000"]).stdout))
}

fn words(t: &Temp) -> Vec<String> {
    let mut w: Vec<String> = all(t).iter().map(|m| m["text"].as_str().unwrap_or("").to_owned()).collect();
    w.sort();
    w
}

fn source(t: &Temp, id: &str) -> Value {
    json_lines(&ok(t, &["sources", "--json"])).into_iter().find(|s| s["id"] == id).unwrap()
}

/// A Jetstream: it tells what it holds from the cursor on, and what is added; it cuts the line when it is told to.
struct Jetstream {
    port: u16,
    events: Arc<Mutex<Vec<Value>>>,
    cut: Arc<AtomicU64>,
    opened: Arc<AtomicU64>,
    _runtime: tokio::runtime::Runtime,
}

impl Jetstream {
    fn start() -> Jetstream {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let events: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (cut, opened) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (e, c, o) = (events.clone(), cut.clone(), opened.clone());
        runtime.spawn(async move {
            while let Ok((s, _)) = listener.accept().await {
                let (e, c) = (e.clone(), c.clone());
                let from = Arc::new(AtomicU64::new(0));
                let seen = from.clone();
                o.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let look = move |r: &tokio_tungstenite::tungstenite::handshake::server::Request, a| {
                        let q = r.uri().query().unwrap_or("").to_owned();
                        assert!(
                            q.contains("wantedCollections=app.bsky.feed.post") && q.contains("compress=true"),
                            "{q}"
                        );
                        let cursor =
                            q.split('&').find_map(|p| p.strip_prefix("cursor=")?.parse::<u64>().ok());
                        seen.store(cursor.unwrap_or(0), Ordering::SeqCst);
                        Ok(a)
                    };
                    let mut ws = tokio_tungstenite::accept_hdr_async(s, look).await.unwrap();
                    let begun = c.load(Ordering::SeqCst);
                    let mut z = zstd::bulk::Compressor::with_dictionary(
                        3,
                        include_bytes!("../src/networks/bluesky/jetstream.zdict"),
                    )
                    .unwrap();
                    let mut at = 0;
                    let from = from.load(Ordering::SeqCst);
                    while c.load(Ordering::SeqCst) == begun {
                        let fresh: Vec<Value> = e.lock().unwrap()[at..].to_vec();
                        at += fresh.len();
                        for v in fresh.iter().filter(|v| v["time_us"].as_u64().unwrap() >= from) {
                            let bytes = z.compress(v.to_string().as_bytes()).unwrap();
                            if ws.send(tokio_tungstenite::tungstenite::Message::binary(bytes)).await.is_err()
                            {
                                return;
                            }
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                });
            }
        });
        Jetstream { port, events, cut, opened, _runtime: runtime }
    }

    fn tell(&self, kind: &str, body: Value) {
        let mut all = self.events.lock().unwrap();
        let now = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap();
        let time = all.last().map_or(now, |v| v["time_us"].as_u64().unwrap() + 1).max(now);
        let mut v = json!({"did": "did:plc:ana", "time_us": time, "kind": kind});
        v[kind] = body;
        all.push(v);
    }

    fn post(&self, rkey: &str, text: &str) {
        let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": chrono::Utc::now().to_rfc3339(), "langs": ["en"]});
        self.tell("commit", json!({"rev": "r", "operation": "create", "collection": "app.bsky.feed.post", "rkey": rkey, "cid": "c", "record": record}));
    }

    fn delete(&self, rkey: &str) {
        self.tell(
            "commit",
            json!({"rev": "r", "operation": "delete", "collection": "app.bsky.feed.post", "rkey": rkey}),
        );
    }
}

#[test]
fn a_firehose_is_sifted_cut_and_killed_and_nothing_is_lost_or_doubled() {
    let t = Temp::new();
    let j = Jetstream::start();
    // Nobody says who the author is: the post is heard all the same.
    let nobody = serve(0, |s| drop(read(&s)));
    configure(
        &t,
        &format!(
            "[[source]]\nid = 'sky'\nnetwork = 'bluesky'\nstream = true\nkeep = 'matches'\njetstream = 'ws://127.0.0.1:{}/subscribe'\nview = 'http://127.0.0.1:{nobody}'\n",
            j.port
        ),
    );
    j.post("0", "nothing of interest");
    j.post("1", "acme one");
    let e = Serving::start(&t);
    let see = |want: &[&str]| {
        until(&format!("{want:?}"), || {
            let w = words(&t);
            if w == want { Ok(()) } else { Err(format!("{w:?} {}", source(&t, "sky"))) }
        })
    };
    see(&["acme one"]);
    let s = source(&t, "sky");
    assert_eq!((s["ledger"]["seen"].as_u64(), s["ledger"]["weighed"].as_u64()), (Some(2), Some(1)), "{s}");
    // The server cuts the line: it is opened again where it was.
    j.cut.fetch_add(1, Ordering::SeqCst);
    j.post("2", "acme two");
    see(&["acme one", "acme two"]);
    assert!(j.opened.load(Ordering::SeqCst) >= 2);
    // The engine is killed in the middle.
    for i in 0..50 {
        j.post(&format!("x{i}"), "nothing");
    }
    j.post("3", "acme three");
    e.kill();
    j.post("4", "acme four");
    j.delete("1");
    let e = Serving::start(&t);
    see(&["acme four", "acme three", "acme two"]);
    assert!(ok(&t, &["log"]).contains("source:sky"), "who deleted it is in the log");
    until("all were counted once", || {
        let n = source(&t, "sky")["ledger"]["seen"].as_u64().unwrap();
        if n == 56 { Ok(()) } else { Err(n.to_string()) }
    });
    // The account is taken down: its posts go with it, for good.
    j.tell("account", json!({"active": false, "did": "did:plc:ana", "seq": 1, "status": "takendown"}));
    see(&[]);
    // What is wiped is written out of the files at the next keeping: at a start, and every hour.
    e.kill();
    let _e = Serving::start(&t);
    until("the words are off the disk", || {
        let dir = t.path("data");
        let o = std::process::Command::new("grep")
            .args(["-rlaE", "acme (one|two|three|four)"])
            .arg(&dir)
            .output()
            .unwrap();
        if o.stdout.is_empty() { Ok(()) } else { Err(text(&o.stdout)) }
    });
}

fn hex(secret: &str, bytes: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), bytes);
    tag.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn what_is_pushed_counts_once_and_only_with_the_secret() {
    let t = Temp::new();
    let port = free_port();
    secret(&t, "hook.secret", "correct horse battery\n");
    configure(
        &t,
        &format!(
            "[hooks]\nlisten = '127.0.0.1:{port}'\n[account.gh]\nnetwork = 'webhook'\ntoken_file = 'hook.secret'\n[[source]]\nid = 'gh'\nnetwork = 'webhook'\naccount = 'gh'\nshape = 'github'\n"
        ),
    );
    let e = Serving::start(&t);
    until("the hook listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).map(|_| ()).map_err(|e| e.to_string())
    });
    let url = format!("http://127.0.0.1:{port}/hooks/gh");
    let now = chrono::Utc::now().to_rfc3339();
    let body = |text: &str, action: &str| {
        json!({"action": action, "issue": {"id": 5, "title": "Leak", "body": text, "html_url": "https://github.com/a/b/issues/5",
        "user": {"login": "ana", "id": 9}, "created_at": now}, "repository": {"full_name": "a/b"}}).to_string()
    };
    let send = |text: &str, action: &str, id: &str, key: &str| {
        let b = body(text, action);
        let sig = format!("sha256={}", hex(key, b.as_bytes()));
        ask(
            "POST",
            &url,
            &[("x-hub-signature-256", &sig), ("x-github-event", "issues"), ("x-github-delivery", id)],
            &b,
        )
        .0
    };
    let good = "correct horse battery";
    assert_eq!(send("acme leaks", "opened", "1", "wrong"), 401);
    assert!(all(&t).is_empty());
    // When it says yes it is on the disk.
    assert_eq!(send("acme leaks", "opened", "1", good), 200);
    e.kill();
    let e = Serving::start(&t);
    until("the hook listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).map(|_| ()).map_err(|e| e.to_string())
    });
    assert_eq!(words(&t), ["acme leaks"]);
    let m = &all(&t)[0];
    assert_eq!((m["community"].as_str(), m["state"].as_str()), (Some("a/b"), Some("inbox")));
    // Replayed over the kill: known. Edited: changed. Deleted: gone.
    assert_eq!(send("acme leaks", "opened", "1", good), 200);
    assert_eq!(source(&t, "gh")["heard"], 1);
    assert_eq!(send("acme holds", "edited", "2", good), 200);
    until("the edit", || if words(&t) == ["acme holds"] { Ok(()) } else { Err(format!("{:?}", words(&t))) });
    assert_eq!(send("acme holds", "deleted", "3", good), 200);
    until("the deletion", || if words(&t).is_empty() { Ok(()) } else { Err(format!("{:?}", words(&t))) });
    assert_eq!(ask("POST", &format!("http://127.0.0.1:{port}/hooks/nobody"), &[], "{}").0, 404);
    assert_eq!(ask("GET", &url, &[], "").0, 405);
    assert_eq!(ask("POST", &url, &[("origin", "https://evil.example")], "{}").0, 403);
    drop(e);
}

/// How a server answers.
type Behaviour = Box<dyn Fn(&std::net::TcpStream, &common::http::Asked) + Send>;

/// What the next request gets.
type Next = Arc<Mutex<Behaviour>>;

fn moody() -> (u16, Next) {
    let next: Next = Arc::new(Mutex::new(Box::new(|s: &std::net::TcpStream, _: &common::http::Asked| {
        answer(s, 200, "", "[]")
    })));
    let n = next.clone();
    let port = serve(0, move |s| {
        let Some(a) = read(&s) else { return };
        if a.path.contains("/instance") || a.path.contains("/context") {
            return answer(&s, 404, "", "{}");
        }
        n.lock().unwrap()(&s, &a);
    });
    (port, next)
}

#[test]
fn a_bad_answer_of_any_kind_is_said_and_harms_nothing_else() {
    let t = Temp::new();
    let (port, next) = moody();
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "acme tins", "x")]));
    configure(
        &t,
        &format!(
            "[http]\nwhole = '2s'\nfirst_byte = '1s'\n[[source]]\nid = 'm'\nnetwork = 'mastodon'\nserver = 'http://127.0.0.1:{port}'\ntags = ['acme']\n[[source]]\nid = 'blog'\nnetwork = 'feed'\nurl = '{}/feed.xml'\n",
            site.at
        ),
    );
    let status = |code: u16, headers: &'static str, body: &'static str| {
        let b: Behaviour = Box::new(move |s, _| answer(s, code, headers, body));
        b
    };
    let post = |id: u64, words: &str| {
        json!({"id": id.to_string(), "content": format!("<p>{words}</p>"), "created_at": chrono::Utc::now().to_rfc3339(),
        "visibility": "public", "url": format!("https://social.example/@ana/{id}"), "account": {"id": "7", "acct": "ana"}})
    };
    let cases: Vec<(&str, Behaviour)> = vec![
        ("it wants a login, or refuses ours (401)", status(401, "", r#"{"error":"x"}"#)),
        ("it refuses us (403)", status(403, "", r#"{"error":"no"}"#)),
        ("not found (404)", status(404, "", "")),
        (
            "does not take the request (422): Validation failed",
            status(422, "", r#"{"error":"Validation failed"}"#),
        ),
        ("the server has a fault (500)", status(500, "", "<html>")),
        ("a page came where data was expected", status(200, "", "<html>gate</html>")),
        ("cannot be read", status(200, "", r#"[{"id":"1","content":"#)),
        ("a list of posts was expected", status(200, "", r#"{"a":1}"#)),
        (
            "broke off",
            Box::new(|s: &std::net::TcpStream, _: &common::http::Asked| {
                use std::io::Write;
                let _ = (&*s).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n[");
            }),
        ),
        ("", Box::new(|_: &std::net::TcpStream, _: &common::http::Asked| {})),
        (
            "within",
            Box::new(|_: &std::net::TcpStream, _: &common::http::Asked| {
                std::thread::sleep(Duration::from_secs(3))
            }),
        ),
    ];
    for (word, behave) in cases {
        *next.lock().unwrap() = behave;
        let o = run(&t, &["fetch", "--source", "m", "--source", "blog"]);
        let said = text(&o.stdout);
        assert_eq!(o.status.code(), Some(1), "{word}: {said}");
        assert!(
            said.contains("FAIL m") && said.contains(word) && said.contains("ok   blog"),
            "{word}: {said}"
        );
        assert!(source(&t, "m")["red"] == true && source(&t, "blog")["red"] == false, "{word}");
    }
    assert!(ok(&t, &["coverage"]).contains("m                    failing"));
    // And when it is well again, everything is there: out of order, twice, from a clock of the future.
    let page = json!([post(3, "acme three"), post(1, "acme one"), post(2, "acme two"), post(2, "acme two"),
        {"id": "4", "content": "acme four", "created_at": "2099-01-01T00:00:00Z", "account": {"id": 7}}, {"nonsense": 1}]).to_string();
    *next.lock().unwrap() =
        Box::new(move |s, a| answer(s, 200, "", if a.path.contains("min_id") { "[]" } else { &page }));
    ok(&t, &["fetch", "--source", "m"]);
    let w: Vec<String> = words(&t).into_iter().filter(|w| w.starts_with("acme")).collect();
    assert_eq!(w, ["acme four", "acme one", "acme three", "acme two"]);
    // Gone for good: not asked any more.
    *next.lock().unwrap() = status(410, "", "");
    let o = run(&t, &["fetch", "--source", "m"]);
    assert!(text(&o.stdout).contains("gone for good"), "{}", text(&o.stdout));
    // Asked to wait: nobody's fault, and it waits, whoever asks for it.
    *next.lock().unwrap() = status(429, "retry-after: 600\r\n", r#"{"error":"Too many requests"}"#);
    assert!(ok(&t, &["fetch", "--source", "m"]).contains("too many requests (429)"));
    *next.lock().unwrap() = status(200, "", "[]");
    assert!(ok(&t, &["fetch", "--source", "m"]).contains("the budget is used up"));
}

/// Servers that repeat our token in what they say, a wrong configuration, a dead engine: the token shows nowhere.
#[test]
fn no_secret_shows_anywhere() {
    let token = "tok-planted-7f3a9c";
    let hook = "hook-planted-51ce0d";
    let t = Temp::new();
    let (port, next) = moody();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = sent.clone();
    *next.lock().unwrap() = Box::new(move |s, a| {
        let auth = a.headers.get("authorization").cloned().unwrap_or_default();
        seen.lock().unwrap().push(auth.clone());
        answer(s, 401, "", &json!({"error": format!("bad token {auth} in {}", a.path)}).to_string());
    });
    secret(&t, "m.token", token);
    secret(&t, "hook.token", hook);
    let hooks = free_port();
    configure(
        &t,
        &format!(
            "[hooks]\nlisten = '127.0.0.1:{hooks}'\n[account.us]\nnetwork = 'mastodon'\nserver = 'http://127.0.0.1:{port}'\ntoken_file = 'm.token'\n[account.hook]\nnetwork = 'webhook'\ntoken_file = 'hook.token'\n[[source]]\nid = 'm'\nnetwork = 'mastodon'\naccount = 'us'\ntags = ['acme']\n[[source]]\nid = 'h'\nnetwork = 'webhook'\naccount = 'hook'\n"
        ),
    );
    let _e = Serving::start(&t);
    until("the hook listens", || {
        std::net::TcpStream::connect(("127.0.0.1", hooks)).map(|_| ()).map_err(|e| e.to_string())
    });
    let mut out = String::new();
    for args in [
        vec!["fetch"],
        vec!["sources"],
        vec!["sources", "--json"],
        vec!["accounts"],
        vec!["accounts", "--json"],
        vec!["coverage"],
        vec!["doctor"],
        vec!["log"],
        vec!["check"],
        vec!["source", "test", "m"],
        vec!["export"],
        vec!["networks", "mastodon", "--json"],
        vec!["logout", "us"],
        vec!["community"],
    ] {
        let o = run(&t, &args);
        out += &text(&o.stdout);
        out += &text(&o.stderr);
    }
    let body = format!("{{\"text\":\"acme {}\"}}", "x");
    let wrong = ask(
        "POST",
        &format!("http://127.0.0.1:{hooks}/hooks/h"),
        &[("authorization", "Bearer nothing-like-it")],
        &body,
    );
    assert_eq!(wrong.0, 401);
    let right = ask(
        "POST",
        &format!("http://127.0.0.1:{hooks}/hooks/h"),
        &[("authorization", &format!("Bearer {hook}"))],
        &body,
    );
    assert_eq!((right.0, right.2.contains(hook)), (200, false));
    out += &wrong.2;
    assert!(sent.lock().unwrap().iter().any(|a| *a == format!("Bearer {token}")), "it was used");
    assert!(out.contains("bad token"), "what the server says is told: {out}");
    // A login that is typed: kept where nobody else may read, and nowhere else.
    let typed = "typed-planted-90ab";
    *next.lock().unwrap() = Box::new(|s, a| match a.path.as_str() {
        p if p.ends_with("createSession") => answer(
            s,
            200,
            "",
            r#"{"accessJwt":"acc-planted-1","refreshJwt":"ref-planted-2","did":"did:plc:x","handle":"acme.example"}"#,
        ),
        _ => answer(s, 400, "", r#"{"error":"ExpiredToken","message":"acc-planted-1 is over"}"#),
    });
    use std::io::Write;
    let mut c = hearken(&t);
    c.args([
        "login",
        "bluesky",
        "--account",
        "sky",
        "--server",
        &format!("http://127.0.0.1:{port}"),
        "--user",
        "acme.example",
    ]);
    let mut c = c
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    c.stdin.take().unwrap().write_all(format!("{typed}\n").as_bytes()).unwrap();
    let o = c.wait_with_output().unwrap();
    assert!(o.status.success(), "{}", text(&o.stderr));
    out += &text(&o.stdout);
    out += &text(&o.stderr);
    let kept = std::fs::read_to_string(t.path("data/secrets/sky.json")).unwrap();
    assert!(kept.contains(typed) && kept.contains("ref-planted-2"));
    out += &text(&run(&t, &["accounts"]).stdout);
    out += &std::fs::read_to_string(t.path("engine.log")).unwrap();
    out += &std::fs::read_to_string(t.path("config.toml")).unwrap();
    for e in std::fs::read_dir("/proc").unwrap().flatten() {
        let cmd = text(&std::fs::read(e.path().join("cmdline")).unwrap_or_default());
        if cmd.contains(&*t.0.to_string_lossy()) {
            out += &cmd;
            out += &text(&std::fs::read(e.path().join("environ")).unwrap_or_default());
        }
    }
    // A backup takes no keys along.
    ok(&t, &["backup", t.path("b.tar").to_str().unwrap()]);
    for planted in [token, hook, typed, "acc-planted-1", "ref-planted-2"] {
        assert!(
            !out.contains(planted),
            "{planted} shows: {}",
            &out[out.find(planted).unwrap().saturating_sub(300)..]
        );
        let o = std::process::Command::new("grep").args(["-rla", planted]).arg(&t.0).output().unwrap();
        for f in text(&o.stdout).lines() {
            let f = f.trim_start_matches(&*t.0.to_string_lossy()).to_owned();
            assert!(f.starts_with("/data/secrets/") || f.ends_with(".token"), "{planted} lies in {f}");
        }
    }
}
