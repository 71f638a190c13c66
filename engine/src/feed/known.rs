//! What is known of a shard whether or not it is open: where its tensors lie,
//! and which of its blocks have been compared with their checksums.

use std::fs::Metadata;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};

use twox_hash::XxHash3_64;

use super::map::MappedFile;
use super::options::Verify;
use crate::error::{Error, Result};
use crate::format::{BLOCK_BYTES, ShardFile, ShardLayout, to_usize};

/// Which file it is, and whether anybody has written to it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    number: u64,
    pub(super) len: u64,
    changed: (i64, i64),
    /// When it or what is said of it was changed, which nobody can set back.
    /// Renaming a file changes it too, and then its blocks are compared again.
    touched: (i64, i64),
}

impl FileIdentity {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
            len: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
            touched: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Where a tensor lies in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct TensorSpan {
    start: usize,
    n_items: u64,
    item_bytes: usize,
}

impl TensorSpan {
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
    pub(super) identity: FileIdentity,
    /// In the order of the layout's tensors.
    spans: Box<[TensorSpan]>,
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
    pub(super) fn new(
        shard: &ShardFile,
        layout: &ShardLayout,
        identity: FileIdentity,
    ) -> Result<Self> {
        let header = &shard.header;
        let data_start = to_usize(header.data_start)?;
        let span = |spec: &crate::format::TensorSpec| {
            let tensor = header.tensors.get(&spec.name);
            let tensor = tensor.ok_or_else(|| Error::internal("expected a tensor"))?;
            Ok(TensorSpan {
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
    pub(super) fn span(&self, tensor: usize) -> TensorSpan {
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
        map: &MappedFile,
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
    fn check_block(&self, map: &MappedFile, index: usize) -> Result<(), BadBlock> {
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::super::map::PageSize;
    use super::*;

    /// A file of 4096 bytes, `blocks` and their checksums.
    fn file(blocks: &[&[u8]]) -> (File, MappedFile) {
        let mut bytes = vec![0; 4096];
        bytes.extend(blocks.concat());
        for block in blocks {
            bytes.extend(XxHash3_64::oneshot(block).to_le_bytes());
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let map = MappedFile::new(&file, bytes.len(), PageSize::Usual)
            .unwrap()
            .unwrap();
        (file, map)
    }

    fn known(file: &File, data_len: usize) -> Known {
        let n_blocks = data_len.div_ceil(BLOCK);
        Known {
            identity: FileIdentity::new(&file.metadata().unwrap()),
            spans: Box::new([]),
            data_start: 4096,
            table_start: 4096 + data_len,
            checked: (0..n_blocks.div_ceil(64))
                .map(|_| AtomicU64::new(0))
                .collect(),
            n_unchecked: AtomicU64::new(n_blocks as u64),
        }
    }

    #[test]
    fn blocks_are_checked_once_unless_each_time() {
        use std::os::unix::fs::FileExt;
        let (file, map) = file(&[&vec![1; BLOCK], &vec![2; BLOCK], &[3; 100]]);
        let known = known(&file, 2 * BLOCK + 100);
        let all = 4096..4096 + 2 * BLOCK + 100;
        let first = 4096..4096 + BLOCK;
        known.check(&map, first.clone(), Verify::First).unwrap();
        assert!(!known.is_done(Verify::First) && known.is_done(Verify::Off));
        known.check(&map, all.clone(), Verify::First).unwrap();
        assert!(known.is_done(Verify::First) && !known.is_done(Verify::Every));
        file.write_all_at(&[9], 4096 + 77).unwrap();
        known.check(&map, all.clone(), Verify::First).unwrap();
        let bad = known.check(&map, all.clone(), Verify::Every);
        assert_eq!(bad, Err(BadBlock { index: 0 }));
        known
            .check(&map, all.start + BLOCK..all.end, Verify::Every)
            .unwrap();
        known.check(&map, all, Verify::Off).unwrap();
    }

    #[test]
    fn only_blocks_that_are_touched_are_checked() {
        use std::os::unix::fs::FileExt;
        let (file, map) = file(&[&vec![1; BLOCK], &vec![2; BLOCK], &vec![3; BLOCK]]);
        let known = known(&file, 3 * BLOCK);
        file.write_all_at(&[9], (4096 + BLOCK) as u64).unwrap();
        let check = |range: Range<usize>| {
            let range = 4096 + range.start..4096 + range.end;
            known.check(&map, range, Verify::First).err()
        };
        let bad = Some(BadBlock { index: 1 });
        assert_eq!(check(0..BLOCK), None);
        assert_eq!(check(BLOCK..BLOCK), None);
        assert_eq!(check(BLOCK - 1..BLOCK + 1), bad);
        assert_eq!(check(2 * BLOCK - 1..2 * BLOCK), bad);
        assert_eq!(check(2 * BLOCK..3 * BLOCK), None);
        assert_eq!(check(0..3 * BLOCK), bad);
        assert_eq!(known.n_unchecked.load(Ordering::Relaxed), 1);
    }
}
