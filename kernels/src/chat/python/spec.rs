//! Numbers and texts in a width, as `%` and `str.format` lay them out.

use std::cmp::Ordering;

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::float::{float_repr, signed_exponent};

/// How a value is laid out.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormatSpec {
    pub(crate) fill: Option<char>,
    /// `<`, `>`, `^` or `=`.
    pub(crate) align: Option<char>,
    /// `+` or a space before numbers that are not negative.
    pub(crate) plus: Option<char>,
    pub(crate) alternate: Option<Alternate>,
    pub(crate) width: usize,
    pub(crate) group: Option<char>,
    pub(crate) precision: Option<usize>,
    /// The letter at the end.
    pub(crate) kind: Option<char>,
}

/// `#`: bases are told by a prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alternate;

/// Widths and precisions beyond this are refused: no text needs them.
const MAX_WIDTH: usize = 1_000_000;

/// A width or precision from its digits.
pub(crate) fn width(digits: &str) -> Result<usize, Exception> {
    match digits.parse() {
        Ok(width) if width <= MAX_WIDTH => Ok(width),
        _ => Err(Exception::Limit(format!(
            "a width or precision is over {MAX_WIDTH}"
        ))),
    }
}

impl FormatSpec {
    /// Fills `body` up to the width; `side` is where texts or numbers stand by default.
    pub(crate) fn pad(
        &self,
        sign: &str,
        body: &str,
        side: char,
        allowance: &Allowance,
    ) -> Result<String, Exception> {
        allowance.text(self.width)?;
        let fill = self.fill.unwrap_or(' ');
        let len = sign.chars().count() + body.chars().count();
        let missing = self.width.saturating_sub(len);
        let fill = |n: usize| String::from(fill).repeat(n);
        Ok(match self.align.unwrap_or(side) {
            '<' => format!("{sign}{body}{}", fill(missing)),
            '^' => format!(
                "{}{sign}{body}{}",
                fill(missing / 2),
                fill(missing - missing / 2)
            ),
            '=' => format!("{sign}{}{body}", fill(missing)),
            _ => format!("{}{sign}{body}", fill(missing)),
        })
    }

    /// The sign of a number by its order to zero, as it is asked for.
    pub(crate) fn sign(&self, to_zero: Ordering) -> String {
        match (to_zero, self.plus) {
            (Ordering::Less, _) => "-".into(),
            (_, Some(plus)) => plus.to_string(),
            (_, None) => String::new(),
        }
    }

    /// An integer in base 10, 16, 8 or 2, as the kind says.
    pub(crate) fn integer(&self, int: i128, allowance: &Allowance) -> Result<String, Exception> {
        let magnitude = int.unsigned_abs();
        let (prefix, digits) = match self.kind.unwrap_or('d') {
            'x' => ("0x", format!("{magnitude:x}")),
            'X' => ("0X", format!("{magnitude:X}")),
            'o' => ("0o", format!("{magnitude:o}")),
            'b' => ("0b", format!("{magnitude:b}")),
            _ => ("", magnitude.to_string()),
        };
        let prefix = self.alternate.map_or("", |Alternate| prefix);
        let sign = self.sign(int.cmp(&0)) + prefix;
        let digits = self.grouped(&digits)?;
        self.pad(&sign, &digits, '>', allowance)
    }

    /// A float by `e`, `f`, `g`, `%` or as `repr` does.
    pub(crate) fn float(&self, float: f64, allowance: &Allowance) -> Result<String, Exception> {
        if self.alternate.is_some() {
            return Err(Exception::unsupported("`#` in the format of a float"));
        }
        let negative = float.is_sign_negative() && !float.is_nan();
        let to_zero = if negative {
            Ordering::Less
        } else {
            Ordering::Greater
        };
        let magnitude = float.abs();
        let precision = self.precision.unwrap_or(6);
        let kind = self.kind;
        let digits = match kind {
            _ if !float.is_finite() => float_repr(magnitude),
            None if self.precision.is_some() => {
                return Err(Exception::unsupported(
                    "a float's format with precision and no type",
                ));
            }
            None => float_repr(magnitude),
            Some('f' | 'F') => format!("{magnitude:.precision$}"),
            Some('%') => format!("{:.precision$}%", magnitude * 100.0),
            Some('e' | 'E') => exponential(magnitude, precision),
            Some('g' | 'G') => general(magnitude, precision),
            Some(kind) => {
                return Err(Exception::python(format!(
                    "unknown format code '{kind}' for object of type 'float'"
                )));
            }
        };
        let digits = match kind {
            Some('E' | 'F' | 'G') => digits.to_uppercase(),
            _ => digits,
        };
        let digits = self.grouped(&digits)?;
        self.pad(&self.sign(to_zero), &digits, '>', allowance)
    }

    /// Digits before the point, parted by threes.
    fn grouped(&self, digits: &str) -> Result<String, Exception> {
        let Some(mark) = self.group else {
            return Ok(digits.into());
        };
        if self.fill == Some('0') && self.align == Some('=') {
            return Err(Exception::unsupported("zero padding with grouped digits"));
        }
        let whole_len = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        let (whole, rest) = digits.split_at(whole_len);
        let mut out = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole_len - at) % 3 == 0 {
                out.push(mark);
            }
            out.push(digit);
        }
        Ok(out + rest)
    }
}

/// C's `%.<precision>e`.
fn exponential(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse().unwrap_or(0);
    format!("{digits}e{}", signed_exponent(exponent))
}

/// C's `%.<precision>g`.
fn general(magnitude: f64, precision: usize) -> String {
    let precision = precision.max(1);
    let text = format!("{magnitude:.*e}", precision - 1);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let bound = i32::try_from(precision).unwrap_or(i32::MAX);
    if (-4..bound).contains(&exponent) {
        let decimals = usize::try_from(bound - 1 - exponent).unwrap_or(0);
        without_zeros(&format!("{magnitude:.decimals$}")).into()
    } else {
        format!("{}e{}", without_zeros(digits), signed_exponent(exponent))
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}
