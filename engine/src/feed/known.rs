//! What is known of a shard whether or not it is open: where its tensors lie,
//! and which of its blocks have been compared with their checksums.

use std::fs::Metadata;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};

use twox_hash::XxHash3_64;

use super::map::Map;
use super::options::Verify;
use crate::error::{Error, Result};
use crate::format::{BLOCK_BYTES, Layout, ShardFile, to_usize};

/// Which file it is, and whether anybody has written to it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
    pub(super) len: u64,
    changed: (i64, i64),
}

impl Identity {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
            len: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Where a tensor lies in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: usize,
    n_items: u64,
    item_bytes: usize,
}

impl Span {
    /// Where the items `items` lie; `None` if there are none such.
    #[inline]
    pub(super) fn items(&self, items: Range<u64>) -> Option<Range<usize>> {
        if items.start > items.end || items.end > self.n_items {
            return None;
        }
        // Smaller than the file, whose length was checked.
        let at = |item: u64| Some(self.start + usize::try_from(item).ok()? * self.item_bytes);
        Some(at(items.start)?..at(items.end)?)
    }
}

/// A block that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadBlock {
    pub(super) index: usize,
}

/// A shard whose header and checksum table were once found right.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) identity: Identity,
    /// In the order of the layout's tensors.
    spans: Box<[Span]>,
    /// Where the blocks begin in the file.
    data_start: usize,
    /// Where they end and their checksums begin.
    table_start: usize,
    /// A bit for each block that was found right.
    checked: Box<[AtomicU64]>,
    /// Blocks that were not yet.
    n_unchecked: AtomicU64,
}

const BLOCK: usize = 64 * 1024;
const _: () = assert!(BLOCK as u64 == BLOCK_BYTES);

impl Known {
    /// What `shard`, just opened and checked, is.
    pub(super) fn new(shard: &ShardFile, layout: &Layout, identity: Identity) -> Result<Self> {
        let header = &shard.header;
        let data_start = to_usize(header.data_start)?;
        let span = |spec: &crate::format::TensorSpec| {
            let tensor = header.tensors.get(&spec.name);
            let tensor = tensor.ok_or_else(|| Error::internal("expected a tensor"))?;
            Ok(Span {
                start: data_start + to_usize(tensor.start)?,
                n_items: tensor.shape.first().copied().unwrap_or(0),
                item_bytes: to_usize(spec.item_bytes)?,
            })
        };
        let n_words = to_usize(header.n_blocks.div_ceil(64))?;
        Ok(Self {
            identity,
            spans: layout.tensors.iter().map(span).collect::<Result<_>>()?,
            data_start,
            table_start: data_start + to_usize(header.table_start)?,
            checked: (0..n_words).map(|_| AtomicU64::new(0)).collect(),
            n_unchecked: AtomicU64::new(header.n_blocks),
        })
    }

    /// Where a tensor of the layout lies.
    #[inline]
    pub(super) fn span(&self, tensor: usize) -> Span {
        self.spans[tensor]
    }

    /// Whether nothing is left to compare.
    #[inline]
    pub(super) fn is_done(&self, verify: Verify) -> bool {
        match verify {
            Verify::First => self.n_unchecked.load(Ordering::Acquire) == 0,
            Verify::Every => false,
            Verify::Off => true,
        }
    }

    /// Compares the blocks that have bytes of `range` (of the file) with their
    /// checksums, unless they were before and that is enough.
    #[inline]
    pub(super) fn check(
        &self,
        map: &Map,
        range: Range<usize>,
        verify: Verify,
    ) -> Result<(), BadBlock> {
        if range.is_empty() || verify == Verify::Off {
            return Ok(());
        }
        let first = (range.start - self.data_start) / BLOCK;
        let last = (range.end - 1 - self.data_start) / BLOCK;
        for index in first..=last {
            if verify == Verify::Every || !self.is_checked(index) {
                self.check_block(map, index)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn is_checked(&self, index: usize) -> bool {
        let word = self.checked.get(index / 64);
        word.is_some_and(|word| word.load(Ordering::Acquire) & (1 << (index % 64)) != 0)
    }

    /// Compares one block.
    #[cold]
    fn check_block(&self, map: &Map, index: usize) -> Result<(), BadBlock> {
        let start = self.data_start + index * BLOCK;
        let end = (start + BLOCK).min(self.table_start);
        let mut expected = [0; 8];
        let found = map.bytes(start..end).map(XxHash3_64::oneshot);
        let table = map.copy(self.table_start + index * 8, &mut expected);
        if table.is_none() || found != Some(u64::from_le_bytes(expected)) {
            return Err(BadBlock { index });
        }
        if let Some(word) = self.checked.get(index / 64) {
            let bit = 1 << (index % 64);
            if word.fetch_or(bit, Ordering::AcqRel) & bit == 0 {
                self.n_unchecked.fetch_sub(1, Ordering::AcqRel);
            }
        }
        Ok(())
    }
}
