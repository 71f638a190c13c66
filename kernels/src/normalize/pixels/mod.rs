//! `normalize` on images with vector instructions, for every level.
//!
//! Pixels become numbers where they lie ([`convert`]) if they lie in the order
//! they are written, or if the channels are taken apart anyway. Others are put in
//! order before, a [`tile`] at a time.

mod avx2;
mod avx512;
mod constants;
mod convert;
mod simd;
mod sse41;
mod tile;
mod window;
mod worker;

pub(super) use avx2::Avx2;
pub(super) use avx512::Avx512;
pub(super) use constants::Values;
pub(super) use sse41::Sse41;
pub(super) use worker::images;
