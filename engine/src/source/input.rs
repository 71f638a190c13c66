//! Opens input files and tells the faults of a disk from those of content.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::Meter;
use super::broken::Broken;
use super::compression::Compression;
use super::gzip::Gzip;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Input;

/// What a failed read means.
pub(super) enum ReadFault {
    /// The bytes are there and make no sense.
    Content(Broken),
    /// The operating system failed, or the file is no longer the one described.
    System(Error),
}

/// Opens `input` and checks that it still has the length it was described with.
pub(super) fn open(input: &Input) -> Result<File> {
    let file = File::open(&input.path).map_err(|e| Error::io("open input", &input.path, e))?;
    let metadata = file
        .metadata()
        .map_err(|e| Error::io("open input", &input.path, e))?;
    if metadata.len() == input.len_bytes {
        Ok(file)
    } else {
        Err(changed(&input.path, input.len_bytes, metadata.len()))
    }
}

/// The content of a text-like input, unwrapped, from its beginning.
pub(super) fn open_content(input: &Input, meter: Meter) -> Result<Box<dyn Read + Send>> {
    let file = open(input)?;
    let exact = Exact {
        file,
        left: input.len_bytes,
        meter,
    };
    unwrap_content(exact, &input.path)
}

/// As [`open_content`], of `len_bytes` from where `file` stands.
pub(super) fn peek_content(
    file: File,
    path: &Path,
    len_bytes: u64,
    meter: Meter,
) -> Result<Box<dyn Read + Send>> {
    let exact = Exact {
        file,
        left: len_bytes,
        meter,
    };
    unwrap_content(exact, path)
}

fn unwrap_content(exact: Exact, path: &Path) -> Result<Box<dyn Read + Send>> {
    let len_bytes = exact.left;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (_, compression) = Compression::split(&name);
    // No content at all is an empty file, not a broken member or frame.
    if len_bytes == 0 || compression == Compression::None {
        return Ok(Box::new(exact));
    }
    let wrapped = BufReader::with_capacity(WRAPPED_READ, exact);
    match compression {
        Compression::Gzip => Ok(Box::new(Gzip::new(wrapped))),
        _ => zstd::stream::read::Decoder::with_buffer(wrapped)
            .map(|decoder| Box::new(decoder) as Box<dyn Read + Send>)
            .map_err(|e| Error::io("open input", path, e)),
    }
}

/// What `error`, met while reading `path`, means.
pub(super) fn fault(path: &Path, error: io::Error) -> ReadFault {
    if error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Shrunk>)
    {
        return ReadFault::System(
            Error::new(
                ErrorKind::Changed,
                "the input became shorter while it was read",
            )
            .with_path(path),
        );
    }
    // Decompressors make up their errors; only the system's carry its number.
    if error.raw_os_error().is_some() {
        ReadFault::System(Error::io("read input", path, error))
    } else {
        // Only decompressors make up errors.
        ReadFault::Content(Broken::of(path, &error))
    }
}

fn changed(path: &Path, expected: u64, came: u64) -> Error {
    Error::new(
        ErrorKind::Changed,
        format!("expected an input of {expected} bytes as it was described, got {came}"),
    )
    .with_path(path)
    .with_hint("restore the file, or start a new dataset from the changed inputs")
}

/// Bytes of a wrapped file read at once. Fixed, so that what comes out before
/// a fault never depends on a setting.
const WRAPPED_READ: usize = 128 << 10;

/// A file read for exactly the length it was described with.
struct Exact {
    file: File,
    left: u64,
    meter: Meter,
}

impl Read for Exact {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        if want == 0 {
            return Ok(0);
        }
        let n = self.file.read(&mut buf[..want])?;
        if n == 0 {
            return Err(io::Error::other(Shrunk));
        }
        self.left -= n as u64;
        self.meter.add(n as u64);
        Ok(n)
    }
}

/// The file ended before the length it was described with.
#[derive(Debug)]
struct Shrunk;

impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file became shorter while it was read")
    }
}

impl std::error::Error for Shrunk {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_goes_by_the_end_of_the_name() {
        assert_eq!(
            Compression::split("a.jsonl.GZ"),
            ("a.jsonl", Compression::Gzip)
        );
        assert_eq!(
            Compression::split("a.jsonl.zst"),
            ("a.jsonl", Compression::Zstd)
        );
        assert_eq!(Compression::split("é"), ("é", Compression::None));
        assert_eq!(Compression::split("gz"), ("gz", Compression::None));
    }
}
