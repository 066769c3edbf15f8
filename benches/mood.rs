//! How well language and mood are told, on posts that people marked: coverage, accuracy and macro-F1 per language, beside
//! always the commonest mood and, where python3 has it, VADER; then the time a post.
//! `HEARKEN_SHARED=… cargo bench --bench mood`

use hearken::listen::{language, mood};
use hearken::model::Mood;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What somebody wrote, in which language, and what people say its mood is.
struct Marked {
    text: String,
    lang: &'static str,
    mood: Mood,
}

const CODES: &[(&str, &str)] = &[
    ("arabic", "ar"),
    ("english", "en"),
    ("french", "fr"),
    ("german", "de"),
    ("hindi", "hi"),
    ("italian", "it"),
    ("portuguese", "pt"),
    ("spanish", "es"),
];

fn lines(name: &str) -> Vec<serde_json::Value> {
    let Some(dir) = std::env::var_os("HEARKEN_SHARED") else { return Vec::new() };
    let path = std::path::Path::new(&dir).join(format!("corpus/mentions/{name}.jsonl.gz"));
    let Ok(f) = std::fs::File::open(path) else { return Vec::new() };
    let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(f)).lines();
    lines.map_while(Result::ok).filter_map(|l| serde_json::from_str(&l).ok()).collect()
}

fn marked(name: &str) -> Vec<Marked> {
    let of = |v: &serde_json::Value| {
        let word = v["lang"].as_str().unwrap_or("english");
        Some(Marked {
            text: hearken::clean::text(v["text"].as_str()?).0.into_string(),
            lang: CODES.iter().find(|(w, _)| *w == word)?.1,
            mood: Mood::of(v["sentiment"].as_str()?)?,
        })
    };
    lines(name).iter().filter_map(of).collect()
}

/// Accuracy and macro-F1 over positive, neutral and negative.
fn figures(pairs: &[(Mood, Mood)]) -> (f64, f64) {
    let three = [Mood::Pos, Mood::Neutral, Mood::Neg];
    let count = |f: &dyn Fn(&(Mood, Mood)) -> bool| pairs.iter().filter(|p| f(p)).count() as f64;
    let f1 = three.iter().map(|m| {
        let both = count(&|p| p.0 == *m && p.1 == *m);
        let all = count(&|p| p.0 == *m) + count(&|p| p.1 == *m);
        if all > 0.0 { 2.0 * both / all } else { 0.0 }
    });
    (count(&|p| p.0 == p.1) / (pairs.len().max(1) as f64), f1.sum::<f64>() / 3.0)
}

/// What VADER says of texts, by its own thresholds; `None` without it.
fn vader(all: &[Marked]) -> Option<Vec<Mood>> {
    let code = "import sys,json\nfrom vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer as S\n\
        a=S()\nfor l in sys.stdin: print(a.polarity_scores(json.loads(l))['compound'])";
    let mut p = Command::new("python3")
        .args(["-c", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = p.stdin.take()?;
    let texts: Vec<String> = all.iter().filter_map(|m| serde_json::to_string(&m.text).ok()).collect();
    let feed = std::thread::spawn(move || texts.iter().try_for_each(|t| writeln!(input, "{t}")));
    let out = p.wait_with_output().ok()?;
    let _ = feed.join();
    let of = |l: &str| {
        let n: f64 = l.parse().ok()?;
        Some(if n >= 0.05 {
            Mood::Pos
        } else if n <= -0.05 {
            Mood::Neg
        } else {
            Mood::Neutral
        })
    };
    let said: Vec<Mood> = String::from_utf8_lossy(&out.stdout).lines().filter_map(of).collect();
    (said.len() == all.len() && !all.is_empty()).then_some(said)
}

fn main() {
    let mut sets: BTreeMap<String, Vec<Marked>> = BTreeMap::new();
    for name in ["airline", "sentiment140_manual", "tweets_multilingual"] {
        for m in marked(name) {
            sets.entry(format!("{name} {}", m.lang)).or_default().push(m);
        }
    }
    if sets.is_empty() {
        println!("SKIPPED: HEARKEN_SHARED is not set, there are no marked posts");
        return;
    }
    println!("language: told, and right where told");
    for (name, all) in &sets {
        let told: Vec<bool> = all.iter().filter_map(|m| Some(language(&m.text)? == m.lang)).collect();
        let right = told.iter().filter(|r| **r).count();
        let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
        println!(
            "  {name:<24} {:>5} posts  told {:>5.1} %  right {:>5.1} %",
            all.len(),
            share(told.len(), all.len()),
            share(right, told.len())
        );
    }
    println!(
        "mood, in the language that was told: covered (one of three), accuracy and macro-F1 of these; mixed;"
    );
    println!(
        "  of all, with ? and mixed taken for neutral: accuracy, macro-F1 | always the commonest | VADER"
    );
    for (name, all) in &sets {
        let said: Vec<Mood> =
            all.iter().map(|m| mood(&m.text, language(&m.text).unwrap_or_default())).collect();
        let sure = |m: &Mood| !matches!(m, Mood::Unknown | Mood::Mixed);
        let covered: Vec<(Mood, Mood)> =
            all.iter().zip(&said).filter(|(_, s)| sure(s)).map(|(m, s)| (m.mood, *s)).collect();
        let forced: Vec<(Mood, Mood)> =
            all.iter().zip(&said).map(|(m, s)| (m.mood, if sure(s) { *s } else { Mood::Neutral })).collect();
        let count = |m: Mood| all.iter().filter(|x| x.mood == m).count();
        let three = [Mood::Pos, Mood::Neutral, Mood::Neg];
        let common = three.into_iter().max_by_key(|m| count(*m)).unwrap_or_default();
        let same: Vec<(Mood, Mood)> = all.iter().map(|m| (m.mood, common)).collect();
        let theirs = vader(all).map_or("-".to_owned(), |v| {
            let (a, f) = figures(&all.iter().zip(v).map(|(m, v)| (m.mood, v)).collect::<Vec<_>>());
            format!("{a:.3} {f:.3}")
        });
        let ((ca, cf), (fa, ff), (ba, bf)) = (figures(&covered), figures(&forced), figures(&same));
        println!(
            "  {name:<24} covered {:>5.1} %  {ca:.3} {cf:.3}  mixed {:>3.1} %  of all {fa:.3} {ff:.3} | {ba:.3} {bf:.3} | {theirs}",
            100.0 * covered.len() as f64 / all.len() as f64,
            100.0 * said.iter().filter(|s| **s == Mood::Mixed).count() as f64 / all.len() as f64,
        );
    }
    let texts: Vec<&str> = sets.values().flatten().map(|m| m.text.as_str()).collect();
    let at = Instant::now();
    let langs: Vec<&str> = texts.iter().map(|t| language(t).unwrap_or_default()).collect();
    let took = at.elapsed();
    let at = Instant::now();
    let n = texts.iter().zip(&langs).filter(|(t, l)| mood(t, l) == Mood::Neg).count();
    let bytes: usize = texts.iter().map(|t| t.len()).sum();
    println!(
        "time a post of {} bytes: language {:.1} us, mood {:.1} us ({n} negative)",
        bytes / texts.len(),
        took.as_secs_f64() * 1e6 / texts.len() as f64,
        at.elapsed().as_secs_f64() * 1e6 / texts.len() as f64
    );
}
