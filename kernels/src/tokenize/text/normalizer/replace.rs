//! `Replace` and `Prepend`, and what the pre-tokenizers do like them.

use super::super::aligned::AlignedText;
use crate::tokenize::error::EncodeError;
use crate::tokenize::pattern::{Pattern, PatternSteps};

/// `Replace`: `content` for each match of `pattern`.
pub(super) fn replace(
    text: &mut AlignedText<'_>,
    pattern: &Pattern,
    content: &str,
) -> Result<(), EncodeError> {
    let mut is_found = false;
    let mut steps = PatternSteps::on(text.len_bytes());
    for piece in text.pieces() {
        pattern.find(piece.text(), &mut steps, |_| is_found = true)?;
        if is_found {
            break;
        }
    }
    if !is_found {
        return Ok(());
    }
    let mut found = Vec::new();
    let mut steps = PatternSteps::on(text.len_bytes());
    text.rewrite(|piece, out| {
        found.clear();
        pattern.find(piece.text(), &mut steps, |range| found.push(range))?;
        let mut done = 0;
        for range in &found {
            out.copy(piece, done..range.start);
            out.put_after(piece, range.end, content)?;
            done = range.end;
        }
        out.copy(piece, done..piece.text().len());
        Ok(())
    })
}

/// Replaces one character by another.
pub(crate) fn replace_char(
    text: &mut AlignedText<'_>,
    old: char,
    new: char,
) -> Result<(), EncodeError> {
    if old == new || text.pieces().all(|piece| !piece.text().contains(old)) {
        return Ok(());
    }
    let mut buffer = [0; 4];
    let new: &str = new.encode_utf8(&mut buffer);
    text.rewrite(|piece, out| {
        let mut done = 0;
        for (start, found) in piece.text().match_indices(old) {
            out.copy(piece, done..start);
            done = start + found.len();
            out.put_after(piece, done, new)?;
        }
        out.copy(piece, done..piece.text().len());
        Ok(())
    })
}

/// Puts `prefix` before each piece that `wants` it; it stands for what the
/// first character does. If it is empty, that character stands for nothing,
/// as in Hugging Face.
pub(crate) fn prepend(
    text: &mut AlignedText<'_>,
    prefix: &str,
    wants: impl Fn(&super::super::aligned::AlignedPiece<'_>) -> bool,
) -> Result<(), EncodeError> {
    if !text.pieces().any(|piece| wants(&piece)) {
        return Ok(());
    }
    text.rewrite(|piece, out| {
        let text = piece.text();
        if !wants(piece) {
            out.copy(piece, 0..text.len());
            return Ok(());
        }
        let first = text.chars().next().map_or(0, char::len_utf8);
        if prefix.is_empty() {
            out.put_after(piece, 0, text.get(..first).unwrap_or_default())?;
            out.copy(piece, first..text.len());
        } else {
            out.put_after(piece, first, prefix)?;
            out.copy(piece, 0..text.len());
        }
        Ok(())
    })
}
