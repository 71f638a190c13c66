//! Where the tensors of a shard lie: a function of the schema and of how many
//! rows and elements it holds, and of nothing else.

use super::header_text::longest_header;
use super::{ALIGN_BYTES, BLOCK_BYTES};
use crate::error::{Error, Result};
use crate::plan::{Column, FirstDimension, OriginKind, TensorSpec, Tensors};

/// How many rows a shard holds, and how many elements each ragged group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardCounts {
    pub(crate) n_rows: u64,
    pub(crate) flat: Vec<u64>,
}

/// Where each tensor lies in the data section (which begins at
/// [`ShardLayout::data_start`] of the file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Start and length of each tensor of [`ShardLayout::tensors`].
    pub(crate) tensors: Vec<(u64, u64)>,
    /// Start of the checksum table, in the data section.
    pub(crate) table_start: u64,
    /// Its entries.
    pub(crate) n_blocks: u64,
}

/// The tensors of every shard of a dataset, in the order they lie in.
#[derive(Debug, Clone)]
pub(crate) struct ShardLayout {
    pub(crate) tensors: Vec<TensorSpec>,
    /// Ragged groups; each has its own count of elements.
    pub(crate) n_groups: usize,
    /// Where the data section begins in the file.
    pub(crate) data_start: u64,
    /// The columns as JSON, for the header.
    pub(crate) schema_json: String,
}

impl ShardLayout {
    /// The layout of shards with these columns.
    ///
    /// # Errors
    /// `Pipeline` if the header would be longer than safetensors allows.
    pub(crate) fn new(columns: &[Column], origin: OriginKind) -> Result<Self> {
        let Tensors { list, n_groups } = Tensors::new(columns, origin);
        let schema_json = serde_json::to_string(columns)
            .map_err(|e| Error::internal("cannot write the schema").with_source(e))?;
        // Room for the longest header that any of the shards can have.
        let data_start = align(longest_header(&list, &schema_json)?);
        Ok(Self {
            tensors: list,
            n_groups,
            data_start,
            schema_json,
        })
    }

    /// Where the tensors of a shard with `counts` lie.
    pub(crate) fn place(&self, counts: &ShardCounts) -> Placement {
        let mut end = 0;
        let tensors = self
            .tensors
            .iter()
            .map(|spec| {
                let start = align(end);
                let len = items(spec, counts).saturating_mul(spec.item_bytes);
                end = start.saturating_add(len);
                (start, len)
            })
            .collect();
        let table_start = align(end);
        Placement {
            tensors,
            table_start,
            n_blocks: table_start.div_ceil(BLOCK_BYTES),
        }
    }

    /// The length of a shard's file with `counts`; never less for more rows.
    pub(crate) fn file_len(&self, counts: &ShardCounts) -> u64 {
        let end = self.tensors.iter().fold(0u64, |end, spec| {
            align(end).saturating_add(items(spec, counts).saturating_mul(spec.item_bytes))
        });
        let table_start = align(end);
        self.data_start
            .saturating_add(table_start)
            .saturating_add(table_start.div_ceil(BLOCK_BYTES).saturating_mul(8))
    }
}

/// Items in the first dimension of a tensor.
pub(crate) fn items(spec: &TensorSpec, counts: &ShardCounts) -> u64 {
    match spec.extent {
        FirstDimension::Rows => counts.n_rows,
        FirstDimension::Offsets(_) => counts.n_rows.saturating_add(1),
        FirstDimension::Flat(group) => counts.flat[group],
    }
}

/// The next multiple of the alignment (saturating, so that absurd sizes stay
/// absurd instead of wrapping).
pub(crate) fn align(n: u64) -> u64 {
    n.checked_next_multiple_of(ALIGN_BYTES).unwrap_or(u64::MAX)
}
