//! Rows of a dataset into the tensors of a batch.
//!
//! The rows of a batch are grouped by shard. A first pass holds the shards
//! open, compares what was not compared before with its checksum, reads
//! offsets, and copies what has an item for each row; where there are ragged
//! columns, a second pass copies their elements to where the offsets say.
//! After each pass every shard is asked whether it is still what it was, and
//! nothing that was read before that answer is used without it.
//!
//! A batch in which something is wrong is done again: without the rows that
//! are damaged, where they are to be skipped; or because somebody has written
//! to a shard, so that nothing known of it holds any more.

mod cast;
mod check;
mod copy;
mod ragged;
mod rows;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fuelrail_kernels::Level;

use super::buffer::Buffers;
use super::columns::{Columns, First, Output};
use super::fill::{Damage, Fill, NO_ROW, Place, Placed, Slot};
use super::guard;
use super::known::Known;
use super::map::Piece;
use super::options::{Access, OnDamage, ReadOptions, Verify};
use super::shards::{Open, Shards};
use crate::error::{Error, ErrorKind, Result};
use rows::{Group, Grouped};

/// How often a batch is read again because shards were written to meanwhile.
const MAX_CHANGES: usize = 8;

/// Where rows that are skipped for damage leave a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// In their place, filled up with zeros.
    Masked,
    /// Nowhere: the batch is shorter.
    LeftOut,
}

/// Fills slots with rows of a dataset.
pub(crate) struct Gather {
    shards: Arc<Shards>,
    columns: Columns,
    verify: Verify,
    on_damage: OnDamage,
    access: Access,
    skipped: Skipped,
    level: Level,
    /// Shards that are held open for a batch at a time.
    max_held: usize,
    /// Memory that nobody works with now.
    idle: Mutex<Vec<Work>>,
}

/// What is worked with while a batch is filled; used again and again.
#[derive(Debug, Default)]
struct Work {
    grouped: Grouped,
    /// The open shards of the groups at hand; `None` where one is lost.
    held: Vec<Option<Arc<Open>>>,
    /// What is to be copied for a column.
    pieces: Vec<copy::Piece>,
    /// Of each ragged column.
    spans: Vec<ragged::Spans>,
    /// Offsets as they were read.
    bytes: Vec<u8>,
    /// Tensors that are not copied, by index.
    views: Vec<Option<Piece>>,
    /// What was known of each group's shard in the first pass, to notice in
    /// the second that it is another.
    known: Vec<Arc<Known>>,
}

/// What came of an attempt at a batch.
#[derive(Debug, Default)]
struct Verdict {
    /// Rows that cannot be read.
    damage: Vec<Damage>,
    /// A shard was written to: what was read of it means nothing.
    changed: bool,
}

impl Verdict {
    fn is_sound(&self) -> bool {
        self.damage.is_empty() && !self.changed
    }
}

impl Gather {
    /// Reads `options` of `shards`, with at most `n_threads` threads at once.
    ///
    /// # Errors
    /// `Usage` if there is no such column, or it cannot leave as asked.
    pub(crate) fn new(
        shards: Arc<Shards>,
        options: &ReadOptions,
        skipped: Skipped,
        n_threads: usize,
    ) -> Result<Self> {
        Ok(Self {
            columns: Columns::new(shards.dataset(), options)?,
            max_held: shards.max_held(n_threads),
            shards,
            verify: options.verify,
            on_damage: options.on_damage,
            access: options.access,
            skipped,
            level: Level::best(),
            idle: Mutex::default(),
        })
    }

    /// Says where the tensors of a batch of `n_rows` lie.
    fn place(&self, work: &mut Work, n_rows: usize, tensors: &mut Vec<Placed>) {
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
                    Place::View(Arc::new(piece), range)
                }
                None => Place::Slot(index),
            };
        }
    }

    fn fill_with(
        &self,
        work: &mut Work,
        rows: &[u64],
        n_rows: usize,
        slot: &mut Slot,
    ) -> Result<()> {
        if let Some(row) = rows.iter().find(|row| **row == NO_ROW) {
            let message = format!("expected rows of the dataset, got {row}");
            return Err(Error::new(ErrorKind::Usage, message));
        }
        // What was read ahead and dropped may still hold maps.
        slot.let_go();
        let Slot { buffers, filled } = slot;
        filled.begin(rows, n_rows);
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

impl Fill for Gather {
    fn fill(&self, rows: &[u64], n_rows: usize, slot: &mut Slot) -> Result<()> {
        guard::install().map_err(|e| {
            Error::new(ErrorKind::Io, "cannot watch for pages that are missing").with_source(e)
        })?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = idle().pop().unwrap_or_default();
        let filled = self.fill_with(&mut work, rows, n_rows, slot);
        work.held.clear();
        work.views.clear();
        idle().push(work);
        filled
    }
}

/// An attempt at a batch.
struct Attempt<'a> {
    gather: &'a Gather,
    work: &'a mut Work,
    /// The rows of the dataset; [`NO_ROW`] is none.
    wanted: &'a [u64],
    buffers: &'a mut Buffers,
    verdict: Verdict,
}

impl Attempt<'_> {
    fn run(mut self) -> Result<Verdict> {
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

    fn passes(&mut self, groups: &[Group]) -> Result<()> {
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
    fn hold(&mut self, groups: &[Group]) -> Result<()> {
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
    fn release(&mut self, groups: &[Group]) -> Result<()> {
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

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather")
            .field("dataset", &self.shards.dataset().root())
            .field("verify", &self.verify)
            .field("on_damage", &self.on_damage)
            .field("access", &self.access)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

impl Work {
    /// Ready for another batch of `n_rows`.
    fn start(&mut self, columns: &Columns, n_rows: usize) {
        self.known.clear();
        self.views.clear();
        self.views.resize_with(columns.outputs.len(), || None);
        self.spans
            .resize_with(columns.ragged.len(), Default::default);
        self.spans.iter_mut().for_each(|spans| spans.start(n_rows));
    }

    /// Notes what is known of the shards that are held.
    fn note_known(&mut self) {
        let held = self.held.iter().flatten();
        self.known.extend(held.map(|open| open.known.clone()));
    }

    /// Whether a shard that is held is not the one of the first pass.
    fn is_other(&self, known: &[Arc<Known>]) -> bool {
        let held = self.held.iter().flatten();
        held.zip(known)
            .any(|(open, known)| !Arc::ptr_eq(&open.known, known))
    }

    /// Elements of a ragged column, by the index of its tensor.
    fn n_elements(&self, columns: &Columns, output: usize) -> usize {
        let ragged = columns.ragged.iter().zip(&self.spans);
        let mut found = ragged.filter(|(ragged, _)| ragged.output == output);
        found.next().map_or(0, |(_, spans)| spans.n_elements())
    }
}

/// Bytes of so many rows.
fn rows_bytes(n_rows: usize, row_bytes: usize) -> Result<usize> {
    n_rows.checked_mul(row_bytes).ok_or_else(|| {
        let message = format!("expected a batch that fits memory, got {n_rows} rows");
        Error::new(ErrorKind::Usage, message).with_hint("use a smaller batch_size")
    })
}
