//! The cover of a query: keys of which every text that matches holds at least one. By them many topics share one
//! look-up for each word of a post.

use super::field::Ask;
use super::term::Form;
use super::words::words;
use super::{Field, Node};

/// What a post is filed under.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Key {
    /// A form of a word.
    Form(String),
    /// The beginning of one, of three letters or more.
    Prefix(String),
    /// A value of a field, as the field compares it.
    Field(&'static str, String),
}

impl Key {
    /// How few hits it may have: longer keys have fewer.
    fn length(&self) -> usize {
        match self {
            Key::Form(s) | Key::Prefix(s) | Key::Field(_, s) => s.chars().count(),
        }
    }
}

/// Letters of a prefix that is a key.
const PREFIX: usize = 3;

/// `None` if nothing must be present.
pub fn cover(n: &Node) -> Option<Vec<Key>> {
    match n {
        Node::Everything | Node::Not(_) | Node::Regex(_) => None,
        Node::And(c) => best(c.iter().filter_map(cover)),
        Node::Near { sides, .. } => best([&sides.0, &sides.1].into_iter().filter_map(cover)),
        Node::Or(c) => {
            let mut all = Vec::new();
            for c in c {
                all.extend(cover(c)?);
            }
            all.sort();
            all.dedup();
            Some(all)
        }
        Node::In(_, c) => cover(c),
        Node::Term(t) => t.asks.iter().flatten().filter_map(of_form).min_by_key(rank).map(|k| vec![k]),
        Node::Raw(r) => {
            // A sign counts only with what stands around it: the plain fold is always there.
            let longest = words(&r.text).into_iter().max_by_key(|w| w.fold.chars().count());
            longest.map(|w| vec![Key::Form(w.fold)])
        }
        Node::Field(f) => of_field(f),
    }
}

/// The cheapest: no key of one character, then the fewest keys, then the longest shortest one.
fn best(all: impl Iterator<Item = Vec<Key>>) -> Option<Vec<Key>> {
    let cost = |c: &Vec<Key>| {
        let shortest = c.iter().map(Key::length).min().unwrap_or(0);
        (shortest < 2, c.len(), usize::MAX - shortest)
    };
    all.min_by_key(cost)
}

/// Exact before prefix, then the longest.
fn rank(k: &Key) -> (bool, usize) {
    (matches!(k, Key::Prefix(_)), usize::MAX - k.length())
}

fn of_form(f: &Form) -> Option<Key> {
    match f {
        Form::Exact(f) => Some(Key::Form(f.clone())),
        Form::Prefix(p) => (p.chars().count() >= PREFIX).then(|| Key::Prefix(p.clone())),
        Form::Wild { letters, .. } => {
            let p: String = letters.iter().map_while(|l| *l).collect();
            (p.chars().count() >= PREFIX).then_some(Key::Prefix(p))
        }
    }
}

fn of_field(f: &Field) -> Option<Vec<Key>> {
    let name = f.spec.name;
    let keyed = matches!(name, "site" | "author" | "community" | "source" | "link" | "url" | "set");
    if !keyed {
        return None;
    }
    f.values
        .iter()
        .map(|v| match &v.ask {
            Ask::Words(w) => w.iter().max_by_key(|w| w.len()).map(|w| Key::Field(name, w.clone())),
            Ask::Handle(h) => Some(Key::Field(name, h.split('@').next().unwrap_or(h).to_owned())),
            Ask::Site(s) => Some(Key::Field(name, s.host.clone())),
            Ask::Name { fold, prefix: false } => Some(Key::Field(name, fold.clone())),
            Ask::Ref(s) => Some(Key::Field(name, s.clone())),
            _ => None,
        })
        .collect()
}
