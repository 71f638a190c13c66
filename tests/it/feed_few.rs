//! Reading where fewer files may be open than there are shards.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use fuelrail_tests::feed::sparse::{SparseShard, write_dataset};

/// A dataset of shards of two rows each.
fn dataset(n_shards: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let shard = SparseShard {
        n_rows: 2,
        set: BTreeMap::from([(0, 1), (1, 2)]),
    };
    write_dataset(dir.path(), &[shard], &vec![0; n_shards]).unwrap();
    dir
}

/// What `tests/src/bin/few_files.rs` prints where `n_files` may be open.
fn run(n_files: usize, mode: &str, datasets: &[&Path]) -> String {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh"])
        .arg(n_files.to_string())
        .arg(env!("CARGO_BIN_EXE_few_files"))
        .arg(mode)
        .args(datasets)
        .output()
        .unwrap();
    assert!(output.status.success(), "{mode}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn views_need_no_more_files_than_copies() {
    let dir = dataset(300);
    assert_eq!(run(128, "view", &[dir.path()]), "1200");
}

#[test]
fn many_threads_share_the_files_there_are() {
    let dir = dataset(1200);
    assert_eq!(run(128, "threads", &[dir.path()]), "9600");
}

#[test]
fn a_dataset_that_idles_gives_its_files_up() {
    let (idle, busy) = (dataset(100), dataset(42));
    let open = run(128, "two", &[idle.path(), busy.path()]);
    let (idle, busy) = open.split_once(' ').unwrap();
    assert_eq!(busy, "42");
    assert!(idle.parse::<usize>().unwrap() < 64, "{idle}");
}
