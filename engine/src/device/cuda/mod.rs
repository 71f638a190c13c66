//! NVIDIA GPUs through the CUDA driver, which is looked for when a program
//! runs: where there is none, all of this says so and nothing else happens.
//!
//! A [`machine`] has three streams, for the ways up, the kernels and the way down;
//! the [`room`] of each slot has events of its own, so that what one slot waits
//! for never holds up another. Results may stay in memory that is [`kept`] for their
//! batch. All that is unsafe is in [`driver`], [`owned`], [`room`] and [`kept`].

mod driver;
mod gpu;
mod kept;
mod machine;
mod owned;
mod room;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::sync::Arc;

use fuelrail_kernels::Kernel;

pub(super) use self::driver::ContextVisit;
use self::driver::{Attribute, PrimaryContext};
use self::machine::{DeviceSize, Machine};
use super::slot::GpuLane;
use super::tables::Tables;
use super::{Backend, DeviceKind, DeviceReport, Lane, Program};
use crate::error::{Error, Result};

/// The least compute capability that the PTX is for: Volta.
const MIN_CAPABILITY: i32 = 7;

/// Starts every device that can be started.
///
/// # Errors
/// As [`open`], where none can.
pub(crate) fn list() -> Result<Vec<Arc<dyn Backend>>> {
    driver::start()?;
    let n_devices = driver::n_devices()?;
    let all = (0..n_devices.max(1)).map(|index| open(Some(index)));
    let (started, refused): (Vec<_>, Vec<_>) = all.partition(Result::is_ok);
    match refused.into_iter().next() {
        Some(Err(error)) if started.is_empty() => Err(error),
        _ => Ok(started.into_iter().flatten().collect()),
    }
}

/// Starts the first device, or the one of this number.
///
/// # Errors
/// `Device` where there is no driver or no such device, or it cannot be used.
pub(crate) fn open(index: Option<u32>) -> Result<Arc<dyn Backend>> {
    let index = index.unwrap_or(0);
    driver::start()?;
    let n_devices = driver::n_devices()?;
    if index >= n_devices {
        return Err(Error::device(format!(
            "expected one of {n_devices} CUDA devices, got cuda:{index}"
        ))
        .with_hint("`fuelrail doctor` lists the devices"));
    }
    let report = report(index)?;
    let major = driver::attribute(index, Attribute::CapabilityMajor)?;
    if major < MIN_CAPABILITY {
        return Err(Error::device(format!(
            "expected compute capability {MIN_CAPABILITY}.0 or above, got {major} on {}",
            report.name
        )));
    }
    let n_multiprocessors = driver::attribute(index, Attribute::Multiprocessors)?;
    Ok(Arc::new(CudaBackend {
        context: PrimaryContext::retain(index)?,
        ordinal: index,
        n_multiprocessors: u32::try_from(n_multiprocessors).unwrap_or(1),
        report,
    }))
}

/// What is known of a device.
fn report(index: u32) -> Result<DeviceReport> {
    let name = driver::name(index)?;
    let (major, minor) = (
        driver::attribute(index, Attribute::CapabilityMajor)?,
        driver::attribute(index, Attribute::CapabilityMinor)?,
    );
    let n_multiprocessors = driver::attribute(index, Attribute::Multiprocessors)?;
    let version = driver::version()?;
    Ok(DeviceReport {
        id: format!("cuda:{index}"),
        kind: DeviceKind::Cuda,
        // So does the one that the tests bring call itself.
        is_software: name.contains("simulator"),
        name,
        driver: Some(format!(
            "CUDA driver {}.{}",
            version / 1000,
            version % 1000 / 10
        )),
        memory_bytes: Some(driver::total_memory(index)? as u64),
        details: vec![
            format!("compute capability {major}.{minor}"),
            format!("{n_multiprocessors} multiprocessors"),
            format!("PCI {}", driver::pci_address(index)?),
        ],
    })
}

/// One device.
#[derive(Debug)]
struct CudaBackend {
    report: DeviceReport,
    context: Arc<PrimaryContext>,
    ordinal: u32,
    n_multiprocessors: u32,
}

impl Backend for CudaBackend {
    fn report(&self) -> &DeviceReport {
        &self.report
    }

    fn refuses(&self, _: &Kernel) -> Option<&'static str> {
        None
    }

    fn lane(&self, program: &Program) -> Result<Arc<dyn Lane>> {
        let tables = Tables::new(program);
        let size = DeviceSize {
            ordinal: self.ordinal,
            n_multiprocessors: self.n_multiprocessors,
            memory_bytes: self.report.memory_bytes.unwrap_or(u64::MAX),
        };
        let machine = Machine::new(&self.context, (program, &tables), size)?;
        Ok(Arc::new(GpuLane::new(machine, program, tables)?))
    }
}
