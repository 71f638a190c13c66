//! `value[index]` and `value[start:stop:step]`.

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::{Datum, Key, Progression, TextKey};

/// `value[index]`; nothing where Python raises `TypeError` or `LookupError`,
/// which Jinja2 takes for an undefined value.
pub(crate) fn item(
    value: &Datum,
    index: &Datum,
    allowance: &Allowance,
) -> Result<Option<Datum>, Exception> {
    match value {
        Datum::Undefined(why) => Err(Exception::python(&**why)),
        Datum::Dict(dict) => match index {
            Datum::Str(name) => Ok(dict.map.get(&TextKey(name)).cloned()),
            Datum::List(_) | Datum::Dict(_) | Datum::View(..) => Ok(None),
            _ => Ok(dict.map.get(&Key::new(index.clone())?).cloned()),
        },
        Datum::List(seq) | Datum::Tuple(seq) => Ok(position(index, seq.items.len())
            .and_then(|at| seq.items.get(at))
            .cloned()),
        Datum::Range(range) => Ok(position(index, range.len()).map(|at| range.at(at))),
        Datum::Str(text) => {
            if index.as_int().is_none() {
                return Ok(None);
            }
            allowance.work(text.len())?;
            let chars = text.chars().count();
            let c = position(index, chars).and_then(|at| text.chars().nth(at));
            Ok(c.map(|c| Datum::str(c.to_string())))
        }
        Datum::Safe(_) => Err(Exception::unsupported("an index into what `|safe` gave")),
        _ => Ok(None),
    }
}

/// A place among `len`, where negative numbers count from the end.
fn position(index: &Datum, len: usize) -> Option<usize> {
    let index = index.as_int()?;
    let from_start = if index < 0 {
        index + i128::try_from(len).ok()?
    } else {
        index
    };
    usize::try_from(from_start).ok().filter(|at| *at < len)
}

/// `value[start:stop:step]`.
pub(crate) fn slice(
    value: &Datum,
    bounds: &[Datum; 3],
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    match value {
        Datum::Undefined(why) => Err(Exception::python(&**why)),
        Datum::Str(text) => {
            allowance.work(text.len())?;
            let chars: Vec<char> = text.chars().collect();
            let places = places(bounds, chars.len())?;
            let text: String = (0..places.len())
                .filter_map(|at| chars.get(place(places, at)))
                .collect();
            Ok(Datum::str(text))
        }
        Datum::List(seq) | Datum::Tuple(seq) => {
            let places = places(bounds, seq.items.len())?;
            allowance.items(places.len())?;
            let items: Vec<Datum> = (0..places.len())
                .filter_map(|at| seq.items.get(place(places, at)).cloned())
                .collect();
            match value {
                Datum::List(_) => Datum::list(items),
                _ => Datum::tuple(items),
            }
        }
        Datum::Range(range) => {
            let places = places(bounds, range.len())?;
            Ok(Datum::Range(Progression {
                start: range.start + places.start * range.step,
                stop: range.start + places.stop * range.step,
                step: range.step * places.step,
            }))
        }
        Datum::Safe(_) => Err(Exception::unsupported("a slice of what `|safe` gave")),
        _ => Err(Exception::python(format!(
            "'{}' object cannot be sliced",
            value.type_name()
        ))),
    }
}

fn place(places: Progression, at: usize) -> usize {
    places
        .at(at)
        .as_int()
        .and_then(|at| usize::try_from(at).ok())
        .unwrap_or(usize::MAX)
}

/// The places that a slice takes of `len`, as `slice.indices` gives them.
fn places(bounds: &[Datum; 3], len: usize) -> Result<Progression, Exception> {
    let len = i128::try_from(len).unwrap_or(i128::MAX);
    let [start, stop, step] = bounds;
    let step = bound(step)?.unwrap_or(1).clamp(-len - 1, len + 1);
    if step == 0 {
        return Err(Exception::python("slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clip = |bound: Option<i128>, default: i128| match bound {
        None => default,
        Some(bound) if bound < 0 => bound.saturating_add(len).clamp(low, high),
        Some(bound) => bound.clamp(low, high),
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    Ok(Progression {
        start: clip(bound(start)?, first),
        stop: clip(bound(stop)?, last),
        step,
    })
}

fn bound(datum: &Datum) -> Result<Option<i128>, Exception> {
    match datum {
        Datum::None => Ok(None),
        Datum::Int(_) | Datum::Bool(_) => Ok(datum.as_int()),
        _ => Err(Exception::python(
            "slice indices must be integers or None or have an __index__ method",
        )),
    }
}
