//! Columns of lists with a value for each token, under construction.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, UInt8Array, UInt16Array, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use crate::error::{Error, Result};

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
    offsets: Vec<i32>,
    valid: Vec<bool>,
}

/// Lists with the same offsets.
#[derive(Debug)]
pub(super) struct FinishedLists {
    pub(super) tokens: ArrayRef,
    pub(super) mask: Option<ArrayRef>,
}

impl TokenLists {
    pub(super) fn with_capacity(n_rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(n_rows + 1);
        offsets.push(0);
        Self {
            ids: Vec::new(),
            mask: Vec::new(),
            offsets,
            valid: Vec::with_capacity(n_rows),
        }
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

    /// The columns.
    ///
    /// # Errors
    /// `Internal` for an id that is not of the type.
    pub(super) fn finish(mut self, id_type: &DataType) -> Result<FinishedLists> {
        let ids: ArrayRef = if *id_type == DataType::UInt16 {
            let ids: Option<Vec<u16>> = self.ids.iter().map(|&id| u16::try_from(id).ok()).collect();
            let ids = ids.ok_or_else(|| Error::internal("a token id beyond 16 bits"))?;
            Arc::new(UInt16Array::from(ids))
        } else {
            // A window may hold the ids long after the batch is gone.
            self.ids.shrink_to_fit();
            Arc::new(UInt32Array::from(self.ids))
        };
        self.mask.shrink_to_fit();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let nulls = Some(NullBuffer::from(self.valid)).filter(|nulls| nulls.null_count() > 0);
        let list = |values: ArrayRef| {
            let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
            ListArray::try_new(field, offsets.clone(), values, nulls.clone())
                .map(|list| Arc::new(list) as ArrayRef)
                .map_err(|error| {
                    Error::internal("cannot build the token column").with_source(error)
                })
        };
        let mask = (self.mask.len() == ids.len()).then(|| UInt8Array::from(self.mask));
        Ok(FinishedLists {
            tokens: list(ids)?,
            mask: mask.map(|mask| list(Arc::new(mask))).transpose()?,
        })
    }
}
