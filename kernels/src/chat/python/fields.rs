//! `str.format`.

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::Datum;
use super::attribute::{attribute, subscript};
use super::float::to_float;
use super::percent::cut;
use super::repr::{repr, to_text};
use super::spec::{Alternate, FormatSpec, width};

/// What `format` is called with.
pub(crate) struct FieldValues<'a> {
    pub(crate) args: &'a [Datum],
    pub(crate) kwargs: &'a [(std::sync::Arc<str>, Datum)],
}

/// `template.format(*args, **kwargs)`.
pub(crate) fn format_fields(
    template: &str,
    values: &FieldValues<'_>,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    allowance.text(template.len())?;
    let mut out = String::new();
    let mut counted = 0;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, tail) = rest.split_at(at);
        out.push_str(text);
        if let Some(tail) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
            out.push_str(if rest.as_bytes().get(at) == Some(&b'{') {
                "{"
            } else {
                "}"
            });
            rest = tail;
            continue;
        }
        let inner = tail
            .strip_prefix('{')
            .ok_or_else(|| Exception::python("Single '}' encountered in format string"))?;
        let (field, tail) = inner
            .split_once('}')
            .ok_or_else(|| Exception::python("expected '}' before end of string"))?;
        if field.contains('{') {
            return Err(Exception::unsupported("a field within a field of `format`"));
        }
        let replaced = replacement(field, values, &mut counted, allowance)?;
        allowance.text(replaced.len())?;
        out.push_str(&replaced);
        allowance.fits(out.len())?;
        rest = tail;
    }
    out.push_str(rest);
    Ok(Datum::str(out))
}

fn replacement(
    field: &str,
    values: &FieldValues<'_>,
    counted: &mut usize,
    allowance: &Allowance,
) -> Result<String, Exception> {
    let (name, spec) = field.split_once(':').unwrap_or((field, ""));
    let (path, conversion) = match name.split_once('!') {
        Some((path, conversion)) => (path, Some(conversion)),
        None => (name, None),
    };
    let value = look_up(path, values, counted, allowance)?;
    let value = match conversion {
        None => value,
        Some("s") => Datum::Str(to_text(&value, allowance)?),
        Some("r") => Datum::str(repr(&value, allowance)?),
        Some(other) => return Err(Exception::unsupported(format!("`!{other}` in `format`"))),
    };
    lay_out(&value, spec, allowance)
}

fn look_up(
    path: &str,
    values: &FieldValues<'_>,
    counted: &mut usize,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (first, mut rest) = path.split_at(end);
    let mut value = if first.is_empty() || first.chars().all(|c| c.is_ascii_digit()) {
        let at = first.parse().unwrap_or(*counted);
        *counted += 1;
        values.args.get(at).cloned()
    } else {
        let named = values.kwargs.iter().find(|(name, _)| **name == *first);
        named.map(|(_, value)| value.clone())
    }
    .ok_or_else(|| Exception::python(format!("no value for the field '{first}' of `format`")))?;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let (name, tail) = tail.split_at(end);
            value = attribute(&value, name, allowance)?;
            rest = tail;
        } else {
            let (index, tail) = rest
                .strip_prefix('[')
                .and_then(|tail| tail.split_once(']'))
                .ok_or_else(|| Exception::python("missing ']' in format string"))?;
            let index = match index.parse() {
                Ok(int) => Datum::Int(int),
                Err(_) => Datum::str(index),
            };
            value = subscript(&value, &index, allowance)?;
            rest = tail;
        }
    }
    Ok(value)
}

fn lay_out(value: &Datum, spec: &str, allowance: &Allowance) -> Result<String, Exception> {
    if spec.is_empty() {
        return Ok(to_text(value, allowance)?.to_string());
    }
    let layout = parse_spec(spec)?;
    match value {
        Datum::Str(text) => match layout.kind {
            None | Some('s') => layout.pad("", cut(text, layout.precision), '<', allowance),
            Some(kind) => Err(Exception::python(format!(
                "unknown format code '{kind}' for str"
            ))),
        },
        Datum::Int(_) | Datum::Bool(_) => match layout.kind {
            Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
                layout.float(to_float(value), allowance)
            }
            None | Some('d' | 'x' | 'X' | 'o' | 'b') if layout.precision.is_none() => {
                layout.integer(value.as_int().unwrap_or(0), allowance)
            }
            _ => Err(Exception::python("unknown or precise format code for int")),
        },
        Datum::Float(float) => layout.float(*float, allowance),
        _ => Err(Exception::python(format!(
            "unsupported format string passed to {}.__format__",
            value.type_name()
        ))),
    }
}

fn parse_spec(spec: &str) -> Result<FormatSpec, Exception> {
    let mut layout = FormatSpec::default();
    let chars: Vec<char> = spec.chars().collect();
    let is_align = |at: usize| chars.get(at).is_some_and(|c| "<>^=".contains(*c));
    let mut at = 0;
    if is_align(1) {
        layout.fill = chars.first().copied();
        layout.align = chars.get(1).copied();
        at = 2;
    } else if is_align(0) {
        layout.align = chars.first().copied();
        at = 1;
    }
    let mut take = |wanted: &str| {
        let found = chars.get(at).copied().filter(|c| wanted.contains(*c));
        at += usize::from(found.is_some());
        found
    };
    layout.plus = take("+- ").filter(|sign| *sign != '-');
    layout.alternate = take("#").map(|_| Alternate);
    if take("0").is_some() && layout.align.is_none() {
        layout.fill = Some('0');
        layout.align = Some('=');
    }
    let digits: String = std::iter::from_fn(|| take("0123456789")).collect();
    if !digits.is_empty() {
        layout.width = width(&digits)?;
    }
    layout.group = take(",_");
    if take(".").is_some() {
        let digits: String = std::iter::from_fn(|| take("0123456789")).collect();
        layout.precision = Some(width(&digits)?);
    }
    layout.kind = chars.get(at).copied();
    if at + 1 < chars.len() {
        return Err(Exception::python(format!(
            "invalid format specifier '{spec}'"
        )));
    }
    Ok(layout)
}
