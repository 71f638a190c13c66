//! What the slots of a lane share.

use std::sync::Arc;

use fuelrail_kernels::Entry;
use wgpu::{Buffer, ComputePipeline};

use super::gpu::Gpu;
use crate::device::program::Program;
use crate::device::schedule::Tables;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gpu: Arc<Gpu>,
    pub(super) entries: Vec<Ready>,
    /// The constants and tables of all kernels.
    pub(super) tables: Buffer,
    /// Workgroups that one dispatch may have along x.
    pub(super) max_workgroups: u32,
    pub(super) program: Program,
    pub(super) words: Tables,
}

/// An entry that is compiled.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) entry: Entry,
    pub(super) pipeline: ComputePipeline,
}
