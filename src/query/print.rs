//! The canonical form: one space for AND, ` OR `, `-` for NOT, brackets only where they are needed or clear.

use super::Node;

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
            bracketed(c, matches!(**c, Node::And(_) | Node::Or(_)), out);
        }
        Node::Term(t) if t.phrase => {
            out.push('"');
            out.push_str(&t.text.replace('\\', "\\\\").replace('"', "\\\""));
            out.push('"');
        }
        Node::Term(t) => out.push_str(&t.text),
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
