//! `fuelrail shard`: runs a pipeline to a dataset.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fuelrail::format::{Account, Manifest};
use fuelrail::plan::{Discovery, ExplainContext, explain, explain_json, is_rooted, notes};
use fuelrail::run::{self, Control, ShardOptions};
use fuelrail::sink::{OnExisting, OnForeign};
use fuelrail::{Error, ErrorKind};
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Value, json};

use crate::account;
use crate::device::{DeviceArgs, OnError};
use crate::output::{Output, Stop, counted};
use crate::pipeline::PipelineArgs;
use crate::{progress, signals, threads};

/// Run a pipeline: read, transform and write a dataset of shards
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Run the same command again after a crash or a stop: it continues where \
                        it was, and the dataset is the same to the byte.\n\
                        Example: fuelrail shard text.toml --out shards/ --threads 4\n\
                        Exit codes are listed by `fuelrail --help`."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Write to this directory instead of the file's `sink.uri`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads::parse)]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    device: DeviceArgs,
    /// What becomes of a batch on which the device fails
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    on_device_error: OnError,
    /// Take the place of another dataset, or of an unfinished run, at the target
    #[arg(long)]
    replace: bool,
    /// Write the dataset into a directory that holds other files; they stay as they are
    #[arg(long)]
    into: bool,
    /// Check and explain the plan, but write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// What is said of the dataset's directory and of devices that fail.
    fn options(&self, options: ShardOptions) -> ShardOptions {
        ShardOptions {
            on_existing: if self.replace {
                OnExisting::Replace
            } else {
                OnExisting::Refuse
            },
            on_foreign: if self.into {
                OnForeign::Into
            } else {
                OnForeign::Refuse
            },
            on_device_error: self.on_device_error.into(),
            ..options
        }
    }
}

/// Runs the pipeline.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let threads = run::threads(args.threads);
    let (mut pipeline, base) = args.pipeline.read()?;
    if let Some(out) = &args.out {
        pipeline.sink.uri = absolute(out)?;
    }
    let plan = Arc::new(run::prepare(&pipeline, &base, threads)?);
    let device = args.device.open(&pipeline, &plan)?;
    let context = ExplainContext {
        threads,
        device: &device.placement(&plan),
        memory_bound: Some(run::memory_bound(&plan, threads, &device)?),
    };
    if args.dry_run {
        return output.result(
            || explain(&plan, &context),
            || explain_json(&plan, &context),
        );
    }
    output.note(|| explain(&plan, &context));
    let mut notes = notes(&plan);
    output.warn(&notes);
    let options = args.options(ShardOptions::new(threads).on(device));
    let control = Arc::new(Control::default());
    let signals = signals::forward_to(&control)?;
    let start = Instant::now();
    let shown = output
        .shows_progress()
        .then(|| progress::show(&control, &plan));
    let result = run::shard(&plan, &options, &control);
    drop(shown);
    drop(signals);
    let manifest = result.map_err(|error| stopped(error, &control))?;
    notes.extend(nothing_kept(&manifest, output));
    let progress = control.progress();
    let done = Done {
        device_lost: control.device_lost(),
        too_large_for_device: control.too_large_for_device(),
        text_for_device: control.text_for_device(),
        root: &plan.sink.root,
        discovery: &plan.discovery,
        manifest: &manifest,
        input_bytes: progress.read_bytes,
        decoded_bytes: progress.decoded_bytes,
        elapsed: start.elapsed(),
        wrote: !progress.was_complete,
        notes: &notes,
    };
    output.result(|| done.text(), || done.json())
}

/// What to say of a run that kept no row, which is said at once.
fn nothing_kept(manifest: &Manifest, output: &Output) -> Option<String> {
    let note = manifest.account.as_ref().and_then(Account::nothing_kept);
    output.warn(note.as_slice());
    note
}

/// The directory a relative `--out` means, as text.
fn absolute(out: &Path) -> Result<String, Error> {
    if let Some(out) = out.to_str().filter(|out| is_rooted(out)) {
        return Ok(out.to_owned());
    }
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

/// So few shards may hold a row each without a word.
const FEW_SHARDS: usize = 8;

/// What there is to say about a finished run.
struct Done<'a> {
    root: &'a Path,
    discovery: &'a Discovery,
    manifest: &'a Manifest,
    /// As they lie on disk, and after decompression.
    input_bytes: u64,
    decoded_bytes: u64,
    elapsed: Duration,
    wrote: bool,
    device_lost: Option<&'a str>,
    too_large_for_device: u64,
    /// Bytes of text that a device was to encode, and those that the processor did.
    text_for_device: (u64, u64),
    notes: &'a [String],
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
            "{verb} {}: {} in {} ({}), from {}",
            root.display(),
            counted(manifest.n_rows, "row"),
            counted(manifest.shards.len() as u64, "shard"),
            HumanBytes(self.size()),
            counted(stats.documents, "document"),
        );
        if stats.tokens > 0 {
            // Writing to a string cannot fail, here and below.
            _ = write!(text, ", {}", counted(stats.tokens, "token"));
        }
        let n_dropped = stats.dropped.iter().sum();
        if n_dropped > 0 {
            _ = write!(text, ", {} dropped", counted(n_dropped, "row"));
        }
        if let Some(account) = &manifest.account {
            for line in account::lines(account) {
                _ = write!(text, "\n  {line}");
            }
        }
        if self.wrote {
            text.push_str(&self.rate());
        }
        text.push_str(&self.single_rows());
        for over in &self.discovery.passed_over {
            _ = write!(text, "\nleft out: {over}");
        }
        if let Some(quarantine) = &manifest.quarantine {
            _ = write!(
                text,
                "\nset aside: {}, listed in {}",
                counted(quarantine.n_units, "unit"),
                root.join(&quarantine.file).display(),
            );
        }
        if let Some(reason) = self.device_lost {
            _ = write!(
                text,
                "\nthe device failed, and the processor did the rest: {reason}"
            );
        }
        if self.too_large_for_device > 0 {
            let items = counted(self.too_large_for_device, "item");
            _ = write!(
                text,
                "\nthe processor did {items} too much for the device's memory or loops"
            );
        }
        text.push_str(&self.encoded_on_device());
        text.push('\n');
        text
    }

    /// How much text a device encoded, and how much of it the processor.
    fn encoded_on_device(&self) -> String {
        let (all, on_host) = self.text_for_device;
        if all == 0 {
            return String::new();
        }
        format!(
            "\nthe device encoded {} of text, the processor {}",
            HumanBytes(all - on_host),
            HumanBytes(on_host)
        )
    }

    /// What was read and how fast, after decompression.
    fn rate(&self) -> String {
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        let decoded = HumanBytes(self.decoded_bytes);
        let on_disk = if self.decoded_bytes == self.input_bytes {
            String::new()
        } else {
            format!(" ({} on disk)", HumanBytes(self.input_bytes))
        };
        let rate = HumanBytes(progress::per_second(self.decoded_bytes, self.elapsed));
        format!("\n{decoded} of input{on_disk} in {seconds:.1} s ({rate}/s)")
    }

    /// A word about shards of one row each, which are mostly pages to fill up.
    fn single_rows(&self) -> String {
        let shards = &self.manifest.shards;
        let n_single = shards.iter().filter(|shard| shard.n_rows == 1).count();
        if shards.len() <= FEW_SHARDS || n_single <= shards.len() / 2 {
            return String::new();
        }
        format!(
            "\nnote: {} of {} hold a single row: a larger shard_size makes fewer of them",
            HumanCount(n_single as u64),
            counted(shards.len() as u64, "shard"),
        )
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
            "account": manifest.account,
            "input_bytes": self.input_bytes,
            "decoded_bytes": self.decoded_bytes,
            "decoded_bytes_per_second": progress::per_second(self.decoded_bytes, self.elapsed),
            "passed_over": self.discovery.passed_over,
            "device_lost": self.device_lost,
            "too_large_for_device": self.too_large_for_device,
            "text_for_device": self.text_for_device,
            "notes": self.notes,
            "seconds": self.elapsed.as_secs_f64(),
        })
    }
}
