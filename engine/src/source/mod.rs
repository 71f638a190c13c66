//! Streams rows out of files, each row knowing its origin.
//!
//! [`Source`] is one layout (Parquet, Arrow IPC, JSONL, text, folders of images, tar); every
//! implementation passes the one conformance suite. [`discover`] finds the
//! inputs of a pipeline, [`PartReader`] walks the pieces of one part through
//! them and applies split and limit.
//!
//! Content that cannot be read never panics out of here and is never lost in
//! silence: it is an error with path and row, or it is set aside
//! ([`crate::plan::OnError`]). I/O errors are not content.

mod broken;
mod compression;
mod contain;
mod context;
mod cut;
mod discover;
mod endings;
mod fingerprint;
mod formats;
mod gzip;
mod images;
mod input;
mod ipc;
mod jsonl;
mod lines;
mod look;
mod memory;
mod metadata;
mod meter;
mod nothing;
mod parquet;
mod part;
mod pattern;
mod projection;
mod records;
mod request;
mod sniff;
mod split;
mod stretch;
mod tar;
mod text;
mod uris;
mod walk;

pub use contain::is_contained;
pub use discover::{DiscoverSpec, discover};
pub use formats::for_format;
pub use jsonl::{Conflict, Found, Observer, Place, Proposed, Selection};
pub use look::{Extent, LookSpec};
pub use memory::{catalog_of, in_memory};
pub use meter::Meter;
pub use part::{PartReader, Start};
pub use request::{BatchIter, Description, ReadRequest, Source};
