//! `squeeze` at the SIMD levels: blocks of 64 bytes, as bits; see
//! [Blocks](super).
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]

use std::cell::Cell;

use super::Squeeze;
use super::shuffle::ShuffleSets;
use crate::body::Body;
use crate::level::Dispatch;
use crate::vector;

/// Bytes of a block: as many as a word has bits.
const BLOCK: usize = 64;

/// Parts of a block that are moved one by one; more are moved byte by byte.
const MAX_PARTS: u32 = 8;

type Block = [u8; BLOCK];

/// One item; how many bytes are written, or `None` if `kind` has no vectors.
/// `dst` is as long as `src`.
pub(super) fn squeeze(
    kind: Dispatch,
    squeeze: &Squeeze,
    src: &[u8],
    dst: &mut [u8],
) -> Option<usize> {
    let blocks = Blocks {
        shuffle: ShuffleSets::of(kind, squeeze.sets(), squeeze.replacement())?,
        n_written: Cell::new(0),
    };
    vector::at(kind, &blocks, src, dst);
    Some(blocks.n_written.get())
}

struct Blocks {
    shuffle: ShuffleSets,
    /// What is found: a body only tells whether numbers fit.
    n_written: Cell<usize>,
}

impl Body for Blocks {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let shuffle = self.shuffle;
        let mut n = 0;
        let mut carry = false;
        let (blocks, rest) = src.as_chunks::<BLOCK>();
        for block in blocks {
            let (out, keep) = look(&shuffle, block, &mut carry);
            // What is written is no longer than what was read, so there is
            // room for this block.
            if let Some(room) = dst.get_mut(n..).and_then(|dst| dst.first_chunk_mut()) {
                n += compact(&out, keep, room);
            }
        }
        if !rest.is_empty() {
            // The end of an item becomes a block of its own, and only what
            // stems from the item is taken of it.
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            let (out, keep) = look(&shuffle, &block, &mut carry);
            let mut short = [0; BLOCK];
            let n_short = compact(&out, keep & ((1 << rest.len()) - 1), &mut short);
            dst[n..n + n_short].copy_from_slice(&short[..n_short]);
            n += n_short;
        }
        self.n_written.set(n);
        true
    }
}

/// The block with squeezed bytes replaced, and a bit for each byte of it that
/// is written.
#[inline(always)]
fn look(shuffle: &ShuffleSets, block: &Block, carry: &mut bool) -> (Block, u64) {
    let [a, b, c, d]: &[[u8; 16]; 4] = bytemuck::cast_ref(block);
    let [a, b, c, d] = [
        shuffle.look(*a),
        shuffle.look(*b),
        shuffle.look(*c),
        shuffle.look(*d),
    ];
    let out = bytemuck::cast([a.replaced, b.replaced, c.replaced, d.replaced]);
    let squeezed = word([a.squeezed, b.squeezed, c.squeezed, d.squeezed]);
    let dropped = word([a.dropped, b.dropped, c.dropped, d.dropped]);
    let (sum, over) = (squeezed | dropped).overflowing_add(squeezed);
    let (sum, over_by_carry) = sum.overflowing_add(u64::from(*carry));
    *carry = over | over_by_carry;
    let carries = sum ^ dropped;
    (out, !(dropped | (squeezed & carries)))
}

/// Four times 16 bits, the first lowest.
#[inline(always)]
fn word([a, b, c, d]: [u16; 4]) -> u64 {
    u64::from(a) | u64::from(b) << 16 | u64::from(c) << 32 | u64::from(d) << 48
}

/// Moves the bytes of `block` that `keep` has a bit for to the beginning of
/// `dst`; how many they are. The rest of `dst` becomes anything.
#[inline(always)]
fn compact(block: &Block, mut keep: u64, dst: &mut Block) -> usize {
    let n_kept = keep.count_ones() as usize;
    if n_kept == BLOCK {
        *dst = *block;
        return n_kept;
    }
    let n_parts = (keep & !(keep << 1)).count_ones();
    if n_parts > MAX_PARTS {
        // Each byte is written where the next that is kept belongs, so that
        // nothing depends on what cannot be foreseen.
        let mut n = 0;
        for byte in block {
            dst[n % BLOCK] = *byte;
            n += (keep & 1) as usize;
            keep >>= 1;
        }
        return n_kept;
    }
    // A part is moved with all that lies behind it, at one length that is
    // known; the next part overwrites what is too much.
    let twice = [*block, [0; BLOCK]];
    let mut room = [[0; BLOCK]; 2];
    let mut n = 0;
    while keep != 0 {
        let start = keep.trailing_zeros();
        let len = (keep >> start).trailing_ones();
        let part = twice.as_flattened()[start as usize..].first_chunk::<BLOCK>();
        let to = room.as_flattened_mut()[n..].first_chunk_mut::<BLOCK>();
        if let (Some(part), Some(to)) = (part, to) {
            *to = *part;
        }
        n += len as usize;
        keep &= u64::MAX.unbounded_shl(start + len);
    }
    *dst = room[0];
    n_kept
}
