//! Numbers as SIMD twins treat them: conversions without branches, which the
//! compiler turns into vector instructions. What they mean is said by the
//! scalar references and [`crate::number`]; binary16 is not among them, see
//! [`crate::binary16`].
#![expect(
    unsafe_code,
    reason = "conversions that saturate by themselves do not become vector instructions"
)]
#![expect(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "conversions are what it is about; one macro serves types of all widths"
)]
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]

use half::bf16;

/// A number in memory, little-endian, at any address.
pub(crate) trait LaneNumber: Copy {
    /// Its bytes.
    type Bytes: bytemuck::Pod;
    /// The number these bytes hold.
    fn load(bytes: Self::Bytes) -> Self;
    /// Its bytes.
    fn store(self) -> Self::Bytes;
    /// As binary32, rounded to nearest even; NaN keeps whatever payload.
    fn to_f32(self) -> f32;
    /// As binary64, in the same way.
    fn to_f64(self) -> f64;
}

/// What floating-point numbers are converted to, with whether they fit.
pub(crate) trait FloatTarget: LaneNumber {
    /// From binary32.
    fn of_f32(value: f32) -> (Self, bool);
    /// From binary64; to 16 bits by way of binary32.
    fn of_f64(value: f64) -> (Self, bool);
}

/// Every pair of types that `cast` knows.
pub(crate) trait Convert<To>: LaneNumber {
    /// The nearest number of the other type, and whether it is the same one.
    fn convert(self) -> (To, bool);
}

macro_rules! lane {
    ($($number:ty, $to_f32:expr, $to_f64:expr;)*) => {$(
        impl LaneNumber for $number {
            type Bytes = [u8; size_of::<Self>()];

            #[inline(always)]
            fn load(bytes: Self::Bytes) -> Self {
                Self::from_le_bytes(bytes)
            }

            #[inline(always)]
            fn store(self) -> Self::Bytes {
                self.to_le_bytes()
            }

            #[inline(always)]
            fn to_f32(self) -> f32 {
                $to_f32(self)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                $to_f64(self)
            }
        }
    )*};
}

macro_rules! integers {
    ($($integer:ty),*) => {
        lane! {$($integer, |value: Self| value as f32, |value: Self| value as f64;)*}
    };
}

integers!(u8, i8, u16, i16, u32, i32, u64, i64);
lane! {
    f32, std::convert::identity, f64::from;
    f64, |value: Self| value as f32, std::convert::identity;
    bf16, bf16_to_f32, |value: Self| f64::from(bf16_to_f32(value));
}

#[inline(always)]
fn bf16_to_f32(value: bf16) -> f32 {
    f32::from_bits(u32::from(value.to_bits()) << 16)
}

impl FloatTarget for f32 {
    #[inline(always)]
    fn of_f32(value: f32) -> (Self, bool) {
        let canonical = Self::from_bits(0x7fc0_0000);
        (if value.is_nan() { canonical } else { value }, true)
    }

    #[inline(always)]
    fn of_f64(value: f64) -> (Self, bool) {
        Self::of_f32(value as Self)
    }
}

impl FloatTarget for f64 {
    #[inline(always)]
    fn of_f32(value: f32) -> (Self, bool) {
        Self::of_f64(Self::from(value))
    }

    #[inline(always)]
    fn of_f64(value: f64) -> (Self, bool) {
        let canonical = Self::from_bits(0x7ff8_0000_0000_0000);
        (if value.is_nan() { canonical } else { value }, true)
    }
}

impl FloatTarget for bf16 {
    /// Adds what carries into the upper half where it must be rounded up: just
    /// under a half, and the lowest bit kept, so that ties go to even.
    #[inline(always)]
    fn of_f32(value: f32) -> (Self, bool) {
        let bits = value.to_bits();
        let carry = 0x7fff + ((bits >> 16) & 1);
        let rounded = bits.wrapping_add(carry) >> 16;
        let kept = if value.is_nan() { 0x7fc0 } else { rounded };
        (Self::from_bits(kept as u16), true)
    }

    #[inline(always)]
    fn of_f64(value: f64) -> (Self, bool) {
        Self::of_f32(value as f32)
    }
}

/// A number fits if it lies in `[MIN, MAX + 1)` without its fraction; both
/// bounds are powers of two or zero, hence exact. It is converted to a type
/// that the processor converts to, which holds all those bounds.
macro_rules! whole {
    ($($integer:ident by $by:ident),*) => {$(
        impl FloatTarget for $integer {
            whole!(of_f32, f32, $integer, $by);
            whole!(of_f64, f64, $integer, $by);
        }
    )*};
    ($of_f:ident, $float:ident, $integer:ident, $by:ident) => {
        #[inline(always)]
        fn $of_f(value: $float) -> (Self, bool) {
            const LOW: $float = $integer::MIN as $float;
            const END: $float = ($integer::MAX / 2 + 1) as $float * 2.0;
            let whole = value.trunc();
            let fits = (LOW..END).contains(&whole);
            let inside = if fits { whole } else { 0.0 };
            // SAFETY: the number is whole and within the bounds of the type,
            // or zero.
            let kept: $by = unsafe { inside.to_int_unchecked() };
            let kept = if whole < LOW { $integer::MIN as $by } else { kept };
            let kept = if whole >= END { $integer::MAX as $by } else { kept };
            (kept as Self, fits)
        }
    };
}

whole!(u8 by i32, i8 by i32, u16 by i32, i16 by i32, u32 by u32, i32 by i32, u64 by u64, i64 by i64);

macro_rules! convert_floats {
    ($($from:ty, $to_f:ident, $of_f:ident;)*) => {$(
        impl<To: FloatTarget> Convert<To> for $from {
            #[inline(always)]
            fn convert(self) -> (To, bool) {
                To::$of_f(self.$to_f())
            }
        }
    )*};
}

convert_floats! {
    bf16, to_f32, of_f32;
    f32, to_f32, of_f32;
    f64, to_f64, of_f64;
}

/// Clamps in the type converted from, to the bounds that both types hold.
macro_rules! convert_integers {
    ($($from:ident),*) => {$(
        convert_integers!(@ $from: u8, i8, u16, i16, u32, i32, u64, i64);

        impl Convert<bf16> for $from {
            #[inline(always)]
            fn convert(self) -> (bf16, bool) {
                bf16::of_f32(self.to_f32())
            }
        }

        impl Convert<f32> for $from {
            #[inline(always)]
            fn convert(self) -> (f32, bool) {
                (self.to_f32(), true)
            }
        }

        impl Convert<f64> for $from {
            #[inline(always)]
            fn convert(self) -> (f64, bool) {
                (self.to_f64(), true)
            }
        }
    )*};
    (@ $from:ident: $($to:ident),*) => {$(
        impl Convert<$to> for $from {
            #[inline(always)]
            fn convert(self) -> ($to, bool) {
                const LOW: $from = greater($from::MIN as i128, $to::MIN as i128) as $from;
                const HIGH: $from = -greater(-($from::MAX as i128), -($to::MAX as i128)) as $from;
                let kept = self.clamp(LOW, HIGH);
                (kept as $to, kept == self)
            }
        }
    )*};
}

convert_integers!(u8, i8, u16, i16, u32, i32, u64, i64);

/// The greater of two lower bounds: the least number that both types hold.
const fn greater(a: i128, b: i128) -> i128 {
    if a > b { a } else { b }
}

/// Runs a body with `$Lane` standing for the type of an element; binary16 is
/// read and written as the binary32 it is turned into.
macro_rules! with_lane {
    ($element:expr, $Lane:ident => $body:expr) => {
        $crate::lane::with_lane!(@ $element, $Lane => $body,
            U8 u8, I8 i8, U16 u16, I16 i16, U32 u32, I32 i32, U64 u64, I64 i64,
            BF16 half::bf16, F16 f32, F32 f32, F64 f64)
    };
    (@ $element:expr, $Lane:ident => $body:expr, $($variant:ident $type:ty),*) => {
        match $element {
            $($crate::element::Element::$variant => {
                type $Lane = $type;
                $body
            })*
        }
    };
}
pub(crate) use with_lane;
