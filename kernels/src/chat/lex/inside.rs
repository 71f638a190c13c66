//! Tokens within `{{ }}` and `{% %}`.

use super::super::error::{ChatError, Exception};
use super::super::python::float::{float_from_text, without_underscores};
use super::super::python::integer::int_from_text;
use super::super::python::unicode::is_space;
use super::escape::unescape;
use super::token::TokenKind;

/// Longer ones first.
const SIGNS: &[&str] = &[
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",",
];

/// One token at the start of `rest`, and its length in bytes; no token where
/// there is white space. `after_dot` tells that a number cannot start with a
/// point's digits: `a.0.1` is two look-ups.
pub(super) fn token(
    rest: &str,
    before: Before,
    line: usize,
) -> Result<(Option<TokenKind>, usize), ChatError> {
    let Some(first) = rest.chars().next() else {
        return Err(fail(line, "a tag is not closed"));
    };
    if is_space(first) {
        let len = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
        return Ok((None, len));
    }
    if first.is_ascii_digit() {
        return number(rest, before, line).map(|(mark, len)| (Some(mark), len));
    }
    if first == '_' || first.is_alphanumeric() {
        let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let name = rest.get(..len).unwrap_or("");
        if !name.is_ascii() {
            return Err(ChatError::Unsupported {
                line,
                what: format!("the name `{name}` beyond ASCII"),
            });
        }
        return Ok((Some(TokenKind::Name(name.into())), len));
    }
    if first == '\'' || first == '"' {
        return string(rest, first, line).map(|(mark, len)| (Some(mark), len));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Some(TokenKind::Sign(sign)), sign.len())),
        None => Err(fail(line, &format!("unexpected char {first:?}"))),
    }
}

/// What stands right before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Dot,
    Other,
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

pub(super) fn fail(line: usize, message: &str) -> ChatError {
    ChatError::Syntax {
        line,
        message: message.into(),
    }
}

fn string(rest: &str, quote: char, line: usize) -> Result<(TokenKind, usize), ChatError> {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let closes = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    });
    let Some((end, _)) = end else {
        return Err(fail(line, "a text in quotes is not closed"));
    };
    let literal = rest.get(1..end).unwrap_or("");
    let text = unescape(literal).map_err(|fault| match fault {
        Exception::Python(message) => fail(line, &message),
        other => other.at(line),
    })?;
    Ok((TokenKind::Str(text.into()), end + 1))
}

fn number(rest: &str, before: Before, line: usize) -> Result<(TokenKind, usize), ChatError> {
    if let (Before::Other, Some(len)) = (before, float_len(rest)) {
        let text = rest.get(..len).unwrap_or("");
        let float = float_from_text(text).ok_or_else(|| fail(line, "expected a number"))?;
        return Ok((TokenKind::Float(float), len));
    }
    let len = integer_len(rest);
    let text = rest.get(..len).unwrap_or("");
    match int_from_text(text, 0) {
        Ok(Some(int)) => Ok((TokenKind::Int(int), len)),
        Ok(None) => Err(fail(line, "expected a number")),
        Err(fault) => Err(fault.at(line)),
    }
}

/// Digits that single underscores may part.
fn digits_len(text: &str) -> usize {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut len = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    while len > 0 {
        let tail = text.get(len..).unwrap_or("");
        let Some(more) = tail.strip_prefix('_') else {
            break;
        };
        let more_len = more.find(|c| !is_digit(c)).unwrap_or(more.len());
        if more_len == 0 {
            break;
        }
        len += 1 + more_len;
    }
    len
}

/// How long the float at the start is, if there is one.
fn float_len(rest: &str) -> Option<usize> {
    let tail = |at: usize| rest.get(at..).unwrap_or("");
    let whole = digits_len(rest);
    let fraction = match tail(whole).strip_prefix('.') {
        Some(digits) if digits_len(digits) > 0 => 1 + digits_len(digits),
        _ => 0,
    };
    let after = whole + fraction;
    let exponent = match tail(after).strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let sign = usize::from(exponent.starts_with(['+', '-']));
            match digits_len(exponent.get(sign..).unwrap_or("")) {
                0 => 0,
                len => 1 + sign + len,
            }
        }
        None => 0,
    };
    (fraction + exponent > 0).then_some(after + exponent)
}

fn integer_len(rest: &str) -> usize {
    for (prefix, base) in [("0b", 2), ("0o", 8), ("0x", 16)] {
        let has = rest
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let tail = rest.get(2..).unwrap_or("");
        let len = tail
            .find(|c: char| !c.is_digit(base) && c != '_')
            .unwrap_or(tail.len());
        let digits = tail.get(..len).unwrap_or("").trim_start_matches('_');
        if has && !digits.is_empty() && without_underscores(digits).is_some() {
            return 2 + len;
        }
    }
    if rest.starts_with('0') {
        // `01` is two numbers.
        let zeros = rest.find(|c| c != '0').unwrap_or(rest.len());
        return zeros;
    }
    digits_len(rest)
}
