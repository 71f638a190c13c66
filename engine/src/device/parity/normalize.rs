//! Images of every layout and type, numbers of every pair of types.

use std::sync::Arc;

use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Numbers, Table};
use fuelrail_kernels::{Element, Kernel};

use super::trial::Trial;
use crate::device::Chain;

const FLOATS: [Element; 3] = [Element::F32, Element::F16, Element::BF16];

/// Means and deviations of the channels, as is usual for photographs.
const MEAN: [f64; 4] = [0.485, 0.456, 0.406, 0.5];
const STD: [f64; 4] = [0.229, 0.224, 0.225, 0.25];

/// Images side by side, then numbers side by side, at many lengths.
pub(super) fn trials() -> Vec<Trial> {
    let images = images();
    let numbers = numbers();
    let mut trials = Vec::new();
    for n in [1, 3] {
        trials.push(Trial::new(images.iter().cloned().map(|chain| (chain, n))));
    }
    trials.push(Trial::new(large_image().map(|chain| (chain, 2))));
    let longer = numbers.iter().cloned().enumerate();
    trials.push(Trial::new(
        longer.map(|(index, chain)| (chain, 500 + index)),
    ));
    for n in [0, 1, 2, 3, 255, 256, 257] {
        trials.push(Trial::new(numbers.iter().cloned().map(|chain| (chain, n))));
    }
    trials
}

/// Every layout, flip and type, over odd shapes and windows.
fn images() -> Vec<Chain> {
    let layouts = [Layout::Hwc, Layout::Chw];
    let flips = [Flip::None, Flip::Horizontal, Flip::Vertical, Flip::Both];
    let shapes = [
        (1, 1, [0, 0, 1, 1]),
        (5, 7, [0, 0, 5, 7]),
        (9, 35, [2, 1, 6, 33]),
        (3, 66, [1, 0, 1, 65]),
    ];
    let mut chains = Vec::new();
    for (index, &(height, width, crop)) in shapes.iter().enumerate() {
        for channels in 1..=4 {
            for (at, flip) in flips.into_iter().enumerate() {
                let geometry = Geometry {
                    height,
                    width,
                    channels,
                    from: layouts[at % 2],
                    to: layouts[(at / 2 + index) % 2],
                    crop,
                    flip,
                };
                let element = FLOATS[(at + index + channels as usize) % 3];
                chains.extend(image(geometry, element));
            }
        }
    }
    for (from, to, element) in layouts
        .into_iter()
        .flat_map(|from| layouts.map(|to| (from, to)))
        .flat_map(|(from, to)| FLOATS.map(|element| (from, to, element)))
    {
        let geometry = Geometry {
            height: 13,
            width: 21,
            channels: 3,
            from,
            to,
            crop: [0, 0, 13, 21],
            flip: Flip::None,
        };
        chains.extend(image(geometry, element));
    }
    chains
}

/// An image as models take them.
fn large_image() -> impl Iterator<Item = Chain> {
    let geometry = Geometry {
        height: 224,
        width: 224,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [0, 0, 224, 224],
        flip: Flip::Horizontal,
    };
    FLOATS
        .into_iter()
        .filter_map(move |element| image(geometry, element))
}

fn image(geometry: Geometry, element: Element) -> Option<Chain> {
    let channels = geometry.channels as usize;
    let constants = (&MEAN[..channels], &STD[..channels]);
    let table = Table::new(element, channels, constants, 255.0).ok()?;
    let images = Images::new(geometry, table).ok()?;
    Chain::new(vec![Kernel::NormalizeImages(Arc::new(images))]).ok()
}

/// Every pair of types, clipped and not, with constants that make results
/// tiny, huge and everyday.
fn numbers() -> Vec<Chain> {
    let constants = [
        (3.25, 1.75, None),
        (-0.1, 0.3, Some([-2.5, 2.5])),
        (0.0, 1e30, None),
        (0.0, 1e-30, Some([0.0, 65_519.0])),
        (1e8, 7.0, Some([-1.0, -0.0])),
    ];
    let mut chains = Vec::new();
    for from in Element::ALL {
        for to in [Element::F32, Element::F16, Element::BF16, Element::F64] {
            for (mean, std, clip) in constants {
                let numbers = Numbers::new((from, to), (mean, std), clip);
                let chain = numbers.ok().map(Kernel::NormalizeNumbers);
                chains.extend(chain.and_then(|kernel| Chain::new(vec![kernel]).ok()));
            }
        }
    }
    chains
}
