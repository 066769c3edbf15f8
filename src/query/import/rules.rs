//! What is no query there: the keywords of F5Bot with their flags, the filter rules of Miniflux.

use super::terms::quoted;
use crate::query::words::words;

/// A keyword of F5Bot is one run of characters in any case; flags may stand behind it.
pub fn f5bot(text: &str, notes: &mut Vec<String>) -> Option<String> {
    const PLACES: [(&str, &str); 3] =
        [("reddit", "reddit.com"), ("hackernews", "news.ycombinator.com"), ("lobsters", "lobste.rs")];
    let mut pieces: Vec<&str> = text.split_whitespace().collect();
    let (mut only, mut without) = (Vec::new(), Vec::new());
    while let Some(last) = pieces.last() {
        let place = |p: &str| PLACES.iter().find(|(n, _)| *n == p).map(|(_, s)| format!("site:{s}"));
        if let Some(site) = last.strip_prefix("only-").and_then(place) {
            only.insert(0, site);
        } else if let Some(site) = last.strip_prefix("no-").and_then(place) {
            without.insert(0, format!("-{site}"));
        } else {
            break;
        }
        pieces.pop();
    }
    let keyword = pieces.join(" ");
    let letters = |c: char| c.is_alphanumeric() || c == ' ';
    let mut out = Vec::new();
    if keyword.chars().all(letters) {
        out.push(quoted(&keyword));
        notes.push("F5Bot also finds it inside longer words; here whole words are found, and word* finds what begins so".into());
    } else {
        // Signs count there, in any case: the words find it fast, the regular expression decides.
        out.extend(words(&keyword).iter().map(|w| quoted(&w.fold)));
        let escaped = regex_syntax::escape(&keyword).replace('/', "\\/");
        out.push(format!("/{escaped}/i"));
    }
    if keyword.is_empty() {
        return None;
    }
    if !only.is_empty() {
        out.push(format!("({})", only.join(" OR ")));
    }
    out.extend(without);
    Some(out.join(" "))
}

/// Rules of Miniflux, `EntryTitle=(?i)regex` one a line; any of them.
pub fn miniflux(text: &str, notes: &mut Vec<String>) -> Option<String> {
    let mut all = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let Some((name, value)) = line.split_once('=') else {
            notes.push(format!("“{line}” was left out: a rule is a field, =, and a regular expression"));
            continue;
        };
        match rule(name.trim(), value.trim()) {
            Ok(t) => all.push(t),
            Err(why) => notes.push(format!("“{line}” was left out: {why}")),
        }
    }
    if all.iter().any(|t| t.contains('/')) {
        notes.push(
            "use it in a view or a rule; in a topic a word must stand beside a regular expression".into(),
        );
    }
    (!all.is_empty()).then(|| all.join(" OR "))
}

fn rule(name: &str, value: &str) -> Result<String, String> {
    let (flags, pattern) = match value.strip_prefix("(?").and_then(|r| r.split_once(')')) {
        Some((f, rest)) if f.chars().all(|c| "ims".contains(c)) => (f.to_owned(), rest),
        _ => (String::new(), value),
    };
    if pattern.is_empty() {
        return Err("there is no regular expression".into());
    }
    let regex = || format!("/{}/{flags}", escape_slashes(pattern));
    // Addresses and names take words here, not regular expressions.
    let words = |field: &str| {
        let plain = pattern.replace("\\.", ".").replace("\\-", "-");
        if plain.chars().any(|c| "\\^$*+?()[]{}|".contains(c)) {
            return Err(format!("{field}: takes words here, not a regular expression"));
        }
        Ok(format!("{field}:\"{plain}\""))
    };
    match name {
        "EntryTitle" => Ok(format!("title:{}", regex())),
        "EntryContent" => Ok(format!("body:{}", regex())),
        "EntryURL" | "EntryCommentsURL" => words("url"),
        "EntryAuthor" => words("author"),
        "EntryTag" => Err("categories of entries are not kept".into()),
        "EntryDate" => match value.split_once(':') {
            Some(("before", d)) => Ok(format!("date:..{d}")),
            Some(("after", d)) => Ok(format!("date:{d}..")),
            Some(("between", d)) => {
                let (a, b) = d.split_once(',').ok_or("between: takes two dates with a comma")?;
                Ok(format!("date:{}..{}", a.trim(), b.trim()))
            }
            Some(("max-age", d)) => Ok(format!("age:>{d}")),
            _ => Err("a date that lies ahead is put to now when it is heard".into()),
        },
        _ => Err(format!("{name} is not known")),
    }
}

fn escape_slashes(pattern: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for c in pattern.chars() {
        if c == '/' && !escaped {
            out.push('\\');
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}
