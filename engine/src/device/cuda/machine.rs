//! What all slots of a lane share: compiled kernels, tables and streams.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fuelrail_kernels::{DeviceKernel, Entry, ptx};

use super::super::program::Program;
use super::super::tables::Tables;
use super::driver::PrimaryContext;
use super::owned::{Function, Memory, Module, Pinned, Stream};
use crate::error::{Error, Result};

/// Bytes of a slot at most, in each place, however large the device is.
const MAX_SLOT_BYTES: u64 = 256 << 20;

/// Bytes of the memory through which what is seldom copied goes up and down.
pub(super) const STAGING_BYTES: usize = 1 << 20;

/// The places a slot takes on the device are at most this part of it, over all
/// three slots: a device has other users.
const MEMORY_PART: u64 = 2 * 5 * 3;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) context: Arc<PrimaryContext>,
    /// The device's number.
    pub(super) ordinal: u32,
    pub(super) upload: Stream,
    pub(super) compute: Stream,
    pub(super) download: Stream,
    pub(super) n_multiprocessors: u32,
    pub(super) max_buffer: usize,
    kernels: Kernels,
    tables: Memory,
    /// Made when it is first wanted.
    staging: Mutex<Option<Pinned>>,
    /// What failed first; nothing is started after that.
    failed: OnceLock<String>,
}

/// Which device it is, and how large.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeviceSize {
    pub(super) ordinal: u32,
    pub(super) n_multiprocessors: u32,
    pub(super) memory_bytes: u64,
}

impl Machine {
    /// Makes ready what `program` needs.
    pub(super) fn new(
        context: &Arc<PrimaryContext>,
        (program, tables): (&Program, &Tables),
        DeviceSize {
            ordinal,
            n_multiprocessors,
            memory_bytes,
        }: DeviceSize,
    ) -> Result<Self> {
        context.enter()?;
        let kernels = Kernels::load(context, program)?;
        let upload = Stream::new(context)?;
        Ok(Self {
            tables: device_tables(context, &upload, &tables.words)?,
            context: Arc::clone(context),
            ordinal,
            staging: Mutex::default(),
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

    /// Does something through staging memory of [`STAGING_BYTES`], one thread at a
    /// time. Where that fails, the device may still use the memory, which is given up.
    pub(super) fn with_staging(&self, act: impl FnOnce(&mut Pinned) -> Result<()>) -> Result<()> {
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        let pinned = match staging.take() {
            Some(pinned) => pinned,
            None => Pinned::new(&self.context, STAGING_BYTES)?,
        };
        let mut pinned = ManuallyDrop::new(pinned);
        act(&mut pinned)?;
        *staging = Some(ManuallyDrop::into_inner(pinned));
        Ok(())
    }

    /// Where the constants and tables of all kernels lie.
    pub(super) fn tables(&self) -> u64 {
        self.tables.address()
    }

    /// What failed first, if anything did.
    pub(super) fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// Notes that a call failed, so that no more are made.
    pub(super) fn noted<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.inspect_err(|error| {
            self.failed.get_or_init(|| error.to_string());
        })
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
    fn load(context: &Arc<PrimaryContext>, program: &Program) -> Result<Self> {
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
fn device_tables(context: &Arc<PrimaryContext>, stream: &Stream, words: &[u32]) -> Result<Memory> {
    let bytes: &[u8] = bytemuck::cast_slice(words);
    let memory = Memory::new(context, bytes.len())?;
    let mut pinned = Pinned::new(context, bytes.len())?;
    pinned.bytes_mut().copy_from_slice(bytes);
    stream.upload_and_wait(memory, pinned)
}
