//! The ids of a column of text that a device has encoded, row by row.

use std::ops::Range;

use fuelrail_kernels::tokenize::{DevicePart, DeviceTokenizer, Special};

use super::text::TextRows;
use crate::device::offload::Offload;
use crate::device::text_lane::{StretchIds, TextOnLane};
use crate::error::Result;

/// What a device has encoded, and which rows are the host's.
#[derive(Debug, Default)]
pub(super) struct ReadyRows {
    done: StretchIds,
    parts: Vec<RowPart>,
    /// For each row its parts, if they could be found.
    rows: Vec<Option<Range<usize>>>,
}

#[derive(Debug, Clone, Copy)]
enum RowPart {
    /// A stretch, by its number.
    Stretch(usize),
    /// An added token.
    Token(u32),
}

/// Stretches one behind another.
#[derive(Debug)]
struct Stretches {
    bytes: Vec<u8>,
    offsets: Vec<u32>,
    parts: Vec<RowPart>,
}

impl ReadyRows {
    /// What `lane` makes of a column; the host encodes all where the device fails.
    ///
    /// # Errors
    /// `Device` where the device failed and that ends the run.
    pub(super) fn of(
        (text, special): (&TextRows<'_>, Special),
        n_rows: usize,
        (offload, lane): (&Offload, &TextOnLane),
    ) -> Result<Self> {
        let mut stretches = Stretches {
            bytes: Vec::new(),
            offsets: vec![0],
            parts: Vec::new(),
        };
        let rows = (0..n_rows).map(|row| {
            let text = text.get(row).ok().flatten()?;
            stretches.add(lane.tokenizer(), text, special)
        });
        let mut ready = Self {
            rows: rows.collect(),
            ..Self::default()
        };
        match offload.run_text(lane, &stretches.bytes, &stretches.offsets)? {
            Some(done) => ready.done = done,
            None => ready.rows.fill(None),
        }
        ready.parts = stretches.parts;
        ready.count((text, lane));
        Ok(ready)
    }

    /// Appends the ids of a row, unless the host has to encode it.
    pub(super) fn append(&self, row: usize, ids: &mut Vec<u32>) -> bool {
        let Some(parts) = self.rows.get(row).and_then(Option::as_ref) else {
            return false;
        };
        if !self.is_ready(row) {
            return false;
        }
        for part in &self.parts[parts.clone()] {
            match part {
                RowPart::Token(id) => ids.push(*id),
                RowPart::Stretch(stretch) => {
                    let range = self.done.of[*stretch].clone().unwrap_or_default();
                    ids.extend_from_slice(&self.done.ids[range]);
                }
            }
        }
        true
    }

    fn is_ready(&self, row: usize) -> bool {
        let parts = self.rows[row].as_ref();
        parts.is_some_and(|parts| {
            self.parts[parts.clone()].iter().all(|part| match part {
                RowPart::Token(_) => true,
                RowPart::Stretch(stretch) => matches!(self.done.of.get(*stretch), Some(Some(_))),
            })
        })
    }

    fn count(&self, (text, lane): (&TextRows<'_>, &TextOnLane)) {
        let (mut all, mut on_host) = (0, 0);
        for row in 0..self.rows.len() {
            let len = text.get(row).ok().flatten().map_or(0, str::len);
            all += len;
            on_host += if self.is_ready(row) { 0 } else { len };
        }
        lane.count(all, on_host);
    }
}

impl Stretches {
    /// Adds those of a text; its parts, unless it is refused or too much for a
    /// batch.
    fn add(
        &mut self,
        tokenizer: &DeviceTokenizer,
        text: &str,
        special: Special,
    ) -> Option<Range<usize>> {
        let before = (self.bytes.len(), self.offsets.len(), self.parts.len());
        let mut fits = true;
        let done = tokenizer.parts(text, special, |part| match part {
            DevicePart::Token(id) => self.parts.push(RowPart::Token(id)),
            DevicePart::Text(text) => {
                self.parts.push(RowPart::Stretch(self.offsets.len() - 1));
                self.bytes.extend_from_slice(text.as_bytes());
                let end = u32::try_from(self.bytes.len());
                fits &= end.is_ok();
                self.offsets.push(end.unwrap_or(u32::MAX));
            }
        });
        if done.is_err() || !fits {
            self.bytes.truncate(before.0);
            self.offsets.truncate(before.1);
            self.parts.truncate(before.2);
            return None;
        }
        Some(before.2..self.parts.len())
    }
}
