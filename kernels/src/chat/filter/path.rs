//! Attributes that filters look up, such as `"function.name"`.

use super::super::error::Exception;
use super::super::machine::Runtime;
use super::super::python::attribute::subscript;
use super::super::value::Datum;

/// The steps of a path.
pub(super) fn steps(path: Option<&Datum>) -> Vec<Datum> {
    match path {
        None | Some(Datum::None) => Vec::new(),
        Some(Datum::Str(path)) => path
            .split('.')
            .map(|part| match part.parse() {
                Ok(int) if part.bytes().all(|b| b.is_ascii_digit()) => Datum::Int(int),
                _ => Datum::str(part),
            })
            .collect(),
        Some(other) => vec![other.clone()],
    }
}

/// The value at the end of a path; `default` stands for what is undefined.
pub(super) fn follow(
    machine: &Runtime,
    value: &Datum,
    steps: &[Datum],
    default: Option<&Datum>,
) -> Result<Datum, Exception> {
    let mut value = value.clone();
    for step in steps {
        machine.allowance.spend(1)?;
        if let Datum::Handle(_) = value {
            let kind = value.type_name();
            return Err(Exception::unsupported(format!(
                "an attribute filter on a {kind}"
            )));
        }
        value = subscript(&value, step, &machine.allowance)?;
        if let (Datum::Undefined(_), Some(default)) = (&value, default) {
            value = default.clone();
        }
    }
    Ok(value)
}

/// Capitals do not count where strings are compared.
pub(super) fn ignore_case(value: Datum) -> Datum {
    match &value {
        Datum::Str(text) => Datum::str(text.to_lowercase()),
        _ => value,
    }
}
