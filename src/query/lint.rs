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

/// Hints that need the tree.
pub fn lint_tree(n: &Node, mixed: bool, out: &mut Vec<Lint>) {
    if mixed {
        add(out, "mixed", "AND binds tighter than OR: add brackets to show what you mean");
    }
    match n {
        Node::Or(c) => {
            if c.iter().any(|c| matches!(c, Node::Not(_))) {
                add(out, "or-not", "OR with a negated term matches almost everything");
            }
            c.iter().for_each(|c| lint_tree(c, false, out));
        }
        Node::And(c) => c.iter().for_each(|c| lint_tree(c, false, out)),
        Node::Not(c) => lint_tree(c, false, out),
        Node::Term(_) | Node::Everything => {}
    }
}

fn add(out: &mut Vec<Lint>, code: &'static str, message: &str) {
    if !out.iter().any(|l| l.code == code) {
        out.push(Lint::new(code, 0, message.into()));
    }
}
