//! The devices of this machine, listed, and each tried for `fuelrail doctor`.

use std::time::Instant;

use fuelrail_kernels::Level;

use super::check::{Check, CheckState};
use crate::device::{Device, DeviceKind, DeviceReport, found, quick_trial};
use crate::error::Error;

/// The kinds of devices that this build knows, whether or not there are any.
#[must_use]
pub fn device_kinds() -> Vec<&'static str> {
    let kinds = [
        ("cpu", true),
        ("cuda", cfg!(feature = "cuda")),
        ("wgpu", cfg!(feature = "wgpu")),
    ];
    kinds
        .into_iter()
        .filter_map(|(kind, is_built)| is_built.then_some(kind))
        .collect()
}

/// The devices of this machine, the processor first; software that stands in
/// for a device is among them. None is tried: [`super::selftest`] does that.
#[must_use]
pub fn devices() -> Vec<DeviceReport> {
    let kinds = [DeviceKind::Cuda, DeviceKind::Wgpu];
    let others = kinds.into_iter().filter_map(|kind| found(kind).ok());
    std::iter::once(Device::cpu())
        .chain(others.flatten())
        .map(|device| device.report().clone())
        .collect()
}

/// A check of every level of the processor, and of every device.
pub(super) fn checks() -> Vec<Check> {
    let mut checks: Vec<Check> = Level::available()
        .into_iter()
        .map(|level| tried(&Device::at_level(level)))
        .collect();
    for kind in [DeviceKind::Cuda, DeviceKind::Wgpu] {
        match found(kind) {
            Ok(devices) => {
                checks.extend(devices.iter().map(tried));
                if kind == DeviceKind::Wgpu {
                    checks.extend(software_alone(devices.iter().map(Device::report)));
                }
            }
            Err(error) => checks.push(missing(kind, &error)),
        }
    }
    checks
}

/// Runs every kernel once against the scalar reference.
fn tried(device: &Device) -> Check {
    let start = Instant::now();
    let wrong = quick_trial(device);
    judged(device.report(), &wrong, start.elapsed().as_millis())
}

/// What is said of a device on which this went wrong.
fn judged(report: &DeviceReport, wrong: &[String], ms: u128) -> Check {
    let name = format!("device {}", report.id);
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
            "it is not used for steps that come out wrong: update its driver, choose another \
             device with --device, and report it with the output of `fuelrail selftest --json`",
        ),
    }
}

/// Drivers that run on the processor are for tests: where there is no other,
/// `auto` does without wgpu.
fn software_alone<'a>(mut reports: impl Iterator<Item = &'a DeviceReport>) -> Option<Check> {
    let alone = reports.all(|report| report.is_software);
    alone.then(|| {
        let found = "no GPU with a Vulkan driver; software is used only if asked for";
        Check::ok("device wgpu", found).with_hint(
            "a GPU needs the Vulkan driver of its maker: NVIDIA's is part of the driver (in \
             containers with NVIDIA_DRIVER_CAPABILITIES=all), AMD's and Intel's is Debian's \
             mesa-vulkan-drivers",
        )
    })
}

/// None of a kind is no fault: the processor does all.
fn missing(kind: DeviceKind, error: &Error) -> Check {
    let name = match kind {
        DeviceKind::Cpu => "device cpu",
        DeviceKind::Cuda => "device cuda",
        DeviceKind::Wgpu => "device wgpu",
    };
    let check = Check::ok(name, format!("none: {error}"));
    match error.hint() {
        Some(hint) => check.with_hint(hint),
        None => check,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> DeviceReport {
        DeviceReport {
            id: "wgpu:0".to_owned(),
            kind: DeviceKind::Wgpu,
            name: "A GPU".to_owned(),
            driver: Some("its driver 1.2".to_owned()),
            memory_bytes: None,
            is_software: false,
            details: vec!["discrete".to_owned()],
        }
    }

    #[test]
    fn a_driver_that_fails_the_self_test_is_a_warning_with_what_to_do() {
        let good = judged(&report(), &[], 7);
        assert_eq!((good.state, good.hint), (CheckState::Ok, None));
        assert_eq!(
            good.found,
            "A GPU, its driver 1.2, discrete; self-test passed in 7 ms"
        );
        let wrong = ["cast uint8 -> int8: expected 0x01 at number 0, got 0x00".to_owned()];
        let bad = judged(&report(), &wrong, 7);
        assert_eq!(bad.name, "device wgpu:0");
        assert_eq!(bad.state, CheckState::Warning);
        assert!(
            bad.found
                .ends_with(&format!("self-test failed: {}", wrong[0]))
        );
        assert!(bad.hint.unwrap().contains("update its driver"));
    }

    #[test]
    fn software_alone_is_told_from_hardware() {
        let hardware = report();
        let software = DeviceReport {
            is_software: true,
            ..report()
        };
        assert_eq!(software_alone([&software, &hardware].into_iter()), None);
        let check = software_alone([&software].into_iter()).unwrap();
        assert_eq!(check.state, CheckState::Ok);
        assert!(check.hint.unwrap().contains("NVIDIA_DRIVER_CAPABILITIES"));
    }

    #[test]
    fn the_cause_of_a_refusal_is_told() {
        let error = Error::device("the CUDA driver refused")
            .with_source("cuInit gave CUDA_ERROR_NO_DEVICE (100)")
            .with_hint("`nvidia-smi -L` should list the GPU");
        let check = missing(DeviceKind::Cuda, &error);
        assert_eq!(
            (check.name.as_str(), check.state),
            ("device cuda", CheckState::Ok)
        );
        assert!(
            check.found.contains("CUDA_ERROR_NO_DEVICE"),
            "{}",
            check.found
        );
        assert!(check.hint.unwrap().contains("nvidia-smi"));
    }
}
