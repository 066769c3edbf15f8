//! The rules of the house, read off the source: who imports whom, who names which crate, every module says what
//! it is for, and the documents are true.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Allowed edges, as the map in `lib.rs` has them.
const EDGES: &[(&str, &[&str])] = &[
    ("tui", &["door", "model", "query", "config", "clean"]),
    ("cli", &["door", "model", "query", "config", "clean"]),
    (
        "engine",
        &[
            "door", "account", "listen", "triage", "answer", "store", "net", "networks", "config", "query",
            "clean", "model",
        ],
    ),
    ("daemon", &["door", "model", "clean"]),
    ("serve", &["daemon", "engine", "config", "clean", "model", "paths"]),
    ("demo", &["config", "query", "net"]),
    ("paths", &["daemon", "store", "clean"]),
    ("account", &["net", "networks", "clean", "model"]),
    ("listen", &["account", "store", "net", "networks", "query", "clean", "model"]),
    ("triage", &["query", "model"]),
    ("answer", &["networks", "clean", "model"]),
    ("networks", &["clean", "model"]),
    ("net", &["clean", "model"]),
    ("store", &["query", "model"]),
    ("config", &["query", "networks", "model"]),
    ("door", &["model"]),
    ("clean", &["model"]),
    ("query", &["model"]),
    ("model", &[]),
];

/// Crates and the only places that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("sled::", &["store/kv.rs"]),
    ("tantivy::", &["store/fulltext/"]),
    ("zstd::", &["store/", "net/body.rs", "net/socket.rs"]),
    ("tokio_tungstenite::", &["net/socket.rs"]),
    ("async_imap::", &["net/mailbox.rs"]),
    ("tokio_rustls::", &["net/line.rs"]),
    ("hyper::", &["net/hook.rs"]),
    ("mail_parser::", &["networks/mail/"]),
    ("reqwest::", &["net/"]),
    ("std::process::Command", &["net/program.rs", "tui/tty.rs", "daemon/start.rs"]),
    ("tokio::net::Unix", &["daemon/", "net/hook.rs"]),
    ("tokio::process", &["net/program.rs"]),
    ("ratatui::", &["tui/"]),
    ("crossterm::", &["tui/"]),
    ("feed_rs::", &["networks/feed/"]),
    ("already_clean(", &["clean/", "model/text.rs", "store/", "cli/"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file: path below `src` and its text without tests.
fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for e in std::fs::read_dir(dir).unwrap().flatten() {
            if e.path().is_dir() { walk(&e.path(), out) } else { out.push(e.path()) }
        }
    }
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.sort();
    files
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .map(|p| {
            let name = p.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&p).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("").to_owned();
            (name, code)
        })
        .collect()
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.ends_with("stories.rs")
}

fn room(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap_or("")
}

#[test]
fn rooms_import_only_what_the_map_allows() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, code) in sources().iter().filter(|(n, _)| !is_test(n) && n != "lib.rs" && n != "main.rs") {
        let me = room(name);
        let mine = allowed.get(me).unwrap_or_else(|| panic!("the room {me} is not on the map"));
        for (i, line) in code.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let to: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if allowed.contains_key(to.as_str()) && to != me && !mine.contains(&to.as_str()) {
                    wrong.push(format!("{name}:{}: {me} -> {to}", i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "edges that the map in lib.rs does not have:\n{}", wrong.join("\n"));
}

#[test]
fn crates_are_named_only_in_their_rooms() {
    let mut wrong = Vec::new();
    for (name, code) in sources().iter().filter(|(n, _)| !is_test(n)) {
        for (c, places) in CRATES {
            let named = code.lines().any(|l| {
                let l = l.trim_start();
                let at = l.find(c);
                !l.starts_with("//")
                    && at.is_some_and(|i| {
                        i == 0 || !l.as_bytes()[i - 1].is_ascii_alphanumeric() && l.as_bytes()[i - 1] != b'_'
                    })
            });
            if named && !places.iter().any(|p| name.starts_with(p)) {
                wrong.push(format!("{name} names {c}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for_and_none_is_long() {
    let mut wrong = Vec::new();
    for (name, code) in sources() {
        if !is_test(&name) && !code.starts_with("//!") {
            wrong.push(format!("{name} has no word at the door (//!)"));
        }
        if code.lines().count() > 600 {
            wrong.push(format!("{name} has {} lines", code.lines().count()));
        }
        for stub in ["todo!", "unimplemented!", "dbg!("] {
            if code.contains(stub) && name != "house.rs" {
                wrong.push(format!("{name} has {stub}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_readme_has_the_table_of_keys_and_every_command() {
    let readme = document("README.md");
    let table = hearken::tui::action::markdown();
    assert!(readme.contains(table.trim()), "the README's table of keys should read:\n{table}");
    use clap::CommandFactory;
    for c in hearken::cli::Args::command().get_subcommands() {
        assert!(
            readme.contains(&format!("`{}", c.get_name())),
            "the README does not name the command {}",
            c.get_name()
        );
    }
    let first: Vec<&str> = readme.lines().filter(|l| l.starts_with("cargo ")).take(2).collect();
    assert_eq!(first, ["cargo run --release --locked", "cargo test --locked"]);
}

#[test]
fn the_example_configuration_is_read_and_has_the_defaults() {
    let c =
        hearken::config::Config::parse(&document("config.example.toml"), Path::new("config.example.toml"))
            .unwrap_or_else(|all| panic!("{}", all.iter().map(|p| format!("{p}\n")).collect::<String>()));
    let d = hearken::config::Config::empty(Path::new(""));
    assert_eq!(c.http, d.http);
    assert_eq!((c.inbox_since_ms, c.cache_mb), (d.inbox_since_ms, d.cache_mb));
    assert_eq!(c.sources[0].every, hearken::config::Every { ms: 600_000, exact: false });
    for class in ["heard", "main"] {
        assert_eq!(c.retention.classes[class], d.retention.classes[class]);
    }
}
