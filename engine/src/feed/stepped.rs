//! Rows of a dataset changed by steps, row by row, as they are put into a batch.

use std::sync::{Mutex, PoisonError};

use fuelrail_kernels::Level;

use super::buffer::Buffers;
use super::columns::{First, Output};
use super::fill::{Fill, NO_ROW, Place, Placed, Slot, Wanted};
use super::gather::Gather;
use super::options::{Access, ReadOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Dtype;
use crate::plan::operators::{ColumnSteps, Draw, ImageColumn, Parameters, Steps};

/// Fills slots with rows that steps have changed.
#[derive(Debug)]
pub(super) struct Stepped {
    gather: Gather,
    columns: Vec<SteppedColumn>,
    level: Level,
    /// Memory for what is between the kernels of a row that nobody works with.
    idle: Mutex<Vec<Scratch>>,
}

/// See [`Stepped::idle`].
#[derive(Debug, Default)]
struct Scratch {
    between: [Vec<u8>; 2],
    parameters: Parameters,
}

/// A column that steps change.
#[derive(Debug)]
struct SteppedColumn {
    steps: ColumnSteps,
    /// The index of its tensor, and of the buffer that holds it as it is stored.
    tensor: usize,
    /// The buffer that holds it behind the steps.
    buffer: usize,
    /// The shape of a row behind the steps.
    shape: Vec<u64>,
}

/// The steps of each column of a feed.
///
/// # Errors
/// `Usage` with step, operator and column where a step cannot be done.
pub(super) fn lower(
    outputs: &[Output],
    read: &ReadOptions,
    steps: &Steps,
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
    let known: Vec<ImageColumn<'_>> = outputs.iter().map(known).collect();
    steps.lower(&known)
}

/// A tensor as steps know it.
fn known(output: &Output) -> ImageColumn<'_> {
    let is_image = output.dtype == Dtype::U8 && output.first == First::Rows;
    let has_axes = matches!(output.inner.len(), 2 | 3);
    let shape = (is_image && has_axes).then_some(output.inner.as_slice());
    (&output.name, shape)
}

impl Stepped {
    /// What `gather` reads, changed by `steps`.
    ///
    /// # Errors
    /// `Internal` for steps of a column that is not read.
    pub(super) fn new(gather: Gather, steps: Vec<ColumnSteps>) -> Result<Self> {
        let outputs = gather.outputs();
        let mut columns = Vec::new();
        for steps in steps {
            let tensor = outputs.iter().position(|it| *it.name == *steps.column);
            let tensor =
                tensor.ok_or_else(|| Error::internal("steps of a column that is not read"))?;
            columns.push(SteppedColumn {
                shape: steps.after.shape(&outputs[tensor].inner),
                tensor,
                buffer: outputs.len() + columns.len(),
                steps,
            });
        }
        Ok(Self {
            gather,
            columns,
            level: Level::best(),
            idle: Mutex::default(),
        })
    }
}

impl Fill for Stepped {
    fn fill(&self, wanted: Wanted<'_>, slot: &mut Slot) -> Result<()> {
        // The tensors of the last batch have other shapes than those that are read.
        slot.filled.tensors.clear();
        self.gather.fill(wanted, slot)?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let Slot { buffers, filled } = slot;
        let rows = &filled.rows;
        for column in &self.columns {
            let tensor = &mut filled.tensors[column.tensor];
            column.run(
                (self.level, wanted.draw),
                rows,
                (buffers, &mut scratch),
                tensor,
            )?;
        }
        idle().push(scratch);
        Ok(())
    }
}

impl SteppedColumn {
    /// Changes all rows, each by what is drawn for it.
    fn run(
        &self,
        (level, draw): (Level, Draw),
        rows: &[u64],
        (buffers, scratch): (&mut Buffers, &mut Scratch),
        tensor: &mut Placed,
    ) -> Result<()> {
        let lens = [self.steps.before, self.steps.after].map(|image| image.len_bytes());
        let [before, after] = lens.map(|len| usize::try_from(len).unwrap_or(usize::MAX));
        let too_large = || Error::internal("a batch beyond memory");
        let read = before.checked_mul(rows.len()).ok_or_else(too_large)?;
        let written = after.checked_mul(rows.len()).ok_or_else(too_large)?;
        let mut stored = buffers.take(self.tensor);
        let images = stored.room(read)?.chunks_exact(before);
        let changed = buffers.buffer(self.buffer).room(written)?;
        for ((src, dst), row) in images.zip(changed.chunks_exact_mut(after)).zip(rows) {
            if *row == NO_ROW {
                dst.fill(0);
                continue;
            }
            let Scratch {
                between,
                parameters,
            } = scratch;
            self.steps.draw_parameters(draw, *row, parameters)?;
            self.steps.run(level, (src, parameters), between, dst)?;
        }
        buffers.put_back(self.tensor, stored);
        tensor.shape.truncate(1);
        tensor.shape.extend_from_slice(&self.shape);
        tensor.place = Place::Slot(self.buffer);
        Ok(())
    }
}
