//! The locks of the loop, as `ThreadSanitizer` can follow them.
//!
//! The standard library comes without the sanitizer, which so does not see what
//! its locks order when they have to wait. `scripts/sanitize.sh` builds with
//! `--cfg tsan`, and then the locks are those of a crate that is compiled like
//! any other. Everywhere else they are the standard library's, which a child of
//! the process can use whatever the parent's threads were doing.

use std::time::Duration;

#[cfg(not(tsan))]
pub(super) use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(tsan)]
pub(super) use parking_lot::{Condvar, Mutex, MutexGuard};

/// The lock; what a panic has left behind is as good as ever, since nothing
/// panics under it.
#[cfg(not(tsan))]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sleeps until it is woken, without the lock.
#[cfg(not(tsan))]
pub(super) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar
        .wait(guard)
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The same, no longer than `timeout`.
#[cfg(not(tsan))]
pub(super) fn wait_for<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    timeout: Duration,
) -> MutexGuard<'a, T> {
    let waited = condvar.wait_timeout(guard, timeout);
    let (guard, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
    guard
}

#[cfg(tsan)]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

#[cfg(tsan)]
pub(super) fn wait<'a, T>(condvar: &Condvar, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(&mut guard);
    guard
}

#[cfg(tsan)]
pub(super) fn wait_for<'a, T>(
    condvar: &Condvar,
    mut guard: MutexGuard<'a, T>,
    timeout: Duration,
) -> MutexGuard<'a, T> {
    condvar.wait_for(&mut guard, timeout);
    guard
}
