//! Words of a text, and the forms by which they are found: the fold, and the signed forms that neighbours
//! give it ("C++" is c and c++; "#launch" is launch and #launch; "AT&T" is at and at&t).

use super::fold::{fold_into, transparent};
use unicode_general_category::{GeneralCategory as G, get_general_category};

/// A word: where it stands (in characters) and its fold.
#[derive(Clone, Debug)]
pub struct Word {
    pub start: u32,
    pub end: u32,
    pub fold: String,
    /// The sign directly before it, if it makes a form (`#launch`).
    pub left: Option<char>,
    /// The sign directly after it, if it makes a form (`c++`).
    pub right: &'static str,
    /// The fold of the word behind an `&` that joins both (`at&t`).
    pub pair: Option<String>,
}

impl Word {
    /// True if it has a form beside its fold.
    pub fn is_signed(&self) -> bool {
        self.left.is_some() || !self.right.is_empty() || self.pair.is_some()
    }

    /// The signed forms; the plain fold is always a form too.
    pub fn signed(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(c) = self.left {
            out.push(format!("{c}{}", self.fold));
        }
        if !self.right.is_empty() {
            out.push(format!("{}{}", self.fold, self.right));
        }
        if let Some(p) = &self.pair {
            out.push(format!("{}&{p}", self.fold));
        }
        out
    }
}

fn letter_or_number(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (!c.is_ascii()
            && matches!(
                get_general_category(c),
                G::UppercaseLetter
                    | G::LowercaseLetter
                    | G::TitlecaseLetter
                    | G::ModifierLetter
                    | G::OtherLetter
                    | G::DecimalNumber
                    | G::LetterNumber
                    | G::OtherNumber
            ))
}

/// Characters of scripts that write no spaces: each is a word of its own.
pub fn script_letter(c: char) -> bool {
    matches!(c, '\u{30fc}' | '\u{ff70}' | '\u{3006}')
        || (matches!(c,
            '\u{2e80}'..='\u{2fd5}' | '\u{3005}' | '\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303b}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}'
            | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9d}'
            | '\u{1b000}'..='\u{1b16f}'
            | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{a960}'..='\u{a97c}' | '\u{ac00}'..='\u{d7fb}'
            | '\u{ffa0}'..='\u{ffdc}'
            | '\u{e00}'..='\u{e7f}' | '\u{e80}'..='\u{eff}' | '\u{1780}'..='\u{17ff}' | '\u{19e0}'..='\u{19ff}'
            | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}')
            && letter_or_number(c))
}

pub fn letter(c: char) -> bool {
    letter_or_number(c) && !script_letter(c) && !matches!(c, '\u{2bb}' | '\u{2bc}')
}

pub fn is_mark(c: char) -> bool {
    c >= '\u{300}' && matches!(get_general_category(c), G::NonspacingMark | G::SpacingMark | G::EnclosingMark)
}

pub fn regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

fn skin(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

pub fn pictograph(c: char) -> bool {
    matches!(c, '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
        && !letter_or_number(c)
        && !regional(c)
        && !skin(c)
}

fn emoji_tail(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{200d}' | '\u{20e3}' | '\u{e0020}'..='\u{e007f}') || skin(c)
}

/// `# @ $ .` and their full-width forms, as the sign they stand for.
pub fn left_sign(c: char) -> Option<char> {
    match c {
        '#' | '＃' => Some('#'),
        '@' | '＠' => Some('@'),
        '$' | '＄' => Some('$'),
        '.' => Some('.'),
        _ => None,
    }
}

fn word_char(c: char) -> bool {
    letter_or_number(c) || is_mark(c) || c == '_' || transparent(c)
}

/// The end of the word that begins at `i`, and whether it is a letter-word; `None` if none begins there.
fn word_at(t: &[char], i: usize) -> Option<(usize, bool)> {
    let c = *t.get(i)?;
    if letter(c) {
        let mut j = i + 1;
        while let Some(&c) = t.get(j) {
            if letter(c) || is_mark(c) {
                j += 1;
            } else if transparent(c) {
                let k = j + t[j..].iter().take_while(|c| transparent(**c)).count();
                match t.get(k) {
                    Some(&n) if letter(n) || is_mark(n) => j = k,
                    _ => break,
                }
            } else if c == '_' {
                let k = j + t[j..].iter().take_while(|c| **c == '_').count();
                match t.get(k) {
                    Some(&n) if letter(n) => j = k,
                    _ => break,
                }
            } else {
                break;
            }
        }
        return Some((j, true));
    }
    if script_letter(c) {
        let tail = |c: &&char| is_mark(**c) || matches!(**c, '\u{ff9e}' | '\u{ff9f}');
        return Some((i + 1 + t[i + 1..].iter().take_while(tail).count(), false));
    }
    if regional(c) && t.get(i + 1).is_some_and(|n| regional(*n)) {
        return Some((i + 2, false));
    }
    if pictograph(c) {
        return Some((i + 1 + t[i + 1..].iter().take_while(|c| emoji_tail(**c)).count(), false));
    }
    None
}

/// The words of a text.
pub fn words(text: &str) -> Vec<Word> {
    let t: Vec<char> = text.chars().collect();
    words_of(&t)
}

/// The words of a text as they are compared, in order.
#[must_use]
pub fn folds(text: &str) -> Vec<String> {
    words(text).into_iter().map(|w| w.fold).collect()
}

/// The words of a text given as characters.
pub fn words_of(t: &[char]) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut last_letters = false;
    let mut i = 0;
    let mut raw = String::new();
    while i < t.len() {
        let Some((end, letters)) = word_at(t, i) else {
            i += 1;
            continue;
        };
        raw.clear();
        raw.extend(&t[i..end]);
        let mut fold = String::with_capacity(raw.len());
        fold_into(&raw, &mut fold);
        if fold.is_empty() {
            i = end;
            continue;
        }
        if letters
            && last_letters
            && i >= 2
            && t[i - 1] == '&'
            && let Some(p) = out.last_mut().filter(|p| p.end as usize == i - 1)
        {
            p.pair = Some(fold.clone());
        }
        out.push(Word {
            start: i as u32,
            end: end as u32,
            fold,
            left: left_of(t, i),
            right: if letters { right_of(t, end) } else { "" },
            pair: None,
        });
        last_letters = letters;
        i = end;
    }
    out
}

fn left_of(t: &[char], i: usize) -> Option<char> {
    let sign = left_sign(*t.get(i.checked_sub(1)?)?)?;
    if let Some(before) = i.checked_sub(2).and_then(|k| t.get(k))
        && (word_char(*before) || left_sign(*before) == Some(sign))
    {
        return None;
    }
    Some(sign)
}

fn right_of(t: &[char], end: usize) -> &'static str {
    let at = |k: usize| t.get(end + k).copied();
    let open = |k: usize| !at(k).is_some_and(word_char);
    match at(0) {
        Some('+') if at(1) == Some('+') => "++",
        Some('+') if open(1) => "+",
        Some('#' | '＃') if open(1) => "#",
        _ => "",
    }
}
