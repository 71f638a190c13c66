//! The functions that every template can call.

use std::sync::Arc;

use indexmap::IndexMap;

use super::args::{CallArgs, required, text};
use super::clock::strftime;
use super::error::Fault;
use super::machine::Machine;
use super::python::repr::to_text;
use super::value::{Datum, Function, Handle, Key, Progression};

/// The sandbox of Jinja2 allows no longer range.
const MAX_RANGE: usize = 100_000;

/// The function of a name.
pub(super) fn named(name: &str) -> Option<Datum> {
    let function = match name {
        "range" => Function::Range,
        "dict" => Function::Dict,
        "namespace" => Function::Namespace,
        "raise_exception" => Function::RaiseException,
        "strftime_now" => Function::StrftimeNow,
        "lipsum" => Function::Lipsum,
        "cycler" => Function::Cycler,
        "joiner" => Function::Joiner,
        _ => return None,
    };
    Some(Datum::Function(function))
}

/// `function(...)`.
pub(super) fn call(
    machine: &mut Machine,
    function: Function,
    call: &CallArgs,
) -> Result<Datum, Fault> {
    match function {
        Function::Range => range(call),
        Function::Dict => Datum::dict(entries(machine, call)?),
        Function::Namespace => namespace(machine, call),
        Function::RaiseException => {
            let [message] = call.bind("raise_exception", ["message"])?;
            let message = required(message, "raise_exception")?;
            let message = to_text(&message, &machine.allowance)?;
            Err(Fault::Raised(message.to_string()))
        }
        Function::StrftimeNow => {
            let [format] = call.bind("strftime_now", ["format"])?;
            let format = text(required(format, "strftime_now")?, "strftime_now")?;
            machine.allowance.text(format.len().saturating_mul(16))?;
            strftime(machine.clock, &format).map(Datum::str)
        }
        Function::Lipsum => Err(Fault::unsupported("the function `lipsum`")),
        Function::Cycler => Err(Fault::unsupported("the function `cycler`")),
        Function::Joiner => Err(Fault::unsupported("the function `joiner`")),
    }
}

fn range(call: &CallArgs) -> Result<Datum, Fault> {
    let [first, second, step] = call.positional("range")?;
    let int = |datum: Option<Datum>| {
        let datum = required(datum, "range")?;
        let kind = datum.type_name();
        match datum {
            Datum::Undefined(why) => Err(Fault::python(&*why)),
            datum => datum.as_int().ok_or_else(|| {
                Fault::python(format!(
                    "'{kind}' object cannot be interpreted as an integer"
                ))
            }),
        }
    };
    let first = int(first)?;
    let (start, stop) = match second {
        None => (0, first),
        second => (first, int(second)?),
    };
    let step = match step {
        None => 1,
        step => int(step)?,
    };
    let bounded = |n: i128| n.unsigned_abs() < 1 << 100;
    if !(bounded(start) && bounded(stop) && bounded(step)) {
        return Err(Fault::python("range too big"));
    }
    if step == 0 {
        return Err(Fault::python("range() arg 3 must not be zero"));
    }
    let range = Progression { start, stop, step };
    if range.len() > MAX_RANGE {
        return Err(Fault::python(format!(
            "range too big: the sandbox blocks ranges larger than {MAX_RANGE}"
        )));
    }
    Ok(Datum::Range(range))
}

/// What `dict(...)` holds.
fn entries(machine: &mut Machine, call: &CallArgs) -> Result<IndexMap<Key, Datum>, Fault> {
    let mut map = IndexMap::new();
    match &call.args[..] {
        [] => {}
        [source] => machine.update(&mut map, source)?,
        args => {
            let got = args.len();
            return Err(Fault::python(format!(
                "dict expected at most 1 argument, got {got}"
            )));
        }
    }
    machine.allowance.items(call.kwargs.len())?;
    for (name, datum) in &call.kwargs {
        map.insert(Key::str(name.clone()), datum.clone());
    }
    Ok(map)
}

fn namespace(machine: &mut Machine, call: &CallArgs) -> Result<Datum, Fault> {
    let mut members: IndexMap<Arc<str>, Datum> = IndexMap::new();
    for (key, datum) in entries(machine, call)? {
        let name = text(key.datum().clone(), "namespace")?;
        check_member(&name)?;
        members.insert(name, datum);
    }
    machine.allowance.items(members.len() + 2)?;
    machine.namespaces.push(members);
    Ok(Datum::Handle(Handle::Namespace(
        machine.namespaces.len() - 1,
    )))
}

/// Members of namespaces may not look like Python's own.
pub(super) fn check_member(name: &str) -> Result<(), Fault> {
    if name.starts_with('_') {
        return Err(Fault::python(format!(
            "chat templates cannot store underscore-prefixed attributes on a namespace, got '{name}'"
        )));
    }
    Ok(())
}
