//! Columns of lists with a value for each token, under construction.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, ListArray, UInt8Array, UInt16Array, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};
use fuelrail_kernels::tokenize::{SequenceEnd, Truncation};

use crate::error::{Error, Result};
use crate::plan::TextUnit;

/// What a row of the columns is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenRow {
    /// What was appended since the row before.
    Ids,
    /// Null.
    Null,
}

/// Token ids and what there is of each, row by row.
#[derive(Debug)]
pub(super) struct TokenLists {
    pub(super) ids: Vec<u32>,
    /// Whether each token counts in a loss; as long as `ids`, or empty.
    pub(super) mask: Vec<u8>,
    /// Where in the text each token begins and ends; as long as `ids`, or empty.
    pub(super) places: [Vec<u32>; 2],
    offsets: Vec<i32>,
    valid: Vec<bool>,
}

/// Lists with the same offsets.
#[derive(Debug)]
pub(super) struct FinishedLists {
    pub(super) tokens: ArrayRef,
    pub(super) mask: Option<ArrayRef>,
    pub(super) places: [Option<ArrayRef>; 2],
}

/// Ids of a batch for which the memory is kept for the next one; a few times as
/// many as most have.
const KEPT_IDS: usize = 4 << 20;

impl TokenLists {
    /// For `n_rows` rows, their ids in the memory of those before.
    pub(super) fn new(mut ids: Vec<u32>, n_rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(n_rows + 1);
        offsets.push(0);
        ids.clear();
        Self {
            ids,
            mask: Vec::new(),
            places: [Vec::new(), Vec::new()],
            offsets,
            valid: Vec::with_capacity(n_rows),
        }
    }

    /// Appends tokens that stand for no text.
    pub(super) fn put_around(&mut self, ids: &[u32], places: Option<TextUnit>) {
        self.ids.extend_from_slice(ids);
        if places.is_some() {
            let len = self.ids.len();
            self.places.iter_mut().for_each(|of| of.resize(len, 0));
        }
    }

    /// Forgets all but the first `len` tokens.
    pub(super) fn truncate(&mut self, len: usize) {
        self.ids.truncate(len);
        self.mask.truncate(len);
        self.places.iter_mut().for_each(|of| of.truncate(len));
    }

    /// Cuts the ids from `start` on, beside which there is nothing; how many are left
    /// out.
    pub(super) fn cut(&mut self, start: usize, truncation: Option<Truncation>) -> usize {
        let n_own = self.ids.len() - start;
        let Some(Truncation {
            max_length, end, ..
        }) = truncation
        else {
            return 0;
        };
        let n_left_out = n_own.saturating_sub(max_length);
        match end {
            SequenceEnd::Right => self.ids.truncate(start + n_own - n_left_out),
            SequenceEnd::Left => _ = self.ids.drain(start..start + n_left_out),
        }
        n_left_out
    }

    /// Ends a row.
    ///
    /// # Errors
    /// `Internal` where 31 bits do not count the tokens.
    pub(super) fn end_row(&mut self, row: TokenRow) -> Result<()> {
        let end = i32::try_from(self.ids.len())
            .map_err(|_| Error::internal("a batch holds 2^31 tokens or more"))?;
        self.offsets.push(end);
        self.valid.push(row == TokenRow::Ids);
        Ok(())
    }

    /// The columns; a window may hold them long after the batch is gone, so they
    /// have no more memory than they need. What is left is the memory.
    ///
    /// # Errors
    /// `Internal` for an id that is not of the type.
    pub(super) fn finish(&mut self, id_type: &DataType) -> Result<FinishedLists> {
        let ids: ArrayRef = if *id_type == DataType::UInt16 {
            let ids: Option<Vec<u16>> = self.ids.iter().map(|&id| u16::try_from(id).ok()).collect();
            let ids = ids.ok_or_else(|| Error::internal("a token id beyond 16 bits"))?;
            Arc::new(UInt16Array::from(ids))
        } else {
            Arc::new(UInt32Array::from(self.ids.clone()))
        };
        let offsets = std::mem::take(&mut self.offsets);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let valid = std::mem::take(&mut self.valid);
        let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
        let list = |values: ArrayRef| {
            let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
            ListArray::try_new(field, offsets.clone(), values, nulls.clone())
                .map(|list| Arc::new(list) as ArrayRef)
                .map_err(|error| {
                    Error::internal("cannot build the token column").with_source(error)
                })
        };
        let of_each = |values: ArrayRef| {
            let is_whole = values.len() == ids.len();
            is_whole.then(|| list(values)).transpose()
        };
        let mut mask = std::mem::take(&mut self.mask);
        let mut places = std::mem::take(&mut self.places);
        mask.shrink_to_fit();
        places.iter_mut().for_each(Vec::shrink_to_fit);
        let [starts, ends] = places.map(UInt32Array::from);
        Ok(FinishedLists {
            mask: of_each(Arc::new(UInt8Array::from(mask)))?,
            places: [of_each(Arc::new(starts))?, of_each(Arc::new(ends))?],
            tokens: list(Arc::clone(&ids))?,
        })
    }

    /// What holds the ids, unless they were many.
    pub(super) fn into_memory(self) -> Vec<u32> {
        let kept = Some(self.ids).filter(|ids| ids.capacity() <= KEPT_IDS);
        kept.unwrap_or_default()
    }

    /// Whether each row is one.
    pub(super) fn valid(&self) -> NullBuffer {
        NullBuffer::from(self.valid.clone())
    }
}
