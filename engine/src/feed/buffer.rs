//! Memory of batches: page-aligned, only ever growing, reused.
#![expect(
    unsafe_code,
    reason = "memory that trainers write to through pointers of their own"
)]

use std::alloc::{Layout, alloc, dealloc};
use std::num::NonZero;
use std::ptr::NonNull;
use std::slice;

use super::limits::memory_bytes;
use crate::error::{Error, Result};

/// Buffers begin at a multiple of this, as devices want it.
const PAGE_BYTES: usize = 4096;

/// Where a buffer begins that has no bytes.
const NOTHING: NonNull<u8> = NonNull::without_provenance(NonZero::new(PAGE_BYTES).unwrap());

/// Buffers of two of these or more begin at a multiple of it, so that the
/// system can put them on large pages: writing to them then misses fewer
/// addresses, and they are there after fewer faults.
const LARGE_PAGE_BYTES: usize = 2 << 20;

/// Buffers beyond this are compared with the memory that there is.
const LARGE: usize = 1 << 30;

/// The memory of the tensors of one batch, a buffer for each.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    all: Vec<Buffer>,
}

impl Buffers {
    /// The buffer `index`, made where there is none yet.
    pub(crate) fn buffer(&mut self, index: usize) -> &mut Buffer {
        if self.all.len() <= index {
            self.all.resize_with(index + 1, Buffer::default);
        }
        &mut self.all[index]
    }

    /// Takes a buffer out, so that another can be written while it is read.
    pub(crate) fn take(&mut self, index: usize) -> Buffer {
        std::mem::take(self.buffer(index))
    }

    /// Puts a buffer back that was taken out.
    pub(crate) fn put_back(&mut self, index: usize, buffer: Buffer) {
        *self.buffer(index) = buffer;
    }

    /// The first byte of the buffer `index`, for whoever the batch is handed
    /// to; dangling where nothing was ever put into it.
    pub(crate) fn as_ptr(&self, index: usize) -> *mut u8 {
        self.all.get(index).map_or(NOTHING.as_ptr(), Buffer::as_ptr)
    }

    /// The first `len` bytes of the buffer `index`, if it has as many.
    pub(crate) fn bytes(&self, index: usize, len: usize) -> Option<&[u8]> {
        let buffer = self.all.get(index).filter(|b| len <= b.capacity)?;
        // SAFETY: `start` is the first of `capacity >= len` initialised bytes,
        // which nobody writes to through `&mut self` meanwhile; those who
        // write through `as_ptr` answer for doing so while this is borrowed.
        Some(unsafe { slice::from_raw_parts(buffer.start.as_ptr(), len) })
    }

    /// Bytes of all buffers.
    #[cfg(test)]
    pub(crate) fn len_bytes(&self) -> usize {
        self.all.iter().map(|buffer| buffer.capacity).sum()
    }
}

/// Page-aligned bytes.
#[derive(Debug)]
pub(crate) struct Buffer {
    start: NonNull<u8>,
    capacity: usize,
}

// SAFETY: a buffer is the only owner of its memory, as a vector is.
unsafe impl Send for Buffer {}
// SAFETY: through a shared buffer nothing is read or written; `as_ptr` gives a
// pointer, whose users answer for what they do with it.
unsafe impl Sync for Buffer {}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            start: NOTHING,
            capacity: 0,
        }
    }
}

impl Buffer {
    /// Room for `len` bytes, with whatever they held; all of it is initialised.
    ///
    /// # Errors
    /// `Usage` if no memory can be that long.
    pub(crate) fn room(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.capacity {
            *self = Self::allocate(len)?;
        }
        // SAFETY: `start` is the first of `capacity >= len` bytes, which were
        // zeroed when they were allocated; `&mut self` makes them ours alone.
        Ok(unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), len) })
    }

    fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    fn allocate(len: usize) -> Result<Self> {
        let refused = || {
            Error::new(
                crate::ErrorKind::Usage,
                format!("expected a batch that fits memory, got a tensor of {len} bytes"),
            )
            .with_hint("use a smaller batch_size")
        };
        if len > LARGE && (1..len as u64).contains(&memory_bytes()) {
            // Systems promise more memory than there is, and end who uses it.
            return Err(refused());
        }
        let layout = layout(len).ok_or_else(refused)?;
        // SAFETY: `len` is more than a capacity, so the layout is not empty.
        let start = unsafe { alloc(layout) };
        let start = NonNull::new(start).ok_or_else(refused)?;
        if layout.align() == LARGE_PAGE_BYTES {
            prefer_large_pages(start, layout.size());
        }
        // SAFETY: `start` is the first of so many bytes, just allocated.
        unsafe { start.write_bytes(0, layout.size()) };
        Ok(Self {
            start,
            capacity: layout.size(),
        })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.capacity).filter(|_| self.capacity > 0) {
            // SAFETY: allocated with this very layout, and not given away.
            unsafe { dealloc(self.start.as_ptr(), layout) };
        }
    }
}

/// Whole pages that hold `len` bytes.
fn layout(len: usize) -> Option<Layout> {
    let len = len.checked_next_multiple_of(PAGE_BYTES)?;
    let align = if len < 2 * LARGE_PAGE_BYTES {
        PAGE_BYTES
    } else {
        LARGE_PAGE_BYTES
    };
    Layout::from_size_align(len, align).ok()
}

/// Asks for large pages; what is left over at the end stays on small ones.
#[cfg(target_os = "linux")]
fn prefer_large_pages(start: NonNull<u8>, len: usize) {
    // SAFETY: advice on memory of ours, which changes nothing in it; where it
    // is not taken, pages are small.
    unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn prefer_large_pages(_start: NonNull<u8>, _len: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_grow_and_stay() {
        let mut buffers = Buffers::default();
        assert_eq!(buffers.as_ptr(3).align_offset(PAGE_BYTES), 0);
        buffers.buffer(1).room(10).unwrap().fill(7);
        let first = buffers.as_ptr(1);
        assert_eq!(first.align_offset(PAGE_BYTES), 0);
        assert_eq!(
            buffers.buffer(1).room(4096).unwrap()[..11],
            [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0]
        );
        assert_eq!(buffers.as_ptr(1), first);
        assert_eq!(buffers.buffer(1).room(4097).unwrap(), [0; 4097]);
        assert_eq!(buffers.len_bytes(), 8192);
    }

    #[test]
    fn large_buffers_are_zeros_and_begin_at_large_pages() {
        let mut buffers = Buffers::default();
        let len = 2 * LARGE_PAGE_BYTES + 100;
        assert!(buffers.buffer(0).room(len).unwrap().iter().all(|b| *b == 0));
        let first = buffers.as_ptr(0);
        assert_eq!(first.align_offset(LARGE_PAGE_BYTES), 0);
        buffers.buffer(0).room(len).unwrap().fill(9);
        assert_eq!(buffers.buffer(0).room(100).unwrap(), [9; 100]);
        assert_eq!(buffers.as_ptr(0), first);
    }

    #[test]
    fn absurd_lengths_are_refused() {
        assert!(Buffer::default().room(usize::MAX).is_err());
        assert!(Buffer::default().room(isize::MAX as usize).is_err());
        // More than any machine has, and less than addresses reach.
        let error = Buffer::default().room(1 << 46).unwrap_err();
        assert!(error.message().contains("fits memory"));
    }
}
