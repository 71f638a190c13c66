//! Samples of fewer bits than a byte.

/// Makes a byte of each sample of `bits` bits (1, 2 or 4), from the high bits of
/// each byte on, times `factor`. `src` has a sample for each byte of `dst`.
pub(super) fn unpack(bits: u8, factor: u8, src: &[u8], dst: &mut [u8]) {
    let n_in_byte = usize::from(8 / bits);
    let mask = u8::MAX >> (8 - bits);
    for (samples, &byte) in dst.chunks_mut(n_in_byte).zip(src) {
        let mut shift = 8;
        for sample in samples {
            shift -= bits;
            *sample = ((byte >> shift) & mask) * factor;
        }
    }
}

/// What spreads samples of `bits` bits over 0 to 255.
pub(super) fn spread(bits: u8) -> u8 {
    255 / (u8::MAX >> (8 - bits))
}
