//! Calls of methods.

use super::args::{CallArgs, int, required};
use super::error::Exception;
use super::machine::Runtime;
use super::python::compare::equal;
use super::text;
use super::value::{Datum, Key, ViewKind};

/// `receiver.name(...)`.
pub(super) fn call(
    machine: &mut Runtime,
    receiver: &Datum,
    name: &str,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    match (receiver, name) {
        (Datum::Str(separator), "join") => {
            let [items] = call.positional(name)?;
            let items = machine.iterate(&required(items, name)?)?;
            text::join(separator, &items, &machine.allowance)
        }
        (Datum::Str(receiver), _) => text::call(receiver, name, call, &machine.allowance),
        (Datum::Dict(_), _) => of_dict(machine, receiver, name, call),
        (Datum::List(seq) | Datum::Tuple(seq), "count" | "index") => {
            let [needle, start] = call.positional(name)?;
            let needle = required(needle, name)?;
            let start = usize::try_from(int(start, 0, name)?)
                .map_err(|_| Exception::unsupported("`index` from a negative place"))?;
            let mut found = Vec::new();
            for (at, item) in seq.items.iter().enumerate().skip(start) {
                if equal(item, &needle, &machine.allowance)? {
                    found.push(at);
                }
            }
            match (name, found.first()) {
                ("count", _) => Ok(Datum::Int(found.len() as i128)),
                (_, Some(at)) => Ok(Datum::Int(*at as i128)),
                (_, None) => Err(Exception::python("the value is not in the list")),
            }
        }
        (Datum::List(_), "copy") => {
            let [] = call.positional(name)?;
            Ok(receiver.clone())
        }
        (Datum::Float(float), "is_integer") => {
            let [] = call.positional(name)?;
            Ok(Datum::Bool(float.is_finite() && float.fract() == 0.0))
        }
        (Datum::Int(int), "bit_length") => {
            let [] = call.positional(name)?;
            let bits = 128 - int.unsigned_abs().leading_zeros();
            Ok(Datum::Int(i128::from(bits)))
        }
        _ => Err(Exception::unsupported(format!(
            "the method `{name}` of {}",
            receiver.type_name()
        ))),
    }
}

fn of_dict(
    machine: &mut Runtime,
    receiver: &Datum,
    name: &str,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    let Datum::Dict(dict) = receiver else {
        return Err(Exception::python("expected a dict"));
    };
    let view = match name {
        "items" => ViewKind::Items,
        "keys" => ViewKind::Keys,
        "values" => ViewKind::Values,
        "copy" => {
            let [] = call.positional(name)?;
            return Ok(receiver.clone());
        }
        "get" => {
            let [key, default] = call.positional(name)?;
            let key = required(key, name)?;
            machine.allowance.work(key.weight())?;
            let found = dict.map.get(&Key::new(key)?).cloned();
            return Ok(found.or(default).unwrap_or(Datum::None));
        }
        _ => {
            return Err(Exception::unsupported(format!(
                "the method `{name}` of dict"
            )));
        }
    };
    let [] = call.positional(name)?;
    Ok(Datum::View(view, dict.clone()))
}
