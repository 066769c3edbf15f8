//! The words, phrases, operators and fields of other tools as they stand here.

use super::{Dialect, Token};

/// The pieces of a query of words, brackets and fields.
pub fn tokens(text: &str, dialect: Dialect, notes: &mut Vec<String>) -> Vec<Token> {
    let text = without_remarks(text);
    let t: Vec<char> = text.chars().map(straight).collect();
    let (mut out, mut i) = (Vec::new(), 0);
    while let Some(&c) = t.get(i) {
        match c {
            c if c.is_whitespace() => i += 1,
            '(' => {
                out.push(Token::Open);
                i += 1;
            }
            ')' => {
                let end = (i + 1..t.len()).find(|k| !"~^0123456789".contains(t[*k])).unwrap_or(t.len());
                let behind: String = t[i + 1..end].iter().collect();
                let marked = behind.starts_with(['~', '^']);
                out.push(Token::Close(if marked { behind } else { String::new() }));
                i = if marked { end } else { i + 1 };
            }
            '|' => {
                out.push(Token::Or);
                i += 1;
            }
            '-' | '!' if t.get(i + 1).is_some_and(|n| !n.is_whitespace()) => {
                out.push(Token::Not);
                i += 1;
            }
            '+' if t.get(i + 1).is_some_and(|n| *n != '+' && !n.is_whitespace()) => i += 1,
            _ => {
                let (word, end) = word(&t, i);
                i = end.max(i + 1);
                out.push(token(&word, dialect, notes));
            }
        }
    }
    out
}

/// Remarks of Brandwatch: `<<<so>>>`.
fn without_remarks(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<<<") {
        out += before;
        out.push(' ');
        rest = behind.split_once(">>>").map_or("", |(_, r)| r);
    }
    out + rest
}

fn straight(c: char) -> char {
    match c {
        '“' | '”' | '„' | '«' | '»' => '"',
        '’' | '‘' => '\'',
        c => c,
    }
}

/// One word with what is quoted in it, and where it ends.
fn word(t: &[char], from: usize) -> (String, usize) {
    let mut i = from;
    let mut out = String::new();
    while let Some(&c) = t.get(i) {
        let opens = matches!(c, '"' | '`') || (c == '/' && (i == from || t[i - 1] == ':'));
        if opens && let Some(end) = (i + 1..t.len()).find(|k| t[*k] == c && t[*k - 1] != '\\') {
            out.extend(&t[i..=end]);
            i = end + 1;
            continue;
        }
        // AROUND(3) is one word.
        let around = c == '(' && out.eq_ignore_ascii_case("around");
        if around && let Some(end) = (i..t.len()).find(|k| t[*k] == ')') {
            out.extend(&t[i..=end]);
            i = end + 1;
            continue;
        }
        if c.is_whitespace() || matches!(c, '(' | ')' | '|') {
            break;
        }
        out.push(c);
        i += 1;
    }
    (out, i)
}

fn token(word: &str, dialect: Dialect, notes: &mut Vec<String>) -> Token {
    // Meltwater reads operators in any case, the others in capitals.
    let upper = if dialect == Dialect::Meltwater { word.to_ascii_uppercase() } else { word.to_owned() };
    match upper.as_str() {
        "AND" | "&&" => return Token::And,
        "OR" | "||" => return Token::Or,
        "NOT" => return Token::Not,
        _ => {}
    }
    if let Some(near) = near(&upper) {
        return Token::Near(near);
    }
    match word.split_once(':') {
        Some((name, value)) if is_name(name) && !value.starts_with("//") => {
            field(&name.to_ascii_lowercase(), value, dialect, notes)
        }
        _ => plain(word, dialect, notes),
    }
}

fn is_name(s: &str) -> bool {
    !s.is_empty() && s.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
}

/// `NEAR`, `NEAR/5`, `NEAR/5f`, `ONEAR/5`, `AROUND(5)`.
fn near(word: &str) -> Option<String> {
    let number = |s: &str| s.parse::<u32>().ok();
    if let Some(n) = word.strip_prefix("AROUND(").and_then(|r| r.strip_suffix(')')).and_then(number) {
        return Some(format!("NEAR/{n}"));
    }
    let (ordered, rest) = match (word.strip_prefix("ONEAR"), word.strip_prefix("NEAR")) {
        (Some(r), _) => (true, r),
        (None, Some(r)) => (false, r),
        _ => return None,
    };
    // Four words between where nothing is said, as at Meltwater.
    let (n, forward) = match rest.strip_prefix('/') {
        None if rest.is_empty() => (4, false),
        None => return None,
        Some(r) => match r.strip_suffix(['f', 'F']) {
            Some(n) => (number(n)?, true),
            None => (number(r)?, false),
        },
    };
    Some(format!("{}/{n}", if ordered || forward { "ONEAR" } else { "NEAR" }))
}

/// One plain word as it is, more than that as a phrase.
pub fn quoted(words: &str) -> String {
    let plain = words.chars().all(char::is_alphanumeric) && words != words.to_uppercase();
    if plain { words.to_owned() } else { format!("\"{words}\"") }
}

/// A word, a phrase or a raw term.
fn plain(word: &str, dialect: Dialect, notes: &mut Vec<String>) -> Token {
    if dialect == Dialect::Google {
        if let Some(phrase) = word.strip_prefix('"').and_then(|w| w.strip_suffix('"'))
            && phrase.split_whitespace().any(|w| w == "*")
        {
            let parts: Vec<&str> = phrase.split('*').map(str::trim).filter(|p| !p.is_empty()).collect();
            notes.push(format!("{word}: the * stands for up to five words here"));
            let all: Vec<String> = parts.iter().map(|p| quoted(p)).collect();
            return term(format!("({})", all.join(" ONEAR/5 ")));
        }
        if let Some(w) = word.strip_prefix('~') {
            notes.push(format!("{word}: there are no synonyms here; the word itself is searched"));
            return term(w.to_owned());
        }
        if word == "*" {
            notes.push("a * alone stands for nothing here".into());
            return Token::Nothing;
        }
    }
    if let Some((phrase, weight)) = word.rsplit_once('^')
        && weight.chars().all(|c| c.is_ascii_digit())
        && matches!(dialect, Dialect::Meltwater | Dialect::Brandwatch)
        && !phrase.is_empty()
    {
        notes.push(format!("^{weight} is a weight of the display there; it was left out"));
        return term(phrase.to_owned());
    }
    if let Some(w) = word.strip_prefix("++").filter(|w| !w.is_empty() && dialect == Dialect::Talkwalker) {
        return term(format!("`{}`", w.trim_matches('"')));
    }
    term(word.to_owned())
}

fn term(t: String) -> Token {
    if t.is_empty() { Token::Nothing } else { Token::Term(t) }
}

/// A field of another tool as one of ours.
fn field(name: &str, value: &str, dialect: Dialect, notes: &mut Vec<String>) -> Token {
    let bare = value.trim_matches('"');
    let mut left_out = |why: &str| {
        notes.push(format!("{name}:{value} was left out: {why}"));
        Token::Nothing
    };
    if value.is_empty() {
        return left_out("there is no value behind the colon");
    }
    let keep = |as_name: &str| term(format!("{as_name}:{value}"));
    match (dialect, name) {
        (_, "intitle" | "title" | "headline" | "subject") => keep("title"),
        (_, "intext" | "text" | "ingress" | "content" | "body") => keep("body"),
        (_, "inurl" | "url") => keep("url"),
        (_, "site" | "domain") => keep("site"),
        (_, "links" | "link") => keep("link"),
        (_, "author" | "from") => keep("author"),
        (_, "lang" | "language") => keep("lang"),
        (_, "subreddit") => term(format!("community:\"r/{}\"", bare.trim_start_matches("r/"))),
        (_, "raw") => term(format!("`{bare}`")),
        (Dialect::Brandwatch, "hashtags" | "hashtag") => term(format!("#{}", bare.trim_start_matches('#'))),
        (Dialect::Brandwatch, "at_mentions") => term(format!("@{}", bare.trim_start_matches('@'))),
        (Dialect::Talkwalker, "engagement" | "reach") | (Dialect::Brandwatch, "reach" | "followers") => {
            keep("reach")
        }
        (Dialect::Talkwalker | Dialect::Brandwatch | Dialect::Meltwater, "sentiment") => keep("sentiment"),
        (Dialect::Syften, "type") => keep("type"),
        (Dialect::FreshRss, "date" | "pubdate") => {
            date(value).map_or_else(|| left_out("this interval is not understood"), term)
        }
        (Dialect::FreshRss, "userdate") => left_out("when it was read is not kept"),
        (Dialect::FreshRss, "label" | "labels" | "l") => {
            let all: Vec<String> = bare.split(',').map(|l| format!("tag:\"{}\"", l.trim())).collect();
            term(if all.len() == 1 { all.concat() } else { format!("({})", all.join(" OR ")) })
        }
        (Dialect::FreshRss, "f" | "c" | "e") => {
            left_out("numbers of feeds and categories mean nothing here; source:ID names a source")
        }
        (Dialect::FreshRss, "search" | "s") => {
            left_out("import that query too, and write it in brackets in its place")
        }
        (_, "country" | "city" | "region" | "continent" | "sourcecountry" | "location") => {
            left_out("where somebody lives is not known")
        }
        (_, "source" | "sourcetype" | "pagetype") => {
            left_out("kinds of media are not told apart; site: names a place, source: one of your sources")
        }
        (
            Dialect::Google,
            "filetype" | "ext" | "related" | "cache" | "allintitle" | "allinurl" | "allintext",
        ) => left_out("it has no counterpart"),
        _ => left_out("there is no such field"),
    }
}

/// An ISO interval of FreshRSS: `2024-01-01/2024-02-01`, `2024-01`, `P1W/`, `P3D`.
fn date(value: &str) -> Option<String> {
    let age = |p: &str| {
        let p = p.strip_prefix('P')?;
        let unit = match p.chars().last()? {
            'D' => "d",
            'W' => "w",
            'M' => "mo",
            'Y' => "y",
            _ => return None,
        };
        let n: u32 = p[..p.len() - 1].parse().ok()?;
        Some(format!("{n}{unit}"))
    };
    let day = |s: &str| s.get(..10).unwrap_or(s).to_owned();
    match value.split_once('/') {
        None => age(value).map(|a| format!("age:<{a}")).or_else(|| Some(format!("date:{}", day(value)))),
        Some((from, "")) => {
            age(from).map(|a| format!("age:<{a}")).or_else(|| Some(format!("date:{}..", day(from))))
        }
        Some(("", to)) => {
            age(to).map(|a| format!("age:>{a}")).or_else(|| Some(format!("date:..{}", day(to))))
        }
        Some((from, to)) if !from.starts_with('P') && !to.starts_with('P') => {
            Some(format!("date:{}..{}", day(from), day(to)))
        }
        Some(_) => None,
    }
}
