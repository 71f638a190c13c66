//! Kernels on a device: the ways there and back, alone and together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::profile::{Part, Profile, Timed, gb_per_s};
use super::super::program::{Chain, Program};
use super::super::{Backend, Lane};
use super::{Measure, SpeedReport, items, processor};
use crate::error::{Error, Result};

/// How much is done, so that a round is long enough to be timed and all of it
/// short enough to be waited for.
struct Effort {
    /// Bytes of a batch that goes the whole way, where its items are widest.
    batch_bytes: usize,
    /// The same where only the device works: beyond its caches.
    profile_bytes: usize,
    /// Bytes of a large copy.
    large_bytes: usize,
    /// Batches that follow one another in a round.
    n_batches: usize,
    /// Rounds, of which the median counts.
    rounds: usize,
}

const HARDWARE: Effort = Effort {
    batch_bytes: 16 << 20,
    profile_bytes: 128 << 20,
    large_bytes: 256 << 20,
    n_batches: 24,
    rounds: 9,
};

const SOFTWARE: Effort = Effort {
    batch_bytes: 1 << 20,
    profile_bytes: 2 << 20,
    large_bytes: 2 << 20,
    n_batches: 8,
    rounds: 5,
};

/// Threads of an overlapped round: one more than a ring has slots, so that
/// each slot that is free is taken at once.
const N_THREADS: usize = 4;

/// Rounds at least, and how long a slow device is given beyond them.
const LEAST_ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(8);

/// A kernel in every measure that the device has.
pub(super) fn time(name: &str, backend: &dyn Backend, chain: &Chain) -> Vec<SpeedReport> {
    let effort = if backend.report().is_software {
        SOFTWARE
    } else {
        HARDWARE
    };
    let program = Program {
        chains: vec![chain.clone()],
    };
    let lane = match backend.lane(&program) {
        Ok(lane) => lane,
        Err(error) => return vec![SpeedReport::failed(name, Measure::Overlapped, &error)],
    };
    let lane = lane.as_ref();
    let n_items = |n_bytes: usize| {
        let n_bytes = n_bytes.min(lane.max_slot_bytes() / 4 * 3);
        (n_bytes / chain.widest_item_bytes()).max(1)
    };
    let batch = n_items(effort.batch_bytes);
    let src = items(chain, batch);
    let batch = Batch {
        lane,
        n_items: batch,
        src: &src,
    };
    let through = |measure, n_threads| match batch.through(&effort, n_threads) {
        Ok(through) => through.report(name, measure),
        Err(error) => SpeedReport::failed(name, measure, &error),
    };
    let mut reports = vec![
        through(Measure::Serial, 1),
        through(Measure::Overlapped, N_THREADS),
    ];
    let batch = n_items(effort.profile_bytes);
    match lane.profile(&[batch], effort.rounds, effort.large_bytes) {
        Ok(None) => {}
        Ok(Some(profile)) => reports.extend(of_profile(name, &profile)),
        Err(error) => reports.push(SpeedReport::failed(name, Measure::DeviceKernel, &error)),
    }
    reports
}

/// Each part beside what it is to be compared with.
fn of_profile(name: &str, profile: &Profile) -> Vec<SpeedReport> {
    let rate = |part: Part| profile.get(&part).map_or(0.0, Timed::gb_per_s);
    let report = |measure, part: Part, beside: f64| SpeedReport {
        kernel: name.to_owned(),
        measure,
        gb_per_s: rate(part),
        n_bytes: profile.get(&part).map_or(0, |timed| timed.n_bytes),
        copy_gb_per_s: (beside > 0.0).then_some(beside),
        cpu_s_per_gb: None,
        failed: None,
    };
    let together = profile.get(&Part::Together);
    let alone = [Part::Upload, Part::Kernels, Part::Download];
    let alone = alone.iter().filter_map(|part| profile.get(part));
    let slowest_s = alone.map(Timed::median_s).fold(0.0, f64::max);
    let slowest = gb_per_s(together.map_or(0, |timed| timed.n_bytes), slowest_s);
    vec![
        report(Measure::Upload, Part::Upload, rate(Part::LargeUp)),
        report(Measure::DeviceKernel, Part::Kernels, rate(Part::Copy)),
        report(Measure::Download, Part::Download, rate(Part::LargeDown)),
        report(Measure::DeviceOverlapped, Part::Together, slowest),
    ]
}

/// A batch that goes through a lane over and over.
struct Batch<'a> {
    lane: &'a dyn Lane,
    n_items: usize,
    src: &'a [u8],
}

/// How long batches took.
struct Through {
    gb_per_s: f64,
    n_bytes: usize,
    cpu_s_per_gb: Option<f64>,
}

impl Through {
    fn report(self, name: &str, measure: Measure) -> SpeedReport {
        SpeedReport {
            kernel: name.to_owned(),
            measure,
            gb_per_s: self.gb_per_s,
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
        self.round(n_threads, n_threads)?;
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
            gb_per_s: Timed { n_bytes, seconds }.gb_per_s(),
            n_bytes: n_bytes / effort.n_batches,
        })
    }

    /// So many batches by so many threads; the bytes read and written.
    fn round(&self, n_threads: usize, n_batches: usize) -> Result<usize> {
        let started = AtomicUsize::new(0);
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
        let mut slot = self.lane.acquire(&[self.n_items])?;
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

        fn acquire(&self, _: &[usize]) -> Result<Box<dyn Slot>> {
            Ok(Box::new(Counted {
                room: self.ring.take(),
                n_under_way: Arc::clone(&self.n_under_way),
                most: Arc::clone(&self.most),
            }))
        }

        fn profile(&self, _: &[usize], _: usize, _: usize) -> Result<Option<Profile>> {
            Ok(None)
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
        // 3 turns of 5 ms instead of 8.
        assert!(overlapped.gb_per_s > 1.5 * serial.gb_per_s);
    }

    #[test]
    fn each_part_is_compared_with_its_like() {
        let timed = |n_bytes, seconds| Timed {
            n_bytes,
            seconds: vec![seconds],
        };
        let profile = Profile::from([
            (Part::Upload, timed(1_000_000_000, 1.0)),
            (Part::Kernels, timed(3_000_000_000, 0.5)),
            (Part::Copy, timed(3_000_000_000, 0.4)),
            (Part::Download, timed(2_000_000_000, 4.0)),
            (Part::Together, timed(3_000_000_000, 5.0)),
            (Part::LargeUp, timed(2_000_000_000, 1.0)),
            (Part::LargeDown, timed(2_000_000_000, 2.0)),
        ]);
        let reports = of_profile("some kernel", &profile);
        let found: Vec<_> = reports
            .iter()
            .map(|report| {
                let beside = report.copy_gb_per_s.unwrap();
                (report.measure, report.gb_per_s, beside, report.n_bytes)
            })
            .collect();
        assert_eq!(
            found,
            [
                (Measure::Upload, 1.0, 2.0, 1_000_000_000),
                (Measure::DeviceKernel, 6.0, 7.5, 3_000_000_000),
                (Measure::Download, 0.5, 1.0, 2_000_000_000),
                // The slowest of them alone takes 4 s.
                (Measure::DeviceOverlapped, 0.6, 0.75, 3_000_000_000),
            ]
        );
    }
}
