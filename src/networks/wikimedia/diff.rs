//! What an edit changed, in words: lines that differ, with the words that went and came marked in them.

use similar::{ChangeTag, TextDiff};

/// Characters of a text that are compared, and of what is told.
const COMPARED: usize = 400_000;
const TOLD: usize = 8_000;
/// Words left standing around a change.
const AROUND: usize = 8;

/// `[-went-]` and `{+came+}` in the lines that changed; a text that is new comes as it is.
pub fn words(old: &str, new: &str) -> String {
    let cut = |s: &str| s.char_indices().nth(COMPARED).map_or(s.len(), |(i, _)| i);
    let (old, new) = (&old[..cut(old)], &new[..cut(new)]);
    if old.trim().is_empty() {
        return capped(new.trim().to_owned());
    }
    // A last line without an end is no other line.
    let (old, new) = (format!("{}\n", old.trim_end()), format!("{}\n", new.trim_end()));
    let lines = TextDiff::from_lines(&old, &new);
    let mut out = String::new();
    for group in lines.grouped_ops(0) {
        let (mut went, mut came) = (String::new(), String::new());
        for op in &group {
            for c in lines.iter_changes(op) {
                match c.tag() {
                    ChangeTag::Delete => went.push_str(c.value()),
                    ChangeTag::Insert => came.push_str(c.value()),
                    ChangeTag::Equal => {}
                }
            }
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&in_line(went.trim(), came.trim()));
        if out.len() > TOLD {
            break;
        }
    }
    capped(out)
}

fn capped(mut s: String) -> String {
    if let Some((i, _)) = s.char_indices().nth(TOLD) {
        s.truncate(i);
        s.push('…');
    }
    s
}

/// A stretch of words: what stayed, or what went and came in its place.
enum Run {
    Same(String),
    Changed { went: String, came: String },
}

/// Changed words with nothing but blanks between them are one change.
fn runs(went: &str, came: &str) -> Vec<Run> {
    let diff = TextDiff::from_words(went, came);
    let mut out: Vec<Run> = Vec::new();
    for c in diff.iter_all_changes() {
        let word = c.value();
        match (c.tag(), out.last_mut()) {
            (ChangeTag::Equal, Some(Run::Same(s))) => s.push_str(word),
            (ChangeTag::Equal, _) => out.push(Run::Same(word.to_owned())),
            (tag, last) => {
                let fresh = !matches!(last, Some(Run::Changed { .. }));
                if fresh {
                    out.push(Run::Changed { went: String::new(), came: String::new() });
                }
                if let Some(Run::Changed { went, came }) = out.last_mut() {
                    if tag == ChangeTag::Delete { went.push_str(word) } else { came.push_str(word) }
                }
            }
        }
    }
    let mut merged: Vec<Run> = Vec::new();
    for r in out {
        let blank = match (&r, merged.len()) {
            (Run::Changed { .. }, n) if n >= 2 => match (&merged[n - 2], &merged[n - 1]) {
                (Run::Changed { .. }, Run::Same(s)) if s.trim().is_empty() => Some(s.clone()),
                _ => None,
            },
            _ => None,
        };
        match (blank, r) {
            (Some(blank), Run::Changed { went: w, came: c }) => {
                merged.pop();
                if let Some(Run::Changed { went, came }) = merged.last_mut() {
                    went.push_str(&blank);
                    went.push_str(&w);
                    came.push_str(&blank);
                    came.push_str(&c);
                }
            }
            (_, r) => merged.push(r),
        }
    }
    merged
}

fn in_line(went: &str, came: &str) -> String {
    if went.is_empty() {
        return came.to_owned();
    }
    if came.is_empty() {
        return format!("[-{went}-]");
    }
    let all = runs(went, came);
    let last = all.len() - 1;
    let mut out = String::new();
    for (i, r) in all.iter().enumerate() {
        match r {
            Run::Same(s) => {
                let words: Vec<&str> = s.split_inclusive(char::is_whitespace).collect();
                let (head, tail) = (if i == 0 { 0 } else { AROUND }, if i == last { 0 } else { AROUND });
                if words.len() > head + tail + 1 {
                    out.push_str(&words[..head].concat());
                    out.push('…');
                    if tail > 0 {
                        out.push(' ');
                    }
                    out.push_str(&words[words.len() - tail..].concat());
                } else {
                    out.push_str(s);
                }
            }
            Run::Changed { went, came } => {
                let blank = |s: &str| s.len() - s.trim_end().len();
                if !went.trim().is_empty() {
                    out.push_str(&format!("[-{}-]", went.trim_end()));
                }
                if !went.trim().is_empty() && !came.trim().is_empty() {
                    out.push(' ');
                }
                if !came.trim().is_empty() {
                    out.push_str(&format!("{{+{}+}}", came.trim_end()));
                }
                if blank(came).max(blank(went)) > 0 {
                    out.push(' ');
                }
            }
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_words() {
        for (old, new, want) in [
            ("", "a new page\n", "a new page"),
            ("one\ntwo words here\nthree", "one\ntwo other here\nthree", "two [-words-] {+other+} here"),
            ("one\ntwo", "one\ntwo\nthree", "three"),
            ("one\n\ntwo\n", "one\n\n", "[-two-]"),
            ("a\n", "a\nb c\n", "b c"),
            ("a bad tin of food", "a good box of food", "a [-bad tin-] {+good box+} of food"),
            ("a tin", "a new tin", "a {+new+} tin"),
        ] {
            assert_eq!(words(old, new), want, "{old:?} -> {new:?}");
        }
        let long: String = (0..100).map(|i| format!("w{i} ")).collect();
        let got = words(&long, &long.replace("w50 ", "x "));
        assert!(got.contains("[-w50-] {+x+}") && got.len() < 120, "{got}");
        assert_eq!(words("same", "same"), "");
        assert!(words("", &"x ".repeat(20_000)).chars().count() <= TOLD + 1);
    }
}
