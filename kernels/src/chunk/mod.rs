//! Cuts a document of tokens into pieces that overlap.
//!
//! The contract, for pieces of `length` tokens that share `overlap` with the one
//! before: piece `i` begins at token `i (length - overlap)`, and the last is the
//! first that reaches the end of the document. All have `length` tokens but the
//! last, which has more than `overlap` unless it is the only one, and is left out
//! where it has fewer than `least`. A document without tokens has no pieces.
//!
//! These are the windows of Hugging Face's `return_overflowing_tokens`, where
//! `length` is called `max_length` and `overlap` is called `stride`.
//!
//! Host-only: it is a few additions for each piece.

use std::ops::Range;

/// How documents are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunking {
    /// Tokens of a piece, at most; at least 1.
    pub length: u32,
    /// Tokens that a piece shares with the one before; less than `length`.
    pub overlap: u32,
    /// Tokens of a last piece, at least.
    pub least: u32,
}

impl Chunking {
    /// The pieces of a document of `len` tokens, in order.
    ///
    /// ```
    /// use fuelrail_kernels::chunk::Chunking;
    /// let chunking = Chunking { length: 4, overlap: 1, least: 1 };
    /// let pieces: Vec<_> = chunking.pieces(9).collect();
    /// assert_eq!(pieces, [0..4, 3..7, 6..9]);
    /// ```
    pub fn pieces(self, len: u32) -> impl Iterator<Item = Range<u32>> {
        let step = self.length.saturating_sub(self.overlap).max(1);
        let n_more = len.saturating_sub(self.length).div_ceil(step);
        let n_pieces = if len == 0 { 0 } else { n_more + 1 };
        // Each begins within the document, so nothing overflows.
        (0..n_pieces)
            .map(move |index| index * step)
            .map(move |start| start..len.min(start.saturating_add(self.length)))
            .filter(move |piece| piece.end < len || piece.end - piece.start >= self.least)
    }

    /// How many of its last tokens are in no piece.
    #[must_use]
    pub fn n_left_out(self, len: u32) -> u32 {
        len - self.pieces(len).last().map_or(0, |piece| piece.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The pieces as their definition reads.
    fn reference(chunking: Chunking, len: u32) -> Vec<Range<u32>> {
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut is_over = len == 0;
        while !is_over {
            let end = len.min(start + chunking.length);
            is_over = end == len;
            if !is_over || end - start >= chunking.least {
                pieces.push(start..end);
            }
            start = start + chunking.length - chunking.overlap;
        }
        pieces
    }

    proptest! {
        #[test]
        fn pieces_are_their_definition(
            len in 0_u32..400,
            length in 1_u32..60,
            overlap in 0_u32..60,
            least in 0_u32..70,
        ) {
            let overlap = overlap % length;
            let chunking = Chunking { length, overlap, least };
            let pieces: Vec<_> = chunking.pieces(len).collect();
            prop_assert_eq!(&pieces, &reference(chunking, len));
            let end = pieces.last().map_or(0, |piece| piece.end);
            prop_assert_eq!(chunking.n_left_out(len), len - end);
            // Without a least length, every token is in a piece, and neighbours share
            // as many as they are to.
            let all: Vec<_> = Chunking { least: 1, ..chunking }.pieces(len).collect();
            prop_assert_eq!(all.last().map_or(0, |piece| piece.end), len);
            for pair in all.windows(2) {
                prop_assert_eq!(pair[0].end - pair[1].start, overlap);
                prop_assert!(pair[1].end > pair[0].end);
            }
        }
    }

    #[test]
    fn the_longest_documents_do_not_overflow() {
        let chunking = Chunking {
            length: 1 << 24,
            overlap: 0,
            least: 1,
        };
        let last = chunking.pieces(u32::MAX).last();
        assert_eq!(last, Some(u32::MAX - ((1 << 24) - 1)..u32::MAX));
    }
}
