//! Real feeds and hostile input: nothing panics, nothing hangs, nothing unsafe comes out; and how far we agree
//! with what other readers find in the same files.

mod common;
use common::*;
use hearken::clean;
use hearken::model::{Mention, Stamp};
use hearken::networks::feed::{Context, Heard, parse};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const NOW: Stamp = Stamp(1_790_000_000_000);
/// The longest one file may take.
const HANG: Duration = Duration::from_secs(5);

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for e in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let p = e.path();
        if p.is_dir() { out.extend(files(&p)) } else { out.push(p) }
    }
    out.sort();
    out
}

/// The file's bytes, unpacked if it is packed, with the cap that the fetcher has.
fn bytes(p: &Path) -> Vec<u8> {
    let raw = std::fs::read(p).unwrap();
    if p.extension().is_none_or(|e| e != "gz") {
        return raw;
    }
    let mut out = Vec::new();
    let _ = flate2::read::MultiGzDecoder::new(raw.as_slice()).take(24 << 20).read_to_end(&mut out);
    out
}

fn unsafe_char(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn check_safe(m: &Mention, p: &Path) {
    for t in [
        &m.title,
        &m.text,
        &m.author.name,
        &m.author.native,
        &m.native_id,
        &m.url,
        &m.community,
        &m.thread,
        &m.parent,
    ] {
        assert!(!t.chars().any(unsafe_char), "{}: {t:?}", p.display());
        assert!(t.len() <= clean::BODY_MAX);
    }
    assert!(m.url.is_empty() || m.url.starts_with("http://") || m.url.starts_with("https://"));
}

fn read(p: &Path) -> Result<Vec<Mention>, String> {
    let b = bytes(p);
    let t = Instant::now();
    let heard = parse(
        &b,
        &Context { source: "s", url: "http://example.org/feed", content_type: "", now: NOW, shared_ids: &[] },
    );
    assert!(t.elapsed() < HANG, "{} took {:?}", p.display(), t.elapsed());
    match heard {
        Ok(Heard::Feed(d)) => {
            let all: Vec<Mention> = d.items.into_iter().map(|i| i.mention).collect();
            all.iter().for_each(|m| check_safe(m, p));
            Ok(all)
        }
        Ok(Heard::Page { .. }) => Err("a page".into()),
        Err(e) => {
            assert!(!e.chars().any(unsafe_char));
            Err(e.to_string())
        }
    }
}

fn memory_mb() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = s.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[test]
fn real_feeds_are_read() {
    let Some(dir) = shared("corpus/feeds") else { return };
    let (mut ok, mut bad, mut entries) = (0, Vec::new(), 0);
    for p in files(&dir) {
        let name = p.to_string_lossy().into_owned();
        let feed = [".xml", ".rss", ".atom", ".json", ".rdf"].iter().any(|e| name.ends_with(e));
        // The expected results of other readers lie beside the feeds.
        let expected = name.contains("/gofeed/") && name.ends_with(".json")
            || name.contains("/feed-rs/") && name.ends_with("expected.json");
        if !feed || expected || name.contains("opml") || name.contains("perceval") {
            continue;
        }
        match read(&p) {
            Ok(all) => {
                ok += 1;
                entries += all.len();
            }
            Err(e) => bad.push((name, e)),
        }
    }
    println!("feeds read: {ok} of {} ({entries} entries)", ok + bad.len());
    let mut why: std::collections::BTreeMap<String, usize> = Default::default();
    for (_, e) in &bad {
        *why.entry(e.chars().take(60).collect()).or_default() += 1;
    }
    println!("not read, by reason: {why:#?}");
    assert!(ok * 100 >= (ok + bad.len()) * 92, "{bad:#?}");
}

/// gofeed's expected results: as many items, and each title and link that it finds.
#[test]
fn agreement_with_gofeed() {
    let Some(dir) = shared("corpus/feeds/gofeed/parser") else { return };
    let (mut agree, mut all, mut not) = (0, 0, Vec::new());
    for p in files(&dir).into_iter().filter(|p| p.extension().is_some_and(|e| e == "xml")) {
        let Ok(text) = std::fs::read_to_string(p.with_extension("json")) else { continue };
        let Ok(want) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let items = want
            .get("items")
            .or_else(|| want.get("entries"))
            .and_then(|i| i.as_array())
            .cloned()
            .unwrap_or_default();
        if items.is_empty() {
            continue;
        }
        all += 1;
        let plain = |s: &str| {
            let t =
                if clean::looks_like_html(s) { clean::html(s, None).text.to_string() } else { s.to_owned() };
            clean::line(&t).into_string()
        };
        let got = read(&p).unwrap_or_default();
        let same = got.len() == items.len()
            && got.iter().zip(&items).all(|(m, i)| {
                let title = i["title"].as_str().map(plain).unwrap_or_default();
                m.title.as_str() == title
            });
        if same {
            agree += 1;
        } else {
            not.push(p.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    println!("gofeed: number of items and titles agree in {agree} of {all}; not in {not:?}");
    assert!(agree * 100 >= all * 88);
}

/// feedparser's expected results stand in a comment: the titles of first entries that it names.
#[test]
fn agreement_with_feedparser() {
    let Some(dir) = shared("corpus/feeds/feedparser") else { return };
    let (mut agree, mut all, mut not) = (0, 0, Vec::new());
    for p in files(&dir).into_iter().filter(|p| p.extension().is_some_and(|e| e == "xml")) {
        let raw = String::from_utf8_lossy(&std::fs::read(&p).unwrap()).into_owned();
        let Some(expect) = raw.split("Expect:").nth(1).and_then(|e| e.lines().next()) else { continue };
        for (key, pick) in [("title", 0), ("link", 1), ("author", 2)] {
            let Some(v) = expect.split(&format!("entries[0]['{key}'] == ")).nth(1) else { continue };
            let v = v.trim_start_matches('u').trim();
            let Some(q) = v.chars().next().filter(|c| matches!(c, '\'' | '"')) else { continue };
            let Some(want) = v[1..].split(q).next().filter(|w| !w.contains('\\')) else { continue };
            all += 1;
            let got = read(&p).ok().and_then(|m| m.into_iter().next());
            let got = got
                .map(|m| [m.title.to_string(), m.url.to_string(), m.author.name.to_string()][pick].clone())
                .unwrap_or_default();
            let want = if clean::looks_like_html(want) {
                clean::html(want, None).text.to_string()
            } else {
                want.to_owned()
            };
            if got.trim_end_matches('/') == clean::line(&want).trim_end_matches('/') {
                agree += 1;
            } else {
                not.push(format!(
                    "{} {key}: want {want:?} got {got:?}",
                    p.strip_prefix(&dir).unwrap().display()
                ));
            }
        }
    }
    println!("feedparser: {agree} of {all} first entries' titles, links and authors agree");
    for n in &not {
        println!("  {n}");
    }
    assert!(agree * 100 >= all * 60, "{not:#?}");
}

#[test]
fn hostile_input_does_no_harm() {
    let Some(dir) = shared("corpus/hostile") else { return };
    let mut read_files = 0;
    for p in files(&dir) {
        let name = p.to_string_lossy().into_owned();
        if name.ends_with(".tar.gz") {
            let raw = std::fs::read(&p).unwrap();
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(raw.as_slice()).read_to_end(&mut plain).unwrap();
            // A tar is blocks of 512 bytes: a head with a size in octal, then the file.
            let mut at = 0;
            while at + 512 < plain.len() && plain[at] != 0 {
                let size = String::from_utf8_lossy(&plain[at + 124..at + 135]).trim().to_owned();
                let n = usize::from_str_radix(size.trim_matches('\0'), 8).unwrap_or(0);
                let t = Instant::now();
                let heard = parse(
                    &plain[at + 512..at + 512 + n],
                    &Context {
                        source: "s",
                        url: "http://e.example/f",
                        content_type: "",
                        now: NOW,
                        shared_ids: &[],
                    },
                );
                assert!(t.elapsed() < HANG);
                if let Ok(Heard::Feed(d)) = heard {
                    d.items.iter().for_each(|i| check_safe(&i.mention, &p));
                }
                at += 512 + n.div_ceil(512) * 512;
                read_files += 1;
            }
            continue;
        }
        if name.ends_with(".jsonl") {
            for line in std::fs::read_to_string(&p).unwrap().lines() {
                let Ok(v) = serde_json::from_str::<serde_json::Value>(line) else { continue };
                let Some(s) = v["text"].as_str().or_else(|| v["s"].as_str()) else { continue };
                for t in [clean::line(s), clean::text(s).0, clean::html(s, None).text, clean::draft(s)] {
                    assert!(!t.chars().any(unsafe_char), "{name}: {s:?} -> {t:?}");
                }
            }
        }
        let _ = read(&p);
        if name.ends_with(".json") || name.ends_with(".json.gz") {
            let b = bytes(&p);
            for l in String::from_utf8_lossy(&b).lines().take(2000) {
                let _ = hearken::listen::parse_line(l, "import:x", "import", NOW);
            }
        }
        read_files += 1;
    }
    println!("hostile: {read_files} files, peak memory {} MB", memory_mb());
    assert!(read_files > 500);
    // The other tests of this file may run beside; each of them alone needs far less.
    assert!(memory_mb() <= 200, "{} MB", memory_mb());
}
