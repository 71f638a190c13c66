//! Vulkan, Metal and DX12 through wgpu.
//!
//! [`adapters`](backends) are listed without being opened; [`gpu`] is one that
//! is, with its pipelines; [`lane`] a program on it, with its ring of
//! [`slot`]s. [`health`] remembers why a device can no longer be used, so that
//! every call after its loss fails at once.

mod adapters;
mod block_on;
mod choose;
mod gpu;
mod health;
mod lane;
mod pending;
mod shaders;
mod shared;
mod slot;

#[cfg(test)]
mod tests;

pub(super) use choose::{list, open, open_software};
