//! Byte-level BPE as it is run: on the bytes of words, without the spelling of
//! bytes as characters.
//!
//! It is the fast twin of the [`super::pipeline`] for tokenizers that are
//! byte-level, and what the encodings of tiktoken are.

use super::byte_level;
use super::error::{EncodeError, TokenizerError};
use super::merge::Merger;
use super::model::{Bpe, Model};
use super::pairs::PairTable;
use super::pipeline::Pipeline;
use super::pretokenize::Pretokenizer;
use super::segment::{Segmenter, Segments};
use super::text::{Aligned, TextNormalizer, Track};
use super::vocab::Vocab;
use super::whole_words::WholeWords;

/// Tokens as bytes, and which two merge.
pub(crate) struct ByteBpe {
    pub(crate) vocab: Vocab,
    pub(crate) pairs: PairTable,
    /// A word that is a token is that token, whatever its merges give.
    pub(crate) whole_words: WholeWords,
    segmenter: Option<Segmenter>,
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
        pipeline: Pipeline,
    ) -> Result<Result<Self, Pipeline>, TokenizerError> {
        let Pipeline {
            normalizer,
            cutter,
            model,
        } = pipeline;
        let Model::Bpe(model) = model else {
            return Ok(Err(Pipeline {
                normalizer,
                cutter,
                model,
            }));
        };
        if !normalizer.is_nfc_at_most() || !model.is_plain() || !has_all_bytes(&model) {
            return Ok(Err(Pipeline {
                normalizer,
                cutter,
                model: Model::Bpe(model),
            }));
        }
        let pretokenizer = match Pretokenizer::of_cutter(cutter) {
            Ok(pretokenizer) => pretokenizer,
            Err(cutter) => {
                return Ok(Err(Pipeline {
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
        let vocab = Vocab::new(spelled.iter().map(|(id, token)| (*id, token.as_slice())))?;
        Ok(Ok(Self {
            normalizer,
            unspelled,
            ..Self::new(vocab, pairs, whole_words, pretokenizer)
        }))
    }

    /// A model without a normalizer.
    pub(crate) fn new(
        vocab: Vocab,
        pairs: PairTable,
        whole_words: WholeWords,
        pretokenizer: Pretokenizer,
    ) -> Self {
        Self {
            segmenter: Segmenter::new(&vocab, &pairs),
            vocab,
            pairs,
            whole_words,
            normalizer: TextNormalizer::default(),
            pretokenizer,
            unspelled: Vec::new(),
        }
    }

    /// Appends the tokens of one word to `ids`.
    pub(crate) fn encode_word(&self, word: &[u8], merging: &mut Merging, ids: &mut Vec<u32>) {
        let lost_len = self
            .segmenter
            .as_ref()
            .map_or(usize::MAX, Segmenter::lost_len);
        if self.whole_words == WholeWords::Tokens
            && word.len() <= lost_len
            && let Some(id) = self.vocab.id(word)
        {
            ids.push(id);
            return;
        }
        if let Some(segmenter) = &self.segmenter
            && segmenter.encode(word, &mut merging.segments, ids)
        {
            return;
        }
        // Readers see to it that every byte of UTF-8 is a token.
        let bytes = word.iter().filter_map(|&byte| self.vocab.byte_id(byte));
        merging.merger.merge(bytes, &self.pairs, ids);
    }

    /// Refuses to tell which bytes tokens stand for by their lengths, where
    /// words are not the bytes of the text.
    pub(crate) fn check_offsets(&self, is_as_before: bool) -> Result<(), EncodeError> {
        let normalizer = (!is_as_before).then_some("the normalizer");
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
    ) -> Result<Option<Aligned<'t>>, EncodeError> {
        if self.normalizer.is_none() {
            return Ok(None);
        }
        let mut aligned = Aligned::new(text, start, track)?;
        self.normalizer.normalize(&mut aligned)?;
        Ok(Some(aligned))
    }
}

/// What a thread needs to turn a word into tokens; empty between words.
#[derive(Default)]
pub(crate) struct Merging {
    pub(crate) merger: Merger,
    segments: Segments,
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
