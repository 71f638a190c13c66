//! A trie over the bytes of tokens, for all tokens that start at a place.
//!
//! It is a double array: the child of node `n` for byte `b` is the slot
//! `base(n) ^ b`, if that slot names `n` as its parent. A step is one look at
//! memory, whatever the node. Slots come in blocks of 256, in which a base
//! and all of its children lie.

use crate::tokenize::error::TokenizerError;

/// Slots of a block: the children of a base differ in their lowest eight bits.
const BLOCK: usize = 256;
/// Blocks that are tried for a node before a new one is opened. It bounds the
/// time to build, at the price of some free slots.
const OPEN_MAX: usize = 32;
/// Most slots; their numbers fit `u32` with room for the marks.
const SLOTS_MAX: usize = 1 << 30;

/// The parent of a free slot.
const FREE: u32 = u32::MAX;
/// The parent of the root.
const NONE: u32 = u32::MAX - 1;
/// The value of a node at which no token ends.
const NO_VALUE: u32 = u32::MAX;

/// Set in a base where a token ends at the node.
const HAS_VALUE: u32 = 1 << 31;

/// A trie from byte strings to numbers.
pub(crate) struct Trie {
    slots: Vec<TrieSlot>,
    /// What ends at the node of each slot, if anything does.
    values: Vec<u32>,
}

/// What a step looks at: eight bytes.
#[derive(Clone, Copy)]
struct TrieSlot {
    base: u32,
    parent: u32,
}

/// A node: a string of bytes with which a token starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrieNode {
    /// Its place among those of [`Trie::words`].
    pub(super) slot: u32,
    /// That of its slot.
    base: u32,
}

impl Trie {
    /// A trie of `tokens`, whose values are below `u32::MAX`. Of equal tokens
    /// the one with the greatest value counts.
    ///
    /// # Errors
    /// `Inconsistent` if there is no room for so many.
    pub(crate) fn new<'a>(
        tokens: impl Iterator<Item = (&'a str, u32)>,
    ) -> Result<Self, TokenizerError> {
        let mut keys: Vec<(&[u8], u32)> = tokens.map(|(key, id)| (key.as_bytes(), id)).collect();
        keys.sort_unstable();
        let mut builder = Builder::new();
        builder.build(&keys)?;
        for (slot, value) in builder.slots.iter_mut().zip(&builder.values) {
            if *value != NO_VALUE {
                slot.base |= HAS_VALUE;
            }
        }
        Ok(Self {
            slots: builder.slots,
            values: builder.values,
        })
    }

    /// The empty string.
    #[inline]
    pub(crate) fn root(&self) -> TrieNode {
        TrieNode {
            slot: 0,
            base: self.slots[0].base,
        }
    }

    /// The node that one more byte leads to.
    #[inline]
    pub(crate) fn step(&self, node: TrieNode, byte: u8) -> Option<TrieNode> {
        let slot = (node.base & !HAS_VALUE) ^ u32::from(byte);
        let &TrieSlot { base, parent } = self.slots.get(slot as usize)?;
        (parent == node.slot).then_some(TrieNode { slot, base })
    }

    /// The node that a string leads to.
    pub(crate) fn walk(&self, key: &str) -> Option<TrieNode> {
        key.bytes()
            .try_fold(self.root(), |node, byte| self.step(node, byte))
    }

    /// The nodes as words of 32 bits: the base, the parent, and the value or all
    /// ones; a node is its place among them.
    pub(crate) fn words(&self) -> impl Iterator<Item = u32> {
        let nodes = self.slots.iter().zip(&self.values);
        nodes.flat_map(|(slot, value)| [slot.base & !HAS_VALUE, slot.parent, *value])
    }

    /// The number of the token that ends at a node.
    #[inline]
    pub(crate) fn value(&self, node: TrieNode) -> Option<u32> {
        let has_value = node.base & HAS_VALUE != 0;
        has_value.then(|| self.values[node.slot as usize])
    }
}

/// The keys of a node: those in `start..end`, which share their first `depth`
/// bytes.
struct Task {
    node: u32,
    start: usize,
    end: usize,
    depth: usize,
}

struct Builder {
    slots: Vec<TrieSlot>,
    values: Vec<u32>,
    /// Blocks that may have room, with their free slots; the newest last.
    open: Vec<(usize, Slots)>,
    /// The bytes that lead from the node at hand, and where their keys start.
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Builder {
    fn new() -> Self {
        let mut builder = Self {
            slots: Vec::new(),
            values: Vec::new(),
            open: Vec::new(),
            bytes: Vec::new(),
            starts: Vec::new(),
        };
        builder.add_block();
        builder.take(0, NONE);
        builder
    }

    /// Places all keys; the work to do is on a stack of its own, as deep as
    /// keys are long.
    fn build(&mut self, keys: &[(&[u8], u32)]) -> Result<(), TokenizerError> {
        let mut tasks = vec![Task {
            node: 0,
            start: 0,
            end: keys.len(),
            depth: 0,
        }];
        while let Some(task) = tasks.pop() {
            self.split(keys, &task);
            if self.bytes.is_empty() {
                continue;
            }
            let base = self.place()?;
            self.slots[task.node as usize].base = base;
            for index in 0..self.bytes.len() {
                let node = base ^ u32::from(self.bytes[index]);
                self.take(node as usize, task.node);
                tasks.push(Task {
                    node,
                    start: self.starts[index],
                    end: self.starts.get(index + 1).copied().unwrap_or(task.end),
                    depth: task.depth + 1,
                });
            }
        }
        Ok(())
    }

    /// Notes the bytes that follow in the keys of a task, and the value of its
    /// node.
    fn split(&mut self, keys: &[(&[u8], u32)], task: &Task) {
        self.bytes.clear();
        self.starts.clear();
        for (index, (key, value)) in keys.iter().enumerate().take(task.end).skip(task.start) {
            match key.get(task.depth) {
                None => self.values[task.node as usize] = *value,
                Some(byte) if self.bytes.last() == Some(byte) => {}
                Some(byte) => {
                    self.bytes.push(*byte);
                    self.starts.push(index);
                }
            }
        }
    }

    /// A base at which there is room for the bytes at hand.
    fn place(&mut self) -> Result<u32, TokenizerError> {
        let bytes = &self.bytes;
        let found = self.open.iter().find_map(|(block, free)| {
            let base = free.base(bytes)?;
            Some(block * BLOCK + base)
        });
        let base = match found {
            Some(base) => base,
            None if self.slots.len() >= SLOTS_MAX => {
                return Err(TokenizerError::inconsistent(
                    "model.vocab",
                    "the tokens are longer together than 1 GiB",
                ));
            }
            None => self.add_block() * BLOCK,
        };
        u32::try_from(base).map_err(|_| {
            TokenizerError::inconsistent("model.vocab", "too many tokens for one trie")
        })
    }

    /// Adds a block of free slots and gives its number.
    fn add_block(&mut self) -> usize {
        let block = self.slots.len() / BLOCK;
        let free = TrieSlot {
            base: 0,
            parent: FREE,
        };
        self.slots.resize(self.slots.len() + BLOCK, free);
        self.values.resize(self.slots.len(), NO_VALUE);
        if self.open.len() == OPEN_MAX {
            self.open.remove(0);
        }
        self.open.push((block, Slots::ALL));
        block
    }

    fn take(&mut self, slot: usize, parent: u32) {
        self.slots[slot].parent = parent;
        let at = self
            .open
            .iter()
            .position(|(block, _)| *block == slot / BLOCK);
        if let Some(at) = at {
            self.open[at].1.remove(slot % BLOCK);
            if self.open[at].1.is_empty() {
                self.open.remove(at);
            }
        }
    }
}

/// A set of the 256 slots of a block.
#[derive(Clone, Copy)]
struct Slots([u64; 4]);

impl Slots {
    const ALL: Self = Self([u64::MAX; 4]);

    fn remove(&mut self, slot: usize) {
        self.0[slot / 64] &= !(1 << (slot % 64));
    }

    fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The slots `s` for which `s ^ byte` is in the set.
    fn moved(self, byte: u8) -> Self {
        const MASKS: [u64; 6] = [
            0x5555_5555_5555_5555,
            0x3333_3333_3333_3333,
            0x0f0f_0f0f_0f0f_0f0f,
            0x00ff_00ff_00ff_00ff,
            0x0000_ffff_0000_ffff,
            0x0000_0000_ffff_ffff,
        ];
        let high = usize::from(byte >> 6);
        let mut words = [0, 1, 2, 3].map(|word: usize| self.0[word ^ high]);
        for (bit, mask) in MASKS.into_iter().enumerate() {
            if byte >> bit & 1 == 1 {
                let by = 1 << bit;
                words = words.map(|word| (word & mask) << by | word >> by & mask);
            }
        }
        Self(words)
    }

    /// The first base at which all of the bytes have a slot of the set.
    fn base(self, bytes: &[u8]) -> Option<usize> {
        let mut bases = Self::ALL;
        for &byte in bytes {
            let allowed = self.moved(byte);
            for (word, other) in bases.0.iter_mut().zip(allowed.0) {
                *word &= other;
            }
            if bases.is_empty() {
                return None;
            }
        }
        let word = bases.0.iter().position(|word| *word != 0)?;
        Some(64 * word + bases.0[word].trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn prefixes(trie: &Trie, text: &str) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        let mut node = trie.root();
        for (at, byte) in text.bytes().enumerate() {
            let Some(next) = trie.step(node, byte) else {
                break;
            };
            node = next;
            found.extend(trie.value(node).map(|value| (at + 1, value)));
        }
        found
    }

    proptest! {
        #[test]
        fn all_prefixes_are_found(
            keys in prop::collection::vec("[a-dé\u{4e00}]{0,5}|[\u{0}-\u{ff}]{1,2}", 0..300),
            texts in prop::collection::vec("[a-dé\u{4e00}]{0,9}|[\u{0}-\u{ff}]{0,3}", 20),
        ) {
            let map: BTreeMap<&str, u32> = keys.iter().map(String::as_str).zip(0..).collect();
            let all = keys.iter().map(String::as_str).zip(0..);
            let trie = Trie::new(all).unwrap();
            prop_assert_eq!(trie.value(trie.root()), map.get("").copied());
            for text in texts.iter().chain(&keys) {
                let expected: Vec<(usize, u32)> = (1..=text.len())
                    .filter_map(|end| Some((end, *map.get(text.get(..end)?)?)))
                    .collect();
                prop_assert_eq!(prefixes(&trie, text), expected);
            }
        }
    }

    #[test]
    fn sets_move_as_numbers_do() {
        let mut set = Slots::ALL;
        for slot in (0..256).filter(|slot| slot * 7 % 11 < 5) {
            set.remove(slot);
        }
        let holds = |set: Slots, slot: usize| set.0[slot / 64] >> (slot % 64) & 1 == 1;
        for byte in 0..=u8::MAX {
            let moved = set.moved(byte);
            for slot in 0..256 {
                assert_eq!(holds(moved, slot), holds(set, slot ^ usize::from(byte)));
            }
        }
    }

    #[test]
    fn a_long_key_takes_no_recursion() {
        let key = "ab".repeat(200_000);
        let trie = Trie::new([(key.as_str(), 7)].into_iter()).unwrap();
        assert_eq!(prefixes(&trie, &key), [(400_000, 7)]);
        assert!(trie.slots.len() < 500_000);
    }
}
