//! Columns on a screen: how wide a text is, and how to cut it to a width without splitting a character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that `s` takes.
#[must_use]
pub fn width(s: &str) -> usize {
    s.width()
}

/// The longest beginning of `s` that fits `max` columns, with `…` if something was left out.
#[must_use]
pub fn fit(s: &str, max: usize) -> String {
    if s.len() <= max && s.is_ascii() || s.width() <= max {
        return s.to_owned();
    }
    if max == 0 {
        return String::new();
    }
    let (mut out, mut used) = (String::new(), 0);
    for g in s.graphemes(true) {
        let w = g.width();
        if used + w > max - 1 {
            break;
        }
        out.push_str(g);
        used += w;
    }
    out.push('…');
    out
}

/// `fit`, then spaces up to exactly `max` columns.
#[must_use]
pub fn pad(s: &str, max: usize) -> String {
    let mut out = fit(s, max);
    let w = out.width();
    out.extend(std::iter::repeat_n(' ', max.saturating_sub(w)));
    out
}

/// Wraps text to lines of at most `max` columns; words longer than a line are cut.
#[must_use]
pub fn wrap(s: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut out = Vec::new();
    for l in s.split('\n') {
        let (mut cur, mut used) = (String::new(), 0);
        for word in l.split_word_bounds() {
            let w = word.width();
            if used + w <= max {
                cur.push_str(word);
                used += w;
                continue;
            }
            if !cur.is_empty() {
                out.push(cur.trim_end().to_owned());
                (cur, used) = (String::new(), 0);
            }
            if word.trim().is_empty() {
                continue;
            }
            for g in word.graphemes(true) {
                let gw = g.width();
                if used + gw > max {
                    out.push(std::mem::take(&mut cur));
                    used = 0;
                }
                cur.push_str(g);
                used += gw;
            }
        }
        out.push(cur.trim_end().to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_never_exceeds_the_width() {
        for s in ["plain", "日本語のテキスト", "e\u{301}e\u{301}e\u{301}", "👩‍👩‍👧 family", ""]
        {
            for n in 0..12 {
                assert!(width(&fit(s, n)) <= n, "{s:?} {n}");
                assert_eq!(width(&pad(s, n)), n, "{s:?} {n}");
                assert!(n == 0 || wrap(s, n.max(2)).iter().all(|l| width(l) <= n.max(2)), "{s:?} {n}");
            }
        }
    }

    #[test]
    fn wrapping_keeps_all_words() {
        let s = "one two three four\nfive averyveryverylongword six";
        let w = wrap(s, 8);
        let joined: String = w.concat().chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(joined, s.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    }
}
