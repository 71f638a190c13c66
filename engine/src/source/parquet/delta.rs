//! Delta blocks of a page, walked before the decoder believes what they state.
//!
//! Formats: `DELTA_BINARY_PACKED`, `DELTA_LENGTH_BYTE_ARRAY` and
//! `DELTA_BYTE_ARRAY` of the Parquet encodings document. Nothing is allocated.

use super::thrift::Compact;

/// More values than any page has; a delta block may state a count without
/// spending bytes on it.
const MAX_VALUES: u64 = 1 << 26;

/// Checks the counts in the delta blocks of lengths at the start of `bytes`,
/// of a page with `n_values` values: one block, or two where values share
/// prefixes. The count that lies comes back.
pub(super) fn check_counts(bytes: &[u8], n_values: u64, n_blocks: u8) -> Result<(), u64> {
    let limit = n_values.min(MAX_VALUES);
    let mut rest = bytes;
    for _ in 0..n_blocks {
        // A block cut short is an error of the decoder's own.
        let Some(block) = Block::parse(rest) else {
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
pub(super) fn count(bytes: &[u8]) -> Option<u64> {
    Block::parse(bytes).map(|block| block.n_values)
}

/// Checks the lengths of `n_values` strings that `bytes` hold: one block, or
/// two where the prefixes that they share with the string before come first.
///
/// The decoder takes a prefix that is too long for all of the string before,
/// and reads on.
pub(super) fn check_lengths(bytes: &[u8], n_values: u64, n_blocks: u8) -> Result<(), &'static str> {
    const CUT: &str = "a page ends within the lengths of its values";
    let mut rest = bytes;
    let mut prefixes = None;
    if n_blocks == 2 {
        let block = Block::parse(rest).ok_or(CUT)?;
        prefixes = Some(Values::new(block.clone()));
        rest = block.skip().ok_or(CUT)?;
    }
    let block = Block::parse(rest).ok_or(CUT)?;
    let mut lengths = Values::new(block.clone());
    let rest = block.skip().ok_or(CUT)?;
    let mut left = rest.len() as u64;
    let mut len_before = 0;
    for _ in 0..n_values {
        let prefix = match &mut prefixes {
            Some(prefixes) => prefixes.next().ok_or(CUT)?,
            None => 0,
        };
        let prefix = u64::try_from(prefix)
            .ok()
            .filter(|prefix| *prefix <= len_before)
            .ok_or("a value shares more bytes with the one before than that has")?;
        let len = u64::try_from(lengths.next().ok_or(CUT)?)
            .ok()
            .filter(|len| *len <= left)
            .ok_or("the values of a page are longer than it")?;
        left -= len;
        len_before = prefix + len;
    }
    if left == 0 {
        Ok(())
    } else {
        Err("the values of a page are shorter than it")
    }
}

#[derive(Clone)]
struct Block<'a> {
    size: u64,
    mini_blocks: u64,
    n_values: u64,
    first: i64,
    body: Compact<'a>,
}

impl<'a> Block<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut body = Compact { bytes };
        let size = body.varint()?;
        let mini_blocks = body.varint()?;
        let n_values = body.varint()?;
        let first = body.int()?;
        Some(Self {
            size,
            mini_blocks,
            n_values,
            first,
            body,
        })
    }

    /// What follows the block.
    fn skip(mut self) -> Option<&'a [u8]> {
        let per_mini_block = self.size.checked_div(self.mini_blocks)?;
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

/// The 32-bit numbers of a block, until they end or break off.
struct Values<'a> {
    per_mini_block: u64,
    n_widths: usize,
    body: Compact<'a>,
    /// Numbers that are still to come.
    left: u64,
    /// The number that comes next, if it is known already.
    first: Option<i64>,
    last: i64,
    min_delta: i64,
    /// Of the mini blocks that are still to come.
    widths: &'a [u8],
    packed: Packed<'a>,
}

/// Numbers of `width` bits side by side, the lowest bit first.
#[derive(Default)]
struct Packed<'a> {
    bytes: &'a [u8],
    width: u32,
    left: u64,
    bits: u128,
    n_bits: u32,
}

impl Packed<'_> {
    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        while self.n_bits < self.width {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            self.bits |= u128::from(*byte) << self.n_bits;
            self.n_bits += 8;
        }
        let mask = (1_u128 << self.width) - 1;
        let number = u64::try_from(self.bits & mask).ok()?;
        self.bits >>= self.width;
        self.n_bits -= self.width;
        Some(number)
    }
}

impl<'a> Values<'a> {
    fn new(block: Block<'a>) -> Self {
        let per_mini_block = block.size.checked_div(block.mini_blocks);
        Self {
            per_mini_block: per_mini_block.unwrap_or(0),
            n_widths: usize::try_from(block.mini_blocks).unwrap_or(usize::MAX),
            body: block.body,
            left: block.n_values,
            first: Some(block.first),
            last: 0,
            min_delta: 0,
            widths: &[],
            packed: Packed::default(),
        }
    }

    /// Goes on to the next mini block.
    fn next_mini_block(&mut self) -> Option<()> {
        if self.widths.is_empty() {
            self.min_delta = self.body.int()?;
            let (widths, rest) = self.body.bytes.split_at_checked(self.n_widths)?;
            (self.widths, self.body.bytes) = (widths, rest);
        }
        let (width, widths) = self.widths.split_first()?;
        self.widths = widths;
        let width = u32::from(*width);
        let len = u64::from(width).checked_mul(self.per_mini_block)? / 8;
        let (bytes, rest) = self
            .body
            .bytes
            .split_at_checked(usize::try_from(len).ok()?)?;
        self.body.bytes = rest;
        self.packed = Packed {
            bytes,
            width: (width <= 64).then_some(width)?,
            left: self.per_mini_block,
            ..Packed::default()
        };
        (self.per_mini_block > 0).then_some(())
    }
}

impl Iterator for Values<'_> {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        self.left = self.left.checked_sub(1)?;
        if let Some(first) = self.first.take() {
            self.last = first;
        } else {
            if self.packed.left == 0 {
                self.next_mini_block()?;
            }
            let delta = self.packed.next()?.cast_signed();
            let delta = delta.wrapping_add(self.min_delta);
            self.last = self.last.wrapping_add(delta);
        }
        // The decoder reckons with 32 bits.
        #[expect(clippy::cast_possible_truncation, reason = "as the decoder does")]
        Some(self.last as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(bytes: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push((value & 0x7f) as u8);
    }

    fn zigzag(bytes: &mut Vec<u8>, value: i64) {
        varint(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// A block of these numbers, in mini blocks of 32 of which four make one,
    /// each delta with 24 bits.
    fn block(numbers: &[i64]) -> Vec<u8> {
        const MIN_DELTA: i64 = -5000;
        let mut bytes = Vec::new();
        for value in [128, 4, numbers.len() as u64] {
            varint(&mut bytes, value);
        }
        zigzag(&mut bytes, numbers.first().copied().unwrap_or(0));
        let deltas: Vec<i64> = numbers.windows(2).map(|two| two[1] - two[0]).collect();
        for deltas in deltas.chunks(128) {
            zigzag(&mut bytes, MIN_DELTA);
            bytes.extend([24; 4]);
            let n = deltas.len().next_multiple_of(32);
            for at in 0..n {
                let delta = deltas.get(at).map_or(0, |delta| delta - MIN_DELTA);
                bytes.extend(&delta.to_le_bytes()[..3]);
            }
        }
        bytes
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
        assert_eq!(check_counts(&block, 33, 1), Ok(()));
        assert_eq!(check_counts(&block, 32, 1), Err(33));
        assert_eq!(check_counts(&two, 33, 1), Ok(()));
        assert_eq!(check_counts(&two, 33, 2), Err(1 << 40));
        assert_eq!(check_counts(&[], 33, 2), Ok(()));
    }

    #[test]
    fn numbers_come_as_they_were_written() {
        for n in [0, 1, 2, 32, 33, 128, 129, 130, 300] {
            let numbers: Vec<i64> = (0..n).map(|i| i * 37 % 1000 - 300).collect();
            let bytes = block(&numbers);
            let parsed = Block::parse(&bytes).unwrap();
            let values: Vec<i64> = Values::new(parsed.clone()).map(i64::from).collect();
            assert_eq!(values, numbers);
            assert!(parsed.skip().unwrap().is_empty());
        }
    }

    /// A page of strings with these prefixes and suffixes.
    fn page(prefixes: &[i64], lengths: &[i64], n_bytes: usize) -> Vec<u8> {
        let mut bytes = block(prefixes);
        bytes.extend(block(lengths));
        bytes.resize(bytes.len() + n_bytes, b'x');
        bytes
    }

    #[test]
    fn a_prefix_is_no_longer_than_the_string_before_it() {
        let check = |prefixes: &[i64], lengths: &[i64], n_bytes| {
            let bytes = page(prefixes, lengths, n_bytes);
            check_lengths(&bytes, prefixes.len() as u64, 2).is_ok()
        };
        assert!(check(&[0, 3, 4], &[3, 1, 0], 4));
        assert!(!check(&[0, 4, 4], &[3, 1, 0], 4), "beyond the one before");
        assert!(!check(&[1, 0, 0], &[3, 1, 0], 4), "nothing is before");
        assert!(!check(&[0, -1, 4], &[3, 1, 0], 4), "below 0");
        assert!(!check(&[0, 3, 4], &[3, 1, 0], 5), "bytes are left");
        assert!(!check(&[0, 3, 4], &[3, 1, 0], 3), "bytes are missing");
        assert!(!check(&[0, 3, 4], &[3, -1, 2], 4), "below 0");
        let many: Vec<i64> = (0..500).collect();
        assert!(check(&many, &vec![1; 500], 500));
        let mut one_off = many;
        one_off[400] += 1;
        assert!(!check(&one_off, &vec![1; 500], 500));
        let bytes = page(&[0, 3, 4], &[3, 1, 0], 4);
        assert!(check_lengths(&bytes[..bytes.len() - 5], 3, 2).is_err());
        assert!(check_lengths(&bytes, 4, 2).is_err());
        assert!(check_lengths(&[], 1, 1).is_err());
        let bytes = [block(&[3, 0, 1]), b"abcd".to_vec()].concat();
        assert!(check_lengths(&bytes, 3, 1).is_ok());
    }
}
