//! The word path of tokenizers that are not byte-level: the original text is cut
//! into chunks whose ids do not depend on what is around them, and a cache keeps
//! the ids of chunks. A chunk that is not in it goes through the components.
//!
//! `cuts` says where a text may be cut, and why the ids stay the same. Where it
//! cannot say, there are no chunks, and the [`TokenPipeline`] encodes texts whole.

mod cuts;
mod pieces;
mod quick;
#[cfg(test)]
mod tests;

use std::ops::Deref;

use super::batch::Words;
use super::pipeline::{PipelinePart, PipelineScratch, TokenPipeline};
use super::sink::IdSink;
use super::special::Special;
use super::word_model::{Merging, WordModel};
use cuts::{ChunkCuts, FirstChunk};
pub(crate) use pieces::ChunkedPieces;
use quick::QuickWords;

/// Chunks that are looked up together.
const N_CHUNKS: usize = 256;

/// Components, and where a text may be cut before them.
pub(crate) struct ChunkedPipeline {
    pipeline: TokenPipeline,
    cuts: Option<ChunkCuts>,
    quick: Option<QuickWords>,
}

impl ChunkedPipeline {
    pub(crate) fn new(pipeline: TokenPipeline) -> Self {
        let cuts = ChunkCuts::of(&pipeline);
        Self {
            quick: cuts.as_ref().and_then(|_| QuickWords::of(&pipeline)),
            cuts,
            pipeline,
        }
    }

    /// Gives `sink` the ids of a text in which no added token is looked for,
    /// which starts at byte `start` of the original. Returns `false` if there
    /// are no chunks or something has no ids; what `sink` has been given is then
    /// of no use.
    pub(crate) fn encode_chunks(
        &self,
        (text, start): (&str, usize),
        (words, scratch): (&mut Words, &mut PipelineScratch),
        sink: &mut impl IdSink,
    ) -> bool {
        let Some(cuts) = &self.cuts else {
            return false;
        };
        let mut from = 0;
        if cuts.first() == FirstChunk::Apart {
            from = cuts.next(text.as_bytes(), 0);
            let first = text.get(..from).unwrap_or_default();
            if !self.encode_first((first, start), scratch, sink) {
                return false;
            }
        }
        encode_rest((self, cuts), (text.as_bytes(), from), words, sink);
        !std::mem::take(&mut words.merging.has_failed)
    }

    fn encode_first(
        &self,
        first: (&str, usize),
        scratch: &mut PipelineScratch,
        sink: &mut impl IdSink,
    ) -> bool {
        let track = self.pipeline.least_track();
        let done = self.pipeline.encode(
            (first.0, first.1, track),
            (None, Special::Text),
            scratch,
            |part| {
                if let PipelinePart::Word { tokens, .. } = part {
                    for token in tokens {
                        sink.put(&[token.id]);
                    }
                }
            },
        );
        done.is_ok()
    }
}

/// Gives `sink` the ids of the chunks from `from` on, until one has none.
fn encode_rest(
    (model, cuts): (&impl WordModel, &ChunkCuts),
    (text, mut from): (&[u8], usize),
    words: &mut Words,
    sink: &mut impl IdSink,
) {
    let mut ends = [0; N_CHUNKS];
    while from < text.len() && !words.merging.has_failed {
        let n_chunks = cuts.fill(text, from, &mut ends);
        let ends = ends.get(..n_chunks).unwrap_or_default();
        words.encode(model, text, (from, ends), sink);
        from = ends.last().map_or(text.len(), |&end| end as usize);
    }
}

impl Deref for ChunkedPipeline {
    type Target = TokenPipeline;

    fn deref(&self) -> &TokenPipeline {
        &self.pipeline
    }
}

impl WordModel for ChunkedPipeline {
    fn encode_word(&self, word: &[u8], merging: &mut Merging, ids: &mut Vec<u32>) {
        if self.cuts.as_ref().is_some_and(|cuts| cuts.is_nothing(word)) {
            return;
        }
        // Chunks end where characters do.
        let text = str::from_utf8(word).unwrap_or_default();
        let scratch = &mut merging.pipeline;
        let quick = self.quick.as_ref();
        let done = if quick.is_some_and(|quick| quick.write(text, &mut merging.word)) {
            self.pipeline
                .encode_word(merging.word.as_bytes(), scratch, ids)
        } else {
            self.pipeline.encode_inside(text, scratch, ids)
        };
        if done.is_err() {
            ids.clear();
            merging.has_failed = true;
        }
    }
}
