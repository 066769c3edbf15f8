//! A disk that fills up under a running terminal, and has room again. A small file system of its own, in a mount
//! namespace, so that nothing else on the machine notices.

mod common;
use common::*;
use std::io::Write;
use std::process::Command;

fn many(n: usize) -> Vec<(String, String, String)> {
    // Text that does not compress away.
    let word = |i: usize| format!("{:x}", hearken::model::hash64(&["w", &i.to_string()]));
    let text = |i: usize| (0..400).map(|w| word(i * 400 + w)).collect::<Vec<_>>().join(" ");
    (0..n).map(|i| (format!("n{i}"), format!("Acme later {i}"), text(i))).collect()
}

#[test]
fn a_full_disk_stops_listening_and_nothing_else_and_room_lets_it_go_on() {
    let t = Temp::new();
    let data = t.path("data");
    std::fs::create_dir_all(&data).unwrap();
    let may = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none"]).arg(&data).output();
    if !may.is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: no file system may be mounted here, the full disk was not tried");
        return;
    }
    let site = Site::new();
    site.put("/feed.xml", &feed(&[("1", "Acme tins will not open", "x"), ("2", "Thank you acme", "Fine.")]));
    t.write("config.toml", &config(&site));
    let run = shell_command(&t, "");
    let after = format!(
        "{run}; {} > {}; {}; {}",
        shell_command(&t, "list --state all --limit 1000 --json"),
        t.path("listed").display(),
        shell_command(&t, "check"),
        shell_command(&t, "drafts --json")
    );
    let script = t.write(
        "run.sh",
        &format!("mount -t tmpfs -o size=48m,mode=700 none {} || exit 9\n{after}\n", data.display()),
    );
    let Some(term) = Tmux::start(&t, (100, 24), &format!("unshare -m sh {}", script.display())) else {
        return;
    };
    term.shows("Acme tins");
    term.keys(&["r"]);
    term.shows("reply");
    term.keys(&["Dear", "Space", "Ana"]);
    term.shows("characters · saved");
    term.keys(&["Escape"]);

    let pid = term.pid(&t);
    let inside = std::path::PathBuf::from(format!("/proc/{pid}/root{}", data.join("filler").display()));
    let mut filler = std::fs::File::create(&inside).unwrap();
    while filler.write_all(&[7; 1 << 16]).is_ok() {}
    while filler.write_all(&[7; 512]).is_ok() {}
    let new = many(60);
    let all: Vec<(&str, &str, &str)> =
        new.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    site.put("/feed.xml", &feed(&all));
    term.shows("disk is full");
    // The terminal lives: it moves, shows help, and refuses what it cannot keep.
    term.keys(&["j", "?"]);
    term.shows("type to search");
    term.keys(&["Escape", "e"]);
    term.shows("disk is full");
    assert!(term.screen().contains("Thank you acme") && term.screen().contains("Acme tins"));

    drop(filler);
    std::fs::remove_file(&inside).unwrap();
    term.shows("▲");
    term.keys(&["."]);
    term.shows("Acme later 0");
    term.keys(&["q"]);
    let s = term.shows("left with 0");
    assert!(s.contains("62 mentions, 0 findings"), "{s}");
    assert!(s.contains("Dear Ana"), "{s}");
    let listed = json_lines(&std::fs::read_to_string(t.path("listed")).unwrap());
    // What was refused did not happen.
    assert_eq!(listed.iter().filter(|m| m["state"] == "inbox").count(), 62, "{listed:#?}");
}
