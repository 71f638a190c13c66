//! Shards in memory: maps that are read, and maps that are handed out.
#![expect(unsafe_code, reason = "memory that is a file")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr;
use std::slice;
use std::sync::{Mutex, PoisonError};

use memmap2::{Advice, MmapOptions, MmapRaw};

use super::fill::Mapped;
use super::guard::Watch;

/// Bytes that the processor fetches at a time.
const LINE_BYTES: usize = 64;

/// A file mapped for reading, watched for pages that are gone.
///
/// A page that is gone reads as zeros. Whoever uses what it read asks
/// [`Map::is_whole`] afterwards.
#[derive(Debug)]
pub(super) struct Map {
    /// Goes before the map does.
    watch: Watch,
    raw: MmapRaw,
}

impl Map {
    /// Maps the `len` bytes of `file`; `None` if too many maps are watched.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(file: &File, len: usize) -> io::Result<Option<Self>> {
        let raw = MmapOptions::new().len(len).map_raw_read_only(file)?;
        let watch = Watch::new(raw.as_ptr().addr(), raw.len());
        Ok(watch.map(|watch| Self { watch, raw }))
    }

    /// Copies the bytes at `at` to `dst`; `None` if there are not as many.
    #[inline]
    pub(super) fn copy(&self, at: usize, dst: &mut [u8]) -> Option<()> {
        let src = self.at(at, dst.len())?;
        // SAFETY: `src` has as many bytes as `dst`, which nobody else has and
        // which is not part of a map for reading.
        unsafe { ptr::copy_nonoverlapping(src, dst.as_mut_ptr(), dst.len()) };
        Some(())
    }

    /// The bytes `range`.
    ///
    /// They belong to a file. Who changes the files of a dataset, which are
    /// written once and never again, changes what is read; so nothing may
    /// rest on reading the same twice.
    pub(super) fn bytes(&self, range: Range<usize>) -> Option<&[u8]> {
        let len = range.end.checked_sub(range.start)?;
        let start = self.at(range.start, len)?;
        // SAFETY: so many bytes are mapped from there as long as `self` is,
        // those of missing pages as zeros.
        Some(unsafe { slice::from_raw_parts(start, len) })
    }

    /// Has the first bytes of `len` at `at` on their way into the caches.
    #[inline]
    pub(super) fn fetch(&self, at: usize, len: usize) {
        let Some(start) = self.at(at, len) else {
            return;
        };
        for line in (0..len).step_by(LINE_BYTES) {
            fetch(start.wrapping_add(line));
        }
    }

    /// Whether no page was missing of all that has been read until now.
    pub(super) fn is_whole(&self) -> bool {
        !self.watch.is_poisoned()
    }

    #[inline]
    fn at(&self, at: usize, len: usize) -> Option<*const u8> {
        let end = at.checked_add(len)?;
        // SAFETY: the result is within the map, or one past its end.
        (end <= self.raw.len()).then(|| unsafe { self.raw.as_ptr().add(at) })
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn fetch(start: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which never faults; every processor of this kind has it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(start.cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn fetch(_start: *const u8) {}

/// A private map of a whole shard, to be handed out in pieces.
///
/// Who holds a piece may write to it, and the file never knows; but the map
/// would hold what was written when the same rows come again. So no byte of a
/// map is handed out twice.
#[derive(Debug)]
pub(super) struct Private {
    raw: MmapRaw,
    /// What was handed out: ranges in order that do not touch.
    given: Mutex<Vec<Range<usize>>>,
}

impl Private {
    /// A private map of the `len` bytes of `file`.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: the bytes are only handed out as a pointer, to holders who
        // were told what becomes of them when the file is changed.
        let map = unsafe { MmapOptions::new().len(len).map_copy(file)? };
        Ok(Self {
            raw: map.into(),
            given: Mutex::new(Vec::new()),
        })
    }

    /// Whether `range`, which is not empty, was still to be had; it then is no
    /// more, and its pages are there.
    pub(super) fn take(&self, range: &Range<usize>) -> bool {
        if range.end > self.raw.len() || !self.mark(range) {
            return false;
        }
        // It is advice: where it is not taken, the first reads are slower.
        _ = self
            .raw
            .advise_range(Advice::PopulateRead, range.start, range.len());
        true
    }

    /// Notes that `range` is given, unless some of it is.
    fn mark(&self, range: &Range<usize>) -> bool {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let next = given.partition_point(|other| other.end <= range.start);
        if given.get(next).is_some_and(|o| o.start < range.end) {
            return false;
        }
        let right = given.get(next).is_some_and(|o| o.start == range.end);
        let left = next > 0 && given[next - 1].end == range.start;
        match (left, right) {
            (true, true) => given[next - 1].end = given.remove(next).end,
            (true, false) => given[next - 1].end = range.end,
            (false, true) => given[next].start = range.start,
            (false, false) => given.insert(next, range.clone()),
        }
        true
    }
}

impl Mapped for Private {
    fn as_ptr(&self) -> *mut u8 {
        self.raw.as_mut_ptr()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn bytes_are_copied_and_never_beyond_the_end() {
        let bytes: Vec<u8> = (0..10_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let map = Map::new(&file(&bytes), bytes.len()).unwrap().unwrap();
        let mut dst = [0; 100];
        for at in [0, 1, 4090, 9900] {
            map.copy(at, &mut dst).unwrap();
            assert_eq!(dst, bytes[at..at + 100]);
            assert_eq!(map.bytes(at..at + 100).unwrap(), &bytes[at..at + 100]);
        }
        for at in [9901, 10_000, usize::MAX, usize::MAX - 99] {
            assert!(map.copy(at, &mut dst).is_none());
            assert!(map.bytes(at..at.wrapping_add(100)).is_none());
            map.fetch(at.min(20_000), 1000);
        }
        assert!(map.is_whole());
    }

    #[test]
    fn no_byte_is_given_twice() {
        let bytes = [7; 1000];
        let private = Private::new(&file(&bytes), 1000).unwrap();
        let takes = [
            (100..200, true),
            (100..200, false),
            (150..160, false),
            (50..101, false),
            (199..300, false),
            (200..300, true),
            (400..500, true),
            (300..400, true),
            (0..100, true),
            (499..500, false),
            (600..1001, false),
            (600..1000, true),
            (500..600, true),
        ];
        for (range, free) in takes {
            assert_eq!(private.take(&range), free, "{range:?}");
        }
        let given = private.given.lock().unwrap();
        assert!(given.len() == 1 && given[0] == (0..1000), "{given:?}");
    }

    #[test]
    fn what_is_written_to_a_private_map_stays_there() {
        let file = file(&[7; 5000]);
        let [one, other] = [(); 2].map(|()| Private::new(&file, 5000).unwrap());
        assert!(one.take(&(10..20)) && other.take(&(10..20)));
        // SAFETY: byte 10 of the map is ours alone.
        unsafe { one.as_ptr().wrapping_add(10).write(9) };
        // SAFETY: so is that of the other map.
        assert_eq!(unsafe { other.as_ptr().wrapping_add(10).read() }, 7);
        let shared = Map::new(&file, 5000).unwrap().unwrap();
        assert_eq!(shared.bytes(9..12).unwrap(), [7, 7, 7]);
    }
}
