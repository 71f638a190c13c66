//! Runs a plan: every part read, worked on and written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::control::Control;
use super::log::RunLog;
use super::ordered::{StreamShape, contained, for_each_ordered};
use super::shard_options::{ShardOptions, batch_bytes};
use crate::batch::{Checkpoint, Stats};
use crate::device::{Assembler, Device, Offload, Worker};
use crate::error::{Error, Result};
use crate::format::Manifest;
use crate::plan::{Part, Plan};
use crate::sink::{OnForeign, Opened, PartState, Target, check_foreign};
use crate::source::{PartReader, Start};

/// Workers beyond the threads that compute: as many as wait for a device while
/// others fill the next slots.
const WAITING_WORKERS: usize = 3;
/// Bytes of batches of one part that are read and not yet assembled, above
/// which no more are read: large documents come one at a time.
const BYTES_IN_FLIGHT: u64 = 64 << 20;
/// Threads that one part keeps busy; with more, several parts run at once.
const THREADS_PER_PART: usize = 8;

/// Runs `plan` to its end, or to the first error. What is committed stays
/// committed: the same call goes on from there.
///
/// # Errors
/// `Data` and `Io` of the inputs and the target, `Changed` and `Locked` of the
/// target, `Device` where the device fails and that ends the run, `Interrupted` after [`Control::stop`].
pub fn shard(plan: &Arc<Plan>, options: &ShardOptions, control: &Control) -> Result<Manifest> {
    if options.on_foreign == OnForeign::Refuse {
        check_foreign(&*options.fs, &plan.sink.root)?;
    }
    let target = match Target::open(Arc::clone(&options.fs), plan, options.on_existing)? {
        Opened::Complete(manifest) => {
            control.found_complete();
            return Ok(*manifest);
        }
        Opened::Writing(target) => target,
    };
    let device = &options.device;
    let offload = Offload::new(plan, device, options.threads, options.on_device_error)?;
    let offload = Arc::new(offload);
    let job = ShardJob {
        plan,
        offload: &offload,
        options,
        control,
        target: &target,
    };
    let log = RunLog::begin();
    let ran = job.run_parts();
    if let Some(reason) = offload.lost() {
        control.lose_device(reason);
    }
    control.add_too_large_for_device(offload.n_too_large());
    control.add_text_for_device(offload.text_share());
    let logged = target.log(&log.line(plan, options, control, &ran));
    ran.and(logged)?;
    target.commit()
}

/// One run of one plan.
struct ShardJob<'a> {
    plan: &'a Arc<Plan>,
    offload: &'a Arc<Offload>,
    options: &'a ShardOptions,
    control: &'a Control,
    target: &'a Target,
}

impl ShardJob<'_> {
    fn run_parts(&self) -> Result<()> {
        let at_once = parts_at_once(self.plan, self.options.threads);
        let threads = self.options.threads.div_ceil(at_once);
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let run = || {
            if let Err((part, error)) = self.run_next_parts(&next, threads) {
                // Nobody begins another part; those under way end theirs.
                next.store(self.plan.parts.len(), Ordering::Relaxed);
                keep_first(&failed, part, error);
            }
        };
        std::thread::scope(|scope| {
            for n in 1..at_once {
                let thread = std::thread::Builder::new().name(format!("fuelrail-part-{n}"));
                // Without the thread, those that there are do its parts.
                if thread.spawn_scoped(scope, run).is_err() {
                    break;
                }
            }
            run();
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Runs parts until none is left or one fails.
    fn run_next_parts(&self, next: &AtomicUsize, threads: usize) -> Result<(), (u32, Error)> {
        while let Some(part) = self.plan.parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            contained("writing a part", || self.run_part(part, threads))
                .map_err(|error| (part.index, error))?;
        }
        Ok(())
    }

    fn run_part(&self, part: &Part, threads: usize) -> Result<()> {
        let mut writer = match self.target.part(part.index)? {
            PartState::Done(_) => {
                self.control.meter().pass(part.len_bytes);
                return Ok(());
            }
            PartState::Todo(writer) => writer,
        };
        let resume = writer.resume().cloned();
        let mut seen = writer.committed();
        let mut start = Start::of(part);
        if let Some(checkpoint) = &resume {
            start.position = checkpoint.position;
            // A plan with a limit has one part: none before it has taken rows.
            start.taken = checkpoint.stats.rows_read;
        }
        let workers = threads + WAITING_WORKERS * usize::from(self.offload.waits());
        let mut assembler = Assembler::new(self.plan, part, resume.as_ref())?;
        let mut n_read = 0u64;
        let batches = PartReader::open(self.plan, part, start, self.options.batch_bytes)?
            .metered(self.control.meter().clone())
            .map(|batch| batch.map(|batch| (batch.n_accounted(), batch)));
        for_each_ordered(
            StreamShape {
                threads: workers,
                depth: depth(workers),
                len_bytes: BYTES_IN_FLIGHT,
            },
            batches,
            |(_, batch)| batch.columns.get_array_memory_size() as u64,
            || {
                let mut worker = Worker::new(self.plan, self.offload);
                move |(n_rows, batch)| {
                    let batch = worker.run(batch)?;
                    Ok((n_rows, worker.storable(batch)?))
                }
            },
            |(n_rows, batch)| {
                self.control.check()?;
                n_read = n_read.saturating_add(n_rows);
                assembler.push(&batch, &mut |rows| writer.push(&rows))?;
                self.control.committed(&mut seen, writer.committed());
                Ok(())
            },
        )?;
        self.control.check()?;
        let (stats, quarantined) = assembler.finish(&mut |rows| writer.push(&rows))?;
        check_account(resume.as_ref(), n_read, &stats)?;
        let summary = writer.finish(stats, quarantined)?;
        self.control.committed(&mut seen, summary.committed);
        Ok(())
    }
}

/// Whether the rows read since `resume` are all kept, dropped or set aside.
///
/// # Errors
/// `Internal` if not.
fn check_account(resume: Option<&Checkpoint>, n_read: u64, after: &Stats) -> Result<()> {
    let before = resume.map_or(Some(0), |resume| resume.stats.n_accounted());
    // A version that kept no account may have begun the part.
    let (Some(before), Some(after)) = (before, after.n_accounted()) else {
        return Ok(());
    };
    let expected = before.saturating_add(n_read);
    if after == expected {
        return Ok(());
    }
    Err(Error::internal(format!(
        "expected {expected} rows to be kept, dropped or set aside, got {after}"
    )))
}

/// Batches read and not yet assembled, at most: enough to keep every thread
/// busy while the oldest is waited for.
fn depth(threads: usize) -> usize {
    2 * threads + 2
}

/// Bytes of memory that a run of `plan` on `device` stays below, as a sum over
/// what it holds at once; the process itself, a driver and the device's own
/// memory are not counted, nor is what a document of many MiB takes, which is
/// several times its size.
///
/// # Errors
/// `Internal` for a plan that was not checked.
pub fn memory_bound(plan: &Plan, threads: usize, device: &Device) -> Result<u64> {
    let batch = batch_bytes(device) as u64;
    let depth = depth(threads + WAITING_WORKERS * usize::from(device.backend().is_some())) as u64;
    // A batch is held as text, as ids of up to four bytes a byte of text, and
    // once more while either grows; or as numbers of up to eight times the size.
    let batches = (depth * batch).min(BYTES_IN_FLIGHT + batch) * 10;
    let rings = Offload::ring_bytes(plan, device, batch);
    // Decoded pages of columnar files, one set for each part at once.
    let pages = parts_at_once(plan, threads) as u64 * (64 << 20);
    let windows = parts_at_once(plan, threads) as u64 * Assembler::memory_bound(plan);
    let tokenizers: u64 = plan
        .assets
        .iter()
        .map(|asset| asset.bytes.len() as u64 * 16)
        .sum();
    Ok(batches + rings + pages + windows + tokenizers)
}

/// How many parts are worked on at once.
fn parts_at_once(plan: &Plan, threads: usize) -> usize {
    (threads / THREADS_PER_PART).clamp(1, plan.parts.len().max(1))
}

/// Keeps the error of the earliest part.
fn keep_first(failed: &Mutex<Option<(u32, Error)>>, part: u32, error: Error) {
    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.as_ref().is_none_or(|(first, _)| part < *first) {
        *failed = Some((part, error));
    }
}
