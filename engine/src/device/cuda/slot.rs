//! A slot on its way: filled, under way, read.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::super::ring::Taken;
use super::super::schedule::Schedule;
use super::super::{Outputs, Slot, Ticket};
use super::machine::Machine;
use super::room::Room;
use crate::error::{Error, Result};

/// A slot, whatever becomes of it next. Dropped in whatever state, it waits
/// until the device is done with its memory.
struct Held {
    machine: Arc<Machine>,
    room: Taken<Room>,
    schedule: Schedule,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.room.fmt(f)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.settle(&self.machine);
    }
}

/// A slot that is being filled.
#[derive(Debug)]
pub(super) struct CudaSlot {
    held: Held,
    /// Whether each chain has its items; those without any have them.
    written: Vec<bool>,
}

impl CudaSlot {
    /// `room` has memory for `schedule`.
    pub(super) fn new(machine: Arc<Machine>, room: Taken<Room>, schedule: Schedule) -> Self {
        Self {
            written: schedule.src.iter().map(Range::is_empty).collect(),
            held: Held {
                machine,
                room,
                schedule,
            },
        }
    }
}

impl Slot for CudaSlot {
    fn write(&mut self, chain: usize, src: &[u8]) -> Result<()> {
        let range = self.held.schedule.src.get(chain).cloned();
        let range = range.filter(|range| range.len() == src.len());
        let Some(range) = range else {
            return Err(Error::internal(format!(
                "chain {chain} was given {} bytes that it did not ask for",
                src.len()
            )));
        };
        if !src.is_empty() {
            self.held.room.src_mut(range)?.copy_from_slice(src);
        }
        self.written[chain] = true;
        Ok(())
    }

    fn submit(mut self: Box<Self>) -> Result<Box<dyn Ticket>> {
        if let Some(chain) = self.written.iter().position(|written| !written) {
            return Err(Error::internal(format!("chain {chain} was never written")));
        }
        let Held {
            machine,
            room,
            schedule,
        } = &mut self.held;
        machine.sound()?;
        let is_started = !schedule.launches.is_empty();
        if is_started {
            room.start(machine, schedule)
                .inspect_err(|error| machine.poison(error))?;
        }
        Ok(Box::new(CudaTicket {
            held: self.held,
            is_started,
        }))
    }
}

/// A slot that is under way.
#[derive(Debug)]
struct CudaTicket {
    held: Held,
    /// Nothing was if there are no items at all.
    is_started: bool,
}

impl Ticket for CudaTicket {
    fn wait(mut self: Box<Self>) -> Result<Box<dyn Outputs>> {
        if self.is_started {
            let Held { machine, room, .. } = &mut self.held;
            room.wait().inspect_err(|error| machine.poison(error))?;
        }
        Ok(Box::new(CudaOutputs { held: self.held }))
    }
}

/// A slot whose outcome is read.
#[derive(Debug)]
struct CudaOutputs {
    held: Held,
}

impl Outputs for CudaOutputs {
    fn dst(&self, chain: usize) -> &[u8] {
        let Held { room, schedule, .. } = &self.held;
        let range = schedule.dst.get(chain).cloned().unwrap_or_default();
        room.dst(range).unwrap_or_default()
    }

    fn overflowed(&self, chain: usize) -> bool {
        let Held { room, schedule, .. } = &self.held;
        room.flag(schedule, chain).unwrap_or_default()
    }
}
