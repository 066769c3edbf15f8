//! The scanner: characters to tokens. It follows the specification's order of rules; constructs of the
//! language that are not built yet are named in an error instead of being read as something else.

use super::lint::Lint;
use super::parse::QueryError;
use super::words::{left_sign, letter, pictograph, regional, script_letter, words_of};
use super::{Query, Term};

pub enum Token {
    Open,
    Close,
    Or,
    And,
    Not,
    Term(Term),
}

/// Fields of the whole language; so far they only parse as "later".
const FIELDS: &[&str] = &[
    "title",
    "body",
    "url",
    "author",
    "site",
    "link",
    "source",
    "community",
    "lang",
    "type",
    "has",
    "date",
    "age",
    "reach",
    "score",
    "replies",
    "words",
    "set",
    "is",
    "assignee",
    "team",
    "case",
    "story",
    "person",
    "tag",
    "objective",
    "level",
    "sentiment",
    "due",
    "sla",
    "ready",
    "promo",
    "view",
    "raw",
    "intitle",
    "subject",
    "inurl",
    "from",
    "label",
    "links",
    "language",
    "in",
    "newer_than",
    "older_than",
    "after",
    "since",
    "before",
    "until",
];

pub struct Placed {
    pub token: Token,
    /// Column, 1-based.
    pub column: usize,
}

const QUOTES: &str = "\"“”„‟«»＂";

/// Reads all tokens.
pub fn lex(input: &str, lints: &mut Vec<Lint>) -> Result<Vec<Placed>, QueryError> {
    let t: Vec<char> = input
        .chars()
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '｜' => '|',
            c => c,
        })
        .collect();
    if t.len() > 20_000 {
        return Err(QueryError::new(20_001, "the query is longer than 20000 characters; split it"));
    }
    Lexer { t: &t, i: 0, out: Vec::new(), lints }.run()
}

struct Lexer<'a> {
    t: &'a [char],
    i: usize,
    out: Vec<Placed>,
    lints: &'a mut Vec<Lint>,
}

fn blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

impl Lexer<'_> {
    fn at(&self, k: usize) -> Option<char> {
        self.t.get(k).copied()
    }

    fn push(&mut self, token: Token, at: usize) {
        self.out.push(Placed { token, column: at + 1 });
    }

    fn run(mut self) -> Result<Vec<Placed>, QueryError> {
        while let Some(c) = self.at(self.i) {
            let at = self.i;
            match c {
                c if blank(c) => self.i += 1,
                '(' => {
                    self.push(Token::Open, at);
                    self.i += 1;
                }
                ')' => {
                    self.push(Token::Close, at);
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
                c if QUOTES.contains(c) => self.phrase(c)?,
                '`' => return Err(self.later(at, "a `raw` term")),
                '/' if self.at(at + 1).is_some_and(|n| !blank(n) && n != ')') => {
                    return Err(self.later(at, "a /regular expression/"));
                }
                '-' | '!' if self.minus_here() => self.minus(),
                '*' => {
                    return Err(QueryError::new(
                        at + 1,
                        "a * may stand only at the end of a word, after at least 3 letters: launch*",
                    ));
                }
                '?' if self.at(at + 1).is_some_and(letter) => {
                    return Err(QueryError::new(
                        at + 1,
                        "a ? stands for one letter inside or at the end of a word; it cannot begin one",
                    ));
                }
                c if self.starts_chunk(c, at) => self.chunk()?,
                c => {
                    if !".,;:!?)_…".contains(c) {
                        self.lints.push(Lint::new("ignored", at + 1, format!("{c} is ignored")));
                    }
                    self.i += 1;
                }
            }
        }
        Ok(self.out)
    }

    fn later(&self, at: usize, what: &str) -> QueryError {
        QueryError::new(
            at + 1,
            format!("{what} is not understood yet; write words, \"phrases\", OR, -not and ( )"),
        )
    }

    fn phrase(&mut self, open: char) -> Result<(), QueryError> {
        let at = self.i;
        if open != '"' {
            self.lints.push(Lint::new("smart-quotes", at + 1, "read as a plain quote".into()));
        }
        let plain = open == '"' && self.t[at + 1..].contains(&'"');
        let mut text = String::new();
        let mut k = at + 1;
        loop {
            let Some(c) = self.at(k) else {
                return Err(QueryError::new(
                    at + 1,
                    "this quote is not closed; add a \" at the end, or remove it",
                ));
            };
            if c == '\\'
                && let Some(n) = self.at(k + 1).filter(|n| *n == '\\' || QUOTES.contains(*n))
            {
                text.push(if n == '\\' { n } else { '"' });
                k += 2;
                continue;
            }
            let wild = (c == '*' || c == '?' && self.at(k + 1).is_some_and(letter))
                && self.at(k - 1).is_some_and(letter);
            if wild {
                return Err(self.later(k, "a * or ? in a phrase"));
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
        self.i = k + 1;
        if self.at(self.i) == Some('~') && self.at(self.i + 1).is_some_and(|c| c.is_ascii_digit()) {
            return Err(self.later(self.i, "a distance (~n)"));
        }
        let text = text.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        let Some(term) = Query::term(&text, true) else {
            return Err(QueryError::new(
                at + 1,
                "nothing to find between the quotes; for signs alone use backticks: `:)`",
            ));
        };
        self.push(Token::Term(term), at);
        Ok(())
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
        let rest = self.t[after..].iter().take_while(|c| !blank(**c) && !matches!(c, ')' | '|'));
        let term = !matches!(next, Some('>' | '='))
            && rest.clone().any(|c| {
                letter(*c)
                    || script_letter(*c)
                    || pictograph(*c)
                    || regional(*c)
                    || QUOTES.contains(*c)
                    || matches!(c, '`' | '/' | '(')
            });
        if !term {
            if self.t[at..after].contains(&'-') && next.is_some_and(blank) {
                self.lints.push(Lint::new(
                    "dash",
                    at + 1,
                    "a - followed by a space is ignored; to exclude a word write -word".into(),
                ));
            }
            return;
        }
        if run > 1 {
            self.lints.push(Lint::new("double-not", at + 1, "each sign is one NOT".into()));
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

    fn chunk(&mut self) -> Result<(), QueryError> {
        let at = self.i;
        let mut end = at;
        while let Some(c) = self.at(end) {
            let amp = c == '&' && self.at(end + 1) == Some('&');
            if blank(c) || "()|`".contains(c) || QUOTES.contains(c) || amp {
                break;
            }
            end += 1;
        }
        self.i = end;
        let chunk: String = self.t[at..end].iter().collect();
        match chunk.as_str() {
            "AND" => self.push(Token::And, at),
            "OR" => self.push(Token::Or, at),
            "NOT" => self.push(Token::Not, at),
            _ => self.word(&chunk, at)?,
        }
        Ok(())
    }

    fn word(&mut self, chunk: &str, at: usize) -> Result<(), QueryError> {
        let upper = chunk.split('/').next().unwrap_or_default();
        if matches!(upper, "NEAR" | "ONEAR") || (upper == "AROUND" && chunk.contains('/')) {
            return Err(self.later(at, upper));
        }
        if chunk.starts_with("http://") || chunk.starts_with("https://") || chunk.starts_with("www.") {
            return Err(self.later(at, "an address"));
        }
        let opens = self.at(self.i).is_some_and(|c| c == '(' || c == '`' || QUOTES.contains(c));
        if chunk == "AROUND"
            && self.t[self.i..].iter().find(|c| !blank(**c)).is_some_and(|c| c.is_ascii_digit() || *c == '(')
        {
            return Err(self.later(at, "AROUND"));
        }
        if let Some((name, value)) = chunk.split_once([':', '：']) {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
            let known = FIELDS.contains(&name.to_ascii_lowercase().as_str());
            if is_name && (known || opens || !value.is_empty()) && !value.starts_with(':') {
                return Err(self.later(at, &format!("the field {name}:")));
            }
        }
        if let Some(k) = chunk.chars().position(|c| c == '*' || c == '~') {
            return Err(self.later(at + k, "a * or ~"));
        }
        let chars: Vec<char> = chunk.chars().collect();
        if let Some(k) = (1..chars.len()).find(|k| chars[*k] == '?' && letter(chars[k - 1])) {
            // A question mark at the very end reads like punctuation to people; say so instead of guessing.
            return Err(self.later(at + k, "a ? (one letter)"));
        }
        if matches!(chunk, "and" | "or" | "not") {
            let up = chunk.to_uppercase();
            self.lints.push(Lint::new(
                "lower-operator",
                at + 1,
                format!("{chunk} is searched as a word; the operator is written {up}"),
            ));
        }
        let text = chunk.replace(['’', '‘'], "'");
        match Query::term(&text, false) {
            Some(term) => self.push(Token::Term(term), at),
            None => self.lints.push(Lint::new("ignored", at + 1, format!("{chunk} is ignored"))),
        }
        Ok(())
    }
}

impl Query {
    /// Cuts a term into words and the forms that each asks for; `None` if it holds no word.
    fn term(text: &str, phrase: bool) -> Option<Term> {
        let chars: Vec<char> = text.chars().collect();
        let words = words_of(&chars);
        let (first, last) = (words.first()?, words.last()?);
        let asks = words
            .iter()
            .map(|w| {
                let signed = w.signed();
                if signed.is_empty() { vec![w.fold.clone()] } else { signed }
            })
            .collect();
        let text = if phrase {
            text.to_owned()
        } else {
            // Signs at both ends that are part of no form are dropped.
            let from = first.start as usize - usize::from(first.left.is_some());
            let to = last.end as usize + last.right.len();
            chars[from..to.min(chars.len())].iter().collect()
        };
        let phrase = phrase || matches!(text.as_str(), "AND" | "OR" | "NOT" | "NEAR" | "ONEAR");
        Some(Term { text, phrase, asks })
    }
}
