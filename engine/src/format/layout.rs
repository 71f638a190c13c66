//! Where the tensors of a shard lie: a function of the schema and of how many
//! rows and elements it holds, and of nothing else.

use safetensors::Dtype;

use super::column::{Column, ColumnLayout, dtype_bytes};
use super::manifest::OriginKind;
use super::{ALIGN_BYTES, BLOCK_BYTES, header};
use crate::error::{Error, Result};

/// How many items the first dimension of a tensor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One per row.
    Rows,
    /// One per row and one more: the offsets of the group.
    Offsets(usize),
    /// One per element of the group.
    Flat(usize),
}

/// What a tensor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The values of a column, by its index.
    Values(usize),
    /// Which rows of a column are not null.
    Valid(usize),
    /// Where each row's elements begin and end.
    Offsets,
    /// The input file of each document.
    OriginFile,
    /// The row of each document in its file.
    OriginRow,
    /// The token of the document at which a packed piece starts.
    OriginStart,
}

/// One tensor of every shard of a dataset.
#[derive(Debug, Clone)]
pub(crate) struct TensorSpec {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    /// Dimensions after the first.
    pub(crate) inner: Vec<u64>,
    pub(crate) extent: Extent,
    pub(crate) content: Content,
    /// Bytes of one item.
    pub(crate) item_bytes: u64,
}

/// How many rows a shard holds, and how many elements each ragged group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) n_rows: u64,
    pub(crate) flat: Vec<u64>,
}

/// Where each tensor lies in the data section (which begins at
/// [`Layout::data_start`] of the file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Start and length of each tensor of [`Layout::tensors`].
    pub(crate) tensors: Vec<(u64, u64)>,
    /// Start of the checksum table, in the data section.
    pub(crate) table_start: u64,
    /// Its entries.
    pub(crate) n_blocks: u64,
}

/// The tensors of every shard of a dataset, in the order they lie in.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) tensors: Vec<TensorSpec>,
    /// Ragged groups; each has its own count of elements.
    pub(crate) n_groups: usize,
    /// Where the data section begins in the file.
    pub(crate) data_start: u64,
    /// The columns as JSON, for the header.
    pub(crate) schema_json: String,
}

impl Layout {
    /// The layout of shards with these columns.
    ///
    /// # Errors
    /// `Pipeline` if the header would be longer than safetensors allows.
    pub(crate) fn new(columns: &[Column], origin: OriginKind) -> Result<Self> {
        let mut build = Build::default();
        let first = in_place(columns);
        let order = first
            .into_iter()
            .chain((0..columns.len()).filter(|i| Some(*i) != first));
        for index in order {
            build.column(index, &columns[index]);
        }
        build.origins(origin);
        let schema_json = serde_json::to_string(columns)
            .map_err(|e| Error::internal("cannot write the schema").with_source(e))?;
        let mut layout = Self {
            tensors: build.tensors,
            n_groups: build.n_groups,
            data_start: 0,
            schema_json,
        };
        layout.data_start = header::reserve(&layout)?;
        Ok(layout)
    }

    /// Where the tensors of a shard with `counts` lie.
    pub(crate) fn place(&self, counts: &Counts) -> Placement {
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
    pub(crate) fn file_len(&self, counts: &Counts) -> u64 {
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
pub(crate) fn items(spec: &TensorSpec, counts: &Counts) -> u64 {
    match spec.extent {
        Extent::Rows => counts.n_rows,
        Extent::Offsets(_) => counts.n_rows.saturating_add(1),
        Extent::Flat(group) => counts.flat[group],
    }
}

/// The next multiple of the alignment (saturating, so that absurd sizes stay
/// absurd instead of wrapping).
pub(crate) fn align(n: u64) -> u64 {
    n.checked_next_multiple_of(ALIGN_BYTES).unwrap_or(u64::MAX)
}

/// The column whose values are written straight to their place, because they
/// come first: the one that is likely the largest. A fixed column of several
/// elements a row, else a ragged one, else the first.
fn in_place(columns: &[Column]) -> Option<usize> {
    let widest = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.layout == ColumnLayout::Fixed && !column.shape.is_empty())
        .max_by_key(|(index, column)| {
            let bytes = column
                .row_elements()
                .saturating_mul(dtype_bytes(column.dtype));
            (bytes, std::cmp::Reverse(*index))
        });
    widest
        .map(|(index, _)| index)
        .or_else(|| {
            columns
                .iter()
                .position(|column| column.layout == ColumnLayout::Ragged)
        })
        .or(if columns.is_empty() { None } else { Some(0) })
}

/// Collects tensors in order.
#[derive(Default)]
struct Build {
    tensors: Vec<TensorSpec>,
    n_groups: usize,
}

impl Build {
    fn tensor(&mut self, name: impl Into<String>, dtype: Dtype, extent: Extent, content: Content) {
        self.tensors.push(TensorSpec {
            name: name.into(),
            dtype,
            inner: Vec::new(),
            extent,
            content,
            item_bytes: dtype_bytes(dtype),
        });
    }

    fn group(&mut self) -> usize {
        self.n_groups += 1;
        self.n_groups - 1
    }

    fn column(&mut self, index: usize, column: &Column) {
        let name = &column.name;
        let values = Content::Values(index);
        match column.layout {
            ColumnLayout::Fixed => self.tensors.push(TensorSpec {
                name: name.clone(),
                dtype: column.dtype,
                inner: column.shape.clone(),
                extent: Extent::Rows,
                content: values,
                item_bytes: column
                    .row_elements()
                    .saturating_mul(dtype_bytes(column.dtype)),
            }),
            ColumnLayout::Ragged => {
                let group = self.group();
                self.tensor(name, column.dtype, Extent::Flat(group), values);
                let offsets = Extent::Offsets(group);
                self.tensor(offsets_name(name), Dtype::I64, offsets, Content::Offsets);
            }
        }
        if column.nullable {
            self.tensor(
                valid_name(name),
                Dtype::BOOL,
                Extent::Rows,
                Content::Valid(index),
            );
        }
    }

    fn origins(&mut self, origin: OriginKind) {
        let extent = match origin {
            OriginKind::Row => Extent::Rows,
            OriginKind::Packed => Extent::Flat(self.group()),
        };
        self.tensor(ORIGIN_FILE, Dtype::U32, extent, Content::OriginFile);
        self.tensor(ORIGIN_ROW, Dtype::U64, extent, Content::OriginRow);
        if let Extent::Flat(group) = extent {
            self.tensor(ORIGIN_START, Dtype::U32, extent, Content::OriginStart);
            let offsets = Extent::Offsets(group);
            self.tensor(ORIGIN_OFFSETS, Dtype::I64, offsets, Content::Offsets);
        }
    }
}

pub(crate) const ORIGIN_FILE: &str = "__origin.file";
pub(crate) const ORIGIN_ROW: &str = "__origin.row";
pub(crate) const ORIGIN_START: &str = "__origin.start";
pub(crate) const ORIGIN_OFFSETS: &str = "__origin.__offsets";
pub(crate) const TABLE: &str = "__block_xxh3";

pub(crate) fn offsets_name(column: &str) -> String {
    format!("{column}.__offsets")
}

pub(crate) fn valid_name(column: &str) -> String {
    format!("{column}.__valid")
}
