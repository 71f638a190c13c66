//! How one Arrow column becomes tensors, and what its manifest entry says.
//!
//! A column is *fixed* (every row has the same shape) or *ragged* (each row is
//! a run of elements). Strings and binary are ragged bytes; dictionary columns
//! are written as their values.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use serde::{Deserialize, Serialize};

use super::element::{BFLOAT16, Dtype, element, parse_element};
use crate::error::{Error, Result};
use crate::plan::json::EXTRA;
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::type_names::type_name;
use crate::plan::types::SAMPLE_KEY;

/// Columns a dataset may have; far more than any training set needs, and few
/// enough that a header stays readable for stock readers.
const MAX_COLUMNS: usize = 4096;

/// Bytes a column's name may have.
const MAX_NAME_BYTES: usize = 256;

/// Elements one row of a fixed column may have.
const MAX_ROW_ELEMENTS: u64 = 1 << 40;

/// Whether the rows of a column all have one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnLayout {
    /// One tensor `[n_rows, shape…]`.
    Fixed,
    /// A flat tensor and `n_rows + 1` offsets into it.
    Ragged,
}

/// One column of a dataset, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, and the name of its tensor.
    pub name: String,
    /// What an element means: `uint16`, `utf8`, `timestamp[us]`, …; see
    /// `docs/format.md`.
    #[serde(rename = "type")]
    pub logical: String,
    /// Fixed or ragged.
    pub layout: ColumnLayout,
    /// The dtype of its tensor, as safetensors names it.
    pub dtype: Dtype,
    /// The shape of one row of a fixed column; empty for scalars and ragged
    /// columns.
    pub shape: Vec<u64>,
    /// Whether a `.__valid` tensor says which rows are null.
    pub nullable: bool,
}

impl Column {
    /// What a dataset says about an output column.
    ///
    /// # Errors
    /// `Pipeline` if the format has no place for its name or its type.
    pub fn new(output: &OutputColumn) -> Result<Self> {
        let OutputColumn {
            name,
            data_type,
            nullable,
            meaning,
        } = output;
        check_name(name)?;
        let form = Form::of(data_type)
            .and_then(|form| form.meaning(*meaning))
            .ok_or_else(|| unsupported(name, data_type))?;
        Ok(Self {
            name: name.clone(),
            logical: form.logical,
            layout: form.layout,
            dtype: form.dtype,
            shape: form.shape,
            nullable: *nullable,
        })
    }

    /// Whether values of this type are written to this column.
    pub(crate) fn holds(&self, data_type: &DataType) -> bool {
        let form = Form::of(data_type).and_then(|form| form.meaning(self.meaning()));
        form.is_some_and(|form| {
            form.logical == self.logical
                && form.layout == self.layout
                && form.dtype == self.dtype
                && form.shape == self.shape
        })
    }

    /// What its numbers mean where the Arrow type does not tell.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        if self.logical == BFLOAT16 {
            Meaning::Bfloat16
        } else {
            Meaning::Plain
        }
    }

    /// The Arrow type its rows are read as: large strings, binaries and lists
    /// where rows are ragged, `UInt16` for bfloat16 (see [`Self::meaning`]).
    ///
    /// # Errors
    /// `Damage` if the entry contradicts itself.
    pub fn data_type(&self) -> Result<DataType> {
        let damaged = |what: &str| {
            Error::damage(format!(
                "expected {what} of the column's type {:?}",
                self.logical
            ))
            .with_column(&self.name)
        };
        let ragged = self.layout == ColumnLayout::Ragged;
        let (dtype, data_type) = match self.logical.as_str() {
            "utf8" if ragged => (Dtype::U8, DataType::LargeUtf8),
            "binary" if ragged => (Dtype::U8, DataType::LargeBinary),
            "binary" => {
                let [len] = self.shape[..] else {
                    return Err(damaged("one dimension"));
                };
                let len = i32::try_from(len).map_err(|_| damaged("a shorter row"))?;
                (Dtype::U8, DataType::FixedSizeBinary(len))
            }
            text => {
                let (element, dtype) =
                    parse_element(text).ok_or_else(|| damaged("a known spelling"))?;
                let data_type = if ragged {
                    DataType::LargeList(item(element))
                } else {
                    self.nested(element)
                        .ok_or_else(|| damaged("a shorter row"))?
                };
                (dtype, data_type)
            }
        };
        if dtype != self.dtype || (ragged && !self.shape.is_empty()) {
            return Err(damaged("the dtype and shape"));
        }
        Ok(data_type)
    }

    /// Wraps `element` in one fixed-size list per dimension.
    fn nested(&self, element: DataType) -> Option<DataType> {
        row_elements(&self.shape)?;
        self.shape.iter().rev().try_fold(element, |inner, len| {
            let len = i32::try_from(*len).ok().filter(|len| *len > 0)?;
            Some(DataType::FixedSizeList(item(inner), len))
        })
    }

    /// Elements in one row of a fixed column, or one for a ragged column's
    /// unit.
    pub(crate) fn row_elements(&self) -> u64 {
        row_elements(&self.shape).unwrap_or(0)
    }
}

/// Elements of a row of this shape; `None` if absurdly many or none.
fn row_elements(shape: &[u64]) -> Option<u64> {
    shape
        .iter()
        .try_fold(1u64, |product, len| product.checked_mul(*len))
        .filter(|n| (1..=MAX_ROW_ELEMENTS).contains(n))
}

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, false))
}

/// What a dataset says about the output columns of a plan.
///
/// # Errors
/// `Pipeline`, naming the first column whose name or type has no place in a
/// shard, or that comes twice.
pub fn stored_columns(outputs: &[OutputColumn]) -> Result<Vec<Column>> {
    if outputs.len() > MAX_COLUMNS {
        return Err(Error::pipeline(format!(
            "expected at most {MAX_COLUMNS} output columns, got {}",
            outputs.len()
        )));
    }
    let mut names = HashSet::with_capacity(outputs.len());
    for output in outputs {
        if !names.insert(&output.name) {
            return Err(
                Error::pipeline("expected each output column once, got one twice")
                    .with_column(&output.name),
            );
        }
    }
    outputs.iter().map(Column::new).collect()
}

/// Columns that sources make, with names that those of files seldom have.
const OURS: [&str; 2] = [EXTRA, SAMPLE_KEY];

/// Names of tensors are made from names of columns with a `__` of their own.
pub(in crate::plan) fn check_name(name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "a column name, got an empty one"
    } else if name.len() > MAX_NAME_BYTES {
        "a column name of at most 256 bytes, got a longer one"
    } else if !OURS.contains(&name) && name.starts_with("__") || name.contains(".__") {
        "a column name without `__` in front or after a dot, which shards keep for their own"
    } else {
        return Ok(());
    };
    let error = Error::pipeline(format!("expected {problem}")).with_column(name);
    Err(if name.starts_with("__index_level_") {
        error.with_hint(
            "it is an index of pandas: write the table with `to_parquet(index=False)` or hand over \
             `frame.reset_index(drop=True)`, or `select` the other columns",
        )
    } else {
        error
    })
}

fn unsupported(name: &str, data_type: &DataType) -> Error {
    Error::pipeline(format!(
        "expected numbers, booleans, times, text, binary, or lists of numbers, got {}",
        type_name(data_type)
    ))
    .with_column(name)
    .with_hint(if is_numbers(data_type) {
        "write each row as one list of its numbers, those of boxes as x0, y0, x1, y1, x0, ..., which \
         `annotate` takes; only lists of fixed length may be nested; or `select` the other columns"
    } else {
        "`select` the other columns"
    })
}

/// Whether these are numbers in lists, however those are nested.
fn is_numbers(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            is_numbers(field.data_type())
        }
        other => element(other).is_some(),
    }
}

/// What a type looks like on disk.
struct Form {
    logical: String,
    layout: ColumnLayout,
    dtype: Dtype,
    shape: Vec<u64>,
}

impl Form {
    /// The same bits with another meaning, or `None` if they cannot have it.
    fn meaning(self, meaning: Meaning) -> Option<Self> {
        match meaning {
            Meaning::Plain | Meaning::Json => Some(self),
            Meaning::Images => None,
            Meaning::Bfloat16 => (self.dtype == Dtype::U16).then(|| Self {
                logical: BFLOAT16.to_owned(),
                dtype: Dtype::BF16,
                ..self
            }),
        }
    }

    fn of(data_type: &DataType) -> Option<Self> {
        use ColumnLayout::{Fixed, Ragged};
        let ragged = |(logical, dtype)| (logical, Ragged, dtype, Vec::new());
        let bytes = |logical: &str| (logical.to_owned(), Dtype::U8);
        let (logical, layout, dtype, shape) = match data_type {
            DataType::Dictionary(_, values) => return Self::of(values),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ragged(bytes("utf8")),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                ragged(bytes("binary"))
            }
            DataType::FixedSizeBinary(len) => {
                let len = u64::try_from(*len).ok().filter(|len| *len > 0)?;
                ("binary".to_owned(), Fixed, Dtype::U8, vec![len])
            }
            DataType::List(field) | DataType::LargeList(field) => {
                ragged(element(field.data_type())?)
            }
            fixed => {
                let mut shape = Vec::new();
                let mut inner = fixed;
                while let DataType::FixedSizeList(field, len) = inner {
                    shape.push(u64::try_from(*len).ok().filter(|len| *len > 0)?);
                    inner = field.data_type();
                }
                row_elements(&shape)?;
                let (logical, dtype) = element(inner)?;
                (logical, Fixed, dtype, shape)
            }
        };
        Some(Self {
            logical,
            layout,
            dtype,
            shape,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &DataType) -> Result<Column> {
        Column::new(&OutputColumn {
            name: name.to_owned(),
            data_type: data_type.clone(),
            nullable: true,
            meaning: Meaning::Plain,
        })
    }

    #[test]
    fn types_round_trip() {
        for data_type in [
            DataType::Boolean,
            DataType::LargeUtf8,
            DataType::LargeBinary,
            DataType::FixedSizeBinary(7),
            DataType::LargeList(item(DataType::UInt16)),
            DataType::FixedSizeList(item(DataType::FixedSizeList(item(DataType::Float16), 3)), 2),
        ] {
            let column = column("x", &data_type).unwrap();
            assert_eq!(column.data_type().unwrap(), data_type);
        }
    }

    #[test]
    fn bfloat16_is_its_own_type_in_every_layout() {
        for data_type in [
            DataType::UInt16,
            DataType::LargeList(item(DataType::UInt16)),
            DataType::FixedSizeList(item(DataType::UInt16), 4),
        ] {
            let output = OutputColumn {
                name: "x".to_owned(),
                data_type: data_type.clone(),
                nullable: false,
                meaning: Meaning::Bfloat16,
            };
            let column = Column::new(&output).unwrap();
            assert_eq!(
                (column.logical.as_str(), column.dtype),
                ("bfloat16", Dtype::BF16)
            );
            assert_eq!(column.data_type().unwrap(), data_type);
            assert_eq!(column.meaning(), Meaning::Bfloat16);
            assert!(column.holds(&data_type));
            assert!(!column.holds(&DataType::Float16));
            let plain = Column::new(&OutputColumn {
                meaning: Meaning::Plain,
                ..output.clone()
            });
            assert_ne!(plain.unwrap(), column);
            let other = Column::new(&OutputColumn {
                data_type: DataType::Int16,
                ..output
            });
            assert!(other.is_err());
        }
    }

    #[test]
    fn what_has_no_place_is_refused() {
        for name in ["", "__origin", "tokens.__offsets", &"n".repeat(257)] {
            assert!(column(name, &DataType::Int8).is_err(), "{name:?}");
        }
        let list = |inner| DataType::List(item(inner));
        for data_type in [
            DataType::Null,
            list(DataType::Utf8),
            list(list(DataType::Int8)),
            DataType::FixedSizeList(item(DataType::Int8), 0),
            DataType::Decimal128(10, 2),
        ] {
            assert!(column("x", &data_type).is_err(), "{data_type}");
        }
    }
}
