//! What a model is told of packed tokens beside the tokens: where each stands in
//! its document, and whether it is to be predicted.

use super::DocumentPiece;

/// The label of a token that no loss is computed for: the `ignore_index` of
/// `PyTorch`'s cross entropy.
pub const IGNORED: i32 = -100;

/// For each token of `rows`, its place in its piece, from 0. The padding counts
/// from 0 as well, like a piece of its own.
///
/// So a zero stands exactly where a segment begins, and an attention kernel that
/// finds its boundaries by that finds those of `cu_seqlens`.
#[must_use]
pub fn position_ids<'a>(rows: impl Iterator<Item = &'a [DocumentPiece]>, length: u32) -> Vec<i32> {
    let mut out = Vec::with_capacity(rows.size_hint().0 * length as usize);
    for row in rows {
        let mut room = length;
        for piece in row {
            let len = piece.len.min(room);
            out.extend(0..len.cast_signed());
            room -= len;
        }
        out.extend(0..room.cast_signed());
    }
    out
}

/// For each token of `rows` what a model is to predict in its place: the token
/// that `label` gives for its index, or `ignored`.
///
/// Ignored are the padding, each token for which `label` gives none, and the first
/// of each piece: labels stand in the place of their token, the loss compares
/// each with what was predicted one place before, and before the first there is
/// only another document.
pub fn labels<'a, T: Copy>(
    rows: impl Iterator<Item = &'a [DocumentPiece]>,
    length: u32,
    ignored: T,
    label: impl Fn(usize) -> Option<T>,
) -> Vec<T> {
    let length = length as usize;
    let mut out = Vec::with_capacity(rows.size_hint().0 * length);
    for row in rows {
        let end = out.len() + length;
        for piece in row {
            let start = out.len();
            let stop = end.min(start + piece.len as usize);
            out.resize(stop.min(start + 1), ignored);
            out.extend((start + 1..stop).map(|at| label(at).unwrap_or(ignored)));
        }
        out.resize(end, ignored);
    }
    out
}
