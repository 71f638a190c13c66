//! `json.dumps`, as transformers' `tojson` filter calls it.

use std::fmt::Write;
use std::sync::Arc;

use super::super::args::CallArgs;
use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::python::compare::{is_true, less};
use super::super::python::float::float_repr;
use super::super::python::sort::sorted;
use super::super::value::{Datum, Dict};

/// How `json.dumps` is asked to print.
#[derive(Debug)]
pub(crate) struct Dumps {
    escape: Escape,
    indent: Option<String>,
    item_separator: Arc<str>,
    key_separator: Arc<str>,
    keys: Keys,
}

/// Which characters are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    Control,
    BeyondAscii,
}

/// The order of a dict's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    AsTheyAre,
    Sorted,
}

/// Indents beyond this are refused: no template needs them.
const MAX_INDENT: i128 = 1000;

impl Dumps {
    /// `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
    pub(crate) fn from_call(call: &CallArgs) -> Result<Self, Exception> {
        let names = ["ensure_ascii", "indent", "separators", "sort_keys"];
        let [ascii, indent, separators, sort] = call.bind("tojson", names)?;
        let indent = match indent {
            None | Some(Datum::None) => None,
            Some(Datum::Str(indent)) => Some(indent.to_string()),
            Some(indent) => Some(spaces(&indent)?),
        };
        let (item_separator, key_separator) = match separators {
            None | Some(Datum::None) => {
                let item = if indent.is_some() { "," } else { ", " };
                (item.into(), ": ".into())
            }
            Some(Datum::List(seq) | Datum::Tuple(seq)) => match &seq.items[..] {
                [Datum::Str(item), Datum::Str(key)] => (item.clone(), key.clone()),
                _ => return Err(Exception::python("separators must be two texts")),
            },
            Some(_) => return Err(Exception::python("separators must be two texts")),
        };
        Ok(Self {
            escape: match ascii {
                Some(ascii) if is_true(&ascii) => Escape::BeyondAscii,
                _ => Escape::Control,
            },
            indent,
            item_separator,
            key_separator,
            keys: match sort {
                Some(sort) if is_true(&sort) => Keys::Sorted,
                _ => Keys::AsTheyAre,
            },
        })
    }
}

fn spaces(indent: &Datum) -> Result<String, Exception> {
    match indent.as_int() {
        Some(n) if n > MAX_INDENT => {
            Err(Exception::Limit(format!("an indent is over {MAX_INDENT}")))
        }
        Some(n) => Ok(" ".repeat(usize::try_from(n).unwrap_or(0))),
        None => Err(Exception::python("an indent must be a number or a text")),
    }
}

/// `json.dumps(value, ...)`.
pub(crate) fn dumps(
    datum: &Datum,
    options: &Dumps,
    allowance: &Allowance,
) -> Result<String, Exception> {
    allowance.text(datum.weight())?;
    let mut writer = Writer {
        out: String::new(),
        options,
        allowance,
    };
    writer.value(datum, 0)?;
    allowance.text(writer.out.len())?;
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    options: &'a Dumps,
    allowance: &'a Allowance,
}

impl Writer<'_> {
    fn value(&mut self, datum: &Datum, depth: usize) -> Result<(), Exception> {
        match datum {
            Datum::Str(text) | Datum::Safe(text) => self.string(text),
            Datum::List(seq) | Datum::Tuple(seq) => self.array(&seq.items, depth)?,
            Datum::Dict(dict) => self.object(dict, depth)?,
            other => {
                let text = scalar(other).ok_or_else(|| {
                    let kind = other.type_name();
                    Exception::python(format!("Object of type {kind} is not JSON serializable"))
                })?;
                self.out.push_str(&text);
            }
        }
        Ok(())
    }

    fn array(&mut self, items: &[Datum], depth: usize) -> Result<(), Exception> {
        if items.is_empty() {
            self.out.push_str("[]");
            return Ok(());
        }
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            self.before_item(at, depth + 1)?;
            self.value(item, depth + 1)?;
        }
        self.line(depth)?;
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, dict: &Dict, depth: usize) -> Result<(), Exception> {
        if dict.map.is_empty() {
            self.out.push_str("{}");
            return Ok(());
        }
        self.out.push('{');
        let mut entries: Vec<_> = dict.map.iter().collect();
        if self.options.keys == Keys::Sorted {
            entries = sorted(entries, |a, b| {
                less(a.0.datum(), b.0.datum(), self.allowance)
            })?;
        }
        for (at, (key, datum)) in entries.into_iter().enumerate() {
            self.before_item(at, depth + 1)?;
            self.key(key.datum())?;
            self.out.push_str(&self.options.key_separator);
            self.value(datum, depth + 1)?;
        }
        self.line(depth)?;
        self.out.push('}');
        Ok(())
    }

    fn key(&mut self, key: &Datum) -> Result<(), Exception> {
        let text = match key {
            Datum::Str(text) => {
                self.string(text);
                return Ok(());
            }
            other => scalar(other),
        };
        let text = text.ok_or_else(|| {
            let kind = key.type_name();
            Exception::python(format!(
                "keys must be str, int, float, bool or None, not {kind}"
            ))
        })?;
        self.string(&text);
        Ok(())
    }

    fn before_item(&mut self, at: usize, depth: usize) -> Result<(), Exception> {
        if at > 0 {
            self.out.push_str(&self.options.item_separator);
        }
        self.line(depth)
    }

    fn line(&mut self, depth: usize) -> Result<(), Exception> {
        if let Some(indent) = &self.options.indent {
            self.allowance.text(indent.len().saturating_mul(depth))?;
            self.allowance.fits(self.out.len())?;
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str(indent);
            }
        }
        Ok(())
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\0'..='\x1f' => self.escape(c),
                ' '..='~' => self.out.push(c),
                _ if self.options.escape == Escape::Control => self.out.push(c),
                _ => self.escape(c),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            let _ = write!(self.out, "\\u{unit:04x}");
        }
    }
}

/// What is printed the same as a value and, in quotes, as a key.
fn scalar(datum: &Datum) -> Option<String> {
    Some(match datum {
        Datum::None => "null".into(),
        Datum::Bool(true) => "true".into(),
        Datum::Bool(false) => "false".into(),
        Datum::Int(int) => int.to_string(),
        Datum::Float(float) if float.is_nan() => "NaN".into(),
        Datum::Float(float) if float.is_infinite() => if *float > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into(),
        Datum::Float(float) => float_repr(*float),
        _ => return None,
    })
}
