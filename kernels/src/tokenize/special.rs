//! Added tokens: texts that become one id before anything else is looked at.
//!
//! Follows Hugging Face's added vocabulary: leftmost-longest matches of all
//! contents, of which some are then discarded (`single_word`, policy) or
//! widened over white space (`lstrip`, `rstrip`). tiktoken's special tokens
//! are the case without options.

use aho_corasick::{AhoCorasick, MatchKind};

use super::error::{EncodeError, TokenizerError};
use super::scan::class::{ClassTable, SPACE, WORD, decode, table};

/// What happens where a text spells a special token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Special {
    /// It is ordinary text: tiktoken's `encode_ordinary`, Hugging Face's
    /// `encode_special_tokens = True`.
    Text,
    /// It becomes the token: tiktoken's `allowed_special="all"`, Hugging
    /// Face's default.
    Parse,
    /// It is an error: tiktoken's default.
    Refuse,
}

/// A token that is matched in the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddedToken {
    pub(crate) id: u32,
    pub(crate) content: String,
    pub(crate) options: AddedOptions,
}

/// How an added token is matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the file format"
)]
pub(crate) struct AddedOptions {
    /// [`Special`] speaks of it.
    pub(crate) special: bool,
    /// White space to its left belongs to it.
    pub(crate) lstrip: bool,
    /// White space to its right belongs to it.
    pub(crate) rstrip: bool,
    /// Only where no word character touches it.
    pub(crate) single_word: bool,
    /// Matched in the normalised text.
    pub(crate) normalized: bool,
}

/// A stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextStretch {
    /// To be encoded.
    Text { start: usize, end: usize },
    /// An added token, by its index among those of the finder.
    Token {
        index: usize,
        start: usize,
        end: usize,
        /// Where its own text starts, after white space that belongs to it.
        content_start: usize,
    },
}

/// A stretch of text, or the id of a token found in it.
pub(crate) enum StretchPart<'a> {
    Text {
        text: &'a str,
        start: usize,
    },
    Token {
        id: u32,
        start: usize,
        /// All that it takes of the text.
        text: &'a str,
    },
}

/// Calls `visit` with the tokens that `finder` finds and the text between.
///
/// # Errors
/// `Special` where `special` refuses a token, and those of `visit`.
#[inline]
pub(crate) fn each_stretch<'a>(
    finder: Option<&Finder>,
    text: &'a str,
    special: Special,
    mut visit: impl FnMut(StretchPart<'a>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let Some(finder) = finder.filter(|finder| !finder.is_idle(special)) else {
        return visit(StretchPart::Text { text, start: 0 });
    };
    finder.stretches(text, special, |stretch| match stretch {
        TextStretch::Text { start, end } => visit(StretchPart::Text {
            // Matches of UTF-8 in UTF-8 start and end at characters.
            text: text.get(start..end).unwrap_or_default(),
            start,
        }),
        TextStretch::Token {
            index,
            start,
            end,
            content_start,
        } => {
            let token = finder.token(index);
            if token.options.special && special == Special::Refuse {
                return Err(EncodeError::Special {
                    token: token.content.clone(),
                    offset: content_start,
                });
            }
            visit(StretchPart::Token {
                id: token.id,
                start,
                text: text.get(start..end).unwrap_or_default(),
            })
        }
    })
}

/// Finds one set of added tokens.
pub(crate) struct Finder {
    tokens: Vec<AddedToken>,
    automaton: AhoCorasick,
    classes: &'static ClassTable,
    /// Whether [`Special`] speaks of them all.
    all_special: bool,
}

impl Finder {
    /// A finder of these tokens by their texts, or `None` if there are none.
    ///
    /// # Errors
    /// `Inconsistent` if the automaton cannot be built.
    pub(crate) fn new(
        tokens: impl Iterator<Item = (AddedToken, String)>,
    ) -> Result<Option<Self>, TokenizerError> {
        let (tokens, texts): (Vec<AddedToken>, Vec<String>) = tokens.unzip();
        if tokens.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&texts)
            .map_err(|error| TokenizerError::inconsistent("added_tokens", error.to_string()))?;
        Ok(Some(Self {
            all_special: tokens.iter().all(|token| token.options.special),
            tokens,
            automaton,
            classes: table(),
        }))
    }

    /// Whether it has nothing to find.
    fn is_idle(&self, special: Special) -> bool {
        self.all_special && special == Special::Text
    }

    pub(crate) fn token(&self, index: usize) -> &AddedToken {
        &self.tokens[index]
    }

    /// Calls `visit` with the stretches of `text` in order; stops at its first
    /// error.
    pub(crate) fn stretches<E>(
        &self,
        text: &str,
        special: Special,
        mut visit: impl FnMut(TextStretch) -> Result<(), E>,
    ) -> Result<(), E> {
        let bytes = text.as_bytes();
        let mut done = 0;
        for found in self.automaton.find_iter(bytes) {
            let index = found.pattern().as_usize();
            let options = self.tokens[index].options;
            let (mut start, mut end) = (found.start(), found.end());
            let as_text = options.special && special == Special::Text;
            if as_text || (options.single_word && self.touches_word(bytes, start, end)) {
                continue;
            }
            if options.lstrip {
                start = self.space_start(bytes, start).max(done);
            }
            if options.rstrip {
                end = self.classes.run(bytes, end, SPACE);
            }
            // White space alone, all of which the token before has taken.
            if options.lstrip && start >= end {
                continue;
            }
            if done < start {
                visit(TextStretch::Text {
                    start: done,
                    end: start,
                })?;
            }
            visit(TextStretch::Token {
                index,
                start,
                end,
                content_start: found.start(),
            })?;
            done = end;
        }
        if done < bytes.len() {
            visit(TextStretch::Text {
                start: done,
                end: bytes.len(),
            })?;
        }
        Ok(())
    }

    fn touches_word(&self, text: &[u8], start: usize, end: usize) -> bool {
        let before = start > 0 && self.class_before(text, start).0 & WORD != 0;
        before || (end < text.len() && self.classes.at(text, end).0 & WORD != 0)
    }

    /// Where the white space that ends at `end` starts.
    fn space_start(&self, text: &[u8], end: usize) -> usize {
        let mut at = end;
        while at > 0 {
            let (class, len) = self.class_before(text, at);
            if class & SPACE == 0 {
                break;
            }
            at -= len;
        }
        at
    }

    /// The class and length of the character that ends at `end > 0`.
    fn class_before(&self, text: &[u8], end: usize) -> (u8, usize) {
        let len = (1..4)
            .find(|back| end == *back || text[end - back] & 0xc0 != 0x80)
            .unwrap_or(4);
        let (codepoint, _) = decode(text, end - len);
        (self.classes.codepoint(codepoint), len)
    }
}
