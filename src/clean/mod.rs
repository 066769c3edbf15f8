//! Makes outside text safe and plain, once, at the door; the only maker of [`Text`].
//! Gone are control characters, whole terminal sequences (C0 and C1 forms, also unterminated), bidi
//! controls, invisible and private characters; tabs and odd blanks become spaces; marks are capped; NFC.
//! `sink` is the second line, in front of every place where text leaves for a terminal, a log or a file.

mod html;
mod opml;
mod scrub;
mod sink;
mod url;
pub mod width;

pub use crate::model::{is_quiet, quietly};
pub use html::{Page, html, looks_like_html};
pub use opml::opml;
pub use sink::{sink, sink_counted, sink_json};
pub use url::{address_in, addresses, canonical, host_of, same_thing, show_host, url};

use crate::model::Text;

/// From now on panics say what happened through the sink, or nothing if they are caught anyway.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        if !is_quiet() {
            tell(&format!("hearken failed; please report this: {info}"));
        }
    }));
}

/// A line on stderr, safe for a terminal. Nobody there, or a full disk behind it, is no reason to fail.
pub fn tell(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{}", sink(line));
}

/// Longest body that is kept, in bytes; what is longer is cut and marked.
pub const BODY_MAX: usize = 64 * 1024;
/// Longest line (titles, names, errors), in bytes.
pub const LINE_MAX: usize = 1024;

/// One line: titles, names, errors, anything quoted from outside.
#[must_use]
pub fn line(s: &str) -> Text {
    line_capped(s, LINE_MAX)
}

/// One line of at most `max` bytes.
#[must_use]
pub fn line_capped(s: &str, max: usize) -> Text {
    let s = head(s, max.saturating_mul(4));
    let scrubbed = scrub::scrub(s);
    let mut out = String::with_capacity(scrubbed.len().min(max));
    for w in scrubbed.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(w);
    }
    truncate(&mut out, max);
    Text::already_clean(out)
}

/// Plain text of several lines; the flag says that it was longer than [`BODY_MAX`] and is cut.
#[must_use]
pub fn text(s: &str) -> (Text, bool) {
    let read = head(s, 4 * BODY_MAX);
    let scrubbed = scrub::scrub(read);
    let mut out = String::with_capacity(scrubbed.len());
    let mut blank = 0;
    for l in scrubbed.lines() {
        let l = l.trim_end();
        if l.trim_start().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        out.push_str(l);
    }
    let cut = read.len() < s.len() || out.len() > BODY_MAX;
    truncate(&mut out, BODY_MAX);
    (Text::already_clean(out), cut)
}

/// Draft text that comes back from an editor: lines and indentation stay, the rest is cleaned.
#[must_use]
pub fn draft(s: &str) -> Text {
    let mut out = scrub::scrub(head(s, 4 * BODY_MAX));
    truncate(&mut out, BODY_MAX);
    Text::already_clean(out)
}

/// The first `max` bytes of `s`, cut at a character.
fn head(s: &str, max: usize) -> &str {
    if s.len() <= max {
        return s;
    }
    let mut end = max;
    while !s.is_char_boundary(end) {
        end -= 1;
    }
    &s[..end]
}

fn truncate(s: &mut String, max: usize) {
    let n = head(s, max).len();
    s.truncate(n);
}

#[cfg(test)]
mod tests;
