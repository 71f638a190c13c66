//! A slot of a lane: filled, on its way, and read.
//!
//! All that goes up is one buffer, the items and the jobs behind them, copied
//! out of staging memory that is mapped as long as the slot is free; all that
//! comes down is one too, the items and the flags behind them. A batch is one
//! submission.

use std::ops::Range;
use std::sync::Arc;

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindingResource, Buffer, BufferBinding,
    BufferDescriptor, BufferSize, BufferUsages, BufferView, CommandEncoder,
    CommandEncoderDescriptor, ComputePassDescriptor, MapMode,
};

use super::gpu::{Gpu, refused};
use super::pending::{Landing, Pending};
use super::shared::{Ready, Shared};
use crate::device::ring::Taken;
use crate::device::schedule::{self, ALIGN, Launch, Schedule};
use crate::device::{Outputs, Slot, Ticket};
use crate::error::{Error, Result};

/// Numbers of 32 bits that a workgroup writes in one round.
const NUMBERS_A_WORKGROUP: u32 = 256 * 4;

/// From here on, memory is had in steps of this many bytes.
const LARGE: usize = 32 << 20;

/// The memory of a slot, between uses.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// None before its first use, and after one that failed.
    buffers: Option<Buffers>,
}

#[derive(Debug)]
struct Buffers {
    /// Mapped but while a submission uses it.
    staging: Buffer,
    /// What is in staging, on the device.
    input: Buffer,
    between: [Option<Buffer>; 2],
    output: Buffer,
    /// What is in the output, on the host; mapped while it is read.
    readback: Buffer,
    /// A submission that nobody has waited for yet.
    pending: Option<Pending>,
}

/// The bytes of a slot's buffers for one schedule.
struct Sizes {
    up: usize,
    between: [usize; 2],
    down: usize,
}

impl Sizes {
    fn of(schedule: &Schedule) -> Self {
        let [src, even, odd, dst] = schedule.len_bytes;
        Self {
            up: src + schedule.jobs.len().next_multiple_of(4),
            between: [even, odd],
            down: dst + flags_bytes(schedule),
        }
    }
}

/// One word a chain, behind the output, in whole regions.
fn flags_bytes(schedule: &Schedule) -> usize {
    (schedule.dst.len() * 4).next_multiple_of(ALIGN)
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
    fn new(gpu: &Gpu, sizes: &Sizes) -> Result<Self> {
        let (up, down) = (grown(sizes.up), grown(sizes.down));
        let staging = gpu.run("cannot have memory to fill", || {
            gpu.device().create_buffer(&BufferDescriptor {
                label: None,
                size: up as u64,
                usage: BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            })
        })?;
        let mut between = [None, None];
        for (buffer, &size) in between.iter_mut().zip(&sizes.between) {
            if size > 0 {
                *buffer = Some(gpu.buffer(BufferUsages::STORAGE, grown(size))?);
            }
        }
        Ok(Self {
            staging,
            input: gpu.buffer(BufferUsages::STORAGE | BufferUsages::COPY_DST, up)?,
            between,
            output: gpu.buffer(
                BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                down,
            )?,
            readback: gpu.buffer(BufferUsages::MAP_READ | BufferUsages::COPY_DST, down)?,
            pending: None,
        })
    }

    fn fit(&self, sizes: &Sizes) -> bool {
        let has = |buffer: Option<&Buffer>| buffer.map_or(0, Buffer::size);
        has(Some(&self.staging)) >= sizes.up as u64
            && has(Some(&self.output)) >= sizes.down as u64
            && has(self.between[0].as_ref()) >= sizes.between[0] as u64
            && has(self.between[1].as_ref()) >= sizes.between[1] as u64
    }

    fn buffer(&self, which: schedule::Buffer) -> Option<&Buffer> {
        match which {
            schedule::Buffer::Src => Some(&self.input),
            schedule::Buffer::Between(which) => self.between[which].as_ref(),
            schedule::Buffer::Dst => Some(&self.output),
        }
    }
}

impl Room {
    /// Makes room for a schedule, with the staging memory mapped.
    fn prepare(&mut self, gpu: &Gpu, schedule: &Schedule) -> Result<()> {
        let sizes = Sizes::of(schedule);
        // Taken out, so that buffers are dropped where anything fails.
        let mut buffers = match self.buffers.take() {
            Some(buffers) if buffers.fit(&sizes) => buffers,
            _ => Buffers::new(gpu, &sizes)?,
        };
        // A ticket was dropped, and this is the first to need what it used.
        if let Some(pending) = buffers.pending.take() {
            pending.settle(gpu)?;
            gpu.run("cannot unmap a slot", || buffers.readback.unmap())?;
        }
        self.buffers = Some(buffers);
        Ok(())
    }

    fn buffers(&mut self) -> Result<&mut Buffers> {
        let missing = || Error::internal("a slot without memory");
        self.buffers.as_mut().ok_or_else(missing)
    }
}

/// See [`Slot`].
#[derive(Debug)]
pub(super) struct WgpuSlot {
    room: Taken<Room>,
    shared: Arc<Shared>,
    schedule: Schedule,
}

impl WgpuSlot {
    pub(super) fn new(
        shared: Arc<Shared>,
        mut room: Taken<Room>,
        schedule: Schedule,
    ) -> Result<Self> {
        room.prepare(&shared.gpu, &schedule)?;
        Ok(Self {
            room,
            shared,
            schedule,
        })
    }

    /// Copies into staging memory at a multiple of 8 bytes.
    fn stage(&mut self, begin: usize, src: &[u8]) -> Result<()> {
        let Self { room, shared, .. } = self;
        let staging = &room.buffers()?.staging;
        // What a range has beyond the last number is within its region.
        let range = begin as u64..(begin + src.len().next_multiple_of(4)) as u64;
        let copied = shared.gpu.run("cannot write to a slot", || {
            let view = staging.get_mapped_range_mut(range);
            view.map(|mut view| view.slice(..src.len()).copy_from_slice(src))
        })?;
        copied.map_err(|error| refused("cannot write to a slot", error))
    }

    /// Everything the device does for the batch.
    fn encode(&self, buffers: &Buffers, encoder: &mut CommandEncoder) -> Result<()> {
        self.encode_up(buffers, encoder);
        self.encode_kernels(buffers, encoder)?;
        self.encode_down(buffers, encoder);
        Ok(())
    }

    fn encode_up(&self, buffers: &Buffers, encoder: &mut CommandEncoder) {
        let up = self.len_up() as u64;
        encoder.copy_buffer_to_buffer(&buffers.staging, 0, &buffers.input, 0, up);
        let dst = self.schedule.len_bytes[schedule::Buffer::Dst.index()];
        let flags = (self.len_down() - dst) as u64;
        encoder.clear_buffer(&buffers.output, dst as u64, Some(flags));
    }

    fn encode_kernels(&self, buffers: &Buffers, encoder: &mut CommandEncoder) -> Result<()> {
        let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
        for launch in &self.schedule.launches {
            let (ready, group) = self
                .bind(buffers, launch)
                .ok_or_else(|| Error::internal("a launch without its buffers"))?;
            let workgroups = launch.most_numbers.div_ceil(NUMBERS_A_WORKGROUP);
            pass.set_pipeline(&ready.pipeline);
            pass.set_bind_group(0, &group, &[]);
            let x = workgroups.clamp(1, self.shared.max_workgroups);
            pass.dispatch_workgroups(x, launch.n_jobs, 1);
        }
        Ok(())
    }

    fn encode_down(&self, buffers: &Buffers, encoder: &mut CommandEncoder) {
        let down = self.len_down() as u64;
        encoder.copy_buffer_to_buffer(&buffers.output, 0, &buffers.readback, 0, down);
    }

    /// Bytes that go up.
    fn len_up(&self) -> usize {
        Sizes::of(&self.schedule).up
    }

    /// Bytes that come down.
    fn len_down(&self) -> usize {
        Sizes::of(&self.schedule).down
    }

    /// The jobs go behind the items.
    fn stage_jobs(&mut self) -> Result<()> {
        let jobs = std::mem::take(&mut self.schedule.jobs);
        let begin = self.schedule.len_bytes[schedule::Buffer::Src.index()];
        let staged = self.stage(begin, &jobs);
        self.schedule.jobs = jobs;
        staged
    }

    /// The entry of a launch and what it is bound to.
    fn bind(&self, buffers: &Buffers, launch: &Launch) -> Option<(&Ready, BindGroup)> {
        let entries = &self.shared.entries;
        let ready = entries.iter().find(|ready| ready.entry == launch.entry)?;
        let len_bytes = self.schedule.len_bytes;
        let src = len_bytes[schedule::Buffer::Src.index()];
        let dst = len_bytes[schedule::Buffer::Dst.index()];
        let jobs = src + launch.jobs.start..src + launch.jobs.end;
        let flags = dst..dst + flags_bytes(&self.schedule);
        let whole = |which: schedule::Buffer| {
            let range = 0..len_bytes[which.index()];
            Some(binding(buffers.buffer(which)?, range))
        };
        let unused = || self.shared.tables.as_entire_binding();
        let bound = [
            binding(&buffers.input, jobs),
            unused(),
            self.shared.tables.as_entire_binding(),
            whole(launch.from)?,
            unused(),
            whole(launch.to)?,
            binding(&buffers.output, flags),
        ];
        let entries: Vec<BindGroupEntry<'_>> = (0..)
            .zip(bound)
            .map(|(binding, resource)| BindGroupEntry { binding, resource })
            .collect();
        let device = self.shared.gpu.device();
        let group = device.create_bind_group(&BindGroupDescriptor {
            label: None,
            layout: self.shared.gpu.bindings(),
            entries: &entries,
        });
        Some((ready, group))
    }

    /// Submits, and asks for both mappings that come after.
    fn start(&self, buffers: &Buffers) -> Result<Pending> {
        let gpu = &self.shared.gpu;
        buffers.staging.unmap();
        let descriptor = CommandEncoderDescriptor::default();
        let mut encoder = gpu.device().create_command_encoder(&descriptor);
        self.encode(buffers, &mut encoder)?;
        let submission = gpu.queue().submit([encoder.finish()]);
        let landing = Arc::new(Landing::default());
        let down = Sizes::of(&self.schedule).down as u64;
        let readback = Arc::clone(&landing);
        let read = buffers.readback.slice(..down);
        read.map_async(MapMode::Read, move |mapped| readback.land(&mapped));
        let staging = Arc::clone(&landing);
        let write = buffers.staging.slice(..);
        write.map_async(MapMode::Write, move |mapped| staging.land(&mapped));
        Ok(Pending {
            submission,
            landing,
        })
    }
}

fn binding(buffer: &Buffer, range: Range<usize>) -> BindingResource<'_> {
    BindingResource::Buffer(BufferBinding {
        buffer,
        offset: range.start as u64,
        size: BufferSize::new(range.len() as u64),
    })
}

impl Slot for WgpuSlot {
    fn write(&mut self, chain: usize, src: &[u8]) -> Result<()> {
        let range = self.schedule.src.get(chain).cloned().unwrap_or_default();
        if range.len() != src.len() {
            return Err(Error::internal(format!(
                "expected {} bytes for column {chain} of a slot, got {}",
                range.len(),
                src.len()
            )));
        }
        if src.is_empty() {
            return Ok(());
        }
        self.stage(range.start, src)
    }

    fn submit(mut self: Box<Self>) -> Result<Box<dyn Ticket>> {
        if !self.schedule.launches.is_empty() {
            self.stage_jobs()?;
            // Taken out: after a failure nobody knows what they are in the
            // midst of.
            let missing = || Error::internal("a slot without memory");
            let mut buffers = self.room.buffers.take().ok_or_else(missing)?;
            let gpu = &self.shared.gpu;
            let pending = gpu.run("cannot start a batch", || self.start(&buffers))??;
            buffers.pending = Some(pending);
            self.room.buffers = Some(buffers);
        }
        let Self {
            room,
            shared,
            schedule,
        } = *self;
        Ok(Box::new(WgpuTicket {
            room,
            shared,
            schedule,
        }))
    }
}

/// See [`Ticket`]. Dropped, its room goes back with what is pending in it; who
/// takes it next waits for that.
#[derive(Debug)]
struct WgpuTicket {
    room: Taken<Room>,
    shared: Arc<Shared>,
    schedule: Schedule,
}

impl Ticket for WgpuTicket {
    fn wait(mut self: Box<Self>) -> Result<Box<dyn Outputs>> {
        let mut view = None;
        if !self.schedule.launches.is_empty() {
            let gpu = &self.shared.gpu;
            let missing = || Error::internal("a slot without memory");
            let mut buffers = self.room.buffers.take().ok_or_else(missing)?;
            let pending = buffers.pending.take().ok_or_else(missing)?;
            pending.settle(gpu)?;
            let down = Sizes::of(&self.schedule).down as u64;
            let mapped = gpu.run("cannot read a slot", || {
                buffers.readback.get_mapped_range(..down)
            })?;
            view = Some(mapped.map_err(|error| refused("cannot read a slot", error))?);
            self.room.buffers = Some(buffers);
        }
        let Self {
            room,
            shared,
            schedule,
        } = *self;
        Ok(Box::new(WgpuOutputs {
            view,
            room,
            shared,
            schedule,
        }))
    }
}

/// See [`Outputs`].
#[derive(Debug)]
struct WgpuOutputs {
    /// None for a batch without items.
    view: Option<BufferView>,
    room: Taken<Room>,
    shared: Arc<Shared>,
    schedule: Schedule,
}

impl Outputs for WgpuOutputs {
    fn dst(&self, chain: usize) -> &[u8] {
        let range = self.schedule.dst.get(chain).cloned().unwrap_or_default();
        match &self.view {
            Some(view) => &view[range],
            None => &[],
        }
    }

    fn overflowed(&self, chain: usize) -> bool {
        let begin = self.schedule.len_bytes[schedule::Buffer::Dst.index()] + chain * 4;
        let flag = self
            .view
            .as_ref()
            .and_then(|view| view.get(begin..begin + 4));
        flag.is_some_and(|flag| flag != [0; 4])
    }
}

impl Drop for WgpuOutputs {
    fn drop(&mut self) {
        if self.view.take().is_none() {
            return;
        }
        let Some(buffers) = self.room.buffers.take() else {
            return;
        };
        // A device that is lost has nothing to unmap.
        let unmapped = self
            .shared
            .gpu
            .run("cannot unmap a slot", || buffers.readback.unmap());
        if unmapped.is_ok() {
            self.room.buffers = Some(buffers);
        }
    }
}
