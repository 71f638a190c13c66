//! What comes after a backslash.

use regex_syntax::hir::ClassUnicode;

use super::cursor::PatternCursor;
use super::node::Anchor;
use super::properties::{self, Shorthand, Within};

/// What an escape stands for.
#[derive(Debug, Clone)]
pub(super) enum Escape {
    Char(char),
    Set(ClassUnicode),
    Anchor(Anchor),
    /// `\R`
    LineBreak,
}

/// Reads an escape, after its backslash.
pub(super) fn read(cursor: &mut PatternCursor<'_>, within: Within) -> Result<Escape, String> {
    let Some(c) = cursor.next() else {
        return Err("a lone backslash".to_owned());
    };
    let shorthand = |of: Shorthand| Ok(Escape::Set(of.set(within)));
    let negated = |of: Shorthand| {
        let mut set = of.set(within);
        set.negate();
        Ok(Escape::Set(set))
    };
    match c {
        'd' => shorthand(Shorthand::Digit),
        's' => shorthand(Shorthand::Space),
        'w' => shorthand(Shorthand::Word),
        'h' => shorthand(Shorthand::HexDigit),
        'D' => negated(Shorthand::Digit),
        'S' => negated(Shorthand::Space),
        'W' => negated(Shorthand::Word),
        'H' => negated(Shorthand::HexDigit),
        'p' | 'P' => property(cursor, c, within),
        'x' => hex(cursor),
        'u' => code(cursor, 4),
        _ => match plain(c) {
            Some(c) => Ok(Escape::Char(c)),
            None if within == Within::Brackets => Err(format!("`\\{c}` in a class")),
            None => anchor(c),
        },
    }
}

/// The character that an escape stands for which is as simple as `\n` or `\.`.
pub(super) fn plain(c: char) -> Option<char> {
    match c {
        't' => Some('\t'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        'a' => Some('\u{7}'),
        'e' => Some('\u{1b}'),
        _ => Some(c).filter(|c| !c.is_alphanumeric()),
    }
}

/// The condition that an escape stands for.
///
/// # Errors
/// If it stands for none.
pub(super) fn anchor(c: char) -> Result<Escape, String> {
    match c {
        'A' => Ok(Escape::Anchor(Anchor::TextStart)),
        'z' => Ok(Escape::Anchor(Anchor::TextEnd)),
        'Z' => Ok(Escape::Anchor(Anchor::LastLineEnd)),
        'b' => Ok(Escape::Anchor(Anchor::WordBoundary)),
        'B' => Ok(Escape::Anchor(Anchor::NotWordBoundary)),
        'R' => Ok(Escape::LineBreak),
        _ => Err(format!("`\\{c}`")),
    }
}

/// After `\p` or `\P`, which is `kind`.
fn property(cursor: &mut PatternCursor<'_>, kind: char, within: Within) -> Result<Escape, String> {
    if !cursor.eat('{') {
        return Err(format!("`\\{kind}` without braces"));
    }
    let is_negated = (kind == 'P') != cursor.eat('^');
    let name = cursor.take_while(|c| c != '}');
    if !cursor.eat('}') {
        return Err(format!("`\\{kind}` without end"));
    }
    let Some(mut set) = properties::property(name, within) else {
        return Err(format!("the property `{name}`"));
    };
    if is_negated {
        set.negate();
    }
    Ok(Escape::Set(set))
}

/// After `\x`. Two digits are a byte to Oniguruma, hence a character only in
/// ASCII.
fn hex(cursor: &mut PatternCursor<'_>) -> Result<Escape, String> {
    if let Some(escape) = braced(cursor)? {
        return Ok(escape);
    }
    match code(cursor, 2)? {
        Escape::Char(c) if c.is_ascii() => Ok(Escape::Char(c)),
        _ => Err("a byte that is no character".to_owned()),
    }
}

/// Hexadecimal digits in braces, if a brace is next.
pub(super) fn braced(cursor: &mut PatternCursor<'_>) -> Result<Option<Escape>, String> {
    if !cursor.eat('{') {
        return Ok(None);
    }
    let digits = cursor.take_while(|c| c.is_ascii_hexdigit());
    if digits.len() > 8 || !cursor.eat('}') {
        return Err("`\\x{` without a codepoint".to_owned());
    }
    character(digits).map(Some)
}

/// As many hexadecimal digits as said.
pub(super) fn code(cursor: &mut PatternCursor<'_>, n_digits: usize) -> Result<Escape, String> {
    let digits: String = (0..n_digits)
        .map_while(|_| cursor.next().filter(char::is_ascii_hexdigit))
        .collect();
    if digits.len() < n_digits {
        return Err(format!("fewer than {n_digits} hexadecimal digits"));
    }
    character(&digits)
}

fn character(digits: &str) -> Result<Escape, String> {
    let code = u32::from_str_radix(digits, 16).ok();
    match code.and_then(char::from_u32) {
        Some(c) => Ok(Escape::Char(c)),
        None => Err(format!("`{digits}`, which is no character")),
    }
}
