//! Every level against the scalar reference, and the reference against images
//! that are built step by step.

mod records;
mod steps;

use crate::Level;
use crate::gather::{Border, ChannelMap, Gather, GatherRow};
use crate::normalize::Layout;

const LAYOUTS: [Layout; 2] = [Layout::Hwc, Layout::Chw];
const BORDERS: [Border; 5] = [
    Border::Constant([1, 2, 3, 4]),
    Border::Edge,
    Border::Reflect,
    Border::Symmetric,
    Border::Wrap,
];

/// Bytes without a pattern that an error could hide behind.
fn bytes(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// What `gather` makes of an item; fails where levels differ or anything
/// beside the output is written.
fn run(gather: &Gather, src: &[u8], row: &GatherRow) -> Vec<u8> {
    const GUARD: usize = 3;
    let len = gather.check(row, src.len()).unwrap();
    let results = Level::available().into_iter().map(|level| {
        let mut dst = vec![0xa5; len + 2 * GUARD];
        let inside = GUARD..GUARD + len;
        gather
            .run(level, src, row, &mut dst[inside.clone()])
            .unwrap();
        let mut around = dst[..GUARD].iter().chain(&dst[GUARD + len..]);
        assert!(around.all(|&byte| byte == 0xa5), "{level}");
        (level, dst[inside].to_vec())
    });
    let results: Vec<_> = results.collect();
    for (level, dst) in &results {
        assert!(*dst == results[0].1, "{gather:?} of {row:?} at {level}");
    }
    results[0].1.clone()
}

/// All of `n` channels in these layouts.
fn gather(n: u32, [from, to]: [Layout; 2], border: Border) -> Gather {
    Gather::new(ChannelMap::all(n), from, to, border).unwrap()
}
