//! Methods that take a text apart.

use std::sync::Arc;

use super::super::args::{CallArgs, flag, int, text_argument};
use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::python::unicode::{is_line_end, is_space};
use super::super::value::Datum;

pub(super) fn call(
    receiver: &Arc<str>,
    method: &str,
    call: &CallArgs,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    match method {
        "strip" | "lstrip" | "rstrip" => {
            let [chars] = call.positional(method)?;
            let chars = match chars {
                None | Some(Datum::None) => None,
                some => Some(text_argument(some, method)?),
            };
            if let Some(chars) = &chars {
                // Every character of the text may be sought among them.
                allowance.work(receiver.len().saturating_mul(chars.len()))?;
            }
            Ok(Datum::str(strip(receiver, method, chars.as_deref())))
        }
        "split" | "rsplit" => split(receiver, method, call),
        "splitlines" => {
            let [keep] = call.bind(method, ["keepends"])?;
            let keep = if flag(keep) {
                Ends::Kept
            } else {
                Ends::Dropped
            };
            Datum::list(lines(receiver, keep).into_iter().map(Datum::str).collect())
        }
        "partition" | "rpartition" => partition(receiver, method, call),
        _ => {
            let [affix] = call.positional(method)?;
            let affix = text_argument(affix, method)?;
            let stripped = if method == "removeprefix" {
                receiver.strip_prefix(&*affix)
            } else {
                receiver.strip_suffix(&*affix)
            };
            Ok(stripped.map_or_else(|| Datum::Str(receiver.clone()), Datum::str))
        }
    }
}

/// `strip`, `lstrip` or `rstrip`, of white space or of `chars`.
pub(crate) fn strip<'a>(text: &'a str, method: &str, chars: Option<&str>) -> &'a str {
    let test = |c: char| match chars {
        None => is_space(c),
        Some(chars) => chars.contains(c),
    };
    match method {
        "lstrip" => text.trim_start_matches(test),
        "rstrip" => text.trim_end_matches(test),
        _ => text.trim_matches(test),
    }
}

fn split(receiver: &str, method: &str, call: &CallArgs) -> Result<Datum, Exception> {
    let [separator, most] = call.bind(method, ["sep", "maxsplit"])?;
    let most = int(most, -1, method)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let parts: Vec<&str> = match separator {
        None | Some(Datum::None) if method == "split" => words(receiver, most),
        None | Some(Datum::None) => words_from_end(receiver, most),
        some => {
            let separator = text_argument(some, method)?;
            if separator.is_empty() {
                return Err(Exception::python("empty separator"));
            }
            let count = most.saturating_add(1);
            if method == "split" {
                receiver.splitn(count, &*separator).collect()
            } else {
                let mut parts: Vec<&str> = receiver.rsplitn(count, &*separator).collect();
                parts.reverse();
                parts
            }
        }
    };
    Datum::list(parts.into_iter().map(Datum::str).collect())
}

fn words(text: &str, most: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        if parts.len() == most {
            parts.push(rest);
            break;
        }
        let len = rest.find(is_space).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(len);
        parts.push(word);
        rest = tail.trim_start_matches(is_space);
    }
    parts
}

fn words_from_end(text: &str, most: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end_matches(is_space);
    while !rest.is_empty() {
        if parts.len() == most {
            parts.push(rest);
            break;
        }
        let start = rest.rfind(is_space).map_or(0, |at| {
            at + rest
                .get(at..)
                .and_then(|tail| tail.chars().next())
                .map_or(0, char::len_utf8)
        });
        let (tail, word) = rest.split_at(start);
        parts.push(word);
        rest = tail.trim_end_matches(is_space);
    }
    parts.reverse();
    parts
}

/// Whether lines keep what ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Kept,
    Dropped,
}

/// `str.splitlines`.
pub(crate) fn lines(text: &str, ends: Ends) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(len) = rest.find(is_line_end) else {
            parts.push(rest);
            break;
        };
        let (line, tail) = rest.split_at(len);
        let end_len = if tail.starts_with("\r\n") {
            2
        } else {
            tail.chars().next().map_or(0, char::len_utf8)
        };
        match ends {
            Ends::Kept => parts.extend(rest.get(..len + end_len)),
            Ends::Dropped => parts.push(line),
        }
        rest = tail.get(end_len..).unwrap_or("");
    }
    parts
}

fn partition(receiver: &Arc<str>, method: &str, call: &CallArgs) -> Result<Datum, Exception> {
    let [separator] = call.positional(method)?;
    let separator = text_argument(separator, method)?;
    if separator.is_empty() {
        return Err(Exception::python("empty separator"));
    }
    let whole: &str = receiver;
    let parts = if method == "partition" {
        let (before, after) = whole.split_once(&*separator).unwrap_or((whole, ""));
        let found = before.len() < whole.len();
        [before, if found { &*separator } else { "" }, after]
    } else {
        let (before, after) = whole.rsplit_once(&*separator).unwrap_or(("", whole));
        let found = after.len() < whole.len();
        [before, if found { &*separator } else { "" }, after]
    };
    Datum::tuple(parts.into_iter().map(Datum::str).collect())
}
