//! A lock that is waited for no longer than a time, so that who waits can hear
//! signals.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one thread has at a time.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// Threads that wait for it: waking nobody would still be a call.
    n_waiting: usize,
}

/// The turn of whoever holds this.
#[derive(Debug)]
pub(crate) struct Mine<'a>(&'a Turn);

impl Turn {
    /// Takes the turn; `None` if another has it still after `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<Mine<'_>> {
        let mut state = self.lock();
        if state.is_taken {
            state.n_waiting += 1;
            let waited = self
                .freed
                .wait_timeout_while(state, timeout, |state| state.is_taken);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.n_waiting -= 1;
        }
        if state.is_taken {
            return None;
        }
        state.is_taken = true;
        Some(Mine(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_taken = false;
        let wakes = state.n_waiting > 0;
        drop(state);
        if wakes {
            self.0.freed.notify_one();
        }
    }
}
