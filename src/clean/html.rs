//! HTML to plain text: one pass over tags, without a tree. Blocks become lines, lists get `- `, images their
//! alternative text; scripts, styles and hidden parts vanish; links are collected.

use super::{BODY_MAX, text, url};
use crate::model::Text;
use std::borrow::Cow;

/// The most HTML that is read of one piece, in bytes.
const SOURCE_MAX: usize = 4 << 20;
/// The longest tag.
const TAG_MAX: usize = 256 << 10;
/// The most links that are kept of one page.
const LINKS_MAX: usize = 32;

/// What a piece of HTML holds.
#[derive(Default, Debug)]
pub struct Page {
    pub text: Text,
    /// The text was longer than what is kept.
    pub cut: bool,
    pub links: Vec<Text>,
    pub title: Text,
    /// `<link rel="alternate" type="…feed…">`: type and address, in order.
    pub feeds: Vec<(String, Text)>,
}

/// True if `s` has a tag or an entity, so that reading it as HTML makes a difference.
#[must_use]
pub fn looks_like_html(s: &str) -> bool {
    let b = s.as_bytes();
    b.iter().enumerate().any(|(i, c)| match c {
        b'<' => b.get(i + 1).is_some_and(|n| n.is_ascii_alphabetic() || matches!(n, b'/' | b'!')),
        b'&' => b[i..].iter().take(12).any(|x| *x == b';'),
        _ => false,
    })
}

/// Reads HTML. `base` resolves relative links.
#[must_use]
pub fn html(s: &str, base: Option<&str>) -> Page {
    let s = super::head(s, SOURCE_MAX);
    let out = String::with_capacity(s.len() / 2);
    let mut r = Reader { out, page: Page::default(), base, title: None, verbatim: 0, lists: 0 };
    let mut rest = s;
    // Where the next `>` is; it is looked for once, so that a page of nothing but `<` is read in one pass too.
    let mut gt = 0;
    while let Some(lt) = rest.find('<') {
        r.chars(&rest[..lt]);
        rest = &rest[lt..];
        if r.out.len() > 4 * BODY_MAX {
            break;
        }
        let at = s.len() - rest.len();
        if gt <= at {
            gt = rest.find('>').map_or(usize::MAX, |i| at + i);
        }
        let Some(used) = (gt - at < TAG_MAX).then(|| r.markup(rest)).flatten() else {
            r.chars("<");
            rest = &rest[1..];
            continue;
        };
        rest = &rest[used..];
    }
    if r.out.len() <= 4 * BODY_MAX {
        r.chars(rest);
    }
    let (body, cut) = text(&r.out);
    Page { text: body, cut, ..r.page }
}

struct Reader<'a> {
    out: String,
    page: Page,
    base: Option<&'a str>,
    title: Option<usize>,
    /// Inside so many `<pre>`.
    verbatim: usize,
    /// Inside so many lists.
    lists: usize,
}

impl Reader<'_> {
    fn chars(&mut self, s: &str) {
        if s.is_empty() {
            return;
        }
        let decoded: Cow<'_, str> =
            if s.contains('&') { html_escape::decode_html_entities(s) } else { Cow::Borrowed(s) };
        if self.verbatim > 0 {
            // Code keeps its lines and its indentation; the line break behind the tag is not its own.
            let body =
                if self.out.ends_with('\n') { decoded.trim_start_matches(['\n', '\r']) } else { &decoded };
            for c in body.chars().filter(|c| *c != '\r') {
                if c == '\t' { self.out.push_str("    ") } else { self.out.push(c) }
            }
            return;
        }
        // A line break in HTML source is a blank.
        let mut blank = self.out.ends_with([' ', '\n']) || self.out.is_empty();
        for c in decoded.chars() {
            if matches!(c, ' ' | '\n' | '\t' | '\r') {
                if !blank {
                    self.out.push(' ');
                }
                blank = true;
            } else {
                self.out.push(c);
                blank = false;
            }
        }
    }

    fn newline(&mut self, n: usize) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        if self.out.is_empty() {
            return;
        }
        let have = self.out.bytes().rev().take_while(|b| *b == b'\n').count();
        self.out.extend(std::iter::repeat_n('\n', n.saturating_sub(have)));
    }

    /// `s` begins with `<`; gives the bytes used, `None` if this is no markup.
    fn markup(&mut self, s: &str) -> Option<usize> {
        if let Some(c) = s.strip_prefix("<!--") {
            return Some(c.find("-->").map_or(s.len(), |i| i + 7));
        }
        if let Some(c) = s.strip_prefix("<![CDATA[") {
            let end = c.find("]]>");
            self.chars(&c[..end.unwrap_or(c.len())]);
            return Some(end.map_or(s.len(), |i| i + 12));
        }
        if s.starts_with("<!") || s.starts_with("<?") {
            return Some(s.find('>').map_or(s.len(), |i| i + 1));
        }
        let closing = s.starts_with("</");
        let name_at = if closing { 2 } else { 1 };
        let name_len = s[name_at..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        if name_len == 0 {
            return if closing { Some(s.find('>').map_or(s.len(), |i| i + 1)) } else { None };
        }
        let name = s[name_at..name_at + name_len].to_ascii_lowercase();
        let end = tag_end(s, name_at + name_len)?;
        let attrs = &s[name_at + name_len..end - 1];
        if closing {
            self.close(&name);
            return Some(end);
        }
        match name.as_str() {
            "script" | "style" | "template" | "noscript" | "svg" | "math" | "textarea" | "select"
            | "iframe" | "object" | "head"
                if name != "head" && !attrs.ends_with('/') =>
            {
                return Some(end + skip_raw(&s[end..], &name));
            }
            _ => {}
        }
        self.open(&name, attrs);
        Some(end)
    }

    fn open(&mut self, name: &str, attrs: &str) {
        match name {
            "br" => {
                while self.out.ends_with(' ') {
                    self.out.pop();
                }
                self.out.push('\n');
            }
            "ul" | "ol" => {
                // A list in a list goes on in the next line.
                self.newline(if self.lists > 0 { 1 } else { 2 });
                self.lists += 1;
            }
            "pre" => {
                self.newline(2);
                self.verbatim += 1;
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "dl" | "hr"
            | "figure" | "section" | "article" => self.newline(2),
            "div" | "tr" | "dt" | "dd" | "header" | "footer" | "figcaption" => self.newline(1),
            "li" => {
                self.newline(1);
                self.out.push_str(&"  ".repeat(self.lists.saturating_sub(1).min(8)));
                self.out.push_str("- ");
            }
            "td" | "th" if !self.out.ends_with(['\n', ' ']) => self.out.push_str("  "),
            "img" => {
                if let Some(alt) = attr(attrs, "alt").filter(|a| !a.trim().is_empty()) {
                    self.out.push('[');
                    self.out.push_str(alt.trim());
                    self.out.push(']');
                }
            }
            "a" => {
                if let Some(href) = attr(attrs, "href") {
                    let u = url(&href, self.base);
                    if !u.is_empty() && self.page.links.len() < LINKS_MAX && !self.page.links.contains(&u) {
                        self.page.links.push(u);
                    }
                }
            }
            "link" => self.feed_link(attrs),
            "title" if self.page.title.is_empty() => self.title = Some(self.out.len()),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "ul" | "ol" => {
                self.lists = self.lists.saturating_sub(1);
                self.newline(if self.lists > 0 { 1 } else { 2 });
            }
            "pre" => {
                self.verbatim = self.verbatim.saturating_sub(1);
                self.newline(2);
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "dl" | "figure"
            | "section" | "article" => self.newline(2),
            "div" | "tr" | "li" | "dt" | "dd" | "header" | "footer" | "figcaption" => self.newline(1),
            "title" => {
                if let Some(from) = self.title.take() {
                    self.page.title = super::line(self.out.get(from..).unwrap_or_default());
                    self.out.truncate(from);
                }
            }
            _ => {}
        }
    }

    fn feed_link(&mut self, attrs: &str) {
        let rel = attr(attrs, "rel").unwrap_or_default().to_ascii_lowercase();
        let kind = attr(attrs, "type").unwrap_or_default().to_ascii_lowercase();
        let is_feed = ["rss", "atom", "feed+json", "rdf"].iter().any(|k| kind.contains(k));
        if rel.split_whitespace().any(|r| r == "alternate") && is_feed && self.page.feeds.len() < LINKS_MAX {
            let u = url(&attr(attrs, "href").unwrap_or_default(), self.base);
            if !u.is_empty() {
                self.page.feeds.push((kind, u));
            }
        }
    }
}

/// Bytes up to and with the `>` that ends a tag; quotes may hold `>`. `None` if the tag never ends.
fn tag_end(s: &str, from: usize) -> Option<usize> {
    let mut quote = 0u8;
    let s = &s.as_bytes()[..s.len().min(TAG_MAX)];
    for (i, b) in s.iter().copied().enumerate().skip(from) {
        match b {
            b'>' if quote == 0 => return Some(i + 1),
            b'"' | b'\'' if quote == 0 && s[i - 1] == b'=' => quote = b,
            b if b == quote => quote = 0,
            _ => {}
        }
    }
    // A quote that is never closed: the first `>` ends the tag.
    s.get(from..)?.iter().position(|b| *b == b'>').map(|i| from + i + 1)
}

/// Bytes up to the end of `</name>`; all of `s` if it never comes.
fn skip_raw(s: &str, name: &str) -> usize {
    let b = s.as_bytes();
    let mut i = 0;
    while let Some(k) = s[i..].find("</") {
        let at = i + k;
        let end = at + 2 + name.len();
        if b.get(at + 2..end).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes())) {
            return s[end..].find('>').map_or(s.len(), |j| end + j + 1);
        }
        i = at + 2;
    }
    s.len()
}

/// The value of an attribute, entities decoded.
fn attr(attrs: &str, want: &str) -> Option<String> {
    let mut rest = attrs;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let n = rest.find(|c: char| c == '=' || c.is_whitespace() || c == '/').unwrap_or(rest.len());
        if n == 0 {
            if rest.is_empty() {
                return None;
            }
            rest = rest.get(1..)?;
            continue;
        }
        let name = &rest[..n];
        rest = rest[n..].trim_start();
        let mut value = "";
        if let Some(v) = rest.strip_prefix('=') {
            let v = v.trim_start();
            let (val, after) = match v.as_bytes().first() {
                Some(q @ (b'"' | b'\'')) => {
                    let body = &v[1..];
                    match body.find(char::from(*q)) {
                        Some(e) => (&body[..e], &body[e + 1..]),
                        None => (body, ""),
                    }
                }
                _ => v.split_at(v.find(char::is_whitespace).unwrap_or(v.len())),
            };
            value = val;
            rest = after;
        }
        if name.eq_ignore_ascii_case(want) {
            return Some(html_escape::decode_html_entities(value).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_keeps_its_lines_and_lists_their_depth() {
        let p = html("<p>See:</p><pre>\nif x {\n\tgo();\n  }\n</pre><p>So</p>", None);
        assert_eq!(p.text.as_str(), "See:\n\nif x {\n    go();\n  }\n\nSo");
        let p = html("<ul><li>one<li>two<ul><li>deep</ul><li>three</ul>x", None);
        assert_eq!(p.text.as_str(), "- one\n- two\n  - deep\n- three\n\nx");
    }
}
