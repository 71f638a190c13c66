//! Tables on huge pages, where the system has them: a lookup in a table of
//! some megabytes then costs a miss of the caches, and not of the address
//! translation too, which under virtualisation costs more.
#![expect(unsafe_code, reason = "memory is allocated, advised on and filled")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Bytes of a huge page.
const PAGE: usize = 2 << 20;

/// A table of fixed length.
pub(crate) struct HugeTable<T> {
    start: NonNull<T>,
    len: usize,
    layout: Layout,
    owned: PhantomData<T>,
}

// SAFETY: it owns its values, and gives them out as a slice does.
unsafe impl<T: Send> Send for HugeTable<T> {}

// SAFETY: as above.
unsafe impl<T: Sync> Sync for HugeTable<T> {}

impl<T: Copy> HugeTable<T> {
    /// `len` times `value`.
    pub(crate) fn filled(len: usize, value: T) -> Self {
        let layout = layout_of::<T>(len);
        if layout.size() == 0 {
            return Self {
                start: NonNull::dangling(),
                len,
                layout,
                owned: PhantomData,
            };
        }
        // SAFETY: the size is not 0.
        let memory = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(memory.cast::<T>()) else {
            handle_alloc_error(layout);
        };
        if layout.align() == PAGE {
            advise(memory, layout.size());
        }
        for at in 0..len {
            // SAFETY: the layout has room for `len` values.
            let place = unsafe { start.add(at) };
            // SAFETY: the place is in the memory just allocated, and aligned.
            unsafe { place.write(value) }
        }
        Self {
            start,
            len,
            layout,
            owned: PhantomData,
        }
    }
}

/// Whole huge pages, if there is enough to fill one.
fn layout_of<T>(len: usize) -> Layout {
    // Tables are far smaller than the address space.
    let Ok(layout) = Layout::array::<T>(len) else {
        handle_alloc_error(Layout::new::<T>());
    };
    if layout.size() < PAGE {
        return layout;
    }
    let size = layout.size().next_multiple_of(PAGE);
    Layout::from_size_align(size, PAGE).unwrap_or(layout)
}

/// Asks for huge pages; without them the memory is as good, but slower.
#[cfg(target_os = "linux")]
fn advise(memory: *mut u8, len: usize) {
    // SAFETY: the memory is whole pages, just allocated, without content.
    unsafe { libc::madvise(memory.cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_memory: *mut u8, _len: usize) {}

impl<T> Deref for HugeTable<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: `filled` has written `len` values from `start` on.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for HugeTable<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the table is borrowed for changes.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T> Drop for HugeTable<T> {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: the memory was allocated with this layout; values are
            // `Copy`, so there is nothing else to drop.
            unsafe { dealloc(self.start.as_ptr().cast(), self.layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_what_they_are_given_whatever_their_size() {
        for len in [
            0,
            1,
            3,
            (PAGE / 8) - 1,
            PAGE / 8,
            PAGE / 8 + 1,
            PAGE / 2 + 5,
        ] {
            let mut table = HugeTable::filled(len, 7_u64);
            assert_eq!(table.len(), len);
            assert!(table.iter().all(|&value| value == 7));
            for (at, value) in table.iter_mut().enumerate() {
                *value = at as u64;
            }
            assert!((0..len as u64).eq(table.iter().copied()));
        }
    }
}
