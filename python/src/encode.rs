//! A batch of texts through encoders, on as many threads as wanted.
//!
//! The texts are cut into runs; threads take them in order and the ids are put
//! together in order, so that neither the ids nor the error that ends a batch
//! depend on the number of threads.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use fuelrail::kernels::tokenize::{Encoder, Tokenizer};
use fuelrail::{Error, run};
use pyo3::prelude::*;

use crate::errors::Result;

/// Bytes of text that a thread takes at a time: some milliseconds of work.
const RUN_BYTES: usize = 256 << 10;
/// How often Python is asked whether it wants to stop, which may have to wait
/// for another thread of Python.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// A tokenizer with encoders that remember words, for any number of threads.
#[derive(Debug)]
pub(crate) struct Encoders {
    tokenizer: Arc<Tokenizer>,
    idle: Mutex<Vec<Encoder>>,
}

impl Encoders {
    pub(crate) fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self {
            tokenizer,
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.tokenizer
    }

    /// Runs `work` with an encoder of its own.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Encoder) -> T) -> T {
        // Nobody is waited for: a process that was forked from a thread would
        // wait for ever, and a new encoder costs less than a short wait.
        let idle = self.idle.try_lock().ok().and_then(|mut idle| idle.pop());
        let mut encoder = idle.unwrap_or_else(|| Encoder::new(Arc::clone(&self.tokenizer)));
        let result = work(&mut encoder);
        if let Ok(mut idle) = self.idle.try_lock()
            && idle.len() < run::threads(None)
        {
            idle.push(encoder);
        }
        result
    }

    /// What `work` makes of each run of `texts`, in their order. The interpreter
    /// is not held, and asked now and then whether it wants to stop.
    ///
    /// # Errors
    /// The first error of `work` in the order of the texts; what Python raises.
    pub(crate) fn runs<T: Send + Sync>(
        &self,
        texts: &[&str],
        threads: Option<NonZeroUsize>,
        work: impl Fn(&mut Encoder, Range<usize>) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>> {
        let runs = runs(texts);
        let batch = Batch {
            encoders: self,
            run: &work,
            done: runs.iter().map(|_| OnceLock::new()).collect(),
            runs,
            next: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        };
        batch.work_with(run::threads(threads))?;
        batch.in_order()
    }
}

/// Consecutive texts of about [`RUN_BYTES`].
fn runs(texts: &[&str]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let (mut start, mut len_bytes) = (0, 0);
    for (row, text) in texts.iter().enumerate() {
        len_bytes += text.len();
        if len_bytes >= RUN_BYTES {
            runs.push(start..row + 1);
            (start, len_bytes) = (row + 1, 0);
        }
    }
    if start < texts.len() {
        runs.push(start..texts.len());
    }
    runs
}

/// A batch under work.
struct Batch<'a, T> {
    encoders: &'a Encoders,
    run: &'a RunWork<'a, T>,
    runs: Vec<Range<usize>>,
    done: Vec<OnceLock<Result<T, Error>>>,
    next: AtomicUsize,
    stopped: AtomicBool,
}

/// What is done to the texts of a run.
type RunWork<'a, T> = dyn Fn(&mut Encoder, Range<usize>) -> Result<T, Error> + Sync + 'a;

impl<T: Send + Sync> Batch<'_, T> {
    /// Works on all runs with so many threads, the caller's among them.
    fn work_with(&self, threads: usize) -> Result<()> {
        std::thread::scope(|scope| {
            for n in 1..threads.min(self.runs.len()) {
                let thread = std::thread::Builder::new().name(format!("fuelrail-encode-{n}"));
                // Without the thread, those that there are do its runs.
                if thread.spawn_scoped(scope, || self.work(|| true)).is_err() {
                    break;
                }
            }
            let mut asked = Instant::now();
            let mut raised = None;
            self.work(|| {
                if asked.elapsed() < ASKED_EVERY {
                    return true;
                }
                raised = Python::attach(|py| py.check_signals().err());
                asked = Instant::now();
                raised.is_none()
            });
            raised.map_or(Ok(()), |error| Err(error.into()))
        })
    }

    /// Takes runs until there are no more, one fails, or `goes_on` says no.
    fn work(&self, mut goes_on: impl FnMut() -> bool) {
        while !self.stopped.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(rows) = self.runs.get(index) else {
                return;
            };
            // Runs before this one have been taken and will be ended, so the
            // first error in the order of the texts is always found.
            let run = catch_unwind(AssertUnwindSafe(|| self.encoded(rows.clone())))
                .unwrap_or_else(|_| Err(Error::internal("panic while encoding a text")));
            let failed = run.is_err();
            _ = self.done[index].set(run);
            if failed || !goes_on() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
    }

    fn encoded(&self, rows: Range<usize>) -> Result<T, Error> {
        self.encoders.with(|encoder| (self.run)(encoder, rows))
    }

    fn in_order(self) -> Result<Vec<T>> {
        let mut runs = Vec::with_capacity(self.done.len());
        for run in self.done {
            let run = run.into_inner();
            runs.push(run.unwrap_or_else(|| Err(Error::internal("a run of texts was left out")))?);
        }
        Ok(runs)
    }
}
