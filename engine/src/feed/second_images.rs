//! The images that the rows of a batch are mixed with.

use crate::plan::operators::Weight;

/// What the rows of a column are mixed with.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecondImages<'a> {
    /// The images of second rows as they are stored, one after another.
    pub(super) bytes: &'a [u8],
    /// Their rows of the dataset.
    pub(super) rows: &'a [u64],
    /// For each row of the batch, which of them it is mixed with, and its own weight.
    pub(super) of: &'a [Option<(usize, Weight)>],
}

impl<'a> SecondImages<'a> {
    /// The second row of a row of the batch, if it has one: its image of `len` bytes,
    /// its row of the dataset, and the weight of the row that is mixed with it.
    pub(super) fn of(&self, row: usize, len: usize) -> Option<(&'a [u8], u64, Weight)> {
        let (index, weight) = (*self.of.get(row)?)?;
        let image = self.bytes.get(index * len..(index + 1) * len)?;
        Some((image, *self.rows.get(index)?, weight))
    }

    /// Each image of `own`, of `len` bytes, with that of its second row behind it;
    /// with zeros where it has none. `others` are the images of second rows.
    pub(super) fn pairs(&self, own: &[u8], others: &[u8], len: usize) -> Vec<u8> {
        let mut pairs = vec![0; 2 * own.len()];
        let both = pairs.chunks_exact_mut(2 * len).zip(own.chunks_exact(len));
        for ((pair, own), second) in both.zip(self.of) {
            let (first, other) = pair.split_at_mut(len);
            first.copy_from_slice(own);
            let image = second.and_then(|(index, _)| others.get(index * len..(index + 1) * len));
            if let Some(image) = image {
                other.copy_from_slice(image);
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_second_one_behind_it() {
        let seconds = SecondImages {
            bytes: &[10, 11, 20, 21],
            rows: &[7, 9],
            of: &[Some((1, Weight::WHOLE)), None, Some((0, Weight::WHOLE))],
        };
        let own = [1, 2, 3, 4, 5, 6];
        let pairs = seconds.pairs(&own, seconds.bytes, 2);
        assert_eq!(pairs, [1, 2, 20, 21, 3, 4, 0, 0, 5, 6, 10, 11]);
        assert_eq!(seconds.of(0, 2), Some((&[20, 21][..], 9, Weight::WHOLE)));
        assert_eq!([seconds.of(1, 2), seconds.of(3, 2)], [None; 2]);
    }
}
