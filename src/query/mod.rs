//! The one language: what is listened for, searched, seen and ruled. Parse with columns, canonical print, match with
//! the matched spans, explain, lint, and the cover by which topics share one prefilter. It follows the language's
//! specification: words and folds, signed forms, wildcards, raw terms, regular expressions, NEAR, fields.

mod cover;
mod doc;
mod explain;
mod facts;
mod field;
mod fold;
mod import;
mod lex;
mod lint;
mod matching;
mod names;
mod near;
mod parse;
mod pattern;
mod plan;
mod prefilter;
mod print;
mod term;
mod value;
mod words;

pub use cover::Key;
pub use doc::Doc;
pub use explain::Reason;
pub use facts::{Context, Facts};
pub use field::{Field, known_fields};
pub use import::{Dialect, Imported, import};
pub use lint::Lint;
pub use names::Names;
pub use parse::QueryError;
pub use pattern::{Raw, Regex};
pub use plan::{FORM, FORMS, LIKED, Mark, Plan, Planned, filed};
pub use prefilter::Prefilter;
pub use term::Term;
pub use words::folds;

use crate::model::By;

/// Where a query is used: to hear (a topic) or to see (a filter).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    Listen,
    View,
}

/// One of the two texts of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    Title,
    Body,
}

/// A node of the tree. Brackets leave no node; And in And and Or in Or are flattened.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// The empty query of a view.
    Everything,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// At most `n` words between; in this order, if `ordered`.
    Near {
        n: u32,
        ordered: bool,
        sides: Box<(Node, Node)>,
    },
    Term(Term),
    Raw(Raw),
    Regex(Regex),
    /// In one of the texts alone.
    In(Part, Box<Node>),
    Field(Field),
}

/// What a piece behind `|` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tail {
    First(By),
    NewestFirst,
    OldestFirst,
    /// `None`: more than can be counted.
    Limit(Option<usize>),
}

impl Tail {
    /// A piece as [`Query::cut_tail`] gives it; `None` if a list has no such order.
    #[must_use]
    pub fn read(piece: &str) -> Option<Tail> {
        match piece.split(' ').collect::<Vec<_>>().as_slice() {
            ["sort", by] | ["sort", by, "desc"] if By::of(by).is_some() => By::of(by).map(Tail::First),
            ["sort", "time" | "date"] | ["sort", "time" | "date", "desc"] => Some(Tail::NewestFirst),
            ["sort", "time" | "date", "asc"] => Some(Tail::OldestFirst),
            ["limit", n] => Some(Tail::Limit(n.parse().ok())),
            _ => None,
        }
    }
}

/// A parsed query.
#[derive(Clone, PartialEq, Debug)]
pub struct Query {
    pub root: Node,
    lints: Vec<Lint>,
}

/// A piece of text that made the query match, in characters, half open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span {
    /// In the title if false, in the body if true (so that titles sort first).
    pub in_body: bool,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// As a topic's match is kept: in the title?, start, end.
    #[must_use]
    pub fn kept(self) -> (bool, u32, u32) {
        (!self.in_body, self.start, self.end)
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// The column (1-based, in characters) and a sentence.
    pub fn parse(input: &str, scope: Scope) -> Result<Query, QueryError> {
        parse::parse(input, scope)
    }

    /// Cuts `| sort KEY` and `| limit N` off the end, where a command line or a file of views takes them. Gives the
    /// query and what was cut, with one blank between words.
    #[must_use]
    pub fn cut_tail(input: &str) -> (&str, Vec<String>) {
        parse::cut_tail(input)
    }

    /// The one way to write it.
    #[must_use]
    pub fn canonical(&self) -> String {
        print::print(&self.root)
    }

    /// The spans that made `doc` match; `None` if it does not match. Sets and views are unknown, and nobody asks.
    #[must_use]
    pub fn matches(&self, doc: &Doc) -> Option<Vec<Span>> {
        self.matches_in(doc, &Context::default())
    }

    /// The same, for somebody at some time.
    #[must_use]
    pub fn matches_in(&self, doc: &Doc, cx: &Context<'_>) -> Option<Vec<Span>> {
        matching::matches(&self.root, doc, cx)
    }

    /// The tree with what is so and what is not, part by part.
    #[must_use]
    pub fn explain(&self, doc: &Doc, cx: &Context<'_>) -> Vec<Reason> {
        explain::explain(&self.root, doc, cx)
    }

    /// Keys of which every text that matches holds at least one; `None` if there are no such keys.
    #[must_use]
    pub fn cover(&self) -> Option<Vec<Key>> {
        cover::cover(&self.root)
    }

    /// Fields that the team's work alone can tell: such a query is asked of items, not of what was published.
    #[must_use]
    pub fn asks_of_work(&self) -> bool {
        self.fields().iter().any(|f| f.spec.scope == Scope::View)
    }

    /// True if it asks of anything but the texts.
    #[must_use]
    pub fn asks_fields(&self) -> bool {
        !self.fields().is_empty()
    }

    /// What it asks of which nothing is known yet: no item has it.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let mut all: Vec<String> = self.fields().iter().flat_map(|f| f.unknown()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The same without its exclusions; `None` if it has none, or nothing else.
    #[must_use]
    pub fn without_exclusions(&self) -> Option<Query> {
        fn strip(n: &Node) -> Option<Node> {
            let rest = |c: &[Node]| c.iter().filter_map(strip).collect::<Vec<_>>();
            match n {
                Node::Not(_) => None,
                Node::And(c) | Node::Or(c) => {
                    let mut kept = rest(c);
                    match (kept.len(), n) {
                        (0, _) => None,
                        (1, _) => kept.pop(),
                        (_, Node::And(_)) => Some(Node::And(kept)),
                        _ => Some(Node::Or(kept)),
                    }
                }
                n => Some(n.clone()),
            }
        }
        let root = strip(&self.root)?;
        (root != self.root).then_some(Query { root, lints: Vec::new() })
    }

    /// The alternatives of which it consists; none if it is one thing.
    #[must_use]
    pub fn branches(&self) -> Vec<Query> {
        let of = |n: &Node| Query { root: n.clone(), lints: Vec::new() };
        if let Node::Or(c) = &self.root { c.iter().map(of).collect() } else { Vec::new() }
    }

    /// True if it is one word or phrase, and nothing stands near it.
    #[must_use]
    pub fn is_lone_word(&self) -> bool {
        matches!(&self.root, Node::Term(t) if t.asks.len() == 1)
    }

    /// True if it names a set or a view.
    #[must_use]
    pub fn names_any(&self) -> bool {
        self.fields().iter().any(|f| matches!(f.spec.name, "set" | "view"))
    }

    fn fields(&self) -> Vec<&Field> {
        fn walk<'n>(n: &'n Node, out: &mut Vec<&'n Field>) {
            match n {
                Node::And(c) | Node::Or(c) => c.iter().for_each(|c| walk(c, out)),
                Node::Not(c) | Node::In(_, c) => walk(c, out),
                Node::Near { sides, .. } => {
                    walk(&sides.0, out);
                    walk(&sides.1, out);
                }
                Node::Field(f) => out.push(f),
                _ => {}
            }
        }
        let mut out = Vec::new();
        walk(&self.root, &mut out);
        out
    }

    /// Hints; they never refuse.
    #[must_use]
    pub fn lint(&self) -> &[Lint] {
        &self.lints
    }

    /// Matches everything: the empty query.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.root == Node::Everything
    }
}

#[cfg(test)]
mod tests;
