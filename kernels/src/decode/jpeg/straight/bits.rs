//! The coded data of a scan, and their bits.

/// How many bits are there after [`Bits::fill`], at least.
const FILLED: u32 = 56;

/// The coded data of a scan up to the end of the picture, without the zeros that are
/// stuffed behind each 0xff, in the parts between restarts.
#[derive(Debug, Default)]
pub(super) struct CodedData {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl CodedData {
    /// Reads them from the first byte on; `None` where anything but restarts in order
    /// comes before the end of the picture.
    pub(super) fn read(&mut self, mut coded: &[u8]) -> Option<()> {
        self.bytes.clear();
        self.ends.clear();
        loop {
            let at = memchr::memchr(0xff, coded)?;
            let (data, marker) = coded.split_at(at);
            let (marker, rest) = marker.split_first_chunk::<2>()?;
            self.bytes.extend_from_slice(data);
            match marker[1] {
                0 => self.bytes.push(0xff),
                0xd9 => break,
                code => {
                    if usize::from(code) != 0xd0 + self.ends.len() % 8 {
                        return None;
                    }
                    self.ends.push(self.bytes.len());
                }
            }
            coded = rest;
        }
        self.ends.push(self.bytes.len());
        Some(())
    }

    /// The bits of each part.
    pub(super) fn parts(&self) -> impl Iterator<Item = Bits<'_>> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let parts = begins.zip(&self.ends);
        parts.map(|(begin, end)| Bits::new(&self.bytes[begin..*end]))
    }
}

/// Reads bits, the highest of each byte first. Where there are no more, zeros are
/// made up; [`Bits::is_short`] says whether one was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    /// What is not taken yet.
    rest: &'a [u8],
    /// The next bits, the first one on top. Behind `n` of them stand zeros, or
    /// what follows.
    buffer: u64,
    n: u32,
    /// How many at the end of `n` are made up.
    n_made_up: u32,
}

impl<'a> Bits<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            buffer: 0,
            n: 0,
            n_made_up: 0,
        }
    }

    /// Reads on, so that [`FILLED`] bits are there.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        if let Some(next) = self.rest.first_chunk::<8>() {
            self.buffer |= u64::from_be_bytes(*next) >> self.n;
            self.rest = &self.rest[((63 - self.n) >> 3) as usize & 7..];
            self.n |= FILLED;
        } else {
            // By value, so that otherwise all stays in registers.
            *self = self.filled_at_end();
        }
    }

    #[cold]
    #[inline(never)]
    fn filled_at_end(mut self) -> Self {
        while self.n < FILLED {
            if let Some((byte, rest)) = self.rest.split_first() {
                self.rest = rest;
                self.buffer |= u64::from(*byte) << (56 - self.n);
            } else {
                self.n_made_up += 8;
            }
            self.n += 8;
        }
        self
    }

    /// The next bits, the first one on top.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Goes on by `n` bits of those that are there.
    #[inline(always)]
    pub(super) fn skip(&mut self, n: u32) {
        self.buffer <<= n & 63;
        self.n = self.n.wrapping_sub(n);
    }

    /// Whether bits were taken that there are not.
    pub(super) fn is_short(&self) -> bool {
        self.n_made_up > self.n
    }

    /// Whether all is taken, but for bits that fill up the last byte.
    pub(super) fn is_at_end(&self) -> bool {
        !self.is_short() && self.n - self.n_made_up < 8 && self.rest.is_empty()
    }
}
