//! How a plan is run.

use std::sync::Arc;

use crate::device::{Device, OnDeviceError};
use crate::sink::{Fs, LocalFs, OnExisting, OnForeign};

/// About how many bytes of input a batch holds.
const BATCH_BYTES: usize = 1 << 20;
/// The same where a device other than the processor is used: enough to make up
/// for the way there and back.
const DEVICE_BATCH_BYTES: usize = 8 << 20;

/// How a plan is run. None of it shows in the dataset.
#[derive(Debug, Clone)]
pub struct ShardOptions {
    /// Threads that compute.
    pub threads: usize,
    /// What to do about a dataset of another plan at the target.
    pub on_existing: OnExisting,
    /// What to do about a target that holds files of someone else's.
    pub on_foreign: OnForeign,
    /// About how many bytes of input a batch holds.
    pub batch_bytes: usize,
    /// The files the dataset is written to.
    pub fs: Arc<dyn Fs>,
    /// What runs the steps that a device can do.
    pub device: Device,
    /// What becomes of a batch on which the device has failed.
    pub on_device_error: OnDeviceError,
}

impl ShardOptions {
    /// `threads` threads, writing to local files, refusing a target that holds
    /// another dataset.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            on_existing: OnExisting::Refuse,
            on_foreign: OnForeign::Refuse,
            batch_bytes: BATCH_BYTES,
            fs: Arc::new(LocalFs),
            device: Device::cpu(),
            on_device_error: OnDeviceError::default(),
        }
    }

    /// The same on `device`, with batches of a size that suits it.
    #[must_use]
    pub fn on(mut self, device: Device) -> Self {
        self.batch_bytes = batch_bytes(&device);
        self.device = device;
        self
    }
}

/// About how many bytes of input a batch for `device` holds.
pub(super) fn batch_bytes(device: &Device) -> usize {
    match device.backend() {
        Some(_) => DEVICE_BATCH_BYTES,
        None => BATCH_BYTES,
    }
}
