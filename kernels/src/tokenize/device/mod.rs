//! Byte-level BPE and `WordPiece` in the form that devices run: a few passes over all
//! texts of a batch at once, each of which is a plain function here and an entry point
//! in CUDA and WGSL.
//!
//! # Where words begin
//! Whether a word begins at a character depends on all that is before it and,
//! because of `\s+(?!\S)`, on all that follows. Both are finite: a
//! [`Transducer`](transducer::Transducer) is two automata, one that has read the text before the
//! character and one that has read the text behind it from its end, and a table
//! that says for each pair of their states whether a word begins there. An
//! automaton of at most sixteen states that reads a chunk is a [`StateMap`](state_map::StateMap),
//! and these compose, so chunks are read side by side.
//!
//! # The passes
//! All rows of a batch are one sequence of bytes in chunks of 2,048. Where a row
//! begins, the automata begin anew. The passes, each a launch, are:
//! 1. `maps`: each chunk as the maps that it is;
//! 2. `states`: the states that each chunk is entered in;
//! 3. `words`: where words begin;
//! 4. those of the model, which give each word its ids;
//! 5. `count`: how many ids each chunk has;
//! 6. `places`: where they go;
//! 7. `write`: the ids, close together, and where those of rows begin.
//!
//! The passes of byte-level BPE are
//! - `lookup`: words that are in a table become their ids;
//! - `short`: others of up to 32 bytes are merged, a thread to a word;
//! - `long`: others of up to 1,024 bytes, a group of threads to a word;
//!
//! and those of `WordPiece`
//! - `whole`: words that are in a table become their ids, those of too many
//!   characters the unknown token;
//! - `pieces`: others are covered by the longest tokens from the left on in a trie, a
//!   thread to a word.
//!
//! What they do not encode becomes [`NO_ID`], and its rows are the host's.
//!
//! # All pairs at once
//! BPE merges the leftmost pair of the lowest rank r, again and again. If no pair
//! that what it becomes is part of has a rank of r or less, then r is the lowest
//! rank still, of the pairs that had it before and no others; so all of them merge
//! next, from left to right, and may do so at once. Pairs that overlap exclude
//! one another: in a run of them the first, the third and so on merge. Whether
//! this is so is known for each rank beforehand ([`SAFE`](constants::SAFE)).
//!
//! # Normalised words
//! What BERT's normalizer does is done to one character at a time
//! ([`BertSpelling`](spelling::BertSpelling) says where not), and so a table says what
//! becomes of each and whether words end there. Words are found and read in the text
//! as it is: no normalised text is written, and a word has no more ids than bytes.

mod alphabet;
mod byte_pair_tables;
mod constants;
mod oracle;
mod pages;
#[cfg(test)]
mod passes;
mod spelling;
mod state_map;
mod stretches;
mod tables;
#[cfg(test)]
mod tests;
mod tokenizer;
mod transducer;
mod word_piece;

/// Bytes of a chunk of text: a group of threads works on it.
pub(crate) const TEXT_CHUNK: u32 = constants::CHUNK as u32;

pub use constants::{CutConstants, NO_ID, PairConstants, PieceConstants};
pub use stretches::{DevicePart, HostText};
pub use tokenizer::{DeviceModelKind, DeviceTokenizer, NoUtf8, OnHostOnly};
