//! The command line as a whole: its help, and the list of verbs.

use std::sync::LazyLock;

use clap::{Parser, Subcommand};

use crate::global::Global;
use crate::output::EXIT_CODES;
use crate::{
    completions, doctor, explain, init, inspect, plan, schema, selftest, shard, tokenize, trace,
    verify,
};

/// Turns raw data into training shards with the same bits on every device.
#[derive(Debug, Parser)]
#[command(
    name = "fuelrail",
    version,
    long_version = long_version(),
    max_term_width = 100,
    after_help = format!("{FIRST_STEPS}\n\n{EXIT_CODES}")
)]
pub(crate) struct Args {
    /// What every verb takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How the verbs follow one another.
const FIRST_STEPS: &str = "\
First steps:
  fuelrail init corpus/     write fuelrail.toml for your data
  fuelrail plan             see what it would do
  fuelrail shard            do it
  fuelrail inspect shards/  look at some rows
Each verb has its own --help. Reading the dataset from Python: docs/start.md.";

/// The version, and the kinds of devices that this build knows.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let devices = fuelrail::run::device_kinds().join(", ");
        format!("{}\ndevices: {devices}", env!("CARGO_PKG_VERSION"))
    });
    &TEXT
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Init(init::Args),
    Plan(plan::Args),
    Shard(shard::Args),
    Inspect(inspect::Args),
    Verify(verify::Args),
    Explain(explain::Args),
    Trace(trace::Args),
    Tokenize(tokenize::Args),
    Doctor(doctor::Args),
    Selftest(selftest::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}
