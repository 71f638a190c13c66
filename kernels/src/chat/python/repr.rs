//! `str(value)` and `repr(value)`.

use std::fmt::Write;
use std::sync::Arc;

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::{Datum, Dict, Progression, ViewKind};
use super::float::float_repr;
use super::unicode::is_printable;

/// `str(value)`.
pub(crate) fn to_text(datum: &Datum, allowance: &Allowance) -> Result<Arc<str>, Exception> {
    match datum {
        Datum::Str(text) | Datum::Safe(text) => Ok(text.clone()),
        Datum::Undefined(_) => Ok("".into()),
        other => Ok(repr(other, allowance)?.into()),
    }
}

/// `repr(value)`.
pub(crate) fn repr(datum: &Datum, allowance: &Allowance) -> Result<String, Exception> {
    allowance.text(datum.weight())?;
    let mut out = String::new();
    write_repr(datum, &mut out)?;
    Ok(out)
}

fn write_repr(datum: &Datum, out: &mut String) -> Result<(), Exception> {
    match datum {
        Datum::Undefined(_) => out.push_str("Undefined"),
        Datum::None => out.push_str("None"),
        Datum::Bool(bool) => out.push_str(if *bool { "True" } else { "False" }),
        Datum::Int(int) => {
            let _ = write!(out, "{int}");
        }
        Datum::Float(float) => out.push_str(&float_repr(*float)),
        Datum::Str(text) => write_quoted(text, out),
        Datum::Safe(text) => {
            out.push_str("Markup(");
            write_quoted(text, out);
            out.push(')');
        }
        Datum::List(seq) => write_items("[", &seq.items, "]", out)?,
        Datum::Tuple(seq) if seq.items.len() == 1 => write_items("(", &seq.items, ",)", out)?,
        Datum::Tuple(seq) => write_items("(", &seq.items, ")", out)?,
        Datum::Dict(dict) => write_dict(dict, out)?,
        Datum::View(kind, dict) => write_view(*kind, dict, out)?,
        Datum::Range(range) => write_range(*range, out),
        Datum::Method(_) | Datum::Function(_) | Datum::Handle(_) => {
            let kind = datum.type_name();
            return Err(Exception::unsupported(format!("printing a {kind}")));
        }
    }
    Ok(())
}

fn write_items(
    open: &str,
    items: &[Datum],
    close: &str,
    out: &mut String,
) -> Result<(), Exception> {
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(item, out)?;
    }
    out.push_str(close);
    Ok(())
}

fn write_dict(dict: &Dict, out: &mut String) -> Result<(), Exception> {
    out.push('{');
    for (at, (key, datum)) in dict.map.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(key.datum(), out)?;
        out.push_str(": ");
        write_repr(datum, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_view(kind: ViewKind, dict: &Dict, out: &mut String) -> Result<(), Exception> {
    out.push_str(match kind {
        ViewKind::Keys => "dict_keys([",
        ViewKind::Values => "dict_values([",
        ViewKind::Items => "dict_items([",
    });
    for (at, (key, datum)) in dict.map.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        match kind {
            ViewKind::Keys => write_repr(key.datum(), out)?,
            ViewKind::Values => write_repr(datum, out)?,
            ViewKind::Items => {
                out.push('(');
                write_repr(key.datum(), out)?;
                out.push_str(", ");
                write_repr(datum, out)?;
                out.push(')');
            }
        }
    }
    out.push_str("])");
    Ok(())
}

fn write_range(range: Progression, out: &mut String) {
    let Progression { start, stop, step } = range;
    let _ = if step == 1 {
        write!(out, "range({start}, {stop})")
    } else {
        write!(out, "range({start}, {stop}, {step})")
    };
}

/// A string in quotes, the apostrophe unless that needs more escapes.
pub(crate) fn write_quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if c == quote => out.extend(['\\', c]),
            _ if is_printable(c) => out.push(c),
            _ => write_escape(u32::from(c), out),
        }
    }
    out.push(quote);
}

/// `\x..`, `\u....` or `\U........`, the shortest that holds the codepoint.
pub(crate) fn write_escape(code: u32, out: &mut String) {
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}
