//! The real binary in a raw PTY, where every byte can be seen: what it sets it resets, however it ends; it asks the
//! terminal nothing; a frame is one write; at rest it is silent. And over a real SSH login, where one is at hand.

mod common;
use common::*;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A program on a PTY; all that it printed.
struct Pty {
    child: Child,
    master: std::fs::File,
    seen: Arc<Mutex<Vec<u8>>>,
    /// Everything that was printed is in `seen`.
    drained: Arc<AtomicBool>,
}

impl Pty {
    /// `None`, said loudly, where there is no setsid to give the program its own terminal.
    fn start(t: &Temp, env: &[(&str, &str)]) -> Option<Pty> {
        let (config, data) = (t.path("config.toml"), t.path("data"));
        let line = [BIN, "--config", config.to_str().unwrap(), "--data", data.to_str().unwrap()];
        Pty::run(&line, env)
    }

    fn run(line: &[&str], env: &[(&str, &str)]) -> Option<Pty> {
        let master =
            rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let size = rustix::termios::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        let slave = std::fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let io = || Stdio::from(OwnedFd::from(slave.try_clone().unwrap()));
        let mut c = Command::new("setsid");
        c.args(["--ctty", "--wait"]).args(line);
        c.env("TERM", "xterm-256color")
            .env("TZ", "UTC")
            .env("HEARKEN_LINGER", "1s")
            .env_remove("TMUX")
            .envs(env.iter().copied());
        let child = match c.stdin(io()).stdout(io()).stderr(io()).spawn() {
            Ok(c) => c,
            Err(e) => {
                eprintln!("SKIPPED: setsid cannot be run: {e}");
                return None;
            }
        };
        drop(slave);
        let master = std::fs::File::from(master);
        let seen = Arc::<Mutex<Vec<u8>>>::default();
        let drained = Arc::<AtomicBool>::default();
        let (all, mut from, end) = (seen.clone(), master.try_clone().unwrap(), drained.clone());
        std::thread::spawn(move || {
            let mut b = [0; 65536];
            while let Ok(n @ 1..) = from.read(&mut b) {
                all.lock().unwrap().extend_from_slice(&b[..n]);
            }
            end.store(true, Ordering::SeqCst);
        });
        Some(Pty { child, master, seen, drained })
    }

    fn all(&self) -> String {
        text(&self.seen.lock().unwrap())
    }

    fn shows(&self, words: &str) {
        until(words, || {
            let s = self.all();
            if s.contains(words) { Ok(()) } else { Err(s) }
        });
    }

    /// What was sent so far, once two looks in a row see the same.
    fn settled(&self) -> usize {
        let mut last = usize::MAX;
        until("the screen settles", || {
            std::thread::sleep(std::time::Duration::from_millis(400));
            let n = self.seen.lock().unwrap().len();
            let done = n == last;
            last = n;
            if done { Ok(n) } else { Err(String::new()) }
        })
    }

    fn keys(&mut self, keys: &str) {
        std::io::Write::write_all(&mut self.master, keys.as_bytes()).unwrap();
    }

    /// The exit code, once it has ended.
    fn ends(&mut self) -> Option<i32> {
        let child = &mut self.child;
        let code = until("the program ends", || child.try_wait().unwrap().ok_or_else(String::new)).code();
        // Its last bytes may still be on their way.
        until("all that it printed", || {
            if self.drained.load(Ordering::SeqCst) { Ok(()) } else { Err(String::new()) }
        });
        code
    }

    /// The process of the program itself.
    fn pid(&self, t: &Temp) -> i32 {
        process_of(t)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_up() -> (Temp, Site) {
    let t = Temp::new();
    let site = Site::new();
    site.put(
        "/feed.xml",
        &feed(&[("1", "Acme tins", "The ring comes off."), ("2", "Thank you acme", "Fine.")]),
    );
    t.write("config.toml", &config(&site));
    (t, site)
}

/// What was set on entering is reset on leaving, and nothing was asked of the terminal.
fn left_as_it_was(s: &str) {
    for (set, reset) in
        [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?2004h", "\x1b[?2004l"), ("\x1b[?25l", "\x1b[?25h")]
    {
        assert!(s.rfind(set).unwrap() < s.rfind(reset).unwrap_or(0), "{set:?} is not taken back");
    }
    for ask in [
        "\x1b[c",
        "\x1b[6n",
        "\x1b]10;?",
        "\x1b]11;?",
        "\x1b[?u",
        "\x1b[>c",
        "$p",
        "\x1b[?1000h",
        "\x1b[?1006h",
    ] {
        assert!(!s.contains(ask), "{ask:?} was sent");
    }
}

#[test]
fn quit_term_and_panic_leave_the_terminal_as_it_was() {
    let (t, _site) = set_up();
    let Some(mut p) = Pty::start(&t, &[]) else { return };
    p.shows(" tins");
    p.keys("q");
    assert_eq!(p.ends(), Some(0));
    left_as_it_was(&p.all());

    let Some(mut p) = Pty::start(&t, &[]) else { return };
    p.shows(" tins");
    let pid = p.pid(&t).to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(p.ends(), Some(143));
    left_as_it_was(&p.all());

    // Only a build for tests can be told to fail.
    let Some(mut p) = Pty::start(&t, &[("HEARKEN_FAIL_AT_KEY", "f")]) else { return };
    p.shows(" tins");
    p.keys("f");
    assert_ne!(p.ends(), Some(0));
    let s = p.all();
    left_as_it_was(&s);
    let after = &s[s.rfind("\x1b[?1049l").unwrap()..];
    assert!(after.contains("please report this"), "{after}");
}

#[test]
fn at_rest_nothing_is_sent_and_a_key_costs_little() {
    let (t, _site) = set_up();
    let Some(mut p) = Pty::start(&t, &[]) else { return };
    p.shows("Thank you ");
    let before = p.settled();
    p.keys("j");
    let after = p.settled();
    assert!((1..=200).contains(&(after - before)), "a move cost {} bytes", after - before);
    // Once, at the start.
    assert_eq!(p.all().matches("\x1b[2J").count(), 1);
    p.keys("q");
    p.ends();
}

#[test]
fn through_tmux_a_move_costs_as_little() {
    let (t, _site) = set_up();
    let name = format!("hkb{}", std::process::id());
    let inner = shell_command(&t, "");
    let line = ["tmux", "-L", &name, "-f", "/dev/null", "new-session", &inner, ";", "set", "status", "off"];
    let Some(mut p) = Pty::run(&line, &[]) else { return };
    if p.child.try_wait().unwrap().is_some() {
        eprintln!("SKIPPED: there is no tmux");
        return;
    }
    p.shows("Thank you ");
    let mut cost = Vec::new();
    let mut before = p.settled();
    for key in ["j", "k", "j", "k", "j"] {
        p.keys(key);
        let after = p.settled();
        cost.push(after - before);
        before = after;
    }
    println!("bytes of a move through tmux: {cost:?}");
    cost.sort_unstable();
    assert!((1..=200).contains(&cost[cost.len() / 2]), "moves cost {cost:?} bytes");
    let _ = Command::new("tmux").args(["-L", &name, "kill-server"]).status();
}

#[test]
fn what_is_copied_is_where_it_is_said_to_be() {
    let (t, _site) = set_up();
    // Without tmux: to the terminal, and shown to be selected by hand, since nobody hears whether it took it.
    let Some(mut p) = Pty::start(&t, &[]) else { return };
    p.shows("Thank you ");
    p.keys("y");
    p.shows("\x1b]52;c;aHR0cHM6Ly9ibG9nLmV4YW1wbGUvMQ==\x07");
    p.shows("https://blog.example/1");
    p.keys("q");
    p.ends();
    // In tmux: in its buffer, and by that on its way to the terminal.
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    term.keys(&["y"]);
    term.shows("copied to the tmux buffer");
    assert_eq!(text(&term.tmux(&["show-buffer"]).stdout), "https://blog.example/1");
    // The window says how much there is, in words and numbers of ours.
    until("a title", || {
        let title = text(&term.tmux(&["display-message", "-p", "#{pane_title}"]).stdout);
        if title.trim() == "hearken: 2 unread" { Ok(()) } else { Err(title) }
    });
}

#[test]
fn twenty_terminals_show_the_same_at_once_and_leave_as_they_came() {
    let (t, _site) = set_up();
    let mut all = Vec::new();
    for _ in 0..20 {
        let Some(p) = Pty::start(&t, &[]) else { return };
        all.push(p);
    }
    all.iter().for_each(|p| p.shows(" tins"));
    // What one claims all see; who writes is seen in every row.
    all[0].keys("a");
    let who = text(&Command::new("id").arg("-un").output().unwrap().stdout).trim().to_owned();
    let mark = format!("@{}", who.chars().take(7).collect::<String>());
    all.iter().for_each(|p| p.shows(&mark));
    all[19].keys("e");
    all[..19].iter().for_each(|p| p.shows("done "));
    // One that is killed takes nobody along.
    signal(all[7].child.id() as i32, "KILL");
    for p in &mut all {
        p.keys("q");
        p.ends();
    }
    assert!(ok(&t, &["check"]).contains("0 findings"));
}

/// A login by the command in this variable (`ssh -tt … host`), or a loud word that there is none.
fn login(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        eprintln!("SKIPPED: {variable} does not name a login (ssh -tt … host)");
    }
    found
}

#[test]
fn a_reply_written_over_ssh_survives_the_line() {
    login("HEARKEN_SSH_PEER").into_iter().for_each(|l| reply_over(&l));
}

#[test]
fn a_slow_line_is_enough_and_a_reply_survives_it() {
    login("HEARKEN_SSH_SLOW_PEER").into_iter().for_each(|l| reply_over(&l));
}

fn reply_over(ssh: &str) {
    let (t, _site) = set_up();
    let inner = shell_command(&t, "").replace('"', "\\\"");
    let Some(term) = Tmux::start(&t, (80, 24), &format!("{ssh} \"{inner}\"")) else { return };
    term.shows("Acme tins");
    term.keys(&["j"]);
    term.shows(" 2/2");
    term.keys(&["k"]);
    term.shows(" 1/2");
    term.keys(&["r"]);
    term.shows("reply");
    term.keys(&["over the line"]);
    term.shows("over the line");
    // The client dies as with a lost connection: no word to the other side.
    let pid = until("ssh runs", || {
        let o = Command::new("pgrep")
            .args(["-n", "-f", &format!("^ssh -tt .*{}", t.0.file_name().unwrap().to_str().unwrap())])
            .output();
        text(&o.unwrap().stdout).trim().parse::<i32>().map_err(|e| e.to_string())
    });
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    let draft = until("the draft is there", || {
        let o = run(&t, &["drafts", "--json"]);
        let all = text(&o.stdout);
        if o.status.success() { Ok(all) } else { Err(text(&o.stderr)) }
    });
    assert!(draft.contains("over the line"), "{draft}");
}
