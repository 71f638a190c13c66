//! What is told of speeds.

use serde::Serialize;

/// How fast one kernel is.
#[derive(Debug, Clone, Serialize)]
pub struct SpeedReport {
    /// The kernel, in words.
    pub kernel: String,
    /// What was timed.
    pub measure: Measure,
    /// Gigabytes (10^9) read and written a second; the median of all rounds.
    /// What only crosses to or from the host counts once.
    pub gb_per_s: f64,
    /// Bytes of one batch that this counts: `n_bytes / gb_per_s / 1e9` is the
    /// seconds that a batch takes.
    pub n_bytes: usize,
    /// For a level of the processor, a copy that reads and writes as many bytes,
    /// in the same unit and timed in the same rounds.
    pub copy_gb_per_s: Option<f64>,
    /// Seconds of the processor, over all threads, for a gigabyte read and
    /// written; on a software device its work is in them. None where that is
    /// not told, or too little to tell.
    pub cpu_s_per_gb: Option<f64>,
    /// Why it could not be timed; the numbers are 0 then.
    pub failed: Option<String>,
}

/// What a [`SpeedReport`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// One thread of the processor, from memory to memory.
    HostKernel,
    /// One batch after another, each copied in, there, worked on, back and
    /// copied out before the next.
    Serial,
    /// The same by more threads than the ring has slots, so that copies,
    /// transfers and kernels overlap.
    Overlapped,
    /// Only the kernel, on the device: what each of many more of them on the same
    /// batch adds. For kernels whose numbers keep their type.
    DeviceKernel,
}

impl SpeedReport {
    /// What could not be timed.
    pub(super) fn failed(kernel: &str, measure: Measure, why: &impl ToString) -> Self {
        Self {
            kernel: kernel.to_owned(),
            measure,
            gb_per_s: 0.0,
            n_bytes: 0,
            copy_gb_per_s: None,
            cpu_s_per_gb: None,
            failed: Some(why.to_string()),
        }
    }
}
