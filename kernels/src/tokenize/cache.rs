//! Remembers what words merge into. Memory is bounded; keys are compared in
//! full; what is in it never changes an id.
//!
//! Words of up to 15 bytes lie beside up to 4 ids in half a cache line, words
//! of up to 31 bytes beside up to 8 ids in a whole one, so that most lookups
//! touch one line, which is fetched while the words before are looked up.
//! Longer words and longer encodings lie in an [`Arena`]. Tables start small
//! and grow with what is in them; when they are full, a new word takes the
//! place of one that was not met again lately.

use super::arena::Arena;
use super::slots::SlotTable;

/// Bytes of the longest word in the table of short ones.
pub(crate) const SHORT_MAX: usize = 15;
/// Bytes of the longest word in the table of longer ones.
pub(crate) const LONG_MAX: usize = 31;
/// Bytes of the longest word that is remembered.
const WORD_MAX: usize = 1024;
/// Sets of the table of short words at most; 64 bytes each, so 32 MiB.
const SHORT_SETS: usize = 1 << 19;
/// Sets of the table of longer words at most; 128 bytes each, so 16 MiB.
const LONG_SETS: usize = 1 << 17;

/// The bytes of a word of up to [`SHORT_MAX`] bytes, then zeros; the length in
/// the low half of the top byte.
pub(crate) type ShortKey = [u64; 2];
/// The same for a longer word of up to [`LONG_MAX`] bytes.
pub(crate) type LongKey = [u64; 4];

/// For each length, the bits of its bytes.
const fn byte_masks<const N: usize, const LEN: usize>() -> [[u64; N]; LEN] {
    let mut masks = [[0; N]; LEN];
    let mut len = 0;
    while len < LEN {
        let mut at = 0;
        while at < len {
            masks[len][at / 8] |= 0xff << (8 * (at % 8));
            at += 1;
        }
        len += 1;
    }
    masks
}

static SHORT_MASKS: [[u64; 2]; SHORT_MAX + 1] = byte_masks();
static LONG_MASKS: [[u64; 4]; LONG_MAX + 1] = byte_masks();

/// The key of no word.
pub(crate) const NO_KEY: ShortKey = [u64::MAX; 2];

/// The key of the first `len` bytes of `window`: 1 to [`SHORT_MAX`].
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call a word costs more")]
pub(crate) fn short_key(window: &[u8; 16], len: usize) -> ShortKey {
    let (words, _) = window.as_chunks::<8>();
    let [low, high] = SHORT_MASKS[len];
    [
        u64::from_le_bytes(words[0]) & low,
        u64::from_le_bytes(words[1]) & high | (len as u64) << 56,
    ]
}

/// The key of the first `len` bytes of `window`: more than [`SHORT_MAX`], up
/// to [`LONG_MAX`].
#[inline]
pub(crate) fn long_key(window: &[u8; 32], len: usize) -> LongKey {
    let (words, _) = window.as_chunks::<8>();
    let masks = LONG_MASKS[len];
    let mut key = std::array::from_fn(|at| u64::from_le_bytes(words[at]) & masks[at]);
    key[3] |= (len as u64 & 15) << 56;
    key
}

/// What words merge into.
pub(crate) struct WordCache {
    pub(crate) short: SlotTable<2, 4>,
    pub(crate) long: SlotTable<4, 8>,
    pub(crate) arena: Arena,
}

impl WordCache {
    pub(crate) fn new() -> Self {
        Self {
            short: SlotTable::new(SHORT_SETS),
            long: SlotTable::new(LONG_SETS),
            arena: Arena::new(),
        }
    }

    /// Remembers the ids of a word.
    pub(crate) fn insert(&mut self, word: &[u8], ids: &[u32]) {
        if word.len() > WORD_MAX || ids.is_empty() {
            return;
        }
        if word.len() > LONG_MAX {
            self.arena.put_word(word, ids);
        } else if word.len() > SHORT_MAX {
            let key = long_key(&padded(word), word.len());
            self.long.insert(key, ids, &mut self.arena);
        } else {
            let key = short_key(&padded(word), word.len());
            self.short.insert(key, ids, &mut self.arena);
        }
    }

    /// Bytes that are held.
    pub(crate) fn len_bytes(&self) -> usize {
        self.short.len_bytes() + self.long.len_bytes() + self.arena.len_bytes()
    }
}

/// A word of fewer than `N` bytes, with zeros after it.
fn padded<const N: usize>(word: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    padded[..word.len()].copy_from_slice(word);
    padded
}
