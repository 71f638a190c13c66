//! Bytes that are to be text.

use std::fmt;

use arrow::array::OffsetSizeTrait;

/// Where bytes stop being UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidUtf8 {
    /// Offset of the first bad byte.
    pub at: usize,
    /// That byte.
    pub byte: u8,
}

impl fmt::Display for InvalidUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, byte } = self;
        write!(f, "expected UTF-8, got byte 0x{byte:02x} at {at}")
    }
}

/// The text of `bytes`.
///
/// # Errors
/// The first byte that is not UTF-8.
pub fn utf8(bytes: &[u8]) -> Result<&str, InvalidUtf8> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(text);
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        InvalidUtf8 {
            at,
            byte: bytes.get(at).copied().unwrap_or_default(),
        }
    })
}

/// Whether values, which `offsets` cut out of bytes, are texts: what is cut is
/// there and UTF-8, and the cuts are between characters, in order.
#[must_use]
pub fn are_texts<O: OffsetSizeTrait>(offsets: &[O], values: &[u8]) -> bool {
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return false;
    };
    let span = first.as_usize()..last.as_usize();
    let Some(Ok(text)) = values.get(span.clone()).map(utf8) else {
        return false;
    };
    let is_between = |offset: &O| {
        let at = offset.as_usize().checked_sub(span.start);
        at.is_some_and(|at| text.is_char_boundary(at))
    };
    offsets.is_sorted() && offsets.iter().all(is_between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_byte_is_named() {
        assert_eq!(utf8("aé漢".as_bytes()), Ok("aé漢"));
        let long = [b"x".repeat(100), vec![0xc3, 0x28]].concat();
        let error = InvalidUtf8 {
            at: 100,
            byte: 0xc3,
        };
        assert_eq!(utf8(&long), Err(error));
        assert_eq!(utf8(b"\xff"), Err(InvalidUtf8 { at: 0, byte: 0xff }));
        assert_eq!(utf8(b""), Ok(""));
    }

    #[test]
    fn values_are_texts_or_not() {
        let text = "aé漢".as_bytes();
        for offsets in [&[0, 1, 3, 3, 6][..], &[1, 3], &[6], &[0, 0]] {
            assert!(are_texts(offsets, text), "{offsets:?}");
            let wide: Vec<i64> = offsets.iter().map(|&at| at.into()).collect();
            assert!(are_texts(&wide, text), "{offsets:?}");
        }
        assert!(are_texts(&[2, 3], b"\xff\xffa\xff"));
        for (offsets, values) in [
            (&[0, 2, 6][..], text),
            (&[0, 3, 1, 6], text),
            (&[0, 7], text),
            (&[-1, 3], text),
            (&[3, 0], text),
            (&[], text),
            (&[0, 1, 3], b"a\xffb"),
        ] {
            assert!(!are_texts(offsets, values), "{offsets:?}");
        }
    }
}
