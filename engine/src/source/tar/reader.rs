//! Reads the samples of an archive into batches.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow::datatypes::{DataType, Field};

use super::super::ReadRequest;
use super::super::context::{Bad, Context};
use super::super::cut::as_type;
use super::bytes::ArchiveFault;
use super::columns::class;
use super::samples::{TarSample, TarSamples, Wants};
use crate::batch::{Batch, RowEvent};
use crate::error::{Error, Result};
use crate::plan::{OnError, RowGroup, SAMPLE_KEY};

/// Rows in a batch at most: values that are not read take no bytes.
const MAX_ROWS: usize = 64 << 10;

/// Bytes of one value at most: the offsets of a batch have 32 bits.
const MAX_VALUE: u64 = i32::MAX as u64;

/// The rows that are asked for.
pub(super) fn rows(request: &ReadRequest<'_>) -> Range<u64> {
    let groups = &request.input.row_groups;
    let n_rows = |groups: &[RowGroup]| groups.iter().map(|group| group.n_rows).sum::<u64>();
    let rows = match &request.row_groups {
        Some(range) => {
            let before = groups.get(..range.start).map_or(0, n_rows);
            // What follows the last sample is read too: it may make no sense.
            if range.end < groups.len() {
                before..before + groups.get(range.clone()).map_or(0, n_rows)
            } else {
                before..u64::MAX
            }
        }
        None => 0..u64::MAX,
    };
    rows.start.max(request.start_row)..rows.end
}

/// What gives each sample files of its own that stand together.
const SORTED: &str = "files of a sample stand together in what `tar --sort=name` writes";

pub(super) struct SampleReader {
    context: Context,
    samples: TarSamples,
    /// The row that comes next.
    row: u64,
    /// The rows that are asked for.
    rows: Range<u64>,
    /// What was read and found no room in its batch, or comes after it.
    ahead: Option<Next>,
    /// Whether nothing follows.
    ended: bool,
}

/// What comes next in an archive.
enum Next {
    Sample(TarSample),
    /// A sample that is no row.
    Bad(Bad),
    Failed(ArchiveFault),
    End,
}

impl SampleReader {
    pub(super) fn new(context: Context, samples: TarSamples, rows: Range<u64>) -> Self {
        Self {
            context,
            samples,
            row: 0,
            rows,
            ahead: None,
            ended: false,
        }
    }

    /// The next batch: as many samples as fit, and one at least.
    pub(super) fn advance(&mut self) -> Result<Option<Batch>> {
        let mut samples: Vec<TarSample> = Vec::new();
        let mut rows: Vec<u64> = Vec::new();
        let mut events: Vec<RowEvent> = Vec::new();
        let mut len_bytes = 0;
        while !self.ended && rows.len() < MAX_ROWS {
            let next = self.next();
            let row = self.row;
            match next {
                Next::Sample(sample) => {
                    let len = len_of(&sample).saturating_add(self.context.row_bytes);
                    let sum = len.saturating_add(len_bytes);
                    let is_full = sum > self.context.batch_bytes || sum > i32::MAX as usize;
                    if is_full && !rows.is_empty() {
                        self.ahead = Some(Next::Sample(sample));
                        break;
                    }
                    len_bytes = sum;
                    samples.push(sample);
                    rows.push(row);
                }
                // What was read before an error comes before it.
                failed @ (Next::Failed(_) | Next::Bad(_))
                    if !rows.is_empty() && self.fails(&failed) =>
                {
                    self.ahead = Some(failed);
                    break;
                }
                Next::Bad(bad) => events.extend(self.context.set_aside(bad)?),
                Next::Failed(ArchiveFault::System(error)) => return Err(error),
                Next::Failed(ArchiveFault::Content(reason)) => {
                    self.ended = true;
                    events.extend(self.context.set_aside(Bad::tail(row, reason))?);
                }
                Next::End => self.ended = true,
            }
            if !self.ended {
                self.row += 1;
            }
        }
        if rows.is_empty() && events.is_empty() {
            return Ok(None);
        }
        let columns = self.columns(&samples)?;
        Ok(Some(self.context.batch(rows, columns, events)))
    }

    /// Whether what comes next ends the reading with an error.
    fn fails(&self, next: &Next) -> bool {
        match next {
            Next::Failed(ArchiveFault::System(_)) => true,
            Next::Failed(ArchiveFault::Content(_)) | Next::Bad(_) => {
                self.context.on_error == OnError::Fail
            }
            Next::Sample(_) | Next::End => false,
        }
    }

    fn next(&mut self) -> Next {
        if let Some(ahead) = self.ahead.take() {
            return ahead;
        }
        while self.row < self.rows.start {
            match self.samples.next(&Wants::Nothing) {
                Ok(Some(_)) => self.row += 1,
                Ok(None) => return Next::End,
                Err(trouble) => return Next::Failed(trouble),
            }
        }
        if self.row >= self.rows.end {
            return Next::End;
        }
        let schema = Arc::clone(&self.context.schema);
        let wanted = |extension: &str| schema.index_of(extension).is_ok();
        match self.samples.next(&Wants::These(&wanted, MAX_VALUE)) {
            Ok(None) => Next::End,
            Ok(Some(sample)) => match self.fault(&sample) {
                None => Next::Sample(sample),
                Some((column, reason)) => {
                    let reason = format!("sample {:?}: {reason}", sample.key);
                    Next::Bad(Bad {
                        hint: sample.fault.is_some().then(|| SORTED.to_owned()),
                        ..Bad::value(self.row, column, reason)
                    })
                }
            },
            Err(trouble) => Next::Failed(trouble),
        }
    }

    /// What is wrong with a sample, and the column it is about.
    fn fault(&self, sample: &TarSample) -> Option<(String, String)> {
        if let Some(reason) = &sample.fault {
            return Some((SAMPLE_KEY.to_owned(), reason.clone()));
        }
        let mut fields = self.context.schema.fields().iter();
        fields.find_map(|field| {
            let reason = match (value(sample, field.name()), field.data_type()) {
                (None, _) if field.name() == SAMPLE_KEY || field.is_nullable() => return None,
                (None, _) => "expected a value, the sample has none".to_owned(),
                (Some(text), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
                    let error = std::str::from_utf8(text).err()?;
                    let at = error.valid_up_to();
                    format!("expected UTF-8, got byte 0x{:02x} at {at}", text[at])
                }
                (Some(number), DataType::Int64) => match class(number) {
                    Some(_) => return None,
                    None => "expected a whole number".to_owned(),
                },
                (Some(_), _) => return None,
            };
            Some((field.name().clone(), reason))
        })
    }

    fn columns(&self, samples: &[TarSample]) -> Result<RecordBatch> {
        let schema = Arc::clone(&self.context.schema);
        let fields = schema.fields().iter();
        let columns = fields
            .map(|field| column(samples, field))
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(samples.len()));
        RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|e| Error::internal("cannot make a batch of samples").with_source(e))
    }
}

fn len_of(sample: &TarSample) -> usize {
    let values = sample.values.iter().filter_map(|(_, value)| value.as_ref());
    values.map(Vec::len).sum::<usize>() + sample.key.len()
}

/// What a sample holds under `name`.
fn value<'a>(sample: &'a TarSample, name: &str) -> Option<&'a [u8]> {
    let mut values = sample.values.iter();
    let (_, value) = values.find(|(extension, _)| extension == name)?;
    value.as_deref()
}

/// The values of checked samples in the type of `field`.
fn column(samples: &[TarSample], field: &Field) -> Result<ArrayRef> {
    let values = || samples.iter().map(|sample| value(sample, field.name()));
    let texts = || values().map(|value| std::str::from_utf8(value?).ok());
    let array: ArrayRef = match field.data_type() {
        _ if field.name() == SAMPLE_KEY => {
            let keys = samples.iter().map(|sample| sample.key.as_str());
            Arc::new(StringArray::from_iter_values(keys))
        }
        DataType::Int64 => {
            let numbers = values().map(|value| value.and_then(class));
            Arc::new(numbers.collect::<Int64Array>())
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            Arc::new(values().collect::<BinaryArray>())
        }
        _ => Arc::new(texts().collect::<StringArray>()),
    };
    as_type(&array, field.data_type())
        .map_err(|reason| Error::data(reason).with_column(field.name()))
}
