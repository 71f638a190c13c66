//! The streams on which those work to whom memory of a device is handed.
#![expect(unsafe_code, reason = "a handle is what its owner says it is")]

use std::thread::{self, ThreadId};

/// A stream of CUDA on which a consumer uses memory that is handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerStream(Which);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Handle(usize),
    /// The default stream of this thread; in another it is another stream.
    OfThread(ThreadId),
    Unknown,
}

/// `CU_STREAM_LEGACY` of the driver's header.
const LEGACY: usize = 1;
/// `CU_STREAM_PER_THREAD` of the driver's header.
#[cfg(feature = "cuda")]
const PER_THREAD: usize = 2;

impl ConsumerStream {
    /// The legacy default stream, which waits for all streams that block and makes
    /// them wait.
    pub const LEGACY: Self = Self(Which::Handle(LEGACY));

    /// Whichever it is: nothing is ordered before the consumer's work, and before
    /// the memory is written again all of the device is waited for.
    pub const UNKNOWN: Self = Self(Which::Unknown);

    /// The default stream of the thread that calls. Where memory is given back in
    /// another thread, it is as [`ConsumerStream::UNKNOWN`] is.
    #[must_use]
    pub fn of_this_thread() -> Self {
        Self(Which::OfThread(thread::current().id()))
    }

    /// A stream that somebody made.
    ///
    /// # Safety
    /// `handle` is a stream of the primary context of the device whose memory is
    /// handed out, and is not destroyed before that is given back.
    #[must_use]
    pub unsafe fn from_handle(handle: usize) -> Self {
        Self(Which::Handle(handle))
    }

    /// What the driver knows it by in this thread, if it can be known.
    #[cfg(feature = "cuda")]
    pub(super) fn handle(self) -> Option<usize> {
        match self.0 {
            Which::Handle(handle) => Some(handle),
            Which::OfThread(thread) => (thread == thread::current().id()).then_some(PER_THREAD),
            Which::Unknown => None,
        }
    }
}
