//! The filters that weights are made of.

use std::f64::consts::PI;

/// How much a sample counts, by its distance; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResampleFilter {
    /// The one sample at the place itself.
    Nearest,
    /// All alike within half a sample.
    Box,
    /// `1 - |x|` within one sample.
    Bilinear,
    /// A sinc within one sample under a Hamming window.
    Hamming,
    /// Keys' cubic with `a = -0.5`, within two samples.
    Bicubic,
    /// A sinc within three samples under the middle of a wider one.
    Lanczos,
}

/// The coefficients of the Hamming window; Pillow has them in binary32.
const HAMMING: [f64; 2] = [0.54_f32 as f64, 0.46_f32 as f64];

/// Keys' parameter.
const A: f64 = -0.5;

impl ResampleFilter {
    /// Every filter.
    pub const ALL: [Self; 6] = [
        Self::Nearest,
        Self::Box,
        Self::Bilinear,
        Self::Hamming,
        Self::Bicubic,
        Self::Lanczos,
    ];

    /// Its name: `nearest`, `box`, `bilinear`, `hamming`, `bicubic` or `lanczos`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Box => "box",
            Self::Bilinear => "bilinear",
            Self::Hamming => "hamming",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
        }
    }

    /// How far away samples count, in samples; 0 for the one that is nearest.
    pub(super) fn support(self) -> f64 {
        match self {
            Self::Nearest => 0.0,
            Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// How much a sample at distance `x` counts.
    pub(super) fn weight(self, x: f64) -> f64 {
        match self {
            Self::Nearest => 1.0,
            Self::Box if x > -0.5 && x <= 0.5 => 1.0,
            Self::Bilinear if x.abs() < 1.0 => 1.0 - x.abs(),
            Self::Hamming if x.abs() < 1.0 => hamming(x.abs()),
            Self::Bicubic => bicubic(x.abs()),
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Box | Self::Bilinear | Self::Hamming | Self::Lanczos => 0.0,
        }
    }
}

/// `sin(pi x) / (pi x)`.
fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    libm::sin(x) / x
}

/// The order of operations is Pillow's, here and below: each of them rounds.
fn hamming(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    libm::sin(x) / x * (HAMMING[0] + HAMMING[1] * libm::cos(x))
}

fn bicubic(x: f64) -> f64 {
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}
