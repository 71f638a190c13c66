//! Slots of their own, filled once, whose parts are run over and over between
//! two events that keep the time.
#![expect(
    unsafe_code,
    reason = "the device uses the memory while the host goes on"
)]

use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::super::profile::{Part, Stopwatch, fill};
use super::super::schedule::{Buffer, Schedule};
use super::lane::{Machine, N_SLOTS};
use super::owned::{Event, Memory, Pinned, Stream};
use super::room::{Room, len_down, len_up};
use crate::error::Result;

/// A large copy is tried with fewer bytes where memory is short, down to these.
const LEAST_LARGE_BYTES: usize = 1 << 20;

/// Memory that is only copied.
#[derive(Debug)]
struct Large {
    host: Pinned,
    device: [Memory; 2],
    len: usize,
}

/// See the [module](self). Used by one thread; others may use the lane.
#[derive(Debug)]
pub(super) struct Bench {
    machine: Arc<Machine>,
    schedule: Schedule,
    rooms: Vec<Room>,
    large: ManuallyDrop<Large>,
    begin: Event,
    end: Event,
}

impl Bench {
    /// Has memory, and a batch in each slot that has run once.
    pub(super) fn new(
        machine: &Arc<Machine>,
        schedule: Schedule,
        large_bytes: usize,
    ) -> Result<Self> {
        let context = &machine.context;
        let rooms: Result<Vec<Room>> = (0..N_SLOTS).map(|_| Room::new(context)).collect();
        let least = half(&schedule).max(LEAST_LARGE_BYTES);
        let mut bench = Self {
            rooms: rooms?,
            large: ManuallyDrop::new(Large::new(machine, large_bytes, least)?),
            begin: Event::timed(context)?,
            end: Event::timed(context)?,
            machine: Arc::clone(machine),
            schedule,
        };
        let src = 0..bench.schedule.len_bytes[Buffer::Src.index()];
        for room in &mut bench.rooms {
            room.fit(&bench.schedule)?;
            fill(room.src_mut(src.clone())?);
            room.start(&bench.machine, &bench.schedule)?;
            room.wait()?;
        }
        Ok(bench)
    }

    /// Starts repetition `index` of a part.
    fn start(&mut self, part: Part, index: usize) -> Result<()> {
        let Machine {
            upload,
            compute,
            download,
            ..
        } = &*self.machine;
        let Large { host, device, len } = &*self.large;
        match part {
            // SAFETY: the large memory has `len` bytes, only copies that follow
            // in the same stream use it before `settle`, and nothing frees it.
            Part::LargeUp => unsafe { upload.upload(&device[0], host, *len) },
            // SAFETY: as above.
            Part::LargeDown => unsafe { download.download(host, &device[0], *len) },
            Part::Copy => {
                let [from, to] = [&device[0], &device[1]].map(Memory::address);
                // SAFETY: as above; `half` is no more than `len`.
                unsafe { compute.copy(to, from, half(&self.schedule)) }
            }
            Part::Upload | Part::Kernels | Part::Download => {
                self.rooms[0].repeat(&self.machine, &self.schedule, part)
            }
            Part::Together => {
                let room = &mut self.rooms[index % N_SLOTS];
                room.repeat(&self.machine, &self.schedule, part)
            }
        }
    }

    /// The streams in which a part begins and ends.
    fn streams(&self, part: Part) -> [&Stream; 2] {
        let machine = &*self.machine;
        match part {
            Part::Upload | Part::LargeUp => [&machine.upload; 2],
            Part::Kernels | Part::Copy => [&machine.compute; 2],
            Part::Download | Part::LargeDown => [&machine.download; 2],
            Part::Together => [&machine.upload, &machine.download],
        }
    }

    /// Starts `n` repetitions and waits for the last.
    fn run(&mut self, part: Part, n: usize) -> Result<f64> {
        self.begin.record(self.streams(part)[0])?;
        for index in 0..n {
            self.start(part, index)?;
        }
        self.end.record(self.streams(part)[1])?;
        self.end.synchronize()?;
        self.end.seconds_since(&self.begin)
    }

    /// Waits until the device no longer uses any of the memory.
    fn settle(&mut self) {
        for room in &mut self.rooms {
            room.settle(&self.machine);
        }
    }
}

impl Stopwatch for Bench {
    fn n_bytes(&self, part: Part) -> usize {
        let (up, down) = (len_up(&self.schedule), len_down(&self.schedule));
        match part {
            Part::Upload => up,
            Part::Download => down,
            Part::Kernels | Part::Together => worked_on(&self.schedule),
            Part::Copy => 2 * half(&self.schedule),
            Part::LargeUp | Part::LargeDown => self.large.len,
        }
    }

    fn time(&mut self, part: Part, n: usize) -> Result<f64> {
        self.machine.context.enter()?;
        let seconds = self.run(part, n);
        self.settle();
        seconds
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.settle();
        let Machine {
            upload,
            compute,
            download,
            ..
        } = &*self.machine;
        let is_settled = self.machine.context.enter().is_ok()
            && [upload, compute, download]
                .map(Stream::synchronize)
                .iter()
                .all(Result::is_ok);
        // Where nobody knows whether the device is done, it is never freed.
        if is_settled {
            // SAFETY: dropped here and nowhere else, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.large) };
        }
    }
}

impl Large {
    /// `len` bytes of each, or half as many as often as the driver refuses,
    /// but not below `least`.
    fn new(machine: &Machine, len: usize, least: usize) -> Result<Self> {
        let mut len = len.max(least);
        loop {
            match Self::with(machine, len) {
                Err(_) if len / 2 >= least => len /= 2,
                outcome => return outcome,
            }
        }
    }

    fn with(machine: &Machine, len: usize) -> Result<Self> {
        let context = &machine.context;
        let mut host = Pinned::new(context, len)?;
        fill(host.bytes_mut());
        let device = [Memory::new(context, len)?, Memory::new(context, len)?];
        Ok(Self { host, device, len })
    }
}

/// Bytes that the kernels read and write, what is between counted once each
/// way.
fn worked_on(schedule: &Schedule) -> usize {
    let [src, even, odd, dst] = schedule.len_bytes;
    src + 2 * (even + odd) + dst
}

/// What is copied to read and write as many.
fn half(schedule: &Schedule) -> usize {
    (worked_on(schedule) / 2).next_multiple_of(4)
}
