//! `format % values`.

use std::iter::Peekable;
use std::str::Chars;

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::Datum;
use super::float::{to_float, truncate};
use super::repr::{repr, to_text};
use super::spec::{Alternate, FormatSpec, width};

/// Where the values come from, and how many are used.
struct Values<'a> {
    values: &'a Datum,
    used: usize,
}

impl<'a> Values<'a> {
    fn next(&mut self) -> Result<&'a Datum, Exception> {
        let at = self.used;
        self.used += 1;
        let value = match self.values {
            Datum::Tuple(seq) => seq.items.get(at),
            single => (at == 0).then_some(single),
        };
        value.ok_or_else(|| Exception::python("not enough arguments for format string"))
    }

    fn named(&mut self, name: &str) -> Result<&'a Datum, Exception> {
        match self.values {
            Datum::Dict(dict) => dict
                .get(name)
                .ok_or_else(|| Exception::python(format!("KeyError: '{name}'"))),
            _ => Err(Exception::python("format requires a mapping")),
        }
    }

    /// Values that are left over are an error, but for what can be looked up in.
    fn finish(self) -> Result<(), Exception> {
        let left = match self.values {
            Datum::Tuple(seq) => seq.items.len() > self.used,
            Datum::Dict(_) | Datum::List(_) | Datum::Range(_) | Datum::Undefined(_) => false,
            _ => self.used == 0,
        };
        if left {
            return Err(Exception::python(
                "not all arguments converted during string formatting",
            ));
        }
        Ok(())
    }
}

pub(crate) fn percent(
    format: &str,
    values: &Datum,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    allowance.text(format.len())?;
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut values = Values { values, used: 0 };
    while let Some(c) = chars.next() {
        if c == '%' {
            let converted = conversion(&mut chars, &mut values, allowance)?;
            allowance.text(converted.len())?;
            out.push_str(&converted);
            allowance.fits(out.len())?;
        } else {
            out.push(c);
        }
    }
    values.finish()?;
    Ok(Datum::str(out))
}

fn conversion(
    chars: &mut Peekable<Chars<'_>>,
    values: &mut Values<'_>,
    allowance: &Allowance,
) -> Result<String, Exception> {
    let mut named = None;
    if chars.next_if_eq(&'(').is_some() {
        let name: String = chars.by_ref().take_while(|c| *c != ')').collect();
        named = Some(values.named(&name)?);
    }
    let layout = layout(chars)?;
    let kind = chars
        .next()
        .ok_or_else(|| Exception::python("incomplete format"))?;
    if kind == '%' {
        return Ok("%".into());
    }
    let value = match named {
        Some(value) => value,
        None => values.next()?,
    };
    convert(kind, layout, value, allowance)
}

fn layout(chars: &mut Peekable<Chars<'_>>) -> Result<FormatSpec, Exception> {
    let mut layout = FormatSpec::default();
    let mut left = false;
    while let Some(flag) = chars.next_if(|c| "-+ #0".contains(*c)) {
        match flag {
            '-' => left = true,
            '#' => layout.alternate = Some(Alternate),
            '0' => {
                layout.fill = Some('0');
                layout.align = Some('=');
            }
            '+' => layout.plus = Some('+'),
            _ => layout.plus = layout.plus.or(Some(' ')),
        }
    }
    if left {
        layout.fill = None;
        layout.align = Some('<');
    }
    let digits = digits(chars)?;
    if !digits.is_empty() {
        layout.width = width(&digits)?;
    }
    if chars.next_if_eq(&'.').is_some() {
        let digits = self::digits(chars)?;
        layout.precision = Some(if digits.is_empty() {
            0
        } else {
            width(&digits)?
        });
    }
    // C's lengths are read and mean nothing.
    chars.next_if(|c| "hlL".contains(*c));
    Ok(layout)
}

fn digits(chars: &mut Peekable<Chars<'_>>) -> Result<String, Exception> {
    if chars.peek() == Some(&'*') {
        return Err(Exception::unsupported("`*` as the width in a format"));
    }
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    Ok(digits)
}

fn convert(
    kind: char,
    mut layout: FormatSpec,
    value: &Datum,
    allowance: &Allowance,
) -> Result<String, Exception> {
    match kind {
        's' | 'r' => {
            let text = if kind == 's' {
                to_text(value, allowance)?
            } else {
                repr(value, allowance)?.into()
            };
            let cut = cut(&text, layout.precision);
            // Zeros are for numbers only.
            layout.fill = None;
            layout.align = layout.align.filter(|align| *align == '<');
            layout.pad("", cut, '>', allowance)
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let int = integer(kind, value)?;
            if layout.precision.is_some() {
                return Err(Exception::unsupported(
                    "a precision in the format of an integer",
                ));
            }
            layout.kind = Some(if "iu".contains(kind) { 'd' } else { kind });
            layout.integer(int, allowance)
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            layout.kind = Some(kind);
            match value {
                Datum::Float(float) => layout.float(*float, allowance),
                Datum::Int(_) | Datum::Bool(_) => layout.float(to_float(value), allowance),
                _ => Err(Exception::python(format!(
                    "must be real number, not {}",
                    value.type_name()
                ))),
            }
        }
        'c' | 'a' => Err(Exception::unsupported(format!("`%{kind}`"))),
        _ => Err(Exception::python(format!(
            "unsupported format character '{kind}'"
        ))),
    }
}

fn integer(kind: char, value: &Datum) -> Result<i128, Exception> {
    match value {
        Datum::Int(_) | Datum::Bool(_) => Ok(value.as_int().unwrap_or(0)),
        Datum::Float(float) if "diu".contains(kind) => truncate(*float),
        _ => Err(Exception::python(format!(
            "%{kind} format: a number is required, not {}",
            value.type_name()
        ))),
    }
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, precision: Option<usize>) -> &str {
    let Some(precision) = precision else {
        return text;
    };
    let end = text.char_indices().nth(precision).map(|(at, _)| at);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
