//! Alerts with the real program: rules reach people who are not attached, by a program, a webhook and mail, gathered,
//! kept over a kill, tried again.

mod common;
use common::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

/// A program that keeps what it gets, one line each time, unless a file says that it fails.
fn pager(t: &Temp) -> String {
    let script = format!(
        "#!/bin/sh\n[ ! -e '{0}/fails' ] || {{ echo 'the line is dead' >&2; exit 7; }}\ncat >> '{0}/paged'; echo >> '{0}/paged'\n",
        t.0.display()
    );
    let path = t.write("page.sh", &script);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn paged(t: &Temp) -> Vec<serde_json::Value> {
    json_lines(&std::fs::read_to_string(t.path("paged")).unwrap_or_default())
}

fn with_alert(t: &Temp, site: &Site, alert: &str) {
    t.write("config.toml", &format!("{}{alert}", config(site)));
    t.write("rules.toml", "[[rule]]\nname = 'lids'\nwhen = 'acme'\ndo = ['tag seen', 'alert duty']\n");
}

#[test]
fn what_comes_close_together_is_one_alert_and_a_kill_loses_none() {
    let (t, site) = two_mentions();
    let alert = format!("[alert.duty]\nprogram = ['{}']\ngroup = '1s'\n", pager(&t));
    with_alert(&t, &site, &alert);
    ok(&t, &["fetch"]);
    let got = until("the alert", || paged(&t).pop().ok_or_else(|| "nothing was told".to_owned()));
    assert_eq!((&got["n"], &got["alert"], &got["brand"]), (&2.into(), &"duty".into(), &"Acme".into()));
    let titles: Vec<&str> =
        got["mentions"].as_array().unwrap().iter().map(|m| m["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&"Acme tins will not open"), "{got}");
    assert!(got["text"].as_str().unwrap().starts_with("Acme: 2 mentions (lids 2)"), "{got}");
    // Its other actions are done as well, and what is applied to what is there raises nothing.
    assert_eq!(json_lines(&ok(&t, &["list", "--json", "tag:seen"])).len(), 2);
    ok(&t, &["tag", "--", "-seen", got["mentions"][0]["id"].as_str().unwrap()]);
    ok(&t, &["rules", "apply"]);
    // The engine is killed while one waits: the next one tells it.
    t.write("fails", "");
    site.put("/feed.xml", &feed(&[("3", "Acme once more", "Hello.")]));
    ok(&t, &["fetch"]);
    until("the failure", || {
        let all = json_lines(&ok(&t, &["alerts", "--json"]));
        let e = all[0]["error"].as_str().unwrap_or("").to_owned();
        (e.contains("the line is dead") && all[0]["waiting"] == 1).then_some(()).ok_or(e)
    });
    assert!(ok(&t, &["doctor"]).contains("the alert duty is tried again"), "said in the health page");
    signal(engine_of(&t), "KILL");
    std::fs::remove_file(t.path("fails")).unwrap();
    until("the alert after the kill", || {
        // Any command starts the next engine.
        let _ = run(&t, &["list"]);
        (paged(&t).len() == 2).then_some(()).ok_or_else(|| format!("{} alerts", paged(&t).len()))
    });
    assert_eq!(paged(&t)[1]["mentions"][0]["title"], "Acme once more");
    assert_eq!(json_lines(&ok(&t, &["alerts", "--json"]))[0]["waiting"], 0);
    ok(&t, &["alerts", "test", "duty"]);
    assert_eq!(paged(&t)[2]["test"], true);
    // An alert that nobody configured is no action of a rule.
    let out = run(&t, &["rules", "set", "x", "acme", "alert dutty"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("no [alert.dutty]; did you mean duty?"), "{}", text(&out.stderr));
    assert_eq!(run(&t, &["alerts", "test", "nobody"]).status.code(), Some(3));
}

#[test]
fn quiet_hours_hold_an_alert_back() {
    let (t, site) = two_mentions();
    // All of the day but a minute that is not now.
    let now = chrono::Utc::now();
    let at = |minutes: i64| (now + chrono::Duration::minutes(minutes)).format("%H:%M").to_string();
    let alert = format!(
        "[alert.duty]\nprogram = ['{}']\ngroup = '1s'\nquiet = ['{}-{}']\n",
        pager(&t),
        at(-5),
        at(60)
    );
    with_alert(&t, &site, &alert);
    ok(&t, &["fetch"]);
    let all = json_lines(&ok(&t, &["alerts", "--json"]));
    assert_eq!(all[0]["waiting"], 2);
    let next = all[0]["next"].as_str().unwrap();
    assert!(
        next.starts_with(&(now + chrono::Duration::minutes(60)).format("%Y-%m-%dT%H:%M:00").to_string()),
        "{next}"
    );
    assert!(paged(&t).is_empty());
}

/// A server that keeps what is posted and answers as it is told.
struct Hook {
    at: String,
    posts: Arc<Mutex<Vec<(String, String)>>>,
    status: Arc<Mutex<&'static str>>,
}

fn hook() -> Hook {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", l.local_addr().unwrap());
    let posts: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let status = Arc::new(Mutex::new("500 Broken"));
    let (p, s) = (posts.clone(), status.clone());
    std::thread::spawn(move || {
        for c in l.incoming().flatten() {
            let mut r = BufReader::new(c);
            let (mut head, mut long) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if r.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                    break;
                }
                if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                    long = n.trim().parse().unwrap();
                }
                head += &line;
            }
            let mut body = vec![0; long];
            let _ = r.read_exact(&mut body);
            p.lock().unwrap().push((head, text(&body)));
            let answer =
                format!("HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", s.lock().unwrap());
            let _ = r.get_mut().write_all(answer.as_bytes());
        }
    });
    Hook { at, posts, status }
}

#[test]
fn a_webhook_is_asked_until_it_takes_it_and_its_secret_is_never_shown() {
    let (t, site) = two_mentions();
    let h = hook();
    let secret = t.write("hook.url", &format!("{}/services/T0K3N\n", h.at));
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    with_alert(&t, &site, "[alert.duty]\nwebhook_file = 'hook.url'\ngroup = '1s'\n");
    ok(&t, &["fetch"]);
    let error = until("the refusal", || {
        let all = json_lines(&ok(&t, &["alerts", "--json"]));
        all[0]["error"].as_str().map(str::to_owned).ok_or_else(|| "no error yet".to_owned())
    });
    assert!(error.contains("it answered with 500"), "{error}");
    *h.status.lock().unwrap() = "204 Taken";
    until("the alert is taken", || {
        let all = json_lines(&ok(&t, &["alerts", "--json"]));
        (all[0]["waiting"] == 0).then_some(()).ok_or_else(|| all[0].to_string())
    });
    let posts = h.posts.lock().unwrap().clone();
    assert!(posts.len() >= 2 && posts[0].1 == posts[1].1, "the same again: {posts:?}");
    let (head, body) = posts.last().unwrap();
    assert!(head.starts_with("POST /services/T0K3N HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    let v: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&v["n"], &v["mentions"][0]["rule"]), (&2.into(), &"lids".into()));
    let shown = format!("{}{}{}", ok(&t, &["alerts"]), ok(&t, &["doctor"]), error);
    assert!(!shown.contains("T0K3N"), "{shown}");
}

/// A mail server that takes everything, as RFC 5321 has it.
fn smtp() -> (String, Arc<Mutex<Vec<String>>>) {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = l.local_addr().unwrap().to_string();
    let mails: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = mails.clone();
    std::thread::spawn(move || {
        for c in l.incoming().flatten() {
            let _ = take_mail(c, &kept);
        }
    });
    (at, mails)
}

fn take_mail(c: TcpStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut out = c.try_clone()?;
    let mut r = BufReader::new(c);
    out.write_all(b"220 test\r\n")?;
    let mut line = String::new();
    let mut mail = String::new();
    loop {
        line.clear();
        if r.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            l if l.starts_with("EHLO") => out.write_all(b"250 test\r\n")?,
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                loop {
                    line.clear();
                    r.read_line(&mut line)?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail += &line;
                }
                kept.lock().unwrap().push(std::mem::take(&mut mail));
                out.write_all(b"250 taken\r\n")?;
            }
            l => {
                mail += &format!("{l}\n");
                out.write_all(b"250 ok\r\n")?;
            }
        }
    }
}

#[test]
fn an_alert_goes_out_by_mail() {
    let (t, site) = two_mentions();
    let (at, mails) = smtp();
    with_alert(
        &t,
        &site,
        &format!(
            "[smtp]\nserver = '{at}'\ntls = 'none'\nfrom = 'hearken@acme.example'\n\
             [alert.duty]\nmail = ['ana@acme.example', 'bo@acme.example']\ngroup = '1s'\n"
        ),
    );
    ok(&t, &["fetch"]);
    let mail = until("the mail", || mails.lock().unwrap().first().cloned().ok_or_else(|| "none".to_owned()));
    for words in [
        "MAIL FROM:<hearken@acme.example>",
        "RCPT TO:<bo@acme.example>",
        "Subject: Acme: 2 mentions (lids 2)",
        "Auto-Submitted: auto-generated",
        "Acme tins will not open",
        "hearken show ",
    ] {
        assert!(mail.contains(words), "no {words} in {mail}");
    }
}

#[test]
fn a_real_mail_server_takes_an_alert_secured_and_with_a_login() {
    let (Ok(at), Ok(folder), Ok(ca)) = (
        std::env::var("HEARKEN_MAIL_PEER"),
        std::env::var("HEARKEN_MAIL_FOLDER"),
        std::env::var("HEARKEN_FEEDS_CA"),
    ) else {
        eprintln!("SKIPPED: HEARKEN_MAIL_PEER is not set, the real mail server was not asked");
        return;
    };
    let (t, site) = two_mentions();
    let alert = |password: &str| {
        let secret = t.write("smtp.password", password);
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!(
            "[smtp]\nserver = '{at}'\nfrom = 'lee@lab.test'\nuser = 'lee@lab.test'\npassword_file = 'smtp.password'\nca = '{ca}'\n\
             [alert.duty]\nmail = ['support@lab.test']\ngroup = '1s'\n"
        )
    };
    with_alert(&t, &site, &alert("wrong\n"));
    let out = run(&t, &["alerts", "test", "duty"]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(!text(&out.stderr).contains("wrong"), "{}", text(&out.stderr));
    with_alert(&t, &site, &alert("pass-lab\n"));
    ok(&t, &["alerts", "test", "duty"]);
    ok(&t, &["fetch"]);
    let find = || {
        let out =
            std::process::Command::new("grep").args(["-rl", "Acme: 2 mentions", &folder]).output().unwrap();
        (!out.stdout.is_empty()).then_some(()).ok_or_else(|| "not delivered yet".to_owned())
    };
    until("the mail is delivered", find);
}
