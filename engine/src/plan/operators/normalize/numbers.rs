//! `normalize` on numbers: a map.

use std::sync::Arc;

use fuelrail_kernels::map::{Map, MapError};
use fuelrail_kernels::normalize::{NormalizeError, Numbers};
use fuelrail_kernels::{Element, Kernel};
use half::{bf16, f16};
use serde_json::json;

use crate::error::Error;
use crate::plan::columns::is_list;
use crate::plan::named_types::FloatType;
use crate::plan::numbers::with_element;
use crate::plan::operators::statistic::Statistic;
use crate::plan::output::OutputColumn;
use crate::plan::spelling::Constant;
use crate::plan::step_result::StepResult;
use crate::plan::steps::ColumnChange;

use super::super::columns::{numbers, place};
use super::refusals::refused;
use super::spec::NormalizeSpec;
use super::words::{exact, numbers_in_words};

/// The constants must be as many as there are columns.
pub(super) fn check(spec: &NormalizeSpec) -> StepResult<()> {
    constants(spec).map(|_| ())
}

/// The means and deviations, one for each column.
fn constants(spec: &NormalizeSpec) -> StepResult<[Vec<f64>; 2]> {
    let n_columns = spec.column.0.len();
    Ok([
        each(spec.mean.as_ref(), ("mean", 0.0), n_columns)?,
        each(spec.std.as_ref(), ("std", 1.0), n_columns)?,
    ])
}

/// The column must hold numbers, and the constants must fit them.
pub(super) fn lower(
    spec: &NormalizeSpec,
    index: usize,
    column: OutputColumn,
) -> StepResult<ColumnChange> {
    let from = numbers(&column).map_err(|error| (error, place(index)))?;
    let default = if from.is_wide() {
        Element::F64
    } else {
        Element::F32
    };
    let to = spec.dtype.map_or(default, FloatType::element);
    let [means, stds] = constants(spec)?;
    let constants = (means[index], stds[index]);
    let checked = Numbers::new((from, to), constants, spec.clip).map_err(|error| {
        let error = match error {
            // Users know the divisor, not the factor that is made of it.
            NormalizeError::NotFinite {
                what: "1 / std", ..
            } => NormalizeError::NotPositive {
                what: "std",
                value: constants.1,
            },
            other => other,
        };
        refused(&error, index, &column)
    })?;
    let fill = match spec.fill {
        Some(fill) => Some(number(fill, from).ok_or_else(|| wrong_fill(fill, from, &column))?),
        None => None,
    };
    let map =
        map_of(&checked).map_err(|error| (Error::internal(error.to_string()), place(index)))?;
    let (data_type, meaning) = with_element(&column.data_type, to);
    // A list of varying length that is null has no numbers to fill.
    let nullable = column.nullable && (fill.is_none() || is_list(&column.data_type));
    Ok(ColumnChange {
        kernels: vec![Kernel::Map(Arc::new(map))],
        identity: json!({
            "from": from.name(),
            "to": to.name(),
            "mean": exact(checked.mean),
            "factor": exact(checked.factor),
            "low": exact(checked.low),
            "high": exact(checked.high),
        }),
        words: numbers_in_words(&checked, fill.as_deref()),
        fill,
        layout: None,
        files: None,
        output: OutputColumn {
            data_type,
            nullable,
            meaning,
            ..column
        },
    })
}

/// The instructions that these numbers are; `clip` stands where there are bounds.
fn map_of(numbers: &Numbers) -> Result<Map, MapError> {
    let map = Map::read(numbers.from)
        .to_float()
        .subtract(numbers.mean)?
        .multiply(numbers.factor)?;
    let map = match [numbers.low, numbers.high] {
        [f64::NEG_INFINITY, f64::INFINITY] => map,
        bounds => map.clamp(bounds)?,
    };
    map.write(numbers.to)
}

/// One constant for each column.
fn each(
    given: Option<&Statistic>,
    (key, default): (&str, f64),
    n_columns: usize,
) -> StepResult<Vec<f64>> {
    let default = [default];
    let given = match given {
        None => &default[..],
        Some(Statistic::Numbers(numbers)) => numbers.0.as_slice(),
        Some(Statistic::Named(_)) => {
            let error = Error::pipeline(format!("{key}: expected numbers, got the name of images"));
            let hint = "names are for images of uint8, whose columns have three axes";
            return Err((error.with_hint(hint), key.to_owned()));
        }
    };
    match given {
        [one] => Ok(vec![*one; n_columns]),
        many if many.len() == n_columns => Ok(many.to_vec()),
        _ => {
            let got = given.len();
            let error = match n_columns {
                1 => Error::pipeline(format!("{key}: expected one number, got {got}"))
                    .with_hint("all numbers of a column, in lists too, have the same"),
                _ => Error::pipeline(format!(
                    "{key}: expected one number, or one for each of {n_columns} columns, got {got}"
                )),
            };
            Err((error, key.to_owned()))
        }
    }
}

fn wrong_fill(fill: Constant, from: Element, column: &OutputColumn) -> (Error, String) {
    let expected = if from.is_float() {
        format!("a finite number that fits {from}")
    } else {
        format!("a whole number that fits {from}")
    };
    let error = Error::pipeline(format!("fill: expected {expected}, got {fill}"))
        .with_column(&column.name)
        .with_hint("`fill` stands for a value of the column, before the arithmetic");
    (error, "fill".to_owned())
}

/// The bytes of a number of type `element`, rounded where it is a float;
/// `None` if it does not fit.
fn number(given: Constant, element: Element) -> Option<Vec<u8>> {
    /// The bytes of a whole number.
    macro_rules! whole {
        ($type:ty) => {
            <$type>::try_from(whole_number(given)?)
                .ok()?
                .to_le_bytes()
                .to_vec()
        };
    }
    let real = given.to_f64();
    if !real.is_finite() {
        return None;
    }
    // Rounds to nearest even; what is beyond binary32 becomes infinite.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding is what is wanted"
    )]
    let narrow = real as f32;
    Some(match element {
        Element::U8 => whole!(u8),
        Element::I8 => whole!(i8),
        Element::U16 => whole!(u16),
        Element::I16 => whole!(i16),
        Element::U32 => whole!(u32),
        Element::I32 => whole!(i32),
        Element::U64 => whole!(u64),
        Element::I64 => whole!(i64),
        Element::F16 => Some(f16::from_f32(narrow))
            .filter(|number| number.is_finite())?
            .to_le_bytes()
            .to_vec(),
        Element::BF16 => Some(bf16::from_f32(narrow))
            .filter(|number| number.is_finite())?
            .to_le_bytes()
            .to_vec(),
        Element::F32 => Some(narrow)
            .filter(|number| number.is_finite())?
            .to_le_bytes()
            .to_vec(),
        Element::F64 => real.to_le_bytes().to_vec(),
    })
}

/// The whole number that is meant; `2.0` is one too.
fn whole_number(given: Constant) -> Option<i128> {
    match given {
        Constant::Whole(number) => Some(number),
        Constant::Real(number) => {
            // Beyond 2^53 a float does not tell which number is meant.
            let is_exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
            #[expect(clippy::cast_possible_truncation, reason = "checked to be exact")]
            is_exact.then_some(number as i128)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_are_numbers_of_the_column() {
        let whole = |number, element| super::number(Constant::Whole(number), element);
        let real = |number, element| super::number(Constant::Real(number), element);
        assert_eq!(whole(-128, Element::I8), Some(vec![0x80]));
        assert_eq!(whole(128, Element::I8), None);
        assert_eq!(whole(-1, Element::U64), None);
        let most = i128::from(u64::MAX);
        assert_eq!(whole(most, Element::U64), Some(vec![0xff; 8]));
        assert_eq!(whole(most + 1, Element::U64), None);
        assert_eq!(real(2.0, Element::I16), Some(vec![2, 0]));
        assert_eq!(real(2.5, Element::I16), None);
        assert_eq!(real(1e300, Element::I64), None);
        assert_eq!(real(f64::NAN, Element::F64), None);
        assert_eq!(real(1e39, Element::F32), None);
        assert_eq!(real(65520.0, Element::F16), None);
        assert_eq!(real(1.0, Element::F16), Some(vec![0, 0x3c]));
        assert_eq!(real(1.0, Element::BF16), Some(vec![0x80, 0x3f]));
        assert_eq!(real(-0.0, Element::F32), Some(vec![0, 0, 0, 0x80]));
    }
}
