//! A device for tests. It runs schedules on the host, as devices do, in slots
//! that are few, small and dirty; it takes its time, and fails where it is told
//! to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fuelrail_kernels::Kernel;

use super::interpret::{SlotBuffers, interpret};
use crate::device::ring::{Ring, Taken};
use crate::device::schedule::{LaunchSchedule, SlotBuffer};
use crate::device::tables::Tables;
use crate::device::{
    Backend, Chain, Device, DeviceKind, DeviceReport, Items, Lane, Outputs, Program, Slot, Ticket,
};
use crate::error::{Error, Result};

/// What a device is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Lane,
    Acquire,
    Write,
    Submit,
    Wait,
}

impl Call {
    pub(super) const ALL: [Self; 5] = [
        Self::Lane,
        Self::Acquire,
        Self::Write,
        Self::Submit,
        Self::Wait,
    ];
}

/// What is wrong with what it computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wrong {
    #[default]
    Nothing,
    /// The lowest bit of the last number.
    OneBit,
    /// It never tells that a number did not fit.
    Misfits,
}

/// Why a device does not have a kernel.
pub(super) type Refuses = fn(&Kernel) -> Option<&'static str>;

/// What the device is like.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) max_slot_bytes: usize,
    pub(super) n_slots: usize,
    /// How long a slot is under way.
    pub(super) lag: Duration,
    /// The call that fails, and its number, from 1.
    pub(super) fault: Option<(Call, usize)>,
    pub(super) wrong: Wrong,
    pub(super) refuses: Refuses,
    /// No slot is done before so many have been submitted.
    pub(super) n_together: usize,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            max_slot_bytes: 1 << 20,
            n_slots: 3,
            lag: Duration::ZERO,
            fault: None,
            wrong: Wrong::Nothing,
            refuses: |_| None,
            n_together: 0,
        }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Pretend {
    report: DeviceReport,
    shared: Arc<SharedByLanes>,
}

/// What all lanes share.
#[derive(Debug)]
pub(super) struct SharedByLanes {
    manner: Manner,
    calls: [AtomicUsize; 5],
    /// Calls since the one that failed, itself not counted.
    n_after: AtomicUsize,
    /// Slots being filled now, and the most at once.
    filling: AtomicUsize,
    most_filling: AtomicUsize,
    submitted: Mutex<usize>,
    another: Condvar,
}

impl Pretend {
    pub(super) fn new(manner: Manner) -> Arc<Self> {
        Arc::new(Self {
            report: DeviceReport {
                id: "pretend:0".to_owned(),
                kind: DeviceKind::Wgpu,
                name: "a device for tests".to_owned(),
                driver: None,
                memory_bytes: None,
                is_software: true,
                details: Vec::new(),
            },
            shared: Arc::new(SharedByLanes {
                manner,
                calls: [const { AtomicUsize::new(0) }; 5],
                n_after: AtomicUsize::new(0),
                filling: AtomicUsize::new(0),
                most_filling: AtomicUsize::new(0),
                submitted: Mutex::new(0),
                another: Condvar::new(),
            }),
        })
    }

    /// As a device that was not tried.
    pub(super) fn device(self: &Arc<Self>) -> Device {
        Device::of(Arc::clone(self) as Arc<dyn Backend>)
    }

    /// How often it was asked.
    pub(super) fn calls(&self, call: Call) -> usize {
        self.shared.calls[call as usize].load(Ordering::SeqCst)
    }

    /// How often it was asked for anything after it had failed.
    pub(super) fn n_after(&self) -> usize {
        self.shared.n_after.load(Ordering::SeqCst)
    }

    /// The most slots that were being filled at once.
    pub(super) fn most_filling(&self) -> usize {
        self.shared.most_filling.load(Ordering::SeqCst)
    }
}

impl SharedByLanes {
    /// Counts a call; the one that is to fail does, later ones do not: who
    /// goes on asking is found out.
    fn call(&self, call: Call) -> Result<()> {
        let n = self.calls[call as usize].fetch_add(1, Ordering::SeqCst) + 1;
        let Some((wanted, nth)) = self.manner.fault else {
            return Ok(());
        };
        let before = self.calls[wanted as usize].load(Ordering::SeqCst);
        if call == wanted && n == nth {
            return Err(Error::device(format!("the fault of {call:?} {n}")));
        }
        if before >= nth {
            self.n_after.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Waits until as many slots are under way as have to be at once.
    fn meet(&self) {
        let mut submitted = self.submitted.lock().unwrap();
        *submitted += 1;
        self.another.notify_all();
        while *submitted < self.manner.n_together {
            submitted = self.another.wait(submitted).unwrap();
        }
    }
}

impl Backend for Pretend {
    fn report(&self) -> &DeviceReport {
        &self.report
    }

    fn refuses(&self, kernel: &Kernel) -> Option<&'static str> {
        (self.shared.manner.refuses)(kernel)
    }

    fn lane(&self, program: &Program) -> Result<Arc<dyn Lane>> {
        self.shared.call(Call::Lane)?;
        let kernels = program.chains.iter().flat_map(Chain::kernels);
        for (kernel, _) in kernels {
            assert_eq!(self.refuses(kernel), None, "a kernel that was refused");
        }
        let rooms = (0..self.shared.manner.n_slots).map(|_| Room::default());
        Ok(Arc::new(PretendLane {
            shared: Arc::clone(&self.shared),
            program: Arc::new(program.clone()),
            ring: Ring::new(rooms.collect()),
        }))
    }
}

/// The buffers of one slot, with what earlier batches left in them.
#[derive(Debug, Default)]
struct Room {
    buffers: SlotBuffers,
}

#[derive(Debug)]
struct PretendLane {
    shared: Arc<SharedByLanes>,
    program: Arc<Program>,
    ring: Arc<Ring<Room>>,
}

impl Lane for PretendLane {
    fn max_slot_bytes(&self) -> usize {
        self.shared.manner.max_slot_bytes
    }

    fn acquire(&self, items: &[Items<'_>]) -> Result<Box<dyn Slot>> {
        self.shared.call(Call::Acquire)?;
        let tables = Tables::new(&self.program);
        let schedule = LaunchSchedule::new(&self.program, &tables, items)?;
        let most = schedule.len_bytes.into_iter().max().unwrap_or(0);
        assert!(most <= self.max_slot_bytes(), "a batch of {most} bytes");
        assert!(
            items.iter().any(|items| items.len() > 0),
            "a batch without items"
        );
        let mut room = self.ring.take();
        for (buffer, &len) in room.buffers.iter_mut().zip(&schedule.len_bytes) {
            // Never cleared: what nobody writes is seen.
            buffer.resize(len.max(buffer.len()), 0xa5);
        }
        let n_filling = self.shared.filling.fetch_add(1, Ordering::SeqCst) + 1;
        self.shared
            .most_filling
            .fetch_max(n_filling, Ordering::SeqCst);
        Ok(Box::new(PretendSlot {
            filling: Some(Filling(Arc::clone(&self.shared))),
            shared: Arc::clone(&self.shared),
            program: Arc::clone(&self.program),
            tables,
            schedule,
            room,
        }))
    }
}

/// One slot that is being filled.
#[derive(Debug)]
struct Filling(Arc<SharedByLanes>);

impl Drop for Filling {
    fn drop(&mut self) {
        self.0.filling.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct PretendSlot {
    filling: Option<Filling>,
    shared: Arc<SharedByLanes>,
    program: Arc<Program>,
    tables: Tables,
    schedule: LaunchSchedule,
    room: Taken<Room>,
}

impl Slot for PretendSlot {
    fn write(&mut self, chain: usize, src: &[u8]) -> Result<()> {
        self.shared.call(Call::Write)?;
        let to = self.schedule.src[chain].bytes.clone();
        self.room.buffers[0][to].copy_from_slice(src);
        Ok(())
    }

    fn submit(mut self: Box<Self>) -> Result<Box<dyn Ticket>> {
        self.shared.call(Call::Submit)?;
        drop(self.filling.take());
        let shared = Arc::clone(&self.shared);
        let at_work = thread::spawn(move || {
            self.shared.meet();
            thread::sleep(self.shared.manner.lag);
            self.run()
        });
        Ok(Box::new(PretendTicket { shared, at_work }))
    }
}

impl PretendSlot {
    fn run(mut self: Box<Self>) -> Done {
        let mut overflowed = interpret(
            &self.program,
            &self.tables,
            &self.schedule,
            &mut self.room.buffers,
        );
        match self.shared.manner.wrong {
            Wrong::Nothing => {}
            Wrong::OneBit => {
                let last = self.schedule.dst.iter().map(|dst| dst.bytes.end).max();
                if let Some(at) = last.and_then(|end| end.checked_sub(1)) {
                    self.room.buffers[SlotBuffer::Dst.index()][at] ^= 1;
                }
            }
            Wrong::Misfits => overflowed.fill(false),
        }
        Done {
            overflowed,
            schedule: self.schedule.clone(),
            room: self.room,
        }
    }
}

/// Dropped, its thread goes on and gives the slot back in the end.
#[derive(Debug)]
struct PretendTicket {
    shared: Arc<SharedByLanes>,
    at_work: JoinHandle<Done>,
}

impl Ticket for PretendTicket {
    fn wait(self: Box<Self>) -> Result<Box<dyn Outputs>> {
        self.shared.call(Call::Wait)?;
        Ok(Box::new(self.at_work.join().unwrap()))
    }
}

#[derive(Debug)]
struct Done {
    overflowed: Vec<bool>,
    schedule: LaunchSchedule,
    room: Taken<Room>,
}

impl Outputs for Done {
    fn dst(&self, chain: usize) -> &[u8] {
        &self.room.buffers[SlotBuffer::Dst.index()][self.schedule.dst[chain].bytes.clone()]
    }

    fn offsets(&self, _: usize) -> Vec<u32> {
        Vec::new()
    }

    fn overflowed(&self, chain: usize) -> bool {
        self.overflowed[chain]
    }
}
