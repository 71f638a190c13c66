//! Numbers that steps put in the place of others, row by row, for the account:
//! nulls that are filled, and numbers that become the nearest that fits.

use std::collections::BTreeMap;
use std::sync::Arc;

use fuelrail_kernels::{Kernel, Level};

use super::columns::Numbers;
use super::program::Chain;
use super::segment::SegmentColumn;
use crate::batch::Conversion;
use crate::error::Result;
use crate::plan::Overflow;

/// What was put in the place of numbers, by index of the row.
pub(super) type Changes = BTreeMap<usize, Vec<Conversion>>;

/// Notes the nulls of `column` that were filled.
pub(super) fn note_filled(
    column: &SegmentColumn,
    numbers: &Numbers,
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

/// Notes the numbers of `column` that became the nearest that fits, kernel by
/// kernel, by the reference: devices tell only that there are some.
pub(super) fn note_saturated(
    column: &SegmentColumn,
    numbers: &Numbers,
    n_rows: usize,
    out: &mut Changes,
) -> Result<()> {
    let n_numbers = numbers.row_end(n_rows);
    let mut src = numbers.bytes.to_vec();
    for kernel in &column.kernels {
        let saturates = kernel.overflow == Overflow::Saturate;
        if let Kernel::Cast(cast) = &kernel.kernel
            && saturates
            && !cast.always_fits()
        {
            let step = kernel.step + 1;
            let noted = Noted::new(column, format!("nearest that fits (step {step}, cast)"));
            let width = src.len().checked_div(n_numbers).unwrap_or(0);
            for row in (0..n_rows).filter(|row| !numbers.is_null(*row)) {
                let range = numbers.row(row);
                let bytes = src.get(range.start * width..range.end * width);
                noted.add(row, bytes.map_or(0, |src| cast.count_misfits(src)), out);
            }
        }
        let chain = Chain::new(vec![kernel.kernel.clone()])?;
        let mut dst = vec![0; src.len() / chain.src_item_bytes() * chain.dst_item_bytes()];
        chain.run(Level::SCALAR, &src, &mut dst)?;
        src = dst;
    }
    Ok(())
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
