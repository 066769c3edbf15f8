//! What the tests of all networks share: a spot, answers, the recorded corpus, and the contract that every network
//! keeps whatever a server sends.

use super::{Answer, Call, Me, Network, Options, Place, Servers, Sieve, Spot, Trouble, Value};
use crate::model::{Id, Stamp};
use serde_json::Value as Json;
use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;

/// A source of one network.
pub struct Here {
    pub network: &'static dyn Network,
    pub server: String,
    pub options: Options,
    pub place: Place,
    pub now: Stamp,
    pub me: Option<Me>,
    pub known: HashSet<Id>,
    /// Words that are wanted; all if empty.
    pub words: Vec<&'static str>,
}

impl Sieve for Here {
    fn wants(&self, texts: &[&str]) -> bool {
        self.words.is_empty() || texts.iter().any(|t| self.words.iter().any(|w| t.contains(w)))
    }

    fn knows(&self, id: Id) -> bool {
        self.known.contains(&id)
    }
}

impl Here {
    pub fn new(network: &'static dyn Network) -> Here {
        let server = match network.declared().servers {
            Servers::One(s) | Servers::Usually(s) => s,
            _ => "https://server.example",
        };
        Here {
            network,
            server: server.to_owned(),
            options: Options::default(),
            place: Place::default(),
            now: Stamp(1_790_000_000_000),
            me: None,
            known: HashSet::new(),
            words: Vec::new(),
        }
    }

    pub fn option(mut self, key: &'static str, v: Value) -> Here {
        self.options.set(key, v);
        self
    }

    pub fn spot(&self) -> Spot<'_> {
        Spot {
            source: "test",
            network: self.network.declared().name,
            server: &self.server,
            options: &self.options,
            place: &self.place,
            now: self.now,
            since_ms: 7 * crate::model::time::DAY,
            account: self.me.as_ref(),
            sieve: self,
        }
    }
}

pub fn answer(status: u16, body: &Json) -> Answer {
    Answer { status, body: body.to_string().into_bytes(), ..Answer::default() }
}

fn corpus() -> Option<PathBuf> {
    let dir = std::env::var_os("HEARKEN_SHARED").map(PathBuf::from);
    if dir.is_none() {
        eprintln!("SKIPPED: HEARKEN_SHARED is not set, so no recorded answers are read");
    }
    dir
}

/// The recorded files of a network, as JSON: name and content.
pub fn recorded(network: &str) -> Vec<(String, Json)> {
    files(&format!("corpus/api/{network}"))
        .into_iter()
        .filter(|(n, _)| n.contains(".json"))
        .map(|(n, b)| (n.clone(), serde_json::from_slice(&b).unwrap_or_else(|e| panic!("{n}: {e}"))))
        .collect()
}

/// The bytes of a folder below the shared one; gzip undone.
pub fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Some(dir) = corpus() else { return Vec::new() };
    let mut out = Vec::new();
    for e in std::fs::read_dir(dir.join(folder)).unwrap().flatten() {
        let name = e.file_name().to_string_lossy().into_owned();
        let bytes = std::fs::read(e.path()).unwrap();
        let bytes = if name.ends_with(".gz") {
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
            plain
        } else {
            bytes
        };
        out.push((name, bytes));
    }
    out.sort();
    assert!(!out.is_empty(), "{folder} is empty");
    out
}

/// Whatever a server answers to any call of a network, it is read or refused with a sentence; nothing panics, and no
/// answer of another kind passes for news.
pub fn keeps_the_contract(here: &Here, calls: &[Call]) {
    assert!(!calls.is_empty());
    let nasty: Vec<Vec<u8>> = [
        "",
        "null",
        "[]",
        "{}",
        "0",
        "\"\"",
        "[[]]",
        "[null]",
        "{\"",
        "<html>gate</html>",
        "[{\"id\":",
        "{\"error\":\"x\"}",
        "{\"errors\":[\"x\"]}",
        "[{},{\"id\":{}}]",
        "{\"items\":[{}]}",
        "\u{feff}{}",
    ]
    .iter()
    .map(|s| s.as_bytes().to_vec())
    .chain([vec![0xff, 0xfe, 0], b"[".repeat(5000), b"{\"a\":".repeat(5000)])
    .collect();
    for call in calls {
        for body in &nasty {
            let a = Answer { status: 200, body: body.clone(), ..Answer::default() };
            match here.network.hear(&here.spot(), call, &a) {
                Ok(told) => assert!(
                    told.items.iter().all(|i| !i.mention.native_id.is_empty()),
                    "{}: an item of nothing from {:?}",
                    call.what,
                    String::from_utf8_lossy(&body[..body.len().min(60)])
                ),
                Err(t) => assert!(!t.text().is_empty()),
            }
        }
        for status in [301, 400, 401, 403, 404, 405, 410, 418, 422, 429, 500, 502, 503, 504] {
            for body in &nasty {
                let a = Answer { status, body: body.clone(), ..Answer::default() };
                let t = here.network.refused(&a, here.now);
                let t = t.unwrap_or_else(|| panic!("{status} passes for a good answer"));
                assert!(!t.text().is_empty());
                match status {
                    429 => assert!(matches!(t, Trouble::Wait(ms, _) if ms > 0), "{t:?}"),
                    410 => assert!(matches!(t, Trouble::Gone(_)), "{t:?}"),
                    500 | 502 | 504 => assert!(matches!(t, Trouble::Fault(_)), "{t:?}"),
                    _ => {}
                }
            }
        }
    }
}
