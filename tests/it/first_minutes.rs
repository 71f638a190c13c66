//! What someone meets who has just installed fuelrail: the pipeline file that
//! need not be named, data given where a pipeline is expected, and a target
//! that is somebody else's.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fuelrail_tests::cli::{Ran, fuelrail};
use fuelrail_tests::prose::Random;
use fuelrail_tests::tree;
use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = "source.uri = \"rows.jsonl\"\nsink.uri = \"out\"\n";

fn workplace() -> TempDir {
    let dir = TempDir::new().unwrap();
    let line = |n| format!("{{\"n\":{n},\"name\":\"row {n}\"}}\n");
    let lines = (0..20).map(line).collect::<Vec<_>>().concat();
    fs::write(dir.path().join("rows.jsonl"), lines).unwrap();
    fs::write(dir.path().join("fuelrail.toml"), PIPELINE).unwrap();
    dir
}

fn run(dir: &TempDir, args: &[&str]) -> Ran {
    fuelrail(dir.path(), args, b"")
}

/// Message and hint of a run that was refused as wrong usage.
#[track_caller]
fn refused(ran: &Ran) -> (String, String) {
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    let text = |key: &str| error["error"][key].as_str().unwrap_or_default().to_owned();
    assert_eq!(error["error"]["kind"], "usage");
    (text("message"), text("hint"))
}

#[test]
fn the_pipeline_file_need_not_be_named() {
    let dir = workplace();
    let named = run(&dir, &["plan", "fuelrail.toml"]);
    assert_eq!((named.code, named.err.as_str()), (0, ""));
    assert_eq!(run(&dir, &["plan"]).out, named.out);
    let set = run(&dir, &["plan", "--set", "sink.uri=elsewhere"]);
    assert!(set.out.contains("elsewhere, shards of"), "{}", set.out);
    let ran = run(&dir, &["shard"]);
    assert!(ran.out.starts_with("wrote out: 20 rows"), "{}", ran.out);

    let empty = TempDir::new().unwrap();
    for verb in ["plan", "shard"] {
        let (message, hint) = refused(&run(&empty, &[verb, "--json"]));
        assert_eq!(
            message,
            "expected a pipeline file, there is no fuelrail.toml in this directory"
        );
        assert!(hint.contains("`fuelrail init FOLDER`"), "{hint}");
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn data_is_told_from_a_pipeline() {
    let dir = workplace();
    let (message, hint) = refused(&run(&dir, &["shard", ".", "--json"]));
    assert_eq!(message, "expected a pipeline file, got a directory");
    assert_eq!(hint, "there is one in it: ./fuelrail.toml");
    fs::create_dir(dir.path().join("corpus")).unwrap();
    let (_, hint) = refused(&run(&dir, &["plan", "corpus", "--json"]));
    assert!(hint.starts_with("`fuelrail init corpus` writes"), "{hint}");
    let ran = run(&dir, &["plan", "rows.jsonl"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("(rows.jsonl:1:"), "{}", ran.err);
    assert!(
        ran.err.contains("`fuelrail init rows.jsonl`"),
        "{}",
        ran.err
    );
}

/// Every file below a directory, by name.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    tree::dataset(dir).unwrap()
}

#[test]
fn a_directory_of_someone_else_s_is_written_to_only_on_request() {
    let dir = workplace();
    let out = dir.path().join("out");
    fs::create_dir_all(out.join("assets")).unwrap();
    let foreign = [
        "notes.txt",
        "model.safetensors",
        "part-00000-00000.safetensors",
        "assets/0123456789abcdef-logo.png",
        "assets/logo.png",
    ];
    for name in foreign {
        fs::write(out.join(name), name).unwrap();
    }
    let before = files(&out);
    let (message, hint) = refused(&run(&dir, &["shard", "--json"]));
    assert_eq!(
        message,
        "expected a directory that is empty or holds a dataset, got one that holds assets, \
         model.safetensors, notes.txt and 1 more"
    );
    assert!(hint.contains("`--into`"), "{hint}");
    let (_, again) = refused(&run(&dir, &["shard", "--replace", "--json"]));
    assert_eq!(again, hint);
    assert_eq!(files(&out), before);
    assert!(!out.join(".fuelrail").exists());

    let written = run(&dir, &["shard", "--into"]);
    assert!(
        written.out.starts_with("wrote out: 20 rows"),
        "{}",
        written.out
    );
    // It is a dataset's now: no more is asked for, and nothing else was touched.
    let other = run(&dir, &["shard", "--replace", "--set", "source.limit=3"]);
    assert!(other.out.starts_with("wrote out: 3 rows"), "{}", other.err);
    let after = files(&out);
    for name in foreign {
        assert_eq!(after.get(name), before.get(name), "{name}");
    }
    assert_eq!(run(&dir, &["verify", "out"]).code, 0);
}

#[test]
fn hidden_files_and_leftovers_of_our_own_are_no_one_else_s() {
    let dir = workplace();
    let out = dir.path().join("out");
    fs::create_dir_all(out.join("shards")).unwrap();
    fs::create_dir_all(out.join("assets")).unwrap();
    for name in [
        ".DS_Store",
        ".gitkeep",
        "shards/.gitkeep",
        "shards/part-00000-00000-0123456789abcdef.safetensors",
        "quarantine-0123456789abcdef.jsonl",
    ] {
        fs::write(out.join(name), "").unwrap();
    }
    let ran = run(&dir, &["shard"]);
    assert!(ran.out.starts_with("wrote out: 20 rows"), "{}", ran.err);
    assert!(out.join(".gitkeep").exists() && out.join("shards/.gitkeep").exists());
}

#[test]
fn a_file_is_no_directory_for_a_dataset() {
    let dir = workplace();
    fs::write(dir.path().join("out"), "mine").unwrap();
    let (message, hint) = refused(&run(&dir, &["shard", "--json"]));
    assert_eq!(message, "expected a directory for the dataset, got a file");
    assert!(hint.contains("need not be there"), "{hint}");
    assert_eq!(fs::read(dir.path().join("out")).unwrap(), b"mine");
}

/// The kind: whatever lies at the target, a run that is refused changes nothing,
/// and one that is not leaves every file of others as it was.
#[test]
fn no_file_of_others_is_ever_changed() {
    let names = [
        "a.txt",
        "dataset.txt",
        "shards/a.tar",
        "shards/part-00000-00000-0123456789abcdef.safetensors.bak",
        "assets/fedcba9876543210-x",
        "assets/x",
        ".hidden",
        "sub/deep/file",
        "quarantine-1.jsonl",
        "shards-1.index",
    ];
    let mut random = Random::new(5);
    for round in 0..12 {
        let dir = workplace();
        let out = dir.path().join("out");
        fs::create_dir(&out).unwrap();
        for name in names {
            if random.below(3) == 0 {
                let path = out.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, name).unwrap();
            }
        }
        let before = files(&out);
        let ran = run(&dir, &["shard"]);
        if ran.code != 0 {
            assert_eq!(ran.code, 2, "round {round}: {}", ran.err);
            assert_eq!(files(&out), before, "round {round}");
            assert_eq!(run(&dir, &["shard", "--into"]).code, 0, "round {round}");
        }
        let limit = ["shard", "--replace", "--set", "source.limit=2"];
        assert_eq!(run(&dir, &limit).code, 0, "round {round}");
        let after = files(&out);
        for (name, bytes) in &before {
            assert_eq!(after.get(name), Some(bytes), "round {round}: {name}");
        }
    }
}
