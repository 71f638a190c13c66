//! Byte-level BPE in the form that devices run: a few passes over all texts of
//! a batch at once, each of which is a plain function here and an entry point
//! in CUDA and WGSL.
//!
//! # Where words begin
//! Whether a word begins at a character depends on all that is before it and,
//! because of `\s+(?!\S)`, on all that follows. Both are finite: a
//! [`Transducer`] is two automata, one that has read the text before the
//! character and one that has read the text behind it from its end, and a table
//! that says for each pair of their states whether a word begins there. An
//! automaton of at most sixteen states that reads a chunk is a [`StateMap`],
//! and these compose, so chunks are read side by side.

mod alphabet;
mod oracle;
mod state_map;
#[cfg(test)]
mod tests;
mod transducer;

pub(crate) use alphabet::alphabet;
pub(crate) use state_map::StateMap;
pub(crate) use transducer::Transducer;
