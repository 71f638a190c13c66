//! Samples of fewer bits than a byte.

/// Hands on each sample of `bits` bits (1, 2 or 4) with its place, from the high
/// bits of each byte on. `src` has a sample for each place.
pub(super) fn each_small<T>(
    bits: u8,
    src: &[u8],
    dst: impl Iterator<Item = T>,
    mut set: impl FnMut(u8, T),
) {
    let a_byte = usize::from(8 / bits);
    let mask = ((1u16 << bits) - 1) as u8;
    for (at, place) in dst.enumerate() {
        let shift = 8 - bits - bits * (at % a_byte) as u8;
        set((src[at / a_byte] >> shift) & mask, place);
    }
}
