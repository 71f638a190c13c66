//! Jinja2's tests: `value is name(...)`.

use std::sync::Arc;

use super::args::{CallArgs, required};
use super::error::Exception;
use super::machine::Runtime;
use super::names::{self, Availability};
use super::python::arith::{Arithmetic, binary};
use super::python::compare::{contains, equal, order};
use super::python::repr::to_text;
use super::text::{is_lower, is_upper};
use super::value::{Datum, Handle, Key};

/// Whether the test holds, as a boolean.
pub(super) fn check(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    let holds = match name {
        "defined" | "undefined" | "none" | "boolean" | "true" | "false" | "integer" | "float"
        | "number" | "string" | "mapping" | "sequence" | "iterable" | "callable" | "escaped"
        | "filter" | "test" => {
            let [] = call.bind(name, [])?;
            is_kind(name, value)?
        }
        "lower" | "upper" => {
            let [] = call.bind(name, [])?;
            let text = to_text(value, &machine.allowance)?;
            machine.allowance.work(text.len())?;
            if name == "lower" {
                is_lower(&text)
            } else {
                is_upper(&text)
            }
        }
        "even" | "odd" => {
            let [] = call.bind(name, [])?;
            remainder(machine, value, &Datum::Int(2), i128::from(name == "odd"))?
        }
        "divisibleby" => {
            let [divisor] = call.bind(name, ["num"])?;
            remainder(machine, value, &required(divisor, name)?, 0)?
        }
        _ => {
            let [other] = call.bind(name, [""])?;
            relation(machine, name, value, &required(other, name)?)?
        }
    };
    Ok(Datum::Bool(holds))
}

fn is_kind(name: &str, value: &Datum) -> Result<bool, Exception> {
    Ok(match name {
        "defined" => !matches!(value, Datum::Undefined(_)),
        "undefined" => matches!(value, Datum::Undefined(_)),
        "none" => matches!(value, Datum::None),
        "boolean" => matches!(value, Datum::Bool(_)),
        "true" => matches!(value, Datum::Bool(true)),
        "false" => matches!(value, Datum::Bool(false)),
        "integer" => matches!(value, Datum::Int(_)),
        "float" => matches!(value, Datum::Float(_)),
        "number" => matches!(value, Datum::Int(_) | Datum::Float(_) | Datum::Bool(_)),
        "string" => matches!(value, Datum::Str(_) | Datum::Safe(_)),
        "mapping" => matches!(value, Datum::Dict(_)),
        "sequence" => is_sequence(value),
        "iterable" => is_sequence(value) || is_stream(value),
        "callable" => is_callable(value),
        "escaped" => matches!(value, Datum::Safe(_)),
        "filter" | "test" => is_named(name, value)?,
        _ => false,
    })
}

/// It has a length, and items by their place or key.
fn is_sequence(value: &Datum) -> bool {
    matches!(
        value,
        Datum::Undefined(_)
            | Datum::Str(_)
            | Datum::Safe(_)
            | Datum::List(_)
            | Datum::Tuple(_)
            | Datum::Dict(_)
            | Datum::Range(_)
    )
}

fn is_stream(value: &Datum) -> bool {
    matches!(
        value,
        Datum::View(..) | Datum::Handle(Handle::Generator(_) | Handle::Loop(_))
    )
}

fn is_callable(value: &Datum) -> bool {
    matches!(
        value,
        Datum::Undefined(_)
            | Datum::Method(_)
            | Datum::Function(_)
            | Datum::Handle(Handle::Macro(_) | Handle::Loop(_))
    )
}

fn is_named(kind: &str, value: &Datum) -> Result<bool, Exception> {
    let Datum::Str(name) = value else {
        // What is no name must still be one that could be looked up.
        return Key::new(value.clone()).map(|_| false);
    };
    let availability = match kind {
        "filter" => names::filter(name),
        _ => names::test(name),
    };
    match availability {
        Availability::Here => Ok(true),
        Availability::Nowhere => Ok(false),
        Availability::OnlyInJinja2 => Err(Exception::unsupported(format!("the {kind} `{name}`"))),
    }
}

fn remainder(
    machine: &Runtime,
    value: &Datum,
    divisor: &Datum,
    wanted: i128,
) -> Result<bool, Exception> {
    let rest = binary(Arithmetic::Mod, value, divisor, &machine.allowance)?;
    equal(&rest, &Datum::Int(wanted), &machine.allowance)
}

fn relation(machine: &mut Runtime, name: &str, a: &Datum, b: &Datum) -> Result<bool, Exception> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let allowance = &machine.allowance;
    let ordered = |wanted: &[std::cmp::Ordering]| {
        order(a, b, allowance).map(|order| order.is_some_and(|order| wanted.contains(&order)))
    };
    match name {
        "eq" | "equalto" | "==" => equal(a, b, allowance),
        "ne" | "!=" => Ok(!equal(a, b, allowance)?),
        "lt" | "lessthan" | "<" => ordered(&[Less]),
        "le" | "<=" => ordered(&[Less, Equal]),
        "gt" | "greaterthan" | ">" => ordered(&[Greater]),
        "ge" | ">=" => ordered(&[Greater, Equal]),
        "in" => contains(b, a, allowance),
        "sameas" => same_object(a, b),
        _ => Err(Exception::python(format!("No test named '{name}'."))),
    }
}

/// Whether two values are one object, where that does not hang on how Python
/// keeps them.
fn same_object(a: &Datum, b: &Datum) -> Result<bool, Exception> {
    Ok(match (a, b) {
        (Datum::None, Datum::None) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::List(a), Datum::List(b)) => Arc::ptr_eq(a, b),
        (Datum::Dict(a), Datum::Dict(b)) => Arc::ptr_eq(a, b),
        (Datum::Handle(a), Datum::Handle(b)) => a == b,
        _ if a.type_name() == b.type_name() => {
            let kind = a.type_name();
            return Err(Exception::unsupported(format!(
                "the test `sameas` on two {kind}"
            )));
        }
        _ => false,
    })
}
