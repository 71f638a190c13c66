//! The memory of a slot, and what the device does with it.
//!
//! All that goes up is one buffer, the items with records and jobs behind them,
//! copied out of staging memory that is mapped as long as the slot is free; all
//! that comes down is one too. A batch is one submission, and one more where
//! only the device knows how long rows have become.

use std::ops::Range;
use std::sync::Arc;

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindingResource, Buffer, BufferBinding,
    BufferDescriptor, BufferSize, BufferUsages, BufferView, CommandEncoder,
    CommandEncoderDescriptor, ComputePassDescriptor, MapMode,
};

use super::opened::{OpenedDevice, refused};
use super::pending::{Mappings, Pending};
use super::prepared::Prepared;
use crate::device::schedule::{self, ALIGN, Launch, LaunchSchedule};
use crate::error::{Error, Result};

/// From here on, memory is had in steps of this many bytes.
const LARGE: usize = 32 << 20;

/// The memory of a slot.
#[derive(Debug, Default)]
pub(super) struct WgpuRoom {
    /// None before its first use, and after one that failed: nobody knows what
    /// they are in the midst of then.
    buffers: Option<Buffers>,
    /// What came down, while it is read.
    view: Option<BufferView>,
}

#[derive(Debug)]
struct Buffers {
    /// Mapped but while a submission uses it.
    staging: Buffer,
    /// What is in staging, on the device.
    input: Buffer,
    /// Those between, and scratch.
    between: [Option<Buffer>; 3],
    output: Buffer,
    /// What is in the output, on the host; mapped while it is read.
    readback: Buffer,
    /// The bytes of it that this batch has.
    down: u64,
    /// A submission that nobody has waited for yet.
    pending: Option<Pending>,
}

/// The bytes of a slot's buffers for one schedule.
struct Sizes {
    up: usize,
    between: [usize; 3],
    down: usize,
}

impl Sizes {
    fn of(schedule: &LaunchSchedule) -> Self {
        let [_, even, odd, scratch, _] = schedule.len_bytes;
        Self {
            up: schedule.len_up(),
            between: [even, odd, scratch],
            down: schedule.flags.end.next_multiple_of(ALIGN),
        }
    }
}

/// What is asked for where `size` bytes are needed, so that batches that grow
/// step by step do not each need new buffers.
fn grown(size: usize) -> usize {
    if size > LARGE {
        size.next_multiple_of(LARGE)
    } else {
        size.max(ALIGN).next_power_of_two()
    }
}

impl Buffers {
    fn new(opened: &OpenedDevice, sizes: &Sizes) -> Result<Self> {
        let (up, down) = (grown(sizes.up), grown(sizes.down));
        let staging = opened.run("cannot have memory to fill", || {
            opened.device().create_buffer(&BufferDescriptor {
                label: None,
                size: up as u64,
                usage: BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            })
        })?;
        let mut between = [None, None, None];
        for (buffer, &size) in between.iter_mut().zip(&sizes.between) {
            if size > 0 {
                *buffer = Some(opened.buffer(BufferUsages::STORAGE, grown(size))?);
            }
        }
        Ok(Self {
            staging,
            input: opened.buffer(BufferUsages::STORAGE | BufferUsages::COPY_DST, up)?,
            between,
            output: opened.buffer(
                BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                down,
            )?,
            readback: opened.buffer(BufferUsages::MAP_READ | BufferUsages::COPY_DST, down)?,
            down: 0,
            pending: None,
        })
    }

    fn fit(&self, sizes: &Sizes) -> bool {
        let has = |buffer: Option<&Buffer>| buffer.map_or(0, Buffer::size);
        let mut between = self.between.iter().zip(sizes.between);
        has(Some(&self.staging)) >= sizes.up as u64
            && has(Some(&self.output)) >= sizes.down as u64
            && between.all(|(buffer, size)| has(buffer.as_ref()) >= size as u64)
    }

    fn buffer(&self, which: schedule::SlotBuffer) -> Option<&Buffer> {
        match which {
            schedule::SlotBuffer::Src => Some(&self.input),
            schedule::SlotBuffer::Between(which) => self.between[which].as_ref(),
            schedule::SlotBuffer::Scratch => self.between[2].as_ref(),
            schedule::SlotBuffer::Dst => Some(&self.output),
        }
    }

    /// Everything the device does for the batch.
    fn encode(
        &self,
        prepared: &Prepared,
        schedule: &LaunchSchedule,
        encoder: &mut CommandEncoder,
    ) -> Result<()> {
        let up = schedule.len_up() as u64;
        encoder.copy_buffer_to_buffer(&self.staging, 0, &self.input, 0, up);
        let Range { start, end } = schedule.flags;
        encoder.clear_buffer(&self.output, start as u64, Some((end - start) as u64));
        self.encode_launches(prepared, schedule, encoder)?;
        self.encode_down(&schedule.first_down(), encoder);
        Ok(())
    }

    fn encode_launches(
        &self,
        prepared: &Prepared,
        schedule: &LaunchSchedule,
        encoder: &mut CommandEncoder,
    ) -> Result<()> {
        let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
        for launch in &schedule.launches {
            let missing = || Error::internal("a launch without its buffers");
            let pipeline = prepared.pipeline(launch.entry).ok_or_else(missing)?;
            let group = self.bind(prepared, schedule, launch).ok_or_else(missing)?;
            let workgroups = launch.n_threads.div_ceil(fuelrail_kernels::GROUP);
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &group, &[]);
            let x = workgroups.clamp(1, prepared.max_workgroups);
            pass.dispatch_workgroups(x, launch.n_jobs, 1);
        }
        Ok(())
    }

    fn encode_down(&self, ranges: &[Range<usize>], encoder: &mut CommandEncoder) {
        for range in ranges {
            let (begin, end) = (range.start as u64, range.end.next_multiple_of(4) as u64);
            let (from, to) = (&self.output, &self.readback);
            encoder.copy_buffer_to_buffer(from, begin, to, begin, end - begin);
        }
    }

    /// What an entry of a launch is bound to.
    fn bind(
        &self,
        prepared: &Prepared,
        schedule: &LaunchSchedule,
        launch: &Launch,
    ) -> Option<BindGroup> {
        let behind = schedule.len_bytes[schedule::SlotBuffer::Src.index()];
        let up = |range: &Range<usize>| {
            let range = behind + range.start..behind + range.end;
            binding(&self.input, range)
        };
        let whole = |which: schedule::SlotBuffer| {
            let range = 0..schedule.len_bytes[which.index()];
            Some(binding(self.buffer(which)?, range))
        };
        let tables = || prepared.tables.as_entire_binding();
        // Where an entry looks at nothing, it is bound to the tables.
        let bound = [
            up(&launch.jobs),
            if schedule.params.is_empty() {
                tables()
            } else {
                up(&schedule.params)
            },
            tables(),
            whole(launch.src)?,
            match launch.aux {
                None => tables(),
                Some(aux) => whole(aux)?,
            },
            whole(launch.dst)?,
            binding(&self.output, schedule.flags.clone()),
        ];
        let entries: Vec<BindGroupEntry<'_>> = (0..)
            .zip(bound)
            .map(|(binding, resource)| BindGroupEntry { binding, resource })
            .collect();
        let opened = &prepared.opened;
        Some(opened.device().create_bind_group(&BindGroupDescriptor {
            label: None,
            layout: opened.bindings(),
            entries: &entries,
        }))
    }

    /// Submits, and asks for both mappings that come after.
    fn submit(&self, prepared: &Prepared, schedule: &LaunchSchedule) -> Result<Pending> {
        self.staging.unmap();
        let opened = &prepared.opened;
        let mut encoder = encoder(opened);
        self.encode(prepared, schedule, &mut encoder)?;
        let submission = opened.queue().submit([encoder.finish()]);
        let landing = Arc::new(Mappings::of(2));
        self.map_readback(&landing);
        let staging = Arc::clone(&landing);
        let write = self.staging.slice(..);
        write.map_async(MapMode::Write, move |mapped| staging.land(&mapped));
        Ok(Pending {
            submission,
            landing,
        })
    }

    /// Submits copies down alone.
    fn submit_down(&self, opened: &OpenedDevice, ranges: &[Range<usize>]) -> Pending {
        self.readback.unmap();
        let mut encoder = encoder(opened);
        self.encode_down(ranges, &mut encoder);
        let submission = opened.queue().submit([encoder.finish()]);
        let landing = Arc::new(Mappings::of(1));
        self.map_readback(&landing);
        Pending {
            submission,
            landing,
        }
    }

    fn map_readback(&self, landing: &Arc<Mappings>) {
        let landing = Arc::clone(landing);
        let read = self.readback.slice(..self.down);
        read.map_async(MapMode::Read, move |mapped| landing.land(&mapped));
    }
}

fn encoder(opened: &OpenedDevice) -> CommandEncoder {
    let descriptor = CommandEncoderDescriptor::default();
    opened.device().create_command_encoder(&descriptor)
}

fn binding(buffer: &Buffer, range: Range<usize>) -> BindingResource<'_> {
    BindingResource::Buffer(BufferBinding {
        buffer,
        offset: range.start as u64,
        size: BufferSize::new(range.len().next_multiple_of(4) as u64),
    })
}

fn missing() -> Error {
    Error::internal("a slot without memory")
}

impl WgpuRoom {
    /// See [`crate::device::slot::Gpu::fit`].
    pub(super) fn fit(&mut self, opened: &OpenedDevice, schedule: &LaunchSchedule) -> Result<()> {
        let sizes = Sizes::of(schedule);
        // Taken out, so that buffers are dropped where anything fails.
        let mut buffers = match self.buffers.take() {
            Some(buffers) if buffers.fit(&sizes) => buffers,
            _ => Buffers::new(opened, &sizes)?,
        };
        buffers.down = sizes.down as u64;
        // A ticket was dropped, and this is the first to need what it used.
        if let Some(pending) = buffers.pending.take() {
            pending.settle(opened)?;
            opened.run("cannot unmap a slot", || buffers.readback.unmap())?;
        }
        self.buffers = Some(buffers);
        Ok(())
    }

    /// Copies into staging memory at a multiple of 8 bytes.
    pub(super) fn write(
        &mut self,
        opened: &OpenedDevice,
        begin: usize,
        bytes: &[u8],
    ) -> Result<()> {
        let staging = &self.buffers.as_ref().ok_or_else(missing)?.staging;
        // What a range has beyond the last number is within its region.
        let range = begin as u64..(begin + bytes.len().next_multiple_of(4)) as u64;
        let copied = opened.run("cannot write to a slot", || {
            let view = staging.get_mapped_range_mut(range);
            view.map(|mut view| view.slice(..bytes.len()).copy_from_slice(bytes))
        })?;
        copied.map_err(|error| refused("cannot write to a slot", error))
    }

    /// See [`crate::device::slot::Gpu::start`].
    pub(super) fn start(&mut self, prepared: &Prepared, schedule: &LaunchSchedule) -> Result<()> {
        let mut buffers = self.buffers.take().ok_or_else(missing)?;
        let opened = &prepared.opened;
        let submit = || buffers.submit(prepared, schedule);
        buffers.pending = Some(opened.run("cannot start a batch", submit)??);
        self.buffers = Some(buffers);
        Ok(())
    }

    /// See [`crate::device::slot::Gpu::fetch`].
    pub(super) fn fetch(&mut self, opened: &OpenedDevice, ranges: &[Range<usize>]) -> Result<()> {
        self.view = None;
        let mut buffers = self.buffers.take().ok_or_else(missing)?;
        let submit = || buffers.submit_down(opened, ranges);
        buffers.pending = Some(opened.run("cannot fetch rows", submit)?);
        self.buffers = Some(buffers);
        Ok(())
    }

    /// See [`crate::device::slot::Gpu::wait`].
    pub(super) fn wait(&mut self, opened: &OpenedDevice) -> Result<()> {
        let mut buffers = self.buffers.take().ok_or_else(missing)?;
        buffers.pending.take().ok_or_else(missing)?.settle(opened)?;
        let mapped = opened.run("cannot read a slot", || {
            buffers.readback.get_mapped_range(..buffers.down)
        })?;
        self.view = Some(mapped.map_err(|error| refused("cannot read a slot", error))?);
        self.buffers = Some(buffers);
        Ok(())
    }

    /// See [`crate::device::slot::Gpu::read`].
    pub(super) fn read(&self, range: Range<usize>) -> &[u8] {
        let view = self.view.as_deref();
        view.and_then(|view| view.get(range)).unwrap_or_default()
    }

    /// What is pending stays so: who takes the room next waits for that.
    pub(super) fn release(&mut self, opened: &OpenedDevice) {
        if self.view.take().is_none() {
            return;
        }
        let Some(buffers) = self.buffers.take() else {
            return;
        };
        // A device that is lost has nothing to unmap.
        let unmapped = opened.run("cannot unmap a slot", || buffers.readback.unmap());
        if unmapped.is_ok() {
            self.buffers = Some(buffers);
        }
    }
}
