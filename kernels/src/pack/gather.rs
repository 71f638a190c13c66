//! Copies the tokens of laid pieces into rows.

use super::DocumentPiece;

/// Rows ready to be written, as varlen attention takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered<T> {
    /// `[n_rows, length]`, row by row, the end of each row padded.
    pub tokens: Vec<T>,
    /// For each row 0, then the end of each of its pieces, in tokens, as flash
    /// attention's `cu_seqlens`; and the end of its padding, if that is a
    /// segment.
    pub cu_seqlens: Vec<i32>,
    /// `n_rows + 1` ascending offsets into `cu_seqlens`.
    pub offsets: Vec<i32>,
}

/// What fills the end of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Padding<T> {
    /// The token.
    pub token: T,
    /// What `cu_seqlens` says of it.
    pub extent: PaddingExtent,
}

/// What `cu_seqlens` says of the padding of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaddingExtent {
    /// Nothing: it lies behind the last boundary.
    Behind,
    /// It is a last segment, so that the last boundary is the row's length.
    Segment,
}

/// Copies `rows` (each the pieces of one row, together at most `length`
/// tokens) out of the documents that `doc` gives.
///
/// A piece that reaches past its document is cut to what is there, so the
/// result is always of the right shape.
pub fn gather<'a, 'd, T, R, D>(rows: R, length: u32, padding: Padding<T>, doc: D) -> Gathered<T>
where
    T: Copy + 'd,
    R: Iterator<Item = &'a [DocumentPiece]>,
    D: Fn(u32) -> &'d [T],
{
    let length = length as usize;
    let mut out = Gathered {
        tokens: Vec::with_capacity(rows.size_hint().0 * length),
        cu_seqlens: Vec::new(),
        offsets: vec![0],
    };
    for row in rows {
        let start = out.tokens.len();
        out.cu_seqlens.push(0);
        for piece in row {
            let room = length - (out.tokens.len() - start);
            let run = doc(piece.doc).get(piece.start as usize..).unwrap_or(&[]);
            let run = &run[..run.len().min(piece.len as usize).min(room)];
            out.tokens.extend_from_slice(run);
            out.cu_seqlens.push(as_i32(out.tokens.len() - start));
        }
        let is_padded = out.tokens.len() < start + length;
        out.tokens.resize(start + length, padding.token);
        if is_padded && padding.extent == PaddingExtent::Segment {
            out.cu_seqlens.push(as_i32(length));
        }
        out.offsets.push(as_i32(out.cu_seqlens.len()));
    }
    out
}

/// Copies what has a value for each token, as [`gather`] copies the tokens, with
/// `padding` behind them.
pub fn gather_values<'a, 'd, T, R, D>(rows: R, length: u32, padding: T, doc: D) -> Vec<T>
where
    T: Copy + 'd,
    R: Iterator<Item = &'a [DocumentPiece]>,
    D: Fn(u32) -> &'d [T],
{
    let length = length as usize;
    let mut out = Vec::with_capacity(rows.size_hint().0 * length);
    for row in rows {
        let end = out.len() + length;
        for piece in row {
            let run = doc(piece.doc).get(piece.start as usize..).unwrap_or(&[]);
            let len = run.len().min(piece.len as usize).min(end - out.len());
            out.extend_from_slice(&run[..len]);
        }
        out.resize(end, padding);
    }
    out
}

/// Positions within a row, and boundaries within a batch, as varlen attention
/// types them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "row lengths and a batch's boundaries are far below 2^31"
)]
fn as_i32(n: usize) -> i32 {
    n as i32
}
