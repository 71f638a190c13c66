//! Rows for a sink without a source: a plan, the batches of its parts from
//! any checkpoint on, and a runner that drives a target with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Int32Array, RecordBatch, StringArray, UInt16Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use fuelrail::batch::{
    Checkpoint, Origins, OutputBatch, Position, QuarantineUnit, Quarantined, Stats, Tally,
};
use fuelrail::format::Manifest;
use fuelrail::plan::{
    Asset, Digest, Discovery, Document, Format, Identity, Input, JsonShape, Meaning, OnError,
    OutputColumn, Overlong, PackLabels, PackMethod, PackStep, Part, Piece, Plan, SinkPlan,
    SourcePlan, Stages, Step,
};
use fuelrail::sink::{Fs, OnExisting, Opened, PartState, PartWriter, Target};
use fuelrail::{Error, Result};
use serde_json::json;
use twox_hash::XxHash3_128;

use crate::fault::MemFs;

/// Tokens a row.
const LENGTH: i32 = 64;

/// Rows that are made together: batches begin anywhere in a window, restarts
/// at its beginning only.
const WINDOW: u64 = 10;

/// What to write.
#[derive(Debug, Clone)]
pub struct Job {
    /// The dataset's directory.
    pub root: PathBuf,
    /// Input rows of each part.
    pub parts: Vec<u64>,
    /// The size of a shard.
    pub shard_size: u64,
    /// Other content.
    pub seed: u64,
    /// What rows are.
    pub rows: Rows,
}

/// What rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One document a row.
    Documents,
    /// Several pieces of documents a row.
    Packed,
}

/// How the inputs are said to have been read.
fn source() -> SourcePlan {
    SourcePlan {
        format: Format::Jsonl,
        document: Document::File,
        on_error: OnError::Quarantine,
        limit: None,
        split: None,
        projection: Arc::new(Schema::empty()),
        json: JsonShape::default(),
        looked: None,
        left_out: Vec::new(),
        page_checksums: true,
    }
}

impl Job {
    /// A small job of two parts and an empty one.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            parts: vec![70, 0, 45],
            shard_size: 40_000,
            seed: 0,
            rows: Rows::Documents,
        }
    }

    /// Its plan.
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        let digest = Digest(u128::from(self.seed) + 1);
        let input = |(index, _): (usize, &u64)| Input {
            path: PathBuf::from(format!("/inputs/{index}")),
            name: index.to_string(),
            len_bytes: 1,
            digest,
            row_groups: Vec::new(),
            table: None,
            listing: None,
        };
        let inputs: Vec<Input> = self.parts.iter().enumerate().map(input).collect();
        let names = inputs
            .iter()
            .map(|input| json!({"name": input.name, "digest": digest}));
        let canonical = json!({
            "inputs": names.collect::<Vec<_>>(),
            "shard_size": self.shard_size,
            "packed": self.rows == Rows::Packed,
        });
        let part = |index: u32| Part {
            index,
            pieces: vec![Piece {
                file: index,
                row_groups: None,
                first_row: 0,
            }],
            len_bytes: 1,
        };
        let steps = match self.rows {
            Rows::Documents => Vec::new(),
            Rows::Packed => vec![Step::Pack(pack())],
        };
        Arc::new(Plan {
            parts: (0..).take(inputs.len()).map(part).collect(),
            inputs,
            source: source(),
            stages: Stages::of(&steps).unwrap_or_default(),
            steps,
            output: columns(),
            sink: SinkPlan {
                root: self.root.clone(),
                shard_size: self.shard_size,
            },
            assets: vec![Asset {
                name: "tokenizer.json".to_owned(),
                kind: "tokenizer.json".to_owned(),
                family: None,
                bytes: Arc::from(format!("seed {}", self.seed).into_bytes()),
            }],
            discovery: Discovery::default(),
            identity: Identity {
                digest: Digest(XxHash3_128::oneshot(canonical.to_string().as_bytes())),
                canonical,
            },
        })
    }

    /// Writes the dataset, in batches of `batch_rows`.
    ///
    /// # Errors
    /// What the sink returns.
    pub fn run(&self, fs: Arc<dyn Fs>, batch_rows: usize, on: OnExisting) -> Result<Manifest> {
        let plan = self.plan();
        let target = match Target::open(fs, &plan, on)? {
            Opened::Complete(manifest) => return Ok(*manifest),
            Opened::Writing(target) => target,
        };
        for part in &plan.parts {
            if let PartState::Todo(writer) = target.part(part.index)? {
                self.write_part(part.index, *writer, batch_rows)?;
            }
        }
        target.commit()
    }

    /// Writes what is left of one part.
    ///
    /// # Errors
    /// What the sink returns.
    pub fn write_part(&self, part: u32, mut writer: PartWriter, batch_rows: usize) -> Result<()> {
        let from = writer.resume().cloned().unwrap_or_else(|| Checkpoint {
            position: Position { file: part, row: 0 },
            ..Checkpoint::default()
        });
        let end = self.parts[part as usize];
        let rows: Vec<u64> = (from.position.row..end)
            .filter(|row| !is_bad(*row))
            .collect();
        let mut handed = from.position.row;
        for chunk in rows.chunks(batch_rows.max(1)) {
            let window = chunk[0] - chunk[0] % WINDOW;
            let skip_rows = (window..chunk[0]).filter(|row| !is_bad(*row)).count() as u64;
            writer.push(&OutputBatch {
                columns: self.columns(part, chunk).map_err(arrow_error)?,
                origins: self.origins(part, chunk),
                restart: Checkpoint {
                    position: Position {
                        file: part,
                        row: window,
                    },
                    skip_tokens: 0,
                    skip_rows,
                    stats: stats(window),
                },
                quarantined: quarantined(part, handed, window),
            })?;
            handed = handed.max(window);
        }
        writer.finish(stats(end), quarantined(part, handed, end))?;
        Ok(())
    }

    fn columns(&self, part: u32, rows: &[u64]) -> Result<RecordBatch, ArrowError> {
        let draw = |row: u64, n: u64| {
            let mixed = (u64::from(part) << 40 ^ row << 16 ^ n ^ self.seed << 50)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed ^ (mixed >> 29)
        };
        let tokens = rows
            .iter()
            .flat_map(|row| (0..LENGTH.unsigned_abs()).map(move |n| (*row, n)));
        let tokens = tokens.map(|(row, n)| (draw(row, u64::from(n)) & 0xffff) as u16);
        let tokens = UInt16Array::from_iter_values(tokens);
        let item = Arc::new(Field::new("item", DataType::UInt16, false));
        let text = rows.iter().map(|row| {
            let len = usize::try_from(draw(*row, 99) % 300).unwrap_or(0);
            (row % 11 != 5).then(|| "é".repeat(len))
        });
        let label = rows.iter().map(|row| (draw(*row, 98) & 0xff) as i32);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(text.collect::<StringArray>()),
            Arc::new(FixedSizeListArray::try_new(
                item,
                LENGTH,
                Arc::new(tokens),
                None,
            )?),
            Arc::new(Int32Array::from_iter_values(label)),
        ];
        let fields = columns()
            .into_iter()
            .map(|c| Field::new(c.name, c.data_type, c.nullable));
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), arrays)
    }

    fn origins(&self, part: u32, rows: &[u64]) -> Origins {
        match self.rows {
            Rows::Documents => Origins {
                file: vec![part; rows.len()],
                row: rows.to_vec(),
                ..Origins::default()
            },
            Rows::Packed => {
                let pieces = rows
                    .iter()
                    .flat_map(|row| (0..row % 3).map(move |n| (*row, n)));
                let ends = rows.iter().scan(0, |end, row| {
                    *end += row % 3;
                    Some(*end)
                });
                Origins {
                    offsets: Some(std::iter::once(0).chain(ends).collect()),
                    file: pieces.clone().map(|_| part).collect(),
                    row: pieces.clone().map(|(row, _)| row).collect(),
                    start: pieces.map(|(_, n)| u32::from(n == 1)).collect(),
                }
            }
        }
    }
}

fn arrow_error(error: ArrowError) -> Error {
    Error::internal("cannot make rows").with_source(error)
}

/// Rows that are set aside.
fn is_bad(row: u64) -> bool {
    row % 7 == 3
}

fn quarantined(part: u32, from: u64, to: u64) -> Vec<Quarantined> {
    let unit = |row| Quarantined {
        at: Position { file: part, row },
        line: None,
        n_rows: Some(1),
        unit: QuarantineUnit::Line,
        reason: format!("row {row} is bad"),
        excerpt: None,
    };
    (from..to).filter(|row| is_bad(*row)).map(unit).collect()
}

fn stats(end: u64) -> Stats {
    let quarantined = (0..end).filter(|row| is_bad(*row)).count() as u64;
    Stats {
        rows_read: end - quarantined,
        quarantined,
        documents: end - quarantined,
        tally: Some(Tally {
            unread_rows: quarantined,
            ..Tally::default()
        }),
        ..Stats::default()
    }
}

fn pack() -> PackStep {
    PackStep {
        column: "tokens".to_owned(),
        length: 64,
        method: PackMethod::BestFit,
        overlong: Overlong::Split,
        pad: 0,
        pad_segment: false,
        window: 10,
        id_type: DataType::UInt16,
        aligned: Vec::new(),
        max_documents: None,
        position_ids: false,
        labels: PackLabels::None,
    }
}

fn columns() -> Vec<OutputColumn> {
    let item = Arc::new(Field::new("item", DataType::UInt16, false));
    let column = |name: &str, data_type, nullable| OutputColumn {
        name: name.to_owned(),
        data_type,
        nullable,
        meaning: Meaning::Plain,
    };
    vec![
        column("text", DataType::Utf8, true),
        column("tokens", DataType::FixedSizeList(item, LENGTH), false),
        column("label", DataType::Int32, false),
    ]
}

/// The plan of a dataset with the columns of `schema`, in one part; those whose
/// metadata say `meaning: bfloat16` are that.
#[must_use]
pub fn plan_of(root: &Path, schema: &SchemaRef, shard_size: u64) -> Arc<Plan> {
    let job = Job {
        parts: vec![1],
        shard_size,
        ..Job::new(root)
    };
    let mut plan = job.plan().as_ref().clone();
    let column = |field: &Arc<Field>| OutputColumn {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        nullable: field.is_nullable(),
        meaning: match field.metadata().get("meaning").map(String::as_str) {
            Some("bfloat16") => Meaning::Bfloat16,
            _ => Meaning::Plain,
        },
    };
    plan.output = schema.fields().iter().map(column).collect();
    Arc::new(plan)
}

/// Writes batches of one schema as one part; origins count rows. All is done
/// in memory first, because syncs take their time.
///
/// # Errors
/// What the sink returns.
pub fn write_batches(root: &Path, shard_size: u64, batches: &[RecordBatch]) -> Result<()> {
    let schema = batches
        .first()
        .map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let fs = MemFs::default();
    let plan = plan_of(root, &schema, shard_size);
    let Opened::Writing(target) = Target::open(Arc::new(fs.clone()), &plan, OnExisting::Refuse)?
    else {
        return Ok(());
    };
    if let PartState::Todo(mut writer) = target.part(0)? {
        let mut next = 0;
        for columns in batches {
            let rows = next..next + columns.num_rows() as u64;
            next = rows.end;
            writer.push(&OutputBatch {
                columns: columns.clone(),
                origins: Origins {
                    file: vec![0; columns.num_rows()],
                    row: rows.collect(),
                    ..Origins::default()
                },
                restart: Checkpoint::default(),
                quarantined: Vec::new(),
            })?;
        }
        let stats = Stats {
            rows_read: next,
            documents: next,
            ..Stats::default()
        };
        writer.finish(stats, Vec::new())?;
    }
    target.commit()?;
    fs.dump(root, root).map_err(|e| Error::io("write", root, e))
}

/// The files of a dataset below `root`, without those of the work on it.
#[must_use]
pub fn dataset_files(fs: &MemFs, root: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = fs.files(root);
    files.retain(|path, _| !path.starts_with(".fuelrail"));
    files
}
