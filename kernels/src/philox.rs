//! Philox4x32-10: the one source of randomness, without any state.
//!
//! A counter of 128 bits and a key of 64 give 128 bits that look random; equal
//! counters and keys give equal bits on every machine. So a draw is named by
//! what it is for, and nothing has to be carried along or replayed. The
//! generator is that of J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel
//! random numbers: as easy as 1, 2, 3" (SC 2011), with ten rounds.

const ROUNDS: u32 = 10;
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What the key grows by after each round: the golden ratio and the square
/// root of three, less their whole parts.
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// The bits at `counter` of the stream that `key` names.
#[must_use]
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut counter, mut key) = (counter, key);
    for _ in 0..ROUNDS {
        let [high_0, low_0] = product(MULTIPLIERS[0], counter[0]);
        let [high_1, low_1] = product(MULTIPLIERS[1], counter[2]);
        counter = [
            high_1 ^ counter[1] ^ key[0],
            low_1,
            high_0 ^ counter[3] ^ key[1],
            low_0,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// The upper and the lower half of a product.
#[expect(clippy::cast_possible_truncation, reason = "halves are wanted")]
fn product(a: u32, b: u32) -> [u32; 2] {
    let whole = u64::from(a) * u64::from(b);
    [(whole >> 32) as u32, whole as u32]
}

#[cfg(test)]
mod tests {
    use super::philox4x32;

    /// The known answers for Philox4x32-10 that Random123 1.14 comes with.
    #[test]
    fn answers_are_those_of_random123() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }
}
