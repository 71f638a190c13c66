//! `fuelrail doctor`: what this machine offers, and what to mend on it.

use std::path::PathBuf;

use fuelrail::run::{Check, CheckState, checks};
use fuelrail::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::output::{Output, Stop, counted};

/// Check this machine: processor, devices, memory, limits, tokenizers, a place to write
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail doctor --out /data")]
pub(crate) struct Args {
    /// Where datasets are to be written
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// Prints every check; a failed one is an error.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let checks = checks(&args.out);
    output.result(|| text(&checks), || json_of(&checks))?;
    let n_failed = failed(&checks);
    if n_failed == 0 {
        return Ok(());
    }
    let message = format!("{} failed", counted(n_failed as u64, "check"));
    Err(Error::new(ErrorKind::Io, message)
        .with_hint("the list says what to do about each")
        .into())
}

fn failed(checks: &[Check]) -> usize {
    let failed = checks
        .iter()
        .filter(|check| check.state == CheckState::Failed);
    failed.count()
}

fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.chars().count()).max();
    let width = width.unwrap_or(0);
    let line = |check: &Check| {
        let state = match check.state {
            CheckState::Ok => "ok     ",
            CheckState::Warning => "warning",
            CheckState::Failed => "failed ",
        };
        let hint = check
            .hint
            .as_ref()
            .map(|hint| format!("\n         hint: {hint}"));
        format!(
            "{state}  {:width$}  {}{}\n",
            check.name,
            check.found,
            hint.unwrap_or_default()
        )
    };
    format!(
        "fuelrail {}\n{}",
        env!("CARGO_PKG_VERSION"),
        checks.iter().map(line).collect::<String>()
    )
}

fn json_of(checks: &[Check]) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ok": failed(checks) == 0,
        "checks": checks,
    })
}
