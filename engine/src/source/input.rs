//! Opens input files and tells the faults of a disk from those of content.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::Meter;
use super::gzip::Gzip;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Input;

/// How the bytes of a file are wrapped, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Splits a file name into what is wrapped and how.
    pub(super) fn split(name: &str) -> (&str, Self) {
        let wrapped = |end: &str| {
            let at = name.len().checked_sub(end.len())?;
            let tail = name.get(at..)?;
            tail.eq_ignore_ascii_case(end).then(|| name.get(..at))?
        };
        if let Some(stem) = wrapped(".gz") {
            (stem, Self::Gzip)
        } else if let Some(stem) = wrapped(".zst") {
            (stem, Self::Zstd)
        } else {
            (name, Self::None)
        }
    }
}

/// What a failed read means.
pub(super) enum Fault {
    /// The bytes are there and make no sense.
    Content(String),
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
pub(super) fn fault(path: &Path, error: io::Error) -> Fault {
    if error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Shrunk>)
    {
        return Fault::System(
            Error::new(
                ErrorKind::Changed,
                "the input became shorter while it was read",
            )
            .with_path(path),
        );
    }
    // Decompressors make up their errors; only the system's carry its number.
    if error.raw_os_error().is_some() {
        Fault::System(Error::io("read input", path, error))
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        Fault::Content("cannot decompress: the file is cut off within its content".to_owned())
    } else {
        // Only decompressors make up errors, and these do not say of what.
        let said = error.to_string();
        Fault::Content(if said.contains("requires too much memory") {
            "cannot decompress: a frame wants a window of more than 128 MiB; decompress it with \
             `zstd -d --long=31`, or compress it again without `--long` and `--ultra`"
                .to_owned()
        } else if said.contains("Dictionary mismatch") {
            let id = dictionary(path).map_or_else(String::new, |id| format!(", whose id is {id}"));
            format!(
                "cannot decompress: it was compressed with a dictionary{id}, and none is taken; \
                 decompress it with `zstd -d -D DICTIONARY`"
            )
        } else {
            format!("cannot decompress: {said}")
        })
    }
}

/// The id of the dictionary that the first frame of a Zstandard file names.
fn dictionary(path: &Path) -> Option<u32> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let mut head = Vec::new();
    let file = File::open(path).ok()?;
    file.take(10).read_to_end(&mut head).ok()?;
    let rest = head.strip_prefix(&MAGIC)?;
    let (&flags, rest) = rest.split_first()?;
    let len = match flags & 3 {
        0 => return None,
        3 => 4,
        len => usize::from(len),
    };
    // A single segment has no byte for its window.
    let from = usize::from(flags & 0x20 == 0);
    let bytes = rest.get(from..from + len)?;
    let id = bytes.iter().rev();
    Some(id.fold(0, |id, &byte| id << 8 | u32::from(byte)))
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
    fn a_zstandard_file_names_its_dictionary() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.zst");
        let magic = [0x28, 0xb5, 0x2f, 0xfd];
        for (behind, id) in [
            (&[0x20, 5][..], None),
            (&[0x21, 7, 0], Some(7)),
            (&[0x02, 0x58, 1, 2], Some(0x0201)),
            (&[0x23, 4, 3, 2, 1], Some(0x0102_0304)),
            (&[0x23, 4, 3], None),
            (&[], None),
        ] {
            std::fs::write(&path, [&magic[..], behind].concat()).unwrap();
            assert_eq!(dictionary(&path), id, "{behind:?}");
        }
        let error = || io::Error::other("Dictionary mismatch");
        std::fs::write(&path, [&magic[..], &[0x21, 7, 0]].concat()).unwrap();
        assert!(matches!(fault(&path, error()), Fault::Content(said) if said.contains("id is 7")));
    }

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
