//! Grey, and the mean of it.

/// Pillow's conversion to grey, in 16 bits behind the point.
#[expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#[inline(always)]
pub(super) fn luma([r, g, b]: [u32; 3]) -> u32 {
    (19_595 * r + 38_470 * g + 7_471 * b + 0x8000) >> 16
}

/// The mean of `n` numbers with this sum, rounded half up; 0 without any.
pub(super) fn mean(sum: u64, n: usize) -> u8 {
    let n = n as u64;
    let mean = (2 * sum + n).checked_div(2 * n).unwrap_or(0);
    u8::try_from(mean).unwrap_or(u8::MAX)
}
