//! `fuelrail verify`: every checksum and every count of a dataset.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use fuelrail::format::{Finding, Manifest, VerifyOptions, VerifyReport, verify};
use fuelrail::{Error, run};
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::output::{Output, Stop, counted, harmless};
use crate::{progress, threads};

/// Findings that are listed for a person; `--json` lists all.
const LISTED: usize = 50;

/// Check every checksum and every count of a dataset
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail verify shards/")]
pub(crate) struct Args {
    /// The dataset's directory
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads::parse)]
    threads: Option<NonZeroUsize>,
}

/// Verifies the dataset; damage is an error of code 1, after the list.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let options = VerifyOptions {
        threads: run::threads(args.threads),
    };
    let n_bytes = Manifest::read(&args.dataset)?.len_bytes();
    let bar = output.shows_progress().then(|| progress::bar(n_bytes));
    let report = verify(&args.dataset, &options, &|bytes| {
        if let Some(bar) = &bar {
            bar.inc(bytes);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report?;
    output.result(|| text(&report), || json_of(&report))?;
    if report.is_sound() {
        return Ok(());
    }
    let message = format!(
        "found damage in {}",
        counted(report.findings.len() as u64, "place")
    );
    Err(Error::damage(message)
        .with_path(&args.dataset)
        .with_hint("write the dataset again from its sources, or restore the named files")
        .into())
}

fn text(report: &VerifyReport) -> String {
    let mut lines: Vec<String> = report.findings.iter().take(LISTED).map(finding).collect();
    let n_more = report.findings.len().saturating_sub(LISTED);
    if n_more > 0 {
        lines.push(format!("… and {n_more} more; see --json"));
    }
    lines.extend(
        report
            .extra
            .iter()
            .map(|file| format!("not part of the dataset: {}", harmless(file))),
    );
    let state = if report.is_sound() {
        "sound"
    } else {
        "damaged"
    };
    lines.push(format!(
        "{state}: {}, {}, {} checked\n",
        counted(report.n_rows, "row"),
        counted(report.n_shards, "shard"),
        HumanBytes(report.len_bytes),
    ));
    lines.join("\n")
}

fn finding(finding: &Finding) -> String {
    let mut text = format!("damaged: {}", finding.file);
    if let Some(block) = finding.block {
        // Writing to a string cannot fail.
        _ = write!(text, ", block {} of 64 KiB", block.saturating_add(1));
    }
    match &finding.rows {
        Some(rows) if rows.end > rows.start.saturating_add(1) => {
            _ = write!(text, ", rows {} to {}", rows.start + 1, rows.end);
        }
        Some(rows) => _ = write!(text, ", row {}", rows.start.saturating_add(1)),
        None => {}
    }
    if finding.block.is_some() || finding.rows.is_some() {
        text.push_str(", counting from 1");
    }
    format!("{text}: {}", finding.message)
}

fn json_of(report: &VerifyReport) -> Value {
    let findings = report.findings.iter().map(|finding| {
        json!({
            "file": finding.file,
            "block": finding.block,
            "rows": finding.rows.as_ref().map(|rows| [rows.start, rows.end]),
            "message": finding.message,
        })
    });
    json!({
        "sound": report.is_sound(),
        "n_rows": report.n_rows,
        "n_shards": report.n_shards,
        "len_bytes": report.len_bytes,
        "findings": findings.collect::<Vec<_>>(),
        "extra": report.extra,
    })
}
