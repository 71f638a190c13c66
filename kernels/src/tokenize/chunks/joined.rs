//! Pairs of characters that a token may hold side by side: between any others a
//! word can be cut.

use crate::tokenize::hash::hash_pair;
use crate::tokenize::text::tables::CharSet;
use crate::tokenize::utf8::first_code;

/// Bits a pair: few pairs are then taken for others.
const BITS_A_PAIR: usize = 16;

/// A set of pairs. It may hold some that were not put in, where a character is
/// not of ASCII.
pub(super) struct JoinedPairs {
    /// By the first of two characters of ASCII.
    ascii: Box<[u128; 128]>,
    /// A bit for each hash of other pairs.
    others: Vec<u64>,
    /// The characters beside which there may be a cut at all, if not all.
    beside: Option<CharSet>,
    /// A bit for each character of ASCII that leaves those before it as they are.
    leaving: u128,
}

impl JoinedPairs {
    pub(super) fn new(
        pairs: impl Iterator<Item = (char, char)> + Clone,
        beside: Option<CharSet>,
    ) -> Self {
        let n_others = pairs.clone().filter(|pair| !is_ascii(*pair)).count();
        let n_words = (BITS_A_PAIR * n_others / 64).next_power_of_two();
        let mut joined = Self {
            ascii: Box::new([0; 128]),
            others: vec![0; n_words],
            beside,
            leaving: u128::MAX,
        };
        for (x, y) in pairs {
            if is_ascii((x, y)) {
                joined.ascii[x as usize] |= 1 << y as u32;
            } else {
                let (word, bit) = joined.place(x as u32, y as u32);
                joined.others[word] |= bit;
            }
        }
        if let Some(chars) = &joined.beside {
            let uncut = |byte: u8| !chars.contains(char::from(byte));
            for (x, row) in (0..128).zip(joined.ascii.iter_mut()) {
                for y in 0..128 {
                    *row |= u128::from(uncut(x) || uncut(y)) << y;
                }
            }
        }
        joined
    }

    /// The same, where only those characters of ASCII leave the one before them as
    /// it is of which `leaves` says so.
    pub(super) fn left_by(self, leaves: impl Fn(char) -> bool) -> Self {
        let bits = (0..128_u8).filter(|byte| leaves(char::from(*byte)));
        let leaving = bits.fold(0, |leaving, byte| leaving | 1 << byte);
        Self { leaving, ..self }
    }

    #[inline]
    fn place(&self, x: u32, y: u32) -> (usize, u64) {
        let hash = hash_pair(u64::from(x), u64::from(y)) as usize;
        let word = (hash >> 6) & (self.others.len() - 1);
        (word, 1 << (hash % 64))
    }

    /// Whether there is a cut between two characters of ASCII.
    #[inline]
    pub(super) fn is_cut_in_ascii(&self, x: u8, y: u8) -> bool {
        self.ascii[usize::from(x % 128)] >> (y % 128) & 1 == 0
    }

    /// Whether there is one between two characters of which one is not.
    #[inline]
    pub(super) fn is_cut(&self, x: u32, y: u32) -> bool {
        let (word, bit) = self.place(x, y);
        self.others[word] & bit == 0 && self.is_beside(x) && self.is_beside(y)
    }

    /// Whether what follows a character leaves it as it is: a mark would be composed
    /// with it, even behind what vanishes.
    #[inline]
    pub(super) fn is_left_by(&self, after: &[u8]) -> bool {
        match after.first() {
            None => true,
            Some(byte @ ..0x80) => self.leaving >> byte & 1 != 0,
            Some(_) => first_code(after).is_some_and(|(code, _)| self.is_beside(code)),
        }
    }

    #[inline]
    fn is_beside(&self, code: u32) -> bool {
        let chars = self.beside.as_ref();
        chars.is_none_or(|chars| char::from_u32(code).is_some_and(|c| chars.contains(c)))
    }
}

fn is_ascii((x, y): (char, char)) -> bool {
    x.is_ascii() && y.is_ascii()
}
