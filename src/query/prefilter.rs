//! Many queries at once: the keys of all of them in a few maps, looked up once for each word of a post. Only queries
//! with a hit run the matcher, so that the cost grows with hits and not with queries.

use super::doc::{Doc, hash};
use super::fold::fold;
use super::value::after_scheme;
use super::words::words;
use super::{Key, Names, Query};
use std::collections::HashMap;

/// Numbers of queries by their keys.
#[derive(Clone, Debug, Default)]
pub struct Prefilter {
    forms: HashMap<u64, Vec<u32>>,
    /// By the first three letters.
    prefixes: HashMap<[char; 3], Vec<(String, u32)>>,
    fields: HashMap<(&'static str, String), Vec<u32>>,
    /// Of which nothing must be present.
    always: Vec<u32>,
    len: usize,
}

fn three(s: &str) -> Option<[char; 3]> {
    let mut c = s.chars();
    Some([c.next()?, c.next()?, c.next()?])
}

impl Prefilter {
    /// Of queries by their place in the list, with what their sets stand for.
    pub fn new<'q>(queries: impl Iterator<Item = &'q Query>, names: &Names) -> Prefilter {
        let mut p = Prefilter::default();
        for (n, q) in (0u32..).zip(queries) {
            p.len = n as usize + 1;
            let Some(keys) = names.cover(q) else {
                p.always.push(n);
                continue;
            };
            for k in keys {
                match k {
                    Key::Form(f) => p.forms.entry(hash(&f)).or_default().push(n),
                    Key::Prefix(f) => match three(&f) {
                        Some(t) => p.prefixes.entry(t).or_default().push((f, n)),
                        None => p.always.push(n),
                    },
                    Key::Field(name, v) => p.fields.entry((name, v)).or_default().push(n),
                }
            }
        }
        p
    }

    /// The queries that may match, in order; every one that does is among them.
    #[must_use]
    pub fn candidates(&self, doc: &Doc) -> Vec<u32> {
        let mut hit = vec![false; self.len];
        let mut mark = |n: u32| {
            if let Some(h) = hit.get_mut(n as usize) {
                *h = true;
            }
        };
        self.always.iter().for_each(|n| mark(*n));
        if !self.forms.is_empty() {
            let mut last = None;
            for h in doc.forms() {
                if last != Some(h) {
                    self.forms.get(&h).into_iter().flatten().for_each(|n| mark(*n));
                    last = Some(h);
                }
            }
        }
        if !self.prefixes.is_empty() {
            doc.each_form(|form| {
                let Some(all) = three(form).and_then(|t| self.prefixes.get(&t)) else { return };
                all.iter().filter(|(p, _)| form.starts_with(p.as_str())).for_each(|(_, n)| mark(*n));
            });
        }
        if !self.fields.is_empty() {
            for key in keys_of(doc) {
                self.fields.get(&key).into_iter().flatten().for_each(|n| mark(*n));
            }
        }
        (0u32..).zip(hit).filter(|(_, h)| *h).map(|(n, _)| n).collect()
    }
}

impl Prefilter {
    /// True if a query that counts may match an item with these texts, whatever its fields are. Cheaper than
    /// [`Prefilter::candidates`]: it stops at the first, and asks for no positions.
    #[must_use]
    pub fn may_want(&self, texts: &[&str], counts: &dyn Fn(u32) -> bool) -> bool {
        // What a field alone decides cannot be said by texts.
        let any = |all: &[u32]| all.iter().any(|n| counts(*n));
        if any(&self.always) || self.fields.values().any(|all| any(all)) {
            return true;
        }
        let mut yes = false;
        for text in texts {
            super::doc::each_form_of(text, &mut |form| {
                if yes {
                    return;
                }
                yes = self.forms.get(&hash(form)).is_some_and(|all| any(all));
                if !yes && !self.prefixes.is_empty() {
                    let all = three(form).and_then(|t| self.prefixes.get(&t)).into_iter().flatten();
                    yes = all.filter(|(p, _)| form.starts_with(p.as_str())).any(|(_, n)| counts(*n));
                }
            });
            if yes {
                return true;
            }
        }
        false
    }
}

/// The field keys under which an item is found.
pub(super) fn keys_of(doc: &Doc) -> Vec<(&'static str, String)> {
    let f = &doc.facts;
    let mut out = Vec::new();
    let mut hosts = |name: &'static str, address: &str| {
        let rest = after_scheme(address);
        let host = rest.split(['/', '?', '#']).next().unwrap_or("").rsplit('@').next().unwrap_or("");
        let host = host.split(':').next().unwrap_or("").to_lowercase();
        let host = url::Host::parse(&host).map_or(host, |h| h.to_string());
        let host = host.trim_start_matches("www.");
        let mut at = Some(0);
        while let Some(i) = at {
            out.push((name, host[i..].to_owned()));
            at = host[i..].find('.').map(|d| i + d + 1);
        }
    };
    hosts("site", &f.url);
    f.links.iter().for_each(|l| hosts("link", l));
    out.extend(words(after_scheme(&f.url)).into_iter().map(|w| ("url", w.fold)));
    for text in [&f.author, &f.author_name] {
        out.extend(words(text).into_iter().map(|w| ("author", w.fold)));
    }
    let handle = f.author.trim_start_matches('@').split('@').next().unwrap_or("");
    out.push(("author", fold(handle)));
    for name in ["source", "community"] {
        out.extend(f.texts_of(name).map(|v| (name, super::field::name_key(name, v))));
    }
    out
}
