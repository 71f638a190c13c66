//! The first half of the pipeline: text with the origin of each byte,
//! Hugging Face's normalizers, and its pre-tokenizers.
//!
//! This is their literal meaning, in tokenizers 0.23: the same text, the same
//! pieces and the same offsets, where Hugging Face gets them wrong too.

mod aligned;
mod cutter;
mod normalizer;
mod rewriter;
pub(crate) mod tables;

pub(crate) use aligned::{AlignedPiece, AlignedText, Track};
pub(crate) use cutter::{
    Behavior, CutStep, InvertMatches, MetaspacePrefix, PrefixSpace, SplitAtReplacement, TextCutter,
    scan_words,
};
pub(crate) use normalizer::{
    BertSteps, CharStanding, Charsmap, NormalForm, NormalizerStep, Strip, TextNormalizer,
    is_starter, joins_next, stands_alone,
};
pub(crate) use tables::is_punctuation;
