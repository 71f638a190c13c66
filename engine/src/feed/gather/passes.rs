//! The passes of an attempt over the shards of a batch.

use super::super::fill::NO_ROW;
use super::attempt::{Attempt, Verdict};
use super::rows::{ShardRuns, rows_bytes};
use crate::error::Result;

impl Attempt<'_> {
    /// Reads the batch, as far as it can be read.
    ///
    /// # Errors
    /// What is wrong, where that is more than damage to skip.
    pub(super) fn run(mut self) -> Result<Verdict> {
        let (gather, wanted) = (self.gather, self.wanted);
        self.work.grouped.group(wanted, &gather.shards)?;
        self.work.start(&gather.columns, wanted.len());
        let groups = std::mem::take(&mut self.work.grouped.groups);
        let result = self.passes(&groups);
        self.work.grouped.groups = groups;
        result?;
        if self.verdict.is_sound() {
            self.fill_up()?;
            self.pad_ragged()?;
        }
        Ok(self.verdict)
    }

    fn passes(&mut self, groups: &[ShardRuns]) -> Result<()> {
        let most = self.gather.max_held;
        for groups in groups.chunks(most) {
            self.hold(groups)?;
            self.check(groups)?;
            if self.verdict.is_sound() {
                self.copy_fixed(groups)?;
            }
            self.work.note_known();
            self.release(groups)?;
        }
        if self.gather.columns.ragged.is_empty() || !self.verdict.is_sound() {
            return Ok(());
        }
        self.lay_out()?;
        let all_known = std::mem::take(&mut self.work.known);
        for (groups, known) in groups.chunks(most).zip(all_known.chunks(most)) {
            self.hold(groups)?;
            self.verdict.changed |= self.work.is_other(known);
            if self.verdict.is_sound() {
                self.copy_ragged(groups)?;
            }
            self.release(groups)?;
        }
        self.work.known = all_known;
        Ok(())
    }

    /// Opens the shards of `groups`.
    fn hold(&mut self, groups: &[ShardRuns]) -> Result<()> {
        self.work.held.clear();
        for group in groups {
            let open = match self.gather.shards.get(group.shard) {
                Ok(open) => Some(open),
                Err(error) => {
                    self.lose_group(group, error)?;
                    None
                }
            };
            self.work.held.push(open);
        }
        Ok(())
    }

    /// Asks the shards of `groups` whether what was read of them holds, and
    /// lets go of them.
    fn release(&mut self, groups: &[ShardRuns]) -> Result<()> {
        for (index, group) in groups.iter().enumerate() {
            if self.work.held[index].is_some() {
                self.is_same(index, group)?;
            }
        }
        self.work.held.clear();
        Ok(())
    }

    /// Zeros in the rows of the batch that are none of the dataset.
    fn fill_up(&mut self) -> Result<()> {
        if !self.wanted.contains(&NO_ROW) {
            return Ok(());
        }
        for fixed in &self.gather.columns.fixed {
            if self.work.views[fixed.output].is_some() {
                continue;
            }
            let room = rows_bytes(self.wanted.len(), fixed.row_bytes)?;
            let room = self.buffers.buffer(fixed.output).room(room)?;
            let rows = room.chunks_exact_mut(fixed.row_bytes);
            let empty = rows.zip(self.wanted).filter(|(_, row)| **row == NO_ROW);
            empty.for_each(|(bytes, _)| bytes.fill(0));
        }
        Ok(())
    }
}
