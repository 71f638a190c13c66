//! A lock that is waited for no longer than a time, so that who waits can hear
//! signals.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one thread has at a time.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    is_taken: Mutex<bool>,
    freed: Condvar,
}

/// The turn of whoever holds this.
#[derive(Debug)]
pub(crate) struct Mine<'a>(&'a Turn);

impl Turn {
    /// Takes the turn; `None` if another has it still after `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<Mine<'_>> {
        let waited = self
            .freed
            .wait_timeout_while(self.lock(), timeout, |is_taken| *is_taken);
        let (mut is_taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *is_taken {
            return None;
        }
        *is_taken = true;
        Some(Mine(self))
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        *self.0.lock() = false;
        self.0.freed.notify_one();
    }
}
