//! The messages themselves: what their flatbuffers state, and whether that can
//! be believed.

use std::sync::Arc;

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::{self, Block, MessageHeader, MetadataVersion, root_as_footer, root_as_message};

use super::super::contain::said;
use super::buffers::check_types;

/// What stands before the length of a message since format version 0.15.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];

/// A buffer that states to be larger than this decompressed must be within
/// [`MAX_EXPANSION`] of its compressed size.
const FREE_BUFFER: u64 = 64 << 20;

/// See [`FREE_BUFFER`].
const MAX_EXPANSION: u64 = 1024;

/// More rows than this must have bytes to show for them.
const FREE_ROWS: u64 = 1 << 20;

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageKind {
    Dictionary,
    Batch { n_rows: u64 },
}

/// The flatbuffer behind the prefix of a message.
pub(super) fn message(metadata: &[u8]) -> &[u8] {
    let prefix = if metadata.starts_with(&CONTINUATION) {
        8
    } else {
        4
    };
    metadata.get(prefix..).unwrap_or_default()
}

/// What the footer of a file states.
pub(super) struct Footer {
    pub(super) schema: SchemaRef,
    pub(super) dictionaries: Vec<Block>,
    pub(super) batches: Vec<Block>,
}

pub(super) fn parse_footer(bytes: &[u8]) -> Result<Footer, String> {
    let footer = root_as_footer(bytes).map_err(|e| format!("a broken footer: {}", said(e)))?;
    check_version(footer.version())?;
    let schema = footer.schema().ok_or("the footer has no schema")?;
    let schema = native_schema(schema)?;
    check_types(footer.version(), &schema)?;
    Ok(Footer {
        schema,
        dictionaries: footer.dictionaries().iter().flatten().copied().collect(),
        batches: footer.recordBatches().iter().flatten().copied().collect(),
    })
}

pub(super) fn parse_schema(metadata: &[u8]) -> Result<SchemaRef, String> {
    let message = root_as_message(message(metadata))
        .map_err(|_| "expected an Arrow file or stream, got something else")?;
    check_version(message.version())?;
    let schema = message
        .header_as_schema()
        .ok_or("expected the stream to begin with a schema")?;
    let schema = native_schema(schema)?;
    check_types(message.version(), &schema)?;
    Ok(schema)
}

/// Refuses messages that mean something else, or may: those of a version that
/// is not known here yet, and those from before the format was fixed.
fn check_version(version: MetadataVersion) -> Result<(), String> {
    let known = MetadataVersion::V4.0..=MetadataVersion::V5.0;
    if known.contains(&version.0) {
        return Ok(());
    }
    let age = if version.0 > MetadataVersion::V5.0 {
        "newer than this reader knows"
    } else {
        "from before the format was stable"
    };
    Err(format!(
        "expected Arrow metadata of version V4 or V5, got V{}, {age}",
        i32::from(version.0) + 1
    ))
}

fn native_schema(schema: ipc::Schema<'_>) -> Result<SchemaRef, String> {
    if !schema.endianness().equals_to_target_endianness() {
        return Err("expected the byte order of this machine, got the other".to_owned());
    }
    try_fb_to_schema(schema).map(Arc::new).map_err(said)
}

/// What a message states of itself.
pub(super) struct Parsed {
    pub(super) kind: MessageKind,
    pub(super) body_len: u64,
}

/// `None` if the message is neither a record batch nor a dictionary.
pub(super) fn parse_frame(metadata: &[u8]) -> Result<Option<Parsed>, String> {
    let message =
        root_as_message(message(metadata)).map_err(|e| format!("a broken message: {}", said(e)))?;
    check_version(message.version())?;
    let kind = match message.header_type() {
        MessageHeader::DictionaryBatch => MessageKind::Dictionary,
        MessageHeader::RecordBatch => {
            let batch = message
                .header_as_record_batch()
                .ok_or("expected a record batch")?;
            let n_rows = u64::try_from(batch.length())
                .ok()
                .filter(|n_rows| *n_rows < 1 << 40)
                .ok_or_else(|| format!("a record batch states {} rows", batch.length()))?;
            MessageKind::Batch { n_rows }
        }
        _ => return Ok(None),
    };
    let body_len = u64::try_from(message.bodyLength())
        .map_err(|_| "a message states a negative length".to_owned())?;
    Ok(Some(Parsed { kind, body_len }))
}

/// Refuses a record batch that states more rows than it can hold.
pub(super) fn check_rows(kind: MessageKind, body_len: u64) -> Result<(), String> {
    let MessageKind::Batch { n_rows } = kind else {
        return Ok(());
    };
    if n_rows > FREE_ROWS.max(body_len.saturating_mul(8)) {
        return Err(format!(
            "it states {n_rows} rows, more than {body_len} bytes can hold"
        ));
    }
    Ok(())
}

/// Bytes at whose multiples buffers begin in a message.
const ALIGN: i64 = 8;

/// Refuses buffers outside `body` or between the places where they may begin,
/// and counts and decompressed sizes that cannot be.
pub(super) fn check_buffers(
    batch: Option<ipc::RecordBatch<'_>>,
    body: &Buffer,
) -> Result<(), String> {
    let Some(batch) = batch else { return Ok(()) };
    for node in batch.nodes().iter().flatten() {
        // The decoder takes a count below 0 for none.
        let (n, n_nulls) = (node.length(), node.null_count());
        if n < 0 || !(0..=n).contains(&n_nulls) {
            return Err(format!("a column states {n_nulls} nulls in {n} values"));
        }
    }
    let compressed = batch.compression().is_some();
    for buffer in batch.buffers().iter().flatten() {
        let range = usize::try_from(buffer.offset())
            .ok()
            .zip(usize::try_from(buffer.length()).ok())
            .and_then(|(start, len)| Some(start..start.checked_add(len)?));
        let bytes = range
            .and_then(|range| body.as_slice().get(range))
            .ok_or("a buffer lies outside its message")?;
        if !bytes.is_empty() && buffer.offset() % ALIGN != 0 {
            return Err(format!(
                "a buffer begins at byte {} of its message, which is no multiple of {ALIGN}",
                buffer.offset()
            ));
        }
        let stated = bytes.first_chunk::<8>().map(|len| i64::from_le_bytes(*len));
        // -1 marks a buffer that was left uncompressed.
        let Some(stated) = stated.filter(|stated| compressed && *stated != -1) else {
            continue;
        };
        let limit = (bytes.len() as u64)
            .saturating_mul(MAX_EXPANSION)
            .max(FREE_BUFFER);
        if u64::try_from(stated).map_or(true, |stated| stated > limit) {
            return Err(format!(
                "a buffer of {} bytes states {stated} decompressed",
                bytes.len()
            ));
        }
    }
    Ok(())
}
