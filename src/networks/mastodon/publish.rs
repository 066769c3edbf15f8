//! Answers on Mastodon and its like. The `Idempotency-Key` is sent, and not trusted: some servers ignore it, so our own
//! posts are looked through where it is not known. Facts: docs.joinmastodon.org/methods/statuses and user/posting
//! (500 characters, an address counts 23, of a remote name the part before the second @).

use super::super::posts::{
    Begins, Desk, File, Length, Once, POST, Post, Posting, REACT, Reaction, Said, Seen, Takes, form,
    same_words,
};
use super::super::{Answer, Call, Method, Trouble};
use super::status::Status;
use crate::clean;
use crate::model::outgoing::{Outcome, Posted};
use crate::model::time::HOUR;
use crate::model::{Stamp, Text};
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

pub struct Publish;

/// Where the server says no other number.
const MOST: u32 = 500;
/// Posts of a page of ours, and pages that are looked through.
const PAGE: usize = 40;
const PAGES: usize = 20;
/// Any address counts so many characters, where the server says nothing else.
const ADDRESS: u32 = 23;
const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];

/// Characters as Mastodon counts them, each address as so many.
pub fn weight(text: &str, address: u32) -> usize {
    let mut n = 0;
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end_matches(char::is_whitespace);
        let space = part[word.len()..].graphemes(true).count();
        n += match (clean::address_in(word), word.strip_prefix('@').and_then(|w| w.split_once('@'))) {
            (Some(at), _) => {
                word[..at.start].graphemes(true).count()
                    + address as usize
                    + word[at.end..].graphemes(true).count()
            }
            (None, Some((name, host))) if host.contains('.') => {
                let after = host.trim_end_matches(|c: char| c.is_alphanumeric()).len();
                let rest = if after == 0 {
                    0
                } else {
                    host.len() - host.trim_end_matches([',', ':', '!', '?', ';']).len()
                };
                1 + name.graphemes(true).count() + rest
            }
            _ => word.graphemes(true).count(),
        } + space;
    }
    n
}

/// Never wider than what is answered.
fn visibility(p: &Post<'_>) -> &'static str {
    let rank = |v: &str| VISIBILITIES.iter().position(|x| *x == v);
    // One that this list does not know (local, for followers of followers) is narrower than all of it.
    let theirs = p.to.visibility.as_deref().map_or(0, |v| rank(v).unwrap_or(VISIBILITIES.len() - 1));
    // Nobody asked for the public timeline where somebody is answered; what is new is said to everybody.
    let ours = rank(p.visibility).unwrap_or(theirs.max(usize::from(theirs == 0 && !p.is_new())));
    VISIBILITIES[ours.max(theirs)]
}

/// The text, with whom it answers at its beginning: nobody else is told of it there.
fn text_of(p: &Post<'_>) -> String {
    let name = &p.to.author.name;
    let acct = name.rsplit_once("(@").and_then(|(_, r)| r.strip_suffix(')'));
    match acct {
        Some(a) if !p.is_new() && !calls(p.text, a) => {
            format!("@{a} {}", p.text)
        }
        _ => p.text.to_owned(),
    }
}

/// True if a text calls somebody by this name, as a whole word.
fn calls(text: &str, acct: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '-');
    // An address that holds the name calls nobody.
    let words = text.split_whitespace().filter(|w| !w.contains("://"));
    words.flat_map(|w| w.split(|c: char| !part(c))).any(|w| {
        w.strip_prefix('@').is_some_and(|w| w.trim_end_matches(['.', '-']).eq_ignore_ascii_case(acct))
    })
}

fn posted(v: &Value) -> Option<Posted> {
    let s: Status = serde_json::from_value(v.clone()).ok()?;
    let url = clean::url(if s.url.is_empty() { &s.uri } else { &s.url }, None);
    (!s.id.is_empty()).then(|| Posted { native: clean::line_capped(&s.id, 256), url })
}

impl Posting for Publish {
    fn once(&self) -> Once {
        Once::Found
    }

    fn length(&self, d: &Desk<'_>, p: &Post<'_>) -> Length {
        // A warning that is taken over counts as well.
        let warning = p.to.title.graphemes(true).count();
        let used = weight(&text_of(p), d.me.link.unwrap_or(ADDRESS)) + warning;
        Length { used, most: Some(d.me.most.unwrap_or(MOST) as usize), unit: "characters" }
    }

    fn visibilities(&self) -> &'static [&'static str] {
        &VISIBILITIES
    }

    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text> {
        let mut body = json!({ "status": text_of(p), "visibility": visibility(p) });
        if !p.is_new() {
            if p.to.native_id.is_empty() {
                return Err(Text::ours("it is not known which post this answers"));
            }
            body["in_reply_to_id"] = p.to.native_id.as_str().into();
        }
        if !p.lang.is_empty() {
            body["language"] = p.lang.into();
        }
        if !p.files.is_empty() {
            body["media_ids"] = p.files.iter().map(|f| f.there.as_str()).collect();
        }
        // A warning that stands over a discussion stands over its answers.
        if !p.to.title.is_empty() {
            body["spoiler_text"] = p.to.title.as_str().into();
        }
        let mut call = Call::json(POST, d.at("/api/v1/statuses"), &body);
        call.headers.push(("idempotency-key", format!("{:016x}", p.mark)));
        Ok(call)
    }

    fn said(&self, _d: &Desk<'_>, _p: &Post<'_>, _call: &Call, a: &Answer) -> Result<Said, Trouble> {
        let v: Value = serde_json::from_slice(&a.body).unwrap_or_default();
        Ok(posted(&v).map_or_else(
            || Said::Unsure(Text::ours("the server took it and did not say where it stands")),
            Said::Posted,
        ))
    }

    fn takes(&self) -> Option<Takes> {
        Some(Takes { files: 4, bytes: 8 << 20 })
    }

    fn upload(&self, d: &Desk<'_>, f: &File) -> Option<Call> {
        Some(form("media", d.at("/api/v2/media"), &[("description", &f.alt)], ("file", f)))
    }

    fn uploaded(&self, a: &Answer) -> Result<String, Trouble> {
        let v = a.json()?;
        let id = v["id"].as_str().map(str::to_owned).or_else(|| v["id"].as_i64().map(|n| n.to_string()));
        id.ok_or_else(|| Trouble::Garbled(Text::ours("the server does not say how it names the picture")))
    }

    fn begins(&self) -> Option<Begins> {
        Some(Begins { place: "", title: "content warning", titled: false })
    }

    fn change(&self, d: &Desk<'_>, p: &Post<'_>, posted: &Posted) -> Option<Call> {
        // What is not named again is taken away.
        let media: Vec<&str> = p.files.iter().map(|f| f.there.as_str()).collect();
        let mut body = json!({ "status": text_of(p), "media_ids": media });
        if !p.to.title.is_empty() {
            body["spoiler_text"] = p.to.title.as_str().into();
        }
        let url = d.at(&format!("/api/v1/statuses/{}", posted.native));
        (!posted.native.is_empty()).then(|| Call { method: Method::Put, ..Call::json(POST, url, &body) })
    }

    fn reactions(&self) -> &'static [&'static str] {
        &["favourite", "boost"]
    }

    fn react(&self, d: &Desk<'_>, r: Reaction<'_>) -> Result<Call, Text> {
        let what = match r.with {
            "favourite" if r.back => "unfavourite",
            "favourite" => "favourite",
            "boost" if r.back => "unreblog",
            "boost" if matches!(r.to.visibility.as_deref(), None | Some("public" | "unlisted")) => "reblog",
            "boost" => return Err(Text::ours("what was not said to everybody is not passed on to them")),
            _ => return Err(Text::ours("a post is reacted to with favourite or boost there")),
        };
        if r.to.native_id.is_empty() {
            return Err(Text::ours("it is not known which post this is"));
        }
        if r.back {
            // Is it there at all?
            return Ok(Call::get("mine", d.at(&format!("/api/v1/statuses/{}", r.to.native_id))).with(what));
        }
        let url = d.at(&format!("/api/v1/statuses/{}/{what}", r.to.native_id));
        Ok(Call::json(REACT, url, &json!({})))
    }

    fn reacting(&self, d: &Desk<'_>, r: Reaction<'_>, call: &Call, a: &Answer) -> Result<Call, Trouble> {
        let name = if r.with == "boost" { "reblogged" } else { "favourited" };
        if a.json()?[name] != true {
            return Err(Trouble::Missing(Text::ours("no such reaction of ours stands there")));
        }
        let url = d.at(&format!("/api/v1/statuses/{}/{}", r.to.native_id, call.with));
        Ok(Call::json(REACT, url, &json!({})))
    }

    fn remove(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        let url = d.at(&format!("/api/v1/statuses/{}", posted.native));
        (!posted.native.is_empty()).then(|| Call { method: Method::Delete, ..Call::get("remove", url) })
    }

    fn after(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        (!posted.native.is_empty())
            .then(|| Call::get("after", d.at(&format!("/api/v1/statuses/{}", posted.native))))
    }

    fn became(&self, _d: &Desk<'_>, _posted: &Posted, a: &Answer) -> Result<Outcome, Trouble> {
        let v = a.json()?;
        let n = |k: &str| v[k].as_u64().unwrap_or(0);
        Ok(Outcome {
            likes: n("favourites_count"),
            shares: n("reblogs_count"),
            replies: n("replies_count"),
            ..Outcome::default()
        })
    }

    fn look(&self, d: &Desk<'_>, _p: &Post<'_>) -> Option<Call> {
        Some(if d.me.native.is_empty() {
            Call::get("who", d.at("/api/v1/accounts/verify_credentials"))
        } else {
            own(d, &d.me.native, "")
        })
    }

    fn seen(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Seen, Trouble> {
        let v = a.json()?;
        if call.what == "who" {
            let id = v["id"].as_str().map(str::to_owned).or_else(|| v["id"].as_i64().map(|n| n.to_string()));
            return match id {
                Some(id) => Ok(Seen::Then(own(d, &id, ""))),
                None => Err(Trouble::Garbled(Text::ours("the server does not say who we are"))),
            };
        }
        let Some(list) = v.as_array() else {
            return Err(Trouble::Garbled(Text::ours("a list of our posts was expected")));
        };
        let ours = |v: &&Value| {
            let Ok(s) = serde_json::from_value::<Status>((*v).clone()) else { return false };
            let to = Some(p.to.native_id.as_str()).filter(|_| !p.is_new());
            s.in_reply_to_id.as_deref().filter(|id| !id.is_empty()) == to
                && same_words(&clean::html(&s.content, Some(d.server)).text, &text_of(p))
        };
        let found: Vec<Posted> = list.iter().filter(ours).filter_map(posted).collect();
        // Further back, as long as what is there may have been posted since.
        let (pages, id) = call.with.split_once(' ').unwrap_or(("0", ""));
        let pages: usize = pages.parse().unwrap_or(0);
        let oldest = list.last().and_then(|v| serde_json::from_value::<Status>(v.clone()).ok());
        if let Some(last) = oldest.filter(|_| found.is_empty() && list.len() >= PAGE && pages < PAGES) {
            let young = Stamp::parse_rfc3339(&last.created_at).is_ok_and(|t| t > p.begun.plus(-HOUR));
            if young {
                let next = own(d, id, &last.id);
                return Ok(Seen::Then(next.with(format!("{} {id}", pages + 1))));
            }
        }
        Ok(Seen::These(found))
    }
}

fn own(d: &Desk<'_>, id: &str, below: &str) -> Call {
    let below = if below.is_empty() { String::new() } else { format!("&max_id={below}") };
    let url = d.at(&format!("/api/v1/accounts/{id}/statuses?limit={PAGE}&exclude_reblogs=true{below}"));
    Call::get("own", url).with(format!("0 {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mention, Stamp};
    use crate::networks::Me;

    #[test]
    fn whom_it_calls_is_told_by_whole_words() {
        assert!(calls("Hi @ana, thanks", "ana") && calls("@ana@home.example: hi.", "ana@home.example"));
        assert!(!calls("@anabel hi", "ana") && !calls("ana", "ana") && calls("(@ana).", "ana"));
        let mut to = Mention { visibility: Some("local".into()), ..Mention::default() };
        let post = |to: &Mention, ours: &str| {
            visibility(&Post {
                text: "x",
                to,
                visibility: ours,
                lang: "",
                files: &[],
                mark: 0,
                begun: Stamp(0),
            })
        };
        assert_eq!(post(&to, "public"), "direct", "what we do not know is not widened");
        to.visibility = Some("public".into());
        assert_eq!((post(&to, ""), post(&to, "private")), ("unlisted", "private"));
    }

    #[test]
    fn what_came_of_it_is_read() {
        let me = Me::default();
        let d = Desk { server: "https://s.example", me: &me, now: Stamp(0) };
        let posted = Posted { native: Text::ours("7"), ..Posted::default() };
        assert_eq!(Publish.after(&d, &posted).unwrap().url, "https://s.example/api/v1/statuses/7");
        let body = json!({"favourites_count": 3, "reblogs_count": 1, "replies_count": 2}).to_string();
        let a = Answer { status: 200, body: body.into_bytes(), ..Answer::default() };
        assert_eq!(Publish.became(&d, &posted, &a).unwrap().words(), "3 likes · 1 share · 2 replies");
    }

    #[test]
    fn a_name_within_an_address_calls_nobody() {
        assert!(calls("hi @ana, see", "ana") && calls("(@ana@s.example)", "ana@s.example"));
        assert!(!calls("see https://s.example/@ana/1", "ana") && !calls("@anabel", "ana"));
    }

    #[test]
    fn characters_are_counted_as_the_documents_say() {
        for (text, n) in [
            ("", 0),
            ("hello", 5),
            ("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", 1),
            ("see https://a-very-long-name.example/with/a/path?and=more", 4 + 23),
            ("(https://x.example).", 1 + 23 + 2),
            ("@ana@social.example hi", 4 + 3),
            ("@ana hi", 7),
            ("a\nb", 3),
        ] {
            assert_eq!(weight(text, ADDRESS), n, "{text}");
            assert_eq!(weight(text, ADDRESS + 7) > n, text.contains("://"), "{text}");
        }
    }

    #[test]
    fn it_is_never_seen_by_more_people_than_what_it_answers() {
        let mut to = Mention { native_id: Text::ours("1"), ..Mention::default() };
        for (theirs, asked, want) in [
            ("public", "", "unlisted"),
            ("public", "public", "public"),
            ("unlisted", "public", "unlisted"),
            ("private", "public", "private"),
            ("direct", "unlisted", "direct"),
            ("private", "direct", "direct"),
        ] {
            to.visibility = Some(theirs.into());
            let p = Post {
                text: "x",
                to: &to,
                visibility: asked,
                lang: "",
                files: &[],
                mark: 1,
                begun: Stamp(0),
            };
            let me = Me::default();
            let d = Desk { server: "https://s.example", me: &me, now: Stamp(0) };
            let body = Publish.begin(&d, &p).unwrap().body.unwrap().1;
            let v: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(v["visibility"], want, "{theirs} {asked}");
        }
    }
}
