//! Filters on what has items.

use super::super::args::CallArgs;
use super::super::error::Exception;
use super::super::machine::Runtime;
use super::super::python::arith::{Arithmetic, binary};
use super::super::python::repr::to_text;
use super::super::text;
use super::super::value::{Datum, Handle};
use super::lazy;
use super::path::{follow, steps};

pub(super) fn apply(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    match name {
        "batch" | "slice" => return lazy::parts(machine, name, value, call),
        "join" => return join(machine, value, call),
        "sum" => return sum(machine, value, call),
        _ => {}
    }
    let [] = call.bind(name, [])?;
    match name {
        "first" => first(machine, value),
        "last" => last(machine, value),
        "length" | "count" => length(value),
        "list" => Datum::list(machine.iterate(value)?),
        "items" => lazy::items(machine, value),
        _ => reverse(machine, value),
    }
}

fn first(machine: &mut Runtime, value: &Datum) -> Result<Datum, Exception> {
    let first = match value {
        Datum::Handle(Handle::Generator(generator)) => machine.next(*generator)?,
        Datum::Str(text) | Datum::Safe(text) => {
            text.chars().next().map(|c| Datum::str(c.to_string()))
        }
        Datum::List(seq) | Datum::Tuple(seq) => seq.items.first().cloned(),
        other => machine.iterate(other)?.into_iter().next(),
    };
    Ok(first.unwrap_or_else(|| Datum::Undefined("No first item, sequence was empty.".into())))
}

fn last(machine: &mut Runtime, value: &Datum) -> Result<Datum, Exception> {
    if let Datum::Handle(_) = value {
        return Err(Exception::python(format!(
            "'{}' object is not reversible",
            value.type_name()
        )));
    }
    let last = match value {
        Datum::Str(text) => text.chars().next_back().map(|c| Datum::str(c.to_string())),
        Datum::List(seq) | Datum::Tuple(seq) => seq.items.last().cloned(),
        other => machine.iterate(other)?.pop(),
    };
    Ok(last.unwrap_or_else(|| Datum::Undefined("No last item, sequence was empty.".into())))
}

fn length(value: &Datum) -> Result<Datum, Exception> {
    let len = match value {
        Datum::Undefined(_) => 0,
        Datum::Str(text) | Datum::Safe(text) => text.chars().count(),
        Datum::List(_) | Datum::Tuple(_) | Datum::Dict(_) | Datum::View(..) | Datum::Range(_) => {
            value.shallow_len()
        }
        _ => {
            return Err(Exception::python(format!(
                "object of type '{}' has no len()",
                value.type_name()
            )));
        }
    };
    Ok(Datum::Int(len as i128))
}

fn reverse(machine: &mut Runtime, value: &Datum) -> Result<Datum, Exception> {
    if let Datum::Str(text) = value {
        machine.allowance.text(text.len())?;
        return Ok(Datum::str(text.chars().rev().collect::<String>()));
    }
    let mut items = machine.iterate(value)?;
    items.reverse();
    match value {
        // What cannot be read from its end is read into a list.
        Datum::Handle(_) => Datum::list(items),
        _ => machine.generator(items, None),
    }
}

fn join(machine: &mut Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [separator, attribute] = call.bind("join", ["d", "attribute"])?;
    let separator = separator.unwrap_or_else(|| Datum::str(""));
    let separator = to_text(&separator, &machine.allowance)?;
    let path = steps(attribute.as_ref());
    let mut texts = Vec::new();
    for item in machine.iterate(value)? {
        let item = follow(machine, &item, &path, None)?;
        texts.push(Datum::Str(to_text(&item, &machine.allowance)?));
    }
    text::join(&separator, &texts, &machine.allowance)
}

fn sum(machine: &mut Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [attribute, start] = call.bind("sum", ["attribute", "start"])?;
    let path = steps(attribute.as_ref());
    let mut sum = start.unwrap_or(Datum::Int(0));
    if let Datum::Str(_) = sum {
        return Err(Exception::python("sum() can't sum strings"));
    }
    for item in machine.iterate(value)? {
        let item = follow(machine, &item, &path, None)?;
        sum = binary(Arithmetic::Add, &sum, &item, &machine.allowance)?;
    }
    Ok(sum)
}
