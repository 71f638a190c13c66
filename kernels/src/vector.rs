//! How SIMD twins of numbers run: safe loops that the compiler turns into
//! vector instructions of a level, tile by tile.
//!
//! A loop gives the same bits at every level: the compiler neither fuses nor
//! reorders floating-point operations.

use crate::around::Around;
use crate::body::Body;
use crate::level::Dispatch;

/// Numbers of a tile: what is worked on before the next step, in cache.
pub(crate) const TILE: usize = 1024;

/// Bytes written from which on they go around the caches: more than a core
/// keeps until someone reads them.
const STREAMED: usize = 4 << 20;

/// Runs `body` with the instructions of `kind`.
pub(crate) fn at(kind: Dispatch, body: &impl Body, src: &[u8], dst: &mut [u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::x86::at(kind, body, src, dst);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = kind;
        body.run(src, dst)
    }
}

/// A tile's bytes, at the beginning of a cache line.
#[repr(C, align(64))]
pub(crate) struct Tile<const LEN: usize>(pub(crate) [u8; LEN]);

/// Hands `each` the index of the first number, the numbers read and those
/// written, at most [`TILE`] at a time and in order. Many numbers are written
/// around the caches, which saves reading the lines they replace.
pub(crate) fn tiles(
    (src, dst): (&[u8], &mut [u8]),
    (from, to): (usize, usize),
    mut each: impl FnMut(usize, &[u8], &mut [u8]),
) {
    let head = head(dst, to).filter(|_| dst.len() >= STREAMED);
    let Some(head) = head else {
        let tiles = src.chunks(TILE * from).zip(dst.chunks_mut(TILE * to));
        for (tile, (src, dst)) in tiles.enumerate() {
            each(tile * TILE, src, dst);
        }
        return;
    };
    let (src_head, src) = src.split_at(head * from);
    let (dst_head, dst) = dst.split_at_mut(head * to);
    each(0, src_head, dst_head);
    let mut buf = Tile([0; TILE * 8]);
    let buf = &mut buf.0[..TILE * to];
    let tiles = src.chunks(TILE * from).zip(dst.chunks_mut(TILE * to));
    let mut ahead = src.chunks(TILE * from).skip(1);
    let mut around = Around::default();
    for (tile, (src, dst)) in tiles.enumerate() {
        let index = head + tile * TILE;
        if dst.len() == buf.len() {
            each(index, src, buf);
            around.copy(buf, dst, ahead.next().unwrap_or_default());
        } else {
            each(index, src, dst);
        }
    }
}

/// Numbers of `to` bytes before the first cache line that begins in `dst`;
/// `None` if no number begins with one.
fn head(dst: &[u8], to: usize) -> Option<usize> {
    let len_bytes = dst.as_ptr().align_offset(64);
    (len_bytes.is_multiple_of(to) && len_bytes <= dst.len()).then_some(len_bytes / to)
}
