//! Python's floats as text, and back.

use super::super::error::Exception;
use super::super::value::Datum;
use super::unicode::is_space;

/// `repr(float)`: the shortest digits that read back as the same number.
pub(crate) fn float_repr(float: f64) -> String {
    if float.is_nan() {
        return "nan".into();
    }
    if float.is_infinite() {
        return if float > 0.0 { "inf" } else { "-inf" }.into();
    }
    let text = format!("{float:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{float}");
        if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        }
    } else {
        format!("{digits}e{}", signed_exponent(exponent))
    }
}

/// An exponent as C prints it: a sign and two digits at least.
pub(crate) fn signed_exponent(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:02}", exponent.unsigned_abs())
}

/// `float(text)`.
pub(crate) fn float_from_text(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(is_space);
    let plain = without_underscores(trimmed)?;
    let word = plain.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let named = matches!(word.as_str(), "inf" | "infinity" | "nan");
    let numeric = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !named && !numeric {
        return None;
    }
    plain.parse().ok()
}

/// Digits may be parted by single underscores.
pub(crate) fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'_' {
            continue;
        }
        let digit = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at))
                .is_some_and(u8::is_ascii_alphanumeric)
        };
        if !digit(at.checked_sub(1)) || !digit(Some(at + 1)) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

/// `int(float)`.
#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
pub(crate) fn truncate(float: f64) -> Result<i128, Exception> {
    if float.is_nan() || float.is_infinite() {
        return Err(Exception::python(
            "cannot convert float infinity or NaN to integer",
        ));
    }
    if float.abs() >= 1.7e38 {
        return Err(Exception::unsupported("an integer beyond 128 bits"));
    }
    Ok(float as i128)
}

/// `round(float, digits)`: to even where two are as near.
pub(crate) fn round_float(float: f64, digits: usize) -> f64 {
    if !float.is_finite() {
        return float;
    }
    format!("{float:.digits$}").parse().unwrap_or(float)
}

/// `float(value)` of a number.
#[expect(clippy::cast_precision_loss, reason = "as Python's float(int)")]
pub(crate) fn to_float(datum: &Datum) -> f64 {
    match datum {
        Datum::Float(float) => *float,
        other => other.as_int().unwrap_or(0) as f64,
    }
}
