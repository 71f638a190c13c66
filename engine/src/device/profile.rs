//! Timing the parts of a slot's way by the device's clock: what is timed, and
//! how often.
#![expect(
    clippy::cast_precision_loss,
    reason = "speeds are told to three digits"
)]

use std::collections::BTreeMap;

use crate::error::Result;

/// A part is repeated until one measurement takes as many seconds: what it
/// costs to start and to end one is little beside that.
const LEAST_S: f64 = 5e-3;

/// Repetitions in a measurement at most, however fast the device is.
const MOST: usize = 1024;

/// Repetitions of what overlaps at least: until all slots are under way, and
/// while the last come down, little does.
const LEAST_TOGETHER: usize = 24;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A slot from the host to the device.
    Upload,
    /// All kernels on what is there.
    Kernels,
    /// A copy within the device's memory that reads and writes as many bytes
    /// as the kernels.
    Copy,
    /// A slot from the device to the host.
    Download,
    /// All three ways of several slots in turn, as fast as the device can; the
    /// host does nothing.
    Together,
    /// One large copy to the device.
    LargeUp,
    /// One large copy from the device.
    LargeDown,
}

impl Part {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Upload,
        Self::Kernels,
        Self::Copy,
        Self::Download,
        Self::Together,
        Self::LargeUp,
        Self::LargeDown,
    ];
}

/// How long a part takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timed {
    /// Bytes read and written by one repetition; what crosses to or from the
    /// host counts once.
    pub(crate) n_bytes: usize,
    /// Seconds of one repetition, for each round.
    pub(crate) seconds: Vec<f64>,
}

impl Timed {
    /// The median of all rounds.
    pub(crate) fn median_s(&self) -> f64 {
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)
    }

    /// Gigabytes a second, at the median.
    pub(crate) fn gb_per_s(&self) -> f64 {
        gb_per_s(self.n_bytes, self.median_s())
    }
}

/// Gigabytes a second; 0 where no time has passed.
pub(crate) fn gb_per_s(n_bytes: usize, seconds: f64) -> f64 {
    if seconds > 0.0 {
        n_bytes as f64 / seconds / 1e9
    } else {
        0.0
    }
}

/// How long each part takes.
pub(crate) type Profile = BTreeMap<Part, Timed>;

/// A device with slots that are filled.
pub(crate) trait Stopwatch {
    /// Bytes that one repetition reads and writes.
    fn n_bytes(&self, part: Part) -> usize;

    /// Seconds that `n` repetitions take.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost.
    fn time(&mut self, part: Part, n: usize) -> Result<f64>;
}

/// Times all parts, one after another in each round, so that a clock that
/// changes meets them alike.
///
/// # Errors
/// As [`Stopwatch::time`].
pub(crate) fn profile(device: &mut impl Stopwatch, rounds: usize) -> Result<Profile> {
    let mut repetitions = Vec::new();
    let mut profile = Profile::new();
    for part in Part::ALL {
        repetitions.push((part, enough(device, part)?));
        let timed = Timed {
            n_bytes: device.n_bytes(part),
            seconds: Vec::new(),
        };
        profile.insert(part, timed);
    }
    for _ in 0..rounds {
        for &(part, n) in &repetitions {
            let seconds = device.time(part, n)? / n as f64;
            if let Some(timed) = profile.get_mut(&part) {
                timed.seconds.push(seconds);
            }
        }
    }
    Ok(profile)
}

/// How many repetitions take long enough.
fn enough(device: &mut impl Stopwatch, part: Part) -> Result<usize> {
    let mut n = match part {
        Part::Together => LEAST_TOGETHER,
        _ => 1,
    };
    // The first run of anything is slower than those that follow.
    device.time(part, n)?;
    while n < MOST && device.time(part, n)? < LEAST_S {
        n *= 2;
    }
    Ok(n)
}

/// Bytes like those of photographs, neither constant nor without pattern: some
/// devices move zeros faster.
pub(crate) fn fill(bytes: &mut [u8]) {
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = (at.wrapping_mul(0x9e37_79b1) >> 13).to_le_bytes()[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a microsecond for each repetition, and a second the first time.
    #[derive(Default)]
    struct Clock {
        calls: Vec<(Part, usize)>,
    }

    impl Stopwatch for Clock {
        fn n_bytes(&self, part: Part) -> usize {
            1000 * (1 + part as usize)
        }

        fn time(&mut self, part: Part, n: usize) -> Result<f64> {
            let is_first = self.calls.iter().all(|&(timed, _)| timed != part);
            self.calls.push((part, n));
            let each = if part == Part::Kernels { 1e-3 } else { 1e-6 };
            Ok(each * n as f64 + f64::from(u8::from(is_first)))
        }
    }

    #[test]
    fn parts_are_repeated_until_they_take_long_enough() {
        let mut clock = Clock::default();
        let profile = profile(&mut clock, 3).unwrap();
        assert_eq!(profile.len(), Part::ALL.len());
        let kernels = &profile[&Part::Kernels];
        assert_eq!((kernels.n_bytes, kernels.seconds.len()), (2000, 3));
        assert!((kernels.median_s() - 1e-3).abs() < 1e-9);
        assert!((kernels.gb_per_s() - 0.002).abs() < 1e-9);
        let n_of = |part| clock.calls.iter().rfind(|call| call.0 == part).unwrap().1;
        assert_eq!((n_of(Part::Kernels), n_of(Part::Copy)), (8, MOST));
        // What overlaps is never run a few times only.
        let together = clock.calls.iter().filter(|call| call.0 == Part::Together);
        assert_eq!(together.map(|call| call.1).min(), Some(LEAST_TOGETHER));
        // The rounds take turns.
        let last: Vec<Part> = clock
            .calls
            .iter()
            .rev()
            .take(7)
            .map(|call| call.0)
            .collect();
        let mut all = Part::ALL.to_vec();
        all.reverse();
        assert_eq!(last, all);
    }

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
