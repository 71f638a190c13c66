//! Bytes of input read so far, for whoever shows progress.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that readers add to; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    read: AtomicU64,
    passed: AtomicU64,
    decoded: AtomicU64,
}

impl Meter {
    /// Adds bytes as they lie on disk.
    pub fn add(&self, n_bytes: u64) {
        self.0.read.fetch_add(n_bytes, Ordering::Relaxed);
    }

    /// Adds bytes on disk that need not be read, because what they hold was
    /// written by an earlier run.
    pub fn pass(&self, n_bytes: u64) {
        self.0.passed.fetch_add(n_bytes, Ordering::Relaxed);
    }

    /// Adds bytes as they are after decompression: of text, or of the columns
    /// that are read.
    pub fn add_decoded(&self, n_bytes: u64) {
        self.0.decoded.fetch_add(n_bytes, Ordering::Relaxed);
    }

    /// Bytes on disk that were read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }

    /// Bytes on disk that were read or passed over.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.read()
            .saturating_add(self.0.passed.load(Ordering::Relaxed))
    }

    /// Bytes after decompression.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.0.decoded.load(Ordering::Relaxed)
    }
}

/// Tells a meter of the bytes that come out of `content`, which has been
/// decompressed.
pub(super) struct Metered<R> {
    pub(super) content: R,
    pub(super) meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(buf)?;
        self.meter.add_decoded(n as u64);
        Ok(n)
    }
}
