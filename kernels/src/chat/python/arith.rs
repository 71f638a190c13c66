//! `+ - * / // % **` and signs.

use super::super::budget::Allowance;
use super::super::error::Exception;
use super::super::value::Datum;
use super::compare::is_number;
use super::float::to_float;
use super::percent::percent;

/// The operators of arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
}

impl Arithmetic {
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
    operator: Arithmetic,
    a: &Datum,
    b: &Datum,
    allowance: &Allowance,
) -> Result<Datum, Exception> {
    // `%` formats a text, even with what is undefined.
    if let (Arithmetic::Mod, Datum::Str(format)) = (operator, a) {
        return percent(format, b, allowance);
    }
    for operand in [a, b] {
        match operand {
            Datum::Undefined(why) => return Err(Exception::python(&**why)),
            Datum::Safe(_) => {
                let sign = operator.sign();
                return Err(Exception::unsupported(format!(
                    "`{sign}` on what `|safe` gave"
                )));
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
        (Arithmetic::Add, _, _) => add_sequences(a, b, allowance),
        (Arithmetic::Mul, sequence, times) if times.as_int().is_some() => {
            repeat(sequence, times, allowance)
        }
        (Arithmetic::Mul, times, sequence) if times.as_int().is_some() => {
            repeat(sequence, times, allowance)
        }
        _ => Err(unsupported_operands(operator, a, b)),
    }
}

fn unsupported_operands(operator: Arithmetic, a: &Datum, b: &Datum) -> Exception {
    Exception::python(format!(
        "unsupported operand type(s) for {}: '{}' and '{}'",
        operator.sign(),
        a.type_name(),
        b.type_name()
    ))
}

fn add_sequences(a: &Datum, b: &Datum, allowance: &Allowance) -> Result<Datum, Exception> {
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
        _ => Err(unsupported_operands(Arithmetic::Add, a, b)),
    }
}

fn repeat(sequence: &Datum, times: &Datum, allowance: &Allowance) -> Result<Datum, Exception> {
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
        _ => Err(unsupported_operands(Arithmetic::Mul, sequence, times)),
    }
}

fn integers(operator: Arithmetic, a: i128, b: i128) -> Result<Datum, Exception> {
    let result = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Sub => a.checked_sub(b),
        Arithmetic::Mul => a.checked_mul(b),
        Arithmetic::Div => return divide(a, b),
        Arithmetic::FloorDiv | Arithmetic::Mod if b == 0 => {
            return Err(Exception::python("integer division or modulo by zero"));
        }
        Arithmetic::FloorDiv => a.checked_div_euclid(b).map(|_| floor_div(a, b)),
        Arithmetic::Mod => a.checked_rem(b).map(|_| a - floor_div(a, b) * b),
        Arithmetic::Pow if b < 0 => {
            return floats(
                Arithmetic::Pow,
                to_float(&Datum::Int(a)),
                to_float(&Datum::Int(b)),
            );
        }
        Arithmetic::Pow => match u32::try_from(b) {
            Ok(b) => a.checked_pow(b),
            Err(_) if a == 0 || a == 1 => Some(a),
            Err(_) => None,
        },
    };
    result
        .map(Datum::Int)
        .ok_or_else(|| Exception::unsupported("an integer beyond 128 bits"))
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
fn divide(a: i128, b: i128) -> Result<Datum, Exception> {
    const EXACT: u128 = 1 << 53;
    if b == 0 {
        return Err(Exception::python("division by zero"));
    }
    if a.unsigned_abs() > EXACT || b.unsigned_abs() > EXACT {
        return Err(Exception::unsupported("division of integers beyond 2^53"));
    }
    Ok(Datum::Float(
        to_float(&Datum::Int(a)) / to_float(&Datum::Int(b)),
    ))
}

fn floats(operator: Arithmetic, a: f64, b: f64) -> Result<Datum, Exception> {
    let zero = b == 0.0;
    let result = match operator {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Div | Arithmetic::FloorDiv | Arithmetic::Mod if zero => {
            return Err(Exception::python("float division by zero"));
        }
        Arithmetic::Div => a / b,
        Arithmetic::FloorDiv => {
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
        Arithmetic::Mod => float_mod(a, b),
        Arithmetic::Pow if a == 0.0 && b < 0.0 => {
            return Err(Exception::python(
                "0.0 cannot be raised to a negative power",
            ));
        }
        Arithmetic::Pow if a < 0.0 && b.fract() != 0.0 && b.is_finite() => {
            return Err(Exception::unsupported("a complex number"));
        }
        Arithmetic::Pow => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(Exception::python("numerical result out of range"));
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
pub(crate) fn signed(negative: Negative, datum: &Datum) -> Result<Datum, Exception> {
    match (datum, datum.as_int(), negative) {
        (Datum::Undefined(why), _, _) => Err(Exception::python(&**why)),
        (_, Some(int), Negative::No) => Ok(Datum::Int(int)),
        (_, Some(int), Negative::Yes) => int
            .checked_neg()
            .map(Datum::Int)
            .ok_or_else(|| Exception::unsupported("an integer beyond 128 bits")),
        (Datum::Float(float), None, Negative::No) => Ok(Datum::Float(*float)),
        (Datum::Float(float), None, Negative::Yes) => Ok(Datum::Float(-float)),
        _ => Err(Exception::python(format!(
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
