//! How a kernel runs on a device: as one launch, or as several, each after the
//! one before it.

use crate::entry::Entry;
use crate::job::Job;

/// Threads of a workgroup, or of a block.
pub const GROUP: u32 = 256;

/// Numbers of 32 bits, or as many bytes, that a thread writes at a time.
const WORDS: u32 = 4;

/// Which of a kernel's buffers a pass has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the kernel reads.
    Src,
    /// What its passes leave for one another.
    Scratch,
    /// What the kernel writes.
    Dst,
}

/// How many threads a pass has work for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// One for every few numbers written.
    Numbers,
    /// A group for every so many bytes read, and at least one.
    Chunks(u32),
    /// One for each of them, and at least one.
    PerChunk(u32),
    /// A group for every item, and at least one.
    Items,
    /// One group.
    Once,
}

/// One launch of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// What is launched.
    pub entry: Entry,
    /// What it reads.
    pub src: Role,
    /// What an earlier pass has left, if it looks at that.
    pub aux: Option<Role>,
    /// What it writes.
    pub dst: Role,
    /// Its threads.
    pub spread: Spread,
}

/// What devices need to know of a kernel, whatever its items are.
pub trait DeviceKernel {
    /// The launches that it takes, each after the one before it.
    fn passes(&self) -> &'static [Pass];

    /// What is the same for every batch: the struct of constants that its entries
    /// read, and the table behind it, in words.
    fn constants(&self) -> Vec<u32>;

    /// Bytes of one of the numbers written.
    fn dst_number_bytes(&self) -> usize;

    /// Bytes that its passes leave for one another, where it reads so many bytes of so
    /// many items.
    fn scratch_bytes(&self, src_len: usize, n_items: usize) -> usize;
}

impl Pass {
    /// The only pass of a kernel whose numbers are written each by itself.
    #[must_use]
    pub const fn only(entry: Entry) -> Self {
        Self {
            entry,
            src: Role::Src,
            aux: None,
            dst: Role::Dst,
            spread: Spread::Numbers,
        }
    }

    /// Threads that there is work for, where a kernel reads so many bytes.
    #[must_use]
    pub fn n_threads(&self, job: &Job, src_len: usize) -> u32 {
        let n_chunks = |len: u32| u32::try_from(src_len).map_or(u32::MAX, |all| all.div_ceil(len));
        match self.spread {
            Spread::Numbers => job.n.div_ceil(WORDS),
            Spread::Chunks(len) => n_chunks(len).saturating_mul(GROUP),
            Spread::PerChunk(len) => n_chunks(len),
            Spread::Items => job.n_items.saturating_mul(GROUP),
            Spread::Once => GROUP,
        }
    }
}
