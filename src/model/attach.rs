//! Pictures of a draft: each is a line of its text, `![what it shows](attached:tin-3f2a9c01b4de.png)`, so that it is kept,
//! undone, approved and logged with the words. The bytes lie in the store under that name; the words between the
//! brackets are what people hear who do not see it.

use super::hash_bytes;

/// What stands before the name.
pub const SCHEME: &str = "attached:";
/// The most bytes of one picture that the store keeps.
pub const MOST: usize = 8 << 20;

/// A picture as the text names it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attached {
    pub name: String,
    /// What it shows, in words.
    pub alt: String,
}

/// The kinds that are taken: how the bytes begin, the end of the name, the type.
const KINDS: [(&[u8], &str, &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"GIF8", "gif", "image/gif"),
    (b"RIFF", "webp", "image/webp"),
];

/// The end of the name and the type of a picture, by its bytes alone.
#[must_use]
pub fn kind_of(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let (_, end, mime) = KINDS.iter().find(|(begin, ..)| bytes.starts_with(begin))?;
    let webp = *end != "webp" || bytes.get(8..12) == Some(b"WEBP");
    webp.then_some((*end, *mime))
}

/// The type of a picture that the store named.
#[must_use]
pub fn mime_of(name: &str) -> &'static str {
    let end = name.rsplit('.').next().unwrap_or("");
    KINDS.iter().find(|k| k.1 == end).map_or("application/octet-stream", |k| k.2)
}

/// What the store calls a picture: some letters of its own name, and a hash of its bytes. `None` if it is none.
#[must_use]
pub fn name_of(file: &str, bytes: &[u8]) -> Option<String> {
    let (end, _) = kind_of(bytes)?;
    let stem = file.rsplit('/').next().unwrap_or("").split('.').next().unwrap_or("").to_lowercase();
    let stem: String = stem.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let stem = if stem.is_empty() { "picture" } else { &stem };
    Some(format!("{stem}-{:016x}.{end}", hash_bytes(bytes)))
}

/// True for what [`name_of`] may give: nothing that leads out of its folder.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let Some((stem, end)) = name.split_once('.') else { return false };
    let Some((word, hash)) = stem.split_once('-') else { return false };
    let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    plain(word) && word.len() <= 24 && plain(hash) && hash.len() == 16 && KINDS.iter().any(|k| k.1 == end)
}

/// The line of a picture.
#[must_use]
pub fn line(a: &Attached) -> String {
    let alt: String = a.alt.replace(['[', ']', '\n'], " ");
    format!("![{}]({SCHEME}{})", alt.trim(), a.name)
}

/// A text without the lines of its pictures, and these.
#[must_use]
pub fn split(text: &str) -> (String, Vec<Attached>) {
    if !text.contains(SCHEME) {
        return (text.to_owned(), Vec::new());
    }
    let mut all = Vec::new();
    let of = |l: &str| {
        let (alt, rest) = l.trim().strip_prefix("![")?.split_once("](")?;
        let name = rest.strip_prefix(SCHEME)?.strip_suffix(')')?;
        is_name(name).then(|| Attached { name: name.to_owned(), alt: alt.trim().to_owned() })
    };
    let mut lines = Vec::new();
    for l in text.lines() {
        match of(l) {
            Some(a) => all.push(a),
            None => lines.push(l),
        }
    }
    (lines.join("\n").trim_end().to_owned(), all)
}

/// True if a JPEG may say where it was taken: its EXIF has a part for GPS (tag 0x8825; Exif 2.32, 4.6.3).
#[must_use]
pub fn tells_place(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(128 << 10)).unwrap_or(bytes);
    let at = head.windows(6).position(|w| w == b"Exif\0\0");
    at.is_some_and(|i| {
        let exif = &head[i..(i + (64 << 10)).min(head.len())];
        let tag: [u8; 2] = if exif.get(6..8) == Some(b"MM") { [0x88, 0x25] } else { [0x25, 0x88] };
        exif.windows(2).any(|w| w == tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_line_of_the_text() {
        let png = b"\x89PNG\r\n\x1a\nxyz";
        let name = name_of("/home/ana/My Tin.PNG", png).unwrap();
        assert!(name.starts_with("mytin-") && is_name(&name), "{name}");
        let a = Attached { name: name.clone(), alt: "A tin, [open]".into() };
        let text = format!("It opens like this:\n{}\n", line(&a));
        let (words, all) = split(&text);
        assert_eq!((words.as_str(), all.len()), ("It opens like this:", 1));
        assert_eq!((all[0].alt.as_str(), mime_of(&name)), ("A tin,  open", "image/png"));
        for bad in ["../x-0123456789abcdef.png", "a-0123456789abcdef.svg", "a.png", "-0123456789abcdef.png"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(split("![x](attached:../../etc/passwd)").1.is_empty());
        assert!(name_of("x", b"<svg onload=x>").is_none() && kind_of(b"RIFF0000WAVE").is_none());
        assert_eq!(kind_of(b"RIFF0000WEBPVP8 "), Some(("webp", "image/webp")));
    }

    #[test]
    fn what_tells_a_place_is_seen() {
        let with = |order: &[u8], tag: &[u8]| {
            [b"\xff\xd8\xff\xe1..Exif\0\0".as_slice(), order, b"*...", tag].concat()
        };
        assert!(tells_place(&with(b"MM", &[0x88, 0x25])) && tells_place(&with(b"II", &[0x25, 0x88])));
        assert!(!tells_place(&with(b"MM", &[0x01, 0x02])) && !tells_place(b"\x89PNG\x88\x25"));
    }
}
