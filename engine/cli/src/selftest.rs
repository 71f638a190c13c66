//! `fuelrail selftest`: whether this machine's devices have the reference's
//! bits, and how fast they are.

use std::fmt::Write as _;
use std::path::PathBuf;

use fuelrail::plan::DeviceChoice;
use fuelrail::run::{
    DeviceKind, DeviceSelftest, Measure, SelftestReport, SpeedReport, Speeds, selftest,
};
use fuelrail::{Error, ErrorKind};
use serde_json::json;

use crate::device;
use crate::output::{Output, Stop, counted};

/// Compare devices with the scalar reference, bit by bit, and time their kernels
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every SIMD level of the processor is tried too. With `auto`, all devices but \
                        software ones; a device named that is missing is an error."
)]
pub(crate) struct Args {
    /// The device: auto, cpu, cuda[:N], wgpu[:N] or wgpu:software
    #[arg(
        long,
        value_name = "DEVICE",
        default_value_t = DeviceChoice::Auto,
        value_parser = device::choice
    )]
    device: DeviceChoice,
    /// Compare bits only, time nothing
    #[arg(long)]
    no_speed: bool,
    /// Write the report, as JSON, to this file too
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

/// Prints the report; bits that differ are an error.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let speeds = if args.no_speed {
        Speeds::No
    } else {
        Speeds::Yes
    };
    let report = selftest(args.device, speeds)?;
    if let Some(path) = &args.save {
        let text = format!("{:#}\n", json!(report));
        std::fs::write(path, text).map_err(|error| Error::io("write", path, error))?;
    }
    output.result(|| text(&report), || json!(report))?;
    if report.passed() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Device,
        "expected the reference's bits, got others",
    )
    .with_hint("the list says which kernels differ; report it with the output of --json")
    .into())
}

fn text(report: &SelftestReport) -> String {
    let mut text = format!("fuelrail {} on {}\n", report.version, report.machine);
    for device in &report.devices {
        text.push_str(&of_device(device));
    }
    // Writing to a string cannot fail, here and below.
    _ = writeln!(text, "took {:.1} s", report.seconds);
    text
}

fn of_device(device: &DeviceSelftest) -> String {
    let report = &device.device;
    let mut text = format!("\n{}  {}", report.id, report.name);
    for detail in report.driver.iter().chain(&report.details) {
        _ = write!(text, ", {detail}");
    }
    text.push('\n');
    if report.is_software && report.kind != DeviceKind::Cpu {
        text.push_str("  software on the processor: its speeds say nothing of a GPU\n");
    }
    for suite in &device.suites {
        let outcome = if suite.wrong.is_empty() {
            "equal"
        } else {
            "WRONG"
        };
        let chains = counted(suite.n_chains as u64, "chain");
        let bytes = counted(suite.n_bytes as u64, "byte");
        _ = write!(text, "  {:<10} {outcome}  {chains}, {bytes}", suite.suite);
        if !suite.refused.is_empty() {
            let refused = counted(suite.refused.len() as u64, "chain");
            _ = write!(text, "; {refused} left to the processor");
        }
        text.push('\n');
        for wrong in &suite.wrong {
            _ = writeln!(text, "    {wrong}");
        }
    }
    for speed in &device.speeds {
        text.push_str(&of_speed(speed));
    }
    text
}

fn of_speed(speed: &SpeedReport) -> String {
    let (measure, beside) = match speed.measure {
        Measure::HostKernel => ("one thread", "a copy"),
        Measure::Serial => ("batches one by one", ""),
        Measure::Overlapped => ("batches through the ring", ""),
        Measure::DeviceKernel => ("kernel", ""),
    };
    let mut text = format!("  {:<31} {measure:<24}", speed.kernel);
    if let Some(failed) = &speed.failed {
        _ = writeln!(text, " failed: {failed}");
        return text;
    }
    _ = write!(text, " {:>8.1} GB/s", speed.gb_per_s);
    if let Some(copy) = speed.copy_gb_per_s {
        let share = 100.0 * speed.gb_per_s / copy;
        _ = write!(text, "  {share:.0} % of {beside} ({copy:.1})");
    }
    if let Some(seconds) = speed.cpu_s_per_gb {
        _ = write!(text, "  {seconds:.2} s of the processor a GB");
    }
    text.push('\n');
    text
}
