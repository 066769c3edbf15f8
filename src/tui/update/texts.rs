//! Lines about one mention: why it is here, what changed in it, where it leads.

use crate::clean::width::fit;
use crate::model::{Item, Stamp, TopicView};
use crate::query::{Context, Doc, Names, Query, Scope};

/// Part by part, what of each topic is so in it, and what is not.
pub fn topics(i: &Item, topics: &[TopicView], names: &Names, me: &str, ascii: bool) -> Vec<String> {
    let doc = Doc::of_item(i, me);
    let cx = Context { now: Stamp::now(), zone: Stamp::zone_here(), me: Some(me), names: Some(names) };
    let mark = |yes: bool| match (yes, ascii) {
        (true, false) => "✓",
        (false, false) => "✗",
        (true, true) => "y",
        (false, true) => "n",
    };
    let mut out = Vec::new();
    for t in topics.iter().filter(|t| !t.set) {
        let Ok(q) = Query::parse(&t.query, Scope::View) else { continue };
        let why = q.explain(&doc, &cx);
        out.push(String::new());
        out.push(format!(
            "topic {}: {}",
            t.name,
            if why.first().is_some_and(|r| r.holds) { "matches" } else { "does not match" }
        ));
        out.extend(why.iter().map(|r| format!("  {}{} {}", "  ".repeat(r.depth), mark(r.holds), r.text)));
    }
    out
}

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
    let lang = if m.lang.is_empty() { "not told" } else { m.lang.as_str() };
    let by = if i.marked_mood.is_some() { "as one of us marked it" } else { "as its words suggest" };
    out.push(format!("language {lang} · mood {} ({by}; = corrects it)", i.mood().said()));
    if i.tellings > 1 {
        out.push(format!("one of {} tellings of one story (same address)", i.tellings));
    }
    out
}

/// What the source changed, word by word, newest change first.
pub fn diff(i: &Item) -> Vec<String> {
    if i.revisions.is_empty() {
        return vec!["The source has not changed it since it was heard.".into()];
    }
    let mut out = Vec::new();
    let mut after = (i.mention.title.to_string(), i.mention.text.to_string());
    for (at, title, text) in &i.revisions {
        out.push(format!("What stood there until the next change, heard {}:", at.local_minute()));
        out.push("[-so-] were the words before, {+so+} the words after".into());
        out.push(String::new());
        out.extend(words_changed(title, &after.0).lines().map(|l| format!("  {l}")));
        out.push(String::new());
        out.extend(words_changed(text, &after.1).lines().map(|l| format!("  {l}")));
        out.push(String::new());
        after = (title.to_string(), text.to_string());
    }
    out
}

fn words_changed(before: &str, after: &str) -> String {
    use similar::{ChangeTag, TextDiff};
    let diff = TextDiff::configure().timeout(std::time::Duration::from_millis(200)).diff_words(before, after);
    let mut out = String::new();
    let mut open: Option<ChangeTag> = None;
    let close = |out: &mut String, open: Option<ChangeTag>| match open {
        Some(ChangeTag::Delete) => out.push_str("-]"),
        Some(ChangeTag::Insert) => out.push_str("+}"),
        _ => {}
    };
    for c in diff.iter_all_changes() {
        let tag = Some(c.tag()).filter(|t| *t != ChangeTag::Equal);
        if tag != open {
            close(&mut out, open);
            match tag {
                Some(ChangeTag::Delete) => out.push_str("[-"),
                Some(ChangeTag::Insert) => out.push_str("{+"),
                _ => {}
            }
            open = tag;
        }
        out.push_str(c.value());
    }
    close(&mut out, open);
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
