//! What devices are told of kernels, the same for every batch.

use fuelrail_kernels::DeviceKernel;

use super::program::Program;

/// Where constants begin: at a multiple of so many words, enough for a binary64.
const ALIGN_WORDS: usize = 4;

/// The constants and tables of a program's kernels, one behind another, and
/// where each kernel's begin, in words. They go up once, when a lane is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) words: Vec<u32>,
    /// For each column and stage.
    pub(super) offsets: Vec<Vec<u32>>,
}

impl Tables {
    pub(crate) fn new(program: &Program) -> Self {
        let mut tables = Self::default();
        for kernels in program.columns() {
            let offsets = kernels.iter().map(|kernel| tables.add(*kernel));
            let offsets = offsets.collect();
            tables.offsets.push(offsets);
        }
        tables
    }

    fn add(&mut self, kernel: &dyn DeviceKernel) -> u32 {
        let begin = self.words.len().next_multiple_of(ALIGN_WORDS);
        self.words.resize(begin, 0);
        self.words.extend(kernel.constants());
        // A program has few tables; those of a map have at most 2^20 entries each.
        u32::try_from(begin).unwrap_or(u32::MAX)
    }
}
