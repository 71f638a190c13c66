//! The runs of consecutive steps of a plan that a device can do, as programs.

use std::ops::Range;

use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel};

use super::infinite;
use super::program::{Chain, Program};
use crate::error::Result;
use crate::plan::{ColumnKernel, MapStep, OutputColumn, Overflow, Plan, Step};

/// Consecutive steps that map numbers to numbers.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Indices of the steps.
    pub(crate) steps: Range<usize>,
    /// The columns changed, one for each chain of the program.
    pub(crate) columns: Vec<SegmentColumn>,
    /// What is done to them.
    pub(crate) program: Program,
}

/// One column that a segment changes.
#[derive(Debug, Clone)]
pub(crate) struct SegmentColumn {
    /// The column behind the segment; before it, it has the same name.
    pub(crate) output: OutputColumn,
    /// The bytes of the number that takes the place of nulls.
    pub(crate) fill: Option<Vec<u8>>,
    /// The kernels as the steps have them, before any were made one.
    pub(crate) kernels: Vec<StepKernel>,
}

/// A kernel with the step it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct StepKernel {
    /// Index of the step.
    pub(crate) step: usize,
    /// What becomes of numbers that do not fit.
    pub(crate) overflow: Overflow,
    /// What is done.
    pub(crate) kernel: Kernel,
}

impl SegmentColumn {
    /// Whether a number that does not fit becomes the nearest that does.
    pub(crate) fn saturates(&self) -> bool {
        let mut kernels = self.kernels.iter();
        kernels.any(|kernel| {
            let is_cast = matches!(&kernel.kernel, Kernel::Cast(cast) if !cast.always_fits());
            is_cast && kernel.overflow == Overflow::Saturate
        })
    }

    /// The type of floats that the column has in the end, if a number may have
    /// become infinite on the way.
    pub(crate) fn may_be_infinite(&self) -> Option<Element> {
        let mut kernels = self.kernels.iter();
        let may_be = kernels.any(|kernel| infinite::types(&kernel.kernel).is_some());
        let written = match &self.kernels.last()?.kernel {
            Kernel::Cast(cast) => cast.to,
            Kernel::NormalizeNumbers(numbers) => numbers.to,
            Kernel::NormalizeImages(_) => return None,
        };
        may_be.then_some(written)
    }

    /// Whether a number that does not fit makes its row unusable.
    pub(crate) fn refuses_misfits(&self) -> bool {
        let mut kernels = self.kernels.iter();
        kernels.any(|kernel| kernel.overflow == Overflow::Error)
    }
}

/// The segments of `plan`, in the order of its steps.
///
/// # Errors
/// `Internal` for a plan that was not checked.
pub(crate) fn segments(plan: &Plan) -> Result<Vec<Segment>> {
    let mut open: Vec<(Range<usize>, Vec<SegmentColumn>)> = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let MapStep {
            columns, overflow, ..
        } = match step {
            Step::Map(step) => step,
            Step::Select(_) | Step::Filter(_) | Step::Tokenize(_) | Step::Pack(_) => continue,
        };
        let goes_on = open
            .last()
            .is_some_and(|(steps, before)| steps.end == index && !fills_late(before, columns));
        if !goes_on {
            open.push((index..index, Vec::new()));
        }
        if let Some((steps, merged)) = open.last_mut() {
            steps.end = index + 1;
            for column in columns {
                add(merged, column, index, *overflow);
            }
        }
    }
    let close = |(steps, columns): (Range<usize>, Vec<SegmentColumn>)| {
        let chain = |column: &SegmentColumn| {
            let kernels = column.kernels.iter().map(|kernel| kernel.kernel.clone());
            Chain::new(fused(kernels))
        };
        let chains = columns.iter().map(chain).collect::<Result<_>>()?;
        Ok(Segment {
            steps,
            columns,
            program: Program { chains },
        })
    };
    open.into_iter().map(close).collect()
}

/// Whether a column that has a kernel already would have its nulls replaced
/// only now: numbers are put in before the first kernel, so that takes a
/// segment of its own.
fn fills_late(before: &[SegmentColumn], columns: &[ColumnKernel]) -> bool {
    columns.iter().any(|column| {
        let name = &column.output.name;
        column.fill.is_some() && before.iter().any(|before| before.output.name == *name)
    })
}

fn add(merged: &mut Vec<SegmentColumn>, column: &ColumnKernel, step: usize, overflow: Overflow) {
    let kernel = StepKernel {
        step,
        overflow,
        kernel: column.kernel.clone(),
    };
    let name = &column.output.name;
    match merged.iter_mut().find(|before| before.output.name == *name) {
        Some(before) => {
            before.output = column.output.clone();
            before.kernels.push(kernel);
        }
        None => merged.push(SegmentColumn {
            output: column.output.clone(),
            fill: column.fill.clone(),
            kernels: vec![kernel],
        }),
    }
}

/// The kernels with those made one that can be: a `normalize` whose result is
/// only rounded further.
pub(super) fn fused(kernels: impl Iterator<Item = Kernel>) -> Vec<Kernel> {
    let mut out: Vec<Kernel> = Vec::new();
    for kernel in kernels {
        match out.last().and_then(|before| fuse(before, &kernel)) {
            Some(both) => {
                out.pop();
                out.push(both);
            }
            None => out.push(kernel),
        }
    }
    out
}

/// One kernel with the bits of `first` and then `second`.
fn fuse(first: &Kernel, second: &Kernel) -> Option<Kernel> {
    let (Kernel::NormalizeNumbers(numbers), Kernel::Cast(cast)) = (first, second) else {
        return None;
    };
    // Both contracts reach 16 bits by way of binary32.
    let rounds_on = match numbers.to {
        Element::F64 => cast.to.is_float(),
        Element::F32 => matches!(cast.to, Element::F16 | Element::BF16),
        _ => false,
    };
    rounds_on.then_some(Kernel::NormalizeNumbers(Numbers {
        to: cast.to,
        ..*numbers
    }))
}
