//! Columns on a screen: how wide a text is, and how to cut it to a width without splitting a character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// As it is drawn. Flags are their two letters, and emoji have neither a skin tone nor a wish how to be shown: terminals,
/// and tmux between them, do not agree how wide those are, and what one of them draws too wide stays on the screen.
#[must_use]
pub fn plain(s: &str) -> std::borrow::Cow<'_, str> {
    if s.is_ascii() || s.chars().all(|c| shown(c) == Some(c)) {
        return s.into();
    }
    s.chars().filter_map(shown).collect::<String>().into()
}

/// What is drawn for a character; `None` for nothing.
#[must_use]
pub fn shown(c: char) -> Option<char> {
    match c {
        '\u{1f1e6}'..='\u{1f1ff}' => char::from_u32(c as u32 - 0x1f1e6 + 'A' as u32),
        '\u{1f3fb}'..='\u{1f3ff}' | '\u{fe0e}' | '\u{fe0f}' => None,
        c => Some(c),
    }
}

/// Columns that `s` takes: those of its characters one by one, as terminals place them (some fonts draw two Arabic
/// letters as one, but in two cells).
#[must_use]
pub fn width(s: &str) -> usize {
    if s.is_ascii() { s.len() } else { plain(s).graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// The longest beginning of `s` that fits `max` columns, with `…` if something was left out.
#[must_use]
pub fn fit(s: &str, max: usize) -> String {
    let s = &*plain(s);
    if width(s) <= max {
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
    let w = width(&out);
    out.extend(std::iter::repeat_n(' ', max.saturating_sub(w)));
    out
}

/// Wraps text to lines of at most `max` columns, at blanks (and between the characters of scripts that have none);
/// what is longer than a line is cut.
#[must_use]
pub fn wrap(s: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let s = &*plain(s);
    let mut out = Vec::new();
    for l in s.split('\n') {
        let (mut cur, mut used) = (String::new(), 0);
        for piece in pieces(l) {
            let w = width(piece.trim_end());
            if used + w <= max {
                cur.push_str(piece);
                used += width(piece);
                continue;
            }
            if !cur.trim_end().is_empty() {
                out.push(cur.trim_end().to_owned());
            }
            (cur, used) = (String::new(), 0);
            for g in piece.graphemes(true) {
                let gw = g.width();
                if used + gw > max {
                    if g.trim().is_empty() {
                        continue;
                    }
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

/// A line in pieces between which it may be broken: a word with its blanks, or one wide character. What may not
/// begin a line stays with what stands before it.
fn pieces(l: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut before: Option<&str> = None;
    for (i, g) in l.grapheme_indices(true) {
        let wide = |g: &str| g.width() == 2 && g.chars().all(char::is_alphanumeric);
        let breaks = before.is_some_and(|b| {
            (b.trim().is_empty() && !g.trim().is_empty())
                || (wide(g) && !b.trim().is_empty())
                || (wide(b) && g.chars().all(char::is_alphanumeric))
        });
        if breaks && i > from {
            out.push(&l[from..i]);
            from = i;
        }
        before = Some(g);
    }
    out.push(&l[from..]);
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
    fn lines_break_at_blanks_and_between_wide_characters_and_flags_are_letters() {
        assert_eq!(wrap("dolor sit amet. acme", 14), ["dolor sit", "amet. acme"]);
        assert_eq!(wrap("at 04:46, or", 9), ["at 04:46,", "or"]);
        assert_eq!(wrap("日本語、テキスト", 8), ["日本語、", "テキスト"]);
        assert_eq!(fit("\u{1f1e9}\u{1f1ea} ok", 9), "DE ok");
        assert_eq!((fit("👍🏽 ok ☕\u{fe0f}", 9), width("👍🏽")), ("👍 ok ☕".to_owned(), 2));
        assert_eq!(width("لا"), 2, "drawn as one, in two cells");
    }

    #[test]
    fn wrapping_keeps_all_words() {
        let s = "one two three four\nfive averyveryverylongword six";
        let w = wrap(s, 8);
        let joined: String = w.concat().chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(joined, s.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    }
}
