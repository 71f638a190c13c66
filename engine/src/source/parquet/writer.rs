//! What old writers put wrong, known by the name a file has of its writer.

use parquet::errors::Result;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// By how much a chunk may be longer than parquet-mr before 1.2.9 says
/// (PARQUET-816): the header of its dictionary page was not counted.
const PAD: u64 = 100;

/// What is to be expected of the writer of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Writer {
    /// Chunks are longer than the footer says.
    pub(super) has_short_chunks: bool,
    /// Pages are compressed whatever their headers say: those of version 2 by
    /// Arrow before 3.0 (ARROW-17100).
    pub(super) always_compresses: bool,
}

impl Writer {
    pub(super) fn of(metadata: &ParquetMetaData) -> Self {
        Self::named(metadata.file_metadata().created_by().unwrap_or_default())
    }

    /// The writer by the name that a file has.
    pub(super) fn named(created_by: &str) -> Self {
        Self {
            has_short_chunks: is_before(created_by, "parquet-mr", [1, 2, 9]),
            always_compresses: is_before(created_by, "parquet-cpp", [2, 0, 0]),
        }
    }

    /// The metadata of `column` with the bytes that it has in a file of
    /// `len_bytes`, where that says others.
    pub(super) fn mend(
        self,
        column: &ColumnChunkMetaData,
        len_bytes: u64,
    ) -> Result<Option<ColumnChunkMetaData>> {
        let stated = column.compressed_size();
        let pad = if self.has_short_chunks {
            let end = start(column).checked_add(stated);
            let end = end.and_then(|end| u64::try_from(end).ok());
            let behind = end.and_then(|end| len_bytes.checked_sub(end));
            behind.unwrap_or(0).min(PAD).cast_signed()
        } else {
            0
        };
        let dictionary = dictionary(column);
        if pad == 0 && dictionary == column.dictionary_page_offset() {
            return Ok(None);
        }
        let mended = column.clone().into_builder();
        mended
            .set_dictionary_page_offset(dictionary)
            .set_total_compressed_size(stated.saturating_add(pad))
            .build()
            .map(Some)
    }
}

/// Where the first page of a chunk begins.
pub(super) fn start(column: &ColumnChunkMetaData) -> i64 {
    dictionary(column).unwrap_or_else(|| column.data_page_offset())
}

/// Where the dictionary lies. Some writers say 0 if there is none, and none
/// puts it behind the data.
fn dictionary(column: &ColumnChunkMetaData) -> Option<i64> {
    let offset = column.dictionary_page_offset();
    offset.filter(|offset| *offset != 0 && *offset < column.data_page_offset())
}

/// Whether a writer is `application` before `version`; without a version it is
/// before any.
fn is_before(created_by: &str, application: &str, version: [u32; 3]) -> bool {
    let mut words = created_by.split_ascii_whitespace();
    if words.next() != Some(application) {
        return false;
    }
    let stated = words.nth(1).unwrap_or_default();
    let mut numbers = stated.split('.').map(|part| {
        let digits = part.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    });
    version
        .map(|_| 0_u32)
        .map(|none| numbers.next().unwrap_or(none))
        < version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_known_by_name_and_version() {
        let short = |name: &str| Writer::named(name).has_short_chunks;
        assert!(short("parquet-mr"));
        assert!(short("parquet-mr version 1.2.8 (build abc)"));
        assert!(!short("parquet-mr version 1.2.9"));
        assert!(!short("parquet-mr version 1.12.0-SNAPSHOT (build abc)"));
        assert!(!short("parquet-cpp version 1.0.0"));
        assert!(!short(""));
        let compresses = |name: &str| Writer::named(name).always_compresses;
        assert!(compresses("parquet-cpp version 1.5.1-SNAPSHOT"));
        assert!(!compresses("parquet-cpp-arrow version 3.0.0"));
        assert!(!compresses("parquet-mr version 1.0.0"));
    }
}
