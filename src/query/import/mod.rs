//! Queries of other tools in this language: what means the same is written the same way, what has no counterpart is
//! left out and said. The parser decides in the end; nothing is taken over that it does not understand.

mod rules;
mod terms;
#[cfg(test)]
mod tests;

use super::parse::QueryError;
use super::{Query, Scope};
use rules::{f5bot, miniflux};
use terms::tokens;

/// Whose query it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// A line of Google Alerts.
    Google,
    /// Talkwalker and Talkwalker Alerts.
    Talkwalker,
    Brandwatch,
    Meltwater,
    Syften,
    /// A keyword of F5Bot with its flags behind it.
    F5Bot,
    /// A search or a user query of FreshRSS.
    FreshRss,
    /// Filter rules of Miniflux, one a line.
    Miniflux,
}

impl Dialect {
    pub const ALL: [(&'static str, Dialect); 8] = [
        ("google", Dialect::Google),
        ("talkwalker", Dialect::Talkwalker),
        ("brandwatch", Dialect::Brandwatch),
        ("meltwater", Dialect::Meltwater),
        ("syften", Dialect::Syften),
        ("f5bot", Dialect::F5Bot),
        ("freshrss", Dialect::FreshRss),
        ("miniflux", Dialect::Miniflux),
    ];

    #[must_use]
    pub fn named(name: &str) -> Option<Dialect> {
        Dialect::ALL.iter().find(|(n, _)| *n == name).map(|(_, d)| *d)
    }
}

/// A query that was taken over.
#[derive(Clone, PartialEq, Debug)]
pub struct Imported {
    pub query: Query,
    /// What is different here, or was left out, a sentence each.
    pub notes: Vec<String>,
}

/// Takes over a query.
///
/// # Errors
/// If nothing is left of it, or the parser refuses what it would be here: then the message shows that text too.
pub fn import(dialect: Dialect, text: &str) -> Result<Imported, QueryError> {
    let mut notes = Vec::new();
    let ours = match dialect {
        Dialect::F5Bot => f5bot(text, &mut notes),
        Dialect::Miniflux => miniflux(text, &mut notes),
        _ => {
            let mut p =
                Reader { dialect, tokens: tokens(text, dialect, &mut notes), at: 0, notes: &mut notes };
            let tree = p.expression(0);
            if p.at < p.tokens.len() {
                p.notes.push("a bracket is closed that was not opened; what follows it was left out".into());
            }
            tree.map(|t| t.print(true))
        }
    };
    let Some(ours) = ours.filter(|o| !o.trim().is_empty()) else {
        let why = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
        return Err(QueryError::new(1, format!("nothing of it can be searched here{why}")));
    };
    let query = Query::parse(&ours, Scope::View)
        .map_err(|e| QueryError::new(e.column, format!("{} (it would be: {ours})", e.message)))?;
    Ok(Imported { query, notes })
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Open,
    /// What stands directly behind it: `~5`, `^9`.
    Close(String),
    And,
    Or,
    Not,
    /// An operator of nearness, as this language writes it.
    Near(String),
    /// A term as it will stand here.
    Term(String),
    /// A term that was left out.
    Nothing,
}

#[derive(Clone, PartialEq, Debug)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Near(String, Box<(Tree, Tree)>),
    Term(String),
}

impl Tree {
    fn print(&self, whole: bool) -> String {
        let join = |all: &[Tree], by: &str| all.iter().map(|t| t.print(false)).collect::<Vec<_>>().join(by);
        let text = match self {
            Tree::Term(t) => return t.clone(),
            Tree::Not(t) => return format!("-{}", t.print(false)),
            Tree::And(c) => join(c, " "),
            Tree::Or(c) => join(c, " OR "),
            Tree::Near(op, s) => format!("{} {op} {}", s.0.print(false), s.1.print(false)),
        };
        if whole { text } else { format!("({text})") }
    }
}

/// Brackets deeper than this are left alone: the parser refuses them anyhow.
const DEEP: usize = 80;

struct Reader<'a> {
    dialect: Dialect,
    tokens: Vec<Token>,
    at: usize,
    notes: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, t: &Token) -> bool {
        let there = self.peek() == Some(t);
        self.at += usize::from(there);
        there
    }

    /// A list up to the closing bracket.
    fn expression(&mut self, deep: usize) -> Option<Tree> {
        // Google binds OR tighter than a space, everybody else the other way round.
        let or_first = self.dialect == Dialect::Google;
        let mut outer: Vec<Vec<Tree>> = vec![Vec::new()];
        let mut joined = false;
        while let Some(t) = self.peek() {
            match t {
                Token::Close(_) => break,
                Token::And => self.at += 1,
                Token::Or => {
                    self.at += 1;
                    if or_first {
                        joined = true;
                    } else {
                        outer.push(Vec::new());
                    }
                }
                _ => {
                    let Some(t) = self.near(deep) else { continue };
                    if or_first && !joined {
                        outer.push(Vec::new());
                    }
                    joined = false;
                    if let Some(last) = outer.last_mut() {
                        last.push(t);
                    }
                }
            }
        }
        let outer = outer.into_iter().filter(|c| !c.is_empty());
        if or_first {
            all(outer.filter_map(|c| one_of(c, Tree::Or)).collect(), Tree::And)
        } else {
            let sites = self.dialect == Dialect::Talkwalker;
            let inner = |c: Vec<Tree>| one_of(if sites { join_sites(c) } else { c }, Tree::And);
            all(outer.filter_map(inner).collect(), Tree::Or)
        }
    }

    fn near(&mut self, deep: usize) -> Option<Tree> {
        let mut left = self.unary(deep);
        while let Some(Token::Near(op)) = self.peek() {
            let op = op.clone();
            self.at += 1;
            let right = self.unary(deep);
            left = match (left, right) {
                (Some(l), Some(r)) => Some(Tree::Near(op, Box::new((l, r)))),
                (l, r) => l.or(r),
            };
        }
        left
    }

    fn unary(&mut self, deep: usize) -> Option<Tree> {
        if self.take(&Token::Not) {
            // As deep as brackets: signs in a row nest too.
            if deep >= DEEP {
                return None;
            }
            return self.unary(deep + 1).map(|t| Tree::Not(Box::new(t)));
        }
        match self.peek().cloned() {
            Some(Token::Term(t)) => {
                self.at += 1;
                Some(Tree::Term(t))
            }
            Some(Token::Open) if deep < DEEP => {
                self.at += 1;
                let inner = self.expression(deep + 1);
                match self.peek().cloned() {
                    Some(Token::Close(behind)) => {
                        self.at += 1;
                        self.spread(inner, &behind)
                    }
                    _ => inner,
                }
            }
            Some(Token::Close(_)) | None => None,
            Some(_) => {
                self.at += 1;
                None
            }
        }
    }

    /// `(a AND b)~5` is a nearness; other marks behind a bracket say nothing here.
    fn spread(&mut self, inner: Option<Tree>, behind: &str) -> Option<Tree> {
        if let Some(n) = behind.strip_prefix('~') {
            return match inner {
                Some(Tree::And(mut c)) if c.len() == 2 => {
                    let right = c.pop()?;
                    Some(Tree::Near(format!("NEAR/{n}"), Box::new((c.pop()?, right))))
                }
                other => {
                    self.notes.push(format!("~{n} behind a bracket needs two groups in it; it was left out"));
                    other
                }
            };
        }
        if !behind.is_empty() {
            self.notes.push(format!("{behind} is a weight of the display there; it was left out"));
        }
        inner
    }
}

fn one_of(mut c: Vec<Tree>, many: fn(Vec<Tree>) -> Tree) -> Option<Tree> {
    if c.len() > 1 { Some(many(c)) } else { c.pop() }
}

fn all(c: Vec<Tree>, many: fn(Vec<Tree>) -> Tree) -> Option<Tree> {
    one_of(c, many)
}

/// Several sites beside each other mean any of them there.
fn join_sites(c: Vec<Tree>) -> Vec<Tree> {
    let is_site = |t: &Tree| matches!(t, Tree::Term(s) if s.starts_with("site:"));
    let (sites, mut rest): (Vec<Tree>, Vec<Tree>) = c.into_iter().partition(is_site);
    rest.extend(one_of(sites, Tree::Or));
    rest
}
