//! What a cache of words asks for a word that it does not hold.

use super::merge::Merger;
use super::model::WordToken;
use super::pipeline::PipelineScratch;
use super::sentencepiece::SentencePieceScratch;
use super::short_merge::ShortMerger;
use super::word_buffer::WordBuffer;

/// Makes ids of a word that depend on nothing but the word.
pub(crate) trait WordModel {
    /// What gives the ids of all words of up to 31 bytes, if such a thing does.
    fn short_merger(&self) -> Option<&ShortMerger> {
        None
    }

    /// Appends the ids of a word; where it has none, [`Merging::has_failed`] is
    /// set.
    fn encode_word(&self, word: &[u8], merging: &mut Merging, ids: &mut Vec<u32>);
}

/// What a thread needs to turn a word into tokens; empty between words.
#[derive(Default)]
pub(crate) struct Merging {
    pub(crate) merger: Merger,
    /// For words that are not byte-level.
    pub(crate) pipeline: PipelineScratch,
    /// A word as the model is given it.
    pub(crate) word: WordBuffer,
    /// A text as the components are given it.
    pub(crate) text: String,
    /// For words that a `SentencePiece` model encodes.
    pub(crate) pieces: SentencePieceScratch,
    pub(crate) piece_tokens: Vec<WordToken>,
    /// Whether the ids of a part of a word depend on the rest of it, so that the
    /// words made since have to be made whole.
    pub(crate) is_torn: bool,
    /// Whether a word has no ids, so that what was made since is of no use.
    pub(crate) has_failed: bool,
}
