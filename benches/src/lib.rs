//! Shared pieces of the benches: documents of real-looking lengths, and time
//! on the processor.

pub mod shards;

use std::fs;
use std::io;

/// Lengths of `n` documents, log-normal(`mu`, `sigma`), clipped to
/// `1..=longest`; the same for the same arguments.
///
/// Uniform numbers come from `SplitMix64` (Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", 2014), normal ones by Box and Muller.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "lengths are clipped before the cast"
)]
pub fn log_normal_lengths(n: usize, mu: f64, sigma: f64, longest: u32) -> Vec<u32> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|_| {
            let (u, v) = (uniform(), uniform());
            let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
            (sigma.mul_add(normal, mu).exp() as u32).clamp(1, longest)
        })
        .collect()
}

/// Seconds the calling thread has spent on a processor.
///
/// # Errors
/// Where the kernel keeps no `/proc/thread-self/schedstat`.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a bench fit f64")]
pub fn thread_cpu_seconds() -> io::Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse::<u64>().ok())
        .ok_or_else(|| io::Error::other("unexpected schedstat"))?;
    Ok(nanoseconds as f64 / 1e9)
}
