//! What lies outside the window of an image.

use std::ops::Range;

/// What a sample outside the window is; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// These, one for each channel written; those beyond do not count.
    Constant([u8; 4]),
    /// The nearest.
    Edge,
    /// Mirrored at the outermost sample, which is not repeated.
    Reflect,
    /// Mirrored, the outermost sample repeated.
    Symmetric,
    /// That of the other end.
    Wrap,
}

impl Border {
    /// The number by which shaders and CUDA kernels know it.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Constant(_) => 0,
            Self::Edge => 1,
            Self::Reflect => 2,
            Self::Symmetric => 3,
            Self::Wrap => 4,
        }
    }

    /// Where within the `len` coordinates from `start` on the one `at` is
    /// brought back to; `None` if it is constant. `len` is 0 for constant
    /// borders only.
    pub(super) fn place(self, at: isize, start: isize, len: isize) -> Option<isize> {
        let inside = at - start;
        if (0..len).contains(&inside) {
            return Some(at);
        }
        let place = match self {
            Self::Constant(_) => return None,
            Self::Edge => inside.clamp(0, len - 1),
            Self::Reflect if len == 1 => 0,
            Self::Reflect => {
                let period = 2 * (len - 1);
                let phase = inside.rem_euclid(period);
                phase.min(period - phase)
            }
            Self::Symmetric => {
                let period = 2 * len;
                let phase = inside.rem_euclid(period);
                phase.min(period - 1 - phase)
            }
            Self::Wrap => inside.rem_euclid(len),
        };
        Some(start + place)
    }

    /// The window that means the same as `view` of `window` with this around
    /// both, if there is one.
    pub(super) fn shrink(self, window: &Range<i64>, view: &Range<i64>) -> Option<Range<i64>> {
        let is_inside = window.start <= view.start && view.end <= window.end;
        if is_inside && !view.is_empty() {
            return Some(view.clone());
        }
        match self {
            Self::Constant(_) => {
                let (start, end) = (window.start.max(view.start), window.end.min(view.end));
                // What shows nothing of the window is all constant, as if nothing
                // counted.
                let nothing = window.start..window.start;
                Some(if start < end { start..end } else { nothing })
            }
            Self::Edge if !window.is_empty() && !view.is_empty() => {
                // Clamping to the view and then to the window is clamping to where
                // the ends of the view come to lie.
                let place = |at: i64| at.clamp(window.start, window.end - 1);
                Some(place(view.start)..place(view.end - 1) + 1)
            }
            _ => None,
        }
    }
}
