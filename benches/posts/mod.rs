//! Posts for measuring: made of real ones where `HEARKEN_SHARED` has them, else of a list of words.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use hearken::model::{Author, Id, Mention, Stamp, State, Text, hash64};
use hearken::store::Incoming;
use std::io::BufRead;
use std::path::Path;

pub const MONTH_MS: u64 = 30 * 24 * 3600 * 1000;
pub const BEGIN: i64 = 1_790_000_000_000;
/// Bytes of a post at least.
const LONG: usize = 440;

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}

/// Real texts, or words that are as frequent as those of real ones.
pub fn texts() -> Vec<String> {
    let mut all = Vec::new();
    if let Some(dir) = std::env::var_os("HEARKEN_SHARED") {
        let dir = Path::new(&dir).join("corpus/mentions");
        for (name, key) in [
            ("reddit_comments", "body"),
            ("reddit_goemotions", "text"),
            ("hn_texts", "html"),
            ("airline", "text"),
            ("tweets_multilingual", "text"),
            ("twitter_support_twcs", "text"),
        ] {
            let Ok(f) = std::fs::File::open(dir.join(format!("{name}.jsonl.gz"))) else { continue };
            let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(f)).lines();
            all.extend(lines.map_while(Result::ok).filter_map(|l| {
                let v: serde_json::Value = serde_json::from_str(&l).ok()?;
                Some(hearken::clean::text(v.get(key)?.as_str()?).0.into_string())
            }));
        }
    }
    if all.is_empty() {
        let mut r = Random(77);
        let word = |r: &mut Random| {
            let n = r.next(60_000) * r.next(60_000) / 60_000;
            format!("w{}", n * n / 60_000)
        };
        all = (0..40_000).map(|_| (0..14).map(|_| word(&mut r)).collect::<Vec<_>>().join(" ")).collect();
    }
    all
}

fn text(s: String) -> Text {
    Text::already_clean(s)
}

pub fn mention(n: u64, total: u64, texts: &[String]) -> Incoming {
    let mut r = Random(hash64(&["post", &n.to_string()]) | 1);
    let heard = BEGIN + (n * MONTH_MS / total) as i64;
    let mut pick = || &texts[r.next(texts.len() as u64) as usize];
    let title: String = pick().split_whitespace().take(9).collect::<Vec<_>>().join(" ");
    let mut body = String::new();
    while body.len() < LONG {
        body += pick();
        body.push(' ');
    }
    // Names, numbers and misspellings never end: the dictionary grows with the posts.
    if n.is_multiple_of(3) {
        body += &format!("ref{:x}", hash64(&["ref", &n.to_string()]) >> 24);
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
        title: text(title),
        text: text(body),
        author: Author {
            name: text(format!("Author {author}")),
            scope: text(host),
            native: text(format!("a{author}")),
        },
        at: Stamp(heard - r.next(20_000) as i64),
        heard_at: Stamp(heard),
        lang: "en".into(),
        ..Mention::default()
    };
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

/// Words of a sample, the most frequent first.
pub fn by_frequency(texts: &[String]) -> Vec<String> {
    let mut n: std::collections::HashMap<String, u32> = std::collections::HashMap::new();
    for t in texts.iter().step_by((texts.len() / 20_000).max(1)) {
        for w in t.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| w.len() > 2) {
            *n.entry(w.to_ascii_lowercase()).or_default() += 1;
        }
    }
    let mut all: Vec<(u32, String)> = n.into_iter().map(|(w, n)| (n, w)).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.into_iter().map(|(_, w)| w).collect()
}
