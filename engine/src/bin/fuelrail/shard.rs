//! `fuelrail shard`: runs a pipeline to a dataset.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fuelrail::format::Manifest;
use fuelrail::plan::{ExplainContext, explain, explain_json};
use fuelrail::run::{self, Control, ShardOptions};
use fuelrail::sink::OnExisting;
use fuelrail::{Error, ErrorKind};
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Value, json};

use crate::output::{Output, Stop};
use crate::{progress, signals};

/// Run a pipeline: read, transform and write a dataset of shards
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Run the same command again after a crash or a stop: it continues where \
                        it was, and the dataset is the same to the byte."
)]
pub(crate) struct Args {
    /// The pipeline file
    #[arg(value_name = "PIPELINE.toml")]
    pipeline: PathBuf,
    /// Write to this directory instead of the file's `sink.uri`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Change a value of the file; a step is named by its operator or number
    #[arg(long, value_name = "STEP.KEY=VALUE")]
    set: Vec<String>,
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Take the place of another dataset, or of an unfinished run, at the target
    #[arg(long)]
    replace: bool,
    /// Check and explain the plan, but write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the pipeline.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let threads = run::threads(args.threads);
    let (mut pipeline, base) = run::read_pipeline(&args.pipeline, &args.set)?;
    if let Some(out) = &args.out {
        pipeline.sink.uri = absolute(out)?;
    }
    let plan = Arc::new(run::prepare(&pipeline, &base, threads)?);
    let context = ExplainContext {
        threads,
        device: "cpu",
        memory_bound: Some(run::memory_bound(&plan, threads)),
    };
    if args.dry_run {
        return output.result(
            || explain(&plan, &context),
            || explain_json(&plan, &context),
        );
    }
    output.note(|| explain(&plan, &context));
    let options = ShardOptions {
        on_existing: if args.replace {
            OnExisting::Replace
        } else {
            OnExisting::Refuse
        },
        ..ShardOptions::new(threads)
    };
    let control = Arc::new(Control::default());
    let signals = signals::forward_to(&control)?;
    let start = Instant::now();
    let shown = progress::show(output, &control, &plan);
    let result = run::shard(&plan, &options, &control);
    drop(shown);
    drop(signals);
    let manifest = result.map_err(|error| stopped(error, &control))?;
    let wrote = control.progress().committed.shards > 0;
    let done = Done {
        root: &plan.sink.root,
        manifest: &manifest,
        input_bytes: plan.inputs.iter().map(|input| input.len_bytes).sum(),
        elapsed: start.elapsed(),
        wrote,
    };
    output.result(|| done.text(), || done.json())
}

/// The directory a relative `--out` means, as text.
fn absolute(out: &Path) -> Result<String, Error> {
    let path = std::path::absolute(out).map_err(|error| Error::io("resolve", out, error))?;
    path.into_os_string().into_string().map_err(|path| {
        Error::new(ErrorKind::Usage, "expected a path of UTF-8 text").with_path(path)
    })
}

/// A run that was asked to stop ends with the signal's code.
fn stopped(error: Error, control: &Control) -> Stop {
    match control.stopped_by() {
        Some(signal) if error.kind() == ErrorKind::Interrupted => Stop::Signalled(error, signal),
        _ => Stop::Failed(error),
    }
}

/// What there is to say about a finished run.
struct Done<'a> {
    root: &'a Path,
    manifest: &'a Manifest,
    input_bytes: u64,
    elapsed: Duration,
    wrote: bool,
}

impl Done<'_> {
    fn size(&self) -> u64 {
        let sizes = self.manifest.shards.iter().map(|shard| shard.len_bytes);
        sizes.sum()
    }

    fn text(&self) -> String {
        let Self { manifest, root, .. } = self;
        let stats = &manifest.stats;
        let verb = if self.wrote {
            "wrote"
        } else {
            "complete already:"
        };
        let mut text = format!(
            "{verb} {}: {} rows in {} shards ({}), from {} documents",
            root.display(),
            HumanCount(manifest.n_rows),
            HumanCount(manifest.shards.len() as u64),
            HumanBytes(self.size()),
            HumanCount(stats.documents),
        );
        if stats.tokens > 0 {
            // Writing to a string cannot fail.
            _ = write!(text, ", {} tokens", HumanCount(stats.tokens));
        }
        if self.wrote {
            let seconds = self.elapsed.as_secs_f64().max(1e-9);
            _ = write!(
                text,
                "\n{} of input in {seconds:.1} s ({}/s)",
                HumanBytes(self.input_bytes),
                HumanBytes(per_second(self.input_bytes, seconds)),
            );
        }
        if let Some(quarantine) = &manifest.quarantine {
            _ = write!(
                text,
                "\nset aside: {} units, listed in {}",
                HumanCount(quarantine.n_units),
                root.join(&quarantine.file).display(),
            );
        }
        text.push('\n');
        text
    }

    fn json(&self) -> Value {
        let manifest = self.manifest;
        json!({
            "root": self.root.to_string_lossy(),
            "wrote": self.wrote,
            "n_rows": manifest.n_rows,
            "n_shards": manifest.shards.len(),
            "len_bytes": self.size(),
            "digest": manifest.digest,
            "plan_digest": manifest.plan_digest,
            "stats": manifest.stats,
            "quarantine": manifest.quarantine,
            "input_bytes": self.input_bytes,
            "seconds": self.elapsed.as_secs_f64(),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rate for people to read"
)]
fn per_second(bytes: u64, seconds: f64) -> u64 {
    (bytes as f64 / seconds) as u64
}
