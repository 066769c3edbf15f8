//! One engine and those who come to it: real processes, real sockets, other users, broken ones and hostile ones.

mod common;
use common::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// An engine in the foreground, ended with the test.
struct Serving {
    child: Child,
    socket: PathBuf,
}

impl Serving {
    fn start(t: &Temp) -> Serving {
        let socket = t.path("run/engine.sock");
        let child =
            hearken(t).arg("serve").arg("--socket").arg(&socket).stderr(Stdio::null()).spawn().unwrap();
        let s = Serving { child, socket };
        until("the engine listens", || UnixStream::connect(&s.socket).map_err(|e| e.to_string()));
        s
    }

    fn at(&self, args: &[&str]) -> Command {
        let mut c = Command::new(BIN);
        c.arg("--socket").arg(&self.socket).args(args);
        c
    }

    fn raw(&self) -> UnixStream {
        let s = UnixStream::connect(&self.socket).unwrap();
        s.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        s
    }

    /// A connection that was let in.
    fn greeted(&self) -> UnixStream {
        let mut s = self.raw();
        // A greeting: variant 0, version "x", no configuration, events, no terminal.
        let hello = [0u8, 1, b'x', 0, 1, 0];
        s.write_all(b"HKEN\x08\0\0\0").unwrap();
        s.write_all(&(hello.len() as u32).to_le_bytes()).unwrap();
        s.write_all(&hello).unwrap();
        let mut first = [0; 8];
        s.read_exact(&mut first).unwrap();
        assert_eq!(&first[..4], b"HKEN");
        let mut len = [0; 4];
        s.read_exact(&mut len).unwrap();
        let mut welcome = vec![0; u32::from_le_bytes(len) as usize];
        s.read_exact(&mut welcome).unwrap();
        assert_eq!(welcome[0], 0, "not welcome: {welcome:?}");
        s
    }

    fn well(&self) {
        // Those who came before may take a moment to be gone.
        until("the engine answers", || {
            let o = self.at(&["status"]).output().unwrap();
            if o.status.success() { Ok(()) } else { Err(text(&o.stderr)) }
        });
    }

    fn memory_kb(&self) -> u64 {
        let s = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = s.lines().find(|l| l.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_engine_is_replaced_and_the_terminal_goes_on_where_it_was() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    term.keys(&["j", "r"]);
    term.shows("reply");
    term.keys(&["Dear", "Space", "Ana"]);
    term.shows("characters · saved");
    let first = engine_of(&t);
    signal(first, "KILL");
    term.shows("the engine is there again");
    let second = until("another engine", || match engine_of(&t) {
        pid if pid == first => Err(pid.to_string()),
        pid => Ok(pid),
    });
    // The words that were being written are still being written, and are kept.
    term.keys(&["Space", "again"]);
    term.shows("Dear Ana again");
    term.shows("characters · saved");
    term.keys(&["Escape"]);
    term.shows("2/2");
    assert_eq!(json_lines(&ok(&t, &["drafts", "--json"]))[0]["text"], "Dear Ana again");
    // A filter stays, and so does what was done between two engines.
    term.keys(&["/", "thank", "Enter"]);
    term.shows_not("Acme tins");
    signal(second, "KILL");
    term.shows("the engine is there again");
    term.shows("Thank you acme");
    assert!(!term.screen().contains("Acme tins"));
    term.keys(&["e"]);
    term.shows("1 done");
    term.keys(&["q", "q"]);
    term.shows("left with 0");
}

#[test]
fn a_terminal_that_is_killed_leaves_the_engine_and_the_draft() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    term.keys(&["r"]);
    term.shows("reply");
    term.keys(&["half"]);
    term.shows("characters · saved");
    let (engine, terminal) = (engine_of(&t), term.pid(&t));
    signal(terminal, "KILL");
    term.shows("Killed");
    assert_eq!(json_lines(&ok(&t, &["drafts", "--json"]))[0]["text"], "half");
    assert_eq!(engine_of(&t), engine);
    // Nobody is there any more: it leaves, and takes its socket with it.
    until("the engine leaves", || {
        let stat = std::fs::read_to_string(format!("/proc/{engine}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") { Ok(()) } else { Err(stat) }
    });
    let o = run(&t, &["status"]);
    assert_eq!(o.status.code(), Some(4), "{}", text(&o.stderr));
}

#[test]
fn a_stopped_engine_frees_the_store_and_a_terminal_waits_for_it() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    let o = run(&t, &["check", "--repair"]);
    assert!(o.status.code() == Some(4) && text(&o.stderr).contains("hearken stop"), "{}", text(&o.stderr));
    // Without repair it is a question like any other.
    assert!(ok(&t, &["check"]).contains("2 mentions, 0 findings"));
    ok(&t, &["stop"]);
    term.shows("stopped the engine");
    assert!(ok(&t, &["check", "--repair"]).contains("2 mentions, 0 findings"));
    ok(&t, &["list"]);
    term.shows("the engine is there again");
}

#[test]
fn another_configuration_for_a_running_engine_is_refused_with_both_names() {
    let (t, site) = two_mentions();
    ok(&t, &["fetch"]);
    let other = t.write("other.toml", &config(&site));
    let o = Command::new(BIN)
        .args(["list", "--config"])
        .arg(&other)
        .arg("--data")
        .arg(t.path("data"))
        .env("HEARKEN_LINGER", "1s")
        .output()
        .unwrap();
    let said = text(&o.stderr);
    assert_eq!(o.status.code(), Some(4));
    assert!(said.contains("other.toml") && said.contains("config.toml"), "{said}");
    // A change of the one that it has is taken in by the next who comes, or the fault is named.
    t.write("config.toml", &(config(&site) + "[inbox]\nsinze = \"1d\"\n"));
    assert!(text(&run(&t, &["list"]).stderr).contains("did you mean since?"));
    t.write("config.toml", &config(&site).replace("\"Acme\"", "\"Renamed\""));
    ok(&t, &["fetch"]);
    assert_eq!(ok(&t, &["sources"]).lines().count(), 1);
}

#[test]
fn many_commands_at_once_share_one_engine() {
    let (t, _site) = two_mentions();
    ok(&t, &["fetch"]);
    ok(&t, &["stop"]);
    let ids: Vec<String> = {
        let out = ok(&t, &["list", "--json"]);
        json_lines(&out).iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect()
    };
    ok(&t, &["stop"]);
    let all: Vec<Child> = (0..12)
        .map(|i| {
            let (id, tag) = (ids[i % 2].clone(), format!("t{i}"));
            hearken(&t).args(["tag", &tag, &id]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for c in all {
        let o = c.wait_with_output().unwrap();
        assert!(o.status.success(), "{}", text(&o.stderr));
    }
    let tags: usize =
        json_lines(&ok(&t, &["list", "--json"])).iter().map(|m| m["tags"].as_array().unwrap().len()).sum();
    assert_eq!(tags, 12);
}

#[test]
fn nonsense_and_hunger_harm_nobody_else() {
    let (t, _site) = two_mentions();
    let s = Serving::start(&t);
    // Another version gets a sentence.
    let mut old = s.raw();
    old.write_all(b"HKEN\x63\0\0\0").unwrap();
    let mut said = Vec::new();
    old.read_to_end(&mut said).unwrap();
    assert!(text(&said[8..]).contains("newer than the engine"), "{}", text(&said));
    // Noise, before and behind the greeting; lengths that promise the moon; frames that never end.
    let mut x = 0x9e37_79b9u32;
    let mut noise = |n: usize| -> Vec<u8> {
        (0..n)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                x as u8
            })
            .collect()
    };
    for i in 0..60 {
        let mut c = if i % 3 == 0 { s.raw() } else { s.greeted() };
        let len = noise(1)[0] as usize * 7;
        let body = noise(len);
        let head = if i % 2 == 0 { (len as u32).to_le_bytes() } else { [0xff; 4] };
        let _ = c.write_all(&head).and_then(|()| c.write_all(&body));
    }
    let mut begun = s.greeted();
    begun.write_all(&(8u32 << 20).to_le_bytes()).unwrap();
    begun.write_all(&[1; 100]).unwrap();
    s.well();
    // Somebody asks and asks, and never reads an answer.
    let mut hungry = s.greeted();
    hungry.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let before = s.memory_kb();
    // Request 1 (ask), a ticket, and the questions for sources, which have no fields.
    let ask = postcard_ask();
    let mut sent = 0;
    while sent < 200_000 && hungry.write_all(&ask).is_ok() {
        sent += 1;
    }
    s.well();
    let grown = s.memory_kb().saturating_sub(before);
    assert!(grown < 40_000, "{grown} KB more after {sent} questions");
    // A small question with a huge answer, and a line without an end beside a flood of events.
    let mut greedy = s.raw();
    let id = "0000000000001";
    let ids = vec![format!("\"{id}\""); 50_000].join(",");
    greedy.write_all(format!("{{\"id\":1,\"ask\":{{\"Items\":[{ids}]}}}}\n").as_bytes()).unwrap();
    let mut said = String::new();
    BufReader::new(greedy.try_clone().unwrap()).read_line(&mut said).unwrap();
    assert!(said.len() < 1000, "{} bytes", said.len());
    greedy.write_all(b"{\"events\":true}\n").unwrap();
    greedy.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut noisy = s.raw();
    let mut given = 0usize;
    for i in 0..400 {
        let here =
            format!("{{\"ask\":{{\"Here\":{{\"reading\":\"000000000000{}\",\"writing\":null}}}}}}\n", i % 10);
        noisy.write_all(here.as_bytes()).unwrap();
        if greedy.write_all(&[b'x'; 100_000]).is_err() {
            break;
        }
        given += 100_000;
    }
    assert!(given < 20_000_000, "{given} bytes of one line were taken");
    s.well();
    drop((greedy, noisy));
    // More connections than anybody needs: theirs are refused, and when they go there is room again.
    // Only a few are told so at a time, and each for a moment.
    until("they are told", || {
        let _many: Vec<UnixStream> = (0..70).map(|_| s.raw()).collect();
        let o = s.at(&["status"]).output().unwrap();
        if text(&o.stderr).contains("too many connections") { Ok(()) } else { Err(text(&o.stderr)) }
    });
    drop((hungry, begun));
    until("there is room again", || {
        let o = s.at(&["status"]).output().unwrap();
        if o.status.success() { Ok(()) } else { Err(text(&o.stderr)) }
    });
}

/// The frame of a question, made by the program's own code.
fn postcard_ask() -> Vec<u8> {
    let body = hearken::daemon::question(7, hearken::door::Request::Sources);
    let mut out = (body.len() as u32).to_le_bytes().to_vec();
    out.extend(body);
    out
}

#[test]
fn scripts_speak_json_lines() {
    let (t, _site) = two_mentions();
    let s = Serving::start(&t);
    until("it is heard", || {
        let o = s.at(&["list", "--json"]).output().unwrap();
        if json_lines(&text(&o.stdout)).len() == 2 { Ok(()) } else { Err(text(&o.stdout)) }
    });
    let mut c = s.raw();
    let mut r = BufReader::new(c.try_clone().unwrap());
    let mut ask = |line: &str| -> serde_json::Value {
        c.write_all(line.as_bytes()).unwrap();
        c.write_all(b"\n").unwrap();
        let mut said = String::new();
        r.read_line(&mut said).unwrap();
        serde_json::from_str(&said).unwrap()
    };
    let v = ask(r#"{"id": 1, "ask": "Counts"}"#);
    assert!(v["id"] == 1 && v["reply"]["Counts"]["inbox"] == 2, "{v}");
    assert!(ask("{nonsense").to_string().contains("makes no sense"));
    let v = ask(
        r#"{"id": 2, "ask": {"List": {"states": ["inbox"], "filter": "tins", "from": {"time": 18446744073709551615, "id": "fzzzzzzzzzzzz"}, "older": true, "limit": 5, "fold": false}}}"#,
    );
    let item = &v["reply"]["List"]["items"][0];
    assert_eq!(item["mention"]["title"], "Acme tins will not open", "{v}");
    let act = serde_json::json!({"id": 3, "ask": {"Act": {"verb": "Done", "targets": {"Mentions": [item["key"]]}, "quiet": false}}});
    assert_eq!(ask(&act.to_string())["reply"]["Applied"]["changed"], 1);
    assert_eq!(ask(r#"{"id": 4, "events": true}"#)["reply"], "Events");
    // What another one does is told.
    let id = item["id"].as_str().unwrap();
    assert!(s.at(&["inbox", id]).output().unwrap().status.success());
    let mut said = String::new();
    r.read_line(&mut said).unwrap();
    assert!(said.starts_with("{\"event\""), "{said}");
}

#[test]
fn a_service_says_ready_reads_its_configuration_again_and_ends_clean() {
    let (t, site) = two_mentions();
    let manager = UnixDatagram::bind(t.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let socket = t.path("run/engine.sock");
    let mut child = hearken(&t)
        .arg("serve")
        .arg("--socket")
        .arg(&socket)
        .env("NOTIFY_SOCKET", t.path("notify"))
        .env("WATCHDOG_USEC", "200000")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hear = |what: &str| {
        let mut b = [0; 100];
        loop {
            let n = manager.recv(&mut b).unwrap();
            if text(&b[..n]) == what {
                return;
            }
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    t.write("config.toml", &(config(&site) + "[inbox]\nsince = \"nonsense\"\n"));
    signal(child.id() as i32, "HUP");
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("stays in force") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended");
    }
    signal(child.id() as i32, "TERM");
    hear("STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!socket.exists());
}

/// A command of another user of this system (nobody), or a loud word that there is none.
fn as_nobody(program: &Path, args: &[&str]) -> Option<std::process::Output> {
    let may = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "true"])
        .status();
    if !may.is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED: no other user can be played here (root and setpriv are needed)");
        return None;
    }
    let o = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(program)
        .args(args)
        .env("HOME", "/nonexistent")
        .env_remove("XDG_RUNTIME_DIR")
        .output();
    Some(o.unwrap())
}

#[test]
fn a_stranger_gets_nowhere_and_a_colleague_as_far_as_the_role() {
    let (t, site) = two_mentions();
    let open = |p: &Path, mode: u32| {
        std::fs::set_permissions(p, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // A program and a folder that the other user can reach: what stops them is not the way there.
    open(&t.0, 0o755);
    let bin = t.path("hearken");
    std::fs::copy(BIN, &bin).unwrap();
    open(&bin, 0o755);
    let group = std::fs::read_to_string("/etc/group").unwrap().lines().find_map(|l| {
        (l.split(':').nth(2) == Some("65534")).then(|| l.split(':').next().unwrap().to_owned())
    });
    let name = std::fs::read_to_string("/etc/passwd").unwrap().lines().find_map(|l| {
        (l.split(':').nth(2) == Some("65534")).then(|| l.split(':').next().unwrap().to_owned())
    });
    let (Some(group), Some(name)) = (group, name) else {
        eprintln!("SKIPPED: there is no user 65534 here");
        return;
    };
    let s = Serving::start(&t);
    until("it is heard", || {
        let o = s.at(&["list", "--json"]).output().unwrap();
        if json_lines(&text(&o.stdout)).len() == 2 { Ok(()) } else { Err(text(&o.stdout)) }
    });
    let socket = s.socket.display().to_string();
    // A private engine: its socket and its files are closed.
    open(&t.path("run"), 0o755);
    let Some(o) = as_nobody(&bin, &["--socket", &socket, "list"]) else { return };
    assert!(o.status.code() == Some(4) && o.stdout.is_empty(), "{o:?}");
    for file in ["data/COMMITS", "data/index-0/db"] {
        let o = as_nobody(Path::new("/bin/cat"), &[&t.path(file).display().to_string()]).unwrap();
        assert!(!o.status.success(), "{file} can be read");
    }
    drop(s);

    // A shared one: the group comes in, and is told what it may.
    let shared = format!(
        "[engine]\ngroup = \"{group}\"\n[roles]\nread = [\"@{group}\"]\ndraft = [\"bo\"]\nadmin = [\"ana\"]\n"
    );
    t.write("config.toml", &(config(&site) + &shared));
    let s = Serving::start(&t);
    assert_eq!(std::fs::metadata(&s.socket).unwrap().permissions().mode() & 0o777, 0o660);
    let mine = |args: &[&str]| {
        let all: Vec<&str> = ["--socket", &socket].into_iter().chain(args.iter().copied()).collect();
        as_nobody(&bin, &all).unwrap()
    };
    let o = mine(&["list", "--json"]);
    let listed = json_lines(&text(&o.stdout));
    assert_eq!(listed.len(), 2, "{}", text(&o.stderr));
    let id = listed[0]["id"].as_str().unwrap();
    let o = mine(&["done", id]);
    let said = text(&o.stderr);
    assert_eq!(o.status.code(), Some(5), "{said}");
    assert!(
        said.contains("needs the role draft") && said.contains(&name) && said.contains("bo, ana"),
        "{said}"
    );
    for args in
        [&["stop"][..], &["backup", "/tmp/x"], &["source", "pause", "blog"], &["fetch"], &["wipe", id]]
    {
        assert_eq!(mine(args).status.code(), Some(if args[0] == "backup" { 1 } else { 5 }), "{args:?}");
    }
    // Read is theirs alone, and the log says who.
    assert!(mine(&["read", id]).status.success());
    let log = text(&s.at(&["log", "--json"]).output().unwrap().stdout);
    assert!(json_lines(&log).iter().any(|e| e["who"] == name.as_str()), "{log}");
    // Somebody without any role is told who could give one; whoever runs it has had the file read.
    t.write("config.toml", &(config(&site) + &shared.replace(&format!("read = [\"@{group}\"]\n"), "")));
    s.well();
    let o = mine(&["list"]);
    assert!(text(&o.stderr).contains("has no role here; ana may give one"), "{}", text(&o.stderr));

    // An engine that somebody else planted is not trusted with a word.
    open(&t.0, 0o777);
    let planted = t.path("theirs/planted.sock");
    let mut fake = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&bin)
        .args(["serve", "--config"])
        .arg(t.path("config.toml"))
        .arg("--data")
        .arg(t.path("theirs/data"))
        .arg("--socket")
        .arg(&planted)
        .env("HOME", "/nonexistent")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("it listens", || UnixStream::connect(&planted).map_err(|e| e.to_string()));
    let o = Command::new(BIN).args(["list", "--socket"]).arg(&planted).output().unwrap();
    let _ = fake.kill();
    let _ = fake.wait();
    assert!(text(&o.stderr).contains("is not the user who should"), "{}", text(&o.stderr));
}

#[test]
fn relative_names_mean_what_they_mean_where_they_are_typed() {
    let (t, _site) = two_mentions();
    let o = Command::new(BIN)
        .args(["--config", "config.toml", "--data", "data", "fetch"])
        .current_dir(&t.0)
        .env("HEARKEN_LINGER", "1s")
        .output()
        .unwrap();
    assert!(o.status.success(), "{}", text(&o.stderr));
    assert!(t.path("data/COMMITS").exists());
    assert_eq!(ok(&t, &["list"]).lines().count(), 2);
}

#[test]
fn who_reads_and_writes_is_told_and_forgotten_with_the_connection() {
    let (t, _site) = two_mentions();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(presence(&t));
}

async fn presence(t: &Temp) {
    use hearken::door::{Door, Event, Reply, Request};
    use hearken::engine::{Caller, Engine, Here, Listen};
    use hearken::model::{Id, Role};
    use hearken::store::Asker;
    let c = hearken::config::Config::read(&t.path("config.toml")).unwrap();
    let asker = |who: &str| Asker { who: who.into(), uid: 1000 };
    let engine = Engine::start(c, &t.path("data"), asker("ana"), Listen::Never).unwrap();
    let of = |who: &str, role| {
        Here::of(engine.clone(), Caller { asker: asker(who), groups: vec![], fixed: Some(role) })
    };
    let (ana, bo) = (of("ana", Role::Admin), of("bo", Role::Read));
    let mut heard = ana.events();
    bo.ask(Request::Here { reading: Some(Id(7)), writing: None }).await;
    let Ok(Event::Presence(all)) = heard.recv().await else { panic!() };
    assert!(all.len() == 1 && all[0].who == "bo" && all[0].reading == Some(Id(7)));
    // The same again is no news.
    bo.ask(Request::Here { reading: Some(Id(7)), writing: None }).await;
    assert!(heard.try_recv().is_err());
    let Reply::Presence(all) = ana.ask(Request::Presence).await else { panic!() };
    assert_eq!(all.len(), 1);
    drop(bo);
    let Ok(Event::Presence(all)) = heard.recv().await else { panic!() };
    assert!(all.is_empty());
    // An open connection has the role of now, not that of its beginning.
    let cy = Here::of(
        engine.clone(),
        Caller { asker: Asker { who: "cy".into(), uid: 4242 }, groups: vec![], fixed: None },
    );
    assert!(matches!(cy.ask(Request::Counts).await, Reply::Counts(_)));
    let roles = std::fs::read_to_string(t.path("config.toml")).unwrap() + "[roles]\nadmin = [\"ana\"]\n";
    t.write("config.toml", &roles);
    engine.reload().unwrap();
    let Reply::Refused(r) = cy.ask(Request::Counts).await else { panic!() };
    assert!(r.text.contains("cy has no role here any more"), "{}", r.text);
    // What happened while somebody was away, from the end of their last terminal on.
    let Reply::Since(None) = ana.ask(Request::Since).await else { panic!() };
    drop(ana);
    let again = until("it is noted", || {
        let door = of("ana", Role::Admin);
        let said = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(door.ask(Request::Since))
        });
        if let Reply::Since(Some(s)) = said { Ok(s) } else { Err(format!("{said:?}")) }
    });
    assert_eq!(again.words(), None);
    engine.stop();
}

#[test]
fn whoever_comes_back_hears_what_happened() {
    let (t, site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    term.keys(&["q"]);
    term.shows("left with 0");
    site.put("/feed.xml", &feed(&[("9", "Acme is back", "x"), ("8", "acme again", "y")]));
    ok(&t, &["fetch"]);
    let again = Tmux::start(&t, (80, 24), &shell_command(&t, "")).unwrap();
    again.shows("since 20");
    again.shows(": 2 new");
}
