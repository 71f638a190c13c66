//! Whether a device has the reference's bits, and how fast it is: everything
//! that is known of a machine without a checkout of the sources.

use std::time::Instant;

use fuelrail_kernels::Level;
use serde::Serialize;

use crate::device::{Device, DeviceReport, SpeedReport, SuiteReport, conformance, speeds};
use crate::error::Result;
use crate::plan::DeviceChoice;

/// What [`selftest`] found.
#[derive(Debug, Clone, Serialize)]
pub struct SelftestReport {
    /// The version of fuelrail.
    pub version: String,
    /// The processor and the system, as they call themselves.
    pub machine: String,
    /// One entry for each level of the processor, then the device.
    pub devices: Vec<DeviceSelftest>,
    /// Seconds it took.
    pub seconds: f64,
}

/// How one device, or one level of the processor, fared.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceSelftest {
    /// What it is.
    pub device: DeviceReport,
    /// The conformance suite.
    pub suites: Vec<SuiteReport>,
    /// How fast it is; empty where that was not asked for.
    pub speeds: Vec<SpeedReport>,
}

/// Whether speeds are measured too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speeds {
    /// Only whether bits are right.
    #[default]
    No,
    /// Every kernel and transfer is timed.
    Yes,
}

impl SelftestReport {
    /// Whether every chain that ran had the reference's bits.
    #[must_use]
    pub fn passed(&self) -> bool {
        let mut suites = self.devices.iter().flat_map(|device| &device.suites);
        suites.all(|suite| suite.wrong.is_empty())
    }
}

/// Runs the conformance suite on every level of the processor and on the
/// device that `choice` names; `auto` takes every one that is there, software
/// ones left out.
///
/// # Errors
/// `Device` where the one that is named is missing.
pub fn selftest(choice: DeviceChoice, wanted: Speeds) -> Result<SelftestReport> {
    let start = Instant::now();
    let levels = Level::available().into_iter().map(Device::at_level);
    let mut devices: Vec<Device> = levels.collect();
    devices.extend(Device::all(choice)?);
    let devices = devices.iter().map(|device| DeviceSelftest {
        device: device.report().clone(),
        suites: conformance(device),
        speeds: match wanted {
            Speeds::No => Vec::new(),
            Speeds::Yes => speeds(device),
        },
    });
    Ok(SelftestReport {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine(),
        devices: devices.collect(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The system, its kernel and how many cores there are to use.
fn machine() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{os} {} {arch}, {cores} cores to use", release.trim())
}
