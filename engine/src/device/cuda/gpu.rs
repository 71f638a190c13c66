//! What the life of a slot needs of a CUDA device.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use super::super::kept::Kept;
use super::super::schedule::LaunchSchedule;
use super::super::slot::Gpu;
use super::kept::CudaKept;
use super::machine::Machine;
use super::room::CudaRoom;
use crate::error::{Error, Result};

impl Gpu for Machine {
    type Room = CudaRoom;

    fn max_buffer(&self) -> usize {
        self.max_buffer
    }

    fn check(&self) -> Result<()> {
        match self.failed() {
            None => self.noted(self.context.enter()),
            Some(first) => Err(Error::device(format!(
                "this CUDA device is not used after it failed: {first}"
            ))),
        }
    }

    fn room(&self) -> Result<CudaRoom> {
        CudaRoom::new(&self.context)
    }

    fn fit(&self, room: &mut CudaRoom, schedule: &LaunchSchedule) -> Result<()> {
        self.noted(room.fit(schedule))
    }

    fn write(&self, room: &mut CudaRoom, begin: usize, bytes: &[u8]) -> Result<()> {
        let range = begin..begin + bytes.len();
        room.src_mut(range)?.copy_from_slice(bytes);
        Ok(())
    }

    fn start(&self, room: &mut CudaRoom, schedule: &LaunchSchedule) -> Result<()> {
        self.noted(room.start(self, schedule))
    }

    fn fetch(&self, room: &mut CudaRoom, ranges: &[Range<usize>]) -> Result<()> {
        self.noted(room.fetch(self, ranges))
    }

    fn wait(&self, room: &mut CudaRoom) -> Result<()> {
        self.noted(room.wait())
    }

    fn read<'a>(&self, room: &'a CudaRoom, range: Range<usize>) -> &'a [u8] {
        room.dst(range).unwrap_or_default()
    }

    fn release(&self, room: &mut CudaRoom) {
        room.settle(self);
    }

    fn keep(gpu: &Arc<Self>) -> Option<Box<dyn Kept>> {
        Some(Box::new(CudaKept::new(gpu)))
    }

    fn leave(
        &self,
        room: &mut CudaRoom,
        range: Range<usize>,
        (kept, at): (&dyn Kept, usize),
    ) -> Result<()> {
        let kept = kept.as_any().downcast_ref::<CudaKept>();
        let kept = kept.ok_or_else(|| Error::internal("memory of another device"))?;
        room.leave(range, kept.shared(self)?, at)
    }

    fn visit(&self) -> Result<Box<dyn Any>> {
        Ok(Box::new(self.context.visit()?))
    }
}
