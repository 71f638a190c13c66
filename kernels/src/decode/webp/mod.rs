//! WebP, by the crate of the image-rs project.

mod chunks;
mod codec;

pub(super) use codec::Webp;
