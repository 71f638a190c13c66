//! From a template's text to tokens, as Jinja2's lexer cuts it with
//! `trim_blocks` and `lstrip_blocks`.

mod escape;
mod inside;
mod outside;
mod token;

pub(super) use outside::tokens;
pub(super) use token::{Lexeme, TokenKind};
