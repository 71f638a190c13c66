//! How fast kernels and transfers are on this machine, beside what it takes to
//! copy as many bytes.
//!
//! [`host`] times levels of the processor, [`on_device`] everything else.

mod host;
mod on_device;
mod processor;

use std::sync::Arc;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Numbers, Table};
use fuelrail_kernels::{Element, Kernel};
use serde::Serialize;

use super::Device;
use super::parity::sample;
use super::program::Chain;

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
    /// What it is to be compared with, in the same unit and timed in the same
    /// rounds. For a kernel, a copy that reads and writes as many bytes: on the
    /// host, or within the device's memory. For `upload` and `download`, one
    /// large copy the same way. For `device_overlapped`, the slowest of the
    /// three parts alone. None where nothing is to be compared.
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
    /// Only from pinned memory of the host to the device.
    Upload,
    /// Only the kernel, on the device.
    DeviceKernel,
    /// Only from the device to pinned memory of the host.
    Download,
    /// There, worked on and back for all slots in turn, without the host.
    DeviceOverlapped,
}

impl SpeedReport {
    /// What could not be timed.
    fn failed(kernel: &str, measure: Measure, why: &impl ToString) -> Self {
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

/// Times the kernels that training sets need most.
pub(crate) fn speeds(device: &Device) -> Vec<SpeedReport> {
    let chains = chains();
    match device.backend() {
        None => chains
            .iter()
            .map(|(name, chain)| host::time(name, device.level(), chain))
            .collect(),
        Some(backend) => {
            let reports = chains
                .iter()
                .filter(|(_, chain)| device.refuses(chain).is_none())
                .map(|(name, chain)| on_device::time(name, backend.as_ref(), chain));
            reports.flatten().collect()
        }
    }
}

fn chains() -> Vec<(String, Chain)> {
    let cast = |from, to| Some(Kernel::Cast(Cast { from, to }));
    let numbers = |from, to| {
        let numbers = Numbers::new((from, to), (0.5, 0.25), None);
        numbers.ok().map(Kernel::NormalizeNumbers)
    };
    let kernels = [
        images(Element::F32),
        images(Element::F16),
        numbers(Element::F32, Element::F32),
        numbers(Element::F32, Element::F16),
        cast(Element::U16, Element::I32),
        numbers(Element::F64, Element::F64),
    ];
    let chain = |kernel: Kernel| Some((name(&kernel), Chain::new(vec![kernel]).ok()?));
    kernels.into_iter().flatten().filter_map(chain).collect()
}

fn name(kernel: &Kernel) -> String {
    match kernel {
        Kernel::NormalizeImages(images) => {
            format!("normalize images u8 -> {}", images.table().element())
        }
        numbers => numbers.to_string(),
    }
}

fn images(element: Element) -> Option<Kernel> {
    let geometry = Geometry {
        height: 224,
        width: 224,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [0, 0, 224, 224],
        flip: Flip::None,
    };
    let constants: (&[f64], &[f64]) = (&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]);
    let table = Table::new(element, 3, constants, 255.0).ok()?;
    let images = Images::new(geometry, table).ok()?;
    Some(Kernel::NormalizeImages(Arc::new(images)))
}

/// At least this many items are made one by one; more repeat them.
const SAMPLED_BYTES: usize = 1 << 20;

/// `n_items` items of a chain.
fn items(chain: &Chain, n_items: usize) -> Vec<u8> {
    let width = chain.src_item_bytes();
    let n_sampled = SAMPLED_BYTES.div_ceil(width).min(n_items);
    let sampled = sample(chain, n_sampled, 0);
    let all = sampled.iter().copied().cycle();
    all.take(n_items * width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_is_timed_under_a_name_of_its_own() {
        let chains = chains();
        assert_eq!(chains.len(), 6);
        let mut names: Vec<&str> = chains.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.iter().all(|name| name.len() <= 30), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 6);
    }

    #[test]
    fn items_repeat_what_was_sampled() {
        let (_, chain) = &chains()[2];
        let few = items(chain, 10);
        assert_eq!(few, sample(chain, 10, 0));
        let width = chain.src_item_bytes();
        let n_sampled = SAMPLED_BYTES / width;
        let many = items(chain, n_sampled + 10);
        assert_eq!(many.len(), (n_sampled + 10) * width);
        assert_eq!(many[..10 * width], many[n_sampled * width..]);
    }
}
