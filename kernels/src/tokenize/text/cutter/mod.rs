//! Hugging Face's pre-tokenizers: how text is cut into words.

mod behavior;
mod classes;
mod scanned;

pub(crate) use behavior::{Behavior, InvertMatches};
pub(crate) use classes::is_numeric;
pub(crate) use scanned::scan_words;

use std::num::NonZeroUsize;
use std::ops::Range;

use super::aligned::AlignedText;
use super::normalizer::{prepend, replace_char, to_byte_level};
use super::tables;
use crate::tokenize::error::EncodeError;
use crate::tokenize::pattern::Pattern;
use crate::tokenize::scan::Scanner;

/// One pre-tokenizer; the names are those of the file format.
pub(crate) enum CutStep {
    Bert,
    ByteLevel {
        prefix_space: PrefixSpace,
        /// `use_regex`
        scanner: Option<Scanner>,
    },
    CharDelimiterSplit(char),
    /// `Isolated` for individual digits, else `Contiguous`.
    Digits(Behavior),
    FixedLength(NonZeroUsize),
    Metaspace {
        replacement: char,
        prefix: MetaspacePrefix,
        split: SplitAtReplacement,
    },
    Punctuation(Behavior),
    Split {
        pattern: Pattern,
        behavior: Behavior,
        invert: InvertMatches,
    },
    UnicodeScripts,
    Whitespace,
    WhitespaceSplit,
}

/// Whether a word that does not start with a space is given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrefixSpace {
    Add,
    Keep,
}

/// Which pieces `Metaspace` puts its replacement before, unless they start
/// with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetaspacePrefix {
    /// Those that start the original.
    First,
    Never,
    Always,
}

/// Whether `Metaspace` cuts before its replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SplitAtReplacement {
    Yes,
    No,
}

/// How text is cut into words: pre-tokenizers one after another.
#[derive(Default)]
pub(crate) struct TextCutter {
    steps: Vec<CutStep>,
}

impl TextCutter {
    /// A `Sequence` of these.
    pub(crate) fn new(steps: Vec<CutStep>) -> Self {
        Self { steps }
    }

    /// The steps, for those who ask what can be done to a part of a text.
    pub(crate) fn steps(&self) -> &[CutStep] {
        &self.steps
    }

    /// The pre-tokenizers in their order.
    pub(crate) fn into_steps(self) -> Vec<CutStep> {
        self.steps
    }

    /// Whether a `Split` or `Digits` removes what it finds.
    pub(crate) fn removes(&self) -> bool {
        self.steps.iter().any(|step| match step {
            CutStep::Split { behavior, .. } | CutStep::Digits(behavior) => {
                *behavior == Behavior::Removed
            }
            _ => false,
        })
    }

    /// Whether the cut depends on where text comes from, so that origins must
    /// be tracked.
    pub(crate) fn needs_origins(&self) -> bool {
        self.steps.iter().any(|step| {
            let first = MetaspacePrefix::First;
            matches!(step, CutStep::Metaspace { prefix, .. } if *prefix == first)
        })
    }

    /// Cuts each piece further; what is cut away, and empty pieces, go.
    ///
    /// # Errors
    /// `Grown` if the text becomes far longer than the original; `Pattern`
    /// if a regular expression gives up.
    pub(crate) fn cut(&self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        self.steps.iter().try_for_each(|step| step.apply(text))
    }
}

impl CutStep {
    fn apply(&self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Bert => infallible(text, classes::bert),
            Self::ByteLevel {
                prefix_space,
                scanner,
            } => byte_level(text, *prefix_space, scanner.as_ref()),
            Self::CharDelimiterSplit(delimiter) => {
                behavior::split(text, |c| c == *delimiter, Behavior::Removed)
            }
            Self::Digits(behavior) => behavior::split(text, is_numeric, *behavior),
            Self::FixedLength(length) => {
                infallible(text, |text, out| classes::fixed_length(text, *length, out))
            }
            Self::Metaspace {
                replacement,
                prefix,
                split,
            } => metaspace(text, *replacement, *prefix, *split),
            Self::Punctuation(behavior) => {
                let punctuation = tables::punctuation();
                behavior::split(text, |c| punctuation.contains(c), *behavior)
            }
            Self::Split {
                pattern,
                behavior,
                invert,
            } => behavior::split_at(text, pattern, *behavior, *invert),
            Self::UnicodeScripts => infallible(text, classes::unicode_scripts),
            Self::Whitespace => infallible(text, classes::whitespace),
            Self::WhitespaceSplit => behavior::split(text, char::is_whitespace, Behavior::Removed),
        }
    }
}

/// Cuts each piece by a function of its text that cannot fail.
fn infallible(
    text: &mut AlignedText<'_>,
    cut: impl Fn(&str, &mut Vec<Range<usize>>),
) -> Result<(), EncodeError> {
    text.split(|piece, out| {
        cut(piece.text(), out);
        Ok(())
    })
}

fn byte_level(
    text: &mut AlignedText<'_>,
    prefix_space: PrefixSpace,
    scanner: Option<&Scanner>,
) -> Result<(), EncodeError> {
    if prefix_space == PrefixSpace::Add {
        prepend(text, " ", |piece| !piece.text().starts_with(' '))?;
    }
    if let Some(scanner) = scanner {
        infallible(text, |text, out| {
            scan_words(scanner, text.as_bytes(), |start, end| out.push(start..end));
        })?;
    }
    to_byte_level(text)
}

fn metaspace(
    text: &mut AlignedText<'_>,
    replacement: char,
    prefix: MetaspacePrefix,
    split: SplitAtReplacement,
) -> Result<(), EncodeError> {
    replace_char(text, ' ', replacement)?;
    let mut buffer = [0; 4];
    let spelled: &str = replacement.encode_utf8(&mut buffer);
    match prefix {
        MetaspacePrefix::Always => {
            prepend(text, spelled, |piece| {
                !piece.text().starts_with(replacement)
            })?;
        }
        MetaspacePrefix::First => prepend(text, spelled, |piece| {
            !piece.text().starts_with(replacement) && piece.original().start == 0
        })?,
        MetaspacePrefix::Never => {}
    }
    match split {
        SplitAtReplacement::Yes => {
            behavior::split(text, |c| c == replacement, Behavior::MergedWithNext)
        }
        SplitAtReplacement::No => Ok(()),
    }
}
