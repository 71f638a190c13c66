//! Slots of their own, filled once, whose parts are run over and over in one
//! submission.
//!
//! Not every adapter has queries that keep the time, so the clock is the
//! host's: from handing in a submission to its end, less what one without work
//! takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use wgpu::{
    Buffer, BufferDescriptor, BufferUsages, CommandBuffer, CommandEncoder, CommandEncoderDescriptor,
};

use super::gpu::{Gpu, limits, refused};
use super::lane::{N_SLOTS, Shared};
use super::slot::{Room, WgpuSlot};
use crate::device::profile::{Part, Stopwatch, fill};
use crate::device::ring::Ring;
use crate::device::schedule::Schedule;
use crate::device::{Profile, Slot};
use crate::error::Result;

/// A large copy is tried with fewer bytes where memory is short, down to these.
const LEAST_LARGE_BYTES: usize = 1 << 20;

/// Submissions without work, of which the median is what a submission costs.
const N_EMPTY: usize = 15;

/// What a measurement comes to at least, however noisy the host's clock is.
const LEAST_S: f64 = 1e-7;

/// Times the parts of a slot that has these items.
///
/// # Errors
/// `Device` where the device refuses or is lost.
pub(super) fn profile(
    shared: &Arc<Shared>,
    schedule: &Schedule,
    rounds: usize,
    large_bytes: usize,
) -> Result<Option<Profile>> {
    if schedule.launches.is_empty() {
        return Ok(None);
    }
    let mut bench = Bench::new(shared, schedule, large_bytes)?;
    crate::device::profile::profile(&mut bench, rounds).map(Some)
}

/// Memory that is only copied.
struct Large {
    staging: Buffer,
    device: Buffer,
    readback: Buffer,
    len: usize,
}

/// See the [module](self).
struct Bench {
    gpu: Arc<Gpu>,
    slots: Vec<WgpuSlot>,
    /// As many bytes as the kernels read and write, in two halves.
    halves: [Buffer; 2],
    /// Bytes of one.
    half: usize,
    large: Large,
    /// Bytes that the kernels read and write.
    worked_on: usize,
    /// What a submission without work takes.
    empty_s: f64,
}

impl Bench {
    fn new(shared: &Arc<Shared>, schedule: &Schedule, large_bytes: usize) -> Result<Self> {
        let gpu = Arc::clone(&shared.gpu);
        let ring = Ring::new((0..N_SLOTS).map(|_| Room::default()).collect());
        let mut slots = Vec::new();
        for _ in 0..N_SLOTS {
            let mut slot = WgpuSlot::new(Arc::clone(shared), ring.take(), schedule.clone())?;
            for (chain, range) in schedule.src.iter().enumerate() {
                let mut src = vec![0; range.len()];
                fill(&mut src);
                slot.write(chain, &src)?;
            }
            slot.hand_over()?;
            slots.push(slot);
        }
        let [src, even, odd, dst] = schedule.len_bytes;
        let worked_on = src + 2 * (even + odd) + dst;
        let usage = BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let half = (worked_on / 2).next_multiple_of(4);
        let mut bench = Self {
            halves: [gpu.buffer(usage, half)?, gpu.buffer(usage, half)?],
            half,
            large: Large::new(&gpu, large_bytes)?,
            slots,
            worked_on,
            empty_s: 0.0,
            gpu,
        };
        let empty: Result<Vec<f64>> = (0..N_EMPTY)
            .map(|_| bench.submit(bench.commands(Part::Copy, 0)?))
            .collect();
        let mut empty = empty?;
        empty.sort_by(f64::total_cmp);
        bench.empty_s = empty[N_EMPTY / 2];
        Ok(bench)
    }

    /// `n` repetitions of a part.
    fn commands(&self, part: Part, n: usize) -> Result<CommandBuffer> {
        self.gpu.run("cannot record what is timed", || {
            let descriptor = CommandEncoderDescriptor::default();
            let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
            for index in 0..n {
                self.encode(part, index, &mut encoder)?;
            }
            Ok(encoder.finish())
        })?
    }

    fn encode(&self, part: Part, index: usize, encoder: &mut CommandEncoder) -> Result<()> {
        let (halves, large) = (&self.halves, &self.large);
        let (from, to, len) = match part {
            Part::Copy => (&halves[0], &halves[1], self.half as u64),
            Part::LargeUp => (&large.staging, &large.device, large.len as u64),
            Part::LargeDown => (&large.device, &large.readback, large.len as u64),
            Part::Upload | Part::Kernels | Part::Download => {
                return self.slots[0].encode_part(part, encoder);
            }
            Part::Together => return self.slots[index % N_SLOTS].encode_part(part, encoder),
        };
        encoder.copy_buffer_to_buffer(from, 0, to, 0, len);
        Ok(())
    }

    /// Seconds from handing the commands in to their end.
    fn submit(&self, commands: CommandBuffer) -> Result<f64> {
        let queue = self.gpu.queue();
        let done = Arc::new(AtomicBool::new(false));
        let called = Arc::clone(&done);
        let start = Instant::now();
        let submission = self.gpu.run("cannot start what is timed", || {
            let submission = queue.submit([commands]);
            queue.on_submitted_work_done(move || called.store(true, Ordering::Release));
            submission
        })?;
        while !done.load(Ordering::Acquire) {
            self.gpu.wait(&submission)?;
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

impl Stopwatch for Bench {
    fn n_bytes(&self, part: Part) -> usize {
        match part {
            Part::Upload => self.slots[0].len_up(),
            Part::Download => self.slots[0].len_down(),
            Part::Kernels | Part::Together => self.worked_on,
            Part::Copy => 2 * self.half,
            Part::LargeUp | Part::LargeDown => self.large.len,
        }
    }

    fn time(&mut self, part: Part, n: usize) -> Result<f64> {
        let seconds = self.submit(self.commands(part, n)?)?;
        Ok((seconds - self.empty_s).max(LEAST_S))
    }
}

impl Large {
    /// `len` bytes of each, as far as a buffer may have them, or half as many
    /// as often as the device refuses.
    fn new(gpu: &Gpu, len: usize) -> Result<Self> {
        let most = usize::try_from(limits().max_buffer_size).unwrap_or(usize::MAX);
        let mut len = len.clamp(LEAST_LARGE_BYTES, most);
        loop {
            match Self::with(gpu, len) {
                Err(_) if len / 2 >= LEAST_LARGE_BYTES => len /= 2,
                outcome => return outcome,
            }
        }
    }

    fn with(gpu: &Gpu, len: usize) -> Result<Self> {
        let staging = gpu.run("cannot have memory to fill", || {
            gpu.device().create_buffer(&BufferDescriptor {
                label: None,
                size: len as u64,
                usage: BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            })
        })?;
        let filled = gpu.run("cannot fill a buffer", || {
            let mut bytes = vec![0; len];
            fill(&mut bytes);
            let view = staging.get_mapped_range_mut(..);
            let filled = view.map(|mut view| view.copy_from_slice(&bytes));
            staging.unmap();
            filled
        })?;
        filled.map_err(|error| refused("cannot fill a buffer", error))?;
        Ok(Self {
            staging,
            device: gpu.buffer(BufferUsages::COPY_SRC | BufferUsages::COPY_DST, len)?,
            readback: gpu.buffer(BufferUsages::MAP_READ | BufferUsages::COPY_DST, len)?,
            len,
        })
    }
}
