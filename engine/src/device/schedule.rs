//! Where the items of one batch lie in a slot, and which entries run on them:
//! what every device needs to know, whatever its interface.
//!
//! A slot has five buffers: what is read, two for what is between kernels, one
//! for what passes of a kernel leave for one another, and what is written.
//! Chains run side by side: stage 0 of all of them, then stage 1, and so on; what
//! one entry does for several columns is one launch.
//!
//! Rows of any length lie behind their offsets. Where a kernel finds their
//! lengths only when it runs, there is room for the most that they can be, behind
//! everything whose extent the host knows.

use std::ops::Range;

use bytemuck::{bytes_of, cast_slice};
use fuelrail_kernels::{DeviceKernel, Entry, Job, Pass, Role};

use super::items::{Items, Lens, RowItems, offsets_of};
use super::program::{Chain, Program, RowChain};
use super::tables::Tables;
use crate::error::{Error, Result};

/// Where a column's items begin: at a multiple of so many bytes, which is
/// enough for any device's copies and bindings.
pub(crate) const ALIGN: usize = 256;

/// The buffers of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SlotBuffer {
    /// What the first kernels read.
    Src,
    /// What odd or even stages leave for the next.
    Between(usize),
    /// What passes of a kernel leave for one another.
    Scratch,
    /// What the last kernels write.
    Dst,
}

impl SlotBuffer {
    /// How many there are.
    pub(crate) const COUNT: usize = 5;

    /// Its place among the lengths of a [`LaunchSchedule`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Src => 0,
            Self::Between(which) => 1 + which,
            Self::Scratch => 3,
            Self::Dst => 4,
        }
    }
}

/// Where the items of a chain lie in a buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Region {
    /// Where the offsets of rows begin, if they are rows.
    pub(crate) offsets: Option<usize>,
    /// The items.
    pub(crate) bytes: Range<usize>,
}

/// One entry run on several columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Launch {
    pub(crate) entry: Entry,
    pub(crate) src: SlotBuffer,
    /// What an earlier pass has left, if the entry looks at it.
    pub(crate) aux: Option<SlotBuffer>,
    pub(crate) dst: SlotBuffer,
    /// The jobs in [`LaunchSchedule::behind`]; where they begin is a multiple of 256.
    pub(crate) jobs: Range<usize>,
    /// How many.
    pub(crate) n_jobs: u32,
    /// Threads that the job with most of them has work for.
    pub(crate) n_threads: u32,
}

/// Everything that depends on how many items a batch has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LaunchSchedule {
    /// For each chain, its items in [`SlotBuffer::Src`].
    pub(crate) src: Vec<Region>,
    /// For each chain, its items in [`SlotBuffer::Dst`].
    pub(crate) dst: Vec<Region>,
    /// For each chain, its number of items.
    pub(crate) n_items: Vec<usize>,
    /// For each chain, whether the lengths of its rows are the device's to find.
    pub(crate) finds: Vec<bool>,
    /// For each chain, whether what it writes stays on the device.
    pub(crate) stays: Vec<bool>,
    /// The bytes used in each buffer, by [`SlotBuffer::index`].
    pub(crate) len_bytes: [usize; SlotBuffer::COUNT],
    /// The bytes of [`SlotBuffer::Dst`] whose extent the host knows.
    pub(crate) known: usize,
    /// A word a chain in [`SlotBuffer::Dst`], 1 if a number did not fit.
    pub(crate) flags: Range<usize>,
    /// The offsets of rows, and where they go in [`SlotBuffer::Src`].
    pub(crate) offsets: Vec<(usize, Vec<u32>)>,
    /// What goes up behind [`SlotBuffer::Src`]: records of rows, then jobs.
    pub(crate) behind: Vec<u8>,
    /// The records in there.
    pub(crate) params: Range<usize>,
    /// In the order they must run; each after all before it.
    pub(crate) launches: Vec<Launch>,
}

/// What is at one place of a chain: before a kernel, or behind the last.
#[derive(Debug, Clone, Copy)]
struct Amount {
    n_items: usize,
    /// Bytes of one; 0 for rows.
    item_bytes: usize,
    /// Bytes of all, at most.
    len: usize,
    /// Whether they are rows.
    are_rows: bool,
}

/// A job before its launch is known.
struct Pending {
    /// Stage and pass, so that what comes first runs first; then what is
    /// launched together.
    key: (usize, usize, Entry, [Option<SlotBuffer>; 3]),
    n_threads: u32,
    job: Job,
}

impl LaunchSchedule {
    /// The schedule of `program` for these items of each chain. A chain without
    /// items has no job.
    ///
    /// # Errors
    /// `Internal` where a buffer would exceed 2 GiB, or rows and a chain do not
    /// go together.
    pub(crate) fn new(program: &Program, tables: &Tables, items: &[Items<'_>]) -> Result<Self> {
        let mut schedule = Self {
            src: Vec::new(),
            dst: Vec::new(),
            n_items: items.iter().map(Items::len).collect(),
            finds: finds(program),
            stays: vec![false; items.len()],
            len_bytes: [0; SlotBuffer::COUNT],
            known: 0,
            flags: 0..0,
            offsets: Vec::new(),
            behind: Vec::new(),
            params: 0..0,
            launches: Vec::new(),
        };
        if items.len() != program.n_columns() {
            return Err(Error::internal("a batch with other columns"));
        }
        let flows = program.chains.iter().zip(items).map(Flow::of_fixed);
        let behind = &items[program.chains.len()..];
        let row_flows = program.row_chains.iter().zip(behind).map(Flow::of_rows);
        let flows: Vec<Flow<'_>> = flows.chain(row_flows).collect::<Result<_>>()?;
        schedule.place_dst(&flows)?;
        let mut pending = Vec::new();
        for (index, (kernels, flow)) in program.columns().zip(&flows).enumerate() {
            let constants = &tables.offsets[index];
            schedule.column(index, (&kernels, constants), flow, &mut pending)?;
        }
        schedule.params = 0..schedule.behind.len();
        pending.sort_by_key(|job| job.key);
        schedule.launch(&pending)?;
        Ok(schedule)
    }

    /// Bytes that go up.
    pub(crate) fn len_up(&self) -> usize {
        self.len_bytes[SlotBuffer::Src.index()] + self.behind.len()
    }

    /// What comes down first: all but rows whose lengths are not known yet, and what
    /// stays.
    pub(crate) fn first_down(&self) -> Vec<Range<usize>> {
        if self.stays.contains(&true) {
            return self.down_beside_what_stays();
        }
        if self.flags.start == self.known {
            // They follow one another, so they are one copy.
            std::iter::once(0..self.flags.end).collect()
        } else {
            vec![0..self.known, self.flags.clone()]
        }
    }

    fn down_beside_what_stays(&self) -> Vec<Range<usize>> {
        let mut down = Vec::new();
        for (chain, region) in self.dst.iter().enumerate() {
            let offsets = region.offsets.filter(|_| self.n_items[chain] > 0);
            down.extend(offsets.map(|begin| begin..begin + 4 * (self.n_items[chain] + 1)));
            if !self.stays[chain] && !self.finds[chain] {
                down.push(region.bytes.clone());
            }
        }
        down.retain(|range| !range.is_empty());
        down.push(self.flags.clone());
        down
    }

    /// Room in the last buffer: for what the host knows the extent of, for other
    /// rows, for flags.
    fn place_dst(&mut self, flows: &[Flow<'_>]) -> Result<()> {
        for (column, flow) in flows.iter().enumerate() {
            let amount = flow.last();
            let mut region = Region::default();
            if amount.are_rows {
                region.offsets = Some(self.place(SlotBuffer::Dst, offsets_bytes(&amount))?.start);
            }
            if !self.finds[column] {
                region.bytes = self.place(SlotBuffer::Dst, amount.len)?;
            }
            self.dst.push(region);
        }
        self.known = self.len_bytes[SlotBuffer::Dst.index()];
        for (column, flow) in flows.iter().enumerate() {
            if self.finds[column] {
                self.dst[column].bytes = self.place(SlotBuffer::Dst, flow.last().len)?;
            }
        }
        self.flags = self.place(SlotBuffer::Dst, 4 * flows.len())?;
        self.len_bytes[SlotBuffer::Dst.index()] = self.flags.start;
        Ok(())
    }

    /// Places what is before and between the kernels of a column, and notes the
    /// jobs.
    fn column(
        &mut self,
        index: usize,
        (kernels, constants): (&[&dyn DeviceKernel], &[u32]),
        flow: &Flow<'_>,
        pending: &mut Vec<Pending>,
    ) -> Result<()> {
        let mut from = self.place_amount(SlotBuffer::Src, flow.amounts[0])?;
        self.src.push(from.clone());
        if let (Some((rows, _)), Some(at)) = (&flow.rows, from.offsets) {
            self.offsets.push((at, rows.offsets.to_vec()));
        }
        let between = [
            self.place_between(&flow.amounts, 0)?,
            self.place_between(&flow.amounts, 1)?,
        ];
        let mut read = SlotBuffer::Src;
        for (stage, kernel) in kernels.iter().enumerate() {
            let (before, behind) = (flow.amounts[stage], flow.amounts[stage + 1]);
            let (write, to) = if stage + 1 == kernels.len() {
                (SlotBuffer::Dst, self.dst[index].clone())
            } else {
                let region = region_at(between[stage % 2], behind);
                (SlotBuffer::Between(stage % 2), region)
            };
            let scratch = kernel.scratch_bytes(before.len, before.n_items);
            let scratch = self.place(SlotBuffer::Scratch, scratch)?;
            let job = Job {
                n: word(behind.len / kernel.dst_number_bytes())?,
                n_items: word(before.n_items)?,
                src: word(from.bytes.start / 4)?,
                src_offsets: word(from.offsets.unwrap_or(0) / 4)?,
                src_item: word(before.item_bytes)?,
                dst: word(to.bytes.start / 4)?,
                dst_offsets: word(to.offsets.unwrap_or(0) / 4)?,
                aux: word(scratch.start / 4)?,
                params: word(self.add_records(flow, stage)? / 4)?,
                constants: constants[stage],
                flag: word(index)?,
            };
            if before.n_items > 0 {
                let buffers = (read, write);
                pending.extend(passes(*kernel, stage, buffers, (before, job)));
            }
            (from, read) = (to, write);
        }
        Ok(())
    }

    /// Adds what the kernel of a stage is told of rows: where those written begin,
    /// then their records, then the tables of these. Gives where that begins.
    fn add_records(&mut self, flow: &Flow<'_>, stage: usize) -> Result<usize> {
        let Some((rows, lens)) = &flow.rows else {
            return Ok(0);
        };
        let begin = self.behind.len().next_multiple_of(ALIGN);
        self.behind.resize(begin, 0);
        let offsets = offsets_of(lens.at(stage + 1))?;
        self.behind.extend_from_slice(cast_slice(&offsets));
        self.behind.extend_from_slice(&rows.records[stage]);
        self.behind
            .extend_from_slice(cast_slice(rows.tables_of(stage)));
        Ok(begin)
    }

    /// Room for what all even or all odd stages of a chain leave for the next:
    /// by the time one writes there, the one before it has been read. So a
    /// chain of any length takes no more than its widest items.
    fn place_between(&mut self, amounts: &[Amount], which: usize) -> Result<usize> {
        let left = &amounts[1..amounts.len() - 1];
        let widths = left.iter().skip(which).step_by(2);
        let widths = widths.map(|amount| region_at(0, *amount).bytes.end);
        let len = widths.max().unwrap_or(0);
        Ok(self.place(SlotBuffer::Between(which), len)?.start)
    }

    fn place_amount(&mut self, buffer: SlotBuffer, amount: Amount) -> Result<Region> {
        let len = region_at(0, amount).bytes.end;
        let start = self.place(buffer, len)?.start;
        Ok(region_at(start, amount))
    }

    /// Room for `len` bytes behind what is in the buffer already.
    fn place(&mut self, buffer: SlotBuffer, len: usize) -> Result<Range<usize>> {
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
            self.behind
                .resize(self.behind.len().next_multiple_of(ALIGN), 0);
            let begin = self.behind.len();
            for pending in jobs {
                self.behind.extend_from_slice(bytes_of(&pending.job));
            }
            let (_, _, entry, [src, aux, dst]) = jobs[0].key;
            let (Some(src), Some(dst)) = (src, dst) else {
                return Err(Error::internal("a launch without buffers"));
            };
            let n_threads = jobs.iter().map(|pending| pending.n_threads);
            self.launches.push(Launch {
                entry,
                src,
                aux,
                dst,
                jobs: begin..self.behind.len(),
                n_jobs: word(jobs.len())?,
                n_threads: n_threads.max().unwrap_or(0),
            });
        }
        Ok(())
    }
}

/// What there is before each kernel of a column, and behind the last.
struct Flow<'a> {
    amounts: Vec<Amount>,
    /// The rows, if they are.
    rows: Option<(&'a RowItems<'a>, Lens)>,
}

impl<'a> Flow<'a> {
    fn of_fixed((chain, items): (&Chain, &Items<'_>)) -> Result<Self> {
        let Items::Fixed(n_items) = *items else {
            return Err(Error::internal("rows for a chain of fixed items"));
        };
        let amount = |n_items: usize, item_bytes: usize| Amount {
            n_items,
            item_bytes,
            len: n_items * item_bytes,
            are_rows: false,
        };
        let read = chain
            .kernels()
            .map(|(kernel, count)| amount(n_items * count, kernel.src_item_bytes()));
        let mut amounts: Vec<Amount> = read.collect();
        let written = chain.dst_item_bytes();
        amounts.push(amount(n_items, written));
        Ok(Self {
            amounts,
            rows: None,
        })
    }

    fn of_rows((chain, items): (&RowChain, &'a Items<'a>)) -> Result<Self> {
        let Items::Rows(rows) = items else {
            return Err(Error::internal("fixed items for a chain of rows"));
        };
        let lens = Lens::new(chain, rows)?;
        let amount = |at| Amount {
            n_items: rows.len(),
            item_bytes: 0,
            len: lens.total(at),
            are_rows: true,
        };
        Ok(Self {
            amounts: (0..=chain.kernels().len()).map(amount).collect(),
            rows: Some((rows, lens)),
        })
    }

    /// What is behind the last kernel.
    fn last(&self) -> Amount {
        self.amounts[self.amounts.len() - 1]
    }
}

/// For each column, whether the lengths of its rows are the device's to find.
fn finds(program: &Program) -> Vec<bool> {
    let fixed = program.chains.iter().map(|_| false);
    let rows = program.row_chains.iter().map(RowChain::finds_lengths);
    fixed.chain(rows).collect()
}

/// The jobs of a kernel's passes.
fn passes(
    kernel: &dyn DeviceKernel,
    stage: usize,
    (read, write): (SlotBuffer, SlotBuffer),
    (before, job): (Amount, Job),
) -> impl Iterator<Item = Pending> {
    let buffer = move |role: Role| match role {
        Role::Src => read,
        Role::Scratch => SlotBuffer::Scratch,
        Role::Dst => write,
    };
    let passes = kernel.passes().iter().enumerate();
    passes.map(move |(order, pass): (usize, &Pass)| Pending {
        key: (
            stage,
            order,
            pass.entry,
            [
                Some(buffer(pass.src)),
                pass.aux.map(buffer),
                Some(buffer(pass.dst)),
            ],
        ),
        n_threads: pass.n_threads(&job, before.len),
        job,
    })
}

fn offsets_bytes(amount: &Amount) -> usize {
    4 * (amount.n_items + 1)
}

/// The region of an amount that begins at `start`.
fn region_at(start: usize, amount: Amount) -> Region {
    let offsets = amount.are_rows.then_some(start);
    let begin = match offsets {
        Some(at) => (at + offsets_bytes(&amount)).next_multiple_of(ALIGN),
        None => start,
    };
    Region {
        offsets,
        bytes: begin..begin + amount.len,
    }
}

/// A count that 32 bits hold, as buffers below 2 GiB make sure.
fn word(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::internal("a batch beyond 2 GiB for a device"))
}
