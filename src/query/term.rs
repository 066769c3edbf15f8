//! Word terms and phrases: adjacent words, each with the forms that it asks for, some of them open at the end or at
//! single letters.

use super::doc::Side;
use super::words::{Word, left_sign, letter, script_letter, words_of};

/// A form that a word of the text must have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Exact(String),
    /// Any continuation.
    Prefix(String),
    /// `None` is exactly one character; `open` any continuation.
    Wild {
        letters: Vec<Option<char>>,
        open: bool,
    },
}

impl Form {
    /// True for a form of a word of the text.
    pub fn fits(&self, form: &str) -> bool {
        match self {
            Form::Exact(f) => f == form,
            Form::Prefix(p) => form.starts_with(p.as_str()),
            Form::Wild { letters, open } => {
                let mut chars = form.chars();
                for l in letters {
                    match (l, chars.next()) {
                        (_, None) => return false,
                        (Some(l), Some(c)) if *l != c => return false,
                        _ => {}
                    }
                }
                *open || chars.next().is_none()
            }
        }
    }

    /// The sign that it asks for before the word.
    pub fn left(&self) -> bool {
        let first = match self {
            Form::Exact(f) | Form::Prefix(f) => f.chars().next(),
            Form::Wild { letters, .. } => letters.first().copied().flatten(),
        };
        first.is_some_and(|c| left_sign(c).is_some())
    }

    /// The sign that it asks for behind the word.
    pub fn right(&self, fold: &str, sign: &str) -> bool {
        match self {
            Form::Exact(f) => !sign.is_empty() && f.len() > fold.len() && f.ends_with(sign),
            _ => false,
        }
    }
}

/// A word term or a phrase.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// As typed, trimmed; printed again in the canonical form.
    pub text: String,
    pub phrase: bool,
    /// For each word the forms of which all must be there.
    pub(crate) asks: Vec<Vec<Form>>,
}

/// Stands for `?` while words are cut: a letter that no fold changes and that nobody writes.
const ONE: char = '\u{a78f}';

/// What was found wrong or odd in a term, by the place in its text.
pub(crate) enum Odd {
    /// A `*` that ends no word.
    Inside(usize),
    /// A `*` after less than three letters.
    Short(usize),
    /// A `*` or `?` that means nothing there.
    Ignored(usize, char),
    /// A `*` after a script letter.
    Script(usize),
    /// A `?` at the very end.
    Question(usize),
}

/// What a text asks for.
pub(crate) struct Cut {
    pub term: Option<Term>,
    pub odd: Vec<Odd>,
    /// Signs at the ends that are part of no form, where they are worth a word.
    pub dropped: Option<usize>,
}

/// Cuts a term. `wild`: `*` and `?` mean something in it.
pub(crate) fn cut(text: &str, phrase: bool, wild: bool) -> Cut {
    let mut t: Vec<char> = text.chars().collect();
    let mut odd = Vec::new();
    let mut stars = Vec::new();
    if wild {
        for k in 0..t.len() {
            let before = k.checked_sub(1).map(|i| t[i]);
            match t[k] {
                '?' if before.is_some_and(|c| letter(c) || c == ONE) => {
                    // In a phrase, at a word's end, it is punctuation.
                    let goes_on = t[k..].iter().find(|c| **c != '?').is_some_and(|c| letter(*c));
                    if !phrase || goes_on {
                        t[k] = ONE;
                        if !t[k + 1..].iter().any(|c| letter(*c) || script_letter(*c) || *c == '?') {
                            odd.push(Odd::Question(k));
                        }
                    }
                }
                '*' => stars.push(k),
                _ => {}
            }
        }
    }
    let words = words_of(&t);
    let mut open = vec![false; words.len()];
    for k in stars {
        let at = words.iter().position(|w| w.end as usize == k);
        let last = at.is_some_and(|i| i + 1 == words.len());
        let ends = !t.get(k + 1).is_some_and(|c| letter(*c) || script_letter(*c) || *c == ONE);
        let script = k > 0 && script_letter(t[k - 1]);
        let signed = words.last().is_some_and(|w| !w.right.is_empty() && w.end as usize + w.right.len() == k);
        match at {
            _ if script && ends => odd.push(Odd::Script(k)),
            Some(i) if ends && (last || phrase) => {
                let letters = words[i].fold.chars().filter(|c| *c != ONE).count();
                if letters < 3 { odd.push(Odd::Short(k)) } else { open[i] = true }
            }
            None if signed && !phrase => odd.push(Odd::Short(k)),
            _ if phrase => odd.push(Odd::Ignored(k, '*')),
            _ => odd.push(Odd::Inside(k)),
        }
    }
    let Some((first, last)) = words.first().zip(words.last()) else {
        return Cut { term: None, odd, dropped: None };
    };
    let asks = words.iter().zip(&open).map(|(w, open)| forms(w, *open)).collect();
    let from = first.start as usize - usize::from(first.left.is_some());
    let mut to = (last.end as usize + last.right.chars().count()).min(t.len());
    if open.last() == Some(&true) {
        to += 1;
    }
    let silent = |c: &char| ".,;:…*?".contains(*c);
    let dropped = t[..from]
        .iter()
        .position(|c| !silent(c))
        .or_else(|| t[to.min(t.len())..].iter().position(|c| !silent(c)).map(|k| to + k));
    let shown: String =
        if phrase { text.to_owned() } else { text.chars().skip(from).take(to - from).collect() };
    Cut { term: Some(Term { text: shown, phrase, asks }), odd, dropped: dropped.filter(|_| !phrase) }
}

fn forms(w: &Word, open: bool) -> Vec<Form> {
    let signed = w.signed();
    let plain = if signed.is_empty() { vec![w.fold.clone()] } else { signed };
    plain.into_iter().map(|f| form(f, open)).collect()
}

fn form(f: String, open: bool) -> Form {
    if f.contains(ONE) {
        let letters = f.chars().map(|c| (c != ONE).then_some(c)).collect();
        return Form::Wild { letters, open };
    }
    if open { Form::Prefix(f) } else { Form::Exact(f) }
}

/// A place where a leaf stands: characters, and the words that it covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub start: u32,
    pub end: u32,
    pub first: u32,
    pub last: u32,
}

impl Term {
    /// All occurrences in one text, in order.
    pub(crate) fn find(&self, side: &Side, out: &mut Vec<Found>) {
        let Some(first) = self.asks.first() else { return };
        let exact = first.iter().find_map(|f| if let Form::Exact(f) = f { Some(f) } else { None });
        match exact {
            Some(f) => side.positions(f).for_each(|p| self.at(side, p, out)),
            None => (0..side.words.len() as u32).for_each(|p| self.at(side, p, out)),
        }
    }

    fn at(&self, side: &Side, p: u32, out: &mut Vec<Found>) {
        let all = self.asks.iter().zip(p..).all(|(forms, q)| forms.iter().all(|f| side.fits(f, q)));
        let last_at = p as usize + self.asks.len() - 1;
        let (Some(a), Some(b), true) = (side.words.get(p as usize), side.words.get(last_at), all) else {
            return;
        };
        let left = a.left.is_some() && self.asks[0].iter().any(Form::left);
        let right = self.asks[self.asks.len() - 1].iter().any(|f| f.right(&b.fold, b.right));
        out.push(Found {
            start: a.start - u32::from(left),
            end: b.end + if right { b.right.chars().count() as u32 } else { 0 },
            first: p,
            last: last_at as u32 + 1,
        });
    }

    /// True if it holds a `*` or a `?`.
    pub(crate) fn is_wild(&self) -> bool {
        self.asks.iter().flatten().any(|f| !matches!(f, Form::Exact(_)))
    }
}
