//! `fuelrail trace`: the story of one row, and its pictures.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fuelrail::plan::operators::Steps;
use fuelrail::run::{Trace, TraceRequest, harmless, trace, trace_text, write_trace};
use serde_json::json;

use crate::output::{Output, Stop, counted};
use crate::steps::read_steps;

/// Tell where a row came from and what a loader's steps do to it, with pictures
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: fuelrail trace shards/ --steps steps.toml --row 7 --epoch 2 --out story/"
)]
pub(crate) struct Args {
    /// The dataset's directory
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// The row of the dataset, from 0
    #[arg(long, value_name = "N")]
    row: u64,
    /// The epoch that it is drawn for
    #[arg(long, value_name = "N", default_value_t = 0)]
    epoch: u32,
    /// What the loader draws from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// A file of [[step]] tables, as `fuelrail schema --steps` describes them
    #[arg(long, value_name = "FILE")]
    steps: Option<PathBuf>,
    /// Write a page, index.html, and the pictures as PNG into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the story, and writes the page if one is asked for.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let steps = match &args.steps {
        Some(path) => read_steps(path)?,
        None => Steps::default(),
    };
    let request = TraceRequest {
        row: args.row,
        epoch: args.epoch,
        seed: args.seed,
        steps,
    };
    let told = trace(&args.dataset, &request)?;
    let files = match &args.out {
        Some(folder) => write_trace(&told, folder, &command(args))?,
        None => Vec::new(),
    };
    output.result(|| text(&told, &files), || json_of(&told, &files))
}

fn text(told: &Trace, files: &[PathBuf]) -> String {
    let mut text = trace_text(told);
    if let Some(page) = files.first() {
        let page = harmless(&page.display().to_string());
        // Writing to a string cannot fail.
        _ = writeln!(
            text,
            "wrote {page} and {}",
            counted(files.len() as u64 - 1, "picture")
        );
    }
    text
}

fn json_of(told: &Trace, files: &[PathBuf]) -> serde_json::Value {
    let files: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
    let mut value = json!(told);
    value["files"] = json!(files);
    value
}

/// The command that tells the same story.
fn command(args: &Args) -> String {
    let mut words = vec![
        "fuelrail trace".to_owned(),
        quoted(&args.dataset),
        format!(
            "--row {} --epoch {} --seed {}",
            args.row, args.epoch, args.seed
        ),
    ];
    let paths = [("--steps", &args.steps), ("--out", &args.out)];
    for (name, path) in paths {
        words.extend(path.as_ref().map(|path| format!("{name} {}", quoted(path))));
    }
    words.join(" ")
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+@%,:=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
