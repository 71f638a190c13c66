//! The loop of a SIMD twin, apart from the level it is compiled for.

/// A loop over the numbers of `src` and `dst`. Its `run` is inlined always, so
/// that it is compiled anew for each level.
pub(crate) trait Body {
    /// Runs it; whether all numbers fit.
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool;
}
