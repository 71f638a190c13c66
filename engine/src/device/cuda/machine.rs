//! What all slots of a lane share: compiled kernels, tables and streams.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use fuelrail_kernels::{DeviceKernel, Entry, ptx};

use super::super::program::Program;
use super::super::schedule::Schedule;
use super::super::slot::Gpu;
use super::super::tables::Tables;
use super::driver::Context;
use super::owned::{Function, Memory, Module, Pinned, Stream};
use super::room::Room;
use crate::error::{Error, Result};

/// Bytes of a slot at most, in each place, however large the device is.
const MAX_SLOT_BYTES: u64 = 256 << 20;

/// The places a slot takes on the device are at most this part of it, over all
/// three slots: a device has other users.
const MEMORY_PART: u64 = 2 * 5 * 3;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) context: Arc<Context>,
    pub(super) upload: Stream,
    pub(super) compute: Stream,
    pub(super) download: Stream,
    pub(super) n_multiprocessors: u32,
    max_buffer: usize,
    kernels: Kernels,
    tables: Memory,
    /// What failed first; nothing is started after that.
    failed: OnceLock<String>,
}

impl Machine {
    /// Makes ready what `program` needs.
    pub(super) fn new(
        context: &Arc<Context>,
        (program, tables): (&Program, &Tables),
        (n_multiprocessors, memory_bytes): (u32, u64),
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
            max_buffer: usize::try_from(MAX_SLOT_BYTES.min(memory_bytes / MEMORY_PART))
                .unwrap_or(usize::MAX),
            kernels,
            failed: OnceLock::new(),
        })
    }

    /// The kernel of an entry that the program has.
    pub(super) fn function(&self, entry: Entry) -> Result<Function> {
        let function = self.kernels.functions.get(&entry).copied();
        function.ok_or_else(|| Error::internal("a kernel that the program does not have"))
    }

    /// Where the constants and tables of all kernels lie.
    pub(super) fn tables(&self) -> u64 {
        self.tables.address()
    }

    /// Notes that a call failed, so that no more are made.
    fn noted<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.inspect_err(|error| {
            self.failed.get_or_init(|| error.to_string());
        })
    }
}

impl Gpu for Machine {
    type Room = Room;

    fn max_buffer(&self) -> usize {
        self.max_buffer
    }

    fn check(&self) -> Result<()> {
        match self.failed.get() {
            None => self.noted(self.context.enter()),
            Some(first) => Err(Error::device(format!(
                "this CUDA device is not used after it failed: {first}"
            ))),
        }
    }

    fn room(&self) -> Result<Room> {
        Room::new(&self.context)
    }

    fn fit(&self, room: &mut Room, schedule: &Schedule) -> Result<()> {
        self.noted(room.fit(schedule))
    }

    fn write(&self, room: &mut Room, begin: usize, bytes: &[u8]) -> Result<()> {
        let range = begin..begin + bytes.len();
        room.src_mut(range)?.copy_from_slice(bytes);
        Ok(())
    }

    fn start(&self, room: &mut Room, schedule: &Schedule) -> Result<()> {
        self.noted(room.start(self, schedule))
    }

    fn fetch(&self, room: &mut Room, ranges: &[Range<usize>]) -> Result<()> {
        self.noted(room.fetch(self, ranges))
    }

    fn wait(&self, room: &mut Room) -> Result<()> {
        self.noted(room.wait())
    }

    fn read<'a>(&self, room: &'a Room, range: Range<usize>) -> &'a [u8] {
        room.dst(range).unwrap_or_default()
    }

    fn release(&self, room: &mut Room) {
        room.settle(self);
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
        let passes = program.columns().flatten().flat_map(DeviceKernel::passes);
        let needed: Vec<Entry> = passes.map(|pass| pass.entry).collect();
        let mut kernels = Self::default();
        for (name, text) in ptx::MODULES {
            let needed = needed.iter().filter(|entry| entry.module() == *name);
            let mut needed = needed.copied().peekable();
            if needed.peek().is_none() {
                continue;
            }
            let module = Module::new(context, text)?;
            for entry in needed {
                let function = module.function(entry.name())?;
                kernels.functions.insert(entry, function);
            }
            kernels.modules.push(module);
        }
        Ok(kernels)
    }
}

/// Copies the tables up.
fn device_tables(context: &Arc<Context>, stream: &Stream, words: &[u32]) -> Result<Memory> {
    let bytes: &[u8] = bytemuck::cast_slice(words);
    let memory = Memory::new(context, bytes.len())?;
    let mut pinned = Pinned::new(context, bytes.len())?;
    pinned.bytes_mut().copy_from_slice(bytes);
    stream.upload_and_wait(memory, pinned)
}
