//! Kernels on a device: the ways there and back, alone and together.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fuelrail_kernels::Kernel;

use super::super::program::{Chain, Program};
use super::super::{Backend, Items, Lane};
use super::processor;
use super::report::{Measure, SpeedReport};
use super::sampled::items;
use super::timed::{Timed, gb_per_s};
use crate::error::{Error, Result};

/// How much is done, so that a round is long enough to be timed and all of it
/// short enough to be waited for.
struct Effort {
    /// Bytes of a batch that goes the whole way, where its items are widest.
    batch_bytes: usize,
    /// Batches that follow one another in a round.
    n_batches: u32,
    /// Rounds, of which the median counts.
    rounds: usize,
}

const HARDWARE: Effort = Effort {
    batch_bytes: 16 << 20,
    n_batches: 24,
    rounds: 9,
};

const SOFTWARE: Effort = Effort {
    batch_bytes: 1 << 20,
    n_batches: 8,
    rounds: 5,
};

/// Threads of an overlapped round: one more than a ring has slots, so that
/// each slot that is free is taken at once.
const N_THREADS: usize = 4;

/// Rounds at least, and how long a slow device is given beyond them.
const LEAST_ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(8);

/// Batches by which all slots get their memory.
const FIRST_BATCHES: u32 = 4;

/// Kernels more than one by which the time of one is told.
const N_MORE: u32 = 32;

/// A kernel in every measure that the device has.
pub(super) fn time(name: &str, backend: &dyn Backend, kernel: &Kernel) -> Vec<SpeedReport> {
    let effort = if backend.report().is_software {
        SOFTWARE
    } else {
        HARDWARE
    };
    let failed = |measure, error: &Error| SpeedReport::failed(name, measure, error);
    let through = |measure, n_kernels, n_threads| {
        through(backend, (kernel, n_kernels), &effort, n_threads)
            .map_err(|error| failed(measure, &error))
    };
    let serial = match through(Measure::Serial, 1, 1) {
        Ok(serial) => serial,
        Err(report) => return vec![report],
    };
    let mut reports = vec![
        serial.report(name, Measure::Serial),
        through(Measure::Overlapped, 1, N_THREADS).map_or_else(
            |report| report,
            |through| through.report(name, Measure::Overlapped),
        ),
    ];
    if keeps_type(kernel) {
        let many = through(Measure::DeviceKernel, 1 + N_MORE as usize, 1);
        reports.push(many.map_or_else(|report| report, |many| one_of(name, &serial, &many)));
    }
    reports
}

/// Whether the kernel can follow itself.
fn keeps_type(kernel: &Kernel) -> bool {
    match kernel {
        Kernel::NormalizeNumbers(numbers) => numbers.from == numbers.to,
        Kernel::Map(map) => map.from() == map.to(),
        Kernel::NormalizeImages(_) | Kernel::Cast(_) | Kernel::FixedRow(_) => false,
    }
}

/// One kernel, of which a batch of `many` has [`N_MORE`] more than `serial`.
fn one_of(name: &str, serial: &Through, many: &Through) -> SpeedReport {
    let seconds = (many.seconds - serial.seconds) / f64::from(N_MORE);
    SpeedReport {
        gb_per_s: gb_per_s(serial.n_bytes, seconds),
        cpu_s_per_gb: None,
        ..serial.report(name, Measure::DeviceKernel)
    }
}

/// Batches on which a kernel runs so many times, by so many threads.
fn through(
    backend: &dyn Backend,
    (kernel, n_kernels): (&Kernel, usize),
    effort: &Effort,
    n_threads: usize,
) -> Result<Through> {
    let chain = Chain::new(vec![kernel.clone(); n_kernels])?;
    let program = Program {
        row_chains: Vec::new(),
        chains: vec![chain.clone()],
    };
    let lane = backend.lane(&program)?;
    let n_bytes = effort.batch_bytes.min(lane.max_slot_bytes() / 4 * 3);
    let n_items = (n_bytes / chain.widest_item_bytes()).max(1);
    let batch = Batch {
        lane: lane.as_ref(),
        n_items,
        src: &items(&chain, n_items),
    };
    batch.through(effort, n_threads)
}

/// A batch that goes through a lane over and over.
struct Batch<'a> {
    lane: &'a dyn Lane,
    n_items: usize,
    src: &'a [u8],
}

/// How long batches took.
struct Through {
    /// Seconds of one batch, at the median round.
    seconds: f64,
    /// Bytes that one batch reads and writes.
    n_bytes: usize,
    cpu_s_per_gb: Option<f64>,
}

impl Through {
    fn report(&self, name: &str, measure: Measure) -> SpeedReport {
        SpeedReport {
            kernel: name.to_owned(),
            measure,
            gb_per_s: gb_per_s(self.n_bytes, self.seconds),
            n_bytes: self.n_bytes,
            copy_gb_per_s: None,
            cpu_s_per_gb: self.cpu_s_per_gb,
            failed: None,
        }
    }
}

impl Batch<'_> {
    /// Rounds of batches by so many threads.
    fn through(&self, effort: &Effort, n_threads: usize) -> Result<Through> {
        // The first round gets the memory that all others have.
        self.round(n_threads, FIRST_BATCHES)?;
        let mut seconds = Vec::new();
        let mut n_bytes = 0;
        let ticks = processor::ticks();
        let begin = Instant::now();
        while seconds.len() < LEAST_ROUNDS
            || seconds.len() < effort.rounds && begin.elapsed() < PATIENCE
        {
            let start = Instant::now();
            n_bytes = self.round(n_threads, effort.n_batches)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        let gigabytes = gb_per_s(n_bytes * seconds.len(), 1.0);
        Ok(Through {
            cpu_s_per_gb: processor::seconds_each(ticks, gigabytes),
            seconds: Timed { n_bytes, seconds }.median_s() / f64::from(effort.n_batches),
            n_bytes: n_bytes / effort.n_batches as usize,
        })
    }

    /// So many batches by so many threads; the bytes read and written.
    fn round(&self, n_threads: usize, n_batches: u32) -> Result<usize> {
        let started = AtomicU32::new(0);
        let work = || {
            let mut n_bytes = 0;
            while started.fetch_add(1, Ordering::Relaxed) < n_batches {
                n_bytes += self.run()?;
            }
            Ok(n_bytes)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Result<usize>>| {
                let panicked = |_| Err(Error::internal("a thread that timed batches panicked"));
                thread.join().unwrap_or_else(panicked)
            };
            threads.into_iter().map(join).sum()
        })
    }

    /// One batch all the way, its outcome copied out as the pipeline does.
    fn run(&self) -> Result<usize> {
        let mut slot = self.lane.acquire(&[Items::Fixed(self.n_items)])?;
        slot.write(0, self.src)?;
        let outputs = slot.submit()?.wait()?;
        let dst = outputs.dst(0).to_vec();
        Ok(self.src.len() + std::hint::black_box(&dst).len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::super::super::ring::{Ring, Taken};
    use super::super::super::{Outputs, Slot, Ticket};
    use super::*;

    /// A lane of three slots that only counts how many are under way.
    #[derive(Debug)]
    struct Counting {
        ring: Arc<Ring<Vec<u8>>>,
        n_under_way: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
    }

    #[derive(Debug)]
    struct Counted {
        room: Taken<Vec<u8>>,
        n_under_way: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
    }

    impl Lane for Counting {
        fn max_slot_bytes(&self) -> usize {
            1 << 20
        }

        fn acquire(&self, _: &[Items<'_>]) -> Result<Box<dyn Slot>> {
            Ok(Box::new(Counted {
                room: self.ring.take(),
                n_under_way: Arc::clone(&self.n_under_way),
                most: Arc::clone(&self.most),
            }))
        }
    }

    impl Slot for Counted {
        fn write(&mut self, _: usize, src: &[u8]) -> Result<()> {
            *self.room = src.to_vec();
            Ok(())
        }

        fn submit(self: Box<Self>) -> Result<Box<dyn Ticket>> {
            let n = self.n_under_way.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(n, Ordering::Relaxed);
            Ok(self)
        }
    }

    impl Ticket for Counted {
        fn wait(self: Box<Self>) -> Result<Box<dyn Outputs>> {
            std::thread::sleep(Duration::from_millis(5));
            self.n_under_way.fetch_sub(1, Ordering::Relaxed);
            Ok(self)
        }
    }

    impl Outputs for Counted {
        fn dst(&self, _: usize) -> &[u8] {
            &self.room
        }

        fn offsets(&self, _: usize) -> Vec<u32> {
            Vec::new()
        }

        fn overflowed(&self, _: usize) -> bool {
            false
        }
    }

    /// The most slots that were under way at once.
    fn most_by(n_threads: usize) -> (usize, Through) {
        let lane = Counting {
            ring: Ring::new(vec![Vec::new(); 3]),
            n_under_way: Arc::default(),
            most: Arc::default(),
        };
        let batch = Batch {
            lane: &lane,
            n_items: 1,
            src: &[7; 1000],
        };
        let through = batch.through(&SOFTWARE, n_threads).unwrap();
        (lane.most.load(Ordering::Relaxed), through)
    }

    #[test]
    fn the_ring_is_full_where_batches_overlap() {
        let (most, serial) = most_by(1);
        assert_eq!((most, serial.n_bytes), (1, 2000));
        let (most, overlapped) = most_by(N_THREADS);
        assert_eq!((most, overlapped.n_bytes), (3, 2000));
    }

    #[test]
    fn a_kernel_takes_what_more_of_it_add() {
        let batch = |seconds| Through {
            seconds,
            n_bytes: 1_000_000_000,
            cpu_s_per_gb: Some(1.0),
        };
        let report = one_of("some kernel", &batch(1.0), &batch(9.0));
        assert_eq!(report.measure, Measure::DeviceKernel);
        assert!((report.gb_per_s - 4.0).abs() < 1e-12, "{report:?}");
        assert_eq!(report.cpu_s_per_gb, None);
        let none = one_of("some kernel", &batch(1.0), &batch(1.0));
        assert_eq!(none.gb_per_s.to_bits(), 0);
    }
}
