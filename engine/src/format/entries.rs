//! What a manifest lists, and the names of the files that are meant.

use serde::{Deserialize, Serialize};

use crate::plan::Digest;

/// One shard of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardEntry {
    /// The part of the plan it belongs to.
    pub part: u32,
    /// Its number in that part, from 0.
    pub seq: u32,
    /// Length of its file.
    pub len_bytes: u64,
    /// Rows in it; never 0.
    pub n_rows: u64,
    /// Rows of the dataset before it.
    pub first_row: u64,
    /// xxh3-128 of its header and its checksum table.
    pub digest: Digest,
}

impl ShardEntry {
    /// Its file name under `shards/`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { part, seq, .. } = self;
        format!(
            "part-{part:05}-{seq:05}-{}.safetensors",
            prefix(self.digest)
        )
    }
}

/// One input file, by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// Its name relative to the root of its glob.
    pub name: String,
    /// Its length.
    pub len_bytes: u64,
    /// Digest of its content.
    pub digest: Digest,
}

/// One file that travels with the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetEntry {
    /// Its name.
    pub name: String,
    /// Its path in the dataset.
    pub file: String,
    /// What it is: `tokenizer.json` or `tiktoken`.
    pub kind: String,
    /// For `tiktoken`, the family that fixes pattern and special tokens.
    pub family: Option<String>,
    /// Its length.
    pub len_bytes: u64,
    /// Digest of its content.
    pub digest: Digest,
}

/// The list of what was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// Its path in the dataset; one JSON object a line, in source order.
    pub file: String,
    /// Its lines.
    pub n_units: u64,
    /// Its length.
    pub len_bytes: u64,
    /// Digest of its content.
    pub digest: Digest,
}

/// The path of an asset in a dataset. It carries the content's digest, so that
/// a dataset that takes another's place never writes over a file still read.
#[must_use]
pub fn asset_file(name: &str, digest: Digest) -> String {
    format!("assets/{}-{name}", prefix(digest))
}

/// The path of the quarantine list in a dataset.
pub(crate) fn quarantine_file(digest: Digest) -> String {
    format!("quarantine-{}.jsonl", prefix(digest))
}

/// The path of the index in a dataset.
pub(super) fn index_file(digest: Digest) -> String {
    format!("shards-{}.index", prefix(digest))
}

/// Part, number and first digits of the digest in a shard's file name; `None`
/// for any other name.
pub(crate) fn parse_shard_name(name: &str) -> Option<(u32, u32, u64)> {
    let mut pieces = name
        .strip_suffix(".safetensors")?
        .strip_prefix("part-")?
        .split('-');
    let part: u32 = pieces.next()?.parse().ok()?;
    let seq: u32 = pieces.next()?.parse().ok()?;
    let digest = u64::from_str_radix(pieces.next()?, 16).ok()?;
    let canonical = format!("part-{part:05}-{seq:05}-{digest:016x}.safetensors");
    (pieces.next().is_none() && canonical == name).then_some((part, seq, digest))
}

/// The first 16 digits of a digest, as file names carry them.
fn prefix(digest: Digest) -> String {
    format!("{:016x}", digest.0 >> 64)
}
