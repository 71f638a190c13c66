//! TIFF: the first picture of a file, in strips.
//!
//! Source: Adobe, "TIFF Revision 6.0", 1992. The outside crates are those of its
//! compressions.

mod codec;
mod directory;
mod picture;
mod strip;

pub(super) use codec::Tiff;
