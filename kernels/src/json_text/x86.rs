//! The special bytes of a block by the vectors of x86-64.
#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{self as x86, __m512i};

use super::blocks::{self, BLOCK};
use super::scalar::{self, SHORT_ESCAPES};
use crate::level::{Dispatch, Level};

/// As [`super::skip_at`], if `level` has vectors that are used here.
pub(super) fn skip(level: Level, text: &[u8]) -> Option<usize> {
    match level.kind() {
        Dispatch::Scalar | Dispatch::Sse41 => None,
        // SAFETY: the processor has the instructions.
        Dispatch::Avx512 if has_vbmi2() => Some(unsafe { skip_vbmi2(text) }),
        // SAFETY: a level was detected on this processor, which has those below.
        Dispatch::Avx2 | Dispatch::Avx512 => Some(unsafe { skip_avx2(text) }),
    }
}

/// As [`super::unescape_at`], if `level` has vectors that are used here.
pub(super) fn unescape(level: Level, text: &[u8], room: &mut [u8]) -> Option<(usize, usize)> {
    match level.kind() {
        Dispatch::Scalar | Dispatch::Sse41 => None,
        // SAFETY: the processor has the instructions.
        Dispatch::Avx512 if has_vbmi2() => Some(unsafe { unescape_vbmi2(text, room) }),
        // SAFETY: a level was detected on this processor, which has those below.
        Dispatch::Avx2 | Dispatch::Avx512 => Some(unsafe { unescape_avx2(text, room) }),
    }
}

/// Whether there are the instructions that move and look up single bytes.
fn has_vbmi2() -> bool {
    is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("popcnt")
}

#[target_feature(enable = "avx2")]
fn skip_avx2(text: &[u8]) -> usize {
    blocks::skip(text, |block| avx2(block))
}

#[target_feature(enable = "avx2")]
fn unescape_avx2(text: &[u8], room: &mut [u8]) -> (usize, usize) {
    blocks::unescape(text, room, |block| avx2(block))
}

#[target_feature(enable = "avx2")]
#[inline]
fn avx2(block: &[u8; BLOCK]) -> u64 {
    let (halves, _) = block.as_chunks::<32>();
    let all = |byte: u8| x86::_mm256_set1_epi8(byte.cast_signed());
    let half = |half: &[u8; 32]| {
        // SAFETY: half a block has the bytes, which need not be aligned.
        let v = unsafe { x86::_mm256_loadu_si256(half.as_ptr().cast()) };
        let is = |byte: u8| x86::_mm256_cmpeq_epi8(v, all(byte));
        let control = x86::_mm256_cmpeq_epi8(x86::_mm256_min_epu8(v, all(0x1f)), v);
        let found = x86::_mm256_or_si256(x86::_mm256_or_si256(is(b'"'), is(b'\\')), control);
        u64::from(x86::_mm256_movemask_epi8(found).cast_unsigned())
    };
    half(&halves[0]) | half(&halves[1]) << 32
}

/// What a block from outside an escape on holds.
struct Escapes {
    /// The bytes, each behind a `\` replaced by what the escape stands for.
    bytes: __m512i,
    /// The `\` that begin escapes.
    starts: u64,
    /// Where plain characters and short escapes end, within the block.
    end: usize,
    /// What is before that.
    before_end: u64,
    /// Whether that is for good, and not for the end of the block within an escape.
    is_end: bool,
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn escapes(block: &[u8; BLOCK]) -> Escapes {
    // SAFETY: a block has the bytes, which need not be aligned.
    let load = |block: &[u8; BLOCK]| unsafe { x86::_mm512_loadu_si512(block.as_ptr().cast()) };
    let v = load(block);
    let all = |byte: u8| x86::_mm512_set1_epi8(byte.cast_signed());
    let ends =
        x86::_mm512_cmplt_epu8_mask(v, all(0x20)) | x86::_mm512_cmpeq_epi8_mask(v, all(b'"'));
    let starts = escape_starts(x86::_mm512_cmpeq_epi8_mask(v, all(b'\\')));
    let escaped = starts << 1;
    // Looks at the lower 7 bits of each byte; those beyond ASCII escape nothing.
    let (tables, _) = SHORT_ESCAPES.as_chunks();
    let characters = x86::_mm512_permutex2var_epi8(load(&tables[0]), v, load(&tables[1]));
    let known = x86::_mm512_test_epi8_mask(characters, characters) & !x86::_mm512_movepi8_mask(v);
    let stops = (ends & !escaped) | (escaped & !known) >> 1;
    let cut = starts & 1 << (BLOCK - 1);
    let left = stops | cut;
    Escapes {
        bytes: x86::_mm512_mask_mov_epi8(v, escaped, characters),
        starts,
        end: left.trailing_zeros() as usize,
        // All bits, if nothing is left.
        before_end: !left & left.wrapping_sub(1),
        is_end: stops != 0 && stops.trailing_zeros() == left.trailing_zeros(),
    }
}

/// Those of the `\` of a block that are not escaped themselves.
#[inline]
fn escape_starts(slashes: u64) -> u64 {
    if slashes & slashes << 1 == 0 {
        return slashes;
    }
    let (mut starts, mut left) = (0, slashes);
    while left != 0 {
        let start = left & left.wrapping_neg();
        starts |= start;
        left &= !(start | start << 1);
    }
    starts
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
fn skip_vbmi2(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let found = escapes(block);
        at += found.end;
        if found.is_end {
            return at;
        }
    }
    scalar::skip(text, at)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn unescape_vbmi2(text: &[u8], room: &mut [u8]) -> (usize, usize) {
    let (mut n, mut at) = (0, 0);
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>)
        && let Some(to) = room.get_mut(n..).and_then(<[u8]>::first_chunk_mut::<BLOCK>)
    {
        let found = escapes(block);
        let kept = found.before_end & !found.starts;
        let characters = x86::_mm512_maskz_compress_epi8(kept, found.bytes);
        // SAFETY: there is room for a block, which need not be aligned.
        unsafe { x86::_mm512_storeu_si512(to.as_mut_ptr().cast(), characters) };
        n += kept.count_ones() as usize;
        at += found.end;
        if found.is_end {
            return (n, at);
        }
    }
    scalar::unescape(text, room, (n, at))
}
