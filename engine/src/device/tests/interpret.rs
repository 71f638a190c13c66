//! Runs the launches of a schedule on the host: every job is looked up by its
//! own bytes, so that it must say all a device needs to know.

use bytemuck::{bytes_of, pod_read_unaligned};
use fuelrail_kernels::{Kernel, Level};

use crate::device::Program;
use crate::device::schedule::{Entry, Launch, Schedule, Tables};

/// Runs all launches on the buffers of a slot; tells for each chain whether a
/// number did not fit.
pub(super) fn interpret(
    program: &Program,
    tables: &Tables,
    schedule: &Schedule,
    buffers: &mut [Vec<u8>; 4],
) -> Vec<bool> {
    let mut overflowed = vec![false; program.chains.len()];
    for launch in &schedule.launches {
        let jobs = &schedule.jobs[launch.jobs.clone()];
        assert_ne!(launch.from, launch.to);
        assert_eq!(launch.jobs.start % 256, 0);
        for job in jobs.chunks_exact(jobs.len() / launch.n_jobs as usize) {
            let found = Job::find(program, launch, job);
            if let Kernel::NormalizeImages(images) = &found.kernel {
                let words = &tables.words[found.words[2] as usize..];
                assert!(words.starts_with(images.table().bits()));
            }
            overflowed[found.chain] |= found.run(launch, buffers);
        }
    }
    overflowed
}

/// A job and whose it is.
struct Job {
    chain: usize,
    kernel: Kernel,
    n_items: usize,
    /// Its first words: where it reads and writes, and what its kind has third.
    words: [u32; 4],
}

impl Job {
    /// The kernel of the program that has this job.
    fn find(program: &Program, launch: &Launch, job: &[u8]) -> Self {
        let words: [u32; 4] = pod_read_unaligned(&job[..16]);
        for (chain, kernels) in program.chains.iter().enumerate() {
            for (kernel, _) in kernels.kernels() {
                let n_items = match kernel {
                    Kernel::NormalizeImages(images) => words[3] as usize / images.dst_len(),
                    Kernel::NormalizeNumbers(_) | Kernel::Cast(_) => words[2] as usize,
                };
                let is_it = Entry::of(kernel) == launch.entry
                    && encoded(kernel, n_items, chain, words) == job;
                if is_it {
                    return Self {
                        chain,
                        kernel: kernel.clone(),
                        n_items,
                        words,
                    };
                }
            }
        }
        panic!("a job of {:?} that no kernel has", launch.entry);
    }

    /// Runs it at the places it tells.
    fn run(&self, launch: &Launch, buffers: &mut [Vec<u8>; 4]) -> bool {
        let [src, dst] = [self.words[0], self.words[1]].map(|words| words as usize * 4);
        let n_src = self.n_items * self.kernel.src_item_bytes();
        let n_dst = self.n_items * self.kernel.dst_item_bytes();
        let read = buffers[launch.from.index()][src..src + n_src].to_vec();
        let written = &mut buffers[launch.to.index()][dst..dst + n_dst];
        let misfit = self.kernel.run(Level::SCALAR, &read, written).unwrap();
        misfit.is_some()
    }
}

/// The job of `kernel` for so many items at the places that `words` begin with.
fn encoded(kernel: &Kernel, n_items: usize, chain: usize, words: [u32; 4]) -> Vec<u8> {
    let n = u32::try_from(n_items).unwrap();
    let [src, dst, third, _] = words;
    match kernel {
        Kernel::NormalizeImages(images) => bytes_of(&images.job(n, [src, dst, third])).to_vec(),
        Kernel::NormalizeNumbers(numbers) if numbers.is_wide() => {
            bytes_of(&numbers.wide_job(n, [src, dst])).to_vec()
        }
        Kernel::NormalizeNumbers(numbers) => bytes_of(&numbers.job(n, [src, dst])).to_vec(),
        Kernel::Cast(cast) => {
            let chain = u32::try_from(chain).unwrap();
            bytes_of(&cast.job(n, [src, dst, chain])).to_vec()
        }
    }
}
