//! Byte pair encoding of a word from left to right, without making its merges.
//!
//! Two tokens that stand side by side are *compatible* if their bytes together
//! encode to just these two. A sequence of tokens is the encoding of its bytes
//! if and only if all neighbours are compatible: merging never looks further
//! than a pair, so as long as no merge crosses the edge of a token, what is on
//! its two sides goes on as if the other were not there; and the first merge
//! that crossed some edge would also cross it in the two tokens alone. Since a
//! text has one encoding, so has each prefix of it that ends at an edge.
//!
//! So the encoding is found by taking the longest token that the bytes start
//! with and is compatible with the one before, and going back where none is;
//! a position that was gone back from is never tried again, for it is no edge
//! of the encoding whatever is before it. That makes time linear in the bytes.
//!
//! It holds if each token comes from one merge that makes it, of tokens that
//! are made by earlier merges. [`Segmenter::new`] checks that; other
//! vocabularies are merged as `merge` does.

use super::hash::hash_word;
use super::huge::HugeTable;
use super::pairs::PairTable;
use super::trie::{ByteTrie, NONE, ROOT, TrieBuilder};
use super::vocab::Vocab;

/// Symbols fit in this; so do two of them and what they merge into in a word.
const SYMBOL_BITS: u32 = 21;

/// Symbols of single bytes come first.
const N_BYTES: u32 = 256;

/// Words of more bytes are merged instead: linear time has a factor there that
/// an adversary may choose, the longest token's length.
pub(crate) const SEGMENT_MAX: usize = 512;

/// A token by the order in which merges are made: bytes, then merges.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Symbol {
    /// Where its edges are in [`Edges`].
    left: u32,
    right: u32,
    /// The longest other token that it starts with, or `NONE`.
    prefix: u32,
    len: u32,
}

/// For each symbol, what touches its left edge as its merges are undone: the
/// symbol itself, its left part, the left part of that, down to a byte; and so
/// for its right edge. One after another, so that a look at them meets few
/// cache lines.
struct Edges {
    left: HugeTable<u32>,
    right: HugeTable<u32>,
}

/// Everything that segmenting looks up; it does not change.
pub(crate) struct Segmenter {
    symbols: HugeTable<Symbol>,
    edges: Edges,
    ids: Vec<u32>,
    pairs: SymbolPairs,
    trie: ByteTrie,
    lost_len: usize,
}

/// Buffers between words.
#[derive(Default)]
pub(crate) struct Segments {
    tokens: Vec<u32>,
}

/// Positions in a word, one a bit.
struct Positions([u64; SEGMENT_MAX / 64 + 1]);

impl Segmenter {
    /// For these tokens and merges, or `None` if they are not of the kind that
    /// is encoded so.
    pub(crate) fn new(vocab: &Vocab, pairs: &PairTable) -> Option<Self> {
        let drafts = drafts(vocab, pairs)?;
        let (mut symbols, edges) = symbols(vocab, &drafts)?;
        let mut pairs = SymbolPairs::with_capacity(symbols.len());
        for (symbol, parts) in (0..).zip(&drafts).skip(N_BYTES as usize) {
            pairs.insert(parts.left, parts.right, symbol);
        }
        let mut builder = TrieBuilder::new(symbols.len());
        let mut nodes = vec![ROOT; symbols.len()];
        let mut lost_len = 0;
        for (symbol, draft) in (0..).zip(&drafts) {
            let (from, parts) = if symbol < N_BYTES {
                ((ROOT, 0), None)
            } else {
                let left = draft.left as usize;
                let parts = (&symbols[left], &symbols[draft.right as usize]);
                ((nodes[left], parts.0.len), Some(parts))
            };
            let rest = vocab.token(draft.id)?.get(from.1 as usize..)?;
            let node = builder.walk(from.0, rest);
            nodes[symbol as usize] = node;
            let made = |part: u32| builder.is_set(nodes[part as usize], part);
            let reached = parts.is_none_or(|(left, right)| {
                made(draft.left)
                    && made(draft.right)
                    && edges.compatible(&pairs, left, right, symbol)
            });
            if reached {
                builder.set(node, symbol);
            } else {
                lost_len = lost_len.max(symbols[symbol as usize].len as usize);
            }
        }
        for (symbol, prefix) in symbols.iter_mut().zip(builder.prefixes(drafts.len())) {
            symbol.prefix = prefix;
        }
        if drafts.len() < vocab.len() {
            lost_len = usize::MAX;
        }
        Some(Self {
            symbols: HugeTable::of(&symbols),
            edges,
            ids: drafts.iter().map(|draft| draft.id).collect(),
            pairs,
            trie: builder.build()?,
            lost_len,
        })
    }

    /// Bytes of the longest token, as far as is known, that no merges reach.
    #[inline]
    pub(crate) fn lost_len(&self) -> usize {
        self.lost_len
    }

    /// Appends the tokens of a word to `ids`, as merging its bytes gives them.
    /// Returns whether it did: not if the word is long.
    #[inline]
    pub(crate) fn encode(&self, word: &[u8], segments: &mut Segments, ids: &mut Vec<u32>) -> bool {
        if word.len() > SEGMENT_MAX {
            return false;
        }
        let tokens = &mut segments.tokens;
        tokens.clear();
        if !self.segment(word, tokens) {
            return false;
        }
        ids.extend(tokens.iter().map(|&token| self.ids[token as usize]));
        true
    }

    /// Returns whether the word has an encoding; it has, if each byte has.
    #[inline]
    fn segment(&self, word: &[u8], tokens: &mut Vec<u32>) -> bool {
        let mut dead = Positions([0; SEGMENT_MAX / 64 + 1]);
        let mut at = 0;
        let mut token = self.longest(word, 0);
        while at < word.len() {
            if token == NONE {
                // The token before ends where nothing goes on, so a shorter
                // one is next in its place.
                dead.add(at);
                let Some(last) = tokens.pop() else {
                    return false;
                };
                let Symbol { prefix, len, .. } = self.symbols[last as usize];
                at -= len as usize;
                token = prefix;
                continue;
            }
            let Symbol { prefix, len, .. } = self.symbols[token as usize];
            let end = at + len as usize;
            let fits = !dead.has(end)
                && tokens
                    .last()
                    .is_none_or(|&before| self.compatible(before, token));
            if fits {
                tokens.push(token);
                at = end;
                token = self.longest(word, at);
            } else {
                token = prefix;
            }
        }
        true
    }

    #[inline]
    fn compatible(&self, left: u32, right: u32) -> bool {
        let (left, right) = (&self.symbols[left as usize], &self.symbols[right as usize]);
        self.edges.compatible(&self.pairs, left, right, NONE)
    }

    #[inline]
    fn longest(&self, word: &[u8], at: usize) -> u32 {
        let rest = word.get(at..).unwrap_or_default();
        self.trie.longest(rest).map_or(NONE, |found| found.token)
    }
}

impl Positions {
    #[inline]
    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 != 0
    }

    #[inline]
    fn add(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }
}

impl Edges {
    /// Whether merges made before `limit` leave the edge between two tokens.
    ///
    /// Undoes the merges inside the two tokens, the last one first: whenever
    /// the two that then touch the edge would merge before the merge just
    /// undone, that is what happens. Of equal merges the one on the left is
    /// made first.
    #[inline]
    fn compatible(
        &self,
        pairs: &SymbolPairs,
        left: &Symbol,
        right: &Symbol,
        mut limit: u32,
    ) -> bool {
        let mut lefts = self
            .right
            .get(left.right as usize..)
            .unwrap_or_default()
            .iter();
        let mut rights = self
            .left
            .get(right.left as usize..)
            .unwrap_or_default()
            .iter();
        let (Some(mut left), Some(mut right)) = (lefts.next(), rights.next()) else {
            return false;
        };
        loop {
            if pairs.get(*left, *right) < limit {
                return false;
            }
            let undone = if left > right && *left >= N_BYTES {
                limit = *left;
                (&mut left, lefts.next())
            } else if *right >= N_BYTES {
                limit = *right + 1;
                (&mut right, rights.next())
            } else {
                return true;
            };
            // Edges end with a byte, which has no merge to undo.
            let (place, Some(part)) = undone else {
                return false;
            };
            *place = part;
        }
    }
}

/// The symbols, with lengths and edges, if the bytes of each are those of its
/// parts.
fn symbols(vocab: &Vocab, drafts: &[SymbolDraft]) -> Option<(Vec<Symbol>, Edges)> {
    let bytes = |symbol: u32| vocab.token(drafts.get(symbol as usize)?.id);
    let mut symbols: Vec<Symbol> = Vec::with_capacity(drafts.len());
    let (mut lefts, mut rights) = (Vec::new(), Vec::new());
    for (own, &SymbolDraft { left, right, id }) in (0..).zip(drafts) {
        let token = vocab.token(id)?;
        let is_byte = own < N_BYTES;
        if !is_byte && token.strip_prefix(bytes(left)?) != Some(bytes(right)?) {
            return None;
        }
        let at = (lefts.len(), rights.len());
        lefts.push(own);
        rights.push(own);
        if !is_byte {
            let (left, right) = (symbols[left as usize], symbols[right as usize]);
            copy_edge(&mut lefts, left.left);
            copy_edge(&mut rights, right.right);
        }
        if lefts.len().max(rights.len()) > MAX_EDGES {
            return None;
        }
        symbols.push(Symbol {
            left: at.0 as u32,
            right: at.1 as u32,
            prefix: NONE,
            len: u32::try_from(token.len()).ok()?,
        });
    }
    let edges = Edges {
        left: HugeTable::of(&lefts),
        right: HugeTable::of(&rights),
    };
    Some((symbols, edges))
}

/// Numbers in the edges at most; a hostile vocabulary could have them grow
/// with the square of its tokens.
const MAX_EDGES: usize = 1 << 24;

/// Appends the edge that starts at `from`, down to its byte.
fn copy_edge(edges: &mut Vec<u32>, from: u32) {
    let mut at = from as usize;
    while let Some(&symbol) = edges.get(at) {
        edges.push(symbol);
        at += 1;
        if symbol < N_BYTES {
            break;
        }
    }
}

/// A symbol before it is checked.
#[derive(Debug, Clone, Copy)]
struct SymbolDraft {
    left: u32,
    right: u32,
    id: u32,
}

/// The bytes, then the merges in order; `None` if a byte is missing, a token
/// comes from two merges, or from tokens that later merges make.
fn drafts(vocab: &Vocab, pairs: &PairTable) -> Option<Vec<SymbolDraft>> {
    let mut merges: Vec<_> = pairs.iter().map(|(pair, merge)| (merge, pair)).collect();
    merges.sort_unstable_by_key(|(merge, _)| merge.rank);
    let greatest = vocab.greatest_id()? as usize;
    let sparse = greatest > 4 * vocab.len() + 1024;
    let tied = !merges.is_sorted_by(|a, b| a.0.rank < b.0.rank);
    if sparse || tied || merges.len() >> (SYMBOL_BITS - 1) != 0 {
        return None;
    }
    let mut drafts = Vec::with_capacity(merges.len() + N_BYTES as usize);
    let mut symbol_of = vec![NONE; greatest + 1];
    let mut add = |left, right, id| {
        let symbol = symbol_of.get_mut(id as usize)?;
        if *symbol != NONE {
            return None;
        }
        *symbol = drafts.len() as u32;
        drafts.push(SymbolDraft { left, right, id });
        Some(())
    };
    for byte in 0..=u8::MAX {
        add(byte.into(), byte.into(), vocab.byte_id(byte)?)?;
    }
    for &(merge, (left, right)) in &merges {
        add(left, right, merge.id)?;
    }
    for (own, draft) in (0..).zip(&mut drafts).skip(N_BYTES as usize) {
        draft.left = *symbol_of.get(draft.left as usize)?;
        draft.right = *symbol_of.get(draft.right as usize)?;
        if draft.left >= own || draft.right >= own {
            return None;
        }
    }
    Some(drafts)
}

/// What two symbols merge into: open addressing with linear probing, a word a
/// slot, at most half full.
struct SymbolPairs {
    /// Left, right and product, of `SYMBOL_BITS` each; `FREE` if free.
    slots: HugeTable<u64>,
    /// Hashes of pairs that are there, a bit each, in less memory than the
    /// slots: most pairs that are looked up are not there.
    seen: Vec<u64>,
}

const FREE: u64 = u64::MAX;

impl SymbolPairs {
    fn with_capacity(n_pairs: usize) -> Self {
        Self {
            slots: HugeTable::filled((2 * n_pairs).next_power_of_two().max(16), FREE),
            seen: vec![0; (n_pairs / 8).next_power_of_two()],
        }
    }

    #[inline]
    fn key(left: u32, right: u32) -> u64 {
        u64::from(left) << SYMBOL_BITS | u64::from(right)
    }

    /// The word and bit of `seen` for a hash.
    #[inline]
    fn seen(&self, hash: usize) -> (usize, u64) {
        let bit = hash >> 32;
        ((bit / 64) & (self.seen.len() - 1), 1 << (bit % 64))
    }

    fn insert(&mut self, left: u32, right: u32, product: u32) {
        let key = Self::key(left, right);
        let hash = hash_word(key);
        let (word, bit) = self.seen(hash);
        self.seen[word] |= bit;
        let mut slot = hash & (self.slots.len() - 1);
        while self.slots[slot] != FREE {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = key << SYMBOL_BITS | u64::from(product);
    }

    /// The symbol that two merge into, or `NONE`.
    #[inline]
    fn get(&self, left: u32, right: u32) -> u32 {
        let key = Self::key(left, right);
        let mut slot = hash_word(key);
        let (word, bit) = self.seen(slot);
        if self.seen[word] & bit == 0 {
            return NONE;
        }
        loop {
            let found = self.slots[slot & (self.slots.len() - 1)];
            if found >> SYMBOL_BITS == key {
                return (found & ((1 << SYMBOL_BITS) - 1)) as u32;
            }
            if found == FREE {
                return NONE;
            }
            slot += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::merge::Merger;
    use super::super::pairs::Merge;
    use super::*;

    /// Ids are not in the order of ranks, nor of bytes.
    fn id(symbol: u32) -> u32 {
        symbol ^ 0x1f
    }

    /// A vocabulary of all bytes and the products of merges of symbols, of
    /// which those that repeat a token are left out.
    fn vocabulary(merges: &[(prop::sample::Index, prop::sample::Index)]) -> (Vocab, PairTable) {
        let mut tokens: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        let mut pairs = PairTable::with_capacity(merges.len());
        let few: Vec<u32> = (0..3).collect();
        for (left, right) in merges {
            let made = 256..tokens.len() as u32;
            let all: Vec<u32> = few.iter().copied().chain(made).collect();
            let (left, right) = (*left.get(&all), *right.get(&all));
            let token = [&*tokens[left as usize], &*tokens[right as usize]].concat();
            if tokens.contains(&token) || token.len() > 20 {
                continue;
            }
            let rank = tokens.len() as u32;
            tokens.push(token);
            pairs.insert(id(left), id(right), Merge { rank, id: id(rank) });
        }
        let mut numbered: Vec<(u32, &[u8])> = (0..)
            .map(id)
            .zip(tokens.iter().map(Vec::as_slice))
            .collect();
        numbered.sort_unstable();
        (Vocab::new(numbered.into_iter()).unwrap(), pairs)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn segments_are_what_merging_gives(
            merges in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..40),
            words in prop::collection::vec(prop::collection::vec(0..3_u8, 1..80), 1..20),
        ) {
            let (vocab, pairs) = vocabulary(&merges);
            let segmenter = Segmenter::new(&vocab, &pairs).unwrap();
            let mut merger = Merger::default();
            let mut segments = Segments::default();
            for word in words {
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                let bytes = word.iter().map(|&byte| vocab.byte_id(byte).unwrap());
                merger.merge(bytes, &pairs, &mut expected);

                prop_assert!(segmenter.encode(&word, &mut segments, &mut found));
                prop_assert_eq!(found, expected, "{:?}", word);
            }
        }
    }
}
