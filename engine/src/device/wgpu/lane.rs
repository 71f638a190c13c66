//! A program on a device: what is the same for every batch, and the ring.

use std::sync::Arc;

use fuelrail_kernels::Entry;
use wgpu::BufferUsages;

use super::gpu::{Gpu, limits};
use super::shared::{Ready, Shared};
use super::slot::{Room, WgpuSlot};
use crate::device::program::{Chain, Program};
use crate::device::ring::Ring;
use crate::device::schedule::{ALIGN, Schedule, Tables};
use crate::device::{Lane, Slot};
use crate::error::{Error, Result};

/// One slot is filled while another is at work and a third is read.
const N_SLOTS: usize = 3;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct WgpuLane {
    shared: Arc<Shared>,
    ring: Arc<Ring<Room>>,
}

impl WgpuLane {
    /// Compiles what the program needs and sends its tables up.
    ///
    /// # Errors
    /// `Device` where the device refuses.
    pub(super) fn new(gpu: Arc<Gpu>, program: &Program) -> Result<Self> {
        let max_workgroups = limits().max_compute_workgroups_per_dimension;
        Self::with_workgroups(gpu, program, max_workgroups)
    }

    /// The same with fewer workgroups at once than the device has.
    pub(super) fn with_workgroups(
        gpu: Arc<Gpu>,
        program: &Program,
        max_workgroups: u32,
    ) -> Result<Self> {
        if program.chains.len() > limits().max_compute_workgroups_per_dimension as usize {
            return Err(Error::device(format!(
                "{} columns at once are too many for wgpu",
                program.chains.len()
            )));
        }
        let words = Tables::new(program);
        let tables = bytemuck::cast_slice(&words.words);
        let tables = gpu.filled(BufferUsages::STORAGE, tables)?;
        let mut entries = Vec::new();
        for entry in entries_of(program) {
            let pipeline = gpu.pipeline(entry)?;
            entries.push(Ready { entry, pipeline });
        }
        let rooms = (0..N_SLOTS).map(|_| Room::default()).collect();
        Ok(Self {
            shared: Arc::new(Shared {
                gpu,
                entries,
                tables,
                max_workgroups,
                program: program.clone(),
                words,
            }),
            ring: Ring::new(rooms),
        })
    }
}

impl WgpuLane {
    /// Where all items lie, if a slot may take as many bytes.
    fn schedule(&self, n_items: &[usize]) -> Result<Schedule> {
        let Shared { program, words, .. } = &*self.shared;
        if n_items.len() != program.chains.len() {
            return Err(Error::internal("a batch with other columns"));
        }
        let schedule = Schedule::new(program, words, n_items)?;
        match schedule.len_bytes.iter().max() {
            Some(most) if *most > max_binding() => Err(Error::internal(format!(
                "a batch of {most} bytes for a slot of {}",
                max_binding()
            ))),
            _ => Ok(schedule),
        }
    }
}

/// The entries that the program's kernels run by.
fn entries_of(program: &Program) -> Vec<Entry> {
    let kernels = program.chains.iter().flat_map(Chain::kernels);
    let mut entries: Vec<Entry> = kernels.map(|(kernel, _)| Entry::of(kernel)).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// Bytes that one binding of a slot may have.
fn max_binding() -> usize {
    let limits = limits();
    let most = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    usize::try_from(most).unwrap_or(usize::MAX)
}

impl Lane for WgpuLane {
    fn max_slot_bytes(&self) -> usize {
        // Every column but the first may begin as much later.
        max_binding().saturating_sub(self.shared.program.chains.len() * ALIGN)
    }

    fn acquire(&self, n_items: &[usize]) -> Result<Box<dyn Slot>> {
        let schedule = self.schedule(n_items)?;
        self.shared.gpu.health().check()?;
        let room = self.ring.take();
        // While this waited, the device may have been lost.
        self.shared.gpu.health().check()?;
        let slot = WgpuSlot::new(Arc::clone(&self.shared), room, schedule)?;
        Ok(Box::new(slot))
    }
}
