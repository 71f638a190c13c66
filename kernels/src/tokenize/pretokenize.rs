//! Cuts text into the words whose bytes are merged one by one.
//!
//! [`Pretokenizer::Scan`] is the fast path: one scanner whose matches cover
//! the text. Everything else is a list of steps that cut each word further, as
//! Hugging Face's `Sequence` does, and the `ByteLevel` that ends it.

use std::ops::Range;

use super::error::EncodeError;
use super::pattern::Pattern;
use super::scan::{N_WORDS, Scanner, WordEnds};
use super::text::{
    AlignedPiece, AlignedText, Behavior, CutStep, InvertMatches, PrefixSpace, TextCutter, Track,
};
use crate::level::Level;

/// How text is cut.
pub(crate) enum Pretokenizer {
    /// The matches of a scanner.
    Scan(Scanner),
    /// Steps, then `ByteLevel`.
    Steps {
        before: TextCutter,
        prefix_space: PrefixSpace,
        /// `use_regex` of the `ByteLevel`.
        scanner: Option<Scanner>,
    },
}

/// A stretch of text to be cut.
#[derive(Clone, Copy)]
pub(crate) enum CutText<'a> {
    /// Text as it is, and the byte of the original where it starts.
    Plain { text: &'a str, start: usize },
    /// Text that has been normalised.
    Normal(&'a AlignedPiece<'a>),
}

/// Words that lie one after another.
pub(crate) struct WordRun<'a> {
    pub(crate) text: &'a [u8],
    /// Where the first starts.
    pub(crate) start: usize,
    /// Where each ends.
    pub(crate) ends: &'a [u32],
    pub(crate) source: RunSource<'a>,
}

/// Where the text of a run comes from.
#[derive(Clone, Copy)]
pub(crate) enum RunSource<'a> {
    CutText(CutText<'a>),
    /// Behind a space that was put before it.
    Spaced(CutText<'a>),
}

impl Pretokenizer {
    /// The same as a `pre_tokenizer` that ends in `ByteLevel` and has only
    /// `Split` and `Digits` before it; any other comes back.
    pub(crate) fn of_cutter(cutter: TextCutter) -> Result<Self, TextCutter> {
        let mut steps = cutter.into_steps();
        let is_byte_level = |step: &CutStep| matches!(step, CutStep::ByteLevel { .. });
        let only_cuts = |step: &CutStep| matches!(step, CutStep::Split { .. } | CutStep::Digits(_));
        let is_known = match steps.split_last() {
            Some((last, before)) => is_byte_level(last) && before.iter().all(only_cuts),
            None => false,
        };
        let last = if is_known { steps.pop() } else { None };
        let Some(CutStep::ByteLevel {
            prefix_space,
            scanner,
        }) = last
        else {
            return Err(TextCutter::new(steps));
        };
        if prefix_space == PrefixSpace::Keep
            && let Some(scanner) = one_scanner(&steps, scanner)
        {
            return Ok(Self::Scan(scanner));
        }
        Ok(Self::Steps {
            before: TextCutter::new(steps),
            prefix_space,
            scanner,
        })
    }

    /// The matches of a pattern; what is between them is left out.
    pub(crate) fn of_matches(pattern: Pattern) -> Self {
        match pattern.scanner() {
            Some(scanner) => Self::Scan(scanner),
            None => Self::Steps {
                before: TextCutter::new(vec![CutStep::Split {
                    pattern,
                    behavior: Behavior::Removed,
                    invert: InvertMatches::Yes,
                }]),
                prefix_space: PrefixSpace::Keep,
                scanner: None,
            },
        }
    }

    /// What keeps words from being the text's own bytes, one after another.
    pub(crate) fn changes_text(&self) -> Option<&'static str> {
        let Self::Steps {
            before,
            prefix_space,
            ..
        } = self
        else {
            return None;
        };
        if *prefix_space == PrefixSpace::Add {
            Some("the space that `ByteLevel` adds before words")
        } else if before.removes() {
            Some("a pre-tokenizer that removes its matches")
        } else {
            None
        }
    }

    /// Calls `visit` with the words of a stretch in order. No word is empty.
    ///
    /// # Errors
    /// `Pattern` if a regular expression gives up.
    #[inline]
    pub(crate) fn words(
        &self,
        level: Level,
        stretch: CutText<'_>,
        track: Track,
        mut visit: impl FnMut(WordRun<'_>),
    ) -> Result<(), EncodeError> {
        match self {
            Self::Scan(scanner) => {
                scanner.words(level, stretch.text().as_bytes(), |text, start, ends| {
                    visit(WordRun {
                        text,
                        start,
                        ends,
                        source: RunSource::CutText(stretch),
                    });
                });
                Ok(())
            }
            Self::Steps {
                before,
                prefix_space,
                scanner,
            } => {
                let mut cut = stretch.aligned(track)?;
                before.cut(&mut cut)?;
                for piece in cut.pieces() {
                    let end = ByteLevelEnd {
                        level,
                        prefix_space: *prefix_space,
                        scanner: *scanner,
                    };
                    end.words(&piece, &mut visit);
                }
                Ok(())
            }
        }
    }
}

impl<'a> CutText<'a> {
    /// Its text.
    pub(crate) fn text(self) -> &'a str {
        match self {
            Self::Plain { text, .. } => text,
            Self::Normal(piece) => piece.text(),
        }
    }

    fn aligned(self, track: Track) -> Result<AlignedText<'a>, EncodeError> {
        match self {
            Self::Plain { text, start } => AlignedText::new(text, start, track),
            Self::Normal(piece) => Ok(piece.part(0..piece.text().len())),
        }
    }

    /// The bytes of the original that bytes of it stand for, as
    /// [`AlignedPiece::origin`] has it.
    fn origin(self, range: Range<usize>) -> Range<usize> {
        match self {
            Self::Plain { text, start } => {
                let first = text.floor_char_boundary(range.start);
                let end = text.ceil_char_boundary(range.end);
                start + first..start + end
            }
            Self::Normal(piece) => piece.origin(range),
        }
    }
}

impl RunSource<'_> {
    /// The bytes of the original that bytes of the run's text stand for. A
    /// space that was put before it stands for its first character.
    pub(crate) fn origin(self, range: Range<usize>) -> Range<usize> {
        match self {
            Self::CutText(stretch) => stretch.origin(range),
            Self::Spaced(stretch) => {
                let start = range.start.saturating_sub(1);
                let end = range.end.saturating_sub(1).max(1);
                stretch.origin(start..end)
            }
        }
    }
}

/// The scanner that does all of it, if one does.
fn one_scanner(before: &[CutStep], scanner: Option<Scanner>) -> Option<Scanner> {
    match (before, scanner) {
        ([], scanner) => scanner,
        (
            [
                CutStep::Split {
                    pattern,
                    behavior,
                    invert,
                },
            ],
            None,
        ) => {
            // Matches cover the text, so that there are no gaps to speak of.
            let is_plain = *behavior == Behavior::Isolated
                || (*behavior == Behavior::Removed && *invert == InvertMatches::Yes);
            pattern.scanner().filter(|_| is_plain)
        }
        _ => None,
    }
}

/// The `ByteLevel` that ends a list of steps.
#[derive(Clone, Copy)]
struct ByteLevelEnd {
    level: Level,
    prefix_space: PrefixSpace,
    scanner: Option<Scanner>,
}

impl ByteLevelEnd {
    fn words(self, piece: &AlignedPiece<'_>, visit: &mut impl FnMut(WordRun<'_>)) {
        let stretch = CutText::Normal(piece);
        let spaced;
        let (text, source) =
            if self.prefix_space == PrefixSpace::Add && !piece.text().starts_with(' ') {
                spaced = format!(" {}", piece.text());
                (spaced.as_bytes(), RunSource::Spaced(stretch))
            } else {
                (piece.text().as_bytes(), RunSource::CutText(stretch))
            };
        let mut run = |text: &[u8], start: usize, ends: &[u32]| {
            visit(WordRun {
                text,
                start,
                ends,
                source,
            });
        };
        match self.scanner {
            Some(scanner) => scanner.words(self.level, text, run),
            None => run(text, 0, &[text.len() as u32]),
        }
    }
}

impl Scanner {
    /// Calls `visit` with the words of `text`, which is valid UTF-8.
    #[inline]
    fn words(&self, level: Level, text: &[u8], mut visit: impl FnMut(&[u8], usize, &[u32])) {
        let mut ends: WordEnds = [0; N_WORDS];
        let mut at = 0;
        while at < text.len() {
            let n_words = self.find_words(level, text, at, &mut ends);
            let Some(found @ [.., last]) = ends.get(..n_words) else {
                return;
            };
            visit(text, at, found);
            at = *last as usize;
        }
    }
}
