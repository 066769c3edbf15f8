//! Posts matched against many topics on one core: `cargo bench --bench topics -- [topics] [posts] [bytes at least]`. The posts are made of
//! the words of real ones where `HEARKEN_SHARED` has them, else of a list of our own.

use hearken::listen::Topics;
use hearken::model::{Mention, Text};
use hearken::query::{Query, Scope};
use std::io::BufRead;
use std::time::Instant;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

fn texts() -> Vec<String> {
    let mut all = Vec::new();
    if let Some(dir) = std::env::var_os("HEARKEN_SHARED") {
        let dir = std::path::Path::new(&dir).join("corpus/mentions");
        for (name, key) in
            [("reddit_comments", "text"), ("hn_texts", "html"), ("twitter_support_twcs", "text")]
        {
            let Ok(f) = std::fs::File::open(dir.join(format!("{name}.jsonl.gz"))) else { continue };
            let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(f)).lines();
            all.extend(
                lines
                    .map_while(Result::ok)
                    .filter_map(|l| {
                        let v: serde_json::Value = serde_json::from_str(&l).ok()?;
                        let text = v.get(key).or(v.get("body")).or(v.get("text"))?.as_str()?;
                        Some(hearken::clean::text(text).0.into_string())
                    })
                    .take(20_000),
            );
        }
    }
    if all.is_empty() {
        let words =
            ["cat", "food", "tin", "lid", "bowl", "kidney", "diet", "ring", "vet", "price", "shop", "open"];
        let mut d = Dice(3);
        all = (0..20_000).map(|_| (0..60).map(|_| words[d.roll(12)]).collect::<Vec<_>>().join(" ")).collect();
    }
    all
}

fn main() {
    let args: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (n, posts) = (args.first().copied().unwrap_or(500), args.get(1).copied().unwrap_or(200_000));
    let mut texts = texts();
    // Short ones are put together until they are as long as wanted.
    if let Some(least) = args.get(2) {
        let mut all = Vec::new();
        let mut now = String::new();
        for t in texts {
            now += &t;
            now.push(' ');
            if now.len() >= *least {
                all.push(std::mem::take(&mut now));
            }
        }
        texts = all;
    }
    let mut words: Vec<&str> = texts
        .iter()
        .take(20_000)
        .flat_map(|t| t.split(|c: char| !c.is_alphanumeric()))
        .filter(|w| (4..=12).contains(&w.chars().count()))
        .collect();
    words.sort_unstable();
    words.dedup();
    let mut d = Dice(5);
    // Six words on average; one in ten with NEAR, one in fifty with a regular expression.
    let topics: Vec<(String, Query)> = (0..n)
        .map(|i| {
            let mut w = || words[d.roll(words.len())];
            let q = match i {
                i if i % 50 == 7 => format!("{} /{}[a-z]+/", w(), w()),
                i if i % 10 == 3 => {
                    format!("({} OR {} OR {}) NEAR/5 ({} OR {} OR {})", w(), w(), w(), w(), w(), w())
                }
                _ => format!("({} OR {} OR {} OR {}) {} -{}", w(), w(), w(), w(), w(), w()),
            };
            (format!("t{i}"), Query::parse(&q, Scope::Listen).expect("a query"))
        })
        .collect();
    let topics = Topics::new(topics, Default::default());
    let all: Vec<Mention> = texts
        .iter()
        .map(|t| Mention { text: hearken::clean::text(t).0, title: Text::ours(""), ..Mention::default() })
        .collect();
    let bytes: usize = (0..posts).map(|i| all[i % all.len()].text.len()).sum();
    let begun = Instant::now();
    let hits: usize = (0..posts).map(|i| topics.hits(&all[i % all.len()], &[]).len()).sum();
    let s = begun.elapsed().as_secs_f64();
    println!(
        "{n} topics, {posts} posts of {} bytes on average: {:.0} posts/s, {:.1} µs each, {hits} hits",
        bytes / posts,
        posts as f64 / s,
        s * 1e6 / posts as f64
    );
}
