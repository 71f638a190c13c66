//! The first frame of a GIF.
//!
//! Source: "Graphics Interchange Format, Version 89a", 1990. What files leave
//! open is done as Pillow does it.

mod blocks;
mod codec;

pub(super) use codec::Gif;
