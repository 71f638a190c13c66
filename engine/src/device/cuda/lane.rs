//! A program on a CUDA device: compiled kernels, tables, streams and the ring.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use fuelrail_kernels::ptx;

use super::super::program::{Chain, Program};
use super::super::ring::Ring;
use super::super::schedule::{Entry, Schedule, Tables};
use super::super::{Lane, Slot};
use super::driver::Context;
use super::owned::{Function, Memory, Module, Pinned, Stream};
use super::room::Room;
use super::slot::CudaSlot;
use crate::error::{Error, Result};

/// Slots of a ring: one on its way up, one at work, one on its way down.
const N_SLOTS: usize = 3;

/// Bytes of a slot at most, in each place, however large the device is.
const MAX_SLOT_BYTES: u64 = 256 << 20;

/// The places a slot takes on the device are at most this part of it, over all
/// slots: a device has other users.
const MEMORY_PART: u64 = 2 * 4 * N_SLOTS as u64;

/// The PTX of each operator, and the entries in it.
const MODULES: &[(&str, &[Entry])] = &[
    (
        ptx::NORMALIZE,
        &[
            Entry::NormalizeImages,
            Entry::NormalizeNumbers,
            Entry::NormalizeWide,
        ],
    ),
    (ptx::CAST, &[Entry::Cast]),
];

/// What all slots of a lane share.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) context: Arc<Context>,
    pub(super) upload: Stream,
    pub(super) compute: Stream,
    pub(super) download: Stream,
    pub(super) n_multiprocessors: u32,
    kernels: Kernels,
    tables: Option<Memory>,
    /// What failed first; nothing is started after that.
    failed: OnceLock<String>,
}

impl Machine {
    fn new(
        context: &Arc<Context>,
        program: &Program,
        tables: &Tables,
        n_multiprocessors: u32,
    ) -> Result<Self> {
        context.enter()?;
        let kernels = Kernels::load(context, program)?;
        let upload = Stream::new(context)?;
        Ok(Self {
            tables: device_tables(context, &upload, &tables.words)?,
            context: Arc::clone(context),
            upload,
            compute: Stream::new(context)?,
            download: Stream::new(context)?,
            n_multiprocessors,
            kernels,
            failed: OnceLock::new(),
        })
    }

    /// The kernel of an entry that the program has.
    pub(super) fn function(&self, entry: Entry) -> Result<Function> {
        let function = self.kernels.functions.get(&entry).copied();
        function.ok_or_else(|| Error::internal("a kernel that the program does not have"))
    }

    /// What an entry takes beside its jobs and two buffers.
    pub(super) fn last_argument(
        &self,
        entry: Entry,
        flags: impl FnOnce() -> Result<u64>,
    ) -> Result<Option<u64>> {
        match entry {
            Entry::NormalizeImages => Ok(self.tables.as_ref().map(Memory::address)),
            Entry::NormalizeNumbers | Entry::NormalizeWide => Ok(None),
            Entry::Cast => flags().map(Some),
        }
    }

    /// Notes that a call failed, so that no more are made.
    pub(super) fn poison(&self, error: &Error) {
        self.failed.get_or_init(|| error.to_string());
    }

    /// Makes the context this thread's, unless something failed before.
    fn enter(&self) -> Result<()> {
        self.sound()?;
        let entered = self.context.enter();
        entered.inspect_err(|error| self.poison(error))
    }

    /// Refuses after a failure.
    pub(super) fn sound(&self) -> Result<()> {
        match self.failed.get() {
            None => Ok(()),
            Some(first) => Err(Error::device(format!(
                "this CUDA device is not used after it failed: {first}"
            ))),
        }
    }
}

/// Modules, and the kernels in them.
#[derive(Debug, Default)]
struct Kernels {
    functions: BTreeMap<Entry, Function>,
    /// Kept because the functions are in them.
    modules: Vec<Module>,
}

impl Kernels {
    /// Has the driver translate the modules that a program needs.
    fn load(context: &Arc<Context>, program: &Program) -> Result<Self> {
        let stages = program.chains.iter().flat_map(Chain::stages);
        let needed: Vec<Entry> = stages.map(|(kernel, _)| Entry::of(kernel)).collect();
        let mut kernels = Self::default();
        for (text, entries) in MODULES {
            if !entries.iter().any(|entry| needed.contains(entry)) {
                continue;
            }
            let module = Module::new(context, text)?;
            for entry in *entries {
                let function = module.function(entry.name())?;
                kernels.functions.insert(*entry, function);
            }
            kernels.modules.push(module);
        }
        Ok(kernels)
    }
}

/// Copies the tables up, if there are any.
fn device_tables(context: &Arc<Context>, stream: &Stream, words: &[u32]) -> Result<Option<Memory>> {
    if words.is_empty() {
        return Ok(None);
    }
    let bytes: &[u8] = bytemuck::cast_slice(words);
    let memory = Memory::new(context, bytes.len())?;
    let mut pinned = Pinned::new(context, bytes.len())?;
    pinned.bytes_mut().copy_from_slice(bytes);
    stream.upload_and_wait(memory, pinned).map(Some)
}

/// A program with its ring.
#[derive(Debug)]
pub(super) struct CudaLane {
    machine: Arc<Machine>,
    program: Program,
    tables: Tables,
    ring: Arc<Ring<Room>>,
    max_slot_bytes: usize,
}

impl CudaLane {
    /// Makes ready what `program` needs; slots get their memory when they are
    /// first used.
    pub(super) fn new(
        context: &Arc<Context>,
        program: &Program,
        n_multiprocessors: u32,
        memory_bytes: u64,
    ) -> Result<Self> {
        let tables = Tables::new(program);
        let machine = Machine::new(context, program, &tables, n_multiprocessors)?;
        let rooms: Result<Vec<Room>> = (0..N_SLOTS).map(|_| Room::new(context)).collect();
        let max_slot_bytes = MAX_SLOT_BYTES.min(memory_bytes / MEMORY_PART);
        Ok(Self {
            machine: Arc::new(machine),
            program: program.clone(),
            tables,
            ring: Ring::new(rooms?),
            max_slot_bytes: usize::try_from(max_slot_bytes).unwrap_or(usize::MAX),
        })
    }

    /// Where all items lie, if a slot may take as many bytes.
    fn schedule(&self, n_items: &[usize]) -> Result<Schedule> {
        if n_items.len() != self.program.chains.len() {
            return Err(Error::internal(format!(
                "expected items for {} chains, got {}",
                self.program.chains.len(),
                n_items.len()
            )));
        }
        let chains = self.program.chains.iter().zip(n_items);
        let widest = chains.map(|(chain, n)| chain.widest_item_bytes().saturating_mul(*n));
        let widest = widest.fold(0, usize::saturating_add);
        if widest > self.max_slot_bytes {
            return Err(Error::internal(format!(
                "expected at most {} bytes in a slot, got {widest}",
                self.max_slot_bytes
            )));
        }
        Schedule::new(&self.program, &self.tables, n_items)
    }
}

impl Lane for CudaLane {
    fn max_slot_bytes(&self) -> usize {
        self.max_slot_bytes
    }

    fn acquire(&self, n_items: &[usize]) -> Result<Box<dyn Slot>> {
        self.machine.enter()?;
        let schedule = self.schedule(n_items)?;
        let mut room = self.ring.take();
        // While it waited, another slot may have failed.
        self.machine.enter()?;
        room.fit(&schedule)
            .inspect_err(|error| self.machine.poison(error))?;
        let machine = Arc::clone(&self.machine);
        Ok(Box::new(CudaSlot::new(machine, room, schedule)))
    }
}
