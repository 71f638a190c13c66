//! Runs the steps of a plan on batches.
//!
//! [`Worker`] does what concerns one row at a time, so any number of workers
//! may work on batches of one part at once. [`Assembler`] takes their batches
//! in source order and makes the rows that are written, with the places where
//! the work can be taken up again.
//!
//! Consecutive steps that map numbers to numbers are a [`Program`]. The
//! processor runs it in place, on the columns as they lie. Any other device is
//! a [`Backend`]: its [`Lane`] has a ring of [`Slot`]s; a worker takes a free
//! one, copies its columns in, submits it and waits for its [`Ticket`], while
//! other workers' slots are on their way up, at work or on their way down. That
//! life of a slot is written once, in [`slot`], over what a GPU can do.

mod aligned;
mod changes;
mod columns;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod holes;
mod infinite;
mod items;
mod kept;
mod landing;
mod numbers;
mod offload;
mod on_lane;
mod open;
mod parity;
mod permits;
mod pieces;
mod placement;
mod program;
mod report;
#[cfg(any(test, feature = "cuda", feature = "wgpu"))]
mod ring;
#[cfg(any(test, feature = "cuda", feature = "wgpu"))]
mod schedule;
#[cfg(any(test, feature = "cuda", feature = "wgpu"))]
mod slot;
mod speed;
mod stream;
#[cfg(any(test, feature = "cuda", feature = "wgpu"))]
mod tables;
#[cfg(test)]
mod tests;
mod text_lane;
#[cfg(feature = "wgpu")]
mod wgpu;
mod worker;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use fuelrail_kernels::Kernel;

pub(crate) use cpu::Assembler;
pub(crate) use items::{Items, RowItems};
pub(crate) use kept::Kept;
pub(crate) use landing::{Destination, Landing};
pub(crate) use offload::Offload;
pub use offload::OnDeviceError;
pub(crate) use on_lane::{ColumnItems, OnLane};
pub use open::Device;
pub(crate) use open::{Visit, found};
pub use parity::SuiteReport;
pub(crate) use parity::{conformance, quick_trial};
pub(crate) use program::{Chain, Program, RowChain};
pub use report::{DeviceKind, DeviceReport};
pub(crate) use speed::speeds;
pub use speed::{Measure, SpeedReport};
pub use stream::ConsumerStream;
pub(crate) use worker::Worker;

use crate::error::{Error, Result};

/// A device other than the processor.
pub(crate) trait Backend: Debug + Send + Sync {
    /// What it is.
    fn report(&self) -> &DeviceReport;

    /// Why it cannot run `kernel` with the reference's bits, if it cannot.
    fn refuses(&self, kernel: &Kernel) -> Option<&'static str>;

    /// Why the host runs `kernel`: no device does, or this one refuses it.
    fn leaves(&self, kernel: &Kernel) -> Option<&'static str> {
        if kernel.is_on_host_only() {
            Some("it runs on the CPU only")
        } else {
            self.refuses(kernel)
        }
    }

    /// Makes ready what `program` needs; all its kernels are ones that the
    /// device runs.
    ///
    /// # Errors
    /// `Device` where its memory, its driver or its compiler refuses.
    fn lane(&self, program: &Program) -> Result<Arc<dyn Lane>>;
}

/// A program on a device, with its ring of slots. Any number of threads may
/// use it at once.
pub(crate) trait Lane: Debug + Send + Sync {
    /// Bytes that the items of one slot may take at most, summed over chains,
    /// in each of the places they pass through.
    fn max_slot_bytes(&self) -> usize;

    /// Takes a slot with room for these items of each chain; waits while all are
    /// in use.
    ///
    /// # Errors
    /// `Device` where memory cannot be had or the device is lost; `Internal`
    /// for more than [`Lane::max_slot_bytes`].
    fn acquire(&self, items: &[Items<'_>]) -> Result<Box<dyn Slot>>;

    /// Memory of the device that results can stay in, without room yet; `None`
    /// where a device has none that others can use.
    fn keep(&self) -> Option<Box<dyn Kept>> {
        None
    }

    /// Until what is returned is dropped, the thread that calls is the lane's; then
    /// it is again whose it was.
    ///
    /// # Errors
    /// `Device` where the driver refuses.
    fn visit(&self) -> Result<Box<dyn Any>> {
        Ok(Box::new(()))
    }
}

/// Room for the items of one batch, on the host and on the device. Dropped
/// unused, it goes back to its ring.
pub(crate) trait Slot: Debug + Send {
    /// Copies in all items of a chain.
    ///
    /// # Errors
    /// `Internal` if it is not as many bytes as were asked for.
    fn write(&mut self, chain: usize, src: &[u8]) -> Result<()>;

    /// Has what a chain writes copied to `kept`, from byte `at` on, instead of
    /// downloaded; it is there when the ticket has been waited for.
    ///
    /// # Errors
    /// `Internal` for memory that is not the lane's or too short, and where only the
    /// device knows how long rows become.
    fn keep(&mut self, _chain: usize, _kept: &dyn Kept, _at: usize) -> Result<()> {
        Err(Error::internal("a device whose memory nobody else can use"))
    }

    /// Starts the program on what was written.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost.
    fn submit(self: Box<Self>) -> Result<Box<dyn Ticket>>;
}

/// A slot that is under way. Dropped, it goes back to its ring when the device
/// is done with it.
pub(crate) trait Ticket: Debug + Send {
    /// Waits, without using the processor, until the program has run.
    ///
    /// # Errors
    /// `Device` where the device failed or is lost.
    fn wait(self: Box<Self>) -> Result<Box<dyn Outputs>>;
}

/// What a program has written. Dropped, its slot goes back to the ring.
pub(crate) trait Outputs: Debug {
    /// All items of a chain.
    fn dst(&self, chain: usize) -> &[u8];

    /// Where the rows of a chain begin in there, and where the last ends; nothing
    /// for a chain of fixed items.
    fn offsets(&self, chain: usize) -> Vec<u32>;

    /// Whether a number of the chain did not fit its new type.
    fn overflowed(&self, chain: usize) -> bool;

    /// Whether the device ended loops before their time, as drivers that run on the
    /// processor do in silence: what it wrote for the chain is of no use then.
    fn cut_short(&self, _chain: usize) -> bool {
        false
    }
}
