//! 64 bytes at a time, with any way to find the special ones among them.
#![expect(
    unsafe_code,
    reason = "characters that are whole are not checked again"
)]
#![expect(
    clippy::inline_always,
    reason = "compiled for the instructions of whoever calls it"
)]

use super::scalar::{self, SHORT_ESCAPES};

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// Each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The bytes of a block that are no plain characters, one a bit.
pub(super) fn specials(block: &[u8; BLOCK]) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let words = words.iter().enumerate();
    words.fold(0, |mask, (at, word)| {
        mask | specials_of_word(u64::from_le_bytes(*word)) << (8 * at)
    })
}

/// The same of eight bytes.
fn specials_of_word(word: u64) -> u64 {
    const HIGH: u64 = EACH << 7;
    // The high bit of each byte that is 0, without a carry into the next one.
    let zeros = |word: u64| !(((word & !HIGH) + !HIGH) | word | !HIGH);
    let is = |byte: u8| zeros(word ^ (EACH * u64::from(byte)));
    let controls = zeros(word & (EACH * 0xe0));
    let found = (controls | is(b'"') | is(b'\\')) >> 7;
    found.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// As [`super::skip_at`].
#[inline(always)]
pub(super) fn skip(text: &[u8], specials: impl Fn(&[u8; BLOCK]) -> u64) -> usize {
    let mut at = 0;
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let mut found = specials(block);
        at += BLOCK;
        while found != 0 {
            let special = at - BLOCK + found.trailing_zeros() as usize;
            if !is_short_escape(text, special) {
                return special;
            }
            // The byte behind `\` goes with it, also where the next block begins
            // with it.
            let escaped = found & found.wrapping_neg();
            at += usize::from(escaped >> (BLOCK - 1) != 0);
            found &= !(escaped | escaped << 1);
        }
    }
    scalar::skip(text, at)
}

#[inline(always)]
fn is_short_escape(text: &[u8], at: usize) -> bool {
    short_escape(text, at) != 0
}

/// What the short escape at `at` stands for; 0 if there is none.
#[inline(always)]
fn short_escape(text: &[u8], at: usize) -> u8 {
    match text.get(at..).and_then(<[u8]>::first_chunk) {
        Some([b'\\', escape]) => SHORT_ESCAPES[usize::from(*escape)],
        _ => 0,
    }
}

/// As [`super::unescape_at`].
#[inline(always)]
pub(super) fn unescape(
    text: &[u8],
    room: &mut [u8],
    specials: impl Fn(&[u8; BLOCK]) -> u64,
) -> (usize, usize) {
    let (mut n, mut at) = (0, 0);
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk)
        && let Some(to) = room.get_mut(n..).and_then(<[u8]>::first_chunk_mut)
    {
        // All of it, which costs less than a part.
        *to = *block;
        let plain = specials(block).trailing_zeros() as usize;
        n += plain;
        at += plain;
        if plain == BLOCK {
            continue;
        }
        match short_escape(text, at) {
            0 => return (n, at),
            character => to[plain] = character,
        }
        n += 1;
        at += 2;
    }
    scalar::unescape(text, room, (n, at))
}

/// What `unescape` makes of `text` in `room`, up to its last whole character, and
/// how many bytes of `text` that was.
pub(super) fn whole_characters<'r>(
    text: &str,
    room: &'r mut [u8],
    unescape: impl FnOnce(&[u8], &mut [u8]) -> (usize, usize),
) -> (&'r str, usize) {
    let (mut n, mut at) = unescape(text.as_bytes(), room);
    // Bytes beyond ASCII are never escaped: each is there as in the text.
    while !text.is_char_boundary(at) {
        at -= 1;
        n -= 1;
    }
    // SAFETY: these are whole characters of a text, with other characters of one
    // byte in the place of some of one byte.
    let characters = unsafe { std::str::from_utf8_unchecked(&room[..n]) };
    (characters, at)
}
