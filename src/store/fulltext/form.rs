//! How forms of words come to the index: one after the other, as the language made them.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The name under which the index knows it.
pub const NAME: &str = "forms";
/// Stands between two forms, and in none: text from outside holds no control characters.
pub const BETWEEN: char = '\u{1f}';

#[derive(Clone, Default)]
pub struct Forms;

pub struct Stream<'a> {
    rest: std::str::Split<'a, char>,
    token: Token,
}

impl Tokenizer for Forms {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream { rest: text.split(BETWEEN), token: Token { position: usize::MAX, ..Token::default() } }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some(form) = self.rest.find(|f| !f.is_empty()) else { return false };
        self.token.text.clear();
        self.token.text.push_str(form);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
