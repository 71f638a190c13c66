//! The word path of tokenizers that are not byte-level: the original text is cut
//! into chunks whose ids do not depend on what is around them, and a cache keeps
//! the ids of chunks. A chunk that is not in it goes through the components.
//!
//! `cuts` says where a text may be cut, and why the ids stay the same. Where it
//! cannot say, there are no chunks, and the [`TokenPipeline`] encodes texts whole.

mod bert;
mod blocks;
mod cuts;
mod fates;
mod joined;
mod pieces;
mod spaces;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Deref;

use super::batch::Words;
use super::model::PartFit;
use super::pipeline::{PipelinePart, PipelineScratch, TokenPipeline};
use super::sink::IdSink;
use super::special::Special;
use super::word_model::{Merging, WordModel};
use cuts::{ChunkCuts, FirstChunk, SpacedWords, is_marked};
pub(crate) use pieces::ChunkedPieces;
use words::ChunkWords;

/// Chunks that are looked up together.
const N_CHUNKS: usize = 256;
/// Bytes of a text beyond which its buffer is not kept.
const KEEP_MAX: usize = 1 << 16;

/// Components, and where a text may be cut before them.
pub(crate) struct ChunkedPipeline {
    pipeline: TokenPipeline,
    cuts: Option<ChunkCuts>,
    words: ChunkedWords,
}

/// How chunks become words.
enum ChunkedWords {
    /// As `BertChars` say.
    Bert,
    /// A chunk is a word, in which spaces are U+2581.
    Marked,
    ByChar(ChunkWords),
    /// There are no chunks.
    None,
}

impl ChunkedPipeline {
    pub(crate) fn new(pipeline: TokenPipeline) -> Self {
        let cuts = ChunkCuts::of(&pipeline);
        let words = match (&cuts, cuts::spaced_words(&pipeline)) {
            (Some(ChunkCuts::Bert(_)), _) => ChunkedWords::Bert,
            (_, None) => ChunkedWords::None,
            (_, Some(words)) if words == SpacedWords::Whole && is_marked(&pipeline) => {
                ChunkedWords::Marked
            }
            (_, Some(words)) => ChunkedWords::ByChar(ChunkWords::new(&pipeline.normalizer, words)),
        };
        Self {
            pipeline,
            cuts,
            words,
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
            from = cuts.next_word(text.as_bytes(), 0);
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
        let n_ids = sink.n_ids();
        let chunks = ends.get(..n_chunks).unwrap_or_default();
        let end = chunks.last().map_or(text.len(), |&end| end as usize);
        words.encode(model, text, (from, chunks), sink);
        if std::mem::take(&mut words.merging.is_torn) {
            sink.truncate(n_ids);
            encode_whole(
                (model, cuts),
                (text.get(..end).unwrap_or_default(), from),
                words,
                sink,
            );
        }
        from = end;
    }
}

/// Gives `sink` the ids of the words from `from` on, uncut.
fn encode_whole(
    (model, cuts): (&impl WordModel, &ChunkCuts),
    (text, mut from): (&[u8], usize),
    words: &mut Words,
    sink: &mut impl IdSink,
) {
    let mut ends = [0; N_CHUNKS];
    while from < text.len() {
        let n_words = cuts.fill_words(text, from, &mut ends);
        let ends = ends.get(..n_words).unwrap_or_default();
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
    fn encode_word(&self, chunk: &[u8], merging: &mut Merging, ids: &mut Vec<u32>) {
        let Merging {
            pipeline,
            word,
            text,
            ..
        } = merging;
        let cuts = self.cuts.as_ref();
        let starts_in_word = cuts.is_some_and(|cuts| cuts.is_part(chunk));
        let mut is_part = starts_in_word;
        let mut fit = PartFit::Exact;
        let visit = |word: &[u8]| {
            if std::mem::take(&mut is_part) {
                fit = self.pipeline.encode_part(word, pipeline, ids)?;
                return Ok(());
            }
            self.pipeline.encode_word(word, pipeline, ids)
        };
        let known = match (&self.words, cuts) {
            (ChunkedWords::Marked, _) => {
                let done = self.pipeline.encode_spaced(chunk, text, pipeline, ids);
                done.map(|()| true)
            }
            (ChunkedWords::Bert, Some(ChunkCuts::Bert(chars))) => {
                chars.each_word(chunk, word, visit)
            }
            (ChunkedWords::ByChar(words), _) => {
                words.each_word(&self.pipeline.normalizer, chunk, word, visit)
            }
            (ChunkedWords::Bert | ChunkedWords::None, _) => Ok(false),
        };
        let done = known.and_then(|is_known| {
            if is_known {
                return Ok(());
            }
            ids.clear();
            // Chunks end where characters do.
            let chunk = str::from_utf8(chunk).unwrap_or_default();
            if starts_in_word {
                fit = self.pipeline.encode_rest(chunk, text, pipeline, ids)?;
                return Ok(());
            }
            self.pipeline.encode_inside(chunk, pipeline, ids)
        });
        if done.is_err() || fit == PartFit::Close {
            ids.clear();
        }
        text.clear();
        text.shrink_to(KEEP_MAX);
        merging.has_failed |= done.is_err();
        merging.is_torn |= fit == PartFit::Close;
    }
}
