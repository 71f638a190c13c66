//! A handle on a run from another thread: how far it is, and to end it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::sink::Committed;
use crate::source::Meter;

/// Looks into and ends a run from another thread.
#[derive(Debug, Default)]
pub struct Control {
    /// 0, or the signal that asked the run to stop.
    stop: AtomicU32,
    rows: AtomicU64,
    bytes: AtomicU64,
    shards: AtomicU64,
    read: Meter,
    was_complete: AtomicBool,
    device_lost: OnceLock<String>,
    too_large_for_device: AtomicU64,
    text_for_device: AtomicU64,
    text_on_host: AtomicU64,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Shards that this run has put on disk for good, and what they hold.
    pub committed: Committed,
    /// Bytes of input on disk that were read in this run.
    pub read_bytes: u64,
    /// The same and those of parts that earlier runs had written.
    pub bytes_behind: u64,
    /// Bytes of input that were read in this run, after decompression: of text,
    /// or of the columns that are read.
    pub decoded_bytes: u64,
    /// Whether the dataset was there already, so that there was nothing to do.
    pub was_complete: bool,
}

impl Control {
    /// Asks the run to stop at the next batch; what is committed stays.
    /// `signal`, at least 1, is what [`Control::stopped_by`] reports.
    pub fn stop(&self, signal: u32) {
        self.stop.store(signal.max(1), Ordering::Relaxed);
    }

    /// The signal that asked the run to stop, if one did.
    #[must_use]
    pub fn stopped_by(&self) -> Option<u32> {
        Some(self.stop.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }

    /// How far the run has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            committed: Committed {
                rows: self.rows.load(Ordering::Relaxed),
                bytes: self.bytes.load(Ordering::Relaxed),
                shards: self.shards.load(Ordering::Relaxed),
            },
            read_bytes: self.read.read(),
            bytes_behind: self.read.behind(),
            decoded_bytes: self.read.decoded(),
            was_complete: self.was_complete.load(Ordering::Relaxed),
        }
    }

    /// Why the device was given up and the processor did the rest, if that
    /// happened.
    #[must_use]
    pub fn device_lost(&self) -> Option<&str> {
        self.device_lost.get().map(String::as_str)
    }

    /// Items, rows or images, of which no slot of the device holds one, so that the
    /// processor did them.
    #[must_use]
    pub fn too_large_for_device(&self) -> u64 {
        self.too_large_for_device.load(Ordering::Relaxed)
    }

    /// Bytes of text that a device was to encode, and those of documents that the
    /// processor encoded all the same.
    #[must_use]
    pub fn text_for_device(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (of(&self.text_for_device), of(&self.text_on_host))
    }

    /// Counts such text.
    pub(super) fn add_text_for_device(&self, (all, on_host): (u64, u64)) {
        self.text_for_device.fetch_add(all, Ordering::Relaxed);
        self.text_on_host.fetch_add(on_host, Ordering::Relaxed);
    }

    /// Counts such items.
    pub(super) fn add_too_large_for_device(&self, n_items: u64) {
        self.too_large_for_device
            .fetch_add(n_items, Ordering::Relaxed);
    }

    /// Notes that the device was given up.
    pub(super) fn lose_device(&self, reason: &str) {
        self.device_lost.get_or_init(|| reason.to_owned());
    }

    /// An error once the run was asked to stop.
    pub(super) fn check(&self) -> Result<()> {
        if self.stopped_by().is_none() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Interrupted, "stopped as asked")
            .with_hint("run the same command again; it continues where it stopped"))
    }

    /// Adds what was committed since `seen`.
    pub(super) fn committed(&self, seen: &mut Committed, now: Committed) {
        self.rows.fetch_add(now.rows - seen.rows, Ordering::Relaxed);
        self.bytes
            .fetch_add(now.bytes - seen.bytes, Ordering::Relaxed);
        self.shards
            .fetch_add(now.shards - seen.shards, Ordering::Relaxed);
        *seen = now;
    }

    /// Notes that the dataset was there already.
    pub(super) fn found_complete(&self) {
        self.was_complete.store(true, Ordering::Relaxed);
    }

    /// Counts the bytes that are read.
    pub(super) fn meter(&self) -> &Meter {
        &self.read
    }
}
