//! `tokenize` on a device: stretches of text to ids, and what is left of them to
//! the host, counted.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fuelrail_kernels::RowKernel;
use fuelrail_kernels::tokenize::{DeviceTokenizer, NO_ID, Tokenizer};

use super::Device;
use super::items::{Items, RowItems};
use super::on_lane::{ColumnItems, OnLane};
use super::parity::text_trial;
use super::permits::Permits;
use super::program::{Program, RowChain};
use crate::error::{Error, Result};

/// A tokenizer made ready on a device.
#[derive(Debug)]
pub(crate) struct TextOnLane {
    on_lane: OnLane,
    tokenizer: DeviceTokenizer,
    share: TextShare,
}

/// Bytes of text that were to be encoded, and those of documents that the host
/// encoded.
#[derive(Debug, Default)]
struct TextShare {
    all: AtomicU64,
    on_host: AtomicU64,
}

/// The ids of stretches of text.
#[derive(Debug, Default)]
pub(crate) struct StretchIds {
    pub(crate) ids: Vec<u32>,
    /// For each stretch, where its ids lie; none where it is the host's.
    pub(crate) of: Vec<Option<Range<usize>>>,
}

impl TextOnLane {
    /// `tokenizer` on `device`, or why the host encodes.
    ///
    /// # Errors
    /// `Device` where the device cannot be made ready, or has other ids than the
    /// reference.
    pub(crate) fn new(device: &Device, tokenizer: &Arc<Tokenizer>) -> Result<Option<Self>> {
        let Some(backend) = device.backend() else {
            return Ok(None);
        };
        let Ok(tokenizer) = DeviceTokenizer::new(tokenizer) else {
            return Ok(None);
        };
        if let Some(wrong) = text_trial(device.subject(), &tokenizer).first() {
            return Err(Error::device(format!(
                "expected {} to pass the self-test of text, got: {wrong}",
                device.report().id
            )));
        }
        let chain = RowChain::new(vec![RowKernel::Tokenize(tokenizer.clone())])?;
        let program = Program {
            chains: Vec::new(),
            row_chains: vec![chain],
        };
        Ok(Some(Self {
            on_lane: OnLane {
                lane: backend.lane(&program)?,
                program,
                level: device.level(),
            },
            tokenizer,
            share: TextShare::default(),
        }))
    }

    pub(crate) fn tokenizer(&self) -> &DeviceTokenizer {
        &self.tokenizer
    }

    /// Adds documents of so many bytes, so many of which the host encodes.
    pub(crate) fn count(&self, all: usize, on_host: usize) {
        self.share.all.fetch_add(all as u64, Ordering::Relaxed);
        self.share
            .on_host
            .fetch_add(on_host as u64, Ordering::Relaxed);
    }

    /// Bytes of text so far, and those of documents that the host encoded.
    pub(crate) fn share(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (of(&self.share.all), of(&self.share.on_host))
    }

    /// The ids of stretches that lie one behind another.
    ///
    /// # Errors
    /// `Device` where the device failed.
    pub(crate) fn run(
        &self,
        bytes: &[u8],
        offsets: &[u32],
        permits: &Permits,
    ) -> Result<StretchIds> {
        let sources = [ColumnItems {
            bytes,
            items: Items::Rows(RowItems {
                offsets,
                records: &[Vec::new()],
                tables: &[],
            }),
        }];
        let mut done = StretchIds {
            ids: Vec::new(),
            of: vec![None; offsets.len().saturating_sub(1)],
        };
        for piece in &self.on_lane.pieces(&sources)?.list {
            let outputs = self
                .on_lane
                .run_piece((&sources, piece), &[], Some(permits))?;
            if outputs.cut_short(0) {
                // All stretches of the piece are the host's.
                continue;
            }
            let before = done.ids.len();
            let words = outputs.dst(0).as_chunks().0.iter();
            done.ids.extend(words.map(|word| u32::from_ne_bytes(*word)));
            let offsets = outputs.offsets(0);
            let rows = piece.iter().flat_map(Clone::clone);
            for (row, ends) in rows.zip(offsets.windows(2)) {
                let range = before + ends[0] as usize / 4..before + ends[1] as usize / 4;
                let ids = done.ids.get(range.clone());
                let is_whole = ids.is_some_and(|ids| !ids.contains(&NO_ID));
                done.of[row] = Some(range).filter(|_| is_whole);
            }
        }
        Ok(done)
    }
}
