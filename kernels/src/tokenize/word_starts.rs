//! What words start with when their bytes are merged.
//!
//! Where it is sure that two bytes, or those of a character, come to stand as
//! one token whatever is around them, a word starts with that token. That is so
//! if the token's number is below those of all merges that could take a part of
//! it away: a merge across its first byte has some token to the left that ends
//! with the byte before, one across its last byte some token to the right that
//! starts with the byte after, and the least numbers of such merges are known.
//! Nothing else can tell the token's early coming, since each merge has a greater
//! number than those that make its parts; where that is not so, words start with
//! their bytes.

use super::huge::HugeTable;
use super::number_pairs::{NONE, NumberPairs};

/// Bytes come first among the numbers.
pub(crate) const N_BYTES: usize = 256;
/// Characters of up to three bytes.
const N_CHARACTERS: usize = 1 << 16;

/// How words start.
pub(crate) struct WordStarts {
    /// For each two bytes.
    square: HugeTable<BytePair>,
    /// What the bytes of each character of three merge into, or `NONE`.
    characters: Vec<u32>,
}

/// What is known of two bytes that follow each other.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
struct BytePair {
    /// What they merge into, or `NONE`.
    number: u32,
    /// The least number of a merge between a token that ends with the first and
    /// the second byte, alone or with more of its character.
    into_second: u32,
    /// The least number of a merge between the first byte, alone or with more
    /// of its character, and a token that starts with the second.
    into_first: u32,
}

impl BytePair {
    const NONE: Self = Self {
        number: NONE,
        into_second: NONE,
        into_first: NONE,
    };
}

impl WordStarts {
    /// For these merges, left and right for each number from [`N_BYTES`] on, or
    /// `None` where there is none; `pairs` gets those that are not of two bytes.
    pub(crate) fn new(merges: &[Option<(u32, u32)>], pairs: &mut NumberPairs) -> Self {
        let mut starts = Self {
            square: HugeTable::filled(N_BYTES * N_BYTES, BytePair::NONE),
            characters: vec![NONE; N_CHARACTERS],
        };
        let mut edges = TokenEdges::of_bytes();
        let mut is_ordered = true;
        for (number, merge) in (N_BYTES as u32..).zip(merges) {
            let Some((left, right)) = *merge else {
                edges.push_none();
                continue;
            };
            is_ordered &= left < number && right < number;
            if is_ordered {
                starts.note_edges(number, edges.get(left), edges.get(right));
                edges.push(left, right);
            }
            match starts.byte_pair_mut(left, right) {
                Some(pair) => pair.number = number,
                None => pairs.insert(left, right, number),
            }
        }
        if is_ordered {
            starts.find_characters(pairs);
        } else {
            starts.forbid();
        }
        starts
    }

    fn byte_pair_mut(&mut self, left: u32, right: u32) -> Option<&mut BytePair> {
        let bytes = N_BYTES as u32;
        if left >= bytes || right >= bytes {
            return None;
        }
        self.square.get_mut((left * bytes + right) as usize)
    }

    /// Remembers a merge of two tokens that may take a part of another away.
    fn note_edges(&mut self, number: u32, left: TokenEdge, right: TokenEdge) {
        let Some(pair) = self.byte_pair_mut(left.last.into(), right.first.into()) else {
            return;
        };
        if left.is_part {
            pair.into_first = pair.into_first.min(number);
        }
        if right.is_part {
            pair.into_second = pair.into_second.min(number);
        }
    }

    /// Has no word start with more than its bytes.
    fn forbid(&mut self) {
        for pair in self.square.iter_mut() {
            (pair.into_first, pair.into_second) = (0, 0);
        }
    }

    /// What the bytes of each character of three merge into by themselves.
    fn find_characters(&mut self, pairs: &NumberPairs) {
        for character in 0x800..N_CHARACTERS as u32 {
            let bytes = [
                0xe0 | character >> 12,
                0x80 | character >> 6 & 63,
                0x80 | character & 63,
            ];
            let [first, second, third] = bytes.map(|byte| byte as usize);
            let (head, tail) = (
                self.square[first * N_BYTES + second].number,
                self.square[second * N_BYTES + third].number,
            );
            self.characters[character as usize] = if head == NONE && tail == NONE {
                NONE
            } else if head < tail {
                pairs.get(head, third as u32)
            } else {
                pairs.get(first as u32, tail)
            };
        }
    }

    /// What two bytes merge into, or `NONE`; `None` if they are no bytes.
    #[inline]
    pub(crate) fn product(&self, left: u32, right: u32) -> Option<u32> {
        let bytes = N_BYTES as u32;
        (left < bytes && right < bytes)
            .then(|| self.square[left as usize * N_BYTES + right as usize].number)
    }

    /// What is known of the byte at `at` and the next, of nothing beyond the end.
    #[inline]
    fn byte_pair(&self, bytes: &[u8], at: usize) -> BytePair {
        match bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(&[first, second]) => {
                self.square[usize::from(first) * N_BYTES + usize::from(second)]
            }
            None => BytePair::NONE,
        }
    }

    /// Splits a word into its bytes, but for those that surely merge; returns how
    /// many there are. `numbers` has room for all bytes.
    #[inline]
    pub(crate) fn split(&self, bytes: &[u8], numbers: &mut [u32]) -> usize {
        let (mut at, mut len) = (0, 0);
        // The least number of a merge that takes the first byte away.
        let mut taken = NONE;
        let mut pair = self.byte_pair(bytes, 0);
        while let Some(&byte) = bytes.get(at) {
            if byte >= 0xe0
                && let Some((number, last)) = self.character(bytes, at)
                && number < taken
                && number < last.into_first
            {
                numbers[len] = number;
                at += 3;
                taken = last.into_second;
                pair = self.byte_pair(bytes, at);
            } else {
                let next = self.byte_pair(bytes, at + 1);
                if pair.number < taken && pair.number < next.into_first {
                    numbers[len] = pair.number;
                    at += 2;
                    taken = next.into_second;
                    pair = self.byte_pair(bytes, at);
                } else {
                    numbers[len] = byte.into();
                    at += 1;
                    taken = pair.into_second;
                    pair = next;
                }
            }
            len += 1;
        }
        len
    }

    /// What the character of three bytes at `at` merges into by itself, and what
    /// is known of its last byte and the next.
    #[inline]
    fn character(&self, bytes: &[u8], at: usize) -> Option<(u32, BytePair)> {
        let &[first @ 0xe0..0xf0, second @ 0x80..0xc0, third @ 0x80..0xc0] =
            bytes.get(at..)?.first_chunk()?
        else {
            return None;
        };
        let [first, second, third] = [first & 15, second & 63, third & 63].map(usize::from);
        let number = *self.characters.get(first << 12 | second << 6 | third)?;
        Some((number, self.byte_pair(bytes, at + 2)))
    }
}

/// The bytes at the edges of a token.
#[derive(Debug, Clone, Copy)]
struct TokenEdge {
    first: u8,
    last: u8,
    len: u8,
    /// Whether it is one byte, or less than a character beyond ASCII.
    is_part: bool,
}

/// The edges of tokens by their numbers.
struct TokenEdges(Vec<TokenEdge>);

impl TokenEdges {
    fn of_bytes() -> Self {
        let of = |byte| TokenEdge {
            first: byte,
            last: byte,
            len: 1,
            is_part: true,
        };
        Self((0..=u8::MAX).map(of).collect())
    }

    fn get(&self, number: u32) -> TokenEdge {
        self.0[number as usize]
    }

    /// Adds the token that two make.
    fn push(&mut self, left: u32, right: u32) {
        let (left, right) = (self.get(left), self.get(right));
        let len = left.len.saturating_add(right.len);
        let starts = left.is_part
            && left.first >= 0x80
            && right.is_part
            && (0x80..0xc0).contains(&right.first);
        self.0.push(TokenEdge {
            first: left.first,
            last: right.last,
            len,
            is_part: starts && len < char_len(left.first),
        });
    }

    /// Adds a token that never comes to stand.
    fn push_none(&mut self) {
        self.0.push(TokenEdge {
            first: 0,
            last: 0,
            len: 0,
            is_part: false,
        });
    }
}

/// Bytes of the longest character that this byte is the first one of, or that
/// has it further on.
fn char_len(first: u8) -> u8 {
    match first {
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}
