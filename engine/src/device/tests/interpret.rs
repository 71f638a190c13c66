//! Runs the launches of a schedule on the host: the kernel of every job is looked
//! up by what the job says, so that it must say all a device needs to know.

use bytemuck::pod_read_unaligned;
use fuelrail_kernels::{DeviceKernel, Job, Kernel, Level};

use crate::device::Program;
use crate::device::schedule::{Launch, LaunchSchedule, SlotBuffer};
use crate::device::tables::Tables;

/// The buffers of a slot.
pub(super) type SlotBuffers = [Vec<u8>; SlotBuffer::COUNT];

/// Runs all launches on the buffers of a slot; tells for each chain whether a
/// number did not fit.
pub(super) fn interpret(
    program: &Program,
    tables: &Tables,
    schedule: &LaunchSchedule,
    buffers: &mut SlotBuffers,
) -> Vec<bool> {
    let mut overflowed = vec![false; program.chains.len()];
    for launch in &schedule.launches {
        let jobs = schedule.behind[launch.jobs.clone()].chunks_exact(size_of::<Job>());
        let jobs: Vec<Job> = jobs.map(pod_read_unaligned).collect();
        assert_ne!(launch.src, launch.dst);
        assert_eq!(launch.jobs.start % 256, 0);
        assert_eq!(jobs.len(), launch.n_jobs as usize);
        for job in jobs {
            let kernel = kernel_of(program, tables, launch, job);
            overflowed[job.flag as usize] |= run(kernel, job, launch, buffers);
        }
    }
    overflowed
}

/// The kernel of the program that a job is for.
fn kernel_of<'a>(program: &'a Program, tables: &Tables, launch: &Launch, job: Job) -> &'a Kernel {
    let told = &tables.words[job.constants as usize..];
    let chain = &program.chains[job.flag as usize];
    let is_it = |kernel: &Kernel| {
        kernel.passes()[0].entry == launch.entry
            && told.starts_with(&kernel.constants())
            && job.src_item as usize == kernel.src_item_bytes()
            && job.n as usize * kernel.dst_number_bytes()
                == job.n_items as usize * kernel.dst_item_bytes()
    };
    let mut kernels = chain.kernels().map(|(kernel, _)| kernel);
    kernels
        .find(|kernel| is_it(kernel))
        .expect("a job that no kernel of its chain has")
}

/// Runs a job at the places it tells.
fn run(kernel: &Kernel, job: Job, launch: &Launch, buffers: &mut SlotBuffers) -> bool {
    let [src, dst] = [job.src, job.dst].map(|words| words as usize * 4);
    let n_src = (job.n_items * job.src_item) as usize;
    let n_dst = job.n as usize * kernel.dst_number_bytes();
    let read = buffers[launch.src.index()][src..src + n_src].to_vec();
    let written = &mut buffers[launch.dst.index()][dst..dst + n_dst];
    let misfit = kernel.run(Level::SCALAR, &read, written).unwrap();
    misfit.is_some()
}
