//! Real servers of networks: what is said there is heard, what is changed there changes here, what is deleted there goes
//! here; a kill of either side loses nothing and doubles nothing. Each is found by its variable; without it the test says
//! that it was skipped.

mod common;
use common::http::{ask, json};
use common::*;
use serde_json::{Value, json as j};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn peer(name: &str) -> Option<String> {
    let found = std::env::var(name).ok().filter(|s| !s.is_empty());
    if found.is_none() {
        eprintln!("SKIPPED: {name} names no server");
    }
    found
}

fn mark() -> String {
    format!("acme{}", chrono::Utc::now().timestamp_nanos_opt().unwrap())
}

fn configure(t: &Temp, rest: &str) {
    t.write(
        "config.toml",
        &format!("[brand]\nname = 'Acme'\ncontact = 'ops@acme.example'\n[send.delay]\nmastodon = '0'\nbluesky = '0'\nmail = '0'\nwikimedia = '0'\n[[topic]]\nname = 'brand'\nquery = 'acme*'\n{rest}"),
    );
}

/// Everything in the store with this word, as JSON.
fn found(t: &Temp, word: &str) -> Vec<Value> {
    // Nothing at all is an exit code of its own.
    json_lines(&text(&run(t, &["list", "--json", "--state", "all", "--limit", "1000"]).stdout))
        .into_iter()
        .filter(|m| {
            m["text"].as_str().unwrap_or("").contains(word)
                || m["title"].as_str().unwrap_or("").contains(word)
        })
        .collect()
}

fn heard(t: &Temp, word: &str) -> Value {
    until(&format!("{word} is heard"), || match found(t, word).as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(format!("nothing; {}", ok(t, &["sources"]))),
        many => panic!("{} times: {many:?}", many.len()),
    })
}

/// Answers a mention from here; gives its record in the outbox once it is there.
fn answer(t: &Temp, mention: &Value, words: &str) -> Value {
    let said = ok(t, &["draft", mention["id"].as_str().unwrap(), words]);
    let draft = said.trim().rsplit(' ').next().unwrap().to_owned();
    send(t, &draft)
}

/// A picture of one point, and the line that puts it into a draft.
fn picture(t: &Temp) -> String {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
    std::fs::write(t.path("tin.png"), png).unwrap();
    ok(t, &["attach", t.path("tin.png").to_str().unwrap(), "--alt", "A tin with a ring"]).trim().to_owned()
}

/// Says something new from here; gives the same.
fn compose(t: &Temp, how: &[&str], words: &str) -> Value {
    let all: Vec<&str> =
        ["compose", "--json", "--account", "us"].iter().chain(how).chain(&[words]).copied().collect();
    let said = json_lines(&ok(t, &all)).remove(0);
    send(t, said["draft"].as_str().unwrap())
}

fn send(t: &Temp, draft: &str) -> Value {
    ok(t, &["send", draft, "--reason", "they asked us by name"]);
    until("it is sent", || {
        let all = json_lines(&text(&run(t, &["outbox", "--json"]).stdout));
        let one = all.into_iter().find(|o| o["draft"] == draft).unwrap_or_default();
        if one["fate"] == "sent" { Ok(one) } else { Err(one.to_string()) }
    })
}

fn gone(t: &Temp, word: &str) {
    until(&format!("{word} is gone"), || {
        let n = found(t, word).len();
        if n == 0 { Ok(()) } else { Err(format!("{n} there; {}", ok(t, &["sources"]))) }
    });
}

#[test]
fn mastodon_is_heard_as_it_streams() {
    let Some(at) = peer("HEARKEN_MASTODON_PEER") else { return };
    let t = Temp::new();
    t.write("token", "ada_token\n");
    std::fs::set_permissions(t.path("token"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(
        &t,
        &format!(
            "[account.us]\nnetwork = 'mastodon'\nserver = '{at}'\ntoken_file = 'token'\n[[source]]\nid = 'm'\nnetwork = 'mastodon'\naccount = 'us'\npublic = 'all'\nevery = '1h'\n"
        ),
    );
    let e = Serving::start(&t);
    let open = || {
        until("the stream", || {
            let all = json_lines(&ok(&t, &["sources", "--json"]));
            if all[0]["ledger"]["open_since"].is_null() { Err(format!("{all:?}")) } else { Ok(()) }
        })
    };
    open();
    let grace = [("authorization", "Bearer grace_token")];
    let say = |w: &str| {
        json(
            "POST",
            &format!("{at}/api/v1/statuses"),
            &grace,
            &j!({"status": format!("{w} leaks"), "language": "en"}),
        )
    };
    let (one, two) = (mark(), mark());
    let post = say(&one);
    let m = heard(&t, &one);
    assert_eq!((m["network"].as_str(), m["lang"].as_str()), (Some("mastodon"), Some("en")));
    assert!(
        m["author"].as_str().unwrap().contains("grace") && m["url"].as_str().unwrap().contains("/@grace/"),
        "{m}"
    );
    // Edited there.
    let url = format!("{at}/api/v1/statuses/{}", post["id"].as_str().unwrap());
    json("PUT", &url, &grace, &j!({"status": format!("{one} holds")}));
    until("the edit", || {
        let m = found(&t, &one);
        if m[0]["text"].as_str().unwrap().contains("holds") { Ok(()) } else { Err(format!("{m:?}")) }
    });
    // Answered from here, in the thread, no wider than beside it; the mention is answered with it.
    let sent = answer(&t, &m, &format!("Thanks, {one} is fixed"));
    let there = json(
        "GET",
        &format!("{at}/api/v1/statuses/{}", sent["native"].as_str().unwrap()),
        &grace,
        &Value::Null,
    );
    assert_eq!(there["in_reply_to_id"], post["id"], "{there}");
    assert!(there["content"].as_str().unwrap().contains(&format!("{one} is fixed")), "{there}");
    assert_eq!(there["visibility"], "unlisted");
    assert_eq!(there["account"]["username"], "ada");
    let m = json_lines(&ok(&t, &["show", "--json", m["id"].as_str().unwrap()])).remove(0);
    assert_eq!(m["answered"], sent["url"], "{m}");
    // Other words for it, where it stands.
    let draft = sent["draft"].as_str().unwrap();
    ok(&t, &["outbox", "change", draft, "--reason", "a slip", &format!("Thanks, {one} is fixed in 2.1")]);
    let there = json(
        "GET",
        &format!("{at}/api/v1/statuses/{}", sent["native"].as_str().unwrap()),
        &grace,
        &Value::Null,
    );
    assert!(there["content"].as_str().unwrap().contains("fixed in 2.1"), "{there}");
    let now = json_lines(&ok(&t, &["outbox", "--json"])).remove(0);
    assert_eq!(
        (now["native"].as_str(), now["text"].as_str().unwrap().contains("2.1")),
        (sent["native"].as_str(), true)
    );
    // A reaction of ours is there once, however often it is asked for.
    for _ in 0..2 {
        ok(&t, &["react", m["id"].as_str().unwrap()]);
    }
    let by = json("GET", &format!("{url}/favourited_by"), &grace, &Value::Null);
    let ours = by.as_array().unwrap().iter().filter(|a| a["username"] == "ada").count();
    assert_eq!(ours, 1, "{by}");
    ok(&t, &["react", m["id"].as_str().unwrap(), "--back"]);
    let by = json("GET", &format!("{url}/favourited_by"), &grace, &Value::Null);
    assert!(by.as_array().unwrap().iter().all(|a| a["username"] != "ada"), "{by}");
    // What came of it, asked now.
    let native = sent["native"].as_str().unwrap();
    json("POST", &format!("{at}/api/v1/statuses/{native}/favourite"), &grace, &j!({}));
    let came = json_lines(&ok(&t, &["outbox", "look", now["draft"].as_str().unwrap(), "--json"])).remove(0);
    assert_eq!(came["outcome"]["likes"], 1, "{came}");
    // Something new of ours answers nothing, and everybody sees it.
    let new = compose(&t, &["--title", "spoilers"], &format!("News of {one}x\n{}", picture(&t)));
    let ours = format!("{at}/api/v1/statuses/{}", new["native"].as_str().unwrap());
    let there = json("GET", &ours, &grace, &Value::Null);
    assert!(there["in_reply_to_id"].is_null() && there["visibility"] == "public", "{there}");
    assert_eq!(there["spoiler_text"], "spoilers");
    assert_eq!(there["media_attachments"][0]["description"], "A tin with a ring", "{there}");
    let own = json_lines(&ok(&t, &["show", "--json", new["mention"].as_str().unwrap()])).remove(0);
    assert_eq!(
        (own["text"].as_str(), own["answered"].as_str()),
        (Some(format!("News of {one}x\n{}", picture(&t)).as_str()), new["url"].as_str()),
        "{own}"
    );
    // Deleted from here: it is gone there, and the mention waits for an answer again.
    ok(&t, &["outbox", "remove", now["draft"].as_str().unwrap()]);
    let ours = format!("{at}/api/v1/statuses/{}", sent["native"].as_str().unwrap());
    assert_eq!(ask("GET", &ours, &grace, "").0, 404);
    let m = json_lines(&ok(&t, &["show", "--json", m["id"].as_str().unwrap()])).remove(0);
    assert_eq!((m["answered"].is_null(), m["state"].as_str()), (true, Some("inbox")), "{m}");
    // The engine is killed; what is said meanwhile is heard when it is back, once.
    e.kill();
    say(&two);
    let _e = Serving::start(&t);
    heard(&t, &two);
    open();
    // What we said ourselves is here too, as what we sent and as it was heard, and waits for nobody.
    let waits = |m: &&Value| m["state"] == "inbox";
    let all = found(&t, &one);
    assert_eq!((all.iter().filter(waits).count(), all.len()), (1, 3), "{all:?}");
    // Deleted there.
    json("DELETE", &url, &grace, &Value::Null);
    until("it is gone", || {
        let all = found(&t, &one);
        if all.len() == 2 { Ok(()) } else { Err(format!("{all:?}")) }
    });
    heard(&t, &two);
}

#[test]
fn matrix_rooms_are_heard_and_a_kill_of_either_side_loses_nothing() {
    let Some(at) = peer("HEARKEN_MATRIX_PEER") else { return };
    let t = Temp::new();
    t.write("pw", "pass-lab\n");
    std::fs::set_permissions(t.path("pw"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(
        &t,
        &format!(
            "[account.us]\nnetwork = 'matrix'\nserver = '{at}'\nuser = 'acme'\npassword_file = 'pw'\n[[source]]\nid = 'rooms'\nnetwork = 'matrix'\naccount = 'us'\nevery = '1h'\n"
        ),
    );
    let api = format!("{at}/_matrix/client/v3");
    let login = j!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "maria"}, "password": "pass-lab"});
    let token =
        json("POST", &format!("{api}/login"), &[], &login)["access_token"].as_str().unwrap().to_owned();
    let auth = format!("Bearer {token}");
    let maria = [("authorization", auth.as_str())];
    let room =
        json("GET", &format!("{api}/directory/room/%23acme:hs.lab.test"), &maria, &Value::Null)["room_id"]
            .as_str()
            .unwrap()
            .to_owned();
    let esc = |s: &str| s.replace('!', "%21").replace(':', "%3A").replace('$', "%24");
    let n = std::sync::atomic::AtomicU32::new(0);
    let put = |kind: &str, body: &Value| {
        let txn = format!("{}-{}", mark(), n.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        json("PUT", &format!("{api}/rooms/{}/{kind}/{txn}", esc(&room)), &maria, body)["event_id"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    let say = |w: &str| put("send/m.room.message", &j!({"msgtype": "m.text", "body": format!("{w} leaks")}));
    let e = Serving::start(&t);
    let (one, two, three) = (mark(), mark(), mark());
    let id = say(&one);
    let m = heard(&t, &one);
    assert_eq!((m["type"].as_str(), m["community"].as_str()), (Some("chat"), Some("#acme:hs.lab.test")));
    assert!(m["author"].as_str().unwrap().contains("@maria:hs.lab.test"), "{m}");
    put(
        "send/m.room.message",
        &j!({"msgtype": "m.text", "body": format!("* {one} holds"),
        "m.new_content": {"msgtype": "m.text", "body": format!("{one} holds")},
        "m.relates_to": {"rel_type": "m.replace", "event_id": id}}),
    );
    until("the edit", || {
        let m = found(&t, &one);
        if m[0]["text"].as_str().unwrap() == format!("{one} holds") { Ok(()) } else { Err(format!("{m:?}")) }
    });
    // Answered from here: read back in the room.
    let sent = answer(&t, &m, "Thanks, it is fixed");
    let native = sent["native"].as_str().unwrap();
    let there =
        json("GET", &format!("{api}/rooms/{}/event/{}", esc(&room), esc(native)), &maria, &Value::Null);
    assert_eq!(there["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], id.as_str(), "{there}");
    assert_eq!(
        (there["sender"].as_str(), there["content"]["body"].as_str()),
        (Some("@acme:hs.lab.test"), Some("Thanks, it is fixed"))
    );
    ok(
        &t,
        &[
            "outbox",
            "change",
            sent["draft"].as_str().unwrap(),
            "--reason",
            "a slip",
            "Thanks, it is fixed in 2.1",
        ],
    );
    let url = format!("{api}/rooms/{}/event/{}", esc(&room), esc(native));
    let there = json("GET", &url, &maria, &Value::Null);
    let newer = &there["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"];
    assert_eq!(newer, "Thanks, it is fixed in 2.1", "{there}");
    for _ in 0..2 {
        ok(&t, &["react", m["id"].as_str().unwrap(), "\u{1f389}"]);
    }
    let path =
        format!("{}/rooms/{}/relations/{}/m.annotation", api.replace("v3", "v1"), esc(&room), esc(&id));
    let reactions = json("GET", &path, &maria, &Value::Null);
    assert_eq!(reactions["chunk"].as_array().map(Vec::len), Some(1), "{reactions}");
    // Taken back, and made anew.
    ok(&t, &["react", m["id"].as_str().unwrap(), "\u{1f389}", "--back"]);
    let reactions = json("GET", &path, &maria, &Value::Null);
    assert_eq!(reactions["chunk"].as_array().map(Vec::len), Some(0), "{reactions}");
    ok(&t, &["react", m["id"].as_str().unwrap(), "\u{1f389}"]);
    let reactions = json("GET", &path, &maria, &Value::Null);
    assert_eq!(reactions["chunk"].as_array().map(Vec::len), Some(1), "{reactions}");
    let new = compose(&t, &["--to", &room], &format!("News of the room\n{}", picture(&t)));
    let path = format!("{api}/rooms/{}/event/{}", esc(&room), esc(new["native"].as_str().unwrap()));
    let there = json("GET", &path, &maria, &Value::Null);
    assert_eq!(there["content"]["body"], "News of the room\n(A tin with a ring)", "{there}");
    assert!(there["content"]["url"].as_str().unwrap().starts_with("mxc://"), "{there}");
    assert!(there["content"]["m.relates_to"].is_null());
    let now = json_lines(&ok(&t, &["outbox", "--json"])).into_iter().find(|o| o["native"] == native).unwrap();
    ok(&t, &["outbox", "remove", now["draft"].as_str().unwrap()]);
    let there = json("GET", &url, &maria, &Value::Null);
    assert!(there["content"].as_object().unwrap().is_empty(), "{there}");
    // Many messages while the engine is dead: more than a sync gives at once.
    e.kill();
    for i in 0..130 {
        put("send/m.room.message", &j!({"msgtype": "m.text", "body": format!("{two}-{i} tip")}));
    }
    let _e = Serving::start(&t);
    until("all that was said meanwhile", || {
        let n = found(&t, &two).len();
        if n == 130 { Ok(()) } else { Err(format!("{n}; {}", ok(&t, &["sources"]))) }
    });
    // The server is killed, and comes back.
    if let (Ok(pid), Ok(up)) = (std::env::var("HEARKEN_MATRIX_PID"), std::env::var("HEARKEN_MATRIX_UP")) {
        let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        signal(pid, "KILL");
        until("the server is gone", || {
            TcpStream::connect(at.trim_start_matches("http://"))
                .err()
                .map(|_| ())
                .ok_or_else(|| "there".into())
        });
        let o = std::process::Command::new("sh").args(["-c", &up]).output().unwrap();
        assert!(o.status.success(), "{}", text(&o.stderr));
        say(&three);
        heard(&t, &three);
    }
    put(&format!("redact/{}", esc(&id)), &j!({"reason": "typo"}));
    gone(&t, &one);
    // Who we are, and the room with its members.
    let me = ok(&t, &["accounts"]);
    assert!(me.contains("@acme:hs.lab.test"), "{me}");
    let card = ok(&t, &["community", "#acme:hs.lab.test"]);
    assert!(card.contains("members") && card.contains("Acme Reader community"), "{card}");
}

/// A mail over SMTP with a login, in the open, on loopback.
fn mail(at: &str, to: &str, lines: &str) {
    let s = TcpStream::connect(at).unwrap();
    s.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut r = BufReader::new(s.try_clone().unwrap());
    let mut w = s;
    let mut expect = |code: &str| loop {
        let mut l = String::new();
        r.read_line(&mut l).unwrap();
        assert!(l.starts_with(code), "{l}");
        if l.as_bytes().get(3) == Some(&b' ') {
            return;
        }
    };
    expect("220");
    let plain = hearken::model::base64(b"\0maria@lab.test\0pass-lab");
    let body = lines.replace('\n', "\r\n");
    for (say, code) in [
        ("EHLO test".to_owned(), "250"),
        (format!("AUTH PLAIN {plain}"), "235"),
        ("MAIL FROM:<maria@lab.test>".into(), "250"),
        (format!("RCPT TO:<{to}>"), "250"),
        ("DATA".into(), "354"),
        (format!("{body}\r\n."), "250"),
        ("QUIT".into(), "221"),
    ] {
        w.write_all(format!("{say}\r\n").as_bytes()).unwrap();
        expect(code);
    }
}

/// The newest letter of Maria's with a word in its subject.
fn inbox(at: &str, word: &str) -> Option<String> {
    let s = TcpStream::connect(at).unwrap();
    s.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut r = BufReader::new(s.try_clone().unwrap());
    let mut w = s;
    let mut tell = |n: u32, say: &str| {
        w.write_all(format!("a{n} {say}\r\n").as_bytes()).unwrap();
        let mut all = String::new();
        loop {
            let mut l = Vec::new();
            r.read_until(b'\n', &mut l).unwrap();
            let l = String::from_utf8_lossy(&l).into_owned();
            all += &l;
            if l.starts_with(&format!("a{n} ")) {
                return all;
            }
        }
    };
    tell(1, "LOGIN maria@lab.test pass-lab");
    tell(2, "SELECT INBOX");
    let found = tell(3, &format!("SEARCH SUBJECT \"{word}\""));
    let id = found.lines().find_map(|l| l.strip_prefix("* SEARCH"))?.split_whitespace().last()?.to_owned();
    Some(tell(4, &format!("FETCH {id} BODY[]")))
}

#[test]
fn a_mailbox_tells_when_something_comes() {
    let (Some(imap), Some(smtp)) = (peer("HEARKEN_IMAP_PEER"), peer("HEARKEN_SMTP_PEER")) else { return };
    let t = Temp::new();
    t.write("pw", "pass-lab\n");
    std::fs::set_permissions(t.path("pw"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(
        &t,
        &format!(
            "[account.us]\nnetwork = 'mail'\nserver = 'imap://{imap}'\nsmtp = 'smtp://{smtp}'\nuser = 'support@lab.test'\npassword_file = 'pw'\n[[source]]\nid = 'box'\nnetwork = 'mail'\naccount = 'us'\n"
        ),
    );
    let send = |w: &str, id: &str| {
        mail(
            &smtp,
            "support@lab.test",
            &format!(
                "From: Maria <maria@lab.test>\nTo: support@lab.test\nSubject: {w}\nMessage-ID: <{id}@lab.test>\nList-Id: Users <users.lab.test>\n\nIt leaks.\n> before\n> that\n-- \nMaria\n"
            ),
        );
    };
    let e = Serving::start(&t);
    let (one, two) = (mark(), mark());
    until("the mailbox is open", || {
        let all = json_lines(&ok(&t, &["sources", "--json"]));
        if all[0]["ledger"]["open_since"].is_null() { Err(format!("{all:?}")) } else { Ok(()) }
    });
    send(&one, &one);
    let m = heard(&t, &one);
    assert_eq!((m["type"].as_str(), m["community"].as_str()), (Some("mail"), Some("users.lab.test")));
    assert_eq!(m["text"].as_str(), Some("It leaks.\n> before\n> [1 more lines quoted]"));
    // A letter to us alone is answered to its writer, who finds it in the thread.
    let own = mark();
    let letter = format!(
        "From: Maria <maria@lab.test>\nTo: support@lab.test\nSubject: {own}\nMessage-ID: <{own}@lab.test>\n\nHow?\n"
    );
    mail(&smtp, "support@lab.test", &letter);
    let m2 = heard(&t, &own);
    answer(&t, &m2, &format!("Grüße, {own} is fixed"));
    let raw =
        until("the answer", || inbox(&imap, &format!("Re: {own}")).ok_or_else(|| "not there".to_owned()));
    assert!(
        raw.contains(&format!("In-Reply-To: <{own}@lab.test>")) && raw.contains("From: support@lab.test"),
        "{raw}"
    );
    assert!(raw.contains(&format!("Subject: Re: {own}")), "{raw}");
    // A letter of ours that answers none.
    let new = mark();
    compose(
        &t,
        &["--to", "maria@lab.test", "--title", &format!("News {new}")],
        &format!("We are here.\n{}", picture(&t)),
    );
    let raw = until("the letter", || inbox(&imap, &new).ok_or_else(|| "not there".to_owned()));
    assert!(raw.contains(&format!("Subject: News {new}")) && !raw.contains("In-Reply-To"), "{raw}");
    assert!(
        raw.contains("Content-Type: image/png") && raw.contains("Content-Description: A tin with a ring"),
        "{raw}"
    );
    e.kill();
    send(&two, &two);
    let _e = Serving::start(&t);
    heard(&t, &two);
    assert_eq!(found(&t, &one).len(), 1);
    // The same letter by another way is the same letter.
    send(&one, &one);
    let three = mark();
    send(&three, &three);
    heard(&t, &three);
    assert_eq!(found(&t, &one).len(), 1);
}

/// Maria at the wiki: a session, and a token to edit with.
struct Wiki {
    api: String,
    cookie: String,
    token: String,
}

impl Wiki {
    fn log_in(at: &str) -> Wiki {
        let api = format!("{at}/api.php?format=json&formatversion=2");
        let mut jar: Vec<(String, String)> = Vec::new();
        let mut get = |query: &str, form: &str| {
            let cookie = jar.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
            let method = if form.is_empty() { "GET" } else { "POST" };
            let all = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str())];
            let (_, headers, body) = ask(method, &format!("{api}&{query}"), &all, form);
            for l in headers.get("set-cookie").map_or("", String::as_str).lines() {
                if let Some((k, v)) = l.split(';').next().and_then(|c| c.split_once('=')) {
                    jar.retain(|(n, _)| n != k);
                    jar.push((k.to_owned(), v.to_owned()));
                }
            }
            let cookie = jar.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
            (serde_json::from_str::<Value>(&body).unwrap_or_else(|e| panic!("{e}: {body}")), cookie)
        };
        let esc = |s: &str| s.replace('+', "%2B").replace('\\', "%5C");
        let login = get("action=query&meta=tokens&type=login", "").0["query"]["tokens"]["logintoken"]
            .as_str()
            .unwrap()
            .to_owned();
        let done =
            get("action=login", &format!("lgname=Maria&lgpassword=Rather-Long-4711&lgtoken={}", esc(&login)))
                .0;
        assert_eq!(done["login"]["result"], "Success", "{done}");
        let (v, cookie) = get("action=query&meta=tokens", "");
        Wiki { cookie, token: esc(v["query"]["tokens"]["csrftoken"].as_str().unwrap()), api }
    }

    fn edit(&self, title: &str, text: &str, summary: &str) {
        let form = format!("title={title}&text={text}&summary={summary}&token={}", self.token);
        let all = [("content-type", "application/x-www-form-urlencoded"), ("cookie", self.cookie.as_str())];
        let (_, _, body) = ask("POST", &format!("{}&action=edit", self.api), &all, &form);
        assert!(body.contains("\"Success\""), "{body}");
    }
}

#[test]
fn a_wiki_tells_the_words_that_changed() {
    let Some(at) = peer("HEARKEN_WIKI_PEER") else { return };
    let t = Temp::new();
    t.write("pw", "Rather-Long-4711\n");
    std::fs::set_permissions(t.path("pw"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(
        &t,
        &format!(
            "[account.us]\nnetwork = 'wikimedia'\nserver = '{at}'\nuser = 'Maria'\npassword_file = 'pw'\n[[source]]\nid = 'wiki'\nnetwork = 'wikimedia'\nserver = '{at}'\nchanges = true\nevery = '=1s'\n[[source]]\nid = 'page'\nnetwork = 'wikimedia'\nserver = '{at}'\npages = ['Watched tins']\nevery = '=1s'\n"
        ),
    );
    let w = Wiki::log_in(&at);
    let (one, two) = (mark(), mark());
    w.edit("Watched_tins", "A%20bad%20tin%20of%20food", "first");
    let e = Serving::start(&t);
    w.edit("Watched_tins", &format!("A%20good%20{one}%20of%20food"), &one.to_string());
    let m = until("the edit", || {
        found(&t, &one)
            .into_iter()
            .find(|m| m["text"].as_str().unwrap().contains("[-bad tin-]"))
            .ok_or_else(|| format!("{:?}", found(&t, &one)))
    });
    assert!(m["text"].as_str().unwrap().contains(&format!("A [-bad tin-] {{+good {one}+}} of food")), "{m}");
    assert_eq!((m["type"].as_str(), m["author"].as_str()), (Some("edit"), Some("Maria")));
    assert_eq!(found(&t, &one).len(), 1, "two sources, one edit");
    // What is said about it stands on the talk page, signed.
    let sent = answer(&t, &m, &format!("Thanks, {one} is right"));
    assert!(sent["url"].as_str().unwrap().contains("Talk"), "{sent}");
    let page = json(
        "GET",
        &format!(
            "{at}/api.php?action=query&prop=revisions&rvslots=main&rvprop=content&format=json&formatversion=2&titles=Talk:Watched_tins"
        ),
        &[],
        &Value::Null,
    );
    let talk = page["query"]["pages"][0]["revisions"][0]["slots"]["main"]["content"].as_str().unwrap_or("");
    assert!(
        talk.contains(&format!("Thanks, {one} is right")) && talk.contains("[[User:Maria|Maria]]"),
        "{page}"
    );
    // A discussion of ours, with its heading.
    compose(&t, &["--to", "Watched tins", "--title", &format!("About {one}")], "We make these.");
    let page = json(
        "GET",
        &format!(
            "{at}/api.php?action=parse&page=Talk:Watched_tins&prop=wikitext|sections&format=json&formatversion=2"
        ),
        &[],
        &Value::Null,
    );
    let lines: Vec<&str> =
        page["parse"]["sections"].as_array().unwrap().iter().filter_map(|s| s["line"].as_str()).collect();
    assert!(lines.contains(&format!("About {one}").as_str()), "{page}");
    e.kill();
    w.edit("Other_tins", &two.to_string(), &two.to_string());
    let _e = Serving::start(&t);
    heard(&t, &two);
}

/// The wiki's own lines, relayed as the stream has them: its numbers are the places.
#[test]
fn the_stream_of_a_real_wiki_is_resumed_where_it_was_cut() {
    let (Some(at), Some(lines)) = (peer("HEARKEN_WIKI_PEER"), peer("HEARKEN_WIKI_LINES")) else { return };
    let t = Temp::new();
    let port = common::http::serve(0, move |s| {
        let Some(a) = common::http::read(&s) else { return };
        let from: usize =
            a.headers.get("last-event-id").and_then(|i| i.trim_matches(['[', ']']).parse().ok()).unwrap_or(0);
        let mut out = s;
        let _ = out.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n:ok\n\n",
        );
        let end = Instant::now() + Duration::from_secs(2);
        let mut at = from.saturating_sub(1);
        // It is cut again and again, as the real one is.
        while Instant::now() < end {
            let all = std::fs::read_to_string(&lines).unwrap_or_default();
            for (n, l) in all.lines().enumerate().skip(at) {
                let mut v: Value = serde_json::from_str(l).unwrap();
                v["meta"] = j!({"domain": "127.0.0.1", "dt": "2026-01-01T00:00:00Z", "topic": "lab", "partition": 0, "offset": n, "id": n.to_string()});
                if out
                    .write_all(format!("event: message\nid: [{}]\ndata: {v}\n\n", n + 1).as_bytes())
                    .is_err()
                {
                    return;
                }
                at = n + 1;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    configure(
        &t,
        &format!(
            "[[source]]\nid = 'stream'\nnetwork = 'wikimedia'\nserver = 'http://127.0.0.1:{port}'\nstream = true\nallow = ['{at}']\nkeep = 'matches'\n"
        ),
    );
    let w = Wiki::log_in(&at);
    let e = Serving::start(&t);
    let (one, two, three) = (mark(), mark(), mark());
    w.edit("Stream_tins", &format!("text%20{one}"), &one.to_string());
    heard(&t, &one);
    e.kill();
    w.edit("Stream_tins", &format!("text%20{two}"), &two.to_string());
    let _e = Serving::start(&t);
    heard(&t, &two);
    w.edit("Stream_tins", &format!("text%20{three}"), &three.to_string());
    heard(&t, &three);
    assert_eq!(
        (found(&t, &one).len(), found(&t, &two).len()),
        (2, 2),
        "named again by the edit after it, and once each else"
    );
}

#[test]
fn bluesky_tells_who_speaks_to_us() {
    let Some(at) = peer("HEARKEN_BLUESKY_PEER") else { return };
    let t = Temp::new();
    t.write("pw", "pass-lab\n");
    std::fs::set_permissions(t.path("pw"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(
        &t,
        &format!(
            "[account.us]\nnetwork = 'bluesky'\nserver = '{at}'\nuser = 'acme-lab.test'\npassword_file = 'pw'\n[[source]]\nid = 'sky'\nnetwork = 'bluesky'\naccount = 'us'\nmentions = true\nevery = '=1s'\n"
        ),
    );
    let x = |m: &str| format!("{at}/xrpc/{m}");
    let log_in = |u: &str| {
        let v = json(
            "POST",
            &x("com.atproto.server.createSession"),
            &[],
            &j!({"identifier": u, "password": "pass-lab"}),
        );
        (v["did"].as_str().unwrap().to_owned(), format!("Bearer {}", v["accessJwt"].as_str().unwrap()))
    };
    let (maria, token) = log_in("maria-lab.test");
    let us = log_in("acme-lab.test").0;
    let auth = [("authorization", token.as_str())];
    let say = |w: &str| {
        let text = format!("@acme-lab.test {w} leaks");
        let record = j!({"$type": "app.bsky.feed.post", "text": text, "createdAt": chrono::Utc::now().to_rfc3339(), "langs": ["en"],
            "facets": [{"index": {"byteStart": 0, "byteEnd": 14}, "features": [{"$type": "app.bsky.richtext.facet#mention", "did": us}]}]});
        json(
            "POST",
            &x("com.atproto.repo.createRecord"),
            &auth,
            &j!({"repo": maria, "collection": "app.bsky.feed.post", "record": record}),
        )
    };
    let e = Serving::start(&t);
    let (one, two) = (mark(), mark());
    say(&one);
    let m = heard(&t, &one);
    assert!(
        m["url"].as_str().unwrap().starts_with(&format!("https://bsky.app/profile/{maria}/post/")),
        "{m}"
    );
    assert_eq!((m["state"].as_str(), m["lang"].as_str()), (Some("inbox"), Some("en")));
    // Answered from here: a record under a key of ours, in the thread.
    let sent = answer(&t, &m, &format!("Thanks, {one} is fixed: https://acme.example/x"));
    let uri = sent["native"].as_str().unwrap().trim_start_matches("at://").to_owned();
    let parts: Vec<&str> = uri.split('/').collect();
    let record =
        x(&format!("com.atproto.repo.getRecord?repo={}&collection={}&rkey={}", parts[0], parts[1], parts[2]));
    let there = json("GET", &record, &auth, &Value::Null);
    assert!(there["value"]["reply"]["parent"]["uri"].as_str().unwrap().contains(&maria), "{there}");
    assert_eq!(there["value"]["facets"][0]["features"][0]["uri"], "https://acme.example/x", "{there}");
    let why = run(&t, &["outbox", "change", sent["draft"].as_str().unwrap(), "--reason", "a slip", "Other"]);
    assert!(text(&why.stderr).contains("cannot be changed"), "{}", text(&why.stderr));
    let did = parts[0];
    let likes = || {
        let path = format!("com.atproto.repo.listRecords?repo={did}&collection=app.bsky.feed.like");
        json("GET", &x(&path), &auth, &Value::Null)["records"].as_array().unwrap().len()
    };
    let before = likes();
    for _ in 0..2 {
        ok(&t, &["react", m["id"].as_str().unwrap(), "like"]);
    }
    assert_eq!(likes(), before + 1, "a second one is the first");
    ok(&t, &["react", m["id"].as_str().unwrap(), "--back"]);
    assert_eq!(likes(), before, "it is taken back");
    let new = compose(&t, &[], &format!("News of {} #tins\n{}", mark(), picture(&t)));
    let key = new["native"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let path = format!("com.atproto.repo.getRecord?repo={did}&collection=app.bsky.feed.post&rkey={key}");
    let there = json("GET", &x(&path), &auth, &Value::Null);
    assert!(
        there["value"]["reply"].is_null() && there["value"]["text"].as_str().unwrap().contains("News"),
        "{there}"
    );
    let image = &there["value"]["embed"]["images"][0];
    assert!(image["alt"] == "A tin with a ring" && image["image"]["ref"]["$link"].is_string(), "{there}");
    e.kill();
    say(&two);
    let _e = Serving::start(&t);
    heard(&t, &two);
    assert_eq!(found(&t, &one).len(), 1);
    // The session is kept: it is not begun anew with each start.
    assert!(t.path("data/secrets/us.json").exists());
    assert!(ok(&t, &["accounts"]).contains("@acme-lab.test"));
}
