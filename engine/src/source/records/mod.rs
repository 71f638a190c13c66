//! Cuts a stream of bytes into records at a delimiter, blocks of whole
//! records at a time.
//!
//! Where records begin and end, what is too long and where a fault stands
//! never depends on the size of the blocks or of the reads.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memmem::Finder;

/// The longest record that is read, in bytes: longer ones are bad content.
pub(super) const MAX_RECORD: usize = 256 << 20;

/// The most bytes of a bad record that are shown.
const EXCERPT: usize = 1024;

/// Bytes read at once.
const READ: usize = 256 << 10;

/// What ends a record.
#[derive(Debug)]
pub(super) enum Delimiter {
    /// `\n`.
    Newline,
    /// This text, which is not empty.
    Text(Box<Finder<'static>>),
    /// Only the end of the file.
    EndOfFile,
}

impl Delimiter {
    fn len(&self) -> usize {
        match self {
            Self::Newline => 1,
            Self::Text(finder) => finder.needle().len(),
            Self::EndOfFile => 0,
        }
    }

    fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Newline => memchr::memchr(b'\n', bytes),
            Self::Text(finder) => finder.find(bytes),
            Self::EndOfFile => None,
        }
    }
}

/// How large a block may grow; one record is always taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockSize {
    pub(super) len_bytes: usize,
    pub(super) n_records: usize,
}

/// What comes next in the stream.
#[derive(Debug)]
pub(super) enum StreamChunk<'a> {
    /// Whole records, in order; never none.
    Records {
        /// Number of the first, counted from the beginning of the stream.
        first: u64,
        /// The bytes that `spans` point into.
        bytes: &'a [u8],
        /// Each record without its delimiter.
        spans: &'a [Range<usize>],
    },
    /// A record longer than is read; it has been skipped.
    TooLong {
        /// Its number.
        record: u64,
        /// Its beginning.
        excerpt: String,
    },
    /// The stream cannot be read on; nothing follows.
    Fault {
        /// Number of the record that could not be read whole.
        record: u64,
        /// What there is of it.
        excerpt: Option<String>,
        /// Why.
        error: io::Error,
    },
}

/// The records of a stream.
pub(super) struct Records {
    input: Box<dyn Read + Send>,
    delimiter: Delimiter,
    max_record: usize,
    /// Bytes read; the valid ones are `..end`.
    buf: Vec<u8>,
    end: usize,
    /// Where the next record begins.
    start: usize,
    /// Before this place there is no delimiter after `start`.
    scanned: usize,
    /// Number of the next record.
    next: u64,
    state: StreamState,
    spans: Vec<Range<usize>>,
}

enum StreamState {
    Begin,
    Open,
    Ended,
    Failed(io::Error),
    Done,
}

impl Records {
    /// Records of `input`, a byte order mark at its beginning left out.
    pub(super) fn new(input: Box<dyn Read + Send>, delimiter: Delimiter) -> Self {
        Self {
            input,
            delimiter,
            max_record: MAX_RECORD,
            buf: Vec::new(),
            end: 0,
            start: 0,
            scanned: 0,
            next: 0,
            state: StreamState::Begin,
            spans: Vec::new(),
        }
    }

    /// Records of a part of an input, which is not its beginning.
    pub(super) fn within(input: Box<dyn Read + Send>, delimiter: Delimiter) -> Self {
        Self {
            state: StreamState::Open,
            ..Self::new(input, delimiter)
        }
    }

    /// The next block, or what stands in its way; `None` at the end.
    pub(super) fn next_chunk(&mut self, size: BlockSize) -> Option<StreamChunk<'_>> {
        if matches!(self.state, StreamState::Begin) {
            self.begin();
        }
        self.compact();
        self.spans.clear();
        let first = self.next;
        let too_long = self.gather(size);
        if !self.spans.is_empty() {
            return Some(StreamChunk::Records {
                first,
                bytes: &self.buf[..self.end],
                spans: &self.spans,
            });
        }
        if too_long {
            return Some(self.skip_record());
        }
        self.finish()
    }

    /// Reads past a byte order mark.
    fn begin(&mut self) {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        self.state = StreamState::Open;
        while self.end < MARK.len() && self.fill() {}
        if self.buf[..self.end].starts_with(MARK) {
            self.start = MARK.len();
            self.scanned = self.start;
        }
    }

    /// Collects spans until the block is full, the stream stops, or the next
    /// record is too long, which it says.
    fn gather(&mut self, size: BlockSize) -> bool {
        let from = self.start;
        while self.spans.len() < size.n_records
            && (self.start - from < size.len_bytes || self.spans.is_empty())
        {
            let found = self.find();
            if found.unwrap_or(self.end) - self.start > self.max_record {
                return true;
            }
            match found {
                Some(at) => self.take(at, self.delimiter.len()),
                None if self.fill() => {}
                None => {
                    self.take_rest();
                    break;
                }
            }
        }
        false
    }

    /// The last record needs no delimiter.
    fn take_rest(&mut self) {
        if matches!(self.state, StreamState::Ended) && self.start < self.end {
            self.take(self.end, 0);
        }
    }

    fn take(&mut self, at: usize, len: usize) {
        self.spans.push(self.start..at);
        self.start = at + len;
        self.scanned = self.start;
        self.next += 1;
    }

    /// Where the next delimiter stands, if it has been read.
    fn find(&mut self) -> Option<usize> {
        let found = self.delimiter.find(&self.buf[self.scanned..self.end]);
        if let Some(at) = found {
            return Some(self.scanned + at);
        }
        // A delimiter may straddle what has been read and what comes.
        let overlap = self.delimiter.len().saturating_sub(1);
        self.scanned = self.end.saturating_sub(overlap).max(self.start);
        None
    }

    /// Leaves out a record that is too long.
    fn skip_record(&mut self) -> StreamChunk<'_> {
        let excerpt = excerpt(&self.buf[self.start..self.end]);
        let record = self.next;
        loop {
            if let Some(at) = self.find() {
                self.start = at + self.delimiter.len();
                self.scanned = self.start;
                break;
            }
            self.start = self.scanned;
            self.compact();
            if !self.fill() {
                self.start = self.end;
                break;
            }
        }
        self.next += 1;
        match std::mem::replace(&mut self.state, StreamState::Done) {
            StreamState::Failed(error) => StreamChunk::Fault {
                record,
                excerpt: Some(excerpt),
                error,
            },
            state => {
                self.state = state;
                StreamChunk::TooLong { record, excerpt }
            }
        }
    }

    fn finish(&mut self) -> Option<StreamChunk<'_>> {
        match std::mem::replace(&mut self.state, StreamState::Done) {
            StreamState::Failed(error) => {
                let rest = &self.buf[self.start..self.end];
                Some(StreamChunk::Fault {
                    record: self.next,
                    excerpt: (!rest.is_empty()).then(|| excerpt(rest)),
                    error,
                })
            }
            _ => None,
        }
    }

    /// Moves the unread rest to the front once more has been taken than moves,
    /// so that moving costs less than reading and the buffer stays small.
    fn compact(&mut self) {
        if self.start >= self.end - self.start {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        }
    }

    /// Reads on; false at the end and after a fault.
    fn fill(&mut self) -> bool {
        if !matches!(self.state, StreamState::Open) {
            return false;
        }
        if self.buf.len() < self.end + READ {
            let len = (self.end + READ).max(self.buf.len() * 3 / 2);
            self.buf.resize(len, 0);
        }
        loop {
            match self.input.read(&mut self.buf[self.end..self.end + READ]) {
                Ok(0) => self.state = StreamState::Ended,
                Ok(n) => {
                    self.end += n;
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.state = StreamState::Failed(error),
            }
            return false;
        }
    }
}

/// The beginning of a bad record, at most 1 KiB, invalid UTF-8 replaced.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let cut = bytes.len().min(EXCERPT);
    let mut text = String::from_utf8_lossy(&bytes[..cut]).into_owned();
    while text.len() > EXCERPT {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests;
