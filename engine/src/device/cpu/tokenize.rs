//! `tokenize`: a text column becomes lists of token ids.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, RecordBatch, UInt16Array, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use fuelrail_kernels::tokenize::{Encoder, Special};

use super::lookup::index_of;
use super::ready::ReadyRows;
use super::text::{TextRows, decoded};
use crate::device::offload::Offload;
use crate::device::text_lane::TextOnLane;
use crate::error::{Error, Result};
use crate::plan::{SpecialTokens, TokenizeStep};

/// A row whose value the step cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::device) struct Unusable {
    /// Index within the batch.
    pub(in crate::device) row: usize,
    /// Why.
    pub(in crate::device) reason: String,
}

/// One worker's encoder for one step.
#[derive(Debug)]
pub(in crate::device) struct StepEncoder {
    encoder: Encoder,
    special: Special,
}

impl StepEncoder {
    pub(in crate::device) fn new(step: &TokenizeStep) -> Self {
        Self {
            encoder: Encoder::new(Arc::clone(&step.tokenizer)),
            special: match step.special_tokens {
                SpecialTokens::Text => Special::Text,
                SpecialTokens::Parse => Special::Parse,
                SpecialTokens::Refuse => Special::Refuse,
            },
        }
    }

    /// Puts the step's list column in the place of its text column, encoded by a
    /// device as far as there is one that does text. Nulls
    /// stay null; unusable rows are null and returned, in row order.
    ///
    /// # Errors
    /// `Internal` where the batch does not fit the plan.
    pub(in crate::device) fn run(
        &mut self,
        step: &TokenizeStep,
        columns: &RecordBatch,
        on_device: Option<(&Offload, &TextOnLane)>,
    ) -> Result<(RecordBatch, Vec<Unusable>)> {
        let schema = columns.schema();
        let index = index_of(columns, &step.column)?;
        let text = decoded(columns.column(index))?;
        let text = TextRows::new(&text)?;
        let n_rows = columns.num_rows();
        let ready = match on_device {
            Some(lane) => ReadyRows::of((&text, self.special), n_rows, lane)?,
            None => ReadyRows::default(),
        };
        let mut lists = Lists::with_capacity(columns.num_rows());
        let mut unusable = Vec::new();
        for row in 0..columns.num_rows() {
            let encoded = self.encode((step, &ready), &text, row, &mut lists.ids);
            lists.end_row(*encoded.as_ref().unwrap_or(&Row::Null))?;
            if let Err(reason) = encoded {
                unusable.push(Unusable { row, reason });
            }
        }
        let list = lists.finish(&step.id_type)?;
        let field = Field::new(&step.output, list.data_type().clone(), true);
        let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
        let mut arrays = columns.columns().to_vec();
        fields[index] = Arc::new(field);
        arrays[index] = list;
        let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .map_err(|error| Error::internal("cannot build the token column").with_source(error))?;
        Ok((columns, unusable))
    }

    /// Appends the ids of one row. Leaves `ids` as it was on error.
    fn encode(
        &mut self,
        (step, ready): (&TokenizeStep, &ReadyRows),
        text: &TextRows<'_>,
        row: usize,
        ids: &mut Vec<u32>,
    ) -> Result<Row, String> {
        let text = text
            .get(row)
            .map_err(|bad| format!("expected UTF-8, got byte 0x{:02x} at {}", bad.byte, bad.at))?;
        let Some(text) = text else {
            return Ok(Row::Null);
        };
        let start = ids.len();
        ids.extend_from_slice(&step.begin_of_document);
        if !ready.append(row, ids)
            && let Err(error) = self.encoder.encode(text, self.special, ids)
        {
            ids.truncate(start);
            return Err(error.to_string());
        }
        ids.extend_from_slice(&step.end_of_document);
        Ok(Row::Ids)
    }
}

/// What a row of the list column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Ids,
    Null,
}

/// A list column under construction.
struct Lists {
    ids: Vec<u32>,
    offsets: Vec<i32>,
    valid: Vec<bool>,
}

impl Lists {
    fn with_capacity(n_rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(n_rows + 1);
        offsets.push(0);
        Self {
            ids: Vec::new(),
            offsets,
            valid: Vec::with_capacity(n_rows),
        }
    }

    fn end_row(&mut self, row: Row) -> Result<()> {
        let end = i32::try_from(self.ids.len())
            .map_err(|_| Error::internal("a batch holds 2^31 tokens or more"))?;
        self.offsets.push(end);
        self.valid.push(row == Row::Ids);
        Ok(())
    }

    fn finish(mut self, id_type: &DataType) -> Result<ArrayRef> {
        let values: ArrayRef = if *id_type == DataType::UInt16 {
            let ids: Option<Vec<u16>> = self.ids.iter().map(|&id| u16::try_from(id).ok()).collect();
            let ids = ids.ok_or_else(|| Error::internal("a token id beyond 16 bits"))?;
            Arc::new(UInt16Array::from(ids))
        } else {
            // A window may hold the ids long after the batch is gone.
            self.ids.shrink_to_fit();
            Arc::new(UInt32Array::from(self.ids))
        };
        let field = Arc::new(Field::new_list_field(id_type.clone(), false));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let nulls = Some(NullBuffer::from(self.valid)).filter(|nulls| nulls.null_count() > 0);
        ListArray::try_new(field, offsets, values, nulls)
            .map(|list| Arc::new(list) as ArrayRef)
            .map_err(|error| Error::internal("cannot build the token column").with_source(error))
    }
}
