//! Rates of work that was timed several times.
#![expect(
    clippy::cast_precision_loss,
    reason = "speeds are told to three digits"
)]

/// How long some work takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Timed {
    /// Bytes read and written each time; what crosses to or from the host
    /// counts once.
    pub(super) n_bytes: usize,
    /// The seconds of each round.
    pub(super) seconds: Vec<f64>,
}

impl Timed {
    /// The median of all rounds.
    pub(super) fn median_s(&self) -> f64 {
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)
    }

    /// Gigabytes a second, at the median.
    pub(super) fn gb_per_s(&self) -> f64 {
        gb_per_s(self.n_bytes, self.median_s())
    }
}

/// Gigabytes a second; 0 where no time has passed.
pub(super) fn gb_per_s(n_bytes: usize, seconds: f64) -> f64 {
    if seconds > 0.0 {
        n_bytes as f64 / seconds / 1e9
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_counts() {
        let timed = Timed {
            n_bytes: 6_000_000_000,
            seconds: vec![9.0, 1.0, 2.0],
        };
        assert!((timed.gb_per_s() - 3.0).abs() < 1e-12);
        assert_eq!(Timed::default().gb_per_s().to_bits(), 0);
    }
}
