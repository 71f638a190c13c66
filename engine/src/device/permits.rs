//! How many threads compute at once: there are more workers than that where a
//! device is used, as most of them only wait for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A number of permits.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Mutex<usize>,
    returned: Condvar,
}

/// One permit, returned when it drops.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a Permits);

impl Permits {
    pub(super) fn new(n: usize) -> Self {
        Self {
            free: Mutex::new(n.max(1)),
            returned: Condvar::new(),
        }
    }

    /// Takes a permit, waiting while there is none.
    pub(super) fn take(&self) -> Permit<'_> {
        self.wait();
        Permit(self)
    }

    /// Returns the permit that the caller holds while `wait` runs.
    pub(super) fn without<T>(&self, wait: impl FnOnce() -> T) -> T {
        struct Again<'a>(&'a Permits);
        impl Drop for Again<'_> {
            fn drop(&mut self) {
                self.0.wait();
            }
        }
        self.give();
        let _again = Again(self);
        wait()
    }

    fn wait(&self) {
        let mut free = self.lock();
        while *free == 0 {
            free = self
                .returned
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
    }

    fn give(&self) {
        *self.lock() += 1;
        self.returned.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.give();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_threads_compute_than_there_are_permits() {
        let permits = Permits::new(2);
        let (at_work, most, waits) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        let compute = |_| {
            let _permit = permits.take();
            let n = at_work.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(n, Ordering::SeqCst);
            std::thread::yield_now();
            at_work.fetch_sub(1, Ordering::SeqCst);
            permits.without(|| waits.fetch_add(1, Ordering::SeqCst));
        };
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| (0..200).for_each(compute));
            }
        });
        assert!(most.into_inner() <= 2);
        assert_eq!(waits.into_inner(), 1200);
        assert_eq!(*permits.lock(), 2);
    }
}
