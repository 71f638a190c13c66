//! Cuts a text into words a block of 64 bytes at a time.
//!
//! A block starts where a word starts, so nothing is carried into it. From the
//! classes of its bytes a family computes where words start in it, as far as
//! the block alone decides that; the next block starts at the last of them.
//! What a block does not decide is left to [`SplitScan::end`], the meaning: a
//! word that fills the block, white space and numbers beyond ASCII, the few
//! combinations that a family sets aside, and white space that ends the text.

use super::class::ClassTable;
use super::classes::{BlockClasses, Letters, low_bits};
use super::masks::{BLOCK, Classify, ScalarMasks};
use super::split::SplitScan;
use super::wide::Wide;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};
use crate::level::Level;

/// Words that are found in one go.
pub(crate) const N_WORDS: usize = 192;

/// Where words end, one after another.
pub(crate) type WordEnds = [u32; N_WORDS];

/// A family whose word starts can be computed from classes.
pub(super) trait BlockScan: SplitScan {
    const LETTERS: Letters;

    fn table(&self) -> &ClassTable;

    /// Bits of the bytes, after the first, where a word starts. `text` starts
    /// with the block, which starts with a word. It may forget classes (with
    /// [`BlockClasses::cut`]); bits from there on do not count, and neither do
    /// those within white space that the known bytes end with.
    fn starts(&self, classes: &mut BlockClasses, text: &[u8]) -> u64;
}

/// Finds words from `at` on, where one starts, until the text ends or `ends`
/// is almost full. Returns how many it found; the last of them ends where the
/// next call goes on.
pub(super) fn find_words(
    scan: &impl BlockScan,
    level: Level,
    text: &[u8],
    at: usize,
    ends: &mut WordEnds,
) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = Avx512::of(level) {
            return avx512.vectorize(
                #[inline(always)]
                || find(scan, avx512, text, at, ends),
            );
        }
        if let Some(avx2) = Avx2::of(level) {
            return avx2.vectorize(
                #[inline(always)]
                || find(scan, avx2, text, at, ends),
            );
        }
    }
    let _ = level;
    find(scan, ScalarMasks, text, at, ends)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for each level")]
fn find<S: BlockScan>(
    scan: &S,
    classify: impl Wide,
    text: &[u8],
    mut at: usize,
    ends: &mut WordEnds,
) -> usize {
    let mut n = 0;
    while at < text.len()
        && let Some(room) = ends.get_mut(n..).and_then(<[u32]>::first_chunk_mut)
    {
        let rest = &text[at..];
        let starts = if let Some(block) = rest.first_chunk::<BLOCK>() {
            block_starts(scan, classify, block, rest)
        } else {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            block_starts(scan, classify, &block, rest)
        };
        if starts == 0 {
            at = scan.end(text, at);
            room[0] = at as u32;
            n += 1;
        } else {
            n += classify.put(starts, at as u32, room);
            at += 63 - starts.leading_zeros() as usize;
        }
    }
    n
}

/// Where words start after the first byte of a block, as far as it decides.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for each level")]
fn block_starts<S: BlockScan>(
    scan: &S,
    classify: impl Wide,
    block: &[u8; BLOCK],
    rest: &[u8],
) -> u64 {
    let ascii = classify.ascii(block);
    let len = rest.len().min(BLOCK) as u32;
    let mut classes = BlockClasses::of_ascii(&ascii, len);
    let leads = ascii.lead & low_bits(len);
    if leads != 0 {
        classify.add_wide(&mut classes, leads, block, (scan.table(), S::LETTERS));
    }
    classes.cut(classes.known);
    let starts = scan.starts(&mut classes, rest);
    // White space that the known bytes end with is cut by what follows it.
    let known = low_bits(classes.known);
    let solid = u64::BITS - (known & !classes.space).leading_zeros();
    starts & known & low_bits(solid + 1) & !1
}
