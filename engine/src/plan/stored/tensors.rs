//! All tensors of a shard, in the order they lie in: a function of the columns
//! and the kind of origins, and of nothing else.

use serde::{Deserialize, Serialize};

use super::column::{Column, ColumnLayout};
use super::element::Dtype;
use crate::plan::types::Plan;

/// What the origins of a dataset say about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginKind {
    /// Each row is one document: `__origin.file` and `__origin.row` per row.
    Row,
    /// Each row holds pieces of documents, or is one: ragged, with `__origin.start`.
    Packed,
}

impl OriginKind {
    /// What a dataset of this plan says about the origins of rows.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        if plan.pack().is_some() || plan.chunk().is_some() {
            Self::Packed
        } else {
            Self::Row
        }
    }
}

pub(crate) const ORIGIN_FILE: &str = "__origin.file";
pub(crate) const ORIGIN_ROW: &str = "__origin.row";
pub(crate) const ORIGIN_START: &str = "__origin.start";
pub(crate) const ORIGIN_OFFSETS: &str = "__origin.__offsets";
pub(crate) const TABLE: &str = "__block_xxh3";

/// How many items the first dimension of a tensor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstDimension {
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
    pub(crate) extent: FirstDimension,
    pub(crate) content: Content,
    /// Bytes of one item.
    pub(crate) item_bytes: u64,
}

/// The tensors of every shard of a dataset but pads and [`TABLE`], which follow
/// from where the others lie.
#[derive(Debug, Default)]
pub(crate) struct Tensors {
    /// In the order they lie in.
    pub(crate) list: Vec<TensorSpec>,
    /// Ragged groups; each has its own count of elements.
    pub(crate) n_groups: usize,
}

impl Tensors {
    /// The tensors of shards with these columns.
    pub(crate) fn new(columns: &[Column], origin: OriginKind) -> Self {
        let mut tensors = Self::default();
        let first = in_place(columns);
        let order = first
            .into_iter()
            .chain((0..columns.len()).filter(|i| Some(*i) != first));
        for index in order {
            tensors.column(index, &columns[index]);
        }
        tensors.origins(origin);
        tensors
    }

    fn tensor(
        &mut self,
        name: impl Into<String>,
        dtype: Dtype,
        extent: FirstDimension,
        content: Content,
    ) {
        self.list.push(TensorSpec {
            name: name.into(),
            dtype,
            inner: Vec::new(),
            extent,
            content,
            item_bytes: dtype.len_bytes(),
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
            ColumnLayout::Fixed => self.list.push(TensorSpec {
                name: name.clone(),
                dtype: column.dtype,
                inner: column.shape.clone(),
                extent: FirstDimension::Rows,
                content: values,
                item_bytes: column
                    .row_elements()
                    .saturating_mul(column.dtype.len_bytes()),
            }),
            ColumnLayout::Ragged => {
                let group = self.group();
                self.tensor(name, column.dtype, FirstDimension::Flat(group), values);
                let offsets = FirstDimension::Offsets(group);
                self.tensor(offsets_name(name), Dtype::I64, offsets, Content::Offsets);
            }
        }
        if column.nullable {
            self.tensor(
                valid_name(name),
                Dtype::Bool,
                FirstDimension::Rows,
                Content::Valid(index),
            );
        }
    }

    fn origins(&mut self, origin: OriginKind) {
        let extent = match origin {
            OriginKind::Row => FirstDimension::Rows,
            OriginKind::Packed => FirstDimension::Flat(self.group()),
        };
        self.tensor(ORIGIN_FILE, Dtype::U32, extent, Content::OriginFile);
        self.tensor(ORIGIN_ROW, Dtype::U64, extent, Content::OriginRow);
        if let FirstDimension::Flat(group) = extent {
            self.tensor(ORIGIN_START, Dtype::U32, extent, Content::OriginStart);
            let offsets = FirstDimension::Offsets(group);
            self.tensor(ORIGIN_OFFSETS, Dtype::I64, offsets, Content::Offsets);
        }
    }
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
                .saturating_mul(column.dtype.len_bytes());
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

pub(crate) fn offsets_name(column: &str) -> String {
    format!("{column}.__offsets")
}

pub(crate) fn valid_name(column: &str) -> String {
    format!("{column}.__valid")
}
