//! The second line: whatever still carries a control or a bidi character in front of a terminal, a log or a
//! file gets a visible stand-in, and is counted.

use super::scrub::dropped;
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

static REPLACED: AtomicU64 = AtomicU64::new(0);

/// How many characters a sink had to replace since the program started. Anything but 0 is a fault of ours.
#[must_use]
pub fn sink_counted() -> u64 {
    REPLACED.load(Ordering::Relaxed)
}

/// Escapes in a line of JSON what must not reach a terminal; it is the same JSON.
#[must_use]
pub fn sink_json(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        if dropped(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Replaces C0 (but `\n`), C1, bidi and invisible characters by `?`. Joiners and emoji selectors pass.
#[must_use]
pub fn sink(s: &str) -> Cow<'_, str> {
    let bad =
        |c: char| c != '\n' && !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}') && dropped(c);
    if !s.chars().any(bad) {
        return Cow::Borrowed(s);
    }
    let mut n = 0;
    let out = s
        .chars()
        .map(|c| {
            if bad(c) {
                n += 1;
                '?'
            } else {
                c
            }
        })
        .collect();
    REPLACED.fetch_add(n, Ordering::Relaxed);
    Cow::Owned(out)
}
