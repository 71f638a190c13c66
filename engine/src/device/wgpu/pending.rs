//! What is waited for after a submission: the mappings of its slot.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use wgpu::SubmissionIndex;

use super::opened::OpenedDevice;
use crate::error::{Error, Result};

/// How long a callback on another thread is waited for before the device is
/// asked again.
const CALLBACK: Duration = Duration::from_millis(20);

/// A submission, and whether the mappings that follow it are there.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) submission: SubmissionIndex,
    pub(super) landing: Arc<Mappings>,
}

/// What the mappings came to, in any order.
#[derive(Debug)]
pub(super) struct Mappings {
    /// How many are waited for.
    n_wanted: u32,
    /// Those that succeeded and those that failed.
    done: Mutex<[u32; 2]>,
    called: Condvar,
}

impl Mappings {
    /// For so many mappings.
    pub(super) fn of(n_wanted: u32) -> Self {
        Self {
            n_wanted,
            done: Mutex::default(),
            called: Condvar::new(),
        }
    }

    /// Notes what one of them came to.
    pub(super) fn land(&self, mapped: &Result<(), wgpu::BufferAsyncError>) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done[usize::from(mapped.is_err())] += 1;
        self.called.notify_all();
    }

    /// Whether all is there, looked at for a while; `None` if not yet.
    fn landed(&self, patience: Duration) -> Option<bool> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, _) = self
            .called
            .wait_timeout_while(done, patience, |[ok, failed]| *ok + *failed < self.n_wanted)
            .unwrap_or_else(PoisonError::into_inner);
        (done[0] + done[1] == self.n_wanted).then_some(done[1] == 0)
    }
}

impl Pending {
    /// Sleeps until the submission has run and its buffers are mapped.
    pub(super) fn settle(&self, gpu: &OpenedDevice) -> Result<()> {
        let mut patience = Duration::ZERO;
        loop {
            match self.landing.landed(patience) {
                Some(true) => return gpu.health().check(),
                Some(false) => {
                    gpu.health().check()?;
                    return Err(Error::device("cannot map the memory of a slot"));
                }
                None => gpu.wait(&self.submission)?,
            }
            // Where another thread has polled, it may not have called back yet.
            patience = CALLBACK;
        }
    }
}
