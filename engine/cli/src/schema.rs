//! `fuelrail schema`: the JSON Schema of the pipeline file.

use fuelrail::plan::Pipeline;

use crate::output::{Output, Stop};

/// Print the JSON Schema of the pipeline file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail schema > fuelrail.schema.json")]
pub(crate) struct Args {}

/// Prints it; it is JSON with and without `--json`.
pub(crate) fn run(output: &mut Output) -> Result<(), Stop> {
    output.json(&Pipeline::json_schema())
}
