//! Filters that give generators: `map`, `select` and their like.

use super::super::args::{CallArgs, required};
use super::super::error::Exception;
use super::super::machine::Runtime;
use super::super::python::compare::is_true;
use super::super::value::Datum;
use super::path::{follow, steps};

/// How a filter is called by its name.
pub(super) type FilterFn = fn(&mut Runtime, &str, Datum, &CallArgs) -> Result<Datum, Exception>;

/// How a test is called by its name.
pub(super) type TestFn = fn(&mut Runtime, &str, &Datum, &CallArgs) -> Result<Datum, Exception>;

/// How an item is mapped.
enum Mapping {
    Path(Vec<Datum>, Option<Datum>),
    Filter(std::sync::Arc<str>, CallArgs),
}

pub(super) fn map(
    machine: &mut Runtime,
    value: &Datum,
    call: &CallArgs,
    apply: FilterFn,
) -> Result<Datum, Exception> {
    if !is_true(value) {
        return machine.generator(Vec::new(), None);
    }
    let mapping = match mapping(call) {
        Ok(mapping) => mapping,
        Err(fault) => return machine.generator(Vec::new(), Some(fault)),
    };
    generate(machine, value, |machine, item| {
        let mapped = match &mapping {
            Mapping::Path(steps, default) => follow(machine, &item, steps, default.as_ref())?,
            Mapping::Filter(name, call) => apply(machine, name, item, call)?,
        };
        Ok(Some(mapped))
    })
}

fn mapping(call: &CallArgs) -> Result<Mapping, Exception> {
    let mut kwargs = call.kwargs.clone();
    let attribute = kwargs.iter().position(|(name, _)| **name == *"attribute");
    if let (true, Some(at)) = (call.args.is_empty(), attribute) {
        let (_, path) = kwargs.remove(at);
        let default = kwargs.iter().position(|(name, _)| **name == *"default");
        let default = default.map(|at| kwargs.remove(at).1);
        if let Some((name, _)) = kwargs.first() {
            return Err(Exception::python(format!(
                "unexpected keyword argument '{name}'"
            )));
        }
        let default = default.filter(|default| !matches!(default, Datum::None));
        return Ok(Mapping::Path(steps(Some(&path)), default));
    }
    let Some((Datum::Str(name), args)) = call.args.split_first() else {
        return Err(Exception::python("map requires a filter argument"));
    };
    let call = CallArgs {
        args: args.to_vec(),
        kwargs,
    };
    Ok(Mapping::Filter(name.clone(), call))
}

/// `select`, `reject`, `selectattr` or `rejectattr`.
pub(super) fn select(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
    check: TestFn,
) -> Result<Datum, Exception> {
    if !is_true(value) {
        return machine.generator(Vec::new(), None);
    }
    let by_attribute = name.ends_with("attr");
    let wanted = name.starts_with("select");
    let mut args = call.args.clone();
    let mut path = Vec::new();
    if by_attribute {
        if args.is_empty() {
            let fault = Exception::python("missing parameter for attribute name");
            return machine.generator(Vec::new(), Some(fault));
        }
        path = steps(Some(&args.remove(0)));
    }
    let test = if args.is_empty() {
        None
    } else {
        Some(args.remove(0))
    };
    let test_call = CallArgs {
        args,
        kwargs: call.kwargs.clone(),
    };
    generate(machine, value, |machine, item| {
        let subject = follow(machine, &item, &path, None)?;
        let holds = match &test {
            None => is_true(&subject),
            Some(Datum::Str(test)) => is_true(&check(machine, test, &subject, &test_call)?),
            Some(_) => return Err(Exception::python("no test of that name")),
        };
        Ok((holds == wanted).then_some(item))
    })
}

/// A generator of what `step` gives for each item. The items are made at
/// once; what fails on the way fails where the generator comes to it.
fn generate(
    machine: &mut Runtime,
    value: &Datum,
    mut step: impl FnMut(&mut Runtime, Datum) -> Result<Option<Datum>, Exception>,
) -> Result<Datum, Exception> {
    let mut out = Vec::new();
    let items = match machine.iterate(value) {
        Ok(items) => items,
        Err(fault) => return machine.generator(out, Some(fault)),
    };
    for item in items {
        machine.allowance.spend(1)?;
        match step(machine, item) {
            Ok(item) => out.extend(item),
            Err(fault) => return machine.generator(out, Some(fault)),
        }
    }
    machine.generator(out, None)
}

/// `value|items`.
pub(super) fn items(machine: &mut Runtime, value: &Datum) -> Result<Datum, Exception> {
    match value {
        Datum::Undefined(_) => machine.generator(Vec::new(), None),
        Datum::Dict(dict) => {
            let view = Datum::View(super::super::value::ViewKind::Items, dict.clone());
            let items = machine.iterate(&view)?;
            machine.generator(items, None)
        }
        _ => {
            let fault = Exception::python("can only get item pairs from a mapping");
            machine.generator(Vec::new(), Some(fault))
        }
    }
}

/// `value|batch(...)` and `value|slice(...)`.
pub(super) fn parts(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    let [count, fill] = match name {
        "batch" => call.bind(name, ["linecount", "fill_with"])?,
        _ => call.bind(name, ["slices", "fill_with"])?,
    };
    let count = required(count, name)?;
    let fill = fill.filter(|fill| !matches!(fill, Datum::None));
    let items = match (machine.iterate(value), count.as_int()) {
        (Ok(items), Some(_)) => items,
        (Ok(_), None) => {
            let fault = Exception::python(format!("{name} expects an int"));
            return machine.generator(Vec::new(), Some(fault));
        }
        (Err(fault), _) => return machine.generator(Vec::new(), Some(fault)),
    };
    let count = count.as_int().unwrap_or(0);
    let Ok(count) = usize::try_from(count) else {
        return Err(Exception::unsupported(format!(
            "`{name}` by a negative number"
        )));
    };
    if count == 0 {
        return Err(Exception::unsupported(format!("`{name}` by zero")));
    }
    machine.allowance.items(count.max(items.len()))?;
    let parts = if name == "batch" {
        batches(&items, count, fill.as_ref())
    } else {
        slices(&items, count, fill.as_ref())
    };
    let parts = parts.into_iter().map(Datum::list);
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    machine.generator(parts, None)
}

fn batches(items: &[Datum], count: usize, fill: Option<&Datum>) -> Vec<Vec<Datum>> {
    let mut batches: Vec<Vec<Datum>> = items.chunks(count).map(<[Datum]>::to_vec).collect();
    if let (Some(last), Some(fill)) = (batches.last_mut(), fill) {
        last.resize(count, fill.clone());
    }
    batches
}

fn slices(items: &[Datum], count: usize, fill: Option<&Datum>) -> Vec<Vec<Datum>> {
    let (each, longer) = (items.len() / count, items.len() % count);
    let mut rest = items;
    (0..count)
        .map(|at| {
            let (part, tail) = rest.split_at(each + usize::from(at < longer));
            rest = tail;
            let mut part = part.to_vec();
            if at >= longer {
                part.extend(fill.cloned());
            }
            part
        })
        .collect()
}
