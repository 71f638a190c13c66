//! `fuelrail plan`: what a pipeline would do, without doing it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use fuelrail::plan::{ExplainContext, explain, explain_json};
use fuelrail::run;

use crate::args;
use crate::device::DeviceArgs;
use crate::output::{Output, Stop};

/// Check a pipeline against its inputs and explain what it would do
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pipeline file
    #[arg(value_name = "PIPELINE.toml")]
    pipeline: PathBuf,
    /// Change a value of the file, such as pack.length=512 or step.2.length=512
    /// (steps count from 1)
    #[arg(long, value_name = "STEP.KEY=VALUE")]
    set: Vec<String>,
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = args::threads)]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Prints the plan.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let threads = run::threads(args.threads);
    let (pipeline, base) = run::read_pipeline(&args.pipeline, &args.set)?;
    let plan = run::prepare(&pipeline, &base, threads)?;
    let device = args.device.open(&pipeline, &plan)?;
    let context = ExplainContext {
        threads,
        device: &device.placement(&plan)?,
        memory_bound: Some(run::memory_bound(&plan, threads, &device)?),
    };
    output.result(
        || explain(&plan, &context),
        || explain_json(&plan, &context),
    )
}
