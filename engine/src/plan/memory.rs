//! A table in memory as the input of a plan. It is made by `source`, which
//! knows how to read it and what its digest is.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::digest::Digest;
use super::row_group::RowGroup;

/// Rows in memory, of columns in any layout. Equal tables have equal values,
/// however they are cut into batches.
#[derive(Debug, Clone)]
pub struct InMemory {
    /// The columns, in types that do not depend on the layout of the batches.
    pub(crate) schema: SchemaRef,
    /// The rows, as they were handed over.
    pub(crate) batches: Vec<RecordBatch>,
    /// How the rows are cut where they are more than one part, by count alone.
    pub(crate) row_groups: Vec<RowGroup>,
    /// A digest of the columns and their values.
    pub(crate) digest: Digest,
}

impl InMemory {
    /// How many rows it has.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.row_groups.iter().map(|group| group.n_rows).sum()
    }
}

impl PartialEq for InMemory {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for InMemory {}
