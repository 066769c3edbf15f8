//! Bytes to text: byte order mark, then HTTP's charset, then the XML declaration, then a guess.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The text of a body. A byte that means nothing becomes U+FFFD.
pub fn decode(bytes: &[u8], content_type: &str) -> String {
    let (encoding, skip) = choose(bytes, content_type);
    let body = &bytes[skip..];
    if encoding == UTF_8
        && let Ok(s) = std::str::from_utf8(body)
    {
        return s.to_owned();
    }
    encoding.decode_without_bom_handling(body).0.into_owned()
}

fn choose(bytes: &[u8], content_type: &str) -> (&'static Encoding, usize) {
    // UTF-32 is not in the standard that browsers follow, and its mark begins like that of UTF-16.
    if let Some((e, n)) = Encoding::for_bom(bytes) {
        return (e, n);
    }
    match bytes.get(..4) {
        Some([0, b'<', 0, _]) => return (UTF_16BE, 0),
        Some([b'<', 0, _, 0]) => return (UTF_16LE, 0),
        _ => {}
    }
    if let Some(e) = http_charset(content_type) {
        // A body that is valid UTF-8 beyond ASCII is UTF-8, whatever the header of an old server says.
        if e != UTF_8 && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
            return (UTF_8, 0);
        }
        // And one that is not valid UTF-8 is something else, whatever it says.
        if e != UTF_8 || std::str::from_utf8(bytes).is_ok() {
            return (e, 0);
        }
    }
    if let Some(e) = declared(bytes) {
        // A declaration that could be read as ASCII cannot be true if it says UTF-16.
        if e != UTF_16BE && e != UTF_16LE && (e != UTF_8 || std::str::from_utf8(bytes).is_ok()) {
            return (e, 0);
        }
    }
    if std::str::from_utf8(bytes).is_ok() {
        return (UTF_8, 0);
    }
    let mut d = EncodingDetector::new(Iso2022JpDetection::Allow);
    d.feed(&bytes[..bytes.len().min(256 << 10)], true);
    (d.guess(None, Utf8Detection::Allow), 0)
}

fn http_charset(content_type: &str) -> Option<&'static Encoding> {
    let low = content_type.to_ascii_lowercase();
    let at = low.find("charset=")? + 8;
    let label = low[at..].trim_start_matches(['"', '\'']);
    let end = label.find([';', '"', '\'', ' ']).unwrap_or(label.len());
    Encoding::for_label(&label.as_bytes()[..end])
}

/// The `encoding` of `<?xml …?>`, or the charset that an HTML page declares near its beginning.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1024)];
    let low = String::from_utf8_lossy(head).to_ascii_lowercase();
    let near = |word: &str, limit: usize| {
        let at = low.find(word)?;
        if at > limit {
            return None;
        }
        let rest = low[at + word.len()..].trim_start().strip_prefix('=')?.trim_start();
        let rest = rest.trim_start_matches(['"', '\'']);
        let end = rest.find(['"', '\'', '?', '>', ' ', ';', '/']).unwrap_or(rest.len());
        Encoding::for_label(&rest.as_bytes()[..end])
    };
    near("encoding", 200).or_else(|| near("charset", 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_is_believed_in_order() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>";
        assert!(decode(latin, "").contains("café"));
        assert!(decode(b"<a>caf\xe9</a>", "text/xml; charset=\"iso-8859-1\"").contains("café"));
        assert!(decode("<a>café</a>".as_bytes(), "text/xml; charset=iso-8859-1").contains("café"));
        assert!(decode(b"\xef\xbb\xbf<a>x</a>", "").starts_with("<a>"));
        let cyrillic = b"<?xml version='1.0' encoding='windows-1251'?><a>\xcf\xf0\xe8\xe2\xe5\xf2</a>";
        assert!(decode(cyrillic, "text/xml; charset=utf-8").contains("Привет"));
        let utf16: Vec<u8> = "<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16, ""), "<a>é</a>");
        assert!(
            decode(b"<?xml version='1.0' encoding='utf-8'?><a>\xe9t\xe9 caf\xe9 no\xebl</a>", "")
                .contains("été")
        );
    }
}
