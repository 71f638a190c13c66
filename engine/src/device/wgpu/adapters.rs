//! The adapters of this machine, and the backend over one of them.

use std::sync::{Arc, Mutex, PoisonError};

use fuelrail_kernels::Kernel;
use wgpu::{Adapter, AdapterInfo, Backends, DeviceType, Instance, InstanceDescriptor};

use super::block_on::block_on;
use super::health::same_process;
use super::opened::OpenedDevice;
use super::prepared::Prepared;
use crate::device::program::Program;
use crate::device::slot::GpuLane;
use crate::device::tables::Tables;
use crate::device::{Backend, DeviceKind, DeviceReport, Lane};
use crate::error::Result;

/// Whether drivers that run on the processor are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Software {
    /// They are not.
    Without,
    /// They are, as `wgpu:software`, behind all others.
    With,
}

/// One adapter. It is opened when the first lane is asked for; the same device
/// then serves all lanes.
#[derive(Debug)]
pub(crate) struct WgpuBackend {
    report: DeviceReport,
    adapter: Adapter,
    /// The process that listed it.
    process: u32,
    opened: Mutex<Option<Arc<OpenedDevice>>>,
}

/// All adapters: `wgpu:0`, `wgpu:1` and so on, discrete ones first, then
/// integrated, then others; none is opened.
///
/// Without a driver the list is empty.
pub(crate) fn backends(software: Software) -> Vec<WgpuBackend> {
    let wanted = Backends::VULKAN | Backends::METAL | Backends::DX12;
    // An instance without any interface would be a panic.
    let wanted = wanted & Instance::enabled_backend_features();
    if wanted.is_empty() {
        return Vec::new();
    }
    let instance = Instance::new(InstanceDescriptor {
        backends: wanted,
        flags: wgpu::InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let mut adapters: Vec<(AdapterInfo, Adapter)> = block_on(instance.enumerate_adapters(wanted))
        .into_iter()
        .map(|adapter| (adapter.get_info(), adapter))
        .filter(|(info, _)| info.device_type != DeviceType::Cpu || software == Software::With)
        .collect();
    // Drivers list devices in an order of their own, which is kept within a rank.
    adapters.sort_by_key(|(info, _)| rank(info.device_type));
    let mut n_software = 0;
    let backend = |(index, (info, adapter)): (usize, (AdapterInfo, Adapter))| {
        let id = match (info.device_type, n_software) {
            (DeviceType::Cpu, 0) => "wgpu:software".to_owned(),
            (DeviceType::Cpu, more) => format!("wgpu:software:{more}"),
            _ => format!("wgpu:{index}"),
        };
        n_software += usize::from(info.device_type == DeviceType::Cpu);
        WgpuBackend {
            report: report(id, &info),
            adapter,
            process: std::process::id(),
            opened: Mutex::new(None),
        }
    };
    adapters.into_iter().enumerate().map(backend).collect()
}

/// Which adapters come first.
fn rank(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

fn report(id: String, info: &AdapterInfo) -> DeviceReport {
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => "discrete",
        DeviceType::IntegratedGpu => "integrated",
        DeviceType::VirtualGpu => "virtual",
        DeviceType::Other => "of an unknown type",
        DeviceType::Cpu => "software",
    };
    let driver = format!("{} {}", info.driver, info.driver_info);
    let mut details = vec![info.backend.to_string(), kind.to_owned()];
    if info.device_type != DeviceType::Cpu {
        details.push(format!("PCI {:04x}:{:04x}", info.vendor, info.device));
    }
    if !info.device_pci_bus_id.is_empty() {
        details.push(format!("at {}", info.device_pci_bus_id));
    }
    DeviceReport {
        id,
        kind: DeviceKind::Wgpu,
        name: info.name.clone(),
        driver: Some(driver.trim().to_owned()).filter(|driver| !driver.is_empty()),
        memory_bytes: None,
        is_software: info.device_type == DeviceType::Cpu,
        details,
    }
}

impl WgpuBackend {
    /// The device, opened now if it was not yet. One that was lost is not
    /// opened again: what made it fail would do so again.
    pub(super) fn gpu(&self) -> Result<Arc<OpenedDevice>> {
        same_process(&self.report.id, self.process)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gpu) = &*opened {
            gpu.health().check()?;
            return Ok(Arc::clone(gpu));
        }
        let gpu = Arc::new(OpenedDevice::open(&self.adapter, &self.report.id)?);
        *opened = Some(Arc::clone(&gpu));
        Ok(gpu)
    }
}

impl Backend for WgpuBackend {
    fn report(&self) -> &DeviceReport {
        &self.report
    }

    fn refuses(&self, kernel: &Kernel) -> Option<&'static str> {
        kernel.is_wide().then_some("wgpu has no 64-bit numbers")
    }

    fn lane(&self, program: &Program) -> Result<Arc<dyn Lane>> {
        let tables = Tables::new(program);
        let prepared = Prepared::new(self.gpu()?, program, &tables)?;
        Ok(Arc::new(GpuLane::new(prepared, program, tables)?))
    }
}
