//! Many terminals on one engine, all of them real processes in real PTYs, while mentions arrive:
//! `cargo bench --bench terminals -- [terminals] [mentions a second] [seconds] [bytes a second of the line]`. Prints key to
//! the moved cursor, a verb to its sight in the others, and what the engine costs. On a slow line terminals are calm.

use hearken::daemon::{Client, Hello, Place, connect};
use hearken::door::{Door, Request};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_hearken");

/// A terminal, and when each sign of interest was last seen in what it was sent.
struct Term {
    child: Child,
    keys: File,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    cursor: Option<Instant>,
    claim: Option<Instant>,
    bytes: usize,
}

impl Term {
    fn start(socket: &Path, dir: &Path, line: Option<usize>) -> Term {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        let name = ptsname(&master, Vec::new()).expect("ptsname").into_string().expect("a name");
        let size = rustix::termios::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).expect("a size");
        let side =
            || Stdio::from(File::options().read(true).write(true).open(&name).expect("the other side"));
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", BIN])
            .arg("--socket")
            .arg(socket)
            .env("XDG_CONFIG_HOME", dir)
            .env("TERM", "xterm-256color")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("a terminal");
        let keys = File::from(master);
        let mut out = keys.try_clone().expect("a handle");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let s = seen.clone();
        std::thread::spawn(move || {
            let mut b = vec![0; if line.is_some() { 64 } else { 1 << 16 }];
            while let Ok(n) = out.read(&mut b) {
                // So many bytes take so long; what is not taken yet waits in the terminal's buffer.
                if let Some(rate) = line {
                    std::thread::sleep(Duration::from_secs_f64(n as f64 / rate as f64));
                }
                if n == 0 {
                    return;
                }
                let now = Instant::now();
                let mut s = s.lock().expect("no panic");
                s.bytes += n;
                // The cursor of the list, and the mark of somebody's claim; news write neither.
                if b[..n].contains(&b'>') {
                    s.cursor = Some(now);
                }
                if b[..n].contains(&b'@') {
                    s.claim = Some(now);
                }
            }
        });
        Term { child, keys, seen }
    }

    fn press(&mut self, key: &[u8]) -> Instant {
        let mut s = self.seen.lock().expect("no panic");
        s.cursor = None;
        drop(s);
        let t = Instant::now();
        self.keys.write_all(key).expect("a key");
        t
    }

    fn wait(&self, which: impl Fn(&Seen) -> Option<Instant>) -> Option<Instant> {
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            if let Some(t) = which(&self.seen.lock().expect("no panic")) {
                return Some(t);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        None
    }
}

fn line(n: usize) -> String {
    let at = chrono::Utc::now().to_rfc3339();
    format!(
        "{{\"text\":\"acme mention {n} with some words about bowls and tins\",\"at\":\"{at}\",\"author\":\"a{}\",\"native_id\":\"n{n}\"}}",
        n % 50
    )
}

fn percentile(all: &mut [f64], p: f64) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(((all.len() as f64 * p) as usize).min(all.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// CPU seconds and MB of a process.
fn cost(pid: u32) -> (f64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let f: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let cpu = [11, 12].iter().filter_map(|i| f.get(*i)?.parse::<f64>().ok()).sum::<f64>() / 100.0;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let rss =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok());
    (cpu, rss.unwrap_or(0) >> 10)
}

fn main() {
    let args: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (n, rate) = (args.first().copied().unwrap_or(20), args.get(1).copied().unwrap_or(500));
    let seconds = args.get(2).copied().unwrap_or(20);
    let line_rate = args.get(3).copied();
    let dir = std::env::temp_dir().join(format!("hearken-bench-terminals-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let config = dir.join("config.toml");
    std::fs::write(&config, "[brand]\nname = \"B\"\n[[topic]]\nname = \"t\"\nquery = \"acme\"\n")
        .expect("a file");
    if line_rate.is_some() {
        std::fs::create_dir_all(dir.join("hearken")).expect("a folder");
        std::fs::write(dir.join("hearken/ui.toml"), "calm = true\n").expect("a file");
    }
    let socket = dir.join("engine.sock");
    let mut engine = Command::new(BIN)
        .args(["serve", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(dir.join("data"))
        .arg("--socket")
        .arg(&socket)
        .stderr(Stdio::null())
        .spawn()
        .expect("an engine");
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
    let hello = Hello { version: "bench".into(), config: None, events: false, terminal: false };
    let place = Place { socket: socket.clone(), service_user: None };
    let door =
        runtime.block_on(async { Client::over(connect(&place, &hello, None).await.expect("welcome"), None) });
    let door = Arc::new(door);
    let import = |from: usize, n: usize| Request::Import {
        name: "bench".into(),
        lines: (from..from + n).map(line).collect(),
        first_line: 1,
        dry_run: false,
        restore: false,
    };
    runtime.block_on(door.ask(import(0, 2000)));

    let started = Instant::now();
    let mut terms: Vec<Term> = (0..n).map(|_| Term::start(&socket, &dir, line_rate)).collect();
    for t in &terms {
        if t.wait(|s| s.cursor).is_none() {
            println!("a terminal does not show its first page");
            let _ = engine.kill();
            let _ = engine.wait();
            return;
        }
    }
    println!("{n} terminals show their first page after {:.2} s", started.elapsed().as_secs_f64());
    // Everybody is at the top, nobody calm any more.
    std::thread::sleep(Duration::from_millis(500));
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let feeding = {
        let (door, stop) = (door.clone(), stop.clone());
        let handle = runtime.handle().clone();
        std::thread::spawn(move || {
            let (mut sent, begun) = (0, Instant::now());
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let due = (begun.elapsed().as_secs_f64() * rate as f64) as usize;
                if due > sent {
                    let lines = (2000 + sent..2000 + due).map(line).collect();
                    let r = Request::Import {
                        name: "bench".into(),
                        lines,
                        first_line: 1,
                        dry_run: false,
                        restore: false,
                    };
                    handle.block_on(door.ask(r));
                    sent = due;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            sent as f64 / begun.elapsed().as_secs_f64()
        })
    };
    let (cpu, wall) = (cost(engine.id()).0, Instant::now());
    // Five keys a second each, up and down.
    let pressing: Vec<_> = terms
        .drain(..)
        .enumerate()
        .map(|(i, mut t)| {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(200 * i as u64 / 20));
                let mut took = Vec::new();
                for k in 0..seconds * 5 {
                    let slot = Instant::now();
                    let at = t.press(if (k / 8) % 2 == 0 { b"j" } else { b"k" });
                    match t.wait(|s| s.cursor) {
                        Some(seen) => took.push((seen - at).as_secs_f64() * 1000.0),
                        None => took.push(3000.0),
                    }
                    std::thread::sleep(Duration::from_millis(200).saturating_sub(slot.elapsed()));
                }
                let bytes = t.seen.lock().expect("no panic").bytes;
                (t, took, bytes)
            })
        })
        .collect();
    let mut worst: f64 = 0.0;
    let mut bytes = 0;
    let mut all = Vec::new();
    for p in pressing {
        let (t, mut took, b) = p.join().expect("a terminal");
        bytes += b;
        worst = worst.max(percentile(&mut took, 0.95));
        all.extend(took);
        terms.push(t);
    }
    let (cpu, rss) = (cost(engine.id()).0 - cpu, cost(engine.id()).1);
    let share = cpu / wall.elapsed().as_secs_f64();
    println!(
        "key to the moved cursor  p50 {:.1} p95 {:.1} p99 {:.1} ms; the worst terminal's p95 {worst:.1} ms",
        percentile(&mut all, 0.5),
        percentile(&mut all, 0.95),
        percentile(&mut all, 0.99)
    );
    println!("the engine               {share:.2} cores, {rss} MB");
    println!(
        "sent to a terminal       {} bytes a second, its first page and its news among them",
        bytes / n / seconds.max(1)
    );
    // One claims, the others see it.
    let mut seen = Vec::new();
    for _ in 0..15 {
        for t in &terms {
            t.seen.lock().expect("no panic").claim = None;
        }
        let (first, others) = terms.split_first_mut().expect("terminals");
        let at = Instant::now();
        first.keys.write_all(b"a").expect("a key");
        for o in others {
            seen.push(o.wait(|s| s.claim).map_or(3000.0, |t| (t - at).as_secs_f64() * 1000.0));
        }
        first.keys.write_all(b"j").expect("a key");
        std::thread::sleep(Duration::from_millis(150));
    }
    println!(
        "a verb seen elsewhere    p50 {:.1} p95 {:.1} p99 {:.1} ms",
        percentile(&mut seen, 0.5),
        percentile(&mut seen, 0.95),
        percentile(&mut seen, 0.99)
    );
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    println!("arriving                 {:.0} a second", feeding.join().expect("the feeder"));
    for mut t in terms {
        let _ = t.keys.write_all(b"qq");
        let _ = t.child.kill();
        let _ = t.child.wait();
    }
    let _ = engine.kill();
    let _ = engine.wait();
    let _ = std::fs::remove_dir_all(&dir);
}
