//! SIGINT and SIGTERM end a run at its next batch; what is committed stays.

use std::sync::Arc;

use fuelrail::run::Control;
use fuelrail::{Error, ErrorKind};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens as long as it lives.
#[derive(Debug)]
pub(crate) struct Signals {
    _runtime: Runtime,
}

/// Hands signals on to `control`. A second one ends the process at once, which
/// is as safe as any crash.
pub(crate) fn forward_to(control: &Arc<Control>) -> Result<Signals, Error> {
    let failed = |error| {
        Error::new(ErrorKind::Io, "cannot listen for signals")
            .with_source(error)
            .with_hint("raise the limit on open files (`ulimit -n`) and run the same command again")
    };
    // The library that listens panics where it finds no room for its pipe.
    let (one, other) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
    let room = (one.try_clone(), other.try_clone(), one.try_clone());
    room.0.and(room.1).and(room.2).map_err(failed)?;
    drop((one, other));
    // One worker, so that signals are heard while the main thread computes.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("fuelrail-signals")
        .enable_io()
        .build()
        .map_err(failed)?;
    let (interrupts, terminations) = {
        let _context = runtime.enter();
        (
            signal(SignalKind::interrupt()).map_err(failed)?,
            signal(SignalKind::terminate()).map_err(failed)?,
        )
    };
    runtime.spawn(listen(interrupts, terminations, Arc::clone(control)));
    Ok(Signals { _runtime: runtime })
}

async fn listen(mut interrupts: Signal, mut terminations: Signal, control: Arc<Control>) {
    loop {
        let kind = tokio::select! {
            _ = interrupts.recv() => SignalKind::interrupt(),
            _ = terminations.recv() => SignalKind::terminate(),
        };
        let number = kind.as_raw_value().unsigned_abs();
        if control.stopped_by().is_some() {
            end_at_once(number);
        }
        control.stop(number);
    }
}

#[expect(
    clippy::exit,
    reason = "the user asked twice, and any moment is safe to end at"
)]
fn end_at_once(signal: u32) {
    std::process::exit(i32::try_from(128 + signal).unwrap_or(130));
}
