//! The types that fill one element of a tensor, and how the manifest spells
//! them.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use fuelrail_kernels::Element;
use serde::{Deserialize, Serialize};

/// What an element of a tensor is on disk, by the names of safetensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Dtype {
    /// A byte of 0 or 1.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE 754 binary16.
    F16,
    /// bfloat16, the upper half of a binary32.
    BF16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl From<Element> for Dtype {
    fn from(element: Element) -> Self {
        match element {
            Element::U8 => Self::U8,
            Element::I8 => Self::I8,
            Element::U16 => Self::U16,
            Element::I16 => Self::I16,
            Element::U32 => Self::U32,
            Element::I32 => Self::I32,
            Element::U64 => Self::U64,
            Element::I64 => Self::I64,
            Element::F16 => Self::F16,
            Element::BF16 => Self::BF16,
            Element::F32 => Self::F32,
            Element::F64 => Self::F64,
        }
    }
}

impl Dtype {
    /// Its name in a shard's header and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::I8 => "I8",
            Self::I16 => "I16",
            Self::I32 => "I32",
            Self::I64 => "I64",
            Self::U8 => "U8",
            Self::U16 => "U16",
            Self::U32 => "U32",
            Self::U64 => "U64",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
        }
    }

    /// Its name for people, as numpy spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Bytes of one element.
    #[must_use]
    pub fn len_bytes(self) -> u64 {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// Elements whose name needs no parameter.
const PLAIN: [(&str, DataType, Dtype); 14] = [
    ("bool", DataType::Boolean, Dtype::Bool),
    ("int8", DataType::Int8, Dtype::I8),
    ("int16", DataType::Int16, Dtype::I16),
    ("int32", DataType::Int32, Dtype::I32),
    ("int64", DataType::Int64, Dtype::I64),
    ("uint8", DataType::UInt8, Dtype::U8),
    ("uint16", DataType::UInt16, Dtype::U16),
    ("uint32", DataType::UInt32, Dtype::U32),
    ("uint64", DataType::UInt64, Dtype::U64),
    ("float16", DataType::Float16, Dtype::F16),
    ("float32", DataType::Float32, Dtype::F32),
    ("float64", DataType::Float64, Dtype::F64),
    ("date32", DataType::Date32, Dtype::I32),
    ("date64", DataType::Date64, Dtype::I64),
];

const UNITS: [(&str, TimeUnit); 4] = [
    ("s", TimeUnit::Second),
    ("ms", TimeUnit::Millisecond),
    ("us", TimeUnit::Microsecond),
    ("ns", TimeUnit::Nanosecond),
];

/// The name and dtype of a type that fills one element; `None` for any other.
pub(super) fn element(data_type: &DataType) -> Option<(String, Dtype)> {
    let unit = |unit: &TimeUnit| {
        let (text, _) = UNITS.iter().find(|(_, known)| known == unit)?;
        Some(*text)
    };
    Some(match data_type {
        DataType::Time32(u @ (TimeUnit::Second | TimeUnit::Millisecond)) => {
            (format!("time[{}]", unit(u)?), Dtype::I32)
        }
        DataType::Time64(u @ (TimeUnit::Microsecond | TimeUnit::Nanosecond)) => {
            (format!("time[{}]", unit(u)?), Dtype::I64)
        }
        DataType::Duration(u) => (format!("duration[{}]", unit(u)?), Dtype::I64),
        DataType::Timestamp(u, None) => (format!("timestamp[{}]", unit(u)?), Dtype::I64),
        DataType::Timestamp(u, Some(zone)) => {
            (format!("timestamp[{}, {zone}]", unit(u)?), Dtype::I64)
        }
        plain => {
            let (name, _, dtype) = PLAIN.iter().find(|(_, known, _)| known == plain)?;
            ((*name).to_owned(), *dtype)
        }
    })
}

/// The name of a type that fills one element.
pub(in crate::plan) fn element_name(data_type: &DataType) -> Option<String> {
    element(data_type).map(|(name, _)| name)
}

/// The name of bfloat16, which is no type of Arrow's: it is read as `UInt16`.
pub(super) const BFLOAT16: &str = "bfloat16";

/// The type of an element of this name, and its dtype.
pub(super) fn parse_element(name: &str) -> Option<(DataType, Dtype)> {
    if name == BFLOAT16 {
        return Some((DataType::UInt16, Dtype::BF16));
    }
    let data_type = parse_name(name)?;
    let (_, dtype) = element(&data_type)?;
    Some((data_type, dtype))
}

fn parse_name(text: &str) -> Option<DataType> {
    if let Some((_, plain, _)) = PLAIN.iter().find(|(known, _, _)| *known == text) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let zone = Some(Arc::from("Europe/Berlin"));
        let types = PLAIN.iter().map(|(_, plain, _)| plain.clone()).chain([
            DataType::Time32(TimeUnit::Millisecond),
            DataType::Time64(TimeUnit::Nanosecond),
            DataType::Duration(TimeUnit::Second),
            DataType::Timestamp(TimeUnit::Microsecond, zone),
        ]);
        for data_type in types {
            let (name, dtype) = element(&data_type).unwrap();
            assert_eq!(parse_element(&name), Some((data_type, dtype)));
        }
    }

    #[test]
    fn bfloat16_is_read_as_its_bits() {
        let read = parse_element("bfloat16");
        assert_eq!(read, Some((DataType::UInt16, Dtype::BF16)));
        assert_eq!(Dtype::BF16.len_bytes(), 2);
        let text = serde_json::to_string(&Dtype::BF16).unwrap();
        assert_eq!(text, format!("\"{}\"", Dtype::BF16.as_str()));
    }

    #[test]
    fn dtypes_are_spelled_alike_everywhere() {
        for (_, _, dtype) in PLAIN {
            let text = serde_json::to_string(&dtype).unwrap();
            assert_eq!(text, format!("\"{}\"", dtype.as_str()));
        }
    }
}
