//! The vertical axis with vectors: bytes of a line lie side by side as they are.

use super::pairs::Pairs;
use super::sums::Sums;
use super::x86::{VectorWork, Vectors, run};
use crate::level::Dispatch;
use crate::resample::lines::ImageLines;

/// Resizes each column of bytes; false without doing it where lines are shorter than
/// any vector.
pub(in crate::resample) fn down(
    kind: Dispatch,
    pairs: &Pairs,
    lines: ImageLines<'_>,
    dst: &mut [u8],
) -> bool {
    run(kind, lines.len(), Down { pairs, lines, dst })
}

struct Down<'a> {
    pairs: &'a Pairs,
    lines: ImageLines<'a>,
    dst: &'a mut [u8],
}

impl VectorWork for Down<'_> {
    fn run(self, vectors: impl Vectors) {
        vectors.vectorize(
            #[inline(always)]
            || self.each_line(vectors),
        );
    }
}

impl Down<'_> {
    #[expect(clippy::inline_always, reason = "it is compiled anew for each level")]
    #[inline(always)]
    fn each_line<V: Vectors>(self, vectors: V) {
        let len = self.lines.len();
        let positions = self.pairs.positions().iter();
        for (position, dst) in positions.zip(self.dst.chunks_exact_mut(len)) {
            let pairs = self.pairs.of(*position);
            let (start, n) = (position.start as usize, position.len as usize);
            let mut at = 0;
            while at < len {
                // The last overlaps with the one before it.
                let first = at.min(len - V::LEN);
                let bytes = Sums::of(
                    (vectors, pairs, n),
                    #[inline(always)]
                    |index| vectors.read(&self.lines.line(start + index)[first..]),
                );
                vectors.write(bytes, &mut dst[first..]);
                at += V::LEN;
            }
        }
    }
}
