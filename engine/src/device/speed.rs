//! How fast kernels and transfers are on this machine, beside what it takes to
//! copy as many bytes.
#![expect(
    clippy::cast_precision_loss,
    reason = "speeds are told to three digits"
)]

use std::sync::Arc;
use std::time::Instant;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Numbers, Table};
use fuelrail_kernels::{Element, Kernel, Level};
use serde::Serialize;

use super::parity::sample;
use super::program::{Chain, Program};
use super::{Backend, Device, Lane, Outputs, Ticket};
use crate::error::{Error, Result};

/// Bytes read by one run of a kernel on the host: beyond any cache.
const HOST_BYTES: usize = 64 << 20;
/// Bytes read by one batch of a device.
const DEVICE_BYTES: usize = 16 << 20;
/// Rounds, of which the median counts.
const ROUNDS: usize = 9;
/// Batches that follow one another in a round on a device.
const BATCHES: usize = 12;
/// Slots in flight where transfers and kernels overlap.
const IN_FLIGHT: usize = 3;

/// How fast one kernel is.
#[derive(Debug, Clone, Serialize)]
pub struct SpeedReport {
    /// The kernel, in words.
    pub kernel: String,
    /// What was timed.
    pub measure: Measure,
    /// Gigabytes (10^9) read and written a second; the median of all rounds.
    pub gb_per_s: f64,
    /// The same for a copy, timed in the same rounds: on the host, of as many
    /// bytes; on a device, within its memory. None where nothing is to be
    /// compared.
    pub copy_gb_per_s: Option<f64>,
    /// Why it could not be timed; the numbers are 0 then.
    pub failed: Option<String>,
}

/// What a [`SpeedReport`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// One thread of the processor, from memory to memory.
    HostKernel,
    /// One batch after another, each there, worked on and back before the next.
    Serial,
    /// Batches through the whole ring, so that transfers and kernels overlap.
    Overlapped,
    /// Only from the host to the device.
    Upload,
    /// Only the kernel, on the device.
    DeviceKernel,
    /// Only from the device to the host.
    Download,
}

/// Times the kernels that training sets need most.
pub(crate) fn speeds(device: &Device) -> Vec<SpeedReport> {
    let chains = chains();
    match device.backend() {
        None => chains
            .iter()
            .map(|(name, chain)| host(name, device.level(), chain))
            .collect(),
        Some(backend) => {
            let reports = chains
                .iter()
                .filter(|(_, chain)| device.refuses(chain).is_none())
                .map(|(name, chain)| on_device(name, backend.as_ref(), chain));
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
    let chain = |kernel: Kernel| Some((kernel.to_string(), Chain::new(vec![kernel]).ok()?));
    kernels.into_iter().flatten().filter_map(chain).collect()
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

/// A kernel on the host beside a copy of as many bytes.
fn host(name: &str, level: Level, chain: &Chain) -> SpeedReport {
    let n_items = (HOST_BYTES / chain.widest_item_bytes()).max(1);
    let src = sample(chain, n_items, 0);
    let mut dst = vec![1u8; n_items * chain.dst_item_bytes()];
    let n_bytes = src.len() + dst.len();
    let from = vec![1u8; n_bytes / 2];
    let mut to = vec![2u8; n_bytes / 2];
    let (mut kernel, mut copy) = (Vec::new(), Vec::new());
    let mut failed = None;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        if let Err(error) = chain.run(level, &src, &mut dst) {
            failed = Some(error.to_string());
        }
        kernel.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        std::hint::black_box(&mut to).copy_from_slice(std::hint::black_box(&from));
        copy.push(start.elapsed().as_secs_f64());
    }
    SpeedReport {
        kernel: name.to_owned(),
        measure: Measure::HostKernel,
        gb_per_s: rate(n_bytes, &mut kernel),
        copy_gb_per_s: Some(rate(n_bytes, &mut copy)),
        failed,
    }
}

/// A kernel on a device: the ways there and back, alone and together.
fn on_device(name: &str, backend: &dyn Backend, chain: &Chain) -> Vec<SpeedReport> {
    let report = |measure, timed: Result<(f64, Option<f64>)>| {
        let (gb_per_s, copy_gb_per_s) = *timed.as_ref().unwrap_or(&(0.0, None));
        SpeedReport {
            kernel: name.to_owned(),
            measure,
            gb_per_s,
            copy_gb_per_s,
            failed: timed.err().map(|error| error.to_string()),
        }
    };
    let program = Program {
        chains: vec![chain.clone()],
    };
    let lane = match backend.lane(&program) {
        Ok(lane) => lane,
        Err(error) => return vec![report(Measure::Overlapped, Err(error))],
    };
    let n_items = (DEVICE_BYTES / chain.src_item_bytes()).max(1);
    let n_items = n_items.min(lane.max_slot_bytes() / 2 / chain.widest_item_bytes());
    let src = sample(chain, n_items, 0);
    let in_flight = |n| through(lane.as_ref(), (&src, n_items), n).map(|rate| (rate, None));
    let mut reports = vec![
        report(Measure::Serial, in_flight(1)),
        report(Measure::Overlapped, in_flight(IN_FLIGHT)),
    ];
    match lane.profile(&[n_items], ROUNDS) {
        Ok(None) => {}
        Ok(Some(profile)) => {
            let n_dst = n_items * chain.dst_item_bytes();
            let n_both = src.len() + n_dst;
            let copy = rate(2 * profile.copied_bytes, &mut profile.copy_s.clone());
            for (measure, n_bytes, mut seconds, copy) in [
                (Measure::Upload, src.len(), profile.upload_s, None),
                (Measure::DeviceKernel, n_both, profile.kernels_s, Some(copy)),
                (Measure::Download, n_dst, profile.download_s, None),
            ] {
                reports.push(report(measure, Ok((rate(n_bytes, &mut seconds), copy))));
            }
        }
        Err(error) => reports.push(report(Measure::DeviceKernel, Err(error))),
    }
    reports
}

/// Gigabytes a second, read and written, with at most `n` slots in flight.
fn through(lane: &dyn Lane, (src, n_items): (&[u8], usize), n: usize) -> Result<f64> {
    let mut rounds = Vec::new();
    let mut n_bytes = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut under_way: std::collections::VecDeque<Box<dyn Ticket>> = [].into();
        n_bytes = 0;
        for _ in 0..BATCHES {
            if under_way.len() == n {
                n_bytes += finished(under_way.pop_front())?;
            }
            let mut slot = lane.acquire(&[n_items])?;
            slot.write(0, src)?;
            under_way.push_back(slot.submit()?);
        }
        while let Some(ticket) = under_way.pop_front() {
            n_bytes += finished(Some(ticket))?;
        }
        rounds.push(start.elapsed().as_secs_f64());
        n_bytes += BATCHES * src.len();
    }
    Ok(rate(n_bytes, &mut rounds))
}

/// Waits for a batch and reads what it has written, as a consumer would.
fn finished(ticket: Option<Box<dyn Ticket>>) -> Result<usize> {
    let ticket = ticket.ok_or_else(|| Error::internal("a ticket that is not there"))?;
    let outputs: Box<dyn Outputs> = ticket.wait()?;
    let dst = outputs.dst(0).to_vec();
    Ok(std::hint::black_box(&dst).len())
}

/// Gigabytes a second at the median of `seconds`.
fn rate(n_bytes: usize, seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    match seconds.get(seconds.len() / 2) {
        Some(&median) if median > 0.0 => n_bytes as f64 / median / 1e9,
        _ => 0.0,
    }
}
