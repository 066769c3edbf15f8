//! A thousand feeds of fifty entries from a loopback server, with the real binary, beside newsboat where it is
//! installed: `cargo bench --bench fetch -- [feeds]`. Wall and CPU seconds of each client alone.

use hearken::net::serve::{Served, serve};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

fn body(n: usize) -> String {
    let items: String = (0..50)
        .map(|i| {
            format!(
                "<item><guid isPermaLink=\"false\">g{n}-{i}</guid><title>Entry {i} of {n}</title><link>https://b{n}.example/{i}</link>\
                 <author>Author {}</author><pubDate>Fri, 20 Nov 2026 10:{i:02}:00 GMT</pubDate><description>{}</description></item>",
                i % 7,
                "A sentence about bowls, tins and the people who open them. ".repeat(8)
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>B{n}</title><link>https://b{n}.example/</link><description>d</description>{items}</channel></rss>"
    )
}

/// CPU seconds of all children that were waited for.
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let f: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    [13, 14].iter().filter_map(|i| f.get(*i)?.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn timed(name: &str, c: &mut Command, after: impl FnOnce()) {
    let (cpu, t) = (children(), Instant::now());
    let out = c.stdin(Stdio::null()).output();
    let wall = t.elapsed().as_secs_f64();
    after();
    let used = children() - cpu;
    match out {
        Ok(o) => {
            let said = String::from_utf8_lossy(&o.stdout);
            println!(
                "{name:<26} {wall:>6.2} s wall {used:>6.2} s CPU  {}",
                said.lines().last().unwrap_or("")
            );
        }
        Err(e) => println!("{name:<26} not run: {e}"),
    }
}

fn main() {
    let feeds: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1000);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
    let docs: Vec<Vec<u8>> = (0..feeds).map(|n| body(n).into_bytes()).collect();
    let handler = Arc::new(move |p: &str| {
        let n: usize = p.trim_start_matches('/').parse().ok()?;
        Some(Served { content_type: "application/rss+xml", body: docs.get(n)?.clone() })
    });
    let at = runtime.block_on(serve(handler)).expect("a port");
    let dir = std::env::temp_dir().join(format!("hearken-bench-fetch-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let mut config = "[brand]\nname = \"B\"\n[[topic]]\nname = \"t\"\nquery = \"tins\"\n".to_owned();
    let mut urls = String::new();
    for n in 0..feeds {
        config += &format!("[[source]]\nid = \"f{n}\"\nnetwork = \"feed\"\nurl = \"http://{at}/{n}\"\n");
        urls += &format!("http://{at}/{n}\n");
    }
    let file = |name: &str, text: &str| {
        let p = dir.join(name);
        std::fs::write(&p, text).expect("a file");
        p.to_string_lossy().into_owned()
    };
    let (config, urls) = (file("config.toml", &config), file("urls", &urls));
    let nb = file("newsboat.conf", "reload-threads 4\nmax-items 0\n");
    let data = dir.join("data").to_string_lossy().into_owned();
    let socket = dir.join("engine.sock").to_string_lossy().into_owned();
    let cache = dir.join("cache.db").to_string_lossy().into_owned();
    for name in ["hearken, first fetch", "hearken, nothing new"] {
        // The engine does the work: both are counted, and its start and end are not.
        let run = |args: &[&str]| {
            let mut c = Command::new(env!("CARGO_BIN_EXE_hearken"));
            c.args(["--config", &config, "--data", &data, "--socket", &socket]).args(args);
            c
        };
        let mut engine = run(&["serve", "--auto"]).stderr(Stdio::null()).spawn().expect("an engine");
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        timed(name, &mut run(&["fetch"]), || {
            let _ = run(&["stop"]).output();
            let _ = engine.wait();
        });
    }
    for name in ["newsboat, first fetch", "newsboat, again"] {
        timed(
            name,
            Command::new("newsboat").args(["-u", &urls, "-C", &nb, "-c", &cache, "-x", "reload"]),
            || (),
        );
    }
    let _ = std::fs::remove_dir_all(&dir);
}
