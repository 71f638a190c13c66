//! The header of a shard: written in one way, read with suspicion.
//!
//! Eight bytes of length, then JSON padded with spaces up to the data section,
//! so that the data begins at a multiple of 4096. The space for it is reserved
//! before the first row is written: its size depends on the schema alone.

use std::collections::HashMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::header_text::{HeaderLine, MAX_HEADER_BYTES, pad_name, render};
use super::layout::{Placement, ShardCounts, ShardLayout, items};
use super::{ALIGN_BYTES, BLOCK_BYTES, FORMAT_VERSION, to_usize};
use crate::error::{Error, Result};
use crate::plan::{Dtype, TABLE};

/// The bytes of a shard before its data section.
pub(crate) fn write_header(
    layout: &ShardLayout,
    counts: &ShardCounts,
    placement: &Placement,
) -> Result<Vec<u8>> {
    let pads: Vec<String> = (0..=layout.tensors.len()).map(pad_name).collect();
    let table_end = placement.table_start + 8 * placement.n_blocks;
    let tensors = layout
        .tensors
        .iter()
        .zip(&placement.tensors)
        .map(|(spec, (start, len))| {
            let mut shape = vec![items(spec, counts)];
            shape.extend(&spec.inner);
            HeaderLine {
                name: &spec.name,
                dtype: spec.dtype,
                shape,
                start: *start,
                end: start + len,
            }
        });
    let table = HeaderLine {
        name: TABLE,
        dtype: Dtype::U64,
        shape: vec![placement.n_blocks],
        start: placement.table_start,
        end: table_end,
    };
    let mut unused_pads = pads.iter();
    let mut entries: Vec<HeaderLine<'_>> = Vec::new();
    let mut end = 0;
    for entry in tensors.chain([table]) {
        if entry.start > end
            && let Some(name) = unused_pads.next()
        {
            let shape = vec![entry.start - end];
            entries.push(HeaderLine {
                name,
                dtype: Dtype::U8,
                shape,
                start: end,
                end: entry.start,
            });
        }
        end = entry.end;
        entries.push(entry);
    }
    let text = render(&layout.schema_json, counts.n_rows, &entries)?;
    let room = to_usize(layout.data_start)? - 8;
    if text.len() > room {
        return Err(Error::internal(format!(
            "expected a shard header of at most {room} bytes, got {}",
            text.len()
        )));
    }
    let mut bytes = Vec::with_capacity(room + 8);
    bytes.extend_from_slice(&(room as u64).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(room + 8, b' ');
    Ok(bytes)
}

/// One tensor of a shard that has been read.
#[derive(Debug, Clone)]
pub(crate) struct StoredTensor {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    /// Start in the data section; a multiple of the alignment unless a pad.
    pub(crate) start: u64,
    pub(crate) len: u64,
}

/// A shard's header that has passed every check that needs no data.
#[derive(Debug, Clone)]
pub(crate) struct ShardHeader {
    pub(crate) n_rows: u64,
    /// The columns, as JSON.
    pub(crate) schema: String,
    pub(crate) data_start: u64,
    pub(crate) tensors: HashMap<String, StoredTensor>,
    /// Start of the checksum table in the data section, and its entries.
    pub(crate) table_start: u64,
    pub(crate) n_blocks: u64,
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: Dtype,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The members of an object, none of which comes twice: readers differ in
/// which of two they believe.
struct Fields(serde_json::Map<String, serde_json::Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Fields, A::Error> {
        let mut fields = serde_json::Map::new();
        while let Some((name, value)) = map.next_entry::<String, _>()? {
            if fields.insert(name.clone(), value).is_some() {
                let twice = format!("expected each tensor once, got {name:?} twice");
                return Err(de::Error::custom(twice));
            }
        }
        Ok(Fields(fields))
    }
}

/// The length of the header of a file of `file_len` bytes, from its first
/// eight bytes.
pub(crate) fn header_len(first: [u8; 8], file_len: u64) -> Result<u64> {
    let len = u64::from_le_bytes(first);
    if len > MAX_HEADER_BYTES || len.checked_add(8).is_none_or(|end| end > file_len) {
        return Err(Error::damage(format!(
            "expected a header that fits the shard's {file_len} bytes, got a length of {len}"
        )));
    }
    Ok(len)
}

/// Reads a header: `json` is what follows the eight bytes of length.
///
/// # Errors
/// `Damage` if it is no header of this format, or tensors overlap, leave gaps
/// or do not fill the file of `file_len` bytes.
pub(crate) fn read_header(json: &[u8], file_len: u64) -> Result<ShardHeader> {
    let not_json = |e| Error::damage("expected a shard header of JSON").with_source(e);
    let Fields(mut fields) = serde_json::from_slice(json).map_err(not_json)?;
    let metadata = fields.shift_remove("__metadata__").unwrap_or_default();
    let text = |key: &str| metadata.get(key).and_then(serde_json::Value::as_str);
    let version = text("version").and_then(|version| version.parse().ok());
    if text("format") != Some("fuelrail-shard") || version != Some(FORMAT_VERSION) {
        return Err(Error::damage(format!(
            "expected the metadata of a fuelrail shard of version {FORMAT_VERSION}"
        )));
    }
    let n_rows = text("n_rows")
        .and_then(|n| n.parse::<u64>().ok())
        .ok_or_else(|| Error::damage("expected the number of rows in the shard's metadata"))?;

    let schema = text("schema").unwrap_or_default().to_owned();

    let data_start = json.len() as u64 + 8;
    let mut end = 0;
    let mut tensors = HashMap::with_capacity(fields.len());
    for (name, value) in fields {
        let raw: RawTensor = serde_json::from_value(value)
            .map_err(|e| bad_tensor(&name, "a dtype, a shape and offsets").with_source(e))?;
        let tensor = check_tensor(&name, raw, &mut end)?;
        tensors.insert(name, tensor);
    }
    if data_start.checked_add(end) != Some(file_len) || !data_start.is_multiple_of(ALIGN_BYTES) {
        return Err(Error::damage(format!(
            "expected tensors that fill the shard's {file_len} bytes, got {end} bytes after a header of {data_start}"
        )));
    }
    let table = tensors
        .remove(TABLE)
        .filter(|table| table.dtype == Dtype::U64 && table.start + table.len == end)
        .ok_or_else(|| Error::damage("expected the checksum table as the last tensor"))?;
    if table.len / 8 != table.start.div_ceil(BLOCK_BYTES) {
        return Err(Error::damage(format!(
            "expected {} checksums, got {}",
            table.start.div_ceil(BLOCK_BYTES),
            table.len / 8
        )));
    }
    Ok(ShardHeader {
        n_rows,
        schema,
        data_start,
        tensors,
        table_start: table.start,
        n_blocks: table.len / 8,
    })
}

fn bad_tensor(name: &str, expected: &str) -> Error {
    Error::damage(format!("expected {expected} for each tensor of the header")).with_column(name)
}

/// Checks one tensor that must begin where the one before it ended.
fn check_tensor(name: &str, raw: RawTensor, end: &mut u64) -> Result<StoredTensor> {
    let [start, stop] = raw.data_offsets;
    let len = stop
        .checked_sub(start)
        .filter(|_| start == *end)
        .ok_or_else(|| bad_tensor(name, "a place right behind the one before"))?;
    let expected = raw
        .shape
        .iter()
        .try_fold(raw.dtype.len_bytes(), |bytes, dim| bytes.checked_mul(*dim));
    if expected != Some(len) {
        return Err(bad_tensor(name, "as many bytes as its shape says"));
    }
    if !start.is_multiple_of(ALIGN_BYTES) && !name.starts_with("__pad.") {
        return Err(bad_tensor(name, "a start at a multiple of 4096"));
    }
    *end = stop;
    Ok(StoredTensor {
        dtype: raw.dtype,
        shape: raw.shape,
        start,
        len,
    })
}
