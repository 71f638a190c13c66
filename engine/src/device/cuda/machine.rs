//! What all slots of a lane share: compiled kernels, tables and streams.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use fuelrail_kernels::{Entry, ptx};

use super::super::program::{Chain, Program};
use super::super::schedule::Tables;
use super::driver::Context;
use super::owned::{Function, Memory, Module, Pinned, Stream};
use crate::error::{Error, Result};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) context: Arc<Context>,
    pub(super) upload: Stream,
    pub(super) compute: Stream,
    pub(super) download: Stream,
    pub(super) n_multiprocessors: u32,
    kernels: Kernels,
    tables: Memory,
    /// What failed first; nothing is started after that.
    failed: OnceLock<String>,
}

impl Machine {
    /// Makes ready what `program` needs.
    pub(super) fn new(
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

    /// Where the constants and tables of all kernels lie.
    pub(super) fn tables(&self) -> u64 {
        self.tables.address()
    }

    /// Notes that a call failed, so that no more are made.
    pub(super) fn poison(&self, error: &Error) {
        self.failed.get_or_init(|| error.to_string());
    }

    /// Makes the context this thread's, unless something failed before.
    pub(super) fn enter(&self) -> Result<()> {
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
        let stages = program.chains.iter().flat_map(Chain::kernels);
        let needed: Vec<Entry> = stages.map(|(kernel, _)| Entry::of(kernel)).collect();
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
