//! The files of an archive, one after another, with the names and sizes that all
//! programs read in it; where programs differ, the archive is refused.

use super::bytes::{ArchiveBytes, ArchiveFault, CUT_OFF};
use super::header::{self, BLOCK, Header, Kind};
use super::records::{self, EntryRecords};

/// Bytes of an extended header or a long name, at most.
const MAX_EXTENDED: u64 = 1 << 20;

/// Numbers from here on have no place in the size of a plain header.
const OCTAL_END: u64 = 1 << 33;

/// A file of the archive, whose content comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArchiveEntry {
    /// Its path, without `./` at its beginning.
    pub(super) name: String,
    /// Bytes of content.
    pub(super) size: u64,
    /// Where its first header begins.
    pub(super) at: u64,
}

/// See the module text.
pub(super) struct ArchiveEntries {
    bytes: ArchiveBytes,
    /// Bytes that belong to the entry before and were not read.
    left: u64,
    /// Whether the end of the archive is behind.
    ended: bool,
}

/// What stands before the header of an entry.
#[derive(Default)]
struct Before {
    records: Option<EntryRecords>,
    long_name: Option<Vec<u8>>,
}

impl ArchiveEntries {
    pub(super) fn new(bytes: ArchiveBytes) -> Self {
        Self {
            bytes,
            left: 0,
            ended: false,
        }
    }

    /// Bytes of the archive that are behind.
    pub(super) fn at(&self) -> u64 {
        self.bytes.at()
    }

    /// Whether what is not wanted is skipped and costs nothing.
    pub(super) fn is_plain(&self) -> bool {
        self.bytes.is_plain()
    }

    /// The content of the entry that came last.
    pub(super) fn content(&mut self, entry: &ArchiveEntry) -> Result<Vec<u8>, ArchiveFault> {
        let content = self.bytes.take(entry.size)?;
        self.left -= entry.size;
        Ok(content)
    }

    /// The next file; nothing at the end of the archive.
    pub(super) fn next(&mut self) -> Result<Option<ArchiveEntry>, ArchiveFault> {
        if self.ended {
            return Ok(None);
        }
        self.bytes.skip(std::mem::take(&mut self.left))?;
        let mut at = self.bytes.at();
        let mut before = Before::default();
        loop {
            let Some(header) = self.header()? else {
                if before.records.is_some() || before.long_name.is_some() {
                    return Err(ArchiveFault::Content(CUT_OFF.to_owned()));
                }
                self.ended = true;
                return Ok(None);
            };
            match header.kind {
                Kind::Extended => {
                    let records = records::parse(&self.extended(&header)?)?;
                    if before.records.replace(records).is_some() {
                        return Err(TWICE.to_owned().into());
                    }
                }
                Kind::LongName => {
                    let mut name = self.extended(&header)?;
                    let end = name.iter().position(|byte| *byte == 0);
                    name.truncate(end.unwrap_or(name.len()));
                    if before.long_name.replace(name).is_some() {
                        return Err(TWICE.to_owned().into());
                    }
                }
                Kind::Global => {
                    let records = records::parse(&self.extended(&header)?)?;
                    if records != EntryRecords::default() {
                        let reason = "a global header states a name or a size for all entries";
                        return Err(reason.to_owned().into());
                    }
                }
                Kind::File | Kind::Directory => {
                    let entry = entry(&header, std::mem::take(&mut before), at)?;
                    let padded = entry.size.checked_next_multiple_of(BLOCK as u64);
                    self.left = padded.ok_or_else(|| CUT_OFF.to_owned())?;
                    if header.kind == Kind::File {
                        return Ok(Some(entry));
                    }
                    self.bytes.skip(std::mem::take(&mut self.left))?;
                    at = self.bytes.at();
                }
            }
        }
    }

    /// The next header, or the end: two blocks of zeros and nothing else after them.
    fn header(&mut self) -> Result<Option<Header>, ArchiveFault> {
        let mut block = [0; BLOCK];
        match self.bytes.fill(&mut block)? {
            BLOCK => {}
            0 => return Err(ArchiveFault::Content(NO_END.to_owned())),
            _ => return Err(ArchiveFault::Content(CUT_OFF.to_owned())),
        }
        if let Some(header) = header::parse(&block)? {
            return Ok(Some(header));
        }
        if self.bytes.fill(&mut block)? != BLOCK {
            return Err(ArchiveFault::Content(NO_END.to_owned()));
        }
        loop {
            if block.iter().any(|byte| *byte != 0) {
                let reason = "bytes follow the end of the archive, which most programs do not read";
                return Err(ArchiveFault::Content(reason.to_owned()));
            }
            match self.bytes.fill(&mut block)? {
                0 => return Ok(None),
                n => block[n..].fill(0),
            }
        }
    }

    /// The content of a header about other entries.
    fn extended(&mut self, header: &Header) -> Result<Vec<u8>, ArchiveFault> {
        if header.size > MAX_EXTENDED {
            return Err(ArchiveFault::Content(format!(
                "expected an extended header of at most {MAX_EXTENDED} bytes, got {}",
                header.size
            )));
        }
        let content = self.bytes.take(header.size)?;
        let padding = header.size.next_multiple_of(BLOCK as u64) - header.size;
        self.bytes.skip(padding)?;
        Ok(content)
    }
}

const TWICE: &str = "two extended headers or long names of one kind stand before one entry";

const NO_END: &str = "the archive is cut off: it does not end with two blocks of zeros";

/// The entry of `header` and of what stands before it.
fn entry(header: &Header, before: Before, at: u64) -> Result<ArchiveEntry, String> {
    let records = before.records.unwrap_or_default();
    let name = match (records.path, before.long_name) {
        (Some(path), Some(name)) if path != name => {
            return Err(format!(
                "an entry has two names, {:?} and {:?}",
                String::from_utf8_lossy(&path),
                String::from_utf8_lossy(&name)
            ));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => header.name.clone(),
    };
    let name = checked(name)?;
    let size = records.size.unwrap_or(header.size);
    // A size beyond 8 GiB has no place in a header of POSIX.
    let stands_in = size >= OCTAL_END && (header.size == 0 || header.size == OCTAL_END - 1);
    if size != header.size && !stands_in {
        return Err(format!(
            "the entry {name:?} has two sizes, {size} and {} bytes",
            header.size
        ));
    }
    if header.kind == Kind::Directory && size != 0 {
        return Err(format!(
            "the directory {name:?} claims {size} bytes of content"
        ));
    }
    Ok(ArchiveEntry { name, size, at })
}

/// A name that leads to no place outside.
fn checked(name: Vec<u8>) -> Result<String, String> {
    let name = String::from_utf8(name).map_err(|error| {
        let shown = String::from_utf8_lossy(error.as_bytes());
        format!("expected names in UTF-8, got {shown:?}")
    })?;
    if name.contains('\0') {
        return Err(format!("expected names without zero bytes, got {name:?}"));
    }
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err(format!(
            "expected names below the archive's root, got {name:?}"
        ));
    }
    let mut rest = name.as_str();
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    Ok(rest.to_owned())
}
