//! `fuelrail completions`: what a shell needs to complete our arguments.

use clap::Command;
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

/// Prints the script for `command`; a shell reads it, so it is never JSON.
pub(crate) fn run(args: &Args, mut command: Command, output: &mut Output) -> Result<(), Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "fuelrail", &mut script);
    output.write(&script)
}
