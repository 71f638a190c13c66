//! How a directory that fuelrail writes to is known, and which names in it
//! are fuelrail's.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::entries::parse_shard_name;

/// The manifest's file name.
pub(crate) const MANIFEST: &str = "dataset.json";
/// The directory of the work on a dataset, in the dataset's.
pub(crate) const WORK: &str = ".fuelrail";
/// The directory of the shards.
pub(crate) const SHARDS: &str = "shards";
/// The directory of the files that travel with a dataset.
pub(crate) const ASSETS: &str = "assets";

/// What a manifest begins with, blanks left out.
const BEGIN: &[u8] = b"{\"format\":\"fuelrail\"";

/// Whether `dir` holds a dataset, or work on one: complete, begun, or left
/// behind by a run that was killed.
pub(crate) fn is_dataset_place(dir: &Path) -> bool {
    let work = dir.join(WORK);
    // The lock is the first file of a run, and stays.
    work.join("lock").is_file() || work.join("plan.json").is_file() || has_manifest(dir)
}

/// Whether a manifest of fuelrail's lies in `dir`; another program's
/// `dataset.json` begins otherwise.
fn has_manifest(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(MANIFEST)) else {
        return false;
    };
    let mut head = Vec::new();
    let read = file.take(256).read_to_end(&mut head);
    head.retain(|byte| !byte.is_ascii_whitespace());
    read.is_ok() && head.starts_with(BEGIN)
}

/// Whether fuelrail gives this name to an entry of a dataset's directory.
pub(crate) fn is_dataset_name(name: &str) -> bool {
    [MANIFEST, WORK, SHARDS, ASSETS].contains(&name) || is_list_name(name)
}

/// Whether it is the name of a quarantine list or of an index of shards.
pub(crate) fn is_list_name(name: &str) -> bool {
    let index = name
        .strip_prefix("shards-")
        .and_then(|name| name.strip_suffix(".index"));
    is_quarantine_name(name) || index.is_some_and(is_digest)
}

/// Whether it is the name of a list of what was set aside.
pub(crate) fn is_quarantine_name(name: &str) -> bool {
    name.strip_prefix("quarantine-")
        .and_then(|name| name.strip_suffix(".jsonl"))
        .is_some_and(is_digest)
}

/// Whether it is the name of a shard.
pub(crate) fn is_shard_name(name: &str) -> bool {
    parse_shard_name(name).is_some()
}

/// Whether it is the name of a file that travels with a dataset.
pub(crate) fn is_asset_name(name: &str) -> bool {
    name.split_once('-')
        .is_some_and(|(digest, _)| is_digest(digest))
}

/// The part of a digest that names carry.
fn is_digest(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
