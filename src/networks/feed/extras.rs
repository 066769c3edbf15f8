//! What the feed library leaves out: skip hours and days, update periods, the discussion of an entry and what
//! it answers. Read by one pass over the XML, and only if such an element is there at all.

use quick_xml::events::Event;

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

/// Reads wishes from the head of the document and threads entry by entry.
pub fn read(xml: &str) -> (Wishes, Vec<Thread>) {
    let wanted = ["skipHours", "skipDays", "updatePeriod", "<comments", "in-reply-to", "<ttl"];
    if !wanted.iter().any(|w| xml.contains(w)) {
        return (Wishes::default(), Vec::new());
    }
    let mut out = (Wishes::default(), Vec::new());
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut path: Vec<String> = Vec::new();
    let mut current: Option<Thread> = None;
    let mut text = String::new();
    let (mut period, mut frequency) = (0u32, 1u32);
    // A document that breaks off gives what stood before.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(e) => {
                let name = name(e.name().as_ref());
                if name == "item" || name == "entry" {
                    current = Some(Thread::default());
                }
                if let (Some(t), "in-reply-to") = (&mut current, name.as_str()) {
                    t.in_reply_to = reply(&e);
                }
                path.push(name);
                text.clear();
            }
            Event::Empty(e) => {
                if let (Some(t), "in-reply-to") = (&mut current, name(e.name().as_ref()).as_str()) {
                    t.in_reply_to = reply(&e);
                }
            }
            Event::Text(t) => {
                text.push_str(&t.xml10_content());
            }
            Event::GeneralRef(r) if r.as_ref() == "amp" => text.push('&'),
            Event::CData(c) => text.push_str(c.as_ref()),
            Event::End(_) => {
                let value = text.trim().to_owned();
                match (path.pop().unwrap_or_default().as_str(), &mut current) {
                    ("item" | "entry", c) => out.1.extend(c.take()),
                    ("comments", Some(t)) if value.starts_with("http") => t.comments = Some(value),
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

fn name(raw: &str) -> String {
    raw.rsplit(':').next().unwrap_or("").to_owned()
}

fn reply(e: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    let value = |k: &str| {
        let found = e.attributes().flatten().find(|a| a.key.as_ref() == k)?;
        Some(found.value.into_owned())
    };
    value("ref").or_else(|| value("href"))
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
             <item><comments>http://x.example/a?b=1&amp;c#comments</comments></item><item><title>t</title></item>\
             <item><thr:in-reply-to ref='tag:1' href='http://y'/></item></channel></rss>",
        );
        assert_eq!(w, Wishes { ttl_min: Some(60), skip_hours: vec![3, 0], skip_days: vec![6] });
        assert_eq!(t.len(), 3);
        assert_eq!(t[0].comments.as_deref(), Some("http://x.example/a?b=1&c#comments"));
        assert_eq!(t[2].in_reply_to.as_deref(), Some("tag:1"));
        assert_eq!(read("<rss><item/></rss>").1.len(), 0);
    }
}
