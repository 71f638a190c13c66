//! `fuelrail completions`: what a shell needs to complete our arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::output::{Output, Stop};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: fuelrail completions bash > ~/.local/share/bash-completion/completions/fuelrail"
)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script; a shell reads it, so it is never JSON.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let mut script = Vec::new();
    let mut command = crate::args::Args::command();
    clap_complete::generate(args.shell, &mut command, "fuelrail", &mut script);
    output.write(&script)
}
