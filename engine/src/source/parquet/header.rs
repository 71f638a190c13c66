//! The few numbers in Parquet page headers and delta blocks by which the
//! decoder reserves memory, read by hand so that they can be checked first.
//!
//! Formats: thrift compact protocol for page headers, and
//! `DELTA_BINARY_PACKED` of the Parquet encodings document.

use parquet::basic::Compression;

use super::thrift::{Compact, Kind};
use super::writer::Writer;

/// More values than any page has; a delta block may state a count without
/// spending bytes on it.
const MAX_DELTA_VALUES: u64 = 1 << 26;

/// What a page header says of the bytes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHead {
    /// Bytes of the page, compressed.
    pub(super) len_bytes: u64,
    /// CRC-32 of them, where the writer has put one.
    pub(super) crc: Option<u32>,
    /// Where the header says that the page is not compressed, if it does.
    pub(super) stored: Option<usize>,
}

/// Checks the sizes that the page header at the start of `bytes` states.
///
/// Snappy and LZ4 pages are decoded into memory that is written beforehand;
/// the size stated must be one that their format can reach.
pub(super) fn check(
    bytes: &[u8],
    compression: Compression,
    writer: Writer,
) -> Result<PageHead, String> {
    let mut fields = Compact { bytes };
    let sizes = fields
        .expect_int(1)
        .and_then(|()| fields.int_field())
        .zip(fields.int_field());
    let Some((uncompressed, compressed)) = sizes else {
        return Err("a page header does not begin with type and sizes".to_owned());
    };
    let expansion = match compression {
        Compression::SNAPPY => 64,
        Compression::LZ4 | Compression::LZ4_RAW => 256,
        _ => u64::MAX,
    };
    if uncompressed > compressed.saturating_mul(expansion).saturating_add(64) {
        return Err(format!(
            "a page states {uncompressed} bytes, more than its {compressed} compressed bytes can hold"
        ));
    }
    let crc = fields.checksum();
    let stored = stored(bytes);
    let is_stored =
        compression == Compression::UNCOMPRESSED || (stored.is_some() && !writer.always_compresses);
    if is_stored && uncompressed != compressed {
        return Err(format!(
            "a page that is not compressed states {uncompressed} bytes, and {compressed} in the file"
        ));
    }
    Ok(PageHead {
        len_bytes: compressed,
        crc,
        stored,
    })
}

/// Where the header of a page of version 2 says `is_compressed = false`.
fn stored(bytes: &[u8]) -> Option<usize> {
    const HEADER_V2: i64 = 8;
    const IS_COMPRESSED: i64 = 7;
    let mut found = None;
    let mut fields = Compact { bytes };
    // Statistics behind it may go on beyond these bytes.
    let _ = fields.fields(|fields, id, kind| {
        if (id, kind) != (HEADER_V2, Kind::STRUCT) {
            return Some(false);
        }
        fields.fields(|fields, id, kind| {
            if (id, kind) == (IS_COMPRESSED, Kind::FALSE) {
                found = (bytes.len() - fields.bytes.len()).checked_sub(1);
            }
            Some(false)
        })?;
        Some(true)
    });
    found.filter(|at| bytes.get(*at) == Some(&STORED))
}

/// The field `is_compressed`, behind that before it, where it is false.
const STORED: u8 = 0x12;

/// The same where it is true.
pub(super) const COMPRESSED: u8 = 0x11;

/// Begins a field of type i32 that follows the field before it.
const NEXT_I32: u8 = 0x15;

/// Integers of a struct whose fields come in order.
impl Compact<'_> {
    /// The next field, which is an i32 that follows the field before it.
    fn int_field(&mut self) -> Option<u64> {
        if self.byte()? != NEXT_I32 {
            return None;
        }
        let zigzag = self.varint()?;
        // Sizes are not negative, so the lowest bit is not set.
        (zigzag & 1 == 0).then_some(zigzag >> 1)
    }

    /// The 32 bits of the next field, if it is the one that follows.
    fn checksum(&mut self) -> Option<u32> {
        if self.byte()? != NEXT_I32 {
            return None;
        }
        let zigzag = u32::try_from(self.varint()?).ok()?;
        Some((zigzag >> 1) ^ (zigzag & 1).wrapping_neg())
    }

    /// Reads over the first `n` fields.
    fn expect_int(&mut self, n: usize) -> Option<()> {
        (0..n).try_for_each(|_| self.int_field().map(|_| ()))
    }
}

/// Checks the counts in the delta blocks of lengths at the start of `bytes`,
/// of a page with `n_values` values: one block, or two where values share
/// prefixes. The count that lies comes back.
pub(super) fn check_delta(bytes: &[u8], n_values: u64, n_blocks: u8) -> Result<(), u64> {
    let limit = n_values.min(MAX_DELTA_VALUES);
    let mut rest = bytes;
    for _ in 0..n_blocks {
        // A block cut short is an error of the decoder's own.
        let Some(block) = DeltaBlock::parse(rest) else {
            return Ok(());
        };
        if block.n_values > limit {
            return Err(block.n_values);
        }
        match block.skip() {
            Some(after) => rest = after,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// How many values the delta block at the start of `bytes` states.
pub(super) fn delta_count(bytes: &[u8]) -> Option<u64> {
    DeltaBlock::parse(bytes).map(|block| block.n_values)
}

struct DeltaBlock<'a> {
    block_size: u64,
    mini_blocks: u64,
    n_values: u64,
    body: Compact<'a>,
}

impl<'a> DeltaBlock<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut body = Compact { bytes };
        let block_size = body.varint()?;
        let mini_blocks = body.varint()?;
        let n_values = body.varint()?;
        let _first_value = body.varint()?;
        Some(Self {
            block_size,
            mini_blocks,
            n_values,
            body,
        })
    }

    /// What follows the block.
    fn skip(mut self) -> Option<&'a [u8]> {
        let per_mini_block = self.block_size.checked_div(self.mini_blocks)?;
        let mut left = self.n_values.saturating_sub(1);
        while left > 0 {
            let _min_delta = self.body.varint()?;
            let n_widths = usize::try_from(self.mini_blocks).ok()?;
            let (widths, rest) = self.body.bytes.split_at_checked(n_widths)?;
            let before = left;
            let mut len = 0_u64;
            for width in widths {
                // The widths of mini blocks without values mean nothing.
                let bits = u64::from(*width) * u64::from(left > 0);
                len = len.checked_add(bits.checked_mul(per_mini_block)? / 8)?;
                left = left.saturating_sub(per_mini_block);
            }
            // A block without room for values would never end.
            if left == before {
                return None;
            }
            self.body.bytes = rest.get(usize::try_from(len).ok()?..)?;
        }
        Some(self.body.bytes)
    }
}

#[cfg(test)]
mod tests {
    use parquet::basic::{BrotliLevel, ZstdLevel};

    use super::*;

    fn any() -> Writer {
        Writer::named("")
    }

    /// A page header of type 0 with these sizes, in compact thrift.
    fn header(uncompressed: u32, compressed: u32) -> Vec<u8> {
        let mut bytes = vec![0x15, 0];
        for size in [uncompressed, compressed] {
            bytes.push(0x15);
            varint(&mut bytes, u64::from(size) << 1);
        }
        bytes
    }

    fn varint(bytes: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push((value & 0x7f) as u8);
    }

    #[test]
    fn a_page_cannot_state_more_than_its_codec_reaches() {
        assert!(check(&header(1000, 100), Compression::SNAPPY, any()).is_ok());
        assert!(check(&header(2_000_000_000, 100), Compression::SNAPPY, any()).is_err());
        assert!(check(&header(2_000_000_000, 100), Compression::LZ4_RAW, any()).is_err());
        assert!(
            check(
                &header(2_000_000_000, 100),
                Compression::BROTLI(BrotliLevel::default()),
                any()
            )
            .is_ok()
        );
        assert!(check(&header(1000, 100), Compression::UNCOMPRESSED, any()).is_err());
        assert!(check(b"", Compression::UNCOMPRESSED, any()).is_err());
        assert!(check(b"\x15\x00\x15\x01", Compression::UNCOMPRESSED, any()).is_err());
    }

    #[test]
    fn a_checksum_is_read_where_there_is_one() {
        for crc in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xdead_beef, u32::MAX] {
            let mut bytes = header(1000, 100);
            bytes.push(NEXT_I32);
            let signed = crc.cast_signed();
            varint(
                &mut bytes,
                u64::from(((signed << 1) ^ (signed >> 31)).cast_unsigned()),
            );
            let head = check(&bytes, Compression::ZSTD(ZstdLevel::default()), any()).unwrap();
            assert_eq!((head.len_bytes, head.crc), (100, Some(crc)));
        }
        let mut bytes = header(1000, 100);
        bytes.extend([0x2c, 0x15, 0x02]);
        let head = check(&bytes, Compression::ZSTD(ZstdLevel::default()), any()).unwrap();
        assert_eq!(head.crc, None, "a data page header comes next");
    }

    #[test]
    fn delta_blocks_are_walked_and_their_counts_checked() {
        // 128 values a block, 4 mini blocks, 33 values: 32 deltas of 2 bits.
        let mut block = Vec::new();
        for value in [128, 4, 33, 0, 0] {
            varint(&mut block, value);
        }
        block.extend([2, 9, 9, 9]);
        block.extend([0; 8]);
        let mut two = block.clone();
        for value in [128, 4, 1 << 40, 0] {
            varint(&mut two, value);
        }
        assert_eq!(check_delta(&block, 33, 1), Ok(()));
        assert_eq!(check_delta(&block, 32, 1), Err(33));
        assert_eq!(check_delta(&two, 33, 1), Ok(()));
        assert_eq!(check_delta(&two, 33, 2), Err(1 << 40));
        assert_eq!(check_delta(&[], 33, 2), Ok(()));
    }
}
