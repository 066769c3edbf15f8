//! Hints about a query that is read, but perhaps not as it was meant. They never refuse.

use super::Node;

/// A hint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lint {
    pub code: &'static str,
    /// 1-based; 0 where the hint is about the whole.
    pub column: usize,
    pub message: String,
}

impl Lint {
    pub(crate) fn new(code: &'static str, column: usize, message: String) -> Self {
        Lint { code, column, message }
    }
}

/// Words between that are many.
const WIDE: u32 = 10;

/// Hints that need the tree.
pub fn lint_tree(n: &Node, out: &mut Vec<Lint>) {
    match n {
        Node::Or(c) => {
            if c.iter().any(|c| matches!(c, Node::Not(_))) {
                add(out, "or-not", "OR with a negated term matches almost everything");
            }
            c.iter().for_each(|c| lint_tree(c, out));
        }
        Node::And(c) => c.iter().for_each(|c| lint_tree(c, out)),
        Node::Not(c) | Node::In(_, c) => lint_tree(c, out),
        Node::Near { n, sides, .. } => {
            if *n > WIDE {
                add(out, "near-wide", "more than 10 words between are hardly one thought");
            }
            if wild(&sides.0) || wild(&sides.1) {
                add(out, "near-wildcard", "a * or ? beside NEAR costs time: every word is looked at");
            }
            lint_tree(&sides.0, out);
            lint_tree(&sides.1, out);
        }
        Node::Term(_) | Node::Raw(_) | Node::Regex(_) | Node::Field(_) | Node::Everything => {}
    }
}

fn wild(n: &Node) -> bool {
    match n {
        Node::Term(t) => t.is_wild(),
        Node::Or(c) => c.iter().any(wild),
        Node::In(_, c) => wild(c),
        _ => false,
    }
}

fn add(out: &mut Vec<Lint>, code: &'static str, message: &str) {
    if !out.iter().any(|l| l.code == code) {
        out.push(Lint::new(code, 0, message.into()));
    }
}
