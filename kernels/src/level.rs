//! The SIMD levels of the processor this runs on.

use std::fmt;

/// A set of vector instructions that is there: a value of this type can only be
/// had by detection, so a kernel that is handed one may use what it names.
///
/// Levels are ordered; a processor that has one has all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(Dispatch);

/// What a kernel's dispatch matches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dispatch {
    /// No vector instructions beyond what the compiler may always use.
    Scalar,
    /// SSE4.1 (with SSSE3).
    Sse41,
    /// AVX2, FMA, F16C and BMI2.
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
}

impl Level {
    /// The scalar reference, which every processor has.
    pub const SCALAR: Self = Self(Dispatch::Scalar);

    /// The highest level of this processor.
    #[must_use]
    pub fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::SCALAR)
    }

    /// All levels of this processor, ascending; the first is the scalar one.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::SCALAR];
        #[cfg(target_arch = "x86_64")]
        {
            let has = [
                (
                    Dispatch::Sse41,
                    is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3"),
                ),
                (
                    Dispatch::Avx2,
                    is_x86_feature_detected!("avx2")
                        && is_x86_feature_detected!("fma")
                        && is_x86_feature_detected!("f16c")
                        && is_x86_feature_detected!("bmi2"),
                ),
                (
                    Dispatch::Avx512,
                    is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512bw")
                        && is_x86_feature_detected!("avx512dq")
                        && is_x86_feature_detected!("avx512vl"),
                ),
            ];
            let in_order = has.into_iter().take_while(|(_, there)| *there);
            levels.extend(in_order.map(|(kind, _)| Self(kind)));
        }
        levels
    }

    /// The level of this name, if this processor has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::available()
            .into_iter()
            .find(|level| level.name() == name)
    }

    /// `scalar`, `sse4.1`, `avx2` or `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Dispatch::Scalar => "scalar",
            Dispatch::Sse41 => "sse4.1",
            Dispatch::Avx2 => "avx2",
            Dispatch::Avx512 => "avx512",
        }
    }

    pub(crate) fn kind(self) -> Dispatch {
        self.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
