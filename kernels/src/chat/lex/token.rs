//! What the lexer gives the parser.

use std::sync::Arc;

/// A token and the line it starts on.
#[derive(Debug, Clone)]
pub(crate) struct Lexeme {
    pub(crate) line: usize,
    pub(crate) mark: TokenKind,
}

/// The kinds of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// Text between tags.
    Text(Arc<str>),
    /// `{{`
    PrintBegin,
    /// `}}`
    PrintEnd,
    /// `{%`
    BlockBegin,
    /// `%}`
    BlockEnd,
    Name(Arc<str>),
    Str(Arc<str>),
    Int(i128),
    Float(f64),
    /// Brackets and operators, by their spelling.
    Sign(&'static str),
    /// After the last token.
    End,
}
