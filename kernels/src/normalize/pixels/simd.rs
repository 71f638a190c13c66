//! What the twins of every level are written in.
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use crate::level::Level;

/// Instructions that are there: a value of a type that implements this is had
/// from a [`Level`] only, so its methods are safe to call.
///
/// A vector is one or more *lanes* of 16 bytes. Methods are inlined into the
/// work that [`Simd::vectorize`] runs; called elsewhere they are slow.
pub(in super::super) trait Simd: Copy {
    /// Lanes of a vector.
    const LANES: usize;
    /// A vector of bytes.
    type Bytes: Copy;
    /// A vector of binary32 numbers, four a lane.
    type Floats: Copy;

    /// The instructions, if `level` has them.
    fn of(level: Level) -> Option<Self>;

    /// Compiles `work` for these instructions and runs it.
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R;

    /// The first bytes of `src`.
    fn load(self, src: &[u8]) -> Self::Bytes;

    /// Lane `i` is the 16 bytes of `src` from `i * stride`.
    fn load_lanes(self, src: &[u8], stride: usize) -> Self::Bytes;

    /// In lane `i`, the four pixels of `C` channels from `4 * i`, and whatever
    /// follows them; `src` has as many bytes as a vector or more.
    #[inline(always)]
    fn pixels<const C: usize>(self, src: &[u8]) -> Self::Bytes {
        self.load_lanes(src, 4 * C)
    }

    /// To the first bytes of `dst`.
    fn store(self, bytes: Self::Bytes, dst: &mut [u8]);

    /// Lane `i` to the 16 bytes of `dst` from `i * stride`.
    fn store_lanes(self, bytes: Self::Bytes, dst: &mut [u8], stride: usize);

    /// To the first bytes of `dst`, around the caches if they are aligned to
    /// the size of a vector; [`Simd::fence`] must follow before another thread
    /// is told of them.
    fn stream(self, bytes: Self::Bytes, dst: &mut [u8]);

    /// Orders what was streamed before what follows.
    fn fence(self);

    /// In each lane, the byte that `order` names, or zero for 0x80.
    fn shuffle(self, bytes: Self::Bytes, order: &[u8; 16]) -> Self::Bytes;

    /// Bitwise or.
    fn or(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    /// The lanes the other way round, each as it is.
    fn lanes_reversed(self, bytes: Self::Bytes) -> Self::Bytes;

    /// The first bytes of `src`, a quarter of a vector, as numbers.
    fn widen(self, src: &[u8]) -> Self::Floats;

    /// Integers of 32 bits as numbers.
    fn numbers(self, integers: Self::Bytes) -> Self::Floats;

    /// The first numbers of `src`.
    fn floats(self, src: &[f32]) -> Self::Floats;

    /// `a * b`.
    fn multiply(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// `a - b`.
    fn subtract(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// `a / by`: either divided, or `a * inverse + a * rest` with the first
    /// product and the sum fused.
    fn divide(self, a: Self::Floats, by: &Divisor<Self::Floats>) -> Self::Floats;

    /// The bits of binary32 numbers.
    fn singles(self, floats: Self::Floats) -> Self::Bytes;

    /// Two vectors rounded to binary16; all are finite.
    fn halves(self, floats: [Self::Floats; 2]) -> Self::Bytes;

    /// Two vectors rounded to bfloat16; none holds NaN.
    fn brains(self, floats: [Self::Floats; 2]) -> Self::Bytes;
}

/// What to divide by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Divisor<F> {
    /// The divisor itself.
    pub(in super::super) value: F,
    /// Its inverse, rounded.
    pub(in super::super) inverse: F,
    /// What the inverse lacks.
    pub(in super::super) rest: F,
}

/// Runs a call compiled for the instructions of `simd`.
macro_rules! vectorized {
    ($simd:expr, $call:expr) => {
        $simd.vectorize(
            #[inline(always)]
            || $call,
        )
    };
}
pub(super) use vectorized;
