//! Which side of a split a value falls on.

use twox_hash::XxHash3_64;

use super::types::Split;

/// The bytes that stand for a null; they are no UTF-8.
pub(crate) const NULL_KEY: &[u8] = &[0xff];

impl Split {
    /// Hashes below it are on the validation side; `2^64` is all of them.
    pub(crate) fn threshold(&self) -> u128 {
        threshold(self.validation)
    }

    /// Whether rows without a key are on the validation side.
    pub(crate) fn nulls_validate(&self) -> bool {
        let hash = XxHash3_64::oneshot_with_seed(self.seed, NULL_KEY);
        u128::from(hash) < self.threshold()
    }
}

/// `share * 2^64`, exactly: a share is a binary fraction already.
fn threshold(share: f64) -> u128 {
    /// 2 to the 64th, which `f64` holds.
    const ALL: f64 = 18_446_744_073_709_551_616.0;
    if share.is_nan() || share <= 0.0 {
        return 0;
    }
    if share >= 1.0 {
        return 1 << 64;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0..2^64; scaling by a power of two is exact, a rest below 1 is cut"
    )]
    let threshold = (share * ALL) as u128;
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_exact() {
        assert_eq!(threshold(0.0), 0);
        assert_eq!(threshold(1.0), 1 << 64);
        assert_eq!(threshold(0.5), 1 << 63);
        assert_eq!(threshold(f64::NAN), 0);
    }
}
