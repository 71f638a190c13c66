//! The text of a string literal.

use std::fmt::Write;

use super::super::error::Exception;

/// What stands for the characters between two quotes: Jinja2 writes what is
/// beyond ASCII as escapes and then reads all escapes, so that a backslash
/// before such a character is one before its escape.
///
/// # Errors
/// What is wrong or not supported.
pub(super) fn unescape(literal: &str) -> Result<String, Exception> {
    let mut ascii = String::new();
    for c in literal.chars() {
        let code = u32::from(c);
        let _ = match code {
            0..=0x7f => ascii.write_char(c),
            0x80..=0xff => write!(ascii, "\\x{code:02x}"),
            0x100..=0xffff => write!(ascii, "\\u{code:04x}"),
            _ => write!(ascii, "\\U{code:08x}"),
        };
    }
    let mut out = String::new();
    let mut rest = ascii.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = one(rest.get(at + 1..).unwrap_or(""), &mut out)?;
    }
    out.push_str(rest);
    Ok(out)
}

/// Reads one escape after its backslash; what is left.
fn one<'a>(rest: &'a str, out: &mut String) -> Result<&'a str, Exception> {
    let Some(kind) = rest.chars().next() else {
        return Err(Exception::python("a backslash ends the text"));
    };
    let tail = rest.get(kind.len_utf8()..).unwrap_or("");
    let plain = match kind {
        '\n' => return Ok(tail),
        '\\' | '\'' | '"' => kind,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => return hexadecimal(tail, 2, out),
        'u' => return hexadecimal(tail, 4, out),
        'U' => return hexadecimal(tail, 8, out),
        'N' => return Err(Exception::unsupported("`\\N{...}` in a text")),
        '0'..='7' => return Ok(octal(rest, out)),
        _ => {
            out.extend(['\\', kind]);
            return Ok(tail);
        }
    };
    out.push(plain);
    Ok(tail)
}

fn hexadecimal<'a>(rest: &'a str, len: usize, out: &mut String) -> Result<&'a str, Exception> {
    let digits = rest
        .get(..len)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .ok_or_else(|| {
            Exception::python(format!("expected {len} hexadecimal digits in an escape"))
        })?;
    let code = u32::from_str_radix(digits, 16).unwrap_or(u32::MAX);
    let c = char::from_u32(code)
        .ok_or_else(|| Exception::unsupported(format!("the escape of U+{code:X}")))?;
    out.push(c);
    Ok(rest.get(len..).unwrap_or(""))
}

fn octal<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let len = rest
        .bytes()
        .take(3)
        .take_while(|b| matches!(b, b'0'..=b'7'))
        .count();
    let (digits, tail) = rest.split_at(len);
    let code = u32::from_str_radix(digits, 8).unwrap_or(0);
    out.extend(char::from_u32(code));
    tail
}
