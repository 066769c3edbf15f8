//! The scanner's part for fields: a name, a colon, and the values behind it.

use super::super::field::{self, Field, Kind, Typed, Wanted};
use super::super::parse::nearest;
use super::super::pattern::Raw;
use super::super::words::{letter, script_letter};
use super::super::{Node, Part, Scope};
use super::{Lexer, QUOTES, Result, STAR, Token, blank, err};

impl Lexer<'_> {
    /// A field with its values. `false`: it is none, but a word with a colon.
    pub(super) fn field(&mut self, at: usize, name: usize) -> Result<bool> {
        let typed = self.text(at, at + name).to_ascii_lowercase();
        let from = at + name + 1;
        let nothing = self.at(from).is_none_or(|c| blank(c) || c == ')');
        let raw = typed == "raw";
        let Some((spec, cmp)) = field::named(&typed).or_else(|| field::named("title").filter(|_| raw)) else {
            if nothing || self.at(from) == Some(':') {
                return Ok(false);
            }
            let near = nearest(&typed, &field::names());
            let hint = near.map_or(".".to_owned(), |n| format!("; did you mean {n}:?"));
            let whole = self.text(at, self.chunk_end(from));
            let name = self.text(at, at + name);
            return err(
                at,
                format!("unknown field {name}:{hint} To search the text itself, write \"{whole}\""),
            );
        };
        if raw {
            let n = self.raw_field(from, nothing)?;
            self.push(Token::Leaf(n), at);
            return Ok(true);
        }
        if self.scope == Scope::Listen && spec.scope == Scope::View {
            let why = format!(
                "{}: is a state of the team's work and cannot be heard; use it in a view or a rule, not in a topic",
                spec.name
            );
            return err(at, why);
        }
        if self.in_text() {
            return err(
                at,
                format!("a field cannot stand inside title:( ); put {}: outside the brackets", spec.name),
            );
        }
        if nothing {
            let like = field::example(spec);
            return err(from, format!("{typed}: needs a value directly after the colon, as {typed}:{like}"));
        }
        if spec.kind == Kind::Text {
            self.text_field(at, from, spec.name)?;
            return Ok(true);
        }
        if self.scope == Scope::Listen && matches!(spec.name, "age" | "reach" | "score" | "replies") {
            self.lint("judged-once", at, format!("{}: is judged on arrival only", spec.name));
        }
        let wanted = Wanted { spec, typed: &typed, cmp };
        let values =
            if self.at(from) == Some('(') { self.list(from, &wanted)? } else { self.bare(from, &wanted)? };
        let field = Field::read(&wanted, &values, self.lints)?;
        self.push(Token::Leaf(Node::Field(field)), at);
        Ok(true)
    }

    fn raw_field(&mut self, from: usize, nothing: bool) -> Result<Node> {
        if nothing {
            return err(from, "raw: needs a value directly after the colon: raw:C++ or `C++`");
        }
        let text = match self.t[from] {
            '`' => return self.raw(from),
            c if QUOTES.contains(c) => {
                let (text, end) = self.quoted(from)?;
                self.i = end;
                text
            }
            _ => {
                self.i = self.chunk_end(from);
                self.text(from, self.i)
            }
        };
        if text.contains('`') {
            return err(from, "a backtick cannot be searched raw; use a regular expression: /`/");
        }
        match Raw::new(&text) {
            Some(r) => Ok(Node::Raw(r)),
            None => err(from, "raw: needs a value directly after the colon: raw:C++ or `C++`"),
        }
    }

    fn text_field(&mut self, at: usize, from: usize, name: &str) -> Result<()> {
        let part = if name == "title" { Part::Title } else { Part::Body };
        let c = self.t[from];
        let inner = match c {
            '(' => {
                self.push(Token::OpenIn(part), at);
                self.brackets.push(true);
                self.i = from + 1;
                return Ok(());
            }
            c if QUOTES.contains(c) => Some(self.phrase(from)?),
            '`' => Some(self.raw(from)?),
            '/' if self.opens_regex(from) => Some(self.regex(from)?),
            '-' | '!'
                if self.at(from + 1).is_some_and(|c| letter(c) || script_letter(c) || QUOTES.contains(c)) =>
            {
                let rest = self.text(from + 1, self.chunk_end(from + 1).max(from + 2));
                return err(from, format!("put the minus before the field: -{name}:{rest}"));
            }
            '<' | '>' | '=' | '≥' | '≤' => {
                return err(from, format!("{name}: takes words, not a comparison"));
            }
            '*' => return err(from, STAR),
            _ => {
                let end = self.chunk_end(from);
                let chunk = self.text(from, end);
                self.i = end;
                self.word(&chunk, from)?
            }
        };
        match inner {
            Some(n) => {
                self.push(Token::Leaf(Node::In(part, Box::new(n))), at);
                Ok(())
            }
            None => err(from, format!("{name}: needs a word, a \"phrase\", a `raw` term, a /regex/ or ( )")),
        }
    }

    /// One value that begins here; the place behind it is in `self.i`.
    fn one(&mut self, from: usize, w: &Wanted<'_>) -> Result<Option<Typed>> {
        let name = w.spec.name;
        let column = from + 1;
        match self.at(from) {
            Some(c) if QUOTES.contains(c) => {
                let (text, end) = self.quoted(from)?;
                self.i = end;
                return Ok(Some(Typed { text, column, quoted: true }));
            }
            Some('`') => return err(from, format!("{name}: takes no raw term; use quotes")),
            Some('/') if matches!(w.spec.kind, Kind::Author | Kind::Name) && name != "community" => {
                return err(from, format!("{name}: takes no regular expression; only title: and body: do"));
            }
            _ => {}
        }
        let mut end = from;
        while let Some(c) = self.at(end) {
            let amp = c == '&' && self.at(end + 1) == Some('&');
            let comma = matches!(c, ',' | ';') && w.spec.kind != Kind::Words;
            if blank(c) || "()|`".contains(c) || QUOTES.contains(c) || amp || comma {
                break;
            }
            end += 1;
        }
        self.i = end;
        let text = self.text(from, end);
        Ok((!text.is_empty()).then_some(Typed { text, column, quoted: false }))
    }

    /// Values without brackets: one, or several with commas between.
    fn bare(&mut self, from: usize, w: &Wanted<'_>) -> Result<Vec<Typed>> {
        let name = w.spec.name;
        let mut all = Vec::new();
        let mut k = from;
        loop {
            match self.one(k, w)? {
                Some(v) => all.push(v),
                None if all.is_empty() => {
                    return err(k, format!("a plain value of {name}: is expected here"));
                }
                None => return Ok(all),
            }
            if !matches!(self.at(self.i), Some(',' | ';')) {
                return Ok(all);
            }
            let comma = self.at(self.i) == Some(',');
            self.i += 1;
            // Behind a bare value it is punctuation.
            if !comma || self.at(self.i).is_none_or(|c| blank(c) || "()|".contains(c)) {
                return Ok(all);
            }
            k = self.i;
        }
    }

    fn list(&mut self, open: usize, w: &Wanted<'_>) -> Result<Vec<Typed>> {
        let name = w.spec.name;
        let mut all: Vec<Typed> = Vec::new();
        let mut wants = true;
        self.i = open + 1;
        loop {
            while self.at(self.i).is_some_and(blank) {
                self.i += 1;
            }
            let at = self.i;
            let or = self.text(at, at + 2) == "OR" && self.chunk_end(at) == at + 2;
            match self.at(at) {
                None => {
                    return err(
                        open,
                        format!("this bracket is not closed; add ) after the last value of {name}:"),
                    );
                }
                Some(')') if wants => return err(at, format!("a value of {name}: is missing here")),
                Some(')') => {
                    self.i = at + 1;
                    return Ok(all);
                }
                Some(',' | '|') if wants => return err(at, format!("a value of {name}: is missing here")),
                Some(c @ (',' | '|')) => {
                    self.i += if c == '|' && self.at(at + 1) == Some('|') { 2 } else { 1 };
                    wants = true;
                }
                _ if or && wants => return err(at, format!("a value of {name}: is missing here")),
                _ if or => {
                    self.i = at + 2;
                    wants = true;
                }
                _ if !wants => {
                    let first = all.first().map_or("a", |v| v.text.as_str());
                    return err(at, format!("between values write OR or a comma: {name}:({first} OR ...)"));
                }
                _ => match self.one(at, w)? {
                    Some(v) => {
                        all.push(v);
                        wants = false;
                    }
                    None => return err(at, format!("a plain value of {name}: is expected here")),
                },
            }
        }
    }
}
