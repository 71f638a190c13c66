//! The pages of a column chunk, decompressed, and checked against what the
//! schema says of their column before they are decoded.
//!
//! The decoder takes as many bytes as it needs and passes over the rest, so a
//! page of another type, or of another depth, would give other values without
//! a word.

use std::sync::Arc;

use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{Length, SerializedPageReader};
use parquet::schema::types::ColumnDescPtr;

use super::guard::Chunk;
use super::writer::Writer;
use super::{header, levels};
use crate::error::name_in_quotes;

/// Decompressed pages whose counts have been checked.
pub(super) struct Pages {
    inner: SerializedPageReader<Chunk>,
    column: ColumnDescPtr,
    /// Values that are still to come, where the chunk's length is not known.
    left: Option<u64>,
}

impl Pages {
    pub(super) fn new(
        chunk: Chunk,
        column: &ColumnChunkMetaData,
        n_rows: usize,
        writer: Writer,
    ) -> Result<Self> {
        let properties = ReaderProperties::builder()
            .set_read_page_statistics(false)
            .build();
        let mended = writer.mend(column, chunk.len())?;
        let inner = SerializedPageReader::new_with_properties(
            Arc::new(chunk),
            mended.as_ref().unwrap_or(column),
            n_rows,
            None,
            Arc::new(properties),
        )?;
        let left = writer.has_short_chunks.then_some(column.num_values());
        Ok(Self {
            inner,
            column: column.column_descr_ptr(),
            left: left.map(|left| u64::try_from(left).unwrap_or(0)),
        })
    }

    /// Refuses a page that cannot be what its column has.
    fn check(&self, page: &Page) -> Result<()> {
        if let Page::DictionaryPage {
            buf, num_values, ..
        } = page
        {
            // Each value of a dictionary takes a byte at least.
            if *num_values as usize > buf.len() {
                return Err(lie("dictionary values", u64::from(*num_values)));
            }
            return match self.len_plain(u64::from(*num_values)) {
                Some(len) => self.expect(len, buf.len(), u64::from(*num_values)),
                None => Ok(()),
            };
        }
        let values = self
            .values_start(page)
            .and_then(|start| page.buffer().get(start..))
            .ok_or_else(|| self.refused("a page has no room for its levels"))?;
        let n_blocks = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => 0,
        };
        header::check_delta(values, u64::from(page.num_values()), n_blocks)
            .map_err(|count| lie("values in a delta block", count))?;
        match self.n_values(page)? {
            Some(n_values) => self.check_values(page.encoding(), values, n_values),
            None => Ok(()),
        }
    }

    /// Refuses values of other length than `n_values` take.
    fn check_values(&self, encoding: Encoding, values: &[u8], n_values: u64) -> Result<()> {
        let is_boolean = self.column.physical_type() == Type::BOOLEAN;
        let runs = |bytes: &[u8], width: u32| match levels::len_of(bytes, width, n_values) {
            Some(len) => self.expect(len as u64, bytes.len(), n_values),
            None => Err(self.refused(&format!("a page ends before its {n_values} values"))),
        };
        match encoding {
            Encoding::PLAIN if self.column.physical_type() == Type::BYTE_ARRAY => {
                match len_strings(values, n_values) {
                    Some(len) => self.expect(len as u64, values.len(), n_values),
                    None => Err(self.refused(&format!("a page ends before its {n_values} values"))),
                }
            }
            Encoding::DELTA_BINARY_PACKED
            | Encoding::DELTA_LENGTH_BYTE_ARRAY
            | Encoding::DELTA_BYTE_ARRAY => match header::delta_count(values) {
                Some(count) if count != n_values => {
                    let why = format!("a page has {count} values, and levels for {n_values}");
                    Err(self.refused(&why))
                }
                // A block cut short is an error of the decoder's own.
                _ => Ok(()),
            },
            Encoding::PLAIN | Encoding::BYTE_STREAM_SPLIT => match self.len_plain(n_values) {
                Some(len) => self.expect(len, values.len(), n_values),
                None => Ok(()),
            },
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => match values.split_first() {
                Some((width, indices)) => runs(indices, u32::from(*width)),
                None => self.expect(u64::from(n_values > 0), 0, n_values),
            },
            Encoding::RLE if is_boolean => match values.split_first_chunk::<4>() {
                Some((_, values)) => runs(values, 1),
                None => self.expect(4 * u64::from(n_values > 0), values.len(), n_values),
            },
            _ => Ok(()),
        }
    }

    /// Bytes of `n` values as they are, where every value has as many.
    fn len_plain(&self, n: u64) -> Option<u64> {
        let width = match self.column.physical_type() {
            Type::BOOLEAN => return Some(n.div_ceil(8)),
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => u64::from(self.column.type_length().unsigned_abs()),
            Type::BYTE_ARRAY => return None,
        };
        n.checked_mul(width)
    }

    fn expect(&self, wanted: u64, found: usize, n_values: u64) -> Result<()> {
        if wanted == found as u64 {
            return Ok(());
        }
        let of_type = self.column.physical_type();
        Err(self.refused(&format!(
            "a page with {n_values} values of {of_type}: expected {wanted} bytes, got {found}"
        )))
    }

    fn refused(&self, why: &str) -> ParquetError {
        let column = name_in_quotes(&self.column.path().string());
        ParquetError::General(format!("column {column}: {why}"))
    }

    /// The values of a data page without its nulls, where they can be counted.
    fn n_values(&self, page: &Page) -> Result<Option<u64>> {
        let n_levels = u64::from(page.num_values());
        let max = self.column.max_def_level();
        let definitions = match page {
            Page::DataPageV2 {
                buf,
                num_values,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                // Some writers put levels there of columns that need none.
                let is_flat = self.column.max_rep_level() == 0;
                if (max == 0 && *num_nulls > 0) || (is_flat && num_rows != num_values) {
                    return Err(self.refused("a page has levels that the schema has not"));
                }
                let start = *rep_levels_byte_len as usize;
                buf.get(start..start + *def_levels_byte_len as usize)
            }
            Page::DataPage {
                buf,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding,
                ..
            } => {
                let max_rep = self.column.max_rep_level();
                let n = page.num_values();
                let start = level_len(buf, 0, max_rep, *rep_level_encoding, n);
                let end = start.and_then(|start| {
                    start.checked_add(level_len(buf, start, max, Encoding::RLE, n)?)
                });
                let levels = start.zip(end).and_then(|(start, end)| buf.get(start..end));
                levels.and_then(|levels| levels.get(4..))
            }
            // Of a form that nobody writes any more.
            _ => return Ok(None),
        };
        if max == 0 {
            return Ok(Some(n_levels));
        }
        let n_values = definitions.and_then(|levels| levels::count_max(levels, max, n_levels));
        n_values.map(Some).ok_or_else(|| {
            let wanted = format!("a page without {n_levels} levels up to {max}");
            self.refused(&wanted)
        })
    }

    /// Where the values of a data page begin, behind its levels.
    fn values_start(&self, page: &Page) -> Option<usize> {
        let (def_encoding, rep_encoding) = match page {
            Page::DataPage {
                def_level_encoding,
                rep_level_encoding,
                ..
            } => (*def_level_encoding, *rep_level_encoding),
            Page::DataPageV2 {
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => return Some(*def_levels_byte_len as usize + *rep_levels_byte_len as usize),
            Page::DictionaryPage { .. } => return Some(0),
        };
        let levels = [
            (self.column.max_rep_level(), rep_encoding),
            (self.column.max_def_level(), def_encoding),
        ];
        levels
            .into_iter()
            .try_fold(0_usize, |start, (max, encoding)| {
                start.checked_add(level_len(
                    page.buffer(),
                    start,
                    max,
                    encoding,
                    page.num_values(),
                )?)
            })
    }
}

/// Bytes of `n` values with their lengths before them.
fn len_strings(bytes: &[u8], n: u64) -> Option<usize> {
    let mut rest = bytes;
    for _ in 0..n {
        let (len, after) = rest.split_first_chunk::<4>()?;
        rest = after.get(u32::from_le_bytes(*len) as usize..)?;
    }
    Some(bytes.len() - rest.len())
}

/// Bytes of the `n` levels up to `max` that begin at `start`.
fn level_len(buf: &[u8], start: usize, max: i16, encoding: Encoding, n: u32) -> Option<usize> {
    if max <= 0 {
        return Some(0);
    }
    if encoding == Encoding::RLE {
        let stated = buf.get(start..)?.first_chunk::<4>()?;
        return (u32::from_le_bytes(*stated) as usize).checked_add(4);
    }
    Some((n as usize * levels::width_of(max) as usize).div_ceil(8))
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let page = self.inner.get_next_page()?;
        if let Some(page) = &page {
            self.check(page)?;
            if page.is_data_page() {
                let n_values = u64::from(page.num_values());
                self.left = self.left.map(|left| left.saturating_sub(n_values));
            }
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        if self.left == Some(0) {
            return Ok(None);
        }
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.inner.skip_next_page()
    }
}

fn lie(what: &str, count: u64) -> ParquetError {
    ParquetError::General(format!(
        "a page states {count} {what}, more than it can hold"
    ))
}
