//! Byte-level BPE.

/// A byte-level BPE tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    _private: (),
}
