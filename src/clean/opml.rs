//! OPML: the feeds of a reading list.

use super::{line, url};
use crate::model::Text;

/// Title and address of every feed of an OPML file, once each; broken files give what can be read.
#[must_use]
pub fn opml(text: &str) -> Vec<(Text, Text)> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut out: Vec<(Text, Text)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    loop {
        let e = match reader.read_event() {
            Ok(quick_xml::events::Event::Start(e) | quick_xml::events::Event::Empty(e)) => e.into_owned(),
            Ok(quick_xml::events::Event::Eof) | Err(_) => return out,
            Ok(_) => continue,
        };
        let get = |k: &str| {
            let a = e.attributes().flatten().find(|a| a.key.as_ref().eq_ignore_ascii_case(k))?;
            Some(html_escape::decode_html_entities(&a.value).into_owned())
        };
        let address = url(&get("xmlUrl").unwrap_or_default(), None);
        if !address.is_empty() && seen.insert(address.to_string()) {
            let title = get("title").or_else(|| get("text")).unwrap_or_default();
            out.push((line(&title), address));
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn feeds_of_a_reading_list_are_found_once() {
        let list = "<opml><body><outline text='A &amp; B'><outline xmlUrl='https://a.example/f?x=1&amp;y=2' text='A &amp; B'/>\
                    <outline XMLURL='https://a.example/f?x=1&amp;y=2'/><outline xmlUrl='file:///etc/passwd'/></outline>";
        let f = super::opml(list);
        assert_eq!(f.len(), 1);
        assert_eq!((f[0].0.as_str(), f[0].1.as_str()), ("A & B", "https://a.example/f?x=1&y=2"));
    }
}
