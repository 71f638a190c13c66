//! The functions that every template can call.

use std::sync::Arc;

use indexmap::IndexMap;

use super::args::{CallArgs, required, text};
use super::clock::strftime;
use super::error::Exception;
use super::machine::Runtime;
use super::python::repr::to_text;
use super::value::{Datum, Handle, Key, Progression, TemplateFunction};

/// The sandbox of Jinja2 allows no longer range.
const MAX_RANGE: usize = 100_000;

/// The function of a name.
pub(super) fn named(name: &str) -> Option<Datum> {
    let function = match name {
        "range" => TemplateFunction::Range,
        "dict" => TemplateFunction::Dict,
        "namespace" => TemplateFunction::Namespace,
        "raise_exception" => TemplateFunction::RaiseException,
        "strftime_now" => TemplateFunction::StrftimeNow,
        "lipsum" => TemplateFunction::Lipsum,
        "cycler" => TemplateFunction::Cycler,
        "joiner" => TemplateFunction::Joiner,
        _ => return None,
    };
    Some(Datum::Function(function))
}

/// `function(...)`.
pub(super) fn call(
    machine: &mut Runtime,
    function: TemplateFunction,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    match function {
        TemplateFunction::Range => range(call),
        TemplateFunction::Dict => Datum::dict(entries(machine, call)?),
        TemplateFunction::Namespace => namespace(machine, call),
        TemplateFunction::RaiseException => {
            let [message] = call.bind("raise_exception", ["message"])?;
            let message = required(message, "raise_exception")?;
            let message = to_text(&message, &machine.allowance)?;
            Err(Exception::Raised(message.to_string()))
        }
        TemplateFunction::StrftimeNow => {
            let [format] = call.bind("strftime_now", ["format"])?;
            let format = text(required(format, "strftime_now")?, "strftime_now")?;
            machine.allowance.text(format.len().saturating_mul(16))?;
            strftime(machine.clock, &format).map(Datum::str)
        }
        TemplateFunction::Lipsum => Err(Exception::unsupported("the function `lipsum`")),
        TemplateFunction::Cycler => Err(Exception::unsupported("the function `cycler`")),
        TemplateFunction::Joiner => Err(Exception::unsupported("the function `joiner`")),
    }
}

fn range(call: &CallArgs) -> Result<Datum, Exception> {
    let [first, second, step] = call.positional("range")?;
    let int = |datum: Option<Datum>| {
        let datum = required(datum, "range")?;
        let kind = datum.type_name();
        match datum {
            Datum::Undefined(why) => Err(Exception::python(&*why)),
            datum => datum.as_int().ok_or_else(|| {
                Exception::python(format!(
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
        return Err(Exception::python("range too big"));
    }
    if step == 0 {
        return Err(Exception::python("range() arg 3 must not be zero"));
    }
    let range = Progression { start, stop, step };
    if range.len() > MAX_RANGE {
        return Err(Exception::python(format!(
            "range too big: the sandbox blocks ranges larger than {MAX_RANGE}"
        )));
    }
    Ok(Datum::Range(range))
}

/// What `dict(...)` holds.
fn entries(machine: &mut Runtime, call: &CallArgs) -> Result<IndexMap<Key, Datum>, Exception> {
    let mut map = IndexMap::new();
    match &call.args[..] {
        [] => {}
        [source] => machine.update(&mut map, source)?,
        args => {
            let got = args.len();
            return Err(Exception::python(format!(
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

fn namespace(machine: &mut Runtime, call: &CallArgs) -> Result<Datum, Exception> {
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
pub(super) fn check_member(name: &str) -> Result<(), Exception> {
    if name.starts_with('_') {
        return Err(Exception::python(format!(
            "chat templates cannot store underscore-prefixed attributes on a namespace, got '{name}'"
        )));
    }
    Ok(())
}
