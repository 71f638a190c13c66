//! The messages of an Arrow IPC file or stream: where they lie, and their
//! decoding one at a time.
//!
//! Layout: the "Serialization and Interprocess Communication" chapter of the
//! Arrow columnar format.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::{read_dictionary, read_footer_length, read_record_batch};
use arrow::ipc::{Block, root_as_message};

use super::super::contain::{contain, said};
use super::buffers::{check_counts, check_types};
use super::messages::{
    CONTINUATION, MessageKind, check_buffers, check_rows, message, parse_footer, parse_frame,
    parse_schema,
};

/// How a file begins and ends.
const MAGIC: &[u8] = b"ARROW1";

/// What they take at the beginning of a file, with padding.
const MAGIC_LEN: u64 = 8;

/// More than the metadata of any message takes.
const MAX_METADATA: u64 = 64 << 20;

/// Why a frame could not be read.
#[derive(Debug)]
pub(super) enum Trouble {
    Disk(io::Error),
    Content(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Content("the file ends within a message".to_owned())
        } else {
            Self::Disk(error)
        }
    }
}

impl Trouble {
    fn content(reason: &str) -> Self {
        Self::Content(reason.to_owned())
    }
}

/// A message that lies within the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) kind: MessageKind,
    offset: u64,
    metadata_len: u64,
    body_len: u64,
}

impl Frame {
    /// Its bytes in the file.
    pub(super) fn len_bytes(&self) -> u64 {
        self.metadata_len + self.body_len
    }
}

/// Dictionaries read so far, by their id.
#[derive(Debug, Default)]
pub(super) struct Dictionaries(HashMap<i64, ArrayRef>);

/// The metadata of a message and where its body begins.
type Metadata = (Vec<u8>, u64);

/// The messages of one file, and the file.
#[derive(Debug)]
pub(super) struct Frames {
    file: File,
    len_bytes: u64,
    schema: SchemaRef,
    found: Vec<Frame>,
    /// Why messages after the last frame cannot be read.
    tail: Option<String>,
}

impl Frames {
    /// Finds all messages of `file`.
    pub(super) fn open(file: File, len_bytes: u64) -> Result<Self, Trouble> {
        let mut frames = Self {
            file,
            len_bytes,
            schema: SchemaRef::new(arrow::datatypes::Schema::empty()),
            found: Vec::new(),
            tail: None,
        };
        let begins = frames.read_at(0, len_bytes.min(MAGIC.len() as u64))?;
        if begins.as_slice() == MAGIC {
            frames.index_file()?;
        } else {
            frames.index_stream()?;
        }
        Ok(frames)
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Record batches and their rows, in order.
    pub(super) fn batches(&self) -> impl Iterator<Item = (&Frame, u64)> {
        self.found.iter().filter_map(|frame| match frame.kind {
            MessageKind::Batch { n_rows } => Some((frame, n_rows)),
            MessageKind::Dictionary => None,
        })
    }

    pub(super) fn get(&self, index: usize) -> Option<Frame> {
        self.found.get(index).copied()
    }

    /// Why the rest of the file cannot be read, said once.
    pub(super) fn take_tail(&mut self) -> Option<String> {
        self.tail.take()
    }

    /// Decodes a dictionary into `dictionaries`.
    pub(super) fn read_dictionary(
        &mut self,
        frame: &Frame,
        dictionaries: &mut Dictionaries,
    ) -> Result<(), Trouble> {
        let (metadata, body) = self.read_frame(frame)?;
        let schema = self.schema.clone();
        contained(|| {
            let message = root_as_message(message(&metadata)).map_err(said)?;
            let dictionary = message
                .header_as_dictionary_batch()
                .ok_or("expected a dictionary")?;
            check_buffers(dictionary.data(), &body)?;
            let version = message.version();
            check_types(version, &schema)?;
            read_dictionary(&body, dictionary, &schema, &mut dictionaries.0, &version).map_err(said)
        })
    }

    /// Decodes the columns `columns` of a record batch.
    pub(super) fn read_batch(
        &mut self,
        frame: &Frame,
        columns: &[usize],
        dictionaries: &Dictionaries,
    ) -> Result<RecordBatch, Trouble> {
        let (metadata, body) = self.read_frame(frame)?;
        let schema = self.schema.clone();
        contained(|| {
            let message = root_as_message(message(&metadata)).map_err(said)?;
            let batch = message
                .header_as_record_batch()
                .ok_or("expected a record batch")?;
            check_rows(frame.kind, frame.body_len)?;
            check_buffers(Some(batch), &body)?;
            let version = message.version();
            check_types(version, &schema)?;
            check_counts(version, &schema, batch)?;
            read_record_batch(
                &body,
                batch,
                schema,
                &dictionaries.0,
                Some(columns),
                &version,
            )
            .map_err(said)
        })
    }

    fn read_frame(&mut self, frame: &Frame) -> Result<(Vec<u8>, Buffer), Trouble> {
        let metadata = self.read_at(frame.offset, frame.metadata_len)?;
        let len = usize::try_from(frame.body_len)
            .map_err(|_| Trouble::content("a message is larger than memory"))?;
        let mut body =
            MutableBuffer::try_from_len_zeroed(len).map_err(|e| Trouble::Content(said(e)))?;
        self.file.read_exact(body.as_slice_mut())?;
        Ok((metadata, body.into()))
    }

    /// `len` bytes at `offset`; the file stands behind them afterwards.
    fn read_at(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, Trouble> {
        let within = offset
            .checked_add(len)
            .is_some_and(|end| end <= self.len_bytes);
        if !within || len > MAX_METADATA {
            return Err(Trouble::Content(format!(
                "a message states {len} bytes at {offset}, the file has {}",
                self.len_bytes
            )));
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Finds the messages of a file by its footer.
    fn index_file(&mut self) -> Result<(), Trouble> {
        let end = self
            .len_bytes
            .checked_sub(10)
            .ok_or_else(|| Trouble::content("the file ends before its footer"))?;
        let trailer = self.read_at(end, 10)?;
        let trailer = <[u8; 10]>::try_from(trailer).unwrap_or_default();
        let footer_len = read_footer_length(trailer).map_err(|e| Trouble::Content(said(e)))? as u64;
        let start = end.checked_sub(footer_len).ok_or_else(|| {
            Trouble::Content(format!(
                "the footer states {footer_len} bytes, the file has {end}"
            ))
        })?;
        let bytes = self.read_at(start, footer_len)?;
        let footer = contained(|| parse_footer(&bytes))?;
        self.schema = footer.schema;
        for block in &footer.dictionaries {
            let frame = self.block(block)?;
            self.found.push(frame);
        }
        for block in &footer.batches {
            match self.block(block) {
                Ok(frame) => self.found.push(frame),
                Err(Trouble::Content(reason)) => {
                    self.tail = Some(reason);
                    break;
                }
                Err(disk) => return Err(disk),
            }
        }
        self.check_footer(footer.batches.len(), start)
    }

    /// Refuses a footer that leaves out record batches of the file: it has the
    /// form of a stream up to its footer, so they can be counted. A file that
    /// cannot be walked through is taken by its footer's word.
    fn check_footer(&mut self, n_listed: usize, end: u64) -> Result<(), Trouble> {
        let n_batches = match self.walk(end) {
            Ok(n_batches) => n_batches,
            Err(Trouble::Content(_)) => return Ok(()),
            Err(disk) => return Err(disk),
        };
        if n_batches <= n_listed {
            return Ok(());
        }
        Err(Trouble::Content(format!(
            "the footer lists {n_listed} record batches, the file holds {n_batches}"
        )))
    }

    /// How many record batches stand one behind the other up to `end`.
    fn walk(&mut self, end: u64) -> Result<usize, Trouble> {
        let (prefix, schema) = self.lengths(MAGIC_LEN)?;
        let mut at = MAGIC_LEN + prefix + schema;
        let mut n_batches = 0;
        while at < end && self.lengths(at)?.1 > 0 {
            let Some((frame, body)) = self.next_frame(at)? else {
                break;
            };
            n_batches += usize::from(matches!(frame.kind, MessageKind::Batch { .. }));
            at = body + frame.body_len;
        }
        Ok(n_batches)
    }

    /// The message of a footer's block, if it lies within the file.
    fn block(&mut self, block: &Block) -> Result<Frame, Trouble> {
        let outside = || Trouble::content("the footer states a block outside the file");
        let offset = u64::try_from(block.offset()).map_err(|_| outside())?;
        let metadata_len = u64::try_from(block.metaDataLength()).map_err(|_| outside())?;
        let body_len = u64::try_from(block.bodyLength()).map_err(|_| outside())?;
        let metadata = self.read_at(offset, metadata_len)?;
        let frame = contained(|| parse_frame(&metadata))?
            .ok_or_else(|| Trouble::content("the footer states a block that is no batch"))?;
        let end = offset
            .checked_add(metadata_len)
            .and_then(|start| start.checked_add(body_len));
        if end.is_none_or(|end| end > self.len_bytes) {
            return Err(outside());
        }
        Ok(Frame {
            kind: frame.kind,
            offset,
            metadata_len,
            body_len,
        })
    }

    /// Finds the messages of a stream one behind the other.
    fn index_stream(&mut self) -> Result<(), Trouble> {
        let Some((metadata, mut at)) = self.next_metadata(0)? else {
            return Err(Trouble::content(
                "expected an Arrow file or stream, got no messages",
            ));
        };
        self.schema = contained(|| parse_schema(&metadata))?;
        loop {
            match self.next_frame(at) {
                Ok(Some((frame, body))) => {
                    at = body + frame.body_len;
                    self.found.push(frame);
                }
                Ok(None) => {
                    // A dictionary is written for a batch, which was cut off.
                    let last = self.found.last().map(|frame| frame.kind);
                    if last == Some(MessageKind::Dictionary) && at == self.len_bytes {
                        self.tail = Some("the stream ends behind a dictionary".to_owned());
                    }
                    return Ok(());
                }
                Err(Trouble::Content(reason)) => {
                    self.tail = Some(reason);
                    return Ok(());
                }
                Err(disk) => return Err(disk),
            }
        }
    }

    /// The stream's message at `at` and where its body begins.
    fn next_frame(&mut self, at: u64) -> Result<Option<(Frame, u64)>, Trouble> {
        match self.next_metadata(at)? {
            Some((metadata, body)) => {
                let frame = self.stream_frame(at, &metadata, body)?;
                Ok(Some((frame, body)))
            }
            None => Ok(None),
        }
    }

    fn stream_frame(&self, offset: u64, metadata: &[u8], body: u64) -> Result<Frame, Trouble> {
        let parsed = contained(|| parse_frame(metadata))?
            .ok_or_else(|| Trouble::content("expected a record batch or dictionary"))?;
        let end = body.checked_add(parsed.body_len);
        if end.is_none_or(|end| end > self.len_bytes) {
            return Err(Trouble::Content(format!(
                "a message states a body of {} bytes, the file has {} left",
                parsed.body_len,
                self.len_bytes - body
            )));
        }
        Ok(Frame {
            kind: parsed.kind,
            offset,
            metadata_len: body - offset,
            body_len: parsed.body_len,
        })
    }

    /// The metadata of the stream's message at `at`, its prefix included, and
    /// where its body begins; `None` at the end.
    fn next_metadata(&mut self, at: u64) -> Result<Option<Metadata>, Trouble> {
        if at == self.len_bytes {
            return Ok(None);
        }
        let (prefix, len) = self.lengths(at)?;
        if len > 0 {
            let metadata = self.read_at(at, prefix + len)?;
            Ok(Some((metadata, at + prefix + len)))
        } else if at + prefix == self.len_bytes {
            Ok(None)
        } else {
            Err(Trouble::content(
                "there are bytes behind the end of the stream",
            ))
        }
    }

    /// The length of the prefix of the message at `at`, and of its metadata: 0
    /// where the messages end.
    fn lengths(&mut self, at: u64) -> Result<(u64, u64), Trouble> {
        let mut prefix = 4;
        let mut word = self.word(at)?;
        if word == CONTINUATION {
            prefix = 8;
            word = self.word(at + 4)?;
        }
        let len = u64::try_from(i32::from_le_bytes(word))
            .map_err(|_| Trouble::content("a message states a negative length"))?;
        Ok((prefix, len))
    }

    fn word(&mut self, at: u64) -> Result<[u8; 4], Trouble> {
        let bytes = self.read_at(at, 4)?;
        <[u8; 4]>::try_from(bytes).map_err(|_| Trouble::content("the file ends within a message"))
    }
}

/// Runs a decoder whose panics are content errors.
fn contained<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, Trouble> {
    contain(decode)
        .and_then(|result| result)
        .map_err(Trouble::Content)
}
