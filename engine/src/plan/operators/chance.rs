//! How often something is done.

use std::fmt;

use super::draw::Drawn;

/// How often something is done: so many of 2^32 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// Every time.
    pub(super) const ALWAYS: Self = Self(1 << 32);

    /// A probability from 0 to 1, rounded to a multiple of 2^-32.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 2^32"
    )]
    pub fn of(probability: f64) -> Option<Self> {
        let of_all = probability * 4_294_967_296.0;
        (0.0..=1.0)
            .contains(&probability)
            .then(|| Self(of_all.round() as u64))
    }

    /// Whether it is at no time.
    pub(super) fn is_never(self) -> bool {
        self.0 == 0
    }

    /// Whether it is, this time.
    pub fn happens(self, drawn: &mut Drawn) -> bool {
        u64::from(drawn.word()) < self.0
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^32")]
        let percent = self.0 as f64 / 42_949_672.96;
        // As it was written: of 2^32 parts it is off by half of one.
        let percent = (percent * 1e7).round() / 1e7;
        write!(f, "{percent} % of rows")
    }
}
