//! The one language: what is listened for, searched, seen and ruled. So far words, "phrases", OR, -not and
//! brackets; the interface is that of the whole language: parse with columns, canonical print, match with
//! the matched spans, lint. Words, folding and signed forms follow the language's specification.

mod doc;
mod fold;
mod lex;
mod lint;
mod matching;
mod parse;
mod print;
mod words;

pub use doc::Doc;
pub use lint::Lint;
pub use parse::QueryError;

/// Where a query is used: to hear (a topic) or to see (a filter).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    Listen,
    View,
}

/// A word or a phrase: adjacent words, each with the forms that it asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// As typed, trimmed; printed again in the canonical form.
    pub text: String,
    pub phrase: bool,
    /// For each word the forms of which all must be there.
    pub(crate) asks: Vec<Vec<String>>,
}

/// A node of the tree. Brackets leave no node; And in And and Or in Or are flattened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// The empty query of a view.
    Everything,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Term(Term),
}

/// A parsed query.
#[derive(Clone, PartialEq, Eq, Debug)]
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

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// The column (1-based, in characters) and a sentence.
    pub fn parse(input: &str, scope: Scope) -> Result<Query, QueryError> {
        parse::parse(input, scope)
    }

    /// The one way to write it.
    #[must_use]
    pub fn canonical(&self) -> String {
        print::print(&self.root)
    }

    /// The spans that made `doc` match; `None` if it does not match.
    #[must_use]
    pub fn matches(&self, doc: &Doc) -> Option<Vec<Span>> {
        matching::matches(&self.root, doc)
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
