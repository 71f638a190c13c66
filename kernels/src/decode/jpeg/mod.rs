//! JPEG: most by a decoder of our own, all others by the pure-Rust port of
//! libjpeg-turbo.

mod codec;
mod damage;
mod frame;
mod region;
mod straight;
mod tables;

pub(super) use codec::Jpeg;
