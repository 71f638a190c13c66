//! Checks `cast`.

use fuelrail_kernels::{Kernel, cast::Cast};

use crate::error::{Error, name_in_backticks};
use crate::plan::numbers::with_element;
use crate::plan::output::OutputColumn;
use crate::plan::pipeline::CastSpec;
use crate::plan::steps::{ColumnKernel, MapOp, MapStep};

use super::live::Columns;
use super::numbers::{named, numbers, place};
use super::step_result::StepResult;

/// Every column must hold numbers, of another type than asked for.
pub(super) fn check(spec: &CastSpec, columns: &mut Columns<'_>) -> StepResult<MapStep> {
    let to = spec.dtype.element();
    let mut kernels = Vec::with_capacity(spec.column.0.len());
    for (index, column) in named(&spec.column, columns)?.into_iter().enumerate() {
        let from = numbers(&column).map_err(|error| (error, place(index)))?;
        if from == to {
            let error = Error::pipeline(format!("the numbers are of type {to} already"))
                .with_column(&column.name)
                .with_hint(match spec.column.0.as_slice() {
                    [_] => "leave the step out".to_owned(),
                    _ => format!("leave {} out of the step", name_in_backticks(&column.name)),
                });
            return Err((error, place(index)));
        }
        let (data_type, meaning) = with_element(&column.data_type, to);
        kernels.push(ColumnKernel {
            kernel: Kernel::Cast(Cast { from, to }),
            fill: None,
            output: OutputColumn {
                data_type,
                meaning,
                ..column
            },
        });
    }
    columns.change(&kernels);
    Ok(MapStep {
        op: MapOp::Cast,
        columns: kernels,
        overflow: spec.overflow,
    })
}
