//! One line of text being typed: the prompt at the bottom.

use crate::clean::width::{plain, width};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Text and cursor, in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineEdit {
    chars: Vec<char>,
    pub cursor: usize,
}

impl LineEdit {
    #[must_use]
    pub fn with(text: &str) -> LineEdit {
        let chars: Vec<char> = text.chars().collect();
        LineEdit { cursor: chars.len(), chars }
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }

    /// The text before the cursor.
    #[must_use]
    pub fn before(&self) -> String {
        self.chars[..self.cursor].iter().collect()
    }

    /// The part that fits `room` columns with the cursor in it, and the column of the cursor in that part.
    #[must_use]
    pub fn window(&self, room: usize) -> (String, usize) {
        let shown = plain(&self.text()).into_owned();
        let before = plain(&self.before()).into_owned();
        let all = width(&before);
        let (mut skip, mut left) = (0, 0);
        for c in before.chars() {
            if all - left <= room.saturating_sub(2) {
                break;
            }
            skip += 1;
            left += width(c.encode_utf8(&mut [0; 4]));
        }
        (shown.chars().skip(skip).collect(), all.saturating_sub(left))
    }

    pub fn insert(&mut self, s: &str) {
        for c in s.chars().filter(|c| !c.is_control()) {
            self.chars.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    /// Takes a key; `false` if it means nothing here.
    pub fn key(&mut self, k: &KeyEvent) -> bool {
        let ctrl = k.modifiers.contains(KeyModifiers::CONTROL);
        match k.code {
            KeyCode::Char('u') if ctrl => {
                self.chars.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('w') if ctrl => {
                while self.cursor > 0 && self.chars[self.cursor - 1] == ' ' {
                    self.remove_before();
                }
                while self.cursor > 0 && self.chars[self.cursor - 1] != ' ' {
                    self.remove_before();
                }
            }
            KeyCode::Char(c) if !ctrl && !k.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(&c.to_string());
            }
            KeyCode::Backspace => self.remove_before(),
            KeyCode::Delete if self.cursor < self.chars.len() => {
                self.chars.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.chars.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.chars.len(),
            _ => return false,
        }
        true
    }

    fn remove_before(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.chars.remove(self.cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_shows_its_part_around_the_cursor_in_columns() {
        let mut l = LineEdit::with(&"猫".repeat(45));
        let (part, x) = l.window(40);
        assert!(width(&part) <= 40 && x == width(&part), "{part} {x}");
        l.key(&KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        assert_eq!(l.window(40).1, 0);
    }

    #[test]
    fn typing_and_correcting() {
        let mut l = LineEdit::with("fish and");
        l.insert(" chíps\x1b");
        assert_eq!(l.text(), "fish and chíps");
        l.key(&KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        l.key(&KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        assert_eq!(l.text(), "fish and");
        l.key(&KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        l.key(&KeyEvent::new(KeyCode::Delete, KeyModifiers::NONE));
        assert_eq!((l.text().as_str(), l.before().as_str()), ("ish and", ""));
    }
}
