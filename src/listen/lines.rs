//! JSON lines: the form in which mentions are imported, exported, listed and printed by command sources. A
//! line has the names of a mention; `text` and `at` are required when it is read.

use crate::clean;
use crate::model::{Author, Id, Kind, Mention, Stamp, Text, TimeNote, hash64};
use serde_json::{Map, Value};

/// A line that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedLine {
    pub identity: Id,
    pub mention: Mention,
}

/// What is wrong with a line.
pub type LineError = Text;

/// The deepest nesting of JSON that is read is that of serde_json (128); the longest line, in bytes.
const LINE_BYTES: usize = 4 << 20;

/// Reads a line for the source `source` (which may name more by the line's own `source`).
///
/// # Errors
/// A sentence.
pub fn parse_line(line: &str, source: &str, network: &str, now: Stamp) -> Result<ParsedLine, LineError> {
    if line.len() > LINE_BYTES {
        return Err(Text::ours("the line is longer than 4 MB"));
    }
    let value: Value =
        serde_json::from_str(line).map_err(|e| clean::line_capped(&format!("this is no JSON: {e}"), 200))?;
    let Value::Object(o) = value else {
        return Err(Text::ours("a line must be an object: {\"text\": …, \"at\": …}"));
    };
    let get = |k: &str| -> Result<Option<String>, LineError> {
        match o.get(k) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(Value::Number(n)) => Ok(Some(n.to_string())),
            Some(_) => Err(clean::line(&format!("{k} must be text"))),
        }
    };
    let text = get("text")?.ok_or(Text::ours("text is missing"))?;
    let given = get("at")?.ok_or(Text::ours("at is missing (a time such as 2026-05-01T14:00:00Z)"))?;
    let at = Stamp::parse_rfc3339(&given).map_err(|e| clean::line(&format!("at: {e}")))?;
    let (at, time_note) =
        if at > now.plus(5 * 60 * 1000) { (now, TimeNote::Future) } else { (at, TimeNote::Given) };
    let heard_at = match get("heard_at")? {
        Some(s) => Stamp::parse_rfc3339(&s).map_err(|e| clean::line(&format!("heard_at: {e}")))?.min(now),
        None => now,
    };
    let one = |k: &str| get(k).map(|v| clean::line(&v.unwrap_or_default()));
    let (body, cut) = clean::text(&text);
    let network = clean_name(&get("network")?.unwrap_or_else(|| network.into()));
    let community = one("community")?;
    let author = get("author")?.unwrap_or_default();
    let author_id = get("author_id")?.unwrap_or_else(|| author.to_lowercase());
    let scope = if community.is_empty() { clean::line(&network) } else { community.clone() };
    let m = Mention {
        native_id: one("native_id")?,
        source: source.to_owned(),
        network,
        community,
        kind: kind(&o)?,
        url: clean::url(&get("url")?.unwrap_or_default(), None),
        title: one("title")?,
        text: body,
        cut,
        author: Author {
            name: clean::line_capped(&author, 200),
            scope,
            native: clean::line_capped(&author_id, 200),
        },
        at,
        time_note,
        heard_at,
        lang: get("lang")?
            .filter(|l| l.len() == 2 && l.bytes().all(|b| b.is_ascii_lowercase()))
            .unwrap_or_default(),
        parent: one("parent")?,
        thread: one("thread")?,
        reach: o.get("reach").and_then(Value::as_u64),
        visibility: get("visibility")?.map(|v| clean_name(&v)),
        ..Mention::default()
    };
    let identity = if m.native_id.is_empty() {
        Id(hash64(&["line", source, &m.url, &m.title, &m.text, &m.at.0.to_string()]))
    } else {
        Id(hash64(&["line", source, &m.network, &m.native_id]))
    };
    Ok(ParsedLine { identity, mention: m })
}

fn clean_name(s: &str) -> String {
    clean::line_capped(s, 64).into_string()
}

fn kind(o: &Map<String, Value>) -> Result<Kind, LineError> {
    match o.get("type") {
        None | Some(Value::Null) => Ok(Kind::Post),
        Some(v) => serde_json::from_value(v.clone())
            .map_err(|_| Text::ours("type must be post, comment, review, video, edit, chat or mail")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Item, line_of};

    const NOW: Stamp = Stamp(1_790_000_000_000);

    #[test]
    fn lines_are_read_or_refused_with_a_reason() {
        let ok = parse_line(
            r#"{"text":"hi \u001b[31m","at":"2026-01-01T00:00:00Z","author":"Ana","state":"done"}"#,
            "import:x",
            "import",
            NOW,
        );
        let m = ok.unwrap().mention;
        assert_eq!((m.text.as_str(), m.source.as_str(), m.author.native.as_str()), ("hi", "import:x", "ana"));
        for (bad, word) in [
            ("{", "no JSON"),
            ("[]", "must be an object"),
            (r#"{"at":"2026-01-01T00:00:00Z"}"#, "text is missing"),
            (r#"{"text":"x"}"#, "at is missing"),
            (r#"{"text":"x","at":"yesterday"}"#, "no RFC 3339"),
            (r#"{"text":{},"at":"2026-01-01T00:00:00Z"}"#, "text must be text"),
            (r#"{"text":"x","at":"2026-01-01T00:00:00Z","type":"blog"}"#, "type must be"),
        ] {
            let e = parse_line(bad, "import:x", "import", NOW).unwrap_err();
            assert!(e.contains(word), "{bad}: {e}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let line = r#"{"native_id":"7","text":"a\nb","title":"T","at":"2026-01-01T00:00:00Z","url":"https://x.example/7","reach":5,"lang":"fr","type":"comment"}"#;
        let m = parse_line(line, "import:x", "import", NOW).unwrap().mention;
        let item = Item { mention: m.clone(), ..Item::default() };
        let again = parse_line(&line_of(&item).to_string(), "import:x", "import", NOW).unwrap().mention;
        assert_eq!(again, m);
    }
}
