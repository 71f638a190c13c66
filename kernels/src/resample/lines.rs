//! Lines of an image, or of one of its planes.

/// `n` lines of `len` bytes each, so far apart in `src`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImageLines<'a> {
    src: &'a [u8],
    pitch: usize,
    len: usize,
    n: usize,
}

impl<'a> ImageLines<'a> {
    /// The first begins with `src`, and the last ends within it.
    pub(super) fn new(src: &'a [u8], pitch: usize, [n, len]: [usize; 2]) -> Self {
        Self { src, pitch, len, n }
    }

    /// Bytes of each.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many.
    pub(super) fn n(&self) -> usize {
        self.n
    }

    /// One of them.
    #[inline]
    pub(super) fn line(&self, index: usize) -> &'a [u8] {
        &self.src[index * self.pitch..][..self.len]
    }

    /// One line alone.
    pub(super) fn only(&self, index: usize) -> Self {
        Self {
            src: self.line(index),
            n: 1,
            ..*self
        }
    }
}
