//! Methods that look for a text in a text.

use std::sync::Arc;

use super::super::args::{CallArgs, int, required, text, text_argument};
use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::Datum;

pub(super) fn call(
    receiver: &Arc<str>,
    method: &str,
    call: &CallArgs,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    match method {
        "replace" => {
            let [old, new, count] = call.bind(method, ["", "", "count"])?;
            let old = text_argument(old, method)?;
            let new = text_argument(new, method)?;
            replace(receiver, &old, &new, int(count, -1, method)?, allowance)
        }
        "startswith" | "endswith" => affix(receiver, method, call),
        _ => find(receiver, method, call),
    }
}

/// `text.replace(old, new, count)`.
pub(crate) fn replace(
    receiver: &Arc<str>,
    old: &str,
    new: &str,
    count: i128,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let found = receiver.matches(old).count().min(most);
    if found == 0 {
        return Ok(Datum::Str(receiver.clone()));
    }
    let grown = new.len().saturating_sub(old.len()).saturating_mul(found);
    allowance.text(receiver.len().saturating_add(grown))?;
    Ok(Datum::str(receiver.replacen(old, new, found)))
}

/// The part of the text that two bounds in characters leave, and where it starts.
fn window(
    receiver: &str,
    start: Option<Datum>,
    end: Option<Datum>,
    callee: &str,
) -> Result<Option<(usize, usize)>, Exception> {
    let none_as_missing = |bound: Option<Datum>| bound.filter(|b| !matches!(b, Datum::None));
    let (start, end) = (none_as_missing(start), none_as_missing(end));
    if start.is_none() && end.is_none() {
        return Ok(Some((0, receiver.len())));
    }
    let n_chars = i128::try_from(receiver.chars().count()).unwrap_or(i128::MAX);
    let clip = |bound: i128| {
        let from_start = if bound < 0 {
            bound.saturating_add(n_chars).max(0)
        } else {
            bound
        };
        from_start.min(n_chars.saturating_add(1))
    };
    let start = clip(int(start, 0, callee)?);
    let end = clip(int(end, n_chars, callee)?).min(n_chars);
    if start > end {
        return Ok(None);
    }
    let byte = |chars: i128| {
        let at = usize::try_from(chars).unwrap_or(usize::MAX);
        receiver
            .char_indices()
            .nth(at)
            .map_or(receiver.len(), |(byte, _)| byte)
    };
    Ok(Some((byte(start), byte(end))))
}

fn find(receiver: &str, method: &str, call: &CallArgs) -> Result<Datum, Exception> {
    let [part, start, end] = call.positional(method)?;
    let part = text_argument(part, method)?;
    let window = window(receiver, start, end, method)?;
    let inside = window.and_then(|(start, end)| Some((start, receiver.get(start..end)?)));
    if method == "count" {
        let count = inside.map_or(0, |(_, text)| text.matches(&*part).count());
        return Ok(Datum::Int(count as i128));
    }
    let found = inside.and_then(|(start, text)| {
        let at = if method.starts_with('r') {
            text.rfind(&*part)
        } else {
            text.find(&*part)
        };
        at.and_then(|at| receiver.get(..start + at))
    });
    match found {
        Some(before) => Ok(Datum::Int(before.chars().count() as i128)),
        None if method.ends_with("index") => Err(Exception::python("substring not found")),
        None => Ok(Datum::Int(-1)),
    }
}

fn affix(receiver: &str, method: &str, call: &CallArgs) -> Result<Datum, Exception> {
    let [affix, start, end] = call.positional(method)?;
    let window = window(receiver, start, end, method)?;
    let inside = window.and_then(|(start, end)| receiver.get(start..end));
    let has = |affix: &str| {
        inside.is_some_and(|text| {
            if method == "startswith" {
                text.starts_with(affix)
            } else {
                text.ends_with(affix)
            }
        })
    };
    match required(affix, method)? {
        Datum::Tuple(seq) => {
            for affix in &seq.items {
                if has(&text(affix.clone(), method)?) {
                    return Ok(Datum::Bool(true));
                }
            }
            Ok(Datum::Bool(false))
        }
        affix => Ok(Datum::Bool(has(&text(affix, method)?))),
    }
}
