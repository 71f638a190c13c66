//! Why a device can no longer be used, if it cannot.

use std::any::Any;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// Shared by all that use one device and by what wgpu calls back.
#[derive(Debug)]
pub(super) struct Health {
    /// The name of the device, for errors.
    name: String,
    /// The process that opened it: a driver's threads do not survive a fork.
    process: AtomicU32,
    /// What was said first.
    fault: Mutex<Option<String>>,
}

impl Health {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            process: AtomicU32::new(process::id()),
            fault: Mutex::new(None),
        }
    }

    /// Notes that the device cannot be used any more, and why.
    pub(super) fn lose(&self, why: &str) {
        let why = if why.is_empty() {
            "no reason given"
        } else {
            why
        };
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert_with(|| why.to_owned());
    }

    /// The same for a panic inside wgpu.
    pub(super) fn lose_by_panic(&self, payload: &(dyn Any + Send)) {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        self.lose(text.unwrap_or("wgpu panicked").trim());
    }

    /// Whether the device may be used.
    ///
    /// # Errors
    /// `Device` once it was lost, and in a process that was forked off.
    pub(super) fn check(&self) -> Result<()> {
        same_process(&self.name, self.process.load(Ordering::Relaxed))?;
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match &*fault {
            None => Ok(()),
            Some(why) => Err(Error::device(format!("{} was lost", self.name))
                .with_source(why.clone())
                .with_hint("see the system's log for the driver's reason")),
        }
    }

    /// Makes it look as if another process had opened the device.
    #[cfg(test)]
    pub(super) fn pretend_fork(&self) {
        self.process.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether this is the process that opened the device of this name. It is asked
/// before any lock is taken: after a fork some are never given back.
pub(super) fn same_process(name: &str, opened_by: u32) -> Result<()> {
    if opened_by == process::id() {
        return Ok(());
    }
    Err(Error::device(format!(
        "{name} was opened before this process was forked off, and cannot be used here"
    ))
    .with_hint("start new processes instead of forking (Python: spawn or forkserver)"))
}
