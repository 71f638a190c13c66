//! Truth, equality, order and membership.

use std::cmp::Ordering;

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::{Datum, Dict, Key, ViewKind};

/// `bool(value)`.
pub(crate) fn is_true(datum: &Datum) -> bool {
    match datum {
        Datum::Undefined(_) | Datum::None => false,
        Datum::Bool(bool) => *bool,
        Datum::Int(int) => *int != 0,
        Datum::Float(float) => *float != 0.0,
        Datum::Method(_) | Datum::Function(_) | Datum::Handle(_) => true,
        sized => sized.shallow_len() > 0,
    }
}

/// `a == b`, paid for by what may be compared.
pub(crate) fn equal(a: &Datum, b: &Datum, allowance: &Allowance) -> Result<bool, Exception> {
    allowance.work(a.weight().min(b.weight()))?;
    Ok(same(a, b))
}

fn same(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Undefined(_), Datum::Undefined(_)) | (Datum::None, Datum::None) => true,
        (Datum::Str(a) | Datum::Safe(a), Datum::Str(b) | Datum::Safe(b)) => a == b,
        (Datum::List(a), Datum::List(b)) | (Datum::Tuple(a), Datum::Tuple(b)) => {
            a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| same(a, b))
        }
        (Datum::Dict(a), Datum::Dict(b)) => same_dicts(a, b),
        (Datum::Range(a), Datum::Range(b)) => {
            a.len() == b.len()
                && (a.len() == 0 || a.start == b.start)
                && (a.len() < 2 || a.step == b.step)
        }
        (Datum::Function(a), Datum::Function(b)) => a == b,
        (Datum::Handle(a), Datum::Handle(b)) => a == b,
        _ => numbers(a, b) == Some(Ordering::Equal),
    }
}

fn same_dicts(a: &Dict, b: &Dict) -> bool {
    a.map.len() == b.map.len()
        && a.map
            .iter()
            .all(|(key, datum)| b.map.get(key).is_some_and(|other| same(datum, other)))
}

/// The order of two numbers; nothing for NaN and what is no number.
fn numbers(a: &Datum, b: &Datum) -> Option<Ordering> {
    match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => return Some(a.cmp(&b)),
        (Some(a), None) => return compare_mixed(a, as_float(b)?),
        (None, Some(b)) => return compare_mixed(b, as_float(a)?).map(Ordering::reverse),
        (None, None) => {}
    }
    as_float(a)?.partial_cmp(&as_float(b)?)
}

fn as_float(datum: &Datum) -> Option<f64> {
    match datum {
        Datum::Float(float) => Some(*float),
        _ => None,
    }
}

/// An integer against a float, exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the float is whole and within the bounds of the integer"
)]
fn compare_mixed(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float >= 1.7e38 {
        return Some(Ordering::Less);
    }
    if float <= -1.7e38 {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    let fraction = (float - whole).partial_cmp(&0.0)?;
    Some(int.cmp(&(whole as i128)).then(fraction.reverse()))
}

/// Whether `a` stands before, at or after `b`; nothing where NaN is compared.
pub(crate) fn order(
    a: &Datum,
    b: &Datum,
    allowance: &Allowance,
) -> Result<Option<Ordering>, Exception> {
    allowance.work(a.weight().min(b.weight()))?;
    compare(a, b)
}

/// `a < b`.
pub(crate) fn less(a: &Datum, b: &Datum, allowance: &Allowance) -> Result<bool, Exception> {
    Ok(order(a, b, allowance)? == Some(Ordering::Less))
}

fn compare(a: &Datum, b: &Datum) -> Result<Option<Ordering>, Exception> {
    for datum in [a, b] {
        if let Datum::Undefined(why) = datum {
            return Err(Exception::python(&**why));
        }
    }
    match (a, b) {
        (Datum::Str(a) | Datum::Safe(a), Datum::Str(b) | Datum::Safe(b)) => Ok(Some(a.cmp(b))),
        (Datum::List(a), Datum::List(b)) | (Datum::Tuple(a), Datum::Tuple(b)) => {
            for (a, b) in a.items.iter().zip(&b.items) {
                if !same(a, b) {
                    return compare(a, b);
                }
            }
            Ok(Some(a.items.len().cmp(&b.items.len())))
        }
        _ if is_number(a) && is_number(b) => Ok(numbers(a, b)),
        (Datum::View(..), Datum::View(..)) => Err(Exception::unsupported("an order of dict views")),
        _ => Err(Exception::python(format!(
            "'<' not supported between instances of '{}' and '{}'",
            a.type_name(),
            b.type_name()
        ))),
    }
}

/// Whether it is an integer, boolean or float.
pub(crate) fn is_number(datum: &Datum) -> bool {
    matches!(datum, Datum::Bool(_) | Datum::Int(_) | Datum::Float(_))
}

/// `needle in haystack`, but for generators.
pub(crate) fn contains(
    haystack: &Datum,
    needle: &Datum,
    allowance: &Allowance,
) -> Result<bool, Exception> {
    match haystack {
        Datum::Str(text) | Datum::Safe(text) => match needle {
            Datum::Str(part) | Datum::Safe(part) => {
                allowance.work(text.len())?;
                Ok(text.contains(&**part))
            }
            _ => Err(Exception::python(format!(
                "'in <string>' requires string as left operand, not {}",
                needle.type_name()
            ))),
        },
        Datum::Undefined(_) => Ok(false),
        Datum::List(seq) | Datum::Tuple(seq) => any_equal(&seq.items, needle, allowance),
        Datum::Dict(dict) | Datum::View(ViewKind::Keys, dict) => {
            allowance.work(needle.weight())?;
            Ok(dict.map.contains_key(&Key::new(needle.clone())?))
        }
        Datum::View(ViewKind::Values, dict) => {
            for datum in dict.map.values() {
                if equal(datum, needle, allowance)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Datum::View(ViewKind::Items, _) => {
            Err(Exception::unsupported("`in` on the items of a dict"))
        }
        Datum::Range(range) => {
            for at in 0..range.len() {
                if equal(&range.at(at), needle, allowance)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Datum::Handle(_) => Err(Exception::unsupported(format!(
            "`in` on a {}",
            haystack.type_name()
        ))),
        _ => Err(Exception::python(format!(
            "argument of type '{}' is not iterable",
            haystack.type_name()
        ))),
    }
}

fn any_equal(items: &[Datum], needle: &Datum, allowance: &Allowance) -> Result<bool, Exception> {
    for item in items {
        if equal(item, needle, allowance)? {
            return Ok(true);
        }
    }
    Ok(false)
}
