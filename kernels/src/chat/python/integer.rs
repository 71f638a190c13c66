//! Integers from text as Python reads them.

use super::super::error::Exception;
use super::float::without_underscores;
use super::unicode::{decimal_value, is_space};

/// `int(text, base)`; nothing where Python raises `ValueError`.
pub(crate) fn int_from_text(text: &str, base: u32) -> Result<Option<i128>, Exception> {
    let trimmed = text.trim_matches(is_space);
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let ascii = to_ascii_digits(unsigned);
    let Some((base, digits)) = split_base(&ascii, base) else {
        return Ok(None);
    };
    let Some(digits) = without_underscores(digits) else {
        return Ok(None);
    };
    let all_digits = digits.chars().all(|c| c.is_digit(base));
    if digits.is_empty() || !all_digits {
        return Ok(None);
    }
    match i128::from_str_radix(&digits, base) {
        Ok(int) => Ok(Some(if negative { -int } else { int })),
        Err(_) => Err(Exception::unsupported("an integer beyond 128 bits")),
    }
}

/// The base that a prefix tells, and what comes after it.
fn split_base(text: &str, base: u32) -> Option<(u32, &str)> {
    let prefixed = [(16, "0x"), (8, "0o"), (2, "0b")]
        .into_iter()
        .find(|(_, prefix)| {
            text.get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        });
    match (base, prefixed) {
        (0, Some((found, _))) => Some((found, underscored(text.get(2..)?))),
        (0, None) => {
            let zeros = text.trim_matches(['0', '_']).is_empty();
            (zeros || !text.starts_with('0')).then_some((10, text))
        }
        (2..=36, Some((found, _))) if found == base => Some((base, underscored(text.get(2..)?))),
        (2..=36, _) => Some((base, text)),
        _ => None,
    }
}

/// An underscore may follow a prefix.
fn underscored(digits: &str) -> &str {
    digits.strip_prefix('_').unwrap_or(digits)
}

/// Digits of other scripts count as digits.
fn to_ascii_digits(text: &str) -> String {
    text.chars()
        .map(|c| match decimal_value(c) {
            Some(digit) if !c.is_ascii() => char::from_digit(digit, 10).unwrap_or(c),
            _ => c,
        })
        .collect()
}
