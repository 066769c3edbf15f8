//! Feed bytes to stored mentions, in process: `cargo bench --bench feeds -- [MB]`. One core: parse, clean, match,
//! dedupe, store.

use hearken::listen::{Topics, incoming};
use hearken::model::{Stamp, State};
use hearken::networks::feed::{Context, Heard, parse};
use hearken::query::{Query, Scope};
use hearken::store::{Arrivals, Store};
use std::time::Instant;

const TEXT: &str = "The tins of this month open well, says the label, and the cat agrees. ";

fn document(n: usize, entries: usize) -> String {
    let items: String = (0..entries)
        .map(|i| {
            format!(
                "<item><guid isPermaLink=\"false\">g{n}-{i}</guid><title>Post {i} of blog {n} &amp; friends</title><link>https://b{n}.example/{i}?utm_source=rss</link>\
                 <dc:creator>Author {}</dc:creator><pubDate>Fri, 20 Nov 2026 10:{:02}:00 GMT</pubDate><description>&lt;p&gt;{}&lt;a href=\"https://x.example/{i}\"&gt;more&lt;/a&gt;&lt;/p&gt;</description></item>",
                i % 9,
                i % 60,
                TEXT.repeat(8 + i % 5)
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>B{n}</title><link>https://b{n}.example/</link><description>d</description>{items}</channel></rss>"
    )
}

fn main() {
    let mb: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(40);
    let mut docs = Vec::new();
    let mut bytes = 0;
    while bytes < mb << 20 {
        let d = document(docs.len(), 50);
        bytes += d.len();
        docs.push(d);
    }
    let dir = std::env::temp_dir().join(format!("hearken-bench-feeds-{}", std::process::id()));
    let store = Store::open(&dir, 64).expect("open");
    let topics = Topics::new(
        ["tins", "\"the cat\" -dog", "label OR lid"]
            .iter()
            .map(|q| ((*q).to_owned(), Query::parse(q, Scope::Listen).expect("query")))
            .collect(),
        Default::default(),
    );
    let now = Stamp::parse_rfc3339("2026-11-20T12:00:00Z").expect("time");
    let (mut entries, mut parsing) = (0, std::time::Duration::ZERO);
    let begin = Instant::now();
    let mut batch = Vec::new();
    for (n, d) in docs.iter().enumerate() {
        let id = format!("b{n}");
        let t = Instant::now();
        let Ok(Heard::Feed(doc)) = parse(
            d.as_bytes(),
            &Context { source: &id, url: "https://b.example/f", content_type: "", now, shared_ids: &[] },
        ) else {
            panic!("a feed")
        };
        parsing += t.elapsed();
        entries += doc.items.len();
        let items = doc
            .items
            .into_iter()
            .map(|i| {
                let mut m = i.mention;
                topics.judge(&mut m, &[]);
                incoming(i.identity, m, State::Inbox)
            })
            .collect();
        batch.push(Arrivals { document: true, ..Arrivals::of(&id, "feed", "main", items) });
        if batch.len() == 10 {
            store.ingest(std::mem::take(&mut batch)).expect("ingest");
        }
    }
    store.ingest(batch).expect("ingest");
    let s = begin.elapsed().as_secs_f64();
    println!(
        "{} feeds, {entries} entries, {:.1} MB: {:.1} MB/s ({:.1} us an entry; parsing and cleaning alone {:.1} MB/s)",
        docs.len(),
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / s,
        s * 1e6 / entries as f64,
        bytes as f64 / 1e6 / parsing.as_secs_f64()
    );
    let _ = std::fs::remove_dir_all(&dir);
}
