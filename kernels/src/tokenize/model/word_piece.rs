//! `WordPiece`: from left to right, the longest token that fits.

use super::token::WordToken;
use super::tokens::TokenTable;
use super::trie::{Trie, TrieNode};
use crate::tokenize::error::{EncodeError, TokenizerError};

/// What a file says of a `WordPiece` model beside its tokens.
#[derive(Debug, Clone)]
pub(crate) struct WordPieceOptions {
    /// The token of a word that tokens do not cover.
    pub(crate) unk_token: String,
    /// With what tokens start that are not at the start of a word.
    pub(crate) continuing_subword_prefix: String,
    /// Words of more characters are unknown.
    pub(crate) max_input_chars_per_word: usize,
}

/// A vocabulary of words, starts of words and pieces that continue a word.
pub(crate) struct WordPiece {
    tokens: TokenTable,
    trie: Trie,
    /// Where tokens that continue a word start in the trie, if there are any.
    continuing: Option<TrieNode>,
    unk_id: Option<u32>,
    options: WordPieceOptions,
}

impl WordPiece {
    /// A model of these tokens; the unknown token need not be one of them.
    ///
    /// # Errors
    /// `Inconsistent` if the tokens are too many.
    pub(crate) fn new(
        tokens: TokenTable,
        options: WordPieceOptions,
    ) -> Result<Self, TokenizerError> {
        let trie = Trie::new(tokens.iter().map(|(id, token)| (token, id)))?;
        Ok(Self {
            continuing: trie.walk(&options.continuing_subword_prefix),
            unk_id: tokens.id(&options.unk_token),
            tokens,
            trie,
            options,
        })
    }

    /// The tokens.
    pub(crate) fn tokens(&self) -> &TokenTable {
        &self.tokens
    }

    /// The trie of all tokens.
    pub(crate) fn trie(&self) -> &Trie {
        &self.trie
    }

    /// The node of the trie where tokens that continue a word start, if there are
    /// any.
    pub(crate) fn continuing(&self) -> Option<u32> {
        self.continuing.map(|node| node.slot)
    }

    /// The id of a word that tokens do not cover, if there is one.
    pub(crate) fn unknown(&self) -> Option<u32> {
        self.unk_id
    }

    /// Words of more characters are unknown.
    pub(crate) fn max_chars(&self) -> usize {
        self.options.max_input_chars_per_word
    }

    /// Appends the tokens of a word: all of it is covered, or all is unknown.
    ///
    /// # Errors
    /// `Unknown` if the word is unknown and there is no token for that.
    pub(crate) fn encode(
        &self,
        word: &str,
        tokens: &mut Vec<WordToken>,
    ) -> Result<(), EncodeError> {
        self.encode_into(word.as_bytes(), tokens, |token| token)
    }

    /// Appends the ids of these tokens; the word is UTF-8.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub(super) fn encode_ids(&self, word: &[u8], ids: &mut Vec<u32>) -> Result<(), EncodeError> {
        self.encode_into(word, ids, |token| token.id)
    }

    #[inline]
    fn encode_into<T>(
        &self,
        word: &[u8],
        tokens: &mut Vec<T>,
        made: impl Fn(WordToken) -> T,
    ) -> Result<(), EncodeError> {
        let before = tokens.len();
        let put = |token| tokens.push(made(token));
        if !self.is_too_long(word) && self.cover(word, put) {
            return Ok(());
        }
        tokens.truncate(before);
        let unk_token = &self.options.unk_token;
        let id = self.unk_id.ok_or_else(|| {
            EncodeError::unknown(str::from_utf8(word).unwrap_or_default(), unk_token)
        })?;
        tokens.push(made(WordToken {
            id,
            start: 0,
            end: word.len() as u32,
        }));
        Ok(())
    }

    fn is_too_long(&self, word: &[u8]) -> bool {
        let most = self.options.max_input_chars_per_word;
        let starts_char = |byte: &&u8| **byte & 0xc0 != 0x80;
        // A character has at least one byte.
        word.len() > most && word.iter().filter(starts_char).count() > most
    }

    /// Puts out tokens until the word is covered or no token fits.
    #[inline]
    fn cover(&self, word: &[u8], mut put: impl FnMut(WordToken)) -> bool {
        let mut start = 0;
        let mut from = Some(self.trie.root());
        while start < word.len() {
            let Some((id, end)) = from.and_then(|node| self.longest(word, start, node)) else {
                return false;
            };
            put(WordToken {
                id,
                start: start as u32,
                end: end as u32,
            });
            start = end;
            from = self.continuing;
        }
        true
    }

    /// The longest token below `node` that stands at `start`, and its end.
    #[inline]
    fn longest(&self, word: &[u8], start: usize, mut node: TrieNode) -> Option<(u32, usize)> {
        let mut longest = None;
        for (at, &byte) in word.iter().enumerate().skip(start) {
            let Some(next) = self.trie.step(node, byte) else {
                break;
            };
            node = next;
            if let Some(id) = self.trie.value(node) {
                longest = Some((id, at + 1));
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Hugging Face's loop, which tries every end from the last on.
    fn meaning(vocab: &BTreeMap<String, u32>, options: &WordPieceOptions, word: &str) -> Vec<u32> {
        let unknown = vec![vocab[&options.unk_token]];
        if word.chars().count() > options.max_input_chars_per_word {
            return unknown;
        }
        let mut ids = Vec::new();
        let mut start = 0;
        while start < word.len() {
            let prefix = match start {
                0 => "",
                _ => options.continuing_subword_prefix.as_str(),
            };
            let ends = (start + 1..=word.len()).rev();
            let mut fitting = ends.filter_map(|end| {
                let token = format!("{prefix}{}", word.get(start..end)?);
                Some((*vocab.get(&token)?, end))
            });
            let Some((id, end)) = fitting.next() else {
                return unknown;
            };
            ids.push(id);
            start = end;
        }
        ids
    }

    proptest! {
        #[test]
        fn equals_the_meaning(
            pieces in prop::collection::vec("(##)?[abé#]{0,4}", 1..40),
            prefix in "|#|##|b",
            max_input_chars_per_word in 1..30_usize,
            words in prop::collection::vec("[abé#]{0,12}", 30),
        ) {
            let mut vocab: BTreeMap<String, u32> = BTreeMap::new();
            for (id, piece) in (0..).zip(pieces) {
                vocab.entry(piece).or_insert(id);
            }
            vocab.insert("[UNK]".to_owned(), 100);
            let options = WordPieceOptions {
                unk_token: "[UNK]".to_owned(),
                continuing_subword_prefix: prefix,
                max_input_chars_per_word,
            };
            let mut by_id: Vec<(u32, &str)> =
                vocab.iter().map(|(token, id)| (*id, token.as_str())).collect();
            by_id.sort_unstable();
            let table = TokenTable::new(by_id.into_iter()).unwrap();
            let model = WordPiece::new(table, options.clone()).unwrap();
            for word in words {
                let mut tokens = Vec::new();
                model.encode(&word, &mut tokens).unwrap();
                let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
                prop_assert_eq!(ids, meaning(&vocab, &options, &word), "{}", word);
                let mut end = 0;
                for token in &tokens {
                    prop_assert_eq!(token.start, end);
                    end = token.end;
                }
                prop_assert_eq!(end as usize, word.len());
            }
        }
    }
}
