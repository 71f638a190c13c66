//! Where the items of one batch lie in a slot, and which entries run on them:
//! what every device needs to know, whatever its interface.
//!
//! A slot has four buffers: what is read, two for what is between kernels, and
//! what is written. Chains run side by side: stage 0 of all of them, then stage
//! 1, and so on; what one entry does for several columns is one launch.

use std::ops::Range;

use bytemuck::{Zeroable, bytes_of};
use fuelrail_kernels::{Entry, Job, Kernel};

use super::program::{Chain, Program};
use crate::error::{Error, Result};

/// Where a column's items begin: at a multiple of so many bytes, which is
/// enough for any device's copies and bindings.
pub(crate) const ALIGN: usize = 256;

/// The buffers of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Buffer {
    /// What the first kernels read.
    Src,
    /// What odd or even stages leave for the next.
    Between(usize),
    /// What the last kernels write.
    Dst,
}

impl Buffer {
    /// Its place among the lengths of a [`Schedule`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Src => 0,
            Self::Between(which) => 1 + which,
            Self::Dst => 3,
        }
    }
}

/// One entry run on several columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Launch {
    pub(crate) entry: Entry,
    pub(crate) from: Buffer,
    pub(crate) to: Buffer,
    /// The jobs, one behind another; where they begin is a multiple of 256.
    pub(crate) jobs: Range<usize>,
    /// How many.
    pub(crate) n_jobs: u32,
    /// Numbers written by the job that writes most.
    pub(crate) most_numbers: u32,
}

/// Where constants begin: at a multiple of so many words, enough for a binary64.
const CONSTANTS_ALIGN: usize = 4;

/// The constants and tables of a program's kernels, one behind another, and
/// where each kernel's begin, in words. They go up once, when a lane is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) words: Vec<u32>,
    /// For each chain and stage.
    offsets: Vec<Vec<u32>>,
}

impl Tables {
    pub(crate) fn new(program: &Program) -> Self {
        let mut tables = Self::default();
        for chain in &program.chains {
            let offsets = chain.kernels().map(|(kernel, _)| tables.add(kernel));
            let offsets = offsets.collect();
            tables.offsets.push(offsets);
        }
        tables
    }

    fn add(&mut self, kernel: &Kernel) -> u32 {
        let begin = self.words.len().next_multiple_of(CONSTANTS_ALIGN);
        self.words.resize(begin, 0);
        self.words.extend(kernel.constants());
        // A program has few tables of at most 1,024 words.
        u32::try_from(begin).unwrap_or(u32::MAX)
    }
}

/// Everything that depends on how many items a batch has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    /// For each chain, its bytes in [`Buffer::Src`].
    pub(crate) src: Vec<Range<usize>>,
    /// For each chain, its bytes in [`Buffer::Dst`].
    pub(crate) dst: Vec<Range<usize>>,
    /// The bytes used in each buffer, by [`Buffer::index`].
    pub(crate) len_bytes: [usize; 4],
    /// In the order they must run; each after all before it.
    pub(crate) launches: Vec<Launch>,
    /// The jobs of all launches.
    pub(crate) jobs: Vec<u8>,
}

/// A job before its launch is known.
struct Pending {
    key: (usize, Entry, Buffer, Buffer),
    job: Job,
}

impl Schedule {
    /// The schedule of `program` for `n_items` items of each chain. A chain
    /// without items has no job.
    ///
    /// # Errors
    /// `Internal` where a buffer would exceed 2 GiB.
    pub(crate) fn new(program: &Program, tables: &Tables, n_items: &[usize]) -> Result<Self> {
        let mut schedule = Self {
            src: Vec::new(),
            dst: Vec::new(),
            len_bytes: [0; 4],
            launches: Vec::new(),
            jobs: Vec::new(),
        };
        let mut pending = Vec::new();
        for (index, (chain, &n_items)) in program.chains.iter().zip(n_items).enumerate() {
            let mut from = schedule.place(Buffer::Src, n_items * chain.src_item_bytes())?;
            schedule.src.push(from.clone());
            let between = [
                schedule.place_between(chain, n_items, 0)?,
                schedule.place_between(chain, n_items, 1)?,
            ];
            let mut read = Buffer::Src;
            let n_stages = chain.kernels().len();
            for (stage, (kernel, count)) in chain.kernels().enumerate() {
                let n_items = n_items * count;
                let len = n_items * kernel.dst_item_bytes();
                let (write, to) = if stage + 1 == n_stages {
                    (Buffer::Dst, schedule.place(Buffer::Dst, len)?)
                } else {
                    let start = between[stage % 2];
                    (Buffer::Between(stage % 2), start..start + len)
                };
                if n_items > 0 {
                    pending.push(Pending {
                        key: (stage, Entry::of(kernel), read, write),
                        job: Job {
                            n: word(n_items * kernel.dst_item_len())?,
                            n_items: word(n_items)?,
                            src: word(from.start / 4)?,
                            src_item: word(kernel.src_item_bytes())?,
                            dst: word(to.start / 4)?,
                            dst_item: word(kernel.dst_item_bytes())?,
                            constants: tables.offsets[index][stage],
                            flag: word(index)?,
                            ..Job::zeroed()
                        },
                    });
                }
                (from, read) = (to, write);
            }
            schedule.dst.push(from);
        }
        pending.sort_by_key(|job| job.key);
        schedule.launch(&pending)?;
        Ok(schedule)
    }

    /// Room for what all even or all odd stages of a chain leave for the next:
    /// by the time one writes there, the one before it has been read. So a
    /// chain of any length takes no more than its widest items.
    fn place_between(&mut self, chain: &Chain, n_items: usize, which: usize) -> Result<usize> {
        let n_left = chain.kernels().len() - 1;
        let left = chain.kernels().take(n_left).skip(which).step_by(2);
        let widths = left.map(|(kernel, count)| count * kernel.dst_item_bytes());
        let len = n_items * widths.max().unwrap_or(0);
        Ok(self.place(Buffer::Between(which), len)?.start)
    }

    /// Room for `len` bytes behind what is in the buffer already.
    fn place(&mut self, buffer: Buffer, len: usize) -> Result<Range<usize>> {
        let used = &mut self.len_bytes[buffer.index()];
        let start = *used;
        let end = start
            .checked_add(len)
            .filter(|end| i32::try_from(*end).is_ok())
            .ok_or_else(|| Error::internal("a batch beyond 2 GiB for a device"))?;
        *used = end.next_multiple_of(ALIGN);
        Ok(start..end)
    }

    /// Makes one launch of each run of jobs with the same key.
    fn launch(&mut self, pending: &[Pending]) -> Result<()> {
        for jobs in pending.chunk_by(|a, b| a.key == b.key) {
            self.jobs.resize(self.jobs.len().next_multiple_of(ALIGN), 0);
            let begin = self.jobs.len();
            for pending in jobs {
                self.jobs.extend_from_slice(bytes_of(&pending.job));
            }
            let (_, entry, from, to) = jobs[0].key;
            let numbers = jobs.iter().map(|pending| pending.job.n);
            self.launches.push(Launch {
                entry,
                from,
                to,
                jobs: begin..self.jobs.len(),
                n_jobs: word(jobs.len())?,
                most_numbers: numbers.max().unwrap_or(0),
            });
        }
        Ok(())
    }
}

/// A count that 32 bits hold, as buffers below 2 GiB make sure.
fn word(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::internal("a batch beyond 2 GiB for a device"))
}
