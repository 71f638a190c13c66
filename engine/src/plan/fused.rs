//! Kernels that do as one what several do one after another, with the same bits.
//! The unfused chain is what they are held to.

use std::sync::Arc;

use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel};

/// Makes one kernel of a run of them, where it can.
type Form = fn(&[Kernel]) -> Option<Kernel>;

/// The fused forms, each with how many kernels it is made of, tried in this order.
const FORMS: &[(usize, Form)] = &[
    (1, map_that_casts),
    (1, map_that_normalizes),
    (2, gather_and_lut),
    (2, normalize_then_round),
];

/// The kernels with those made one that can be.
pub(crate) fn fused(kernels: impl Iterator<Item = Kernel>) -> Vec<Kernel> {
    let mut out: Vec<Kernel> = Vec::new();
    for kernel in kernels {
        out.push(kernel);
        while let Some((n, one)) = fused_at_end(&out) {
            out.truncate(out.len() - n);
            out.push(one);
        }
    }
    out
}

/// What the last kernels are together, and how many of them.
fn fused_at_end(kernels: &[Kernel]) -> Option<(usize, Kernel)> {
    let mut forms = FORMS.iter();
    forms.find_map(|&(n, form)| {
        let last = kernels.get(kernels.len().checked_sub(n)?..)?;
        Some((n, form(last)?))
    })
}

/// A map that only reads and writes.
fn map_that_casts(kernels: &[Kernel]) -> Option<Kernel> {
    let [Kernel::Map(map)] = kernels else {
        return None;
    };
    map.as_cast().map(Kernel::Cast)
}

/// A map that shifts and scales.
fn map_that_normalizes(kernels: &[Kernel]) -> Option<Kernel> {
    let [Kernel::Map(map)] = kernels else {
        return None;
    };
    map.as_normalize().map(Kernel::NormalizeNumbers)
}

/// Samples from other places, then the values of `normalize` for them.
fn gather_and_lut(kernels: &[Kernel]) -> Option<Kernel> {
    let [Kernel::FixedRow(gather), Kernel::FixedRow(lut)] = kernels else {
        return None;
    };
    let images = gather.as_normalize(lut)?;
    Some(Kernel::NormalizeImages(Arc::new(images)))
}

/// A `normalize` whose result is only rounded further.
fn normalize_then_round(kernels: &[Kernel]) -> Option<Kernel> {
    let [Kernel::NormalizeNumbers(numbers), Kernel::Cast(cast)] = kernels else {
        return None;
    };
    // Both contracts reach 16 bits by way of binary32.
    let rounds_on = match numbers.to {
        Element::F64 => cast.to.is_float(),
        Element::F32 => matches!(cast.to, Element::F16 | Element::BF16),
        _ => false,
    };
    rounds_on.then_some(Kernel::NormalizeNumbers(Numbers {
        to: cast.to,
        ..*numbers
    }))
}
