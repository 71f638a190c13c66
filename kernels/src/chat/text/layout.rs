//! Methods that fill a text up to a width.

use std::sync::Arc;

use super::super::args::{CallArgs, int, required, text_argument};
use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::Datum;

/// Where the text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alignment {
    Left,
    Center,
    Right,
}

pub(super) fn call(
    receiver: &Arc<str>,
    method: &str,
    call: &CallArgs,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    let [width, fill] = call.positional(method)?;
    let width = int(Some(required(width, method)?), 0, method)?;
    if method == "zfill" {
        if fill.is_some() {
            return Err(Exception::python("zfill takes one argument"));
        }
        let sign_len = usize::from(receiver.starts_with(['+', '-']));
        let (sign, digits) = receiver.split_at(sign_len);
        let digits = aligned(
            digits,
            width - sign_len as i128,
            '0',
            Alignment::Right,
            allowance,
        )?;
        return Ok(Datum::str(format!("{sign}{digits}")));
    }
    let fill = match fill {
        None => ' ',
        some => {
            let text = text_argument(some, method)?;
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(fill), None) => fill,
                _ => {
                    return Err(Exception::python(
                        "the fill character must be exactly one character long",
                    ));
                }
            }
        }
    };
    let side = match method {
        "center" => Alignment::Center,
        "ljust" => Alignment::Left,
        _ => Alignment::Right,
    };
    Ok(Datum::str(aligned(receiver, width, fill, side, allowance)?))
}

/// The text with `fill` around it, `width` characters in all.
pub(crate) fn aligned(
    text: &str,
    width: i128,
    fill: char,
    side: Alignment,
    allowance: &Allowance,
) -> Result<String, Exception> {
    let len = text.chars().count();
    let width = usize::try_from(width.max(0)).unwrap_or(usize::MAX);
    let missing = width.saturating_sub(len);
    allowance.text(missing.saturating_mul(fill.len_utf8()))?;
    let fill = |n: usize| String::from(fill).repeat(n);
    Ok(match side {
        Alignment::Left => format!("{text}{}", fill(missing)),
        Alignment::Right => format!("{}{text}", fill(missing)),
        Alignment::Center => {
            // CPython puts the odd one on the left where the width is odd.
            let left = missing / 2 + (missing & width & 1);
            format!("{}{text}{}", fill(left), fill(missing - left))
        }
    })
}
