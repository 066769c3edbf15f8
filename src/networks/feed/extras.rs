//! What the feed library leaves out: skip hours and days, update periods, the discussion of an entry and what
//! it answers. Read by one pass over the XML, and only if such an element is there at all.

use quick_xml::events::Event;
use std::collections::HashMap;

/// Wishes of the publisher about when to ask.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    pub ttl_min: Option<u32>,
    /// Hours of the day (UTC) in which nothing new comes.
    pub skip_hours: Vec<u8>,
    /// Days of the week, Monday is 0.
    pub skip_days: Vec<u8>,
}

/// Discussion and parent of one entry.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Thread {
    pub comments: Option<String>,
    pub in_reply_to: Option<String>,
}

/// Threads by the guid or the link of their entry.
#[derive(Default, Debug)]
pub struct Threads(HashMap<String, Thread>);

impl Threads {
    /// The thread of the entry with this guid, else with one of these links.
    pub fn of<'a>(&self, guid: &str, mut links: impl Iterator<Item = &'a str>) -> Option<&Thread> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(guid.trim()).or_else(|| links.find_map(|l| self.0.get(l.trim())))
    }
}

/// Reads wishes from the head of the document and threads entry by entry.
pub fn read(xml: &str) -> (Wishes, Threads) {
    let wanted = ["skipHours", "skipDays", "updatePeriod", "<comments", "in-reply-to", "<ttl"];
    if !wanted.iter().any(|w| xml.contains(w)) {
        return (Wishes::default(), Threads::default());
    }
    let mut out = (Wishes::default(), Threads::default());
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut path: Vec<String> = Vec::new();
    let mut current: Option<(Thread, Vec<String>)> = None;
    let mut text = String::new();
    let (mut period, mut frequency) = (0u32, 1u32);
    // A document that breaks off gives what stood before.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(e) => {
                let name = name(e.name().as_ref());
                if name == "item" || name == "entry" {
                    current = Some(Default::default());
                }
                started(&mut current, &name, &e);
                path.push(name);
                text.clear();
            }
            Event::Empty(e) => {
                let name = name(e.name().as_ref());
                started(&mut current, &name, &e);
            }
            Event::Text(t) => {
                text.push_str(&t.xml10_content());
            }
            Event::GeneralRef(r) if r.as_ref() == "amp" => text.push('&'),
            Event::CData(c) => text.push_str(c.as_ref()),
            Event::End(_) => {
                let value = text.trim().to_owned();
                match (path.pop().unwrap_or_default().as_str(), &mut current) {
                    ("item" | "entry", c) => {
                        if let Some((t, names)) = c.take().filter(|(t, _)| *t != Thread::default()) {
                            out.1.0.extend(names.into_iter().map(|n| (n, t.clone())));
                        }
                    }
                    ("comments", Some((t, _))) if value.starts_with("http") => t.comments = Some(value),
                    ("guid" | "id" | "link", Some((_, names))) if !value.is_empty() && names.len() < 8 => {
                        names.push(value);
                    }
                    ("hour", None) => out.0.skip_hours.extend(value.parse::<u8>().ok().map(|h| h % 24)),
                    ("day", None) => out.0.skip_days.extend(day(&value)),
                    ("ttl", None) => out.0.ttl_min = value.parse().ok(),
                    ("updatePeriod", None) => {
                        period = match value.as_str() {
                            "hourly" => 60,
                            "daily" => 1440,
                            "weekly" => 10_080,
                            _ => 0,
                        }
                    }
                    ("updateFrequency", None) => frequency = value.parse().unwrap_or(1).max(1),
                    _ => {}
                }
                text.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if out.0.ttl_min.is_none() && period > 0 {
        out.0.ttl_min = Some((period / frequency).max(1));
    }
    out.0.skip_hours.truncate(23);
    out.0.skip_days.truncate(6);
    out
}

/// An element of an entry began: what it answers, or one of its addresses.
fn started(current: &mut Option<(Thread, Vec<String>)>, name: &str, e: &quick_xml::events::BytesStart<'_>) {
    match (current, name) {
        (Some((t, _)), "in-reply-to") => t.in_reply_to = reply(e),
        (Some((_, names)), "link") if names.len() < 8 => names.extend(value(e, "href")),
        _ => {}
    }
}

fn name(raw: &str) -> String {
    raw.rsplit(':').next().unwrap_or("").to_owned()
}

fn reply(e: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    value(e, "ref").or_else(|| value(e, "href"))
}

fn value(e: &quick_xml::events::BytesStart<'_>, key: &str) -> Option<String> {
    let found = e.attributes().flatten().find(|a| a.key.as_ref() == key)?;
    Some(found.value.into_owned())
}

fn day(s: &str) -> Option<u8> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let low = s.to_lowercase();
    DAYS.iter().position(|d| low.starts_with(d)).and_then(|i| u8::try_from(i).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_and_threads_are_read() {
        let (w, t) = read(
            "<rss><channel><ttl>60</ttl><skipHours><hour>3</hour><hour>24</hour></skipHours><skipDays><day>Sunday</day></skipDays>\
             <item><guid>1</guid><comments>http://x.example/a?b=1&amp;c#comments</comments></item><item><title>t</title></item>\
             <item><link>http://x.example/3</link><thr:in-reply-to ref='tag:1' href='http://y'/></item></channel></rss>",
        );
        assert_eq!(w, Wishes { ttl_min: Some(60), skip_hours: vec![3, 0], skip_days: vec![6] });
        let none = || std::iter::empty();
        assert_eq!(t.of("1", none()).unwrap().comments.as_deref(), Some("http://x.example/a?b=1&c#comments"));
        let third = t.of("", ["http://x.example/3"].into_iter());
        assert_eq!(third.unwrap().in_reply_to.as_deref(), Some("tag:1"));
        assert!(t.of("2", none()).is_none());
        assert!(read("<rss><item/></rss>").1.0.is_empty());
    }
}
