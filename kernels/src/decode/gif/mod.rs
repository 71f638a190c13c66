//! The first frame of a GIF.
//!
//! Sources: GIF89a, Compuserve 1990; what files leave open is done as Pillow
//! does it.

mod blocks;
mod codec;

pub(super) use codec::Gif;
