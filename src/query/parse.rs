//! The parser: tokens to a tree. NOT binds tighter than AND (or a blank), AND tighter than OR.

use super::lex::{Placed, Token, lex};
use super::lint::{Lint, lint_tree};
use super::{Node, Query, Scope};
use std::fmt;

/// Why a query cannot be read, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryError {
    /// 1-based, in characters.
    pub column: usize,
    pub message: String,
}

impl QueryError {
    pub(crate) fn new(column: usize, message: impl Into<String>) -> Self {
        QueryError { column, message: message.into() }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for QueryError {}

const DEPTH: usize = 64;
const TERMS: usize = 2_000;

pub fn parse(input: &str, scope: Scope) -> Result<Query, QueryError> {
    let mut lints: Vec<Lint> = Vec::new();
    let tokens = lex(input, &mut lints)?;
    let terms = tokens.iter().filter(|t| matches!(t.token, Token::Term(_))).count();
    if terms > TERMS {
        return Err(QueryError::new(1, "more than 2000 terms; split the query"));
    }
    let end = input.chars().count() + 1;
    let mut p = Parser { tokens: &tokens, i: 0, end, mixed: false, branches: Vec::new() };
    if tokens.is_empty() {
        if let Some(k) = input.chars().position(|c| !c.is_whitespace() && !c.is_control()) {
            return Err(QueryError::new(
                k + 1,
                "only signs here: nothing to search for; to find signs use backticks: `:)`",
            ));
        }
        return match scope {
            Scope::View => Ok(Query { root: Node::Everything, lints }),
            Scope::Listen => {
                Err(QueryError::new(1, "an empty topic would match everything; write at least one word"))
            }
        };
    }
    let root = p.or(0)?;
    if let Some(t) = tokens.get(p.i) {
        return Err(match t.token {
            Token::Close => QueryError::new(t.column, "this ) has no ( before it; remove it or quote it"),
            _ => QueryError::new(t.column, "a term was expected here"),
        });
    }
    if scope == Scope::Listen
        && let Some(column) = uncovered(&root, &p.branches)
    {
        return Err(QueryError::new(
            column,
            "a topic needs at least one word, phrase, raw term, site:, author:, community:, source:, link:, \
             url: or set: in every OR branch; this branch has none that must be present",
        ));
    }
    lint_tree(&root, p.mixed, &mut lints);
    Ok(Query { root, lints })
}

/// The column of the first branch that nothing positive holds.
fn uncovered(n: &Node, branches: &[usize]) -> Option<usize> {
    fn covered(n: &Node) -> bool {
        match n {
            Node::Term(_) => true,
            Node::Not(_) | Node::Everything => false,
            Node::And(c) => c.iter().any(covered),
            Node::Or(c) => c.iter().all(covered),
        }
    }
    if covered(n) {
        return None;
    }
    let first = branches.first().copied().unwrap_or(1);
    match n {
        Node::Or(c) if c.len() == branches.len() => {
            let i = c.iter().position(|c| !covered(c)).unwrap_or(0);
            Some(branches.get(i).copied().unwrap_or(first))
        }
        _ => Some(first),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    i: usize,
    end: usize,
    /// AND and OR stood side by side without brackets.
    mixed: bool,
    /// Columns of the outermost OR's branches.
    branches: Vec<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.i).map(|t| &t.token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.i).map_or(self.end, |t| t.column)
    }

    /// Where a term was needed: the token found there, else the operator that wanted it.
    fn found(&self, operator: usize) -> usize {
        self.tokens.get(self.i).map_or(operator, |t| t.column)
    }

    fn or(&mut self, depth: usize) -> Result<Node, QueryError> {
        if matches!(self.peek(), Some(Token::Or)) {
            return Err(QueryError::new(
                self.column(),
                "OR needs a term before it; for the word itself write \"OR\"",
            ));
        }
        let mut columns = vec![self.column()];
        let (first, mut mixed) = self.and(depth)?;
        let mut all = vec![first];
        while matches!(self.peek(), Some(Token::Or)) {
            let at = self.column();
            self.i += 1;
            if matches!(self.peek(), None | Some(Token::Or | Token::Close | Token::And)) {
                return Err(QueryError::new(
                    self.found(at),
                    "OR needs a term after it; for the word itself write \"OR\"",
                ));
            }
            columns.push(self.column());
            let (next, several) = self.and(depth)?;
            mixed |= several;
            all.push(next);
        }
        self.mixed |= mixed && all.len() > 1;
        if depth == 0 {
            self.branches = columns;
        }
        Ok(flat(all, true))
    }

    /// The flag says that several terms stood here without brackets around them.
    fn and(&mut self, depth: usize) -> Result<(Node, bool), QueryError> {
        if matches!(self.peek(), Some(Token::And)) {
            return Err(QueryError::new(
                self.column(),
                "AND needs a term before it; for the word itself write \"AND\"",
            ));
        }
        let mut all = vec![self.unary(depth)?];
        loop {
            match self.peek() {
                Some(Token::And) => {
                    let at = self.column();
                    self.i += 1;
                    if matches!(self.peek(), None | Some(Token::Or | Token::Close | Token::And)) {
                        return Err(QueryError::new(
                            self.found(at),
                            "AND needs a term after it; for the word itself write \"AND\"",
                        ));
                    }
                    all.push(self.unary(depth)?);
                }
                Some(Token::Not | Token::Open | Token::Term(_)) => all.push(self.unary(depth)?),
                _ => {
                    let several = all.len() > 1;
                    return Ok((flat(all, false), several));
                }
            }
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Node, QueryError> {
        let at = self.column();
        if depth >= DEPTH && matches!(self.peek(), Some(Token::Open | Token::Not)) {
            return Err(QueryError::new(at, "more than 64 levels of brackets or NOT"));
        }
        match self.peek() {
            Some(Token::Not) => {
                self.i += 1;
                if matches!(self.peek(), None | Some(Token::Or | Token::Close | Token::And)) {
                    return Err(QueryError::new(
                        at,
                        "NOT needs a term after it; for the word itself write \"NOT\"",
                    ));
                }
                Ok(match self.unary(depth + 1)? {
                    Node::Not(inner) => *inner,
                    n => Node::Not(Box::new(n)),
                })
            }
            Some(Token::Open) => {
                self.i += 1;
                if matches!(self.peek(), Some(Token::Close)) {
                    return Err(QueryError::new(at, "nothing between these brackets"));
                }
                let inner = self.or(depth + 1)?;
                match self.peek() {
                    Some(Token::Close) => {
                        self.i += 1;
                        Ok(inner)
                    }
                    _ => Err(QueryError::new(at, "this bracket is not closed; add )")),
                }
            }
            Some(Token::Term(t)) => {
                let t = t.clone();
                self.i += 1;
                Ok(Node::Term(t))
            }
            Some(Token::Close) => Err(QueryError::new(
                at,
                if depth > 0 {
                    "a term is missing before this )"
                } else {
                    "this ) has no ( before it; remove it or quote it"
                },
            )),
            _ => Err(QueryError::new(at, "a term is missing here")),
        }
    }
}

fn flat(mut all: Vec<Node>, or: bool) -> Node {
    if all.len() == 1 {
        return all.swap_remove(0);
    }
    let mut out = Vec::with_capacity(all.len());
    for n in all {
        match n {
            Node::Or(c) if or => out.extend(c),
            Node::And(c) if !or => out.extend(c),
            n => out.push(n),
        }
    }
    if or { Node::Or(out) } else { Node::And(out) }
}
