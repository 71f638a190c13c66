//! The devices of this machine, each tried: for `fuelrail doctor`.

use std::time::Instant;

use fuelrail_kernels::Level;

use super::doctor::{Check, CheckState};
use crate::device::{Device, DeviceKind, found, quick_trial};
use crate::error::Error;

/// A check of every level of the processor, and of every device.
pub(super) fn checks() -> Vec<Check> {
    let mut checks: Vec<Check> = Level::available()
        .into_iter()
        .map(|level| tried(&Device::at_level(level)))
        .collect();
    for kind in [DeviceKind::Cuda, DeviceKind::Wgpu] {
        match found(kind) {
            Ok(devices) => checks.extend(devices.iter().map(tried)),
            Err(error) => checks.push(missing(kind, &error)),
        }
    }
    checks
}

/// Runs every kernel once against the scalar reference.
fn tried(device: &Device) -> Check {
    let report = device.report();
    let name = format!("device {}", report.id);
    let start = Instant::now();
    let wrong = quick_trial(device);
    let ms = start.elapsed().as_millis();
    let mut found = report.name.clone();
    let more = report.driver.iter().chain(&report.details);
    for detail in more {
        found.push_str(", ");
        found.push_str(detail);
    }
    match wrong.first() {
        None => Check::ok(name, format!("{found}; self-test passed in {ms} ms")),
        Some(wrong) => Check::ok(name, format!("{found}; self-test failed: {wrong}")).not_ok(
            CheckState::Warning,
            "it is not used for such steps; update its driver, and report it if that does not help",
        ),
    }
}

/// None of a kind is no fault: the processor does all.
fn missing(kind: DeviceKind, error: &Error) -> Check {
    let name = match kind {
        DeviceKind::Cpu => "device cpu",
        DeviceKind::Cuda => "device cuda",
        DeviceKind::Wgpu => "device wgpu",
    };
    let check = Check::ok(name, format!("none: {}", error.message()));
    match error.hint() {
        Some(hint) => check.with_hint(hint),
        None => check,
    }
}
