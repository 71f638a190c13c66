//! Every pair of types.

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::{Element, Kernel};

use super::trial::Trial;
use crate::device::Chain;

/// All pairs side by side, each with another number of items; then alone and
/// long, where 16 bits can be tried whole.
pub(super) fn trials() -> Vec<Trial> {
    let pairs = Element::ALL
        .into_iter()
        .flat_map(|from| Element::ALL.into_iter().map(move |to| (from, to)));
    let all: Vec<Chain> = pairs.filter_map(|(from, to)| chain(from, to)).collect();
    let mut trials = vec![Trial::new(
        all.iter()
            .cloned()
            .enumerate()
            .map(|(index, chain)| (chain, 400 + index)),
    )];
    for n in [0, 1, 2, 3, 7, 255, 256, 257] {
        trials.push(Trial::new(all.iter().cloned().map(|chain| (chain, n))));
    }
    let long = [Element::U8, Element::I64, Element::F32]
        .into_iter()
        .filter_map(|to| chain(Element::F16, to));
    trials.push(Trial::new(long.map(|chain| (chain, 70_000))));
    trials
}

fn chain(from: Element, to: Element) -> Option<Chain> {
    Chain::new(vec![Kernel::Cast(Cast { from, to })]).ok()
}
