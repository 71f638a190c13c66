//! The same for models of `SentencePiece`.

use std::ops::Deref;

use super::cuts::{ChunkCuts, before_spaces};
use super::encode_rest;
use super::joined::JoinedPairs;
use crate::tokenize::batch::Words;
use crate::tokenize::sentencepiece::SentencePiece;
use crate::tokenize::sink::IdSink;
use crate::tokenize::word_model::{Merging, WordModel};

/// A model, and where a text may be cut before it.
pub(crate) struct ChunkedPieces {
    model: SentencePiece,
    pub(super) cuts: Option<ChunkCuts>,
}

impl ChunkedPieces {
    pub(crate) fn new(model: SentencePiece) -> Self {
        let is_cut = model.is_cut_before_spaces();
        Self {
            cuts: is_cut
                .then(|| before_spaces(JoinedPairs::new(model.joined(), model.known_chars()))),
            model,
        }
    }

    /// Gives `sink` the ids of a text.
    pub(crate) fn encode_chunks(&self, text: &str, words: &mut Words, sink: &mut impl IdSink) {
        let first = match &self.cuts {
            Some(cuts) => cuts.next_word(text.as_bytes(), 0),
            None => text.len(),
        };
        let merging = &mut words.merging;
        merging.piece_tokens.clear();
        self.model.encode(
            text.get(..first).unwrap_or_default(),
            &mut merging.pieces,
            &mut merging.piece_tokens,
        );
        for token in &merging.piece_tokens {
            sink.put(&[token.id]);
        }
        if let Some(cuts) = &self.cuts {
            encode_rest((self, cuts), (text.as_bytes(), first), words, sink);
        }
    }
}

impl Deref for ChunkedPieces {
    type Target = SentencePiece;

    fn deref(&self) -> &SentencePiece {
        &self.model
    }
}

impl WordModel for ChunkedPieces {
    fn encode_word(&self, word: &[u8], merging: &mut Merging, ids: &mut Vec<u32>) {
        // Chunks end where characters do.
        let part = str::from_utf8(word).unwrap_or_default();
        if self
            .model
            .encode_short(part, &mut merging.pieces, ids)
            .is_some()
        {
            return;
        }
        merging.piece_tokens.clear();
        self.model
            .encode_inside(part, &mut merging.pieces, &mut merging.piece_tokens);
        ids.extend(merging.piece_tokens.iter().map(|token| token.id));
    }
}
