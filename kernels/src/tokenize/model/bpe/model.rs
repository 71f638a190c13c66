//! The model and what encoding a word needs beside it.

use std::ops::Range;

use super::cuts::Cuts;
use super::load::{self, BpeOptions};
use super::merging::BpeMerging;
use super::symbols::{CharAlphabet, characters};
use crate::tokenize::error::{EncodeError, TokenizerError};
use crate::tokenize::model::token::WordToken;
use crate::tokenize::model::tokens::TokenTable;
use crate::tokenize::pairs::PairTable;
use crate::tokenize::short_symbols::{SHORT_SYMBOLS, SymbolMerges, SymbolWord};
use crate::tokenize::text::tables::CharSet;
use crate::tokenize::whole_words::WholeWords;

/// Words of more bytes are cut before they are merged.
const CUT_MIN: usize = 32;

/// Tokens and merges.
pub(crate) struct Bpe {
    pub(in crate::tokenize::model) tokens: TokenTable,
    pairs: PairTable,
    /// The same merges for short words, if it takes them.
    short: Option<Box<SymbolMerges>>,
    alphabet: CharAlphabet,
    cuts: Cuts,
    whole_words: WholeWords,
}

/// Buffers; what is in them between words does not matter.
#[derive(Default)]
pub(in crate::tokenize::model) struct BpeScratch {
    merging: BpeMerging,
    short: SymbolWord,
    tokens: Vec<WordToken>,
}

impl Bpe {
    /// A model of tokens and of merges in the order of their ranks.
    ///
    /// # Errors
    /// `Inconsistent` if a merge is of or into something that is no token.
    pub(crate) fn new<'a>(
        tokens: TokenTable,
        merges: impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone,
        options: &BpeOptions,
    ) -> Result<Self, TokenizerError> {
        let prefix = &options.continuing_subword_prefix;
        let pairs = load::pairs(&tokens, merges.clone(), prefix)?;
        let alphabet = CharAlphabet::new(&tokens, options);
        Ok(Self {
            cuts: Cuts::new(&alphabet, &tokens, merges, options.unk_token.as_deref()),
            alphabet,
            short: SymbolMerges::new(&pairs).map(Box::new),
            pairs,
            tokens,
            whole_words: options.whole_words,
        })
    }

    /// Whether a character is spelled the same wherever it stands in a word.
    pub(crate) fn is_plain(&self) -> bool {
        self.alphabet.is_plain()
    }

    /// Whether tokens may be of nothing but what the model puts to words: bytes of its
    /// prefix and suffix.
    pub(in crate::tokenize::model) fn has_bytes_of_affixes(&self) -> bool {
        !self.alphabet.is_plain() && self.alphabet.has_bytes()
    }

    /// Whether a word can be cut before each `c` that is not behind another one,
    /// so that the parts have the tokens of the word.
    pub(crate) fn is_cut_before(&self, c: char) -> bool {
        self.whole_words == WholeWords::Merged
            && !self.alphabet.refuses()
            && self.cuts.always_before(c)
    }

    /// The characters between which some merge joins two tokens, the last of one
    /// and the first of the other.
    pub(crate) fn joined(&self) -> impl Iterator<Item = (char, char)> + Clone {
        self.pairs.iter().filter_map(|((left, right), _)| {
            let left = self.tokens.token(left)?.chars().next_back()?;
            Some((left, self.tokens.token(right)?.chars().next()?))
        })
    }

    /// The characters that are tokens, unless all others become bytes.
    pub(crate) fn known_chars(&self) -> Option<CharSet> {
        let chars = characters(&self.tokens).map(|(c, _)| c);
        (!self.alphabet.has_all_bytes()).then(|| CharSet::of(chars))
    }

    /// The tokens by id and ids by token.
    pub(crate) fn tokens(&self) -> &TokenTable {
        &self.tokens
    }

    /// Tokens, merges, and whether a word that is a token is that token.
    pub(crate) fn into_parts(self) -> (TokenTable, PairTable, WholeWords) {
        (self.tokens, self.pairs, self.whole_words)
    }

    /// The token that a word is as a whole, whatever its merges would give.
    pub(in crate::tokenize::model) fn whole(&self, word: &str) -> Option<u32> {
        match self.whole_words {
            WholeWords::Tokens => self.tokens.id(word).filter(|_| !word.is_empty()),
            WholeWords::Merged => None,
        }
    }

    /// Calls `visit` with the parts of a word that can be encoded one by one,
    /// where the word is no token as a [`Self::whole`].
    pub(in crate::tokenize::model) fn cuts<E>(
        &self,
        word: &str,
        mut visit: impl FnMut(Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut start = 0;
        self.cuts.visit(&self.alphabet, word, |end| {
            let part = start..end;
            start = end;
            visit(part)
        })
    }

    /// Appends the tokens of a word.
    pub(in crate::tokenize::model) fn encode(
        &self,
        word: &str,
        scratch: &mut BpeScratch,
        tokens: &mut Vec<WordToken>,
    ) -> Result<(), EncodeError> {
        if let Some(id) = self.whole(word) {
            let end = word.len() as u32;
            tokens.push(WordToken { id, start: 0, end });
            return Ok(());
        }
        let before = tokens.len();
        let mut at = 0;
        if word.len() < CUT_MIN {
            self.append(word, &mut at, scratch, tokens)?;
        } else {
            self.cuts(word, |part| {
                let part = word.get(part).unwrap_or_default();
                self.append(part, &mut at, scratch, tokens)
            })?;
        }
        if !self.alphabet.is_plain() {
            // The bytes of a prefix or suffix count where text falls back to bytes.
            for token in tokens.iter_mut().skip(before) {
                token.start = token.start.min(word.len() as u32);
                token.end = token.end.min(word.len() as u32);
            }
        }
        Ok(())
    }

    /// Appends the ids of the tokens of a word.
    pub(in crate::tokenize::model) fn encode_ids(
        &self,
        word: &str,
        scratch: &mut BpeScratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        if let Some(id) = self.whole(word) {
            ids.push(id);
            return Ok(());
        }
        if word.len() <= SHORT_SYMBOLS || !self.alphabet.is_plain() {
            return self.append_ids(word, scratch, ids);
        }
        self.cuts(word, |part| {
            let part = word.get(part).unwrap_or_default();
            self.append_ids(part, scratch, ids)
        })
    }

    /// Appends the ids of a word that is short and has no token as a whole, of
    /// which the spaces become U+2581.
    #[inline]
    pub(in crate::tokenize::model) fn encode_short_spaced(
        &self,
        word: &[u8],
        scratch: &mut BpeScratch,
        ids: &mut Vec<u32>,
    ) -> Option<()> {
        let short = self.short.as_ref()?;
        if self.whole_words == WholeWords::Tokens {
            return None;
        }
        let of = |code| if code == u32::from(' ') { 0x2581 } else { code };
        self.alphabet.spell_short(word, of, &mut scratch.short)?;
        short.merge(&mut scratch.short, |id, _| ids.push(id));
        Some(())
    }

    fn append_ids(
        &self,
        part: &str,
        scratch: &mut BpeScratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        if let Some(short) = &self.short
            && let Some(()) =
                self.alphabet
                    .spell_short(part.as_bytes(), |code| code, &mut scratch.short)
        {
            short.merge(&mut scratch.short, |id, _| ids.push(id));
            return Ok(());
        }
        let mut tokens = std::mem::take(&mut scratch.tokens);
        tokens.clear();
        let done = self.append(part, &mut 0, scratch, &mut tokens);
        ids.extend(tokens.iter().map(|token| token.id));
        scratch.tokens = tokens;
        done
    }

    /// Appends the tokens of a part; the first starts `at` a byte, which is
    /// moved to the end of the last.
    pub(in crate::tokenize::model) fn append(
        &self,
        part: &str,
        at: &mut u32,
        scratch: &mut BpeScratch,
        tokens: &mut Vec<WordToken>,
    ) -> Result<(), EncodeError> {
        let merging = &mut scratch.merging;
        self.alphabet
            .spell(part, &self.tokens, &mut merging.symbols)?;
        merging.merge(&self.pairs, |symbol| {
            let end = at.saturating_add(symbol.len);
            tokens.push(WordToken {
                id: symbol.id,
                start: *at,
                end,
            });
            *at = end;
        });
        Ok(())
    }
}
