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

/// Bytes of text that a thread takes at a time, at most: some milliseconds of work.
const MOST_RUN_BYTES: usize = 256 << 10;
/// The same at least: many times what it costs to take them.
const LEAST_RUN_BYTES: usize = 16 << 10;
/// Runs for each thread where texts are few: enough that none waits for long.
const RUNS_A_THREAD: usize = 8;
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
        texts: &[impl AsRef<[u8]>],
        threads: Option<NonZeroUsize>,
        work: impl Fn(&mut Encoder, Range<usize>) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>> {
        let work = |encoder: &mut Encoder, (): &mut (), rows| work(encoder, rows);
        let gathered = self.gather(texts, threads, |_| (), work)?;
        Ok(gathered.runs.into_iter().map(|(_, run)| run).collect())
    }

    /// As [`Self::runs`], where each thread puts what it makes into memory of its
    /// own, which `begin` makes for so many bytes of text: more than its share, as
    /// threads that wait leave theirs to others.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub(crate) fn gather<M: Send + Sync, T: Send + Sync>(
        &self,
        texts: &[impl AsRef<[u8]>],
        threads: Option<NonZeroUsize>,
        begin: impl Fn(usize) -> M + Sync,
        work: impl Fn(&mut Encoder, &mut M, Range<usize>) -> Result<T, Error> + Sync,
    ) -> Result<Gathered<M, T>> {
        let n_bytes: usize = texts.iter().map(|text| text.as_ref().len()).sum();
        let threads = run::threads(threads);
        let runs = runs(texts, n_bytes / (threads * RUNS_A_THREAD));
        let threads = threads.min(runs.len()).max(1);
        let batch = Batch {
            encoders: self,
            run: &work,
            begin: &|| begin((2 * n_bytes / threads).min(n_bytes)),
            made: (0..threads).map(|_| OnceLock::new()).collect(),
            done: runs.iter().map(|_| OnceLock::new()).collect(),
            runs,
            next: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        };
        batch.work_with_all()?;
        batch.in_order()
    }
}

/// What the threads of a batch have made.
#[derive(Debug)]
pub(crate) struct Gathered<M, T> {
    /// What each has put its runs into.
    pub(crate) threads: Vec<M>,
    /// What came of the runs, in the order of the texts, each with the number of
    /// its thread.
    pub(crate) runs: Vec<(usize, T)>,
}

/// Consecutive texts of about `len_bytes`, within limits.
fn runs(texts: &[impl AsRef<[u8]>], len_bytes: usize) -> Vec<Range<usize>> {
    let most = len_bytes.clamp(LEAST_RUN_BYTES, MOST_RUN_BYTES);
    let mut runs = Vec::new();
    let (mut start, mut len_bytes) = (0, 0);
    for (row, text) in texts.iter().enumerate() {
        len_bytes += text.as_ref().len();
        if len_bytes >= most {
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
struct Batch<'a, M, T> {
    encoders: &'a Encoders,
    run: &'a RunWork<'a, M, T>,
    begin: &'a (dyn Fn() -> M + Sync + 'a),
    runs: Vec<Range<usize>>,
    made: Vec<OnceLock<M>>,
    done: Vec<OnceLock<Done<T>>>,
    next: AtomicUsize,
    stopped: AtomicBool,
}

/// What came of a run, with the number of the thread that did it.
type Done<T> = Result<(usize, T), Error>;

/// What is done to the texts of a run.
type RunWork<'a, M, T> = dyn Fn(&mut Encoder, &mut M, Range<usize>) -> Result<T, Error> + Sync + 'a;

impl<M: Send + Sync, T: Send + Sync> Batch<'_, M, T> {
    /// Works on all runs with as many threads as can be had, the caller's among
    /// them.
    fn work_with_all(&self) -> Result<()> {
        std::thread::scope(|scope| {
            for number in 1..self.made.len() {
                let name = format!("fuelrail-encode-{number}");
                let thread = std::thread::Builder::new().name(name);
                let work = move || self.work(number, || true);
                // Without the thread, those that there are do its runs.
                if thread.spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            let mut asked = Instant::now();
            let mut raised = None;
            self.work(0, || {
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
    fn work(&self, thread: usize, mut goes_on: impl FnMut() -> bool) {
        let mut made = (self.begin)();
        self.encoders.with(|encoder| {
            while !self.stopped.load(Ordering::Relaxed) {
                let index = self.next.fetch_add(1, Ordering::Relaxed);
                let Some(rows) = self.runs.get(index) else {
                    return;
                };
                // Runs before this one have been taken and will be ended, so the
                // first error in the order of the texts is always found.
                let run = || (self.run)(encoder, &mut made, rows.clone());
                let run = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
                    // What the panic left behind is not to be trusted.
                    *encoder = Encoder::new(Arc::clone(self.encoders.tokenizer()));
                    Err(Error::internal("panic while encoding a text"))
                });
                let failed = run.is_err();
                _ = self.done[index].set(run.map(|run| (thread, run)));
                if failed || !goes_on() {
                    self.stopped.store(true, Ordering::Relaxed);
                }
            }
        });
        _ = self.made[thread].set(made);
    }

    fn in_order(self) -> Result<Gathered<M, T>> {
        let mut runs = Vec::with_capacity(self.done.len());
        for run in self.done {
            let run = run.into_inner();
            runs.push(run.unwrap_or_else(|| Err(Error::internal("a run of texts was left out")))?);
        }
        let made = self.made.into_iter();
        // A thread that could not be had has made nothing.
        let threads = made.map(|made| made.into_inner().unwrap_or_else(self.begin));
        Ok(Gathered {
            threads: threads.collect(),
            runs,
        })
    }
}
