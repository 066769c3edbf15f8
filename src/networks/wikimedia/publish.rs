//! Answers on talk pages of one wiki: what we say stands at the end of the section that is spoken in, signed. There is no
//! number of ours: the page's history is looked through where it is not known. Facts: mediawiki.org/wiki/API:Edit.

use super::super::posts::{Begins, Desk, Length, Once, POST, Post, Posting, Said, Seen, core_of};
use super::super::{Answer, Call, Trouble};
use super::{page_of, section_of};
use crate::clean;
use crate::model::outgoing::Posted;
use crate::model::time::HOUR;
use crate::model::{Mention, Stamp, Text};
use serde_json::Value;

pub struct Publish;

fn api(d: &Desk<'_>, pairs: &[(&str, &str)]) -> String {
    let usual = [("format", "json"), ("formatversion", "2")];
    let all = pairs.iter().chain(&usual);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
    d.at(&format!("/api.php?{query}"))
}

/// The page that it is about, as we know it.
fn subject<'a>(p: &Post<'a>) -> &'a str {
    if p.is_new() { p.to.community.as_str() } else { p.to.title.as_str() }
}

/// Asks which page is talked on: every language names its talk pages otherwise.
fn which(d: &Desk<'_>, p: &Post<'_>) -> Call {
    let what = [("action", "query"), ("prop", "info"), ("inprop", "associatedpage"), ("titles", subject(p))];
    Call::get("which", api(d, &what))
}

/// Where it is answered: a discussion where it stands, a page on its talk page. Talk pages have an odd namespace
/// (mediawiki.org/wiki/Help:Namespaces).
fn talk_page(p: &Post<'_>, v: &Value) -> Result<String, Trouble> {
    let (page, title) = (&v["query"]["pages"][0], subject(p));
    match (page["ns"].as_i64(), page["associatedpage"].as_str()) {
        (Some(ns), _) if ns > 0 && ns % 2 == 1 => Ok(title.to_owned()),
        (Some(ns), Some(talk)) if ns >= 0 => Ok(talk.to_owned()),
        // Wikis before 1.34 do not say; their own names for it work in articles.
        (Some(0), None) => Ok(format!("Talk:{title}")),
        _ => {
            let why = format!("the wiki knows no talk page of “{title}”");
            Err(Trouble::Refused(clean::line_capped(&why, 300)))
        }
    }
}

/// The section that the mention stands in: `#Slow_sync` of the address of its discussion.
fn section(p: &Post<'_>, talk: &str) -> Option<String> {
    if p.is_new() {
        return None;
    }
    let named = p.to.thread.split_once('#').map(|(_, s)| s.replace('_', " "));
    let said = p.to.text.lines().next().and_then(|l| section_of(l).map(str::to_owned));
    named.or(said).filter(|_| talk == p.to.title.as_str())
}

/// Our name there, without what is behind it for programs.
fn user_of<'a>(d: &Desk<'a>) -> &'a str {
    d.me.user.split('@').next().unwrap_or("")
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

/// Asks for what an edit needs; `with`: the number of the section, the revision that it was read from, and the page.
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
        Ok(which(d, p))
    }

    fn said(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Said, Trouble> {
        let v = a.json()?;
        match call.what {
            "which" => {
                let talk = talk_page(p, &v)?;
                if p.is_new() {
                    return Ok(Said::Then(token(d, &format!("\n0\n{talk}"))));
                }
                let what = [("action", "parse"), ("prop", "sections|revid"), ("page", talk.as_str())];
                Ok(Said::Then(Call::get("sections", api(d, &what)).with(talk)))
            }
            "sections" => {
                let talk = &call.with;
                let wanted = section(p, talk);
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
                let with = format!("{}\n{base}\n{talk}", number.unwrap_or_default());
                Ok(Said::Then(token(d, &with)))
            }
            "token" => {
                let token = v["query"]["tokens"]["csrftoken"].as_str().unwrap_or("");
                if token.len() < 3 {
                    return Err(Trouble::Login(Text::ours("the wiki gives us no token to edit with")));
                }
                let mut with = call.with.splitn(3, '\n');
                let mut next = || with.next().unwrap_or("");
                let (number, base, talk) = (next(), next(), next());
                let summary = summary_of(p.text);
                let mut fields = vec![
                    ("action", "edit"),
                    ("format", "json"),
                    ("formatversion", "2"),
                    ("title", talk),
                    ("assert", "user"),
                    ("token", token),
                ];
                let (text, heading);
                let section = section(p, talk).unwrap_or_default();
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
                Ok(Said::Then(Call::form(POST, d.at("/api.php"), &fields).with(talk)))
            }
            _ => {
                let e = &v["edit"];
                match (e["result"].as_str(), e["newrevid"].as_i64()) {
                    (Some("Success"), Some(rev)) => Ok(Said::Posted(there(d, &call.with, rev))),
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
        let new = call.what == "sections" && matches!(t, Trouble::Missing(_));
        new.then(|| token(d, &format!("\n0\n{}", call.with)))
    }

    fn look(&self, d: &Desk<'_>, p: &Post<'_>) -> Option<Call> {
        (!user_of(d).is_empty()).then(|| which(d, p))
    }

    fn seen(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Seen, Trouble> {
        let v = a.json()?;
        if call.what == "which" {
            let talk = talk_page(p, &v)?;
            let by = [
                ("action", "query"),
                ("prop", "revisions"),
                ("titles", talk.as_str()),
                ("rvuser", user_of(d)),
                ("rvlimit", "10"),
                ("rvslots", "main"),
                ("rvprop", "ids|timestamp|comment|content"),
            ];
            return Ok(Seen::Then(Call::get("own", api(d, &by)).with(talk)));
        }
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
                found.push(there(d, &call.with, rev));
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
    use serde_json::json;

    #[test]
    fn a_page_is_answered_on_its_talk_page_and_a_discussion_in_its_section() {
        let mut to = Mention::default();
        let p = |to: &Mention, ns: i64, other: Value| {
            let post = Post { text: "x", to, visibility: "", lang: "", files: &[], mark: 0, begun: Stamp(0) };
            let v = json!({"query": {"pages": [{"ns": ns, "associatedpage": other}]}});
            let talk = talk_page(&post, &v).map_err(|t| t.text().to_string());
            let section = talk.as_ref().ok().and_then(|t| section(&post, t));
            (talk, section)
        };
        for (title, thread, ns, other, want) in [
            ("Acme", "https://w.example/index.php?title=Acme#x", 0, json!("Talk:Acme"), ("Talk:Acme", None)),
            ("Acme", "", 0, Value::Null, ("Talk:Acme", None)),
            (
                "Talk:Acme",
                "https://w.example/x#Slow_sync",
                1,
                json!("Acme"),
                ("Talk:Acme", Some("Slow sync")),
            ),
            ("Обсуждение:Акме", "https://w.example/x#Да", 1, json!("Акме"), ("Обсуждение:Акме", Some("Да"))),
            ("Benutzer:Ana", "", 2, json!("Benutzer Diskussion:Ana"), ("Benutzer Diskussion:Ana", None)),
        ] {
            (to.title, to.thread) = (Text::ours(title), Text::ours(thread));
            assert_eq!(p(&to, ns, other), (Ok(want.0.to_owned()), want.1.map(str::to_owned)));
        }
        (to.title, to.thread) = (Text::ours("Special:Log"), Text::default());
        assert!(p(&to, -1, Value::Null).0.unwrap_err().contains("no talk page"));
        assert_eq!(signed("a\nb", ":"), ":a\n:b ~~~~");
    }
}
