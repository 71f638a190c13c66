//! `tokenize`: a text column becomes lists of token ids.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, FieldRef, Schema};
use fuelrail_kernels::tokenize::{Encoder, Special};

use super::lookup::index_of;
use super::ready::ReadyRows;
use super::text::{TextRows, decoded};
use super::token_lists::{TokenLists, TokenRow};
use super::unusable::Unusable;
use crate::device::offload::Offload;
use crate::device::text_lane::TextOnLane;
use crate::error::{Error, Result};
use crate::plan::{SpecialTokens, TokenizeStep};

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
        let mut lists = TokenLists::with_capacity(columns.num_rows());
        let mut unusable = Vec::new();
        for row in 0..columns.num_rows() {
            let encoded = self.encode((step, &ready), &text, row, &mut lists.ids);
            lists.end_row(*encoded.as_ref().unwrap_or(&TokenRow::Null))?;
            if let Err(reason) = encoded {
                unusable.push(Unusable::new(row, reason));
            }
        }
        let list = lists.finish(&step.id_type)?.tokens;
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
    ) -> Result<TokenRow, String> {
        let text = text.get(row).map_err(|bad| bad.to_string())?;
        let Some(text) = text else {
            return Ok(TokenRow::Null);
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
        Ok(TokenRow::Ids)
    }
}
