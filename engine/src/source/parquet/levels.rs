//! Runs of levels and of dictionary indices, walked to see how many there are.
//!
//! Format: the hybrid of run lengths and bit packing of the Parquet encodings
//! document. Nothing is allocated; a run takes a byte at least, so a walk ends
//! with its bytes.

use super::thrift::Compact;

/// Bits that numbers up to `max` take.
pub(super) fn width_of(max: i16) -> u32 {
    16 - max.max(0).unsigned_abs().leading_zeros()
}

/// How many of the first `n` levels are `max`, or `None` if `bytes` end before
/// or one is beyond.
pub(super) fn count_max(bytes: &[u8], max: i16, n: u64) -> Option<u64> {
    let width = width_of(max);
    let max = u64::from(max.max(0).unsigned_abs());
    let (mut n_max, mut is_beyond) = (0, false);
    walk(bytes, width, n, |run, n_items| match run {
        Run::Of(value) => {
            n_max += if value == max { n_items } else { 0 };
            is_beyond |= value > max && n_items > 0;
        }
        Run::Packed(packed) => {
            let (found, beyond) = count_packed(packed, width, max, n_items);
            n_max += found;
            is_beyond |= beyond;
        }
    })?;
    (!is_beyond).then_some(n_max)
}

/// How many bytes `n` numbers of `width` bits take at the start of `bytes`, or
/// `None` if those end before.
pub(super) fn len_of(bytes: &[u8], width: u32, n: u64) -> Option<usize> {
    walk(bytes, width, n, |_, _| ())
}

enum Run<'a> {
    /// The same number again and again.
    Of(u64),
    /// Numbers side by side, the lowest bit first.
    Packed(&'a [u8]),
}

/// Gives the runs of the first `n` numbers to `take`, with how many each has.
fn walk<'a>(
    bytes: &'a [u8],
    width: u32,
    n: u64,
    mut take: impl FnMut(Run<'a>, u64),
) -> Option<usize> {
    let mut rest = Compact { bytes };
    let mut left = n;
    while left > 0 {
        let head = rest.varint()?;
        let count = head >> 1;
        let (run, n_items) = if head & 1 == 0 {
            let (value, after) = rest.bytes.split_at_checked(width.div_ceil(8) as usize)?;
            rest.bytes = after;
            let value = value
                .iter()
                .rev()
                .fold(0, |value, byte| value << 8 | u64::from(*byte));
            (Run::Of(value), count)
        } else {
            // Groups of eight; of the last run, only as many as there are.
            let len = count.checked_mul(u64::from(width))?;
            let len = usize::try_from(len).ok()?;
            let n_items = count.checked_mul(8)?;
            let (packed, after) = rest.bytes.split_at_checked(len)?;
            rest.bytes = after;
            (Run::Packed(packed), n_items)
        };
        let n_items = n_items.min(left);
        take(run, n_items);
        left -= n_items;
    }
    Some(bytes.len() - rest.bytes.len())
}

/// How many are `max`, and whether one is beyond.
fn count_packed(packed: &[u8], width: u32, max: u64, n: u64) -> (u64, bool) {
    if width == 1 {
        let whole = usize::try_from(n / 8).unwrap_or(usize::MAX);
        let (whole, last) = packed.split_at(whole.min(packed.len()));
        let ones: u64 = whole.iter().map(|byte| u64::from(byte.count_ones())).sum();
        let mask = (1_u8 << (n % 8)) - 1;
        let last = last.first().map_or(0, |byte| (byte & mask).count_ones());
        return (ones + u64::from(last), false);
    }
    let (mut bits, mut n_bits) = (0_u64, 0);
    let mut bytes = packed.iter();
    let mask = (1_u64 << width) - 1;
    let (mut n_max, mut is_beyond) = (0, false);
    for _ in 0..n {
        while n_bits < width {
            bits |= u64::from(bytes.next().copied().unwrap_or(0)) << n_bits;
            n_bits += 8;
        }
        n_max += u64::from(bits & mask == max);
        is_beyond |= bits & mask > max;
        bits >>= width;
        n_bits -= width;
    }
    (n_max, is_beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_in_runs_and_in_groups() {
        // Five of 1, then eight packed, of which three are looked at.
        let bytes = [10, 1, 3, 0b0000_0101];
        assert_eq!(count_max(&bytes, 1, 5), Some(5));
        assert_eq!(count_max(&bytes, 1, 8), Some(7));
        assert_eq!(count_max(&bytes, 1, 13), Some(7));
        assert_eq!(count_max(&bytes, 1, 14), None);
        // Two bits each: 3, 0, 3, 2, 0, 0, 0, 0.
        let bytes = [3, 0b1011_0011, 0];
        assert_eq!(count_max(&bytes, 3, 8), Some(2));
        assert_eq!(count_max(&bytes, 3, 2), Some(1));
        assert_eq!(count_max(&bytes[..2], 3, 8), None);
        assert_eq!(count_max(&[], 3, 0), Some(0));
        // None is beyond what the schema has.
        assert_eq!(count_max(&bytes, 2, 8), None);
        assert_eq!(count_max(&[6, 3], 2, 3), None);
    }

    #[test]
    fn runs_have_a_length_whatever_they_claim() {
        assert_eq!(len_of(&[20, 7, 99], 3, 10), Some(2));
        assert_eq!(len_of(&[20, 7], 3, 11), None);
        assert_eq!(len_of(&[20, 7, 0], 9, 10), Some(3));
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(len_of(&huge, 8, 10), None);
        // Numbers without bits take none.
        assert_eq!(len_of(&[20], 0, 10), Some(1));
    }
}
