//! `+ - * / // % **` and signs.

use super::super::budget::Allowance;
use super::super::error::Fault;
use super::super::value::Datum;
use super::compare::is_number;
use super::float::to_float;
use super::percent::percent;

/// The operators of arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Mod => "%",
            Self::Pow => "**",
        }
    }
}

/// `a <operator> b`.
pub(crate) fn binary(
    operator: Operator,
    a: &Datum,
    b: &Datum,
    allowance: &Allowance,
) -> Result<Datum, Fault> {
    // `%` formats a text, even with what is undefined.
    if let (Operator::Mod, Datum::Str(format)) = (operator, a) {
        return percent(format, b, allowance);
    }
    for operand in [a, b] {
        match operand {
            Datum::Undefined(why) => return Err(Fault::python(&**why)),
            Datum::Safe(_) => {
                let sign = operator.sign();
                return Err(Fault::unsupported(format!("`{sign}` on what `|safe` gave")));
            }
            _ => {}
        }
    }
    if is_number(a) && is_number(b) {
        return match (a.as_int(), b.as_int()) {
            (Some(a), Some(b)) => integers(operator, a, b),
            _ => floats(operator, to_float(a), to_float(b)),
        };
    }
    match (operator, a, b) {
        (Operator::Add, _, _) => add_sequences(a, b, allowance),
        (Operator::Mul, sequence, times) if times.as_int().is_some() => {
            repeat(sequence, times, allowance)
        }
        (Operator::Mul, times, sequence) if times.as_int().is_some() => {
            repeat(sequence, times, allowance)
        }
        _ => Err(unsupported_operands(operator, a, b)),
    }
}

fn unsupported_operands(operator: Operator, a: &Datum, b: &Datum) -> Fault {
    Fault::python(format!(
        "unsupported operand type(s) for {}: '{}' and '{}'",
        operator.sign(),
        a.type_name(),
        b.type_name()
    ))
}

fn add_sequences(a: &Datum, b: &Datum, allowance: &Allowance) -> Result<Datum, Fault> {
    match (a, b) {
        (Datum::Str(a), Datum::Str(b)) => {
            allowance.text(a.len() + b.len())?;
            Ok(Datum::str([&**a, &**b].concat()))
        }
        (Datum::List(a), Datum::List(b)) => {
            allowance.items(a.items.len() + b.items.len())?;
            Datum::list([&a.items[..], &b.items[..]].concat())
        }
        (Datum::Tuple(a), Datum::Tuple(b)) => {
            allowance.items(a.items.len() + b.items.len())?;
            Datum::tuple([&a.items[..], &b.items[..]].concat())
        }
        _ => Err(unsupported_operands(Operator::Add, a, b)),
    }
}

fn repeat(sequence: &Datum, times: &Datum, allowance: &Allowance) -> Result<Datum, Fault> {
    let count = times.as_int().unwrap_or(0).max(0);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let total = sequence.shallow_len().saturating_mul(count);
    match sequence {
        Datum::Str(text) => {
            allowance.text(total)?;
            // An empty text is empty however often.
            let count = if text.is_empty() { 0 } else { count };
            Ok(Datum::str(text.repeat(count)))
        }
        Datum::List(seq) | Datum::Tuple(seq) => {
            allowance.items(total)?;
            let count = if seq.items.is_empty() { 0 } else { count };
            let items = vec![seq.items.as_slice(); count].concat();
            match sequence {
                Datum::List(_) => Datum::list(items),
                _ => Datum::tuple(items),
            }
        }
        _ => Err(unsupported_operands(Operator::Mul, sequence, times)),
    }
}

fn integers(operator: Operator, a: i128, b: i128) -> Result<Datum, Fault> {
    let result = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Sub => a.checked_sub(b),
        Operator::Mul => a.checked_mul(b),
        Operator::Div => return divide(a, b),
        Operator::FloorDiv | Operator::Mod if b == 0 => {
            return Err(Fault::python("integer division or modulo by zero"));
        }
        Operator::FloorDiv => a.checked_div_euclid(b).map(|_| floor_div(a, b)),
        Operator::Mod => a.checked_rem(b).map(|_| a - floor_div(a, b) * b),
        Operator::Pow if b < 0 => {
            return floats(
                Operator::Pow,
                to_float(&Datum::Int(a)),
                to_float(&Datum::Int(b)),
            );
        }
        Operator::Pow => match u32::try_from(b) {
            Ok(b) => a.checked_pow(b),
            Err(_) if a == 0 || a == 1 => Some(a),
            Err(_) => None,
        },
    };
    result
        .map(Datum::Int)
        .ok_or_else(|| Fault::unsupported("an integer beyond 128 bits"))
}

fn floor_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    let uneven = a % b != 0;
    if uneven && (a < 0) != (b < 0) {
        quotient - 1
    } else {
        quotient
    }
}

/// True division, which Python rounds once: exact below 2^53 only here.
fn divide(a: i128, b: i128) -> Result<Datum, Fault> {
    const EXACT: u128 = 1 << 53;
    if b == 0 {
        return Err(Fault::python("division by zero"));
    }
    if a.unsigned_abs() > EXACT || b.unsigned_abs() > EXACT {
        return Err(Fault::unsupported("division of integers beyond 2^53"));
    }
    Ok(Datum::Float(
        to_float(&Datum::Int(a)) / to_float(&Datum::Int(b)),
    ))
}

fn floats(operator: Operator, a: f64, b: f64) -> Result<Datum, Fault> {
    let zero = b == 0.0;
    let result = match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div | Operator::FloorDiv | Operator::Mod if zero => {
            return Err(Fault::python("float division by zero"));
        }
        Operator::Div => a / b,
        Operator::FloorDiv => {
            let rest = float_mod(a, b);
            let quotient = (a - rest) / b;
            // The quotient is whole but for rounding.
            if quotient == 0.0 {
                0.0_f64.copysign(a / b)
            } else {
                let floor = quotient.floor();
                if quotient - floor > 0.5 {
                    floor + 1.0
                } else {
                    floor
                }
            }
        }
        Operator::Mod => float_mod(a, b),
        Operator::Pow if a == 0.0 && b < 0.0 => {
            return Err(Fault::python("0.0 cannot be raised to a negative power"));
        }
        Operator::Pow if a < 0.0 && b.fract() != 0.0 && b.is_finite() => {
            return Err(Fault::unsupported("a complex number"));
        }
        Operator::Pow => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(Fault::python("numerical result out of range"));
            }
            power
        }
    };
    Ok(Datum::Float(result))
}

fn float_mod(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        0.0_f64.copysign(b)
    } else if (rest < 0.0) == (b < 0.0) {
        rest
    } else {
        rest + b
    }
}

/// `-value` or `+value`.
pub(crate) fn signed(negative: Negative, datum: &Datum) -> Result<Datum, Fault> {
    match (datum, datum.as_int(), negative) {
        (Datum::Undefined(why), _, _) => Err(Fault::python(&**why)),
        (_, Some(int), Negative::No) => Ok(Datum::Int(int)),
        (_, Some(int), Negative::Yes) => int
            .checked_neg()
            .map(Datum::Int)
            .ok_or_else(|| Fault::unsupported("an integer beyond 128 bits")),
        (Datum::Float(float), None, Negative::No) => Ok(Datum::Float(*float)),
        (Datum::Float(float), None, Negative::Yes) => Ok(Datum::Float(-float)),
        _ => Err(Fault::python(format!(
            "bad operand type for unary sign: '{}'",
            datum.type_name()
        ))),
    }
}

/// Which sign an expression has before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negative {
    Yes,
    No,
}
