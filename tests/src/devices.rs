//! Tables for every kernel, in the files of every source that can hold them,
//! and pipelines over them.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a set-up that fails is a failed test"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Float64Array,
    Int16Array, Int64Array, ListArray, RecordBatch, UInt8Array, UInt32Array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::Field;
use fuelrail::plan::DeviceChoice;
use parquet::file::properties::WriterProperties;
use serde_json::json;
use tempfile::TempDir;

use crate::source::{arrow_file, parquet_file};

/// Columns of every kind, for every kernel; numbers of `counts` that do not
/// fit make their rows unusable.
pub const TABLE: &str = r#"
[source]
uri = "table.parquet"
on_error = "quarantine"
part_size = "64KiB"
[[step]]
op = "normalize"
column = ["x", "y"]
mean = [0.5, -3.0]
std = [0.25, 7.0]
clip = [-50.0, 1e5]
fill = 1.0
[[step]]
op = "cast"
column = ["x", "y"]
dtype = "float16"
[[step]]
op = "normalize"
column = "small"
std = 3.0
dtype = "bfloat16"
[[step]]
op = "normalize"
column = "image"
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
crop = [1, 0, 3, 5]
flip = "both"
[[step]]
op = "normalize"
column = "blob"
shape = [2, 2, 3]
layout = "hwc"
dtype = "float16"
[[step]]
op = "cast"
column = "tokens"
dtype = "int32"
overflow = "saturate"
[[step]]
op = "cast"
column = "counts"
dtype = "uint16"
[[step]]
op = "filter"
column = "tokens"
max_length = 5
nulls = "keep"
[[step]]
op = "cast"
column = ["counts", "image"]
dtype = "int8"
overflow = "saturate"
[sink]
uri = "out"
shard_size = "72KiB"
"#;

/// JSON has numbers of 64 bits only, so a first cast brings them in reach of
/// every device.
pub const LINES: &str = r#"
[source]
uri = "lines.jsonl"
part_size = "32KiB"
[[step]]
op = "cast"
column = ["a", "ids"]
dtype = "int32"
overflow = "saturate"
[[step]]
op = "cast"
column = "b"
dtype = "float32"
[[step]]
op = "select"
columns = ["ids", "a", "b"]
[[step]]
op = "normalize"
column = ["a", "b"]
mean = 3.0
std = 0.1
fill = -1.0
dtype = "bfloat16"
[[step]]
op = "cast"
column = "ids"
dtype = "uint8"
overflow = "saturate"
[sink]
uri = "out"
shard_size = "48KiB"
"#;

/// Bits that look random: Donald Knuth's generator.
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).unwrap()
    }

    fn nulls(&mut self, n: usize) -> NullBuffer {
        (0..n).map(|_| self.next() >> 28 != 0).collect()
    }
}

fn item(array: &ArrayRef) -> Arc<Field> {
    Arc::new(Field::new_list_field(array.data_type().clone(), true))
}

fn fixed(values: ArrayRef, len: i32, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(FixedSizeListArray::new(item(&values), len, values, nulls))
}

/// `n` rows with nulls, NaN, infinities, numbers that are tiny, that are huge
/// and that do not fit.
fn table(n: usize) -> RecordBatch {
    let mut bits = Bits(1);
    let x = (0..n).map(|row| match row % 9 {
        0 => f32::from_bits(bits.next()),
        1 => [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0][row / 9 % 4],
        _ => f32::from(u16::try_from(bits.next() >> 16).unwrap()) / 100.0,
    });
    let x = Float32Array::new(x.collect(), Some(bits.nulls(n)));
    let y = (0..n).map(|row| match row % 5 {
        0 => f64::from_bits(u64::from(bits.next()) << 32 | u64::from(bits.next())),
        _ => f64::from(bits.next()) / 1e4,
    });
    let y = Float64Array::new(y.collect(), Some(bits.nulls(n)));
    let small = (0..n).map(|_| u16::try_from(bits.next() >> 16).unwrap().cast_signed());
    let small = Int16Array::new(small.collect(), Some(bits.nulls(n)));
    let counts = (0..n).map(|row| i64::from(bits.next() >> 16) - i64::from(row % 50 == 7) * 70_000);
    let counts = Int64Array::new(counts.collect(), Some(bits.nulls(n)));
    let mut bytes =
        |len: usize| -> Vec<u8> { (0..len).map(|_| bits.next().to_be_bytes()[0]).collect() };
    let pixels: ArrayRef = Arc::new(UInt8Array::from(bytes(n * 4 * 5 * 3)));
    let blob = Buffer::from_vec(bytes(n * 12));
    let image = fixed(fixed(pixels, 3, None), 5, None);
    let image = fixed(image, 4, Some(bits.nulls(n)));
    let blob = FixedSizeBinaryArray::new(12, blob, Some(bits.nulls(n)));
    let lengths: Vec<usize> = (0..n).map(|_| bits.next() as usize % 8).collect();
    let tokens = (0..lengths.iter().sum()).map(|_| bits.next() >> (bits.next() % 32));
    let tokens: ArrayRef = Arc::new(UInt32Array::from_iter_values(tokens));
    let tokens = ListArray::new(
        item(&tokens),
        OffsetBuffer::from_lengths(lengths),
        tokens,
        Some(bits.nulls(n)),
    );
    let columns: [(&str, ArrayRef); 7] = [
        ("x", Arc::new(x)),
        ("y", Arc::new(y)),
        ("small", Arc::new(small)),
        ("counts", Arc::new(counts)),
        ("image", image),
        ("blob", Arc::new(blob)),
        ("tokens", Arc::new(tokens)),
    ];
    let columns = columns.map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// `n` lines of numbers, lists and nulls.
fn lines(n: usize) -> String {
    let mut bits = Bits(2);
    let mut text = String::new();
    for _ in 0..n {
        let a = (i64::from(bits.next()) - (1 << 31)) << (bits.next() % 20);
        let b = f64::from(bits.next().cast_signed()) / 1e3;
        let ids: Vec<u32> = (0..bits.next() % 6).map(|_| bits.next() >> 20).collect();
        let b = match bits.next() % 8 {
            0 => json!(null),
            _ => json!(b),
        };
        writeln!(text, "{}", json!({"a": a, "b": b, "ids": ids})).unwrap();
    }
    text
}

/// A folder with all inputs and the two pipelines, `table.toml` and
/// `lines.toml`.
#[must_use]
pub fn workplace() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let batch = table(1500);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(300))
        .build();
    for (name, bytes) in [
        ("table.parquet", parquet_file(&batch, &properties)),
        ("table.arrow", arrow_file(&batch, None)),
        ("lines.jsonl", lines(1500).into_bytes()),
        ("table.toml", TABLE.into()),
        ("lines.toml", LINES.into()),
    ] {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// Whether the tests on a device may be left out, which is then said.
///
/// # Panics
/// Where `FUELRAIL_REQUIRE_DEVICES` names its kind.
pub fn may_be_missing(choice: DeviceChoice) {
    let required = std::env::var("FUELRAIL_REQUIRE_DEVICES").unwrap_or_default();
    let name = choice.to_string();
    let kind = name.split(':').next().unwrap();
    assert!(
        !required.split(',').any(|required| required.trim() == kind),
        "FUELRAIL_REQUIRE_DEVICES names {kind}, and {name} is not there"
    );
    let told = format!("SKIPPED: {name} is not there: nothing was tested on it\n");
    _ = std::io::stderr().write_all(told.as_bytes());
}
