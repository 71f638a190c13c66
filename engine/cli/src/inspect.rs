//! `fuelrail inspect`: what a dataset holds, with a few rows to look at.

use std::fmt::Write as _;
use std::path::PathBuf;

use fuelrail::format::{Column, ColumnLayout, Dataset};
use fuelrail::name_in_text;
use fuelrail::run::{Sample, samples_at};
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Value, json};

use crate::account;
use crate::output::{Output, Stop, counted, harmless};

/// Characters of a document that are shown.
const SHOWN: usize = 160;
/// Documents of a row that are shown.
const DOCUMENTS: usize = 3;

/// Show what a dataset holds, with a few decoded rows
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail inspect shards/ --samples 5")]
pub(crate) struct Args {
    /// The dataset's directory
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// How many rows to show, spread over the dataset
    #[arg(long, value_name = "N", default_value_t = 3)]
    samples: u64,
    /// Show this row, whole; counts from 0, as `dataset[ROW]` does in Python
    #[arg(long, value_name = "ROW")]
    row: Option<u64>,
}

/// Prints the dataset's summary and samples.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let dataset = Dataset::open(&args.dataset)?;
    let rows = rows(args, dataset.n_rows());
    let shown = if rows.is_empty() {
        // A dataset whose tokenizer is lost can be looked at still.
        Vec::new()
    } else {
        samples_at(&dataset, &rows)?
    };
    let limit = if args.row.is_some() {
        None
    } else {
        Some(SHOWN)
    };
    output.result(
        || text(&dataset, &shown, limit),
        || json_of(&dataset, &shown),
    )
}

/// The rows asked for.
fn rows(args: &Args, n_rows: u64) -> Vec<u64> {
    if let Some(row) = args.row {
        return vec![row];
    }
    let n_samples = args.samples.min(n_rows);
    (0..n_samples).map(|i| i * (n_rows / n_samples)).collect()
}

fn text(dataset: &Dataset, samples: &[Sample], limit: Option<usize>) -> String {
    let manifest = dataset.manifest();
    let size = manifest.shards.iter().map(|shard| shard.len_bytes).sum();
    let mut lines = vec![
        format!("rows       {}", HumanCount(manifest.n_rows)),
        format!(
            "shards     {} ({})",
            HumanCount(manifest.shards.len() as u64),
            HumanBytes(size)
        ),
        format!("documents  {}", HumanCount(manifest.stats.documents)),
    ];
    let n_dropped = manifest.stats.dropped.iter().sum();
    if n_dropped > 0 {
        lines.push(format!("dropped    {}", counted(n_dropped, "row")));
    }
    for (index, line) in manifest.account.iter().flat_map(account::lines).enumerate() {
        let label = if index == 0 { "account" } else { "" };
        lines.push(format!("{label:<11}{line}"));
    }
    if manifest.stats.tokens > 0 {
        lines.push(format!(
            "tokens     {}{}",
            HumanCount(manifest.stats.tokens),
            fill(dataset)
        ));
    }
    let source_bytes = manifest.sources.iter().map(|source| source.len_bytes).sum();
    lines.push(format!(
        "sources    {} ({})",
        HumanCount(manifest.sources.len() as u64),
        HumanBytes(source_bytes)
    ));
    if let Some(quarantine) = &manifest.quarantine {
        lines.push(format!(
            "set aside  {}, listed in {}",
            counted(quarantine.n_units, "unit"),
            quarantine.file
        ));
    }
    lines.push(format!("digest     {}", manifest.digest));
    lines.push(format!("plan       {}", manifest.plan_digest));
    lines.push("columns".to_owned());
    lines.extend(manifest.schema.iter().map(column));
    lines.extend(
        samples
            .iter()
            .map(|row| sample(row, manifest.n_rows, limit)),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// The share of packed rows that is not padding.
#[expect(clippy::cast_precision_loss, reason = "a share for people to read")]
fn fill(dataset: &Dataset) -> String {
    let manifest = dataset.manifest();
    let tokens = manifest
        .schema
        .iter()
        .find(|column| column.name == "tokens");
    match tokens.map(|column| column.shape.as_slice()) {
        Some(&[length]) if manifest.n_rows > 0 => {
            let room = manifest.n_rows as f64 * length as f64;
            format!(
                " (rows filled to {:.2} %)",
                manifest.stats.tokens as f64 / room * 100.0
            )
        }
        _ => String::new(),
    }
}

fn column(column: &Column) -> String {
    let shape: Vec<String> = column.shape.iter().map(ToString::to_string).collect();
    let shape = match column.layout {
        ColumnLayout::Ragged => "[n_rows, ragged]".to_owned(),
        ColumnLayout::Fixed if shape.is_empty() => "[n_rows]".to_owned(),
        ColumnLayout::Fixed => format!("[n_rows, {}]", shape.join(", ")),
    };
    let nulls = if column.nullable { ", nulls" } else { "" };
    format!(
        "  {}: {} {shape}{nulls}",
        name_in_text(&column.name),
        column.logical
    )
}

fn sample(sample: &Sample, n_rows: u64, limit: Option<usize>) -> String {
    let n_documents = sample.documents.len();
    let mut text = format!(
        "row {} of {n_rows}, dataset[{}]",
        sample.row + 1,
        sample.row
    );
    if n_documents > 1 {
        // Writing to a string cannot fail, here and below.
        _ = write!(text, " ({n_documents} documents)");
    }
    let n_shown = limit.map_or(n_documents, |_| DOCUMENTS.min(n_documents));
    for document in &sample.documents[..n_shown] {
        let source = harmless(&document.source);
        _ = match document.source_line {
            Some(line) => write!(text, "\n  {source}:{line}"),
            None => write!(text, "\n  row {} of {source}", document.source_row + 1),
        };
        if document.start > 0 {
            _ = write!(text, " from token {}", document.start);
        }
        if let Some(n_tokens) = document.n_tokens {
            _ = write!(text, ", {n_tokens} tokens");
        }
        if let Some(decoded) = &document.text {
            _ = write!(text, "\n    {}", one_line(decoded, limit));
        }
    }
    if n_shown < n_documents {
        _ = write!(text, "\n  … and {} more", n_documents - n_shown);
    }
    for (name, value) in &sample.values {
        _ = write!(
            text,
            "\n  {}: {}",
            name_in_text(name),
            one_line(value, limit)
        );
    }
    text
}

/// The beginning of a text with its control characters escaped.
fn one_line(text: &str, limit: Option<usize>) -> String {
    let shown: String = text.chars().take(limit.unwrap_or(usize::MAX)).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("{}{more}", harmless(&shown))
}

fn json_of(dataset: &Dataset, samples: &[Sample]) -> Value {
    let manifest = dataset.manifest();
    json!({
        "n_rows": manifest.n_rows,
        "n_shards": manifest.shards.len(),
        "len_bytes": manifest.shards.iter().map(|shard| shard.len_bytes).sum::<u64>(),
        "schema": manifest.schema,
        "stats": manifest.stats,
        "account": manifest.account,
        "sources": manifest.sources,
        "assets": manifest.assets,
        "quarantine": manifest.quarantine,
        "plan_digest": manifest.plan_digest,
        "digest": manifest.digest,
        "samples": samples,
    })
}
