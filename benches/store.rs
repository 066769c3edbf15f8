//! The store under load. `cargo bench --bench store -- 1000000 [folder]` prints one line a figure: ingest with
//! all postings, verbs beside ingest, first pages of every state, opening after a kill.

use hearken::model::{Author, Id, Item, Mention, Stamp, State, Targets, Text, Verb, hash64};
use hearken::store::{Arrivals, Asker, Incoming, PageQuery, Store, background};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CACHE_MB: u64 = 64;
const BATCH: u64 = 500;
/// One month of posts, whatever their number.
const MONTH_MS: u64 = 30 * 24 * 3600 * 1000;
const BEGIN: i64 = 1_790_000_000_000;
const WORDS: &[&str] = &[
    "bowl", "tin", "cat", "whisker", "paw", "vet", "kidney", "salmon", "duck", "crunch", "gravy", "kitten",
    "litter", "window", "purr", "jump", "sleep", "night", "garden", "mouse", "string", "box", "cushion",
    "morning", "hungry", "label", "price", "shop", "order", "parcel", "late", "quick", "thanks", "broken",
    "lid", "ring", "open", "close", "taste", "smell",
];

struct Random(u64);

impl Random {
    fn next(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}

fn text(s: String) -> Text {
    Text::already_clean(s)
}

/// About 530 bytes with its fields.
fn mention(n: u64, total: u64, r: &mut Random) -> Incoming {
    let heard = BEGIN + (n * MONTH_MS / total) as i64;
    // One in twenty is up to a day late.
    let late = if r.next(20) == 0 { r.next(86_400_000) as i64 } else { r.next(20_000) as i64 };
    let mut body = String::new();
    while body.len() < 330 {
        body += WORDS[r.next(WORDS.len() as u64) as usize];
        body += &if r.next(9) == 0 { format!(" {} ", r.next(100_000)) } else { " ".to_owned() };
    }
    let author = r.next(500_000) * r.next(500_000) / 500_000;
    let source = r.next(300) * r.next(300) / 300;
    let host = format!("blog{source}.example");
    let m = Mention {
        native_id: text(format!("guid-{n}")),
        source: format!("source-{source}"),
        network: "feed".into(),
        community: text(host.clone()),
        url: text(format!("https://{host}/{n}")),
        title: text(format!("{} {} number {n}", WORDS[r.next(40) as usize], WORDS[r.next(40) as usize])),
        text: text(body),
        author: Author {
            name: text(format!("Author {author}")),
            scope: text(host),
            native: text(format!("a{author}")),
        },
        at: Stamp(heard - late),
        heard_at: Stamp(heard),
        lang: "en".into(),
        ..Mention::default()
    };
    // One in 64 blocks' worth is in the inbox: a sparse state.
    let state = if r.next(500) == 0 { State::Inbox } else { State::Heard };
    Incoming {
        identity: Id(hash64(&["bench", &n.to_string()])),
        link: hash64(&["l", &m.url]),
        thread: 0,
        like: hearken::model::Likeness::default(),
        mention: m,
        state,
    }
}

fn arrivals(items: Vec<Incoming>) -> Arrivals {
    Arrivals::of("bench", "feed", "main", items)
}

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

fn percentile(v: &mut [Duration], p: f64) -> Duration {
    v.sort_unstable();
    v.get(((v.len() as f64 - 1.0) * p) as usize).copied().unwrap_or_default()
}

/// Ingests mentions `from..to` of `total`; the makers' time is measured apart.
fn ingest(s: &Store, from: u64, to: u64, total: u64, stop: Option<&AtomicBool>) -> (u64, Duration, Duration) {
    let mut r = Random(88_172_645_463_325_252 ^ from.wrapping_mul(0x9e37_79b9));
    let (mut bytes, mut wall, mut making) = (0u64, Duration::ZERO, Duration::ZERO);
    let mut n = from;
    while n < to && !stop.is_some_and(|s| s.load(Ordering::Relaxed)) {
        let t = Instant::now();
        let items: Vec<Incoming> = (n..(n + BATCH).min(to)).map(|i| mention(i, total, &mut r)).collect();
        bytes += items.iter().map(|i| size(&i.mention)).sum::<u64>();
        making += t.elapsed();
        n += items.len() as u64;
        let t = Instant::now();
        s.ingest(vec![arrivals(items)]).expect("ingest");
        wall += t.elapsed();
    }
    (bytes, wall, making)
}

fn size(m: &Mention) -> u64 {
    let texts = [
        &m.native_id,
        &m.community,
        &m.url,
        &m.title,
        &m.text,
        &m.author.name,
        &m.author.scope,
        &m.author.native,
    ];
    (texts.iter().map(|t| t.len()).sum::<usize>() + m.source.len() + m.network.len() + 2 + 16 + 8 + 8) as u64
}

fn tender(s: Arc<Store>) -> (Arc<AtomicBool>, std::thread::JoinHandle<()>) {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let h = std::thread::spawn(move || {
        background();
        while !flag.load(Ordering::Relaxed) {
            if !s.tend().expect("tend") {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        while s.tend().expect("tend") {}
    });
    (stop, h)
}

fn main() {
    hearken::paths::one_heap();
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let total: u64 = args.first().and_then(|a| a.parse().ok()).unwrap_or(200_000);
    let dir = args.get(1).map_or_else(
        || std::env::temp_dir().join(format!("hearken-bench-{}", std::process::id())),
        PathBuf::from,
    );
    match args.get(2).map(String::as_str) {
        Some("fill") => fill(&dir, total),
        _ => {
            let _ = std::fs::remove_dir_all(&dir);
            // A process of its own that ends as by kill -9, without closing anything.
            let me = std::env::current_exe().expect("self");
            let status = std::process::Command::new(me)
                .args([&total.to_string(), &*dir.to_string_lossy(), "fill"])
                .status();
            assert!(status.is_ok());
            after(&dir, total);
            let _ = std::fs::remove_dir_all(&dir);
        }
    }
}

fn fill(dir: &Path, total: u64) {
    let s = Arc::new(Store::open(dir, CACHE_MB).expect("open"));
    let (stop, h) = tender(s.clone());
    let (c, t) = (cpu(), Instant::now());
    let (bytes, wall, making) = ingest(&s, 0, total, total, None);
    stop.store(true, Ordering::Relaxed);
    h.join().expect("tender");
    let used = cpu() - c;
    let own = used.saturating_sub(making);
    let disk = s.disk_bytes().expect("disk");
    println!("mentions            {total} of {} bytes", bytes / total);
    println!(
        "ingest              {:.0}/s in ingest() ({:.1} s), whole {:.1} s",
        total as f64 / wall.as_secs_f64(),
        wall.as_secs_f64(),
        t.elapsed().as_secs_f64()
    );
    println!(
        "cpu                 {:.1} us a mention (makers' {:.1} us not counted)",
        own.as_secs_f64() * 1e6 / total as f64,
        making.as_secs_f64() * 1e6 / total as f64
    );
    println!("peak memory         {} MB", memory("VmHWM"));
    println!("disk                {} MB, {:.2} of the logical bytes", disk >> 20, disk as f64 / bytes as f64);
    std::process::abort();
}

fn after(dir: &Path, total: u64) {
    let t = Instant::now();
    let s = Arc::new(Store::open(dir, CACHE_MB).expect("open"));
    println!("open after a kill   {:.2} s, then {} MB", t.elapsed().as_secs_f64(), memory("VmRSS"));
    let r = s.reader();
    for (name, states) in [
        ("inbox (sparse)", &[State::Inbox][..]),
        ("heard", &[State::Heard]),
        ("done (none)", &[State::Done]),
        ("all", &State::ALL),
    ] {
        let mut times = Vec::new();
        let mut n = 0;
        for _ in 0..40 {
            let t = Instant::now();
            n = r.page(&PageQuery::newest(states, "ana", 21), None).expect("page").items.len();
            times.push(t.elapsed());
        }
        println!(
            "first page {name:<15} {n:>2} rows, first {:.2} ms, warm p50 {:.2} p99 {:.2} ms",
            ms(times[0]),
            ms(percentile(&mut times, 0.5)),
            ms(percentile(&mut times, 0.99))
        );
    }
    let mut times = Vec::new();
    let mut rnd = Random(5);
    for _ in 0..200 {
        let id = Id(hash64(&["bench", &rnd.next(total).to_string()]));
        let t = Instant::now();
        let i: Option<Item> = r.item(id, "ana").expect("item");
        times.push(t.elapsed());
        assert!(i.is_some());
    }
    println!(
        "one by its id       p50 {:.2} p99 {:.2} ms",
        ms(percentile(&mut times, 0.5)),
        ms(percentile(&mut times, 0.99))
    );
    let mut times = Vec::new();
    for a in 0..100u64 {
        let t = Instant::now();
        let key = hash64(&["person", "blog1.example", &format!("a{a}")]);
        r.timeline(Id(key), hearken::model::Key::MAX, 20, "ana").expect("timeline");
        times.push(t.elapsed());
    }
    println!(
        "an author's page    p50 {:.2} p99 {:.2} ms",
        ms(percentile(&mut times, 0.5)),
        ms(percentile(&mut times, 0.99))
    );
    beside(&s, total);
}

/// Synced verbs, 50 a second, while another thread ingests as fast as it can.
fn beside(s: &Arc<Store>, total: u64) {
    let keys: Vec<_> = s
        .reader()
        .page(&PageQuery::newest(&[State::Inbox], "ana", 3000), None)
        .expect("page")
        .items
        .iter()
        .map(|i| i.key)
        .collect();
    let (stop_tend, tending) = tender(s.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let (s2, stop2, done2) = (s.clone(), stop.clone(), done.clone());
    let feeder = std::thread::spawn(move || {
        let mut from = total;
        while !stop2.load(Ordering::Relaxed) {
            ingest(&s2, from, from + 5_000, total, Some(&stop2));
            from += 5_000;
            done2.fetch_add(5_000, Ordering::Relaxed);
        }
    });
    let asker = Asker { who: "ana".into(), uid: 0 };
    let (begin, mut times) = (Instant::now(), Vec::new());
    for (n, key) in keys.iter().cycle().take(1000).enumerate() {
        let t = Instant::now();
        let verb = if (n / keys.len().max(1)).is_multiple_of(2) { Verb::Done } else { Verb::Inbox };
        s.act(&asker, &verb, &Targets::Mentions(vec![*key]), Stamp(BEGIN), false).expect("act");
        times.push(t.elapsed());
        std::thread::sleep(Duration::from_millis(20).saturating_sub(t.elapsed()));
    }
    let rate = done.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    feeder.join().expect("feeder");
    stop_tend.store(true, Ordering::Relaxed);
    tending.join().expect("tender");
    println!(
        "verbs beside ingest p50 {:.1} p95 {:.1} p99 {:.1} max {:.1} ms at {rate:.0}/s",
        ms(percentile(&mut times, 0.5)),
        ms(percentile(&mut times, 0.95)),
        ms(percentile(&mut times, 0.99)),
        ms(percentile(&mut times, 1.0))
    );
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}
