//! The checks of a batch, and what becomes of rows that do not pass them.

use std::ops::Range;
use std::sync::Arc;

use super::super::columns::Watched;
use super::super::fill::Damage;
use super::super::known::BadBlock;
use super::super::open_shard::Open;
use super::super::options::OnDamage;
use super::super::shards::ShardState;
use super::attempt::{Attempt, GatherFill};
use super::fault::{ShardFault, beyond};
use super::rows::{RowRun, ShardRuns};
use super::spans::Offsets;
use super::work::GatherWork;
use crate::error::{Error, ErrorKind, Result};

impl Attempt<'_> {
    /// Compares what is read of `groups` with its checksums, and reads offsets.
    pub(super) fn check(&mut self, groups: &[ShardRuns]) -> Result<()> {
        for (index, group) in groups.iter().enumerate() {
            let Some(open) = self.work.held[index].clone() else {
                continue;
            };
            let is_done = open.known.is_done(self.gather.verify);
            if is_done && self.gather.columns.ragged.is_empty() {
                continue;
            }
            for run in group.runs.clone() {
                let run = self.work.grouped.runs[run];
                let Err(fault) = self.check_run(&open, run) else {
                    continue;
                };
                if !self.is_same(index, group)? {
                    break;
                }
                self.lose(&open, run, fault)?;
            }
        }
        Ok(())
    }

    /// Checks the rows of one run.
    fn check_run(&mut self, open: &Open, run: RowRun) -> Result<(), ShardFault> {
        let (gather, work) = (self.gather, &mut *self.work);
        let columns = &gather.columns;
        if !open.known.is_done(gather.verify) {
            for fixed in &columns.fixed {
                gather.check_items(open, fixed.tensor, run.rows())?;
            }
            for watched in &columns.watched {
                gather.check_watched(open, watched, run, &mut work.bytes)?;
            }
        }
        for (ragged, spans) in columns.ragged.iter().zip(&mut work.spans) {
            let offsets = gather.offsets(open, ragged.offsets, run, &mut work.bytes)?;
            gather.check_items(open, ragged.values, offsets.elements())?;
            spans.note(run, &offsets);
        }
        Ok(())
    }

    /// Whether a shard that is held is still what it was; what is not is lost,
    /// or read again.
    pub(super) fn is_same(&mut self, index: usize, group: &ShardRuns) -> Result<bool> {
        let Some(open) = self.work.held[index].clone() else {
            return Ok(false);
        };
        match self.gather.shards.state(&open) {
            ShardState::Same => return Ok(true),
            ShardState::Changed => self.verdict.changed = true,
            ShardState::Cut(error) => self.lose_group(group, error)?,
        }
        self.work.held[index] = None;
        Ok(false)
    }

    /// Notes those rows of a run that cannot be read.
    ///
    /// # Errors
    /// What is wrong with the first, unless such rows are skipped.
    pub(super) fn lose(&mut self, open: &Arc<Open>, run: RowRun, fault: ShardFault) -> Result<()> {
        if run.n_rows == 1 {
            return self.lose_row(open, run.row, fault);
        }
        // Not all rows of a run have a part in what is wrong.
        let mut any = false;
        for single in run.singles() {
            if let Err(fault) = self.check_run(open, single) {
                any = true;
                self.lose_row(open, single.row, fault)?;
            }
        }
        // What was wrong and is no more has been changed meanwhile.
        self.verdict.changed |= !any;
        Ok(())
    }

    /// Notes a row of a shard that cannot be read.
    ///
    /// # Errors
    /// What is wrong with it, unless such rows are skipped.
    pub(super) fn lose_row(&mut self, open: &Open, row: u64, fault: ShardFault) -> Result<()> {
        let entry = self.gather.shards.entry(open.shard);
        let path = self.gather.shards.path(open.shard);
        let (error, block) = match fault {
            ShardFault::Content(error) if error.kind() != ErrorKind::Damage => {
                return Err(error.with_path(path).with_row(row));
            }
            ShardFault::Content(error) => (error, None),
            ShardFault::Block(bad) => (self.bad_block(open.shard, bad), Some(bad.index as u64)),
        };
        if self.gather.on_damage == OnDamage::Raise {
            return Err(error.with_path(path).with_row(row).with_hint(HINT));
        }
        self.verdict.damage.push(Damage {
            shard: entry.name(),
            block,
            row: entry.first_row + row,
            message: error.message().to_owned(),
        });
        Ok(())
    }

    /// What to say of a block that is not what was written.
    fn bad_block(&self, shard: usize, bad: BadBlock) -> Error {
        let block = bad.index as u64;
        let message = match self.gather.on_damage {
            OnDamage::Skip => "expected the bytes that were written, got others".to_owned(),
            OnDamage::Raise => match self.gather.shards.rows_of_block(shard, block) {
                Some(rows) => format!(
                    "expected the bytes that were written, got others in a block that has bytes of \
                     dataset[{}:{}]",
                    rows.start, rows.end
                ),
                None => "expected the bytes that were written, got others".to_owned(),
            },
        };
        Error::damage(message).with_block(block)
    }

    /// Notes all rows of a shard in the batch.
    ///
    /// # Errors
    /// `error`, unless it is damage and that is skipped.
    pub(super) fn lose_group(&mut self, group: &ShardRuns, error: Error) -> Result<()> {
        let entry = self.gather.shards.entry(group.shard);
        if self.gather.on_damage == OnDamage::Raise || error.kind() != ErrorKind::Damage {
            return Err(error.with_hint(HINT));
        }
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{}: {source}", error.message()),
            None => error.message().to_owned(),
        };
        let GatherWork { grouped, .. } = &*self.work;
        let rows = grouped.runs[group.runs.clone()]
            .iter()
            .flat_map(RowRun::rows);
        self.verdict.damage.retain(|damage| {
            let row = damage.row.checked_sub(entry.first_row);
            row.is_none_or(|row| row >= entry.n_rows)
        });
        self.verdict.damage.extend(rows.map(|row| Damage {
            shard: entry.name(),
            block: None,
            row: entry.first_row + row,
            message: message.clone(),
        }));
        Ok(())
    }
}

impl GatherFill {
    /// Compares the blocks of items of a tensor with their checksums.
    fn check_items(&self, open: &Open, tensor: usize, items: Range<u64>) -> Result<(), ShardFault> {
        let range = open.known.span(tensor).items(items).ok_or_else(beyond)?;
        Ok(open.known.check(&open.map, range, self.verify)?)
    }

    /// The same for what is read of a tensor that is not handed out.
    fn check_watched(
        &self,
        open: &Open,
        watched: &Watched,
        run: RowRun,
        bytes: &mut Vec<u8>,
    ) -> Result<(), ShardFault> {
        match watched {
            Watched::Rows(tensor) => self.check_items(open, *tensor, run.rows()),
            Watched::Elements { offsets, values } => {
                let elements = self.offsets(open, *offsets, run, bytes)?.elements();
                values
                    .iter()
                    .try_for_each(|tensor| self.check_items(open, *tensor, elements.clone()))
            }
        }
    }

    /// Reads the offsets of a run into `bytes`.
    ///
    /// # Errors
    /// Where a block is not what was written, or they are no offsets. That
    /// they are within their values is for those who read them to ask.
    fn offsets<'a>(
        &self,
        open: &Open,
        tensor: usize,
        run: RowRun,
        bytes: &'a mut Vec<u8>,
    ) -> Result<Offsets<'a>, ShardFault> {
        let rows = run.rows();
        self.check_items(open, tensor, rows.start..rows.end + 1)?;
        let range = open.known.span(tensor).items(rows.start..rows.end + 1);
        let range = range.ok_or_else(beyond)?;
        bytes.resize(range.len(), 0);
        open.map.copy(range.start, bytes).ok_or_else(beyond)?;
        let offsets = Offsets::new(bytes, run);
        offsets.ok_or_else(|| {
            let message = "expected offsets that start at 0 and never fall";
            ShardFault::Content(Error::damage(message))
        })
    }
}

/// What helps against damage.
const HINT: &str =
    "restore the shard from a copy of the dataset, or have damaged rows skipped (`on_damage`)";
