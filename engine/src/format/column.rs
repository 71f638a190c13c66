//! How one Arrow column becomes tensors, and what its manifest entry says.
//!
//! A column is *fixed* (every row has the same shape) or *ragged* (each row is
//! a run of elements). Strings and binary are ragged bytes; dictionary columns
//! are written as their values.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plan::OutputColumn;

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
        } = output;
        check_name(name)?;
        let form = Form::of(data_type).ok_or_else(|| unsupported(name, data_type))?;
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
        Form::of(data_type).is_some_and(|form| {
            form.logical == self.logical
                && form.layout == self.layout
                && form.dtype == self.dtype
                && form.shape == self.shape
        })
    }

    /// The Arrow type its rows are read as: large strings, binaries and lists
    /// where rows are ragged.
    ///
    /// # Errors
    /// `Damage` if the entry contradicts itself.
    pub fn data_type(&self) -> Result<DataType> {
        let damaged = |what: &str| {
            Error::damage(format!(
                "expected {what} of the column's type \"{}\"",
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
                let element = parse_element(text).ok_or_else(|| damaged("a known spelling"))?;
                let dtype = element_dtype(&element).ok_or_else(|| damaged("a known spelling"))?;
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

/// Whether a column of this type can be written.
#[must_use]
pub fn supports(data_type: &DataType) -> bool {
    Form::of(data_type).is_some()
}

/// Checks that a dataset can have these columns.
///
/// # Errors
/// `Pipeline`, naming the first column whose name or type has no place in the
/// format, or that comes twice.
pub fn check_columns(columns: &[OutputColumn]) -> Result<()> {
    if columns.len() > MAX_COLUMNS {
        return Err(Error::pipeline(format!(
            "expected at most {MAX_COLUMNS} output columns, got {}",
            columns.len()
        )));
    }
    for (index, column) in columns.iter().enumerate() {
        Column::new(column)?;
        if columns[..index]
            .iter()
            .any(|other| other.name == column.name)
        {
            return Err(
                Error::pipeline("expected each output column once, got one twice")
                    .with_column(&column.name),
            );
        }
    }
    Ok(())
}

/// Names with two underscores at the start of a part are the format's own.
fn check_name(name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "a column name, got an empty one"
    } else if name.len() > MAX_NAME_BYTES {
        "a shorter column name (at most 256 bytes)"
    } else if name.starts_with("__") || name.contains(".__") {
        "a column name without \"__\" at its start or after a dot, which shards keep for themselves"
    } else {
        return Ok(());
    };
    Err(Error::pipeline(format!("expected {problem}")).with_column(name))
}

fn unsupported(name: &str, data_type: &DataType) -> Error {
    Error::pipeline(format!(
        "expected a column of numbers, booleans, times, strings, binary, or lists of numbers, got {data_type}"
    ))
    .with_column(name)
    .with_hint("leave the column out with a `select` step, or flatten it before")
}

/// What a type looks like on disk.
struct Form {
    logical: String,
    layout: ColumnLayout,
    dtype: Dtype,
    shape: Vec<u64>,
}

impl Form {
    fn of(data_type: &DataType) -> Option<Self> {
        use ColumnLayout::{Fixed, Ragged};
        let (logical, layout, dtype, shape) = match data_type {
            DataType::Dictionary(_, values) => return Self::of(values),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                ("utf8".to_owned(), Ragged, Dtype::U8, Vec::new())
            }
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                ("binary".to_owned(), Ragged, Dtype::U8, Vec::new())
            }
            DataType::FixedSizeBinary(len) => {
                let len = u64::try_from(*len).ok().filter(|len| *len > 0)?;
                ("binary".to_owned(), Fixed, Dtype::U8, vec![len])
            }
            DataType::List(field) | DataType::LargeList(field) => {
                let element = field.data_type();
                (
                    element_name(element)?,
                    Ragged,
                    element_dtype(element)?,
                    Vec::new(),
                )
            }
            DataType::FixedSizeList(field, len) => {
                let mut shape = vec![u64::try_from(*len).ok().filter(|len| *len > 0)?];
                let mut element = field.data_type();
                while let DataType::FixedSizeList(field, len) = element {
                    shape.push(u64::try_from(*len).ok().filter(|len| *len > 0)?);
                    element = field.data_type();
                }
                row_elements(&shape)?;
                (
                    element_name(element)?,
                    Fixed,
                    element_dtype(element)?,
                    shape,
                )
            }
            scalar => (
                element_name(scalar)?,
                Fixed,
                element_dtype(scalar)?,
                Vec::new(),
            ),
        };
        Some(Self {
            logical,
            layout,
            dtype,
            shape,
        })
    }
}

/// Elements whose name needs no parameter.
const PLAIN: [(&str, DataType); 14] = [
    ("bool", DataType::Boolean),
    ("int8", DataType::Int8),
    ("int16", DataType::Int16),
    ("int32", DataType::Int32),
    ("int64", DataType::Int64),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float16", DataType::Float16),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("date32", DataType::Date32),
    ("date64", DataType::Date64),
];

const UNITS: [(&str, TimeUnit); 4] = [
    ("s", TimeUnit::Second),
    ("ms", TimeUnit::Millisecond),
    ("us", TimeUnit::Microsecond),
    ("ns", TimeUnit::Nanosecond),
];

/// How the manifest spells an element; `None` if it cannot be written.
fn element_name(element: &DataType) -> Option<String> {
    let unit = |unit: &TimeUnit| {
        let (text, _) = UNITS.iter().find(|(_, known)| known == unit)?;
        Some(*text)
    };
    Some(match element {
        DataType::Time32(u @ (TimeUnit::Second | TimeUnit::Millisecond))
        | DataType::Time64(u @ (TimeUnit::Microsecond | TimeUnit::Nanosecond)) => {
            format!("time[{}]", unit(u)?)
        }
        DataType::Duration(u) => format!("duration[{}]", unit(u)?),
        DataType::Timestamp(u, None) => format!("timestamp[{}]", unit(u)?),
        DataType::Timestamp(u, Some(zone)) => format!("timestamp[{}, {zone}]", unit(u)?),
        plain => {
            let (text, _) = PLAIN.iter().find(|(_, known)| known == plain)?;
            (*text).to_owned()
        }
    })
}

/// The reverse of [`element_name`].
fn parse_element(text: &str) -> Option<DataType> {
    if let Some((_, plain)) = PLAIN.iter().find(|(known, _)| *known == text) {
        return Some(plain.clone());
    }
    let (name, rest) = text.split_once('[')?;
    let inner = rest.strip_suffix(']')?;
    let (unit, zone) = match inner.split_once(", ") {
        Some((unit, zone)) => (unit, Some(zone)),
        None => (inner, None),
    };
    let (_, unit) = UNITS.iter().find(|(known, _)| *known == unit)?;
    match (name, zone) {
        ("timestamp", zone) => Some(DataType::Timestamp(*unit, zone.map(Arc::from))),
        ("duration", None) => Some(DataType::Duration(*unit)),
        ("time", None) => Some(match unit {
            TimeUnit::Second | TimeUnit::Millisecond => DataType::Time32(*unit),
            TimeUnit::Microsecond | TimeUnit::Nanosecond => DataType::Time64(*unit),
        }),
        _ => None,
    }
}

/// The dtype that holds an element; `None` if there is none.
fn element_dtype(element: &DataType) -> Option<Dtype> {
    Some(match element {
        DataType::Boolean => Dtype::BOOL,
        DataType::Int8 => Dtype::I8,
        DataType::Int16 => Dtype::I16,
        DataType::Int32 | DataType::Date32 | DataType::Time32(_) => Dtype::I32,
        DataType::Int64
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_) => Dtype::I64,
        DataType::UInt8 => Dtype::U8,
        DataType::UInt16 => Dtype::U16,
        DataType::UInt32 => Dtype::U32,
        DataType::UInt64 => Dtype::U64,
        DataType::Float16 => Dtype::F16,
        DataType::Float32 => Dtype::F32,
        DataType::Float64 => Dtype::F64,
        _ => return None,
    })
}

/// Bytes of one element of a dtype this format writes.
pub(crate) fn dtype_bytes(dtype: Dtype) -> u64 {
    (dtype.bitsize() / 8) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &DataType) -> Result<Column> {
        Column::new(&OutputColumn {
            name: name.to_owned(),
            data_type: data_type.clone(),
            nullable: true,
        })
    }

    #[test]
    fn names_and_types_round_trip() {
        let zone = Some(Arc::from("Europe/Berlin"));
        let types = PLAIN.iter().map(|(_, plain)| plain.clone()).chain([
            DataType::Time32(TimeUnit::Millisecond),
            DataType::Time64(TimeUnit::Nanosecond),
            DataType::Duration(TimeUnit::Second),
            DataType::Timestamp(TimeUnit::Microsecond, zone),
            DataType::LargeUtf8,
            DataType::LargeBinary,
            DataType::FixedSizeBinary(7),
            DataType::LargeList(item(DataType::UInt16)),
            DataType::FixedSizeList(item(DataType::FixedSizeList(item(DataType::Float16), 3)), 2),
        ]);
        for data_type in types {
            let column = column("x", &data_type).unwrap();
            assert_eq!(column.data_type().unwrap(), data_type);
        }
    }

    #[test]
    fn what_has_no_place_is_refused() {
        for name in ["", "__origin", "tokens.__offsets"] {
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
            assert!(!supports(&data_type), "{data_type}");
        }
    }
}
