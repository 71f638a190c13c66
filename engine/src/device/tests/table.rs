//! Rows with every kind of column that devices change, and a plan for them.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "random numbers are below the bound that was asked for"
)]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, Float32Array, Float64Array, Int32Array, Int64Builder,
    LargeListBuilder, ListBuilder, RecordBatch, UInt16Builder,
};
use arrow::datatypes::{Field, Schema};

use crate::batch::Batch;
use crate::plan::{
    Catalog, Digest, Discovery, Format, Input, InputDescription, LoadedTokenizers, Pipeline, Plan,
    check,
};

/// Bytes of an image of 3 rows, 5 columns and 3 channels.
const IMAGE: i32 = 45;

/// Every operator, on columns of every kind; two segments, a filter between.
/// Numbers of `n` that do not fit are errors, those of `ids` are not.
pub(super) const STEPS: &str = r#"
[[step]]
op = "normalize"
column = ["x", "y"]
mean = [0.5, -3.25]
std = 0.3
clip = [-1000.0, 70000.0]
fill = 1.5
[[step]]
op = "cast"
column = ["x", "y"]
dtype = "float16"
[[step]]
op = "cast"
column = "n"
dtype = "uint8"
[[step]]
op = "normalize"
column = "image"
shape = [3, 5, 3]
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
crop = [0, 1, 3, 3]
flip = "horizontal"
[[step]]
op = "filter"
column = "codes"
min_length = 1
[[step]]
op = "cast"
column = ["ids", "codes"]
dtype = "int16"
overflow = "saturate"
[[step]]
op = "normalize"
column = ["n", "codes"]
std = 2.0
dtype = "bfloat16"
[[step]]
op = "cast"
column = ["image", "codes"]
dtype = "int32"
overflow = "saturate"
[[step]]
op = "cast"
column = ["image", "codes"]
dtype = "float32"
"#;

/// A plan of `steps` for columns as those of `batch`; what cannot be used is
/// set aside.
pub(super) fn plan(steps: &str, batch: &Batch) -> Arc<Plan> {
    plan_with("quarantine", steps, batch)
}

/// The same with another `on_error`.
pub(super) fn plan_with(on_error: &str, steps: &str, batch: &Batch) -> Arc<Plan> {
    let text = format!(
        "[source]\nuri = \"a.parquet\"\non_error = \"{on_error}\"\n{steps}\n\
         [sink]\nuri = \"out\"\n"
    );
    let pipeline = Pipeline::from_toml(&text, Path::new("pipeline.toml")).unwrap();
    let file = InputDescription {
        input: Input {
            path: "a.parquet".into(),
            name: "a.parquet".to_owned(),
            len_bytes: 1000,
            digest: Digest(1),
            row_groups: Vec::new(),
            table: None,
            listing: None,
        },
        schema: batch.columns.schema(),
    };
    let catalog = Catalog {
        files: vec![file],
        format: Format::Parquet,
        seen: None,
        discovery: Discovery::default(),
    };
    let base = Path::new("base");
    Arc::new(check(&pipeline, &catalog, &LoadedTokenizers::default(), base).unwrap())
}

/// Donald Knuth's generator, from the MMIX manual.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn bits(&mut self) -> u32 {
        (self.below(1 << 16) << 16 | self.below(1 << 16)) as u32
    }
}

/// Batches of these many rows that follow one another in one file.
pub(super) fn batches(n_rows: &[usize]) -> Vec<Batch> {
    let mut random = Random(3);
    let mut first = 0;
    let batch = |&n: &usize| {
        let rows = (first..first + n as u64).collect();
        first += n as u64;
        batch_of(rows, columns(&mut random, n))
    };
    n_rows.iter().map(batch).collect()
}

/// A batch of named columns, any of which may hold nulls.
pub(super) fn batch_of(rows: Vec<u64>, columns: Vec<(&str, ArrayRef)>) -> Batch {
    let field =
        |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Batch {
        file: 0,
        rows,
        columns: RecordBatch::try_new(Arc::new(schema), arrays).unwrap(),
        events: Vec::new(),
    }
}

fn columns(random: &mut Random, n: usize) -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("x", Arc::new(floats32(random, n)) as ArrayRef),
        ("y", Arc::new(floats64(random, n))),
        ("n", Arc::new(integers(random, n))),
        ("image", images(random, n)),
        ("ids", lists(random, n)),
        ("codes", large_lists(random, n)),
    ]
}

fn floats32(random: &mut Random, n: usize) -> Float32Array {
    let value = |_| match random.below(5) {
        0 => None,
        1 => Some(f32::from_bits(random.bits())),
        2 => Some([f32::NAN, f32::INFINITY, -0.0, 1e-40][random.below(4) as usize]),
        _ => Some(random.below(2000) as f32 / 7.0 - 100.0),
    };
    (0..n).map(value).collect()
}

fn floats64(random: &mut Random, n: usize) -> Float64Array {
    let value = |_| match random.below(4) {
        0 => None,
        1 => Some(f64::from_bits(
            u64::from(random.bits()) << 32 | u64::from(random.bits()),
        )),
        _ => Some(random.below(2000) as f64 / 7.0 - 100.0),
    };
    (0..n).map(value).collect()
}

/// One in twelve is no byte.
fn integers(random: &mut Random, n: usize) -> Int32Array {
    let value = |_| match random.below(12) {
        0 => Some(-1 - random.below(1000) as i32),
        1 => None,
        _ => Some(random.below(256) as i32),
    };
    (0..n).map(value).collect()
}

fn images(random: &mut Random, n: usize) -> ArrayRef {
    let mut images = FixedSizeBinaryBuilder::new(IMAGE);
    for _ in 0..n {
        if random.below(9) == 0 {
            images.append_null();
        } else {
            let bytes: Vec<u8> = (0..IMAGE).map(|_| random.below(256) as u8).collect();
            images.append_value(bytes).unwrap();
        }
    }
    Arc::new(images.finish())
}

/// One in twenty rows holds a null.
fn lists(random: &mut Random, n: usize) -> ArrayRef {
    let mut lists = ListBuilder::new(Int64Builder::new());
    for _ in 0..n {
        for _ in 0..random.below(6) {
            let value = i64::from(random.bits()) << random.below(20);
            lists.values().append_value(value);
        }
        if random.below(20) == 0 {
            lists.values().append_null();
        }
        lists.append(random.below(10) > 0);
    }
    Arc::new(lists.finish())
}

fn large_lists(random: &mut Random, n: usize) -> ArrayRef {
    let mut lists = LargeListBuilder::new(UInt16Builder::new());
    for _ in 0..n {
        for _ in 0..random.below(9) {
            lists.values().append_value(random.bits() as u16);
        }
        lists.append(random.below(10) > 0);
    }
    Arc::new(lists.finish())
}
