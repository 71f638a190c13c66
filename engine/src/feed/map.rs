//! Shards in memory: maps that are read, and maps that are handed out.
#![expect(unsafe_code, reason = "memory that is a file")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::ptr;
use std::slice;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::{MmapOptions, MmapRaw};

use super::fill::Mapped;
use super::guard::Watch;
use super::process::Process;

/// Bytes that the processor fetches at a time.
const LINE_BYTES: usize = 64;

/// By which pages a file is read into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageSize {
    /// By those around what is asked for.
    Usual,
    /// By large ones, where the file system has them: rows anywhere in them are
    /// there after one fault, and are found by one entry of the processor's
    /// table of addresses. Each brings 2 MiB from the disk, so this is for
    /// files that stay in memory.
    Large,
}

#[cfg(target_os = "linux")]
fn prefer_large_pages(raw: &MmapRaw) {
    // Where this is refused, pages are as usual.
    let _ = raw.advise(Advice::HugePage);
}

#[cfg(not(target_os = "linux"))]
fn prefer_large_pages(_raw: &MmapRaw) {}

/// A file mapped for reading, watched for pages that are gone.
///
/// A page that is gone reads as zeros. Whoever uses what it read asks
/// [`MappedFile::is_whole`] afterwards.
#[derive(Debug)]
pub(super) struct MappedFile {
    /// Goes before the map does.
    watch: Watch,
    raw: MmapRaw,
}

impl MappedFile {
    /// Maps the `len` bytes of `file`; `None` if too many maps are watched.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(file: &File, len: usize, pages: PageSize) -> io::Result<Option<Self>> {
        let raw = MmapOptions::new().len(len).map_raw_read_only(file)?;
        if pages == PageSize::Large {
            prefer_large_pages(&raw);
        }
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

/// A private map of a whole shard, handed out in pieces.
///
/// Who holds a piece may write to it, and the file never knows; but the map
/// would hold what was written when the same rows come again. So no byte is
/// handed out while somebody holds it, nor where a page has been written to.
#[derive(Debug)]
pub(super) struct Private {
    raw: MmapRaw,
    /// What is held: ranges in order.
    held: Mutex<Vec<Range<usize>>>,
    pages: Option<Arc<Pages>>,
    /// The process that made it.
    process: Process,
}

/// A piece of a private map: its holder's alone until it is dropped.
#[derive(Debug)]
pub(super) struct PrivatePages {
    map: Arc<Private>,
    range: Range<usize>,
}

impl PrivatePages {
    /// Where in the map it lies.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }
}

impl Mapped for PrivatePages {
    fn as_ptr(&self) -> *mut u8 {
        self.map.raw.as_mut_ptr()
    }
}

impl Drop for PrivatePages {
    fn drop(&mut self) {
        self.map.give_back(&self.range);
    }
}

impl Private {
    /// A private map of the `len` bytes of `file`.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(file: &File, len: usize) -> io::Result<Arc<Self>> {
        // SAFETY: the bytes are only handed out as a pointer, to holders who
        // were told what becomes of them when the file is changed.
        let map = unsafe { MmapOptions::new().len(len).map_copy(file)? };
        Ok(Arc::new(Self {
            raw: map.into(),
            held: Mutex::new(Vec::new()),
            pages: Pages::of_process(),
            process: Process::this(),
        }))
    }

    /// The piece `range`, which is not empty; `None` if there is none such, if
    /// some of it is held, or if somebody may have written to it.
    pub(super) fn take(self: &Arc<Self>, range: &Range<usize>) -> Option<PrivatePages> {
        if range.end > self.raw.len() || !self.process.is_this() {
            return None;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let next = held.partition_point(|other| other.end <= range.start);
        if held.get(next).is_some_and(|o| o.start < range.end) {
            return None;
        }
        if let Some(pages) = &self.pages
            && !pages.are_of_file(self.raw.as_ptr().addr(), range)
        {
            return None;
        }
        held.insert(next, range.clone());
        Some(PrivatePages {
            map: self.clone(),
            range: range.clone(),
        })
    }

    /// Takes a piece back; for ever, where nobody can tell whether it has been
    /// written to.
    fn give_back(&self, range: &Range<usize>) {
        // In a child of the process the lock may be held for ever by a thread
        // that the child does not have.
        if self.pages.is_none() || !self.process.is_this() {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = held.iter().position(|other| other == range) {
            held.remove(at);
        }
    }
}

/// What the system tells about the pages of this process.
#[derive(Debug)]
struct Pages {
    map: File,
    page_bytes: usize,
}

impl Pages {
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;

    /// Entries that are read at a time.
    const ENTRIES: usize = 512;

    /// Those of this process, whose one file serves all maps; `None` where the
    /// system does not tell.
    fn of_process() -> Option<Arc<Self>> {
        static FOUND: OnceLock<(Process, Arc<Pages>)> = OnceLock::new();
        if let Some((process, pages)) = FOUND.get() {
            return if process.is_this() {
                Some(pages.clone())
            } else {
                Self::open().map(Arc::new)
            };
        }
        let pages = Arc::new(Self::open()?);
        let (_, pages) = FOUND.get_or_init(|| (Process::this(), pages));
        Some(pages.clone())
    }

    fn open() -> Option<Self> {
        // SAFETY: asks for a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        Some(Self {
            map: File::open("/proc/self/pagemap").ok()?,
            page_bytes: usize::try_from(page).ok().filter(|page| *page > 0)?,
        })
    }

    /// Whether no page of `range`, of the private map that starts at `start`,
    /// has become one of its own by being written to.
    fn are_of_file(&self, start: usize, range: &Range<usize>) -> bool {
        let [first, end] =
            [range.start, range.end + self.page_bytes - 1].map(|at| (start + at) / self.page_bytes);
        let mut entries = [0; Self::ENTRIES * size_of::<u64>()];
        (first..end).step_by(Self::ENTRIES).all(|page| {
            let n_bytes = (end - page).min(Self::ENTRIES) * size_of::<u64>();
            let at = (page * size_of::<u64>()) as u64;
            let read = self.map.read_exact_at(&mut entries[..n_bytes], at);
            let entries = entries[..n_bytes].chunks_exact(size_of::<u64>());
            read.is_ok() && entries.map(Self::entry).all(Self::is_of_file)
        })
    }

    fn entry(bytes: &[u8]) -> u64 {
        bytes.try_into().map_or(Self::PRESENT, u64::from_ne_bytes)
    }

    fn is_of_file(entry: u64) -> bool {
        entry & (Self::PRESENT | Self::SWAPPED) == 0 || entry & Self::OF_FILE != 0
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
        let map = MappedFile::new(&file(&bytes), bytes.len(), PageSize::Large)
            .unwrap()
            .unwrap();
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
    fn no_byte_is_held_twice() {
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
        let mut pieces = Vec::new();
        for (range, free) in takes {
            let piece = private.take(&range);
            assert_eq!(piece.is_some(), free, "{range:?}");
            pieces.extend(piece);
        }
        // What has come back is handed out again, if the system tells of pages.
        let told = private.pages.is_some();
        pieces.remove(3);
        assert_eq!(private.take(&(310..320)).is_some(), told);
        assert!(private.take(&(399..401)).is_none());
        drop(pieces);
        assert_eq!(private.take(&(0..1000)).is_some(), told);
    }

    #[test]
    fn what_was_written_to_is_never_handed_out_again() {
        let bytes = vec![7; 40_960];
        let private = Private::new(&file(&bytes), bytes.len()).unwrap();
        let piece = private.take(&(5000..30_000)).unwrap();
        for at in [5000, 12_000, 29_999] {
            // SAFETY: a byte of the piece, which is held.
            assert_eq!(unsafe { piece.as_ptr().wrapping_add(at).read() }, 7);
        }
        drop(piece);
        let told = private.pages.is_some();
        let piece = private.take(&(9000..20_000));
        assert_eq!(piece.is_some(), told);
        let Some(piece) = piece else { return };
        // SAFETY: a byte of the piece, which is held.
        unsafe { piece.as_ptr().wrapping_add(12_000).write(9) };
        drop(piece);
        assert!(private.take(&(9000..20_000)).is_none());
        assert!(private.take(&(8192..8193)).is_none());
        assert!(private.take(&(12_287..12_288)).is_none());
        assert!(private.take(&(12_288..30_000)).is_some());
        assert!(private.take(&(0..8192)).is_some());
    }

    #[test]
    fn what_is_written_to_a_private_map_stays_there() {
        let file = file(&[7; 5000]);
        let [one, other] = [(); 2].map(|()| Private::new(&file, 5000).unwrap());
        let [one, other] = [one, other].map(|map| map.take(&(10..20)).unwrap());
        // SAFETY: byte 10 of the map is ours alone.
        unsafe { one.as_ptr().wrapping_add(10).write(9) };
        // SAFETY: so is that of the other map.
        assert_eq!(unsafe { other.as_ptr().wrapping_add(10).read() }, 7);
        let shared = MappedFile::new(&file, 5000, PageSize::Usual)
            .unwrap()
            .unwrap();
        assert_eq!(shared.bytes(9..12).unwrap(), [7, 7, 7]);
    }
}
