//! Several kernels one after another, and several columns of each kind.

use std::sync::Arc;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Numbers, Table};
use fuelrail_kernels::{Element as E, Kernel};

use super::trial::Trial;
use crate::device::Chain;

/// Chains of two and three kernels, side by side with single ones.
pub(super) fn trials() -> Vec<Trial> {
    let chains: Vec<Chain> = chains().into_iter().flatten().collect();
    let side_by_side = |n: usize| {
        let all = chains.iter().cloned().enumerate();
        Trial::new(all.map(move |(index, chain)| (chain, n * (index + 1) % 911)))
    };
    [0, 1, 5, 300].map(side_by_side).into()
}

fn chains() -> Vec<Option<Chain>> {
    let cast = |from, to| Some(Kernel::Cast(Cast { from, to }));
    let numbers = |from, to| {
        let numbers = Numbers::new((from, to), (0.5, 0.25), Some([-300.0, 300.0]));
        numbers.ok().map(Kernel::NormalizeNumbers)
    };
    [
        vec![cast(E::U16, E::I32)],
        vec![cast(E::I32, E::F32), numbers(E::F32, E::F16)],
        vec![numbers(E::F32, E::F32), cast(E::F32, E::I8)],
        vec![
            numbers(E::U8, E::F32),
            cast(E::F32, E::F16),
            cast(E::F16, E::I16),
        ],
        vec![images(E::F32), cast(E::F32, E::U8)],
        vec![cast(E::I16, E::U8), images(E::F16)],
        vec![
            cast(E::I32, E::U8),
            images(E::F32),
            numbers(E::F32, E::BF16),
        ],
        vec![cast(E::I64, E::F64), numbers(E::F64, E::F32)],
        vec![
            numbers(E::F64, E::F64),
            cast(E::F64, E::I32),
            cast(E::I32, E::U64),
        ],
        vec![numbers(E::BF16, E::F32)],
    ]
    .into_iter()
    .map(|kernels| Chain::new(kernels.into_iter().collect::<Option<_>>()?).ok())
    .collect()
}

fn images(element: E) -> Option<Kernel> {
    let geometry = Geometry {
        height: 6,
        width: 5,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [1, 1, 4, 3],
        flip: Flip::Horizontal,
    };
    let table = Table::new(element, 3, (&[0.5], &[0.25]), 255.0).ok()?;
    let images = Images::new(geometry, table).ok()?;
    Some(Kernel::NormalizeImages(Arc::new(images)))
}
