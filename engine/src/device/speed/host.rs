//! Kernels on one thread of the processor.

use std::time::{Duration, Instant};

use fuelrail_kernels::{Kernel, Level};

use super::super::program::Chain;
use super::report::{Measure, SpeedReport};
use super::sampled::items;
use super::timed::Timed;

/// Bytes of the wider of what is read and written: beyond any cache.
const BYTES: usize = 64 << 20;

/// Rounds, of which the median counts.
const ROUNDS: usize = 9;

/// Rounds at least, and how long a slow level is given beyond them.
const LEAST_ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_millis(400);

/// A kernel beside a copy of as many bytes.
pub(super) fn time(name: &str, level: Level, kernel: &Kernel) -> SpeedReport {
    match Chain::new(vec![kernel.clone()]) {
        Ok(chain) => of_chain(name, level, &chain),
        Err(error) => SpeedReport::failed(name, Measure::HostKernel, &error),
    }
}

fn of_chain(name: &str, level: Level, chain: &Chain) -> SpeedReport {
    let n_items = (BYTES / chain.widest_item_bytes()).max(1);
    let src = items(chain, n_items);
    let mut dst = vec![1u8; n_items * chain.dst_item_bytes()];
    let n_bytes = src.len() + dst.len();
    let from = vec![1u8; n_bytes / 2];
    let mut to = vec![2u8; n_bytes / 2];
    let (mut kernel, mut copy) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    while kernel.len() < LEAST_ROUNDS || kernel.len() < ROUNDS && begin.elapsed() < PATIENCE {
        let start = Instant::now();
        if let Err(error) = chain.run(level, &src, &mut dst) {
            return SpeedReport::failed(name, Measure::HostKernel, &error);
        }
        kernel.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        std::hint::black_box(&mut to).copy_from_slice(std::hint::black_box(&from));
        copy.push(start.elapsed().as_secs_f64());
    }
    let rate = |seconds| Timed { n_bytes, seconds }.gb_per_s();
    SpeedReport {
        kernel: name.to_owned(),
        measure: Measure::HostKernel,
        gb_per_s: rate(kernel),
        n_bytes,
        copy_gb_per_s: Some(rate(copy)),
        cpu_s_per_gb: None,
        failed: None,
    }
}
