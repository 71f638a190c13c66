//! Kernels that do as one what several do one after another, with the same bits.
//! The unfused chain is what they are held to.

use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel};

/// Makes one kernel of two neighbours, where it can.
type Form = fn(&Kernel, &Kernel) -> Option<Kernel>;

/// The fused forms, tried in this order.
const FORMS: &[Form] = &[normalize_then_round];

/// The kernels with those made one that can be.
pub(crate) fn fused(kernels: impl Iterator<Item = Kernel>) -> Vec<Kernel> {
    let mut out: Vec<Kernel> = Vec::new();
    for kernel in kernels {
        let both = out.last().and_then(|before| {
            let mut forms = FORMS.iter();
            forms.find_map(|form| form(before, &kernel))
        });
        match both {
            Some(both) => {
                out.pop();
                out.push(both);
            }
            None => out.push(kernel),
        }
    }
    out
}

/// A `normalize` whose result is only rounded further.
fn normalize_then_round(first: &Kernel, second: &Kernel) -> Option<Kernel> {
    let (Kernel::NormalizeNumbers(numbers), Kernel::Cast(cast)) = (first, second) else {
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
