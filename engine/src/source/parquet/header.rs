//! The few numbers in Parquet page headers by which the decoder reserves
//! memory, read by hand so that they can be checked first.

use parquet::basic::Compression;

use super::thrift::{Compact, FieldKind};
use super::writer::Writer;

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
        return Err(
            "no page header is where a page begins: the data are damaged, or encrypted".to_owned(),
        );
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
        if (id, kind) != (HEADER_V2, FieldKind::STRUCT) {
            return Some(false);
        }
        fields.fields(|fields, id, kind| {
            if (id, kind) == (IS_COMPRESSED, FieldKind::FALSE) {
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
}
