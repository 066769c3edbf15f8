//! The matcher: a tree against a prepared text, with the spans that made it match.

use super::doc::Side;
use super::{Doc, Node, Span, Term};

/// The spans of all positive leaves that contributed, once each, title first; `None` if it does not match.
pub fn matches(root: &Node, doc: &Doc) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    if !eval(root, doc, &mut spans) {
        return None;
    }
    spans.sort_unstable();
    spans.dedup();
    Some(spans)
}

fn eval(n: &Node, doc: &Doc, spans: &mut Vec<Span>) -> bool {
    let before = spans.len();
    let yes = match n {
        Node::Everything => true,
        Node::And(c) => c.iter().all(|c| eval(c, doc, spans)),
        // Every branch is looked at: each that matches gives its spans.
        Node::Or(c) => c.iter().filter(|c| eval(c, doc, spans)).count() > 0,
        Node::Not(c) => {
            let hit = eval(c, doc, spans);
            spans.truncate(before);
            !hit
        }
        Node::Term(t) => {
            let a = find(t, &doc.title, false, spans);
            let b = find(t, &doc.body, true, spans);
            a || b
        }
    };
    if !yes {
        spans.truncate(before);
    }
    yes
}

/// All occurrences of a term in one text.
fn find(t: &Term, side: &Side, in_body: bool, spans: &mut Vec<Span>) -> bool {
    let (Some(first), Some(form)) = (t.asks.first(), t.asks.first().and_then(|f| f.first())) else {
        return false;
    };
    let mut any = false;
    for p in side.positions(form) {
        let rest_of_first = first[1..].iter().all(|f| side.has(f, p));
        let others = t.asks[1..].iter().zip(p + 1..).all(|(forms, q)| forms.iter().all(|f| side.has(f, q)));
        if !(rest_of_first && others) {
            continue;
        }
        let last_at = p as usize + t.asks.len() - 1;
        let (Some(a), Some(b)) = (side.words.get(p as usize), side.words.get(last_at)) else { continue };
        let left = a.left.is_some_and(|c| first.iter().any(|f| f.starts_with(c)));
        let last = &t.asks[t.asks.len() - 1];
        let right =
            !b.right.is_empty() && last.iter().any(|f| f.len() > b.fold.len() && f.ends_with(b.right));
        spans.push(Span {
            in_body,
            start: a.start - u32::from(left),
            end: b.end + if right { b.right.len() as u32 } else { 0 },
        });
        any = true;
    }
    any
}
