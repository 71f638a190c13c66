//! What devices are handed of a tokenizer: two structs, and the tables behind them.

use crate::twin::twin;

twin! {
    /// What says where words begin; the constants of the model are behind it.
    /// Places count words from the beginning of this struct.
    pub struct CutConstants: 24 {
        /// The contractions of the pattern: 0 for none, 1 for those in lower case, 2
        /// for any case.
        pub shortened: u32,
        /// Where the two words of each symbol's forward map are.
        pub forward: u32,
        /// The same backwards.
        pub backward: u32,
        /// Where, for each state before a place, the states after it are with which
        /// a word begins there, a bit each.
        pub begins: u32,
        /// Where the number of the page of every 128 codepoints is, two to a word.
        pub page_of: u32,
        /// Where the symbols of pages are, eight to a word.
        pub pages: u32,
    }
}

twin! {
    /// The tables of byte-level BPE, behind [`CutConstants`]. Places count from there,
    /// masks are one less than a power of two.
    pub struct PairConstants: 32 {
        /// Where the id of each byte is.
        pub byte_ids: u32,
        /// Where the pairs that merge are: left, right, rank, and the id with a bit
        /// that tells whether all such pairs may merge at once.
        pub pairs: u32,
        /// Which bits of a hash tell where a search for a pair begins.
        pub pairs_mask: u32,
        /// Where the words of up to 15 bytes are, in buckets.
        pub words: u32,
        /// Which bits of a hash are the number of a bucket.
        pub words_mask: u32,
        /// Where longer words that are one token are: their hash, their place among
        /// `long_bytes`, their length and their id.
        pub long_words: u32,
        /// Which bits of a hash tell where a search for a longer word begins.
        pub long_mask: u32,
        /// Where the bytes of longer words are.
        pub long_bytes: u32,
    }
}

twin! {
    /// The tables of `WordPiece`, behind [`CutConstants`]. Places count from there.
    pub struct PieceConstants: 32 {
        /// Where the words of up to 15 bytes are, in buckets.
        pub words: u32,
        /// Which bits of a hash are the number of a bucket.
        pub words_mask: u32,
        /// Where for each codepoint of a page a word says how the normalizer spells it;
        /// 0 where it stays as it is.
        pub spelled: u32,
        /// Where the bytes are that characters are spelled with.
        pub spelled_bytes: u32,
        /// Where the nodes of the tokens' trie are: base, parent and id.
        pub trie: u32,
        /// The node below which tokens are that continue a word; all ones for none.
        pub inside: u32,
        /// The id of a word that tokens do not cover; all ones for none.
        pub unknown: u32,
        /// Words of more characters are not covered.
        pub max_chars: u32,
    }
}

/// Bytes of a chunk of text: a group of threads works on it.
pub(crate) const CHUNK: usize = 2048;

/// Bytes of the longest word that a thread merges alone.
#[cfg(test)]
pub(crate) const SHORT: usize = 32;

/// Bytes of the longest word that a device encodes.
pub(crate) const LONG: usize = 1024;

/// The id in the place of a word that is the host's to encode. No token has it.
pub const NO_ID: u32 = u32::MAX;

/// The bit of a merge that tells whether all such pairs may merge at once.
pub(crate) const SAFE: u32 = 1 << 31;

/// Bytes of the longest word in the table of words.
pub(crate) const KEY: usize = 15;

/// Ids of a word in that table, at most.
pub(crate) const WORD_IDS: usize = 4;

/// Words of 32 bits that a word in that table takes: its bytes with their number
/// in the last of them, then its ids.
pub(crate) const ENTRY: usize = 4 + WORD_IDS;

/// Words of text that a bucket has.
pub(crate) const BUCKET: usize = 4;

/// Mixes the bits of a word. (`lowbias32` of Chris Wellons, public domain.)
pub(crate) fn mix(mut hash: u32) -> u32 {
    hash = (hash ^ hash >> 16).wrapping_mul(0x7feb_352d);
    hash = (hash ^ hash >> 15).wrapping_mul(0x846c_a68b);
    hash ^ hash >> 16
}

/// A hash with one more word in it; [`mix`] makes it fit for use.
pub(crate) fn fold(hash: u32, word: u32) -> u32 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1)
}

/// Where the second bucket of a word is, by the hash that the first has.
pub(crate) fn other(hash: u32) -> u32 {
    mix(hash ^ 0x5bd1_e995)
}

/// Bytes as words, the last one filled up with zeros.
pub(crate) fn words_of(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks(4).map(|chunk| {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0)) << (8 * at);
        byte(0) | byte(1) | byte(2) | byte(3)
    })
}

/// The bytes of a word of 1 to [`KEY`] bytes with their number behind them.
pub(crate) fn key_of(word: &[u8]) -> [u32; 4] {
    let mut key = [0; 4];
    for (to, from) in key.iter_mut().zip(words_of(word)) {
        *to = from;
    }
    key[3] |= (word.len() as u32) << 24;
    key
}
