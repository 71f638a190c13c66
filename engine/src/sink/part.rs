//! Writes one part of the plan, and takes it up again where it was left.

use std::sync::Arc;

use super::encode::encode;
use super::journal::{Journal, JournalLine, JournalWriter};
use super::shard::ShardWriter;
use super::shared::Shared;
use crate::batch::{Checkpoint, OutputBatch, Quarantined, Stats};
use crate::error::{Error, Result};
use crate::format::ShardEntry;

/// What of a part is durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows.
    pub rows: u64,
    /// Bytes of shards.
    pub bytes: u64,
    /// Shards.
    pub shards: u64,
}

impl Committed {
    fn of<'a>(shards: impl Iterator<Item = &'a ShardEntry>) -> Self {
        shards.fold(Self::default(), |mut sum, shard| {
            sum.add(shard);
            sum
        })
    }

    fn add(&mut self, shard: &ShardEntry) {
        self.rows += shard.n_rows;
        self.bytes += shard.len_bytes;
        self.shards += 1;
    }
}

/// A part that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSummary {
    /// Which.
    pub part: u32,
    /// What it holds.
    pub committed: Committed,
    /// Its counts.
    pub stats: Stats,
    /// Units of it that were set aside.
    pub n_quarantined: u64,
}

impl PartSummary {
    /// The summary of a part, if its journal says that it is done.
    pub(super) fn of(part: u32, journal: &Journal) -> Option<Self> {
        Some(Self {
            part,
            committed: Committed::of(journal.shards()),
            stats: journal.done()?.clone(),
            n_quarantined: journal.quarantined().count() as u64,
        })
    }
}

/// What is to be done about a part.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a part, and it is taken apart at once"
)]
pub enum PartState {
    /// Nothing.
    Done(PartSummary),
    /// To write what is left of it.
    Todo(Box<PartWriter>),
}

/// Writes the rows of one part into shards.
///
/// After an error it is of no more use; [`super::Target::part`] gives a new
/// one that continues behind the last durable shard.
#[derive(Debug)]
pub struct PartWriter {
    shared: Arc<Shared>,
    part: u32,
    shard: ShardWriter,
    journal: JournalWriter,
    resume: Option<Checkpoint>,
    /// Rows still to be passed over after a resume.
    to_skip: u64,
    /// Units set aside since the last line of the journal.
    quarantined: Vec<Quarantined>,
    n_quarantined: u64,
    committed: Committed,
    failed: bool,
}

impl PartWriter {
    /// Goes on behind `journal`.
    pub(super) fn new(shared: Arc<Shared>, part: u32, journal: &Journal) -> Self {
        let place = &shared.place;
        let resume = journal
            .lines
            .last()
            .and_then(|line| line.checkpoint.clone());
        let stem = place.temporary().join(format!("part-{part:05}"));
        let shard = ShardWriter::new(
            place.fs.clone(),
            shared.layout.clone(),
            &stem,
            shared.plan.sink.shard_size,
        );
        let digest = shared.plan.identity.digest;
        let writer = JournalWriter::new(place.journal(part), digest, journal);
        Self {
            part,
            shard,
            journal: writer,
            to_skip: resume.as_ref().map_or(0, |checkpoint| checkpoint.skip_rows),
            resume,
            quarantined: Vec::new(),
            n_quarantined: journal.quarantined().count() as u64,
            committed: Committed::of(journal.shards()),
            failed: false,
            shared,
        }
    }

    /// Where the rows that are wanted next begin; nothing for the start of the
    /// part. [`PartWriter::push`] passes over `skip_rows` by itself.
    #[must_use]
    pub fn resume(&self) -> Option<&Checkpoint> {
        self.resume.as_ref()
    }

    /// What is durable so far, in this run and before.
    #[must_use]
    pub fn committed(&self) -> Committed {
        self.committed
    }

    /// Adds rows, in source order. After a resume, the rows that earlier
    /// shards hold (the checkpoint's `skip_rows`) are passed over.
    ///
    /// A shard is cut where one more row would take its file past the plan's
    /// `shard_size`; a row larger than that has a shard of its own. When this
    /// returns, all shards that were cut are durable.
    ///
    /// # Errors
    /// `Io` if the system refuses, `Data` for a null inside a list, `Internal`
    /// if the batch is not of the plan's output.
    pub fn push(&mut self, rows: &OutputBatch) -> Result<()> {
        self.guarded(|writer| writer.push_rows(rows))
    }

    /// Writes what is left, and marks the part done. `stats` are the counts at
    /// its end, `quarantined` the units not handed on with any batch.
    ///
    /// # Errors
    /// As [`PartWriter::push`]; `Changed` if fewer rows came than earlier
    /// shards hold.
    pub fn finish(mut self, stats: Stats, quarantined: Vec<Quarantined>) -> Result<PartSummary> {
        self.guarded(|writer| writer.write_end(stats, quarantined))
    }

    /// Runs `work` unless something has failed before.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.failed {
            return Err(Error::internal(format!(
                "expected a writer of part {} that has not failed before",
                self.part
            )));
        }
        let done = work(self);
        self.failed = done.is_err();
        done
    }

    fn push_rows(&mut self, batch: &OutputBatch) -> Result<()> {
        let shared = self.shared.clone();
        let rows = encode(batch, &shared.columns, &shared.layout, shared.origins)?;
        self.quarantined.extend(batch.quarantined.iter().cloned());
        let mut from = usize::try_from(self.to_skip).map_or(rows.n_rows, |n| n.min(rows.n_rows));
        self.to_skip -= from as u64;
        while from < rows.n_rows {
            let mut n = self.shard.n_fitting(&rows, from);
            if n == 0 && self.shard.n_rows() > 0 {
                let mut checkpoint = batch.restart.clone();
                checkpoint.skip_rows += from as u64;
                self.cut(Some(checkpoint), None)?;
                continue;
            }
            n = n.max(1);
            self.shard.append(&rows, from..from + n)?;
            from += n;
        }
        Ok(())
    }

    fn write_end(&mut self, stats: Stats, quarantined: Vec<Quarantined>) -> Result<PartSummary> {
        if self.to_skip > 0 {
            return Err(Error::new(
                crate::ErrorKind::Changed,
                format!(
                    "expected {} more rows that earlier shards of part {} hold, got the end of the part",
                    self.to_skip, self.part
                ),
            ));
        }
        self.quarantined.extend(quarantined);
        self.cut(None, Some(stats.clone()))?;
        self.shard.close()?;
        Ok(PartSummary {
            part: self.part,
            committed: self.committed,
            stats,
            n_quarantined: self.n_quarantined,
        })
    }

    /// Makes the shard in progress durable, if it has rows, and then the line
    /// that says so.
    fn cut(&mut self, checkpoint: Option<Checkpoint>, done: Option<Stats>) -> Result<()> {
        let place = &self.shared.place;
        let shard = if self.shard.n_rows() > 0 {
            let assembled = self.shard.assemble()?;
            let seq = u32::try_from(self.committed.shards)
                .map_err(|_| Error::pipeline("expected fewer shards; set a larger `shard_size`"))?;
            let entry = ShardEntry {
                part: self.part,
                seq,
                len_bytes: assembled.len_bytes,
                n_rows: assembled.n_rows,
                first_row: self.committed.rows,
                digest: assembled.digest,
            };
            place.publish(self.shard.path(), &place.shards().join(entry.name()))?;
            Some(entry)
        } else {
            None
        };
        let line = JournalLine {
            number: 0,
            shard: shard.clone(),
            checkpoint,
            quarantined: std::mem::take(&mut self.quarantined),
            done,
        };
        self.n_quarantined += line.quarantined.len() as u64;
        self.journal.append(place, line)?;
        if let Some(shard) = &shard {
            self.committed.add(shard);
        }
        Ok(())
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        self.shared.give_back(self.part);
    }
}
