//! Columns as we count them against what tmux itself draws, over texts that people really wrote. The table is that of
//! the tmux at hand; the product's rule stays its own, and a text of any width stands last on its row.

mod common;
use common::*;
use hearken::clean;
use hearken::clean::width::{fit, width};
use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

const CHILD: &str = "HEARKEN_WIDTHS_OF";
/// Texts that are tried, and columns of each.
const TEXTS: usize = 6_000;
const COLUMNS: usize = 60;

/// Runs in a terminal, named by a variable: prints each line of a file at the left edge and asks where the cursor is.
#[test]
fn child() {
    let Some(file) = std::env::var_os(CHILD) else { return };
    let mut tty = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").unwrap();
    let mut raw = rustix::termios::tcgetattr(&tty).unwrap();
    raw.make_raw();
    rustix::termios::tcsetattr(&tty, rustix::termios::OptionalActions::Now, &raw).unwrap();
    let mut out = String::new();
    for line in std::io::BufReader::new(std::fs::File::open(&file).unwrap()).lines() {
        let line = line.unwrap();
        tty.write_all(format!("\x1b[H\x1b[2K{line}\x1b[6n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut b = [0u8; 1];
        while b[0] != b'R' {
            tty.read_exact(&mut b).unwrap();
            answer.push(b[0]);
        }
        let answer = text(&answer);
        let column: usize = answer.trim_end_matches('R').rsplit(';').next().unwrap().parse().unwrap();
        out += &format!("{}\n", column - 1);
    }
    let mut done = std::path::PathBuf::from(file);
    done.set_extension("part");
    std::fs::write(&done, out).unwrap();
    std::fs::rename(&done, done.with_extension("columns")).unwrap();
}

fn texts() -> Vec<String> {
    // What breaks tables by itself, then what people wrote.
    let mut all: Vec<String> = [
        "日本語のテキスト",
        "한국어 텍스트",
        "ภาษาไทยน้ำ",
        "مرحبا بالعالم",
        "שלום עולם",
        "हिन्दी में लिखा",
        "e\u{301}a\u{300}o\u{308}",
        "🐈 and 🐕‍🦺 and 👩‍👩‍👧",
        "👍🏽 ok",
        "☕️ ☕ ✈️ ✈",
        "ﷺ one",
        "½ ± · … ▲ ▸ ✓",
        "🇫🇷 flags 🇯🇵",
        "a\u{200d}b",
        "…—–‘’“”",
    ]
    .map(str::to_owned)
    .to_vec();
    let Some(dir) = shared("corpus/mentions") else { return all };
    let mut read = |name: &str, key: &str, n: usize| {
        let Ok(file) = std::fs::File::open(dir.join(name)) else { return };
        let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(file)).lines();
        let found = lines.map_while(Result::ok).filter_map(|l| {
            let v: serde_json::Value = serde_json::from_str(&l).ok()?;
            v.as_object()?.iter().find(|(k, v)| *k == key && v.is_string())?.1.as_str().map(str::to_owned)
        });
        all.extend(found.filter(|t| !t.is_ascii()).take(n));
    };
    read("tweets_multilingual.jsonl.gz", "text", TEXTS);
    read("twitter_support_twcs.jsonl.gz", "text", TEXTS / 4);
    read("hn_texts.jsonl.gz", "text", TEXTS / 4);
    all
}

#[test]
fn texts_are_as_wide_as_tmux_draws_them() {
    let t = Temp::new();
    let all: Vec<String> =
        texts().iter().map(|s| fit(&clean::line(s), COLUMNS)).filter(|s| !s.is_empty()).collect();
    t.write("texts", &(all.join("\n") + "\n"));
    let me = std::env::current_exe().unwrap();
    let command = format!("{CHILD}={} {} --exact child", t.path("texts").display(), me.display());
    let Some(term) = Tmux::start(&t, (100, 10), &command) else { return };
    let drawn = until("tmux drew them all", || {
        std::fs::read_to_string(t.path("texts.columns")).map_err(|e| format!("{e}\n{}", term.screen()))
    });
    let drawn: Vec<usize> = drawn.lines().map(|l| l.parse().unwrap()).collect();
    assert_eq!(drawn.len(), all.len());
    let other: Vec<(&String, usize)> =
        all.iter().zip(&drawn).filter(|(s, d)| width(s) != **d).map(|(s, d)| (s, *d)).collect();
    // Which characters it is about: those that the texts which differ have in common.
    let mut chars: BTreeMap<char, usize> = BTreeMap::new();
    for (s, _) in &other {
        s.chars()
            .filter(|c| !c.is_alphanumeric() && !c.is_ascii())
            .for_each(|c| *chars.entry(c).or_default() += 1);
    }
    let mut chars: Vec<(usize, String)> =
        chars.into_iter().map(|(c, n)| (n, format!("U+{:04X}", c as u32))).collect();
    chars.sort_by(|a, b| b.cmp(a));
    chars.truncate(12);
    println!("{} of {} texts differ from tmux; most about {chars:?}", other.len(), all.len());
    for (s, d) in other.iter().take(12) {
        println!("  {} here, {d} there: {s}", width(s));
    }
    assert!(other.len() * 1000 <= all.len(), "{} of {} texts differ", other.len(), all.len());
}
