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

use super::chunk::Chunk;
use super::levels::Nesting;
use super::writer::Writer;
use super::{delta, levels};
use crate::error::name_in_quotes;

/// Decompressed pages whose counts have been checked.
pub(super) struct Pages {
    inner: SerializedPageReader<Chunk>,
    column: ColumnDescPtr,
    /// What the levels of the pages before say of the lists it is in.
    nesting: Nesting,
    has_dictionary: bool,
    /// Values that are still to come, where the chunk's length is not known.
    left: Option<u64>,
}

impl Pages {
    pub(super) fn new(
        chunk: Chunk,
        column: &ColumnChunkMetaData,
        n_rows: usize,
        nesting: Nesting,
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
            nesting,
            has_dictionary: false,
            left: left.map(|left| u64::try_from(left).unwrap_or(0)),
        })
    }

    /// Refuses a page that cannot be what its column has.
    fn check(&mut self, page: &Page) -> Result<()> {
        if let Page::DictionaryPage {
            buf, num_values, ..
        } = page
        {
            // Each value of a dictionary takes a byte at least.
            if *num_values as usize > buf.len() {
                return Err(lie("dictionary values", u64::from(*num_values)));
            }
            self.has_dictionary = true;
            return match self.len_plain(u64::from(*num_values)) {
                Some(len) => self.expect(len, buf.len(), u64::from(*num_values)),
                None => Ok(()),
            };
        }
        let values = self
            .values_start(page)
            .and_then(|start| page.buffer().get(start..))
            .ok_or_else(|| self.refused("a page has no room for its levels"))?;
        delta::check_counts(
            values,
            u64::from(page.num_values()),
            n_blocks(page.encoding()),
        )
        .map_err(|count| lie("values in a delta block", count))?;
        let n_values = self.n_values(page)?;
        self.check_values(page.encoding(), values, n_values)
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
            | Encoding::DELTA_BYTE_ARRAY => match delta::count(values) {
                Some(count) if count != n_values => {
                    let why = format!("a page has {count} values, and levels for {n_values}");
                    Err(self.refused(&why))
                }
                // A block cut short is an error of the decoder's own.
                _ if encoding == Encoding::DELTA_BINARY_PACKED => Ok(()),
                _ => delta::check_lengths(values, n_values, n_blocks(encoding))
                    .map_err(|why| self.refused(why)),
            },
            Encoding::PLAIN | Encoding::BYTE_STREAM_SPLIT => match self.len_plain(n_values) {
                Some(len) => self.expect(len, values.len(), n_values),
                None => Ok(()),
            },
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY if !self.has_dictionary => {
                Err(self.refused("a page refers to a dictionary, and none comes before it"))
            }
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

    /// How many values a data page has without its nulls, where its levels are
    /// those of a column like this.
    fn n_values(&mut self, page: &Page) -> Result<u64> {
        let n_levels = u64::from(page.num_values());
        let max = self.column.max_def_level();
        let levels = self.levels(page)?;
        if max == 0 {
            return Ok(n_levels);
        }
        let n_values =
            levels.and_then(|[_, definition]| levels::count_max(definition, max, n_levels));
        let n_values = n_values.ok_or_else(|| {
            let wanted = format!("a page without {n_levels} levels up to {max}");
            self.refused(&wanted)
        })?;
        match levels {
            Some(levels)
                if !self.nesting.is_flat() && !self.nesting.go_on(levels, max, n_levels) =>
            {
                Err(self.refused("a page goes on with a list that has no item there"))
            }
            _ => Ok(n_values),
        }
    }

    /// The levels of repetition and of definition in a data page.
    fn levels<'a>(&self, page: &'a Page) -> Result<Option<[&'a [u8]; 2]>> {
        let (max_rep, max) = (self.column.max_rep_level(), self.column.max_def_level());
        Ok(match page {
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
                let is_flat = max_rep == 0;
                if (max == 0 && *num_nulls > 0) || (is_flat && num_rows != num_values) {
                    return Err(self.refused("a page has levels that the schema has not"));
                }
                buf.split_at_checked(*rep_levels_byte_len as usize)
                    .and_then(|(repetition, rest)| {
                        Some([repetition, rest.get(..*def_levels_byte_len as usize)?])
                    })
            }
            Page::DataPage {
                buf,
                def_level_encoding,
                rep_level_encoding,
                num_values,
                ..
            } => {
                let encodings = [(max_rep, *rep_level_encoding), (max, *def_level_encoding)];
                if encodings
                    .iter()
                    .any(|(max, encoding)| *max > 0 && *encoding != Encoding::RLE)
                {
                    // The decoder reads them in another order than they have.
                    let why = "the levels of a page are packed as they were before Parquet 1.0, \
                               which is not supported";
                    return Err(self.refused(why));
                }
                let range = |start: usize, max, encoding| {
                    let end =
                        start.checked_add(level_len(buf, start, max, encoding, *num_values)?)?;
                    let levels = buf.get(start..end)?;
                    // Their length comes first, where there are any.
                    Some((levels.get(4..).unwrap_or(levels), end))
                };
                range(0, max_rep, *rep_level_encoding).and_then(|(repetition, end)| {
                    Some([repetition, range(end, max, *def_level_encoding)?.0])
                })
            }
            Page::DictionaryPage { .. } => None,
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

/// Delta blocks of lengths at the start of values of this encoding.
fn n_blocks(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
        Encoding::DELTA_BYTE_ARRAY => 2,
        _ => 0,
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
