//! Datasets on disk: what the writer (`sink`) and every reader agree on.
//!
//! A dataset is a directory with a manifest (`dataset.json`), shards that any
//! safetensors reader opens, and the files that travel with them. The format
//! is written down in `docs/format.md`; the files of this folder follow it:
//!
//! - `layout`: where the tensors of a shard lie; `header`, `header_text`: the text
//!   before them;
//! - `manifest`, `entries`, `index`: `dataset.json`, what it lists, and the binary
//!   list of many shards;
//! - [`Account`]: what became of every row of the inputs;
//! - `place`: how a dataset's directory is known, and the names in it;
//! - `shard`, `decode`, [`Dataset`]: reading, each block checked before use;
//! - [`verify()`], `inside`: every checksum, size and count of a dataset.
//!
//! Which tensors a shard has is known to the plan, whose columns and kinds of
//! origins a manifest speaks of. Nothing here writes a file, and nothing here
//! trusts one.

mod account;
mod dataset;
mod decode;
mod entries;
mod header;
mod header_text;
mod index;
mod inside;
mod layout;
mod manifest;
mod place;
mod shard;
mod small_file;
mod take;
mod verify;

pub use crate::plan::{Column, ColumnLayout, Dtype, FORMAT_VERSION, OriginKind};
pub use account::{Account, Converted, Dropped, SetAside};
pub use dataset::Dataset;
pub use entries::{AssetEntry, QuarantineEntry, ShardEntry, SourceEntry, asset_file};
pub use manifest::Manifest;
pub use verify::{Finding, VerifyOptions, VerifyReport, verify};

pub(crate) use crate::plan::{Content, FirstDimension, TensorSpec};
pub(crate) use entries::quarantine_file;
pub(crate) use header::write_header;
pub(crate) use layout::{ShardCounts, ShardLayout};
pub(crate) use manifest::is_plain_name;
pub(crate) use place::{
    ASSETS, MANIFEST, SHARDS, WORK, is_asset_name, is_dataset_name, is_dataset_place, is_list_name,
    is_quarantine_name, is_shard_name,
};
pub(crate) use shard::{FrameError, ShardFile, open_shard, other_length, read_frame, shard_path};

/// Bytes that one entry of `__block_xxh3` covers.
pub const BLOCK_BYTES: u64 = 64 * 1024;

/// Every column of a shard starts at a multiple of this in the file.
pub const ALIGN_BYTES: u64 = 4096;

/// A length in memory; files hold 64-bit lengths, addresses may be shorter.
pub(crate) fn to_usize(n: u64) -> crate::Result<usize> {
    usize::try_from(n)
        .map_err(|_| crate::Error::damage(format!("expected a size that fits memory, got {n}")))
}
