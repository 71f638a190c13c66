//! The life of a slot, the same on every GPU: free, filled, on its way up, at
//! work, on its way down, read; and what becomes of it where that fails.
//!
//! A [`Gpu`] knows its own memory and its own queue and nothing of this.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use super::items::Items;
use super::kept::Kept;
use super::program::Program;
use super::ring::{Ring, Taken};
use super::schedule::{ALIGN, LaunchSchedule};
use super::tables::Tables;
use super::{Lane, Outputs, Slot, Ticket};
use crate::error::{Error, Result};

/// Bits of a flag, as `shaders/shared/slot.wgsl` has them.
const MISFIT: u32 = 1;
const CUT_SHORT: u32 = 2;

/// Slots of a ring: one on its way up, one at work, one on its way down.
const N_SLOTS: usize = 3;

/// A GPU made ready for one program: what a slot needs of it.
pub(crate) trait Gpu: Debug + Send + Sync + 'static {
    /// The memory of a slot, on the host and on the device.
    type Room: Debug + Send;

    /// Bytes that a slot may have at most in each of its buffers.
    fn max_buffer(&self) -> usize;

    /// Whether the device can still be used; makes it this thread's.
    ///
    /// # Errors
    /// `Device` after a failure.
    fn check(&self) -> Result<()>;

    /// A room without memory yet.
    ///
    /// # Errors
    /// `Device` where the driver refuses.
    fn room(&self) -> Result<Self::Room>;

    /// Makes sure that there is memory for `schedule`, and that the host may write
    /// what goes up.
    ///
    /// # Errors
    /// `Device` where memory cannot be had or the device is lost.
    fn fit(&self, room: &mut Self::Room, schedule: &LaunchSchedule) -> Result<()>;

    /// Writes what goes up, from byte `begin` on, a multiple of 4.
    ///
    /// # Errors
    /// `Internal` beyond what there is memory for, `Device` where the device is
    /// lost.
    fn write(&self, room: &mut Self::Room, begin: usize, bytes: &[u8]) -> Result<()>;

    /// Starts all that `schedule` asks for: up, the launches, and down what
    /// [`LaunchSchedule::first_down`] says.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost.
    fn start(&self, room: &mut Self::Room, schedule: &LaunchSchedule) -> Result<()>;

    /// Brings down more of the last buffer, after a wait; it is waited for again.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost.
    fn fetch(&self, room: &mut Self::Room, ranges: &[Range<usize>]) -> Result<()>;

    /// Waits, without using the processor, until what was started is done.
    ///
    /// # Errors
    /// `Device` where the device failed or is lost.
    fn wait(&self, room: &mut Self::Room) -> Result<()>;

    /// What came down, after a wait: all or nothing of a range of the last buffer.
    fn read<'a>(&self, room: &'a Self::Room, range: Range<usize>) -> &'a [u8];

    /// Makes a room fit for its next use, whatever state it is in.
    fn release(&self, room: &mut Self::Room);

    /// Memory that results can stay in; `None` where a device has none that others
    /// can use.
    fn keep(_gpu: &Arc<Self>) -> Option<Box<dyn Kept>> {
        None
    }

    /// Has [`Gpu::start`] copy this range of the last buffer to `kept`, from byte
    /// `at` on, behind all that consumers of it do.
    ///
    /// # Errors
    /// `Internal` for memory of others, and beyond what there is memory for.
    fn leave(
        &self,
        _room: &mut Self::Room,
        _range: Range<usize>,
        _to: (&dyn Kept, usize),
    ) -> Result<()> {
        Err(Error::internal("a device whose memory nobody else can use"))
    }

    /// See [`Lane::visit`].
    ///
    /// # Errors
    /// `Device` where the driver refuses.
    fn visit(&self) -> Result<Box<dyn Any>> {
        Ok(Box::new(()))
    }
}

/// A program on a GPU, with its ring of slots.
#[derive(Debug)]
pub(super) struct GpuLane<G: Gpu> {
    gpu: Arc<G>,
    program: Program,
    tables: Tables,
    ring: Arc<Ring<G::Room>>,
}

impl<G: Gpu> GpuLane<G> {
    /// A lane on `gpu`, which was made ready for `program` with `tables`. Slots
    /// get their memory when they are first used.
    ///
    /// # Errors
    /// `Device` where the driver refuses.
    pub(super) fn new(gpu: G, program: &Program, tables: Tables) -> Result<Self> {
        let rooms = (0..N_SLOTS).map(|_| gpu.room()).collect::<Result<_>>()?;
        Ok(Self {
            gpu: Arc::new(gpu),
            program: program.clone(),
            tables,
            ring: Ring::new(rooms),
        })
    }

    /// Where all items lie, if a slot may take as many bytes.
    fn schedule(&self, items: &[Items<'_>]) -> Result<LaunchSchedule> {
        let schedule = LaunchSchedule::new(&self.program, &self.tables, items)?;
        let most = schedule.len_bytes.iter().copied().max().unwrap_or(0);
        if most > self.gpu.max_buffer() {
            return Err(Error::internal(format!(
                "a batch of {most} bytes for a slot of {}",
                self.gpu.max_buffer()
            )));
        }
        Ok(schedule)
    }
}

impl<G: Gpu> Lane for GpuLane<G> {
    fn max_slot_bytes(&self) -> usize {
        // Every column but the first may begin as much later.
        let lost = self.program.n_columns() * 3 * ALIGN;
        self.gpu.max_buffer().saturating_sub(lost)
    }

    fn acquire(&self, items: &[Items<'_>]) -> Result<Box<dyn Slot>> {
        let schedule = self.schedule(items)?;
        self.gpu.check()?;
        let mut room = self.ring.take();
        // While this waited, the device may have been lost.
        self.gpu.check()?;
        self.gpu.fit(&mut room, &schedule)?;
        let chains = schedule.src.iter();
        Ok(Box::new(GpuSlot {
            written: chains.map(|region| region.bytes.is_empty()).collect(),
            held: Held {
                gpu: Arc::clone(&self.gpu),
                room,
                schedule,
            },
        }))
    }

    fn keep(&self) -> Option<Box<dyn Kept>> {
        G::keep(&self.gpu)
    }

    fn visit(&self) -> Result<Box<dyn Any>> {
        self.gpu.visit()
    }
}

/// A slot, whatever becomes of it next. Dropped in whatever state, it goes back to
/// its ring.
#[derive(Debug)]
struct Held<G: Gpu> {
    gpu: Arc<G>,
    room: Taken<G::Room>,
    schedule: LaunchSchedule,
}

impl<G: Gpu> Drop for Held<G> {
    fn drop(&mut self) {
        self.gpu.release(&mut self.room);
    }
}

impl<G: Gpu> Held<G> {
    /// Whether there is anything to do.
    fn has_work(&self) -> bool {
        !self.schedule.launches.is_empty()
    }

    fn read(&self, range: Range<usize>) -> &[u8] {
        self.gpu.read(&self.room, range)
    }

    /// The offsets of a chain's rows as the device left them.
    fn offsets(&self, chain: usize) -> Vec<u32> {
        let region = self.schedule.dst.get(chain);
        let Some(begin) = region.and_then(|region| region.offsets) else {
            return Vec::new();
        };
        if !self.has_work() || self.schedule.n_items[chain] == 0 {
            return vec![0; self.schedule.n_items[chain] + 1];
        }
        let len = 4 * (self.schedule.n_items[chain] + 1);
        let words = self.read(begin..begin + len).as_chunks().0.iter();
        words.map(|word| u32::from_ne_bytes(*word)).collect()
    }

    /// Where a chain's items lie, of which there may be less than there is room
    /// for.
    fn dst(&self, chain: usize) -> Result<Range<usize>> {
        let region = self.schedule.dst.get(chain).cloned().unwrap_or_default();
        if !self.schedule.finds[chain] {
            return Ok(region.bytes);
        }
        let offsets = self.offsets(chain);
        let len = offsets.last().map_or(0, |end| *end as usize);
        if len > region.bytes.len() || !offsets.is_sorted() {
            return Err(Error::device("offsets of rows that cannot be came down"));
        }
        Ok(region.bytes.start..region.bytes.start + len)
    }

    /// The flag of a chain. What was never started has left nothing.
    fn flag(&self, chain: usize) -> u32 {
        if !self.has_work() {
            return 0;
        }
        let begin = self.schedule.flags.start + 4 * chain;
        let word = self.read(begin..begin + 4).as_array();
        word.map_or(0, |word| u32::from_ne_bytes(*word))
    }

    fn cut_short(&self, chain: usize) -> bool {
        self.flag(chain) & CUT_SHORT != 0
    }

    /// Writes the offsets of rows, and what goes up behind the items.
    fn write_rest(&mut self) -> Result<()> {
        let Self {
            gpu,
            room,
            schedule,
        } = self;
        for (at, offsets) in &schedule.offsets {
            gpu.write(room, *at, bytemuck::cast_slice(offsets))?;
        }
        let behind = schedule.len_up() - schedule.behind.len();
        gpu.write(room, behind, &schedule.behind)
    }

    /// Waits; then brings down the rows whose lengths have come.
    fn wait(&mut self) -> Result<()> {
        self.gpu.wait(&mut self.room)?;
        let chains = 0..self.schedule.dst.len();
        let found = chains.filter(|&chain| self.schedule.finds[chain] && !self.cut_short(chain));
        let ranges = found.map(|chain| self.dst(chain));
        let mut ranges: Vec<Range<usize>> = ranges.collect::<Result<_>>()?;
        ranges.retain(|range| !range.is_empty());
        if ranges.is_empty() {
            return Ok(());
        }
        self.gpu.fetch(&mut self.room, &ranges)?;
        self.gpu.wait(&mut self.room)
    }
}

/// A slot that is being filled.
#[derive(Debug)]
struct GpuSlot<G: Gpu> {
    held: Held<G>,
    /// Whether each chain has its items; those without any have them.
    written: Vec<bool>,
}

impl<G: Gpu> Slot for GpuSlot<G> {
    fn write(&mut self, chain: usize, src: &[u8]) -> Result<()> {
        let region = self.held.schedule.src.get(chain);
        let Some(range) = region.map(|region| region.bytes.clone()) else {
            return Err(Error::internal(format!(
                "a chain {chain} that is not there"
            )));
        };
        if range.len() != src.len() {
            return Err(Error::internal(format!(
                "expected {} bytes for chain {chain} of a slot, got {}",
                range.len(),
                src.len()
            )));
        }
        if !src.is_empty() {
            self.held.gpu.write(&mut self.held.room, range.start, src)?;
        }
        self.written[chain] = true;
        Ok(())
    }

    fn keep(&mut self, chain: usize, kept: &dyn Kept, at: usize) -> Result<()> {
        let Held {
            gpu,
            room,
            schedule,
        } = &mut self.held;
        let region = schedule.dst.get(chain);
        let range = region.filter(|_| !schedule.finds[chain]);
        let range = range.map(|region| region.bytes.clone());
        let range = range.ok_or_else(|| Error::internal("rows of unknown lengths that stay"))?;
        if !range.is_empty() {
            gpu.leave(room, range, (kept, at))?;
        }
        schedule.stays[chain] = true;
        Ok(())
    }

    fn submit(mut self: Box<Self>) -> Result<Box<dyn Ticket>> {
        self.held.gpu.check()?;
        if let Some(chain) = self.written.iter().position(|written| !written) {
            return Err(Error::internal(format!("chain {chain} was never written")));
        }
        if self.held.has_work() {
            self.held.write_rest()?;
            let Held {
                gpu,
                room,
                schedule,
            } = &mut self.held;
            gpu.start(room, schedule)?;
        }
        Ok(Box::new(GpuTicket { held: self.held }))
    }
}

/// A slot that is under way.
#[derive(Debug)]
struct GpuTicket<G: Gpu> {
    held: Held<G>,
}

impl<G: Gpu> Ticket for GpuTicket<G> {
    fn wait(mut self: Box<Self>) -> Result<Box<dyn Outputs>> {
        if self.held.has_work() {
            self.held.wait()?;
        }
        Ok(Box::new(GpuOutputs { held: self.held }))
    }
}

/// A slot whose outcome is read.
#[derive(Debug)]
struct GpuOutputs<G: Gpu> {
    held: Held<G>,
}

impl<G: Gpu> Outputs for GpuOutputs<G> {
    fn dst(&self, chain: usize) -> &[u8] {
        let range = self.held.dst(chain).unwrap_or_default();
        if range.is_empty() {
            return &[];
        }
        self.held.read(range)
    }

    fn offsets(&self, chain: usize) -> Vec<u32> {
        self.held.offsets(chain)
    }

    fn overflowed(&self, chain: usize) -> bool {
        self.held.flag(chain) & MISFIT != 0
    }

    fn cut_short(&self, chain: usize) -> bool {
        self.held.cut_short(chain)
    }
}
