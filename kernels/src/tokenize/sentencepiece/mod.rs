//! SentencePiece's `.model`, with the ids of the `sentencepiece` library 0.2.
//!
//! The file says more than a `tokenizer.json` can: which spaces are dropped,
//! that pieces with equal scores merge from left to right, that scores are
//! added in binary32. So it is not converted, as `transformers` does, but
//! followed: [`SentencePiece::encode`] is the library's `encode`.
//!
//! `wire` reads the encoding of the file and `proto` its messages; `normalizer`
//! is what is done to a text first; `bpe`, `unigram` and `words` are the models.

mod bpe;
mod normalizer;
mod processor;
mod proto;
#[cfg(test)]
mod tests;
mod unigram;
mod vocabulary;
mod wire;

pub(crate) use processor::{SentencePiece, SentencePieceScratch};
