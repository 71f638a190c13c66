//! `fuelrail plan`: what a pipeline would do, without doing it.

use std::num::NonZeroUsize;

use fuelrail::plan::{ExplainContext, explain, explain_json};
use fuelrail::run;

use crate::device::DeviceArgs;
use crate::output::{Output, Stop};
use crate::pipeline::PipelineArgs;
use crate::{scan, threads};

/// Check a pipeline against its inputs and explain what it would do
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail plan --set pack.length=512")]
pub(crate) struct Args {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads::parse)]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    device: DeviceArgs,
    /// Read all JSON lines and print the [source.schema] that holds every row
    #[arg(long)]
    scan: bool,
}

/// Prints the plan.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let threads = run::threads(args.threads);
    let (pipeline, base) = args.pipeline.read()?;
    if args.scan {
        return scan::run(&pipeline, &base, threads, output);
    }
    let plan = run::prepare(&pipeline, &base, threads)?;
    let device = args.device.open(&pipeline, &plan)?;
    let context = ExplainContext {
        threads,
        device: &device.placement(&plan),
        memory_bound: Some(run::memory_bound(&plan, threads, &device)?),
    };
    output.result(
        || explain(&plan, &context),
        || explain_json(&plan, &context),
    )
}
