//! The words that a chunk becomes, where each character becomes the same
//! wherever it stands, as most do: they need no buffers of the components.

use super::cuts::SpacedWords;
use super::fates::{CharFate, CharFates, WordEnd};
use super::spaces::MARK;
use crate::tokenize::text::{MetaspacePrefix, TextNormalizer};
use crate::tokenize::word_buffer::WordBuffer;

/// How chunks become words.
pub(super) struct ChunkWords {
    words: SpacedWords,
    /// What each character becomes.
    fates: CharFates,
}

impl ChunkWords {
    pub(super) fn new(normalizer: &TextNormalizer, words: SpacedWords) -> Self {
        let fates = CharFates::new(|c| fate(normalizer, words, c));
        Self { words, fates }
    }

    /// Calls `visit` with the words that a chunk becomes, which are written to
    /// `word` one after another. Returns `false` where the components have to say
    /// what becomes of it.
    ///
    /// # Errors
    /// The first of `visit`.
    pub(super) fn each_word<E>(
        &self,
        normalizer: &TextNormalizer,
        chunk: &[u8],
        word: &mut WordBuffer,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let of = |c| fate(normalizer, self.words, c);
        self.fates.write(chunk, of, word, |end, word| {
            if end == WordEnd::Chunk || self.words != SpacedWords::Whole {
                word.word().map_or(Ok(()), &mut visit)?;
                word.clear();
            }
            match (end, self.words) {
                (WordEnd::Chunk, _) => {}
                (_, SpacedWords::Whole | SpacedWords::AtMarks) => word.push_char(MARK),
                (_, SpacedWords::BetweenSpaces(MetaspacePrefix::Always)) => {
                    word.push_prefix(MARK);
                }
                (_, SpacedWords::BetweenSpaces(_)) => {}
            }
            Ok(())
        })
    }
}

/// What becomes of a character.
fn fate(normalizer: &TextNormalizer, words: SpacedWords, c: char) -> CharFate {
    let Some((text, standing)) = normalizer.anywhere(c) else {
        return CharFate::Open;
    };
    let is_space = |c: char| match words {
        SpacedWords::Whole | SpacedWords::AtMarks => matches!(c, ' ' | MARK),
        SpacedWords::BetweenSpaces(_) => c.is_whitespace(),
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => CharFate::Nothing,
        (Some(c), None) if is_space(c) => CharFate::Space,
        _ if text.contains(|c| is_space(c) || c == MARK) => CharFate::Open,
        (Some(c), None) => CharFate::Char(c, standing),
        _ => CharFate::Text(text),
    }
}
