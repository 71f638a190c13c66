//! The pattern of `o200k_base`, and Mistral's tekken.

use super::cl100k::numbers_end;
use super::class::{ClassTable, LETTER, LOWER, NEWLINE, NUMBER, OTHER, UPPER, table};
use super::{Contractions, Digits, Newline, SplitScan, TextEnd, contraction, space_end};

/// With `U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` and `L = [\p{Ll}\p{Lm}\p{Lo}\p{M}]`:
/// ```text
/// [^\r\n\p{L}\p{N}]?U*L+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// |[^\r\n\p{L}\p{N}]?U+L*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
/// ```
/// [`Digits::One`] has `\p{N}` for `\p{N}{1,3}`, [`Contractions::None`] leaves
/// the contractions out.
#[derive(Clone, Copy)]
pub(crate) struct O200k {
    classes: &'static ClassTable,
    digits: Digits,
    contractions: Contractions,
}

impl O200k {
    pub(super) fn new(digits: Digits, contractions: Contractions) -> Self {
        Self {
            classes: table(),
            digits,
            contractions,
        }
    }

    /// Where the first two alternatives match letters from `at`, before the
    /// contraction; `None` if neither does.
    ///
    /// `U*` takes all it can, up to `upper`. If a lower-case letter follows,
    /// `L+` takes the rest. Otherwise `U*` gives back to the last character
    /// that is in both sets, and `L+` matches that one alone, since all after
    /// it are in `U` only. If there is none, the second alternative takes all.
    #[inline]
    fn letters_end(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut upper = at;
        let mut after_both = None;
        while upper < text.len() {
            let (class, len) = self.classes.at(text, upper);
            if class & (UPPER | LOWER) == LOWER {
                return Some(self.classes.run(text, upper + len, LOWER));
            }
            if class & UPPER == 0 {
                break;
            }
            upper += len;
            if class & LOWER != 0 {
                after_both = Some(upper);
            }
        }
        after_both.or((upper > at).then_some(upper))
    }

    #[inline]
    fn with_contraction(&self, text: &[u8], end: usize) -> usize {
        match self.contractions {
            Contractions::Joined if text.get(end) == Some(&b'\'') => end + contraction(text, end),
            _ => end,
        }
    }
}

impl SplitScan for O200k {
    #[inline]
    fn end(&self, text: &[u8], at: usize) -> usize {
        let (class, len) = self.classes.at(text, at);
        let next = at + len;
        // A mark may lead letters, but it is in both sets itself, and so it
        // ends up in the word either way.
        let letters = if class & (LETTER | UPPER) != 0 {
            self.letters_end(text, at)
        } else if class & (NUMBER | NEWLINE) != 0 {
            None
        } else {
            self.letters_end(text, next)
        };
        if let Some(end) = letters {
            return self.with_contraction(text, end);
        }
        if class & NUMBER != 0 {
            return numbers_end(self.classes, text, next, self.digits);
        }
        let leads =
            text[at] == b' ' && next < text.len() && self.classes.at(text, next).0 & OTHER != 0;
        if class & OTHER != 0 || leads {
            let end = self.classes.run(text, next, OTHER);
            return end
                + text[end..]
                    .iter()
                    .take_while(|byte| matches!(byte, b'\r' | b'\n' | b'/'))
                    .count();
        }
        space_end(
            self.classes,
            text,
            at,
            Newline::EndsWord(TextEnd::AfterNewline),
        )
    }
}
