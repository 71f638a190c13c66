//! Filters on numbers.

use super::super::args::{CallArgs, int};
use super::super::error::Exception;
use super::super::machine::Runtime;
use super::super::python::float::{float_from_text, round_float, to_float, truncate};
use super::super::python::integer::int_from_text;
use super::super::value::Datum;

pub(super) fn apply(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    if let Datum::Undefined(why) = value {
        return Err(Exception::python(&**why));
    }
    machine.allowance.work(value.shallow_len())?;
    match name {
        "abs" => absolute(value),
        "int" => to_int(value, call),
        "float" => {
            let [default] = call.bind(name, ["default"])?;
            let float = match value {
                Datum::Str(text) => float_from_text(text),
                Datum::Int(_) | Datum::Bool(_) | Datum::Float(_) => Some(to_float(value)),
                _ => None,
            };
            Ok(float.map_or_else(|| default.unwrap_or(Datum::Float(0.0)), Datum::Float))
        }
        _ => round(value, call),
    }
}

fn absolute(value: &Datum) -> Result<Datum, Exception> {
    match (value, value.as_int()) {
        (_, Some(int)) => int
            .checked_abs()
            .map(Datum::Int)
            .ok_or_else(|| Exception::unsupported("an integer beyond 128 bits")),
        (Datum::Float(float), None) => Ok(Datum::Float(float.abs())),
        _ => Err(Exception::python(format!(
            "bad operand type for abs(): '{}'",
            value.type_name()
        ))),
    }
}

fn to_int(value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [default, base] = call.bind("int", ["default", "base"])?;
    let base = u32::try_from(int(base, 10, "int")?).unwrap_or(1);
    let found = match value {
        Datum::Float(float) if float.is_infinite() => {
            return Err(Exception::python(
                "cannot convert float infinity to integer",
            ));
        }
        Datum::Float(float) if float.is_nan() => None,
        Datum::Float(float) => Some(truncate(*float)?),
        Datum::Str(text) => match int_from_text(text, base)? {
            Some(int) => Some(int),
            None => match float_from_text(text) {
                Some(float) if float.is_finite() => Some(truncate(float)?),
                _ => None,
            },
        },
        other => other.as_int(),
    };
    Ok(found.map_or_else(|| default.unwrap_or(Datum::Int(0)), Datum::Int))
}

fn round(value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [precision, method] = call.bind("round", ["precision", "method"])?;
    let precision = int(precision, 0, "round")?;
    let Some(digits) = usize::try_from(precision).ok().filter(|n| *n < 300) else {
        return Err(Exception::unsupported(format!(
            "`round` to {precision} digits"
        )));
    };
    let method = match &method {
        None => "common",
        Some(Datum::Str(method)) => method,
        Some(_) => "",
    };
    match (method, value, value.as_int()) {
        ("common", _, Some(int)) => Ok(Datum::Int(int)),
        ("common", Datum::Float(float), _) => Ok(Datum::Float(round_float(*float, digits))),
        ("ceil" | "floor", Datum::Float(float), _) => {
            if !float.is_finite() {
                return Err(Exception::python(
                    "cannot convert float infinity or NaN to integer",
                ));
            }
            let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
            let scaled = float * scale;
            let whole = if method == "ceil" {
                scaled.ceil()
            } else {
                scaled.floor()
            };
            if whole.abs() >= 9_007_199_254_740_992.0 || digits > 15 {
                return Err(Exception::unsupported("`round` beyond 2^53"));
            }
            // An integer over an integer: zero has no sign.
            Ok(Datum::Float((whole + 0.0) / scale))
        }
        ("ceil" | "floor", _, Some(int)) if digits == 0 => {
            Ok(Datum::Float(to_float(&Datum::Int(int))))
        }
        ("ceil" | "floor", _, Some(_)) => {
            Err(Exception::unsupported("`round` of an integer by digits"))
        }
        ("common" | "ceil" | "floor", _, _) => Err(Exception::python(format!(
            "type {} doesn't define __round__ method",
            value.type_name()
        ))),
        _ => Err(Exception::python("method must be common, ceil or floor")),
    }
}
