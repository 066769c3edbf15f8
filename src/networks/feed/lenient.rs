//! Leniency in front of the feed library: JSON Feeds whose fields have other types than the standard says, and
//! XML that the library stumbles over (it panics on some addresses and durations).

use serde_json::{Map, Value};
use std::borrow::Cow;

/// A JSON Feed with what the library insists on: a title, ids and times as text, whole numbers.
pub fn json(s: &str) -> Cow<'_, str> {
    let Ok(Value::Object(mut o)) = serde_json::from_str::<Value>(s) else { return s.into() };
    if !o.contains_key("items") {
        return s.into();
    }
    text(&mut o, &["title", "home_page_url", "feed_url", "description", "language", "version"]);
    o.entry("title").or_insert_with(|| Value::String(String::new()));
    if let Some(Value::Array(items)) = o.get_mut("items") {
        items.retain(Value::is_object);
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            text(
                item,
                &[
                    "id",
                    "url",
                    "external_url",
                    "title",
                    "content_html",
                    "content_text",
                    "summary",
                    "language",
                    "date_published",
                    "date_modified",
                    "image",
                    "banner_image",
                ],
            );
            // Tags are a list of words; one text of several is written too.
            match item.get("tags") {
                Some(Value::String(s)) => {
                    let words = s.split(',').map(|w| Value::from(w.trim())).collect();
                    item.insert("tags".into(), Value::Array(words));
                }
                Some(Value::Array(all)) => {
                    let words = all.iter().filter(|v| v.is_string()).cloned().collect();
                    item.insert("tags".into(), Value::Array(words));
                }
                Some(_) => drop(item.remove("tags")),
                None => {}
            }
            if let Some(Value::Array(all)) = item.get_mut("attachments") {
                for a in all.iter_mut().filter_map(Value::as_object_mut) {
                    for k in ["size_in_bytes", "duration_in_seconds"] {
                        if let Some(n) = a.get(k).and_then(Value::as_f64).filter(|n| *n >= 0.0) {
                            a.insert(k.into(), Value::from(n as u64));
                        } else {
                            a.remove(k);
                        }
                    }
                }
            }
        }
    }
    Value::Object(o).to_string().into()
}

/// Numbers become text; what is neither goes.
fn text(o: &mut Map<String, Value>, keys: &[&str]) {
    for k in keys {
        match o.get(*k) {
            None | Some(Value::String(_)) => {}
            Some(Value::Number(n)) => {
                let s = n.to_string();
                o.insert((*k).to_owned(), Value::String(s));
            }
            Some(_) => {
                o.remove(*k);
            }
        }
    }
}

/// The library cuts beside mail addresses without looking for the end of a character, and reads durations of any
/// length into 64 bits: a blank goes around the ones, and long or foreign digits go.
pub fn without_stumbling(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 64);
    let mut rest = s;
    while let Some(at) = rest.find('@') {
        let part = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
        let from = rest[..at]
            .rfind(|c: char| !part(c))
            .map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
        let to = rest[at + 1..].find(|c: char| !part(c)).map_or(rest.len(), |i| at + 1 + i);
        out.push_str(&rest[..from]);
        if rest[..from].chars().next_back().is_some_and(|c| !c.is_ascii()) {
            out.push(' ');
        }
        out.push_str(&rest[from..to]);
        rest = &rest[to..];
        if rest.chars().next().is_some_and(|c| !c.is_ascii()) {
            out.push(' ');
        }
    }
    out.push_str(rest);
    // Durations are text of an element or value of an attribute whose name ends so.
    let mut done = String::with_capacity(out.len());
    let mut rest = out.as_str();
    while let Some(i) = rest.find("duration") {
        let after = i + "duration".len();
        let end = rest[after..].find('<').map_or(rest.len(), |j| after + j).min(after + 200);
        let end = (end..rest.len()).find(|e| rest.is_char_boundary(*e)).unwrap_or(rest.len());
        done.push_str(&rest[..after]);
        let closing = rest[..i].rfind('<').is_some_and(|j| rest[j..].starts_with("</"));
        if closing {
            rest = &rest[after..];
            continue;
        }
        let mut run = 0;
        for c in rest[after..end].chars() {
            run = if c.is_numeric() { run + 1 } else { 0 };
            if c.is_ascii() && run <= 9 {
                done.push(c);
            }
        }
        rest = &rest[end..];
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_around_addresses_and_long_durations_are_cut() {
        assert_eq!(without_stumbling("（a@b.example）"), "（ a@b.example ）");
        assert_eq!(without_stumbling("x (a@b.example) y"), "x (a@b.example) y");
        assert_eq!(
            without_stumbling("<itunes:duration>123456789012345678901</itunes:duration>é"),
            "<itunes:duration>123456789</itunes:duration>é"
        );
        assert_eq!(without_stumbling("<d duration=\"٣٤\"/>"), "<d duration=\"\"/>");
    }

    #[test]
    fn tags_of_any_shape_cost_no_entry() {
        let o = json(r#"{"items":[{"id":1,"tags":"a, b"},{"id":2,"tags":["c",3]},{"id":3,"tags":{"x":1}}]}"#);
        let v: Value = serde_json::from_str(&o).unwrap();
        assert_eq!(v["items"][0]["tags"], serde_json::json!(["a", "b"]));
        assert_eq!(v["items"][1]["tags"], serde_json::json!(["c"]));
        assert!(v["items"][2].get("tags").is_none());
    }
}
