//! What tests of the real binary share: a private folder, a loopback server, the program, tmux.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod http;
pub mod publishers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static N: AtomicU32 = AtomicU32::new(0);

/// A folder that goes with the test.
pub struct Temp(pub PathBuf);

impl Temp {
    pub fn new() -> Temp {
        let n = N.fetch_add(1, Ordering::SeqCst);
        let p = std::env::temp_dir().join(format!("hearken-test-{}-{n}", std::process::id()));
        let _ = std::fs::remove_dir_all(&p);
        std::fs::create_dir_all(&p).unwrap();
        Temp(p)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let p = self.path(name);
        std::fs::write(&p, text).unwrap();
        p
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub const BIN: &str = env!("CARGO_BIN_EXE_hearken");

/// The program with its configuration and data in the folder.
pub fn hearken(t: &Temp) -> Command {
    // A long run may use a copy, so that a build beside it does not change it.
    let mut c = Command::new(std::env::var_os("HEARKEN_BIN").unwrap_or_else(|| BIN.into()));
    c.arg("--config").arg(t.path("config.toml")).arg("--data").arg(t.path("data"));
    c.env("TZ", "UTC").env("HEARKEN_LINGER", "1s").env_remove("NO_COLOR");
    c
}

pub fn run(t: &Temp, args: &[&str]) -> Output {
    hearken(t).args(args).output().unwrap()
}

/// Runs and expects success; gives stdout.
pub fn ok(t: &Temp, args: &[&str]) -> String {
    let o = run(t, args);
    assert!(o.status.success(), "{args:?}: {:?}\n{}\n{}", o.status, text(&o.stdout), text(&o.stderr));
    text(&o.stdout)
}

pub fn text(b: &[u8]) -> String {
    String::from_utf8_lossy(b).into_owned()
}

pub fn json_lines(s: &str) -> Vec<serde_json::Value> {
    s.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

/// Waits until something is so; says what was seen last if it never is.
pub fn until<T>(what: &str, mut see: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        match see() {
            Ok(t) => return t,
            Err(last) => assert!(Instant::now() < end, "never: {what}\n{last}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program that serves its socket; killed when it goes.
pub struct Serving(std::process::Child);

impl Serving {
    pub fn start(t: &Temp) -> Serving {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(t.path("engine.log")).unwrap();
        Serving(hearken(t).arg("serve").stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }

    /// As a crash would end it.
    pub fn kill(mut self) {
        signal(self.0.id().try_into().unwrap(), "KILL");
        self.0.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server on loopback with documents that can be changed.
pub struct Site {
    pub at: String,
    docs: std::sync::Arc<std::sync::Mutex<std::collections::HashMap<String, String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Site {
    pub fn new() -> Site {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let docs: std::sync::Arc<std::sync::Mutex<std::collections::HashMap<String, String>>> =
            Default::default();
        let d = docs.clone();
        let at = runtime
            .block_on(hearken::net::serve::serve(std::sync::Arc::new(move |p: &str| {
                let body = d.lock().unwrap().get(p)?.clone().into_bytes();
                let page = body.starts_with(b"<html") || body.starts_with(b"<!doctype html");
                let content_type = if page { "text/html" } else { "application/rss+xml" };
                Some(hearken::net::serve::Served { content_type, body })
            })))
            .unwrap();
        Site { at: format!("http://{at}"), docs, _runtime: runtime }
    }

    pub fn put(&self, path: &str, body: &str) {
        self.docs.lock().unwrap().insert(path.to_owned(), body.to_owned());
    }
}

/// A feed of entries `(guid, title, text)`, all of them a few minutes old.
pub fn feed(entries: &[(&str, &str, &str)]) -> String {
    let now = chrono::Utc::now();
    let items: String = entries
        .iter()
        .enumerate()
        .map(|(i, (guid, title, text))| {
            let at = (now - chrono::Duration::minutes(i as i64 + 1)).to_rfc2822();
            format!(
                "<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title><link>https://blog.example/{guid}</link>\
                 <author>Ana</author><pubDate>{at}</pubDate><description>{text}</description></item>"
            )
        })
        .collect();
    format!(
        "<rss version='2.0'><channel><title>Blog</title><link>https://blog.example/</link><description>d</description>{items}</channel></rss>"
    )
}

/// A configuration with one source.
pub fn config(site: &Site) -> String {
    format!(
        "[brand]\nname = \"Acme\"\n[[topic]]\nname = \"brand\"\nquery = 'acme'\n[[source]]\nid = \"blog\"\nnetwork = \"feed\"\nurl = \"{}/feed.xml\"\nevery = \"=1s\"\n",
        site.at
    )
}

/// A folder, a site with two mentions, and a configuration of both.
pub fn two_mentions() -> (Temp, Site) {
    let t = Temp::new();
    let site = Site::new();
    site.put(
        "/feed.xml",
        &feed(&[("1", "Acme tins will not open", "The ring comes off."), ("2", "Thank you acme", "Fine.")]),
    );
    t.write("config.toml", &config(&site));
    (t, site)
}

pub fn signal(pid: i32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

/// A terminal: a tmux of its own. `None` (said loudly) where there is no tmux.
pub struct Tmux {
    name: String,
}

impl Tmux {
    pub fn start(t: &Temp, size: (u32, u32), command: &str) -> Option<Tmux> {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("SKIPPED: there is no tmux, the real terminal was not tried");
            return None;
        }
        let n = N.fetch_add(1, Ordering::SeqCst);
        let me = Tmux { name: format!("hk{}-{n}", std::process::id()) };
        let (w, h) = (size.0.to_string(), size.1.to_string());
        let shell = format!("cd {} && {command}; echo \"left with $?\"; exec sleep 1000", t.0.display());
        let o = me.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &w, "-y", &h, &shell]);
        assert!(o.status.success(), "{}", text(&o.stderr));
        Some(me)
    }

    pub fn tmux(&self, args: &[&str]) -> Output {
        Command::new("tmux").arg("-L").arg(&self.name).args(args).env("TZ", "UTC").output().unwrap()
    }

    pub fn keys(&self, keys: &[&str]) {
        for k in keys {
            assert!(self.tmux(&["send-keys", k]).status.success());
        }
    }

    pub fn screen(&self) -> String {
        text(&self.tmux(&["capture-pane", "-p"]).stdout)
    }

    /// Waits until the screen holds the words.
    pub fn shows(&self, words: &str) -> String {
        until(words, || {
            let s = self.screen();
            if s.contains(words) { Ok(s) } else { Err(s) }
        })
    }

    pub fn shows_not(&self, words: &str) -> String {
        until(&format!("not {words}"), || {
            let s = self.screen();
            if s.contains(words) { Err(s) } else { Ok(s) }
        })
    }

    /// The process that runs in the pane.
    pub fn pid(&self, t: &Temp) -> i32 {
        process_of(t)
    }
}

/// The process of the terminal or command that works on this folder.
pub fn process_of(t: &Temp) -> i32 {
    process(t, false)
}

/// The process of the engine of this folder.
pub fn engine_of(t: &Temp) -> i32 {
    process(t, true)
}

fn process(t: &Temp, engine: bool) -> i32 {
    until("the program's process", || {
        for e in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(cmd) = std::fs::read(e.path().join("cmdline")) else { continue };
            let cmd = text(&cmd);
            let serves = cmd.split('\0').any(|a| a == "serve");
            if cmd.starts_with(BIN) && serves == engine && cmd.contains(&*t.0.to_string_lossy()) {
                return e.file_name().to_string_lossy().parse().map_err(|_| String::new());
            }
        }
        Err("none".into())
    })
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The command line of the program in a shell.
pub fn shell_command(t: &Temp, args: &str) -> String {
    format!(
        "TZ=UTC HEARKEN_LINGER=1s {BIN} --config {} --data {} {args}",
        t.path("config.toml").display(),
        t.path("data").display()
    )
}

/// The folder of shared material, if there is one.
pub fn shared(what: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("HEARKEN_SHARED").map(PathBuf::from);
    let found = dir.map(|d| d.join(what)).filter(|d| Path::exists(d));
    if found.is_none() {
        eprintln!("SKIPPED: HEARKEN_SHARED has no {what}");
    }
    found
}
