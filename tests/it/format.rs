//! Reading: what was written comes back, whatever its type and however it was
//! cut into batches, and every damage is found and named.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "small numbers and helpers of tests, which clippy takes for library code"
)]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, RecordBatch, UInt8Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_cast::cast;
use fuelrail::ErrorKind;
use fuelrail::format::{Dataset, ShardEntry, VerifyOptions, verify};
use fuelrail::sink::{LocalFs, OnExisting, Target};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::fault::MemFs;
use fuelrail_tests::output::{Job, Rows, plan_of, write_batches};
use proptest::prelude::*;
use safetensors::{Dtype, SafeTensors};

/// `batch` as the dataset gives it back.
fn as_read(batch: &RecordBatch, schema: &SchemaRef) -> RecordBatch {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()).unwrap());
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

pub(crate) fn sound(root: &Path) {
    let report = verify(root, &VerifyOptions { threads: 2 }, &|_| {}).unwrap();
    assert!(report.is_sound() && report.extra.is_empty(), "{report:?}");
}

/// Cuts `batch` into batches of the lengths `cuts`, over and over.
fn cut(batch: &RecordBatch, cuts: &[usize]) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let mut at = 0;
    for len in cuts.iter().cycle() {
        if at == batch.num_rows() {
            break;
        }
        let len = (*len).min(batch.num_rows() - at);
        batches.push(batch.slice(at, len));
        at += len;
    }
    batches
}

pub(crate) fn shard_bytes(root: &Path) -> Vec<(String, Vec<u8>)> {
    let dataset = Dataset::open(root).unwrap();
    let shards = dataset.manifest().shards.iter().map(ShardEntry::name);
    shards
        .map(|name| {
            let bytes = std::fs::read(root.join("shards").join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(
        rows in prop::collection::vec(prop::option::weighted(0.8, 0..70_000u32), 1..90),
        shift in 0usize..5,
        cuts in prop::collection::vec(1usize..40, 1..4),
        shard_size in prop::sample::select(vec![1u64, 120_000, 1 << 30]),
        (from, to) in (0u64..90, 0u64..90),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let batch = all_types(&rows, shift);
        let (one, many) = (dir.path().join("one"), dir.path().join("many"));
        write_batches(&one, shard_size, std::slice::from_ref(&batch)).unwrap();
        write_batches(&many, shard_size, &cut(&batch, &cuts)).unwrap();
        prop_assert!(shard_bytes(&one) == shard_bytes(&many));
        sound(&one);
        let dataset = Dataset::open(&one).unwrap();
        let n_rows = batch.num_rows() as u64;
        prop_assert_eq!(dataset.n_rows(), n_rows);
        let (from, to) = (from.min(n_rows), to.min(n_rows));
        for range in [0..n_rows, from.min(to)..from.max(to)] {
            let (start, len) = (range.start as usize, (range.end - range.start) as usize);
            let expected = as_read(&batch.slice(start, len), &dataset.schema());
            prop_assert_eq!(dataset.rows(range.clone()).unwrap(), expected);
            let origins = dataset.origins(range.clone()).unwrap();
            prop_assert_eq!(origins.row, range.collect::<Vec<_>>());
        }
    }
}

#[test]
fn packed_rows_and_their_origins_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let job = Job {
        rows: Rows::Packed,
        shard_size: 56_000,
        ..Job::new(dir.path())
    };
    job.run(Arc::new(LocalFs), 8, OnExisting::Refuse).unwrap();
    sound(dir.path());
    let dataset = Dataset::open(dir.path()).unwrap();
    assert!(dataset.manifest().shards.len() > 2);
    let all = dataset.origins(0..dataset.n_rows()).unwrap();
    let offsets = all.offsets.unwrap();
    assert_eq!(offsets.len() as u64, dataset.n_rows() + 1);
    assert_eq!(*offsets.last().unwrap(), all.row.len() as u64);
    for row in 0..dataset.n_rows() {
        let one = dataset.origins(row..row + 1).unwrap();
        let index = usize::try_from(row).unwrap();
        let range = offsets[index] as usize..offsets[index + 1] as usize;
        assert_eq!(one.row, all.row[range.clone()]);
        assert_eq!(one.start, all.start[range]);
    }
    assert_eq!(dataset.asset("tokenizer.json").unwrap(), b"seed 0");
    assert_eq!(dataset.asset("other").unwrap_err().kind(), ErrorKind::Usage);
    let past = dataset.rows(0..dataset.n_rows() + 1).unwrap_err();
    assert_eq!(past.kind(), ErrorKind::Usage);
}

#[test]
fn stock_safetensors_opens_every_shard() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..200).map(|n| (n % 9 != 4).then_some(n)).collect();
    let batch = all_types(&rows, 0);
    write_batches(dir.path(), 150_000, &[batch]).unwrap();
    let shards = shard_bytes(dir.path());
    assert!(shards.len() > 1);
    for (_, bytes) in shards {
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        assert!((header + 8).is_multiple_of(4096));
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let bfloat16 = tensors.tensor("bf16_rows").unwrap();
        assert_eq!(bfloat16.dtype(), Dtype::BF16);
        assert_eq!(bfloat16.shape()[1..], [4]);
        for (name, tensor) in tensors.tensors() {
            let at = tensor.data().as_ptr() as usize - bytes.as_ptr() as usize;
            assert!(
                at.is_multiple_of(4096) || name.starts_with("__pad."),
                "{name} at {at}"
            );
        }
    }
}

#[test]
fn many_shards_are_listed_in_an_index() {
    let fs = MemFs::default();
    let root = Path::new("/set");
    let job = Job {
        parts: vec![1200],
        shard_size: 1,
        ..Job::new(root)
    };
    job.run(Arc::new(fs.clone()), 100, OnExisting::Refuse)
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs.dump(root, dir.path()).unwrap();
    sound(dir.path());
    let dataset = Dataset::open(dir.path()).unwrap();
    let manifest = dataset.manifest();
    assert!(manifest.shards.len() > 1000);
    assert_eq!(dataset.rows(999..1003).unwrap().num_rows(), 4);
    let index = dir.path().join(manifest.index.as_ref().unwrap());
    let mut bytes = std::fs::read(&index).unwrap();
    bytes[70] ^= 1;
    std::fs::write(&index, bytes).unwrap();
    assert_eq!(
        Dataset::open(dir.path()).unwrap_err().kind(),
        ErrorKind::Damage
    );
}

#[test]
fn no_rows_are_a_dataset_too() {
    let dir = tempfile::tempdir().unwrap();
    let job = Job {
        parts: Vec::new(),
        ..Job::new(dir.path())
    };
    job.run(Arc::new(LocalFs), 8, OnExisting::Refuse).unwrap();
    sound(dir.path());
    let dataset = Dataset::open(dir.path()).unwrap();
    assert_eq!(dataset.rows(0..0).unwrap().num_rows(), 0);
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let schema =
        |name: &str, data_type| Arc::new(Schema::new(vec![Field::new(name, data_type, true)]));
    let open = |schema: &SchemaRef| {
        let plan = plan_of(dir.path(), schema, 1 << 20);
        Target::open(Arc::new(LocalFs), &plan, OnExisting::Refuse).unwrap_err()
    };
    let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    let error = open(&schema("words", list));
    assert_eq!(error.kind(), ErrorKind::Pipeline);
    assert_eq!(error.location().column.as_deref(), Some("words"));
    assert_eq!(
        open(&schema("__x", DataType::Int8)).kind(),
        ErrorKind::Pipeline
    );

    let values: ArrayRef = Arc::new(UInt8Array::from(vec![Some(1), None, Some(3)]));
    let item = Arc::new(Field::new("item", DataType::UInt8, true));
    let lists: ArrayRef = Arc::new(ListArray::new(
        item,
        OffsetBuffer::from_lengths([1, 2]),
        values,
        None,
    ));
    let batch = RecordBatch::try_from_iter([("lists", lists)]).unwrap();
    let error = write_batches(dir.path(), 1 << 20, &[batch]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data, "{error}");
}

/// A dataset of several shards in which every block is used.
fn sample(root: &Path) {
    let rows: Vec<Option<u32>> = (0..6000).map(|n| (n % 9 != 4).then_some(n)).collect();
    let batch = all_types(&rows, 0);
    write_batches(root, 300_000, &[batch]).unwrap();
}

#[test]
fn every_flipped_bit_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let shards = shard_bytes(dir.path());
    assert!(shards.len() > 2);
    let mut draw = 1u64;
    for _ in 0..300 {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (name, bytes) = &shards[(draw >> 33) as usize % shards.len()];
        let bit = (draw >> 20) as usize % (bytes.len() * 8);
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let path = dir.path().join("shards").join(name);
        std::fs::write(&path, &damaged).unwrap();
        let report = verify(dir.path(), &VerifyOptions { threads: 1 }, &|_| {}).unwrap();
        assert_eq!(report.findings.len(), 1, "bit {bit} of {name}: {report:?}");
        let finding = &report.findings[0];
        assert_eq!(finding.file, format!("shards/{name}"));
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) + 8;
        let tensors = SafeTensors::deserialize(bytes).unwrap();
        let table = tensors.tensor("__block_xxh3").unwrap().data().as_ptr() as usize
            - bytes.as_ptr() as usize;
        let at = (bit / 8) as u64;
        let expected = (at >= header && at < table as u64).then(|| (at - header) / 65_536);
        assert_eq!(finding.block, expected, "bit {bit} of {name}: {finding:?}");
        std::fs::write(&path, bytes).unwrap();
    }
    sound(dir.path());
}

#[test]
fn rows_of_a_damaged_block_are_named_and_not_read() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let dataset = Dataset::open(dir.path()).unwrap();
    let shard = &dataset.manifest().shards[1];
    let path = dir.path().join("shards").join(shard.name());
    let mut bytes = std::fs::read(&path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let at = |name: &str| {
        tensors.tensor(name).unwrap().data().as_ptr() as usize - bytes.as_ptr() as usize
    };
    // Row 7 of the shard, in a column of 10 bytes a row.
    let byte = at("fixed") + 7 * 10;
    bytes[byte] ^= 64;
    std::fs::write(&path, bytes).unwrap();
    let report = verify(dir.path(), &VerifyOptions { threads: 1 }, &|_| {}).unwrap();
    let rows = report.findings[0].rows.clone().unwrap();
    assert!(rows.contains(&(shard.first_row + 7)), "{report:?}");
    let error = Dataset::open(dir.path())
        .unwrap()
        .rows(shard.first_row + 7..shard.first_row + 8)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damage);
    assert_eq!(error.location().block, report.findings[0].block);
    assert!(dataset.rows(0..shard.first_row).is_ok());
}

#[test]
fn missing_files_are_found_and_extra_ones_told() {
    let dir = tempfile::tempdir().unwrap();
    let job = Job::new(dir.path());
    let manifest = job.run(Arc::new(LocalFs), 8, OnExisting::Refuse).unwrap();
    let quarantine = manifest.quarantine.unwrap();
    let shard = format!("shards/{}", manifest.shards[1].name());
    std::fs::write(dir.path().join("shards/other"), "x").unwrap();
    std::fs::remove_file(dir.path().join(&shard)).unwrap();
    std::fs::remove_file(dir.path().join(&manifest.assets[0].file)).unwrap();
    let list = std::fs::read_to_string(dir.path().join(&quarantine.file)).unwrap();
    assert_eq!(list.lines().count() as u64, quarantine.n_units);
    std::fs::write(
        dir.path().join(&quarantine.file),
        list.replacen("bad", "bat", 1),
    )
    .unwrap();
    let report = verify(dir.path(), &VerifyOptions { threads: 3 }, &|_| {}).unwrap();
    let files: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.file.as_str())
        .collect();
    assert_eq!(
        files,
        [shard.as_str(), &manifest.assets[0].file, &quarantine.file]
    );
    assert_eq!(report.extra, ["shards/other"]);
}

#[test]
fn batches_of_a_dataset_join_to_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let dataset = Dataset::open(dir.path()).unwrap();
    let n = dataset.n_rows();
    let pieces = (0..n)
        .step_by(777)
        .map(|at| dataset.rows(at..n.min(at + 777)).unwrap());
    let joined = concat_batches(&dataset.schema(), &pieces.collect::<Vec<_>>()).unwrap();
    assert_eq!(joined, dataset.rows(0..n).unwrap());
}
