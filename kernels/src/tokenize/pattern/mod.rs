//! Patterns that text is cut or replaced by: literals, regular expressions,
//! and those of these that a scanner knows.
//!
//! Hugging Face runs regular expressions with Oniguruma, in Ruby's syntax. Here
//! they are read by that syntax, with the classes of characters that
//! Oniguruma has, and run by a machine that tries what it tries in the same
//! order. What is not known to mean the same is refused by name: references
//! back, `\G`, `\K`, `\X`, `(?x)`, the absence operator, conditions, bytes, looks behind
//! without bound, and `(?i)` where a letter folds to several. tiktoken runs the
//! crate `fancy-regex`, whose syntax is another ([`Pattern::of_tiktoken`]).

mod brackets;
mod cursor;
mod escape;
mod fancy;
mod fold;
mod machine;
mod node;
mod parser;
mod program;
mod properties;
#[cfg(test)]
mod tests;

use std::ops::Range;

use machine::{Exhausted, PatternMachine};
use parser::PatternSyntax;
use program::PatternProgram;

use super::error::{EncodeError, TokenizerError};
use super::scan::Scanner;
use super::text::scan_words;

/// Steps that a pattern may take on a text, for all of its pieces together.
pub(crate) struct PatternSteps(u64);

/// Steps for short texts, as many as Oniguruma goes back at one place.
const STEPS_ALWAYS: u64 = 10_000_000;
/// Steps for each byte of longer ones.
const STEPS_EACH: u64 = 256;

impl PatternSteps {
    /// Those for a text of so many bytes.
    pub(crate) fn on(len_bytes: usize) -> Self {
        let each = STEPS_EACH.saturating_mul(len_bytes as u64);
        Self(STEPS_ALWAYS.saturating_add(each))
    }
}

/// Something that matches stretches of text.
pub(crate) enum Pattern {
    /// This text.
    Literal(String),
    /// A regular expression that a scanner knows; its matches cover the text.
    Scan(Scanner),
    /// Another one.
    Regex(Box<RegexProgram>),
}

/// A regular expression as its own engine runs it.
pub(crate) struct RegexProgram(PatternProgram);

impl Pattern {
    /// A pattern that matches `text` itself; the empty one matches between all
    /// characters.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Self::Literal(text.into())
    }

    /// A regular expression that stands at `place` of the file.
    ///
    /// # Errors
    /// `Unsupported` if it is none, or uses syntax that is not known here.
    pub(crate) fn regex(pattern: &str, place: &str) -> Result<Self, TokenizerError> {
        Self::read(pattern, PatternSyntax::Oniguruma, place)
    }

    /// A regular expression as tiktoken takes it, which stands at `place`.
    ///
    /// # Errors
    /// As [`Self::regex`].
    pub(crate) fn of_tiktoken(pattern: &str, place: &str) -> Result<Self, TokenizerError> {
        Self::read(pattern, PatternSyntax::FancyRegex, place)
    }

    fn read(pattern: &str, syntax: PatternSyntax, place: &str) -> Result<Self, TokenizerError> {
        // Those that a scanner knows mean the same in both.
        if let Some(scanner) = Scanner::of_pattern(pattern) {
            return Ok(Self::Scan(scanner));
        }
        let program = parser::parse(pattern, syntax)
            .and_then(|node| program::compile(&node, &syntax.word()?));
        match program {
            Ok(program) => Ok(Self::Regex(Box::new(RegexProgram(program)))),
            Err(found) => Err(TokenizerError::unsupported(
                place,
                "a regular expression of the supported syntax",
                format!("{found} in the pattern {pattern}"),
            )),
        }
    }

    /// The scanner that finds the same, if the pattern is a known one.
    pub(crate) fn scanner(&self) -> Option<Scanner> {
        match self {
            Self::Scan(scanner) => Some(*scanner),
            Self::Literal(_) | Self::Regex(_) => None,
        }
    }

    /// The one character that it matches, if it is a literal of one.
    pub(crate) fn one_char(&self) -> Option<char> {
        let Self::Literal(text) = self else {
            return None;
        };
        let mut chars = text.chars();
        chars.next().filter(|_| chars.next().is_none())
    }

    /// Calls `visit` with the matches in `text`, in order and not overlapping.
    /// There is none in an empty text, and none that is empty where the match
    /// before it ends. What it takes is taken off `steps`.
    ///
    /// # Errors
    /// `Pattern` if a regular expression takes too many steps.
    pub(crate) fn find(
        &self,
        text: &str,
        steps: &mut PatternSteps,
        mut visit: impl FnMut(Range<usize>),
    ) -> Result<(), EncodeError> {
        match self {
            _ if text.is_empty() => Ok(()),
            Self::Literal(literal) => {
                find_literal(text, literal, visit);
                Ok(())
            }
            Self::Scan(scanner) => {
                scan_words(scanner, text.as_bytes(), |start, end| visit(start..end));
                Ok(())
            }
            Self::Regex(regex) => {
                find_regex(text, &regex.0, steps, visit).map_err(|Exhausted| EncodeError::Pattern {
                    len_bytes: text.len(),
                    message: "it took too many steps".to_owned(),
                })
            }
        }
    }
}

fn find_literal(text: &str, literal: &str, mut visit: impl FnMut(Range<usize>)) {
    if literal.is_empty() {
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            visit(at..at);
        }
        return;
    }
    for (start, found) in text.match_indices(literal) {
        visit(start..start + found.len());
    }
}

fn find_regex(
    text: &str,
    program: &PatternProgram,
    steps: &mut PatternSteps,
    mut visit: impl FnMut(Range<usize>),
) -> Result<(), Exhausted> {
    let mut machine = PatternMachine::new(program, text, steps.0);
    let mut at = 0;
    let mut last_end = None;
    while at <= text.len() {
        let Some(found) = machine.find(at)? else {
            break;
        };
        if found.is_empty() && last_end == Some(found.end) {
            // Oniguruma is asked again from the next character on.
            at = text.ceil_char_boundary(found.end + 1).max(found.end + 1);
            continue;
        }
        at = found.end;
        last_end = Some(at);
        visit(found);
    }
    steps.0 = machine.steps_left();
    Ok(())
}
