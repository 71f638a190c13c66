//! What a file holds by its first bytes, where that is not what its name says.
//!
//! Only what no valid content of the format begins with is told here, so that
//! a file of lines is never refused for the looks of one of them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::IgnoredAny;

use super::Meter;
use super::compression::Compression;
use super::input::peek_content;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{Format, OnError};

/// Bytes that are looked at.
const HEAD: u64 = HEAD_LEN as u64;

/// The same as a length.
const HEAD_LEN: usize = 16 << 10;

/// What a file turned out to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileContent {
    Gzip,
    Zstd,
    /// Compressed or packed by what is not read: its name, and the command that
    /// writes its content to standard output.
    Packed(&'static str, &'static str),
    Parquet,
    EncryptedParquet,
    Arrow,
    /// The first version of Feather, which is not Arrow IPC.
    OldFeather,
    /// Its name, as `iconv` has it.
    Encoding(&'static str),
    LfsPointer,
    /// Another format.
    Other(&'static str),
    /// One JSON document: an array, or an object over several lines.
    JsonArray,
    JsonObject,
    Html,
    /// Text where compressed bytes are wanted.
    PlainText,
    /// Nothing but zeros.
    Zeros,
}

impl FileContent {
    /// What it is called.
    pub(super) fn name(self) -> String {
        match self {
            Self::Gzip => "gzip-compressed bytes".to_owned(),
            Self::Zstd => "zstd-compressed bytes".to_owned(),
            Self::Packed(name, _) => format!("{name}-compressed bytes"),
            Self::Parquet => "a Parquet file".to_owned(),
            Self::EncryptedParquet => "an encrypted Parquet file".to_owned(),
            Self::Arrow => "an Arrow IPC file".to_owned(),
            Self::OldFeather => "a file of the first version of Feather".to_owned(),
            Self::Encoding(name) => format!("{name} text"),
            Self::LfsPointer => "a pointer of Git LFS instead of the file".to_owned(),
            Self::Other(name) => name.to_owned(),
            Self::JsonArray => "a JSON array as one document".to_owned(),
            Self::JsonObject => "a JSON object over several lines".to_owned(),
            Self::Html => "HTML".to_owned(),
            Self::PlainText => "text that is not compressed".to_owned(),
            Self::Zeros => "nothing but zeros".to_owned(),
        }
    }

    /// What makes of `file` something that is read.
    pub(super) fn hint(self, file: &str) -> String {
        let (_, compression) = Compression::split(file);
        match self {
            Self::Gzip | Self::Zstd if compression != Compression::None => {
                "it was compressed twice, or by another method than its ending says: decompress \
                 it once, or rename it"
                    .to_owned()
            }
            Self::Gzip => format!("rename it: mv \"{file}\" \"{file}.gz\""),
            Self::Zstd => format!("rename it: mv \"{file}\" \"{file}.zst\""),
            Self::Packed(_, command) => {
                format!("{command} \"{file}\" > \"{}\"", beside(file, "unpacked"))
            }
            Self::Parquet => {
                "rename it to end in .parquet, or set `format = \"parquet\"`".to_owned()
            }
            Self::Arrow => "rename it to end in .arrow, or set `format = \"arrow\"`".to_owned(),
            Self::EncryptedParquet => "decrypt it with the program that has its key".to_owned(),
            Self::OldFeather => format!(
                "write it anew: python -c \"import pyarrow.feather as f; \
                 f.write_feather(f.read_table('{file}'), '{}')\"",
                beside(file, "v2")
            ),
            Self::Encoding(name) => format!(
                "convert it: iconv -f {name} -t UTF-8 \"{file}\" > \"{}\"",
                beside(file, "utf8")
            ),
            Self::LfsPointer => "fetch the content: git lfs pull".to_owned(),
            Self::Other(_) => "convert it to Parquet, Arrow, JSON lines or text".to_owned(),
            Self::JsonArray => format!(
                "write one object a line: jq -c '.[]' \"{file}\" > \"{}\"",
                beside(file, "lines")
            ),
            Self::JsonObject => format!(
                "write one object a line: jq -c . \"{file}\" > \"{}\"",
                beside(file, "lines")
            ),
            Self::Html => "a download may have failed: look at the file".to_owned(),
            Self::PlainText => {
                let (plain, _) = Compression::split(file);
                format!("rename it: mv \"{file}\" \"{plain}\"")
            }
            Self::Zeros => {
                "a download or copy of it broke off: download or copy it again".to_owned()
            }
        }
    }
}

/// A name beside `file` with the same ending: `a.jsonl` and `a.word.jsonl`.
fn beside(file: &str, word: &str) -> String {
    let (stem, _) = Compression::split(file);
    match stem.rsplit_once('.') {
        Some((name, "json")) => format!("{name}.{word}.jsonl"),
        Some((name, extension)) => format!("{name}.{word}.{extension}"),
        None => format!("{stem}.{word}"),
    }
}

/// Refuses a file whose bytes are not of `format`, as far as the first tell.
///
/// # Errors
/// `Data` with what it is; `Io`.
pub(super) fn check(path: &Path, format: Format, on_error: OnError) -> Result<()> {
    let head = raw_head(path).map_err(|e| Error::io("read input", path, e))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (_, compression) = Compression::split(&name);
    let is_wrapped = match compression {
        Compression::None => true,
        Compression::Gzip => head.starts_with(GZIP),
        Compression::Zstd => is_zstd(&head),
    };
    if !is_wrapped && !head.is_empty() {
        let content = of_bytes(&head).or_else(|| uncompressed(&head));
        return Err(refused(path, compression.as_str(), content));
    }
    let Some(content) = foreign(path, format)? else {
        return Ok(());
    };
    let wanted = match format {
        Format::Jsonl => "JSON lines",
        Format::Text => "text in UTF-8",
        other => other.as_str(),
    };
    let Foreign { content, is_whole } = content;
    if is_whole {
        return Err(refused(path, wanted, Some(content)));
    }
    match on_error {
        OnError::Fail => Err(refused(path, wanted, Some(content)).with_row(0)),
        // Each of its lines is set aside, or is good.
        OnError::Quarantine => Ok(()),
    }
}

/// `error`, met in a columnar file, or what the file is instead.
pub(super) fn explain(path: &Path, format: Format, error: Error) -> Error {
    let is_of = |content: &FileContent| {
        matches!(
            (format, content),
            (Format::Parquet, FileContent::Parquet)
                | (Format::Arrow, FileContent::Arrow)
                | (Format::Tar, FileContent::Packed("tar", _))
        )
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if Compression::split(&name).1 != Compression::None {
        return error;
    }
    match of_file(path).filter(|content| !is_of(content)) {
        Some(content) if error.kind() == ErrorKind::Data => {
            refused(path, format.as_str(), Some(content))
        }
        _ => error,
    }
}

/// What the bytes of an image file are instead of an image, where it is known that
/// they are none.
pub(super) fn no_image(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..HEAD_LEN).unwrap_or(bytes);
    let found = of_bytes(head).or_else(|| document(head));
    let found = found.filter(|found| matches!(found, FileContent::LfsPointer | FileContent::Html));
    found.map(FileContent::name)
}

/// What a file of lines of `format` holds that no line can be read of,
/// decompressed.
///
/// # Errors
/// `Io`.
pub(super) fn unreadable(path: &Path, format: Format) -> Result<Option<String>> {
    let foreign = foreign(path, format)?.filter(|foreign| foreign.is_whole);
    let wanted = match format {
        Format::Jsonl => "JSON lines",
        _ => "lines of text",
    };
    Ok(foreign.map(|foreign| format!("expected {wanted}, got {}", foreign.content.name())))
}

/// What a file holds that is not of its format.
struct Foreign {
    content: FileContent,
    /// Whether that is known of all of it, so that no line of it is content.
    is_whole: bool,
}

/// What `path` holds, if it is known and not read.
pub(super) fn of_file(path: &Path) -> Option<FileContent> {
    of_bytes(&raw_head(path).ok()?)
}

/// What a file of lines holds instead, decompressed. What cannot be
/// decompressed, reading will tell.
fn foreign(path: &Path, format: Format) -> Result<Option<Foreign>> {
    let io = |e| Error::io("open input", path, e);
    let file = File::open(path).map_err(io)?;
    let len_bytes = file.metadata().map_err(io)?.len();
    let mut head = Vec::new();
    let content = peek_content(file, path, len_bytes, Meter::default())?;
    if content.take(HEAD).read_to_end(&mut head).is_err() && head.is_empty() {
        return Ok(None);
    }
    let found = of_bytes(&head);
    let found = match format {
        Format::Jsonl => found.or_else(|| document(&head)),
        _ => found,
    };
    Ok(found.map(|content| Foreign {
        content,
        is_whole: match content {
            // A first line that is broken makes no document of the others.
            FileContent::JsonArray | FileContent::JsonObject => !goes_on_in_lines(&head),
            FileContent::Html => false,
            _ => true,
        },
    }))
}

fn refused(path: &Path, wanted: &str, content: Option<FileContent>) -> Error {
    let name = content.map_or("other bytes".to_owned(), FileContent::name);
    let hint = content.map_or_else(
        || "rename it to what it is".to_owned(),
        |content| content.hint(&path.display().to_string()),
    );
    Error::data(format!("expected {wanted}, got {name}"))
        .with_path(path)
        .with_hint(hint)
}

fn raw_head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

const GZIP: &[u8] = &[0x1f, 0x8b];

/// A frame, or one that is skipped.
fn is_zstd(head: &[u8]) -> bool {
    matches!(
        head,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]
    )
}

/// Formats by their first bytes.
static MAGIC: &[(&[u8], FileContent)] = &[
    (GZIP, FileContent::Gzip),
    (b"\xfd7zXZ\0", FileContent::Packed("xz", "xzcat")),
    (b"\x04\x22\x4d\x18", FileContent::Packed("lz4", "lz4cat")),
    (b"PK\x03\x04", FileContent::Packed("zip", "unzip -p")),
    (b"7z\xbc\xaf\x27\x1c", FileContent::Packed("7z", "7z x -so")),
    (b"ARROW1\0\0", FileContent::Arrow),
    (b"PARE", FileContent::EncryptedParquet),
    (b"FEA1", FileContent::OldFeather),
    (b"\xff\xfe\0\0", FileContent::Encoding("UTF-32")),
    (b"\0\0\xfe\xff", FileContent::Encoding("UTF-32")),
    (b"\xff\xfe", FileContent::Encoding("UTF-16")),
    (b"\xfe\xff", FileContent::Encoding("UTF-16")),
    (
        b"version https://git-lfs.github.com/spec/",
        FileContent::LfsPointer,
    ),
    (b"\x89PNG\r\n\x1a\n", FileContent::Other("a PNG image")),
    (b"\xff\xd8\xff", FileContent::Other("a JPEG image")),
    (b"%PDF-", FileContent::Other("a PDF document")),
    (
        b"SQLite format 3\0",
        FileContent::Other("an SQLite database"),
    ),
    (b"\x93NUMPY", FileContent::Other("a NumPy array")),
    (b"\x89HDF\r\n\x1a\n", FileContent::Other("an HDF5 file")),
    (b"Obj\x01", FileContent::Other("an Avro file")),
    (b"ORC\x0a", FileContent::Other("an ORC file")),
];

fn of_bytes(head: &[u8]) -> Option<FileContent> {
    if is_zstd(head) {
        return Some(FileContent::Zstd);
    }
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
        return Some(FileContent::Packed("bzip2", "bzcat"));
    }
    // Text may begin so, and goes on with a character that can be read.
    let is_binary = |at: usize| {
        head.get(at)
            .is_some_and(|b| *b < b' ' && !b.is_ascii_whitespace())
    };
    if head.starts_with(b"PAR1") && is_binary(4) {
        return Some(FileContent::Parquet);
    }
    if head.get(257..262) == Some(b"ustar") && head.contains(&0) {
        return Some(FileContent::Packed("tar", "tar -xOf"));
    }
    let magic = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    let found = magic.map(|(_, content)| *content)?;
    let needs_binary = matches!(
        found,
        FileContent::EncryptedParquet | FileContent::OldFeather
    );
    (!needs_binary || is_binary(4)).then_some(found)
}

/// What stands where compressed bytes are wanted.
fn uncompressed(head: &[u8]) -> Option<FileContent> {
    if head.iter().all(|byte| *byte == 0) {
        return Some(FileContent::Zeros);
    }
    if let Some(FileContent::Html) = document(head) {
        return Some(FileContent::Html);
    }
    // The last character may go on behind what is looked at.
    let text = match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_some() => return None,
        Err(error) => head.get(..error.valid_up_to())?,
        Ok(_) => head,
    };
    let is_control = |byte: &u8| *byte < b' ' && !byte.is_ascii_whitespace();
    (!text.is_empty() && !text.iter().any(is_control)).then_some(FileContent::PlainText)
}

/// A document of JSON or HTML where lines of JSON are wanted.
fn document(head: &[u8]) -> Option<FileContent> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next()?;
    let rest = text.get(line.len()..)?;
    let line = line.trim_ascii_end();
    let is_all = (head.len() as u64) < HEAD;
    let is_open = serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof());
    let is_only = is_all && rest.trim_ascii().is_empty();
    let lower = line.get(..line.len().min(15))?.to_ascii_lowercase();
    match line.first()? {
        b'[' if is_open || is_only => Some(FileContent::JsonArray),
        b'{' if line == b"{" && !is_only => Some(FileContent::JsonObject),
        b'<' if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") => {
            Some(FileContent::Html)
        }
        _ => None,
    }
}

/// Whether the second line that is not blank is an object by itself.
fn goes_on_in_lines(head: &[u8]) -> bool {
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let second = lines.filter(|line| !line.is_empty()).nth(1);
    second.is_some_and(|line| {
        line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_called_what_they_are() {
        for (bytes, expected) in [
            (&b"\x1f\x8b\x08"[..], Some(FileContent::Gzip)),
            (b"\x28\xb5\x2f\xfdx", Some(FileContent::Zstd)),
            (b"PAR1\x15\x04", Some(FileContent::Parquet)),
            (b"PAR1 is a word", None),
            (b"PARE for the end", None),
            (b"\xff\xfea\0", Some(FileContent::Encoding("UTF-16"))),
            (b"BZh9 is a word", None),
            (b"{\"a\": 1}", None),
            (b"", None),
        ] {
            assert_eq!(of_bytes(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn lines_after_a_broken_one_are_lines() {
        assert!(goes_on_in_lines(b"[{\"a\":\n\n{\"a\":1}\n"));
        assert!(!goes_on_in_lines(b"[\n{\"a\":1},\n{\"a\":2}\n]"));
        assert!(!goes_on_in_lines(b"[\n  {\n    \"a\": {\"x\": 1}\n"));
        assert!(!goes_on_in_lines(b"{"));
    }

    #[test]
    fn documents_are_told_from_lines() {
        for (text, expected) in [
            ("[{\"a\":1},{\"a\":2}]\n", Some(FileContent::JsonArray)),
            (
                "\u{feff}[\n{\"a\":1},\n{\"a\":2}\n]",
                Some(FileContent::JsonArray),
            ),
            ("{\n  \"a\": 1\n}\n", Some(FileContent::JsonObject)),
            ("[1]\n{\"a\":1}\n", None),
            ("{\"a\":\n{\"a\":1}\n", None),
            ("{\"a\":1}\n", None),
            ("<!DOCTYPE html><html>", Some(FileContent::Html)),
            ("<a>\n", None),
            ("", None),
        ] {
            assert_eq!(document(text.as_bytes()), expected, "{text}");
        }
    }
}
