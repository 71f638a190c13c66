//! The binary list of shards beside a manifest that has too many to name.
//!
//! Little-endian: the eight bytes `FRSHARDS`, a u32 version, a u32 zero, a u64
//! number of shards, then 48 bytes each: part u32, number u32, length u64,
//! rows u64, first row u64, digest as a u128.

use twox_hash::XxHash3_128;

use super::FORMAT_VERSION;
use super::entries::ShardEntry;
use crate::error::{Error, Result};
use crate::plan::Digest;

const MAGIC: &[u8; 8] = b"FRSHARDS";
const HEAD_BYTES: usize = 24;
const ENTRY_BYTES: usize = 48;

/// The index of `shards`.
pub(super) fn encode(shards: &[ShardEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + ENTRY_BYTES * shards.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&0u32.to_le_bytes());
    bytes.extend_from_slice(&(shards.len() as u64).to_le_bytes());
    for shard in shards {
        bytes.extend_from_slice(&shard.part.to_le_bytes());
        bytes.extend_from_slice(&shard.seq.to_le_bytes());
        bytes.extend_from_slice(&shard.len_bytes.to_le_bytes());
        bytes.extend_from_slice(&shard.n_rows.to_le_bytes());
        bytes.extend_from_slice(&shard.first_row.to_le_bytes());
        bytes.extend_from_slice(&shard.digest.0.to_le_bytes());
    }
    bytes
}

/// Reads an index of `n_shards` entries whose digest must be `digest`.
///
/// # Errors
/// `Damage` if it is not what was written.
pub(super) fn decode(bytes: &[u8], digest: Digest, n_shards: u64) -> Result<Vec<ShardEntry>> {
    if Digest(XxHash3_128::oneshot(bytes)) != digest {
        return Err(Error::damage(format!(
            "expected an index with the digest {digest}"
        )));
    }
    let head = encode(&[]);
    let same_head = bytes.len() >= HEAD_BYTES && bytes[..16] == head[..16];
    let body = bytes.get(HEAD_BYTES..).unwrap_or_default();
    if !same_head
        || bytes[16..HEAD_BYTES] != n_shards.to_le_bytes()
        || !body.len().is_multiple_of(ENTRY_BYTES)
        || (body.len() / ENTRY_BYTES) as u64 != n_shards
    {
        return Err(Error::damage(format!(
            "expected an index of {n_shards} shards"
        )));
    }
    Ok(body.chunks_exact(ENTRY_BYTES).map(entry).collect())
}

/// One entry from its 48 bytes.
fn entry(bytes: &[u8]) -> ShardEntry {
    let u32_at = |at: usize| {
        let mut raw = [0; 4];
        raw.copy_from_slice(&bytes[at..at + 4]);
        u32::from_le_bytes(raw)
    };
    let u64_at = |at: usize| u64::from(u32_at(at)) | (u64::from(u32_at(at + 4)) << 32);
    ShardEntry {
        part: u32_at(0),
        seq: u32_at(4),
        len_bytes: u64_at(8),
        n_rows: u64_at(16),
        first_row: u64_at(24),
        digest: Digest(u128::from(u64_at(32)) | (u128::from(u64_at(40)) << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards() -> Vec<ShardEntry> {
        (0..5)
            .map(|seq| ShardEntry {
                part: 7,
                seq,
                len_bytes: 1 << 40,
                n_rows: 3,
                first_row: u64::from(seq) * 3,
                digest: Digest(u128::MAX - u128::from(seq)),
            })
            .collect()
    }

    #[test]
    fn round_trips() {
        let bytes = encode(&shards());
        let digest = Digest(XxHash3_128::oneshot(&bytes));
        assert_eq!(decode(&bytes, digest, 5).unwrap(), shards());
    }

    #[test]
    fn lies_are_refused() {
        let bytes = encode(&shards());
        let digest = |bytes: &[u8]| Digest(XxHash3_128::oneshot(bytes));
        assert!(decode(&bytes, digest(&bytes), 4).is_err());
        for cut in [0, 8, 23, 24, 71, bytes.len() - 1] {
            assert!(
                decode(&bytes[..cut], digest(&bytes[..cut]), 5).is_err(),
                "{cut}"
            );
        }
    }
}
