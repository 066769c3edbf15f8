//! The scanner: characters to tokens, in the order of the specification's rules. A field with its values is one token.

use super::field::Field;
use super::lint::Lint;
use super::parse::QueryError;
use super::pattern::{Raw, Regex};
use super::term::{Odd, cut};
use super::value::Site;
use super::words::{left_sign, letter, pictograph, regional, script_letter};
use super::{Node, Part, Scope};

mod fields;

#[derive(Clone, Debug)]
pub enum Token {
    Open,
    /// `title:(` or `body:(`.
    OpenIn(Part),
    Close,
    Or,
    And,
    Not,
    Near {
        n: u32,
        ordered: bool,
    },
    Leaf(Node),
}

pub struct Placed {
    pub token: Token,
    /// Column, 1-based.
    pub column: usize,
}

const QUOTES: &str = "\"“”„‟«»＂";
const LONGEST: usize = 20_000;
const STAR: &str = "a * may stand only at the end of a word, after at least 3 letters: launch*";
const SHORT: &str = "a * needs at least 3 letters or digits directly before it: launch*";

type Result<T> = std::result::Result<T, QueryError>;

/// Reads all tokens.
pub fn lex(input: &str, scope: Scope, lints: &mut Vec<Lint>) -> Result<Vec<Placed>> {
    let plain = |c| match c {
        '（' => '(',
        '）' => ')',
        '｜' => '|',
        c => c,
    };
    let t: Vec<char> = input.chars().map(plain).collect();
    if t.len() > LONGEST {
        let why = "the query is longer than 20000 characters; split it into sets (set:name)";
        return Err(QueryError::new(LONGEST + 1, why));
    }
    Lexer { t, i: 0, out: Vec::new(), lints, scope, brackets: Vec::new() }.run()
}

struct Lexer<'a> {
    t: Vec<char>,
    i: usize,
    out: Vec<Placed>,
    lints: &'a mut Vec<Lint>,
    scope: Scope,
    /// Open brackets: of `title:( )` or `body:( )`, or plain ones.
    brackets: Vec<bool>,
}

fn blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn err<T>(at: usize, why: impl Into<String>) -> Result<T> {
    Err(QueryError::new(at + 1, why))
}

impl Lexer<'_> {
    fn at(&self, k: usize) -> Option<char> {
        self.t.get(k).copied()
    }

    fn text(&self, a: usize, b: usize) -> String {
        self.t[a..b.min(self.t.len())].iter().collect()
    }

    fn push(&mut self, token: Token, at: usize) {
        self.out.push(Placed { token, column: at + 1 });
    }

    fn lint(&mut self, code: &'static str, at: usize, message: impl Into<String>) {
        self.lints.push(Lint::new(code, at + 1, message.into()));
    }

    fn in_text(&self) -> bool {
        self.brackets.contains(&true)
    }

    fn run(mut self) -> Result<Vec<Placed>> {
        while let Some(c) = self.at(self.i) {
            let at = self.i;
            match c {
                c if blank(c) => self.i += 1,
                '(' => {
                    self.push(Token::Open, at);
                    self.brackets.push(false);
                    self.i += 1;
                }
                ')' => {
                    self.push(Token::Close, at);
                    self.brackets.pop();
                    self.i += 1;
                }
                '|' => {
                    self.i += if self.at(at + 1) == Some('|') { 2 } else { 1 };
                    self.push(Token::Or, at);
                }
                '&' if self.at(at + 1) == Some('&') => {
                    self.i += 2;
                    self.push(Token::And, at);
                }
                c if QUOTES.contains(c) => {
                    let n = self.phrase(at)?;
                    self.push(Token::Leaf(n), at);
                }
                '`' => {
                    let n = self.raw(at)?;
                    self.push(Token::Leaf(n), at);
                }
                '/' if self.opens_regex(at) => {
                    let n = self.regex(at)?;
                    self.push(Token::Leaf(n), at);
                }
                '-' | '!' if self.minus_here() => self.minus(),
                '*' => return err(at, STAR),
                '?' if self.at(at + 1).is_some_and(letter) => {
                    return err(
                        at,
                        "a ? stands for one letter inside or at the end of a word; it cannot begin one",
                    );
                }
                c if self.starts_chunk(c, at) => self.chunk()?,
                ',' if self.in_text() => return self.no_comma(at),
                c => {
                    if !".,;:!?)_…".contains(c) {
                        self.lint("ignored", at, format!("{c} is ignored; to find signs use backticks"));
                    }
                    self.i += 1;
                }
            }
        }
        Ok(self.out)
    }

    fn no_comma<T>(&self, at: usize) -> Result<T> {
        err(at, "inside title:( ) write OR between alternatives, or a space for all of them; not a comma")
    }

    /// The words between quotes that open here, and where it goes on.
    fn quoted(&mut self, at: usize) -> Result<(String, usize)> {
        let open = self.t[at];
        if open != '"' {
            self.lint("smart-quotes", at, "read as a plain quote");
        }
        let plain = open == '"' && self.t[at + 1..].contains(&'"');
        let mut text = String::new();
        let mut k = at + 1;
        loop {
            let Some(c) = self.at(k) else {
                return err(at, "this quote is not closed; add a \" at the end, or remove it");
            };
            let escaped = self.at(k + 1).filter(|n| c == '\\' && (*n == '\\' || QUOTES.contains(*n)));
            if let Some(n) = escaped {
                text.push(if n == '\\' { n } else { '"' });
                k += 2;
                continue;
            }
            if (plain && c == '"') || (!plain && QUOTES.contains(c)) {
                break;
            }
            text.push(match c {
                '‘' | '’' => '\'',
                c if blank(c) => ' ',
                c => c,
            });
            k += 1;
        }
        Ok((text.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "), k + 1))
    }

    fn phrase(&mut self, at: usize) -> Result<Node> {
        let (text, end) = self.quoted(at)?;
        self.i = end;
        let c = cut(&text, true, true);
        self.odd(&c.odd, at, true)?;
        let Some(term) = c.term else {
            return err(at, "nothing to find between the quotes; for signs alone use backticks: `:)`");
        };
        let digits = self.t[end..].iter().skip(1).take_while(|c| c.is_ascii_digit()).count();
        if self.at(end) != Some('~') || digits == 0 {
            return Ok(Node::Term(term));
        }
        self.i = end + 1 + digits;
        let n = self.text(end + 1, self.i).parse::<u32>().ok().filter(|n| (1..=50).contains(n));
        let Some(n) = n else { return err(end, "~n takes 1 to 50") };
        let mut words = text.split(' ').filter_map(|w| self.plain_word(w));
        let Some(first) = words.next() else { return Ok(Node::Term(term)) };
        let all = words.fold((first, 1), |(left, k), right| {
            (Node::Near { n, ordered: false, sides: Box::new((left, right)) }, k + 1)
        });
        if all.1 == 1 {
            self.lint("slop", end, "a distance needs two words; ~n is dropped");
            return Ok(Node::Term(term));
        }
        Ok(all.0)
    }

    /// A word of a phrase that became a NEAR.
    fn plain_word(&self, word: &str) -> Option<Node> {
        let mut term = cut(word, false, true).term?;
        // What would be read as something else without quotes keeps them.
        let alone = super::Query::parse(&term.text, super::Scope::View).ok();
        term.phrase = alone.is_none_or(|q| q.root != Node::Term(term.clone()));
        Some(Node::Term(term))
    }

    fn raw(&mut self, at: usize) -> Result<Node> {
        let Some(n) = self.t[at + 1..].iter().position(|c| *c == '`') else {
            return err(at, "this backtick is not closed; add a ` at the end");
        };
        self.i = at + n + 2;
        match Raw::new(&self.text(at + 1, at + 1 + n)) {
            Some(r) => Ok(Node::Raw(r)),
            None => err(at, "nothing between the backticks; write `C++`"),
        }
    }

    fn opens_regex(&self, at: usize) -> bool {
        self.at(at + 1).is_some_and(|n| !blank(n) && n != ')')
    }

    fn regex(&mut self, at: usize) -> Result<Node> {
        let mut k = at + 1;
        let mut source = String::new();
        loop {
            match self.at(k) {
                None => {
                    return err(
                        at,
                        "a / at the start of a word opens a regular expression and this one is not closed; for a path use quotes: \"/usr/bin\"",
                    );
                }
                Some('/') => break,
                Some('\\') if self.at(k + 1) == Some('/') => {
                    source.push('/');
                    k += 2;
                }
                Some('\\') => {
                    source.push('\\');
                    source.extend(self.at(k + 1));
                    k += 2;
                }
                Some(c) => {
                    source.push(c);
                    k += 1;
                }
            }
        }
        let from = k + 1;
        let end = from + self.t[from..].iter().take_while(|c| !blank(**c) && !matches!(c, ')' | '|')).count();
        let mut flags: Vec<char> = self.t[from..end].to_vec();
        if flags.iter().any(|c| !"ims".contains(*c)) {
            let path = self.text(at, end);
            let why = format!(
                "after the closing / only the flags i, m, s may follow; for a path use quotes: \"{path}\""
            );
            return err(from, why);
        }
        flags.sort_unstable();
        flags.dedup();
        self.i = end;
        let r = Regex::new(&source, &flags.iter().collect::<String>()).or_else(|why| err(at, why))?;
        if r.run.is_none() {
            self.lint("slow", at, "no run of 3 fixed letters: each candidate text is read");
        }
        Ok(Node::Regex(r))
    }

    /// A run of `-` or `!` that begins here counts only at the start of a term.
    fn minus_here(&self) -> bool {
        self.i == 0 || self.at(self.i - 1).is_some_and(|c| blank(c) || "(|&".contains(c))
    }

    fn minus(&mut self) {
        let at = self.i;
        let run = self.t[at..].iter().take_while(|c| matches!(c, '-' | '!')).count();
        let after = at + run;
        self.i = after;
        let next = self.at(after);
        let mut rest = self.t[after..].iter().take_while(|c| !blank(**c) && !matches!(c, ')' | '|'));
        let begins = |c: &char| {
            letter(*c)
                || script_letter(*c)
                || pictograph(*c)
                || regional(*c)
                || QUOTES.contains(*c)
                || matches!(c, '`' | '/' | '(')
        };
        if matches!(next, Some('>' | '=')) || !rest.any(begins) {
            if run == 1 && self.t[at] == '-' && next.is_some_and(blank) {
                self.lint("dash", at, "a - followed by a space is ignored; to exclude a word write -word");
            } else {
                self.lint("ignored", at, "these signs are ignored");
            }
            return;
        }
        for k in at..after {
            self.push(Token::Not, k);
        }
    }

    fn starts_chunk(&self, c: char, at: usize) -> bool {
        let wordy = |c: char| letter(c) || script_letter(c);
        if wordy(c) || pictograph(c) || regional(c) {
            return true;
        }
        let Some(sign) = left_sign(c) else { return false };
        let twice = at > 0 && self.at(at - 1).and_then(left_sign) == Some(sign);
        !twice && self.at(at + 1).is_some_and(wordy)
    }

    fn chunk_end(&self, from: usize) -> usize {
        let mut end = from;
        while let Some(c) = self.at(end) {
            let amp = c == '&' && self.at(end + 1) == Some('&');
            if blank(c) || "()|`".contains(c) || QUOTES.contains(c) || amp {
                break;
            }
            end += 1;
        }
        end
    }

    fn chunk(&mut self) -> Result<()> {
        let at = self.i;
        let end = self.chunk_end(at);
        let chunk = self.text(at, end);
        match chunk.as_str() {
            "AND" | "OR" | "NOT" => {
                self.i = end;
                self.push(
                    match chunk.as_str() {
                        "AND" => Token::And,
                        "OR" => Token::Or,
                        _ => Token::Not,
                    },
                    at,
                );
                return Ok(());
            }
            _ => {}
        }
        if let Some(near) = self.near(&chunk, at, end)? {
            self.push(near, at);
            return Ok(());
        }
        if ["http://", "https://", "www."].iter().any(|p| chunk.starts_with(p))
            && let Some(site) = Site::read(&chunk).filter(|s| s.host.contains('.'))
        {
            self.i = end;
            self.lint("url", at, "an address finds what stands there and what links to it");
            let both =
                ["site", "link"].iter().filter_map(|n| Field::address(n, &site)).map(Node::Field).collect();
            self.push(Token::Leaf(Node::Or(both)), at);
            return Ok(());
        }
        let name = self.t[at..].iter().take_while(|c| c.is_ascii_alphabetic() || **c == '_').count();
        if name > 0 && matches!(self.at(at + name), Some(':' | '：')) && self.field(at, name)? {
            return Ok(());
        }
        self.i = end;
        if self.in_text()
            && let Some(k) =
                chunk.chars().collect::<Vec<_>>().iter().rposition(|c| *c != ',').filter(|k| at + k + 1 < end)
        {
            return self.no_comma(at + k + 1);
        }
        if let Some(n) = self.word(&chunk, at)? {
            self.push(Token::Leaf(n), at);
        }
        Ok(())
    }

    /// NEAR, ONEAR and AROUND with what belongs to them.
    fn near(&mut self, chunk: &str, at: usize, end: usize) -> Result<Option<Token>> {
        let (name, number) = chunk.split_once('/').map_or((chunk, None), |(a, b)| (a, Some(b)));
        if !matches!(name, "NEAR" | "ONEAR" | "AROUND") {
            return Ok(None);
        }
        let ordered = name == "ONEAR";
        if let Some(n) = number {
            let from = at + name.len() + 1;
            let digits = n.strip_suffix(['f', 'F']).unwrap_or(n);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return err(from, "a whole number from 1 to 50 must follow, with no space: NEAR/5");
            }
            let ordered = ordered || digits.len() < n.len();
            return match digits.parse::<u32>().ok().filter(|n| (1..=50).contains(n)) {
                Some(n) => {
                    self.i = end;
                    Ok(Some(Token::Near { n, ordered }))
                }
                None => err(from, "NEAR/n takes 1 to 50 (ONEAR/n, AROUND n)"),
            };
        }
        let next = end + self.t[end..].iter().take_while(|c| blank(**c)).count();
        let digit = |k: usize| self.at(k).is_some_and(|c| c.is_ascii_digit());
        if name == "AROUND" {
            let bracket = usize::from(self.at(next) == Some('('));
            let from = next + bracket;
            let to =
                from + self.t[from.min(self.t.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
            let closed = if bracket == 1 { self.at(to) == Some(')') } else { self.chunk_end(from) == to };
            if to == from || !closed {
                self.lint("near-number", at, "AROUND needs a number to mean anything but the word: AROUND 5");
                return Ok(None);
            }
            return match self.text(from, to).parse::<u32>().ok().filter(|n| (1..=50).contains(n)) {
                Some(n) => {
                    self.i = to + bracket;
                    Ok(Some(Token::Near { n, ordered: false }))
                }
                None => err(from, "NEAR/n takes 1 to 50 (ONEAR/n, AROUND n)"),
            };
        }
        if self.at(next) == Some('/') && digit(next + 1) {
            return err(next, "no space before the slash: NEAR/3");
        }
        if digit(next) {
            self.lint("near-number", at, "NEAR alone is NEAR/4; for another distance write NEAR/5");
        }
        self.i = end;
        Ok(Some(Token::Near { n: 4, ordered }))
    }

    fn word(&mut self, chunk: &str, at: usize) -> Result<Option<Node>> {
        let low = chunk.to_lowercase();
        let operator = |w: &str| matches!(w, "and" | "or" | "not" | "near" | "onear");
        let near = low
            .split_once('/')
            .is_some_and(|(w, n)| matches!(w, "near" | "onear") && n.bytes().all(|b| b.is_ascii_digit()));
        if chunk != chunk.to_uppercase() && (operator(&low) || near) {
            let up = chunk.to_uppercase();
            self.lint(
                "lower-operator",
                at,
                format!("{chunk} is searched as a word; the operator is written {up}"),
            );
        }
        let text = chunk.replace(['’', '‘'], "'");
        if let Some(k) =
            text.chars().collect::<Vec<_>>().windows(2).position(|w| w[1] == '~' && w[0].is_alphanumeric())
        {
            return err(
                at + k + 1,
                "fuzzy search (~) is not supported on a word; use ? or *, or \"two words\"~5",
            );
        }
        let c = cut(&text, false, true);
        self.odd(&c.odd, at, false)?;
        if let Some(k) = c.dropped {
            self.lint(
                "ignored",
                at + k,
                "signs at the end of a word are ignored; to find them use backticks",
            );
        }
        let Some(mut term) = c.term else {
            self.lint("ignored", at, format!("{chunk} is ignored"));
            return Ok(None);
        };
        // Printed without what stands between them, the word and a number would be an operator.
        let then = self.t.get(self.i..).unwrap_or(&[]).iter().find(|c| c.is_alphanumeric());
        let around = term.text == "AROUND" && then.is_some_and(char::is_ascii_digit);
        term.phrase = around || is_operator(&term.text);
        Ok(Some(Node::Term(term)))
    }

    fn odd(&mut self, all: &[Odd], at: usize, phrase: bool) -> Result<()> {
        for o in all {
            // In quotes the opening mark is named.
            let place = |k: usize| if phrase { at } else { at + k };
            match o {
                Odd::Inside(k) => return err(place(*k), STAR),
                Odd::Short(k) => return err(place(*k), SHORT),
                Odd::Ignored(k, c) => self.lint("ignored", place(*k), format!("{c} means nothing here")),
                Odd::Script(k) => {
                    self.lint("star-script", place(*k), "this script is found by its parts; * is dropped")
                }
                Odd::Question(k) => {
                    self.lint(
                        "question-mark",
                        place(*k),
                        "? stands for exactly one letter here; for the word itself leave it out",
                    );
                }
            }
        }
        Ok(())
    }
}

/// A word that is spelled like an operator is printed in quotes.
fn is_operator(text: &str) -> bool {
    matches!(text, "AND" | "OR" | "NOT" | "NEAR" | "ONEAR")
        || text.split_once('/').is_some_and(|(w, n)| {
            matches!(w, "NEAR" | "ONEAR" | "AROUND") && n.starts_with(|c: char| c.is_ascii_digit())
        })
}
