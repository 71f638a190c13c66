//! Byte-level BPE in the form that devices run: a few passes over all texts of
//! a batch at once, each of which is a plain function here and an entry point
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
//! 4. `lookup`: words that are in a table become their ids;
//! 5. `short`: others of up to 32 bytes are merged, a thread to a word;
//! 6. `long`: others of up to 1,024 bytes, a group of threads to a word;
//! 7. `count`: how many ids each chunk has;
//! 8. `places`: where they go;
//! 9. `write`: the ids, close together, and where those of rows begin.
//!
//! Longer words become [`NO_ID`], and their rows are the host's.
//!
//! # All pairs at once
//! BPE merges the leftmost pair of the lowest rank r, again and again. If no pair
//! that what it becomes is part of has a rank of r or less, then r is the lowest
//! rank still, of the pairs that had it before and no others; so all of them merge
//! next, from left to right, and may do so at once. Pairs that overlap exclude
//! one another: in a run of them the first, the third and so on merge. Whether
//! this is so is known for each rank beforehand ([`SAFE`](constants::SAFE)).

mod alphabet;
mod constants;
mod oracle;
#[cfg(test)]
mod passes;
mod state_map;
mod stretches;
mod tables;
#[cfg(test)]
mod tests;
mod tokenizer;
mod transducer;

/// Bytes of a chunk of text: a group of threads works on it.
pub(crate) const TEXT_CHUNK: u32 = constants::CHUNK as u32;

pub use constants::{NO_ID, TokenizeConstants};
pub use stretches::{DevicePart, RefusedText};
pub use tokenizer::{DeviceTokenizer, NoUtf8, OnHostOnly};
