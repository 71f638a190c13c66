//! What is known of a device.

use serde::Serialize;

/// The interfaces to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// NVIDIA's driver.
    Cuda,
    /// Vulkan, Metal or DX12.
    Wgpu,
}

/// One device of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// What users call it: `cpu:avx2`, `cuda:0`, `wgpu:1`.
    pub id: String,
    /// The interface.
    pub kind: DeviceKind,
    /// What its maker calls it.
    pub name: String,
    /// Its driver and version, where there is one.
    pub driver: Option<String>,
    /// Its memory in bytes, where that is known.
    pub memory_bytes: Option<u64>,
    /// Whether software stands in for hardware.
    pub is_software: bool,
    /// Whatever else helps to tell it from others, in words: compute
    /// capability, PCI address, type of adapter.
    pub details: Vec<String>,
}
