//! `fuelrail schema`: the JSON Schemas of the pipeline file and of a loader's steps.

use fuelrail::plan::Pipeline;
use fuelrail::plan::operators::Steps;

use crate::output::{Output, Stop};

/// Print the JSON Schema of the pipeline file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail schema > fuelrail.schema.json")]
pub(crate) struct Args {
    /// That of a loader's steps instead
    #[arg(long)]
    steps: bool,
}

/// Prints it; it is JSON with and without `--json`.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    if args.steps {
        return output.json(&Steps::json_schema());
    }
    output.json(&Pipeline::json_schema())
}
