//! Answers on talk pages of one wiki: what we say stands at the end of the section that is spoken in, signed. There is no
//! number of ours: the page's history is looked through where it is not known. Facts: mediawiki.org/wiki/API:Edit.

use super::super::posts::{Begins, Desk, Length, Once, POST, Post, Posting, Said, Seen, core_of};
use super::super::{Answer, Call, Trouble};
use super::{page_of, section_of};
use crate::clean;
use crate::model::outgoing::Posted;
use crate::model::time::HOUR;
use crate::model::{Mention, Stamp, Text};

pub struct Publish;

fn api(d: &Desk<'_>, pairs: &[(&str, &str)]) -> String {
    let usual = [("format", "json"), ("formatversion", "2")];
    let all = pairs.iter().chain(&usual);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
    d.at(&format!("/api.php?{query}"))
}

/// Where it is answered: a discussion where it stands, a page on its talk page. Namespaces that are no talk pages have
/// an even number; their talk page is `Talk:` or `NAME talk:`.
const TALKS: [&str; 14] = [
    "user",
    "project",
    "wikipedia",
    "file",
    "mediawiki",
    "template",
    "help",
    "category",
    "portal",
    "draft",
    "module",
    "book",
    "gadget",
    "timedtext",
];

fn page(p: &Post<'_>) -> String {
    let title = if p.is_new() { p.to.community.as_str() } else { p.to.title.as_str() };
    let talk = |t: &str| {
        let space = t.split_once(':').map_or("", |x| x.0).to_lowercase();
        let of = space.strip_suffix(" talk").unwrap_or("");
        space == "talk" || TALKS.contains(&of) || space == "diskussion" || space.ends_with(" diskussion")
    };
    if talk(title) {
        return title.to_owned();
    }
    match title.split_once(':') {
        Some((space, rest)) if TALKS.contains(&space.to_lowercase().as_str()) => {
            format!("{space} talk:{rest}")
        }
        _ => format!("Talk:{title}"),
    }
}

/// The section that the mention stands in: `#Slow_sync` of the address of its discussion.
fn section(p: &Post<'_>) -> Option<String> {
    if p.is_new() {
        return None;
    }
    let named = p.to.thread.split_once('#').map(|(_, s)| s.replace('_', " "));
    let said = p.to.text.lines().next().and_then(|l| section_of(l).map(str::to_owned));
    named.or(said).filter(|_| page(p) == p.to.title.as_str())
}

/// What an edit says of itself: its first words.
fn summary_of(text: &str) -> String {
    text.lines().next().unwrap_or("").chars().take(120).collect()
}

fn signed(text: &str, indent: &str) -> String {
    let body = text.trim_end();
    let lines: Vec<String> = body.lines().map(|l| format!("{indent}{l}")).collect();
    let all = if indent.is_empty() { body.to_owned() } else { lines.join("\n") };
    if body.ends_with("~~~~") { all } else { format!("{all} ~~~~") }
}

fn there(d: &Desk<'_>, title: &str, rev: i64) -> Posted {
    let url = format!("{}&diff={rev}", page_of(d.server, title));
    let host = clean::host_of(d.server);
    Posted { native: clean::line(&format!("{host} {rev}")), url: clean::url(&url, None) }
}

/// Asks for what an edit needs; `with`: the number of the section, and the revision that it was read from.
fn token(d: &Desk<'_>, with: &str) -> Call {
    Call::get("token", api(d, &[("action", "query"), ("meta", "tokens"), ("type", "csrf")])).with(with)
}

impl Posting for Publish {
    /// The stream tells of every wiki: the page's own address says which one.
    fn server_of(&self, m: &Mention, _heard_at: &str) -> Option<String> {
        Some(clean::host_of(&m.url).into_string())
    }

    fn once(&self) -> Once {
        Once::Found
    }

    fn length(&self, _d: &Desk<'_>, p: &Post<'_>) -> Length {
        Length { used: p.text.len(), most: Some(100_000), unit: "bytes" }
    }

    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text> {
        if p.to.title.is_empty() {
            return Err(Text::ours("it is not known which page this is about"));
        }
        if p.is_new() {
            return Ok(token(d, "\n0"));
        }
        let title = page(p);
        Ok(Call::get(
            "sections",
            api(d, &[("action", "parse"), ("prop", "sections|revid"), ("page", &title)]),
        ))
    }

    fn said(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Said, Trouble> {
        let v = a.json()?;
        match call.what {
            "sections" => {
                let wanted = section(p);
                let all = v["parse"]["sections"].as_array();
                let number = wanted.as_deref().and_then(|w| {
                    let found = all?.iter().rev().find(|s| {
                        [&s["line"], &s["anchor"]]
                            .iter()
                            .any(|x| x.as_str().is_some_and(|x| x.replace('_', " ") == w))
                    });
                    found?["index"].as_str().map(str::to_owned)
                });
                if let (Some(w), None) = (&wanted, &number) {
                    let why = format!("the section “{w}” is not on that page any more");
                    return Err(Trouble::Refused(clean::line_capped(&why, 300)));
                }
                let base = v["parse"]["revid"].as_i64().unwrap_or(0);
                let with = format!("{}\n{base}", number.unwrap_or_default());
                Ok(Said::Then(token(d, &with)))
            }
            "token" => {
                let token = v["query"]["tokens"]["csrftoken"].as_str().unwrap_or("");
                if token.len() < 3 {
                    return Err(Trouble::Login(Text::ours("the wiki gives us no token to edit with")));
                }
                let (number, base) = call.with.split_once('\n').unwrap_or(("", "0"));
                let title = page(p);
                let summary = summary_of(p.text);
                let mut fields = vec![
                    ("action", "edit"),
                    ("format", "json"),
                    ("formatversion", "2"),
                    ("title", title.as_str()),
                    ("assert", "user"),
                    ("token", token),
                ];
                let (text, heading);
                let section = section(p).unwrap_or_default();
                let summary = if number.is_empty() { summary } else { format!("/* {section} */ {summary}") };
                if number.is_empty() {
                    // A discussion of its own, named by what it is about.
                    text = signed(p.text, "");
                    heading = match p.is_new() {
                        true => p.to.title.to_string(),
                        false => format!("Re: {}", p.to.title),
                    };
                    fields.extend([
                        ("section", "new"),
                        ("sectiontitle", heading.as_str()),
                        ("text", text.as_str()),
                    ]);
                } else {
                    text = format!("\n{}", signed(p.text, ":"));
                    fields.extend([("section", number), ("appendtext", text.as_str()), ("baserevid", base)]);
                }
                fields.push(("summary", summary.as_str()));
                Ok(Said::Then(Call::form(POST, d.at("/api.php"), &fields)))
            }
            _ => {
                let e = &v["edit"];
                match (e["result"].as_str(), e["newrevid"].as_i64()) {
                    (Some("Success"), Some(rev)) => Ok(Said::Posted(there(d, &page(p), rev))),
                    // Nothing changed: what we say stands there already.
                    (Some("Success"), None) => {
                        Ok(Said::Unsure(Text::ours("the wiki says that nothing changed")))
                    }
                    (Some(other), _) => {
                        Err(Trouble::Refused(clean::line_capped(&format!("the wiki says {other}: {e}"), 300)))
                    }
                    _ => Ok(Said::Unsure(Text::ours("the wiki took it and did not say where it stands"))),
                }
            }
        }
    }

    fn begins(&self) -> Option<Begins> {
        Some(Begins { place: "page", title: "heading", titled: true })
    }

    /// A talk page that is not there yet begins with what we say.
    fn instead(&self, d: &Desk<'_>, call: &Call, t: &Trouble) -> Option<Call> {
        (call.what == "sections" && matches!(t, Trouble::Missing(_))).then(|| token(d, "\n0"))
    }

    fn look(&self, d: &Desk<'_>, p: &Post<'_>) -> Option<Call> {
        let title = page(p);
        let user = d.me.user.split('@').next().unwrap_or("");
        let by = [
            ("action", "query"),
            ("prop", "revisions"),
            ("titles", title.as_str()),
            ("rvuser", user),
            ("rvlimit", "10"),
            ("rvslots", "main"),
            ("rvprop", "ids|timestamp|comment|content"),
        ];
        (!user.is_empty()).then(|| Call::get("own", api(d, &by)))
    }

    fn seen(&self, d: &Desk<'_>, p: &Post<'_>, _call: &Call, a: &Answer) -> Result<Seen, Trouble> {
        let v = a.json()?;
        let Some(pages) = v["query"]["pages"].as_array() else {
            return Err(Trouble::Garbled(Text::ours("a page's history was expected")));
        };
        let words = core_of(p.text.trim_end_matches('~'));
        let mut found = Vec::new();
        for r in pages.iter().filter_map(|p| p["revisions"].as_array()).flatten() {
            let content = r["slots"]["main"]["content"].as_str().unwrap_or("");
            // This edit of ours, by its summary, and not one before it that left the same words there.
            let by_it = r["comment"].as_str().is_some_and(|c| c.contains(summary_of(p.text).trim()));
            let young = r["timestamp"].as_str().and_then(|t| Stamp::parse_rfc3339(t).ok());
            let young = young.is_none_or(|t| t > p.begun.plus(-HOUR));
            let holds = by_it && young && core_of(content).contains(&words);
            if let Some(rev) = r["revid"].as_i64().filter(|_| holds) {
                found.push(there(d, &page(p), rev));
            }
        }
        // The first of ours that holds it is the one that brought it.
        Ok(Seen::These(found.into_iter().rev().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mention, Stamp};

    #[test]
    fn a_page_is_answered_on_its_talk_page_and_a_discussion_in_its_section() {
        let mut to = Mention::default();
        let p = |to: &Mention| {
            let post = Post { text: "x", to, visibility: "", lang: "", files: &[], mark: 0, begun: Stamp(0) };
            (page(&post), section(&post))
        };
        for (title, thread, want) in [
            ("Acme", "https://w.example/index.php?title=Acme", ("Talk:Acme", None)),
            ("Talk:Acme", "https://w.example/x#Slow_sync", ("Talk:Acme", Some("Slow sync"))),
            ("User talk:Ana", "https://w.example/x", ("User talk:Ana", None)),
            ("User:Ana", "", ("User talk:Ana", None)),
        ] {
            (to.title, to.thread) = (Text::ours(title), Text::ours(thread));
            assert_eq!(p(&to), (want.0.to_owned(), want.1.map(str::to_owned)));
        }
        assert_eq!(signed("a\nb", ":"), ":a\n:b ~~~~");
    }
}
