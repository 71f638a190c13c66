//! Damage to shards, at rest and while they are read: every flipped bit, every
//! cut and every shard in the wrong place is found before rows are handed out.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "small numbers and helpers of tests, which clippy takes for library code"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fuelrail::feed::{OnDamage, ReadOptions, Reader, Rows, Shards, Verify};
use fuelrail::format::{BLOCK_BYTES, Dataset};
use fuelrail::sink::{LocalFs, OnExisting};
use fuelrail::{Error, ErrorKind};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::feed::{token_bytes, write_tokens};
use fuelrail_tests::output::{self, Job, write_batches};
use safetensors::SafeTensors;

/// A number like a random one, from another.
fn mix(n: u64) -> u64 {
    let mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
}

fn shard_paths(root: &Path) -> Vec<PathBuf> {
    let dataset = Dataset::open(root).unwrap();
    let shards = dataset.manifest().shards.iter();
    shards.map(|s| root.join("shards").join(s.name())).collect()
}

fn all_rows(shards: &Shards) -> Vec<u64> {
    (0..shards.n_rows()).collect()
}

fn read_all(root: &Path, options: &ReadOptions) -> Result<Rows, Error> {
    let shards = Arc::new(Shards::open(root)?);
    Reader::new(shards.clone(), options)?.read(&all_rows(&shards))
}

fn skip() -> ReadOptions {
    ReadOptions {
        on_damage: OnDamage::Skip,
        ..ReadOptions::default()
    }
}

/// Flips one bit of a file.
fn flip(path: &Path, bit: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    byte[0] ^= 1 << (bit % 8);
    file.write_all_at(&byte, bit / 8).unwrap();
}

/// Flips `n` bits of a dataset, one at a time; each is found.
fn flips_are_found(root: &Path, n: u64) {
    let paths = shard_paths(root);
    let lengths: Vec<u64> = paths
        .iter()
        .map(|p| fs::metadata(p).unwrap().len())
        .collect();
    let shards = Arc::new(Shards::open(root).unwrap());
    let reader = Reader::new(shards.clone(), &ReadOptions::default()).unwrap();
    let rows = all_rows(&shards);
    let mut read = Rows::default();
    reader.read_into(&rows, &mut read).unwrap();
    for index in 0..n {
        let shard = (mix(index) % paths.len() as u64) as usize;
        let bit = mix(index + n) % (lengths[shard] * 8);
        flip(&paths[shard], bit);
        // Half by who sees the dataset for the first time, half by who has
        // read all of it before.
        let found = if index % 2 == 0 {
            read_all(root, &ReadOptions::default()).map(|_| ())
        } else {
            reader.read_into(&rows, &mut read)
        };
        assert!(found.is_err(), "bit {bit} of {}", paths[shard].display());
        let error = found.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damage, "{error}");
        assert_eq!(error.location().path.as_ref(), Some(&paths[shard]));
        flip(&paths[shard], bit);
    }
    reader.read_into(&rows, &mut read).unwrap();
}

#[test]
fn every_flipped_bit_of_all_types_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..300).map(|n| (n % 9 != 4).then_some(n * 7)).collect();
    write_batches(dir.path(), 120_000, &[all_types(&rows, 0)]).unwrap();
    flips_are_found(dir.path(), 5000);
}

#[test]
fn every_flipped_bit_of_packed_rows_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let job = Job {
        rows: output::Rows::Packed,
        shard_size: 56_000,
        ..Job::new(dir.path())
    };
    job.run(Arc::new(LocalFs), 8, OnExisting::Refuse).unwrap();
    flips_are_found(dir.path(), 2500);
}

#[test]
fn every_flipped_bit_of_long_rows_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 100, 5000, 400_000).unwrap();
    flips_are_found(dir.path(), 2500);
}

/// The rows of a shard that have bytes in a block, by what a stock reader says
/// of its tensors.
fn rows_in_block(bytes: &[u8], block: u64) -> BTreeSet<u64> {
    let data_start = u64::from_le_bytes(bytes[..8].try_into().unwrap()) + 8;
    let from = data_start + block * BLOCK_BYTES;
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let mut rows = BTreeSet::new();
    for (name, tensor) in tensors.tensors() {
        if name.starts_with("__pad") || name == "__block_xxh3" {
            continue;
        }
        let start = (tensor.data().as_ptr() as usize - bytes.as_ptr() as usize) as u64;
        let n_rows = tensor.shape()[0] as u64;
        let row_bytes = tensor.data().len() as u64 / n_rows;
        rows.extend((0..n_rows).filter(|row| {
            let at = start + row * row_bytes;
            at < from + BLOCK_BYTES && at + row_bytes > from
        }));
    }
    rows
}

#[test]
fn exactly_the_rows_of_a_damaged_block_are_skipped() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 400, 1500, 500_000).unwrap();
    let dataset = Dataset::open(dir.path()).unwrap();
    let shards = &dataset.manifest().shards;
    let paths = shard_paths(dir.path());
    assert!(paths.len() > 2);
    for draw in 0..60 {
        let shard = (mix(draw) % paths.len() as u64) as usize;
        let whole = fs::read(&paths[shard]).unwrap();
        let header = u64::from_le_bytes(whole[..8].try_into().unwrap()) + 8;
        let tensors = SafeTensors::deserialize(&whole).unwrap();
        let table = tensors.tensor("__block_xxh3").unwrap().shape()[0] as u64;
        let block = mix(draw + 100) % table;
        let len = (whole.len() as u64 - 8 * table - header - block * BLOCK_BYTES).min(BLOCK_BYTES);
        let at = header + block * BLOCK_BYTES + mix(draw + 200) % len;
        flip(&paths[shard], at * 8 + 3);
        let first = shards[shard].first_row;
        let lost: Vec<u64> = rows_in_block(&whole, block)
            .iter()
            .map(|r| first + r)
            .collect();
        let read = read_all(dir.path(), &skip()).unwrap();
        let damaged: Vec<u64> = read.damage().iter().map(|damage| damage.row).collect();
        assert_eq!(damaged, lost, "block {block} of shard {shard}");
        let entry = &shards[shard];
        assert!(
            read.damage()
                .iter()
                .all(|d| d.shard == entry.name() && d.block == Some(block))
        );
        let kept: Vec<u64> = (0..400).filter(|row| !lost.contains(row)).collect();
        assert_eq!(read.rows(), kept);
        let tokens = read.tensor("tokens").unwrap();
        assert_eq!(tokens.shape, [kept.len() as u64, 1500]);
        for (bytes, row) in tokens.bytes.chunks_exact(3000).zip(&kept) {
            assert_eq!(bytes, token_bytes(*row, 1500), "row {row}");
        }
        let error = read_all(dir.path(), &ReadOptions::default()).unwrap_err();
        let place = error.location();
        assert_eq!(
            (error.kind(), place.block),
            (ErrorKind::Damage, Some(block))
        );
        assert_eq!(place.row, Some(lost[0] - first));
        let rows = format!("dataset[{}:{}]", lost[0], lost.last().unwrap() + 1);
        assert!(error.message().contains(&rows), "{error}: {rows}");
        flip(&paths[shard], at * 8 + 3);
    }
}

#[test]
fn columns_that_are_not_read_are_not_asked() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 400, 1500, 1 << 30).unwrap();
    let path = &shard_paths(dir.path())[0];
    let header = u64::from_le_bytes(fs::read(path).unwrap()[..8].try_into().unwrap()) + 8;
    flip(path, (header + 70_000) * 8);
    let of = |name: &str| ReadOptions {
        columns: Some(vec![name.to_owned()]),
        ..ReadOptions::default()
    };
    read_all(dir.path(), &of("label")).unwrap();
    let error = read_all(dir.path(), &of("tokens")).unwrap_err();
    assert_eq!(error.location().block, Some(1), "{error}");
    let unchecked = ReadOptions {
        verify: Verify::Off,
        ..ReadOptions::default()
    };
    read_all(dir.path(), &unchecked).unwrap();
}

#[test]
fn zeroed_pages_are_found() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 400, 1500, 500_000).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let reader = Reader::new(shards.clone(), &ReadOptions::default()).unwrap();
    reader.read(&all_rows(&shards)).unwrap();
    let path = &shard_paths(dir.path())[1];
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(&[0; 4096], 3 * 4096).unwrap();
    for found in [
        reader.read(&all_rows(&shards)).unwrap_err(),
        read_all(dir.path(), &ReadOptions::default()).unwrap_err(),
    ] {
        assert_eq!(found.kind(), ErrorKind::Damage);
        assert_eq!(found.location().path.as_ref(), Some(path));
    }
}

#[test]
fn shards_in_the_wrong_place_are_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 400, 1500, 300_000).unwrap();
    let paths = shard_paths(dir.path());
    let [one, other] = [1, 2].map(|index| fs::read(&paths[index]).unwrap());
    let restore = || {
        fs::write(&paths[1], &one).unwrap();
        fs::write(&paths[2], &other).unwrap();
        read_all(dir.path(), &ReadOptions::default()).unwrap();
    };
    let dataset = Dataset::open(dir.path()).unwrap();
    let rows_of = |shard: usize| {
        let entry = &dataset.manifest().shards[shard];
        entry.first_row..entry.first_row + entry.n_rows
    };
    let check = |wrong: &[usize], what: &str| {
        let error = read_all(dir.path(), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damage, "{what}: {error}");
        assert_eq!(
            error.location().path.as_ref(),
            Some(&paths[wrong[0]]),
            "{what}"
        );
        let read = read_all(dir.path(), &skip()).unwrap();
        let lost: Vec<u64> = wrong.iter().flat_map(|shard| rows_of(*shard)).collect();
        let damaged: Vec<u64> = read.damage().iter().map(|damage| damage.row).collect();
        assert_eq!(damaged, lost, "{what}");
        assert_eq!(read.rows().len() + lost.len(), 400, "{what}");
        restore();
    };
    restore();
    fs::write(&paths[1], &other).unwrap();
    fs::write(&paths[2], &one).unwrap();
    check(&[1, 2], "swapped");
    fs::write(&paths[1], &other).unwrap();
    check(&[1], "duplicated");
    fs::remove_file(&paths[1]).unwrap();
    check(&[1], "missing");
    fs::write(&paths[2], &other[..other.len() - 1]).unwrap();
    check(&[2], "a byte short");
    fs::write(&paths[2], []).unwrap();
    check(&[2], "empty");
    fs::remove_file(&paths[2]).unwrap();
    fs::create_dir(&paths[2]).unwrap();
    let error = read_all(dir.path(), &ReadOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damage);
    fs::remove_dir(&paths[2]).unwrap();
    restore();
}

/// Cuts a shard to `len` bytes while four threads read it, and makes it whole
/// again. Whatever is handed out is right, and all see the damage.
fn cut_while_read(len: u64) {
    const WIDTH: u64 = 2048;
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 600, WIDTH, 1 << 30).unwrap();
    let path = shard_paths(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let unchecked = ReadOptions {
        verify: Verify::Off,
        ..ReadOptions::default()
    };
    let readers = [unchecked, ReadOptions::default()];
    let readers = readers.map(|options| Reader::new(shards.clone(), &options).unwrap());
    let expected: Vec<Vec<u8>> = (0..600).map(|row| token_bytes(row, WIDTH)).collect();
    let is_cut = AtomicBool::new(false);
    let run = |thread: u64, reader: &Reader| {
        let mut read = Rows::default();
        for draw in 0u64.. {
            let was_cut = is_cut.load(Ordering::SeqCst);
            // The last row is in the part that goes.
            let draws = (0..32).map(|n| mix((draw * 64 + n + thread) << 8) % 600);
            let rows: Vec<u64> = draws.chain([599]).collect();
            match reader.read_into(&rows, &mut read) {
                Ok(()) => {
                    assert!(!was_cut, "read of a shard that was cut off");
                    let tokens = read.tensor("tokens").unwrap();
                    let bytes = tokens.bytes.chunks_exact(WIDTH as usize * 2);
                    for (bytes, row) in bytes.zip(&rows) {
                        assert!(bytes == expected[*row as usize], "row {row}");
                    }
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Damage, "{error}");
                    assert_eq!(error.location().path.as_ref(), Some(&path));
                    return draw;
                }
            }
        }
        0
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let reader = &readers[thread as usize % 2];
                scope.spawn(move || run(thread, reader))
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(30));
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(len).unwrap();
        is_cut.store(true, Ordering::SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
    });
    fs::write(&path, &whole).unwrap();
    for reader in &readers {
        let read = reader.read(&[599, 0]).unwrap();
        let tokens = read.tensor("tokens").unwrap();
        assert_eq!(tokens.bytes[..WIDTH as usize * 2], expected[599]);
    }
}

#[test]
fn shards_cut_off_by_pages_while_read_are_errors() {
    for len in [0, 4096, 1 << 20, (2 << 20) + 4096] {
        cut_while_read(len);
    }
}

#[test]
fn shards_cut_off_within_a_page_while_read_are_errors() {
    for len in [100, 8192 + 17, (1 << 20) + 1] {
        cut_while_read(len);
    }
}

#[test]
fn a_shard_cut_within_its_last_page_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 600, 100, 1 << 30).unwrap();
    let path = &shard_paths(dir.path())[0];
    let len = fs::metadata(path).unwrap().len();
    cut_while_read(len.min(1 << 20));
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let reader = Reader::new(shards.clone(), &skip()).unwrap();
    reader.read(&[0, 1]).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    // No page is missing, and no row.
    file.set_len(len - 1).unwrap();
    let read = reader.read(&[0, 1]).unwrap();
    assert_eq!(read.damage().len(), 2, "{:?}", read.damage());
    assert!(read.rows().is_empty());
    let message = format!("expected a shard of {len} bytes, got {}", len - 1);
    assert!(read.damage().iter().all(|damage| damage.message == message));
}

#[test]
fn what_others_write_to_a_shard_is_checked_again() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 100, 100, 1 << 30).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let reader = Reader::new(shards.clone(), &ReadOptions::default()).unwrap();
    let rows: Vec<u64> = (0..100).collect();
    reader.read(&rows).unwrap();
    let path = dir
        .path()
        .join("shards")
        .join(shards.dataset().manifest().shards[0].name());
    let whole = fs::read(&path).unwrap();
    let mut other = whole.clone();
    other[9000] ^= 1;
    fs::write(&path, &other).unwrap();
    assert_eq!(reader.read(&rows).unwrap_err().kind(), ErrorKind::Damage);
    fs::write(&path, &whole).unwrap();
    let read = reader.read(&rows).unwrap();
    assert_eq!(
        read.tensor("tokens").unwrap().bytes[..200],
        token_bytes(0, 100)
    );
    // A copy in its place is another file with the same content.
    fs::remove_file(&path).unwrap();
    fs::write(&path, &whole).unwrap();
    reader.read(&rows).unwrap();
    shards.close_all();
    assert_eq!(shards.n_open(), 0);
    reader.read(&rows).unwrap();
}

#[test]
fn a_dataset_that_is_gone_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("rows");
    write_tokens(&root, 400, 1500, 300_000).unwrap();
    let shards = Arc::new(Shards::open(&root).unwrap());
    let reader = Reader::new(shards.clone(), &skip()).unwrap();
    let path = &shard_paths(&root)[1];
    let whole = fs::read(path).unwrap();
    // One shard is damage.
    fs::remove_file(path).unwrap();
    assert!(!reader.read(&all_rows(&shards)).unwrap().damage().is_empty());
    fs::write(path, &whole).unwrap();
    reader.read(&all_rows(&shards)).unwrap();
    let elsewhere = dir.path().join("elsewhere");
    for gone in [root.clone(), root.join("dataset.json"), root.join("shards")] {
        // What is open can still be read.
        shards.close_all();
        fs::rename(&gone, &elsewhere).unwrap();
        // Where a share was mounted, the directory stays.
        let is_mount = gone == root;
        if is_mount {
            fs::create_dir(&root).unwrap();
        }
        let is_alone = root.join("shards").exists();
        if is_alone {
            // With its manifest gone, shards that are there are read.
            fs::remove_file(path).unwrap();
        }
        let error = reader.read(&all_rows(&shards)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("mount or move it back"), "{hint}");
        if is_mount {
            fs::remove_dir(&root).unwrap();
        }
        fs::rename(&elsewhere, &gone).unwrap();
        if is_alone {
            fs::write(path, &whole).unwrap();
        }
        reader.read(&all_rows(&shards)).unwrap();
    }
}
