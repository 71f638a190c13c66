//! Items to be timed.

use super::super::parity::sample;
use super::super::program::Chain;

/// At least this many items are made one by one; more repeat them.
const SAMPLED_BYTES: usize = 1 << 20;

/// `n_items` items of a chain.
pub(super) fn items(chain: &Chain, n_items: usize) -> Vec<u8> {
    let width = chain.src_item_bytes();
    let n_sampled = SAMPLED_BYTES.div_ceil(width).min(n_items);
    let sampled = sample(chain, n_sampled, 0);
    let all = sampled.iter().copied().cycle();
    all.take(n_items * width).collect()
}

#[cfg(test)]
mod tests {
    use fuelrail_kernels::cast::Cast;
    use fuelrail_kernels::{Element, Kernel};

    use super::*;

    #[test]
    fn items_repeat_what_was_sampled() {
        let cast = Cast {
            from: Element::U16,
            to: Element::I32,
        };
        let chain = Chain::new(vec![Kernel::Cast(cast)]).unwrap();
        let few = items(&chain, 10);
        assert_eq!(few, sample(&chain, 10, 0));
        let width = chain.src_item_bytes();
        let n_sampled = SAMPLED_BYTES / width;
        let many = items(&chain, n_sampled + 10);
        assert_eq!(many.len(), (n_sampled + 10) * width);
        assert_eq!(many[..10 * width], many[n_sampled * width..]);
    }
}
