//! Numbers that steps put in the place of others, row by row, for the account:
//! nulls that are filled, and numbers that become the nearest that fits, or
//! infinite.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::Buffer;
use fuelrail_kernels::{Kernel, Level};

use super::columns::ColumnNumbers;
use super::infinite;
use super::program::Chain;
use crate::batch::Conversion;
use crate::error::Result;
use crate::plan::{Overflow, SegmentColumn};

/// What was put in the place of numbers, by index of the row.
pub(super) type Changes = BTreeMap<usize, Vec<Conversion>>;

/// Notes the nulls of `column` that were filled.
pub(super) fn note_filled(
    column: &SegmentColumn,
    numbers: &ColumnNumbers,
    (n_rows, op): (usize, &str),
    out: &mut Changes,
) {
    if !numbers.has_filled() {
        return;
    }
    let step = column.kernels[0].step + 1;
    let noted = Noted::new(column, format!("null filled (step {step}, {op})"));
    for row in 0..n_rows {
        noted.add(row, numbers.n_filled(row), out);
    }
}

/// Notes the numbers of `column` that became the nearest that fits, and those
/// that `normalize` made infinite, kernel by kernel, by the reference: devices
/// tell only that there are some, and floats that are too large become infinite
/// there. Gives the numbers as they are in the end.
pub(super) fn note_saturated(
    column: &SegmentColumn,
    numbers: &ColumnNumbers,
    n_rows: usize,
    out: &mut Changes,
) -> Result<Buffer> {
    let n_numbers = numbers.row_end(n_rows);
    let mut src = numbers.bytes.to_vec();
    for kernel in &column.kernels {
        let chain = Chain::new(vec![kernel.kernel.clone()])?;
        let mut dst = vec![0; src.len() / chain.src_item_bytes() * chain.dst_item_bytes()];
        chain.run(Level::SCALAR, &src, &mut dst)?;
        if kernel.overflow == Overflow::Saturate {
            let changed = Changed::new(&kernel.kernel, (&src, &dst), n_numbers);
            let what = format!(
                "{} (step {}, {})",
                changed.what(),
                kernel.step + 1,
                kernel.kernel.op()
            );
            let noted = Noted::new(column, what);
            for row in (0..n_rows).filter(|row| !numbers.is_null(*row)) {
                noted.add(row, changed.count(numbers.row(row)), out);
            }
            infinite::saturate_cast(&kernel.kernel, &src, &mut dst);
        }
        src = dst;
    }
    Ok(src.into())
}

/// What one kernel made of the numbers of a column.
struct Changed<'a> {
    kernel: &'a Kernel,
    src: &'a [u8],
    dst: &'a [u8],
    n_numbers: usize,
}

impl<'a> Changed<'a> {
    fn new(kernel: &'a Kernel, (src, dst): (&'a [u8], &'a [u8]), n_numbers: usize) -> Self {
        Self {
            kernel,
            src,
            dst,
            n_numbers,
        }
    }

    /// What becomes of a number that does not fit.
    fn what(&self) -> &'static str {
        match self.kernel {
            Kernel::Cast(_) => "nearest that fits",
            Kernel::Map(map) if !map.to().is_float() => "nearest that fits",
            Kernel::NormalizeNumbers(_)
            | Kernel::NormalizeImages(_)
            | Kernel::Map(_)
            | Kernel::FixedRow(_) => "infinite",
        }
    }

    /// How many numbers in this range did not fit.
    fn count(&self, range: Range<usize>) -> usize {
        let part = |bytes: &'a [u8]| {
            let width = bytes.len().checked_div(self.n_numbers).unwrap_or(0);
            bytes
                .get(range.start * width..range.end * width)
                .unwrap_or_default()
        };
        let (src, dst) = (part(self.src), part(self.dst));
        match self.kernel {
            Kernel::Cast(cast) if !cast.always_fits() => cast.count_misfits(src),
            Kernel::Map(map) if !map.always_fits() => map.count_misfits(src),
            kernel => infinite::types(kernel).map_or(0, |types| infinite::count(types, src, dst)),
        }
    }
}

/// One change of one column.
struct Noted {
    column: Arc<str>,
    what: Arc<str>,
}

impl Noted {
    fn new(column: &SegmentColumn, what: String) -> Self {
        Self {
            column: column.output.name.as_str().into(),
            what: what.into(),
        }
    }

    fn add(&self, row: usize, n_values: usize, out: &mut Changes) {
        if n_values > 0 {
            out.entry(row).or_default().push(Conversion {
                column: Arc::clone(&self.column),
                what: Arc::clone(&self.what),
                n_values: n_values as u64,
            });
        }
    }
}
