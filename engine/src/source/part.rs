//! The rows of one part, from any place in it: its pieces one after another,
//! split and limit applied.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

use super::split::Splitter;
use super::{BatchIter, Meter, ReadRequest, for_format};
use crate::batch::{Batch, Mark, Notes, Position, RowEvent};
use crate::error::{Error, Result};
use crate::plan::layouts::plain_schema;
use crate::plan::{Format, Part, Piece, Plan, RowGroup};

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
    /// The columns in the types of their values.
    projection: SchemaRef,
    batch_bytes: usize,
    from: Position,
    pieces: VecDeque<&'a Piece>,
    current: Option<Current>,
    splitter: Option<(Splitter, usize)>,
    /// Declared keys that no row has had a value of, and their columns.
    valueless: Vec<(usize, Arc<str>)>,
    /// Rows that may still be taken.
    left: Option<u64>,
    meter: Meter,
    done: bool,
}

/// A piece that is being read.
struct Current {
    file: u32,
    batches: BatchIter,
    /// Rows still to come, where the file says how many it has and nothing was
    /// set aside that does not.
    left: Option<u64>,
}

impl Current {
    /// Counts the rows of a batch as the source gave it.
    fn count(&mut self, batch: &Batch) {
        let is_unknown = |event: &RowEvent| matches!(event, RowEvent::Quarantined(unit) if unit.n_rows.is_none());
        if batch.events.iter().any(is_unknown) {
            self.left = None;
        }
        // Rows beyond those promised wrap around, and are noticed at the end.
        let left = self.left.as_mut();
        let _ = left.map(|left| *left = left.wrapping_sub(batch.n_accounted()));
    }
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
            projection: plain_schema(&plan.source.projection),
            batch_bytes,
            from: start.position,
            pieces,
            current: None,
            splitter,
            valueless: declared_keys(plan),
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
                if let Some(batch) = current.batches.next() {
                    let batch = batch?;
                    current.count(&batch);
                    self.measure(&batch);
                    return self.select(batch).map(Some);
                }
                let (file, left) = (current.file, current.left);
                self.current = None;
                self.check_end(file, left)?;
            }
            let Some(piece) = self.pieces.pop_front() else {
                return Ok(None);
            };
            self.current = Some(self.open_piece(piece)?);
        }
    }

    /// Whether a file gave all rows that it promised.
    fn check_end(&self, file: u32, left: Option<u64>) -> Result<()> {
        match left {
            None | Some(0) => Ok(()),
            Some(_) => {
                let error = Error::internal("expected all rows of the file, got other ones");
                Err(error.with_path(&self.plan.inputs[file as usize].path))
            }
        }
    }

    /// Files with row groups are not read from end to end: what was read of
    /// one is told by its rows.
    fn measure(&self, batch: &Batch) {
        let input = &self.plan.inputs[batch.file as usize];
        let n_rows = n_rows(&input.row_groups);
        let per_row = input.len_bytes.checked_div(n_rows).unwrap_or(0);
        self.meter.add(batch.rows.len() as u64 * per_row);
        let format = self.plan.source.format;
        if matches!(
            format,
            Format::Parquet | Format::Arrow | Format::Images | Format::Tar
        ) {
            let columns = batch.columns.columns().iter();
            let sizes = columns.map(|column| column.to_data().get_slice_memory_size().unwrap_or(0));
            self.meter.add_decoded(sizes.sum::<usize>() as u64);
        }
    }

    fn open_piece(&self, piece: &Piece) -> Result<Current> {
        let start_row = if piece.file == self.from.file {
            piece.first_row.max(self.from.row)
        } else {
            piece.first_row
        };
        let source = &self.plan.source;
        let input = &self.plan.inputs[piece.file as usize];
        let batches = for_format(source.format).read(&ReadRequest {
            input,
            file: piece.file,
            row_groups: piece.row_groups.clone(),
            start_row,
            projection: &self.projection,
            json: &source.json,
            document: &source.document,
            batch_bytes: self.batch_bytes,
            row_bytes: self.plan.stages.row_bytes(),
            on_error: source.on_error,
            page_checksums: source.page_checksums,
            meter: self.meter.clone(),
        })?;
        let groups = match &piece.row_groups {
            Some(groups) => input.row_groups.get(groups.clone()),
            None => Some(input.row_groups.as_slice()),
        };
        let groups = groups.filter(|groups| !groups.is_empty());
        let passed = start_row - piece.first_row;
        Ok(Current {
            file: piece.file,
            batches,
            left: groups.map(|groups| n_rows(groups).saturating_sub(passed)),
        })
    }

    /// Applies split and limit to a batch.
    fn select(&mut self, mut batch: Batch) -> Result<Batch> {
        let valued = self.valued(&batch);
        if let Some((splitter, key)) = &self.splitter {
            let key = batch.columns.column(*key);
            let taken = splitter.select(key)?;
            let nulls = key.logical_nulls();
            let nulls = null_keys(&batch, nulls.as_ref());
            batch.columns = filter_record_batch(&batch.columns, &taken)
                .map_err(|e| Error::internal("cannot apply the split").with_source(e))?;
            leave_out(&mut batch, &taken);
            if !nulls.is_empty() {
                batch.events.extend(nulls);
                batch.events.sort_by_key(RowEvent::at);
            }
        }
        if !valued.is_empty() {
            batch.events.extend(valued);
            batch.events.sort_by_key(RowEvent::at);
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

    /// An event for each declared key at the first row that has a value of it.
    fn valued(&mut self, batch: &Batch) -> Vec<RowEvent> {
        let mut valued = Vec::new();
        self.valueless.retain(|(column, key)| {
            let nulls = batch.columns.column(*column).logical_nulls();
            let first = match nulls {
                None => (!batch.rows.is_empty()).then_some(0),
                Some(nulls) => nulls.valid_indices().next(),
            };
            valued.extend(first.map(|row| RowEvent::Noted {
                at: batch.position(row),
                notes: Arc::new(Notes {
                    valued: vec![Arc::clone(key)],
                    ..Notes::default()
                }),
            }));
            first.is_none()
        });
        valued
    }
}

/// The keys of JSON lines whose types the pipeline declares, and their columns.
fn declared_keys(plan: &Plan) -> Vec<(usize, Arc<str>)> {
    let source = &plan.source;
    let declared = source.json.columns.iter().filter(|column| column.declared);
    let column = |name: &str| source.projection.index_of(name).ok();
    declared
        .filter_map(|key| Some((column(&key.name)?, key.name.as_str().into())))
        .collect()
}

/// The rows that groups say they have.
fn n_rows(groups: &[RowGroup]) -> u64 {
    groups
        .iter()
        .fold(0, |sum: u64, group| sum.saturating_add(group.n_rows))
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
    groups.is_some_and(|groups| piece.first_row.saturating_add(n_rows(groups)) <= from.row)
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

/// An event for each row of a batch whose split key is null, whichever side it
/// is on.
fn null_keys(batch: &Batch, nulls: Option<&NullBuffer>) -> Vec<RowEvent> {
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
        return Vec::new();
    };
    let notes = Arc::new(Notes::marked(Mark::NullSplitKey));
    let rows = (0..batch.rows.len()).filter(|index| nulls.is_null(*index));
    let noted = rows.map(|index| RowEvent::Noted {
        at: batch.position(index),
        notes: Arc::clone(&notes),
    });
    noted.collect()
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
