//! A second chance for broken XML: a document that a strict parser refuses is written again with its
//! ampersands escaped, its tags closed and its control characters gone. What was whole in it is then heard.

/// The longest document that gets a second chance, in bytes.
pub const MAX: usize = 8 << 20;
/// The deepest nesting; what opens below is left out with its end.
const DEPTH: usize = 128;
/// Attributes of one tag.
const ATTRIBUTES: usize = 128;

/// Makes well-formed XML of nearly anything; the flag says that the end had to be made up.
pub fn repair(s: &str) -> (String, bool) {
    let start = s.find('<').unwrap_or(0);
    let mut r = Repair { out: String::with_capacity(s.len() + 64), stack: Vec::new() };
    let mut rest = &s[start..];
    while !rest.is_empty() {
        let Some(lt) = rest.find('<') else {
            r.text(rest);
            break;
        };
        r.text(&rest[..lt]);
        rest = &rest[lt..];
        let used = r.markup(rest);
        rest = &rest[used..];
    }
    let cut = !r.stack.is_empty();
    while let Some(name) = r.stack.pop() {
        r.out.push_str(&format!("</{name}>"));
    }
    (r.out, cut)
}

struct Repair<'a> {
    out: String,
    stack: Vec<&'a str>,
}

impl<'a> Repair<'a> {
    fn text(&mut self, s: &str) {
        push_text(s, &mut self.out, false);
    }

    /// `s` begins with `<`; gives the bytes used.
    fn markup(&mut self, s: &'a str) -> usize {
        if s.starts_with("<!--") {
            return s.find("-->").map_or(s.len(), |i| i + 3);
        }
        if let Some(body) = s.strip_prefix("<![CDATA[") {
            let end = body.find("]]>").unwrap_or(body.len());
            push_text(&body[..end], &mut self.out, true);
            return (9 + end + 3).min(s.len());
        }
        if s.starts_with("<!") {
            return doctype_end(s);
        }
        if s.starts_with("<?") {
            return s.find("?>").map_or(s.len(), |i| i + 2);
        }
        let closing = s.starts_with("</");
        let from = if closing { 2 } else { 1 };
        let n =
            s[from..].find(|c: char| !(c.is_alphanumeric() || "_:-.".contains(c))).unwrap_or(s.len() - from);
        let name = &s[from..from + n];
        if name.is_empty() || !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            self.out.push_str("&lt;");
            return 1;
        }
        let Some(end) = tag_end(s, from + n) else {
            // An unfinished tag at the very end.
            return s.len();
        };
        if closing {
            if let Some(at) = self.stack.iter().rposition(|o| *o == name) {
                for open in self.stack.drain(at..).rev() {
                    self.out.push_str(&format!("</{open}>"));
                }
            }
            return end;
        }
        let inside = s[from + n..end - 1].trim_end();
        let (attrs, empty) = match inside.strip_suffix('/') {
            Some(a) => (a, true),
            None => (inside, false),
        };
        if !empty && self.stack.len() >= DEPTH {
            return end;
        }
        self.out.push('<');
        self.out.push_str(name);
        self.attributes(attrs);
        self.out.push_str(if empty { "/>" } else { ">" });
        if !empty {
            self.stack.push(name);
        }
        end
    }

    fn attributes(&mut self, mut rest: &str) {
        let mut seen: Vec<&str> = Vec::new();
        loop {
            rest = rest.trim_start();
            let n = rest.find(|c: char| !(c.is_alphanumeric() || "_:-.".contains(c))).unwrap_or(rest.len());
            if n == 0 {
                match rest.chars().next() {
                    Some(c) => rest = &rest[c.len_utf8()..],
                    None => return,
                }
                continue;
            }
            let name = &rest[..n];
            rest = rest[n..].trim_start();
            let mut value = "";
            if let Some(v) = rest.strip_prefix('=') {
                let v = v.trim_start();
                let (val, after) = match v.chars().next() {
                    Some(q @ ('"' | '\'')) => match v[1..].find(q) {
                        Some(e) => (&v[1..=e], &v[e + 2..]),
                        None => (&v[1..], ""),
                    },
                    _ => v.split_at(v.find(char::is_whitespace).unwrap_or(v.len())),
                };
                (value, rest) = (val, after);
            }
            let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            if seen.len() >= ATTRIBUTES {
                return;
            }
            if starts_well && !seen.contains(&name) {
                seen.push(name);
                self.out.push(' ');
                self.out.push_str(name);
                self.out.push_str("=\"");
                let mut text = String::new();
                push_text(value, &mut text, false);
                self.out.push_str(&text.replace('"', "&quot;"));
                self.out.push('"');
            }
        }
    }
}

fn tag_end(s: &str, from: usize) -> Option<usize> {
    let mut quote = 0u8;
    for (i, b) in s.bytes().enumerate().skip(from) {
        match b {
            b'>' if quote == 0 => return Some(i + 1),
            b'"' | b'\'' if quote == 0 => quote = b,
            b if b == quote => quote = 0,
            _ => {}
        }
    }
    s[from..].find('>').map(|i| from + i + 1)
}

/// A DOCTYPE may hold an internal subset in brackets, which is dropped with it: no entity is ever expanded.
fn doctype_end(s: &str) -> usize {
    let mut depth = 0;
    for (i, b) in s.bytes().enumerate() {
        match b {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'>' if depth <= 0 => return i + 1,
            _ => {}
        }
    }
    s.len()
}

fn allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Text with every `<`, `>` and `&` escaped, but for entities that XML knows; names of HTML are written out.
fn push_text(s: &str, out: &mut String, literal: bool) {
    let mut rest = s;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' if literal => out.push_str("&amp;"),
            '&' => match entity(rest) {
                Some((text, n)) => {
                    out.push_str(&text);
                    used = n;
                }
                None => out.push_str("&amp;"),
            },
            c if allowed(c) => out.push(c),
            _ => {}
        }
        rest = &rest[used..];
    }
}

/// The entity at the beginning of `s` in a form that XML knows, and its length.
fn entity(s: &str) -> Option<(String, usize)> {
    let end = s.bytes().take(34).position(|b| b == b';')?;
    let name = s.get(1..end)?;
    let whole = s.get(..=end)?;
    if matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") {
        return Some((whole.to_owned(), end + 1));
    }
    if let Some(number) = name.strip_prefix('#') {
        let n = match number.strip_prefix(['x', 'X']) {
            Some(h) => u32::from_str_radix(h, 16).ok()?,
            None => number.parse().ok()?,
        };
        let text = char::from_u32(n).filter(|c| allowed(*c)).map_or(String::new(), |_| format!("&#{n};"));
        return Some((text, end + 1));
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let text = html_escape::decode_html_entities(whole);
    (text != whole).then(|| (text.replace('&', "&amp;").replace('<', "&lt;"), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_documents_become_whole() {
        for (bad, want) in [
            ("junk<a>x & y &nbsp; &lt; &#0;</a>", "<a>x &amp; y \u{a0} &lt; </a>"),
            ("<a><b>x</a>", "<a><b>x</b></a>"),
            ("<a><b>x</c></b>", "<a><b>x</b></a>"),
            ("<a href=x b='1' b=2>t", "<a href=\"x\" b=\"1\">t</a>"),
            ("<!DOCTYPE x [<!ENTITY e \"boom\">]><a>&e;</a>", "<a>&amp;e;</a>"),
            ("<a><![CDATA[<b>&amp;]]></a>", "<a>&lt;b&gt;&amp;amp;</a>"),
            ("<a>1 < 2</a>", "<a>1 &lt; 2</a>"),
            ("<a>x</a", "<a>x</a>"),
        ] {
            assert_eq!(repair(bad).0, want, "{bad}");
        }
        assert!(repair("<a><b>").1 && !repair("<a/>").1);
    }
}
