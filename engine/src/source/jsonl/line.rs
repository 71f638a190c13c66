//! One line: UTF-8 that is one JSON object, or blank.

use super::cursor::{Cursor, Token};
use super::fault::{Fault, Lexed};
use crate::arrays::{InvalidUtf8, utf8};
use crate::plan::NotFinite;

/// The text of a line.
pub(super) fn text_of(line: &[u8]) -> Lexed<&str> {
    utf8(line).map_err(|bad| {
        let InvalidUtf8 { at, byte } = bad;
        Fault::new(format!(
            "expected UTF-8, got byte 0x{byte:02x} behind {at} bytes"
        ))
    })
}

/// Whether a line is no row: nothing but JSON's white space.
pub(super) fn is_blank(line: &[u8]) -> bool {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    line.iter().all(is_space)
}

/// The beginning of the object that `line` is to be.
pub(super) fn enter(line: &str, not_finite: NotFinite) -> Lexed<Cursor<'_>> {
    let mut cursor = Cursor::new(line, not_finite);
    cursor.blank();
    if cursor.token().is_ok_and(|token| token == Token::Object) {
        cursor.open()?;
        return Ok(cursor);
    }
    Err(no_object(cursor))
}

#[cold]
fn no_object(mut cursor: Cursor<'_>) -> Fault {
    let what = "a JSON object";
    let nothing = cursor.expected(what);
    let got = match cursor.token() {
        // One that stands on many lines is none on this one.
        Ok(Token::List) => "an array: JSON lines hold one object on each line",
        _ if cursor.skip_value().is_err() => return nothing,
        Ok(Token::Text) => "a string",
        Ok(Token::Bool) => "a boolean",
        Ok(Token::Null) => "null",
        _ => "a number",
    };
    Fault::new(format!("expected {what}, got {got}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_named() {
        for (line, expected) in [
            ("no json", "expected a JSON object, got 'n' at character 1"),
            ("null", "expected a JSON object, got null"),
            ("  \"x\"", "expected a JSON object, got a string"),
            ("1.5", "expected a JSON object, got a number"),
            (
                "[{\"a\":1},",
                "expected a JSON object, got an array: JSON lines hold one object on each line",
            ),
            (
                "\u{1f600}",
                "expected a JSON object, got '😀' at character 1",
            ),
        ] {
            assert_eq!(
                enter(line, NotFinite::Refused).unwrap_err().reason(),
                expected
            );
        }
        let error = text_of(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(
            error.reason(),
            "expected UTF-8, got byte 0xff behind 6 bytes"
        );
    }
}
