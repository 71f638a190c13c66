//! Second rows: which row of the dataset each row of a batch is mixed with, what is
//! read of those, and the tensors that say so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffer::Buffers;
use super::columns::Output;
use super::fill::{BatchSlot, Damage, Fill, Filled, NO_ROW, Placed, TensorPlace, Wanted};
use super::gather::{GatherFill, Skipped};
use super::options::{Access, ReadOptions};
use super::shards::Shards;
use crate::error::{Error, Result};
use crate::format::{Dtype, to_usize};
use crate::plan::operators::{ColumnSteps, Drawing, Mix, SecondRow, Weight, second_name};

/// What batches need of second rows.
#[derive(Debug)]
pub(super) struct SecondRows {
    mix: Drawing<Mix>,
    /// Reads them: the columns that are mixed, and labels.
    gather: GatherFill,
    /// Tensors that say which rows of a column that is mixed are null: of the batch,
    /// and of second rows.
    valid: Vec<[usize; 2]>,
    labels: Vec<Label>,
    weights: Vec<Placed>,
    /// Memory that no thread works with.
    idle: Mutex<Vec<Mixed>>,
}

/// A tensor with the values of second rows.
#[derive(Debug)]
struct Label {
    /// The index of the same tensor of the batch's own rows.
    own: usize,
    /// Its index among what is read of second rows.
    second: usize,
    row_bytes: usize,
    placed: Placed,
    buffer: usize,
}

/// The second rows of one batch; its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Mixed {
    /// The rows that are wanted, each with the index of its second row.
    wanted: Vec<(u64, Option<usize>)>,
    seconds: Vec<SecondRow>,
    /// Their rows of the dataset.
    pub(super) rows: Vec<u64>,
    slot: BatchSlot,
    /// Rows whose second row is damaged.
    lost: Vec<Damage>,
    /// For each row of the batch, the index of its second row and its own weight.
    pub(super) of: Vec<Option<(usize, Weight)>>,
}

impl SecondRows {
    /// Those that `steps` name, if they do. `outputs` are the tensors of the batch;
    /// `buffer` is the first that is free for more.
    ///
    /// # Errors
    /// `Usage` for columns the dataset does not have.
    pub(super) fn new(
        steps: &[ColumnSteps],
        (own, read): (&GatherFill, &ReadOptions),
        (shards, n_threads): (Arc<Shards>, usize),
        buffer: usize,
    ) -> Result<Option<Self>> {
        let mixing = steps.iter().filter_map(|steps| {
            let blending = steps.around_blend().1?;
            Some((&steps.column, &blending.mix))
        });
        let (columns, mixes): (Vec<&String>, Vec<&Drawing<Mix>>) = mixing.unzip();
        let Some(mix) = mixes.first() else {
            return Ok(None);
        };
        let names = columns.iter().copied().chain(&mix.what.labels);
        let names: Vec<String> = names.cloned().collect();
        let options = read.options.iter();
        let options = options.filter(|(name, _)| names.contains(name));
        let read = ReadOptions {
            options: options.cloned().collect(),
            columns: Some(names),
            access: Access::Copy,
            ..*read
        };
        let mut out = Self {
            mix: (*mix).clone(),
            gather: GatherFill::new(shards, &read, Skipped::Masked, n_threads)?,
            valid: Vec::new(),
            labels: Vec::new(),
            weights: Vec::new(),
            idle: Mutex::default(),
        };
        out.add_tensors(own.outputs(), &columns, buffer)?;
        Ok(Some(out))
    }

    /// Finds the tensors of nulls and labels, and adds those that are made.
    fn add_tensors(&mut self, own: &[Output], columns: &[&String], first: usize) -> Result<()> {
        for (index, second) in self.gather.outputs().iter().enumerate() {
            let same = own.iter().position(|own| own.name == second.name);
            let same = same.ok_or_else(|| Error::internal("a second row with other tensors"))?;
            let is_mixed = columns.iter().any(|column| **column == *second.column);
            if is_mixed && second.name != second.column {
                self.valid.push([same, index]);
            }
            if is_mixed {
                continue;
            }
            let elements = second.inner.iter().product::<u64>();
            let buffer = first + self.labels.len();
            let name = second_name(&second.name, &second.column);
            let placed = Output::placed((buffer, second));
            self.labels.push(Label {
                own: same,
                second: index,
                row_bytes: to_usize(elements * second.dtype.len_bytes())?,
                placed: Placed {
                    name: name.into(),
                    ..placed
                },
                buffer,
            });
        }
        let buffers = first + self.labels.len()..;
        self.weights = columns
            .iter()
            .zip(buffers)
            .map(|(column, buffer)| Placed {
                name: format!("{column}.weight").into(),
                dtype: Dtype::F32,
                shape: vec![0],
                place: TensorPlace::Slot(buffer),
            })
            .collect();
        Ok(())
    }

    /// The index of what is read of a column's second rows.
    pub(super) fn tensor(&self, column: &str) -> Option<usize> {
        let mut outputs = self.gather.outputs().iter();
        outputs.position(|output| *output.name == *column)
    }

    /// Memory to work with.
    pub(super) fn take(&self) -> Mixed {
        self.lock().pop().unwrap_or_default()
    }

    /// Gives memory back.
    pub(super) fn give_back(&self, mixed: Mixed) {
        self.lock().push(mixed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Mixed>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the second rows of those that are wanted and reads them.
    ///
    /// # Errors
    /// As [`Fill::fill`], with the row that is mixed with one that cannot be read.
    pub(super) fn read(&self, wanted: Wanted<'_>, mixed: &mut Mixed) -> Result<()> {
        let Mixed {
            wanted: drawn,
            seconds,
            rows,
            slot,
            lost,
            ..
        } = mixed;
        let n_rows = self.gather.shards().n_rows();
        drawn.clear();
        seconds.clear();
        lost.clear();
        for row in wanted.rows {
            let second = self.mix.second_row(wanted.draw, *row, n_rows);
            drawn.push((*row, second.map(|_| seconds.len())));
            seconds.extend(second);
        }
        rows.clear();
        rows.extend(seconds.iter().map(|second| second.row));
        if rows.is_empty() {
            return Ok(());
        }
        let asked = Wanted {
            rows,
            n_rows: rows.len(),
            ..wanted
        };
        let read = self.gather.fill(asked, slot);
        read.map_err(|error| self.with_row(error, drawn, seconds))?;
        for (row, second) in drawn.iter() {
            if let Some(index) = *second {
                lost.extend(lost_with(*row, rows[index], (&slot.filled, index))?);
            }
        }
        Ok(())
    }

    /// Says of which row a row that cannot be read is the second.
    fn with_row(
        &self,
        error: Error,
        drawn: &[(u64, Option<usize>)],
        seconds: &[SecondRow],
    ) -> Error {
        let shards = self.gather.shards();
        let place = error.location();
        let is_there = |second: u64| {
            let Some((shard, row)) = shards.locate(second) else {
                return false;
            };
            let is_shard = place.path.as_ref() == Some(&shards.path(shard));
            is_shard && place.row.is_none_or(|there| there == row)
        };
        let pairs = drawn
            .iter()
            .filter_map(|(row, second)| Some((*row, seconds.get((*second)?)?.row)));
        let mut pairs = pairs.filter(|(_, second)| is_there(*second));
        match pairs.next() {
            Some((row, second)) => error.of(&mixed_with(row, second)),
            None => error,
        }
    }

    /// Which second row each row of the batch has, now that it is known which rows it
    /// has: none that is null, or whose second row is, has one.
    pub(super) fn align(&self, rows: &[u64], buffers: &Buffers, mixed: &mut Mixed) {
        let Mixed {
            wanted,
            seconds,
            slot,
            of,
            ..
        } = mixed;
        let mut wanted = wanted.iter();
        of.clear();
        for (at, row) in rows.iter().enumerate() {
            // Rows that are lost have been wanted too, in the same order.
            let found = (*row != NO_ROW).then(|| wanted.find(|(wanted, _)| wanted == row));
            let index = found.flatten().and_then(|(_, second)| *second);
            let index = index.filter(|index| {
                self.valid.iter().all(|[own, second]| {
                    is_valid(buffers, *own, at) && is_valid(&slot.buffers, *second, *index)
                })
            });
            of.push(index.map(|index| (index, seconds[index].weight)));
        }
    }

    /// Adds the tensors of labels and weights to a batch.
    ///
    /// # Errors
    /// `Usage` for a batch beyond memory.
    pub(super) fn deliver(&self, slot: &mut BatchSlot, mixed: &Mixed) -> Result<()> {
        let BatchSlot {
            buffers, filled, ..
        } = slot;
        for label in &self.labels {
            let mut values = buffers.take(label.buffer);
            let written = label.write(values.room(label.len(&filled.rows)?)?, buffers, mixed);
            buffers.put_back(label.buffer, values);
            written?;
            add(filled, &label.placed);
        }
        for weights in &self.weights {
            if let TensorPlace::Slot(buffer) = weights.place {
                let len = filled.rows.len().checked_mul(4);
                let len = len.ok_or_else(|| Error::internal("a batch beyond memory"))?;
                write_weights(buffers.buffer(buffer).room(len)?, &filled.rows, &mixed.of);
            }
            add(filled, weights);
        }
        Ok(())
    }
}

impl Mixed {
    /// Rows whose second row is damaged.
    pub(super) fn lost(&self) -> &[Damage] {
        &self.lost
    }

    /// What was read of a tensor for `len` bytes of second rows.
    pub(super) fn bytes(&self, tensor: usize, len: usize) -> Result<&[u8]> {
        let bytes = self.slot.buffers.bytes(tensor, len);
        bytes.ok_or_else(|| Error::internal("expected the bytes of second rows"))
    }
}

impl Label {
    /// Bytes of so many rows.
    fn len(&self, rows: &[u64]) -> Result<usize> {
        let len = rows.len().checked_mul(self.row_bytes);
        len.ok_or_else(|| Error::internal("a batch beyond memory"))
    }

    /// The values of second rows; a row's own where it has none.
    fn write(&self, dst: &mut [u8], buffers: &Buffers, mixed: &Mixed) -> Result<()> {
        let own = buffers.bytes(self.own, dst.len());
        dst.copy_from_slice(own.ok_or_else(|| Error::internal("a label without values"))?);
        let len = self.len(&mixed.rows)?;
        if len == 0 {
            return Ok(());
        }
        let seconds = mixed.bytes(self.second, len)?;
        let rows = dst.chunks_exact_mut(self.row_bytes).zip(&mixed.of);
        for (value, second) in rows {
            if let Some((index, _)) = second {
                value.copy_from_slice(&seconds[index * self.row_bytes..][..self.row_bytes]);
            }
        }
        Ok(())
    }
}

/// Adds a tensor with as many rows as the batch.
fn add(filled: &mut Filled, placed: &Placed) {
    let mut placed = placed.clone();
    placed.shape[0] = filled.rows.len() as u64;
    filled.tensors.push(placed);
}

/// The weight of each row itself; nothing where there is none.
fn write_weights(dst: &mut [u8], rows: &[u64], of: &[Option<(usize, Weight)>]) {
    let weights = dst.as_chunks_mut::<4>().0.iter_mut();
    for ((weight, row), second) in weights.zip(rows).zip(of) {
        let own = second.map_or(Weight::WHOLE, |(_, weight)| weight);
        let share = if *row == NO_ROW { 0.0 } else { own.as_f32() };
        *weight = share.to_le_bytes();
    }
}

/// Whether a row is not null.
fn is_valid(buffers: &Buffers, tensor: usize, row: usize) -> bool {
    let valid = buffers.bytes(tensor, row + 1);
    valid.is_some_and(|valid| valid[row] != 0)
}

/// The damage of a row whose second row was not read; `None` if it was.
fn lost_with(row: u64, second: u64, (read, index): (&Filled, usize)) -> Result<Option<Damage>> {
    if read.rows.get(index) != Some(&NO_ROW) {
        return Ok(None);
    }
    let found = read.damage.iter().find(|damage| damage.row == second);
    let found = found.ok_or_else(|| Error::internal("a row was skipped without its damage"))?;
    Ok(Some(Damage {
        row,
        message: format!("{}: {}", mixed_with(row, second), found.message),
        ..found.clone()
    }))
}

fn mixed_with(row: u64, second: u64) -> String {
    format!("row {row} is mixed with row {second}")
}
