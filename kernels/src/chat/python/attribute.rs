//! `value.name` and `value['name']` as Jinja2's sandbox looks them up.

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::Datum;
use super::index::item;

const STR: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];
const DICT: &[&str] = &["copy", "fromkeys", "get", "items", "keys", "values"];
const LIST: &[&str] = &["copy", "count", "index"];
const TUPLE: &[&str] = &["count", "index"];
const INT: &[&str] = &[
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "from_bytes",
    "to_bytes",
];
const FLOAT: &[&str] = &[
    "as_integer_ratio",
    "conjugate",
    "fromhex",
    "hex",
    "is_integer",
];
const VIEW: &[&str] = &["isdisjoint", "mapping"];

/// What the sandbox hides, because it changes the value.
const HIDDEN_DICT: &[&str] = &["clear", "pop", "popitem", "setdefault", "update"];
const HIDDEN_LIST: &[&str] = &[
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
];

/// What an attribute is.
enum Found {
    Value(Datum),
    Hidden,
    Nothing,
}

fn find(value: &Datum, name: &str) -> Found {
    if let (Datum::Int(_) | Datum::Bool(_) | Datum::Float(_), Some(part)) =
        (value, number_part(value, name))
    {
        return Found::Value(part);
    }
    let (methods, hidden): (&[&'static str], &[&str]) = match value {
        Datum::Str(_) | Datum::Safe(_) => (STR, &[]),
        Datum::Dict(_) => (DICT, HIDDEN_DICT),
        Datum::List(_) => (LIST, HIDDEN_LIST),
        Datum::Tuple(_) => (TUPLE, &[]),
        Datum::Range(_) => (&["count", "index", "start", "stop", "step"], &[]),
        Datum::Int(_) | Datum::Bool(_) => (INT, &[]),
        Datum::Float(_) => (FLOAT, &[]),
        Datum::View(..) => (VIEW, &[]),
        _ => (&[], &[]),
    };
    if let Some(method) = methods.iter().find(|method| **method == name) {
        return Found::Value(Datum::Method((value.clone(), *method).into()));
    }
    if is_private(name) || hidden.contains(&name) {
        return Found::Hidden;
    }
    Found::Nothing
}

/// Whether it is a name of Python's own, which the sandbox hides.
fn is_private(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

/// `real` and its like of numbers.
fn number_part(value: &Datum, name: &str) -> Option<Datum> {
    let int = value.as_int().map(Datum::Int);
    match (name, value) {
        ("real", Datum::Float(_)) => Some(value.clone()),
        ("imag", Datum::Float(_)) => Some(Datum::Float(0.0)),
        ("real" | "numerator", _) => int,
        ("imag", _) => int.map(|_| Datum::Int(0)),
        ("denominator", _) => int.map(|_| Datum::Int(1)),
        _ => None,
    }
}

fn missing(value: &Datum, name: &str) -> Datum {
    Datum::Undefined(format!("'{} object' has no attribute '{name}'", value.type_name()).into())
}

fn hidden(value: &Datum, name: &str) -> Datum {
    Datum::Undefined(
        format!(
            "access to attribute '{name}' of '{}' object is unsafe",
            value.type_name()
        )
        .into(),
    )
}

/// `value.name`: the attribute, else the item, else undefined.
pub(crate) fn attribute(
    value: &Datum,
    name: &str,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    match (value, is_private(name)) {
        (Datum::Undefined(_), true) => return Ok(hidden(value, name)),
        (Datum::Undefined(why), false) => return Err(Exception::python(&**why)),
        _ => {}
    }
    match find(value, name) {
        Found::Value(found) => Ok(found),
        Found::Hidden => Ok(hidden(value, name)),
        Found::Nothing => {
            let found = item(value, &Datum::str(name), allowance)?;
            Ok(found.unwrap_or_else(|| missing(value, name)))
        }
    }
}

/// `value|attr(name)`: the attribute, else undefined.
pub(crate) fn attribute_only(value: &Datum, name: &str) -> Datum {
    match find(value, name) {
        Found::Value(found) => found,
        Found::Hidden => hidden(value, name),
        Found::Nothing => missing(value, name),
    }
}

/// `value[index]`: the item, else the attribute, else undefined.
pub(crate) fn subscript(
    value: &Datum,
    index: &Datum,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    if let Some(found) = item(value, index, allowance)? {
        return Ok(found);
    }
    match index {
        Datum::Str(name) => Ok(attribute_only(value, name)),
        _ => Ok(Datum::Undefined(
            format!("'{} object' has no such element", value.type_name()).into(),
        )),
    }
}
