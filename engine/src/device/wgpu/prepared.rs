//! A program on an opened device: what is the same for every batch.

use std::sync::Arc;

use fuelrail_kernels::{DeviceKernel, Entry, Pass};
use wgpu::{Buffer, BufferUsages, ComputePipeline};

use super::opened::{OpenedDevice, limits};
use crate::device::program::Program;
use crate::device::tables::Tables;
use crate::error::{Error, Result};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) opened: Arc<OpenedDevice>,
    /// The entries that the program's kernels run by, compiled.
    entries: Vec<(Entry, ComputePipeline)>,
    /// The constants and tables of all kernels.
    pub(super) tables: Buffer,
    /// Workgroups that one dispatch may have along x.
    pub(super) max_workgroups: u32,
}

impl Prepared {
    /// Compiles what the program needs and sends its tables up.
    ///
    /// # Errors
    /// `Device` where the device refuses.
    pub(super) fn new(
        opened: Arc<OpenedDevice>,
        program: &Program,
        tables: &Tables,
    ) -> Result<Self> {
        let max_workgroups = limits().max_compute_workgroups_per_dimension;
        if program.n_columns() > max_workgroups as usize {
            return Err(Error::device(format!(
                "{} columns at once are too many for wgpu",
                program.n_columns()
            )));
        }
        let words = bytemuck::cast_slice(&tables.words);
        Ok(Self {
            tables: opened.filled(BufferUsages::STORAGE, words)?,
            entries: entries_of(program)
                .into_iter()
                .map(|entry| Ok((entry, opened.pipeline(entry)?)))
                .collect::<Result<_>>()?,
            opened,
            max_workgroups,
        })
    }

    /// The pipeline of an entry.
    pub(super) fn pipeline(&self, entry: Entry) -> Option<&ComputePipeline> {
        let mut entries = self.entries.iter();
        let (_, pipeline) = entries.find(|(found, _)| *found == entry)?;
        Some(pipeline)
    }
}

/// The entries that the program's kernels run by.
fn entries_of(program: &Program) -> Vec<Entry> {
    let passes = program.columns().flatten().flat_map(DeviceKernel::passes);
    let mut entries: Vec<Entry> = passes.map(|pass: &Pass| pass.entry).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}
