//! Split patterns that are not scanned by hand: literals and regular
//! expressions of a `tokenizer.json`.
//!
//! Hugging Face runs them with Oniguruma, this runs them with `fancy-regex`.
//! The two agree on the part of the syntax that `syntax` lets through; the
//! rest is refused rather than run with another meaning.

mod syntax;

use std::ops::Range;

use super::error::{EncodeError, TokenizerError};
use super::scan::Scanner;

/// Steps back in one match, after which the text has no encoding; Oniguruma
/// gives up after as many.
const STEPS_MAX: usize = 10_000_000;
/// Instructions of a compiled pattern, which nested repetitions multiply.
const PROGRAM_MAX: usize = 1 << 16;

/// Something that matches stretches of text.
pub(crate) enum Pattern {
    /// This text.
    Literal(String),
    /// A regular expression that does not match the empty string, and its text.
    Regex(Box<fancy_regex::Regex>, String),
}

impl Pattern {
    /// A pattern that matches `text` itself; the empty one matches between all
    /// characters.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Self::Literal(text.into())
    }

    /// A regular expression.
    ///
    /// # Errors
    /// `Unsupported` if it uses syntax on which the engines may differ, or
    /// matches the empty string.
    pub(crate) fn regex(pattern: &str) -> Result<Self, TokenizerError> {
        let refuse = |expected, found: String| {
            Err(TokenizerError::unsupported(
                "pre_tokenizer.pattern",
                expected,
                found,
            ))
        };
        if let Err(found) = syntax::check(pattern) {
            return refuse(
                "syntax that every regular expression engine reads the same",
                format!("{found} in the pattern {pattern}"),
            );
        }
        let regex = match fancy_regex::RegexBuilder::new(pattern)
            .backtrack_limit(STEPS_MAX)
            .max_prog_size(PROGRAM_MAX)
            .build()
        {
            Ok(regex) => regex,
            Err(error) => return refuse("a regular expression", error.to_string()),
        };
        match regex.is_match("") {
            Ok(false) => Ok(Self::Regex(Box::new(regex), pattern.to_owned())),
            _ => refuse("a pattern that never matches nothing", pattern.to_owned()),
        }
    }

    /// The scanner that finds the same, if the pattern is a known one.
    pub(crate) fn scanner(&self) -> Option<Scanner> {
        match self {
            Self::Literal(_) => None,
            Self::Regex(_, text) => Scanner::of_pattern(text),
        }
    }

    /// Calls `visit` with the matches in `text`, in order and not overlapping.
    pub(crate) fn find(
        &self,
        text: &str,
        mut visit: impl FnMut(Range<usize>),
    ) -> Result<(), EncodeError> {
        match self {
            Self::Literal(literal) if literal.is_empty() => {
                for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
                    visit(at..at);
                }
            }
            Self::Literal(literal) => {
                for (start, found) in text.match_indices(literal.as_str()) {
                    visit(start..start + found.len());
                }
            }
            Self::Regex(regex, _) => {
                for found in regex.find_iter(text) {
                    let found = found.map_err(|error| EncodeError::Pattern {
                        len_bytes: text.len(),
                        message: error.to_string(),
                    })?;
                    visit(found.range());
                }
            }
        }
        Ok(())
    }
}
