//! The text of a shard's header, and how long it can become.

use super::{ALIGN_BYTES, BLOCK_BYTES, FORMAT_VERSION};
use crate::error::{Error, Result};
use crate::plan::{Dtype, TABLE, TensorSpec};

/// The longest header that stock readers accept.
pub(super) const MAX_HEADER_BYTES: u64 = 100_000_000;

/// One line of the header.
pub(super) struct HeaderLine<'a> {
    pub(super) name: &'a str,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<u64>,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Bytes of the longest header that a shard with these tensors can have, its
/// length among them, before it is padded.
///
/// # Errors
/// `Pipeline` if that is longer than safetensors allows.
pub(super) fn longest_header(tensors: &[TensorSpec], schema_json: &str) -> Result<u64> {
    const M: u64 = u64::MAX;
    let pads: Vec<String> = (0..=tensors.len()).map(pad_name).collect();
    let mut entries = Vec::new();
    for (spec, pad) in tensors.iter().zip(&pads) {
        let mut shape = vec![M];
        shape.extend(&spec.inner);
        entries.push(HeaderLine {
            name: &spec.name,
            dtype: spec.dtype,
            shape,
            start: M,
            end: M,
        });
        entries.push(HeaderLine {
            name: pad,
            dtype: Dtype::U8,
            shape: vec![ALIGN_BYTES],
            start: M,
            end: M,
        });
    }
    entries.push(HeaderLine {
        name: TABLE,
        dtype: Dtype::U64,
        shape: vec![M],
        start: M,
        end: M,
    });
    let longest = 8 + render(schema_json, M, &entries)?.len() as u64;
    if longest > MAX_HEADER_BYTES {
        return Err(Error::pipeline(format!(
            "expected columns whose shard header fits {MAX_HEADER_BYTES} bytes, got {longest}"
        )));
    }
    Ok(longest)
}

/// The name of the bytes that fill the gap before a tensor.
pub(super) fn pad_name(index: usize) -> String {
    format!("__pad.{index}")
}

/// The JSON text: metadata first, then tensors in the order they lie in.
pub(super) fn render(schema_json: &str, n_rows: u64, entries: &[HeaderLine<'_>]) -> Result<String> {
    use std::fmt::Write as _;
    let quote = |text: &str| {
        serde_json::to_string(text)
            .map_err(|e| Error::internal("cannot write a shard header").with_source(e))
    };
    let mut text = format!(
        r#"{{"__metadata__":{{"format":"fuelrail-shard","version":"{FORMAT_VERSION}","n_rows":"{n_rows}","block_bytes":"{BLOCK_BYTES}","schema":{}}}"#,
        quote(schema_json)?
    );
    for entry in entries {
        let shape: Vec<String> = entry.shape.iter().map(u64::to_string).collect();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            r#",{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}}"#,
            quote(entry.name)?,
            entry.dtype.as_str(),
            shape.join(","),
            entry.start,
            entry.end
        );
    }
    text.push('}');
    Ok(text)
}
