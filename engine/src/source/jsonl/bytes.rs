//! Finds the next byte of a string that is not plain text, many at a time.

/// Bytes looked at as one word.
const WORD: usize = 8;

/// Bytes looked at together where text is long; compilers make vectors of it.
const BLOCK: usize = 32;

/// The first byte of `bytes` at `from` or later that is `"`, `\` or a control
/// character; their length if there is none.
#[inline]
pub(super) fn next_special(bytes: &[u8], from: usize) -> usize {
    let mut at = from.min(bytes.len());
    // Most strings end within a few words.
    for _ in 0..BLOCK / WORD {
        match bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(word) => match specials(*word) {
                0 => at += WORD,
                found => return at + found.trailing_zeros() as usize / 8,
            },
            None => return next_one(bytes, at),
        }
    }
    next_in_blocks(bytes, at)
}

fn next_in_blocks(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        if block
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
        {
            break;
        }
        at += BLOCK;
    }
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match specials(*word) {
            0 => at += WORD,
            found => return at + found.trailing_zeros() as usize / 8,
        }
    }
    next_one(bytes, at)
}

fn next_one(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let found = rest.iter().position(|byte| is_special(*byte));
    found.map_or(bytes.len(), |found| from + found)
}

#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches, many are looked at together"
)]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The high bit of each special byte, and possibly of bytes behind one: only
/// the lowest is meant.
#[inline]
fn specials(word: [u8; WORD]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
    let word = u64::from_le_bytes(word);
    let quotes = below(word ^ (EACH * u64::from(b'"')), 1);
    let escapes = below(word ^ (EACH * u64::from(b'\\')), 1);
    (quotes | escapes | below(word, 0x20)) & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(byte: u8, at: usize, filler: u8) {
        const LEN: usize = 120;
        let mut bytes = vec![filler; LEN];
        bytes[at] = byte;
        let expected = if is_special(byte) { at } else { LEN };
        assert_eq!(next_special(&bytes, 0), expected, "{byte:#x} at {at}");
        assert_eq!(next_special(&bytes, at), expected, "{byte:#x} at {at}");
        assert_eq!(next_special(&bytes, at + 1), LEN, "{byte:#x} at {at}");
        let end = &bytes[..at.max(1)];
        assert_eq!(next_special(end, 1), end.len(), "{byte:#x} at {at}");
    }

    #[test]
    fn every_byte_is_told_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..120 {
                is_found(byte, at, b'x');
                is_found(byte, at, 0x20);
                is_found(byte, at, 0xff);
            }
        }
        assert_eq!(next_special(b"", 0), 0);
    }
}
