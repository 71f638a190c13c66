//! JPEG, by the pure-Rust port of libjpeg-turbo.

mod codec;
mod damage;
mod frame;
mod region;

pub(super) use codec::Jpeg;
