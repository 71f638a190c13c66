//! The pattern of `o200k_base`, and Mistral's tekken.

use super::block::BlockScan;
use super::cl100k::{number_starts, numbers_end};
use super::class::{ClassTable, LETTER, LOWER, NEWLINE, NUMBER, OTHER, UPPER, table};
use super::classes::{BlockClasses, Letters, low_bits};
use super::starts::{Leads, runs_from, space_starts};
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

impl BlockScan for O200k {
    const LETTERS: Letters = Letters::Cased;

    fn table(&self) -> &ClassTable {
        self.classes
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is compiled for each level")]
    fn starts(&self, classes: &mut BlockClasses, text: &[u8]) -> u64 {
        set_aside(classes);
        let taken = taken(classes);
        let leads = Leads::new(classes, classes.other & !taken);
        let numbers = number_starts(classes.number, self.digits);
        let spaces = space_starts(classes, taken & classes.newline);
        let cased = classes.upper & classes.lower << 1;
        let starts = leads.other | leads.letter | numbers | spaces | cased;
        match self.contractions {
            Contractions::None => starts,
            Contractions::Joined => join_contractions(starts, classes, text),
        }
    }
}

/// Forgets what masks do not decide: upper-case letters after one that has no
/// case, which depend on what follows them, and marks after others, which go
/// with these or start letters.
#[inline]
fn set_aside(classes: &mut BlockClasses) {
    let uncased = classes.letter & !(classes.upper | classes.lower);
    let aside = classes.upper & uncased << 1 | classes.mark & classes.other << 1;
    if aside != 0 {
        classes.cut(aside.trailing_zeros());
    }
}

/// The newlines and slashes of `[\r\n/]*` after others, from the first newline
/// on.
#[inline]
fn taken(classes: &BlockClasses) -> u64 {
    let mut from = classes.newline & classes.other << 1;
    if classes.slash & classes.newline << 1 == 0 {
        return runs_from(from, classes.newline);
    }
    let either = classes.newline | classes.slash;
    let mut taken = 0;
    while from != 0 {
        taken |= runs_from(from & from.wrapping_neg(), either);
        from &= !taken;
    }
    taken
}

/// Takes contractions into the words of letters before them.
#[inline]
fn join_contractions(mut starts: u64, classes: &BlockClasses, text: &[u8]) -> u64 {
    // A letter follows, or what is not known.
    let led = classes.letter >> 1 | !(low_bits(classes.known) >> 1);
    let mut quotes = classes.apostrophe & classes.letter << 1 & led;
    let mut last_end = 0;
    while quotes != 0 {
        let quote = quotes.trailing_zeros();
        quotes &= quotes - 1;
        // A word takes one contraction; another starts the next word.
        if quote == last_end {
            continue;
        }
        let len = contraction(text, quote as usize) as u32;
        if len == 0 {
            continue;
        }
        last_end = quote + len;
        starts &= !(low_bits(len) << quote);
        starts |= 1_u64.checked_shl(last_end).unwrap_or(0) & classes.letter;
    }
    starts
}
