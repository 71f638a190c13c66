//! The layer that all devices share, on a device made for tests.

mod choice;
mod columns;
mod faults;
mod fused;
mod interpret;
mod pretend;
mod rows;
mod split;
mod table;
#[cfg(feature = "wgpu")]
mod text;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fuelrail_kernels::Level;

use super::{Device, Offload, OnDeviceError, Worker};
use crate::batch::Batch;
use crate::error::Result;
use crate::plan::Plan;

/// Runs `body`; a hang is a failure.
fn within<T: Send + 'static>(seconds: u64, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = channel();
    let thread = thread::spawn(move || {
        let out = body();
        // The test may have given up on it.
        _ = done.send(());
        out
    });
    match waits.recv_timeout(Duration::from_secs(seconds)) {
        Err(RecvTimeoutError::Timeout) => panic!("nothing came in {seconds} s"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().unwrap(),
    }
}

/// How a plan is run.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// How many compute at once.
    threads: usize,
    workers: usize,
    policy: OnDeviceError,
}

/// One thread that goes on without the device.
const ALONE: Shape = Shape {
    threads: 1,
    workers: 1,
    policy: OnDeviceError::Replay,
};

/// What came of each batch, and why the device was given up.
#[derive(Debug)]
struct Ran {
    batches: Vec<Result<Batch>>,
    lost: Option<String>,
}

impl Ran {
    /// The batches, none of which may have failed.
    fn whole(self) -> Vec<Batch> {
        self.batches.into_iter().collect::<Result<_>>().unwrap()
    }
}

/// Runs the row-wise steps of `plan` on `batches`, which workers take in turn.
fn run(plan: &Arc<Plan>, device: &Device, shape: Shape, batches: &[Batch]) -> Result<Ran> {
    let offload = Offload::new(plan, device, shape.threads, shape.policy)?;
    let offload = Arc::new(offload);
    let todo = Mutex::new(batches.iter().cloned().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || {
        let mut worker = Worker::new(plan, &offload);
        loop {
            let next = todo.lock().unwrap().next();
            let Some((index, batch)) = next else { break };
            let ran = worker.run(batch);
            done.lock().unwrap().push((index, ran));
        }
    };
    thread::scope(|scope| {
        for _ in 0..shape.workers {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(index, _)| *index);
    Ok(Ran {
        batches: done.into_iter().map(|(_, ran)| ran).collect(),
        lost: offload.lost().map(str::to_owned),
    })
}

/// What the reference makes of the batches.
fn reference(plan: &Arc<Plan>, batches: &[Batch]) -> Vec<Batch> {
    let device = Device::at_level(Level::SCALAR);
    run(plan, &device, ALONE, batches).unwrap().whole()
}

/// Fails with the first batch that differs.
fn assert_equal(expected: &[Batch], got: &[Batch]) {
    assert_eq!(expected.len(), got.len());
    for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
        assert_eq!(expected.rows, got.rows, "batch {index}");
        assert_eq!(expected.events, got.events, "batch {index}");
        assert_eq!(expected.columns.schema(), got.columns.schema());
        let columns = expected.columns.columns().iter().zip(got.columns.columns());
        for ((expected, got), field) in columns.zip(expected.columns.schema().fields()) {
            // Bits are compared, those of NaN too.
            let same = expected.to_data() == got.to_data();
            assert!(same, "batch {index}, column {}", field.name());
        }
    }
}
