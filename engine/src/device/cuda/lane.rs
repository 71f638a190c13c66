//! A program on a CUDA device with its ring of slots.

use std::sync::Arc;

use super::super::program::Program;
use super::super::ring::Ring;
use super::super::schedule::{Schedule, Tables};
use super::super::{Lane, Slot};
use super::driver::Context;
use super::machine::Machine;
use super::room::Room;
use super::slot::CudaSlot;
use crate::error::{Error, Result};

/// Slots of a ring: one on its way up, one at work, one on its way down.
const N_SLOTS: usize = 3;

/// Bytes of a slot at most, in each place, however large the device is.
const MAX_SLOT_BYTES: u64 = 256 << 20;

/// The places a slot takes on the device are at most this part of it, over all
/// slots: a device has other users.
const MEMORY_PART: u64 = 2 * 4 * N_SLOTS as u64;

/// A program with its ring.
#[derive(Debug)]
pub(super) struct CudaLane {
    machine: Arc<Machine>,
    program: Program,
    tables: Tables,
    ring: Arc<Ring<Room>>,
    max_slot_bytes: usize,
}

impl CudaLane {
    /// Makes ready what `program` needs; slots get their memory when they are
    /// first used.
    pub(super) fn new(
        context: &Arc<Context>,
        program: &Program,
        n_multiprocessors: u32,
        memory_bytes: u64,
    ) -> Result<Self> {
        let tables = Tables::new(program);
        let machine = Machine::new(context, program, &tables, n_multiprocessors)?;
        let rooms: Result<Vec<Room>> = (0..N_SLOTS).map(|_| Room::new(context)).collect();
        let max_slot_bytes = MAX_SLOT_BYTES.min(memory_bytes / MEMORY_PART);
        Ok(Self {
            machine: Arc::new(machine),
            program: program.clone(),
            tables,
            ring: Ring::new(rooms?),
            max_slot_bytes: usize::try_from(max_slot_bytes).unwrap_or(usize::MAX),
        })
    }

    /// Where all items lie, if a slot may take as many bytes.
    fn schedule(&self, n_items: &[usize]) -> Result<Schedule> {
        if n_items.len() != self.program.chains.len() {
            return Err(Error::internal(format!(
                "expected items for {} chains, got {}",
                self.program.chains.len(),
                n_items.len()
            )));
        }
        let chains = self.program.chains.iter().zip(n_items);
        let widest = chains.map(|(chain, n)| chain.widest_item_bytes().saturating_mul(*n));
        let widest = widest.fold(0, usize::saturating_add);
        if widest > self.max_slot_bytes {
            return Err(Error::internal(format!(
                "expected at most {} bytes in a slot, got {widest}",
                self.max_slot_bytes
            )));
        }
        Schedule::new(&self.program, &self.tables, n_items)
    }
}

impl Lane for CudaLane {
    fn max_slot_bytes(&self) -> usize {
        self.max_slot_bytes
    }

    fn acquire(&self, n_items: &[usize]) -> Result<Box<dyn Slot>> {
        self.machine.enter()?;
        let schedule = self.schedule(n_items)?;
        let mut room = self.ring.take();
        // While it waited, another slot may have failed.
        self.machine.enter()?;
        room.fit(&schedule)
            .inspect_err(|error| self.machine.poison(error))?;
        let machine = Arc::clone(&self.machine);
        Ok(Box::new(CudaSlot::new(machine, room, schedule)))
    }
}
