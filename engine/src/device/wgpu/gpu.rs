//! What the life of a slot needs of a device of wgpu.

use std::ops::Range;

use super::opened::limits;
use super::prepared::Prepared;
use super::room::WgpuRoom;
use crate::device::schedule::LaunchSchedule;
use crate::device::slot::Gpu;
use crate::error::Result;

impl Gpu for Prepared {
    type Room = WgpuRoom;

    fn max_buffer(&self) -> usize {
        let limits = limits();
        let most = limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    fn check(&self) -> Result<()> {
        self.opened.health().check()
    }

    fn room(&self) -> Result<WgpuRoom> {
        Ok(WgpuRoom::default())
    }

    fn fit(&self, room: &mut WgpuRoom, schedule: &LaunchSchedule) -> Result<()> {
        room.fit(&self.opened, schedule)
    }

    fn write(&self, room: &mut WgpuRoom, begin: usize, bytes: &[u8]) -> Result<()> {
        room.write(&self.opened, begin, bytes)
    }

    fn start(&self, room: &mut WgpuRoom, schedule: &LaunchSchedule) -> Result<()> {
        room.start(self, schedule)
    }

    fn fetch(&self, room: &mut WgpuRoom, ranges: &[Range<usize>]) -> Result<()> {
        room.fetch(&self.opened, ranges)
    }

    fn wait(&self, room: &mut WgpuRoom) -> Result<()> {
        room.wait(&self.opened)
    }

    fn read<'a>(&self, room: &'a WgpuRoom, range: Range<usize>) -> &'a [u8] {
        room.read(range)
    }

    fn release(&self, room: &mut WgpuRoom) {
        room.release(&self.opened);
    }
}
