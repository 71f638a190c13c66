//! Lays documents of tokens into rows of one length.
//!
//! The contract, for rows of `length` tokens:
//! - [`cut`] turns documents into [`DocumentPiece`]s no longer than a row, by the rule
//!   for overlong documents;
//! - [`best_fit`] lays pieces into rows by best-fit decreasing: pieces from
//!   long to short (of equal ones the earlier first), each into the fullest row
//!   that still holds it (of equal ones the row touched last), else into a
//!   new row. Pieces are never cut. Rows leave ordered by the first piece they
//!   hold, and hold their pieces in source order;
//! - [`concat()`] lays documents one after another and cuts them where a row is
//!   full;
//! - both put no more pieces into a row than a [`RowLimit`] allows;
//! - [`gather`] copies the tokens of the laid pieces and pads the rest, which is
//!   a segment of its own if asked for; [`gather_values`] copies what has a
//!   value for each token, such as a loss mask;
//! - [`position_ids`] counts the tokens of each piece from 0, and [`labels`]
//!   says which tokens a model is trained to predict.
//!
//! Best-fit decreasing is D. S. Johnson's, "Near-optimal bin packing
//! algorithms", 1973: at most 11/9 of the least number of rows plus a constant; on lengths
//! of real documents it is within a row or two of the bound.
//!
//! Host-only: laying out is a sequential decision over lengths, four bytes a
//! document, and the copy is bound by memory, not arithmetic.

mod best_fit;
mod gather;
mod targets;

pub use best_fit::best_fit;
pub use gather::{Gathered, Padding, PaddingExtent, gather, gather_values};
pub use targets::{IGNORED, labels, position_ids};

/// A run of tokens of one document that stands in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPiece {
    /// Index of the document.
    pub doc: u32,
    /// First token of the run within the document.
    pub start: u32,
    /// Tokens in the run; at least 1.
    pub len: u32,
}

/// What a row holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLimit {
    /// Tokens, padding included: the length of every row.
    pub length: u32,
    /// Documents, each of which counts once for each of its pieces; at least 1.
    pub documents: u32,
}

impl From<u32> for RowLimit {
    /// A row of `length` tokens, of any number of documents.
    fn from(length: u32) -> Self {
        Self {
            length,
            documents: u32::MAX,
        }
    }
}

/// What becomes of a document longer than a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutRule {
    /// Full rows are cut off its front; the rest is a piece like any other.
    Split,
    /// Only the first `length` tokens are kept.
    Truncate,
    /// The document is left out.
    Drop,
}

/// Pieces in the order they stand in rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedRows {
    /// Row by row, left to right.
    pub pieces: Vec<DocumentPiece>,
    /// `n_rows + 1` ascending offsets into `pieces`.
    pub offsets: Vec<u32>,
}

impl PackedRows {
    /// How many rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The pieces of row `row`.
    #[must_use]
    pub fn row(&self, row: usize) -> &[DocumentPiece] {
        &self.pieces[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Cuts documents of `lens` tokens into pieces of at most `length`, in source
/// order. Empty documents give none.
///
/// ```
/// use fuelrail_kernels::pack::{CutRule, DocumentPiece, cut};
/// let pieces = cut(&[3, 10], 4, CutRule::Split);
/// assert_eq!(pieces.len(), 4);
/// assert_eq!(pieces[3], DocumentPiece { doc: 1, start: 8, len: 2 });
/// ```
#[must_use]
pub fn cut(lens: &[u32], length: u32, overlong: CutRule) -> Vec<DocumentPiece> {
    let mut pieces = Vec::with_capacity(lens.len());
    for (doc, &len) in (0..).zip(lens) {
        if len <= length {
            if len > 0 {
                pieces.push(DocumentPiece { doc, start: 0, len });
            }
            continue;
        }
        match overlong {
            CutRule::Drop => {}
            CutRule::Truncate => pieces.push(DocumentPiece {
                doc,
                start: 0,
                len: length,
            }),
            CutRule::Split => {
                pieces.extend((0..len).step_by(length.max(1) as usize).map(|start| {
                    DocumentPiece {
                        doc,
                        start,
                        len: length.min(len - start),
                    }
                }));
            }
        }
    }
    pieces
}

/// Lays documents of `lens` tokens one after another into rows within `limit`
/// and returns the rows. Without a limit of documents only the last may be short.
#[must_use]
pub fn concat(lens: &[u32], limit: impl Into<RowLimit>) -> PackedRows {
    let RowLimit { length, documents } = limit.into();
    let mut rows = PackedRows {
        pieces: Vec::with_capacity(lens.len()),
        offsets: vec![0],
    };
    let (mut room, mut n_pieces) = (length, 0);
    for (doc, &len) in (0..).zip(lens) {
        let mut start = 0;
        while start < len {
            let piece_len = room.min(len - start);
            rows.pieces.push(DocumentPiece {
                doc,
                start,
                len: piece_len,
            });
            start += piece_len;
            room -= piece_len;
            n_pieces += 1;
            if room == 0 || n_pieces >= documents {
                rows.offsets.push(index(rows.pieces.len()));
                (room, n_pieces) = (length, 0);
            }
        }
    }
    if room < length {
        rows.offsets.push(index(rows.pieces.len()));
    }
    rows
}

/// A count of pieces as an offset; windows hold far fewer than 2^32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a window's tokens, and so its pieces, are bounded far below 2^32"
)]
fn index(n: usize) -> u32 {
    n as u32
}

#[cfg(test)]
mod tests;
