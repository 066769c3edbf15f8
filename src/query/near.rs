//! NEAR: occurrences of its operands, paired where few enough words lie between and no word serves twice.

use super::matching::{Eval, find, matches};
use super::term::Found;
use super::{Node, Part};

/// Where an operand stands: the leaves that make it up, and the words from the first to the last of them.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub part: Part,
    first: u32,
    last: u32,
    pub leaves: Vec<Found>,
}

/// Pairs kept for one node and item.
const PAIRS: usize = 10_000;

impl Occurrence {
    fn of(part: Part, f: Found) -> Occurrence {
        Occurrence { part, first: f.first, last: f.last, leaves: vec![f] }
    }

    fn start(&self) -> u32 {
        self.leaves.iter().map(|l| l.start).min().unwrap_or(0)
    }

    /// The two together, if they may be.
    fn with(&self, o: &Occurrence, n: u32, ordered: bool) -> Option<Occurrence> {
        let overlap = |a: &Found, b: &Found| a.start < b.end && b.start < a.end;
        if self.part != o.part || self.leaves.iter().any(|a| o.leaves.iter().any(|b| overlap(a, b))) {
            return None;
        }
        let between = o.first.saturating_sub(self.last).max(self.first.saturating_sub(o.last));
        if between > n || (ordered && self.last > o.first) {
            return None;
        }
        let mut leaves = self.leaves.clone();
        leaves.extend(&o.leaves);
        Some(Occurrence {
            part: self.part,
            first: self.first.min(o.first),
            last: self.last.max(o.last),
            leaves,
        })
    }
}

/// All occurrences of a node, in the order of the text.
pub(super) fn occurrences(e: Eval<'_>, n: &Node, only: Option<Part>) -> Vec<Occurrence> {
    let mut out = Vec::new();
    match n {
        Node::Or(c) => c.iter().for_each(|c| out.extend(occurrences(e, c, only))),
        Node::In(p, c) if only.is_none_or(|o| o == *p) => out = occurrences(e, c, Some(*p)),
        Node::Near { n, ordered, sides } => {
            let (left, right) = (occurrences(e, &sides.0, only), occurrences(e, &sides.1, only));
            'all: for a in &left {
                for b in &right {
                    out.extend(a.with(b, *n, *ordered));
                    if out.len() >= PAIRS {
                        break 'all;
                    }
                }
            }
        }
        Node::Field(f) => {
            for q in f.values.iter().filter_map(|v| f.refers(&v.ask, e.cx)) {
                for s in matches(&q.root, e.doc, e.cx).unwrap_or_default() {
                    let (part, side) =
                        if s.in_body { (Part::Body, &e.doc.body) } else { (Part::Title, &e.doc.title) };
                    if only.is_none_or(|o| o == part) {
                        let (first, last) = side.words_over(s.start, s.end);
                        out.push(Occurrence::of(part, Found { start: s.start, end: s.end, first, last }));
                    }
                }
            }
        }
        leaf => {
            for (part, side) in e.sides(only) {
                let mut found = Vec::new();
                find(leaf, side, &mut found);
                out.extend(found.into_iter().map(|f| Occurrence::of(part, f)));
            }
        }
    }
    out.sort_by_key(|o| (o.part, o.start()));
    out
}
