//! Sources of every kind through the real binary: programs, proxies, logins, wishes of hosts, a changed
//! configuration, lists of other people; and the exit codes that scripts rely on.

mod common;
use common::*;
use std::os::unix::fs::PermissionsExt;

fn head() -> String {
    "[brand]\nname = \"Acme\"\n[[topic]]\nname = \"brand\"\nquery = 'acme'\n".into()
}

fn source(id: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\n{more}\n")
}

/// An executable script.
fn script(t: &Temp, name: &str, body: &str) -> String {
    let p = t.write(name, &format!("#!/bin/sh\n{body}\n"));
    std::fs::set_permissions(&p, std::fs::Permissions::from_mode(0o700)).unwrap();
    p.display().to_string()
}

fn health(t: &Temp, id: &str) -> serde_json::Value {
    let all = json_lines(&ok(t, &["sources", "--json"]));
    all.into_iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("no source {id}"))
}

#[test]
fn a_program_is_a_source_and_its_faults_are_its_health() {
    let t = Temp::new();
    let line = |n: u32, text: &str| {
        format!("echo '{{\"native_id\":\"{n}\",\"text\":\"{text}\",\"at\":\"2026-01-0{n}T00:00:00Z\"}}'")
    };
    let good = script(&t, "good", &format!("{}\n{}\necho garbage", line(1, "acme one"), line(2, "two")));
    let bad = script(&t, "bad", "echo no good >&2; exit 4");
    let hangs = script(&t, "hangs", "sleep 600");
    let env = script(
        &t,
        "env",
        "printf '{\"native_id\":\"1\",\"at\":\"2026-01-01T00:00:00Z\",\"text\":\"%s\"}\\n' \"acme env $(env | cut -d= -f1 | tr '\\n' ' ')\"",
    );
    let c = |id: &str, argv: &str| source(id, &format!("network = \"command\"\ncommand = [\"{argv}\"]"));
    let all = head()
        + "[http]\nwhole = \"1s\"\n"
        + &c("good", &good)
        + &c("bad", &bad)
        + &c("hangs", &hangs)
        + &c("env", &env);
    t.write("config.toml", &all);
    let o = hearken(&t).env("SECRET_OF_OURS", "x").args(["fetch"]).output().unwrap();
    assert_eq!(o.status.code(), Some(1), "{}", text(&o.stderr));
    let said = text(&o.stdout);
    assert!(said.contains("no good") && said.contains("did not end"), "{said}");
    let texts = ok(&t, &["export"]);
    assert!(
        texts.contains("acme one") && texts.contains("PATH") && !texts.contains("SECRET_OF_OURS"),
        "{texts}"
    );
    assert!(health(&t, "good")["last_error"]["text"].as_str().unwrap().contains("1 bad lines"));
    assert!(health(&t, "bad")["red"].as_bool().unwrap());
    // A second round hears nothing twice, and silence of a program is no trouble.
    run(&t, &["fetch", "--source", "good"]);
    assert_eq!(ok(&t, &["export"]).lines().count(), 3);
    assert!(!health(&t, "good")["red"].as_bool().unwrap());
}

#[test]
fn a_proxy_is_used_where_it_is_configured_and_a_private_target_is_not_reached_through_it() {
    let t = Temp::new();
    let site = Site::new();
    // Seen from a proxy the whole address is the path.
    site.put("http://blog.example/feed.xml", &feed(&[("1", "acme by proxy", "x")]));
    site.put("http://169.254.169.254/feed.xml", &feed(&[("1", "acme stolen", "x")]));
    let by = |id: &str, url: &str| {
        source(id, &format!("network = \"feed\"\nurl = \"{url}\"\nproxy = \"{}\"", site.at))
    };
    t.write(
        "config.toml",
        &(head() + &by("ok", "http://blog.example/feed.xml") + &by("evil", "http://127.0.0.1.nip.example/x")),
    );
    run(&t, &["fetch"]);
    assert!(ok(&t, &["list"]).contains("acme by proxy"));
    // A list of somebody else cannot name a private place.
    let opml = t.write("l.opml", "<opml><body><outline xmlUrl='http://169.254.169.254/feed.xml'/><outline xmlUrl='https://fine.example/f'/></body></opml>");
    let o = run(&t, &["import", opml.to_str().unwrap()]);
    assert_eq!(o.status.code(), Some(1));
    assert!(
        text(&o.stderr).contains("private address") && text(&o.stdout).contains("fine.example"),
        "{}",
        text(&o.stderr)
    );
}

#[test]
fn pauses_hold_and_full_texts_stay() {
    let t = Temp::new();
    let site = Site::new();
    let story = "The whole story of the acme tins, told at length. ".repeat(20);
    site.put("/p/1", &format!("<html><body><article><p>{story}</p></article></body></html>"));
    let entry = |n: u32| {
        let at = (chrono::Utc::now() - chrono::Duration::minutes(i64::from(n))).to_rfc2822();
        format!(
            "<item><guid>{n}</guid><title>T{n}</title><link>{}/p/{n}</link><pubDate>{at}</pubDate><description>The whole story of the …</description></item>",
            site.at
        )
    };
    let doc = |items: String| {
        format!(
            "<rss version='2.0'><channel><title>B</title><link>{}/</link><description>d</description>{items}</channel></rss>",
            site.at
        )
    };
    site.put("/feed.xml", &doc(entry(1)));
    t.write(
        "config.toml",
        &(head()
            + &source("blog", &format!("network = \"feed\"\nurl = \"{}/feed.xml\"\nfull = true", site.at))),
    );
    ok(&t, &["fetch"]);
    assert!(ok(&t, &["list", "--json"]).contains("told at length"));
    // Another entry comes: the first keeps its text and was not edited.
    site.put("/feed.xml", &doc(entry(2) + &entry(1)));
    ok(&t, &["fetch"]);
    let all = json_lines(&ok(&t, &["list", "--state", "all", "--json"]));
    let first = all.iter().find(|m| m["native_id"] == "1").unwrap();
    assert!(
        first["text"].as_str().unwrap().contains("told at length") && first["edited"] == false,
        "{first}"
    );
    // Paused is paused, whoever asks for all; by its name it is asked, and stays paused.
    ok(&t, &["source", "pause", "blog"]);
    ok(&t, &["fetch"]);
    assert_eq!(health(&t, "blog")["health"], "paused");
    ok(&t, &["fetch", "--source", "blog"]);
    assert_eq!(health(&t, "blog")["health"], "paused");
    ok(&t, &["undo"]);
    assert_eq!(health(&t, "blog")["health"], "ok");
}

#[test]
fn what_is_exported_is_put_back_as_it_was() {
    let t = Temp::new();
    let site = Site::new();
    site.put(
        "/feed.xml",
        &feed(&[("1", "acme one", "first"), ("2", "acme two", "second"), ("3", "acme three", "x")]),
    );
    t.write("config.toml", &config(&site));
    ok(&t, &["fetch"]);
    let ids: Vec<String> = json_lines(&ok(&t, &["list", "--json"]))
        .iter()
        .map(|m| m["id"].as_str().unwrap().to_owned())
        .collect();
    ok(&t, &["done", &ids[0]]);
    ok(&t, &["tag", "lid", &ids[1]]);
    ok(&t, &["note", &ids[1], "call", "her"]);
    ok(&t, &["assign", "bo", &ids[1]]);
    ok(&t, &["snooze", "2h", &ids[2]]);
    let before = ok(&t, &["export"]);
    let file = t.write("all.jsonl", &before);
    let u = Temp::new();
    u.write("config.toml", &config(&site));
    ok(&u, &["import", "--restore", file.to_str().unwrap()]);
    let rows = |s: &str| {
        let mut all: Vec<String> = json_lines(s)
            .into_iter()
            .map(|m| {
                ["id", "source", "state", "tags", "notes", "assignee", "snoozed_until", "text", "at"]
                    .map(|k| m[k].to_string())
                    .join(" ")
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(rows(&ok(&u, &["export"])), rows(&before));
    // Without that word a line is an import, and its state is nobody's.
    let v = Temp::new();
    v.write("config.toml", &config(&site));
    ok(&v, &["import", file.to_str().unwrap()]);
    assert!(
        json_lines(&ok(&v, &["export"])).iter().all(|m| m["source"] == "import:blog" && m["state"] != "done")
    );
}

#[test]
fn exit_codes_tell_scripts_what_happened() {
    let t = Temp::new();
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "acme one", "first"), ("2", "acme two", "x")]));
    t.write("config.toml", &config(&site));
    let code = |args: &[&str]| run(&t, args).status.code();
    assert_eq!(code(&["list"]), Some(3));
    assert_eq!(code(&["fetch"]), Some(0));
    assert_eq!(code(&["list"]), Some(0));
    assert_eq!(code(&["list", "nothing-like-it"]), Some(3));
    assert_eq!(code(&["list", "(acme"]), Some(2));
    assert_eq!(code(&["show", "0000000000000"]), Some(3));
    assert_eq!(code(&["done"]), Some(2));
    assert_eq!(code(&["fetch", "--source", "blgo"]), Some(3));
    assert_eq!(code(&["no-such-command"]), Some(2));
    assert_eq!(code(&["undo"]), Some(3));
    assert_eq!(code(&["export", "drafts"]), Some(0));
    assert_eq!(code(&["check"]), Some(0));
    site.put("/feed.xml", "gone bad");
    assert_eq!(code(&["fetch"]), Some(1));
    // What was typed comes back cleaned, also from the reader of arguments.
    let o = run(&t, &["list", "--state", "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}"]);
    assert!(
        o.status.code() == Some(2) && !text(&o.stderr).contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'])
    );
    assert!(
        ok(&t, &["man"]).contains("hearken source add")
            && ok(&t, &["completions", "bash"]).contains("_hearken")
    );
}

#[test]
fn a_signal_ends_a_command_and_the_programs_that_it_started() {
    let t = Temp::new();
    let slow = script(&t, "slow", &format!("sleep 600 & echo $! > {}; wait", t.path("pid").display()));
    t.write(
        "config.toml",
        &(head() + &source("slow", &format!("network = \"command\"\ncommand = [\"{slow}\"]"))),
    );
    let mut child = hearken(&t).arg("fetch").stdout(std::process::Stdio::null()).spawn().unwrap();
    let pid = until("the program runs", || {
        std::fs::read_to_string(t.path("pid"))
            .map_err(|e| e.to_string())?
            .trim()
            .parse::<i32>()
            .map_err(|e| e.to_string())
    });
    let term = |pid: i32| {
        let kill = std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status();
        assert!(kill.unwrap().success());
    };
    term(child.id() as i32);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    // The program is the engine's, and ends with it.
    term(engine_of(&t));
    until("its child ends", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") { Ok(()) } else { Err(stat) }
    });
}

#[test]
fn a_damaged_store_is_refused_and_mended_on_request() {
    let t = Temp::new();
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "acme one", "first"), ("2", "acme two", "x")]));
    t.write("config.toml", &config(&site));
    ok(&t, &["fetch"]);
    ok(&t, &["stop"]);
    let db = t.path("data/index-0/db");
    let len = std::fs::metadata(&db).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&db).unwrap().set_len(len / 4).unwrap();
    for e in std::fs::read_dir(t.path("data/index-0")).unwrap().flatten() {
        if e.file_name().to_string_lossy().starts_with("snap") {
            std::fs::remove_file(e.path()).unwrap();
        }
    }
    let o = run(&t, &["list"]);
    assert!(o.status.code() == Some(4) && text(&o.stderr).contains("check --repair"), "{}", text(&o.stderr));
    let o = run(&t, &["check", "--repair"]);
    assert!(text(&o.stdout).contains("built anew"), "{}{}", text(&o.stdout), text(&o.stderr));
    assert_eq!(ok(&t, &["list"]).lines().count(), 2);
}

#[test]
fn the_terminal_reads_a_changed_configuration_again_or_says_why_not() {
    let t = Temp::new();
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "acme one", "first")]));
    site.put("/second.xml", &feed(&[("9", "acme from the second", "x")]));
    t.write("config.toml", &config(&site));
    let Some(term) = Tmux::start(&t, (100, 24), &shell_command(&t, "")) else { return };
    term.shows("acme one");
    t.write("config.toml", &(config(&site) + "[[source]]\nid = 3\n"));
    term.keys(&[":", "reload", "Enter"]);
    term.shows("stays in force");
    // All that is wrong, not only the first of it.
    term.shows("source 2 has no");
    term.shows("id in source 2 is integer");
    term.keys(&["q"]);
    let second = source("second", &format!("network = \"feed\"\nurl = \"{}/second.xml\"", site.at));
    t.write("config.toml", &(config(&site) + &second));
    term.keys(&[":", "reload", "Enter"]);
    term.shows("new (.)");
    term.keys(&["."]);
    term.shows("acme from the second");
    // One's own settings too: a mistake leaves the old ones, a good file is in force at once.
    t.write("ui.toml", "theme = \"nonsense\"\n");
    term.keys(&[":", "reload", "Enter"]);
    term.shows("the old settings stay in force");
    t.write("ui.toml", "[views]\n1 = \"second\"\n");
    t.write("keys.toml", "preset = \"gmail\"\nhelp = [\"?\", \"H\"]\n");
    term.keys(&[":", "reload", "Enter"]);
    term.shows("the configuration was read again");
    term.keys(&["1"]);
    term.shows("Acme · second · 1/1");
    term.keys(&["H"]);
    term.shows("type to search");
    term.keys(&["Escape", "u"]);
    term.shows("acme one");
    // Keys that somebody changed, and a file that would make one key two things.
    term.keys(&["u"]);
    term.shows("left with 0");
    t.write("keys.toml", "done = \"j\"\n");
    let o = std::process::Command::new("script")
        .args([
            "-qec",
            &format!(
                "{} --config {} --data {}",
                BIN,
                t.path("config.toml").display(),
                t.path("data").display()
            ),
            "/dev/null",
        ])
        .output();
    if let Ok(o) = o {
        assert!(text(&o.stdout).contains("“j” is both “down” and “done”"), "{}", text(&o.stdout));
    }
}

#[test]
fn doctor_says_where_things_lie_and_who_can_look_into_them() {
    let t = Temp::new();
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "Acme tins", "x")]));
    t.write("config.toml", &config(&site));
    ok(&t, &["fetch"]);
    let said = ok(&t, &["doctor"]);
    assert!(said.contains(&format!("{} 0700 (", t.path("data").display())), "{said}");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(t.path("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = ok(&t, &["doctor"]);
    assert!(said.contains("0755, open to others: chmod go= it"), "{said}");
    assert_eq!(json_lines(&ok(&t, &["doctor", "--json"]))[0]["data_mode"], "0755");
    // One address is asked once, however it is written.
    let o = run(&t, &["source", "add", &format!("{}/feed.xml?utm_source=x", site.at)]);
    assert!(text(&o.stderr).contains("is there already, as blog"), "{}", text(&o.stderr));
}

#[test]
fn the_teams_files_are_changed_with_their_comments_kept_and_whoever_was_slower_is_told() {
    let (t, site) = two_mentions();
    ok(&t, &["fetch"]);
    // The operator's topics are shown and not touched.
    assert!(ok(&t, &["topics"]).contains("brand (improve): acme"));
    let o = run(&t, &["topics", "set", "brand", "x"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("which is the operator's"), "{}", text(&o.stderr));
    ok(&t, &["topics", "set", "lids", "lids", "OR", "rings"]);
    let path = t.path("topics.toml");
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("query = \"lids OR rings\""), "{written}");
    // It is in force: what arrives now is matched by it.
    site.put("/feed.xml", &feed(&[("9", "Rings again", "No brand in here.")]));
    ok(&t, &["fetch"]);
    assert!(ok(&t, &["list"]).contains("Rings again"));
    // Comments stay, and a file that was edited by hand is read before it is written.
    std::fs::write(
        &path,
        format!("# ours, since May\n{}# the end\n", written.replace("rings\"", "rings\" # and tins")),
    )
    .unwrap();
    ok(&t, &["topics", "set", "lids", "lids"]);
    let now = std::fs::read_to_string(&path).unwrap();
    assert!(now.starts_with("# ours, since May\n") && now.contains("# the end"), "{now}");
    assert!(now.contains("query = \"lids\" # and tins"), "{now}");
    let log = ok(&t, &["log", "--json"]);
    assert!(log.contains("\"from\":\"lids OR rings\"") && log.contains("\"to\":\"lids\""), "{log}");
    // A mistake is refused and nothing is written; one made by hand leaves the old in force and is told.
    assert_eq!(run(&t, &["topics", "set", "lids", "(lids"]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), now);
    std::fs::write(&path, "[[topic]]\nname = 'lids'\nquery = '(lids'\n").unwrap();
    let o = run(&t, &["topics"]);
    let said = text(&o.stderr) + &text(&o.stdout);
    assert!(said.contains("topics.toml:3"), "{said}");
    std::fs::write(&path, &now).unwrap();
    // Views go the same way.
    ok(&t, &["views", "set", "late", "rings", "--state", "all"]);
    assert!(ok(&t, &["views"]).contains("late: rings (all)"));
    ok(&t, &["views", "remove", "late"]);
    assert_eq!(run(&t, &["views"]).status.code(), Some(3));
    ok(&t, &["topics", "remove", "lids"]);
    assert!(!ok(&t, &["topics"]).contains("lids"));
}

#[test]
fn rules_work_on_what_arrives_in_their_order_and_are_tried_first() {
    let (t, site) = two_mentions();
    ok(&t, &["fetch"]);
    ok(&t, &["rules", "set", "lids", "ring", "tag lids", "urgent"]);
    ok(&t, &["rules", "set", "thanks", "tag:lids OR thank*", "done"]);
    let tried = json_lines(&ok(&t, &["rules", "test", "--json"]));
    assert_eq!(
        (tried[0]["fits"].as_u64(), tried[1]["fits"].as_u64(), tried[0]["of"].as_u64()),
        (Some(1), Some(1), Some(2))
    );
    // What was there before stays as it is.
    assert_eq!(json_lines(&ok(&t, &["list", "--json"])).len(), 2);
    site.put("/feed.xml", &feed(&[("7", "Acme ring again", "It is off."), ("8", "Acme food", "Nice.")]));
    ok(&t, &["fetch"]);
    let done = json_lines(&ok(&t, &["list", "--state", "done", "--json"]));
    assert_eq!((done.len(), &done[0]["tags"]), (1, &serde_json::json!(["lids", "urgent"])));
    assert_eq!(json_lines(&ok(&t, &["list", "is:inbox", "--json"])).len(), 3);
    let log = ok(&t, &["log", "--json"]);
    assert!(log.contains("\"who\":\"rule:lids\"") && log.contains("\"who\":\"rule:thanks\""), "{log}");
    let o = run(&t, &["rules", "set", "bad", "x", "dance"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("is no action"), "{}", text(&o.stderr));
}
