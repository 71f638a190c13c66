//! Work on memory that is cut into shares, by as many threads as can be had.

use std::sync::{Mutex, PoisonError};

/// Runs `work` on each item, with so many threads, the caller's among them.
///
/// # Panics
/// Where `work` does.
pub(crate) fn for_each<T: Send>(items: Vec<T>, threads: usize, work: impl Fn(T) + Sync) {
    let n_items = items.len();
    let left = Mutex::new(items.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_on_all = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(n_items) {
            let thread = std::thread::Builder::new().name("fuelrail-copy".to_owned());
            // Without the thread, those that there are do its items.
            if thread.spawn_scoped(scope, work_on_all).is_err() {
                break;
            }
        }
        work_on_all();
    });
}
