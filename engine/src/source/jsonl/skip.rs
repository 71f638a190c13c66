//! Passes over values, strictly and without recursion.

use super::cursor::{Cursor, MAX_DEPTH, Token};
use super::fault::Lexed;

impl Cursor<'_> {
    /// Passes over the value that begins here.
    #[expect(
        clippy::inline_always,
        reason = "the place in the line stays in a register"
    )]
    #[inline(always)]
    pub(super) fn skip_value(&mut self) -> Lexed<()> {
        match self.token()? {
            Token::Text => self.skip_text(),
            Token::Number => self.skip_number(),
            Token::Null => self.take_null(),
            Token::Bool => self.take_bool().map(drop),
            Token::NotFinite => self.take_not_finite().map(drop),
            Token::List | Token::Object => self.skip_nested(),
        }
    }

    /// Passes over a list or an object, without recursion.
    fn skip_nested(&mut self) -> Lexed<()> {
        let mut open = Open::default();
        let outside = self.depth();
        let mut is_first = true;
        self.enter(&mut open)?;
        while self.depth() > outside {
            let close = open.close(self.depth());
            if !self.more(&mut is_first, close)? {
                continue;
            }
            if close == b'}' {
                self.skip_key()?;
            } else {
                while self.next_number().is_some() {}
            }
            match self.peek() {
                Some(b'{' | b'[') => {
                    self.enter(&mut open)?;
                    is_first = true;
                }
                _ => self.skip_value()?,
            }
        }
        Ok(())
    }

    fn enter(&mut self, open: &mut Open) -> Lexed<()> {
        let begin = self.peek();
        self.open()?;
        if begin == Some(b'{') {
            open.set_object(self.depth());
        } else {
            open.set_list(self.depth());
        }
        Ok(())
    }

    fn skip_key(&mut self) -> Lexed<()> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        self.skip_text()?;
        self.colon()
    }
}

/// Which of the open lists and objects are objects.
#[derive(Debug, Default)]
struct Open([u64; MAX_DEPTH / 64]);

impl Open {
    fn set_object(&mut self, depth: usize) {
        self.0[(depth - 1) / 64] |= 1 << ((depth - 1) % 64);
    }

    fn set_list(&mut self, depth: usize) {
        self.0[(depth - 1) / 64] &= !(1 << ((depth - 1) % 64));
    }

    /// What ends the innermost one, the `depth`th.
    fn close(&self, depth: usize) -> u8 {
        let is_object = self.0[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
        if is_object { b'}' } else { b']' }
    }
}
