//! The matcher: a tree against a prepared item, with the spans that made it match.

use super::doc::{Doc, Side};
use super::facts::Context;
use super::near::occurrences;
use super::term::Found;
use super::{Node, Part, Span};

/// Sets and views that lead to one another are followed so far.
pub(super) const DEEP: usize = 8;

/// The spans of all positive leaves that contributed, once each, title first; `None` if it does not match.
pub fn matches(root: &Node, doc: &Doc, cx: &Context<'_>) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    if !(Eval { doc, cx, deep: 0 }).eval(root, None, &mut spans) {
        return None;
    }
    spans.sort_unstable();
    spans.dedup();
    Some(spans)
}

/// One item, asked by somebody.
#[derive(Clone, Copy)]
pub(super) struct Eval<'a> {
    pub doc: &'a Doc,
    pub cx: &'a Context<'a>,
    pub deep: usize,
}

impl Eval<'_> {
    /// `only`: in this text alone.
    pub fn eval(self, n: &Node, only: Option<Part>, spans: &mut Vec<Span>) -> bool {
        let before = spans.len();
        let yes = match n {
            Node::Everything => true,
            Node::And(c) => c.iter().all(|c| self.eval(c, only, spans)),
            // Every branch is looked at: each that matches gives its spans.
            Node::Or(c) => c.iter().filter(|c| self.eval(c, only, spans)).count() > 0,
            Node::Not(c) => {
                let hit = self.eval(c, only, spans);
                spans.truncate(before);
                !hit
            }
            Node::In(p, c) => only.is_none_or(|o| o == *p) && self.eval(c, Some(*p), spans),
            Node::Near { .. } => {
                let found = occurrences(self, n, only);
                for o in &found {
                    spans.extend(o.leaves.iter().map(|f| span(o.part, f)));
                }
                !found.is_empty()
            }
            Node::Field(f) => {
                let referred: Vec<_> = f.values.iter().filter_map(|v| f.refers(&v.ask, self.cx)).collect();
                if referred.is_empty() || self.deep >= DEEP {
                    f.holds(self.doc, self.cx)
                } else {
                    let inner = Eval { deep: self.deep + 1, ..self };
                    referred.into_iter().filter(|q| inner.eval(&q.root, only, spans)).count() > 0
                }
            }
            leaf => {
                for (part, side) in self.sides(only) {
                    let mut found = Vec::new();
                    find(leaf, side, &mut found);
                    spans.extend(found.iter().map(|f| span(part, f)));
                }
                spans.len() > before
            }
        };
        if !yes {
            spans.truncate(before);
        }
        yes
    }

    /// The texts that are looked at.
    pub fn sides(&self, only: Option<Part>) -> impl Iterator<Item = (Part, &Side)> {
        [(Part::Title, &self.doc.title), (Part::Body, &self.doc.body)]
            .into_iter()
            .filter(move |(p, _)| only.is_none_or(|o| o == *p))
    }
}

/// All occurrences of a leaf in one text.
pub(super) fn find(leaf: &Node, side: &Side, out: &mut Vec<Found>) {
    match leaf {
        Node::Term(t) => t.find(side, out),
        Node::Raw(r) => r.find(side, out),
        Node::Regex(r) => r.find(side, out),
        _ => {}
    }
}

pub(super) fn span(part: Part, f: &Found) -> Span {
    Span { in_body: part == Part::Body, start: f.start, end: f.end }
}
