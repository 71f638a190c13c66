//! The program `fuelrail`: the command line in a process of its own.

mod environment;

use std::process::ExitCode;

fn main() -> ExitCode {
    environment::prepare();
    fuelrail_cli::run(std::env::args_os()).into()
}
