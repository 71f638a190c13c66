//! Fills the slot of a job, and makes an error of whatever panics meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::course::FillTask;
use super::fill::{BatchSlot, Fill, Wanted};
use super::limits::memory_bytes;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::operators::Draw;

/// Batches of more rows are compared with the memory that there is, before the system
/// promises what it does not have.
const MANY: usize = 1 << 24;

/// What a row takes beside its tensors, about.
const ROW_BYTES: u64 = 64;

/// Fills a slot as the job says; a panic becomes an error.
///
/// # Errors
/// Those of `fill`, and `Internal` for a panic.
pub(super) fn fill_slot(
    fill: &dyn Fill,
    job: &FillTask,
    rows: &mut Vec<u64>,
    slot: &mut BatchSlot,
) -> Result<()> {
    let n_rows = usize::try_from(job.cut.n_rows)
        .map_err(|_| Error::internal("expected a batch that fits memory"))?;
    if n_rows > MANY && (1..n_rows as u64).contains(&(memory_bytes() / ROW_BYTES)) {
        let message = format!("expected a batch that fits memory, got {n_rows} rows");
        return Err(Error::new(ErrorKind::Usage, message).with_hint("use a smaller batch_size"));
    }
    // The next fill writes all of a slot: whatever a panic leaves behind can be
    // used again.
    let filled = catch_unwind(AssertUnwindSafe(|| {
        rows.clear();
        job.order.rows(job.cut.mine.clone(), rows);
        let wanted = Wanted {
            rows: rows.as_slice(),
            n_rows,
            draw: Draw {
                seed: job.seed,
                epoch: job.epoch,
            },
        };
        fill.fill(wanted, slot)?;
        job.order.settle(&mut slot.filled);
        Ok(())
    }));
    filled.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

/// An error that carries the text of a panic.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::internal(format!("panic while filling a batch: {text}"))
}
