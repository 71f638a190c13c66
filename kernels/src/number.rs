//! Numbers of every [`Element`](crate::Element) in memory, one at a time: what
//! scalar references are written in.
#![expect(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "conversions are what it is about; one macro serves types of all widths"
)]

use half::{bf16, f16};

/// A number that lies in memory little-endian, aligned or not.
pub(crate) trait Number: Copy {
    /// Reads the number that `src` holds.
    fn read(src: &[u8]) -> Self;
    /// Writes it to `dst`.
    fn write(self, dst: &mut [u8]);
    /// As binary32, rounded to nearest even.
    fn to_f32(self) -> f32;
    /// As binary64, rounded to nearest even.
    fn to_f64(self) -> f64;
    /// As a whole number: a fraction is cut off. `None` for NaN; infinities
    /// and what is beyond 127 bits are the nearest bound.
    fn to_i128(self) -> Option<i128>;
}

/// A floating-point number; NaN is always the canonical one.
pub(crate) trait Float: Number {
    /// Rounds to nearest even.
    fn of_f32(value: f32) -> Self;
    /// Rounds to nearest even, to 16 bits by way of binary32.
    fn of_f64(value: f64) -> Self;
}

/// A whole number.
pub(crate) trait Integer: Number {
    /// The nearest number there is, and whether it is the same one.
    fn saturating(value: i128) -> (Self, bool);
}

const CANONICAL_F32: f32 = f32::from_bits(0x7fc0_0000);
const CANONICAL_F64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

macro_rules! bytes {
    () => {
        #[inline]
        fn read(src: &[u8]) -> Self {
            let mut bytes = [0; size_of::<Self>()];
            bytes.copy_from_slice(src);
            Self::from_le_bytes(bytes)
        }

        #[inline]
        fn write(self, dst: &mut [u8]) {
            dst.copy_from_slice(&self.to_le_bytes());
        }
    };
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Number for $integer {
            bytes!();

            #[inline]
            fn to_f32(self) -> f32 {
                self as f32
            }

            #[inline]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline]
            fn to_i128(self) -> Option<i128> {
                Some(i128::from(self))
            }
        }

        impl Integer for $integer {
            #[inline]
            fn saturating(value: i128) -> (Self, bool) {
                let kept = value.clamp(i128::from(Self::MIN), i128::from(Self::MAX));
                (kept as Self, kept == value)
            }
        }
    )*};
}

integers!(u8, i8, u16, i16, u32, i32, u64, i64);

macro_rules! floats {
    ($($float:ty, $to_f32:expr, $to_f64:expr, $of_f32:expr, $of_f64:expr;)*) => {$(
        impl Number for $float {
            bytes!();

            #[inline]
            fn to_f32(self) -> f32 {
                $to_f32(self)
            }

            #[inline]
            fn to_f64(self) -> f64 {
                $to_f64(self)
            }

            #[inline]
            fn to_i128(self) -> Option<i128> {
                let value = self.to_f64();
                // The conversion saturates.
                (!value.is_nan()).then_some(value as i128)
            }
        }

        impl Float for $float {
            #[inline]
            fn of_f32(value: f32) -> Self {
                $of_f32(if value.is_nan() { CANONICAL_F32 } else { value })
            }

            #[inline]
            fn of_f64(value: f64) -> Self {
                $of_f64(if value.is_nan() { CANONICAL_F64 } else { value })
            }
        }
    )*};
}

floats! {
    f16, Self::to_f32, Self::to_f64, Self::from_f32, |value: f64| Self::of_f32(value as f32);
    bf16, Self::to_f32, Self::to_f64, Self::from_f32, |value: f64| Self::of_f32(value as f32);
    f32, std::convert::identity, f64::from, std::convert::identity,
        |value: f64| Self::of_f32(value as f32);
    f64, |value: Self| value as f32, std::convert::identity, Self::from, std::convert::identity;
}

/// What lies beyond a bound becomes it; NaN passes.
pub(crate) fn within<F: PartialOrd>(x: F, low: F, high: F) -> F {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// Zero of the same sign for a tiny number.
pub(crate) fn flush(x: f32) -> f32 {
    if x.abs() <= f32::MIN_POSITIVE {
        0f32.copysign(x)
    } else {
        x
    }
}

/// The same for binary64.
pub(crate) fn flush_wide(x: f64) -> f64 {
    if x.abs() <= f64::MIN_POSITIVE {
        0f64.copysign(x)
    } else {
        x
    }
}

/// Runs a body with `$Type` standing for the type of an element.
macro_rules! with_number {
    ($element:expr, $Type:ident => $body:expr) => {
        $crate::number::with_number!(@ $element, $Type => $body,
            U8 u8, I8 i8, U16 u16, I16 i16, U32 u32, I32 i32, U64 u64, I64 i64,
            F16 half::f16, BF16 half::bf16, F32 f32, F64 f64)
    };
    (@ $element:expr, $Type:ident => $body:expr, $($variant:ident $type:ty),*) => {
        match $element {
            $($crate::element::Element::$variant => {
                type $Type = $type;
                $body
            })*
        }
    };
}
pub(crate) use with_number;
