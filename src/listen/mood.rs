//! What mood words suggest, by lists of our own: how good or bad a word is in a language, what turns it round, makes it
//! more or less. Where the words say little, or the language has no list, it says nothing. It never decides alone.

use crate::model::{Mention, Mood};
use crate::query::folds;
use rustc_hash::FxHashMap as HashMap;
use std::sync::LazyLock;

/// Words of a text that are looked at: beyond that it is about more than one thing. And characters, for faces.
const LOOKED_AT: usize = 300;
const SIGNS: usize = 2_000;
/// Below this nothing is sure; for long texts it grows with their words.
const SURE: f32 = 0.8;
const SURE_PER_WORD: f32 = 0.02;
/// The better side must outweigh the other one by this share of both, else it is both.
const CLEAR: f32 = 0.35;
/// Both sides must weigh this much to be called mixed.
const BOTH: f32 = 1.8;
/// Words of a text without any that counts, from which on it is neutral.
const NEUTRAL: usize = 4;

/// The words of one language.
struct List {
    exact: HashMap<String, f32>,
    /// By their first letters, the longest first.
    stems: HashMap<[char; 3], Vec<(String, f32)>>,
    /// By their first word; the last one may be a stem.
    phrases: HashMap<String, Vec<(Vec<String>, f32)>>,
    not: Vec<Vec<String>>,
    more: Vec<String>,
    less: Vec<String>,
    but: Vec<String>,
}

static LISTS: LazyLock<HashMap<&'static str, List>> = LazyLock::new(|| {
    let all = [
        ("ar", include_str!("mood/ar.txt")),
        ("de", include_str!("mood/de.txt")),
        ("en", include_str!("mood/en.txt")),
        ("es", include_str!("mood/es.txt")),
        ("fr", include_str!("mood/fr.txt")),
        ("it", include_str!("mood/it.txt")),
        ("pt", include_str!("mood/pt.txt")),
    ];
    all.into_iter().map(|(lang, text)| (lang, List::read(text))).collect()
});

static EMOJI: LazyLock<HashMap<String, f32>> =
    LazyLock::new(|| List::read(include_str!("mood/emoji.txt")).exact);

/// Faces that are written in signs; an address is none.
const FACES: &[(&str, f32)] = &[
    (":)", 1.5),
    (":-)", 1.5),
    (":D", 2.0),
    (":-D", 2.0),
    ("xD", 1.5),
    (";)", 1.0),
    (";-)", 1.0),
    ("<3", 2.0),
    ("^^", 1.0),
    (":(", -1.5),
    (":-(", -1.5),
    (":'(", -2.0),
    ("-_-", -1.5),
    (":/", -1.0),
    (":-/", -1.0),
];
/// A list has signs of its own that weigh so much.
const EMOJI_WEIGHS: f32 = 0.9;

impl List {
    /// One weight or use, and its words, on each line; `*` ends a stem, `_` joins words.
    fn read(text: &str) -> List {
        let mut l = List {
            exact: HashMap::default(),
            stems: HashMap::default(),
            phrases: HashMap::default(),
            not: Vec::new(),
            more: Vec::new(),
            less: Vec::new(),
            but: Vec::new(),
        };
        for (what, words) in text.lines().filter_map(|line| line.split_once(": ")) {
            for w in words.split(' ').filter(|w| !w.is_empty()) {
                let parts: Vec<String> = w.split('_').map(str::to_owned).collect();
                match (what, what.parse::<f32>()) {
                    ("not", _) => l.not.push(parts),
                    ("more", _) => l.more.push(w.to_owned()),
                    ("less", _) => l.less.push(w.to_owned()),
                    ("but", _) => l.but.push(w.to_owned()),
                    (_, Ok(n)) if parts.len() > 1 => {
                        l.phrases.entry(parts[0].clone()).or_default().push((parts, n));
                    }
                    (_, Ok(n)) => match w.strip_suffix('*') {
                        Some(stem) => {
                            if let Some(first) = three(stem) {
                                l.stems.entry(first).or_default().push((stem.to_owned(), n));
                            }
                        }
                        None => drop(l.exact.insert(w.to_owned(), n)),
                    },
                    _ => {}
                }
            }
        }
        l.stems.values_mut().for_each(|all| all.sort_by_key(|(stem, _)| std::cmp::Reverse(stem.len())));
        l
    }

    /// What a word weighs by itself: whole, else by its longest stem.
    fn word(&self, w: &str) -> Option<f32> {
        if let Some(n) = self.exact.get(w) {
            return Some(*n);
        }
        let all = self.stems.get(&three(w)?)?;
        all.iter().find(|(stem, _)| w.starts_with(stem.as_str())).map(|(_, n)| *n)
    }

    /// The longest phrase that begins here: how many words, and what it weighs.
    fn phrase(&self, words: &[&str]) -> Option<(usize, f32)> {
        let all = self.phrases.get(*words.first()?)?;
        let fits = |p: &[String]| {
            p.len() <= words.len()
                && p.iter().zip(words).all(|(a, b)| match a.strip_suffix('*') {
                    Some(stem) => b.starts_with(stem),
                    None => a == b,
                })
        };
        all.iter().filter(|(p, _)| fits(p)).map(|(p, n)| (p.len(), *n)).max_by_key(|(len, _)| *len)
    }

    fn turns(&self, before: &[&str]) -> bool {
        self.not.iter().any(|p| before.windows(p.len()).any(|w| w == p.as_slice()))
    }

    /// Which words weigh how much, as they stand there.
    fn weigh(&self, words: &[&str]) -> Vec<(usize, f32)> {
        let mut hits = Vec::new();
        let mut i = 0;
        while i < words.len() {
            let phrase = self.phrase(&words[i..]);
            let used = phrase.map_or(1, |(len, _)| len);
            if let Some(mut n) = phrase.map(|p| p.1).or_else(|| self.word(words[i])) {
                for b in words[i.saturating_sub(2)..i].iter() {
                    if self.more.iter().any(|m| m == b) {
                        n *= 1.3;
                    } else if self.less.iter().any(|m| m == b) {
                        n *= 0.6;
                    }
                }
                if self.turns(&words[i.saturating_sub(3)..i]) {
                    n *= if n > 0.0 { -0.7 } else { -0.4 };
                }
                hits.push((i, n));
            }
            i += used;
        }
        // What stands behind a "but" counts for more than what stands before it.
        if let Some(b) =
            words.iter().rposition(|w| self.but.iter().any(|m| m == w)).filter(|b| b + 2 < words.len())
        {
            for (at, n) in &mut hits {
                *n *= if *at < b { 0.6 } else { 1.3 };
            }
        }
        hits
    }
}

/// The first letters of a word; `None` for a shorter one.
fn three(w: &str) -> Option<[char; 3]> {
    let mut c = w.chars();
    Some([c.next()?, c.next()?, c.next()?])
}

/// What the words of a text suggest in a language.
#[must_use]
pub fn of(text: &str, lang: &str) -> Mood {
    let words = folds(text);
    judge(&[text], &words.iter().map(String::as_str).collect::<Vec<_>>(), lang)
}

/// Of a mention whose language is settled, given its words.
#[must_use]
pub fn of_mention(m: &Mention, words: &[&str]) -> Mood {
    judge(&[&m.title, &m.text], words, &m.lang)
}

/// By words and by faces.
fn judge(texts: &[&str], words: &[&str], lang: &str) -> Mood {
    let words = &words[..words.len().min(LOOKED_AT)];
    let list = LISTS.get(lang);
    let mut hits: Vec<f32> = list.map_or(Vec::new(), |l| l.weigh(words).into_iter().map(|h| h.1).collect());
    let emoji = words.iter().filter(|w| !w.is_ascii()).filter_map(|w| EMOJI.get(*w));
    hits.extend(emoji.map(|n| n * EMOJI_WEIGHS));
    let signs = |t: &&&str| t.bytes().any(|b| matches!(b, b':' | b';' | b'<' | b'^' | b'_' | b'D'));
    for text in texts.iter().filter(signs) {
        let text = &text[..text.char_indices().nth(SIGNS).map_or(text.len(), |(i, _)| i)];
        for (face, n) in FACES {
            // An address holds a sign that looks like one.
            let found = text.match_indices(face).filter(|(i, _)| !text[*i..].starts_with("://")).count();
            hits.extend(std::iter::repeat_n(*n, found.min(2)));
        }
    }
    let loud = 1.0 + texts.iter().map(|t| t.matches('!').count()).sum::<usize>().min(3) as f32 * 0.1;
    let sum = |want: fn(&f32) -> bool| hits.iter().filter(|n| want(n)).sum::<f32>().abs() * loud;
    let (good, bad) = (sum(|n| *n > 0.0), sum(|n| *n < 0.0));
    let (ahead, all) = ((good - bad).abs(), good + bad);
    if hits.is_empty() {
        return if list.is_some() && words.len() >= NEUTRAL { Mood::Neutral } else { Mood::Unknown };
    }
    if ahead < CLEAR * all {
        return if good.min(bad) >= BOTH { Mood::Mixed } else { Mood::Unknown };
    }
    if ahead < SURE.max(words.len() as f32 * SURE_PER_WORD) {
        return Mood::Unknown;
    }
    if good > bad { Mood::Pos } else { Mood::Neg }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_suggest_a_mood_and_little_suggests_nothing() {
        for (text, lang, mood) in [
            ("I love this release, it works great!", "en", Mood::Pos),
            ("The worst update ever, it crashes and nobody answers", "en", Mood::Neg),
            ("It is not good", "en", Mood::Neg),
            ("Version 2.0 comes out on Monday", "en", Mood::Neutral),
            ("I love the editor but the sync is terrible, a disaster, I hate it", "en", Mood::Neg),
            ("an amazing editor and a terrible sync", "en", Mood::Mixed),
            ("Die neue Version ist großartig, danke!", "de", Mood::Pos),
            ("C’est nul, j’en ai marre de cette panne", "fr", Mood::Neg),
            ("Es una estafa, no me gusta", "es", Mood::Neg),
            ("👍🎉", "", Mood::Pos),
            ("hmm", "en", Mood::Unknown),
            ("Nowa wersja jest super", "pl", Mood::Unknown),
            ("", "", Mood::Unknown),
        ] {
            assert_eq!(of(text, lang), mood, "{text}");
        }
    }

    #[test]
    fn every_list_is_folded_and_says_nothing_twice() {
        for (name, l) in LISTS.iter() {
            let stems = l.stems.values().flatten().map(|(s, _)| s);
            let words = l.exact.keys().chain(stems).cloned();
            let phrases = l.phrases.values().flatten().flat_map(|(p, _)| p.clone());
            for w in words.chain(phrases) {
                let w = w.trim_end_matches('*').to_owned();
                assert_eq!(folds(&w).as_slice(), std::slice::from_ref(&w), "{name}: {w}");
            }
            assert!(l.exact.len() + l.stems.len() > 120 && !l.not.is_empty(), "{name}");
        }
        assert!(EMOJI.len() > 80);
    }
}
