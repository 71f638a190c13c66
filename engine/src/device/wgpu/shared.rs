//! What the slots of a lane share.

use std::sync::Arc;

use wgpu::{BindGroupLayout, Buffer, ComputePipeline};

use super::gpu::Gpu;
use crate::device::program::Program;
use crate::device::schedule::{Entry, Tables};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gpu: Arc<Gpu>,
    pub(super) entries: Vec<Ready>,
    /// The tables of all images; `None` if there are none.
    pub(super) tables: Option<Buffer>,
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
    pub(super) layout: BindGroupLayout,
}
