//! Fills slots: a batch is tried until an attempt is sound.

use std::sync::{Arc, PoisonError};

use super::super::columns::{First, Output};
use super::super::fill::{BatchSlot, Damage, Fill, NO_ROW, Placed, TensorPlace, Wanted};
use super::super::guard;
use super::attempt::{Attempt, GatherFill, Skipped, Verdict};
use super::work::GatherWork;
use crate::error::{Error, ErrorKind, Result};

/// How often a batch is read again because shards were written to meanwhile.
const MAX_CHANGES: usize = 8;

impl Fill for GatherFill {
    fn fill(&self, wanted: Wanted<'_>, slot: &mut BatchSlot) -> Result<()> {
        self.fill_but(wanted, &[], slot)
    }
}

impl GatherFill {
    /// Fills a slot with the rows that are wanted, but for those that are lost
    /// already.
    ///
    /// # Errors
    /// As [`Fill::fill`].
    pub(crate) fn fill_but(
        &self,
        wanted: Wanted<'_>,
        lost: &[Damage],
        slot: &mut BatchSlot,
    ) -> Result<()> {
        guard::install().map_err(|e| {
            Error::new(ErrorKind::Io, "cannot watch for pages that are missing").with_source(e)
        })?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = idle().pop().unwrap_or_default();
        let filled = self.fill_with(&mut work, wanted, lost, slot);
        work.held.clear();
        work.views.clear();
        idle().push(work);
        filled
    }

    /// Says where the tensors of a batch of `n_rows` lie.
    fn place(&self, work: &mut GatherWork, n_rows: usize, tensors: &mut Vec<Placed>) {
        let outputs = &self.columns.outputs;
        let is_same =
            |(tensor, output): (&Placed, &Output)| Arc::ptr_eq(&tensor.name, &output.name);
        if tensors.len() != outputs.len() || !tensors.iter().zip(outputs).all(is_same) {
            tensors.clear();
            tensors.extend(outputs.iter().enumerate().map(Output::placed));
        }
        for (index, (tensor, output)) in tensors.iter_mut().zip(outputs).enumerate() {
            let first = match output.first {
                First::Rows => n_rows,
                First::Offsets => n_rows + 1,
                First::Elements => work.n_elements(&self.columns, index),
            };
            tensor.shape[0] = first as u64;
            tensor.place = match work.views[index].take() {
                Some(piece) => {
                    let range = piece.range();
                    TensorPlace::View(Arc::new(piece), range)
                }
                None => TensorPlace::Slot(index),
            };
        }
    }

    fn fill_with(
        &self,
        work: &mut GatherWork,
        wanted: Wanted<'_>,
        lost: &[Damage],
        slot: &mut BatchSlot,
    ) -> Result<()> {
        let Wanted { rows, n_rows, .. } = wanted;
        if let Some(row) = rows.iter().find(|row| **row == NO_ROW) {
            let message = format!("expected rows of the dataset, got {row}");
            return Err(Error::new(ErrorKind::Usage, message));
        }
        // What was read ahead and dropped may still hold maps.
        slot.let_go();
        let BatchSlot {
            buffers, filled, ..
        } = slot;
        filled.begin(rows, n_rows);
        self.skip(&mut filled.rows, lost);
        filled.damage.extend_from_slice(lost);
        let mut n_changes = 0;
        loop {
            let verdict = Attempt {
                gather: self,
                work,
                wanted: &filled.rows,
                buffers,
                verdict: Verdict::default(),
            }
            .run()?;
            if verdict.is_sound() {
                break;
            }
            n_changes += usize::from(verdict.changed);
            if n_changes > MAX_CHANGES {
                return Err(Error::damage(
                    "expected shards that nobody writes to, got one that changes again and again",
                )
                .with_path(self.shards.dataset().root()));
            }
            self.skip(&mut filled.rows, &verdict.damage);
            filled.damage.extend(verdict.damage);
        }
        filled.end();
        self.place(work, filled.rows.len(), &mut filled.tensors);
        let lies = |tensor: &Placed| tensor.lies_in(buffers);
        if !filled.tensors.iter().all(lies) {
            return Err(Error::internal("expected memory for each tensor"));
        }
        Ok(())
    }

    /// Takes damaged rows out of a batch.
    fn skip(&self, wanted: &mut Vec<u64>, damage: &[Damage]) {
        let mut lost: Vec<u64> = damage.iter().map(|damage| damage.row).collect();
        lost.sort_unstable();
        let is_lost = |row: u64| lost.binary_search(&row).is_ok();
        match self.skipped {
            Skipped::Masked => {
                let lost = wanted.iter_mut().filter(|row| is_lost(**row));
                lost.for_each(|row| *row = NO_ROW);
            }
            Skipped::LeftOut => wanted.retain(|row| !is_lost(*row)),
        }
    }
}
