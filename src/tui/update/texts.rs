//! Lines about one mention: why it is here, what changed in it, where it leads.

use crate::clean::width::fit;
use crate::model::Item;

pub fn why(i: &Item) -> Vec<String> {
    let m = &i.mention;
    let mut out = vec![format!("heard from {} ({}) at {}", m.source, m.network, m.heard_at.local_minute())];
    if m.topics.is_empty() {
        out.push("no topic matched it".into());
    }
    for t in &m.topics {
        out.push(format!("topic “{}” matched:", t.topic));
        for (in_title, a, b) in t.spans.iter().take(12) {
            let text = if *in_title { &m.title } else { &m.text };
            let word: String = text.chars().skip(*a as usize).take((b - a) as usize).collect();
            out.push(format!(
                "   {} “{}”",
                if *in_title { "title" } else { "text " },
                word.replace('\n', " ")
            ));
        }
    }
    if m.time_note != crate::model::TimeNote::Given {
        out.push(format!("its time is {:?}: the time of hearing stands in", m.time_note).to_lowercase());
    }
    out.push(format!("state {} · id {}", i.state.word(), i.id));
    if i.tellings > 1 {
        out.push(format!("one of {} tellings of one story (same address)", i.tellings));
    }
    out
}

pub fn diff(i: &Item) -> Vec<String> {
    if i.revisions.is_empty() {
        return vec!["The source has not changed it since it was heard.".into()];
    }
    let mut out = vec!["now:".to_owned(), format!("  {}", i.mention.title)];
    out.extend(i.mention.text.lines().map(|l| format!("  {l}")));
    for (at, title, text) in &i.revisions {
        out.push(String::new());
        out.push(format!("before (heard {}):", at.local_minute()));
        out.push(format!("  {title}"));
        out.extend(text.lines().map(|l| format!("  {l}")));
    }
    out
}

pub fn link(i: &Item) -> Vec<String> {
    let m = &i.mention;
    if m.url.is_empty() {
        return vec!["It has no link.".into()];
    }
    let mut out = vec![
        m.url.to_string(),
        format!("host: {}", crate::clean::show_host(&m.url)),
        String::new(),
        "y copies it".into(),
    ];
    if !m.links.is_empty() {
        out.push(String::new());
        out.push("it links to:".into());
        out.extend(m.links.iter().map(|l| format!("  {}", fit(l, 200))));
    }
    out
}
