//! The scrubber: one pass over characters that drops what a terminal could obey or hide.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Most marks kept after one base character.
const MARKS: usize = 4;

/// Drops sequences and unsafe characters, keeps `\n`, makes NFC.
pub fn scrub(s: &str) -> String {
    if s.bytes().all(|b| (0x20..0x7f).contains(&b) || b == b'\n') {
        return s.to_owned();
    }
    let mut out = String::with_capacity(s.len());
    let mut it = s.chars().peekable();
    let mut marks = 0;
    while let Some(c) = it.next() {
        match c {
            '\n' => out.push('\n'),
            '\r' => {
                if it.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\x1b' => {
                escape(&mut it);
                continue;
            }
            '\u{9b}' => {
                csi(&mut it);
                continue;
            }
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => {
                string(&mut it);
                continue;
            }
            '\u{2028}' | '\u{2029}' | '\u{85}' => out.push('\n'),
            '\t' | '\u{b}' | '\u{c}' => out.push(' '),
            '\u{200c}' | '\u{200d}' => {
                let before = out.chars().next_back();
                let after = it.peek().copied();
                if let (Some(b), Some(a)) = (before, after)
                    && ((joins(b) && joins(a)) || (c == '\u{200d}' && emoji(b) && emoji(a)))
                {
                    out.push(c);
                }
                continue;
            }
            '\u{fe0f}' | '\u{fe0e}' => {
                if out.chars().next_back().is_some_and(|b| emoji(b) || b.is_ascii_digit()) {
                    out.push(c);
                }
                continue;
            }
            // What leaves no trace does not part a letter from its marks either.
            c if dropped(c) => continue,
            c if c.is_whitespace() => out.push(' '),
            c if is_mark(c) => {
                marks += 1;
                if marks <= MARKS {
                    out.push(c);
                }
                continue;
            }
            c => out.push(c),
        }
        marks = 0;
    }
    if is_nfc_quick(out.chars()) == IsNormalized::Yes { out } else { out.nfc().collect() }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// After ESC: drops the sequence that it opens.
fn escape(it: &mut Chars<'_>) {
    match it.peek() {
        Some('[') => {
            it.next();
            csi(it);
        }
        Some(']' | 'P' | '_' | '^' | 'X' | 'k') => {
            it.next();
            string(it);
        }
        // nF sequences: intermediates, then one final character.
        Some(' '..='/') => {
            while it.next_if(|c| (' '..='/').contains(c)).is_some() {}
            it.next_if(|c| ('0'..='~').contains(c));
        }
        Some('0'..='~') => {
            it.next();
        }
        _ => {}
    }
}

/// After CSI: parameters, intermediates, one final character.
fn csi(it: &mut Chars<'_>) {
    while it.next_if(|c| ('0'..='?').contains(c)).is_some() {}
    while it.next_if(|c| (' '..='/').contains(c)).is_some() {}
    it.next_if(|c| ('@'..='~').contains(c));
}

/// After OSC, DCS, APC, PM, SOS: up to BEL or ST; without one, up to the end of the line.
fn string(it: &mut Chars<'_>) {
    while let Some(c) = it.next_if(|c| *c != '\n') {
        match c {
            '\x07' | '\u{9c}' => return,
            '\x1b' => {
                if it.next_if_eq(&'\\').is_some() {
                    return;
                }
                // ESC cancels the string and opens something new.
                return escape(it);
            }
            _ => {}
        }
    }
}

/// Letters of scripts that join, in which ZWJ and ZWNJ carry meaning: Syriac, Arabic, N'Ko, Mongolian and
/// the Indic blocks.
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{1800}'..='\u{18af}'
        | '\u{a840}'..='\u{a87f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}

fn emoji(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

fn is_mark(c: char) -> bool {
    use unicode_general_category::{GeneralCategory as G, get_general_category};
    c >= '\u{300}' && matches!(get_general_category(c), G::NonspacingMark | G::EnclosingMark | G::SpacingMark)
}

/// Controls, bidi controls, invisible characters, tags, private use, non-characters.
pub fn dropped(c: char) -> bool {
    matches!(c,
        '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}
