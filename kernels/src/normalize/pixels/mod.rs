//! `normalize` on images with vector instructions, for every level.
//!
//! An image is worked on in *tiles*: so many pixels in the order they are
//! written that all of a tile stays in the nearest cache. First its bytes are
//! put in that order ([`bytes`]), then they become numbers ([`values`]).

mod avx2;
mod avx512;
mod bytes;
mod direct;
mod simd;
mod sse41;
mod tile;
mod values;
mod window;
mod worker;

pub(super) use avx2::Avx2;
pub(super) use avx512::Avx512;
pub(super) use sse41::Sse41;
pub(super) use values::Values;
pub(super) use worker::images;
