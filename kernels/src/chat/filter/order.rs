//! Filters that compare items with one another.

use indexmap::IndexSet;

use super::super::args::{CallArgs, flag};
use super::super::error::Exception;
use super::super::machine::Runtime;
use super::super::python::compare::less;
use super::super::python::sort::sorted;
use super::super::value::{Datum, Key, ViewKind};
use super::path::{follow, ignore_case, steps};

pub(super) fn apply(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    match name {
        "sort" => sort(machine, value, call),
        "dictsort" => sort_dict(machine, value, call),
        "unique" => unique(machine, value, call),
        _ => extreme(machine, name, value, call),
    }
}

/// Whether capitals count.
#[derive(Clone, Copy)]
enum Case {
    Counts,
    Ignored,
}

impl Case {
    fn from_flag(sensitive: Option<Datum>) -> Self {
        if flag(sensitive) {
            Self::Counts
        } else {
            Self::Ignored
        }
    }

    fn applied(self, value: Datum) -> Datum {
        match self {
            Self::Counts => value,
            Self::Ignored => ignore_case(value),
        }
    }
}

/// The items in order of their keys.
fn by_keys(
    machine: &Runtime,
    keyed: Vec<(Datum, Datum)>,
    reverse: Option<Datum>,
) -> Result<Datum, Exception> {
    let allowance = &machine.allowance;
    allowance.items(keyed.len())?;
    let sorted = if flag(reverse) {
        sorted(keyed, |a, b| less(&b.0, &a.0, allowance))?
    } else {
        sorted(keyed, |a, b| less(&a.0, &b.0, allowance))?
    };
    Datum::list(sorted.into_iter().map(|(_, item)| item).collect())
}

fn sort(machine: &mut Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let names = ["reverse", "case_sensitive", "attribute"];
    let [reverse, sensitive, attribute] = call.bind("sort", names)?;
    let case = Case::from_flag(sensitive);
    let paths: Vec<Vec<Datum>> = match &attribute {
        Some(Datum::Str(paths)) => paths
            .split(',')
            .map(|path| steps(Some(&Datum::str(path))))
            .collect(),
        other => vec![steps(other.as_ref())],
    };
    let mut keyed = Vec::new();
    for item in machine.iterate(value)? {
        let mut keys = Vec::new();
        for path in &paths {
            keys.push(case.applied(follow(machine, &item, path, None)?));
        }
        keyed.push((Datum::list(keys)?, item));
    }
    by_keys(machine, keyed, reverse)
}

fn sort_dict(machine: &mut Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let names = ["case_sensitive", "by", "reverse"];
    let [sensitive, by, reverse] = call.bind("dictsort", names)?;
    let by_value = match &by {
        None => false,
        Some(Datum::Str(by)) if **by == *"key" => false,
        Some(Datum::Str(by)) if **by == *"value" => true,
        Some(_) => {
            return Err(Exception::python(
                "you can only sort by either \"key\" or \"value\"",
            ));
        }
    };
    let Datum::Dict(dict) = value else {
        return Err(Exception::python("dictsort expects a dict"));
    };
    let case = Case::from_flag(sensitive);
    let pairs = machine.iterate(&Datum::View(ViewKind::Items, dict.clone()))?;
    let keyed = dict
        .map
        .iter()
        .zip(pairs)
        .map(|((key, datum), pair)| {
            let by = if by_value { datum } else { key.datum() };
            (case.applied(by.clone()), pair)
        })
        .collect();
    by_keys(machine, keyed, reverse)
}

fn unique(machine: &mut Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [sensitive, attribute] = call.bind("unique", ["case_sensitive", "attribute"])?;
    let case = Case::from_flag(sensitive);
    let path = steps(attribute.as_ref());
    let mut seen = IndexSet::new();
    let mut out = Vec::new();
    let items = match machine.iterate(value) {
        Ok(items) => items,
        Err(fault) => return machine.generator(out, Some(fault)),
    };
    for item in items {
        machine.allowance.work(item.weight())?;
        let key = follow(machine, &item, &path, None)
            .map(|key| case.applied(key))
            .and_then(Key::new);
        match key {
            Ok(key) => {
                if seen.insert(key) {
                    out.push(item);
                }
            }
            Err(fault) => return machine.generator(out, Some(fault)),
        }
    }
    machine.generator(out, None)
}

fn extreme(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    let [sensitive, attribute] = call.bind(name, ["case_sensitive", "attribute"])?;
    let case = Case::from_flag(sensitive);
    let path = steps(attribute.as_ref());
    let mut best: Option<(Datum, Datum)> = None;
    for item in machine.iterate(value)? {
        let key = case.applied(follow(machine, &item, &path, None)?);
        let better = match &best {
            None => true,
            Some((known, _)) if name == "min" => less(&key, known, &machine.allowance)?,
            Some((known, _)) => less(known, &key, &machine.allowance)?,
        };
        if better {
            best = Some((key, item));
        }
    }
    let none = || Datum::Undefined("No aggregated item, sequence was empty.".into());
    Ok(best.map_or_else(none, |(_, item)| item))
}
