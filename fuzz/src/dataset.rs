//! Datasets on disk: a hostile manifest, and a hostile shard under a manifest
//! that vouches for it.
//!
//! Checksums are put right before reading, since no fuzzer guesses one and an
//! attacker simply computes them: what is tried is what lies behind them.

use std::fs;
use std::path::Path;

use fuelrail::format::{Dataset, VerifyOptions, VerifyReport, verify};
use serde_json::Value;
use twox_hash::{XxHash3_64, XxHash3_128};

/// What follows the digest in a manifest.
const TAIL: &[u8] = b"\"\n}\n";

/// Bytes of one checksummed block.
const BLOCK: usize = 64 * 1024;

/// Rows read of a dataset that opens.
const ROWS: u64 = 100;

/// `dataset.json`, its digest put right.
pub fn manifest(data: &[u8]) {
    let _report = manifest_report(data);
}

/// A shard, its checksums put right, in a dataset of one text column that may
/// be null, one of four tokens a row, and packed origins.
pub fn shard(data: &[u8]) {
    let _report = shard_report(data);
}

/// What is found in a dataset that is this manifest alone; `None` if it does
/// not open.
fn manifest_report(data: &[u8]) -> Option<VerifyReport> {
    let mut text = data.to_vec();
    if let Some(at) = text.len().checked_sub(TAIL.len() + 32)
        && text.ends_with(TAIL)
    {
        text[at..at + 32].fill(b'0');
        let digest = format!("{:032x}", XxHash3_128::oneshot(&text));
        text[at..at + 32].copy_from_slice(digest.as_bytes());
    }
    let root = tempfile::tempdir().ok()?;
    fs::write(root.path().join("dataset.json"), &text).ok()?;
    read(root.path())
}

/// What is found in a dataset with this shard; `None` if it does not open.
fn shard_report(data: &[u8]) -> Option<VerifyReport> {
    let mut bytes = data.to_vec();
    let sealed = seal(&mut bytes).unwrap_or_default();
    let root = tempfile::tempdir().ok()?;
    let digest = format!("{:032x}", sealed.digest);
    let name = format!("part-00000-00000-{digest:.16}.safetensors");
    let text = dataset_json(&name, &digest, bytes.len(), sealed.n_rows);
    let folder = root.path().join("shards");
    fs::create_dir(&folder).ok()?;
    fs::write(folder.join(&name), &bytes).ok()?;
    fs::write(root.path().join("dataset.json"), text).ok()?;
    read(root.path())
}

/// Reads and verifies a dataset that opens, whatever comes of it.
fn read(root: &Path) -> Option<VerifyReport> {
    let dataset = Dataset::open(root).ok()?;
    let n = dataset.n_rows();
    for range in [0..n.min(ROWS), n.saturating_sub(1)..n, 0..u64::MAX, n..n] {
        if range.end.saturating_sub(range.start) <= ROWS || range.end > n {
            let _rows = dataset.rows(range.clone());
            let _origins = dataset.origins(range);
        }
    }
    verify(root, &VerifyOptions { threads: 1 }, &|_| ()).ok()
}

/// What a manifest says of a shard.
#[derive(Default)]
struct Sealed {
    digest: u128,
    n_rows: u64,
}

/// Recomputes the checksum table where the header says it is; `None` where no
/// header can be made out.
fn seal(bytes: &mut [u8]) -> Option<Sealed> {
    let header_len = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let data_start = usize::try_from(header_len).ok()?.checked_add(8)?;
    let header: Value = serde_json::from_slice(bytes.get(8..data_start)?).ok()?;
    let n_rows = header
        .pointer("/__metadata__/n_rows")?
        .as_str()?
        .parse()
        .ok()?;
    let range = header.pointer("/__block_xxh3/data_offsets")?;
    let offset = |at| usize::try_from(range.get(at)?.as_u64()?).ok();
    let start = data_start.checked_add(offset(0)?)?;
    let table: Vec<u8> = bytes
        .get(data_start..start)?
        .chunks(BLOCK)
        .flat_map(|block| XxHash3_64::oneshot(block).to_le_bytes())
        .collect();
    bytes
        .get_mut(start..start.checked_add(table.len())?)?
        .copy_from_slice(&table);
    let mut framed = bytes.get(..data_start)?.to_vec();
    framed.extend(table);
    let digest = XxHash3_128::oneshot(&framed);
    Some(Sealed { digest, n_rows })
}

/// The manifest of a dataset of one shard.
fn dataset_json(name: &str, digest: &str, len_bytes: usize, n_rows: u64) -> String {
    let zero = "0".repeat(32);
    let text = format!(
        r#"{{
  "format": "fuelrail",
  "version": 1,
  "n_rows": {n_rows},
  "schema": [
    {{ "name": "text", "type": "utf8", "layout": "ragged", "dtype": "U8", "shape": [], "nullable": true }},
    {{ "name": "tokens", "type": "uint16", "layout": "fixed", "dtype": "U16", "shape": [4], "nullable": false }}
  ],
  "origins": "packed",
  "plan_digest": "{zero}",
  "plan": {{}},
  "sources": [{{ "name": "a.jsonl", "len_bytes": 1, "digest": "{zero}" }}],
  "assets": [],
  "stats": {{ "rows_read": 0, "dropped": [], "quarantined": 0, "documents": 0, "tokens": 0 }},
  "quarantine": null,
  "shards": [
    {{ "name": "{name}", "len_bytes": {len_bytes}, "n_rows": {n_rows}, "first_row": 0, "digest": "{digest}" }}
  ],
  "digest": "{zero}"
}}
"#
    );
    let sealed = format!("{:032x}", XxHash3_128::oneshot(text.as_bytes()));
    let at = text.len() - TAIL.len() - 32;
    format!(
        "{}{sealed}{}",
        text.get(..at).unwrap_or_default(),
        "\"\n}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{manifest_report, shard_report};

    #[test]
    fn seeds_reach_what_lies_behind_the_checksums() {
        let shard = shard_report(include_bytes!("../seeds/shard/rows-3")).unwrap();
        assert!(shard.is_sound(), "{:?}", shard.findings);
        assert_eq!(shard.n_rows, 3);
        let manifest = manifest_report(include_bytes!("../seeds/manifest/shards-0")).unwrap();
        assert_eq!(manifest.n_shards, 0);
    }
}
