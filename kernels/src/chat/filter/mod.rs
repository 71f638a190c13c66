//! Jinja2's filters.

mod lazy;
mod number;
mod order;
mod path;
mod sequence;
mod string;

use super::args::{CallArgs, flag, required};
use super::checks;
use super::error::Exception;
use super::json::{Dumps, dumps};
use super::machine::Runtime;
use super::python::attribute::attribute_only;
use super::python::compare::is_true;
use super::value::{Datum, Handle};

/// `value|name(...)`.
pub(super) fn apply(
    machine: &mut Runtime,
    name: &str,
    value: Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    machine.allowance.work(value.shallow_len())?;
    if matches!(value, Datum::Safe(_)) && !keeps_safe(name) {
        return Err(Exception::unsupported(format!(
            "the filter `{name}` on what `|safe` gave"
        )));
    }
    match name {
        "default" | "d" => {
            let [default, boolean] = call.bind(name, ["default_value", "boolean"])?;
            let empty = flag(boolean) && !is_true(&value);
            Ok(if empty || matches!(value, Datum::Undefined(_)) {
                default.unwrap_or_else(|| Datum::str(""))
            } else {
                value
            })
        }
        "tojson" => {
            let options = Dumps::from_call(call)?;
            dumps(&value, &options, &machine.allowance).map(Datum::str)
        }
        "attr" => {
            let [attribute] = call.bind(name, ["name"])?;
            match (required(attribute, name)?, &value) {
                (Datum::Str(attribute), Datum::Handle(Handle::Namespace(at))) => {
                    let members = machine.namespaces.get(*at);
                    let found = members.and_then(|members| members.get(&attribute));
                    Ok(found
                        .cloned()
                        .unwrap_or_else(|| Datum::undefined(&attribute)))
                }
                (Datum::Str(_), Datum::Handle(_)) => {
                    let kind = value.type_name();
                    Err(Exception::unsupported(format!(
                        "the filter `attr` on a {kind}"
                    )))
                }
                (Datum::Str(_), Datum::Undefined(why)) => Err(Exception::python(&**why)),
                (Datum::Str(attribute), _) => Ok(attribute_only(&value, &attribute)),
                _ => Err(Exception::python("attribute name must be string")),
            }
        }
        "abs" | "int" | "float" | "round" => number::apply(machine, name, &value, call),
        "first" | "last" | "length" | "count" | "list" | "reverse" | "join" | "items" | "batch"
        | "slice" | "sum" => sequence::apply(machine, name, &value, call),
        "sort" | "min" | "max" | "unique" | "dictsort" => order::apply(machine, name, &value, call),
        "map" => lazy::map(machine, &value, call, apply),
        "select" | "reject" | "selectattr" | "rejectattr" => {
            lazy::select(machine, name, &value, call, checks::check)
        }
        _ => string::apply(machine, name, &value, call),
    }
}

/// Filters that look at `Markup` without making more of it.
fn keeps_safe(name: &str) -> bool {
    matches!(
        name,
        "default"
            | "d"
            | "tojson"
            | "length"
            | "count"
            | "string"
            | "safe"
            | "e"
            | "escape"
            | "forceescape"
            | "list"
            | "first"
            | "join"
    )
}
