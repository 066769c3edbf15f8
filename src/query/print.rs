//! The canonical form: one space for AND, ` OR `, `-` for NOT, brackets only where they are needed or clear.

use super::{Node, Part};

pub fn print(n: &Node) -> String {
    let mut out = String::new();
    write(n, &mut out);
    out
}

fn write(n: &Node, out: &mut String) {
    match n {
        Node::Everything => {}
        Node::And(c) => join(c, " ", |n| matches!(n, Node::Or(_)), out),
        Node::Or(c) => join(c, " OR ", |n| matches!(n, Node::And(_)), out),
        Node::Not(c) => {
            out.push('-');
            bracketed(c, matches!(**c, Node::And(_) | Node::Or(_) | Node::Near { .. }), out);
        }
        Node::Near { n, ordered, sides } => {
            bracketed(&sides.0, matches!(sides.0, Node::Or(_)), out);
            out.push_str(&format!(" {}/{n} ", if *ordered { "ONEAR" } else { "NEAR" }));
            bracketed(&sides.1, matches!(sides.1, Node::Or(_) | Node::Near { .. }), out);
        }
        Node::Term(t) if t.phrase => {
            out.push('"');
            out.push_str(&t.text.replace('\\', "\\\\").replace('"', "\\\""));
            out.push('"');
        }
        Node::Term(t) => out.push_str(&t.text),
        Node::Raw(r) => out.push_str(&format!("`{}`", r.text)),
        Node::Regex(r) => out.push_str(&format!("/{}/{}", r.source.replace('/', "\\/"), r.flags)),
        Node::In(p, c) => {
            out.push_str(if *p == Part::Title { "title:" } else { "body:" });
            bracketed(c, !matches!(**c, Node::Term(_) | Node::Raw(_) | Node::Regex(_)), out);
        }
        Node::Field(f) => out.push_str(&f.print()),
    }
}

fn join(c: &[Node], sep: &str, needs: impl Fn(&Node) -> bool, out: &mut String) {
    for (i, n) in c.iter().enumerate() {
        if i > 0 {
            out.push_str(sep);
        }
        bracketed(n, needs(n), out);
    }
}

fn bracketed(n: &Node, brackets: bool, out: &mut String) {
    if brackets {
        out.push('(');
    }
    write(n, out);
    if brackets {
        out.push(')');
    }
}
