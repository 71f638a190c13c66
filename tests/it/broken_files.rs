//! Compressed files that are damaged: each is named with what is wrong with it
//! and what helps, and the lines before the damage are not lost.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use fuelrail_tests::inputs::{result, run};
use tempfile::TempDir;

const LINES: usize = 2000;

fn lines() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..LINES {
        writeln!(text, "{{\"id\": {row}, \"text\": \"line {}\"}}", row * row).unwrap();
    }
    text.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with one file and a pipeline that reads it.
fn place(name: &str, bytes: &[u8], on_error: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    let text =
        format!("[source]\nuri = \"{name}\"\non_error = \"{on_error}\"\n[sink]\nuri = \"out\"\n");
    fs::write(dir.path().join("p.toml"), text).unwrap();
    dir
}

/// A file that is damaged in one way, and words of the answer.
struct Damage {
    name: &'static str,
    bytes: Vec<u8>,
    reason: &'static str,
    hint: &'static str,
}

const AGAIN: &str = "download or copy the file again";

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 0x40;
    bytes
}

fn damages() -> Vec<Damage> {
    let text = lines();
    let mut all = Vec::new();
    for (name, whole) in [("a.jsonl.gz", gzip(&text)), ("a.jsonl.zst", zstd(&text))] {
        let mut add = |bytes, reason, hint| {
            all.push(Damage {
                name,
                bytes,
                reason,
                hint,
            });
        };
        let len = whole.len();
        for cut in [len / 3, len / 2, len - 9, len - 1] {
            let bytes = whole[..cut].to_vec();
            add(bytes, "the file is cut off within its content", AGAIN);
        }
        // The checksum stands at the end of both.
        let back = if name.ends_with("gz") { 6 } else { 2 };
        add(
            flipped(whole.clone(), len - back),
            "its content does not match its checksum",
            AGAIN,
        );
        let (foreign, command) = if name.ends_with("gz") {
            ("no gzip follow the end of the gzip stream", "gzip -dc")
        } else {
            ("no zstd follow the end of a zstd frame", "zstd -dc")
        };
        add([&whole[..], b"other bytes"].concat(), foreign, command);
    }
    all
}

#[test]
fn each_damage_has_its_reason_and_what_helps() {
    for damage in damages() {
        let Damage {
            name,
            bytes,
            reason,
            hint,
        } = damage;
        let dir = place(name, &bytes, "fail");
        let ran = run(&dir, &["shard", "p.toml"]);
        assert_eq!(ran.code, 1, "{reason}: {}", ran.err);
        for words in [name, "cannot decompress: ", reason, hint] {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
        let dir = place(name, &bytes, "quarantine");
        let ran = run(&dir, &["shard", "p.toml", "--json"]);
        if ran.code == 1 {
            // Not a line came out of it, and so no key is known.
            assert!(ran.err.contains(reason), "{}", ran.err);
            continue;
        }
        let wrote = result(&ran);
        let list = wrote["quarantine"]["file"].as_str().unwrap();
        let list = fs::read_to_string(dir.path().join("out").join(list)).unwrap();
        assert!(list.contains(reason), "{list}");
    }
}

#[test]
fn any_flipped_byte_is_noticed_in_plain_words() {
    let text = lines();
    for (name, whole) in [("a.jsonl.gz", gzip(&text)), ("a.jsonl.zst", zstd(&text))] {
        let len = whole.len();
        for at in (10..len).step_by(len / 24) {
            let dir = place(name, &flipped(whole.clone(), at), "fail");
            let ran = run(&dir, &["shard", "p.toml"]);
            // A line may be bad before the decompressor knows.
            assert_eq!(ran.code, 1, "{name} {at}: {}", ran.err);
            assert!(ran.err.contains(name), "{}", ran.err);
            let is_decompressed = !ran.err.contains("cannot decompress: ");
            assert!(is_decompressed || ran.err.contains("again"), "{}", ran.err);
        }
    }
}

#[test]
fn what_is_not_compressed_is_named() {
    for (name, bytes, reason, hint) in [
        (
            "a.jsonl.gz",
            lines(),
            "got text that is not compressed",
            "a.jsonl\"",
        ),
        (
            "a.jsonl.zst",
            vec![0; 4096],
            "got nothing but zeros",
            "copy it again",
        ),
        (
            "a.jsonl.gz",
            b"<!DOCTYPE html><html>".to_vec(),
            "got HTML",
            "look at",
        ),
        (
            "a.jsonl.gz",
            b"\x01\x02\xff\xff".to_vec(),
            "got other bytes",
            "rename",
        ),
    ] {
        let dir = place(name, &bytes, "fail");
        let ran = run(&dir, &["plan", "p.toml"]);
        for words in [name, reason, hint] {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
    }
}
