//! Terms that read the text itself: raw terms, character by character, and regular expressions of a linear-time engine.

use super::doc::Side;
use super::term::Found;
use regex_syntax::hir::{Hir, HirKind};

/// A raw term: case, accents and signs count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Raw {
    pub text: String,
    plain: Vec<char>,
}

/// The same sign for the same meaning, one to one.
fn same(c: char) -> char {
    match c {
        '’' | '‘' | 'ʼ' => '\'',
        '“' | '”' | '„' => '"',
        '‐' | '‑' => '-',
        '＃' => '#',
        '＠' => '@',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// A text as raw terms see it: a run of blanks is one, with the places of its ends.
pub(super) fn plain(text: &str) -> Vec<(char, u32, u32)> {
    let mut out: Vec<(char, u32, u32)> = Vec::new();
    for (i, c) in (0u32..).zip(text.chars()) {
        let c = same(c);
        match out.last_mut() {
            Some(last) if c == ' ' && last.0 == ' ' => last.2 = i + 1,
            _ => out.push((c, i, i + 1)),
        }
    }
    out
}

impl Raw {
    /// Trimmed, runs of blanks as one; `None` if nothing is left.
    pub fn new(text: &str) -> Option<Raw> {
        use unicode_normalization::UnicodeNormalization;
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
        let plain = text.chars().map(same).collect();
        (!text.is_empty()).then_some(Raw { text, plain })
    }

    pub(super) fn find(&self, side: &Side, out: &mut Vec<Found>) {
        let t = side.plain();
        let n = self.plain.len();
        for i in 0..(t.len() + 1).saturating_sub(n) {
            if !t[i..i + n].iter().zip(&self.plain).all(|(a, b)| a.0 == *b) {
                continue;
            }
            let (start, end) = (t[i].1, t[i + n - 1].2);
            let inside = |at: u32| {
                let w = side.words.partition_point(|w| w.end <= at);
                side.words.get(w).is_some_and(|w| w.start < at && at < w.end)
            };
            if !inside(start) && !inside(end) {
                let (first, last) = side.words_over(start, end);
                out.push(Found { start, end, first, last });
            }
        }
    }
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Regex {
    pub source: String,
    pub flags: String,
    engine: regex::Regex,
    /// The longest run of letters and digits that every match holds; shorter ones count for nothing.
    pub run: Option<String>,
}

impl PartialEq for Regex {
    fn eq(&self, o: &Regex) -> bool {
        (&self.source, &self.flags) == (&o.source, &o.flags)
    }
}

/// Bytes that a compiled expression may take.
const SIZE: usize = 1 << 20;

impl Regex {
    /// # Errors
    /// Why it cannot be used, as a sentence.
    pub fn new(source: &str, flags: &str) -> Result<Regex, String> {
        if source.chars().count() > 1000 {
            return Err("a regular expression may have at most 1000 characters".into());
        }
        let has = |c| flags.contains(c);
        let hir = regex_syntax::ParserBuilder::new()
            .case_insensitive(has('i'))
            .multi_line(has('m'))
            .dot_matches_new_line(has('s'))
            .build()
            .parse(source)
            .map_err(|e| why(&e.to_string()))?;
        if hir.properties().minimum_len().is_none_or(|n| n == 0) {
            return Err(
                "this regular expression matches the empty text; make it require at least one character"
                    .into(),
            );
        }
        let engine = regex::RegexBuilder::new(source)
            .case_insensitive(has('i'))
            .multi_line(has('m'))
            .dot_matches_new_line(has('s'))
            .size_limit(SIZE)
            .build()
            .map_err(|e| why(&e.to_string()))?;
        let mut run = String::new();
        if let Ok(plain) = regex_syntax::parse(source) {
            longest(&plain, &mut String::new(), &mut run);
        }
        let run = Some(run).filter(|r| r.len() >= 3);
        Ok(Regex { source: source.into(), flags: flags.into(), engine, run })
    }

    pub(super) fn find(&self, side: &Side, out: &mut Vec<Found>) {
        let (mut byte, mut char) = (0, 0u32);
        for m in self.engine.find_iter(&side.text).filter(|m| !m.is_empty()) {
            char += side.text[byte..m.start()].chars().count() as u32;
            let start = char;
            char += m.as_str().chars().count() as u32;
            byte = m.end();
            let (first, last) = side.words_over(start, char);
            out.push(Found { start, end: char, first, last });
        }
    }
}

fn why(e: &str) -> String {
    if e.contains("look-around") || e.contains("backreference") || e.contains("look-ahead") {
        return "look-around and back-references are not supported: the engine runs in linear time".into();
    }
    let last = e.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or(e);
    format!("this regular expression is not valid: {}", last.trim_start_matches("error: "))
}

/// Runs of letters and digits that stand together in every match.
fn longest(h: &Hir, now: &mut String, best: &mut String) {
    let mut end = |now: &mut String| {
        if now.len() > best.len() {
            best.clone_from(now);
        }
        now.clear();
    };
    match h.kind() {
        HirKind::Literal(l) => {
            for b in l.0.iter().copied() {
                if b.is_ascii_alphanumeric() { now.push(char::from(b)) } else { end(now) }
            }
            end(now);
        }
        HirKind::Concat(c) => c.iter().for_each(|h| longest(h, &mut String::new(), best)),
        HirKind::Capture(c) => longest(&c.sub, now, best),
        HirKind::Repetition(r) if r.min > 0 => longest(&r.sub, now, best),
        _ => {}
    }
}
