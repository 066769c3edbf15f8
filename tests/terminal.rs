//! The real binary in a real terminal (tmux): signals, a terminal that goes away, resizing, tiny screens, and what
//! happens where there is no terminal at all.

mod common;
use common::*;
use std::process::Stdio;

fn gone(pid: i32) {
    until("the process ends", || {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") { Ok(()) } else { Err(state) }
    });
}

fn only_draft(t: &Temp) -> String {
    json_lines(&ok(t, &["drafts", "--json"]))[0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn term_saves_restores_and_says_143() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    term.keys(&["r"]);
    term.shows("reply");
    term.keys(&["half"]);
    term.shows("half");
    signal(term.pid(&t), "TERM");
    term.shows("left with 143");
    assert_eq!(only_draft(&t), "half");
}

#[test]
fn a_terminal_that_goes_away_ends_it_with_the_draft_saved() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    term.keys(&["r"]);
    term.shows("reply");
    term.keys(&["word"]);
    term.shows("word");
    let pid = term.pid(&t);
    drop(term);
    gone(pid);
    assert_eq!(only_draft(&t), "word");
}

#[test]
fn a_terminal_that_goes_away_without_any_signal_ends_it_too() {
    // The leader of the session swallows the signal, as sudo and some supervisors do.
    let (t, _site) = two_mentions();
    let inner = format!("trap '' HUP; {}", shell_command(&t, ""));
    let Some(term) = Tmux::start(&t, (80, 24), &inner) else { return };
    term.shows("Acme tins");
    let pid = term.pid(&t);
    drop(term);
    gone(pid);
}

#[test]
fn resizing_and_tiny_screens_do_no_harm() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (160, 45), &shell_command(&t, "")) else { return };
    term.shows("people on the screen");
    for i in 0..40u32 {
        let (w, h) = (20 + (i * 37) % 150, 5 + (i * 13) % 45);
        term.tmux(&["resize-window", "-x", &w.to_string(), "-y", &h.to_string()]);
    }
    term.tmux(&["resize-window", "-x", "20", "-y", "5"]);
    term.keys(&["j", "Enter", "q", "?", "C-g"]);
    term.tmux(&["resize-window", "-x", "80", "-y", "24"]);
    term.shows("Acme tins");
    term.keys(&["q"]);
    term.shows("left with 0");
}

#[test]
fn suspended_and_back() {
    let (t, _site) = two_mentions();
    // An interactive shell has job control.
    let Some(term) = Tmux::start(&t, (80, 24), "bash --norc -i") else { return };
    term.keys(&[&shell_command(&t, ""), "Enter"]);
    term.shows("Acme tins");
    term.keys(&["C-z"]);
    term.shows("Stopped");
    term.keys(&["fg", "Enter"]);
    term.shows("Thank you acme");
    term.keys(&["j", "q"]);
    term.shows_not("unread");
}

#[test]
fn the_first_screen_asks_two_things_and_writes_a_file() {
    let t = Temp::new();
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "Acme tins will not open", "x")]));
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("What do you listen for?");
    term.keys(&["acme", "Enter"]);
    term.shows("Which feeds or pages");
    term.keys(&[&format!("{}/feed.xml", site.at), "Enter"]);
    term.shows("Acme tins will not open");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(t.path("config.toml")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    for e in std::fs::read_dir(t.path("data")).unwrap().flatten() {
        let mode = std::os::unix::fs::PermissionsExt::mode(&e.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{}", e.path().display());
    }
}

#[test]
fn without_a_terminal_it_says_so() {
    let (t, _site) = two_mentions();
    let o = hearken(&t).stdin(Stdio::null()).output().unwrap();
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("no terminal"));
    let none = Temp::new();
    let o = run(&none, &["list"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("hearken init"));
}

#[test]
fn the_demo_lives_needs_no_file_and_leaves_no_trace() {
    let t = Temp::new();
    let Some(term) = Tmux::start(&t, (120, 30), &shell_command(&t, "demo --pace 1")) else { return };
    term.shows("Whiskerbowl Cat Food");
    term.shows("Whiskerbowl tins will not open");
    // Until a key is pressed new posts flow in; from then on they wait.
    term.keys(&["j"]);
    term.shows("new (.)");
    term.keys(&[".", "q"]);
    term.shows("left with 0");
    assert!(!t.path("data").exists() && !t.path("config.toml").exists());
    let a = ok(&t, &["demo", "--seed", "3", "--json"]);
    assert!(json_lines(&a).len() >= 12);
}

#[test]
fn two_terminals_and_a_command_see_the_same() {
    let (t, _site) = two_mentions();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins");
    let other = Tmux::start(&t, (100, 30), &shell_command(&t, "")).unwrap();
    other.shows("Acme tins");
    other.keys(&["e"]);
    other.shows("1 done");
    term.shows("done 1");
    let id = json_lines(&ok(&t, &["list", "--json"]))[0]["id"].as_str().unwrap().to_owned();
    ok(&t, &["tag", "seen", &id]);
    other.keys(&["Enter"]);
    other.shows("#seen");
    let said = ok(&t, &["status", "--format", "{inbox} {done} {terminals}"]);
    assert_eq!(said.trim(), "1 1 2");
}

#[test]
fn a_demo_whose_reader_goes_away_clears_its_own_folder_and_nothing_beside_it() {
    let t = Temp::new();
    let tmp = t.path("tmp");
    std::fs::create_dir_all(&tmp).unwrap();
    t.write("tmp/mine", "stays");
    let mut child = hearken(&t)
        .args(["demo", "--json"])
        .env("TMPDIR", &tmp)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    until("the demo ends", || child.try_wait().unwrap().ok_or_else(String::new));
    let left: Vec<_> = std::fs::read_dir(&tmp).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["mine"]);
}
