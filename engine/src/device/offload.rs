//! Runs the segments of a plan on a device, and on the processor what the
//! device does not do, cannot hold, or has failed to do.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow::buffer::{Buffer, MutableBuffer};
use fuelrail_kernels::Level;

use super::permits::{Permit, Permits};
use super::pieces::Pieces;
use super::program::{Chain, Program};
use super::{Device, Lane, Outputs};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{Plan, Segment};

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
    lanes: Vec<Option<OnLane>>,
    policy: OnDeviceError,
    /// Why the device is used no more.
    lost: OnceLock<String>,
    permits: Permits,
}

/// The chains of a segment that a device does.
#[derive(Debug)]
struct OnLane {
    lane: Arc<dyn Lane>,
    program: Program,
    /// The place of each among the segment's chains.
    chains: Vec<usize>,
}

/// What became of the items of one chain.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) bytes: Buffer,
    /// Whether a number did not fit its new type.
    pub(super) overflowed: bool,
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
            policy,
            lost: OnceLock::new(),
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
        }
        Ok(offload)
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
        self.lanes.iter().any(Option::is_some)
    }

    /// Why the device was given up during the run, if it was.
    pub(crate) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
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
                    for (chain, written) in written {
                        done[chain] = Some(written);
                    }
                }
                Err(error) => self.give_up(error)?,
            }
        }
        let chains = chains.iter().zip(srcs).zip(done);
        let written = chains.map(|((chain, src), done)| match done {
            Some(written) => Ok(written),
            None => self.run_on_host(chain, src),
        });
        written.collect()
    }

    fn run_on_host(&self, chain: &Chain, src: &[u8]) -> Result<Written> {
        let len = src.len() / chain.src_item_bytes() * chain.dst_item_bytes();
        let mut bytes = MutableBuffer::from_len_zeroed(len);
        let overflowed = chain.run(self.level, src, &mut bytes)?;
        Ok(Written {
            bytes: bytes.into(),
            overflowed,
        })
    }

    /// Runs the chains of a lane, but for those of which an item is too large;
    /// each with its place among the segment's chains.
    fn run_on_lane(&self, on_lane: &OnLane, srcs: &[Buffer]) -> Result<Vec<(usize, Written)>> {
        let OnLane {
            lane,
            program,
            chains,
        } = on_lane;
        let all = chains.iter().zip(&program.chains);
        let n_items: Vec<usize> = all
            .map(|(&index, chain)| srcs[index].len() / chain.src_item_bytes())
            .collect();
        let pieces = Pieces::new(program, &n_items, lane.max_slot_bytes());
        let room = program.chains.iter().zip(&n_items);
        let room = room.map(|(chain, n)| MutableBuffer::with_capacity(n * chain.dst_item_bytes()));
        let mut out: Vec<(MutableBuffer, bool)> = room.map(|bytes| (bytes, false)).collect();
        // Pieces follow one another, so what comes down is put behind what came.
        for piece in &pieces.list {
            let outputs = self.run_piece(on_lane, srcs, piece)?;
            for (at, (bytes, overflowed)) in out.iter_mut().enumerate() {
                bytes.extend_from_slice(outputs.dst(at));
                *overflowed |= outputs.overflowed(at);
            }
        }
        let done = out.into_iter().enumerate();
        let done = done.filter(|(at, _)| !pieces.too_large.contains(at));
        let written = done.map(|(at, (bytes, overflowed))| {
            let bytes = bytes.into();
            (chains[at], Written { bytes, overflowed })
        });
        Ok(written.collect())
    }

    /// One slot's way through the device. Others may compute while this waits.
    fn run_piece(
        &self,
        on_lane: &OnLane,
        srcs: &[Buffer],
        piece: &[Range<usize>],
    ) -> Result<Box<dyn Outputs>> {
        let n_items: Vec<usize> = piece.iter().map(ExactSizeIterator::len).collect();
        let lane = &on_lane.lane;
        let mut slot = self.permits.without(|| lane.acquire(&n_items))?;
        let chains = on_lane.chains.iter().zip(&on_lane.program.chains);
        for (at, (&index, chain)) in chains.enumerate() {
            let width = chain.src_item_bytes();
            let from = piece[at].start * width..piece[at].end * width;
            slot.write(at, &srcs[index][from])?;
        }
        let ticket = slot.submit()?;
        self.permits.without(|| ticket.wait())
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
fn on_lane(device: &Device, program: &Program) -> Result<Option<OnLane>> {
    let Some(backend) = device.backend() else {
        return Ok(None);
    };
    let chains = runs_on(device, program);
    if chains.is_empty() {
        return Ok(None);
    }
    let program = Program {
        chains: chains
            .iter()
            .map(|&index| program.chains[index].clone())
            .collect(),
    };
    Ok(Some(OnLane {
        lane: backend.lane(&program)?,
        program,
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
