//! Programs that between them have every kernel, and columns for them.

use std::sync::Arc;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Numbers, Table};
use fuelrail_kernels::{Element, Kernel};

use super::super::super::program::{Chain, Program};

fn program(chains: Vec<Vec<Kernel>>) -> Program {
    let chains = chains.into_iter().map(Chain::new);
    Program {
        row_chains: Vec::new(),
        chains: chains.map(Result::unwrap).collect(),
    }
}

fn cast(from: Element, to: Element) -> Kernel {
    Kernel::Cast(Cast { from, to })
}

fn numbers(from: Element, to: Element, clip: Option<[f64; 2]>) -> Kernel {
    Kernel::NormalizeNumbers(Numbers::new((from, to), (1.25, 3.7), clip).unwrap())
}

/// Images of this size before and after; `axes` from and to.
fn images(
    to: Element,
    [height, width, channels]: [u32; 3],
    axes: [Layout; 2],
    crop: [u32; 4],
    flip: Flip,
) -> Kernel {
    let (mean, std) = (0.45, 0.225);
    let table = Table::new(to, channels as usize, (&[mean], &[std]), 255.0).unwrap();
    let geometry = Geometry {
        height,
        width,
        channels,
        from: axes[0],
        to: axes[1],
        crop,
        flip,
    };
    Kernel::NormalizeImages(Arc::new(Images::new(geometry, table).unwrap()))
}

/// Every kernel on every type, each entry on several columns at once.
pub(super) fn all() -> Vec<Program> {
    let mut programs = Vec::new();
    for from in Element::ALL {
        let to = Element::ALL.map(|to| vec![cast(from, to)]);
        programs.push(program(to.to_vec()));
        let floats = Element::ALL.into_iter().filter(|to| to.is_float());
        let fits = floats.filter(|to| from.is_wide() || !to.is_wide());
        let chains = fits
            .flat_map(|to| [None, Some([-2.5, 100.0])].map(|clip| vec![numbers(from, to, clip)]));
        programs.push(program(chains.collect()));
    }
    programs.extend(all_images());
    programs.push(mixed());
    programs
}

/// Images in every layout, flipped and cropped every way.
fn all_images() -> Vec<Program> {
    use Layout::{Chw, Hwc};
    let mut programs = Vec::new();
    for to in [Element::F32, Element::F16, Element::BF16] {
        for (size, crop) in [
            ([4, 8, 3], [0, 0, 4, 8]),
            ([4, 8, 3], [1, 3, 2, 4]),
            ([5, 7, 3], [0, 1, 5, 6]),
            ([3, 5, 1], [0, 0, 3, 5]),
            ([8, 16, 4], [3, 2, 5, 8]),
            ([1, 1, 2], [0, 0, 1, 1]),
        ] {
            let mut chains = Vec::new();
            for axes in [[Hwc, Chw], [Hwc, Hwc], [Chw, Chw], [Chw, Hwc]] {
                for flip in [Flip::None, Flip::Horizontal, Flip::Vertical, Flip::Both] {
                    chains.push(vec![images(to, size, axes, crop, flip)]);
                }
            }
            programs.push(program(chains));
        }
    }
    programs
}

/// One kernel on one column.
pub(super) fn plain() -> Program {
    program(vec![vec![numbers(Element::F32, Element::F32, None)]])
}

/// Chains of one to three kernels, among them each entry.
pub(super) fn mixed() -> Program {
    let axes = [Layout::Hwc, Layout::Chw];
    let image = images(Element::F32, [6, 8, 3], axes, [1, 0, 4, 8], Flip::None);
    program(vec![
        vec![image.clone()],
        vec![
            image,
            numbers(Element::F32, Element::F32, Some([0.0, 1.0])),
            cast(Element::F32, Element::U8),
        ],
        vec![
            numbers(Element::F64, Element::F32, None),
            cast(Element::F32, Element::I16),
        ],
        vec![cast(Element::U16, Element::U32)],
    ])
}

/// `n` numbers a chain, or one image for every 64.
pub(super) fn items(program: &Program, n: usize) -> Vec<usize> {
    let chains = program.chains.iter();
    let n_items = chains.map(|chain| {
        let is_images = chain.src_item_bytes() > 8
            || matches!(
                chain.kernels().next(),
                Some((Kernel::NormalizeImages(_), _))
            );
        if is_images { n.div_ceil(64) } else { n }
    });
    n_items.collect()
}

/// Bytes that are extremes more often than chance has it.
pub(super) fn columns(program: &Program, n_items: &[usize], seed: u64) -> Vec<Vec<u8>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 7 {
            0 => 0,
            1 => 0xff,
            2 => 0x7f,
            3 => 0x80,
            _ => state.to_le_bytes()[4],
        }
    };
    let chains = program.chains.iter().zip(n_items);
    chains
        .map(|(chain, n)| (0..n * chain.src_item_bytes()).map(|_| byte()).collect())
        .collect()
}
