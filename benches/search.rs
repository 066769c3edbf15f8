//! Searching what is stored: `cargo bench --bench search -- 1000000 [folder]` fills a store while 500 topics are
//! matched and the index is made beside it, then asks every shape of query for its first page and its number, in a
//! process of its own. `… dump FILE` writes the same posts as JSON lines, for other tools. The posts are made of real
//! ones where `HEARKEN_SHARED` has them, else of a list of words.

use hearken::listen::Topics;
mod posts;

use hearken::model::{Item, Mention, Stamp, State};
use hearken::query::{Context, Doc, Query, Scope};
use hearken::store::{Arrivals, Incoming, PageQuery, Store, Wanted, background};
use posts::{BEGIN, MONTH_MS, Random, by_frequency, mention, texts};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CACHE_MB: u64 = 64;
const BATCH: u64 = 500;

fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let f: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|i| f.get(*i)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn memory(what: &str) -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = s.lines().find(|l| l.starts_with(what)).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn percentile(v: &mut [Duration], p: f64) -> f64 {
    v.sort_unstable();
    v.get(((v.len() as f64 - 1.0) * p) as usize).copied().unwrap_or_default().as_secs_f64() * 1000.0
}

fn folder_bytes(dir: &Path) -> u64 {
    let all = std::fs::read_dir(dir).into_iter().flatten().flatten();
    all.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}

fn main() {
    hearken::paths::one_heap();
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let total: u64 = args.first().and_then(|a| a.parse().ok()).unwrap_or(100_000);
    if args.get(1).is_some_and(|a| a == "dump") {
        return dump(total, args.get(2).map_or("posts.jsonl", String::as_str));
    }
    let dir = args.get(1).map_or_else(
        || std::env::temp_dir().join(format!("hearken-search-{}", std::process::id())),
        PathBuf::from,
    );
    match args.get(2).map(String::as_str) {
        Some("fill") => fill(&dir, total),
        Some("ask") => ask(&dir),
        _ => {
            let _ = std::fs::remove_dir_all(&dir);
            let me = std::env::current_exe().expect("self");
            for part in ["fill", "ask"] {
                let run = std::process::Command::new(&me)
                    .args([&total.to_string(), &*dir.to_string_lossy(), part])
                    .status();
                assert!(run.is_ok());
            }
            let _ = std::fs::remove_dir_all(&dir);
        }
    }
}

fn dump(total: u64, file: &str) {
    let texts = texts();
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("a file"));
    for n in 0..total {
        let m = mention(n, total, &texts).mention;
        let v = serde_json::json!({"id": n, "title": m.title.as_str(), "text": m.text.as_str(), "source": m.source, "at": m.at.0});
        writeln!(out, "{v}").expect("written");
    }
}

/// 500 topics of words that are neither common nor rare.
fn topics(texts: &[String]) -> Topics {
    let words = by_frequency(texts);
    let mut r = Random(5);
    let mut w = || words[(200 + r.next(8000) as usize).min(words.len() - 1)].as_str();
    let all = (0..500).map(|i| {
        let q = match i {
            i if i % 50 == 7 => format!("\"{}\" /{}[a-z]+/", w(), w()),
            i if i % 10 == 3 => format!("(\"{}\" OR \"{}\") NEAR/5 (\"{}\" OR \"{}\")", w(), w(), w(), w()),
            _ => format!("\"{}\" \"{}\" -\"{}\"", w(), w(), w()),
        };
        (format!("t{i}"), Query::parse(&q, Scope::Listen).expect("a query"))
    });
    Topics::new(all.collect(), Default::default())
}

fn fill(dir: &Path, total: u64) {
    let texts = texts();
    let topics = topics(&texts);
    let s = Arc::new(Store::open(dir, CACHE_MB).expect("open"));
    let stop = Arc::new(AtomicBool::new(false));
    let (s2, stop2) = (s.clone(), stop.clone());
    let tender = std::thread::spawn(move || {
        background();
        while !stop2.load(Ordering::Relaxed) {
            if !s2.tend().expect("tend") {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    });
    let (s2, stop2) = (s.clone(), stop.clone());
    let indexer = std::thread::spawn(move || {
        background();
        loop {
            if !s2.index(false).expect("index") {
                if stop2.load(Ordering::Relaxed) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        while s2.index(true).expect("index") {}
        s2.index_rest().expect("rest");
    });
    let own = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let sampled = own.clone();
    std::thread::spawn(move || {
        loop {
            sampled.fetch_max(memory("RssAnon"), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let (c, begin) = (cpu(), Instant::now());
    let (mut bytes, mut making, mut matching, mut hits) = (0u64, Duration::ZERO, Duration::ZERO, 0u64);
    let mut n = 0;
    while n < total {
        let t = Instant::now();
        let mut items: Vec<Incoming> =
            (n..(n + BATCH).min(total)).map(|i| mention(i, total, &texts)).collect();
        bytes += items.iter().map(|i| (i.mention.title.len() + i.mention.text.len()) as u64).sum::<u64>();
        making += t.elapsed();
        n += items.len() as u64;
        let t = Instant::now();
        for i in &mut items {
            topics.judge(&mut i.mention, &[]);
            hits += u64::from(!i.mention.topics.is_empty());
        }
        matching += t.elapsed();
        s.ingest(vec![Arrivals::of("bench", "feed", "main", items)]).expect("ingest");
    }
    let stored = begin.elapsed();
    stop.store(true, Ordering::Relaxed);
    indexer.join().expect("indexer");
    tender.join().expect("tender");
    let wall = begin.elapsed();
    let used = (cpu() - c).saturating_sub(making).as_secs_f64();
    let index = folder_bytes(&dir.join("search"));
    println!("posts          {total} of {} bytes of text, {hits} of them for a topic", bytes / total);
    println!(
        "stored in      {:.1} s, {:.0}/s; filed behind it after {:.1} s: {:.0}/s (making them took {:.1} s of that)",
        stored.as_secs_f64(),
        total as f64 / stored.as_secs_f64(),
        wall.as_secs_f64(),
        total as f64 / wall.as_secs_f64(),
        making.as_secs_f64()
    );
    println!(
        "cpu            {:.1} us a post for matching, store and index ({:.1} us matching)",
        used * 1e6 / total as f64,
        matching.as_secs_f64() * 1e6 / total as f64
    );
    println!(
        "peak memory    {} MB, of which {} MB were not files of the index in the page cache (sampled)",
        memory("VmHWM"),
        own.load(Ordering::Relaxed)
    );
    println!(
        "index          {} MB, {:.1} % of the text's bytes; whole folder {} MB",
        index >> 20,
        index as f64 * 100.0 / bytes as f64,
        s.disk_bytes().expect("disk") >> 20
    );
    std::process::abort();
}

fn ask(dir: &Path) {
    let words = by_frequency(&texts());
    let t = Instant::now();
    let s = Store::open(dir, CACHE_MB).expect("open");
    println!("opened in      {:.2} s, {} MB", t.elapsed().as_secs_f64(), memory("VmRSS"));
    s.file_work().expect("work");
    let w = |n: usize| words[n.min(words.len() - 1)].as_str();
    let (a, b, mid, rare) = (w(0), w(1), w(900), w(12_000));
    let shapes: Vec<(&str, String)> = vec![
        ("a rare word", rare.into()),
        ("a middling word", mid.into()),
        ("a common word", a.into()),
        ("common AND common", format!("{a} {b}")),
        ("common AND rare", format!("{a} {rare}")),
        ("common OR common", format!("{a} OR {b}")),
        ("common, not common", format!("{a} -{b}")),
        ("not common", format!("-{a}")),
        ("a phrase of common words", format!("\"{} {}\"", "of", a)),
        ("a phrase of rare words", format!("\"{} {}\"", w(5000), w(5001))),
        ("NEAR", format!("{a} NEAR/3 {mid}")),
        ("a beginning", format!("{}*", &rare[..4.min(rare.len())])),
        ("a short beginning", "str*".into()),
        ("a wildcard", "st?p".into()),
        ("in the title", format!("title:{mid}")),
        ("a source", "source:source-7".into()),
        ("an author", "author:a77".into()),
        ("a site", "site:blog7.example".into()),
        ("text and field", format!("{mid} source:source-7")),
        ("a state", "is:inbox".into()),
        ("text and state", format!("{a} is:inbox")),
        ("text or state", format!("{rare} OR is:inbox")),
        ("read, no text", "is:unread -is:heard".into()),
        ("a time", "date:2026-09-25..2026-09-26".into()),
        ("text and time", format!("{mid} date:>2026-10-01")),
        ("a tag that nobody set", "tag:bug".into()),
        ("no matches", "qqqzzzxyy".into()),
        ("raw, with signs", "`c++`".into()),
        ("regex with a literal", "/launch[a-z]{2,}/".into()),
        ("regex, rare literal", "/ref7777[a-z0-9]/".into()),
        ("regex without one", "/[0-9]{4}-[0-9]{2}/".into()),
        ("six words", format!("({a} OR {mid}) {b} -{rare} source:source-7 -is:done")),
    ];
    println!("first page, 21 rows            first       p50    p95 ms    with n  how many");
    for (name, q) in shapes {
        let query = match Query::parse(&q, Scope::View) {
            Ok(q) => q,
            Err(e) => {
                println!("{name}: {e}");
                continue;
            }
        };
        let cx =
            Context { now: Stamp(BEGIN + MONTH_MS as i64), zone: 0, me: Some("ana"), ..Context::default() };
        let published = |m: &Mention| query.matches_in(&Doc::of_mention(m), &cx).is_some();
        let whole = |i: &Item| query.matches_in(&Doc::of_item(i, "ana"), &cx).is_some();
        let wanted = if query.asks_of_work() { Wanted::Item(&whole) } else { Wanted::Mention(&published) };
        let r = s.reader();
        let page = PageQuery { budget: 20_000, ..PageQuery::newest(&State::ALL, "ana", 21) };
        let (mut pages, mut with_n, mut rows, mut number) = (Vec::new(), Vec::new(), 0, (0, false));
        for _ in 0..25 {
            let t = Instant::now();
            // As the engine does it.
            let plan = query.plan(&cx);
            let probe = PageQuery { budget: 4_000, ..page.clone() };
            let probed = plan.plan.is_slow().then(|| r.page_of(&probe, Some(wanted), None).expect("page"));
            let (found, p) = match probed.filter(|p| p.items.len() >= page.limit) {
                Some(p) => (None, p),
                None => {
                    let found = r.find(&plan, "ana").expect("find");
                    let p = r.page_of(&page, Some(wanted), found.as_ref()).expect("page");
                    (found, p)
                }
            };
            pages.push(t.elapsed());
            rows = p.items.len();
            let mut looks = 512;
            number = r
                .count(page.states, "ana", Some(wanted), found.as_ref(), &mut |_| {
                    looks -= 1;
                    looks > 0
                })
                .expect("count");
            with_n.push(t.elapsed());
            if t.elapsed() > Duration::from_secs(2) {
                break;
            }
        }
        let first = pages[0].as_secs_f64() * 1000.0;
        println!(
            "{name:<26} {first:>9.1} {:>9.1} {:>9.1} {:>9.1}  {}{} ({rows} rows)",
            percentile(&mut pages, 0.5),
            percentile(&mut pages, 0.95),
            percentile(&mut with_n, 0.5),
            if number.1 { "" } else { ">= " },
            number.0
        );
    }
    let cx = Context::default();
    for q in [format!("{a} OR {b}"), format!("{mid} OR {rare}")] {
        let query = Query::parse(&q, Scope::View).expect("a query");
        let r = s.reader();
        let mut times = Vec::new();
        for _ in 0..10 {
            let t = Instant::now();
            let found = r.find(&query.plan(&cx), "ana").expect("find");
            r.rank(found.as_ref(), &query.forms(), 0b1111, 10_000).expect("rank");
            times.push(t.elapsed());
        }
        println!(
            "best first: {q:<14} p50 {:.1} p95 {:.1} ms",
            percentile(&mut times, 0.5),
            percentile(&mut times, 0.95)
        );
    }
    println!("memory then    {} MB, {} MB at most", memory("VmRSS"), memory("VmHWM"));
}
