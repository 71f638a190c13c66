//! Reading at the limits: shards longer than 4 GiB, more rows than 31 bits
//! count, more shards than a process may open, headers that lie, several
//! processes and signals.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use fuelrail::feed::{ReadOptions, Reader, Rows, Shards};
use fuelrail_tests::feed::sparse::{SparseShard, write_dataset};
use fuelrail_tests::feed::write_tokens;

const SIGBUS: i32 = 7;

fn reader(root: &Path, max_open: usize) -> (Arc<Shards>, Reader) {
    let shards = Shards::open(root).unwrap().with_max_open(max_open);
    let shards = Arc::new(shards);
    let reader = Reader::new(shards.clone(), &ReadOptions::default()).unwrap();
    (shards, reader)
}

#[test]
fn shards_and_row_numbers_may_be_longer_than_32_bits() {
    let dir = tempfile::tempdir().unwrap();
    let n_rows = (1 << 31) + 70_001;
    let set = [0, 4095, 1 << 16, 1 << 30, n_rows - 1];
    let set: BTreeMap<u64, u8> = set.into_iter().zip(1..).collect();
    let large = SparseShard { n_rows, set };
    let small = SparseShard {
        n_rows: 3,
        set: BTreeMap::from([(1, 200)]),
    };
    write_dataset(dir.path(), &[large.clone(), small], &[1, 0, 1]).unwrap();
    let (shards, reader) = reader(dir.path(), 10);
    assert!(shards.dataset().manifest().shards[1].len_bytes > 1 << 34);
    assert_eq!(shards.n_rows(), n_rows + 6);
    let mut rows = vec![1, n_rows + 4, n_rows + 5, n_rows / 2];
    let mut expected = vec![200, 200, 0, 0];
    for (row, value) in &large.set {
        rows.push(row + 3);
        expected.push(*value);
    }
    let read = reader.read(&rows).unwrap();
    assert_eq!(read.tensor("x").unwrap().bytes, expected);
    let past = reader.read(&[n_rows + 6]).unwrap_err();
    assert_eq!(past.kind(), fuelrail::ErrorKind::Usage, "{past}");
}

/// Maps and descriptors of this process that are files below `root`.
fn open_below(root: &Path) -> (usize, usize) {
    let root = root.to_str().unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let maps = maps.lines().filter(|line| line.contains(root)).count();
    let files = fs::read_dir("/proc/self/fd").unwrap();
    let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    (maps, links.filter(|link| link.starts_with(root)).count())
}

#[test]
fn a_hundred_thousand_shards_stay_within_the_limits() {
    const N_SHARDS: usize = 100_000;
    const MAX_OPEN: usize = 300;
    let dir = tempfile::tempdir().unwrap();
    let kinds: Vec<SparseShard> = (1..=50u8)
        .map(|kind| SparseShard {
            n_rows: 2,
            set: BTreeMap::from([(0, kind), (1, 255 - kind)]),
        })
        .collect();
    let kind_of = |shard: usize| shard * 7 % 50;
    let list: Vec<usize> = (0..N_SHARDS).map(kind_of).collect();
    write_dataset(dir.path(), &kinds, &list).unwrap();
    let (shards, reader) = reader(dir.path(), MAX_OPEN);
    let n_rows = 2 * N_SHARDS as u64;
    assert_eq!(shards.n_rows(), n_rows);
    let mut read = Rows::default();
    // An order in which neighbours are far apart, and every shard comes twice.
    let order: Vec<u64> = (0..n_rows).map(|n| n * 77_773 % n_rows).collect();
    for (batch, rows) in order.chunks(500).enumerate() {
        reader.read_into(rows, &mut read).unwrap();
        let bytes = read.tensor("x").unwrap().bytes;
        for (byte, row) in bytes.iter().zip(rows) {
            let row = usize::try_from(*row).unwrap();
            let kind = u8::try_from(kind_of(row / 2)).unwrap() + 1;
            assert_eq!(*byte, [kind, 255 - kind][row % 2], "row {row}");
        }
        if batch % 40 == 0 {
            let (maps, files) = open_below(dir.path());
            assert!(maps <= MAX_OPEN && files <= MAX_OPEN, "{maps} {files}");
            assert!(shards.n_open() <= MAX_OPEN);
        }
    }
    assert!(shards.n_open() > MAX_OPEN / 2);
    shards.close_all();
    assert_eq!(open_below(dir.path()), (0, 0));
}

/// The process of `tests/src/bin/sigbus.rs`.
fn process(mode: &str, root: &Path) -> Child {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_sigbus"));
    Command::new(program)
        .arg(mode)
        .arg(root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn tokens() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 500, 1000, 300_000).unwrap();
    dir
}

#[test]
fn processes_read_one_dataset_at_once() {
    let dir = tokens();
    let children: Vec<Child> = (0..4).map(|_| process("read", dir.path())).collect();
    let mut digests = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        digests.push(output.stdout);
    }
    assert_eq!(digests[0].len(), 33);
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn a_sigbus_of_others_ends_the_process_as_ever() {
    let dir = tokens();
    for mode in ["sent", "foreign"] {
        let output = process(mode, dir.path()).wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(SIGBUS), "{mode}: {output:?}");
    }
}

#[test]
fn handlers_before_and_after_are_kept() {
    let dir = tokens();
    let output = process("before", dir.path()).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(42), "{output:?}");
    let output = process("after", dir.path()).wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(SIGBUS), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with("damage\n"), "{said}");
}
