//! Normalizers that look at one character at a time.

use std::str::Chars;

use unicode_normalization_alignments::char::is_combining_mark;

use super::super::aligned::AlignedText;
use crate::tokenize::error::EncodeError;

/// Whether white space at one end of a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strip {
    Remove,
    Keep,
}

/// The most characters that the lower case of one has.
pub(super) const LOWERCASE_GROWTH: usize = 3;

/// Removes the characters that `keeps` does not keep.
pub(super) fn filter(
    text: &mut AlignedText<'_>,
    keeps: impl Fn(char) -> bool,
) -> Result<(), EncodeError> {
    if text.stays(|text| text.chars().all(&keeps)) {
        return Ok(());
    }
    text.rewrite(|piece, out| {
        let mut chars = piece.text().chars();
        let n_removed = skip_while(&mut chars, |c| !keeps(c));
        let kept = std::iter::from_fn(|| {
            let c = chars.next()?;
            let n_after = skip_while(&mut chars, |c| !keeps(c));
            Some((c, -n_after.cast_signed()))
        });
        out.transform(piece, kept, n_removed)
    })
}

/// Skips characters for which `goes` holds and counts them.
fn skip_while(chars: &mut Chars<'_>, goes: impl Fn(char) -> bool) -> usize {
    let mut n = 0;
    while chars.clone().next().is_some_and(&goes) {
        chars.next();
        n += 1;
    }
    n
}

/// Replaces each character by another.
pub(super) fn map(
    text: &mut AlignedText<'_>,
    of: impl Fn(char) -> char,
) -> Result<(), EncodeError> {
    if text.stays(|text| text.chars().all(|c| of(c) == c)) {
        return Ok(());
    }
    text.rewrite(|piece, out| out.transform(piece, piece.text().chars().map(|c| (of(c), 0)), 0))
}

/// `Lowercase`: full case mapping, without regard to context.
pub(super) fn lowercase(text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
    if text.stays(is_lowercase) {
        return Ok(());
    }
    text.rewrite(|piece, out| {
        let lower = piece.text().chars().flat_map(|c| {
            let parts = c.to_lowercase().enumerate();
            parts.map(|(at, c)| (c, isize::from(at > 0)))
        });
        out.transform(piece, lower, 0)
    })
}

fn is_lowercase(text: &str) -> bool {
    text.chars().all(|c| {
        if c.is_ascii() {
            !c.is_ascii_uppercase()
        } else {
            c.to_lowercase().eq([c])
        }
    })
}

/// `Strip`: white space goes from the ends.
pub(super) fn strip(
    text: &mut AlignedText<'_>,
    left: Strip,
    right: Strip,
) -> Result<(), EncodeError> {
    let trimmed = |text: &str| {
        let start = match left {
            Strip::Remove => text.len() - text.trim_start().len(),
            Strip::Keep => 0,
        };
        let end = match right {
            Strip::Remove => text.trim_end().len(),
            Strip::Keep => text.len(),
        };
        start..end
    };
    if text.stays(|text| trimmed(text) == (0..text.len())) {
        return Ok(());
    }
    text.rewrite(|piece, out| {
        let text = piece.text();
        let range = trimmed(text);
        if range == (0..text.len()) {
            out.copy(piece, range);
            return Ok(());
        }
        let n_removed = text.get(..range.start).unwrap_or_default().chars().count();
        let kept = text.get(range).unwrap_or_default().chars();
        out.transform(piece, kept.map(|c| (c, 0)), n_removed)
    })
}

/// `StripAccents`: combining marks go.
pub(super) fn strip_accents(text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
    filter(text, |c| c < '\u{300}' || !is_combining_mark(c))
}

/// `Nmt`: what `SentencePiece` cleans text of.
pub(super) fn nmt(text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
    filter(text, |c| {
        !matches!(c,
            '\u{1}'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{8f}' | '\u{9f}')
    })?;
    map(text, |c| match c {
        '\t'
        | '\n'
        | '\u{c}'
        | '\r'
        | '\u{1680}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2581}'
        | '\u{feff}'
        | '\u{fffd}' => ' ',
        _ => c,
    })
}
