//! Byte-level BPE as it is run: on the bytes of words, without the spelling of
//! bytes as characters.
//!
//! It is the fast twin of the [`super::pipeline`] for tokenizers that are
//! byte-level, and what the encodings of tiktoken are.

use rustc_hash::FxHashSet;

use super::byte_level;
use super::error::{EncodeError, TokenizerError};
use super::merge::Merger;
use super::model::{Bpe, Model};
use super::pairs::PairTable;
use super::pipeline::TokenPipeline;
use super::pretokenize::Pretokenizer;
use super::short_merge::{SHORT_MERGE_MAX, ShortMerger};
use super::text::{AlignedText, TextNormalizer, Track};
use super::vocab::Vocab;
use super::whole_words::WholeWords;
use super::word_model::{Merging, WordModel};

/// Tokens as bytes, and which two merge.
pub(crate) struct ByteBpe {
    pub(crate) vocab: Vocab,
    pub(crate) pairs: PairTable,
    /// The same merges for short words, where they are of a kind that it takes.
    short_merger: Option<ShortMerger>,
    /// Bytes of the longest word that has to be looked for among the tokens:
    /// merging its bytes may not give the token that it is.
    unmerged_len: usize,
    pub(crate) normalizer: TextNormalizer,
    pub(crate) pretokenizer: Pretokenizer,
    /// Tokens that no bytes spell, which no text becomes; ascending ids.
    pub(crate) unspelled: Vec<(u32, String)>,
}

impl ByteBpe {
    /// The same as the components, if they are byte-level: a text then never
    /// holds what the vocabulary has no token for. Otherwise they come back.
    ///
    /// # Errors
    /// `Inconsistent` if two tokens have the same bytes.
    pub(crate) fn of_components(
        pipeline: TokenPipeline,
    ) -> Result<Result<Self, TokenPipeline>, TokenizerError> {
        let TokenPipeline {
            normalizer,
            cutter,
            model,
        } = pipeline;
        let Model::Bpe(model) = model else {
            return Ok(Err(TokenPipeline {
                normalizer,
                cutter,
                model,
            }));
        };
        if !normalizer.is_nfc_at_most() || !model.is_plain() || !has_all_bytes(&model) {
            return Ok(Err(TokenPipeline {
                normalizer,
                cutter,
                model: Model::Bpe(model),
            }));
        }
        let pretokenizer = match Pretokenizer::of_cutter(cutter) {
            Ok(pretokenizer) => pretokenizer,
            Err(cutter) => {
                return Ok(Err(TokenPipeline {
                    normalizer,
                    cutter,
                    model: Model::Bpe(model),
                }));
            }
        };
        let (tokens, pairs, whole_words) = model.into_parts();
        let mut spelled = Vec::with_capacity(tokens.len());
        let mut unspelled = Vec::new();
        for (id, token) in tokens.iter() {
            match byte_level::decode(token) {
                Some(bytes) if !bytes.is_empty() => spelled.push((id, bytes)),
                _ => unspelled.push((id, token.to_owned())),
            }
        }
        let unmerged_len = match whole_words {
            WholeWords::Tokens => usize::MAX,
            WholeWords::Merged => 0,
        };
        let vocab = Vocab::new(spelled.iter().map(|(id, token)| (*id, token.as_slice())))?;
        Ok(Ok(Self {
            normalizer,
            unspelled,
            ..Self::new(vocab, pairs, unmerged_len, pretokenizer)
        }))
    }

    /// An encoding of tiktoken, in which a word that is a token is that token.
    ///
    /// Its pairs are found by merging each token's bytes (see `tiktoken`), so a
    /// token that some pair makes is what merging gives.
    pub(crate) fn of_tiktoken(vocab: Vocab, pairs: PairTable, pretokenizer: Pretokenizer) -> Self {
        let made: FxHashSet<u32> = pairs.iter().map(|(_, merge)| merge.id).collect();
        let unmade = vocab
            .iter()
            .filter(|(id, token)| token.len() > 1 && !made.contains(id));
        let unmerged_len = unmade.map(|(_, token)| token.len()).max().unwrap_or(0);
        Self::new(vocab, pairs, unmerged_len, pretokenizer)
    }

    /// A model without a normalizer.
    fn new(
        vocab: Vocab,
        pairs: PairTable,
        unmerged_len: usize,
        pretokenizer: Pretokenizer,
    ) -> Self {
        Self {
            short_merger: ShortMerger::new(&vocab, &pairs),
            vocab,
            pairs,
            unmerged_len,
            normalizer: TextNormalizer::default(),
            pretokenizer,
            unspelled: Vec::new(),
        }
    }

    /// Appends the tokens of one word to `ids`.
    pub(crate) fn merge_word(&self, word: &[u8], merger: &mut Merger, ids: &mut Vec<u32>) {
        if word.len() <= self.unmerged_len
            && let Some(id) = self.vocab.id(word)
        {
            ids.push(id);
            return;
        }
        if let Some(short) = &self.short_merger
            && word.len() <= SHORT_MERGE_MAX
        {
            short.encode(word, ids);
            return;
        }
        // Readers see to it that every byte of UTF-8 is a token.
        let bytes = word.iter().filter_map(|&byte| self.vocab.byte_id(byte));
        merger.merge(bytes, &self.pairs, ids);
    }

    /// Refuses to tell which bytes tokens stand for by their lengths, where
    /// words are not the bytes of the text.
    pub(crate) fn check_offsets(&self, text: &str, normal: &str) -> Result<(), EncodeError> {
        let normalizer = (text != normal).then_some("the normalizer");
        match self.pretokenizer.changes_text().or(normalizer) {
            Some(what) => Err(EncodeError::Offsets { what }),
            None => Ok(()),
        }
    }

    /// The text of a token that no bytes spell.
    pub(crate) fn unspelled(&self, id: u32) -> Option<&str> {
        let at = self.unspelled.binary_search_by_key(&id, |(id, _)| *id);
        Some(&self.unspelled.get(at.ok()?)?.1)
    }

    /// A text as it is matched by an added token that is normalised.
    pub(crate) fn normal(&self, text: &str) -> Result<String, EncodeError> {
        self.normalizer.text(text)
    }

    /// The text, normalised, or `None` if there is no normalizer.
    pub(crate) fn normalize<'t>(
        &self,
        text: &'t str,
        start: usize,
        track: Track,
    ) -> Result<Option<AlignedText<'t>>, EncodeError> {
        if self.normalizer.is_none() {
            return Ok(None);
        }
        let mut aligned = AlignedText::new(text, start, track)?;
        self.normalizer.normalize(&mut aligned)?;
        Ok(Some(aligned))
    }
}

impl WordModel for ByteBpe {
    #[inline]
    fn short_merger(&self) -> Option<&ShortMerger> {
        self.short_merger
            .as_ref()
            .filter(|_| self.unmerged_len == 0)
    }

    #[inline]
    fn encode_word(&self, word: &[u8], merging: &mut Merging, ids: &mut Vec<u32>) {
        self.merge_word(word, &mut merging.merger, ids);
    }
}

/// Whether every byte of UTF-8 is a token in the spelling of `ByteLevel`.
fn has_all_bytes(model: &Bpe) -> bool {
    let in_utf8 = |byte: &u8| !matches!(byte, 0xc0 | 0xc1 | 0xf5..=0xff);
    let mut buffer = [0; 4];
    (0..=u8::MAX).filter(in_utf8).all(|byte| {
        let spelled = byte_level::char_of(byte).encode_utf8(&mut buffer);
        model.tokens().id(spelled).is_some()
    })
}
