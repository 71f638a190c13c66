//! The bytes of an archive: of a plain file, in which what is not wanted is
//! skipped, or as they come out of a decompressor.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::super::Meter;
use super::super::compression::Compression;
use super::super::input::{self, ReadFault};
use crate::error::{Error, Result};
use crate::plan::Input;

/// Bytes of a plain file read at once: headers lie among content that is not read.
const READ: usize = 32 << 10;

/// Why reading ended.
#[derive(Debug)]
pub(super) enum ArchiveFault {
    /// The bytes are there and make no sense.
    Content(String),
    /// The operating system failed, or the file has changed.
    System(Error),
}

impl From<String> for ArchiveFault {
    fn from(reason: String) -> Self {
        Self::Content(reason)
    }
}

enum Place {
    Plain(BufReader<File>, u64),
    Stream(Box<dyn Read + Send>),
}

/// See the module text.
pub(super) struct ArchiveBytes {
    path: PathBuf,
    place: Place,
    /// Bytes behind.
    at: u64,
}

impl ArchiveBytes {
    /// Opens an input of a plan.
    ///
    /// # Errors
    /// `Io`, or `Changed` if it has another length.
    pub(super) fn open(input: &Input, meter: Meter) -> Result<Self> {
        let place = match compression(&input.path) {
            Compression::None => {
                let file = BufReader::with_capacity(READ, input::open(input)?);
                Place::Plain(file, input.len_bytes)
            }
            _ => Place::Stream(input::open_content(input, meter)?),
        };
        Ok(Self::new(&input.path, place))
    }

    /// Opens a file whose length is not known yet.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn peek(path: &Path) -> Result<Self> {
        let io = |e| Error::io("open input", path, e);
        let file = File::open(path).map_err(io)?;
        let len_bytes = file.metadata().map_err(io)?.len();
        let place = match compression(path) {
            Compression::None => Place::Plain(BufReader::with_capacity(READ, file), len_bytes),
            _ => Place::Stream(input::peek_content(
                file,
                path,
                len_bytes,
                Meter::default(),
            )?),
        };
        Ok(Self::new(path, place))
    }

    fn new(path: &Path, place: Place) -> Self {
        Self {
            path: path.to_owned(),
            place,
            at: 0,
        }
    }

    /// Bytes of the archive that are behind.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Whether what is not wanted is skipped and costs nothing.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.place, Place::Plain(..))
    }

    /// Fills `buf`; says how many bytes there were.
    pub(super) fn fill(&mut self, buf: &mut [u8]) -> std::result::Result<usize, ArchiveFault> {
        let mut n = 0;
        while n < buf.len() {
            let read = match &mut self.place {
                Place::Plain(file, _) => file.read(&mut buf[n..]),
                Place::Stream(content) => content.read(&mut buf[n..]),
            };
            match read {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error)),
            }
        }
        self.at += n as u64;
        Ok(n)
    }

    /// The next `len` bytes. Memory grows as they come, never by a length alone.
    pub(super) fn take(&mut self, len: u64) -> std::result::Result<Vec<u8>, ArchiveFault> {
        let mut bytes = Vec::new();
        if let Place::Plain(_, len_bytes) = &self.place {
            if len > len_bytes.saturating_sub(self.at) {
                return Err(ArchiveFault::Content(CUT_OFF.to_owned()));
            }
            bytes.reserve_exact(usize::try_from(len).unwrap_or(0));
        }
        let read = match &mut self.place {
            Place::Plain(file, _) => file.take(len).read_to_end(&mut bytes),
            Place::Stream(content) => content.take(len).read_to_end(&mut bytes),
        };
        let n = read.map_err(|error| self.fault(error))? as u64;
        self.at += n;
        if n == len {
            Ok(bytes)
        } else {
            Err(ArchiveFault::Content(CUT_OFF.to_owned()))
        }
    }

    /// Passes over `len` bytes.
    pub(super) fn skip(&mut self, len: u64) -> std::result::Result<(), ArchiveFault> {
        let skipped = match &mut self.place {
            Place::Plain(file, len_bytes) => {
                if len > len_bytes.saturating_sub(self.at) {
                    return Err(ArchiveFault::Content(CUT_OFF.to_owned()));
                }
                let by = i64::try_from(len).map_err(|_| CUT_OFF.to_owned())?;
                file.seek_relative(by).map(|()| len)
            }
            Place::Stream(content) => std::io::copy(&mut content.take(len), &mut std::io::sink()),
        };
        let n = skipped.map_err(|error| self.fault(error))?;
        self.at += n;
        if n == len {
            Ok(())
        } else {
            Err(ArchiveFault::Content(CUT_OFF.to_owned()))
        }
    }

    fn fault(&self, error: std::io::Error) -> ArchiveFault {
        match input::fault(&self.path, error) {
            ReadFault::Content(broken) => ArchiveFault::Content(broken.reason),
            ReadFault::System(error) => ArchiveFault::System(error),
        }
    }
}

/// What is wrong with an archive that ends too early.
pub(super) const CUT_OFF: &str = "the archive is cut off: it ends within an entry";

fn compression(path: &Path) -> Compression {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Compression::split(&name).1
}
