//! The vectors that images are worked on with: what is the same at every level,
//! and how a level is made of a table of its instructions.
#![expect(unsafe_code, reason = "vectors are read from and written to slices")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use std::arch::x86_64::{__m128i, _MM_HINT_T0, _mm_prefetch};

use super::constants::Terms;
use crate::level::Level;

/// A vector, which may be handled as its bytes.
///
/// # Safety
/// Any bytes are a value, and all bytes of a value are set.
pub(in super::super) unsafe trait Vector: Copy {}

/// Instructions that are there: a value of a type that implements this is had
/// from a [`Level`] only, so its methods are safe to call.
///
/// A vector is one or more *lanes* of 16 bytes. Methods are inlined into the
/// work that [`Simd::vectorize`] runs; called elsewhere they are slow.
pub(in super::super) trait Simd: Copy {
    /// A vector of bytes.
    type Bytes: Vector;
    /// A vector of binary32 numbers, four a lane.
    type Floats: Vector;
    /// Lanes of a vector.
    const LANES: usize = size_of::<Self::Bytes>() / size_of::<__m128i>();

    /// The instructions, if `level` has them.
    fn of(level: Level) -> Option<Self>;

    /// Compiles `work` for these instructions and runs it.
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R;

    /// To `dst`, around the caches; a fence must follow before another thread is
    /// told of it.
    fn stream(self, bytes: Self::Bytes, dst: &mut Self::Bytes);

    /// Lane `i` is the 16 bytes of `src` from `i * stride`.
    fn lanes(self, src: &[u8], stride: usize) -> Self::Bytes;

    /// In each lane, the byte that the same lane of `order` names, or zero for
    /// 0x80.
    fn shuffle(self, bytes: Self::Bytes, order: Self::Bytes) -> Self::Bytes;

    /// The lanes the other way round, each as it is.
    fn lanes_reversed(self, bytes: Self::Bytes) -> Self::Bytes;

    /// The first bytes of `src`, a quarter of a vector, as numbers.
    fn widen(self, src: &[u8]) -> Self::Floats;

    /// Integers of 32 bits as numbers.
    fn numbers(self, integers: Self::Bytes) -> Self::Floats;

    /// `a * b`.
    fn multiply(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// `a - b`.
    fn subtract(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// `a / by.std`: either divided, or `a * by.inverse + a * by.rest` with the
    /// first product and the sum fused.
    fn divide(self, a: Self::Floats, by: &Terms<Self::Floats>) -> Self::Floats;

    /// Two vectors rounded to binary16; all are finite.
    fn halves(self, a: Self::Floats, b: Self::Floats) -> Self::Bytes;

    /// Bitwise and.
    fn and(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    /// The sum of integers of 32 bits.
    fn add(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    /// The upper halves of integers of 32 bits.
    fn upper(self, integers: Self::Bytes) -> Self::Bytes;

    /// The integers of `a`, then those of `b`, of 32 bits each but below 2^16,
    /// in 16 bits.
    fn pack(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    /// What [`Simd::lanes`] makes of a stride of 12; `src` has as many bytes as
    /// a vector or more.
    #[inline(always)]
    fn lanes_of_12(self, src: &[u8]) -> Self::Bytes {
        self.lanes(src, 12)
    }

    /// `number` everywhere.
    #[inline(always)]
    fn splat(self, number: f32) -> Self::Floats {
        read(bytemuck::bytes_of(&[number; 4 * MAX_LANES]))
    }

    /// Two vectors rounded to bfloat16; none holds NaN.
    #[inline(always)]
    fn brains(self, a: Self::Floats, b: Self::Floats) -> Self::Bytes {
        self.pack(self.brain(a), self.brain(b))
    }

    /// Numbers rounded to bfloat16, ties to even, whose bits are the low half of
    /// each.
    #[inline(always)]
    fn brain(self, floats: Self::Floats) -> Self::Bytes {
        let one = read(bytemuck::bytes_of(&[1; 4 * MAX_LANES]));
        let below_half = read(bytemuck::bytes_of(&[0x7fff; 4 * MAX_LANES]));
        let v = bits(floats);
        let odd = self.and(self.upper(v), one);
        self.upper(self.add(v, self.add(odd, below_half)))
    }
}

/// Bytes that a processor reads from or writes to memory at once.
pub(super) const LINE: usize = 64;

/// How far ahead bytes are fetched: some rows of the usual images. Where rows are
/// read from their end on, or parts of them only, processors do not see what is
/// next.
const AHEAD: usize = 2048;

/// Lanes of the largest vector.
const MAX_LANES: usize = 4;

/// A vector of the first bytes of `src`.
#[inline(always)]
pub(super) fn read<V: Vector>(src: &[u8]) -> V {
    let src = src[..size_of::<V>()].as_ptr().cast::<V>();
    // SAFETY: the slice above has the bytes, and any are a vector.
    unsafe { src.read_unaligned() }
}

/// A vector to the first bytes of `dst`.
#[inline(always)]
pub(super) fn write<V: Vector>(vector: V, dst: &mut [u8]) {
    let dst = dst[..size_of::<V>()].as_mut_ptr().cast::<V>();
    // SAFETY: the slice above has room for the bytes, all of which are set.
    unsafe { dst.write_unaligned(vector) }
}

/// The first bytes of `dst`, if they are where a vector is aligned.
#[inline(always)]
pub(super) fn aligned<V: Vector>(dst: &mut [u8]) -> Option<&mut V> {
    let dst = dst[..size_of::<V>()].as_mut_ptr().cast::<V>();
    // SAFETY: the slice above, which stays borrowed, has the bytes, is aligned,
    // and any bytes are a vector.
    dst.is_aligned().then(|| unsafe { &mut *dst })
}

/// The bits of numbers.
#[inline(always)]
pub(super) fn bits<F: Vector, B: Vector>(floats: F) -> B {
    const { assert!(size_of::<F>() == size_of::<B>()) };
    // SAFETY: the sizes are the same, and any bytes are a vector.
    unsafe { std::mem::transmute_copy(&floats) }
}

/// Has bytes fetched that are read soon after `src`.
#[inline(always)]
pub(super) fn fetch_after(src: &[u8]) {
    for line in src.chunks(LINE) {
        let ahead = line.as_ptr().wrapping_add(AHEAD);
        // SAFETY: every x86-64 processor has SSE, and any address may be given.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.cast()) }
    }
}

/// A level: a type of the name of its [`Dispatch`](crate::level::Dispatch), made of its
/// target features, its vectors of bytes and of numbers, the instruction that
/// stores around the caches, and the other methods of [`Simd`]. What these call
/// is safe where the features are.
macro_rules! level {
    (
        $(#[$doc:meta])*
        $Level:ident: $features:literal, $Bytes:ty, $Floats:ty, $stream:path;
        $($method:ident($($arg:ident: $type:ty),*) -> $out:ty = $call:expr;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(in super::super) struct $Level(());

        // SAFETY: it is nothing but integers.
        unsafe impl $crate::normalize::pixels::simd::Vector for $Bytes {}

        // SAFETY: it is nothing but numbers, of which every pattern is one.
        unsafe impl $crate::normalize::pixels::simd::Vector for $Floats {}

        impl $crate::normalize::pixels::simd::Simd for $Level {
            type Bytes = $Bytes;
            type Floats = $Floats;

            fn of(level: $crate::level::Level) -> Option<Self> {
                (level.kind() >= $crate::level::Dispatch::$Level).then_some(Self(()))
            }

            #[inline(always)]
            fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
                #[target_feature(enable = $features)]
                fn with<R>(work: impl FnOnce() -> R) -> R {
                    work()
                }
                // SAFETY: a value of this type is made by `of` alone, of a
                // level that has the instructions.
                unsafe { with(work) }
            }

            #[inline(always)]
            fn stream(self, bytes: $Bytes, dst: &mut $Bytes) {
                // SAFETY: as above, and a reference is aligned.
                unsafe { $stream(dst, bytes) }
            }

            $(
                #[inline(always)]
                fn $method(self, $($arg: $type),*) -> $out {
                    #[target_feature(enable = $features)]
                    #[inline]
                    fn call($($arg: $type),*) -> $out {
                        $call
                    }
                    // SAFETY: as above.
                    unsafe { call($($arg),*) }
                }
            )*
        }
    };
}
pub(super) use level;
