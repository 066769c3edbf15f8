//! Why a query matches, or why not: the tree, part by part, with what is so.

use super::doc::Doc;
use super::facts::Context;
use super::matching::Eval;
use super::{Node, Span, print};

/// A part of a query and whether it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    pub depth: usize,
    /// As it is written; `AND`, `OR`, `NOT` for what holds others.
    pub text: String,
    pub holds: bool,
    /// Where it stands, title before body.
    pub spans: Vec<Span>,
}

pub fn explain(root: &Node, doc: &Doc, cx: &Context<'_>) -> Vec<Reason> {
    let mut out = Vec::new();
    walk(root, Eval { doc, cx, deep: 0 }, None, 0, &mut out);
    out
}

fn walk(n: &Node, e: Eval<'_>, only: Option<super::Part>, depth: usize, out: &mut Vec<Reason>) {
    let mut spans = Vec::new();
    let holds = e.eval(n, only, &mut spans);
    spans.sort_unstable();
    spans.dedup();
    let (text, kids): (String, &[Node]) = match n {
        Node::And(c) => ("all of".into(), c),
        Node::Or(c) => ("any of".into(), c),
        Node::Not(c) => ("not".into(), std::slice::from_ref(c)),
        Node::Everything => ("everything".into(), &[]),
        n => (print::print(n), &[]),
    };
    let spans = if kids.is_empty() { spans } else { Vec::new() };
    out.push(Reason { depth, text, holds, spans });
    for k in kids {
        walk(k, e, only, depth + 1, out);
    }
}
