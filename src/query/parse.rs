//! The parser: tokens to a tree. NEAR binds tighter than NOT, NOT tighter than AND (or a blank), AND tighter than OR.

use super::lex::{Placed, Token, lex};
use super::lint::{Lint, lint_tree};
use super::{Node, Part, Query, Scope, cover, field};
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
const BOTH_SIDES: &str = "NEAR needs a term on both sides; for the word itself write \"NEAR\"";

/// The word that is spelled most like this one, if any is near enough.
pub(super) fn nearest<'a>(word: &str, all: &[&'a str]) -> Option<&'a str> {
    crate::model::nearest(word, all)
}

pub fn parse(input: &str, scope: Scope) -> Result<Query, QueryError> {
    let mut lints: Vec<Lint> = Vec::new();
    let tokens = lex(input, scope, &mut lints)?;
    if tokens.iter().filter(|t| matches!(t.token, Token::Leaf(_))).count() > TERMS {
        return Err(QueryError::new(1, "more than 2000 terms; split the query into sets (set:name)"));
    }
    if tokens.is_empty() {
        if let Some(k) = input.chars().position(|c| !c.is_whitespace() && !c.is_control()) {
            let why = "only signs here: nothing to search for; to find signs use backticks: `:)`";
            return Err(QueryError::new(k + 1, why));
        }
        return match scope {
            Scope::View => Ok(Query { root: Node::Everything, lints }),
            Scope::Listen => {
                Err(QueryError::new(1, "an empty topic would match everything; write at least one word"))
            }
        };
    }
    let end = input.chars().count() + 1;
    let mut p = Parser { tokens: &tokens, i: 0, end, lints: &mut lints };
    let tree = p.or(0)?;
    if let Some(t) = tokens.get(p.i) {
        return Err(match t.token {
            Token::Close => QueryError::new(t.column, "this ) has no ( before it; remove it or quote it"),
            Token::Near { .. } => QueryError::new(t.column, BOTH_SIDES),
            _ => QueryError::new(t.column, "a term was expected here"),
        });
    }
    if scope == Scope::Listen
        && let Some(column) = uncovered(&tree)
    {
        return Err(QueryError::new(
            column,
            "a topic needs at least one word, phrase, raw term, site:, author:, community:, source:, link:, \
             url: or set: in every OR branch; this branch has none that must be present",
        ));
    }
    let root = tree.into_node();
    lint_tree(&root, &mut lints);
    Ok(Query { root, lints })
}

pub fn cut_tail(input: &str) -> (&str, Vec<String>) {
    let mut rest = input.trim_end();
    let mut tail = Vec::new();
    while let Some((before, last)) = rest.rsplit_once('|') {
        let words: Vec<String> = last.split_whitespace().map(str::to_owned).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let key = |k: &str| !k.is_empty() && k.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let ok = match words.as_slice() {
            ["sort", k] => key(k),
            ["sort", k, "asc" | "desc"] => key(k),
            ["limit", n] => n.bytes().all(|b| b.is_ascii_digit()),
            _ => false,
        };
        if !ok {
            break;
        }
        tail.insert(0, words.join(" "));
        rest = before.trim_end();
    }
    (rest, tail)
}

/// A node with the column at which it begins.
struct Tree {
    column: usize,
    kind: Kind,
    /// Brackets stood around it.
    bracketed: bool,
}

enum Kind {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Near(u32, bool, Box<(Tree, Tree)>),
    In(Part, Box<Tree>),
    Leaf(Node),
}

impl Tree {
    fn new(column: usize, kind: Kind) -> Tree {
        Tree { column, kind, bracketed: false }
    }

    fn node(&self) -> Node {
        match &self.kind {
            Kind::And(c) => flat(c.iter().map(Tree::node).collect(), false),
            Kind::Or(c) => flat(c.iter().map(Tree::node).collect(), true),
            Kind::Not(c) => match c.node() {
                Node::Not(inner) => *inner,
                n => Node::Not(Box::new(n)),
            },
            Kind::Near(n, ordered, s) => {
                Node::Near { n: *n, ordered: *ordered, sides: Box::new((s.0.node(), s.1.node())) }
            }
            Kind::In(p, c) => Node::In(*p, Box::new(c.node())),
            Kind::Leaf(n) => n.clone(),
        }
    }

    fn into_node(self) -> Node {
        self.node()
    }
}

/// The column of the first branch of which nothing must be present.
fn uncovered(t: &Tree) -> Option<usize> {
    if cover::cover(&t.node()).is_some() {
        return None;
    }
    let branch = match &t.kind {
        Kind::Or(c) => c.iter().find_map(uncovered),
        _ => None,
    };
    Some(branch.unwrap_or(t.column))
}

struct Parser<'a> {
    tokens: &'a [Placed],
    i: usize,
    end: usize,
    lints: &'a mut Vec<Lint>,
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

    fn fail<T>(&self, column: usize, why: &str) -> Result<T, QueryError> {
        Err(QueryError::new(column, why))
    }

    fn no_term(&self) -> bool {
        matches!(self.peek(), None | Some(Token::Or | Token::Close | Token::And))
    }

    fn or(&mut self, depth: usize) -> Result<Tree, QueryError> {
        let column = self.column();
        if matches!(self.peek(), Some(Token::Or)) {
            return self.fail(column, "OR needs a term before it; for the word itself write \"OR\"");
        }
        let mut all = vec![self.and(depth)?];
        while matches!(self.peek(), Some(Token::Or)) {
            let at = self.column();
            self.i += 1;
            if self.no_term() {
                return self
                    .fail(self.found(at), "OR needs a term after it; for the word itself write \"OR\"");
            }
            all.push(self.and(depth)?);
        }
        if all.len() == 1 {
            return Ok(all.swap_remove(0));
        }
        if let Some(t) = all.iter().find(|t| matches!(t.kind, Kind::And(_)) && !t.bracketed) {
            let l = Lint::new(
                "mixed",
                t.column,
                "AND binds tighter than OR: add brackets to show what you mean".into(),
            );
            self.lints.push(l);
        }
        Ok(Tree::new(column, Kind::Or(all)))
    }

    fn and(&mut self, depth: usize) -> Result<Tree, QueryError> {
        let column = self.column();
        if matches!(self.peek(), Some(Token::And)) {
            return self.fail(column, "AND needs a term before it; for the word itself write \"AND\"");
        }
        let mut all = vec![self.unary(depth)?];
        loop {
            match self.peek() {
                Some(Token::And) => {
                    let at = self.column();
                    self.i += 1;
                    if self.no_term() {
                        return self.fail(
                            self.found(at),
                            "AND needs a term after it; for the word itself write \"AND\"",
                        );
                    }
                    all.push(self.unary(depth)?);
                }
                Some(Token::Not | Token::Open | Token::OpenIn(_) | Token::Leaf(_)) => {
                    all.push(self.unary(depth)?);
                }
                _ if all.len() == 1 => return Ok(all.swap_remove(0)),
                _ => return Ok(Tree::new(column, Kind::And(all))),
            }
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, QueryError> {
        if depth >= DEPTH {
            return self.fail(self.column(), "more than 64 levels of brackets or NOT");
        }
        Ok(depth + 1)
    }

    fn unary(&mut self, depth: usize) -> Result<Tree, QueryError> {
        let at = self.column();
        if !matches!(self.peek(), Some(Token::Not)) {
            return self.near(depth);
        }
        let depth = self.deeper(depth)?;
        self.i += 1;
        if self.no_term() {
            return self.fail(at, "NOT needs a term after it; for the word itself write \"NOT\"");
        }
        let inner = self.unary(depth)?;
        match &inner.kind {
            Kind::Near(..) if !inner.bracketed => {
                self.lints.push(Lint::new("not-near", at, "the minus excludes the whole NEAR".into()));
            }
            Kind::Not(_) => self.lints.push(Lint::new("double-not", at, "two NOTs cancel each other".into())),
            _ => {}
        }
        Ok(Tree::new(at, Kind::Not(Box::new(inner))))
    }

    fn near(&mut self, depth: usize) -> Result<Tree, QueryError> {
        let column = self.column();
        let mut left = self.primary(depth)?;
        while let Some(Token::Near { n, ordered }) = self.peek() {
            let (n, ordered, at) = (*n, *ordered, self.column());
            self.i += 1;
            match self.peek() {
                None => return self.fail(at, BOTH_SIDES),
                Some(Token::Not) => {
                    return self.fail(
                        self.column(),
                        "NOT cannot stand inside NEAR; exclude it outside: (a NEAR/3 b) -(a NEAR/3 c)",
                    );
                }
                Some(Token::Or | Token::And | Token::Close | Token::Near { .. }) => {
                    return self.fail(self.column(), BOTH_SIDES);
                }
                _ => {}
            }
            let right = self.primary(depth)?;
            operand(&left)?;
            operand(&right)?;
            left = Tree::new(column, Kind::Near(n, ordered, Box::new((left, right))));
        }
        Ok(left)
    }

    fn primary(&mut self, depth: usize) -> Result<Tree, QueryError> {
        let at = self.column();
        match self.peek() {
            Some(Token::Open | Token::OpenIn(_)) => {
                let part = if let Some(Token::OpenIn(p)) = self.peek() { Some(*p) } else { None };
                let depth = self.deeper(depth)?;
                self.i += 1;
                if matches!(self.peek(), Some(Token::Close)) {
                    return self.fail(at, "nothing between these brackets");
                }
                let mut inner = self.or(depth)?;
                if !matches!(self.peek(), Some(Token::Close)) {
                    return self.fail(at, "this bracket is not closed; add )");
                }
                self.i += 1;
                inner.bracketed = true;
                Ok(match part {
                    Some(p) => Tree::new(at, Kind::In(p, Box::new(inner))),
                    None => inner,
                })
            }
            Some(Token::Leaf(n)) => {
                let n = n.clone();
                self.i += 1;
                let bracketed = matches!(n, Node::Or(_) | Node::Near { .. });
                Ok(Tree { column: at, kind: Kind::Leaf(n), bracketed })
            }
            Some(Token::Near { .. }) => self.fail(at, BOTH_SIDES),
            Some(Token::Close) if depth > 0 => self.fail(at, "a term is missing before this )"),
            Some(Token::Close) => self.fail(at, "this ) has no ( before it; remove it or quote it"),
            _ => self.fail(at, "a term is missing here"),
        }
    }
}

/// What may stand beside NEAR.
fn operand(t: &Tree) -> Result<(), QueryError> {
    match &t.kind {
        Kind::And(_) => Err(QueryError::new(
            t.column,
            "a group inside NEAR may hold only alternatives (OR); for both words write (a NEAR/3 b) (a NEAR/3 c)",
        )),
        Kind::Not(_) => Err(QueryError::new(
            t.column,
            "NOT cannot stand inside NEAR; exclude it outside: (a NEAR/3 b) -(a NEAR/3 c)",
        )),
        Kind::Or(c) => c.iter().try_for_each(operand),
        Kind::In(_, c) => operand(c),
        Kind::Near(..) => Ok(()),
        Kind::Leaf(n) => match n {
            Node::Or(c) => c.first().and_then(field::has_no_place),
            n => field::has_no_place(n),
        }
        .map_or(Ok(()), |name| {
            Err(QueryError::new(t.column, format!("{name}: has no place in the text; put it outside NEAR")))
        }),
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
