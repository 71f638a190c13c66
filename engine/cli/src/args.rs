//! The arguments that all verbs share, and the list of verbs.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::output::{EXIT_CODES, Output, Stop};
use crate::{completions, doctor, init, inspect, plan, schema, selftest, shard, tokenize, verify};

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

/// What every verb takes.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Print results, and errors, as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more about what happens, on standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Whether to colour what is printed for people
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: When,
    /// Whether to show progress
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) progress: When,
}

/// When to do something that suits a terminal; `auto` is on a terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// Threads beyond this are a slip of the finger on any machine.
const MAX_THREADS: usize = 1024;

/// Reads `--threads`.
pub(crate) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let n = text.parse().ok();
    n.filter(|n: &NonZeroUsize| n.get() <= MAX_THREADS)
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Init(init::Args),
    Plan(plan::Args),
    Shard(shard::Args),
    Inspect(inspect::Args),
    Verify(verify::Args),
    Tokenize(tokenize::Args),
    Doctor(doctor::Args),
    Selftest(selftest::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

impl Verb {
    /// Does it.
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Stop> {
        match self {
            Self::Init(args) => init::run(args, output),
            Self::Plan(args) => plan::run(args, output),
            Self::Shard(args) => shard::run(args, output),
            Self::Inspect(args) => inspect::run(args, output),
            Self::Verify(args) => verify::run(args, output),
            Self::Doctor(args) => doctor::run(args, output),
            Self::Selftest(args) => selftest::run(args, output),
            Self::Tokenize(args) => tokenize::run(args, output),
            Self::Schema(_) => schema::run(output),
            Self::Completions(args) => completions::run(args, output),
        }
    }
}
