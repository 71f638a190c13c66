//! `cast`: numbers of another type.

use std::sync::Arc;

use fuelrail_kernels::Kernel;
use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::map::Map;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::columns::{MapColumns, NamedColumn, numbers, place};
use crate::error::{Error, name_in_backticks};
use crate::plan::named_types::NumberType;
use crate::plan::numbers::with_element;
use crate::plan::output::OutputColumn;
use crate::plan::spelling::ColumnNames;
use crate::plan::step_result::StepResult;
use crate::plan::steps::{ColumnChange, Overflow};

/// Changes the type of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CastSpec {
    /// One column or several: of numbers or of lists of numbers.
    pub column: ColumnNames,
    /// The new type. The fraction of a float is cut off on the way to a whole number.
    pub dtype: NumberType,
    /// What becomes of a number that does not fit the new type (default: "error").
    #[serde(default)]
    pub overflow: Overflow,
}

impl CastSpec {
    /// Casts `column` to `dtype`; numbers that do not fit are errors.
    pub fn new(column: impl Into<ColumnNames>, dtype: NumberType) -> Self {
        Self {
            column: column.into(),
            dtype,
            overflow: Overflow::default(),
        }
    }
}

impl MapColumns for CastSpec {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn overflow(&self) -> Overflow {
        self.overflow
    }

    fn identity(&self) -> Vec<(&'static str, Value)> {
        vec![("overflow", json!(self.overflow))]
    }

    /// The column must hold numbers, of another type than asked for.
    fn change(&self, named: NamedColumn) -> StepResult<ColumnChange> {
        let NamedColumn { index, column, .. } = named;
        let to = self.dtype.element();
        let from = numbers(&column).map_err(|error| (error, place(index)))?;
        if from == to {
            let error = Error::pipeline(format!("the numbers are of type {to} already"))
                .with_column(&column.name)
                .with_hint(match self.column.0.as_slice() {
                    [_] => "leave the step out".to_owned(),
                    _ => format!("leave {} out of the step", name_in_backticks(&column.name)),
                });
            return Err((error, place(index)));
        }
        let map = Map::read(from).write(to);
        let map = map.map_err(|error| (Error::internal(error.to_string()), place(index)))?;
        let (data_type, meaning) = with_element(&column.data_type, to);
        Ok(ColumnChange {
            kernels: vec![Kernel::Map(Arc::new(map))],
            fill: None,
            layout: None,
            files: None,
            identity: json!({ "from": from.name(), "to": to.name() }),
            words: in_words(Cast { from, to }, self.overflow),
            output: OutputColumn {
                data_type,
                meaning,
                ..column
            },
        })
    }
}

/// What is done to numbers, and to those that do not fit.
fn in_words(cast: Cast, overflow: Overflow) -> String {
    let mut said = format!("{} -> {}", cast.from, cast.to);
    if cast.from.is_float() && !cast.to.is_float() {
        said.push_str(", fractions are cut off");
    } else if !cast.is_exact() {
        said.push_str(", rounded to the nearest");
    }
    if !cast.always_fits() || cast.may_be_infinite() {
        said.push_str(match overflow {
            Overflow::Error => ", a row with a number that does not fit cannot be used",
            Overflow::Saturate => ", numbers that do not fit become the nearest that do",
        });
    }
    said
}
