//! Tellings of one story known by their words: precision and recall of MinHash and SimHash on pairs made of real posts by
//! mutation, by threshold; then the pairs that real posts give, a sample of them printed for the eye; then the time a post.
//! `HEARKEN_SHARED=… cargo bench --bench duplicates -- [pairs to print]`

use hearken::model::{BANDS, Signature, hash64};
use std::collections::{HashMap, HashSet};
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
    let Some(dir) = std::env::var_os("HEARKEN_SHARED") else {
        println!("SKIPPED: HEARKEN_SHARED is not set, there are no real posts");
        return all;
    };
    let dir = std::path::Path::new(&dir).join("corpus/mentions");
    for (name, key) in [
        ("reddit_comments", "body"),
        ("reddit_posts", "selftext"),
        ("hn_texts", "html"),
        ("airline", "text"),
        ("tweets_multilingual", "text"),
        ("twitter_support_twcs", "text"),
        ("reddit_goemotions", "text"),
    ] {
        let Ok(f) = std::fs::File::open(dir.join(format!("{name}.jsonl.gz"))) else { continue };
        let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(f)).lines();
        all.extend(lines.map_while(Result::ok).filter_map(|l| {
            let v: serde_json::Value = serde_json::from_str(&l).ok()?;
            Some(hearken::clean::text(v.get(key)?.as_str()?).0.into_string())
        }));
    }
    all.sort();
    all.dedup();
    all
}

/// Ways in which a text is told on.
const SAME: [&str; 8] = [
    "as it is",
    "a line before",
    "a line behind",
    "cut to 4/5",
    "cut to 2/3",
    "capitals",
    "typing errors",
    "without punctuation",
];

fn told_on(t: &str, how: usize, d: &mut Dice) -> String {
    let words: Vec<&str> = t.split_whitespace().collect();
    let cut = |part: usize| format!("{}…", words[..(words.len() * part / 100).max(1)].join(" "));
    match how {
        0 => t.to_owned(),
        1 => format!("RT @somebody{}: {t}", d.roll(99)),
        2 => format!("{t} https://t.example/{} via @wire", d.roll(9999)),
        3 => cut(80),
        4 => cut(67),
        5 => t.to_uppercase(),
        6 => {
            let slips = words.len() / 25 + 1;
            let mut w: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
            for _ in 0..slips {
                let i = d.roll(w.len());
                let mut c: Vec<char> = w[i].chars().collect();
                if c.len() > 2 {
                    let k = d.roll(c.len() - 1);
                    c.swap(k, k + 1);
                }
                w[i] = c.into_iter().collect();
            }
            w.join(" ")
        }
        _ => t.replace(['.', ',', '!', ';'], ""),
    }
}

/// Ways in which another text only looks like it.
const OTHER: [&str; 5] = [
    "another post",
    "an answer that quotes it",
    "half of another",
    "numbers changed",
    "four words in ten changed",
];

fn other(t: &str, all: &[String], how: usize, d: &mut Dice) -> Option<String> {
    let words: Vec<&str> = t.split_whitespace().collect();
    let mut stranger = || all[d.roll(all.len())].clone();
    Some(match how {
        0 => stranger(),
        1 => format!("> {}\n{}", words.join(" "), stranger()),
        2 => {
            let s = stranger();
            let theirs: Vec<&str> = s.split_whitespace().collect();
            let half = words.len() / 2;
            let more = theirs.iter().cycle().take(words.len() - half).copied();
            words[..half].iter().copied().chain(more).collect::<Vec<_>>().join(" ")
        }
        3 => {
            let mut changed = false;
            let out: String = t
                .split(' ')
                .map(|w| {
                    let digits = w.chars().any(|c| c.is_ascii_digit()) && !w.contains("://");
                    if !digits {
                        return w.to_owned();
                    }
                    changed = true;
                    w.chars()
                        .map(|c| c.to_digit(10).map_or(c, |n| char::from(b'0' + ((n as u8 + 3) % 10))))
                        .collect()
                })
                .collect::<Vec<_>>()
                .join(" ");
            changed.then_some(out)?
        }
        _ => {
            let s = stranger();
            let theirs: Vec<&str> = s.split_whitespace().collect();
            if theirs.is_empty() {
                return None;
            }
            let mut w: Vec<&str> = words.clone();
            for _ in 0..words.len() * 4 / 10 {
                let i = d.roll(w.len());
                w[i] = theirs[d.roll(theirs.len())];
            }
            w.join(" ")
        }
    })
}

/// SimHash over the same runs of words.
fn simhash(t: &str) -> u64 {
    let words: Vec<String> = t
        .split_whitespace()
        .filter(|w| !w.contains("://"))
        .flat_map(|w| w.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()))
        .map(str::to_lowercase)
        .collect();
    let mut sums = [0i32; 64];
    for w in words.windows(3.min(words.len().max(1))) {
        let parts: Vec<&str> = w.iter().map(String::as_str).collect();
        let h = hash64(&parts);
        for (i, s) in sums.iter_mut().enumerate() {
            *s += if h >> i & 1 == 1 { 1 } else { -1 };
        }
    }
    sums.iter().enumerate().fold(0, |h, (i, s)| if *s > 0 { h | 1 << i } else { h })
}

fn main() {
    let show: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(12);
    let texts = texts();
    let long: Vec<&String> = texts.iter().filter(|t| Signature::of("", t).is_some()).collect();
    if long.is_empty() {
        return;
    }
    println!("{} posts, {} of them long enough to be known again", texts.len(), long.len());
    let mut d = Dice(17);
    // (text, other, same)
    let mut pairs: Vec<(String, String, bool, &str)> = Vec::new();
    for i in 0..20_000 {
        let t = long[d.roll(long.len())];
        if i % 2 == 0 {
            let how = d.roll(SAME.len());
            pairs.push((t.clone(), told_on(t, how, &mut d), true, SAME[how]));
        } else {
            let how = d.roll(OTHER.len());
            if let Some(o) = other(t, &texts, how, &mut d) {
                pairs.push((t.clone(), o, false, OTHER[how]));
            }
        }
    }
    let same = pairs.iter().filter(|p| p.2).count();
    println!("{} pairs, {same} of one story", pairs.len());
    let signed: Vec<_> = pairs.iter().map(|p| (Signature::of("", &p.0), Signature::of("", &p.1))).collect();
    let report = |name: String, says: &dyn Fn(usize) -> bool| {
        let (mut right, mut wrong) = (0, 0);
        for (i, p) in pairs.iter().enumerate() {
            if says(i) {
                *(if p.2 { &mut right } else { &mut wrong }) += 1;
            }
        }
        let precision = f64::from(right) / f64::from((right + wrong).max(1));
        println!("{name:<34} precision {precision:.4}  recall {:.4}", f64::from(right) / same as f64);
    };
    for n in [20, 24, 28, 30, 32, 34, 36, 40, 48] {
        report(
            format!("MinHash, {n} of 64 places"),
            &|i| matches!(&signed[i], (Some(a), Some(b)) if a.shared(b) >= n),
        );
    }
    let hashes: Vec<(u64, u64)> = pairs.iter().map(|p| (simhash(&p.0), simhash(&p.1))).collect();
    for n in [3, 6, 10, 14, 18, 20, 22, 24] {
        report(format!("SimHash, {n} bits apart at most"), &|i| {
            (hashes[i].0 ^ hashes[i].1).count_ones() <= n
        });
    }
    let chosen = |i: usize| matches!(&signed[i], (Some(a), Some(b)) if a.is_like(b));
    let met = |i: usize| matches!(&signed[i], (Some(a), Some(b)) if a.bands().iter().zip(b.bands()).any(|(x, y)| x == y));
    report("as it is used, with numbers".into(), &chosen);
    report("and with its bands".into(), &|i| chosen(i) && met(i));
    for kind in SAME.iter().chain(&OTHER) {
        let of: Vec<usize> = (0..pairs.len()).filter(|i| pairs[*i].3 == *kind).collect();
        let said = of.iter().filter(|i| chosen(**i) && met(**i)).count();
        println!("  {kind:<28} {said} of {} are said to be one story", of.len());
    }
    // What real posts give: each pair whose bands meet.
    let begun = Instant::now();
    let all: Vec<Signature> = long.iter().filter_map(|t| Signature::of("", t)).collect();
    let us = begun.elapsed().as_secs_f64() * 1e6 / long.len() as f64;
    let mut tables: HashMap<(usize, u32), Vec<usize>> = HashMap::new();
    let mut found: HashSet<(usize, usize)> = HashSet::new();
    for (i, s) in all.iter().enumerate() {
        for (b, key) in s.bands().iter().enumerate() {
            let at = tables.entry((b, *key)).or_default();
            for other in at.iter() {
                if s.is_like(&all[*other]) {
                    found.insert((*other, i));
                }
            }
            at.push(i);
        }
    }
    println!(
        "{us:.1} us a signature ({BANDS} bands); {} pairs of real posts are said to be one story",
        found.len()
    );
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable();
    for _ in 0..show.min(found.len()) {
        let (a, b) = found[d.roll(found.len())];
        let line = |t: &str| t.replace('\n', " ").chars().take(150).collect::<String>();
        println!("- {}\n  {}", line(long[a]), line(long[b]));
    }
}
