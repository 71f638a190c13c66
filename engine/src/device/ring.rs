//! A fixed number of things that are used in turn: who takes one waits until
//! one is free, so memory is bounded whatever the callers do.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The things, and who waits for them.
pub(crate) struct Ring<T> {
    free: Mutex<Vec<T>>,
    returned: Condvar,
    n_all: usize,
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_free = self.lock().len();
        write!(f, "Ring({n_free} of {} free)", self.n_all)
    }
}

impl<T> Ring<T> {
    /// A ring of `all`.
    pub(crate) fn new(all: Vec<T>) -> Arc<Self> {
        Arc::new(Self {
            n_all: all.len(),
            free: Mutex::new(all),
            returned: Condvar::new(),
        })
    }

    /// Takes one, waiting while all are in use.
    pub(crate) fn take(self: &Arc<Self>) -> Taken<T> {
        let mut free = self.lock();
        loop {
            if let Some(item) = free.pop() {
                return Taken {
                    item: Some(item),
                    ring: Arc::clone(self),
                };
            }
            free = self
                .returned
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thing in use; it goes back to its ring when it drops.
pub(crate) struct Taken<T> {
    /// Gone only while it drops.
    item: Option<T>,
    ring: Arc<Ring<T>>,
}

impl<T: fmt::Debug> fmt::Debug for Taken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item.fmt(f)
    }
}

impl<T> Deref for Taken<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.item {
            Some(item) => item,
            None => unreachable!("an item is there until it drops"),
        }
    }
}

impl<T> DerefMut for Taken<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.item {
            Some(item) => item,
            None => unreachable!("an item is there until it drops"),
        }
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        self.ring.lock().extend(self.item.take());
        self.ring.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_waits_until_one_is_free() {
        let ring = Ring::new(vec![1, 2]);
        let first = ring.take();
        let second = ring.take();
        assert_ne!(*first, *second);
        std::thread::scope(|scope| {
            let third = scope.spawn(|| *ring.take());
            let freed = *first;
            drop(first);
            assert_eq!(third.join().unwrap(), freed);
        });
        drop(second);
        assert_eq!(ring.lock().len(), 2);
    }

    #[test]
    fn any_number_of_threads_share_few() {
        let ring = Ring::new(vec![0u64; 3]);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..1000).for_each(|_| *ring.take() += 1));
            }
        });
        assert_eq!(ring.lock().iter().sum::<u64>(), 8000);
    }
}
