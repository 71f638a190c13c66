//! Memory of a GPU that a batch's rows stay in, and what consumers do with it.
//!
//! All that is written goes through the machine's `download` stream, which waits for
//! consumers on the device. A consumer is known by its stream: an event is recorded
//! there when it gives the memory back, since nothing of what it has queued by then
//! may be overtaken. Where its stream is not known, all of the device is waited for.
#![expect(
    unsafe_code,
    reason = "the device uses the memory while the host goes on"
)]

use std::any::Any;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::kept::Kept;
use super::super::slot::Gpu;
use super::super::stream::ConsumerStream;
use super::machine::{Machine, STAGING_BYTES};
use super::owned::{Event, Memory, Stream};
use crate::error::{Error, Result};

/// Memory with its consumers, shared with the slots that copy to it.
#[derive(Debug)]
pub(super) struct Lendable {
    machine: Arc<Machine>,
    memory: ManuallyDrop<Memory>,
    pub(super) len: usize,
    uses: Mutex<Uses>,
}

/// What consumers do with memory.
#[derive(Debug, Default)]
struct Uses {
    /// The streams of those that have it now.
    live: Vec<ConsumerStream>,
    /// The ends of what those had queued that gave it back.
    ended: Vec<Event>,
    /// Whether one gave it back whose end is not known.
    is_unsure: bool,
    /// Whether the driver failed to tell that the device is done with it.
    is_lost: bool,
}

impl Lendable {
    fn new(machine: &Arc<Machine>, len: usize) -> Result<Self> {
        Ok(Self {
            memory: ManuallyDrop::new(Memory::new(&machine.context, len)?),
            machine: Arc::clone(machine),
            len,
            uses: Mutex::default(),
        })
    }

    pub(super) fn address(&self) -> u64 {
        self.memory.address()
    }

    /// Lets what comes in `stream` wait for all that consumers have queued.
    pub(super) fn hold_up(&self, stream: &Stream) -> Result<()> {
        let mut uses = self.uses();
        for consumer in &uses.live {
            match self.end_of(*consumer)? {
                Some(end) => stream.wait_for(&end)?,
                None => self.machine.context.synchronize()?,
            }
        }
        for end in &uses.ended {
            stream.wait_for(end)?;
        }
        if std::mem::take(&mut uses.is_unsure) {
            self.machine.context.synchronize()?;
        }
        Ok(())
    }

    /// Forgets consumers that gave it back: the host has waited for a stream that
    /// [`Lendable::hold_up`] let wait for them.
    pub(super) fn caught_up(&self) {
        self.uses().ended.clear();
    }

    /// An event behind what a consumer has queued, if its stream can be told.
    fn end_of(&self, consumer: ConsumerStream) -> Result<Option<Event>> {
        let Some(stream) = consumer.handle() else {
            return Ok(None);
        };
        // SAFETY: who made the `ConsumerStream` promised that it lives as long as
        // this is lent, which it is.
        unsafe { Event::behind(&self.machine.context, stream) }
    }

    fn lend(&self, consumer: ConsumerStream) -> Result<()> {
        let mut uses = self.uses();
        if let Some(stream) = consumer.handle() {
            let others = uses.live.iter().filter(|other| **other != consumer);
            let ends = others.map(|other| self.end_of(*other));
            let ends: Vec<Option<Event>> = ends.collect::<Result<_>>()?;
            for end in ends.iter().flatten().chain(&uses.ended) {
                // SAFETY: as in `end_of`; it is lent from here on.
                unsafe { end.hold_up(stream) }?;
            }
        }
        uses.live.push(consumer);
        Ok(())
    }

    fn give_back(&self, consumer: ConsumerStream) {
        // A child of this process has no device to tell.
        let Ok(_visit) = self.machine.context.visit() else {
            return;
        };
        let mut uses = self.uses();
        if let Some(at) = uses.live.iter().position(|live| *live == consumer) {
            match self.end_of(consumer) {
                Ok(Some(end)) => uses.ended.push(end),
                Ok(None) | Err(_) => uses.is_unsure = true,
            }
            uses.live.swap_remove(at);
        }
    }

    /// Whether the host has now waited for all consumers that gave it back.
    fn is_unused(&self) -> bool {
        let uses = self.uses();
        !uses.is_lost
            && uses.ended.iter().all(|end| end.synchronize().is_ok())
            && (!uses.is_unsure || self.machine.context.synchronize().is_ok())
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lendable {
    fn drop(&mut self) {
        // Where the driver does not say that consumers are done, it is never freed.
        if let Ok(_visit) = self.machine.context.visit()
            && self.is_unused()
        {
            // SAFETY: dropped here and nowhere else, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct CudaKept {
    machine: Arc<Machine>,
    shared: Option<Arc<Lendable>>,
}

impl CudaKept {
    /// Memory without room yet.
    pub(super) fn new(machine: &Arc<Machine>) -> Self {
        Self {
            machine: Arc::clone(machine),
            shared: None,
        }
    }

    /// What slots copy to, if it is this machine's.
    pub(super) fn shared(&self, machine: &Machine) -> Result<&Arc<Lendable>> {
        let is_ours = std::ptr::eq(Arc::as_ptr(&self.machine), machine);
        let shared = self.shared.as_ref().filter(|_| is_ours);
        shared.ok_or_else(|| Error::internal("memory that was never made, or elsewhere"))
    }

    fn make_room(&mut self, len: usize) -> Result<()> {
        if self.shared.as_ref().is_some_and(|shared| shared.len >= len) {
            return Ok(());
        }
        // What is there is freed first, so that the two are never there at once.
        self.shared = None;
        self.shared = Some(Arc::new(Lendable::new(&self.machine, len.max(1))?));
        Ok(())
    }

    /// Refuses what is beyond the memory.
    fn check_end(&self, end: usize) -> Result<()> {
        if end > self.shared(&self.machine)?.len {
            return Err(Error::internal("more bytes than a batch has on its device"));
        }
        Ok(())
    }

    /// Does what `act` enqueues and waits for, behind all consumers.
    fn after_consumers(&self, act: impl FnOnce(&Stream, &Lendable) -> Result<()>) -> Result<()> {
        let shared = self.shared(&self.machine)?;
        let _visit = self.machine.context.visit()?;
        let stream = &self.machine.download;
        let done = shared.hold_up(stream).and_then(|()| act(stream, shared));
        if done.is_err() && stream.synchronize().is_err() {
            shared.uses().is_lost = true;
        }
        done
    }

    /// Waits for what the stream has been given.
    fn wait(&self, stream: &Stream) -> Result<()> {
        let done = Event::new(&self.machine.context)?;
        done.record(stream)?;
        done.synchronize()
    }

    /// Copies up through staging memory, a part at a time.
    fn write_parts(&self, stream: &Stream, begin: u64, bytes: &[u8]) -> Result<()> {
        self.machine.with_staging(|staging| {
            for (part, at) in bytes.chunks(STAGING_BYTES).zip(0u64..) {
                staging.bytes_mut()[..part.len()].copy_from_slice(part);
                let dst = begin + at * STAGING_BYTES as u64;
                // SAFETY: the caller has compared the lengths; who writes has the
                // memory alone, and both are waited for before they are used again.
                unsafe { stream.upload(dst, staging, part.len()) }?;
                self.wait(stream)?;
            }
            Ok(())
        })
    }

    /// Copies down through staging memory, a part at a time.
    fn read_parts(&self, stream: &Stream, begin: u64, bytes: &mut [u8]) -> Result<()> {
        self.machine.with_staging(|staging| {
            for (part, at) in bytes.chunks_mut(STAGING_BYTES).zip(0u64..) {
                let src = begin + at * STAGING_BYTES as u64;
                // SAFETY: as for `write_parts`; nobody writes what is lent out or held
                // but consumers, behind whose work this is.
                unsafe { stream.download(staging, src, &(0..part.len())) }?;
                self.wait(stream)?;
                part.copy_from_slice(&staging.bytes()[..part.len()]);
            }
            Ok(())
        })
    }

    fn copy_to(&self, copy: &Self, len: usize) -> Result<()> {
        let dst = copy.shared(&self.machine)?.address();
        self.check_end(len)?;
        self.after_consumers(|stream, shared| {
            // SAFETY: both have `len` bytes; one is held, the other new, and neither is
            // let go before this has been waited for.
            unsafe { stream.copy(shared.address(), dst, len) }?;
            self.wait(stream)
        })
    }
}

impl Kept for CudaKept {
    fn begin(&mut self, len: usize) -> Result<()> {
        self.machine.check()?;
        let machine = Arc::clone(&self.machine);
        machine.noted(self.make_room(len))
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        self.check_end(at.saturating_add(bytes.len()))?;
        let written = self.after_consumers(|stream, shared| {
            self.write_parts(stream, shared.address() + at as u64, bytes)?;
            shared.caught_up();
            Ok(())
        });
        self.machine.noted(written)
    }

    fn zero(&mut self, ranges: &[Range<usize>]) -> Result<()> {
        let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
        self.check_end(end)?;
        let written = self.after_consumers(|stream, shared| {
            for range in ranges.iter().filter(|range| !range.is_empty()) {
                // SAFETY: within the memory, as was just looked; who writes has it alone,
                // and waits.
                unsafe { stream.zero(shared.address() + range.start as u64, range.len()) }?;
            }
            self.wait(stream)?;
            shared.caught_up();
            Ok(())
        });
        self.machine.noted(written)
    }

    fn read(&self, dst: &mut [u8]) -> Result<()> {
        self.check_end(dst.len())?;
        self.after_consumers(|stream, shared| self.read_parts(stream, shared.address(), dst))
    }

    fn duplicate(&self, len: usize) -> Result<Box<dyn Kept>> {
        let _visit = self.machine.context.visit()?;
        let mut copy = Self::new(&self.machine);
        copy.make_room(len)?;
        if len > 0 {
            // Whatever happens, the copy is not freed under what is under way.
            let copy = ManuallyDrop::new(copy);
            self.copy_to(&copy, len)?;
            return Ok(Box::new(ManuallyDrop::into_inner(copy)));
        }
        Ok(Box::new(copy))
    }

    fn address(&self) -> u64 {
        self.shared.as_ref().map_or(0, |shared| shared.address())
    }

    fn ordinal(&self) -> u32 {
        self.machine.ordinal
    }

    fn lend(&self, stream: ConsumerStream) -> Result<()> {
        let _visit = self.machine.context.visit()?;
        match &self.shared {
            Some(shared) => shared.lend(stream),
            None => Ok(()),
        }
    }

    fn give_back(&self, stream: ConsumerStream) {
        if let Some(shared) = &self.shared {
            shared.give_back(stream);
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
