//! Cuts the items of a batch into runs that a slot of a device holds.

use std::ops::Range;

use super::program::{Chain, Program};

/// What a chain's region may take beyond its items, where it is rounded up.
const SLACK: usize = 256;

/// A batch in pieces.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// For each piece and chain, its run of items.
    pub(super) list: Vec<Vec<Range<usize>>>,
    /// Chains of which a slot does not hold one item.
    pub(super) too_large: Vec<usize>,
}

impl Pieces {
    /// Cuts `n_items` items of each chain so that no piece takes more than
    /// `limit` bytes in any buffer. Items stay in order.
    pub(super) fn new(program: &Program, n_items: &[usize], limit: usize) -> Self {
        let widths = program.chains.iter().map(Chain::widest_item_bytes);
        let widths: Vec<usize> = widths.collect();
        let mut pieces = Self::default();
        let mut next = vec![0; n_items.len()];
        for (chain, &width) in widths.iter().enumerate() {
            if width + SLACK > limit && n_items[chain] > 0 {
                pieces.too_large.push(chain);
                next[chain] = n_items[chain];
            }
        }
        while next.iter().zip(n_items).any(|(next, all)| next < all) {
            let mut room = limit;
            let mut piece = Vec::with_capacity(n_items.len());
            for (chain, &width) in widths.iter().enumerate() {
                let fits = room.saturating_sub(SLACK) / width;
                let end = (next[chain] + fits).min(n_items[chain]);
                let taken = next[chain]..end;
                if !taken.is_empty() {
                    room -= (taken.len() * width).next_multiple_of(SLACK);
                }
                next[chain] = end;
                piece.push(taken);
            }
            pieces.list.push(piece);
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use fuelrail_kernels::cast::Cast;
    use fuelrail_kernels::{Element, Kernel};

    use super::*;

    fn program(widths: &[(Element, Element)]) -> Program {
        let chain = |&(from, to)| Chain::new(vec![Kernel::Cast(Cast { from, to })]).unwrap();
        Program {
            chains: widths.iter().map(chain).collect(),
        }
    }

    #[test]
    fn every_item_comes_once_and_in_order() {
        let program = program(&[
            (Element::U8, Element::I32),
            (Element::F32, Element::F16),
            (Element::U16, Element::U16),
        ]);
        for n_items in [[0, 0, 0], [1, 0, 0], [1000, 3, 77], [5, 100_000, 1]] {
            for limit in [1024, 4096, 1 << 20] {
                let pieces = Pieces::new(&program, &n_items, limit);
                assert_eq!(pieces.too_large, [] as [usize; 0]);
                for (chain, &n) in n_items.iter().enumerate() {
                    let items = pieces.list.iter().flat_map(|piece| piece[chain].clone());
                    assert!(items.eq(0..n));
                }
                for piece in &pieces.list {
                    let bytes = piece.iter().zip([4usize, 4, 2]);
                    let bytes: usize = bytes
                        .map(|(items, width)| (items.len() * width).next_multiple_of(SLACK))
                        .sum();
                    assert!(bytes <= limit && piece.iter().any(|items| !items.is_empty()));
                }
            }
        }
    }

    #[test]
    fn what_no_slot_holds_is_told() {
        let program = program(&[(Element::U8, Element::I32), (Element::U8, Element::U8)]);
        let pieces = Pieces::new(&program, &[10, 10], 258);
        assert_eq!(pieces.too_large, [0]);
        assert_eq!(pieces.list.len(), 5);
        assert!(pieces.list.iter().all(|piece| piece[0].is_empty()));
    }
}
