//! Runs the segments of a plan on a device, and on the processor what the
//! device does not do, cannot hold, or has failed to do.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::buffer::Buffer;
use fuelrail_kernels::Level;

use super::Device;
use super::items::Items;
use super::on_lane::{ColumnItems, OnLane, Written, on_host_alone};
use super::permits::{Permit, Permits};
use super::program::{Chain, Program};
use super::text_lane::{StretchIds, TextOnLane};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{Plan, Segment, Stage, TokenizeStep};

/// What becomes of a batch on which a device has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnDeviceError {
    /// It is worked on again by the processor, as are all that follow: the
    /// same rows with the same bits, slower.
    #[default]
    Replay,
    /// The run stops with the device's error.
    Fail,
}

/// The stages of a plan on a device, shared by all workers of a run.
#[derive(Debug)]
pub(crate) struct Offload {
    level: Level,
    /// For each stage, what a device does of it.
    lanes: Vec<Option<SegmentOnLane>>,
    policy: OnDeviceError,
    /// For each stage, what a device does of text.
    texts: Vec<Option<TextOnLane>>,
    /// Why the device is used no more.
    lost: OnceLock<String>,
    /// Items of which no slot holds one.
    n_too_large: AtomicU64,
    permits: Permits,
}

/// The chains of a segment that a device does.
#[derive(Debug)]
struct SegmentOnLane {
    on_lane: OnLane,
    /// The place of each among the segment's chains.
    chains: Vec<usize>,
}

impl Offload {
    /// The segments of `plan` on `device`, for `threads` threads that compute.
    ///
    /// # Errors
    /// `Device` where the device cannot be made ready and that ends the run.
    pub(crate) fn new(
        plan: &Plan,
        device: &Device,
        threads: usize,
        policy: OnDeviceError,
    ) -> Result<Self> {
        let mut offload = Self {
            level: device.level(),
            lanes: Vec::new(),
            texts: Vec::new(),
            policy,
            lost: OnceLock::new(),
            n_too_large: AtomicU64::new(0),
            permits: Permits::new(threads),
        };
        for stage in &plan.stages.0 {
            let lane = match stage.segment().filter(|_| offload.lost().is_none()) {
                None => None,
                Some(segment) => on_lane(device, &segment.program).or_else(|error| {
                    offload.give_up(error)?;
                    Ok::<_, Error>(None)
                })?,
            };
            offload.lanes.push(lane);
            let text = offload.text(stage, device)?;
            offload.texts.push(text);
        }
        Ok(offload)
    }

    /// The level of the processor.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// What `device` does of a stage that encodes text.
    fn text(&self, stage: &Stage, device: &Device) -> Result<Option<TextOnLane>> {
        let does_text = device.does_text() && self.lost().is_none();
        let by_ids_alone = |step: &&TokenizeStep| does_text && step.offsets.is_none();
        let Some(step) = stage.tokenize().filter(by_ids_alone) else {
            return Ok(None);
        };
        TextOnLane::new(device, &step.tokenizer).or_else(|error| {
            self.give_up(error)?;
            Ok(None)
        })
    }

    /// What a device does of stage `stage`, which encodes text.
    pub(super) fn text_lane(&self, stage: usize) -> Option<&TextOnLane> {
        let lane = self.texts.get(stage).and_then(Option::as_ref);
        lane.filter(|_| self.lost.get().is_none())
    }

    /// The ids of stretches of text that lie one behind another; `None` where the
    /// device failed and the host goes on.
    ///
    /// # Errors
    /// `Device` where the device failed and that ends the run.
    pub(super) fn run_text(
        &self,
        lane: &TextOnLane,
        bytes: &[u8],
        offsets: &[u32],
    ) -> Result<Option<StretchIds>> {
        match lane.run(bytes, offsets, &self.permits) {
            Ok(done) => Ok(Some(done)),
            Err(error) => {
                self.give_up(error)?;
                Ok(None)
            }
        }
    }

    /// Bytes of text that a device was to encode, and those of documents that the
    /// host encoded of them.
    pub(crate) fn text_share(&self) -> (u64, u64) {
        let shares = self.texts.iter().flatten().map(TextOnLane::share);
        shares.fold((0, 0), |sum, share| (sum.0 + share.0, sum.1 + share.1))
    }

    /// Bytes of host memory that the rings of `plan` on `device` take, with
    /// batches of `batch_bytes`.
    pub(crate) fn ring_bytes(plan: &Plan, device: &Device, batch_bytes: u64) -> u64 {
        let mut bytes = 0;
        for segment in plan.stages.segments() {
            let chains = &segment.program.chains;
            let on_device = runs_on(device, &segment.program).into_iter();
            let growth = on_device.map(|index| {
                chains[index]
                    .dst_item_bytes()
                    .div_ceil(chains[index].src_item_bytes())
            });
            // Room for what is read and what is written, grown by doubling.
            let widest = growth.max().filter(|_| device.backend().is_some());
            bytes += widest.map_or(0, |growth| 6 * batch_bytes * (1 + growth as u64));
        }
        bytes
    }

    /// Whether workers wait for a device, so that more of them are wanted.
    pub(crate) fn waits(&self) -> bool {
        self.lanes.iter().any(Option::is_some) || self.texts.iter().any(Option::is_some)
    }

    /// Why the device was given up during the run, if it was.
    pub(crate) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    /// How many items the processor did because no slot of the device holds one.
    pub(crate) fn n_too_large(&self) -> u64 {
        self.n_too_large.load(Ordering::Relaxed)
    }

    /// Leave to compute; [`Offload::run`] wants it held.
    pub(super) fn permit(&self) -> Permit<'_> {
        self.permits.take()
    }

    /// Runs `segment`, that of stage `stage`, on all items of each of its chains.
    ///
    /// # Errors
    /// `Device` where the device failed and that ends the run.
    pub(super) fn run(
        &self,
        (stage, segment): (usize, &Segment),
        srcs: &[Buffer],
    ) -> Result<Vec<Written>> {
        let chains = &segment.program.chains;
        let lane = self.lanes.get(stage).and_then(Option::as_ref);
        let mut done: Vec<Option<Written>> = chains.iter().map(|_| None).collect();
        if let Some(on_lane) = lane.filter(|_| self.lost.get().is_none()) {
            match self.run_on_lane(on_lane, srcs) {
                Ok(written) => {
                    let too_large = written.iter().map(|written| written.n_on_host as u64);
                    self.n_too_large
                        .fetch_add(too_large.sum(), Ordering::Relaxed);
                    for (chain, written) in on_lane.chains.iter().zip(written) {
                        done[*chain] = Some(written);
                    }
                }
                Err(error) => self.give_up(error)?,
            }
        }
        let chains = chains.iter().zip(srcs).zip(done);
        let written = chains.map(|((chain, src), done)| match done {
            Some(written) => Ok(written),
            None => on_host_alone(chain, self.level, src),
        });
        written.collect()
    }

    /// Runs the chains of a lane.
    fn run_on_lane(&self, segment: &SegmentOnLane, srcs: &[Buffer]) -> Result<Vec<Written>> {
        let SegmentOnLane { on_lane, chains } = segment;
        let all = chains.iter().zip(&on_lane.program.chains);
        let sources = all.map(|(&index, chain)| ColumnItems {
            bytes: &srcs[index],
            items: Items::Fixed(srcs[index].len() / chain.src_item_bytes()),
        });
        let sources: Vec<ColumnItems<'_>> = sources.collect();
        on_lane.run(&sources, Some(&self.permits))
    }

    /// Notes that the device is lost, or passes on why if that ends the run.
    fn give_up(&self, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Device || self.policy == OnDeviceError::Fail {
            return Err(error);
        }
        self.lost.get_or_init(|| error.to_string());
        Ok(())
    }
}

/// The chains of `program` that `device` does, made ready there.
fn on_lane(device: &Device, program: &Program) -> Result<Option<SegmentOnLane>> {
    let Some(backend) = device.backend() else {
        return Ok(None);
    };
    let chains = runs_on(device, program);
    if chains.is_empty() {
        return Ok(None);
    }
    let kept = chains.iter().map(|&index| program.chains[index].clone());
    let program = Program::of(kept.collect());
    Ok(Some(SegmentOnLane {
        on_lane: OnLane {
            lane: backend.lane(&program)?,
            program,
            level: device.level(),
        },
        chains,
    }))
}

/// The chains of `program` of which `device` does every kernel.
pub(super) fn runs_on(device: &Device, program: &Program) -> Vec<usize> {
    let does = |chain: &Chain| device.refuses(chain).is_none();
    let all = program.chains.iter().enumerate();
    all.filter(|(_, chain)| does(chain))
        .map(|(index, _)| index)
        .collect()
}
