//! The methods of Python's `str`.

mod case;
mod cut;
mod layout;
mod search;

use std::sync::Arc;

use super::args::{CallArgs, text};
use super::budget::Allowance;
use super::error::Exception;
use super::python::fields::{FieldValues, format_fields};
use super::python::unicode;
use super::value::Datum;

pub(super) use case::{capitalize, is_lower, is_upper, title_words};
pub(super) use cut::{Ends, lines};
pub(super) use layout::{Alignment, aligned};

/// `receiver.method(...)`.
pub(super) fn call(
    receiver: &Arc<str>,
    method: &str,
    call: &CallArgs,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    allowance.work(receiver.len())?;
    match method {
        "upper" | "lower" | "title" | "capitalize" | "swapcase" => {
            let [] = call.positional(method)?;
            case::change(receiver, method)
        }
        "isalpha" | "isalnum" | "isdecimal" | "isdigit" | "isnumeric" | "isspace" | "isascii"
        | "islower" | "isupper" | "isprintable" => {
            let [] = call.positional(method)?;
            Ok(Datum::Bool(is(receiver, method)?))
        }
        "strip" | "lstrip" | "rstrip" | "split" | "rsplit" | "splitlines" | "partition"
        | "rpartition" | "removeprefix" | "removesuffix" => {
            cut::call(receiver, method, call, allowance)
        }
        "find" | "rfind" | "index" | "rindex" | "count" | "startswith" | "endswith" | "replace" => {
            search::call(receiver, method, call, allowance)
        }
        "center" | "ljust" | "rjust" | "zfill" => layout::call(receiver, method, call, allowance),
        "format" => {
            let values = FieldValues {
                args: &call.args,
                kwargs: &call.kwargs,
            };
            format_fields(receiver, &values, allowance)
        }
        _ => Err(Exception::unsupported(format!(
            "the method `{method}` of str"
        ))),
    }
}

/// `receiver.join(items)`.
pub(super) fn join(
    receiver: &str,
    items: &[Datum],
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            allowance.text(receiver.len())?;
            out.push_str(receiver);
        }
        let item = text(item.clone(), "join")?;
        allowance.text(item.len())?;
        out.push_str(&item);
        allowance.fits(out.len())?;
    }
    Ok(Datum::str(out))
}

fn is(receiver: &str, method: &str) -> Result<bool, Exception> {
    let all = |test: fn(char) -> bool| !receiver.is_empty() && receiver.chars().all(test);
    let ideograph =
        |c: char| !c.is_ascii() && unicode::is_alpha(c) && !c.is_lowercase() && !c.is_uppercase();
    Ok(match method {
        "isalpha" => all(unicode::is_alpha),
        "isalnum" => all(|c| unicode::is_alpha(c) || unicode::is_number(c)),
        "isdecimal" => all(unicode::is_decimal),
        "isdigit" => all(unicode::is_digit),
        "isnumeric" if receiver.chars().any(ideograph) => {
            return Err(Exception::unsupported("`isnumeric` of ideographs"));
        }
        "isnumeric" => all(unicode::is_number),
        "isspace" => all(unicode::is_space),
        "isascii" => receiver.is_ascii(),
        "islower" => is_lower(receiver),
        "isupper" => is_upper(receiver),
        _ => receiver.chars().all(unicode::is_printable),
    })
}
