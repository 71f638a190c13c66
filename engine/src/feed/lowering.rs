//! Steps held against the tensors of a feed.

use super::columns::{First, Output};
use super::options::{Access, ReadOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Dtype;
use crate::plan::operators::{ColumnSteps, Coordinates, Held, KnownTensor, Steps};

/// The steps of each column of a feed.
///
/// # Errors
/// `Pipeline` with step, operator and column where a step cannot be done; `Usage`
/// where views are asked for.
pub(super) fn lower(
    outputs: &[Output],
    read: &ReadOptions,
    (steps, n_rows): (&Steps, u64),
) -> Result<Vec<ColumnSteps>> {
    if steps.step.is_empty() {
        return Ok(Vec::new());
    }
    if read.access == Access::View {
        let error = Error::new(
            ErrorKind::Usage,
            "expected access = \"copy\" with steps, got \"view\"",
        );
        return Err(error.with_hint("a view shows a shard as it is; steps write to memory"));
    }
    let known: Vec<KnownTensor<'_>> = outputs.iter().map(known).collect();
    let lowered = steps.lower(&known, n_rows)?;
    for Coordinates { column, .. } in lowered.iter().flat_map(|it| &it.ties.coordinates) {
        let mut options = read.options.iter().filter(|(name, _)| name == column);
        let dtype = options.find_map(|(_, options)| options.dtype);
        if let Some(dtype) = dtype {
            let message = format!(
                "expected no dtype of boxes or keypoints, which come as float32, got {}",
                dtype.name()
            );
            let error = Error::new(ErrorKind::Usage, message).with_column(column);
            return Err(error.with_hint("they are moved as they are stored, and rounded once: leave the column out of dtypes"));
        }
    }
    Ok(lowered)
}

/// The first `n_steps` of each column of a feed.
///
/// # Errors
/// `Pipeline` with step, operator and column where a step cannot be done.
pub(super) fn lower_first(
    outputs: &[Output],
    (steps, n_steps): (&Steps, usize),
    n_rows: u64,
) -> Result<Vec<ColumnSteps>> {
    let known: Vec<KnownTensor<'_>> = outputs.iter().map(known).collect();
    steps.lower_first(n_steps, &known, n_rows)
}

/// A tensor as steps know it.
fn known(output: &Output) -> KnownTensor<'_> {
    let is_bytes = output.dtype == Dtype::U8;
    let held = match output.first {
        First::Rows if is_bytes && matches!(output.inner.len(), 2 | 3) => {
            Held::Images(&output.inner)
        }
        First::Elements if is_bytes && output.inner.is_empty() => Held::Bytes,
        First::Rows => Held::Other(format!(
            "{} in rows of shape {:?}",
            output.dtype.name(),
            output.inner
        )),
        First::Elements | First::Offsets => {
            Held::Other(format!("{} in rows of any length", output.dtype.name()))
        }
    };
    KnownTensor {
        name: &output.name,
        column: &output.column,
        held,
        dtype: output.dtype,
        inner: &output.inner,
        is_fixed: output.first == First::Rows,
    }
}
