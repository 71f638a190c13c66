//! Finds the longest token that bytes start with: a trie as a double array.
//!
//! A node's child for a byte is at `base ^ byte`, if the label there is that
//! byte. No two nodes have the same base, so a label tells the parent too, and
//! a node takes 8 bytes. All children of a node lie in one block of 256.

use std::collections::VecDeque;

use super::hash::hash_word;
use super::huge::HugeTable;

/// No token, or no node.
pub(crate) const NONE: u32 = u32::MAX;

const BLOCK: usize = 256;
/// Blocks that a node with several children is tried in.
const N_TRIED: usize = 6;
/// Bases fit in this.
const BASE_BITS: u32 = 24;

/// A token, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) token: u32,
    pub(crate) len: usize,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct ArrayNode {
    /// Base, then the label in the top byte.
    links: u32,
    /// The token that ends here, or `NONE`.
    token: u32,
}

/// The trie, which does not change.
pub(crate) struct ByteTrie {
    nodes: HugeTable<ArrayNode>,
    root: u32,
}

impl ByteTrie {
    /// The longest token that `bytes` start with.
    #[inline]
    pub(crate) fn longest(&self, bytes: &[u8]) -> Option<Matched> {
        let mut found = Matched {
            token: NONE,
            len: 0,
        };
        let mut base = self.root;
        for (at, &byte) in bytes.iter().enumerate() {
            let Some(node) = self.nodes.get((base ^ u32::from(byte)) as usize) else {
                break;
            };
            if node.links >> BASE_BITS != u32::from(byte) {
                break;
            }
            base = node.links & ((1 << BASE_BITS) - 1);
            if node.token != NONE {
                found = Matched {
                    token: node.token,
                    len: at + 1,
                };
            }
        }
        (found.token != NONE).then_some(found)
    }
}

/// A trie in the making: nodes by number, children found by hash.
pub(crate) struct TrieBuilder {
    nodes: Vec<OpenNode>,
    /// Open addressing: numbers of nodes, or `NONE`.
    index: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct OpenNode {
    parent: u32,
    label: u8,
    token: u32,
    first_child: u32,
    next_sibling: u32,
}

/// The number of the root.
pub(crate) const ROOT: u32 = 0;

impl TrieBuilder {
    /// A trie without tokens, with room for about `n_tokens`.
    pub(crate) fn new(n_tokens: usize) -> Self {
        let root = OpenNode {
            parent: NONE,
            label: 0,
            token: NONE,
            first_child: NONE,
            next_sibling: NONE,
        };
        let mut nodes = Vec::with_capacity(3 * n_tokens);
        nodes.push(root);
        Self {
            nodes,
            index: vec![NONE; (4 * n_tokens).next_power_of_two().max(16)],
        }
    }

    /// The node that `bytes` lead to from `node`.
    pub(crate) fn walk(&mut self, mut node: u32, bytes: &[u8]) -> u32 {
        for &byte in bytes {
            node = self.child(node, byte);
        }
        node
    }

    /// Lets `token` end at a node.
    pub(crate) fn set(&mut self, node: u32, token: u32) {
        self.nodes[node as usize].token = token;
    }

    /// Whether `token` ends at a node.
    pub(crate) fn is_set(&self, node: u32, token: u32) -> bool {
        self.nodes[node as usize].token == token
    }

    fn child(&mut self, parent: u32, label: u8) -> u32 {
        if 2 * self.nodes.len() >= self.index.len() {
            self.grow();
        }
        let slot = self.slot(parent, label);
        if self.index[slot] != NONE {
            return self.index[slot];
        }
        let number = self.nodes.len() as u32;
        let next_sibling = self.nodes[parent as usize].first_child;
        self.nodes[parent as usize].first_child = number;
        self.nodes.push(OpenNode {
            parent,
            label,
            token: NONE,
            first_child: NONE,
            next_sibling,
        });
        self.index[slot] = number;
        number
    }

    fn slot(&self, parent: u32, label: u8) -> usize {
        let mask = self.index.len() - 1;
        let mut slot = hash_word(u64::from(parent) << 8 | u64::from(label)) & mask;
        while let Some(node) = self.nodes.get(self.index[slot] as usize)
            && (node.parent, node.label) != (parent, label)
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.index = vec![NONE; 2 * self.index.len()];
        for number in 1..self.nodes.len() {
            let OpenNode { parent, label, .. } = self.nodes[number];
            let slot = self.slot(parent, label);
            self.index[slot] = number as u32;
        }
    }

    fn children(&self, node: u32) -> impl Iterator<Item = (u32, u8)> {
        let mut next = self.nodes[node as usize].first_child;
        std::iter::from_fn(move || {
            let child = self.nodes.get(next as usize)?;
            let number = std::mem::replace(&mut next, child.next_sibling);
            Some((number, child.label))
        })
    }

    /// For each token that has a node, the longest other token it starts with.
    pub(crate) fn prefixes(&self, n_tokens: usize) -> Vec<u32> {
        let mut prefixes = vec![NONE; n_tokens];
        // Parents have lower numbers than their children.
        let mut longest = vec![NONE; self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate().skip(1) {
            let above = longest[node.parent as usize];
            longest[number] = if node.token == NONE {
                above
            } else {
                node.token
            };
            if let Some(prefix) = prefixes.get_mut(node.token as usize) {
                *prefix = above;
            }
        }
        prefixes
    }

    /// The trie, or `None` if it has too many nodes.
    pub(crate) fn build(&self) -> Option<ByteTrie> {
        let mut array = DoubleArray::new();
        let mut labels = Vec::new();
        self.labels(ROOT, &mut labels);
        let root = array.place(&labels)?;
        let mut stack = vec![(ROOT, root)];
        while let Some((number, base)) = stack.pop() {
            for (child, label) in self.children(number) {
                let node = &self.nodes[child as usize];
                let place = base ^ u32::from(label);
                let mut child_base = NOWHERE;
                if node.first_child != NONE {
                    self.labels(child, &mut labels);
                    child_base = array.place_near(place, &labels)?;
                    stack.push((child, child_base));
                }
                array.nodes[place as usize] = ArrayNode {
                    links: child_base | u32::from(label) << BASE_BITS,
                    token: node.token,
                };
            }
        }
        array.settle();
        Some(ByteTrie {
            nodes: HugeTable::of(&array.nodes),
            root,
        })
    }

    fn labels(&self, node: u32, labels: &mut Vec<u8>) {
        labels.clear();
        labels.extend(self.children(node).map(|(_, label)| label));
    }
}

/// The base of nodes without children, in a block without nodes.
const NOWHERE: u32 = 0;

/// The places of a double array, and which are free.
struct DoubleArray {
    nodes: Vec<ArrayNode>,
    /// Free places and free bases, a block at a time.
    free: Vec<FreeBlock>,
    /// Blocks with free places.
    open: VecDeque<u32>,
}

#[derive(Debug, Clone, Copy)]
struct FreeBlock {
    places: [u64; 4],
    bases: [u64; 4],
}

fn has(set: &[u64; 4], at: u8) -> bool {
    set[usize::from(at >> 6)] >> (at & 63) & 1 != 0
}

fn remove(set: &mut [u64; 4], at: u8) {
    set[usize::from(at >> 6)] &= !(1 << (at & 63));
}

fn members(set: [u64; 4]) -> impl Iterator<Item = u8> {
    set.into_iter()
        .zip([0_u8, 64, 128, 192])
        .flat_map(|(mut bits, first)| {
            std::iter::from_fn(move || {
                let at = bits.checked_ilog2()? as u8;
                bits ^= 1 << at;
                Some(first + at)
            })
        })
}

impl DoubleArray {
    /// An array whose first block stays empty.
    fn new() -> Self {
        let mut array = Self {
            nodes: Vec::new(),
            free: Vec::new(),
            open: VecDeque::new(),
        };
        array.add_block();
        remove(&mut array.free[0].bases, NOWHERE as u8);
        array.open.clear();
        array
    }

    fn add_block(&mut self) -> u32 {
        let block = self.free.len() as u32;
        self.free.push(FreeBlock {
            places: [!0; 4],
            bases: [!0; 4],
        });
        let free = ArrayNode {
            links: 0,
            token: NONE,
        };
        self.nodes.resize(self.free.len() * BLOCK, free);
        self.open.push_back(block);
        block
    }

    /// Gives each free place a label that no base in use leads to. There is
    /// one, because each base in use has taken a place at least.
    fn settle(&mut self) {
        for (free, nodes) in self.free.iter().zip(self.nodes.chunks_mut(BLOCK)) {
            let Some(unused) = members(free.bases).next() else {
                continue;
            };
            for place in members(free.places) {
                nodes[usize::from(place)].links = u32::from(place ^ unused) << BASE_BITS;
            }
        }
    }

    /// Takes places for children with these labels; returns their base. An
    /// only child goes to its parent's cache line if it can, so that a way
    /// down the trie meets few lines.
    fn place_near(&mut self, parent: u32, labels: &[u8]) -> Option<u32> {
        let found = match labels {
            &[label] => self.fit_near(parent, label),
            _ => None,
        };
        match found {
            Some(base) => self.take(parent >> 8, base, labels),
            None => self.place(labels),
        }
    }

    /// A base for an only child in the cache line of its parent, or else in
    /// its block.
    fn fit_near(&self, parent: u32, label: u8) -> Option<u8> {
        let block = parent >> 8;
        let free = &self.free[block as usize];
        let near = (0..8).map(|at| (parent as u8) ^ at);
        near.filter(|&place| has(&free.places, place))
            .map(|place| place ^ label)
            .find(|&base| has(&free.bases, base))
            .or_else(|| self.fit(block, &[label]))
    }

    /// Takes places for children with these labels in one of the newest blocks
    /// or, if there is but one, in the oldest that has a gap.
    fn place(&mut self, labels: &[u8]) -> Option<u32> {
        let found = if labels.len() == 1 {
            self.fit_oldest(labels)
        } else {
            let fit = |&block: &u32| Some((block, self.fit(block, labels)?));
            self.open.iter().rev().take(N_TRIED).find_map(fit)
        };
        let (block, base) = found.unwrap_or_else(|| (self.add_block(), 0));
        self.take(block, base, labels)
    }

    fn take(&mut self, block: u32, base: u8, labels: &[u8]) -> Option<u32> {
        let free = &mut self.free[block as usize];
        remove(&mut free.bases, base);
        for label in labels {
            remove(&mut free.places, base ^ label);
        }
        let full = free.places == [0; 4];
        if full && let Some(at) = self.open.iter().rposition(|&open| open == block) {
            self.open.remove(at);
        }
        let base = block << 8 | u32::from(base);
        (base >> BASE_BITS == 0).then_some(base)
    }

    /// The oldest block in which the labels fit, with the base; closes those
    /// in which they do not.
    fn fit_oldest(&mut self, labels: &[u8]) -> Option<(u32, u8)> {
        while let Some(&block) = self.open.front() {
            if let Some(base) = self.fit(block, labels) {
                return Some((block, base));
            }
            self.open.pop_front();
        }
        None
    }

    /// A base in a block from which all labels lead to free places.
    fn fit(&self, block: u32, labels: &[u8]) -> Option<u8> {
        let free = &self.free[block as usize];
        let first = labels.first()?;
        members(free.places)
            .map(|place| place ^ first)
            .find(|&base| {
                has(&free.bases, base) && labels.iter().all(|label| has(&free.places, base ^ label))
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn build(tokens: &[Vec<u8>]) -> (ByteTrie, Vec<u32>) {
        let mut builder = TrieBuilder::new(0);
        for (token, bytes) in (0..).zip(tokens) {
            let node = builder.walk(ROOT, bytes);
            builder.set(node, token);
        }
        (builder.build().unwrap(), builder.prefixes(tokens.len()))
    }

    fn longest(tokens: &[Vec<u8>], bytes: &[u8], below: usize) -> Option<Matched> {
        let starts = |token: &&(u32, &Vec<u8>)| bytes.starts_with(token.1) && token.1.len() < below;
        let numbered: Vec<_> = (0..).zip(tokens).collect();
        let found = numbered
            .iter()
            .filter(starts)
            .max_by_key(|token| token.1.len())?;
        Some(Matched {
            token: found.0,
            len: found.1.len(),
        })
    }

    proptest! {
        #[test]
        fn the_longest_token_is_found(
            tokens in prop::collection::btree_set(
                prop::collection::vec(prop_oneof![Just(0_u8), 0..4_u8, any::<u8>()], 1..6), 0..300),
            texts in prop::collection::vec(
                prop::collection::vec(prop_oneof![Just(0_u8), 0..4_u8, any::<u8>()], 0..9), 0..50),
        ) {
            let tokens: Vec<Vec<u8>> = tokens.into_iter().collect();
            let (trie, prefixes) = build(&tokens);
            for text in texts.iter().chain(&tokens) {
                prop_assert_eq!(trie.longest(text), longest(&tokens, text, usize::MAX));
            }
            for (bytes, prefix) in tokens.iter().zip(prefixes) {
                let expected = longest(&tokens, bytes, bytes.len());
                prop_assert_eq!(prefix, expected.map_or(NONE, |found| found.token));
            }
        }
    }
}
