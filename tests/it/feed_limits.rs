//! Reading at the limits: shards longer than 4 GiB, more rows than 31 bits
//! count, more shards than a process may open, headers that lie, several
//! processes and signals.

#![expect(
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use fuelrail::feed::{ColumnOptions, OnDamage, ReadOptions, Reader, Rows, Shards};
use fuelrail::plan::Dtype;
use fuelrail_tests::columns::all_types;
use fuelrail_tests::feed::sparse::{SparseShard, write_dataset};
use fuelrail_tests::feed::write_tokens;
use fuelrail_tests::output::write_batches;
use safetensors::SafeTensors;
use twox_hash::XxHash3_64;

use crate::forged::forge_shard;
use crate::format::shard_bytes;

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

/// A shard's header without its padding, and where the data begin.
fn header(bytes: &[u8]) -> (String, usize) {
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let data_start = usize::try_from(len).unwrap() + 8;
    let text = String::from_utf8(bytes[8..data_start].to_vec()).unwrap();
    (text.trim_end().to_owned(), data_start)
}

/// The shard with another text for its header, in the same room.
fn with_header(bytes: &[u8], text: &[u8]) -> Vec<u8> {
    let (_, data_start) = header(bytes);
    assert!(text.len() <= data_start - 8, "{}", text.len());
    let mut forged = bytes[..8].to_vec();
    forged.extend(text);
    forged.resize(data_start, b' ');
    forged.extend(&bytes[data_start..]);
    forged
}

/// Headers that lie, each with what is wrong with it.
fn lies(whole: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (text, _) = header(whole);
    let swap = |from: &str, to: &str| {
        let forged = text.replacen(from, to, 1);
        assert_ne!(forged, text, "{from}");
        with_header(whole, forged.as_bytes())
    };
    let length = |len: u64| [&len.to_le_bytes()[..], &whole[8..]].concat();
    let label = &text[text.find(r#","label""#).unwrap()..];
    let label = &label[..=label.find('}').unwrap()];
    let mut no_text = text.clone().into_bytes();
    let at = text.find("label").unwrap();
    no_text[at] = 0xff;
    let huge = r#""label":{"dtype":"I32","shape":[4294967296,4294967296,2]"#;
    vec![
        ("2^63 bytes", length(1 << 63)),
        ("all bits", length(u64::MAX)),
        ("100 MB", length(100_000_001)),
        ("longer than the file", length(whole.len() as u64)),
        ("nothing", length(0)),
        ("not UTF-8", with_header(whole, &no_text)),
        ("not JSON", with_header(whole, b"{\"a\":")),
        ("a list", with_header(whole, b"[]")),
        ("twice the same", swap(label, &label.repeat(2))),
        ("one less", swap(label, "")),
        (
            "one more",
            swap(
                label,
                &format!("{label},{}", &label[1..].replace("label", "more")),
            ),
        ),
        (
            "overlap",
            swap(r#""data_offsets":[0,"#, r#""data_offsets":[4096,"#),
        ),
        (
            "shape overflow",
            swap(r#""label":{"dtype":"I32","shape":[40]"#, huge),
        ),
        (
            "fewer items",
            swap(
                r#""label":{"dtype":"I32","shape":[40]"#,
                r#""label":{"dtype":"I32","shape":[39]"#,
            ),
        ),
        (
            "other dtype",
            swap(r#""label":{"dtype":"I32""#, r#""label":{"dtype":"F32""#),
        ),
        ("more rows", swap(r#""n_rows":"40""#, r#""n_rows":"41""#)),
        (
            "other columns",
            swap(r#"\"nullable\":false"#, r#"\"nullable\":true"#),
        ),
        ("hole", swap(r#","__pad.0":"#, r#","__pax.0":"#)),
    ]
}

#[test]
fn headers_that_lie_are_refused_by_those_who_map_them() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 40, 1000, 1 << 30).unwrap();
    let (_, whole) = shard_bytes(dir.path()).remove(0);
    let tensors = SafeTensors::deserialize(&whole).unwrap();
    let table = tensors.tensor("__block_xxh3").unwrap().data().as_ptr() as usize;
    let table = table - whole.as_ptr() as usize;
    let rows: Vec<u64> = (0..40).collect();
    for (what, bytes) in lies(&whole) {
        forge_shard(dir.path(), &bytes, table);
        let (_, reader) = reader(dir.path(), 4);
        let error = reader.read(&rows).unwrap_err();
        assert_eq!(error.kind(), fuelrail::ErrorKind::Damage, "{what}: {error}");
        assert!(error.location().path.is_some(), "{what}: {error}");
    }
    forge_shard(dir.path(), &whole, table);
    reader(dir.path(), 4).1.read(&rows).unwrap();
}

#[test]
fn offsets_and_truths_that_lie_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..40).map(|n| (n % 9 != 4).then_some(n)).collect();
    write_batches(dir.path(), 1 << 30, &[all_types(&rows, 0)]).unwrap();
    let (_, whole) = shard_bytes(dir.path()).remove(0);
    let tensors = SafeTensors::deserialize(&whole).unwrap();
    let at = |name: &str| {
        tensors.tensor(name).unwrap().data().as_ptr() as usize - whole.as_ptr() as usize
    };
    let (_, data_start) = header(&whole);
    let table = at("__block_xxh3");
    for (name, byte, value, row) in [
        ("list.__offsets", 0, 1, 0),
        ("list.__offsets", 8 * 7 + 7, 0x80, 6),
        ("list.__offsets", 8 * 20, 0, 19),
        ("list.__offsets", 8 * 40 + 4, 1, 39),
        ("utf8.__offsets", 8 * 40, 0xff, 39),
        ("utf8.__valid", 3, 2, 3),
        ("bool", 5, 7, 5),
    ] {
        let mut bytes = whole.clone();
        bytes[at(name) + byte] = value;
        let hashes = bytes[data_start..table]
            .chunks(65_536)
            .flat_map(|block| XxHash3_64::oneshot(block).to_le_bytes());
        let hashes: Vec<u8> = hashes.collect();
        bytes[table..].copy_from_slice(&hashes);
        forge_shard(dir.path(), &bytes, table);
        let (shards, reader) = reader(dir.path(), 4);
        let all: Vec<u64> = (0..40).collect();
        let error = reader.read(&all).unwrap_err();
        assert_eq!(error.kind(), fuelrail::ErrorKind::Damage, "{name}: {error}");
        if name == "bool" {
            let error = as_numbers(&shards, name).read(&all).unwrap_err();
            assert_eq!(error.kind(), fuelrail::ErrorKind::Damage, "{error}");
            assert_eq!(error.location().row, Some(row));
        }
        let skipping = ReadOptions {
            on_damage: OnDamage::Skip,
            ..ReadOptions::default()
        };
        let read = Reader::new(shards, &skipping).unwrap().read(&all).unwrap();
        let lost: Vec<u64> = read.damage().iter().map(|damage| damage.row).collect();
        // An offset is the end of one row and the beginning of the next.
        assert!(lost == [row] || lost == [row, row + 1], "{name}: {lost:?}");
        assert_eq!(read.rows().len() + lost.len(), 40);
    }
}

/// A reader of booleans as numbers.
fn as_numbers(shards: &Arc<Shards>, name: &str) -> Reader {
    let how = ColumnOptions {
        dtype: Some(Dtype::I32),
        ..ColumnOptions::default()
    };
    let options = ReadOptions {
        options: vec![(name.to_owned(), how)],
        ..ReadOptions::default()
    };
    Reader::new(shards.clone(), &options).unwrap()
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
