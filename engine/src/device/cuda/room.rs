//! The memory of one slot, on the host and on the device, and the operations
//! between: up, kernels, down.
#![expect(
    unsafe_code,
    reason = "the device uses the memory while the host goes on"
)]

use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::Arc;

use fuelrail_kernels::{GROUP, Job};

use super::super::schedule::{Launch, LaunchSchedule, SlotBuffer};
use super::driver::PrimaryContext;
use super::kept::Lendable;
use super::machine::Machine;
use super::owned::{Event, Memory, Pinned, Stream};
use crate::error::{Error, Result};

/// Blocks of a row of the grid for each multiprocessor: as many as it can hold.
const BLOCKS_EACH: u32 = 8;

/// Rows of a grid.
const MAX_GRID_ROWS: u32 = 65_535;

/// Up to here memory doubles when it must grow; beyond, it grows by as much.
const STEP_BYTES: usize = 16 << 20;

/// Whether the device may be using the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RoomState {
    /// It does not.
    Idle,
    /// It may, for not all that was to be started was.
    Starting,
    /// It may, until `done`.
    UnderWay,
    /// Nobody knows: the driver failed to tell. It is never freed.
    Lost,
}

/// Something that is there in some size.
#[derive(Debug)]
struct Grown<T> {
    len: usize,
    what: Option<T>,
}

impl<T> Default for Grown<T> {
    fn default() -> Self {
        Self { len: 0, what: None }
    }
}

impl<T> Grown<T> {
    /// Makes it anew with at least `len` bytes, if it has less. What is there
    /// is freed first, so that the two are never there at once.
    fn grow(&mut self, len: usize, make: impl FnOnce(usize) -> Result<T>) -> Result<()> {
        if self.len >= len {
            return Ok(());
        }
        *self = Self::default();
        let len = if len <= STEP_BYTES {
            len.next_power_of_two()
        } else {
            len.next_multiple_of(STEP_BYTES)
        };
        self.what = Some(make(len)?);
        self.len = len;
        Ok(())
    }

    fn get(&self) -> Result<&T> {
        self.what
            .as_ref()
            .ok_or_else(|| Error::internal("a buffer of a slot that was never made"))
    }
}

/// All memory of a slot.
#[derive(Debug, Default)]
struct Buffers {
    /// What is read, and records and jobs behind it.
    host_src: Grown<Pinned>,
    /// What is written, and the flags behind it.
    host_dst: Grown<Pinned>,
    /// By [`SlotBuffer::index`].
    device: [Grown<Memory>; SlotBuffer::COUNT],
    /// What of the last buffer is copied to memory that stays.
    left: Vec<Left>,
}

/// See [`Buffers::left`].
#[derive(Debug)]
struct Left {
    range: Range<usize>,
    to: Arc<Lendable>,
    at: usize,
}

/// A slot's memory, used again for batch after batch.
#[derive(Debug)]
pub(super) struct CudaRoom {
    context: Arc<PrimaryContext>,
    buffers: ManuallyDrop<Buffers>,
    uploaded: Event,
    computed: Event,
    done: Event,
    state: RoomState,
}

impl CudaRoom {
    /// A room without memory yet.
    pub(super) fn new(context: &Arc<PrimaryContext>) -> Result<Self> {
        Ok(Self {
            context: Arc::clone(context),
            buffers: ManuallyDrop::new(Buffers::default()),
            uploaded: Event::new(context)?,
            computed: Event::new(context)?,
            done: Event::new(context)?,
            state: RoomState::Idle,
        })
    }

    /// Makes sure that there is memory for `schedule`.
    pub(super) fn fit(&mut self, schedule: &LaunchSchedule) -> Result<()> {
        self.idle()?;
        let context = &self.context;
        let (src, dst) = (schedule.len_up(), schedule.flags.end);
        let buffers = &mut *self.buffers;
        let pinned = |len| Pinned::new(context, len);
        buffers.host_src.grow(src, pinned)?;
        buffers.host_dst.grow(dst, pinned)?;
        for (index, grown) in buffers.device.iter_mut().enumerate() {
            let len = match index {
                _ if index == SlotBuffer::Src.index() => src,
                _ if index == SlotBuffer::Dst.index() => dst,
                _ => schedule.len_bytes[index],
            };
            grown.grow(len, |len| Memory::new(context, len))?;
        }
        Ok(())
    }

    /// Has the next start copy this range of what is written to `to`.
    pub(super) fn leave(
        &mut self,
        range: Range<usize>,
        to: &Arc<Lendable>,
        at: usize,
    ) -> Result<()> {
        self.idle()?;
        let is_within = range.end <= self.buffers.device[SlotBuffer::Dst.index()].len
            && at.saturating_add(range.len()) <= to.len;
        if !is_within {
            return Err(beyond());
        }
        let to = Arc::clone(to);
        self.buffers.left.push(Left { range, to, at });
        Ok(())
    }

    /// What will be copied up.
    pub(super) fn src_mut(&mut self, range: Range<usize>) -> Result<&mut [u8]> {
        self.idle()?;
        match &mut self.buffers.host_src.what {
            Some(pinned) => part_mut(pinned.bytes_mut(), range),
            None => part_mut(&mut [], range),
        }
    }

    /// What was copied down.
    pub(super) fn dst(&self, range: Range<usize>) -> Result<&[u8]> {
        self.idle()?;
        let all = match &self.buffers.host_dst.what {
            Some(pinned) => pinned.bytes(),
            None => &[],
        };
        all.get(range).ok_or_else(beyond)
    }

    /// The memory is nobody's but the host's.
    fn idle(&self) -> Result<()> {
        match self.state {
            RoomState::Idle => Ok(()),
            RoomState::Starting | RoomState::UnderWay => {
                Err(Error::internal("a slot is touched that is under way"))
            }
            RoomState::Lost => Err(Error::device("a slot was lost with its CUDA device")),
        }
    }

    /// Starts all that `schedule` asks for. Whether or not that fails, the
    /// memory is the device's until [`CudaRoom::settle`] has been called.
    pub(super) fn start(&mut self, machine: &Machine, schedule: &LaunchSchedule) -> Result<()> {
        self.context.enter()?;
        self.idle()?;
        self.state = RoomState::Starting;
        self.enqueue(machine, schedule)?;
        self.state = RoomState::UnderWay;
        Ok(())
    }

    /// All that the device does for a batch.
    fn enqueue(&self, machine: &Machine, schedule: &LaunchSchedule) -> Result<()> {
        let Machine {
            upload,
            compute,
            download,
            ..
        } = machine;
        self.copy_up(upload, schedule.len_up())?;
        self.uploaded.record(upload)?;
        compute.wait_for(&self.uploaded)?;
        self.zero_flags(compute, schedule)?;
        self.launch_all(machine, schedule)?;
        self.computed.record(compute)?;
        download.wait_for(&self.computed)?;
        self.copy_aside(download)?;
        for range in schedule.first_down() {
            self.copy_down(download, &range)?;
        }
        self.done.record(download)
    }

    /// Copies more of what was written down, after a wait.
    pub(super) fn fetch(&mut self, machine: &Machine, ranges: &[Range<usize>]) -> Result<()> {
        self.context.enter()?;
        self.idle()?;
        self.state = RoomState::Starting;
        for range in ranges {
            self.copy_down(&machine.download, range)?;
        }
        self.done.record(&machine.download)?;
        self.state = RoomState::UnderWay;
        Ok(())
    }

    fn launch_all(&self, machine: &Machine, schedule: &LaunchSchedule) -> Result<()> {
        let mut launches = schedule.launches.iter();
        launches.try_for_each(|launch| self.launch(machine, launch, schedule))
    }

    fn copy_up(&self, stream: &Stream, len: usize) -> Result<()> {
        let dst = self.buffers.device[SlotBuffer::Src.index()].get()?;
        let src = self.buffers.host_src.get()?;
        // SAFETY: `fit` made both at least as long, and nobody gets to them
        // before `settle` has seen `done`, which follows in the streams.
        unsafe { stream.upload(dst.address(), src, len) }
    }

    fn copy_down(&self, stream: &Stream, range: &Range<usize>) -> Result<()> {
        let src = self.buffers.device[SlotBuffer::Dst.index()].get()?;
        let dst = self.buffers.host_dst.get()?;
        if range.end > self.buffers.host_dst.len
            || range.end > self.buffers.device[SlotBuffer::Dst.index()].len
        {
            return Err(beyond());
        }
        // SAFETY: as for `copy_up`; both have the range.
        unsafe { stream.download(dst, src.address() + range.start as u64, range) }
    }

    /// Copies what stays to where it stays, behind its consumers.
    fn copy_aside(&self, stream: &Stream) -> Result<()> {
        let src = self.address(SlotBuffer::Dst)?;
        for Left { range, to, at } in &self.buffers.left {
            to.hold_up(stream)?;
            let dst = to.address() + *at as u64;
            // SAFETY: `leave` made sure of both ranges; `to` is kept until `settle`, and
            // who has it for writing waits for this.
            unsafe { stream.copy(src + range.start as u64, dst, range.len()) }?;
        }
        Ok(())
    }

    fn zero_flags(&self, stream: &Stream, schedule: &LaunchSchedule) -> Result<()> {
        let begin = self.address(SlotBuffer::Dst)? + schedule.flags.start as u64;
        // SAFETY: `fit` made room for the flags; nobody uses them before the
        // kernels, which follow in this stream.
        unsafe { stream.zero(begin, schedule.flags.len()) }
    }

    /// One launch, or several if there are more jobs than a grid has rows.
    fn launch(&self, machine: &Machine, launch: &Launch, schedule: &LaunchSchedule) -> Result<()> {
        let function = machine.function(launch.entry)?;
        let behind =
            self.address(SlotBuffer::Src)? + schedule.len_bytes[SlotBuffer::Src.index()] as u64;
        let jobs = behind + launch.jobs.start as u64;
        let tables = machine.tables();
        // Where an entry looks at nothing, it is handed the tables.
        let mut arguments = [
            jobs,
            if schedule.params.is_empty() {
                tables
            } else {
                behind
            },
            tables,
            self.address(launch.src)?,
            match launch.aux {
                None => tables,
                Some(aux) => self.address(aux)?,
            },
            self.address(launch.dst)?,
            self.address(SlotBuffer::Dst)? + schedule.flags.start as u64,
        ];
        let n_blocks = launch.n_threads.div_ceil(GROUP).max(1);
        let grid_x = n_blocks.min(machine.n_multiprocessors * BLOCKS_EACH);
        let mut first = 0;
        while first < launch.n_jobs {
            let grid_y = (launch.n_jobs - first).min(MAX_GRID_ROWS);
            arguments[0] = jobs + u64::from(first) * size_of::<Job>() as u64;
            // SAFETY: the schedule's jobs stay within the lengths for which
            // `fit` made memory, which nobody else gets to before `settle`; an
            // entry gets the arguments it is written for.
            unsafe {
                machine
                    .compute
                    .launch(function, [grid_x, grid_y, GROUP], &arguments)
            }?;
            first += grid_y;
        }
        Ok(())
    }

    fn address(&self, buffer: SlotBuffer) -> Result<u64> {
        Ok(self.buffers.device[buffer.index()].get()?.address())
    }

    /// Waits until what was started has run.
    pub(super) fn wait(&mut self) -> Result<()> {
        self.context.enter()?;
        self.done.synchronize()?;
        self.state = RoomState::Idle;
        for left in self.buffers.left.drain(..) {
            left.to.caught_up();
        }
        Ok(())
    }

    /// Makes sure that the device no longer uses the memory, after a failure or
    /// because nobody wants the outcome. If even that fails, the memory is
    /// given up for lost, and never freed or used again.
    pub(super) fn settle(&mut self, machine: &Machine) {
        if self.state == RoomState::UnderWay && self.wait().is_ok() {
            return;
        }
        if matches!(self.state, RoomState::Starting | RoomState::UnderWay) {
            // Where `done` does not tell, the streams do.
            let streams = [&machine.upload, &machine.compute, &machine.download];
            let is_settled = self.context.enter().is_ok()
                && streams.map(Stream::synchronize).iter().all(Result::is_ok);
            self.state = if is_settled {
                RoomState::Idle
            } else {
                RoomState::Lost
            };
        }
        if self.state == RoomState::Idle {
            self.buffers.left.clear();
        }
    }
}

impl Drop for CudaRoom {
    fn drop(&mut self) {
        // Only who has settled knows that the device is done.
        if self.state == RoomState::Idle
            && let Ok(_visit) = self.context.visit()
        {
            // SAFETY: dropped here and nowhere else, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.buffers) };
        }
    }
}

fn part_mut(all: &mut [u8], range: Range<usize>) -> Result<&mut [u8]> {
    all.get_mut(range).ok_or_else(beyond)
}

fn beyond() -> Error {
    Error::internal("more bytes than a slot has")
}
