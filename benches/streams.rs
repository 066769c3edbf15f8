//! Firehoses on loopback, heard by the real path: socket, prefilter, parsing, topics, store.
//! `cargo bench --bench streams -- bluesky|wikimedia [events] [topics]` tells how many events a second of one core's
//! time are heard; `-- bluesky|wikimedia minutes N [rate] [topics]` hears so many a second for N minutes while the server
//! cuts the line every ten seconds, and tells memory, losses and doubles. The server is a process of its own.

#![allow(clippy::result_large_err, reason = "the handshake's own type")]

mod posts;

use futures_util::SinkExt;
use hearken::account::Accounts;
use hearken::listen::{Poller, Source, SourceKind, Streamer, Topics};
use hearken::model::Stamp;
use hearken::net::{HostLimits, Limits, Net};
use hearken::networks::{Options, Value, named};
use hearken::query::{Query, Scope};
use hearken::store::{SourceRec, Store};
use posts::Random;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static ZDICT: &[u8] = include_bytes!("../src/networks/bluesky/jetstream.zdict");
/// Microseconds at which the sample begins, and between two events of it.
const BEGIN_US: u64 = 1_790_000_000_000_000;
const APART_US: u64 = 50;
const CUT: Duration = Duration::from_secs(10);

fn texts() -> Vec<String> {
    let all = posts::texts();
    // As long as posts are: 40 to 280 characters.
    all.into_iter().filter(|t| (40..=280).contains(&t.chars().count())).take(50_000).collect()
}

fn bluesky_event(n: u64, text: &str) -> String {
    let reply = n.is_multiple_of(3);
    let mut record = serde_json::json!({"$type": "app.bsky.feed.post", "createdAt": "2026-09-21T14:13:20.000Z", "langs": ["en"], "text": text});
    if reply {
        let to = serde_json::json!({"cid": "bafyreibfglofvqou2yiqvwzk4rcgkhhxrbunyemshdjledgwymimqkg24e", "uri": format!("at://did:plc:6tr6tuzlx2db3rduzr2d6r24/app.bsky.feed.post/3lbhq{}", n / 9)});
        record["reply"] = serde_json::json!({"parent": to, "root": to});
    }
    serde_json::json!({"did": format!("did:plc:{:024x}", n % 100_003), "time_us": BEGIN_US + n * APART_US, "kind": "commit",
        "commit": {"rev": "3lbhtytnn2k2f", "operation": "create", "collection": "app.bsky.feed.post", "rkey": format!("{n:013}"),
        "record": record, "cid": "bafyreidblutgvj75o4q4akzyyejedjj6l3it6hgqwee6jpwv2wqph5fsgm"}})
    .to_string()
}

fn wikimedia_event(n: u64, text: &str) -> String {
    let title: String = text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    let comment: String = text.split_whitespace().skip(4).take(14).collect::<Vec<_>>().join(" ");
    let data = serde_json::json!({"$schema": "/mediawiki/recentchange/1.0.0", "meta": {"uri": "https://en.wikipedia.org/wiki/X",
        "request_id": "1ee2eed1-5bb4-434a-9b3c-b2948fc6c056", "id": format!("b668d491-76d9-4131-8111-{n:012}"), "dt": "2026-09-21T14:13:20Z",
        "domain": "en.wikipedia.org", "stream": "mediawiki.recentchange", "topic": "eqiad.mediawiki.recentchange", "partition": 0, "offset": n},
        "id": n, "type": "edit", "namespace": 0, "title": title, "comment": comment, "timestamp": 1_789_999_999, "user": format!("User{}", n % 5003),
        "bot": false, "minor": false, "length": {"old": 14012, "new": 14020}, "revision": {"old": n, "new": n + 1},
        "server_url": "https://wiki.invalid", "server_name": "en.wikipedia.org", "server_script_path": "/w", "wiki": "enwiki",
        "parsedcomment": format!("<span dir='auto'>{comment}</span>")});
    format!(
        "event: message\nid: [{{\"topic\":\"eqiad.mediawiki.recentchange\",\"partition\":0,\"timestamp\":{n}}},{{\"topic\":\"codfw.mediawiki.recentchange\",\"partition\":0,\"offset\":-1}}]\ndata: {data}\n\n"
    )
}

/// The server: events from where it is asked, all at once or so many a second, cut every ten seconds.
fn serve(kind: &str, events: u64, rate: u64) {
    let l = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    println!("{}", l.local_addr().expect("an address").port());
    std::io::stdout().flush().expect("a pipe");
    let texts = texts();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Made before, so that the server costs little while the clock runs; the same again and again with other numbers
    // would be as good, but numbers are what is counted.
    let make = |n: u64| {
        let t = &texts[(n as usize * 7) % texts.len()];
        if kind == "bluesky" {
            let mut z = zstd::bulk::Compressor::with_dictionary(1, ZDICT).expect("a compressor");
            z.compress(bluesky_event(n, t).as_bytes()).expect("compressed")
        } else {
            wikimedia_event(n, t).into_bytes()
        }
    };
    let ready: Vec<Vec<u8>> = if rate == 0 {
        let mut z = zstd::bulk::Compressor::with_dictionary(1, ZDICT).expect("a compressor");
        (0..events)
            .map(|n| {
                let t = &texts[(n as usize * 7) % texts.len()];
                if kind == "bluesky" {
                    z.compress(bluesky_event(n, t).as_bytes()).expect("compressed")
                } else {
                    wikimedia_event(n, t).into_bytes()
                }
            })
            .collect()
    } else {
        Vec::new()
    };
    println!("ready");
    std::io::stdout().flush().expect("a pipe");
    let made = AtomicU64::new(0);
    let begun = Instant::now();
    // What was said up to now, at the rate; with no rate all of it.
    let said = || if rate == 0 { events } else { (begun.elapsed().as_secs_f64() * rate as f64) as u64 };
    for s in l.incoming().flatten() {
        let until = if rate == 0 { Instant::now() + Duration::from_secs(3600) } else { Instant::now() + CUT };
        let mut head = BufReader::new(s.try_clone().expect("a socket"));
        let mut from = 0;
        let mut z = zstd::bulk::Compressor::with_dictionary(1, ZDICT).expect("a compressor");
        let mut one = |n: u64| -> Vec<u8> {
            made.fetch_add(1, Ordering::Relaxed);
            if let Some(r) = ready.get(n as usize) {
                return r.clone();
            }
            let t = &texts[(n as usize * 7) % texts.len()];
            if kind == "bluesky" {
                z.compress(bluesky_event(n, t).as_bytes()).expect("compressed")
            } else {
                make(n)
            }
        };
        if kind == "bluesky" {
            drop(head);
            s.set_nonblocking(true).expect("a socket");
            runtime.block_on(async {
                let s = tokio::net::TcpStream::from_std(s).expect("a socket");
                let at = Arc::new(AtomicU64::new(0));
                let seen = at.clone();
                let look = move |r: &tokio_tungstenite::tungstenite::handshake::server::Request, a| {
                    let cursor =
                        r.uri().query().unwrap_or("").split('&').find_map(|p| p.strip_prefix("cursor="));
                    let us: u64 = cursor.and_then(|c| c.parse().ok()).unwrap_or(BEGIN_US);
                    seen.store(us.saturating_sub(BEGIN_US) / APART_US, Ordering::SeqCst);
                    Ok(a)
                };
                let Ok(mut ws) = tokio_tungstenite::accept_hdr_async(s, look).await else { return };
                let mut n = at.load(Ordering::SeqCst);
                while Instant::now() < until {
                    let end = said();
                    if n >= end && rate == 0 {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                    }
                    let stop = end.min(n + 256);
                    while n < stop {
                        let m = tokio_tungstenite::tungstenite::Message::binary(one(n));
                        if ws.feed(m).await.is_err() {
                            return;
                        }
                        n += 1;
                    }
                    if ws.flush().await.is_err() {
                        return;
                    }
                    if n >= said() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            });
        } else {
            let mut line = String::new();
            while head.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(id) = line.to_ascii_lowercase().strip_prefix("last-event-id:") {
                    let stamp = id
                        .split("\"timestamp\":")
                        .nth(1)
                        .and_then(|t| t.split('}').next()?.parse::<u64>().ok());
                    // The last one comes again, as the real one does.
                    from = stamp.unwrap_or(0);
                }
                line.clear();
            }
            let mut s = std::io::BufWriter::with_capacity(64 << 10, s);
            let _ = s.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n:ok\n\n",
            );
            let mut n = from;
            while Instant::now() < until {
                let end = said();
                let stop = end.min(n + 256);
                let mut broken = false;
                while n < stop {
                    broken |= s.write_all(&one(n)).is_err();
                    n += 1;
                }
                if broken || s.flush().is_err() {
                    break;
                }
                if n >= said() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }
}

/// CPU time of this process, in seconds; memory of it, in MB.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let f: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| f.get(i).and_then(|s| s.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    s.lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

fn topics(n: usize) -> Topics {
    let all = posts::by_frequency(&texts());
    // Names and words that a brand would listen for: neither the most common ones nor those that nobody says.
    let words: Vec<&String> = all.iter().skip(600).filter(|w| w.len() > 3).take(6000).collect();
    let mut r = Random(5);
    let list = (0..n)
        .map(|i| {
            let rare =
                |r: &mut Random| words[words.len() / 2 + r.next(words.len() as u64 / 2) as usize].as_str();
            // One in five is a name: it is said now and then.
            if i % 5 == 1 {
                let q = format!("{} -{}", rare(&mut r), rare(&mut r));
                return (format!("t{i}"), Query::parse(&q, Scope::Listen).expect("a query"));
            }
            let mut w = || words[r.next(words.len() as u64) as usize].as_str();
            let q = match i {
                i if i % 10 == 3 => format!("({} OR {}) NEAR/5 ({} OR {})", w(), w(), w(), w()),
                _ => format!("(\"{} {}\" OR {}x{i}) -{}", w(), w(), w(), w()),
            };
            (format!("t{i}"), Query::parse(&q, Scope::Listen).expect("a query"))
        })
        .collect();
    Topics::new(list, Arc::default())
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if args.first().map(String::as_str) == Some("serve") {
        serve(&args[1], args[2].parse().expect("a number"), args[3].parse().expect("a number"));
        return;
    }
    let kind =
        args.first().filter(|a| *a == "wikimedia" || *a == "bluesky").cloned().unwrap_or("bluesky".into());
    let numbers: Vec<u64> = args.iter().filter_map(|a| a.parse().ok()).collect();
    let long = args.iter().any(|a| a == "minutes");
    let (minutes, rate) = if long { (numbers[0], numbers.get(1).copied().unwrap_or(20_000)) } else { (0, 0) };
    let events = if long { 0 } else { numbers.first().copied().unwrap_or(200_000) };
    let n_topics = if long { numbers.get(2) } else { numbers.get(1) }.copied().unwrap_or(500) as usize;
    let me = std::env::current_exe().expect("a path");
    let mut child = std::process::Command::new(me)
        .args(["serve", &kind, &events.to_string(), &rate.to_string()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a server");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let port = lines.next().expect("a port").expect("a port");
    lines.next();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(hear(&kind, &port, events, (minutes, rate), n_topics));
    let _ = child.kill();
    let _ = child.wait();
    let _ = std::io::stdin().by_ref();
}

async fn hear(kind: &str, port: &str, events: u64, (minutes, rate): (u64, u64), n_topics: usize) {
    let dir = std::env::temp_dir().join(format!("hearken-streams-{}", std::process::id()));
    let store = Store::open(&dir, 64).expect("a store");
    let topics = topics(n_topics);
    let network = named(kind).expect("a network");
    let (server, options) = match kind {
        "bluesky" => (
            format!("http://127.0.0.1:{port}"),
            Options::default()
                .with("stream", Value::Flag(true))
                .with("jetstream", Value::Text(format!("ws://127.0.0.1:{port}/subscribe"))),
        ),
        _ => (format!("http://127.0.0.1:{port}"), Options::default().with("stream", Value::Flag(true))),
    };
    let source = Source {
        id: "stream".into(),
        kind: SourceKind::Network { network, server, options: Arc::new(options), account: None },
        every_ms: 600_000,
        exact: false,
        matches_only: true,
        topics: Vec::new(),
        full: false,
        login: None,
        ca: None,
        proxy: None,
        allow: Vec::new(),
        class: "main".into(),
        limits: Limits { whole: Duration::from_millis(1), ..Limits::default() },
    };
    let net = Net::new(None, HostLimits::default());
    let accounts = Accounts::new(dir.join("secrets"));
    let reader = store.reader();
    let mut s =
        Streamer::new(SourceRec { id: "stream".into(), network: kind.into(), ..SourceRec::default() });
    let (begun, cpu0) = (Instant::now(), cpu());
    let (mut seen, mut weighed, mut kept, mut known, mut cuts) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut told = Instant::now();
    let mut memory: Vec<u64> = Vec::new();
    let end = Duration::from_secs(minutes * 60);
    'all: loop {
        let now = Stamp::now();
        let p = Poller {
            net: &net,
            accounts: &accounts,
            reader: &reader,
            topics: &topics,
            since_ms: i64::MAX / 4,
            now,
            last_ok: now,
        };
        let stream = s.stream(&p, &source).expect("a stream");
        let mut open = match s.open(&p, &source, &stream).await {
            Ok(o) => o,
            Err(e) => {
                eprintln!("{e:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        loop {
            let mut batch = s.fill(&p, &source, &mut open).await;
            let over = batch.end.take();
            if let Some(polled) = s.polled(&p, &source, batch).await {
                seen += polled.arrivals.progress.seen;
                weighed += polled.arrivals.progress.weighed;
                let out = store.ingest(vec![polled.arrivals]).expect("stored");
                kept += out[0].new.len() as u64;
                known += u64::from(out[0].known);
                s.stored();
            }
            if minutes > 0 && told.elapsed() >= Duration::from_secs(30) {
                told = Instant::now();
                memory.push(rss());
                println!(
                    "{:>4.0} s: {seen} seen, {kept} kept, {cuts} cuts, {} MB, {:.2} cores",
                    begun.elapsed().as_secs_f64(),
                    rss(),
                    (cpu() - cpu0) / begun.elapsed().as_secs_f64()
                );
            }
            let heard = reader.source("stream").ok().flatten().map_or(0, |r| r.ledger.seen);
            if (minutes == 0 && heard >= events) || (minutes > 0 && begun.elapsed() >= end) {
                break 'all;
            }
            if over.is_some() {
                cuts += 1;
                break;
            }
        }
    }
    let (wall, used) = (begun.elapsed().as_secs_f64(), cpu() - cpu0);
    println!(
        "{kind}, {n_topics} topics: {seen} events in {wall:.1} s ({:.0}/s), {used:.1} s of CPU: {:.0} events a second of one core; \
         {weighed} looked at closely, {kept} kept, {known} came again; {} MB",
        seen as f64 / wall,
        seen as f64 / used,
        rss()
    );
    if minutes > 0 {
        let place =
            s.place.get("time_us").and_then(|t| t.parse::<u64>().ok()).map(|t| (t - BEGIN_US) / APART_US + 1);
        let place = place.or_else(|| {
            s.place.get("eqiad.mediawiki.recentchange/0").and_then(|o| o.parse::<u64>().ok()).map(|o| o + 1)
        });
        println!(
            "{cuts} cuts; of {} events up to the place {seen} were counted: {} lost or doubled; memory from {} to {} MB, rate asked {rate}/s",
            place.unwrap_or(0),
            place.unwrap_or(0) as i64 - seen as i64,
            memory.iter().min().unwrap_or(&0),
            memory.iter().max().unwrap_or(&0)
        );
    }
    let _ = std::fs::remove_dir_all(&dir);
}
