//! JSON lines: the form in which mentions are imported, exported, listed and printed by command sources. A
//! line has the names of a mention; `text` and `at` are required when it is read.

use crate::clean;
use crate::model::{Author, Id, Kind, Mention, Mood, Stamp, State, Text, TimeNote, hash64};
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

/// Reads a line for the source `source`; of an import (`import:FILE`), a line may name its own after the colon.
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
        source: own_source(source, get("source")?.as_deref()),
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
    // Without an id of its own: where, by whom and when (as it was written) name a line; its text may be edited.
    let identity = if m.native_id.is_empty() {
        let place = if m.url.is_empty() { m.title.to_string() } else { clean::same_thing(&m.url) };
        let text = if place.is_empty() { m.text.as_str() } else { "" };
        Id(hash64(&["line", &m.source, &place, &m.author.native, &given, text]))
    } else {
        Id(hash64(&["line", &m.source, &m.network, &m.native_id]))
    };
    Ok(ParsedLine { identity, mention: m })
}

/// What an export says that was done to a mention.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    pub id: Option<Id>,
    pub source: Option<String>,
    pub state: Option<State>,
    pub snoozed_until: Option<Stamp>,
    pub tags: Vec<String>,
    pub assignee: Option<String>,
    pub answered: Option<String>,
    pub mood: Option<Mood>,
    pub liked: Option<bool>,
    /// Who, when, what.
    pub notes: Vec<(String, Stamp, String)>,
}

/// Reads from a line of our own export what people did; what is not there, or makes no sense, is left out.
#[must_use]
pub fn parse_done(line: &str) -> Done {
    let v: Value = serde_json::from_str(line).unwrap_or_default();
    let text = |v: &Value| v.as_str().map(clean_name).filter(|s| !s.is_empty());
    let time = |v: &Value| v.as_str().and_then(|s| Stamp::parse_rfc3339(s).ok());
    let note = |n: &Value| {
        Some((text(&n["who"])?, time(&n["at"])?, clean::text(n["text"].as_str()?).0.into_string()))
    };
    Done {
        id: v["id"].as_str().and_then(Id::prefix_range).filter(|(a, b)| a == b).map(|(a, _)| a),
        source: text(&v["source"]),
        state: v["state"].as_str().and_then(|s| State::ALL.into_iter().find(|x| x.word() == s)),
        snoozed_until: time(&v["snoozed_until"]),
        tags: v["tags"].as_array().into_iter().flatten().filter_map(text).collect(),
        assignee: text(&v["assignee"]),
        answered: v["answered"].as_str().map(|u| clean::url(u, None).into_string()).filter(|u| !u.is_empty()),
        mood: v["mood"].as_str().and_then(Mood::of).filter(|_| v["mood_marked"] == true),
        liked: v["liked"].as_bool(),
        notes: v["notes"].as_array().into_iter().flatten().filter_map(note).collect(),
    }
}

/// An import may name where a line was heard; it never becomes one of the configured sources.
fn own_source(source: &str, own: Option<&str>) -> String {
    let own = own.map(|o| o.trim().trim_start_matches("import:")).filter(|o| !o.is_empty());
    match own {
        Some(o) if source.starts_with("import:") => {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            format!(
                "import:{}",
                o.chars().take(64).map(|c| if fits(c) { c } else { '-' }).collect::<String>()
            )
        }
        _ => source.to_owned(),
    }
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
    fn an_edited_line_is_the_same_line_and_a_source_is_always_an_import() {
        let id = |text: &str, at: &str, source: &str| {
            let l = format!(
                r#"{{"text":"{text}","at":"{at}","url":"https://x.example/t","author":"Ana","source":"{source}"}}"#
            );
            parse_line(&l, "import:f", "import", NOW).unwrap()
        };
        let a = id("one", "2026-01-01T00:00:00Z", "cat-blog");
        assert_eq!(a.mention.source, "import:cat-blog");
        assert_eq!(id("edited", "2026-01-01T00:00:00Z", "import:cat-blog").identity, a.identity);
        assert_ne!(id("one", "2026-01-01T00:00:01Z", "cat-blog").identity, a.identity);
        // A time to come is replaced, but the line stays one line.
        let later = |now| {
            parse_line(r#"{"text":"x","at":"2099-01-01T00:00:00Z"}"#, "import:f", "import", now).unwrap()
        };
        assert_eq!(later(NOW).identity, later(NOW.plus(1000)).identity);
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
