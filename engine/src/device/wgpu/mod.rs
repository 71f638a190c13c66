//! Vulkan, Metal and DX12 through wgpu.
//!
//! [`adapters`](backends) are listed without being opened; [`opened`] is one that
//! is, with its pipelines; [`prepared`] a program on it, and [`room`] the memory
//! of a slot. [`health`] remembers why a device can no longer be used, so that
//! every call after its loss fails at once.

mod adapters;
mod block_on;
mod choose;
mod gpu;
mod health;
mod opened;
mod pending;
mod prepared;
mod room;
mod shaders;

#[cfg(test)]
mod tests;

pub(super) use choose::{list, open, open_software};
