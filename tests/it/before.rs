//! What was written before: datasets, pipelines and an unfinished run of an
//! earlier commit (`tests/fixtures/before`) are opened, verified and resumed.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};

use fuelrail_tests::cli::fuelrail;
use fuelrail_tests::tree;
use serde_json::Value;
use tempfile::TempDir;

const NAMES: [&str; 5] = ["quarantine", "rows", "split", "split-integers", "text"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/before")
}

/// A copy, because runs write beside what they read.
fn workplace() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixtures(), dir.path());
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The JSON of a command that goes well.
#[track_caller]
fn json(dir: &TempDir, args: &[&str]) -> Value {
    let ran = fuelrail(dir.path(), args, b"");
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn manifest(root: &Path) -> Value {
    let text = fs::read_to_string(root.join("dataset.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The bytes of the shards, which their names tell too.
fn shards(root: &Path) -> tree::Tree {
    let mut tree = tree::dataset(root).unwrap();
    tree.retain(|name, _| name.starts_with("shards/"));
    assert!(!tree.is_empty(), "{} has no shards", root.display());
    tree
}

#[test]
fn datasets_of_before_verify_and_are_complete_already() {
    let dir = workplace();
    for name in NAMES {
        let root = dir.path().join("datasets").join(name);
        let before = tree::dataset(&root).unwrap();
        let at = format!("datasets/{name}");
        json(&dir, &["verify", &at, "--json"]);
        json(&dir, &["inspect", &at, "--json"]);
        let again = json(&dir, &["shard", &format!("{name}.toml"), "--json"]);
        assert_eq!(again["wrote"], false, "{name}: {again}");
        let difference = tree::difference(&before, &tree::dataset(&root).unwrap());
        assert_eq!(difference, None, "{name}");
    }
}

#[test]
fn pipelines_of_before_write_the_same_shards() {
    let dir = workplace();
    for name in NAMES {
        let old = dir.path().join("datasets").join(name);
        let pipeline = format!("{name}.toml");
        json(&dir, &["shard", &pipeline, "--out", "new", "--json"]);
        let new = dir.path().join("new");
        let difference = tree::difference(&shards(&old), &shards(&new));
        assert_eq!(difference, None, "{name}");
        let digest = |root| manifest(root)["plan_digest"].clone();
        assert_eq!(digest(&old), digest(&new), "{name}");
        fs::remove_dir_all(new).unwrap();
    }
}

#[test]
fn a_run_of_before_is_taken_up_where_it_was_killed() {
    let dir = workplace();
    let done = dir.path().join("datasets/text");
    let resumed = dir.path().join("unfinished");
    assert_eq!(shards(&resumed).len() + 1, shards(&done).len());
    json(
        &dir,
        &["shard", "text.toml", "--out", "unfinished", "--json"],
    );
    let difference = tree::difference(&shards(&done), &shards(&resumed));
    assert_eq!(difference, None);
}
