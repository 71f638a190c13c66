//! The hash of the lookup tables here: fast on short keys, the same on every
//! machine. Every table compares keys in full, so it decides speed only.

/// The constant of `rustc-hash`, chosen by its authors for its spectral test.
const K: u64 = 0xf135_7aea_2e62_a9c5;

/// Mixes one word so that its low bits depend on all of its bits.
#[inline]
pub(crate) fn hash_word(word: u64) -> usize {
    let product = u128::from(word ^ (word >> 32)) * u128::from(K);
    let mixed = (product as u64) ^ ((product >> 64) as u64);
    mixed as usize
}

/// The hash of two halves of a key.
#[inline]
pub(crate) fn hash_pair(low: u64, high: u64) -> u64 {
    let product = u128::from(low ^ K) * u128::from(high ^ K.rotate_left(32));
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a byte string.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = bytes.len() as u64;
    for word in words {
        hash = hash_word(hash.rotate_left(23) ^ u64::from_le_bytes(*word)) as u64;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash_word(hash.rotate_left(23) ^ u64::from_le_bytes(last))
}
