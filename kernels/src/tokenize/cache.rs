//! Remembers what words merge into. Memory is fixed; keys are compared in
//! full; what is in it never changes an id.

use super::hash::hash_word;

/// Bytes of the longest word that is remembered.
pub(crate) const WORD_MAX: usize = 15;
/// Tokens of the longest encoding that is remembered.
const IDS_MAX: usize = 3;
/// Number of slots; 32 bytes each, so 2 MiB.
const N_SLOTS: usize = 1 << 16;

/// A word of 1 to `WORD_MAX` bytes, with its length in the top byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u128);

impl Word {
    /// The word at `start..end` of `text`, or `None` if it is empty or long.
    #[inline]
    pub(crate) fn new(text: &[u8], start: usize, end: usize) -> Option<Self> {
        let len = end - start;
        if len == 0 || len > WORD_MAX {
            return None;
        }
        let bytes = if let Some(window) = text.get(start..start + 16)
            && let Ok(window) = <[u8; 16]>::try_from(window)
        {
            u128::from_le_bytes(window) & (u128::MAX >> (128 - 8 * len))
        } else {
            let mut window = [0; 16];
            window[..len].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(window)
        };
        Some(Self(bytes | (len as u128) << 120))
    }

    #[inline]
    fn slot(self) -> usize {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        hash_word(low ^ high.rotate_left(29).wrapping_mul(0x9e37_79b9_7f4a_7c15)) & (N_SLOTS - 1)
    }
}

#[derive(Debug, Clone, Copy)]
struct CacheSlot {
    word: Word,
    n_ids: u32,
    ids: [u32; IDS_MAX],
}

/// A direct-mapped table: a word that meets another in its slot takes it over.
pub(crate) struct WordCache {
    slots: Box<[CacheSlot]>,
}

impl WordCache {
    pub(crate) fn new() -> Self {
        let free = CacheSlot {
            // No word has length 0.
            word: Word(0),
            n_ids: 0,
            ids: [0; IDS_MAX],
        };
        Self {
            slots: vec![free; N_SLOTS].into_boxed_slice(),
        }
    }

    /// The tokens of a word, if they are remembered.
    #[inline]
    pub(crate) fn get(&self, word: Word) -> Option<&[u32]> {
        let slot = &self.slots[word.slot()];
        (slot.word == word).then(|| &slot.ids[..(slot.n_ids as usize).min(IDS_MAX)])
    }

    /// Remembers the tokens of a word, unless they are too many.
    pub(crate) fn insert(&mut self, word: Word, ids: &[u32]) {
        if ids.len() > IDS_MAX {
            return;
        }
        let slot = &mut self.slots[word.slot()];
        slot.word = word;
        slot.n_ids = ids.len() as u32;
        slot.ids[..ids.len()].copy_from_slice(ids);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_equal_only_if_their_bytes_are() {
        let text = b"abcabc\0\0abcdefghijklmnopqr";
        let word = |start, end| Word::new(text, start, end);
        assert_eq!(word(0, 3), word(3, 6));
        assert_ne!(word(3, 6), word(3, 7), "a zero byte counts");
        assert_ne!(word(3, 7), word(3, 8));
        // Near the end of the text there are no 16 bytes to read.
        assert_eq!(word(0, 3), Word::new(b"abc", 0, 3));
        assert_eq!(word(8, 23), Word::new(&text[8..23], 0, 15));
        assert!(word(8, 24).is_none(), "16 bytes are too many");
        assert!(word(2, 2).is_none());
    }

    #[test]
    fn a_word_in_the_slot_of_another_is_not_taken_for_it() {
        let mut cache = WordCache::new();
        let mut first_in_slot = std::collections::HashMap::new();
        let mut collisions = 0;
        for n in 0..100_000_u32 {
            let text = n.to_string();
            let word = Word::new(text.as_bytes(), 0, text.len()).unwrap();
            cache.insert(word, &[n]);
            if let Some((other, id)) = first_in_slot.insert(word.slot(), (word, n)) {
                collisions += 1;
                assert_eq!(cache.get(other), None, "{id}");
            }
            assert_eq!(cache.get(word), Some(&[n][..]));
        }
        assert!(collisions > 1_000);
    }

    #[test]
    fn encodings_of_every_length_are_kept_or_left_out() {
        let mut cache = WordCache::new();
        let word = Word::new(b"word", 0, 4).unwrap();
        assert_eq!(cache.get(word), None);
        for n_ids in 0..=IDS_MAX {
            let ids: Vec<u32> = (0..n_ids as u32).collect();
            cache.insert(word, &ids);
            assert_eq!(cache.get(word), Some(&ids[..]));
        }
        cache.insert(word, &[9; IDS_MAX + 1]);
        assert_eq!(cache.get(word).map(<[u32]>::len), Some(IDS_MAX));
    }
}
