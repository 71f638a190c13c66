//! Room for so many bytes at once: who adds to them waits until others are gone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts bytes against a limit.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    state: Mutex<BudgetState>,
    changed: Condvar,
}

#[derive(Debug)]
struct BudgetState {
    used: u64,
    closed: bool,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit: limit.max(1),
            state: Mutex::new(BudgetState {
                used: 0,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Waits until less than the limit is used. `false` once it is closed.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.lock();
        while state.used >= self.limit && !state.closed {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.closed
    }

    /// Uses `n_bytes`, limit or not: one item may be larger than the limit.
    pub(super) fn add(&self, n_bytes: u64) {
        self.lock().used += n_bytes;
    }

    /// Gives back what [`Budget::add`] has used.
    pub(super) fn release(&self, n_bytes: u64) {
        self.lock().used -= n_bytes;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, BudgetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a budget when it drops, so that nobody waits for room for ever.
#[derive(Debug)]
pub(super) struct Closing<'a>(pub(super) &'a Budget);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_budget_waits_until_bytes_are_released_or_it_closes() {
        let budget = Budget::new(10);
        assert!(budget.wait());
        budget.add(25);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.wait());
            budget.release(16);
            assert!(waiting.join().unwrap());
        });
        budget.add(16);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.wait());
            drop(Closing(&budget));
            assert!(!waiting.join().unwrap());
        });
    }
}
