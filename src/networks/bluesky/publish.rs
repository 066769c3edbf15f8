//! Answers on Bluesky: a record under a key of our own, so that the same one twice is the same post. Facets are in
//! bytes. Facts: docs.bsky.app/docs/advanced-guides/posts; 300 graphemes and 3,000 bytes (app.bsky.feed.post).

use super::super::posts::{
    Begins, Desk, File, Length, Once, POST, Post, Posting, REACT, Reaction, Said, Seen, Takes,
};
use super::super::{Answer, Call, Method, Trouble};
use super::esc;
use super::post::{page_of, parts};
use crate::clean;
use crate::model::outgoing::{Outcome, Posted};
use crate::model::{Mention, Text, hash64};
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

pub struct Publish;

const MOST: usize = 300;
const COLLECTION: &str = "app.bsky.feed.post";
const LIKE: &str = "app.bsky.feed.like";

/// A key as the network makes them: microseconds in 13 letters that sort, the clock's number at the end.
pub fn rkey(begun_ms: i64, mark: u64) -> String {
    const LETTERS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
    let micros = (begun_ms.max(0).unsigned_abs() * 1000 + mark % 1000) & ((1 << 53) - 1);
    let n = (micros << 10) | ((mark >> 10) & 1023);
    (0..13).rev().map(|i| char::from(LETTERS[((n >> (5 * i)) & 31) as usize])).collect()
}

/// Addresses and tags of a text, by bytes.
fn facets(text: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut from = 0;
    for word in text.split(char::is_whitespace) {
        let at = from;
        from += word.len() + text[from + word.len()..].chars().next().map_or(0, char::len_utf8);
        if let Some(link) = clean::address_in(word) {
            out.push(json!({
                "index": {"byteStart": at + link.start, "byteEnd": at + link.end},
                "features": [{"$type": "app.bsky.richtext.facet#link", "uri": &word[link]}],
            }));
        } else if let Some(tag) = word.strip_prefix('#') {
            let tag = tag.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'', '”']);
            if !tag.is_empty() && tag.len() <= 640 && !tag.chars().all(|c| c.is_ascii_digit()) {
                out.push(json!({
                    "index": {"byteStart": at, "byteEnd": at + 1 + tag.len()},
                    "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}],
                }));
            }
        }
    }
    out
}

fn key_of(p: &Post<'_>) -> String {
    rkey(p.begun.0, p.mark)
}

fn who(d: &Desk<'_>) -> Call {
    Call::get("who", d.at("/xrpc/com.atproto.server.getSession"))
}

fn me_of(d: &Desk<'_>, v: &Value) -> Result<super::super::Me, Trouble> {
    match v["did"].as_str().filter(|did| did.starts_with("did:")) {
        Some(did) => Ok(super::super::Me { native: did.to_owned(), ..d.me.clone() }),
        None => Err(Trouble::Garbled(Text::ours("the server does not say who we are"))),
    }
}

/// Asks for a record, with its version.
fn record(d: &Desk<'_>, uri: &str) -> Result<Call, Text> {
    let Some((did, collection, key)) = parts(uri) else {
        return Err(Text::ours("it is not known which post this is"));
    };
    let query = format!("repo={}&collection={}&rkey={}", esc(did), esc(collection), esc(key));
    Ok(Call::get("parent", d.at(&format!("/xrpc/com.atproto.repo.getRecord?{query}"))))
}

/// Writes the post under its own key.
fn put(d: &Desk<'_>, p: &Post<'_>, did: &str, reply: Option<Value>) -> Call {
    let mut record = json!({
        "$type": COLLECTION,
        "text": p.text,
        "createdAt": p.begun.rfc3339(),
        "facets": facets(p.text),
    });
    if let Some(r) = reply {
        record["reply"] = r;
    }
    if !p.files.is_empty() {
        let image = |f: &File| {
            let blob: Value = serde_json::from_str(&f.there).unwrap_or_default();
            json!({"alt": f.alt, "image": blob})
        };
        let images: Vec<Value> = p.files.iter().map(image).collect();
        record["embed"] = json!({"$type": "app.bsky.embed.images", "images": images});
    }
    if !p.lang.is_empty() {
        record["langs"] = json!([p.lang]);
    }
    let body = json!({"repo": did, "collection": COLLECTION, "rkey": key_of(p), "record": record});
    Call::json(POST, d.at("/xrpc/com.atproto.repo.putRecord"), &body).with(did).costs(3, "points")
}

fn there(did: &str, rkey: &str) -> Posted {
    let uri = format!("at://{did}/{COLLECTION}/{rkey}");
    Posted { url: page_of(&uri), native: clean::line(&uri) }
}

/// The key of our like of something.
fn like_key(to: &Mention, me: &str) -> String {
    rkey(to.at.0, hash64(&["like", &to.native_id, me]))
}

impl Posting for Publish {
    fn server_of(&self, _m: &Mention, _heard_at: &str) -> Option<String> {
        None
    }

    fn once(&self) -> Once {
        Once::Own
    }

    fn length(&self, _d: &Desk<'_>, p: &Post<'_>) -> Length {
        let used = p.text.graphemes(true).count();
        // Many bytes in few characters: the other bound is nearer.
        if p.text.len() > 3000 {
            return Length { used: p.text.len(), most: Some(3000), unit: "bytes" };
        }
        Length { used, most: Some(MOST), unit: "characters" }
    }

    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text> {
        // What is answered is named with its version, and so is what began the discussion.
        let parent = if p.is_new() { None } else { Some(record(d, &p.to.native_id)?) };
        if d.me.native.is_empty() {
            return Ok(who(d));
        }
        Ok(match parent {
            Some(get) => get.with(&d.me.native),
            None => put(d, p, &d.me.native, None),
        })
    }

    fn said(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Said, Trouble> {
        let v = a.json()?;
        match call.what {
            "who" => {
                let me = me_of(d, &v)?;
                self.begin(&Desk { me: &me, ..*d }, p).map(Said::Then).map_err(Trouble::Refused)
            }
            "parent" => {
                let of = json!({"uri": v["uri"], "cid": v["cid"]});
                if !v["cid"].is_string() {
                    return Err(Trouble::Garbled(Text::ours("the post that is answered has no version")));
                }
                let root = &v["value"]["reply"]["root"];
                let root = if root["cid"].is_string() { root.clone() } else { of.clone() };
                Ok(Said::Then(put(d, p, &call.with, Some(json!({"root": root, "parent": of})))))
            }
            _ => match v["uri"].as_str().and_then(parts) {
                Some((did, _, key)) => Ok(Said::Posted(there(did, key))),
                None => Ok(Said::Unsure(Text::ours("the server took it and did not say where it stands"))),
            },
        }
    }

    /// Facts: app.bsky.embed.images (four of a million bytes each).
    fn takes(&self) -> Option<Takes> {
        Some(Takes { files: 4, bytes: 1_000_000 })
    }

    fn upload(&self, d: &Desk<'_>, f: &File) -> Option<Call> {
        let body = Some((f.mime, f.bytes.clone()));
        let url = d.at("/xrpc/com.atproto.repo.uploadBlob");
        Some(Call { method: Method::Post, body, ..Call::get("blob", url) })
    }

    fn uploaded(&self, a: &Answer) -> Result<String, Trouble> {
        let v = a.json()?;
        match v["blob"].is_object() {
            true => Ok(v["blob"].to_string()),
            false => Err(Trouble::Garbled(Text::ours("the server does not say how it names the picture"))),
        }
    }

    fn begins(&self) -> Option<Begins> {
        Some(Begins::default())
    }

    fn reactions(&self) -> &'static [&'static str] {
        &["like"]
    }

    fn react(&self, d: &Desk<'_>, r: Reaction<'_>) -> Result<Call, Text> {
        if r.with != "like" {
            return Err(Text::ours("a post is reacted to with like there"));
        }
        if r.back && !d.me.native.is_empty() {
            let me = d.me.native.as_str();
            let mine = record(d, &format!("at://{me}/{LIKE}/{}", like_key(r.to, me)))?;
            return Ok(Call { what: "mine", ..mine.with(me) });
        }
        let get = record(d, &r.to.native_id)?;
        Ok(if d.me.native.is_empty() { who(d) } else { get.with(&d.me.native) })
    }

    /// The key of a like comes from what is liked: a second one is the first.
    fn reacting(&self, d: &Desk<'_>, r: Reaction<'_>, call: &Call, a: &Answer) -> Result<Call, Trouble> {
        let v = a.json()?;
        if call.what == "who" {
            let me = me_of(d, &v)?;
            return self.react(&Desk { me: &me, ..*d }, r).map_err(Trouble::Refused);
        }
        if call.what == "mine" {
            let body = json!({"repo": call.with, "collection": LIKE, "rkey": like_key(r.to, &call.with)});
            let delete = d.at("/xrpc/com.atproto.repo.deleteRecord");
            return Ok(Call::json(REACT, delete, &body).costs(1, "points"));
        }
        if !v["cid"].is_string() {
            return Err(Trouble::Garbled(Text::ours("the post has no version")));
        }
        let key = like_key(r.to, &call.with);
        let like = json!({"$type": LIKE, "subject": {"uri": v["uri"], "cid": v["cid"]}, "createdAt": d.now.rfc3339()});
        let body = json!({"repo": call.with, "collection": LIKE, "rkey": key, "record": like});
        Ok(Call::json(REACT, d.at("/xrpc/com.atproto.repo.putRecord"), &body).costs(3, "points"))
    }

    fn remove(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        let (repo, collection, rkey) = parts(&posted.native)?;
        let body = json!({"repo": repo, "collection": collection, "rkey": rkey});
        Some(Call::json("remove", d.at("/xrpc/com.atproto.repo.deleteRecord"), &body))
    }

    fn after(&self, d: &Desk<'_>, posted: &Posted) -> Option<Call> {
        let url = d.at(&format!("/xrpc/app.bsky.feed.getPosts?uris={}", esc(&posted.native)));
        (!posted.native.is_empty()).then(|| Call::get("after", url))
    }

    /// One that is left out may be hidden for a while: it is no removal.
    fn became(&self, _d: &Desk<'_>, _posted: &Posted, a: &Answer) -> Result<Outcome, Trouble> {
        let v = a.json()?;
        let p = &v["posts"][0];
        if !p.is_object() {
            return Err(Trouble::Garbled(Text::ours("our post is not shown")));
        }
        let n = |k: &str| p[k].as_u64().unwrap_or(0);
        Ok(Outcome {
            likes: n("likeCount"),
            shares: n("repostCount") + n("quoteCount"),
            replies: n("replyCount"),
            ..Outcome::default()
        })
    }

    fn look(&self, d: &Desk<'_>, p: &Post<'_>) -> Option<Call> {
        let did = &d.me.native;
        (!did.is_empty()).then(|| {
            let query = format!("repo={}&collection={COLLECTION}&rkey={}", esc(did), key_of(p));
            Call::get("own", d.at(&format!("/xrpc/com.atproto.repo.getRecord?{query}")))
        })
    }

    fn seen(&self, _d: &Desk<'_>, _p: &Post<'_>, _call: &Call, a: &Answer) -> Result<Seen, Trouble> {
        let v = a.json()?;
        let found = v["uri"].as_str().and_then(parts).map(|(did, _, key)| there(did, key));
        Ok(Seen::These(found.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_counted_in_bytes() {
        let text = "\u{732b} caf\u{e9} https://a.example/x. #tins! (http://b.example)";
        let all = facets(text);
        let of = |f: &Value| {
            let (a, b) = (f["index"]["byteStart"].as_u64().unwrap(), f["index"]["byteEnd"].as_u64().unwrap());
            text[a as usize..b as usize].to_owned()
        };
        assert_eq!(
            all.iter().map(of).collect::<Vec<_>>(),
            ["https://a.example/x", "#tins", "http://b.example"]
        );
        assert_eq!(all[1]["features"][0]["tag"], "tins");
    }

    #[test]
    fn a_key_sorts_by_time_and_is_the_same_again() {
        assert_eq!(rkey(1_790_000_000_000, 7), rkey(1_790_000_000_000, 7));
        assert!(rkey(1_790_000_000_000, u64::MAX) < rkey(1_790_000_000_002, 0));
        assert_eq!(rkey(0, 0).len(), 13);
    }
}
