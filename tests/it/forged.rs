//! Datasets that lie: no digest is wrong, and still nothing is believed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "small numbers and helpers of tests, which clippy takes for library code"
)]

use std::path::Path;
use std::sync::Arc;

use fuelrail::ErrorKind;
use fuelrail::format::{Dataset, VerifyOptions, verify};
use fuelrail::sink::{LocalFs, OnExisting};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::output::{Job, write_batches};
use safetensors::SafeTensors;
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::format::{shard_bytes, sound};

/// A manifest's text with its digest made right.
fn sealed(text: &str) -> String {
    let at = text.len() - 36;
    let blank = format!("{}{}{}", &text[..at], "0".repeat(32), &text[at + 32..]);
    let digest = XxHash3_128::oneshot(blank.as_bytes());
    format!("{}{digest:032x}{}", &text[..at], &text[at + 32..])
}

/// Replaces `from` in the manifest and makes its digest right again.
fn forge(root: &Path, from: &str, to: &str) -> fuelrail::Error {
    let path = root.join("dataset.json");
    let original = std::fs::read_to_string(&path).unwrap();
    let text = original.replacen(from, to, 1);
    assert_ne!(text, original, "{from}");
    std::fs::write(&path, sealed(&text)).unwrap();
    let error = Dataset::open(root).unwrap_err();
    std::fs::write(&path, original).unwrap();
    error
}

#[test]
fn a_manifest_that_lies_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Job::new(dir.path())
        .run(Arc::new(LocalFs), 8, OnExisting::Refuse)
        .unwrap();
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("part-00000-00000", "../part-00000-00000"),
        ("part-00000-00000", "part-0-0"),
        ("part-00000-00001", "part-00000-00000"),
        ("\"file\": \"assets/", "\"file\": \"../assets/"),
        (
            "\"name\": \"tokenizer.json\"",
            "\"name\": \"../tokenizer.json\"",
        ),
        ("\"first_row\": 0", "\"first_row\": 1"),
        ("\"n_rows\": ", "\"n_rows\": 1"),
        ("\"type\": \"utf8\"", "\"type\": \"uint16\""),
        ("\"type\": \"utf8\"", "\"type\": \"utf9\""),
        ("\"dtype\": \"U16\"", "\"dtype\": \"F4\""),
        ("\n        64\n", "\n        18446744073709551615\n"),
        ("\n        64\n", "\n        0\n"),
        ("\"name\": \"label\"", "\"name\": \"text\""),
        ("\"name\": \"label\"", "\"name\": \"__label\""),
        ("\"format\": \"fuelrail\"", "\"format\": \"other\""),
    ] {
        let error = forge(dir.path(), from, to);
        assert_eq!(error.kind(), ErrorKind::Damage, "{from} -> {to}: {error}");
    }
    sound(dir.path());
}

/// Puts `bytes` in the place of the only shard, with every digest made right.
pub(crate) fn forge_shard(root: &Path, bytes: &[u8], table: usize) {
    let dataset = Dataset::open(root).unwrap();
    let shard = &dataset.manifest().shards[0];
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let header = usize::try_from(header)
        .unwrap_or(usize::MAX)
        .saturating_add(8)
        .min(bytes.len());
    let mut hasher = XxHash3_128::new();
    hasher.write(&bytes[..header]);
    hasher.write(&bytes[table..]);
    let digest = format!("{:032x}", hasher.finish_128());
    let old = shard.digest.to_string();
    let path = root.join("dataset.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace(&old[..16], &digest[..16])
        .replace(&old[16..], &digest[16..]);
    std::fs::remove_file(root.join("shards").join(shard.name())).unwrap();
    let name = shard.name().replace(&old[..16], &digest[..16]);
    std::fs::write(root.join("shards").join(name), bytes).unwrap();
    std::fs::write(&path, sealed(&text)).unwrap();
}

#[test]
fn a_shard_that_lies_is_refused_without_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..40).map(|n| (n % 9 != 4).then_some(n)).collect();
    let batch = all_types(&rows, 0);
    write_batches(dir.path(), 1 << 30, std::slice::from_ref(&batch)).unwrap();
    let (_, whole) = shard_bytes(dir.path()).remove(0);
    let tensors = SafeTensors::deserialize(&whole).unwrap();
    let table = tensors.tensor("__block_xxh3").unwrap().data().as_ptr() as usize;
    let table = table - whole.as_ptr() as usize;
    let text_len = whole.iter().position(|byte| *byte == b' ').unwrap();
    let mut draw = 1u64;
    let mut n_refused = 0;
    for _ in 0..600 {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut bytes = whole.clone();
        let at = (draw >> 33) as usize % text_len;
        // Digits become other digits, which keeps most headers readable.
        bytes[at] = match bytes[at] {
            digit @ b'0'..=b'9' => b'0' + (digit - b'0' + 1 + (draw >> 20) as u8 % 9) % 10,
            other => other ^ (1 << ((draw >> 24) % 7)),
        };
        forge_shard(dir.path(), &bytes, table);
        let dataset = Dataset::open(dir.path()).unwrap();
        let report = verify(dir.path(), &VerifyOptions { threads: 1 }, &|_| {}).unwrap();
        let read = dataset.rows(0..40).and_then(|_| dataset.origins(0..40));
        assert_eq!(read.is_ok(), report.is_sound(), "byte {at}");
        n_refused += usize::from(read.is_err());
    }
    assert!(n_refused > 500, "{n_refused}");
}

#[test]
fn values_that_lie_are_refused_without_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..40).map(|n| (n % 9 != 4).then_some(n)).collect();
    write_batches(dir.path(), 1 << 30, &[all_types(&rows, 0)]).unwrap();
    let (_, whole) = shard_bytes(dir.path()).remove(0);
    let tensors = SafeTensors::deserialize(&whole).unwrap();
    let at = |name: &str| {
        tensors.tensor(name).unwrap().data().as_ptr() as usize - whole.as_ptr() as usize
    };
    let header = usize::try_from(u64::from_le_bytes(whole[..8].try_into().unwrap())).unwrap() + 8;
    let table = at("__block_xxh3");
    for (name, byte, value) in [
        ("list.__offsets", 0, 1),
        ("list.__offsets", 7, 0x80),
        ("list.__offsets", 8 * 20, 0),
        ("list.__offsets", 8 * 40 + 4, 1),
        ("utf8.__offsets", 8 * 40, 0xff),
        ("utf8.__valid", 3, 2),
        ("bool", 3, 7),
        ("utf8", 1, 0xff),
        ("__origin.file", 0, 1),
    ] {
        let mut bytes = whole.clone();
        bytes[at(name) + byte] = value;
        let hashes = bytes[header..table]
            .chunks(65_536)
            .flat_map(|block| XxHash3_64::oneshot(block).to_le_bytes());
        let hashes: Vec<u8> = hashes.collect();
        bytes[table..].copy_from_slice(&hashes);
        forge_shard(dir.path(), &bytes, table);
        let report = verify(dir.path(), &VerifyOptions { threads: 1 }, &|_| {}).unwrap();
        let read = Dataset::open(dir.path()).unwrap().rows(0..40);
        // Reading need not look at origins, nor verification at text.
        assert_eq!(read.is_ok(), name == "__origin.file", "{name} {byte}");
        assert_eq!(
            report.is_sound(),
            name == "utf8",
            "{name} {byte}: {report:?}"
        );
    }
}

#[test]
fn a_manifest_cut_or_flipped_anywhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Job::new(dir.path())
        .run(Arc::new(LocalFs), 8, OnExisting::Refuse)
        .unwrap();
    let path = dir.path().join("dataset.json");
    let whole = std::fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..at]).unwrap();
        assert_eq!(
            Dataset::open(dir.path()).unwrap_err().kind(),
            ErrorKind::Damage
        );
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        std::fs::write(&path, flipped).unwrap();
        assert_eq!(
            Dataset::open(dir.path()).unwrap_err().kind(),
            ErrorKind::Damage
        );
    }
}
