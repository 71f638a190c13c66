//! A plan in words, for people and for programs.

mod amounts;
mod steps;

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use crate::error::{name_in_backticks, name_in_text};

use super::columns::{after, projected};
use super::json::UnknownKeys;
use super::losses;
use super::notes::notes;
use super::output::OutputColumn;
use super::seen::Looked;
use super::size::ByteSize;
use super::stored::{Column, Dtype, FirstDimension, OriginKind, TABLE, TensorSpec, Tensors};
use super::type_names::column_type_name;
use super::types::{Asset, Document, Format, OnError, Plan, SplitSide};

pub(crate) use amounts::{amount, counted};
use steps::describe;

/// What is known of a run beyond its plan.
#[derive(Debug, Clone, Copy)]
pub struct ExplainContext<'a> {
    /// Threads that compute.
    pub threads: usize,
    /// The device that runs the steps, then what it leaves to others and why.
    pub device: &'a [String],
    /// Bytes of memory the run stays below while documents are small beside
    /// it, where that is known.
    pub memory_bound: Option<u64>,
}

/// The plan as text: inputs, parts, each step with the columns behind it, the
/// tensors of a shard, device, memory and digest.
#[must_use]
pub fn explain(plan: &Plan, context: &ExplainContext<'_>) -> String {
    let mut text = Text::default();
    text.line("inputs", &inputs(plan));
    text.lines("left out", plan.discovery.passed_over.iter());
    text.line("source", &source(plan));
    if let Some(keys) = keys(plan) {
        text.line("keys", &keys);
    }
    text.line("parts", &parts(plan));
    let mut columns = projected(&plan.source.projection);
    text.line("columns", &list(&columns));
    for (index, step) in plan.steps.iter().enumerate() {
        text.line(&format!("step {}", index + 1), &describe(step, plan));
        columns = after(step, &columns);
        text.line("", &format!("-> {}", list(&columns)));
    }
    let root = plan.sink.root.display();
    let size = ByteSize(plan.sink.shard_size);
    text.line("sink", &format!("{root}, shards of at most {size}"));
    let tensors = tensors(plan);
    let widest = |of: fn(&Tensor) -> &str| {
        tensors
            .iter()
            .map(|tensor| of(tensor).chars().count())
            .max()
    };
    let name = widest(|tensor| &tensor.name).unwrap_or(0);
    for (index, tensor) in tensors.iter().enumerate() {
        let label = if index == 0 { "tensors" } else { "" };
        let Tensor {
            name: text_name,
            dtype,
            shape,
        } = tensor;
        let dtype = dtype.as_str();
        text.line(label, &format!("{text_name:<name$}  {dtype:<4}  {shape}"));
    }
    for (index, asset) in plan.assets.iter().enumerate() {
        let label = if index == 0 { "assets" } else { "" };
        let size = amount(asset.bytes.len() as u64);
        text.line(label, &format!("{}, {size}", asset.name));
    }
    text.line("threads", &context.threads.to_string());
    for (index, line) in context.device.iter().enumerate() {
        let label = if index == 0 { "device" } else { "" };
        text.line(label, line);
    }
    if let Some(bytes) = context.memory_bound {
        let bound = format!("at most {}, more for documents of many MiB", amount(bytes));
        text.line("memory", &bound);
    }
    for note in notes(plan).into_iter().chain(losses::of(plan)) {
        text.line("note", &note);
    }
    text.line("digest", &plan.identity.digest.to_string());
    text.0
}

/// The plan as JSON, with the same content as [`explain`] and each part.
#[must_use]
pub fn explain_json(plan: &Plan, context: &ExplainContext<'_>) -> Value {
    let mut columns = projected(&plan.source.projection);
    let read = columns_json(&columns);
    let mut steps = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let before = columns_json(&columns);
        columns = after(step, &columns);
        steps.push(json!({
            "op": step.op(),
            "description": describe(step, plan),
            "in": before,
            "out": columns_json(&columns),
        }));
    }
    let tensors = tensors(plan);
    let asset = |asset: &Asset| {
        json!({
            "name": asset.name,
            "kind": asset.kind,
            "family": asset.family,
            "len_bytes": asset.bytes.len(),
        })
    };
    json!({
        "inputs": {
            "count": plan.inputs.len(),
            "len_bytes": input_bytes(plan),
            "format": plan.source.format,
            "columns": read,
            "left_out": plan.source.left_out,
            "keys": keys(plan),
            "passed_over": plan.discovery.passed_over,
        },
        "parts": plan.parts,
        "steps": steps,
        "output": columns_json(&plan.output),
        "tensors": tensors,
        "sink": { "root": plan.sink.root, "shard_size": plan.sink.shard_size },
        "assets": plan.assets.iter().map(asset).collect::<Vec<_>>(),
        "device": context.device,
        "threads": context.threads,
        "memory_bound": context.memory_bound,
        "notes": notes(plan).into_iter().chain(losses::of(plan)).collect::<Vec<_>>(),
        "digest": plan.identity.digest,
        "identity": plan.identity.canonical,
    })
}

/// One tensor of a shard.
#[derive(Debug, serde::Serialize)]
struct Tensor {
    name: String,
    dtype: Dtype,
    /// `n` for the rows of the shard, `*` for what depends on them.
    shape: String,
}

/// All tensors of a shard but pads, in the order they lie in.
fn tensors(plan: &Plan) -> Vec<Tensor> {
    // A checked plan has no column that a shard cannot hold.
    let columns = plan
        .output
        .iter()
        .filter_map(|column| Column::new(column).ok());
    let columns: Vec<Column> = columns.collect();
    let tensor = |spec: TensorSpec| {
        let first = match spec.extent {
            FirstDimension::Rows => "n",
            FirstDimension::Offsets(_) => "n + 1",
            FirstDimension::Flat(_) => "*",
        };
        let inner = spec.inner.iter().map(u64::to_string);
        let shape: Vec<String> = [first.to_owned()].into_iter().chain(inner).collect();
        Tensor {
            name: spec.name,
            dtype: spec.dtype,
            shape: format!("[{}]", shape.join(", ")),
        }
    };
    let table = Tensor {
        name: TABLE.to_owned(),
        dtype: Dtype::U64,
        shape: "[*]".to_owned(),
    };
    let list = Tensors::new(&columns, OriginKind::of(plan)).list;
    list.into_iter().map(tensor).chain([table]).collect()
}

/// Lines of a label and a text, the texts below one another.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, label: &str, text: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "{label:<9}{text}");
    }

    /// Lines below one label.
    fn lines(&mut self, label: &str, lines: impl Iterator<Item: fmt::Display>) {
        for (index, line) in lines.enumerate() {
            let label = if index == 0 { label } else { "" };
            self.line(label, &line.to_string());
        }
    }
}

fn inputs(plan: &Plan) -> String {
    let format = plan.source.format.as_str();
    let listings = plan
        .inputs
        .iter()
        .filter_map(|input| input.listing.as_ref());
    let n_images = listings.fold(0, |sum, listing| sum + listing.files.len() as u64);
    let files = match plan.source.format {
        Format::Images => format!(
            "{} in {}",
            counted(n_images, "image"),
            counted(plan.inputs.len() as u64, "folder")
        ),
        _ => counted(plan.inputs.len() as u64, "file"),
    };
    let bytes = amount(input_bytes(plan));
    match plan.inputs.as_slice() {
        [only] => format!("{files}, {bytes}, {format}: {}", only.name),
        [first, .., last] => format!(
            "{files}, {bytes}, {format}: {} .. {}",
            first.name, last.name
        ),
        [] => format!("{files}, {bytes}, {format}"),
    }
}

fn input_bytes(plan: &Plan) -> u64 {
    plan.inputs
        .iter()
        .fold(0, |sum: u64, input| sum.saturating_add(input.len_bytes))
}

fn source(plan: &Plan) -> String {
    let source = &plan.source;
    let mut said = Vec::new();
    if source.format == Format::Text {
        said.push(match &source.document {
            Document::File => "a document per file".to_owned(),
            Document::Line => "a document per line".to_owned(),
            Document::Separator(separator) => format!("documents between {separator:?}"),
        });
    }
    if let Some(split) = &source.split {
        let side = match split.take {
            SplitSide::Train => "train",
            SplitSide::Validation => "validation",
        };
        said.push(format!(
            "{side} side of a split by {}, validation {}, seed {}",
            name_in_backticks(&split.key),
            split.validation,
            split.seed
        ));
    }
    if let Some(limit) = source.limit {
        said.push(format!("at most {}", counted(limit, "row")));
    }
    said.push(match source.on_error {
        OnError::Fail => "content that cannot be read stops the run".to_owned(),
        OnError::Quarantine => "content that cannot be read is set aside".to_owned(),
    });
    said.join("; ")
}

/// Where the types of keys of JSON lines come from, and what becomes of others.
fn keys(plan: &Plan) -> Option<String> {
    let (source, looked) = (&plan.source, plan.source.looked);
    if source.format != Format::Jsonl {
        return None;
    }
    let n_declared = source.json.columns.iter();
    let n_declared = n_declared.filter(|column| column.declared).count() as u64;
    let mut said = Vec::new();
    if n_declared > 0 {
        said.push(format!("{} declared", counted(n_declared, "type")));
    }
    if let Some(Looked {
        n_rows,
        n_bad,
        is_all,
    }) = looked
    {
        let extent = if is_all { "all" } else { "a sample of" };
        let others = if n_declared > 0 { "others" } else { "types" };
        said.push(format!(
            "{others} proposed from {extent} {}",
            counted(n_rows, "row")
        ));
        if n_bad > 0 {
            said.push(format!("{} there cannot be read", counted(n_bad, "line")));
        }
    }
    said.push(
        match source.json.unknown_keys {
            UnknownKeys::Skip => "other keys are skipped",
            UnknownKeys::Error => "a line with another key cannot be read",
            UnknownKeys::Ignore => "other keys are left out and counted",
            UnknownKeys::Keep => "other keys are kept in `__extra`",
        }
        .to_owned(),
    );
    Some(said.join("; "))
}

fn parts(plan: &Plan) -> String {
    let count = plan.parts.len().to_string();
    let largest = plan.parts.iter().map(|part| part.len_bytes).max();
    match largest {
        Some(largest) => format!("{count}, at most {}", amount(largest)),
        None => count,
    }
}

fn list(columns: &[OutputColumn]) -> String {
    let column = |column: &OutputColumn| {
        let null = if column.nullable { "?" } else { "" };
        format!(
            "{}: {}{null}",
            name_in_text(&column.name),
            column_type_name(column)
        )
    };
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

fn columns_json(columns: &[OutputColumn]) -> Value {
    let column = |column: &OutputColumn| {
        json!({
            "name": column.name,
            "type": column_type_name(column),
            "nullable": column.nullable,
        })
    };
    columns.iter().map(column).collect()
}
