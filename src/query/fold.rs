//! Folding: one spelling for all spellings of a word (case, accents, ligatures, final sigma).

use unicode_normalization::UnicodeNormalization;

/// Appends the fold of `word` to `out`.
pub fn fold_into(word: &str, out: &mut String) {
    if word.is_ascii() {
        out.extend(word.bytes().map(|b| char::from(b.to_ascii_lowercase())));
        return;
    }
    let mut plain = String::with_capacity(word.len());
    let mut base = '\0';
    for c in word.nfkd() {
        if transparent(c) || c == '\u{640}' || stripped(c, base) {
            continue;
        }
        if !super::words::is_mark(c) {
            base = c;
        }
        for l in c.to_lowercase() {
            match l {
                'ß' => plain.push_str("ss"),
                'ς' => plain.push('σ'),
                'æ' => plain.push_str("ae"),
                'œ' => plain.push_str("oe"),
                'ø' => plain.push('o'),
                'ł' => plain.push('l'),
                'đ' | 'ð' => plain.push('d'),
                'þ' => plain.push_str("th"),
                'ħ' => plain.push('h'),
                'ŧ' => plain.push('t'),
                'ı' => plain.push('i'),
                l => plain.push(l),
            }
        }
    }
    out.extend(plain.nfc());
}

/// The fold of a word.
pub fn fold(word: &str) -> String {
    let mut s = String::new();
    fold_into(word, &mut s);
    s
}

pub fn transparent(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Marks that folding drops; after a Cyrillic base only a few, so that й and ї stay letters of their own.
fn stripped(c: char, base: char) -> bool {
    if ('\u{400}'..='\u{4ff}').contains(&base) && ('\u{300}'..='\u{36f}').contains(&c) {
        return matches!(c, '\u{300}' | '\u{301}') || (c == '\u{308}' && matches!(base, 'е' | 'Е'));
    }
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}')
}
