//! Inputs whose names or contents are odd: folders grown by chance, files that
//! are not what their names say.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use fuelrail::ErrorKind;
use fuelrail::plan::{Document, Fingerprint, Format, OnError, PassedOverKind};
use fuelrail::source::{DiscoverSpec, LookSpec, discover};
use fuelrail_tests::inputs::{found, names, passed_over, refused, result, run, tree};
use fuelrail_tests::prose::Random;
use tempfile::TempDir;

/// What a name may be, and what becomes of a file of it in a folder.
const NAMES: &[(&str, Option<PassedOverKind>)] = &[
    ("a.jsonl", None),
    ("b.ndjson", None),
    ("ü c.jsonl", None),
    ("d.JSONL", None),
    ("[e]*.jsonl", None),
    ("f.json", Some(PassedOverKind::Ending)),
    ("g.csv", Some(PassedOverKind::Ending)),
    ("h.tar.gz", Some(PassedOverKind::Ending)),
    ("h.png", Some(PassedOverKind::Ending)),
    ("i", Some(PassedOverKind::Ending)),
    ("_j.jsonl", Some(PassedOverKind::Hidden)),
    (".k.jsonl", Some(PassedOverKind::Hidden)),
    (
        "quarantine-0123456789abcdef.jsonl",
        Some(PassedOverKind::Output),
    ),
];

/// A folder grown by chance, with what must become of each entry.
struct Grown {
    dir: TempDir,
    inputs: BTreeSet<String>,
    over: BTreeSet<(PassedOverKind, String)>,
}

impl Grown {
    fn new(seed: u64) -> Self {
        let mut grown = Self {
            dir: tree(&["d/always.jsonl"]),
            inputs: ["always.jsonl".to_owned()].into(),
            over: BTreeSet::new(),
        };
        let mut random = Random::new(seed);
        grown.grow(&mut random, Path::new(""), 0);
        grown
    }

    fn grow(&mut self, random: &mut Random, below: &Path, depth: usize) {
        for n in 0..random.below(9) {
            let (name, kind) = NAMES[random.below(NAMES.len())];
            let path = below.join(name);
            let at = self.dir.path().join("d").join(&path);
            if at.symlink_metadata().is_ok() {
                continue;
            }
            match random.below(8) {
                0 if depth < 3 => self.folder(random, &below.join(format!("k={n}.jsonl")), depth),
                1 => self.output(&below.join(format!("out{n}"))),
                2 => {
                    Command::new("mkfifo").arg(&at).status().unwrap();
                    self.special(&path, kind);
                }
                3 => {
                    symlink(self.dir.path().join("d/always.jsonl"), &at).unwrap();
                    self.linked(&path, kind);
                }
                _ => {
                    fs::write(&at, "{\"text\": \"x\"}\n").unwrap();
                    self.file(&path, kind);
                }
            }
        }
    }

    fn folder(&mut self, random: &mut Random, path: &Path, depth: usize) {
        fs::create_dir_all(self.dir.path().join("d").join(path)).unwrap();
        self.grow(random, path, depth + 1);
    }

    fn output(&mut self, path: &Path) {
        let at = self.dir.path().join("d").join(path);
        fs::create_dir_all(at.join(".fuelrail")).unwrap();
        fs::write(at.join(".fuelrail/lock"), "").unwrap();
        fs::write(at.join("x.jsonl"), "{\"text\": \"ours\"}\n").unwrap();
        self.passed(PassedOverKind::Output, path);
    }

    fn passed(&mut self, kind: PassedOverKind, path: &Path) {
        self.over.insert((kind, format!("d/{}", path.display())));
    }

    fn special(&mut self, path: &Path, kind: Option<PassedOverKind>) {
        let hidden = kind == Some(PassedOverKind::Hidden);
        self.passed(
            if hidden {
                PassedOverKind::Hidden
            } else {
                PassedOverKind::Special
            },
            path,
        );
    }

    /// A second name of a file that is read.
    fn linked(&mut self, path: &Path, kind: Option<PassedOverKind>) {
        self.passed(kind.unwrap_or(PassedOverKind::Again), path);
    }

    fn file(&mut self, path: &Path, kind: Option<PassedOverKind>) {
        match kind {
            None => _ = self.inputs.insert(path.display().to_string()),
            Some(kind) => self.passed(kind, path),
        }
    }
}

#[test]
fn every_entry_of_any_folder_is_read_or_named() {
    for seed in 0..60 {
        let grown = Grown::new(seed);
        let catalog = found(&grown.dir, &["d"], None).unwrap();
        let read: BTreeSet<String> = catalog
            .files
            .iter()
            .map(|file| file.input.name.clone())
            .collect();
        assert_eq!(read, grown.inputs, "seed {seed}");
        assert_eq!(passed_over(&grown.dir, &catalog), grown.over, "seed {seed}");
        // A glob for the same files finds them, and no output.
        let deep = found(&grown.dir, &["d/**/*.{jsonl,JSONL,ndjson}"], None).unwrap();
        let deep: BTreeSet<PathBuf> = deep.files.into_iter().map(|file| file.input.path).collect();
        let read: BTreeSet<PathBuf> = catalog
            .files
            .into_iter()
            .map(|file| file.input.path)
            .collect();
        assert_eq!(deep, read, "seed {seed}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// That a file of these bytes is refused as `words`, with this hint.
#[track_caller]
fn named(name: &str, bytes: &[u8], words: &str, hint: &str) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    let error = refused(found(&dir, &[name], None), words);
    assert_eq!(error.kind(), ErrorKind::Data, "{error}");
    assert!(error.to_string().contains(name), "{error}");
    let given = error.hint().unwrap();
    assert!(given.contains(hint), "{name}: {given}");
}

#[test]
fn bytes_that_are_not_what_the_name_says_are_named() {
    let zipped = gzip(b"{\"text\": \"a\"}\n");
    let twice = gzip(&zipped);
    let utf16 = "\u{feff}{\"text\": 1}\n".encode_utf16();
    let utf16: Vec<u8> = utf16.flat_map(u16::to_le_bytes).collect();
    let zstd = zstd::encode_all(&b"{}\n"[..], 1).unwrap();
    let parquet = b"PAR1\x15\x04\x15";
    named("a.jsonl", &zipped, "gzip-compressed", "mv ");
    named("a.jsonl.gz", &twice, "gzip-compressed", "compressed twice");
    named("a.jsonl.gz", &zstd, "expected gzip, got zstd", "rename");
    named(
        "a.jsonl.zst",
        b"{}\n",
        "expected zstd, got text that is not",
        "mv ",
    );
    named("a.txt", &zstd, "zstd-compressed", "a.txt.zst");
    named("a.jsonl", &utf16, "UTF-16", "iconv -f UTF-16");
    named("a.txt", &utf16, "UTF-16", "iconv -f UTF-16");
    named("a.jsonl", parquet, "a Parquet file", "= \"parquet\"");
    named(
        "a.parquet",
        b"ARROW1\0\0rest",
        "an Arrow IPC",
        "= \"arrow\"",
    );
    named("a.parquet", &zipped, "gzip-compressed", "mv ");
    named("a.jsonl", b"PK\x03\x04", "zip", "unzip");
}

#[test]
fn documents_that_are_no_lines_are_named() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\n";
    let array = b"[{\"a\": 1}, {\"a\": 2}]";
    named("a.jsonl", array, "a JSON array", "jq -c '.[]'");
    named(
        "a.json",
        b"{\n \"a\": 1\n}\n",
        "over several lines",
        "jq -c",
    );
    named("a.jsonl", b"<!DOCTYPE html>", "HTML", "look at the file");
    named("a.txt", pointer, "Git LFS", "git lfs pull");
}

#[test]
fn a_file_that_is_something_else_is_set_aside_whole() {
    let dir = tree(&["a.jsonl"]);
    fs::write(dir.path().join("b.jsonl"), b"\xff\xfe{\0}\0\n\0").unwrap();
    let text = "[source]\nuri = \"*.jsonl\"\non_error = \"quarantine\"\n[sink]\nuri = \"out\"\n";
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let wrote = result(&run(&dir, &["shard", "p.toml", "--json"]));
    assert_eq!(
        (&wrote["n_rows"], &wrote["quarantine"]["n_units"]),
        (&1.into(), &1.into())
    );
    let list = wrote["quarantine"]["file"].as_str().unwrap();
    let list = fs::read_to_string(dir.path().join("out").join(list)).unwrap();
    assert!(list.contains("UTF-16"), "{list}");
}

#[test]
fn a_document_gives_no_rows_of_its_inner_lines() {
    for document in [
        "[\n{\"text\":\"first\"},\n{\"text\":\"last\"}\n]\n",
        "[\n  {\n    \"id\": 1,\n    \"meta\":\n    {\"text\": \"inner\"}\n  }\n]\n",
        "{\n  \"meta\":\n  {\"text\": \"inner\"}\n}\n",
    ] {
        let dir = tree(&["a.jsonl"]);
        fs::write(dir.path().join("b.jsonl"), document).unwrap();
        let text =
            "[source]\nuri = \"*.jsonl\"\non_error = \"quarantine\"\n[sink]\nuri = \"out\"\n";
        fs::write(dir.path().join("p.toml"), text).unwrap();
        let wrote = result(&run(&dir, &["shard", "p.toml", "--json"]));
        assert_eq!(wrote["n_rows"], 1, "{document}: {wrote}");
        assert_eq!(wrote["quarantine"]["n_units"], 1, "{document}: {wrote}");
        let init = run(&dir, &["init", "b.jsonl", "--dry-run"]);
        assert_eq!(init.code, 1, "{init:?}");
        assert!(init.err.contains("jq -c"), "{init:?}");
    }
    // One line that is broken takes no others with it.
    let dir = tree(&["a.jsonl"]);
    let lines = "[{\"text\":\n{\"text\":\"good\"}\n";
    fs::write(dir.path().join("b.jsonl"), lines).unwrap();
    let text = "[source]\nuri = \"*.jsonl\"\non_error = \"quarantine\"\n[sink]\nuri = \"out\"\n";
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let wrote = result(&run(&dir, &["shard", "p.toml", "--json"]));
    assert_eq!(wrote["n_rows"], 2, "{wrote}");
}

/// Compressed files as their own tools write them, and the texts they hold.
#[test]
fn members_frames_and_padding_are_read_as_their_tools_read_them() {
    let (a, b) = (&b"{\"text\": \"a\"}\n"[..], &b"{\"text\": \"b\"}\n"[..]);
    let frame = |bytes| zstd::encode_all(bytes, 1).unwrap();
    let skippable = [&b"\x53\x2a\x4d\x18\x03\0\0\0"[..], b"abc"].concat();
    let zeros = vec![0; 4096];
    for (name, bytes, n_rows) in [
        (
            "a.jsonl.gz",
            [gzip(a), gzip(b), zeros.clone()].concat(),
            Some(2),
        ),
        (
            "a.jsonl.gz",
            [gzip(a), zeros, gzip(b), gzip(b"")].concat(),
            Some(2),
        ),
        ("a.jsonl.gz", [gzip(a), b"garbage".to_vec()].concat(), None),
        ("a.jsonl.gz", gzip(a)[..20].to_vec(), None),
        (
            "a.jsonl.zst",
            [frame(a), skippable.clone(), frame(b)].concat(),
            Some(2),
        ),
        (
            "a.jsonl.zst",
            [skippable, frame(b"\n"), frame(b)].concat(),
            Some(1),
        ),
        ("a.jsonl.zst", frame(a)[..9].to_vec(), None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), bytes).unwrap();
        let text = "[source]\nuri = \"a.*\"\n[source.schema]\ntext = \"string\"\n\
                    [sink]\nuri = \"out\"\n";
        fs::write(dir.path().join("p.toml"), text).unwrap();
        let ran = run(&dir, &["shard", "p.toml", "--json"]);
        match n_rows {
            Some(n_rows) => assert_eq!(result(&ran)["n_rows"], n_rows),
            None => assert!(ran.err.contains("cannot decompress: "), "{ran:?}"),
        }
    }
}

#[test]
fn a_named_format_narrows_a_folder_and_says_so() {
    let dir = tree(&["a.jsonl", "b.txt"]);
    let mut spec = DiscoverSpec {
        uris: vec![".".to_owned()],
        base: dir.path(),
        sink: None,
        format: Some(Format::Text),
        document: Document::File,
        threads: 1,
        fingerprint: Fingerprint::Content,
        on_error: OnError::Fail,
        lines: LookSpec::default(),
    };
    let catalog = discover(&spec);
    assert_eq!(names(&catalog), ["b.txt"]);
    let over = passed_over(&dir, &catalog.unwrap());
    assert_eq!(
        over,
        [(PassedOverKind::Format, "a.jsonl".to_owned())].into()
    );
    spec.format = Some(Format::Parquet);
    let error = refused(discover(&spec), "not of format \"parquet\"");
    assert!(error.hint().unwrap().contains("leave `format` out"));
}
