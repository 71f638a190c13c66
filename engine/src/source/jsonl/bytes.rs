//! Finds the next byte of a string that is not plain text, and the end of a
//! run of digits, many at a time.

/// Bytes looked at as one word.
const WORD: usize = 8;

/// Bytes within which most strings end.
const FEW: usize = 4 * WORD;

/// Each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The first byte of `bytes` at `from` or later that is `"`, `\` or a control
/// character; their length if there is none.
pub(super) fn next_special(bytes: &[u8], from: usize) -> usize {
    let mut at = from.min(bytes.len());
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match specials(*word) {
            0 => at += WORD,
            found => return at + found.trailing_zeros() as usize / 8,
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| !is_special(**byte)).count()
}

/// How many bytes from `from` on are none of these, if that is few.
#[inline]
pub(super) fn few_plain(bytes: &[u8], from: usize) -> Option<usize> {
    let words: &[u8; FEW] = bytes.get(from..)?.first_chunk()?;
    let (words, _) = words.as_chunks();
    for (at, word) in words.iter().enumerate() {
        match specials(*word) {
            0 => {}
            found => return Some(at * WORD + found.trailing_zeros() as usize / 8),
        }
    }
    None
}

/// How many decimal digits stand at `from`.
#[inline]
pub(super) fn n_digits(bytes: &[u8], from: usize) -> usize {
    // Most numbers have fewer than a word.
    match bytes
        .get(from..)
        .and_then(<[u8]>::first_chunk)
        .map(|word| others(*word))
    {
        Some(found) if found != 0 => found.trailing_zeros() as usize / 8,
        _ => n_more_digits(bytes, from),
    }
}

#[inline(never)]
fn n_more_digits(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match others(*word) {
            0 => at += WORD,
            found => return at - from + found.trailing_zeros() as usize / 8,
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at - from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The number that the first `n` bytes of `word` write, digits all, at least
/// one.
///
/// Neighbours are joined, then pairs, then fours: Daniel Lemire's "Quickly
/// parsing eight digits", 2018.
#[inline]
pub(super) fn number_of(word: [u8; WORD], n: usize) -> u64 {
    let digits = u64::from_le_bytes(word) & (EACH * 0x0f);
    // Those behind the number go, and zeros come before it.
    let ones = digits << (8 * (WORD - n));
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The high bit of each byte that is no digit.
#[inline]
fn others(word: [u8; WORD]) -> u64 {
    const HIGH: u64 = EACH << 7;
    // Digits become 0 to 9; what is above 9 reaches the high bit, without a
    // carry into the next byte.
    let word = u64::from_le_bytes(word) ^ (EACH * u64::from(b'0'));
    (((word & !HIGH) + EACH * 0x76) | word) & HIGH
}

/// The high bit of each special byte, and possibly of bytes behind one: only
/// the lowest is meant.
#[inline]
fn specials(word: [u8; WORD]) -> u64 {
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
        for from in 0..LEN {
            let is_near = from + FEW <= LEN && (from..from + FEW).contains(&expected);
            let near = is_near.then(|| expected - from);
            assert_eq!(few_plain(&bytes, from), near, "{byte:#x} at {at}");
        }
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

    #[test]
    fn runs_of_digits_end_at_every_other_byte() {
        for byte in 0..=u8::MAX {
            for at in 0..40 {
                let mut bytes = b"0918273645".repeat(4);
                bytes[at] = byte;
                let expected = if byte.is_ascii_digit() { 40 } else { at };
                assert_eq!(n_digits(&bytes, 0), expected, "{byte:#x} at {at}");
                assert_eq!(n_digits(&bytes[..at], 0), at, "{byte:#x} at {at}");
                assert_eq!(n_digits(&bytes, at + 1), 39 - at, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn digits_of_a_word_are_a_number() {
        for (word, n, expected) in [
            (*b"00000000", 8, 0),
            (*b"99999999", 8, 99_999_999),
            (*b"12345678", 8, 12_345_678),
            (*b"7654321]", 7, 7_654_321),
            (*b"5,999999", 1, 5),
            (*b"42\xff\xff\xff\xff\xff\xff", 2, 42),
        ] {
            assert_eq!(number_of(word, n), expected, "{word:?}");
        }
    }
}
