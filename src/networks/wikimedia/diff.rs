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

fn in_line(went: &str, came: &str) -> String {
    if went.is_empty() {
        return came.to_owned();
    }
    if came.is_empty() {
        return format!("[-{went}-]");
    }
    let diff = TextDiff::from_words(went, came);
    let mut out = String::new();
    let all: Vec<(ChangeTag, String)> =
        diff.iter_all_changes().map(|c| (c.tag(), c.value().to_owned())).collect();
    let mut i = 0;
    while i < all.len() {
        let tag = all[i].0;
        let end = i + all[i..].iter().take_while(|c| c.0 == tag).count();
        let run: Vec<&str> = all[i..end].iter().map(|c| c.1.as_str()).collect();
        match tag {
            ChangeTag::Delete => {
                out.push_str(&format!("[-{}-]", run.concat().trim_end()));
                if all.get(end).is_some_and(|c| c.0 == ChangeTag::Insert) {
                    out.push(' ');
                    i = end;
                    continue;
                }
            }
            ChangeTag::Insert => out.push_str(&format!("{{+{}+}}", run.concat().trim_end())),
            ChangeTag::Equal => {
                // Blanks are words of their own here.
                let keep = AROUND * 2;
                let (first, last) = (i == 0, end == all.len());
                if run.len() > 2 * keep && !first && !last {
                    out.push_str(&run[..keep].concat());
                    out.push_str("… ");
                    out.push_str(&run[run.len() - keep..].concat());
                } else if run.len() > keep && first {
                    out.push_str("… ");
                    out.push_str(&run[run.len() - keep..].concat());
                } else if run.len() > keep && last {
                    out.push_str(&run[..keep].concat());
                    out.push('…');
                } else {
                    out.push_str(&run.concat());
                }
            }
        }
        if tag != ChangeTag::Equal && run.last().is_some_and(|w| w.ends_with(char::is_whitespace)) {
            out.push(' ');
        }
        i = end;
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
