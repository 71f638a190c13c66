//! The steps that look at one row at a time.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use super::aligned::Aligned;
use super::changes::Changes;
use super::cpu::{
    ChatEncoder, DecodedColumn, EncodedText, ImageWorker, StepEncoder, Unusable, dropped, index_of,
};
use super::holes::{self, holed};
use super::numbers::{self, SegmentResult};
use super::offload::Offload;
use crate::batch::{Batch, Conversion, Notes, QuarantineUnit, Quarantined, RowEvent, WhyDropped};
use crate::error::{Error, Result};
use crate::plan::{OnError, Plan, Segment, SelectStep, Stage, Work};

/// One worker's own copy of the row-wise steps, with their caches.
#[derive(Debug)]
pub(crate) struct Worker {
    plan: Arc<Plan>,
    offload: Arc<Offload>,
    /// One entry a stage; set where it makes token ids.
    encoders: Vec<Option<WorkEncoder>>,
    images: ImageWorker,
}

/// What makes token ids in one stage.
#[derive(Debug)]
enum WorkEncoder {
    Text(StepEncoder),
    Chat(ChatEncoder),
}

impl Worker {
    /// A worker on `plan`, whose stages are those of `offload`.
    pub(crate) fn new(plan: &Arc<Plan>, offload: &Arc<Offload>) -> Self {
        let encoder = |stage: &Stage| match &stage.work {
            Work::Tokenize(step) => Some(WorkEncoder::Text(StepEncoder::new(step))),
            Work::Chat(step) => Some(WorkEncoder::Chat(ChatEncoder::new(step))),
            Work::Select(_) | Work::Filter(_) | Work::Map(_) | Work::Pack(_) | Work::Chunk(_) => {
                None
            }
        };
        Self {
            plan: Arc::clone(plan),
            offload: Arc::clone(offload),
            encoders: plan.stages.0.iter().map(encoder).collect(),
            images: ImageWorker::default(),
        }
    }

    /// Runs all row-wise steps on `batch`. Its rows stay in order; those that
    /// fall out become events.
    ///
    /// # Errors
    /// `Data` with step, column, row and path where a value cannot be used and
    /// the plan does not set such rows aside; `Device` where a device failed
    /// and that ends the run.
    pub(crate) fn run(&mut self, mut batch: Batch) -> Result<Batch> {
        let plan = Arc::clone(&self.plan);
        let offload = Arc::clone(&self.offload);
        let _permit = offload.permit();
        let file = batch.file as usize;
        for (index, stage) in plan.stages.0.iter().enumerate() {
            let first = stage.steps.start;
            batch = self.stage((index, stage), batch).map_err(|error| {
                error
                    .with_step(first + 1, plan.steps[first].op())
                    .with_path(&plan.inputs[file].path)
            })?;
        }
        Ok(batch)
    }

    /// `batch` without the rows for which a tensor has no place: those whose
    /// lists hold a null that no step has taken care of.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) fn storable(&self, mut batch: Batch) -> Result<Batch> {
        if self.plan.pack().is_some() {
            // Tokens alone are written, and none of them is null.
            return Ok(batch);
        }
        for index in 0..batch.columns.num_columns() {
            let rows = holed(batch.columns.column(index));
            if rows.is_empty() {
                continue;
            }
            let of_row = |row| Unusable::new(row, holes::REASON);
            let unusable: Vec<Unusable> = rows.into_iter().map(of_row).collect();
            let name = batch.columns.schema_ref().field(index).name().clone();
            let path = &self.plan.inputs[batch.file as usize].path;
            batch = self
                .set_aside(batch, &unusable)
                .map_err(|error| error.with_column(name).with_path(path))?;
        }
        Ok(batch)
    }

    fn stage(&mut self, (index, stage): (usize, &Stage), batch: Batch) -> Result<Batch> {
        match &stage.work {
            Work::Select(step) => select(step, batch),
            Work::Filter(step) => {
                let verdicts = dropped(step, &batch.columns)?;
                let kept = verdicts.iter().map(|why| Some(why.is_none())).collect();
                let mut whys = verdicts.iter().flatten();
                let step = u32::try_from(stage.steps.start).unwrap_or(u32::MAX);
                keep_rows(batch, &kept, |at| {
                    let why = *whys.next().unwrap_or(&WhyDropped::Null);
                    RowEvent::Filtered { at, step, why }
                })
            }
            Work::Tokenize(step) => {
                let Some(WorkEncoder::Text(encoder)) = &mut self.encoders[index] else {
                    return Err(Error::internal("a tokenize step without its encoder"));
                };
                let lane = self.offload.text_lane(index);
                let on_device = lane.map(|lane| (&*self.offload, lane));
                let EncodedText {
                    columns,
                    unusable,
                    truncated,
                } = encoder.run(step, &batch.columns, on_device)?;
                let batch = cut(Batch { columns, ..batch }, &truncated);
                self.set_aside(batch, &unusable)
                    .map_err(|error| error.with_column(&step.column))
            }
            Work::Chat(step) => {
                let Some(WorkEncoder::Chat(encoder)) = &mut self.encoders[index] else {
                    return Err(Error::internal("a chat step without its encoder"));
                };
                let (columns, unusable) = encoder.run(step, &batch.columns)?;
                self.set_aside(Batch { columns, ..batch }, &unusable)
                    .map_err(|error| error.with_column(&step.column))
            }
            Work::Map(segment) => {
                let batch = self.decode(segment, batch)?;
                if segment.columns.is_empty() {
                    return Ok(batch);
                }
                self.segment((index, segment), batch)
            }
            // Packing looks at many rows, and cutting makes many: the assembler does
            // both.
            Work::Pack(step) => self.aligned(&Aligned::from(&**step), batch),
            Work::Chunk(step) => self.aligned(&Aligned::from(&**step), batch),
        }
    }

    /// `batch` without the rows whose lists cannot be packed or cut together.
    fn aligned(&self, aligned: &Aligned<'_>, batch: Batch) -> Result<Batch> {
        if batch.rows.is_empty() || !aligned.is_asked(&batch.columns)? {
            return Ok(batch);
        }
        let columns = aligned.as_lists(&batch.columns)?;
        let (column, unusable) = aligned.unusable(&columns)?;
        let batch = self
            .set_aside(Batch { columns, ..batch }, &unusable)
            .map_err(|error| error.with_column(column))?;
        let columns = aligned.in_step(&batch.columns)?;
        Ok(Batch { columns, ..batch })
    }

    /// `batch` with images in the place of files.
    fn decode(&mut self, segment: &Segment, mut batch: Batch) -> Result<Batch> {
        for files in &segment.files {
            let decoded = self
                .images
                .run(files, &batch.columns, self.offload.level())?;
            let DecodedColumn {
                columns,
                unusable,
                damaged,
            } = decoded;
            let conversion = Conversion {
                column: files.output.name.as_str().into(),
                what: "a damaged file, decoded as far as it goes".into(),
                n_values: 1,
            };
            let changes = damaged.into_iter();
            let changes = changes.map(|row| (row, vec![conversion.clone()])).collect();
            batch = noted(Batch { columns, ..batch }, changes);
            batch = self.set_aside(batch, &unusable).map_err(|error| {
                let op = self.plan.steps[files.step].op();
                error
                    .with_step(files.step + 1, op)
                    .with_column(&files.output.name)
            })?;
        }
        Ok(batch)
    }

    /// Runs the segment of a stage.
    fn segment(&self, segment: (usize, &Segment), batch: Batch) -> Result<Batch> {
        let SegmentResult {
            columns,
            misfits,
            changes,
        } = numbers::run(&self.offload, segment, &batch.columns)?;
        let batch = noted(Batch { columns, ..batch }, changes);
        let first = misfits
            .first()
            .map(|misfit| (misfit.step, misfit.column.clone()));
        let unusable: Vec<Unusable> = misfits.into_iter().map(|misfit| misfit.row).collect();
        self.set_aside(batch, &unusable)
            .map_err(|error| match first {
                Some((step, column)) => error
                    .with_step(step + 1, self.plan.steps[step].op())
                    .with_column(column),
                None => error,
            })
    }

    /// Turns rows with unusable values into events, or into an error.
    fn set_aside(&self, batch: Batch, unusable: &[Unusable]) -> Result<Batch> {
        let Some(first) = unusable.first() else {
            return Ok(batch);
        };
        if self.plan.source.on_error == OnError::Fail {
            let row = batch.rows[first.row];
            let input = &self.plan.inputs[batch.file as usize];
            let error = Error::data(&first.reason).with_row(row);
            let error = error.with_path(input.path_of(row));
            let error = match self.plan.source.line_of(row) {
                Some(line) => error.with_line(line),
                None => error,
            };
            let aside = "set `on_error = \"quarantine\"` in [source] to set such rows aside";
            return Err(match first.hint {
                Some(hint) => error.with_hint(format!("{hint}; or {aside}")),
                None => error.with_hint(aside),
            });
        }
        let mut kept = vec![true; batch.rows.len()];
        for bad in unusable {
            kept[bad.row] = false;
        }
        let mut reasons = unusable.iter().map(|bad| bad.reason.clone());
        let input = &self.plan.inputs[batch.file as usize];
        keep_rows(batch, &BooleanArray::from(kept), |at| {
            let reason = reasons.next().unwrap_or_default();
            RowEvent::Quarantined(Quarantined {
                at,
                line: None,
                n_rows: Some(1),
                unit: QuarantineUnit::Value,
                reason: match input.file_name_of(at.row) {
                    Some(name) => format!("{name}: {reason}"),
                    None => reason,
                },
                excerpt: None,
            })
        })
    }
}

/// `batch` with what was put in the place of its numbers; rows to which the
/// same was done one behind another share a note.
fn noted(mut batch: Batch, changes: Changes) -> Batch {
    if changes.is_empty() {
        return batch;
    }
    let mut last = Arc::new(Notes::default());
    for (row, converted) in changes {
        if last.converted != converted {
            last = Arc::new(Notes {
                converted,
                ..Notes::default()
            });
        }
        batch.events.push(RowEvent::Noted {
            at: batch.position(row),
            notes: Arc::clone(&last),
        });
    }
    batch.events.sort_by_key(RowEvent::at);
    batch
}

/// `batch` with what documents lost of their tokens, by index of the row.
fn cut(mut batch: Batch, truncated: &[(usize, u64)]) -> Batch {
    for &(row, n_tokens) in truncated {
        let at = batch.position(row);
        batch.events.push(RowEvent::Truncated { at, n_tokens });
    }
    if !truncated.is_empty() {
        batch.events.sort_by_key(RowEvent::at);
    }
    batch
}

/// Keeps the columns of the step, in its order.
fn select(step: &SelectStep, batch: Batch) -> Result<Batch> {
    let indices = step
        .columns
        .iter()
        .map(|name| index_of(&batch.columns, name))
        .collect::<Result<Vec<_>>>()?;
    let columns = batch
        .columns
        .project(&indices)
        .map_err(|error| Error::internal("cannot select columns").with_source(error))?;
    Ok(Batch { columns, ..batch })
}

/// Keeps the rows marked in `kept`; each other row becomes the event that
/// `event` makes of it, called in row order.
fn keep_rows(
    batch: Batch,
    kept: &BooleanArray,
    mut event: impl FnMut(crate::batch::Position) -> RowEvent,
) -> Result<Batch> {
    if kept.true_count() == kept.len() {
        return Ok(batch);
    }
    let columns: RecordBatch = filter_record_batch(&batch.columns, kept)
        .map_err(|error| Error::internal("cannot filter a batch").with_source(error))?;
    let mut events = batch.events.clone();
    let mut rows = Vec::with_capacity(columns.num_rows());
    for (index, &row) in batch.rows.iter().enumerate() {
        if kept.value(index) {
            rows.push(row);
        } else {
            events.push(event(batch.position(index)));
        }
    }
    events.sort_by_key(RowEvent::at);
    Ok(Batch {
        file: batch.file,
        rows,
        columns,
        events,
    })
}
