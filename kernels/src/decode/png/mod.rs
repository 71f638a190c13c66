//! PNG, by the crate of the image-rs project.

mod chunks;
mod codec;
mod unpack;

pub(super) use codec::Png;
