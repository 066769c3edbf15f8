//! Topics: every mention keeps which of them matched, and the spans.

use crate::model::{Mention, Stamp, TopicHit};
use crate::query::{Context, Doc, Facts, Names, Prefilter, Query, Span};
use std::sync::Arc;

/// All topics, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    list: Vec<(String, Query)>,
    prefilter: Prefilter,
    /// One of them asks of more than the texts.
    fields: bool,
    names: Arc<Names>,
}

impl Topics {
    #[must_use]
    pub fn new(list: Vec<(String, Query)>, names: Arc<Names>) -> Topics {
        let prefilter = Prefilter::new(list.iter().map(|(_, q)| q), &names);
        let fields = list.iter().any(|(_, q)| q.asks_fields());
        Topics { list, prefilter, fields, names }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What a new mention is: its language, its topics, its mood. `only` as in [`Topics::hits`].
    pub fn judge(&self, m: &mut Mention, only: &[usize]) {
        let mut doc = self.doc(m);
        let words: Vec<&str> = doc.folds().collect();
        if let Some(code) = super::lang::of_mention(m, &words) {
            code.clone_into(&mut m.lang);
        }
        m.mood = super::mood::of_mention(m, &words);
        doc.set_lang(&m.lang);
        m.topics = self.hits_of(&doc, only);
    }

    /// True if a topic may match something with these texts, whatever else it is; false only if none can. `only` as
    /// in [`Topics::hits`].
    #[must_use]
    pub fn may_want(&self, texts: &[&str], only: &[usize]) -> bool {
        self.prefilter.may_want(texts, &|n| only.is_empty() || only.contains(&(n as usize)))
    }

    fn doc(&self, m: &Mention) -> Doc {
        let facts = if self.fields { Facts::of_mention(m) } else { Facts::default() };
        Doc::with(&m.title, &m.text, facts)
    }

    /// The topics that match; `only` names some by number, empty means all.
    #[must_use]
    pub fn hits(&self, m: &Mention, only: &[usize]) -> Vec<TopicHit> {
        if self.list.is_empty() { Vec::new() } else { self.hits_of(&self.doc(m), only) }
    }

    fn hits_of(&self, doc: &Doc, only: &[usize]) -> Vec<TopicHit> {
        let cx = Context {
            now: Stamp::now(),
            zone: Stamp::zone_here(),
            names: Some(&self.names),
            ..Context::default()
        };
        let candidates = self.prefilter.candidates(doc).into_iter().map(|n| n as usize);
        candidates
            .filter(|i| only.is_empty() || only.contains(i))
            .filter_map(|i| {
                let (name, q) = self.list.get(i)?;
                let spans = q.matches_in(doc, &cx)?;
                let spans = spans.into_iter().map(Span::kept).collect();
                Some(TopicHit { topic: name.clone(), spans })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Id;
    use crate::model::place::Place;
    use crate::networks::{Frame, Options, Sieve, Spot, Value, named};
    use crate::query::Scope;

    struct Only<'a>(&'a Topics);

    impl Sieve for Only<'_> {
        fn wants(&self, texts: &[&str]) -> bool {
            self.0.may_want(texts, &[])
        }

        fn knows(&self, _id: Id) -> bool {
            false
        }
    }

    /// Everything is wanted: what is told is what a full reading gives.
    struct All;

    impl Sieve for All {
        fn wants(&self, _texts: &[&str]) -> bool {
            true
        }

        fn knows(&self, _id: Id) -> bool {
            false
        }
    }

    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % n
        }
    }

    const PIECES: &[&str] = &[
        "acme",
        "ACME",
        "ac\u{200b}me",
        "acme's",
        "caf\u{e9}",
        "cafe\u{301}",
        "#acme",
        "c++",
        "C++",
        "\"acme\"",
        "tin",
        "tins",
        "opener",
        "leak",
        "leaks",
        "\u{202e}acme\u{202c}",
        "\\acme\\",
        "a\u{7}cme",
        "\u{1f600}",
        "\u{732b}\u{7f36}",
        "\u{7f36}",
        "@acme",
        "at&t",
        "\n",
        "\t",
        " ",
        " ",
        " ",
        "-",
        ".",
        "https://acme.example/tin",
        "<b>acme</b>",
        "&amp;",
        "\u{0}",
        "\u{feff}",
    ];

    /// A JSON text with some of its characters written as escapes.
    fn escaped(v: &serde_json::Value, d: &mut Dice) -> String {
        let mut out = String::new();
        for c in v.to_string().chars() {
            if !c.is_ascii() && d.roll(2) == 0 {
                let mut two = [0; 2];
                c.encode_utf16(&mut two).iter().for_each(|u| out.push_str(&format!("\\u{u:04x}")));
            } else {
                out.push(c);
            }
        }
        out
    }

    fn told(network: &str, options: &Options, sieve: &dyn Sieve, raw: &str) -> Vec<Mention> {
        let n = named(network).unwrap();
        let place = Place::default();
        let spot = Spot {
            source: "s",
            network: n.declared().name,
            server: "https://server.example",
            options,
            place: &place,
            now: Stamp(1_790_000_000_000),
            since_ms: i64::MAX / 4,
            account: None,
            sieve,
        };
        let f = match network {
            "bluesky" => Frame::Text(raw),
            "mastodon" => Frame::Event { name: "update", data: raw, id: "" },
            _ => Frame::Event { name: "message", data: raw, id: "" },
        };
        n.frame(&spot, f).unwrap().items.into_iter().map(|i| i.mention).collect()
    }

    /// What is dropped before it is read whole is what no topic matches, however it is written.
    #[test]
    fn the_sieve_lets_everything_through_that_a_topic_matches() {
        let queries = [
            "acme",
            "\"acme tin\"",
            "open*",
            "(tin OR leak) NEAR/3 acme",
            "caf\u{e9} -tin",
            "#acme",
            "c++",
            "`C++`",
            "\u{7f36}",
            "at&t",
            "/lea[kx]/ acme",
            "leak OR (acme tins)",
        ];
        let list =
            queries.iter().map(|q| ((*q).to_owned(), Query::parse(q, Scope::Listen).unwrap())).collect();
        let topics = Topics::new(list, Arc::default());
        let mut d = Dice(11);
        let (mut matched, mut dropped) = (0, 0);
        for n in 0..6_000u32 {
            let mut words = |most: usize| {
                let n = 1 + d.roll(most);
                (0..n).map(|_| PIECES[d.roll(PIECES.len())]).collect::<String>()
            };
            let (a, b, c) = (words(8), words(4), words(3));
            let (network, v) = match n % 3 {
                0 => (
                    "bluesky",
                    serde_json::json!({"did": "did:plc:a", "time_us": 1_790_000_000_000_000u64 + u64::from(n), "kind": "commit",
                    "commit": {"operation": "create", "collection": "app.bsky.feed.post", "rkey": n.to_string(),
                    "record": {"text": a, "embed": {"images": [{"alt": b}], "external": {"uri": "https://x.example", "title": c}}}}}),
                ),
                1 => (
                    "wikimedia",
                    serde_json::json!({"type": "edit", "title": b, "comment": a, "user": c, "revision": {"new": n + 1, "old": 1},
                    "server_url": "https://w.example", "server_name": "w.example", "server_script_path": "/w", "wiki": "w"}),
                ),
                _ => (
                    "mastodon",
                    serde_json::json!({"id": n.to_string(), "content": a, "spoiler_text": b, "account": {"id": "1", "acct": "x"},
                    "media_attachments": [{"type": "image", "description": c}]}),
                ),
            };
            let raw = escaped(&v, &mut d);
            let options = Options::default()
                .with("stream", Value::Flag(true))
                .with("public", Value::Text("all".into()));
            let whole = told(network, &options, &All, &raw);
            let wanted = whole.iter().any(|m| !topics.hits(m, &[]).is_empty());
            let sifted = told(network, &options, &Only(&topics), &raw);
            assert!(!wanted || sifted == whole, "{network} lost: {raw}\n{whole:?}");
            matched += usize::from(wanted);
            dropped += usize::from(sifted.is_empty());
        }
        assert!(matched > 1_000 && dropped > 50, "it was tried: {matched} {dropped}");
    }
}
