//! The rows of one part, from any place in it: its pieces one after another,
//! split and limit applied.

use std::collections::VecDeque;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;

use super::split::Splitter;
use super::{BatchIter, Meter, ReadRequest, for_format};
use crate::batch::{Batch, Position, RowEvent};
use crate::error::{Error, Result};
use crate::plan::{Part, Piece, Plan};

/// Where reading of a part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Rows and units set aside before this place are passed over.
    pub position: Position,
    /// Rows that parts before this one, and this part before `position`, have
    /// taken toward the limit.
    pub taken: u64,
}

impl Start {
    /// The beginning of `part`, where no limit counts from before.
    #[must_use]
    pub fn of(part: &Part) -> Self {
        let position = part
            .pieces
            .first()
            .map_or_else(Position::default, |piece| Position {
                file: piece.file,
                row: piece.first_row,
            });
        Self { position, taken: 0 }
    }
}

/// An iterator over the batches of a part, in source order.
///
/// A batch may have no rows: all were on the other side of the split, or only
/// events happened. Once the limit is reached nothing follows, events included. After an error nothing
/// follows.
pub struct PartReader<'a> {
    plan: &'a Plan,
    batch_bytes: usize,
    from: Position,
    pieces: VecDeque<&'a Piece>,
    current: Option<BatchIter>,
    splitter: Option<(Splitter, usize)>,
    /// Rows that may still be taken.
    left: Option<u64>,
    meter: Meter,
    done: bool,
}

impl std::fmt::Debug for PartReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartReader")
            .field("from", &self.from)
            .field("pieces", &self.pieces)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl<'a> PartReader<'a> {
    /// Opens `part` of `plan` at `start`, for batches of about `batch_bytes`.
    /// What comes out does not depend on `batch_bytes`, only how it is cut.
    ///
    /// # Errors
    /// `Internal` if the part is not of the plan, or its split key is not read.
    pub fn open(plan: &'a Plan, part: &'a Part, start: Start, batch_bytes: usize) -> Result<Self> {
        let splitter = match &plan.source.split {
            None => None,
            Some(split) => {
                let key = plan.source.projection.index_of(&split.key).map_err(|e| {
                    Error::internal("the column of the split is not read").with_source(e)
                })?;
                Some((Splitter::new(split), key))
            }
        };
        let known = |piece: &Piece| plan.inputs.get(piece.file as usize).is_some();
        if !part.pieces.iter().all(known) {
            return Err(Error::internal("a part names an input that the plan lacks"));
        }
        let pieces = part
            .pieces
            .iter()
            .filter(|piece| !is_before(plan, piece, start.position))
            .collect();
        let left = plan
            .source
            .limit
            .map(|limit| limit.saturating_sub(start.taken));
        Ok(Self {
            plan,
            batch_bytes,
            from: start.position,
            pieces,
            current: None,
            splitter,
            left,
            meter: Meter::default(),
            done: left == Some(0),
        })
    }

    /// Tells `meter` of the bytes that are read.
    #[must_use]
    pub fn metered(self, meter: Meter) -> Self {
        Self { meter, ..self }
    }

    fn advance(&mut self) -> Result<Option<Batch>> {
        loop {
            if let Some(current) = &mut self.current {
                match current.next() {
                    Some(batch) => {
                        let batch = batch?;
                        self.measure(&batch);
                        return self.select(batch).map(Some);
                    }
                    None => self.current = None,
                }
            }
            let Some(piece) = self.pieces.pop_front() else {
                return Ok(None);
            };
            self.current = Some(self.open_piece(piece)?);
        }
    }

    /// Files with row groups are not read from end to end: what was read of
    /// one is told by its rows.
    fn measure(&self, batch: &Batch) {
        let input = &self.plan.inputs[batch.file as usize];
        let n_rows: u64 = input.row_groups.iter().map(|group| group.n_rows).sum();
        let per_row = input.len_bytes.checked_div(n_rows).unwrap_or(0);
        self.meter.add(batch.rows.len() as u64 * per_row);
    }

    fn open_piece(&self, piece: &Piece) -> Result<BatchIter> {
        let start_row = if piece.file == self.from.file {
            piece.first_row.max(self.from.row)
        } else {
            piece.first_row
        };
        let source = &self.plan.source;
        for_format(source.format).read(&ReadRequest {
            input: &self.plan.inputs[piece.file as usize],
            file: piece.file,
            row_groups: piece.row_groups.clone(),
            start_row,
            projection: &source.projection,
            document: &source.document,
            json: &source.json,
            batch_bytes: self.batch_bytes,
            on_error: source.on_error,
            meter: self.meter.clone(),
        })
    }

    /// Applies split and limit to a batch.
    fn select(&mut self, mut batch: Batch) -> Result<Batch> {
        if let Some((splitter, key)) = &self.splitter {
            let taken = splitter.select(batch.columns.column(*key))?;
            batch.columns = filter_record_batch(&batch.columns, &taken)
                .map_err(|e| Error::internal("cannot apply the split").with_source(e))?;
            leave_out(&mut batch, &taken);
        }
        if let Some(left) = &mut self.left {
            let n_rows = batch.rows.len();
            let keep = usize::try_from(*left).map_or(n_rows, |left| left.min(n_rows));
            *left -= keep as u64;
            if *left == 0 {
                self.done = true;
                cut(&mut batch, keep);
            }
        }
        Ok(batch)
    }
}

/// Whether all rows of `piece` lie before `from`.
fn is_before(plan: &Plan, piece: &Piece, from: Position) -> bool {
    if piece.file != from.file {
        return piece.file < from.file;
    }
    let Some(groups) = &piece.row_groups else {
        return false;
    };
    let input = plan.inputs.get(piece.file as usize);
    let groups = input.and_then(|input| input.row_groups.get(groups.clone()));
    groups.is_some_and(|groups| {
        let n_rows: u64 = groups.iter().map(|group| group.n_rows).sum();
        piece.first_row + n_rows <= from.row
    })
}

/// Takes the rows out of a batch that are on the other side of the split: they
/// become events, one for those between two that are taken, and nothing else is
/// said of them.
fn leave_out(batch: &mut Batch, taken: &BooleanArray) {
    let mut left_out: Vec<RowEvent> = Vec::new();
    let mut gone = Vec::new();
    let mut goes_on = false;
    for (index, row) in batch.rows.iter().enumerate() {
        if taken.value(index) {
            goes_on = false;
            continue;
        }
        gone.push(*row);
        match left_out.last_mut() {
            Some(RowEvent::OtherSide { n_rows, .. }) if goes_on => *n_rows += 1,
            _ => left_out.push(RowEvent::OtherSide {
                at: batch.position(index),
                n_rows: 1,
            }),
        }
        goes_on = true;
    }
    let mut flags = taken.values().iter();
    batch.rows.retain(|_| flags.next().unwrap_or(false));
    let is_gone = |event: &RowEvent| matches!(event, RowEvent::Noted { at, .. } if gone.binary_search(&at.row).is_ok());
    batch.events.retain(|event| !is_gone(event));
    if !left_out.is_empty() {
        batch.events.append(&mut left_out);
        batch.events.sort_by_key(RowEvent::at);
    }
}

/// Ends a batch with its first `n_rows` rows; later events fall with the rest.
fn cut(batch: &mut Batch, n_rows: usize) {
    batch.rows.truncate(n_rows);
    batch.columns = batch.columns.slice(0, n_rows);
    let last = batch.rows.last().copied();
    batch
        .events
        .retain(|event| last.is_some_and(|last| RowEvent::at(event).row <= last));
}

impl Iterator for PartReader<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.advance().transpose();
        self.done |= !matches!(item, Some(Ok(_)));
        item
    }
}
