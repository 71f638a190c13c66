//! Long work on a thread of its own, so that Ctrl-C is heard while it runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::errors::Result;

/// How often Python is asked whether a signal has come.
const EVERY: Duration = Duration::from_millis(25);

/// What becomes of the work when Python wants to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopping {
    /// It is about to end, and is waited for; a second signal leaves it.
    Waits,
    /// It writes nothing, and ends on its own when it is done.
    Leaves,
}

/// Runs `work` while the calling thread, which does not hold the interpreter,
/// looks for signals. When a handler raises, `stop` is called and what was
/// raised is the error.
///
/// # Errors
/// Those of `work`, `Internal` for a panic in it, what a handler raises.
pub(crate) fn attended<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> fuelrail::Result<T> + Send + 'static,
    stop: impl Fn() -> Stopping,
) -> Result<T> {
    let (ended, mut end) = sync_channel(1);
    let body = move || {
        let result = catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err(Error::internal("fuelrail met a fault of its own")));
        // Whoever left does not want it.
        _ = ended.send(result);
    };
    thread::Builder::new()
        .name("fuelrail-run".to_owned())
        .spawn(body)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot start a thread").with_source(error))?;
    let mut raised: Option<PyErr> = None;
    loop {
        let waited;
        (waited, end) = py.detach(move || (end.recv_timeout(EVERY), end));
        match (waited, raised.take()) {
            (Ok(_) | Err(RecvTimeoutError::Disconnected), Some(raised)) => {
                return Err(raised.into());
            }
            (Ok(result), None) => return Ok(result?),
            (Err(RecvTimeoutError::Disconnected), None) => {
                return Err(Error::internal("a run ended without a result").into());
            }
            (Err(RecvTimeoutError::Timeout), before) => {
                raised = match (py.check_signals().err(), before) {
                    (Some(second), Some(_)) => return Err(second.into()),
                    (Some(first), None) if stop() == Stopping::Leaves => {
                        return Err(first.into());
                    }
                    (first, before) => before.or(first),
                };
            }
        }
    }
}
